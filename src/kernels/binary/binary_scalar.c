// binary_scalar.c: Functions of two elements for any CPU. Body: binary_body.inc.
// May assume: compiled for any CPU (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_scalar.h"

#define VARIANT onr_binary_f32_scalar
#define VARIANT_NAME "binary_f32_scalar"
#include "kernels/binary/binary_body.inc"
