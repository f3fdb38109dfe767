// reorder_avx2.c: Plain channels to blocks and back for AVX2 and FMA. Body: reorder_body.inc.
// May assume: compiled for AVX2 and FMA (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_avx2.h"

#define VARIANT onr_reorder_f32_avx2
#define VARIANT_NAME "reorder_f32_avx2"
#include "kernels/reorder/reorder_body.inc"
