// rows.h: the element type sets and shorthands that the families' tables share.
// May assume: included after op.h by files of ops/ only.
#ifndef ONR_OPS_ROWS_H
#define ONR_OPS_ROWS_H

#include "ops/op.h"

/// float16, float, double: the floats before bfloat16 came (opset 13 for most operators).
#define ONR_T_FLOATS3 (ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_DOUBLE) | ONR_BIT(ONR_FLOAT16))
#define ONR_T_NUMERIC3 (ONR_T_FLOATS3 | ONR_T_INTS)
#define ONR_T_BOOL ONR_BIT(ONR_BOOL)
#define ONR_T_STRING ONR_BIT(ONR_STRING)
// "All tensor types" as the standard grew: ir4 (opset 13: with bfloat16), ir9 (19: float8), ir10 (21: 4-bit integers),
// ir11 (23: float4), ir12 (24: float8e8m0), ir13 (25: 2-bit integers).
#define ONR_T_ALL1 (ONR_T_NUMERIC3 | ONR_T_BOOL | ONR_T_STRING | ONR_T_COMPLEX)
#define ONR_T_ALL13 (ONR_T_ALL1 | ONR_BIT(ONR_BFLOAT16))
#define ONR_T_ALL19 (ONR_T_ALL13 | ONR_T_FLOAT8)
#define ONR_T_ALL21 (ONR_T_ALL19 | ONR_BIT(ONR_UINT4) | ONR_BIT(ONR_INT4))
#define ONR_T_ALL23 (ONR_T_ALL21 | ONR_BIT(ONR_FLOAT4E2M1))
#define ONR_T_ALL24 (ONR_T_ALL23 | ONR_BIT(ONR_FLOAT8E8M0))
#define ONR_T_ALL25 (ONR_T_ALL24 | ONR_BIT(ONR_UINT2) | ONR_BIT(ONR_INT2))

/// The name and opset range that open every row.
#define ONR_AI(op, from, to) .domain = "", .name = op, .since = from, .until = to
/// Numbers of inputs and outputs, both ends included; in_max -1 is any number.
#define ONR_ARITY(i0, i1, o0, o1) .in_min = i0, .in_max = i1, .out_min = o0, .out_max = o1
/// Attributes and the struct that they are decoded into.
#define ONR_PARAMS(table, type) .attrs = table, .params_size = sizeof(type)

#endif
