// pooling_neon.c: Pooling for NEON. Body: pooling_body.inc.
// May assume: compiled for NEON (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_pooling_f32_neon
#define VARIANT_NAME "pooling_f32_neon"
#include "kernels/pool/pooling_body.inc"
