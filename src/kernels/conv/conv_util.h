// conv_util.h: small arithmetic that all convolution kernels share.
// May assume: valid shapes. Never touches activations or weights.
#ifndef ONR_KERNELS_CONV_UTIL_H
#define ONR_KERNELS_CONV_UTIL_H

#include "base/mathx.h"
#include "kernels/conv/conv.h"

/// The output positions [*lo, *hi) whose tap `k` falls inside an input of `size`: out * stride - pad + k * dil in [0, size).
static inline void onr_conv_tap_range(int64_t size, int64_t out, int32_t stride, int32_t pad, int32_t k, int32_t dil,
                                      int64_t *lo, int64_t *hi) {
    int64_t offset = (int64_t)k * dil - pad;
    int64_t first = offset < 0 ? onr_ceil_div(-offset, stride) : 0;
    int64_t end = size > offset ? onr_ceil_div(size - offset, stride) : 0;
    *lo = onr_min_i64(first, out);
    *hi = onr_max_i64(*lo, onr_min_i64(end, out));
}

/// What the parts of a loop that packs weights share.
typedef struct onr_conv_packing {
    const onr_conv_shape *s;
    const onr_conv_weights *w;
    float *packed;
} onr_conv_packing;

/// Floating-point operations of the convolution, a multiplication and an addition counted as two.
static inline double onr_conv_flops(const onr_conv_shape *s) {
    return 2.0 * (double)s->n * (double)s->c_out * (double)s->oh * (double)s->ow * (double)(s->c_in / s->groups) * s->kh *
           s->kw;
}

#endif
