// conv_tile_6x16_body.h: the sizes of register tiles where a vector has 8 lanes: up to 6 pixels x 16 channels, and `get` to
// choose among them. May assume: included after conv_tile_body.h. Never holds code of its own.
#define ONE_ROW(kind, nv, pixel, how)                                                           \
    INSTANCE(kind##_1_##nv, 1, 1, nv, pixel, how)                                               \
    INSTANCE(kind##_2_##nv, 1, 2, nv, pixel, how)                                               \
    INSTANCE(kind##_3_##nv, 1, 3, nv, pixel, how)                                               \
    INSTANCE(kind##_4_##nv, 1, 4, nv, pixel, how)                                               \
    INSTANCE(kind##_5_##nv, 1, 5, nv, pixel, how)                                               \
    INSTANCE(kind##_6_##nv, 1, 6, nv, pixel, how)                                               \
    static const onr_conv_tile_fn kind##_##nv[] = {kind##_1_##nv, kind##_2_##nv, kind##_3_##nv, \
                                                   kind##_4_##nv, kind##_5_##nv, kind##_6_##nv};
#define TWO_ROWS(kind, nv, pixel)                         \
    INSTANCE(kind##_2x1_##nv, 2, 1, nv, pixel, TAPS_SKIP) \
    INSTANCE(kind##_2x2_##nv, 2, 2, nv, pixel, TAPS_SKIP) \
    INSTANCE(kind##_2x3_##nv, 2, 3, nv, pixel, TAPS_SKIP) \
    static const onr_conv_tile_fn kind##_2x_##nv[] = {kind##_2x1_##nv, kind##_2x2_##nv, kind##_2x3_##nv};

ONE_ROW(block_1, 1, 8, TAPS_SKIP)
ONE_ROW(block_1, 2, 8, TAPS_SKIP)
ONE_ROW(block_2, 1, 16, TAPS_SKIP)
ONE_ROW(block_2, 2, 16, TAPS_SKIP)
ONE_ROW(point, 1, 8, TAPS_ONE)
ONE_ROW(point, 2, 8, TAPS_ONE)
TWO_ROWS(block_1, 1, 8)
TWO_ROWS(block_1, 2, 8)
TWO_ROWS(block_2, 1, 16)
TWO_ROWS(block_2, 2, 16)
INSTANCE(any_1_1, 1, 1, 1, p->x_pixel, TAPS_ANY)
INSTANCE(any_2_1, 1, 2, 1, p->x_pixel, TAPS_ANY)
INSTANCE(any_4_1, 1, 4, 1, p->x_pixel, TAPS_ANY)
INSTANCE(any_1_2, 1, 1, 2, p->x_pixel, TAPS_ANY)
INSTANCE(any_2_2, 1, 2, 2, p->x_pixel, TAPS_ANY)
INSTANCE(any_4_2, 1, 4, 2, p->x_pixel, TAPS_ANY)

static onr_conv_tile_fn get(onr_tile_kind kind, int rows, int64_t q, int nv) {
    static const onr_conv_tile_fn any[2][3] = {{any_1_1, any_2_1, any_4_1}, {any_1_2, any_2_2, any_4_2}};
    switch (kind) {
    case ONR_TILE_BLOCK_1:
        if (rows == 2) return nv == 2 ? block_1_2x_2[q - 1] : block_1_2x_1[q - 1];
        return nv == 2 ? block_1_2[q - 1] : block_1_1[q - 1];
    case ONR_TILE_BLOCK_2:
        if (rows == 2) return nv == 2 ? block_2_2x_2[q - 1] : block_2_2x_1[q - 1];
        return nv == 2 ? block_2_2[q - 1] : block_2_1[q - 1];
    case ONR_TILE_POINT: return nv == 2 ? point_2[q - 1] : point_1[q - 1];
    case ONR_TILE_ANY: return any[nv - 1][q == 4 ? 2 : q - 1];
    }
    return NULL;
}
