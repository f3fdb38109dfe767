// ref_conv.h: convolution in double precision over plain NCHW, and how far a float kernel may be from it.
// May assume: a valid shape. Never fast.
#ifndef ONR_TESTS_KERNELS_REF_CONV_H
#define ONR_TESTS_KERNELS_REF_CONV_H

#include "kernels/conv/conv.h"

/// y[n][c_out][oh][ow] = sums of products; squares[...] = sums of the products' squares, for tolerances. Both caller's.
/// Only output channels that are a multiple of `step`, and the last one, are computed; the others become NaN.
void ref_conv(const onr_conv_shape *s, const float *x, const float *w, int64_t step, double *y, double *squares);

#endif
