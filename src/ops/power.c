// power.c: Pow and Mod, all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around us. Pow's exponent may have another type than its base.
// Never traps: integer powers wrap around, and a remainder by zero is 0.
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/rows.h"
#include "ops/vector.h"

#include <math.h>

// ---- Mod
// -------------------------------------------------------------------------------------------------------------------------

typedef struct mod_params {
    int64_t fmod;
} mod_params;

// Remainder with the divisor's sign (Python's %), and with the dividend's (C's %).
#define MOD_S(s, T, U, d, ...)                                                                                       \
    ONR_BINARY_LOOP(mod_##s, T, T, v == 0 || v == -1 ? 0 : u % v == 0 || (u % v < 0) == (v < 0) ? u % v : u % v + v) \
    ONR_BINARY_LOOP(fmod_##s, T, T, v == 0 || v == -1 ? 0 : u % v)
#define MOD_U(s, T, U, d, ...)                         \
    ONR_BINARY_LOOP(mod_##s, T, T, v == 0 ? 0 : u % v) \
    ONR_BINARY_LOOP(fmod_##s, T, T, v == 0 ? 0 : u % v)
ONR_FOR_SIGNED(MOD_S, )
ONR_FOR_UNSIGNED(MOD_U, )
ONR_BINARY_LOOP(fmod_f32, float, float, fmodf(u, v))
ONR_BINARY_LOOP(fmod_f64, double, double, fmod(u, v))

static onr_status infer_mod(onr_infer *c) {
    const mod_params *p = c->params;
    if (!p->fmod && onr_dtype_is_float(onr_infer_dtype(c, 0))) return onr_infer_bad(c, "floats need fmod = 1");
    return onr_infer_elementwise(c);
}

static onr_status run_mod(const onr_run *r) {
    static const onr_nd_fn python[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, mod)};
    static const onr_nd_fn c[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, fmod) ONR_FOR_FLOATS(ONR_ENTRY, fmod)};
    return onr_nd_binary(r, 5, ((const mod_params *)r->params)->fmod ? c : python, NULL, NULL);
}

// ---- Pow
// -------------------------------------------------------------------------------------------------------------------------

/// base^e for e >= 0 by squaring, modulo 2^64.
static uint64_t power(uint64_t base, uint64_t e) {
    uint64_t y = 1;
    for (; e; e >>= 1, base *= base)
        if (e & 1) y *= base;
    return y;
}

static int64_t int_power(int64_t base, int64_t e) {
    if (e >= 0) return (int64_t)power((uint64_t)base, (uint64_t)e);
    return base == 1 ? 1 : base == -1 ? (e & 1 ? -1 : 1) : 0; // 1 / base^-e, toward zero
}

static inline float pow_f(float x, float e) { return e == 2 ? x * x : powf(x, e); }
static inline double pow_d(double x, double e) { return e == 2 ? x * x : pow(x, e); }
ONR_BINARY_LOOP(pow_f32, float, float, pow_f(u, v))
ONR_BINARY_LOOP(pow_f64, double, double, pow_d(u, v))

// Where base and exponent differ in type: the base's loop reads the exponent, converted to int64 or double, 8 bytes an element.
#define POW_LOOP(name, T, E, EXPR)                                                          \
    static void name(const void *ctx, int64_t n, char *const p[], const int64_t step[]) {   \
        const int64_t sb = step[1] / (int64_t)sizeof(T), se = step[2] / (int64_t)sizeof(E); \
        (void)ctx;                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                   \
            const T b = ((const T *)p[1])[i * sb];                                          \
            const E e = ((const E *)(const void *)p[2])[i * se];                            \
            ((T *)p[0])[i] = (T)(EXPR);                                                     \
        }                                                                                   \
    }
/// A power as an integer: out of range is wrapped as by Cast.
static int64_t real_power(double b, double e) {
    double y = pow(b, e);
    int64_t i;
    onr_cast_numbers(ONR_DOUBLE, &y, ONR_INT64, &i, 1, true, ONR_E8M0_UP, NULL);
    return i;
}
POW_LOOP(pow_f32_i, float, int64_t, pow((double)b, (double)e))
POW_LOOP(pow_f64_i, double, int64_t, pow_d(b, (double)e))
POW_LOOP(pow_i32_i, int32_t, int64_t, int_power(b, e))
POW_LOOP(pow_i64_i, int64_t, int64_t, int_power(b, e))
POW_LOOP(pow_f32_d, float, double, pow((double)b, e))
POW_LOOP(pow_f64_d, double, double, pow_d(b, e))
POW_LOOP(pow_i32_d, int32_t, double, real_power(b, e))
POW_LOOP(pow_i64_d, int64_t, double, real_power((double)b, e))

static onr_status run_pow_mixed(const onr_run *r) {
    static const onr_nd_fn to_int[ONR_N_DTYPES] = {
        [ONR_FLOAT] = pow_f32_i, [ONR_DOUBLE] = pow_f64_i, [ONR_INT32] = pow_i32_i, [ONR_INT64] = pow_i64_i};
    static const onr_nd_fn to_real[ONR_N_DTYPES] = {
        [ONR_FLOAT] = pow_f32_d, [ONR_DOUBLE] = pow_f64_d, [ONR_INT32] = pow_i32_d, [ONR_INT64] = pow_i64_d};
    const onr_tensor *b = onr_run_in(r, 0), *e = onr_run_in(r, 1);
    onr_tensor *y = onr_run_out(r, 0);
    bool real = onr_dtype_is_float(e->dtype);
    onr_datum wide;
    ONR_TRY(onr_datum_new(real ? ONR_DOUBLE : ONR_INT64, &e->shape, &wide, r->err));
    onr_cast_numbers(e->dtype, e->data, wide.t.dtype, wide.t.data, onr_tensor_numel(e), true, ONR_E8M0_UP, r->pool);
    size_t size = onr_dtype_size(b->dtype);
    onr_nd_walk w;
    onr_nd_walk_init(&w, &y->shape, 3, (const onr_shape *[]){NULL, &b->shape, &e->shape}, (size_t[]){size, size, 8});
    onr_nd_walk_run(&w, r->pool, (void *[]){y->data, b->data, wide.t.data}, 20, (real ? to_real : to_int)[b->dtype], NULL);
    onr_datum_release(&wide);
    return ONR_OK;
}

static const onr_nd_fn pow_fns[ONR_N_DTYPES] = {[ONR_FLOAT] = pow_f32, [ONR_DOUBLE] = pow_f64};

/// The square that layer normalizations are written with: a product instead of a power.
static bool is_square(const onr_run *r) {
    const onr_tensor *e = onr_run_in(r, 1);
    return onr_tensor_numel(e) == 1 && e->shape.rank <= onr_run_in(r, 0)->shape.rank && e->dtype == ONR_FLOAT &&
           *(const float *)e->data == 2;
}

static onr_status run_pow(const onr_run *r) {
    onr_dtype b = onr_run_in(r, 0)->dtype;
    if (is_square(r) && onr_vector_unary(r, ONR_UNARY_SQUARE, 0, 0)) return ONR_OK;
    if (onr_vector_binary(r, ONR_BINARY_POW, NULL)) return ONR_OK;
    if (b == onr_run_in(r, 1)->dtype && onr_dtype_is_float(b)) return onr_nd_binary(r, 20, pow_fns, NULL, NULL);
    return run_pow_mixed(r);
}

static onr_status run_pow_old(const onr_run *r) { return onr_nd_binary_old(r, 20, pow_fns, NULL); }
static onr_status infer_pow_old(onr_infer *c) { return onr_nd_infer_old(c, onr_infer_dtype(c, 0)); }

static onr_status infer_pow(onr_infer *c) {
    onr_dtype e = onr_infer_dtype(c, 1);
    onr_dtypes allowed = c->node->op->since >= 15 ? ONR_T_NUMERIC : ONR_T_NUMERIC3;
    if (e != ONR_UNDEFINED && !onr_dtype_in(e, allowed)) return onr_infer_bad(c, "exponent of type %s", onr_dtype_name(e));
    return onr_infer_elementwise(c);
}

// ---- rows
// ------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec mod10[] = {ONR_A_INT(mod_params, fmod, 0), ONR_ATTR_ARRAY_END};

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN)
#define BASES (ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64))
#define POW(from, to, set, more)                                                                             \
    {                                                                                                        \
        ONR_AI("Pow", from, to), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS | (more), .inplace = 1, .types = set, \
                                                        .infer = infer_pow, .run = run_pow                   \
    }
#define MOD(from, to, set)                                                                                                \
    {                                                                                                                     \
        ONR_AI("Mod", from, to), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS | ONR_OP_SAME_TYPES, .inplace = 1, .types = set,   \
                                                        ONR_PARAMS(mod10, mod_params), .infer = infer_mod, .run = run_mod \
    }

static const onr_op rows[] = {
    {ONR_AI("Pow", 1, 6), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS | ONR_OP_SAME_TYPES, .types = ONR_T_FLOATS3,
     ONR_PARAMS(onr_nd_old_attrs6, onr_nd_old), .infer = infer_pow_old, .run = run_pow_old},
    POW(7, 11, ONR_T_FLOATS3, ONR_OP_SAME_TYPES),
    POW(12, 12, ONR_T_FLOATS3 | BASES, 0),
    POW(13, 14, ONR_T_FLOATS | BASES, 0),
    POW(15, 0, ONR_T_FLOATS | BASES, 0),
    MOD(10, 12, ONR_T_NUMERIC3),
    MOD(13, 0, ONR_T_NUMERIC),
};
ONR_OP_FAMILY(power);
