// cast.c: Cast, CastLike and BitCast between every pair of element types, all opset versions.
// May assume: 2- and 4-bit elements take a byte each at run time (dtype.h).
// Never has undefined behaviour: what the standard leaves open is truncated toward zero and wraps around, as NumPy does it on
// x86.
#include "ops/cast.h"
#include "ops/known.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include "base/half.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

typedef struct cast_params {
    int64_t to, saturate;
    onr_string to_name, round_mode;
    onr_e8m0_round round;
} cast_params;

// ---- numbers: a block of one type to an intermediate that holds it exactly, and from there to the other type
// -------------------

enum { BLOCK = 256 };
typedef enum rep { REP_I, REP_U, REP_F, REP_D } rep;
typedef union block {
    int64_t i[BLOCK];
    uint64_t u[BLOCK];
    float f[BLOCK];
    double d[BLOCK];
} block;

#define LOAD(T, field, rep_)                                           \
    for (int64_t k = 0; k < n; k++) b->field[k] = ((const T *)src)[k]; \
    return rep_
#define LOAD_F(T, EXPR)                  \
    for (int64_t k = 0; k < n; k++) {    \
        const T x = ((const T *)src)[k]; \
        b->f[k] = EXPR;                  \
    }                                    \
    return REP_F

static rep load(onr_dtype t, const void *src, int64_t n, block *b) {
    switch (t) {
    case ONR_FLOAT: LOAD(float, f, REP_F);
    case ONR_DOUBLE: LOAD(double, d, REP_D);
    case ONR_UINT8: LOAD(uint8_t, i, REP_I);
    case ONR_INT8: LOAD(int8_t, i, REP_I);
    case ONR_UINT16: LOAD(uint16_t, i, REP_I);
    case ONR_INT16: LOAD(int16_t, i, REP_I);
    case ONR_UINT32: LOAD(uint32_t, i, REP_I);
    case ONR_INT32: LOAD(int32_t, i, REP_I);
    case ONR_INT64: LOAD(int64_t, i, REP_I);
    case ONR_UINT64: LOAD(uint64_t, u, REP_U);
    case ONR_BOOL:
        for (int64_t k = 0; k < n; k++) b->i[k] = ((const uint8_t *)src)[k] != 0;
        return REP_I;
    case ONR_INT4:
    case ONR_INT2: LOAD(int8_t, i, REP_I);
    case ONR_UINT4:
    case ONR_UINT2: LOAD(uint8_t, i, REP_I);
    case ONR_FLOAT16: LOAD_F(uint16_t, onr_f16_to_f32(x));
    case ONR_BFLOAT16: LOAD_F(uint16_t, onr_bf16_to_f32(x));
    case ONR_FLOAT8E4M3FN: LOAD_F(uint8_t, onr_f8_to_f32(x, ONR_F8_E4M3FN));
    case ONR_FLOAT8E4M3FNUZ: LOAD_F(uint8_t, onr_f8_to_f32(x, ONR_F8_E4M3FNUZ));
    case ONR_FLOAT8E5M2: LOAD_F(uint8_t, onr_f8_to_f32(x, ONR_F8_E5M2));
    case ONR_FLOAT8E5M2FNUZ: LOAD_F(uint8_t, onr_f8_to_f32(x, ONR_F8_E5M2FNUZ));
    case ONR_FLOAT8E8M0: LOAD_F(uint8_t, onr_e8m0_to_f32(x));
    case ONR_FLOAT4E2M1: LOAD_F(uint8_t, onr_e2m1_to_f32(x & 15));
    default: memset(b, 0, sizeof *b); return REP_I;
    }
}

/// Toward zero, kept within int64; NaN is 0.
static inline int64_t to_i64(double x) {
    if (x != x) return 0;
    if (x >= 9223372036854775808.0) return INT64_MAX;
    if (x < -9223372036854775808.0) return INT64_MIN;
    return (int64_t)x;
}
static inline uint64_t to_u64(double x) {
    if (x >= 18446744073709551616.0) return UINT64_MAX;
    return x >= 9223372036854775808.0 ? (uint64_t)x : (uint64_t)to_i64(x);
}

