// stream_body.h: F(4x4, 3x3) for a middling number of tiles: the weights stay nine taps, and a chunk of them at a time is
// transformed into the second-level cache and used for all tiles of the block.
// May assume: VF_LANES, TILES, PRODUCT_SIZES, vf and its operations and the points of F(4, 3) are defined. Never reads or
// writes outside the maps.
//
// Memory gives a quarter of what prepacked weights would need, for some 70 cycles per input channel and 32 outputs (a store per
// cycle) next to 18 per tile of products. Weights, input and accumulators: as in taps_body.h and prepacked_body.h.
#define SCALED_INPUT 1
#define SCALED_ROWS 1
#include "kernels/winograd/tiles_body.h"

#include "kernels/winograd/products_body.h"
#include "kernels/winograd/taps_body.h"

// Input channels whose taps are transformed at a time, into 150 KB: the more, the less often the accumulators are loaded again.
#ifndef CHUNK
#define CHUNK (512 / VF_LANES)
#endif

static const onr_wino_style style = {.plain = true,
                                     .m = WINO_M,
                                     .stride = WINO_STRIDE,
                                     .lanes = VF_LANES,
                                     .wide = WIDE,
                                     .min_tiles = 3 * TILES,
                                     .max_tiles = 3 * TILES,
                                     .block_floats = BLOCK_FLOATS};

// Floats from one point of a transformed chunk to the next: 64 bytes more than its size, against cache-set conflicts.
enum { POINT_STEP = CHUNK * WIDE + 16, EXTRA_FLOATS = POINTS * POINT_STEP };

// The taps w of one channel and one vector of outputs, at every point.
VF_INLINE void transform_taps(const float *w, float *u) {
    vf column[3][EDGE];
    VF_UNROLL
    for (int j = 0; j < 3; j++)
        taps_1d(vf_load(w + j * VF_LANES), vf_load(w + (3 + j) * VF_LANES), vf_load(w + (6 + j) * VF_LANES), column[j]);
    VF_UNROLL
    for (int i = 0; i < EDGE; i++) {
        vf row[EDGE];
        taps_1d(column[0][i], column[1][i], column[2][i], row);
        VF_UNROLL
        for (int j = 0; j < EDGE; j++) vf_store(u + (i * EDGE + j) * POINT_STEP, row[j]);
    }
}

// Those of c channels and two vectors of outputs; vector by vector of a channel, so that each cache line is written once.
static void transform_chunk(const float *w0, const float *w1, int64_t c, float *u) {
    for (int64_t l = 0; l < c; l++, w0 += 9 * VF_LANES, w1 += 9 * VF_LANES, u += WIDE) {
        transform_taps(w0, u);
        transform_taps(w1, u + VF_LANES);
    }
}

static void multiply(const job *j, const onr_wino_block *b, const float *v, int64_t group, float *m, float *u) {
    const int64_t c_in = j->s->c_in, block_floats = c_in * 9 * VF_LANES;
    const bool second = (2 * group + 1) * VF_LANES < j->s->c_out;
    const float *w = j->a->packed + 2 * group * block_floats;
    for (int64_t c0 = 0; c0 < c_in; c0 += CHUNK, w += CHUNK * 9 * VF_LANES) {
        const int64_t c = onr_min_i64(CHUNK, c_in - c0);
        // Without a second block of outputs its half of the products is garbage of the first's making, and nobody reads it.
        transform_chunk(w, second ? w + block_floats : w, c, u);
        const float *next = c0 + CHUNK < c_in ? w + CHUNK * 9 * VF_LANES : j->a->packed + 2 * (group + 1) * block_floats;
        for (int p = 0; p < POINTS; p++) {
            const int64_t n = b->tiles[p], parts = onr_ceil_div(n, TILES);
            // The next chunk, or the next group's first, is fetched meanwhile, a line per channel: nine points' worth from each
            // block of outputs.
            int64_t at = 0;
            for (int64_t i = 0; i < parts; i++) {
                const int64_t t = n / parts + (i < n % parts);
                const early ahead = {next + (p < 9 ? 0 : block_floats) + (p % 9) * c * VF_LANES, VF_LANES};
                const early none = {u, 0};
                products_of[t - 1](v + b->v_at[p] + c0 / VF_LANES * b->v_step[p] + at * VF_LANES, b->v_step[p],
                                   u + p * POINT_STEP, c, c0 == 0, p < 18 && i == 0 ? ahead : none, m + b->m_at[p] + at * WIDE);
                at += t;
            }
        }
    }
}

#include "kernels/winograd/loops_body.h"
