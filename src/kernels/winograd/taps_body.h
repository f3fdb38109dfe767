// taps_body.h: packed weights of the kernels that transform them while running: nine taps, scaled, in vectors of outputs.
// May assume: VF_LANES and the points of F(4, 3) are defined, and SCALED_ROWS: whether the rows of taps are transformed, too.
// Never writes past packed_bytes.
//
// Weights: [block of VF_LANES outputs][c][tap 3 x 3][VF_LANES], as large as the plain ones; tap (i, j) is scaled by A^(i + j)
// or, without SCALED_ROWS, by A^j, so that the transform needs additions only.
#include "kernels/conv/conv_turn_body.h"
#include "kernels/conv/conv_util.h"

static size_t packed_bytes(const onr_conv_shape *s) {
    return sizeof(float) * (size_t)(onr_ceil_div(s->c_out, VF_LANES) * s->c_in * 9 * VF_LANES);
}

// Item i: VF_LANES input channels of one block of outputs.
static void pack_part(void *ctx, size_t begin, size_t end) {
    const onr_conv_packing *q = ctx;
    const int64_t c_in = q->s->c_in, parts = onr_ceil_div(c_in, VF_LANES), row = c_in * 9;
    const float a = SCALED_ROWS ? PA : 1, a2 = SCALED_ROWS ? PA2 : 1; // along columns
    const float scale[9] = {1, PA, PA2, a, a * PA, a * PA2, a2, a2 * PA, a2 * PA2};
    for (size_t i = begin; i < end; i++) {
        const int64_t k0 = (int64_t)i / parts * VF_LANES, c0 = (int64_t)i % parts * VF_LANES;
        const int64_t n_k = onr_min_i64(VF_LANES, q->s->c_out - k0);
        const vf factor = turn_factors(q->w, k0, n_k);
        int tap = 0;
        for (int64_t at = c0 * 9, last = onr_min_i64(c0 + VF_LANES, c_in) * 9; at < last; at += VF_LANES) {
            const int64_t n = onr_min_i64(VF_LANES, last - at);
            vf taps[VF_LANES];
            turn_square(q->w->w + k0 * row + at, row, n_k, n, taps);
            for (int64_t t = 0; t < n; t++) {
                vf_store(q->packed + (k0 * c_in * 9) + (at + t) * VF_LANES,
                         vf_mul(vf_mul(taps[t], factor), vf_set1(scale[tap])));
                tap = tap == 8 ? 0 : tap + 1;
            }
        }
    }
}

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_packing q = {s, w, packed};
    onr_pool_for(pool, (size_t)(onr_ceil_div(s->c_out, VF_LANES) * onr_ceil_div(s->c_in, VF_LANES)), 1, pack_part, &q);
}

// Three taps at the six points, by additions: Zen cores have units of their own for them.
VF_INLINE void taps_1d(vf t0, vf t1, vf t2, vf *u) {
    const vf twice_t2 = vf_add(t2, t2), twice = vf_add(t1, t1);
    const vf even_a = vf_add(t0, t2), even_b = vf_add(t0, vf_add(twice_t2, twice_t2));
    u[0] = t0;
    u[1] = t2;
    u[2] = vf_add(even_a, t1);
    u[3] = vf_sub(even_a, t1);
    u[4] = vf_add(even_b, twice);
    u[5] = vf_sub(even_b, twice);
}
