// helpers.c: what several fuzz targets do: judging failures, and taking a model all the way to its outputs within tight limits.
// May assume: linked into one target. Never hides a defect.
#include "target.h"

#include "io/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 16 };

void fuzz_defect(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

void fuzz_expect_clean(onnxrun_status s, const onnxrun_error *err) {
    if (s == ONNXRUN_OK) return;
    if (s != err->status) fuzz_defect("status %d is returned, %d stands in the error", (int)s, (int)err->status);
    if (s == ONNXRUN_INTERNAL || !*err->text) fuzz_defect("status %d: '%s'", (int)s, err->text);
}

bool fuzz_drop_text(void *user, const char *text, size_t bytes) {
    (void)user;
    return !memchr(text, 0, bytes) || (fuzz_defect("a zero byte in a text"), false);
}

onnxrun_limits fuzz_limits(void) {
    onnxrun_limits l = onnxrun_limits_untrusted();
    l.max_nodes = 500;
    l.max_elements = 1 << 16;
    l.max_sparse_bytes = l.max_fold_bytes = 1 << 20;
    l.max_memory = 32 << 20;
    l.max_seconds = 1;
    return l;
}

onnxrun_model *fuzz_load(const uint8_t *data, size_t bytes) {
    onnxrun_limits limits = fuzz_limits();
    onnxrun_load_options o = onnxrun_load_options_default();
    onnxrun_error err;
    onnxrun_model *m = NULL;
    o.limits = &limits;
    onnxrun_status s = onnxrun_model_load_memory(data, bytes, &o, &m, &err);
    fuzz_expect_clean(s, &err);
    return m;
}

onnxrun_session *fuzz_session(const onnxrun_model *m, int level, const char *stop_after, const char *cpu) {
    onnxrun_session_options o = onnxrun_session_options_default();
    onnxrun_error err;
    onnxrun_session *s = NULL;
    o.n_threads = 1;
    o.opt_level = level;
    o.stop_after = stop_after;
    o.cpu = cpu;
    fuzz_expect_clean(onnxrun_session_new(m, &o, &s, &err), &err);
    return s;
}

// A random tensor of an input's type, unknown dimensions by `size`; NULL for what is no tensor of numbers.
static onnxrun_value *make_input(const onnxrun_model *m, size_t i, int64_t size) {
    onnxrun_type t;
    onnxrun_error err;
    onnxrun_value *v = NULL;
    onnxrun_model_input_type(m, i, &t);
    if (t.kind != ONNXRUN_TENSOR || t.rank > 8) return NULL;
    int64_t n = 1, dims[16] = {0};
    int rank = t.rank < 0 ? 1 : t.rank;
    for (int d = 0; d < rank; d++) {
        dims[d] = t.rank < 0 || t.dims[d] < 0 ? size : t.dims[d];
        if (dims[d] > 1 << 16 || (n *= dims[d]) > 1 << 16) return NULL;
    }
    onnxrun_status s = onr_random_value(t.dtype, rank, dims, 7 + i, &v, &err);
    return s == ONNXRUN_OK ? v : NULL;
}

static bool run(const onnxrun_model *m, int level, const char *cpu, int64_t size, onnxrun_value **out, size_t n_out) {
    onnxrun_value *in[MAX_VALUES] = {NULL};
    onnxrun_error err;
    size_t n_in = onnxrun_model_n_inputs(m);
    onnxrun_session *s = fuzz_session(m, level, NULL, cpu);
    if (!s) return false;
    for (size_t i = 0; i < n_in; i++) in[i] = make_input(m, i, size);
    onnxrun_status status = onnxrun_run(s, (const onnxrun_value *const *)in, n_in, out, n_out, &err);
    fuzz_expect_clean(status, &err);
    for (size_t i = 0; i < n_in; i++) onnxrun_value_free(in[i]);
    onnxrun_session_free(s);
    return status == ONNXRUN_OK;
}

// Reads every byte, so that a sanitizer sees memory that was not written or is too short.
static void look_at(const onnxrun_value *v) {
    if (onnxrun_value_kind(v) != ONNXRUN_TENSOR) {
        for (size_t i = 0; i < onnxrun_value_count(v); i++) {
            onnxrun_value *item = onnxrun_value_item(v, i);
            if (item) look_at(item);
            onnxrun_value_free(item);
        }
        return;
    }
    size_t sum = 0;
    int64_t n = onnxrun_value_numel(v);
    const uint8_t *p = onnxrun_value_data(v);
    size_t bits = (size_t)onnxrun_dtype_bits(onnxrun_value_dtype(v)), bytes = (size_t)n * (bits < 8 ? 1 : bits / 8);
    for (size_t i = 0; p && i < bytes; i++) sum += p[i];
    for (int64_t i = 0; !p && i < n; i++) {
        size_t length;
        const char *s = onnxrun_value_string(v, i, &length);
        for (size_t k = 0; k < length; k++) sum += (uint8_t)s[k];
    }
    __asm__ volatile("" : : "r"(sum)); // so that the reads are not left out
}

// Two levels may differ in a float's last bits, but not in what they yield.
static void compare(const onnxrun_value *a, const onnxrun_value *b, size_t i) {
    bool same = onnxrun_value_kind(a) == onnxrun_value_kind(b) && onnxrun_value_dtype(a) == onnxrun_value_dtype(b) &&
                onnxrun_value_rank(a) == onnxrun_value_rank(b);
    for (int d = 0; same && d < onnxrun_value_rank(a); d++) same = onnxrun_value_dims(a)[d] == onnxrun_value_dims(b)[d];
    if (!same) fuzz_defect("output %zu has another type or shape at -O2 than at -O0", i);
}

void fuzz_run_model(const uint8_t *data, size_t bytes) {
    static const char *const cpus[] = {"native", "scalar", "avx2", "native"};
    onnxrun_model *m = fuzz_load(data, bytes);
    if (!m) return;
    size_t n_out = onnxrun_model_n_outputs(m);
    int64_t size = 1 + (int64_t)(bytes % 3);
    if (onnxrun_model_n_inputs(m) <= MAX_VALUES && n_out <= MAX_VALUES) {
        onnxrun_value *fast[MAX_VALUES] = {NULL}, *plain[MAX_VALUES] = {NULL};
        bool both = run(m, 2, cpus[bytes % 4], size, fast, n_out);
        both = run(m, 0, NULL, size, plain, n_out) && both;
        for (size_t i = 0; i < n_out; i++) {
            if (fast[i]) look_at(fast[i]);
            if (plain[i]) look_at(plain[i]);
            if (both) compare(fast[i], plain[i], i);
            onnxrun_value_free(fast[i]);
            onnxrun_value_free(plain[i]);
        }
    }
    onnxrun_model_free(m);
}
