// softmax_variant.h: softmax of rows and of columns on one ISA, for softmax.c and the tests.
// May assume: called only on a CPU that has the bits in `needs`. Never threads.
#ifndef ONR_KERNELS_SOFTMAX_VARIANT_H
#define ONR_KERNELS_SOFTMAX_VARIANT_H

#include "kernels/softmax/softmax.h"

#include <stddef.h>

typedef struct onr_softmax_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    int32_t strip;  ///< columns that are worked on together
    /// One row of n elements along memory. y may be x.
    void (*row)(bool log, const float *x, float *y, int64_t n);
    /// `width` (<= strip) columns of n elements, `step` apart. y may be x.
    void (*columns)(bool log, const float *x, float *y, int64_t n, int64_t step, int64_t width);
} onr_softmax_variant;

/// All variants, best first: variant i, or NULL past the end.
const onr_softmax_variant *onr_softmax_variant_at(size_t i);

#endif
