// logic.c: And, Or, Xor, Not on bool; BitwiseAnd, Or, Xor, Not and BitShift on integers; Where.
// May assume: bools are bytes, 0 or not. Never shifts by more than the width of the type (the result is 0 there).
#include "ops/binary.h"
#include "ops/known.h"
#include "ops/rows.h"

#include <string.h>

// ---- bool
// ------------------------------------------------------------------------------------------------------------------------------

ONR_BINARY_LOOP(and_bool, uint8_t, uint8_t, u != 0 && v != 0)
ONR_BINARY_LOOP(or_bool, uint8_t, uint8_t, u != 0 || v != 0)
ONR_BINARY_LOOP(xor_bool, uint8_t, uint8_t, (u != 0) != (v != 0))

#define BOOLEAN(name)                                                                                      \
    static const onr_nd_fn name##_fns[ONR_N_DTYPES] = {[ONR_BOOL] = name##_bool};                          \
    static onr_status run_##name(const onr_run *r) { return onr_nd_binary(r, 1, name##_fns, NULL, NULL); } \
    static onr_status run_##name##_old(const onr_run *r) { return onr_nd_binary_old(r, 1, name##_fns, NULL); }
BOOLEAN(and)
BOOLEAN(or)
BOOLEAN(xor)

static void not_bool(const void *ctx, int64_t n, char *const p[], const int64_t step[]) {
    (void)ctx, (void)step;
    for (int64_t i = 0; i < n; i++) p[0][i] = !p[1][i];
}

static onr_status run_not(const onr_run *r) {
    static const onr_nd_fn fns[ONR_N_DTYPES] = {[ONR_BOOL] = not_bool};
    return onr_nd_unary(r, 1, fns, NULL);
}

// ---- bits
// ------------------------------------------------------------------------------------------------------------------------------

#define BIT_AND(s, T, U, d, ...) ONR_BINARY_LOOP(bit_and_##s, T, T, (U)u &(U)v)
#define BIT_OR(s, T, U, d, ...) ONR_BINARY_LOOP(bit_or_##s, T, T, (U)u | (U)v)
#define BIT_XOR(s, T, U, d, ...) ONR_BINARY_LOOP(bit_xor_##s, T, T, (U)u ^ (U)v)
#define SHIFT_LEFT(s, T, U, d, ...) ONR_BINARY_LOOP(shift_left_##s, T, T, v >= 8 * sizeof(T) ? 0 : (U)u << v)
#define SHIFT_RIGHT(s, T, U, d, ...) ONR_BINARY_LOOP(shift_right_##s, T, T, v >= 8 * sizeof(T) ? 0 : (U)u >> v)
ONR_FOR_INTS(BIT_AND, )
ONR_FOR_INTS(BIT_OR, )
ONR_FOR_INTS(BIT_XOR, )
ONR_FOR_UNSIGNED(SHIFT_LEFT, )
ONR_FOR_UNSIGNED(SHIFT_RIGHT, )

#define BITWISE(name)                                                                  \
    static const onr_nd_fn name##_fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, name)}; \
    static onr_status run_##name(const onr_run *r) { return onr_nd_binary(r, 1, name##_fns, NULL, NULL); }
BITWISE(bit_and)
BITWISE(bit_or)
BITWISE(bit_xor)

#define BIT_NOT(s, T, U, d, ...)                                                                 \
    static void bit_not_##s(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { \
        (void)ctx, (void)step;                                                                   \
        for (int64_t i = 0; i < n; i++) ((T *)p[0])[i] = (T) ~(U)((const T *)p[1])[i];           \
    }
ONR_FOR_INTS(BIT_NOT, )

static onr_status run_bit_not(const onr_run *r) {
    static const onr_nd_fn fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, bit_not)};
    return onr_nd_unary(r, 1, fns, NULL);
}

typedef struct shift_params {
    onr_string direction;
    bool left;
} shift_params;

