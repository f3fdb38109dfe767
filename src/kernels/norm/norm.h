// norm.h: fp32 normalizations: of rows (layer, RMS), of groups of channels (group, instance), and scale and shift per channel.
// May assume: sizes checked by the caller. Never fails. Mean and variance are found in two passes, so large means do not
// cancel.
#ifndef ONR_KERNELS_NORM_H
#define ONR_KERNELS_NORM_H

#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>

/// LayerNormalization and RMSNormalization of `rows` rows of n elements.
typedef struct onr_norm_rows {
    int64_t rows, n;
    const float *scale, *bias; ///< n values each, or NULL for ones and zeros
    float epsilon;
    bool rms;              ///< true: divide by the root of the mean square, the mean is not subtracted
    float *mean, *inv_std; ///< one value per row, or NULL; mean is not written with `rms`
} onr_norm_rows;

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, row by row. y may be x.
void onr_norm_rows_run(uint32_t features, const onr_norm_rows *s, const float *x, float *y, onr_pool *pool);

/// GroupNormalization; InstanceNormalization with groups = c. x is [n][c][hw]; scale and bias hold c values each, or are NULL.
/// y may be x. c is a multiple of groups.
void onr_norm_groups_run(uint32_t features, int64_t n, int64_t c, int64_t hw, int64_t groups, const float *scale,
                         const float *bias, float epsilon, const float *x, float *y, onr_pool *pool);

/// BatchNormalization as inference needs it: y = x * scale[channel] + shift[channel]. x is [n][c][hw] for block 1, else
/// [n][ceil(c / block)][hw][block], where lanes beyond c become zero. y may be x.
void onr_norm_channels_run(uint32_t features, int64_t n, int64_t c, int64_t hw, int64_t block, const float *scale,
                           const float *shift, const float *x, float *y, onr_pool *pool);

#endif
