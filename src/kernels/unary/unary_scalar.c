// unary_scalar.c: Functions of one element for any CPU. Body: unary_body.inc.
// May assume: compiled for any CPU (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_scalar.h"

#define VARIANT onr_unary_f32_scalar
#define VARIANT_NAME "unary_f32_scalar"
#include "kernels/unary/unary_body.inc"
