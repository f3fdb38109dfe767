// tiles_body.h: a tile's transforms into and out of the points, and the loops over the tiles of a block.
// May assume: VF_LANES, vf and its operations, vm (a whole vector or nothing), WINO_M, WINO_STRIDE, TILE_SIZES, in_1d and
// out_1d are defined, and SCALED_INPUT: whether the input carries the factors that prepacked weights would. Never reads or
// writes outside the maps: what lies beyond the edge is masked off.
#include "base/mathx.h"
#include "kernels/winograd/plan.h"

#include <string.h>

// Inputs, and points, of r outputs: onr_wino_span as a constant.
#define SPAN(r) (((r)-1) * WINO_STRIDE + 3)
enum { EDGE = SPAN(WINO_M), POINTS = EDGE * EDGE };

typedef struct job {
    const onr_conv_args *a;
    const onr_conv_shape *s;
    onr_wino_plan plan;
    onr_wino_block block;                 ///< the one whose groups are shared out
    bool has_input[ONR_POOL_MAX_WORKERS]; ///< whose input the worker has transformed
} job;

// ---- the input's transform ----

// One tile of one channel block. x: the map's first vector; (y0, x0): the tile's first input, maybe outside.
VF_INLINE void in_tile(const int r, const int s, const float *x, int64_t h, int64_t w, int64_t y0, int64_t x0, float *const *to,
                       int64_t at) {
    vf d[EDGE], half[EDGE][EDGE];
    int64_t inside[EDGE]; // lanes to load: all or none
    VF_UNROLL
    for (int j = 0; j < SPAN(s); j++) inside[j] = x0 + j >= 0 && x0 + j < w ? VF_LANES : 0;
    VF_UNROLL
    for (int i = 0; i < SPAN(r); i++) {
        const bool row = y0 + i >= 0 && y0 + i < h;
        const float *from = x + ((y0 + i) * w + x0) * VF_LANES;
        VF_UNROLL
        for (int j = 0; j < SPAN(s); j++) d[j] = row ? vf_load_n(from + j * VF_LANES, inside[j]) : vf_zero();
        in_1d(s, d, half[i]);
        if (SCALED_INPUT) {
            VF_UNROLL
            for (int j = 0; j < SPAN(s); j++) half[i][j] = vf_mul(vf_set1(input_scale[j]), half[i][j]);
        }
    }
    VF_UNROLL
    for (int j = 0; j < SPAN(s); j++) {
        vf o[EDGE];
        VF_UNROLL
        for (int i = 0; i < SPAN(r); i++) d[i] = half[i][j];
        in_1d(r, d, o);
        VF_UNROLL
        for (int i = 0; i < SPAN(r); i++)
            vf_store(to[i * EDGE + j] + at, SCALED_INPUT ? vf_mul(vf_set1(input_scale[i]), o[i]) : o[i]);
    }
}

typedef void in_fn(const float *x, int64_t h, int64_t w, int64_t y0, int64_t x0, float *const *to, int64_t at);
typedef void out_fn(const float *const *from, int64_t at, const vf bias, const float *res, float *y, int64_t w, vf lo, vf hi,
                    vm keep);

// ---- the output's transform ----

VF_INLINE void out_tile(const int r, const int s, const float *const *from, int64_t at, const vf bias, const float *res,
                        float *y, int64_t w, const vf lo, const vf hi, const vm keep) {
    vf half[EDGE][WINO_M];
    VF_UNROLL
    for (int j = 0; j < SPAN(s); j++) {
        vf p[EDGE];
        VF_UNROLL
        for (int i = 0; i < SPAN(r); i++) p[i] = vf_load(from[i * EDGE + j] + at);
        out_1d(r, p, half[j]);
    }
    VF_UNROLL
    for (int i = 0; i < r; i++) {
        vf p[EDGE], o[WINO_M];
        VF_UNROLL
        for (int j = 0; j < SPAN(s); j++) p[j] = half[j][i];
        out_1d(s, p, o);
        VF_UNROLL
        for (int j = 0; j < s; j++) {
            const int64_t k = (i * w + j) * VF_LANES;
            vf q = vf_add(o[j], bias);
            if (res) q = vf_add(q, vf_load(res + k));
            vf_store(y + k, vf_select(keep, vf_min(hi, vf_max(lo, q)), vf_zero()));
        }
    }
}