/// The block as integers: what does not fit is cut off by whoever stores.
static void as_ints(rep r, block *b, int64_t n, bool wide) {
    if (r == REP_F)
        for (int64_t k = n - 1; k >= 0; k--)
            b->u[k] = wide ? to_u64(b->f[k]) : (uint64_t)to_i64(b->f[k]); // backwards: twice the size
    if (r == REP_D)
        for (int64_t k = 0; k < n; k++) b->u[k] = wide ? to_u64(b->d[k]) : (uint64_t)to_i64(b->d[k]);
}
static void as_f32(rep r, block *b, int64_t n) {
    for (int64_t k = 0; r == REP_I && k < n; k++) b->f[k] = (float)b->i[k];
    for (int64_t k = 0; r == REP_U && k < n; k++) b->f[k] = (float)b->u[k];
    for (int64_t k = 0; r == REP_D && k < n; k++) b->f[k] = (float)b->d[k];
}
static void as_f64(rep r, block *b, int64_t n) {
    for (int64_t k = 0; r == REP_I && k < n; k++) b->d[k] = (double)b->i[k];
    for (int64_t k = 0; r == REP_U && k < n; k++) b->d[k] = (double)b->u[k];
    for (int64_t k = n - 1; r == REP_F && k >= 0; k--) b->d[k] = b->f[k];
}

static void store_bool(rep r, const block *b, int64_t n, uint8_t *dst) {
    for (int64_t k = 0; k < n; k++) dst[k] = r == REP_F ? b->f[k] != 0 : r == REP_D ? b->d[k] != 0 : b->u[k] != 0;
}

#define STORE_I(T)                                              \
    as_ints(r, b, n, sizeof(T) == 8);                           \
    for (int64_t k = 0; k < n; k++) ((T *)dst)[k] = (T)b->u[k]; \
    break
#define STORE_BITS(T, EXPR)                 \
    as_ints(r, b, n, false);                \
    for (int64_t k = 0; k < n; k++) {       \
        const uint8_t x = (uint8_t)b->u[k]; \
        ((T *)dst)[k] = (T)(EXPR);          \
    }                                       \
    break
#define STORE_F(T, EXPR)              \
    as_f32(r, b, n);                  \
    for (int64_t k = 0; k < n; k++) { \
        const float x = b->f[k];      \
        ((T *)dst)[k] = EXPR;         \
    }                                 \
    break

/// The low bits of x as a signed number.
static inline int8_t low_signed(uint8_t x, int bits) {
    uint8_t v = (uint8_t)(x << (8 - bits));
    return (int8_t)((int8_t)v >> (8 - bits));
}

