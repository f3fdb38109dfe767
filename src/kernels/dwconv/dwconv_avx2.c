// dwconv_avx2.c: depthwise convolution on AVX2.
// May assume: AVX2 and FMA. Never holds loops of its own, see dwconv.c and dwconv_body.h.
#include "kernels/simd/f32_avx2.h"

typedef __m256i dw_mask;
#define DW_KEEP(mask, v) _mm256_and_ps(v, _mm256_castsi256_ps(mask))
#include "kernels/dwconv/dwconv_body.h"

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) { return onr_dwconv_cost(s, cpu, 50); }

DW_VARIANT(onr_dwconv_avx2, "dwconv_8x8_avx2")
