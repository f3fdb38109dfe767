// conv_tile_neon.c: the register tiles of the direct convolution on NEON: up to 6 pixels x 16 channels.
// May assume: what conv_tile.h says. Never holds code of its own: the tile is in conv_tile_body.h.
//
// 12 accumulators fill 24 of the 32 registers, two weight vectors 4 more, and a broadcast one.
#include "kernels/simd/f32_neon.h"

typedef vm tile_mask;
#define TILE_KEEP(mask, v) vf_select(mask, v, vf_zero())
#include "kernels/conv/conv_tile_body.h"

#include "kernels/conv/conv_tile_6x16_body.h"

const onr_conv_tiles onr_conv_tiles_neon = {
    .block = 8, .max_q = 6, .max_q2 = 3, .piece_bytes = 64 << 10, .get = get, .turn = turn};
