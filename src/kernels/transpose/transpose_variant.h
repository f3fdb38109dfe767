// transpose_variant.h: transposition of a rectangle of 4-byte elements on one ISA, for transpose.c and the tests.
// May assume: called only on a CPU that has the bits in `needs`. Never threads, never computes with the elements.
#ifndef ONR_KERNELS_TRANSPOSE_VARIANT_H
#define ONR_KERNELS_TRANSPOSE_VARIANT_H

#include "kernels/transpose/transpose.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct onr_transpose_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    /// y[c * y_row + r] = x[r * x_row + c] for r < rows, c < cols. far: neither x nor y is in a cache: x is fetched
    /// ahead, and y goes past the caches where it lies so that it can.
    void (*rectangle)(const float *x, int64_t x_row, float *y, int64_t y_row, int64_t rows, int64_t cols, bool far);
} onr_transpose_variant;

/// All variants, best first: variant i, or NULL past the end.
const onr_transpose_variant *onr_transpose_variant_at(size_t i);

#endif