static void store(onr_dtype t, rep r, block *b, int64_t n, void *dst, bool saturate, onr_e8m0_round round) {
    switch (t) {
    case ONR_FLOAT: STORE_F(float, x);
    case ONR_DOUBLE:
        as_f64(r, b, n);
        memcpy(dst, b->d, (size_t)n * sizeof(double));
        break;
    case ONR_UINT8: STORE_I(uint8_t);
    case ONR_INT8: STORE_I(int8_t);
    case ONR_UINT16: STORE_I(uint16_t);
    case ONR_INT16: STORE_I(int16_t);
    case ONR_UINT32: STORE_I(uint32_t);
    case ONR_INT32: STORE_I(int32_t);
    case ONR_UINT64: STORE_I(uint64_t);
    case ONR_INT64:
        as_ints(r, b, n, false);
        memcpy(dst, b->i, (size_t)n * sizeof(int64_t));
        break;
    case ONR_BOOL: store_bool(r, b, n, dst); break;
    case ONR_INT4: STORE_BITS(int8_t, low_signed(x, 4));
    case ONR_INT2: STORE_BITS(int8_t, low_signed(x, 2));
    case ONR_UINT4: STORE_BITS(uint8_t, x & 15);
    case ONR_UINT2: STORE_BITS(uint8_t, x & 3);
    case ONR_FLOAT16:
        as_f64(r, b, n);
        for (int64_t k = 0; k < n; k++) ((uint16_t *)dst)[k] = onr_f64_to_f16(b->d[k]);
        break;
    case ONR_BFLOAT16: STORE_F(uint16_t, onr_f32_to_bf16(x));
    case ONR_FLOAT8E4M3FN: STORE_F(uint8_t, onr_f32_to_f8(x, ONR_F8_E4M3FN, saturate));
    case ONR_FLOAT8E4M3FNUZ: STORE_F(uint8_t, onr_f32_to_f8(x, ONR_F8_E4M3FNUZ, saturate));
    case ONR_FLOAT8E5M2: STORE_F(uint8_t, onr_f32_to_f8(x, ONR_F8_E5M2, saturate));
    case ONR_FLOAT8E5M2FNUZ: STORE_F(uint8_t, onr_f32_to_f8(x, ONR_F8_E5M2FNUZ, saturate));
    case ONR_FLOAT8E8M0: STORE_F(uint8_t, onr_f32_to_e8m0(x, round, saturate));
    case ONR_FLOAT4E2M1: STORE_F(uint8_t, onr_f32_to_e2m1(x));
    default: break;
    }
}

typedef struct cast_job {
    onr_dtype from, to;
    const char *src;
    char *dst;
    bool saturate;
    onr_e8m0_round round;
} cast_job;

static void cast_task(void *ctx, size_t begin, size_t end) {
    const cast_job *j = ctx;
    size_t es = onr_dtype_size(j->from), ed = onr_dtype_size(j->to);
    block b;
    for (size_t i = begin; i < end; i += BLOCK) {
        int64_t n = (int64_t)(end - i < BLOCK ? end - i : BLOCK);
        if (j->from == ONR_FLOAT && j->to == ONR_FLOAT16) { // needs no intermediate
            for (int64_t k = 0; k < n; k++)
                ((uint16_t *)j->dst)[i + (size_t)k] = onr_f32_to_f16(((const float *)j->src)[i + (size_t)k]);
            continue;
        }
        rep r = load(j->from, j->src + i * es, n, &b);
        store(j->to, r, &b, n, j->dst + i * ed, j->saturate, j->round);
    }
}

void onr_cast_numbers(onr_dtype from, const void *src, onr_dtype to, void *dst, int64_t n, bool saturate, onr_e8m0_round round,
                      onr_pool *pool) {
    cast_job j = {.from = from, .to = to, .src = src, .dst = dst, .saturate = saturate, .round = round};
    if (from == to) {
        if (n > 0) memmove(dst, src, (size_t)n * onr_dtype_size(from));
        return;
    }
    onr_pool_for(pool, (size_t)n, 16384, cast_task, &j);
}

// ---- the operators
// -------------------------------------------------------------------------------------------------------------------

static onr_dtype target_of(const onr_node *n, const void *params, onr_dtype like) {
    return n->op->in_max == 2 ? like : (onr_dtype)((const cast_params *)params)->to;
}

static onr_status check_round(cast_params *p, onr_err *err) {
    static const char *const names[] = {[ONR_E8M0_UP] = "up", [ONR_E8M0_DOWN] = "down", [ONR_E8M0_NEAREST] = "nearest"};
    if (!p->round_mode.n) return ONR_OK;
    for (int i = 0; i < 3; i++)
        if (p->round_mode.n == strlen(names[i]) && !memcmp(p->round_mode.s, names[i], p->round_mode.n))
            return p->round = (onr_e8m0_round)i, ONR_OK;
    return onr_fail(err, ONR_INVALID, "round_mode is '%.*s', not up, down or nearest", (int)p->round_mode.n, p->round_mode.s);
}

