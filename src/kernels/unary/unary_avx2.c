// unary_avx2.c: Functions of one element for AVX2 and FMA. Body: unary_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_unary_f32_avx2
#define VARIANT_NAME "unary_f32_avx2"
#include "kernels/unary/unary_body.inc"
