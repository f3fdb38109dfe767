// ref_elementwise.c: functions of one and of two elements against the C library in double precision.
// May assume: check_start was called. Bounds are units in the last place of the result, or of the largest intermediate.
// Never compares a function with itself: references are written from ONNX's formulas.
#include "check.h"
#include "vector_check.h"

#include "kernels/binary/binary.h"
#include "kernels/unary/unary.h"

#include <float.h>
#include <math.h>
#include <string.h>

// --- unary
// --------------------------------------------------------------------------------------------------------------------

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

#define REF(name, expression)                          \
    static double name(double x, double a, double b) { \
        (void)a, (void)b;                              \
        return expression;                             \
    }
REF(r_abs, fabs(x))
REF(r_neg, -x)
REF(r_sign, x > 0 ? 1 : x < 0 ? -1 : x)
REF(r_floor, floor(x))
REF(r_ceil, ceil(x))
REF(r_round, nearbyint(x))
REF(r_reciprocal, 1 / x)
REF(r_sqrt, sqrt(x))
REF(r_square, x *x)
REF(r_exp, exp(x))
REF(r_log, log(x))
REF(r_sin, sin(x))
REF(r_cos, cos(x))
REF(r_tan, tan(x))
REF(r_asin, asin(x))
REF(r_acos, acos(x))
REF(r_atan, atan(x))
REF(r_sinh, sinh(x))
REF(r_cosh, cosh(x))
REF(r_tanh, tanh(x))
REF(r_asinh, asinh(x))
REF(r_acosh, acosh(x))
REF(r_atanh, atanh(x))
REF(r_erf, erf(x))
REF(r_relu, x < 0 ? 0 : x)
REF(r_leaky_relu, x < 0 ? a * x : x)
REF(r_thresholded_relu, x <= a ? 0 : x)
REF(r_elu, x < 0 ? a * expm1(x) : x)
REF(r_celu, isnan(x) ? x : fmax(0, x) + fmin(0, a *expm1(x / a)))
REF(r_selu, x > 0 ? b * x : b * a * expm1(x))
REF(r_sigmoid, sigmoid(x))
REF(r_hard_sigmoid, isnan(x) ? x : fmax(0, fmin(1, a *x + b)))
REF(r_hard_swish, isnan(x) ? x : x *fmax(0, fmin(1, x / 6 + 0.5)))
REF(r_swish, x *sigmoid(a *x))
REF(r_softplus, softplus(x))
REF(r_softsign, x / (1 + fabs(x)))
REF(r_mish, x *tanh(softplus(x)))
REF(r_gelu, 0.5 * x * (1 + erf(x / sqrt(2))))
REF(r_gelu_tanh, 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))))
REF(r_clip, x<a ? a : x> b ? b : x)
REF(r_shrink, x<-a ? x + b : x> a ? x - b : 0)
REF(r_affine, a *x + b)

// Errors may reach `ulps` units of the result plus `of_x` units of max(|x|, 1), where the formula cancels.
typedef struct unary_case {
    onr_unary_op op;
    const char *name;
    double (*ref)(double x, double a, double b);
    float a, b, lo, hi;
    double ulps, of_x;
} unary_case;

