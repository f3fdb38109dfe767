// pooling_scalar.c: Pooling for any CPU. Body: pooling_body.inc.
// May assume: compiled for any CPU (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_scalar.h"

#define VARIANT onr_pooling_f32_scalar
#define VARIANT_NAME "pooling_f32_scalar"
#include "kernels/pool/pooling_body.inc"
