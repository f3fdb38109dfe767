// prepacked_body.h: the body of every prepacked Winograd kernel, written once; a kernel file defines the vector and the points
// first. May assume: VF_LANES, TILES, vf and its operations, vm (a whole vector or nothing), WINO_M, WINO_STRIDE, in_1d, out_1d
// and weight_row are defined. Never reads or writes outside the maps: what lies beyond the edge is masked off.
//
// Weights:     [group of 2 * VF_LANES outputs][point][c][2 * VF_LANES], read from end to end once per block of tiles.
// Input:        [point][block of VF_LANES channels][tile][VF_LANES], 64 bytes of padding after each point against conflicts in
//               a cache set.
// Accumulators: [point][tile][2 * VF_LANES], padded likewise.
#define SCALED_INPUT 0
#include "kernels/conv/conv_turn_body.h"
#include "kernels/conv/conv_util.h"
#include "kernels/winograd/tiles_body.h"

#include "kernels/winograd/products_body.h"

#include <string.h>

static const onr_wino_style style = {.m = WINO_M,
                                     .stride = WINO_STRIDE,
                                     .lanes = VF_LANES,
                                     .wide = WIDE,
                                     .min_tiles = TILES,
                                     .max_tiles = 3 * TILES,
                                     .block_floats = BLOCK_FLOATS};
// Distance at which weights are fetched ahead, in floats: 32 KB.
enum { AHEAD = 8192 };

// All points of one block and one group of output channels.
static void multiply(const job *j, const onr_wino_block *b, const float *v, int64_t group, float *m, float *extra) {
    (void)extra;
    const int64_t c = j->s->c_in;
    const float *u = j->a->packed + group * POINTS * c * WIDE;
    for (int p = 0; p < POINTS; p++, u += c * WIDE) {
        const int64_t n = b->tiles[p];
        const int64_t parts = onr_ceil_div(n, TILES);
        int64_t at = 0;
        for (int64_t i = 0; i < parts; i++) {
            const int64_t t = n / parts + (i < n % parts);
            // The parts share out what is fetched, so that memory is read at an even pace.
            const early ahead = {u + AHEAD + i * c / parts * WIDE, WIDE / parts};
            products_of[t - 1](v + b->v_at[p] + at * VF_LANES, b->v_step[p], u, c, true, ahead, m + b->m_at[p] + at * WIDE);
            at += t;
        }
    }
}

enum { EXTRA_FLOATS = 0 };
#include "kernels/winograd/loops_body.h"

static size_t packed_bytes(const onr_conv_shape *s) {
    return sizeof(float) * (size_t)(onr_ceil_div(s->c_out, WIDE) * POINTS * s->c_in * WIDE);
}

typedef double vd __attribute__((vector_size(8 * (VF_LANES / 2))));
typedef float vs __attribute__((vector_size(4 * (VF_LANES / 2))));

// Whether points i and i + 1 are x and -x: their odd parts are opposite.
VF_INLINE bool are_opposite(const int i) {
    const double *f = weight_row[i], *g = weight_row[i + 1 < EDGE ? i + 1 : i];
    return i + 1 < EDGE && f[0] != 0 && f[0] == g[0] && f[2] == g[2] && f[1] == -g[1];
}

// Three taps at all points; a factor of zero leaves its tap out, so that an infinite weight stays where it counts.
VF_INLINE void at_points(const vd t0, const vd t1, const vd t2, vd *u) {
    VF_UNROLL
    for (int i = 0; i < EDGE; i++) {
        const double *f = weight_row[i];
        if (i > 0 && are_opposite(i - 1)) continue;
        vd even = f[0] != 0 ? f[0] * t0 : f[1] != 0 ? f[1] * t1 : f[2] * t2;
        if (f[0] != 0 && f[2] != 0) even += f[2] * t2;
        u[i] = f[0] != 0 && f[1] != 0 ? even + f[1] * t1 : even;
        if (are_opposite(i)) u[i + 1] = even - f[1] * t1;
    }
}

