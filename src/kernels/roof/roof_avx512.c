// roof_avx512.c: the machine's limits on AVX-512. Body: roof_body.inc.
// May assume: compiled for AVX-512 (suffix). Never writes.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_roof_f32_avx512
#define VARIANT_NAME "roof_f32_avx512"
#include "kernels/roof/roof_body.inc"
