// activation.c: activation functions of one tensor (and PRelu, with its slope), all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around us (ONR_OP_WIDEN).
// Never changes NaN into a number, except where the formula does.
#include "ops/nd.h"
#include "ops/rows.h"
#include "ops/vector.h"

#include <string.h>
#include <tgmath.h>

typedef struct act {
    float alpha, beta, gamma, bias, lambd;
    onr_string approximate;
    onr_ints consumed_inputs;
} act;

// Both widths of a float function from one expression of x: T is the type, alpha, beta and gamma are the attributes in it;
// <tgmath.h> picks expf or exp. `cost` is nanoseconds per element, as in onr_nd_walk_run.
#define FLOAT_LOOP(name, type, EXPR)                                                      \
    static void name(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { \
        typedef type T;                                                                   \
        const act *a = ctx;                                                               \
        const T alpha = (T)a->alpha, beta = (T)a->beta, gamma = (T)a->gamma;              \
        const T *in = (const T *)p[1];                                                    \
        T *out = (T *)p[0];                                                               \
        (void)step, (void)alpha, (void)beta, (void)gamma;                                 \
        for (int64_t i = 0; i < n; i++) {                                                 \
            T x = in[i];                                                                  \
            out[i] = EXPR;                                                                \
        }                                                                                 \
    }
// KERNEL, A, B: the vector kernel for floats and its two parameters.
#define FLOAT_UNARY(name, cost, KERNEL, A, B, EXPR)                                                       \
    FLOAT_LOOP(name##_f32, float, EXPR)                                                                   \
    FLOAT_LOOP(name##_f64, double, EXPR)                                                                  \
    static onr_status run_##name(const onr_run *r) {                                                      \
        const act *p = r->params;                                                                         \
        (void)p;                                                                                          \
        if (onr_vector_unary(r, KERNEL, A, B)) return ONR_OK;                                             \
        static const onr_nd_fn fns[ONR_N_DTYPES] = {[ONR_FLOAT] = name##_f32, [ONR_DOUBLE] = name##_f64}; \
        return onr_nd_unary(r, cost, fns, r->params);                                                     \
    }

#define SOFTPLUS(x) ((x) > 0 ? (x) + log1p(exp(-(x))) : log1p(exp(x)))

FLOAT_UNARY(leaky_relu, 1, ONR_UNARY_LEAKY_RELU, p->alpha, 0, x < 0 ? alpha * x : x)
FLOAT_UNARY(elu, 10, ONR_UNARY_ELU, p->alpha, 0, x < 0 ? alpha * expm1(x) : x)
FLOAT_UNARY(selu, 10, ONR_UNARY_SELU, p->alpha, p->gamma, gamma *(x > 0 ? x : alpha * expm1(x)))
FLOAT_UNARY(celu, 10, ONR_UNARY_CELU, p->alpha, 0, x < 0 ? alpha * expm1(x / alpha) : x)
FLOAT_UNARY(sigmoid, 8, ONR_UNARY_SIGMOID, 0, 0, 1 / (1 + exp(-x)))
#define CLAMP01(t) ((t) < 0 ? 0 : (t) > 1 ? 1 : (t))
FLOAT_UNARY(hard_sigmoid, 1, ONR_UNARY_HARD_SIGMOID, p->alpha, p->beta, CLAMP01(alpha *x + beta))
FLOAT_UNARY(tanh, 12, ONR_UNARY_TANH, 0, 0, tanh(x))
FLOAT_UNARY(softplus, 20, ONR_UNARY_SOFTPLUS, 0, 0, SOFTPLUS(x))
FLOAT_UNARY(softsign, 2, ONR_UNARY_SOFTSIGN, 0, 0, x / (1 + fabs(x)))
FLOAT_UNARY(thresholded_relu, 1, ONR_UNARY_THRESHOLDED_RELU, p->alpha, 0, x > alpha ? x : 0)
FLOAT_UNARY(mish, 30, ONR_UNARY_MISH, 0, 0, x *tanh(SOFTPLUS(x)))
FLOAT_UNARY(swish, 8, ONR_UNARY_SWISH, p->alpha, 0, x / (1 + exp(-alpha * x)))
FLOAT_UNARY(gelu_erf, 15, ONR_UNARY_GELU, 0, 0, x *(T)0.5 * (1 + erf(x * (T)0.70710678118654752440)))
FLOAT_UNARY(gelu_tanh, 15, ONR_UNARY_GELU_TANH, 0, 0,
            x *(T)0.5 * (1 + tanh((T)0.79788456080286535588 * (x + (T)0.044715 * x * x * x))))

FLOAT_UNARY(hard_swish, 2, ONR_UNARY_HARD_SWISH, 0, 0, x *CLAMP01(x / 6 + (T)0.5))

static onr_status run_gelu(const onr_run *r) {
    const act *a = r->params;
    return a->approximate.n == 4 ? run_gelu_tanh(r) : run_gelu_erf(r);
}

static onr_status check_gelu(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    (void)n, (void)arena;
    onr_string s = ((act *)params)->approximate;
    if (s.n == 4 && (!memcmp(s.s, "none", 4) || !memcmp(s.s, "tanh", 4))) {
        if (!memcmp(s.s, "none", 4)) ((act *)params)->approximate.n = 0;
        return ONR_OK;
    }
    return onr_fail(err, ONR_INVALID, "approximate is '%.*s', not none or tanh", (int)s.n, s.s);
}

// ---- Relu and Shrink also take integers
// ----------------------------------------------------------------------------------------

#define RELU_LOOP(suffix, T)                                                                       \
    static void relu_##suffix(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { \
        const T *in = (const T *)p[1];                                                             \
        T *out = (T *)p[0];                                                                        \
        (void)ctx, (void)step;                                                                     \
        for (int64_t i = 0; i < n; i++) out[i] = in[i] < 0 ? 0 : in[i];                            \
    }
RELU_LOOP(f32, float)
RELU_LOOP(f64, double)
RELU_LOOP(i8, int8_t)
RELU_LOOP(i16, int16_t)
RELU_LOOP(i32, int32_t)
RELU_LOOP(i64, int64_t)

static onr_status run_relu(const onr_run *r) {
    static const onr_nd_fn fns[ONR_N_DTYPES] = {[ONR_FLOAT] = relu_f32, [ONR_DOUBLE] = relu_f64, [ONR_INT8] = relu_i8,
                                                [ONR_INT16] = relu_i16, [ONR_INT32] = relu_i32,  [ONR_INT64] = relu_i64};
    return onr_vector_unary(r, ONR_UNARY_RELU, 0, 0) ? ONR_OK : onr_nd_unary(r, 1, fns, NULL);
}

/// A double as an integer type: cut toward zero, kept in range.
#define TO_INT(v, lo, hi) ((v) != (v) ? 0 : (v) <= (double)(lo) ? (lo) : (v) >= (double)(hi) ? (hi) : (v))

#define SHRINK_LOOP(suffix, T, CONVERT)                                                                              \
    static void shrink_##suffix(const void *ctx, int64_t n, char *const p[], const int64_t step[]) {                 \
        const act *a = ctx;                                                                                          \
        const T *in = (const T *)p[1];                                                                               \
        T *out = (T *)p[0];                                                                                          \
        (void)step;                                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                                            \
            double x = (double)in[i];                                                                                \
            double v = x < -(double)a->lambd ? x + (double)a->bias : x > (double)a->lambd ? x - (double)a->bias : 0; \
            out[i] = (T)CONVERT;                                                                                     \
        }                                                                                                            \
    }
