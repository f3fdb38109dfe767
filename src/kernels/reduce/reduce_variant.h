// reduce_variant.h: reductions of rows and of columns on one ISA, for reduce.c and the tests.
// May assume: called only on a CPU that has the bits in `needs`. Never threads.
#ifndef ONR_KERNELS_REDUCE_VARIANT_H
#define ONR_KERNELS_REDUCE_VARIANT_H

#include "kernels/reduce/reduce.h"

#include <stddef.h>

/// What is combined; the rest (mean, root, logarithm) is done to the result.
typedef enum onr_reduce_kind {
    ONR_REDUCE_KIND_SUM,
    ONR_REDUCE_KIND_ABS,    ///< sum of |x|
    ONR_REDUCE_KIND_SQUARE, ///< sum of x * x
    ONR_REDUCE_KIND_PROD,
    ONR_REDUCE_KIND_MAX,
    ONR_REDUCE_KIND_MIN,
    ONR_REDUCE_KIND_COUNT
} onr_reduce_kind;

typedef struct onr_reduce_variant {
    const char *name;
    uint32_t needs;  ///< ONR_CPU_* bits, all required
    int32_t columns; ///< width that `columns` handles best: one strip
    /// The combination of n elements along memory.
    float (*row[ONR_REDUCE_KIND_COUNT])(const float *x, int64_t n);
    /// y[j] = the combination of x[i * step + j] over i < n, for j < width; with `more`, y[j] takes part.
    void (*column[ONR_REDUCE_KIND_COUNT])(const float *x, int64_t n, int64_t step, int64_t width, bool more, float *y);
} onr_reduce_variant;

/// All variants, best first: variant i, or NULL past the end.
const onr_reduce_variant *onr_reduce_variant_at(size_t i);

#endif
