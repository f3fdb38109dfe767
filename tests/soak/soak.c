// soak.c: soak N: N runs of several models in changing shapes; ends with 1 when memory grew or a result changed.
// May assume: Linux's /proc. Never judges memory under a sanitizer, which keeps what was freed.
#include "soak_models.h"

#include "support/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_OUT = 4, LONGEST = 3 * 3 * 32 * 32, FRESH_EVERY = 500, LOOKS = 40 };
// Between the fullest moment of the first half and of the second: a page here and there of malloc's arenas, no leak. One leaked
// byte per run would be 100 KB in the long test; what leaks at all here leaks a value's header, 100 bytes or more.
static const long MAY_GROW_KB = 512;

typedef struct result {
    uint64_t sum;
    bool known;
} result;

static soak_model models[SOAK_MODELS];
static onnxrun_session *sessions[SOAK_MODELS];
static result results[SOAK_MODELS][SOAK_SHAPES];
static float data[LONGEST];

static long resident_kb(void) {
    long pages = 0, skipped;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &skipped, &pages) != 2) pages = 0;
    if (f) fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void must(onnxrun_status st, const onnxrun_error *err) {
    if (st == ONNXRUN_OK) return;
    fprintf(stderr, "soak: %s\n", err->text);
    exit(2);
}

// FNV-1a over shapes and contents.
static uint64_t add(uint64_t h, const void *p, size_t n) {
    for (size_t i = 0; i < n; i++) h = (h ^ ((const uint8_t *)p)[i]) * 0x100000001b3u;
    return h;
}

// Every fourth session has a second thread.
static void open_session(int k) {
    static int n_sessions;
    onnxrun_error err;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.n_threads = n_sessions++ % 4 == 1 ? 2 : 1;
    onnxrun_session_free(sessions[k]);
    must(onnxrun_session_new(models[k].m, &o, &sessions[k], &err), &err);
}

// One run; false when its result is another than the first time.
static bool run(int k, int shape) {
    const soak_model *m = &models[k];
    onnxrun_error err;
    onnxrun_value *x = onnxrun_value_borrow(ONNXRUN_FLOAT, m->rank, m->dims[shape], data), *y[MAX_OUT] = {NULL};
    size_t n = onnxrun_model_n_outputs(m->m);
    uint64_t h = 0xcbf29ce484222325u;
    must(onnxrun_run(sessions[k], (const onnxrun_value *[]){x}, 1, y, n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        h = add(h, onnxrun_value_dims(y[i]), (size_t)onnxrun_value_rank(y[i]) * sizeof(int64_t));
        h = add(h, onnxrun_value_data(y[i]), onnxrun_value_bytes(y[i]));
        onnxrun_value_free(y[i]);
    }
    onnxrun_value_free(x);
    result *r = &results[k][shape];
    bool same = !r->known || r->sum == h;
    *r = (result){h, true};
    if (!same) fprintf(stderr, "soak: %s in shape %d gives another result\n", m->name, shape);
    return same;
}

int main(int argc, char **argv) {
    const long n = argc > 1 ? strtol(argv[1], NULL, 10) : 2000;
    long half[2] = {0, 0}, n_of[SOAK_MODELS] = {0}, n_changed = 0, first_kb = 0;
    rng r;
    rng_seed(&r, 1);
    rng_fill_f32(&r, data, LONGEST, -1, 1);
    soak_models_make(models);
    for (int k = 0; k < SOAK_MODELS; k++) open_session(k);
    const time_t start = time(NULL);
    for (long i = 0; i < n; i++) {
        int k = 0;
        while (rng_below(&r, (uint32_t)models[k].every)) k++; // the last one takes every run that is left
        if (i % FRESH_EVERY == FRESH_EVERY - 1) open_session((int)(i / FRESH_EVERY) % SOAK_MODELS);
        n_changed += !run(k, (int)rng_below(&r, (uint32_t)models[k].n_shapes));
        n_of[k]++;
        if (i % (n / LOOKS + 1)) continue;
        const long now = resident_kb();
        if (i > n / 10 && now > half[i > n / 2]) half[i > n / 2] = now; // the first tenth warms up
        if (!first_kb) first_kb = now;
        if (n > 10000) printf("%7ld runs, %ld KB\n", i, now), fflush(stdout);
    }
    printf("%ld runs (%ld, %ld, %ld of the models) in %ld s: %ld changed results; resident: %ld KB at first, at most %ld KB in "
           "the "
           "first half and %ld KB in the second\n",
           n, n_of[0], n_of[1], n_of[2], (long)(time(NULL) - start), n_changed, first_kb, half[0], half[1]);
    for (int k = 0; k < SOAK_MODELS; k++) onnxrun_session_free(sessions[k]);
    soak_models_free(models);
    bool grew = half[1] > half[0] + MAY_GROW_KB;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    grew = false;
#endif
    if (grew) fprintf(stderr, "soak: memory grows\n");
    return n_changed || grew;
}
