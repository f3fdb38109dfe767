// unary_variant.h: the functions of one element on one ISA, for unary.c and the tests.
// May assume: called only on a CPU that has the bits in `needs`. Never threads.
#ifndef ONR_KERNELS_UNARY_VARIANT_H
#define ONR_KERNELS_UNARY_VARIANT_H

#include "kernels/unary/unary.h"

#include <stddef.h>

typedef struct onr_unary_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    void (*run[ONR_UNARY_COUNT])(float a, float b, const float *x, float *y, int64_t n);
} onr_unary_variant;

/// All variants, best first: variant i, or NULL past the end.
const onr_unary_variant *onr_unary_variant_at(size_t i);

#endif
