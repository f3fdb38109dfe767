// test_onnxrun_plan_only.c: a session that only plans says what a real one takes, takes none of it itself, and cannot run.
// May assume: the shipped models. Never looks behind the header.
#include "onnxrun.h"

#include "support/cmocka.h"

#include <string.h>

static const char *const MODELS[] = {ONR_SOURCE_DIR "/models/residualnet16-fashion.onnx",
                                     ONR_SOURCE_DIR "/models/residualnet16-fashion-bn.onnx"};
static float pixels[3 * 3 * 32 * 32];

static onnxrun_stats plan(const onnxrun_model *m, const onnxrun_session_options *o, int64_t batch) {
    const int64_t dims[] = {batch, 3, 32, 32};
    onnxrun_session *s;
    onnxrun_error err;
    onnxrun_stats stats = {.size = sizeof stats};
    onnxrun_value *x = onnxrun_value_borrow(ONNXRUN_FLOAT, 4, dims, pixels);
    if (onnxrun_session_new(m, o, &s, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    if (onnxrun_session_plan(s, (const onnxrun_value *[]){x}, 1, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    onnxrun_session_stats(s, &stats);
    if (o->plan_only) {
        onnxrun_value *y = NULL;
        assert_int_equal(onnxrun_run(s, (const onnxrun_value *[]){x}, 1, &y, 1, &err), ONNXRUN_USAGE);
        assert_non_null(strstr(err.text, "only plans"));
        assert_null(y);
    }
    onnxrun_session_free(s);
    onnxrun_value_free(x);
    return stats;
}

static void the_same_figures(void **state) {
    (void)state;
    static const char *const levels[] = {"scalar", "avx2", NULL};
    for (int i = 0; i < 2 * 3 * 2 * 2; i++) {
        onnxrun_model *m;
        onnxrun_session_options o = onnxrun_session_options_default();
        assert_int_equal(onnxrun_model_load(MODELS[i % 2], NULL, &m, NULL), ONNXRUN_OK);
        o.cpu = levels[i / 2 % 3];
        o.prefer_memory = i / 6 % 2;
        o.n_threads = 1 + i / 12;
        const onnxrun_stats real = plan(m, &o, 1 + 2 * (i % 2));
        o.plan_only = true;
        o.max_memory = 1; // binds only those that take it
        const onnxrun_stats told = plan(m, &o, 1 + 2 * (i % 2));
        assert_int_equal(real.arena_bytes, told.arena_bytes);
        assert_int_equal(real.live_peak_bytes, told.live_peak_bytes);
        assert_int_equal(real.packed_bytes, told.packed_bytes);
        assert_int_equal(real.weight_bytes, told.weight_bytes);
        assert_int_equal(real.n_steps, told.n_steps);
        assert_true(told.packed_bytes > 100000);
        onnxrun_model_free(m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_figures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