SHRINK_LOOP(f32, float, v)
SHRINK_LOOP(f64, double, v)
SHRINK_LOOP(u8, uint8_t, TO_INT(v, 0, UINT8_MAX))
SHRINK_LOOP(i8, int8_t, TO_INT(v, INT8_MIN, INT8_MAX))
SHRINK_LOOP(u16, uint16_t, TO_INT(v, 0, UINT16_MAX))
SHRINK_LOOP(i16, int16_t, TO_INT(v, INT16_MIN, INT16_MAX))
SHRINK_LOOP(u32, uint32_t, TO_INT(v, 0, UINT32_MAX))
SHRINK_LOOP(i32, int32_t, TO_INT(v, INT32_MIN, INT32_MAX))
#undef TO_INT
#define TO_INT64(v, lo, hi, T) ((v) != (v) ? 0 : (v) <= (double)(lo) ? (lo) : (v) >= (double)(hi) ? (hi) : (T)(v))
SHRINK_LOOP(u64, uint64_t, TO_INT64(v, 0, UINT64_MAX, uint64_t))
SHRINK_LOOP(i64, int64_t, TO_INT64(v, INT64_MIN, INT64_MAX, int64_t))

static onr_status run_shrink(const onr_run *r) {
    static const onr_nd_fn fns[ONR_N_DTYPES] = {
        [ONR_FLOAT] = shrink_f32,  [ONR_DOUBLE] = shrink_f64, [ONR_UINT8] = shrink_u8,   [ONR_INT8] = shrink_i8,
        [ONR_UINT16] = shrink_u16, [ONR_INT16] = shrink_i16,  [ONR_UINT32] = shrink_u32, [ONR_INT32] = shrink_i32,
        [ONR_UINT64] = shrink_u64, [ONR_INT64] = shrink_i64};
    const act *p = r->params;
    return onr_vector_unary(r, ONR_UNARY_SHRINK, p->lambd, p->bias) ? ONR_OK : onr_nd_unary(r, 2, fns, p);
}

