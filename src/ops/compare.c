// compare.c: Equal, Greater, Less, GreaterOrEqual, LessOrEqual in all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around us (exact), and checked that both inputs have one type.
// Never calls anything equal to NaN.
#include "ops/binary.h"
#include "ops/known.h"
#include "ops/rows.h"

#include <string.h>

#define EQUAL(s, T, U, d, ...) ONR_BINARY_LOOP(equal_##s, T, uint8_t, u == v)
#define GREATER(s, T, U, d, ...) ONR_BINARY_LOOP(greater_##s, T, uint8_t, u > v)
#define LESS(s, T, U, d, ...) ONR_BINARY_LOOP(less_##s, T, uint8_t, u < v)
#define GREATER_EQUAL(s, T, U, d, ...) ONR_BINARY_LOOP(greater_equal_##s, T, uint8_t, u >= v)
#define LESS_EQUAL(s, T, U, d, ...) ONR_BINARY_LOOP(less_equal_##s, T, uint8_t, u <= v)
#define FOR_ALL(X) ONR_FOR_INTS(X, ) ONR_FOR_FLOATS(X, )
FOR_ALL(EQUAL)
FOR_ALL(GREATER)
FOR_ALL(LESS)
FOR_ALL(GREATER_EQUAL)
FOR_ALL(LESS_EQUAL)
ONR_BINARY_LOOP(equal_bool, uint8_t, uint8_t, (u != 0) == (v != 0))
ONR_BINARY_LOOP(equal_string, onr_string, uint8_t, u.n == v.n && (u.n == 0 || memcmp(u.s, v.s, u.n) == 0))

#define TABLE(name) \
    { ONR_FOR_INTS(ONR_ENTRY, name) ONR_FOR_FLOATS(ONR_ENTRY, name) }
static const onr_nd_fn equal_fns[ONR_N_DTYPES] = {
    ONR_FOR_INTS(ONR_ENTRY, equal) ONR_FOR_FLOATS(ONR_ENTRY, equal)[ONR_BOOL] = equal_bool, [ONR_STRING] = equal_string};
static const onr_nd_fn greater_fns[ONR_N_DTYPES] = TABLE(greater);
static const onr_nd_fn less_fns[ONR_N_DTYPES] = TABLE(less);
static const onr_nd_fn greater_equal_fns[ONR_N_DTYPES] = TABLE(greater_equal);
static const onr_nd_fn less_equal_fns[ONR_N_DTYPES] = TABLE(less_equal);

#define OPERATOR(name) \
    static onr_status run_##name(const onr_run *r) { return onr_nd_binary(r, 1, name##_fns, NULL, NULL); }
#define OPERATOR_OLD(name) \
    OPERATOR(name)         \
    static onr_status run_##name##_old(const onr_run *r) { return onr_nd_binary_old(r, 1, name##_fns, NULL); }
OPERATOR_OLD(equal)
OPERATOR_OLD(greater)
OPERATOR_OLD(less)
OPERATOR(greater_equal)
OPERATOR(less_equal)

static onr_status infer_old(onr_infer *c) { return onr_nd_infer_old(c, ONR_BOOL); }

/// Equal's answer where both lists are known: exporters compare shapes with -1. A size is never negative.
static onr_status infer_equal(onr_infer *c) {
    ONR_TRY(onr_infer_compare(c));
    const onr_known *a = onr_known_in(c, 0), *b = onr_known_in(c, 1);
    if (!a || !b || (a->n != b->n && a->n != 1 && b->n != 1)) return ONR_OK;
    onr_known *k = onr_infer_new_known(c, a->n == 1 ? b->n : a->n);
    if (!k) return ONR_OK;
    for (int64_t i = 0; i < k->n; i++) {
        int64_t x = a->v[a->n == 1 ? 0 : i], y = b->v[b->n == 1 ? 0 : i];
        bool open = x != y && (onr_dim_symbolic(x) ? y >= 0 || onr_dim_symbolic(y) : onr_dim_symbolic(y) && x >= 0);
        if (open) return ONR_OK;
        k->v[i] = x == y;
    }
    onr_known_set(c, 0, k);
    return ONR_OK;
}

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES)
#define OLD(op, set, fn)                                                                                                  \
    {                                                                                                                     \
        ONR_AI(op, 1, 6), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS, .types = set, ONR_PARAMS(onr_nd_old_attrs6, onr_nd_old), \
                                                 .infer = infer_old, .run = run_##fn##_old                                \
    }
#define NEW(op, from, to, set, inf, fn) \
    { ONR_AI(op, from, to), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS, .types = set, .infer = inf, .run = run_##fn }
#define EQUAL1 (ONR_T_BOOL | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64))

static const onr_op rows[] = {
    OLD("Equal", EQUAL1, equal),
    NEW("Equal", 7, 10, EQUAL1, infer_equal, equal),
    NEW("Equal", 11, 12, ONR_T_NUMERIC3 | ONR_T_BOOL, infer_equal, equal),
    NEW("Equal", 13, 18, ONR_T_NUMERIC | ONR_T_BOOL, infer_equal, equal),
    NEW("Equal", 19, 0, ONR_T_NUMERIC | ONR_T_BOOL | ONR_T_STRING, infer_equal, equal),
    OLD("Greater", ONR_T_FLOATS3, greater),
    NEW("Greater", 7, 8, ONR_T_FLOATS3, onr_infer_compare, greater),
    NEW("Greater", 9, 12, ONR_T_NUMERIC3, onr_infer_compare, greater),
    NEW("Greater", 13, 0, ONR_T_NUMERIC, onr_infer_compare, greater),
    OLD("Less", ONR_T_FLOATS3, less),
    NEW("Less", 7, 8, ONR_T_FLOATS3, onr_infer_compare, less),
    NEW("Less", 9, 12, ONR_T_NUMERIC3, onr_infer_compare, less),
    NEW("Less", 13, 0, ONR_T_NUMERIC, onr_infer_compare, less),
    NEW("GreaterOrEqual", 12, 15, ONR_T_NUMERIC3, onr_infer_compare, greater_equal),
    NEW("GreaterOrEqual", 16, 0, ONR_T_NUMERIC, onr_infer_compare, greater_equal),
    NEW("LessOrEqual", 12, 15, ONR_T_NUMERIC3, onr_infer_compare, less_equal),
    NEW("LessOrEqual", 16, 0, ONR_T_NUMERIC, onr_infer_compare, less_equal),
};
ONR_OP_FAMILY(compare);