static const unary_case unaries[] = {
    {ONR_UNARY_ABS, "abs", r_abs, 0, 0, -100, 100, 0, 0},
    {ONR_UNARY_NEG, "neg", r_neg, 0, 0, -100, 100, 0, 0},
    {ONR_UNARY_SIGN, "sign", r_sign, 0, 0, -1, 1, 0, 0},
    {ONR_UNARY_FLOOR, "floor", r_floor, 0, 0, -9, 9, 0, 0},
    {ONR_UNARY_CEIL, "ceil", r_ceil, 0, 0, -9, 9, 0, 0},
    {ONR_UNARY_ROUND, "round", r_round, 0, 0, -9, 9, 0, 0},
    {ONR_UNARY_RECIPROCAL, "reciprocal", r_reciprocal, 0, 0, -9, 9, 1, 0},
    {ONR_UNARY_SQRT, "sqrt", r_sqrt, 0, 0, 0, 100, 1, 0},
    {ONR_UNARY_SQUARE, "square", r_square, 0, 0, -100, 100, 1, 0},
    {ONR_UNARY_EXP, "exp", r_exp, 0, 0, -86, 90, 2, 0},
    {ONR_UNARY_LOG, "log", r_log, 0, 0, 0, 100, 2, 0},
    {ONR_UNARY_SIN, "sin", r_sin, 0, 0, -1000, 1000, 2, 0},
    {ONR_UNARY_COS, "cos", r_cos, 0, 0, -1000, 1000, 2, 0},
    {ONR_UNARY_TAN, "tan", r_tan, 0, 0, -1000, 1000, 2, 0},
    {ONR_UNARY_ASIN, "asin", r_asin, 0, 0, -1, 1, 2, 0},
    {ONR_UNARY_ACOS, "acos", r_acos, 0, 0, -1, 1, 2, 0},
    {ONR_UNARY_ATAN, "atan", r_atan, 0, 0, -50, 50, 2, 0},
    {ONR_UNARY_SINH, "sinh", r_sinh, 0, 0, -89.3f, 89.3f, 8, 0},
    {ONR_UNARY_COSH, "cosh", r_cosh, 0, 0, -89.3f, 89.3f, 8, 0},
    {ONR_UNARY_TANH, "tanh", r_tanh, 0, 0, -9, 9, 2, 0},
    {ONR_UNARY_ASINH, "asinh", r_asinh, 0, 0, -1e6f, 1e6f, 3, 0},
    {ONR_UNARY_ACOSH, "acosh", r_acosh, 0, 0, 1, 1e6f, 3, 0},
    {ONR_UNARY_ATANH, "atanh", r_atanh, 0, 0, -1, 1, 3, 0},
    {ONR_UNARY_ERF, "erf", r_erf, 0, 0, -4, 4, 2, 0},
    {ONR_UNARY_RELU, "relu", r_relu, 0, 0, -4, 4, 0, 0},
    {ONR_UNARY_LEAKY_RELU, "leaky_relu", r_leaky_relu, 0.01f, 0, -4, 4, 1, 0},
    {ONR_UNARY_THRESHOLDED_RELU, "thresholded_relu", r_thresholded_relu, 1, 0, -4, 4, 0, 0},
    {ONR_UNARY_ELU, "elu", r_elu, 1.5f, 0, -9, 4, 3, 0},
    {ONR_UNARY_CELU, "celu", r_celu, 2, 0, -9, 4, 8, 0},
    {ONR_UNARY_SELU, "selu", r_selu, 1.67326319f, 1.05070102f, -9, 4, 4, 0},
    {ONR_UNARY_SIGMOID, "sigmoid", r_sigmoid, 0, 0, -80, 20, 4, 0},
    {ONR_UNARY_HARD_SIGMOID, "hard_sigmoid", r_hard_sigmoid, 0.2f, 0.5f, -4, 4, 2, 1},
    {ONR_UNARY_HARD_SWISH, "hard_swish", r_hard_swish, 0, 0, -5, 5, 2, 2},
    {ONR_UNARY_SWISH, "swish", r_swish, 1, 0, -80, 20, 4, 0},
    {ONR_UNARY_SWISH, "swish 1.7", r_swish, 1.7f, 0, -20, 20, 64, 0},
    {ONR_UNARY_SOFTPLUS, "softplus", r_softplus, 0, 0, -80, 20, 4, 0},
    {ONR_UNARY_SOFTSIGN, "softsign", r_softsign, 0, 0, -80, 20, 3, 0},
    {ONR_UNARY_MISH, "mish", r_mish, 0, 0, -80, 30, 8, 0},
    {ONR_UNARY_GELU, "gelu", r_gelu, 0, 0, -6, 6, 4, 2},
    {ONR_UNARY_GELU_TANH, "gelu_tanh", r_gelu_tanh, 0, 0, -6, 6, 4, 4},
    {ONR_UNARY_CLIP, "clip", r_clip, -0.5f, 1.5f, -4, 4, 0, 0},
    {ONR_UNARY_SHRINK, "shrink", r_shrink, 0.5f, 0.25f, -4, 4, 1, 0},
    {ONR_UNARY_AFFINE, "affine", r_affine, 1.5f, -0.25f, -4, 4, 2, 2},
};

