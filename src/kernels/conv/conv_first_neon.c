// conv_first_neon.c: the first convolution on NEON: up to 6 pixels x 16 channels.
// May assume: NEON. Never allocates; see conv_first_body.h for the layouts.
#include "kernels/simd/f32_neon.h"

enum { MAX_Q = 6 };
#define FIRST_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define FIRST_CYCLES 3000

#include "kernels/conv/conv_first_body.h"

ONR_CONV_ROW(onr_conv_first_neon, "conv_first_6x16_neon", VF_NEEDS, VF_LANES, true, false, supports)
