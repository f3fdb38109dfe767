// winograd_f1x4_avx512.c: F(1x4, 3x3) on NCHW16c for one small map, weights transformed while running.
// May assume: AVX-512. Never allocates; see f1x4_body.h for the layouts.
#include "kernels/simd/f32_avx512.h"

#include "kernels/conv/conv_row.h"

#include "kernels/winograd/points_f4_body.h"

#include "kernels/winograd/f1x4_body.h"

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    return onr_wino_row_cost(s, VF_LANES);
}

ONR_CONV_ROW(onr_winograd_f1x4_avx512, "winograd_f1x4_avx512", VF_NEEDS, VF_LANES, false, false, supports)
