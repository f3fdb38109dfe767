// conv_first_avx512.c: the first convolution on AVX-512: up to 14 pixels x 32 channels.
// May assume: AVX-512. Never allocates; see conv_first_body.h for the layouts.
#include "kernels/simd/f32_avx512.h"

enum { MAX_Q = 14 };
#define FIRST_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define FIRST_CYCLES 3450

#include "kernels/conv/conv_first_body.h"

ONR_CONV_ROW(onr_conv_first_avx512, "conv_first_14x32_avx512", VF_NEEDS, VF_LANES, true, false, supports)
