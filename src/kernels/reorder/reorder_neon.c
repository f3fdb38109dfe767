// reorder_neon.c: Plain channels to blocks and back for NEON. Body: reorder_body.inc.
// May assume: compiled for NEON (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_neon.h"

#define VARIANT onr_reorder_f32_neon
#define VARIANT_NAME "reorder_f32_neon"
#include "kernels/reorder/reorder_body.inc"
