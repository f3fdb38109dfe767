// transpose_neon.c: Transposition of 4-byte elements for NEON. Body: transpose_body.inc.
// May assume: compiled for NEON (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_transpose_32_neon
#define VARIANT_NAME "transpose_32_neon"
#include "kernels/transpose/transpose_body.inc"
