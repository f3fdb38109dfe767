// reduce_scalar.c: Reductions for any CPU. Body: reduce_body.inc.
// May assume: compiled for any CPU (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_scalar.h"

#define VARIANT onr_reduce_f32_scalar
#define VARIANT_NAME "reduce_f32_scalar"
#include "kernels/reduce/reduce_body.inc"
