// math.c: functions of one number: Neg, Abs, Sign, roots, exponentials, rounding, trigonometry, IsNaN, IsInf; all opset
// versions. May assume: the driver widens float16 and bfloat16 to float around us (ONR_OP_WIDEN). Never traps: integers wrap
// around.
#include "ops/binary.h"
#include "ops/rows.h"
#include "ops/vector.h"

#include "base/half.h"

#include <tgmath.h>

#define FLOAT_LOOP(name, T, EXPR)                                                         \
    static void name(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { \
        const T *in = (const T *)p[1];                                                    \
        T *out = (T *)p[0];                                                               \
        (void)ctx, (void)step;                                                            \
        for (int64_t i = 0; i < n; i++) {                                                 \
            const T x = in[i];                                                            \
            out[i] = (T)(EXPR);                                                           \
        }                                                                                 \
    }
// One expression of x for both widths; <tgmath.h> picks expf or exp. `cost`: nanoseconds per element.
#define FLOAT_UNARY(name, cost, KERNEL, EXPR)                                                             \
    FLOAT_LOOP(name##_f32, float, EXPR)                                                                   \
    FLOAT_LOOP(name##_f64, double, EXPR)                                                                  \
    static onr_status run_##name(const onr_run *r) {                                                      \
        static const onr_nd_fn fns[ONR_N_DTYPES] = {[ONR_FLOAT] = name##_f32, [ONR_DOUBLE] = name##_f64}; \
        return onr_vector_unary(r, KERNEL, 0, 0) ? ONR_OK : onr_nd_unary(r, cost, fns, NULL);             \
    }

FLOAT_UNARY(sqrt, 2, ONR_UNARY_SQRT, sqrt(x))
FLOAT_UNARY(exp, 8, ONR_UNARY_EXP, exp(x))
FLOAT_UNARY(log, 10, ONR_UNARY_LOG, log(x))
FLOAT_UNARY(reciprocal, 1, ONR_UNARY_RECIPROCAL, 1 / x)
FLOAT_UNARY(floor, 1, ONR_UNARY_FLOOR, floor(x))
FLOAT_UNARY(ceil, 1, ONR_UNARY_CEIL, ceil(x))
FLOAT_UNARY(round, 1, ONR_UNARY_ROUND, rint(x)) // halves go to the even neighbour
FLOAT_UNARY(sin, 15, ONR_UNARY_SIN, sin(x))
FLOAT_UNARY(cos, 15, ONR_UNARY_COS, cos(x))
FLOAT_UNARY(tan, 20, ONR_UNARY_TAN, tan(x))
FLOAT_UNARY(asin, 15, ONR_UNARY_ASIN, asin(x))
FLOAT_UNARY(acos, 15, ONR_UNARY_ACOS, acos(x))
FLOAT_UNARY(atan, 15, ONR_UNARY_ATAN, atan(x))
FLOAT_UNARY(sinh, 20, ONR_UNARY_SINH, sinh(x))
FLOAT_UNARY(cosh, 20, ONR_UNARY_COSH, cosh(x))
FLOAT_UNARY(asinh, 20, ONR_UNARY_ASINH, asinh(x))
FLOAT_UNARY(acosh, 20, ONR_UNARY_ACOSH, acosh(x))
FLOAT_UNARY(atanh, 20, ONR_UNARY_ATANH, atanh(x))

// ---- those that also take integers
// -------------------------------------------------------------------------------------------

#define NEG_F(s, T, U, d, ...) FLOAT_LOOP(neg_##s, T, -x)
#define NEG_I(s, T, U, d, ...) FLOAT_LOOP(neg_##s, T, 0 - (U)x)
#define ABS_F(s, T, U, d, ...) FLOAT_LOOP(abs_##s, T, fabs(x))
#define ABS_I(s, T, U, d, ...) FLOAT_LOOP(abs_##s, T, x < 0 ? 0 - (U)x : (U)x)
#define ABS_U(s, T, U, d, ...) FLOAT_LOOP(abs_##s, T, x)
#define SIGN_F(s, T, U, d, ...) FLOAT_LOOP(sign_##s, T, x > 0 ? 1 : x < 0 ? -1 : x)
#define SIGN_I(s, T, U, d, ...) FLOAT_LOOP(sign_##s, T, (x > 0) - (x < 0))
#define SIGN_U(s, T, U, d, ...) FLOAT_LOOP(sign_##s, T, x != 0)
#define ERF_F(s, T, U, d, ...) FLOAT_LOOP(erf_##s, T, erf(x))
#define ERF_I(s, T, U, d, ...) FLOAT_LOOP(erf_##s, T, erf((double)x)) // toward zero: -1, 0 or 1
ONR_FOR_FLOATS(NEG_F, )
ONR_FOR_SIGNED(NEG_I, )
ONR_FOR_FLOATS(ABS_F, )
ONR_FOR_SIGNED(ABS_I, )
ONR_FOR_UNSIGNED(ABS_U, )
ONR_FOR_FLOATS(SIGN_F, )
ONR_FOR_SIGNED(SIGN_I, )
ONR_FOR_UNSIGNED(SIGN_U, )
ONR_FOR_FLOATS(ERF_F, )
ONR_FOR_INTS(ERF_I, )

#define WITH_INTS(name, cost, KERNEL)                                                                               \
    static onr_status run_##name(const onr_run *r) {                                                                \
        static const onr_nd_fn fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, name) ONR_FOR_FLOATS(ONR_ENTRY, name)}; \
        return onr_vector_unary(r, KERNEL, 0, 0) ? ONR_OK : onr_nd_unary(r, cost, fns, NULL);                       \
    }
