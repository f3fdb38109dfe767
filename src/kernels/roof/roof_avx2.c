// roof_avx2.c: the machine's limits on AVX2 with FMA. Body: roof_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never writes.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_roof_f32_avx2
#define VARIANT_NAME "roof_f32_avx2"
#include "kernels/roof/roof_body.inc"
