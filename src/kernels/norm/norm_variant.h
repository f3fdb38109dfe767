// norm_variant.h: the loops of normalizations on one ISA, for norm.c and the tests.
// May assume: called only on a CPU that has the bits in `needs`. Never threads.
#ifndef ONR_KERNELS_NORM_VARIANT_H
#define ONR_KERNELS_NORM_VARIANT_H

#include "kernels/norm/norm.h"

#include <stddef.h>

typedef struct onr_norm_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    /// Sum of the n elements; and of the squares of their distance to `center`.
    double (*sum)(const float *x, int64_t n);
    double (*squares)(const float *x, float center, int64_t n);
    /// y[i] = (x[i] - center) * factor * scale[i] + bias[i]; scale and bias may be NULL. y may be x.
    void (*apply)(const float *x, float center, float factor, const float *scale, const float *bias, float *y, int64_t n);
    /// y[i] = (x[i] - center) * factor + shift. y may be x.
    void (*centered)(const float *x, float center, float factor, float shift, float *y, int64_t n);
    /// y[i] = x[i] * scale + shift. y may be x.
    void (*affine)(const float *x, float scale, float shift, float *y, int64_t n);
    /// y[i] = x[i] * scale[i % 16] + shift[i % 16]. y may be x.
    void (*affine_16)(const float *x, const float scale[16], const float shift[16], float *y, int64_t n);
} onr_norm_variant;

/// All variants, best first: variant i, or NULL past the end.
const onr_norm_variant *onr_norm_variant_at(size_t i);

#endif
