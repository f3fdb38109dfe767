// binary_avx2.c: Functions of two elements for AVX2 and FMA. Body: binary_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_binary_f32_avx2
#define VARIANT_NAME "binary_f32_avx2"
#include "kernels/binary/binary_body.inc"
