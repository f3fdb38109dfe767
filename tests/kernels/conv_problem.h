// conv_problem.h: one convolution with its data, and the buffers of a variant's run of it; for the check and the benchmark.
// May assume: check_start was called; everything is freed by check_release.
// Never knows what a result should be.
#ifndef ONR_TESTS_KERNELS_CONV_PROBLEM_H
#define ONR_TESTS_KERNELS_CONV_PROBLEM_H

#include "kernels/conv/conv.h"

typedef struct conv_problem {
    onr_conv_shape s;
    const float *x, *w, *bias, *residual; ///< plain; blocked copies are made per variant. No residual: NULL
    const float *scale;                   ///< of the output channels, or NULL
    double *want, *squares;               ///< of the bare convolution, see ref_conv.h
} conv_problem;

/// Random x, w and bias for p->s; a scale for some numbers of output channels; with `residual` that too.
void conv_problem_fill(conv_problem *p, bool residual);
/// The number of blocks of b channels that hold c.
int64_t conv_blocks(int64_t c, int64_t b);
/// Floating-point operations of the direct sum, a multiplication and an addition counted as two.
double conv_flops(const onr_conv_shape *s);
/// True when the level under test can run the variant.
bool conv_wanted(const onr_conv_variant *v);
/// Packed weights, blocked copies, output and scratch for v on the blocks of `s` (else p->s); clamp open, pool of one.
onr_conv_args conv_args(const onr_conv_variant *v, const conv_problem *p, const onr_conv_shape *s);

#endif
