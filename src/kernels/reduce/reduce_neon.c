// reduce_neon.c: Reductions for NEON. Body: reduce_body.inc.
// May assume: compiled for NEON (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_reduce_f32_neon
#define VARIANT_NAME "reduce_f32_neon"
#include "kernels/reduce/reduce_body.inc"
