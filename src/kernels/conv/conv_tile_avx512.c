// conv_tile_avx512.c: the register tiles of the direct convolution in AVX-512: up to 14 pixels x 32 channels.
// May assume: what conv_tile.h says. Never reads outside the taps that are not skipped.
//
// 14 x 2 accumulators, two weight vectors; pixels come as embedded broadcasts of the FMA (two loads per cycle feed two FMAs per
// cycle, the weights' loads fit beside them). Accumulators are separate variables, not an array, so that no compiler spills
// them; `if`s on constants cut the one template down to each size.
#include "kernels/conv/conv_tile.h"

#include <immintrin.h>
#include <stddef.h>

#define FOR_PIXELS(M, ...)                                                                                             \
    M(0, __VA_ARGS__)                                                                                                  \
    M(1, __VA_ARGS__) M(2, __VA_ARGS__) M(3, __VA_ARGS__) M(4, __VA_ARGS__) M(5, __VA_ARGS__) M(6, __VA_ARGS__)        \
        M(7, __VA_ARGS__) M(8, __VA_ARGS__) M(9, __VA_ARGS__) M(10, __VA_ARGS__) M(11, __VA_ARGS__) M(12, __VA_ARGS__) \
            M(13, __VA_ARGS__)

// Pixel i of a tile of q per row: its row, its column, its broadcast.
#define ROW(i) ((i) >= q ? 1 : 0)
#define COL(i) ((i)-ROW(i) * q)
#define X_AT(i) ((ROW(i) ? x1 : x0) + t + COL(i) * pixel)

// One step (one input channel or tap): rows is a bit mask, first and last leave out pixels at the row's ends.
#define MULTIPLY(i, row_mask, first, last)                                                          \
    if ((i) < rows * q && ((row_mask) >> ROW(i) & 1) && COL(i) >= (first) && COL(i) < q - (last)) { \
        c##i = _mm512_fmadd_ps(w0, _mm512_set1_ps(*X_AT(i)), c##i);                                 \
        if (nv == 2) d##i = _mm512_fmadd_ps(w1, _mm512_set1_ps(*X_AT(i)), d##i);                    \
    }
#define STEPS(row_mask, first, last)                                               \
    _Pragma("GCC unroll 2") for (int64_t t = 0; t < n_t; t++) {                    \
        __m512 w0 = _mm512_load_ps(w), w1 = nv == 2 ? _mm512_load_ps(w + 16) : w0; \
        w += 16 * nv;                                                              \
        _mm_prefetch((const char *)prefetch, _MM_HINT_T0);                         \
        prefetch += prefetch_step;                                                 \
        FOR_PIXELS(MULTIPLY, row_mask, first, last)                                \
        (void)w1;                                                                  \
    }
#define COLUMNS(row_mask)                                         \
    for (int64_t c = 0; c < n_c; c++, x0 += p->xc, x1 += p->xc) { \
        if (skips && c < skip_first) {                            \
            STEPS(row_mask, 1, 0)                                 \
        } else if (skips && c >= skip_last) {                     \
            STEPS(row_mask, 0, 1)                                 \
        } else {                                                  \
            STEPS(row_mask, 0, 0)                                 \
        }                                                         \
    }

#define START(i, ...)            \
    __m512 c##i = b0, d##i = b1; \
    (void)c##i;                  \
    (void)d##i;
#define RESUME(i, ...)                                             \
    if ((i) < rows * q) {                                          \
        c##i = _mm512_load_ps(in + (i)*16 * nv);                   \
        if (nv == 2) d##i = _mm512_load_ps(in + (i)*16 * nv + 16); \
    }
