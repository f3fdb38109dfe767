// reduce.h: fp32 reductions over any set of axes of a contiguous tensor.
// May assume: sizes checked by the caller. Never fails. Sums run in many partial sums, so errors grow slowly.
#ifndef ONR_KERNELS_REDUCE_H
#define ONR_KERNELS_REDUCE_H

#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>

enum { ONR_REDUCE_MAX_RANK = 64 };

typedef enum onr_reduce_op {
    ONR_REDUCE_SUM,
    ONR_REDUCE_MEAN, ///< NaN over nothing
    ONR_REDUCE_MAX,  ///< -infinity over nothing; a NaN wins
    ONR_REDUCE_MIN,  ///< infinity over nothing; a NaN wins
    ONR_REDUCE_PROD, ///< 1 over nothing
    ONR_REDUCE_L1,   ///< sum of |x|
    ONR_REDUCE_L2,   ///< square root of the sum of squares
    ONR_REDUCE_SUM_SQUARE,
    ONR_REDUCE_LOG_SUM, ///< log of the sum
    ONR_REDUCE_COUNT
} onr_reduce_op;

/// y [outer][inner] = op over the middle of x [outer][n][inner].
void onr_reduce_run(uint32_t features, onr_reduce_op op, const float *x, int64_t outer, int64_t n, int64_t inner, float *y,
                    onr_pool *pool);

/// The same over every axis d with reduced[d]; y holds the kept axes in order. All of `shape` may be reduced, or none.
void onr_reduce_axes(uint32_t features, onr_reduce_op op, int rank, const int64_t *shape, const bool *reduced, const float *x,
                     float *y, onr_pool *pool);

#endif