static void compare_unary(const unary_case *c, const float *x, const float *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const double want = c->ref(x[i], c->a, c->b);
        const double size = isfinite(x[i]) ? fmax(fabs((double)x[i]), 1) : 1;
        const double tolerance = 2 * EPS * (c->ulps * fabs(want) + c->of_x * size) + 1e-37;
        const bool beyond = fabs(want) > FLT_MAX; // then the nearest float is infinity
        if (!check_near(y[i], beyond ? copysign(INFINITY, want) : want, isfinite(tolerance) ? tolerance : 0, (size_t)i)) return;
    }
}

/// Units in the last place of the float that is nearest to `want`.
static double ulp_of(double want) {
    int exponent;
    frexp(want, &exponent);
    return ldexp(1, (want != 0 && exponent > -125 ? exponent : -125) - 24);
}

// What simd/f32_math.inc computes itself, over floats of every exponent, denormals, infinities and NaN, to the last places of
// the result, be it denormal or zero with its sign.
static void check_ulps(uint32_t features, const char *level) {
    static const struct {
        onr_unary_op op;
        const char *name;
        double (*ref)(double x, double a, double b);
        double ulps;
    } functions[] = {{ONR_UNARY_EXP, "exp", r_exp, 1.5},
                     {ONR_UNARY_TANH, "tanh", r_tanh, 2.6},
                     {ONR_UNARY_ERF, "erf", r_erf, 2},
                     {ONR_UNARY_SIGMOID, "sigmoid", r_sigmoid, 3.5}};
    enum { STEP = 10007, N = (int)(0x80000000u / STEP) * 2 };
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
        check_case("%s unary %s, floats of all exponents", level, functions[k].name);
        float *x = check_guarded(N * sizeof *x), *y = check_guarded(N * sizeof *y);
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t bits = i / 2 * STEP | (i % 2) << 31;
            memcpy(&x[i], &bits, sizeof bits);
        }
        onr_unary_run(features, functions[k].op, 0, 0, x, y, N, NULL);
        for (int i = 0; i < N; i++) {
            const double exact = functions[k].ref(x[i], 0, 0), want = fabs(exact) > FLT_MAX ? copysign(INFINITY, exact) : exact;
            if (!check_near(y[i], want, isfinite(want) ? functions[k].ulps * ulp_of(want) : 0, (size_t)i)) break;
            if (want == 0 && signbit(y[i]) != signbit((float)want)) check_true(false, "the sign of zero");
        }
        check_release();
    }
}

void check_unary(uint32_t features, const char *level) {
    static const float special[] = {0.0f,        -0.0f,     NAN,   INFINITY, -INFINITY, 1.0f,    -1.0f, 0.5f,  -0.5f, 1.5f,
                                    2.5f,        -2.5f,     1e-5f, -1e-5f,   1e-30f,    -1e-30f, 1e5f,  -1e5f, 1e30f, -1e30f,
                                    16777216.0f, 0x1p-126f, 88.7f, -88.7f,   3.0f,      -3.0f,   20.0f, 20.5f, -20.0f};
    enum { SPECIAL = sizeof special / sizeof *special };
    for (size_t k = 0; k < sizeof unaries / sizeof *unaries; k++) {
        const unary_case *c = &unaries[k];
        for (int64_t n = 1; n <= 68; n++) {
            check_case("%s unary %s n %lld", level, c->name, (long long)n);
            float *x = check_guarded((size_t)n * sizeof *x), *y = check_guarded((size_t)n * sizeof *y);
            for (int64_t i = 0; i < n; i++) x[i] = check_uniform(c->lo, c->hi);
            onr_unary_run(features, c->op, c->a, c->b, x, y, n, NULL);
            compare_unary(c, x, y, n);
            float *z = check_guarded((size_t)n * sizeof *z);
            memcpy(z, x, (size_t)n * sizeof *z);
            onr_unary_run(features, c->op, c->a, c->b, z, z, n, NULL);
            check_true(memcmp(z, y, (size_t)n * sizeof *z) == 0, "differs in place");
            check_release();
        }
        check_case("%s unary %s, special values", level, c->name);
        float *y = check_guarded(SPECIAL * sizeof *y);
        onr_unary_run(features, c->op, c->a, c->b, special, y, SPECIAL, NULL);
        compare_unary(c, special, y, SPECIAL);
        check_release();
    }
    check_ulps(features, level);
    const int64_t n = 300001;
    check_case("%s unary, threads", level);
    float *x = check_floats((size_t)n), *y = check_guarded((size_t)n * sizeof *y), *z = check_guarded((size_t)n * sizeof *z);
    onr_unary_run(features, ONR_UNARY_SIGMOID, 0, 0, x, y, n, NULL);
    onr_unary_run(features, ONR_UNARY_SIGMOID, 0, 0, x, z, n, check_pool(2));
    check_true(memcmp(y, z, (size_t)n * sizeof *z) == 0, "differs between pools");
    check_release();
}

