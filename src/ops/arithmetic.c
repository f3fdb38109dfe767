// arithmetic.c: Add, Sub, Mul, Div in all opset versions and for all numeric types.
// May assume: the driver widens float16 and bfloat16 to float around us (ONR_OP_WIDEN) and checked that both inputs have one
// type. Never traps: integers wrap around, and an integer divided by zero is 0.
#include "ops/binary.h"
#include "ops/known.h"
#include "ops/rows.h"
#include "ops/vector.h"

#define ADD(s, T, U, d, ...) ONR_BINARY_LOOP(add_##s, T, T, (U)u + (U)v)
#define SUB(s, T, U, d, ...) ONR_BINARY_LOOP(sub_##s, T, T, (U)u - (U)v)
#define MUL(s, T, U, d, ...) ONR_BINARY_LOOP(mul_##s, T, T, (U)u *(U)v)
#define DIV_S(s, T, U, d, ...) ONR_BINARY_LOOP(div_##s, T, T, v == 0 ? 0 : v == -1 ? (T)(0 - (U)u) : u / v)
#define DIV_U(s, T, U, d, ...) ONR_BINARY_LOOP(div_##s, T, T, v == 0 ? 0 : u / v)
#define DIV_F(s, T, U, d, ...) ONR_BINARY_LOOP(div_##s, T, T, u / v)
ONR_FOR_INTS(ADD, )
ONR_FOR_FLOATS(ADD, )
ONR_FOR_INTS(SUB, )
ONR_FOR_FLOATS(SUB, )
ONR_FOR_INTS(MUL, )
ONR_FOR_FLOATS(MUL, )
ONR_FOR_SIGNED(DIV_S, )
ONR_FOR_UNSIGNED(DIV_U, )
ONR_FOR_FLOATS(DIV_F, )

#define OPERATOR(name, op, kernel)                                                                                     \
    static const onr_nd_fn name##_fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, name) ONR_FOR_FLOATS(ONR_ENTRY, name)}; \
    static onr_status run_##name(const onr_run *r) {                                                                   \
        return onr_vector_binary(r, kernel, NULL) ? ONR_OK : onr_nd_binary(r, 1, name##_fns, NULL, NULL);              \
    }                                                                                                                  \
    static onr_status run_##name##_old(const onr_run *r) { return onr_nd_binary_old(r, 1, name##_fns, NULL); }         \
    static onr_status infer_##name(onr_infer *c) {                                                                     \
        ONR_TRY(onr_infer_elementwise(c));                                                                             \
        onr_known_binary(c, op);                                                                                       \
        return ONR_OK;                                                                                                 \
    }
OPERATOR(add, '+', ONR_BINARY_ADD)
OPERATOR(sub, '-', ONR_BINARY_SUB)
OPERATOR(mul, '*', ONR_BINARY_MUL)
OPERATOR(div, '/', ONR_BINARY_DIV)

static onr_status infer_old(onr_infer *c) { return onr_nd_infer_old(c, onr_infer_dtype(c, 0)); }

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES)
#define INTS6 (ONR_BIT(ONR_UINT32) | ONR_BIT(ONR_UINT64) | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64))
#define OLD(op, from, to, set, table, fn)                                                                                     \
    {                                                                                                                         \
        ONR_AI(op, from, to), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS, .inplace = 1, .types = set,                              \
                                                     ONR_PARAMS(table, onr_nd_old), .infer = infer_old, .run = run_##fn##_old \
    }
#define NEW(op, from, to, set, more, lay, fn)                                                                                  \
    {                                                                                                                          \
        ONR_AI(op, from, to), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS | (more), .inplace = 3, .types = set, .infer = infer_##fn, \
                                                     .run = run_##fn, .layout = lay                                            \
    }
#define VERSIONS(op, more, lay, fn)                                                                                  \
    OLD(op, 1, 5, ONR_T_FLOATS3, onr_nd_old_attrs, fn), OLD(op, 6, 6, ONR_T_FLOATS3 | INTS6, onr_nd_old_attrs6, fn), \
        NEW(op, 7, 12, ONR_T_FLOATS3 | INTS6, more, lay, fn), NEW(op, 13, 13, ONR_T_FLOATS | INTS6, more, lay, fn),  \
        NEW(op, 14, 0, ONR_T_NUMERIC, more, lay, fn)

static const onr_op rows[] = {
    VERSIONS("Add", ONR_OP_COMMUTES, onr_vector_layout_binary, add),
    VERSIONS("Sub", 0, onr_vector_layout_binary, sub),
    VERSIONS("Mul", ONR_OP_COMMUTES, onr_vector_layout_binary, mul),
    VERSIONS("Div", 0, onr_vector_layout_binary, div),
};
ONR_OP_FAMILY(arithmetic);
