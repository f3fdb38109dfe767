// binary_avx512.c: Functions of two elements for AVX-512. Body: binary_body.inc.
// May assume: compiled for AVX-512 (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_binary_f32_avx512
#define VARIANT_NAME "binary_f32_avx512"
#include "kernels/binary/binary_body.inc"
