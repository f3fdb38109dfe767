// refuse.c: the limit of memory, explained: what is alive at the peak, what the weights take, and what would take less.
// May assume: a loaded model and its inputs. Never packs a weight, never runs.
#include "cli/refuse.h"

#include "cli/limits.h"
#include "cli/open.h"
#include "cli/term.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

/// Another way to run the same.
typedef struct change {
    bool one_batch, one_thread, prefer_memory;
} change;

static size_t bytes_of(const onnxrun_session *s) {
    onnxrun_stats stats = {.size = sizeof stats};
    onnxrun_session_stats(s, &stats);
    return stats.arena_bytes + stats.packed_bytes;
}

onnxrun_status onr_refuse_plan(const onr_args *args, const onnxrun_session *s, onnxrun_error *err) {
    size_t limit = onr_limits_memory(args), bytes = bytes_of(s);
    if (!limit || bytes <= limit) return ONNXRUN_OK;
    onnxrun_stats stats = {.size = sizeof stats};
    onnxrun_session_stats(s, &stats);
    return onr_io_fail(err, ONNXRUN_LIMIT,
                       "%s: needs %zu bytes (activations %zu; packed weights %zu), more than the limit of %zu", args->pos[0],
                       bytes, stats.arena_bytes, stats.packed_bytes, limit);
}

// A first dimension that the model leaves free.
static bool has_batch(const onnxrun_model *m, size_t i, const onnxrun_value *v) {
    onnxrun_type t;
    onnxrun_model_input_type(m, i, &t);
    return v && t.kind == ONNXRUN_TENSOR && t.rank > 0 && t.dims[0] < 0 && onnxrun_value_kind(v) == ONNXRUN_TENSOR &&
           onnxrun_value_dtype(v) != ONNXRUN_STRING && onnxrun_value_dims(v)[0] > 1;
}

// The inputs cut to their first row; false when there is no batch to cut.
static bool cut(const onnxrun_model *m, const onr_inputs *in, onnxrun_value **out) {
    bool any = false;
    for (size_t i = 0; i < in->n; i++) {
        const onnxrun_value *v = in->value[i];
        int64_t dims[16];
        if (!has_batch(m, i, v)) continue;
        memcpy(dims, onnxrun_value_dims(v), (size_t)onnxrun_value_rank(v) * sizeof *dims);
        dims[0] = 1;
        // The contents are only looked at where shapes depend on them.
        out[i] = onnxrun_value_borrow(onnxrun_value_dtype(v), onnxrun_value_rank(v), dims,
                                      (void *)(uintptr_t)onnxrun_value_data(v));
        any = true;
    }
    return any;
}

// A session that only plans, for these inputs.
static onnxrun_status plan(const onr_args *args, const onnxrun_model *m, const onr_inputs *in, onnxrun_value *const *instead,
                           const change *c, onnxrun_session **s, onnxrun_error *err) {
    onnxrun_session_options o;
    const onnxrun_value **values = onr_io_alloc(in->n, sizeof *values);
    onnxrun_status st = values ? onr_open_options(args, &o, err) : onr_io_no_memory(err, in->n * sizeof *values);
    for (size_t i = 0; values && i < in->n; i++) values[i] = instead && instead[i] ? instead[i] : in->value[i];
    if (st == ONNXRUN_OK) {
        o.plan_only = true;
        o.log = NULL;
        if (c->one_thread) o.n_threads = 1;
        if (c->prefer_memory) o.prefer_memory = true;
        st = onnxrun_session_new(m, &o, s, err);
    }
    if (st == ONNXRUN_OK) st = onnxrun_session_plan(*s, values, in->n, err);
    onr_io_free((void *)(uintptr_t)values);
    return st;
}

// What a change makes of it; 0: it cannot be told, or there is nothing to change.
static size_t bytes_after(const onr_args *args, const onnxrun_model *m, const onr_inputs *in, const change *c) {
    onnxrun_session *s = NULL;
    onnxrun_error err;
    onnxrun_value **row = onr_io_alloc(in->n, sizeof(onnxrun_value *));
    bool ready = row && (!c->one_batch || cut(m, in, row));
    size_t bytes = ready && plan(args, m, in, row, c, &s, &err) == ONNXRUN_OK ? bytes_of(s) : 0;
    for (size_t i = 0; row && i < in->n; i++) onnxrun_value_free(row[i]);
    onr_io_free(row);
    onnxrun_session_free(s);
    return bytes;
}

void onr_refuse_hint(const onr_args *args, const onnxrun_model *m, const onr_inputs *in, size_t bytes) {
    static const struct {
        const char *what;
        change c;
    } ways[] = {{"a batch of 1", {.one_batch = true}},
                {"--prefer memory", {.prefer_memory = true}},
                {"one thread (-t 1)", {.one_thread = true}},
                {"all of these", {.one_batch = true, .prefer_memory = true, .one_thread = true}}};
    onr_str text = {0};
    char a[32];
    int n = 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        size_t less = i < 3 || n > 1 ? bytes_after(args, m, in, &ways[i].c) : 0;
        if (!less || less >= bytes) continue;
        onr_str_printf(&text, "%s%s %s %s", n ? ", " : "", ways[i].what, i < 3 ? "takes" : "take", onr_str_bytes(a, less));
        n++;
    }
    if (text.s && !text.failed)
        onr_term_say("hint: %s; or a higher limit", text.s);
    else
        onr_term_say("hint: no other way takes less; the limit must be %s or more", onr_str_bytes(a, bytes));
    onr_str_free(&text);
}

static bool collect(void *user, const char *text, size_t bytes) {
    onr_str_addn(user, text, bytes);
    return true;
}

void onr_refuse_explain(const onr_args *args, const onnxrun_model *m, const onr_inputs *in, const onnxrun_error *err) {
    size_t limit = onr_limits_memory(args);
    onnxrun_session *s = NULL;
    onnxrun_error own;
    onr_str text = {0};
    const change none = {0};
    if (err->status != ONNXRUN_LIMIT || !limit || !m || !in->value) return;
    if (plan(args, m, in, NULL, &none, &s, &own) == ONNXRUN_OK && bytes_of(s) > limit &&
        onnxrun_dump(m, s, "memory", "text", collect, &text, &own) == ONNXRUN_OK && !text.failed) {
        char *rest = strstr(text.s, "\nshared memory\n"); // that takes nothing
        if (rest) *rest = '\0';
        size_t n = strlen(text.s);
        onr_term_say("%.*s", (int)(n && text.s[n - 1] == '\n' ? n - 1 : n), text.s);
        onr_refuse_hint(args, m, in, bytes_of(s));
    }
    onr_str_free(&text);
    onnxrun_session_free(s);
}
