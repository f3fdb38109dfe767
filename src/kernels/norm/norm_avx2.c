// norm_avx2.c: Normalizations for AVX2 and FMA. Body: norm_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_norm_f32_avx2
#define VARIANT_NAME "norm_f32_avx2"
#include "kernels/norm/norm_body.inc"
