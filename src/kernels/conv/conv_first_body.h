// conv_first_body.h: the convolution of few plain planes (NCHW, up to four channels) into blocks: the first of a network.
// May assume: VF_LANES, vf and its operations, MAX_Q, FIRST_SIZES (a list of 1..MAX_Q) and FIRST_CYCLES (cycles per
// microsecond) are defined. Never reads or writes outside the maps.
//
// A task is a patch of the output: some rows, as wide as the map where that gives tasks enough that are small enough. It first
// copies the input that it needs, with the zeros around it and with the columns sorted by the remainder modulo the stride: then
// the inputs that a tap has for neighbouring outputs lie side by side, whatever the stride and the dilation, and all borders
// are alike. What is left is one loop over the taps of all channels with a list of where each of them lies, for a tile of up to
// MAX_Q pixels by two vectors of outputs in registers.
// Patch:   [input row][channel][remainder][column]
// Weights: [two vectors of outputs; the last maybe one][kernel row][channel][kernel column][lane]: a row outside the input is a
// range of taps to leave out.
#include "base/mathx.h"
#include "kernels/conv/conv_row.h"
#include "kernels/conv/conv_util.h"

#include <string.h>

enum {
    WIDE = 2 * VF_LANES,
    PATCH_BYTES = 128 << 10, // of the copy: well within the second-level cache
    MOST_FLOATS = 1 << 18,   // of the copy for one tile; a kernel that spans more is for others
    WANTED_TASKS = 8,        // so that up to four threads share evenly
};

typedef struct first_plan {
    int64_t n_tiles, q, n_wider; ///< of an output row: tiles of q pixels, the first n_wider have one more
    int64_t rows, n_bands;       ///< output rows of a patch; patches above each other
    int64_t n_parts;             ///< patches beside each other
    int64_t in_rows;             ///< input rows of a patch
    int64_t line;                ///< floats of one remainder of one input row and channel
    int64_t in_row;              ///< floats from one input row to the next
    int64_t row_taps, taps;      ///< taps of one kernel row and of all, all channels
    int64_t n_pairs;             ///< pairs of vectors of outputs
} first_plan;

// The column where tile t begins.
static int64_t tile_at(const first_plan *p, int64_t t) { return t * p->q + onr_min_i64(t, p->n_wider); }

static first_plan plan_of(const onr_conv_shape *s) {
    first_plan p = {.n_tiles = onr_ceil_div(s->ow, MAX_Q), .n_pairs = onr_ceil_div(s->c_out, WIDE)};
    p.q = s->ow / p.n_tiles;
    p.n_wider = s->ow % p.n_tiles;
    p.row_taps = s->c_in * s->kw;
    p.taps = p.row_taps * s->kh;
    const int64_t span = (int64_t)(s->kh - 1) * s->dil_h + 1, column = s->c_in * s->stride_w * (int64_t)sizeof(float);
    const int64_t most = onr_max_i64(PATCH_BYTES / (span * column), 1); // columns, for one row of outputs
    p.n_parts = onr_max_i64(onr_ceil_div(s->ow, most), onr_ceil_div(WANTED_TASKS, s->n * s->oh));
    p.n_parts = onr_min_i64(p.n_parts, p.n_tiles);
    p.line = onr_ceil_div(p.n_tiles, p.n_parts) * (p.q + (p.n_wider > 0)) + (int64_t)(s->kw - 1) * s->dil_w / s->stride_w;
    p.in_row = s->c_in * s->stride_w * p.line;
    const int64_t fit = (PATCH_BYTES / (column * p.line) - span) / s->stride_h + 1;
    p.rows = onr_clamp_i64(onr_min_i64(fit, s->n * s->oh * p.n_parts / WANTED_TASKS), 1, s->oh);
    p.n_bands = onr_ceil_div(s->oh, p.rows);
    p.in_rows = (p.rows - 1) * s->stride_h + span;
    return p;
}

