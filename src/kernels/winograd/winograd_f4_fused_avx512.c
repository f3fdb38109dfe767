// winograd_f4_fused_avx512.c: F(4x4, 3x3) on NCHW16c for few tiles, weights transformed while running.
// May assume: AVX-512. Never allocates; see fused_body.h for the layouts.
#include "kernels/simd/f32_avx512.h"

#include "kernels/conv/conv_row.h"

#include "kernels/winograd/points_f4_body.h"

enum { MOST_TILES = 4 };
// Half of a 1 MB second-level cache: the rest is for the weights that stream by and the accumulators.
enum { BLOCK_FLOATS = 120 * 1024 };
#define FUSED_SHAPES(X) \
    X(0, 1) X(0, 2) X(0, 3) X(0, 4) X(1, 0) X(1, 1) X(1, 2) X(1, 3) X(2, 0) X(2, 1) X(2, 2) X(3, 0) X(3, 1) X(4, 0)

#include "kernels/winograd/fused_body.h"

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    return onr_wino_cost(s, &style, WINO_FUSED);
}

ONR_CONV_ROW(onr_winograd_f4_fused_avx512, "winograd_f4_fused_avx512", VF_NEEDS, VF_LANES, false, false, supports)
