// binary_neon.c: Functions of two elements for NEON. Body: binary_body.inc.
// May assume: compiled for NEON (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_binary_f32_neon
#define VARIANT_NAME "binary_f32_neon"
#include "kernels/binary/binary_body.inc"