static bool supports(const onr_conv_shape *s) {
    if (s->in_block != 1 || s->out_block != VF_LANES || s->groups != 1 || s->n < 1 || s->oh < 1 || s->ow < 1) return false;
    const double columns = (double)MAX_Q * s->stride_w + (double)(s->kw - 1) * s->dil_w;
    return (double)s->c_in * columns * ((double)(s->kh - 1) * s->dil_h + 1) <= MOST_FLOATS;
}

// ---- packing ----

static size_t packed_bytes(const onr_conv_shape *s) {
    return (size_t)(onr_round_up(s->c_out, VF_LANES) * s->c_in * s->kh * s->kw) * sizeof(float);
}

static int vectors_of(const onr_conv_shape *s, int64_t pair) { return s->c_out - pair * WIDE > VF_LANES ? 2 : 1; }

static void pack_pair(void *ctx, size_t begin, size_t end) {
    const onr_conv_packing *q = ctx;
    const onr_conv_shape *s = q->s;
    const int64_t plane = (int64_t)s->kh * s->kw, taps = s->c_in * plane;
    for (int64_t i = (int64_t)begin; i < (int64_t)end; i++) {
        const int64_t lanes = vectors_of(s, i) * VF_LANES;
        float *out = q->packed + i * taps * WIDE;
        for (int64_t lane = 0; lane < lanes; lane++) {
            const int64_t k = i * WIDE + lane;
            const onr_askew_float *w = k < s->c_out ? q->w->w + k * taps : NULL;
            const float scale = w ? onr_conv_scale(q->w, k) : 0;
            float *to = out + lane;
            for (int32_t y = 0; y < s->kh; y++)
                for (int64_t c = 0; c < s->c_in; c++)
                    for (int32_t x = 0; x < s->kw; x++, to += lanes) *to = w ? w[c * plane + y * s->kw + x] * scale : 0;
        }
    }
}

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_packing q = {s, w, packed};
    onr_pool_for(pool, (size_t)onr_ceil_div(s->c_out, WIDE), 1, pack_pair, &q);
}

// ---- the patch ----

// Steps of `by` that it takes to come to `distance` or beyond.
static int64_t steps_to(int64_t distance, int64_t by) { return distance > 0 ? onr_ceil_div(distance, by) : 0; }

static float or_zero(const float *in, int64_t w, int64_t i) { return i >= 0 && i < w ? in[i] : 0; }

// Columns [m, end) of all remainders, where some of them lie outside.
static void copy_end(const float *in, int64_t w, int64_t stride, int64_t pad, float *to, int64_t line, int64_t m, int64_t end) {
    for (; m < end; m++) {
        for (int64_t r = 0; r < stride; r++) to[r * line + m] = or_zero(in, w, m * stride + r - pad);
    }
}

// A row of a plane: to[r * line + m] = in[m * stride + r - pad], zero outside 0..w.
static void copy_row(const float *in, int64_t w, int64_t stride, int64_t pad, float *to, int64_t line) {
    const int64_t lo = onr_min_i64(steps_to(pad, stride), line), hi = onr_clamp_i64((w + pad) / stride, lo, line);
    copy_end(in, w, stride, pad, to, line, 0, lo);
    if (stride == 1 && hi > lo) {
        memcpy(to + lo, in + lo - pad, (size_t)(hi - lo) * sizeof(float));
    } else if (stride == 2) {
        for (int64_t m = lo; m < hi; m++) {
            to[m] = in[2 * m - pad];
            to[line + m] = in[2 * m + 1 - pad];
        }
    } else {
        for (int64_t m = lo; m < hi; m++) {
            for (int64_t r = 0; r < stride; r++) to[r * line + m] = in[m * stride + r - pad];
        }
    }
    copy_end(in, w, stride, pad, to, line, hi, line);
}

// The input of the outputs from (oy, ox) on. Rows outside stay unset: their taps are left out.
static void copy_patch(const onr_conv_shape *s, const first_plan *p, const float *x, int64_t oy, int64_t ox, float *patch) {
    const int64_t top = oy * s->stride_h - s->pad_top, pad = s->pad_left - ox * s->stride_w;
    for (int64_t y = onr_max_i64(-top, 0); y < p->in_rows && top + y < s->h; y++) {
        for (int64_t c = 0; c < s->c_in; c++) {
            copy_row(x + (c * s->h + top + y) * s->w, s->w, s->stride_w, pad, patch + y * p->in_row + c * s->stride_w * p->line,
                     p->line);
        }
    }
}