static onr_status check_cast(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    cast_params *p = params;
    (void)arena;
    if (p->to_name.s) { // opset 1 writes the type as a word: FLOAT, INT64
        char word[16] = "";
        for (size_t i = 0; i < p->to_name.n && i + 1 < sizeof word; i++)
            word[i] = (char)tolower((unsigned char)p->to_name.s[i]);
        p->to = onr_dtype_parse(word);
    }
    if (p->to < 1 || p->to >= ONR_N_DTYPES || !onr_dtype_in((onr_dtype)p->to, n->op->types))
        return onr_fail(err, ONR_INVALID, "%s to element type %lld in opset %d", n->op_type, (long long)p->to, n->opset);
    return check_round(p, err);
}

static onr_status check_cast_like(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    (void)n, (void)arena;
    return check_round(params, err);
}

static onr_status infer_cast(onr_infer *c) {
    onr_dtype to = target_of(c->node, c->params, onr_infer_dtype(c, 1));
    if (c->n_in == 2 && to != ONR_UNDEFINED && !onr_dtype_in(to, c->node->op->types))
        return onr_infer_bad(c, "target type %s", onr_dtype_name(to));
    onr_infer_set(c, 0, to, onr_infer_shape(c, 0));
    if (to == ONR_INT64) onr_known_pass(c, 0, 0);
    if (to == ONR_INT32) {
        const onr_known *k = onr_known_in(c, 0);
        bool fits = k != NULL;
        for (int64_t i = 0; fits && i < k->n; i++)
            fits = onr_dim_symbolic(k->v[i]) || (k->v[i] >= INT32_MIN && k->v[i] <= INT32_MAX);
        if (fits) onr_known_set(c, 0, k);
    }
    return ONR_OK;
}

static onr_status run_cast(const onr_run *r) {
    const cast_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_dtype to = target_of(r->node, p, r->n_in == 2 && r->in[1] ? onr_run_in(r, 1)->dtype : ONR_UNDEFINED);
    if (to == ONR_STRING) {
        onr_datum d;
        ONR_TRY(onr_cast_to_strings(x, &d, r->err));
        onr_run_give(r, 0, &d);
        return ONR_OK;
    }
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, to, &x->shape, &dst));
    if (x->dtype == ONR_STRING) return onr_cast_from_strings(x, to, dst, p->saturate != 0, p->round, r->err);
    onr_cast_numbers(x->dtype, x->data, to, dst, onr_tensor_numel(x), p->saturate != 0, p->round, r->pool);
    return ONR_OK;
}

// ---- BitCast
// ---------------------------------------------------------------------------------------------------------------------------

static onr_status infer_bit_cast(onr_infer *c) {
    onr_dtype from = onr_infer_dtype(c, 0), to = (onr_dtype)((const cast_params *)c->params)->to;
    if (from != ONR_UNDEFINED && onr_dtype_bits(from) != onr_dtype_bits(to))
        return onr_infer_bad(c, "%s and %s have different widths", onr_dtype_name(from), onr_dtype_name(to));
    onr_infer_set(c, 0, to, onr_infer_shape(c, 0));
    return ONR_OK;
}

static onr_status run_bit_cast(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = onr_tensor_numel(x);
    int bits = onr_dtype_bits(y->dtype);
    const uint8_t *from = x->data;
    if (bits >= 8) {
        if (n && x->data != y->data) memcpy(y->data, x->data, (size_t)n * onr_dtype_size(x->dtype));
        return ONR_OK;
    }
    bool is_signed = onr_dtype_is_signed(y->dtype); // elements below a byte are kept sign-extended or not
    for (int64_t i = 0; i < n; i++)
        ((uint8_t *)y->data)[i] = is_signed ? (uint8_t)low_signed(from[i], bits) : (uint8_t)(from[i] & ((1 << bits) - 1));
    return ONR_OK;
}

