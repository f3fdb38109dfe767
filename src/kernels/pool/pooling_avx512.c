// pooling_avx512.c: Pooling for AVX-512. Body: pooling_body.inc.
// May assume: compiled for AVX-512 (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_pooling_f32_avx512
#define VARIANT_NAME "pooling_f32_avx512"
#include "kernels/pool/pooling_body.inc"
