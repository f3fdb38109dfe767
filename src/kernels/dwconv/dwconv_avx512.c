// dwconv_avx512.c: depthwise convolution on AVX-512.
// May assume: AVX-512. Never holds loops of its own, see dwconv.c and dwconv_body.h.
#include "kernels/simd/f32_avx512.h"

typedef vm dw_mask;
#define DW_KEEP(mask, v) _mm512_maskz_mov_ps(mask, v)
#include "kernels/dwconv/dwconv_body.h"

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) { return onr_dwconv_cost(s, cpu, 90); }

DW_VARIANT(onr_dwconv_avx512, "dwconv_8x16_avx512")