// ---- PRelu
// ------------------------------------------------------------------------------------------------------------------------

// U: where products wrap without undefined behaviour.
#define PRELU_LOOP(suffix, T, U)                                                                    \
    static void prelu_##suffix(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { \
        const T *x = (const T *)p[1], *s = (const T *)p[2];                                         \
        const int64_t sx = step[1] / (int64_t)sizeof(T), ss = step[2] / (int64_t)sizeof(T);         \
        T *out = (T *)p[0];                                                                         \
        (void)ctx;                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                           \
            T v = x[i * sx];                                                                        \
            out[i] = v < 0 ? (T)((U)v * (U)s[i * ss]) : v;                                          \
        }                                                                                           \
    }
PRELU_LOOP(f32, float, float)
PRELU_LOOP(f64, double, double)
PRELU_LOOP(i32, int32_t, uint32_t)
PRELU_LOOP(i64, int64_t, uint64_t)

static void prelu_u32(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { // nothing is below zero
    (void)ctx;
    for (int64_t i = 0; i < n; i++) memmove(p[0] + i * 4, p[1] + i * step[1], 4);
}
static void prelu_u64(const void *ctx, int64_t n, char *const p[], const int64_t step[]) {
    (void)ctx;
    for (int64_t i = 0; i < n; i++) memmove(p[0] + i * 8, p[1] + i * step[1], 8);
}

/// The slope's shape as seen by broadcasting. Before opset 7 a vector meant one slope per channel.
static onr_shape slope_shape(const onr_node *n, const onr_shape *x, const onr_shape *slope) {
    onr_shape s = *slope;
    if (n->op->until != 0 && n->op->until < 7 && s.rank == 1 && x->rank > 2 && s.dim[0] != 1) {
        s.rank = x->rank - 1;
        for (int32_t d = 1; d < s.rank; d++) s.dim[d] = 1;
    }
    return s;
}

static onr_status infer_prelu(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, 0), s = onr_infer_shape(c, 1);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    if (x.rank < 0 || s.rank < 0) return ONR_OK;
    s = slope_shape(c->node, &x, &s);
    if (s.rank > x.rank) return onr_infer_bad(c, "slope has rank %d, X has %d", s.rank, x.rank);
    for (int32_t d = 0; d < s.rank; d++) {
        int64_t a = x.dim[d + x.rank - s.rank], b = s.dim[d];
        if (b != 1 && a != b && onr_dim_known(a) && onr_dim_known(b))
            return onr_infer_bad(c, "slope's dimension %d is %lld and does not broadcast to X's %lld", d, (long long)b,
                                 (long long)a);
    }
    return ONR_OK;
}

