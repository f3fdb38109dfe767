// softmax_avx2.c: Softmax for AVX2 and FMA. Body: softmax_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_softmax_f32_avx2
#define VARIANT_NAME "softmax_f32_avx2"
#include "kernels/softmax/softmax_body.inc"