static onr_status check_shift(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    shift_params *p = params;
    (void)n, (void)arena;
    p->left = p->direction.n == 4 && !memcmp(p->direction.s, "LEFT", 4);
    if (p->left || (p->direction.n == 5 && !memcmp(p->direction.s, "RIGHT", 5))) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "direction is '%.*s', not LEFT or RIGHT", (int)p->direction.n, p->direction.s);
}

static onr_status run_shift(const onr_run *r) {
    static const onr_nd_fn left[ONR_N_DTYPES] = {ONR_FOR_UNSIGNED(ONR_ENTRY, shift_left)};
    static const onr_nd_fn right[ONR_N_DTYPES] = {ONR_FOR_UNSIGNED(ONR_ENTRY, shift_right)};
    return onr_nd_binary(r, 1, ((const shift_params *)r->params)->left ? left : right, NULL, NULL);
}

// ---- Where
// -----------------------------------------------------------------------------------------------------------------------------

static onr_status infer_where(onr_infer *c) {
    onr_dtype x = onr_infer_dtype(c, 1), y = onr_infer_dtype(c, 2);
    onr_dtypes allowed = c->node->op->since >= 16 ? ONR_T_ALL13 : ONR_T_ALL1;
    if (x != ONR_UNDEFINED && y != ONR_UNDEFINED && x != y)
        return onr_infer_bad(c, "X has type %s, Y has %s", onr_dtype_name(x), onr_dtype_name(y));
    if (x != ONR_UNDEFINED && !onr_dtype_in(x, allowed)) return onr_infer_bad(c, "element type %s", onr_dtype_name(x));
    ONR_TRY(onr_infer_elementwise(c));
    if (c->n_out > 0) c->out[0].dtype = x != ONR_UNDEFINED ? x : y;
    const onr_known *k[3] = {onr_infer_ints(c, 0), onr_known_in(c, 1), onr_known_in(c, 2)};
    int64_t n = 1;
    for (int i = 0; i < 3; i++) {
        if (!k[i] || (k[i]->n != 1 && n != 1 && k[i]->n != n)) return ONR_OK;
        if (k[i]->n != 1) n = k[i]->n;
    }
    onr_known *out = onr_infer_new_known(c, n);
    for (int64_t i = 0; out && i < n; i++) {
        const onr_known *from = k[k[0]->v[k[0]->n == 1 ? 0 : i] ? 1 : 2];
        out->v[i] = from->v[from->n == 1 ? 0 : i];
    }
    onr_known_set(c, 0, out);
    return ONR_OK;
}

// The three inputs' steps in elements: 0 where one is repeated.
#define WHERE_LOOP(name, T)                                                               \
    static void name(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { \
        const uint8_t *c = (const uint8_t *)p[1];                                         \
        const T *x = (const T *)(const void *)p[2], *y = (const T *)(const void *)p[3];   \
        T *out = (T *)(void *)p[0];                                                       \
        const int64_t sx = step[2] ? 1 : 0, sy = step[3] ? 1 : 0;                         \
        (void)ctx;                                                                        \
        if (!step[1]) {                                                                   \
            const T *from = *c ? x : y;                                                   \
            const int64_t s = *c ? sx : sy;                                               \
            for (int64_t i = 0; i < n; i++) out[i] = from[i * s];                         \
        } else if (sx && sy) {                                                            \
            for (int64_t i = 0; i < n; i++) out[i] = c[i] ? x[i] : y[i];                  \
        } else {                                                                          \
            for (int64_t i = 0; i < n; i++) out[i] = c[i] ? x[i * sx] : y[i * sy];        \
        }                                                                                 \
    }
typedef struct wide {
    uint64_t a, b;
} wide;
WHERE_LOOP(where_1, uint8_t)
WHERE_LOOP(where_2, uint16_t)
WHERE_LOOP(where_4, uint32_t)
WHERE_LOOP(where_8, uint64_t)
WHERE_LOOP(where_16, wide) // complex128, and strings: pointer and length

static onr_status run_where(const onr_run *r) {
    const onr_tensor *c = onr_run_in(r, 0), *x = onr_run_in(r, 1), *y = onr_run_in(r, 2);
    onr_shape shape = onr_run_out(r, 0)->shape;
    size_t e = onr_dtype_size(x->dtype);
    onr_nd_fn fn = e == 1 ? where_1 : e == 2 ? where_2 : e == 4 ? where_4 : e == 8 ? where_8 : where_16;
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &shape, &dst));
    onr_nd_walk w;
    onr_nd_walk_init(&w, &shape, 4, (const onr_shape *[]){NULL, &c->shape, &x->shape, &y->shape}, (size_t[]){e, 1, e, e});
    onr_nd_walk_run(&w, r->pool, (void *[]){dst, c->data, x->data, y->data}, 1, fn, NULL);
    return onr_nd_end(r, 0, x->dtype, &shape, dst, ONR_OK);
}

