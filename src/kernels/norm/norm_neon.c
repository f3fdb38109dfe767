// norm_neon.c: Normalizations for NEON. Body: norm_body.inc.
// May assume: compiled for NEON (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_norm_f32_neon
#define VARIANT_NAME "norm_f32_neon"
#include "kernels/norm/norm_body.inc"
