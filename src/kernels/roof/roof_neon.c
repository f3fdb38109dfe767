// roof_neon.c: the machine's limits on NEON. Body: roof_body.inc.
// May assume: compiled for NEON (suffix). Never writes.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_roof_f32_neon
#define VARIANT_NAME "roof_f32_neon"
#include "kernels/roof/roof_body.inc"