#define SUSPEND(i, ...)                                             \
    if ((i) < rows * q) {                                           \
        _mm512_store_ps(out + (i)*16 * nv, c##i);                   \
        if (nv == 2) _mm512_store_ps(out + (i)*16 * nv + 16, d##i); \
    }
#define Y_OFFSET(i) (ROW(i) * p->y_row + COL(i) * 16)
#define ADD(i, ...)                                                                                    \
    if ((i) < rows * q) {                                                                              \
        c##i = _mm512_add_ps(c##i, _mm512_loadu_ps(p->residual + Y_OFFSET(i)));                        \
        if (nv == 2) d##i = _mm512_add_ps(d##i, _mm512_loadu_ps(p->residual + p->y_oc + Y_OFFSET(i))); \
    }
// min and max return their second operand when one is NaN: NaN passes through.
#define STORE(i, ...)                                                                                                      \
    if ((i) < rows * q) {                                                                                                  \
        _mm512_storeu_ps(p->y + Y_OFFSET(i), _mm512_maskz_min_ps(m0, hi, _mm512_max_ps(lo, c##i)));                        \
        if (nv == 2) _mm512_storeu_ps(p->y + p->y_oc + Y_OFFSET(i), _mm512_maskz_min_ps(m1, hi, _mm512_max_ps(lo, d##i))); \
    }

// rows, q, nv, pixel, n_t and skips are constants in every instance (pixel and n_t not for the odd kinds).
static inline __attribute__((always_inline)) void tile(const onr_conv_tile *p, const int rows, const int q, const int nv,
                                                       const int64_t pixel, const int64_t n_t, const int skips) {
    __m512 b0 = _mm512_loadu_ps(p->bias), b1 = nv == 2 ? _mm512_loadu_ps(p->bias + 16) : b0;
    FOR_PIXELS(START, )
    if (p->acc_in) {
        const float *in = p->acc_in;
        FOR_PIXELS(RESUME, )
    }
    const int64_t n_c = p->n_c, skip_first = p->skip_first, skip_last = p->skip_last, prefetch_step = p->prefetch_step;
    const int64_t b_begin = rows == 2 ? p->b_lo[1] : p->b_lo[0], b_end = p->b_hi[0];
    const float *prefetch = p->prefetch;
    for (int64_t a = 0; a < p->n_a; a++) {
        const float *w = p->w + (a * p->n_b + b_begin) * n_c * n_t * 16 * nv;
        for (int64_t b = b_begin; b < b_end; b++) {
            const float *x0 = p->x + a * p->xa + b * p->xb, *x1 = x0 + p->x_row;
            if (rows == 1) {
                COLUMNS(1)
            } else if (b < p->b_lo[0]) {
                COLUMNS(2)
            } else if (b >= p->b_hi[1]) {
                COLUMNS(1)
            } else {
                COLUMNS(3)
            }
        }
    }
    if (p->acc_out) {
        float *out = p->acc_out;
        FOR_PIXELS(SUSPEND, )
        return;
    }
    if (p->residual) {
        FOR_PIXELS(ADD, )
    }
    const __m512 lo = _mm512_set1_ps(p->lo), hi = _mm512_set1_ps(p->hi);
    const __mmask16 m0 = (__mmask16)p->lanes[0], m1 = (__mmask16)p->lanes[1];
    (void)m1;
    FOR_PIXELS(STORE, )
}

#define INSTANCE(name, rows, q, nv, pixel, n_t, skips) \
    static void name(const onr_conv_tile *p) { tile(p, rows, q, nv, pixel, n_t, skips); }
#define ONE_ROW(kind, nv, pixel, n_t, skips)                                                                         \
    INSTANCE(kind##_1_##nv, 1, 1, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_2_##nv, 1, 2, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_3_##nv, 1, 3, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_4_##nv, 1, 4, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_5_##nv, 1, 5, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_6_##nv, 1, 6, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_7_##nv, 1, 7, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_8_##nv, 1, 8, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_9_##nv, 1, 9, nv, pixel, n_t, skips)                                                             \
    INSTANCE(kind##_10_##nv, 1, 10, nv, pixel, n_t, skips)                                                           \
    INSTANCE(kind##_11_##nv, 1, 11, nv, pixel, n_t, skips)                                                           \
    INSTANCE(kind##_12_##nv, 1, 12, nv, pixel, n_t, skips)                                                           \
    INSTANCE(kind##_13_##nv, 1, 13, nv, pixel, n_t, skips)                                                           \
    INSTANCE(kind##_14_##nv, 1, 14, nv, pixel, n_t, skips)                                                           \
    static const onr_conv_tile_fn kind##_##nv[] = {                                                                  \
        kind##_1_##nv, kind##_2_##nv, kind##_3_##nv,  kind##_4_##nv,  kind##_5_##nv,  kind##_6_##nv,  kind##_7_##nv, \
        kind##_8_##nv, kind##_9_##nv, kind##_10_##nv, kind##_11_##nv, kind##_12_##nv, kind##_13_##nv, kind##_14_##nv};
#define TWO_ROWS(kind, nv, pixel)                                                                                         \
    INSTANCE(kind##_2x1_##nv, 2, 1, nv, pixel, 16, 1)                                                                     \
    INSTANCE(kind##_2x2_##nv, 2, 2, nv, pixel, 16, 1)                                                                     \
    INSTANCE(kind##_2x3_##nv, 2, 3, nv, pixel, 16, 1)                                                                     \
    INSTANCE(kind##_2x4_##nv, 2, 4, nv, pixel, 16, 1)                                                                     \
    INSTANCE(kind##_2x5_##nv, 2, 5, nv, pixel, 16, 1)                                                                     \
    INSTANCE(kind##_2x6_##nv, 2, 6, nv, pixel, 16, 1)                                                                     \
    INSTANCE(kind##_2x7_##nv, 2, 7, nv, pixel, 16, 1)                                                                     \
    static const onr_conv_tile_fn kind##_2x_##nv[] = {kind##_2x1_##nv, kind##_2x2_##nv, kind##_2x3_##nv, kind##_2x4_##nv, \
                                                      kind##_2x5_##nv, kind##_2x6_##nv, kind##_2x7_##nv};

ONE_ROW(block_1, 1, 16, 16, 1)
ONE_ROW(block_1, 2, 16, 16, 1)
ONE_ROW(block_2, 1, 32, 16, 1)
ONE_ROW(block_2, 2, 32, 16, 1)
ONE_ROW(plane_1, 1, 1, p->n_t, 0)
ONE_ROW(plane_1, 2, 1, p->n_t, 0)
ONE_ROW(plane_2, 1, 2, p->n_t, 0)
ONE_ROW(plane_2, 2, 2, p->n_t, 0)
TWO_ROWS(block_1, 1, 16)
TWO_ROWS(block_1, 2, 16)
TWO_ROWS(block_2, 1, 32)
TWO_ROWS(block_2, 2, 32)
INSTANCE(any_1_1, 1, 1, 1, p->x_pixel, p->n_t, 0)
INSTANCE(any_2_1, 1, 2, 1, p->x_pixel, p->n_t, 0)
INSTANCE(any_4_1, 1, 4, 1, p->x_pixel, p->n_t, 0)
INSTANCE(any_8_1, 1, 8, 1, p->x_pixel, p->n_t, 0)
INSTANCE(any_1_2, 1, 1, 2, p->x_pixel, p->n_t, 0)
INSTANCE(any_2_2, 1, 2, 2, p->x_pixel, p->n_t, 0)
INSTANCE(any_4_2, 1, 4, 2, p->x_pixel, p->n_t, 0)
INSTANCE(any_8_2, 1, 8, 2, p->x_pixel, p->n_t, 0)

static onr_conv_tile_fn get(onr_tile_kind kind, int rows, int64_t q, int nv) {
    static const onr_conv_tile_fn any[2][4] = {{any_1_1, any_2_1, any_4_1, any_8_1}, {any_1_2, any_2_2, any_4_2, any_8_2}};
    switch (kind) {
    case ONR_TILE_BLOCK_1:
        if (rows == 2) return nv == 2 ? block_1_2x_2[q - 1] : block_1_2x_1[q - 1];
        return nv == 2 ? block_1_2[q - 1] : block_1_1[q - 1];
    case ONR_TILE_BLOCK_2:
        if (rows == 2) return nv == 2 ? block_2_2x_2[q - 1] : block_2_2x_1[q - 1];
        return nv == 2 ? block_2_2[q - 1] : block_2_1[q - 1];
    case ONR_TILE_PLANE_1: return nv == 2 ? plane_1_2[q - 1] : plane_1_1[q - 1];
    case ONR_TILE_PLANE_2: return nv == 2 ? plane_2_2[q - 1] : plane_2_1[q - 1];
    case ONR_TILE_ANY: return any[nv - 1][q == 8 ? 3 : q == 4 ? 2 : q - 1];
    }
    return NULL;
}

const onr_conv_tiles onr_conv_tiles_avx512 = {.block = 16, .max_q = 14, .max_q2 = 7, .get = get};
