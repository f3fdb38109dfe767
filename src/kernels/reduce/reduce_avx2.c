// reduce_avx2.c: Reductions for AVX2 and FMA. Body: reduce_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_reduce_f32_avx2
#define VARIANT_NAME "reduce_f32_avx2"
#include "kernels/reduce/reduce_body.inc"