// --- binary
// -------------------------------------------------------------------------------------------------------------------

static double two(onr_binary_op op, float a, float b) {
    switch (op) {
    case ONR_BINARY_ADD: return (double)a + b;
    case ONR_BINARY_SUB: return (double)a - b;
    case ONR_BINARY_MUL: return (double)a * b;
    case ONR_BINARY_DIV: return (double)a / b;
    case ONR_BINARY_MIN: return isnan(a) || isnan(b) ? NAN : fmin(a, b);
    case ONR_BINARY_MAX: return isnan(a) || isnan(b) ? NAN : fmax(a, b);
    case ONR_BINARY_POW: return pow(a, b);
    case ONR_BINARY_PRELU: return a < 0 ? (double)a * b : a;
    default: return ((double)a - b) * ((double)a - b);
    }
}

enum { MOST = 6 };

// An operand of a broadcast shape: random dimensions repeat, and `apart` puts gaps between its elements.
static float *operand(int rank, const int64_t *shape, bool whole, bool apart, int64_t *strides) {
    int64_t at = apart ? 2 : 1;
    for (int d = rank - 1; d >= 0; d--) {
        const bool repeat = !whole && check_below(3) == 0;
        strides[d] = repeat ? 0 : at;
        if (!repeat) at *= shape[d];
    }
    float *x = check_floats((size_t)at);
    for (int64_t i = 0; i < at; i++)
        if (check_below(40) == 0) x[i] = check_below(2) ? NAN : 0.0f;
    return x;
}

static void compare_binary(onr_binary_op op, int rank, const int64_t *shape, const float *a, const int64_t *as, const float *b,
                           const int64_t *bs, const float *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i, ai = 0, bi = 0;
        for (int d = rank - 1; d >= 0; rest /= shape[d--]) {
            ai += rest % shape[d] * as[d];
            bi += rest % shape[d] * bs[d];
        }
        double want = two(op, a[ai], b[bi]);
        const double ulps = op == ONR_BINARY_POW ? 2 : op == ONR_BINARY_SQUARED_DIFFERENCE ? 2 : 0.5;
        if (fabs(want) > FLT_MAX) want = copysign(INFINITY, want);
        if (!check_near(y[i], want, isfinite(want) ? 2 * EPS * ulps * fabs(want) + 1e-44 : 0, (size_t)i)) return;
    }
}

