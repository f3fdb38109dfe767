// softmax_avx512.c: Softmax for AVX-512. Body: softmax_body.inc.
// May assume: compiled for AVX-512 (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_softmax_f32_avx512
#define VARIANT_NAME "softmax_f32_avx512"
#include "kernels/softmax/softmax_body.inc"