// ---- rows
// ----------------------------------------------------------------------------------------------------------------------------

static onr_status infer_old(onr_infer *c) { return onr_nd_infer_old(c, ONR_BOOL); }

static const onr_attr_spec shift11[] = {
    {.name = "direction", .kind = ONR_ATTR_STRING, .offset = offsetof(shift_params, direction), .required = true},
    ONR_ATTR_ARRAY_END};

#define FLAGS (ONR_OP_PURE | ONR_OP_SAME_TYPES)
#define BOOLS(op, fn)                                                                                                 \
    {ONR_AI(op, 1, 6),   ONR_ARITY(2, 2, 1, 1), .flags = FLAGS,                                                       \
     .inplace = 1,       .types = ONR_T_BOOL,   ONR_PARAMS(onr_nd_old_attrs6, onr_nd_old),                            \
     .infer = infer_old, .run = run_##fn##_old},                                                                      \
    {                                                                                                                 \
        ONR_AI(op, 7, 0), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS | ONR_OP_COMMUTES, .inplace = 3, .types = ONR_T_BOOL, \
                                                 .infer = onr_infer_compare, .run = run_##fn                          \
    }
#define BITS(op, fn)                                                                                                   \
    {                                                                                                                  \
        ONR_AI(op, 18, 0), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS | ONR_OP_COMMUTES, .inplace = 3, .types = ONR_T_INTS, \
                                                  .infer = onr_infer_elementwise, .run = run_##fn                      \
    }
#define WHERE(from, to)                                                                                                    \
    {                                                                                                                      \
        ONR_AI("Where", from, to), ONR_ARITY(3, 3, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_BOOL, .infer = infer_where, \
                                                          .run = run_where                                                 \
    }

static const onr_op rows[] = {
    BOOLS("And", and),
    BOOLS("Or", or),
    BOOLS("Xor", xor),
    {ONR_AI("Not", 1, 0), ONR_ARITY(1, 1, 1, 1), .flags = FLAGS, .inplace = 1, .types = ONR_T_BOOL, .infer = onr_infer_same,
     .run = run_not},
    BITS("BitwiseAnd", bit_and),
    BITS("BitwiseOr", bit_or),
    BITS("BitwiseXor", bit_xor),
    {ONR_AI("BitwiseNot", 18, 0), ONR_ARITY(1, 1, 1, 1), .flags = FLAGS, .inplace = 1, .types = ONR_T_INTS,
     .infer = onr_infer_same, .run = run_bit_not},
    {ONR_AI("BitShift", 11, 0), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS, .inplace = 1, .types = ONR_T_UNSIGNED,
     ONR_PARAMS(shift11, shift_params), .check = check_shift, .infer = onr_infer_elementwise, .run = run_shift},
    WHERE(9, 15),
    WHERE(16, 0),
};
ONR_OP_FAMILY(logic);
