// unary_avx512.c: Functions of one element for AVX-512. Body: unary_body.inc.
// May assume: compiled for AVX-512 (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_unary_f32_avx512
#define VARIANT_NAME "unary_f32_avx512"
#include "kernels/unary/unary_body.inc"
