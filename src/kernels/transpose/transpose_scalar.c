// transpose_scalar.c: Transposition of 4-byte elements for any CPU. Body: transpose_body.inc.
// May assume: compiled for any CPU (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_scalar.h"

#define VARIANT onr_transpose_32_scalar
#define VARIANT_NAME "transpose_32_scalar"
#include "kernels/transpose/transpose_body.inc"
