// dwconv_neon.c: depthwise convolution on NEON.
// May assume: NEON. Never holds loops of its own, see dwconv.c and dwconv_body.h.
#include "kernels/simd/f32_neon.h"

typedef vm dw_mask;
#define DW_KEEP(mask, v) vf_select(mask, v, vf_zero())
#include "kernels/dwconv/dwconv_body.h"

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) { return onr_dwconv_cost(s, cpu, 50); }

DW_VARIANT(onr_dwconv_neon, "dwconv_8x8_neon")
