// transpose_avx512.c: Transposition of 4-byte elements for AVX-512. Body: transpose_body.inc.
// May assume: compiled for AVX-512 (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_transpose_32_avx512
#define VARIANT_NAME "transpose_32_avx512"
#include "kernels/transpose/transpose_body.inc"
