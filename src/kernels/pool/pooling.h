// pooling.h: fp32 pooling in two dimensions, for plain NCHW and for blocked channels. (onr_pool is the pool of threads.)
// May assume: sizes checked by the caller; oh and ow are given, so rounding up (ceil_mode) is the caller's.
// Never fails. One-dimensional pooling is h = kh = 1.
#ifndef ONR_KERNELS_POOLING_H
#define ONR_KERNELS_POOLING_H

#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>

/// The geometry. Windows may hang over the input on every side; what is outside does not count, except where said.
typedef struct onr_pooling_shape {
    int64_t n, c, h, w, oh, ow;
    int32_t kh, kw, stride_h, stride_w, dil_h, dil_w;
    int32_t pad_top, pad_left, pad_bottom, pad_right; ///< bottom and right matter only when padding is counted
    int32_t block;                                    ///< 1: x is [n][c][h][w]; 8, 16: [n][ceil(c / block)][h][w][block]
} onr_pooling_shape;

/// MaxPool without indices. A NaN in a window may or may not win (as in most engines, and unlike numpy's maximum); a window
/// without any element gives -infinity.
void onr_pooling_max_run(uint32_t features, const onr_pooling_shape *s, const float *x, float *y, onr_pool *pool);

/// AveragePool. `count_pad`: padding counts as zeros in the divisor, but what lies beyond the padding (ceil_mode) does not.
void onr_pooling_average_run(uint32_t features, const onr_pooling_shape *s, bool count_pad, const float *x, float *y,
                             onr_pool *pool);

/// GlobalAveragePool: y is [n][c] for block 1, else [n][ceil(c / block)][block].
void onr_pooling_global_average_run(uint32_t features, int64_t n, int64_t c, int64_t hw, int32_t block, const float *x,
                                    float *y, onr_pool *pool);

#endif
