// conv_tile_avx2.c: the register tiles of the direct convolution on AVX2: up to 6 pixels x 16 channels.
// May assume: what conv_tile.h says. Never holds code of its own: the tile is in conv_tile_body.h.
//
// 12 accumulators, two weight vectors and one broadcast fill 15 of the 16 registers.
#include "kernels/simd/f32_avx2.h"

typedef __m256i tile_mask;
#define TILE_KEEP(mask, v) _mm256_and_ps(v, _mm256_castsi256_ps(mask))
#include "kernels/conv/conv_tile_body.h"

#include "kernels/conv/conv_tile_6x16_body.h"

const onr_conv_tiles onr_conv_tiles_avx2 = {
    .block = 8, .max_q = 6, .max_q2 = 3, .piece_bytes = 32 << 10, .get = get, .turn = turn};
