// taps_body.h: packed weights of the kernels that transform them while running: nine taps, scaled, in vectors of outputs.
// May assume: VF_LANES and the points of F(4, 3) are defined. Never writes past packed_bytes.
//
// Weights: [block of VF_LANES outputs][c][tap 3 x 3][VF_LANES], as large as the plain ones; tap (i, j) is scaled by A^(i + j),
// so that the transform needs additions only.
#include "kernels/conv/conv_util.h"

static size_t packed_bytes(const onr_conv_shape *s) {
    return sizeof(float) * (size_t)(onr_ceil_div(s->c_out, VF_LANES) * s->c_in * 9 * VF_LANES);
}

// Item i: VF_LANES input channels of one block of outputs.
static void pack_part(void *ctx, size_t begin, size_t end) {
    const onr_conv_packing *q = ctx;
    const int64_t c_in = q->s->c_in, parts = onr_ceil_div(c_in, VF_LANES);
    const float scale[9] = {1, PA, PA2, PA, PA2, PA2 * PA, PA2, PA2 * PA, PA2 * PA2};
    for (size_t i = begin; i < end; i++) {
        const int64_t k0 = (int64_t)i / parts * VF_LANES, c0 = (int64_t)i % parts * VF_LANES;
        const int64_t n_k = onr_min_i64(VF_LANES, q->s->c_out - k0);
        float factor[VF_LANES];
        for (int64_t k = 0; k < n_k; k++) factor[k] = onr_conv_scale(q->w, k0 + k);
        for (int64_t c = c0; c < onr_min_i64(c0 + VF_LANES, c_in); c++) {
            float *to = q->packed + (k0 * c_in + c * VF_LANES) * 9;
            for (int t = 0; t < 9; t++)
                for (int k = 0; k < VF_LANES; k++)
                    to[t * VF_LANES + k] = k < n_k ? q->w->w[((k0 + k) * c_in + c) * 9 + t] * factor[k] * scale[t] : 0;
        }
    }
}

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_packing q = {s, w, packed};
    onr_pool_for(pool, (size_t)(onr_ceil_div(s->c_out, VF_LANES) * onr_ceil_div(s->c_in, VF_LANES)), 1, pack_part, &q);
}
