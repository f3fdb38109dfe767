// softmax_neon.c: Softmax for NEON. Body: softmax_body.inc.
// May assume: compiled for NEON (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_softmax_f32_neon
#define VARIANT_NAME "softmax_f32_neon"
#include "kernels/softmax/softmax_body.inc"