// The weights of one input channel and (VF_LANES / 2) output channels, taps[3][3], at every point; in double, rounded once.
static void transform_weights(const vd taps[9], float *u, int64_t point_step) {
    vd half[3][EDGE];
    VF_UNROLL
    for (int j = 0; j < 3; j++) at_points(taps[j], taps[3 + j], taps[6 + j], half[j]);
    VF_UNROLL
    for (int i = 0; i < EDGE; i++) {
        vd at[EDGE];
        at_points(half[0][i], half[1][i], half[2][i], at);
        VF_UNROLL
        for (int j = 0; j < EDGE; j++) {
            const vs rounded = __builtin_convertvector(at[j], vs);
            memcpy(u + (i * EDGE + j) * point_step, &rounded, sizeof rounded);
        }
    }
}

// Channels packed in one go; their taps and points are on the stack, which is small in some C libraries' threads.
enum { PACK_CHANNELS = 8 };

// The taps of one group's outputs for n input channels from c0 on, scaled, zero beyond the last output: [channel][tap][output].
static void read_taps(const onr_conv_packing *q, int64_t group, int64_t c0, int64_t n, float (*taps)[WIDE]) {
    const int64_t row = q->s->c_in * 9;
    for (int half = 0; half < WIDE; half += VF_LANES) {
        const int64_t k0 = group * WIDE + half, n_k = onr_clamp_i64(q->s->c_out - k0, 0, VF_LANES);
        const vf factor = turn_factors(q->w, k0, n_k);
        for (int64_t at = 0; at < 9 * n; at += VF_LANES) {
            const int64_t numbers = onr_min_i64(VF_LANES, 9 * n - at);
            vf some[VF_LANES];
            turn_square(q->w->w + k0 * row + c0 * 9 + at, row, n_k, numbers, some);
            for (int64_t t = 0; t < numbers; t++) vf_store(taps[at + t] + half, vf_mul(some[t], factor));
        }
    }
}

// Item i: PACK_CHANNELS input channels of one group. Points lie a power of two apart where channels are one in number, which no
// cache likes: so they are made in one piece here, and then put in their places.
static void pack_part(void *ctx, size_t begin, size_t end) {
    const onr_conv_packing *q = ctx;
    const onr_conv_shape *s = q->s;
    const int64_t parts = onr_ceil_div(s->c_in, PACK_CHANNELS);
    float taps[PACK_CHANNELS * 9][WIDE];
    float points[POINTS][PACK_CHANNELS * WIDE];
    for (size_t i = begin; i < end; i++) {
        const int64_t group = (int64_t)i / parts, c0 = (int64_t)i % parts * PACK_CHANNELS;
        const int64_t n = onr_min_i64(PACK_CHANNELS, s->c_in - c0);
        float *u = q->packed + (group * POINTS * s->c_in + c0) * WIDE;
        read_taps(q, group, c0, n, taps);
        for (int64_t c = 0; c < n; c++) {
            for (int k = 0; k < WIDE; k += VF_LANES / 2) {
                vd some[9];
                for (int t = 0; t < 9; t++) {
                    vs plain;
                    memcpy(&plain, &taps[c * 9 + t][k], sizeof plain);
                    some[t] = __builtin_convertvector(plain, vd);
                }
                transform_weights(some, points[0] + c * WIDE + k, PACK_CHANNELS * WIDE);
            }
        }
        for (int p = 0; p < POINTS; p++) memcpy(u + p * s->c_in * WIDE, points[p], (size_t)n * WIDE * sizeof(float));
    }
}

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_packing q = {s, w, packed};
    onr_pool_for(pool, (size_t)(onr_ceil_div(s->c_out, WIDE) * onr_ceil_div(s->c_in, PACK_CHANNELS)), 1, pack_part, &q);
}
