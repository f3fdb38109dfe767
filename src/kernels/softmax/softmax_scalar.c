// softmax_scalar.c: Softmax for any CPU. Body: softmax_body.inc.
// May assume: compiled for any CPU (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_scalar.h"

#define VARIANT onr_softmax_f32_scalar
#define VARIANT_NAME "softmax_f32_scalar"
#include "kernels/softmax/softmax_body.inc"
