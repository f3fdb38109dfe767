// norm_avx512.c: Normalizations for AVX-512. Body: norm_body.inc.
// May assume: compiled for AVX-512 (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_norm_f32_avx512
#define VARIANT_NAME "norm_f32_avx512"
#include "kernels/norm/norm_body.inc"