// Where each tap lies from its output's place in the patch.
static void list_taps(const onr_conv_shape *s, const first_plan *p, int32_t *at) {
    for (int32_t y = 0; y < s->kh; y++) {
        for (int64_t c = 0; c < s->c_in; c++) {
            for (int64_t x = 0; x < (int64_t)s->kw * s->dil_w; x += s->dil_w)
                *at++ = (int32_t)(y * s->dil_h * p->in_row + (c * s->stride_w + x % s->stride_w) * p->line + x / s->stride_w);
        }
    }
}

// ---- products ----

// What the tiles of an output row and a pair of vectors have in common.
typedef struct out_row {
    const float *w;
    const int32_t *tap_at;
    int64_t n_taps;
    const float *bias, *residual;
    float *y;
    int64_t y_vector; ///< floats from the first vector's outputs to the second's
    float lo, hi;
    vm keep[2]; ///< lanes of the vectors that are channels
} out_row;

// n tiles of q pixels; x: the first one's place in the patch, `at`: its floats in the row of outputs.
VF_INLINE void row_tiles(const out_row *r, const int q, const int nv, const float *x, int64_t at, int64_t n) {
    for (; n > 0; n--, x += q, at += q * VF_LANES) {
        vf acc[MAX_Q][2];
        VF_UNROLL
        for (int i = 0; i < q; i++) {
            acc[i][0] = vf_load(r->bias);
            acc[i][1] = nv == 2 ? vf_load(r->bias + VF_LANES) : acc[i][0];
        }
        const float *w = r->w;
        for (int64_t t = 0; t < r->n_taps; t++, w += nv * VF_LANES) {
            const float *in = x + r->tap_at[t];
            const vf w0 = vf_load(w), w1 = nv == 2 ? vf_load(w + VF_LANES) : w0;
            VF_UNROLL
            for (int i = 0; i < q; i++) {
                acc[i][0] = vf_fma(w0, vf_set1(in[i]), acc[i][0]);
                if (nv == 2) acc[i][1] = vf_fma(w1, vf_set1(in[i]), acc[i][1]);
            }
        }
        const vf lo = vf_set1(r->lo), hi = vf_set1(r->hi);
        VF_UNROLL
        for (int v = 0; v < nv; v++) {
            VF_UNROLL
            for (int i = 0; i < q; i++) {
                const int64_t to = v * r->y_vector + at + i * VF_LANES;
                const vf sum = r->residual ? vf_add(acc[i][v], vf_load(r->residual + to)) : acc[i][v];
                vf_store(r->y + to, vf_select(r->keep[v], vf_min(hi, vf_max(lo, sum)), vf_zero()));
            }
        }
    }
}

typedef void tiles_fn(const out_row *r, const float *x, int64_t at, int64_t n);
#define TILES_FN(Q)                                                                                                      \
    static void tiles_##Q##_1(const out_row *r, const float *x, int64_t at, int64_t n) { row_tiles(r, Q, 1, x, at, n); } \
    static void tiles_##Q##_2(const out_row *r, const float *x, int64_t at, int64_t n) { row_tiles(r, Q, 2, x, at, n); }
FIRST_SIZES(TILES_FN)
#define TILES_NAME(Q) {tiles_##Q##_1, tiles_##Q##_2},
static tiles_fn *const tiles_fns[MAX_Q][2] = {FIRST_SIZES(TILES_NAME)};

typedef struct job {
    const onr_conv_args *a;
    first_plan p;
} job;

// A patch of the output: rows from oy on, tiles [tile, end) of each.
typedef struct place {
    int64_t image, oy, tile, end;
} place;

