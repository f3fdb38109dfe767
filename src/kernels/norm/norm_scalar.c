// norm_scalar.c: Normalizations for any CPU. Body: norm_body.inc.
// May assume: compiled for any CPU (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_scalar.h"

#define VARIANT onr_norm_f32_scalar
#define VARIANT_NAME "norm_f32_scalar"
#include "kernels/norm/norm_body.inc"
