// reorder_avx512.c: Plain channels to blocks and back for AVX-512. Body: reorder_body.inc.
// May assume: compiled for AVX-512 (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx512.h"

#define VARIANT onr_reorder_f32_avx512
#define VARIANT_NAME "reorder_f32_avx512"
#include "kernels/reorder/reorder_body.inc"
