// binary_variant.h: the functions of two elements on one ISA, for binary.c and the tests.
// May assume: called only on a CPU that has the bits in `needs`. Never threads.
#ifndef ONR_KERNELS_BINARY_VARIANT_H
#define ONR_KERNELS_BINARY_VARIANT_H

#include "kernels/binary/binary.h"

#include <stddef.h>

/// `rows` rows of n results; row r reads a + r * a_row and b + r * b_row, and writes y + r * n.
typedef void onr_binary_fn(const float *a, int64_t a_row, const float *b, int64_t b_row, float *y, int64_t rows, int64_t n);

typedef struct onr_binary_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    struct {
        onr_binary_fn *both;    ///< a and b lie along memory
        onr_binary_fn *a_fixed; ///< one a per row
        onr_binary_fn *b_fixed; ///< one b per row
    } run[ONR_BINARY_COUNT];
} onr_binary_variant;

/// All variants, best first: variant i, or NULL past the end.
const onr_binary_variant *onr_binary_variant_at(size_t i);

#endif
