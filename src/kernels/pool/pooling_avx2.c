// pooling_avx2.c: Pooling for AVX2 and FMA. Body: pooling_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_pooling_f32_avx2
#define VARIANT_NAME "pooling_f32_avx2"
#include "kernels/pool/pooling_body.inc"
