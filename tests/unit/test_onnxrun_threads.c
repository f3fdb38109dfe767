// test_onnxrun_threads.c: one model shared by sessions in several threads: the same bits everywhere, no thread left behind, and
// the same bits for every thread count. Clean under ThreadSanitizer.
// May assume: the model shipped in models/. Never relies on timing.
#include "onnxrun.h"

#include "support/cmocka.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_THREADS = 4, N_RUNS = 3, SIDE = 32, MAX_OUT = 64 };

static onnxrun_model *model;
static float pixels[3 * SIDE * SIDE];
static float wanted[MAX_OUT];
static size_t n_wanted;

static int count_threads(void) {
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    while (d && readdir(d)) n++;
    if (d) closedir(d);
    return n;
}

/// Runs a session of n threads `runs` times; the last result's bytes in out. Returns an error text or NULL.
static const char *run(int n_threads, int runs, float *out, size_t *n) {
    static __thread onnxrun_error err;
    onnxrun_session_options o = onnxrun_session_options_default();
    onnxrun_session *s = NULL;
    onnxrun_type t;
    o.n_threads = n_threads;
    onnxrun_model_input_type(model, 0, &t);
    for (int d = 0; d < t.rank; d++)
        if (t.dims[d] < 0) t.dims[d] = 1;
    onnxrun_value *x = onnxrun_value_borrow(ONNXRUN_FLOAT, t.rank, t.dims, pixels);
    if (onnxrun_session_new(model, &o, &s, &err) != ONNXRUN_OK) return err.text;
    for (int i = 0; i < runs; i++) {
        onnxrun_value *y = NULL;
        if (onnxrun_run(s, (const onnxrun_value *[]){x}, 1, &y, 1, &err) != ONNXRUN_OK) return err.text;
        *n = onnxrun_value_bytes(y);
        memcpy(out, onnxrun_value_data(y), *n);
        onnxrun_value_free(y);
    }
    onnxrun_session_free(s);
    onnxrun_value_free(x);
    return NULL;
}

static void *work(void *arg) {
    float out[MAX_OUT];
    size_t n = 0;
    const char *failure = run(1 + (int)(intptr_t)arg % 2, N_RUNS, out, &n);
    if (failure) return strdup(failure);
    return n == n_wanted && memcmp(out, wanted, n) == 0 ? NULL : strdup("another result");
}

static void *do_nothing(void *arg) { return arg; }

static void shared_model(void **state) {
    (void)state;
    pthread_t thread[N_THREADS];
    assert_int_equal(pthread_create(&thread[0], NULL, do_nothing, NULL), 0); // the first one brings ThreadSanitizer's own
    pthread_join(thread[0], NULL);
    int before = count_threads();
    for (int i = 0; i < N_THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, work, (void *)(intptr_t)i), 0);
    for (int i = 0; i < N_THREADS; i++) {
        void *failure = NULL;
        pthread_join(thread[i], &failure);
        if (failure) fail_msg("thread %d: %s", i, (char *)failure);
    }
    assert_int_equal(count_threads(), before); // every session took its threads along
}

static void every_thread_count(void **state) {
    (void)state;
    for (int n_threads = 1; n_threads <= 5; n_threads++) {
        float out[MAX_OUT];
        size_t n = 0;
        const char *failure = run(n_threads, 2, out, &n);
        if (failure) fail_msg("%s", failure);
        assert_int_equal(n, n_wanted);
        assert_memory_equal(out, wanted, n);
    }
}

static int set_up(void **state) {
    (void)state;
    onnxrun_error err;
    if (onnxrun_model_load(ONR_SOURCE_DIR "/models/residualnet16-fashion.onnx", NULL, &model, &err) != ONNXRUN_OK) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    for (int i = 0; i < 3 * SIDE * SIDE; i++) pixels[i] = (float)(i % 17) / 8 - 1;
    const char *failure = run(1, 1, wanted, &n_wanted);
    if (failure) fprintf(stderr, "%s\n", failure);
    return failure ? -1 : 0;
}

static int tear_down(void **state) {
    (void)state;
    onnxrun_model_free(model);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shared_model), cmocka_unit_test(every_thread_count)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
