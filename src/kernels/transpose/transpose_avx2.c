// transpose_avx2.c: Transposition of 4-byte elements for AVX2 and FMA. Body: transpose_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_transpose_32_avx2
#define VARIANT_NAME "transpose_32_avx2"
#include "kernels/transpose/transpose_body.inc"
