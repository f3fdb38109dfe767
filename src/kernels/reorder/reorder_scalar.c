// reorder_scalar.c: Plain channels to blocks and back for any CPU. Body: reorder_body.inc.
// May assume: compiled for any CPU (suffix). Never touches elements beyond those it was given.
#include "kernels/simd/f32_scalar.h"

#define VARIANT onr_reorder_f32_scalar
#define VARIANT_NAME "reorder_f32_scalar"
#include "kernels/reorder/reorder_body.inc"
