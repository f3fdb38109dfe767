// conv_reference.h: the plain convolution: any rank, groups, strides, dilations and pads; the yardstick of the fast kernels.
#ifndef ONR_OPS_CONV_REFERENCE_H
#define ONR_OPS_CONV_REFERENCE_H

#include "ops/window.h"

typedef struct onr_conv_reference_args {
    const onr_tensor *x, *w;                ///< float or double, plain layout: [N][C][spatial], [M][C/groups][kernel]
    const onr_tensor *b, *residual, *scale; ///< or NULL: [M], like y, [M]
    const onr_window *win;
    int64_t groups;
    float lo, hi; ///< clamp; NaN passes
    onr_tensor *y;
    onr_pool *pool;
} onr_conv_reference_args;

/// y = clamp(conv(x, w) * scale + b + residual). Sums in double, rounded once.
void onr_conv_reference(const onr_conv_reference_args *a);

#endif