// One function for each size of tile.
#define TILE_FNS(R, S)                                                                                                        \
    static void in_##R##S(const float *x, int64_t h, int64_t w, int64_t y0, int64_t x0, float *const *to, int64_t at) {       \
        in_tile(R, S, x, h, w, y0, x0, to, at);                                                                               \
    }                                                                                                                         \
    static void out_##R##S(const float *const *from, int64_t at, const vf bias, const float *res, float *y, int64_t w, vf lo, \
                           vf hi, vm keep) {                                                                                  \
        out_tile(R, S, from, at, bias, res, y, w, lo, hi, keep);                                                              \
    }
TILE_SIZES(TILE_FNS)
#define IN_NAME(R, S) [R - 1][S - 1] = in_##R##S,
#define OUT_NAME(R, S) [R - 1][S - 1] = out_##R##S,
static in_fn *const in_fns[WINO_M][WINO_M] = {TILE_SIZES(IN_NAME)};
static out_fn *const out_fns[WINO_M][WINO_M] = {TILE_SIZES(OUT_NAME)};

// ---- loops ----

typedef struct place {
    int64_t image, row, col;
} place;

static place tile_place(const onr_wino_class *c, int64_t t) {
    const int64_t per_image = c->rows * c->cols, in_image = t % per_image;
    return (place){t / per_image, c->row0 + in_image / c->cols, c->col0 + in_image % c->cols};
}

static void place_next(const onr_wino_class *c, place *q) {
    if (++q->col < c->col0 + c->cols) return;
    q->col = c->col0;
    if (++q->row < c->row0 + c->rows) return;
    q->row = c->row0;
    q->image++;
}

// Transforms channel block cb of all tiles of the block.
static void transform_in(const job *j, const onr_wino_block *b, int64_t cb, float *v) {
    const onr_conv_shape *s = j->s;
    for (int k = 0; k < WINO_CLASSES; k++) {
        const onr_wino_class *c = &j->plan.cls[k];
        if (b->n[k] == 0) continue;
        float *to[POINTS];
        for (int i = 0; i < SPAN(c->r); i++) {
            for (int q = 0; q < SPAN(c->s); q++) {
                const int p = i * EDGE + q;
                to[p] = v + b->v_at[p] + cb * b->v_step[p] + onr_wino_place(&j->plan, b, k, i, q) * VF_LANES;
            }
        }
        in_fn *const fn = in_fns[c->r - 1][c->s - 1];
        place q = tile_place(c, b->first[k]);
        for (int64_t t = 0; t < b->n[k]; t++, place_next(c, &q)) {
            const float *x = j->a->x + (q.image * j->plan.c_blocks + cb) * s->h * s->w * VF_LANES;
            fn(x, s->h, s->w, q.row * WINO_M * WINO_STRIDE - s->pad_top, q.col * WINO_M * WINO_STRIDE - s->pad_left, to,
               t * VF_LANES);
        }
    }
}

// Transforms the products of a group back, into the output.
static void transform_out(const job *j, const onr_wino_block *b, int64_t group, const float *m) {
    const onr_conv_shape *s = j->s;
    const onr_conv_args *a = j->a;
    const int64_t k_blocks = onr_ceil_div(s->c_out, VF_LANES), halves = j->plan.how.wide / VF_LANES;
    const vf lo = vf_set1(a->lo), hi = vf_set1(a->hi);
    for (int k = 0; k < WINO_CLASSES; k++) {
        const onr_wino_class *c = &j->plan.cls[k];
        if (b->n[k] == 0) continue;
        const float *from[POINTS];
        for (int i = 0; i < SPAN(c->r); i++)
            for (int q = 0; q < SPAN(c->s); q++)
                from[i * EDGE + q] = m + b->m_at[i * EDGE + q] + onr_wino_place(&j->plan, b, k, i, q) * j->plan.how.wide;
        out_fn *const fn = out_fns[c->r - 1][c->s - 1];
        for (int64_t kb = group * halves; kb < onr_min_i64((group + 1) * halves, k_blocks); kb++) {
            const vf bias = vf_load(a->bias + kb * VF_LANES);
            const vm keep = vf_keep(s->c_out - kb * VF_LANES);
            place q = tile_place(c, b->first[k]);
            for (int64_t t = 0; t < b->n[k]; t++, place_next(c, &q)) {
                const int64_t at = (((q.image * k_blocks + kb) * s->oh + q.row * WINO_M) * s->ow + q.col * WINO_M) * VF_LANES;
                fn(from, t * j->plan.how.wide + (kb - group * halves) * VF_LANES, bias, a->residual ? a->residual + at : NULL,
                   a->y + at, s->ow, lo, hi, keep);
            }
        }
    }
}