static onr_status run_prelu(const onr_run *r) {
    static const onr_nd_fn fns[ONR_N_DTYPES] = {[ONR_FLOAT] = prelu_f32, [ONR_DOUBLE] = prelu_f64, [ONR_INT32] = prelu_i32,
                                                [ONR_INT64] = prelu_i64, [ONR_UINT32] = prelu_u32, [ONR_UINT64] = prelu_u64};
    const onr_tensor *x = onr_run_in(r, 0), *s = onr_run_in(r, 1);
    onr_shape ss = slope_shape(r->node, &x->shape, &s->shape);
    if (onr_vector_binary(r, ONR_BINARY_PRELU, &ss)) return ONR_OK;
    size_t e = onr_dtype_size(x->dtype);
    onr_nd_walk w;
    onr_nd_walk_init(&w, &x->shape, 3, (const onr_shape *[]){NULL, &x->shape, &ss}, (size_t[]){e, e, e});
    onr_nd_walk_run(&w, r->pool, (void *[]){onr_run_out(r, 0)->data, x->data, s->data}, 1, fns[x->dtype], NULL);
    return ONR_OK;
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------------

#define A_ALPHA(d) \
    { .name = "alpha", .kind = ONR_ATTR_FLOAT, .offset = offsetof(act, alpha), .f = (d) }
#define A_BETA(d) \
    { .name = "beta", .kind = ONR_ATTR_FLOAT, .offset = offsetof(act, beta), .f = (d) }
#define A_GAMMA(d) \
    { .name = "gamma", .kind = ONR_ATTR_FLOAT, .offset = offsetof(act, gamma), .f = (d) }
#define A_CONSUMED ONR_A_INTS(act, consumed_inputs)
#define TABLE(name, ...) static const onr_attr_spec name[] = {__VA_ARGS__, ONR_ATTR_ARRAY_END}
TABLE(none1, A_CONSUMED);
TABLE(leaky1, A_ALPHA(0.01f), A_CONSUMED);
TABLE(leaky6, A_ALPHA(0.01f));
TABLE(one1, A_ALPHA(1.0f), A_CONSUMED);
TABLE(one6, A_ALPHA(1.0f));
TABLE(selu1, A_ALPHA(1.6732f), A_GAMMA(1.0507f), A_CONSUMED);
TABLE(selu6, A_ALPHA(1.67326319217681884765625f), A_GAMMA(1.05070102214813232421875f));
TABLE(hard1, A_ALPHA(0.2f), A_BETA(0.5f), A_CONSUMED);
TABLE(hard6, A_ALPHA(0.2f), A_BETA(0.5f));
TABLE(shrink9, ONR_A_FLOAT(act, bias, 0.0f), ONR_A_FLOAT(act, lambd, 0.5f));
TABLE(gelu20, ONR_A_STRING(act, approximate, "none"));
static const onr_attr_spec none6[] = {ONR_ATTR_ARRAY_END};

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES)
#define U(op, from, to, set, table, fn)                                                                               \
    {                                                                                                                 \
        ONR_AI(op, from, to), ONR_ARITY(1, 1, 1, 1), .flags = FLAGS | ONR_OP_ELEMENTWISE, .inplace = 1, .types = set, \
                                                     ONR_PARAMS(table, act), .infer = onr_infer_same, .run = fn,      \
                                                     .layout = onr_nd_layout_unary                                    \
    }
