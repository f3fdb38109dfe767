// pooling_variant.h: one row of pooled output on one ISA, for pooling.c and the tests.
// May assume: called only on a CPU that has the bits in `needs`. Never threads.
#ifndef ONR_KERNELS_POOLING_VARIANT_H
#define ONR_KERNELS_POOLING_VARIANT_H

#include "kernels/pool/pooling.h"

#include <stddef.h>

/// What a pooling does with the elements of a window.
typedef struct onr_pooling_rule {
    bool average;   ///< else the maximum
    bool count_pad; ///< of an average
} onr_pooling_rule;

typedef struct onr_pooling_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    /// Row oy of one image's block of channels: x is [h][w][block], y is [ow][block].
    void (*row)(const onr_pooling_shape *s, onr_pooling_rule rule, const float *x, int64_t oy, float *y);
    /// The same for one plain channel: x is [h][w], y is [ow].
    void (*plain_row)(const onr_pooling_shape *s, onr_pooling_rule rule, const float *x, int64_t oy, float *y);
    /// The mean of n rows of `block` elements: y[k] = sum of x[i * block + k] / n.
    void (*mean)(const float *x, int64_t n, int64_t block, float *y);
} onr_pooling_variant;

/// All variants, best first: variant i, or NULL past the end.
const onr_pooling_variant *onr_pooling_variant_at(size_t i);

#endif