WITH_INTS(abs, 1, ONR_UNARY_ABS)
WITH_INTS(sign, 1, ONR_UNARY_SIGN)
WITH_INTS(erf, 15, ONR_UNARY_ERF)

static onr_status run_neg(const onr_run *r) {
    static const onr_nd_fn fns[ONR_N_DTYPES] = {ONR_FOR_SIGNED(ONR_ENTRY, neg) ONR_FOR_FLOATS(ONR_ENTRY, neg)};
    return onr_vector_unary(r, ONR_UNARY_NEG, 0, 0) ? ONR_OK : onr_nd_unary(r, 1, fns, NULL);
}

// ---- IsNaN, IsInf
// ----------------------------------------------------------------------------------------------------------------

typedef struct inf_params {
    int64_t detect_negative, detect_positive;
} inf_params;

// X(suffix, storage type, x as a float, ONNX type)
#define FOR_TESTED(X)                                                           \
    X(f32, float, v, ONR_FLOAT)                                                 \
    X(f64, double, v, ONR_DOUBLE)                                               \
    X(e4m3fn, uint8_t, onr_f8_to_f32(v, ONR_F8_E4M3FN), ONR_FLOAT8E4M3FN)       \
    X(e4m3fnuz, uint8_t, onr_f8_to_f32(v, ONR_F8_E4M3FNUZ), ONR_FLOAT8E4M3FNUZ) \
    X(e5m2, uint8_t, onr_f8_to_f32(v, ONR_F8_E5M2), ONR_FLOAT8E5M2)             \
    X(e5m2fnuz, uint8_t, onr_f8_to_f32(v, ONR_F8_E5M2FNUZ), ONR_FLOAT8E5M2FNUZ)

