// conv_tile_avx512.c: the register tiles of the direct convolution on AVX-512: up to 14 pixels x 32 channels.
// May assume: what conv_tile.h says. Never holds code of its own: the tile is in conv_tile_body.h.
//
// 28 accumulators and two weight vectors leave two of the 32 registers; two loads per cycle (embedded broadcasts, and the
// weights beside them) keep up with two FMAs per cycle. Measured in L1: 97 to 99 % of the FMA peak for 14, 13, 12 and 8 pixels.
#include "kernels/simd/f32_avx512.h"

typedef vm tile_mask;
#define TILE_KEEP(mask, v) _mm512_maskz_mov_ps(mask, v)
#include "kernels/conv/conv_tile_body.h"

#define ONE_ROW(kind, nv, pixel, how)                                                                                \
    INSTANCE(kind##_1_##nv, 1, 1, nv, pixel, how)                                                                    \
    INSTANCE(kind##_2_##nv, 1, 2, nv, pixel, how)                                                                    \
    INSTANCE(kind##_3_##nv, 1, 3, nv, pixel, how)                                                                    \
    INSTANCE(kind##_4_##nv, 1, 4, nv, pixel, how)                                                                    \
    INSTANCE(kind##_5_##nv, 1, 5, nv, pixel, how)                                                                    \
    INSTANCE(kind##_6_##nv, 1, 6, nv, pixel, how)                                                                    \
    INSTANCE(kind##_7_##nv, 1, 7, nv, pixel, how)                                                                    \
    INSTANCE(kind##_8_##nv, 1, 8, nv, pixel, how)                                                                    \
    INSTANCE(kind##_9_##nv, 1, 9, nv, pixel, how)                                                                    \
    INSTANCE(kind##_10_##nv, 1, 10, nv, pixel, how)                                                                  \
    INSTANCE(kind##_11_##nv, 1, 11, nv, pixel, how)                                                                  \
    INSTANCE(kind##_12_##nv, 1, 12, nv, pixel, how)                                                                  \
    INSTANCE(kind##_13_##nv, 1, 13, nv, pixel, how)                                                                  \
    INSTANCE(kind##_14_##nv, 1, 14, nv, pixel, how)                                                                  \
    static const onr_conv_tile_fn kind##_##nv[] = {                                                                  \
        kind##_1_##nv, kind##_2_##nv, kind##_3_##nv,  kind##_4_##nv,  kind##_5_##nv,  kind##_6_##nv,  kind##_7_##nv, \
        kind##_8_##nv, kind##_9_##nv, kind##_10_##nv, kind##_11_##nv, kind##_12_##nv, kind##_13_##nv, kind##_14_##nv};
#define TWO_ROWS(kind, nv, pixel)                                                                                         \
    INSTANCE(kind##_2x1_##nv, 2, 1, nv, pixel, TAPS_SKIP)                                                                 \
    INSTANCE(kind##_2x2_##nv, 2, 2, nv, pixel, TAPS_SKIP)                                                                 \
    INSTANCE(kind##_2x3_##nv, 2, 3, nv, pixel, TAPS_SKIP)                                                                 \
    INSTANCE(kind##_2x4_##nv, 2, 4, nv, pixel, TAPS_SKIP)                                                                 \
    INSTANCE(kind##_2x5_##nv, 2, 5, nv, pixel, TAPS_SKIP)                                                                 \
    INSTANCE(kind##_2x6_##nv, 2, 6, nv, pixel, TAPS_SKIP)                                                                 \
    INSTANCE(kind##_2x7_##nv, 2, 7, nv, pixel, TAPS_SKIP)                                                                 \
    static const onr_conv_tile_fn kind##_2x_##nv[] = {kind##_2x1_##nv, kind##_2x2_##nv, kind##_2x3_##nv, kind##_2x4_##nv, \
                                                      kind##_2x5_##nv, kind##_2x6_##nv, kind##_2x7_##nv};

ONE_ROW(block_1, 1, 16, TAPS_SKIP)
ONE_ROW(block_1, 2, 16, TAPS_SKIP)
ONE_ROW(block_2, 1, 32, TAPS_SKIP)
ONE_ROW(block_2, 2, 32, TAPS_SKIP)
ONE_ROW(point, 1, 16, TAPS_ONE)
ONE_ROW(point, 2, 16, TAPS_ONE)
TWO_ROWS(block_1, 1, 16)
TWO_ROWS(block_1, 2, 16)
TWO_ROWS(block_2, 1, 32)
TWO_ROWS(block_2, 2, 32)
INSTANCE(any_1_1, 1, 1, 1, p->x_pixel, TAPS_ANY)
INSTANCE(any_2_1, 1, 2, 1, p->x_pixel, TAPS_ANY)
INSTANCE(any_4_1, 1, 4, 1, p->x_pixel, TAPS_ANY)
INSTANCE(any_8_1, 1, 8, 1, p->x_pixel, TAPS_ANY)
INSTANCE(any_1_2, 1, 1, 2, p->x_pixel, TAPS_ANY)
INSTANCE(any_2_2, 1, 2, 2, p->x_pixel, TAPS_ANY)
INSTANCE(any_4_2, 1, 4, 2, p->x_pixel, TAPS_ANY)
INSTANCE(any_8_2, 1, 8, 2, p->x_pixel, TAPS_ANY)

static onr_conv_tile_fn get(onr_tile_kind kind, int rows, int64_t q, int nv) {
    static const onr_conv_tile_fn any[2][4] = {{any_1_1, any_2_1, any_4_1, any_8_1}, {any_1_2, any_2_2, any_4_2, any_8_2}};
    switch (kind) {
    case ONR_TILE_BLOCK_1:
        if (rows == 2) return nv == 2 ? block_1_2x_2[q - 1] : block_1_2x_1[q - 1];
        return nv == 2 ? block_1_2[q - 1] : block_1_1[q - 1];
    case ONR_TILE_BLOCK_2:
        if (rows == 2) return nv == 2 ? block_2_2x_2[q - 1] : block_2_2x_1[q - 1];
        return nv == 2 ? block_2_2[q - 1] : block_2_1[q - 1];
    case ONR_TILE_POINT: return nv == 2 ? point_2[q - 1] : point_1[q - 1];
    case ONR_TILE_ANY: return any[nv - 1][q == 8 ? 3 : q == 4 ? 2 : q - 1];
    }
    return NULL;
}

const onr_conv_tiles onr_conv_tiles_avx512 = {
    .block = 16, .max_q = 14, .max_q2 = 7, .piece_bytes = 160 << 10, .get = get, .turn = turn};