static void one_row(const job *j, const place *at, int nv, out_row *r, const float *x) {
    const first_plan *p = &j->p;
    const int64_t wider = onr_clamp_i64(p->n_wider - at->tile, 0, at->end - at->tile), others = at->end - at->tile - wider;
    const int64_t ox = tile_at(p, at->tile), pixels = wider * (p->q + 1);
    if (wider) tiles_fns[p->q][nv - 1](r, x, ox * VF_LANES, wider);
    if (others) tiles_fns[p->q - 1][nv - 1](r, x + pixels, (ox + pixels) * VF_LANES, others);
}

static void one_pair(const job *j, const place *at, int64_t pair, const float *patch, const int32_t *tap_at) {
    const onr_conv_args *a = j->a;
    const onr_conv_shape *s = a->shape;
    const first_plan *p = &j->p;
    const int64_t map = s->oh * s->ow * VF_LANES, block = 2 * pair;
    const int64_t first = (at->image * onr_ceil_div(s->c_out, VF_LANES) + block) * map;
    const int nv = vectors_of(s, pair);
    out_row r = {.bias = a->bias + block * VF_LANES, .y_vector = map, .lo = a->lo, .hi = a->hi};
    for (int v = 0; v < 2; v++) r.keep[v] = vf_keep(s->c_out - (block + v) * VF_LANES);
    for (int64_t i = 0; i < p->rows && at->oy + i < s->oh; i++) {
        const int64_t iy = (at->oy + i) * s->stride_h - s->pad_top;
        const int64_t lo = onr_min_i64(steps_to(-iy, s->dil_h), s->kh);
        const int64_t hi = onr_clamp_i64(steps_to(s->h - iy, s->dil_h), lo, s->kh);
        r.tap_at = tap_at + lo * p->row_taps;
        r.n_taps = (hi - lo) * p->row_taps;
        r.w = a->packed + pair * p->taps * WIDE + lo * p->row_taps * nv * VF_LANES;
        r.y = a->y + first + (at->oy + i) * s->ow * VF_LANES;
        r.residual = a->residual ? a->residual + (r.y - a->y) : NULL;
        one_row(j, at, nv, &r, patch + i * s->stride_h * p->in_row);
    }
}

static size_t patch_bytes(const first_plan *p) { return (size_t)onr_round_up(p->in_rows * p->in_row, 16) * sizeof(float); }

static void run_patch(void *ctx, size_t worker, size_t index) {
    const job *j = ctx;
    const first_plan *p = &j->p;
    const onr_conv_shape *s = j->a->shape;
    char *own = (char *)j->a->scratch + worker * j->a->scratch_step;
    float *patch = (float *)(void *)own;
    int32_t *tap_at = (int32_t *)(void *)(own + patch_bytes(p));
    const int64_t i = (int64_t)index, part = i % p->n_parts;
    const place at = {.image = i / p->n_parts / p->n_bands,
                      .oy = i / p->n_parts % p->n_bands * p->rows,
                      .tile = part * p->n_tiles / p->n_parts,
                      .end = (part + 1) * p->n_tiles / p->n_parts};
    list_taps(s, p, tap_at);
    copy_patch(s, p, j->a->x + at.image * s->c_in * s->h * s->w, at.oy, tile_at(p, at.tile), patch);
    for (int64_t pair = 0; pair < p->n_pairs; pair++) one_pair(j, &at, pair, patch, tap_at);
}

static void run(const onr_conv_args *a) {
    job j = {a, plan_of(a->shape)};
    onr_pool_for_worker(a->pool, (size_t)(a->shape->n * j.p.n_bands * j.p.n_parts), run_patch, &j);
}

static size_t worker_bytes(const onr_conv_shape *s) {
    const first_plan p = plan_of(s);
    return patch_bytes(&p) + (size_t)p.taps * sizeof(int32_t);
}

// Two FMAs per cycle, but no fewer than the four cycles after which an accumulator can be added to again; about 40 cycles
// around each tile.
static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    const first_plan p = plan_of(s);
    const double q = (double)s->ow / (double)p.n_tiles;
    const double cycles = (double)p.taps * (q > 4 ? q : 4) + 40, tiles = (double)(s->n * s->oh * p.n_tiles * p.n_pairs);
    return 1 + tiles * cycles / FIRST_CYCLES;
}
