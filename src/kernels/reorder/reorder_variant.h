// reorder_variant.h: transposition of one block of channels on one ISA, for reorder.c and the tests.
// May assume: called only on a CPU that has the bits in `needs`, with a block that is a multiple of `lanes`. Never threads.
#ifndef ONR_KERNELS_REORDER_VARIANT_H
#define ONR_KERNELS_REORDER_VARIANT_H

#include "kernels/reorder/reorder.h"

#include <stddef.h>

typedef struct onr_reorder_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    int32_t lanes;
    /// y[p * block + k] = x[k * hw + p] for begin <= p < end and k < channels, zero for channels <= k < block.
    void (*to_blocked)(const float *x, int64_t hw, int64_t begin, int64_t end, int64_t channels, int64_t block, float *y);
    /// y[k * hw + p] = x[p * block + k] for begin <= p < end and k < channels.
    void (*to_plain)(const float *x, int64_t hw, int64_t begin, int64_t end, int64_t channels, int64_t block, float *y);
} onr_reorder_variant;

/// All variants, best first: variant i, or NULL past the end.
const onr_reorder_variant *onr_reorder_variant_at(size_t i);

#endif
