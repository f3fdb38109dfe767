// unary_neon.c: Functions of one element for NEON. Body: unary_body.inc.
// May assume: compiled for NEON (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_unary_f32_neon
#define VARIANT_NAME "unary_f32_neon"
#include "kernels/unary/unary_body.inc"