void onr_cast_doubles(onr_dtype to, double *from, void *dst, int64_t n, onr_pool *pool) {
    if (onr_dtype_is_integer(to)) {
        const bool is_signed = onr_dtype_is_signed(to);
        const int bits = onr_dtype_bits(to) - is_signed;
        const double end = ldexp(1, bits), hi = bits >= 53 ? nextafter(end, 0) : end - 1, lo = is_signed ? -end : 0;
        for (int64_t i = 0; i < n; i++) from[i] = from[i] >= hi ? hi : from[i] <= lo ? lo : from[i] != from[i] ? 0 : from[i];
    }
    onr_cast_numbers(ONR_DOUBLE, from, to, dst, n, true, ONR_E8M0_UP, pool);
}

// ---- rows
// ----------------------------------------------------------------------------------------------------------------------------

#define A_TO \
    { .name = "to", .kind = ONR_ATTR_INT, .offset = offsetof(cast_params, to), .required = true }
#define A_SATURATE ONR_A_INT(cast_params, saturate, 1)
#define A_ROUND ONR_A_STRING(cast_params, round_mode, "up")
static const onr_attr_spec to1[] = {
    {.name = "to", .kind = ONR_ATTR_STRING, .offset = offsetof(cast_params, to_name), .required = true}, ONR_ATTR_ARRAY_END};
static const onr_attr_spec to6[] = {A_TO, ONR_ATTR_ARRAY_END};
static const onr_attr_spec to19[] = {A_TO, A_SATURATE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec to24[] = {A_TO, A_SATURATE, A_ROUND, ONR_ATTR_ARRAY_END};
static const onr_attr_spec like15[] = {ONR_ATTR_ARRAY_END};
static const onr_attr_spec like19[] = {A_SATURATE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec like24[] = {A_SATURATE, A_ROUND, ONR_ATTR_ARRAY_END};

// No complex numbers: Cast has none in any version.
#define NO_COMPLEX(set) ((set) & ~(uint32_t)ONR_T_COMPLEX)
#define CAST(from, to, set, table)                                                                            \
    {                                                                                                         \
        ONR_AI("Cast", from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = NO_COMPLEX(set),      \
                                                         ONR_PARAMS(table, cast_params), .check = check_cast, \
                                                         .infer = infer_cast, .run = run_cast                 \
    }
#define LIKE(from, to, set, table)                                                                                     \
    {                                                                                                                  \
        ONR_AI("CastLike", from, to), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE, .types = NO_COMPLEX(set),           \
                                                             ONR_PARAMS(table, cast_params), .check = check_cast_like, \
                                                             .infer = infer_cast, .run = run_cast                      \
    }

static const onr_op rows[] = {
    CAST(1, 5, ONR_T_ALL1 & ~(uint32_t)ONR_T_STRING, to1),
    CAST(6, 8, ONR_T_ALL1 & ~(uint32_t)ONR_T_STRING, to6),
    CAST(9, 12, ONR_T_ALL1, to6),
    CAST(13, 18, ONR_T_ALL13, to6),
    CAST(19, 20, ONR_T_ALL19, to19),
    CAST(21, 22, ONR_T_ALL21, to19),
    CAST(23, 23, ONR_T_ALL23, to19),
    CAST(24, 24, ONR_T_ALL24, to24),
    CAST(25, 0, ONR_T_ALL25, to24),
    LIKE(15, 18, ONR_T_ALL13, like15),
    LIKE(19, 20, ONR_T_ALL19, like19),
    LIKE(21, 22, ONR_T_ALL21, like19),
    LIKE(23, 23, ONR_T_ALL23, like19),
    LIKE(24, 24, ONR_T_ALL24, like24),
    LIKE(25, 0, ONR_T_ALL25, like24),
    {ONR_AI("BitCast", 26, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_ALL25 & ~(uint32_t)ONR_T_STRING,
     ONR_PARAMS(to6, cast_params), .check = check_cast, .infer = infer_bit_cast, .run = run_bit_cast},
};
ONR_OP_FAMILY(cast);
