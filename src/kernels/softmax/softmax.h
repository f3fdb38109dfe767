// softmax.h: fp32 softmax and its logarithm along one axis.
// May assume: sizes checked by the caller. Never fails, never overflows: the largest element is subtracted first.
#ifndef ONR_KERNELS_SOFTMAX_H
#define ONR_KERNELS_SOFTMAX_H

#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>

/// x and y are [outer][n][inner]; the softmax (or log softmax) runs along the middle axis. y may be x. A row that holds a NaN,
/// or only -infinity, gives NaN.
void onr_softmax_run(uint32_t features, bool log, const float *x, float *y, int64_t outer, int64_t n, int64_t inner,
                     onr_pool *pool);

#endif