#define PRELU(from, to, set, table)                                                                                           \
    {                                                                                                                         \
        ONR_AI("PRelu", from, to), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS, .inplace = 1, .types = set, ONR_PARAMS(table, act), \
                                                          .infer = infer_prelu, .run = run_prelu                              \
    }
#define T3 ONR_T_FLOATS3
#define T4 ONR_T_FLOATS
#define PRELU_INTS (ONR_BIT(ONR_UINT32) | ONR_BIT(ONR_UINT64) | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64))

static const onr_op rows[] = {
    U("Relu", 1, 5, T3, none1, run_relu),
    U("Relu", 6, 12, T3, none6, run_relu),
    U("Relu", 13, 13, T4, none6, run_relu),
    U("Relu", 14, 0, T4 | ONR_T_SIGNED, none6, run_relu),
    U("LeakyRelu", 1, 5, T3, leaky1, run_leaky_relu),
    U("LeakyRelu", 6, 15, T3, leaky6, run_leaky_relu),
    U("LeakyRelu", 16, 0, T4, leaky6, run_leaky_relu),
    PRELU(1, 5, T3, none1),
    PRELU(6, 6, T3, none6),
    PRELU(7, 8, T3, none6),
    PRELU(9, 15, T3 | PRELU_INTS, none6),
    PRELU(16, 0, T4 | PRELU_INTS, none6),
    U("Elu", 1, 5, T3, one1, run_elu),
    U("Elu", 6, 21, T3, one6, run_elu),
    U("Elu", 22, 0, T4, one6, run_elu),
    U("Selu", 1, 5, T3, selu1, run_selu),
    U("Selu", 6, 21, T3, selu6, run_selu),
    U("Selu", 22, 0, T4, selu6, run_selu),
    U("Celu", 12, 0, ONR_BIT(ONR_FLOAT), one6, run_celu),
    U("Sigmoid", 1, 5, T3, none1, run_sigmoid),
    U("Sigmoid", 6, 12, T3, none6, run_sigmoid),
    U("Sigmoid", 13, 0, T4, none6, run_sigmoid),
    U("HardSigmoid", 1, 5, T3, hard1, run_hard_sigmoid),
    U("HardSigmoid", 6, 21, T3, hard6, run_hard_sigmoid),
    U("HardSigmoid", 22, 0, T4, hard6, run_hard_sigmoid),
    U("HardSwish", 14, 21, T3, none6, run_hard_swish),
    U("HardSwish", 22, 0, T4, none6, run_hard_swish),
    U("Tanh", 1, 5, T3, none1, run_tanh),
    U("Tanh", 6, 12, T3, none6, run_tanh),
    U("Tanh", 13, 0, T4, none6, run_tanh),
    U("Softplus", 1, 21, T3, none6, run_softplus),
    U("Softplus", 22, 0, T4, none6, run_softplus),
    U("Softsign", 1, 21, T3, none6, run_softsign),
    U("Softsign", 22, 0, T4, none6, run_softsign),
    U("ThresholdedRelu", 10, 21, T3, one6, run_thresholded_relu),
    U("ThresholdedRelu", 22, 0, T4, one6, run_thresholded_relu),
    U("Mish", 18, 21, T3, none6, run_mish),
    U("Mish", 22, 0, T4, none6, run_mish),
    {ONR_AI("Gelu", 20, 0), ONR_ARITY(1, 1, 1, 1), .flags = FLAGS | ONR_OP_ELEMENTWISE, .inplace = 1, .types = T4,
     ONR_PARAMS(gelu20, act), .check = check_gelu, .infer = onr_infer_same, .run = run_gelu, .layout = onr_nd_layout_unary},
    U("Swish", 24, 0, T4, one6, run_swish),
    U("Shrink", 9, 0, ONR_T_NUMERIC3, shrink9, run_shrink),
};
ONR_OP_FAMILY(activation);