#define TEST_LOOP(name, T, VALUE, TEST)                                                   \
    static void name(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { \
        const inf_params *a = ctx;                                                        \
        (void)step, (void)a;                                                              \
        for (int64_t i = 0; i < n; i++) {                                                 \
            const T v = ((const T *)p[1])[i];                                             \
            const double x = (double)(VALUE);                                             \
            p[0][i] = (TEST);                                                             \
        }                                                                                 \
    }
#define NAN_LOOP(s, T, VALUE, d) TEST_LOOP(nan_##s, T, VALUE, x != x)
#define INF_LOOP(s, T, VALUE, d) \
    TEST_LOOP(inf_##s, T, VALUE, (x == INFINITY && a->detect_positive) || (x == -INFINITY && a->detect_negative))
#define NAN_ENTRY(s, T, VALUE, d) [d] = nan_##s,
#define INF_ENTRY(s, T, VALUE, d) [d] = inf_##s,
FOR_TESTED(NAN_LOOP)
FOR_TESTED(INF_LOOP)

static onr_status run_is_nan(const onr_run *r) {
    static const onr_nd_fn fns[ONR_N_DTYPES] = {FOR_TESTED(NAN_ENTRY)};
    return onr_nd_unary(r, 1, fns, NULL);
}

static onr_status run_is_inf(const onr_run *r) {
    static const onr_nd_fn fns[ONR_N_DTYPES] = {FOR_TESTED(INF_ENTRY)};
    return onr_nd_unary(r, 1, fns, r->params);
}

// ---- rows
// ------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec none[] = {ONR_ATTR_ARRAY_END};
static const onr_attr_spec inf10[] = {ONR_A_INT(inf_params, detect_negative, 1), ONR_A_INT(inf_params, detect_positive, 1),
                                      ONR_ATTR_ARRAY_END};

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES)
// KEEP: works on blocked channels, whose padding stays finite. PLAIN: rare, or f(0) is not finite.
#define FLAGS_KEEP ONR_OP_ELEMENTWISE
#define FLAGS_PLAIN 0
#define LAYOUT_KEEP onr_nd_layout_unary
#define LAYOUT_PLAIN NULL
#define U(op, from, to, set, table, lay, fn)                                                                      \
    {                                                                                                             \
        ONR_AI(op, from, to), ONR_ARITY(1, 1, 1, 1), .flags = FLAGS | FLAGS_##lay, .inplace = 1, .types = set,    \
                                                     ONR_PARAMS(table, onr_nd_consumed), .infer = onr_infer_same, \
                                                     .run = run_##fn, .layout = LAYOUT_##lay                      \
    }
#define T3 ONR_T_FLOATS3
#define T4 ONR_T_FLOATS
/// The history of most: opset 1 with consumed_inputs, 6 without, 13 with bfloat16.
#define SINCE1(op, lay, fn) \
    U(op, 1, 5, T3, onr_nd_consumed_attrs, lay, fn), U(op, 6, 12, T3, none, lay, fn), U(op, 13, 0, T4, none, lay, fn)
/// Trigonometry: one version until opset 22 brought bfloat16.
#define SINCE22(op, from, lay, fn) U(op, from, 21, T3, none, lay, fn), U(op, 22, 0, T4, none, lay, fn)
#define TEST(op, from, to, set, fn)                                                                             \
    {                                                                                                           \
        ONR_AI(op, from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set,         \
                                                     ONR_PARAMS(inf10, inf_params), .infer = onr_infer_compare, \
                                                     .run = run_##fn                                            \
    }
#define IS_NAN(from, to, set)                                                                                \
    {                                                                                                        \
        ONR_AI("IsNaN", from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set, \
                                                          .infer = onr_infer_compare, .run = run_is_nan      \
    }
#define SIGNED_F (ONR_T_SIGNED | T3)

static const onr_op rows[] = {
    U("Neg", 1, 5, T3, onr_nd_consumed_attrs, KEEP, neg),
    U("Neg", 6, 12, SIGNED_F, none, KEEP, neg),
    U("Neg", 13, 0, SIGNED_F | T4, none, KEEP, neg),
    U("Abs", 1, 5, T3, onr_nd_consumed_attrs, KEEP, abs),
    U("Abs", 6, 12, ONR_T_NUMERIC3, none, KEEP, abs),
    U("Abs", 13, 0, ONR_T_NUMERIC, none, KEEP, abs),
    U("Sign", 9, 12, ONR_T_NUMERIC3, none, KEEP, sign),
    U("Sign", 13, 0, ONR_T_NUMERIC, none, KEEP, sign),
    U("Erf", 9, 12, ONR_T_NUMERIC3, none, KEEP, erf),
    U("Erf", 13, 0, ONR_T_NUMERIC, none, KEEP, erf),
    SINCE1("Sqrt", KEEP, sqrt),
    SINCE1("Exp", KEEP, exp),
    SINCE1("Log", PLAIN, log),
    SINCE1("Reciprocal", PLAIN, reciprocal),
    SINCE1("Floor", KEEP, floor),
    SINCE1("Ceil", KEEP, ceil),
    SINCE22("Round", 11, KEEP, round),
    SINCE22("Sin", 7, PLAIN, sin),
    SINCE22("Cos", 7, PLAIN, cos),
    SINCE22("Tan", 7, PLAIN, tan),
    SINCE22("Asin", 7, PLAIN, asin),
    SINCE22("Acos", 7, PLAIN, acos),
    SINCE22("Atan", 7, PLAIN, atan),
    SINCE22("Sinh", 9, PLAIN, sinh),
    SINCE22("Cosh", 9, PLAIN, cosh),
    SINCE22("Asinh", 9, PLAIN, asinh),
    SINCE22("Acosh", 9, PLAIN, acosh),
    SINCE22("Atanh", 9, PLAIN, atanh),
    IS_NAN(9, 12, T3),
    IS_NAN(13, 19, T4),
    IS_NAN(20, 0, T4 | ONR_T_FLOAT8),
    TEST("IsInf", 10, 19, ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_DOUBLE), is_inf),
    TEST("IsInf", 20, 0, T4 | ONR_T_FLOAT8, is_inf),
};
ONR_OP_FAMILY(math);