void check_binary(uint32_t features, const char *level) {
    for (int round = 0; round < 1500; round++) {
        const onr_binary_op op = (onr_binary_op)(round % ONR_BINARY_COUNT);
        const int rank = (int)check_below(MOST);
        int64_t shape[MOST], as[MOST], bs[MOST], n = 1;
        for (int d = 0; d < rank; d++) n *= shape[d] = check_below(30) == 0 ? 0 : odd_size(d + 1 == rank ? 131 : 9);
        const int kind = (int)check_below(4); // a whole, b whole, both broadcast, or gaps
        check_case("%s binary op %d rank %d n %lld kind %d round %d", level, (int)op, rank, (long long)n, kind, round);
        float *a = operand(rank, shape, kind == 0, kind == 3, as), *b = operand(rank, shape, kind == 1, kind == 3, bs);
        float *y = check_guarded((size_t)n * sizeof *y);
        onr_binary_run(features, op, rank, shape, a, as, b, bs, y, NULL);
        compare_binary(op, rank, shape, a, as, b, bs, y, n);
        if (kind < 2 && n > 0) { // in place over the whole operand
            float *whole = kind == 0 ? a : b;
            onr_binary_run(features, op, rank, shape, a, as, b, bs, whole, NULL);
            check_true(memcmp(whole, y, (size_t)n * sizeof *y) == 0, "differs in place");
        }
        check_release();
    }
    static const struct {
        int64_t shape[3], a[3], b[3];
    } large[] = {{{1, 1, 300001}, {0, 0, 1}, {0, 0, 1}},
                 {{1, 1, 300001}, {0, 0, 1}, {0, 0, 0}},
                 {{7, 300, 150}, {45000, 150, 1}, {0, 1, 0}},
                 {{3, 2, 70001}, {140002, 70001, 1}, {0, 70001, 1}}};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        check_case("%s binary, threads, %zu", level, i);
        const int64_t n = large[i].shape[0] * large[i].shape[1] * large[i].shape[2];
        float *a = check_floats((size_t)n), *b = check_floats((size_t)n);
        float *y = check_guarded((size_t)n * sizeof *y), *z = check_guarded((size_t)n * sizeof *z);
        onr_binary_run(features, ONR_BINARY_SUB, 3, large[i].shape, a, large[i].a, b, large[i].b, y, NULL);
        onr_binary_run(features, ONR_BINARY_SUB, 3, large[i].shape, a, large[i].a, b, large[i].b, z, check_pool(2));
        compare_binary(ONR_BINARY_SUB, 3, large[i].shape, a, large[i].a, b, large[i].b, y, n);
        check_true(memcmp(y, z, (size_t)n * sizeof *y) == 0, "differs between pools");
        check_release();
    }
}

// --- bench
// --------------------------------------------------------------------------------------------------------------------

typedef struct bench {
    uint32_t features;
    int op;
    const int64_t *shape, *as, *bs;
    const float *a, *b;
    float *y;
    int64_t n;
    void *pool;
} bench;

static void run_unary(void *ctx) {
    const bench *b = ctx;
    onr_unary_run(b->features, (onr_unary_op)b->op, 1.0f, 0.5f, b->a, b->y, b->n, b->pool);
}
static void run_binary(void *ctx) {
    const bench *b = ctx;
    onr_binary_run(b->features, (onr_binary_op)b->op, 3, b->shape, b->a, b->as, b->b, b->bs, b->y, b->pool);
}

void bench_elementwise(uint32_t features, const char *level) {
    static const int64_t shape[] = {64, 64, 3136}, all[] = {64 * 3136, 3136, 1}, channel[] = {0, 1, 0}, row[] = {0, 0, 1};
    const int64_t n = 64 * 64 * 3136;
    bench b = {.features = features, .shape = shape, .as = all, .n = 197 * 3072};
    b.a = check_floats((size_t)n);
    b.b = check_floats((size_t)n);
    b.y = check_scratch((size_t)n * sizeof(float));
    const int unary_ops[] = {ONR_UNARY_RELU, ONR_UNARY_EXP, ONR_UNARY_TANH, ONR_UNARY_SIGMOID, ONR_UNARY_GELU, ONR_UNARY_ERF};
    const char *const unary_names[] = {"unary relu 197x3072",    "unary exp 197x3072",  "unary tanh 197x3072",
                                       "unary sigmoid 197x3072", "unary gelu 197x3072", "unary erf 197x3072"};
    for (int i = 0; i < 6; i++) {
        b.op = unary_ops[i];
        bench_line(level, unary_names[i], run_unary, &b, &b.pool, 8.0 * (double)b.n);
    }
    b.op = ONR_BINARY_ADD;
    b.bs = all;
    bench_line(level, "binary add 64x64x3136, equal shapes", run_binary, &b, &b.pool, 12.0 * (double)n);
    b.bs = channel;
    bench_line(level, "binary add 64x64x3136, one per channel", run_binary, &b, &b.pool, 8.0 * (double)n);
    b.bs = row;
    bench_line(level, "binary add 64x64x3136, a row", run_binary, &b, &b.pool, 8.0 * (double)n);
    check_release();
}
