// unary.h: fp32 functions of one element, over arrays that lie along memory.
// May assume: nothing about alignment. Never fails; NaN in gives NaN out, except where ONNX says otherwise.
#ifndef ONR_KERNELS_UNARY_H
#define ONR_KERNELS_UNARY_H

#include "base/pool.h"

#include <stdint.h>

/// The function; `a` and `b` are the two parameters of onr_unary_run. Names and formulas are those of the ONNX operators.
typedef enum onr_unary_op {
    ONR_UNARY_ABS,
    ONR_UNARY_NEG,
    ONR_UNARY_SIGN,
    ONR_UNARY_FLOOR,
    ONR_UNARY_CEIL,
    ONR_UNARY_ROUND, ///< half to even
    ONR_UNARY_RECIPROCAL,
    ONR_UNARY_SQRT,
    ONR_UNARY_SQUARE,
    ONR_UNARY_EXP,
    ONR_UNARY_LOG,
    ONR_UNARY_SIN,
    ONR_UNARY_COS,
    ONR_UNARY_TAN,
    ONR_UNARY_ASIN,
    ONR_UNARY_ACOS,
    ONR_UNARY_ATAN,
    ONR_UNARY_SINH,
    ONR_UNARY_COSH,
    ONR_UNARY_TANH,
    ONR_UNARY_ASINH,
    ONR_UNARY_ACOSH,
    ONR_UNARY_ATANH,
    ONR_UNARY_ERF,
    ONR_UNARY_RELU,
    ONR_UNARY_LEAKY_RELU,       ///< x < 0 ? a * x : x
    ONR_UNARY_THRESHOLDED_RELU, ///< x > a ? x : 0
    ONR_UNARY_ELU,              ///< x < 0 ? a * (e^x - 1) : x
    ONR_UNARY_CELU,             ///< max(0, x) + min(0, a * (e^(x/a) - 1))
    ONR_UNARY_SELU,             ///< b * (x > 0 ? x : a * e^x - a)
    ONR_UNARY_SIGMOID,
    ONR_UNARY_HARD_SIGMOID, ///< max(0, min(1, a * x + b))
    ONR_UNARY_HARD_SWISH,   ///< x * max(0, min(1, x / 6 + 0.5))
    ONR_UNARY_SWISH,        ///< x * sigmoid(a * x); a = 1 is SiLU
    ONR_UNARY_SOFTPLUS,     ///< log(1 + e^x), without overflow
    ONR_UNARY_SOFTSIGN,     ///< x / (1 + |x|)
    ONR_UNARY_MISH,         ///< x * tanh(softplus(x))
    ONR_UNARY_GELU,         ///< x / 2 * (1 + erf(x / sqrt(2)))
    ONR_UNARY_GELU_TANH,    ///< the tanh approximation of Gelu's attribute
    ONR_UNARY_CLIP,         ///< min(max(x, a), b); b wins when a > b
    ONR_UNARY_SHRINK,       ///< x < -a ? x + b : x > a ? x - b : 0
    ONR_UNARY_AFFINE,       ///< a * x + b
    ONR_UNARY_COUNT
} onr_unary_op;

/// y[i] = op(x[i]) for i < n. y may be x; else they may not overlap. features: ONR_CPU_* bits of the session's target.
void onr_unary_run(uint32_t features, onr_unary_op op, float a, float b, const float *x, float *y, int64_t n, onr_pool *pool);

#endif
