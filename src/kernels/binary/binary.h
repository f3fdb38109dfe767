// binary.h: fp32 functions of two elements with broadcasting: y[i] = op(a[i * a_stride], b[i * b_stride]) over any shape.
// May assume: sizes checked by the caller. Never fails.
#ifndef ONR_KERNELS_BINARY_H
#define ONR_KERNELS_BINARY_H

#include "base/pool.h"

#include <stdint.h>

enum { ONR_BINARY_MAX_RANK = 64 };

typedef enum onr_binary_op {
    ONR_BINARY_ADD,
    ONR_BINARY_SUB,
    ONR_BINARY_MUL,
    ONR_BINARY_DIV,
    ONR_BINARY_MIN, ///< a NaN on either side wins
    ONR_BINARY_MAX, ///< a NaN on either side wins
    ONR_BINARY_POW,
    ONR_BINARY_PRELU, ///< a < 0 ? a * b : a
    ONR_BINARY_SQUARED_DIFFERENCE,
    ONR_BINARY_COUNT
} onr_binary_op;

/// y (contiguous, of `shape`) = op(a, b). Strides are in elements, one per dimension; 0 repeats the operand along it.
/// y may be a or b when that operand is contiguous and not repeated. Any dimension may be 0.
void onr_binary_run(uint32_t features, onr_binary_op op, int rank, const int64_t *shape, const float *a,
                    const int64_t *a_strides, const float *b, const int64_t *b_strides, float *y, onr_pool *pool);

#endif
