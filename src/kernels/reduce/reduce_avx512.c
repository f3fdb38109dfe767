// reduce_avx512.c: Reductions for AVX-512. Body: reduce_body.inc.
// May assume: compiled for AVX-512 (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_reduce_f32_avx512
#define VARIANT_NAME "reduce_f32_avx512"
#include "kernels/reduce/reduce_body.inc"
