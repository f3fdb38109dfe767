// test_onnxrun_denormals.c: flush_denormals leaves none in any kernel or thread, and the caller's floating point mode alone.
// May assume: a CPU with such a mode, or the session must say that there is none. Never looks behind the header, but for the
// mode.
#include "base/fpmode.h"
#include "onnxrun.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

enum { C = 16, SIDE = 64, N = C * SIDE * SIDE };

static const void *bytes;
static size_t n_bytes;
static float data[N];

static Onnx__TensorProto *filled(onr_arena *a, const char *name, size_t rank, const int64_t *dims, float x) {
    size_t n = 1;
    for (size_t i = 0; i < rank; i++) n *= (size_t)dims[i];
    float *w = onr_arena_calloc(a, n, sizeof *w);
    for (size_t i = 0; i < n; i++) w[i] = x;
    return mk_raw(a, name, ONNXRUN_FLOAT, rank, dims, w, n * sizeof *w);
}

/// Element by element, a convolution, a matrix product and a sum, each of which makes denormal numbers of normal ones; and one
/// whose input is denormal, which must count as zero: tiny / smallest is 0 then, and not 0.1.
static void make_model(onr_arena *a) {
    const int64_t x[] = {1, C, SIDE, SIDE}, w[] = {C, C, 1, 1}, m[] = {SIDE, SIDE}, one[] = {1};
    static const char *const outs[] = {"scaled", "conv", "product", "mean", "ratio"};
    Onnx__GraphProto *g = mk_graph(a, "denormals");
    MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 4, x));
    MK_ADD(a, g, initializer, filled(a, "small", 1, one, 1e-20f));
    MK_ADD(a, g, initializer, filled(a, "smallest", 1, one, 1.2e-38f));
    MK_ADD(a, g, initializer, filled(a, "w", 4, w, 1e-21f));
    MK_ADD(a, g, initializer, filled(a, "m", 2, m, 1e-21f));
    MK_ADD(a, g, initializer, filled(a, "tiny", 1, one, 1.2e-39f));
    MK_ADD(a, g, node, mk_node(a, "scale", "Mul", "x,small", "scaled"));
    MK_ADD(a, g, node, mk_node(a, "convolution", "Conv", "x,w", "conv"));
    MK_ADD(a, g, node, mk_node(a, "matrix", "MatMul", "x,m", "product"));
    MK_ADD(a, g, node, mk_node(a, "pool", "GlobalAveragePool", "scaled", "mean"));
    MK_ADD(a, g, node, mk_node(a, "divide", "Div", "tiny,smallest", "ratio"));
    for (int i = 0; i < 5; i++) MK_ADD(a, g, output, mk_info(a, outs[i], ONNXRUN_FLOAT, 0, NULL));
    for (int i = 0; i < 5; i++) g->output[i]->type->tensor_type->shape = NULL;
    bytes = mk_pack(a, mk_model(a, g), &n_bytes);
}

static int64_t denormals(const onnxrun_value *v) {
    int64_t n = 0;
    const uint32_t *p = onnxrun_value_data(v); // bits: this thread's mode does not matter
    for (int64_t i = 0; i < onnxrun_value_numel(v); i++) n += (p[i] & 0x7f800000) == 0 && (p[i] & 0x007fffff) != 0;
    return n;
}

static bool hook_sees_callers_mode(void *user, onnxrun_step *step) {
    volatile float tiny = 1e-39f, two = 2;
    (void)step;
    *(int *)user += tiny * two > 0;
    return true;
}

static onnxrun_session *open_session(const onnxrun_model *m, bool flush, int threads, int level) {
    onnxrun_session *s = NULL;
    onnxrun_error err;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.flush_denormals = flush;
    o.n_threads = threads;
    o.opt_level = level;
    onnxrun_status st = onnxrun_session_new(m, &o, &s, &err);
    assert_int_equal(st, flush && !onr_fp_can_flush() ? ONNXRUN_UNSUPPORTED : ONNXRUN_OK);
    return s;
}

static void run(onnxrun_session *s, bool flush) {
    const int64_t dims[] = {1, C, SIDE, SIDE};
    onnxrun_error err;
    onnxrun_value *x = onnxrun_value_borrow(ONNXRUN_FLOAT, 4, dims, data), *y[5] = {NULL};
    if (onnxrun_run(s, (const onnxrun_value *[]){x}, 1, y, 5, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    for (int i = 0; i < 4; i++)
        assert_int_equal(denormals(y[i]), flush ? 0 : onnxrun_value_numel(y[i])); // in every element, by every thread
    double ratio = onnxrun_value_number(y[4], 0);
    assert_true(flush ? ratio == 0 : fabs(ratio - 0.1) < 1e-3);
    for (int i = 0; i < 5; i++) onnxrun_value_free(y[i]);
    onnxrun_value_free(x);
}

static void none_is_left(void **state) {
    (void)state;
    onnxrun_model *m;
    assert_int_equal(onnxrun_model_load_memory(bytes, n_bytes, NULL, &m, NULL), ONNXRUN_OK);
    for (int i = 0; i < 3 * 2 * 2; i++) {
        const int threads = 1 + i % 3, level = i / 3 % 2 * 2;
        const bool flush = i / 6 == 0;
        onnxrun_session *s = open_session(m, flush, threads, level);
        if (!s) continue;
        run(s, flush);
        run(s, flush);
        onnxrun_session_free(s);
    }
    onnxrun_model_free(m);
}

/// The mode, rounding and all, is what it was: behind every function, and in hooks.
static void the_callers_mode_stays(void **state) {
    (void)state;
    static const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_TOWARDZERO};
    onnxrun_model *m;
    if (!onr_fp_can_flush()) skip();
    assert_int_equal(onnxrun_model_load_memory(bytes, n_bytes, NULL, &m, NULL), ONNXRUN_OK);
    for (int i = 0; i < 3; i++) {
        int n_right = 0;
        const onnxrun_hooks hooks = {.before = hook_sees_callers_mode, .after = hook_sees_callers_mode, .user = &n_right};
        fesetround(roundings[i]);
        const onr_fp_mode flushed = onr_fp_flush();
        onr_fp_restore(flushed);
        onnxrun_session *s = open_session(m, true, 2, 2);
        onr_fp_mode now = onr_fp_flush();
        onr_fp_restore(now);
        assert_int_equal(now, flushed);
        onnxrun_session_set_hooks(s, &hooks);
        run(s, true);
        assert_true(n_right >= 2 * 5);
        now = onr_fp_flush();
        onr_fp_restore(now);
        assert_int_equal(fegetround(), roundings[i]);
        assert_int_equal(now & ~0x3full, flushed & ~0x3full); // the low bits tell what happened: the hooks' own work
        onnxrun_session_free(s);
    }
    fesetround(FE_TONEAREST);
    onnxrun_model_free(m);
}

static int set_up(void **state) {
    onr_arena *a = onr_arena_new(0);
    *state = a;
    for (int i = 0; i < N; i++) data[i] = 1e-20f;
    make_model(a);
    return 0;
}

static int tear_down(void **state) {
    onr_arena_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(none_is_left), cmocka_unit_test(the_callers_mode_stays)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
