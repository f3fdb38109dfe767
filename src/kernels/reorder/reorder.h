// reorder.h: plain NCHW to blocked channels and back, for 32-bit elements.
// May assume: sizes were checked. Never fails.
#ifndef ONR_KERNELS_REORDER_H
#define ONR_KERNELS_REORDER_H

#include "base/pool.h"

#include <stdint.h>

/// x [n][c][hw] to y [n][ceil(c / block)][hw][block]; channels beyond c are written as zero. block is 8 or 16; features:
/// ONR_CPU_* bits.
void onr_reorder_to_blocked(uint32_t features, const float *x, int64_t n, int64_t c, int64_t hw, int64_t block, float *y,
                            onr_pool *pool);
/// The inverse.
void onr_reorder_to_plain(uint32_t features, const float *x, int64_t n, int64_t c, int64_t hw, int64_t block, float *y,
                          onr_pool *pool);

#endif
