// conv_first_body.h: the convolution of few plain planes (NCHW, up to four channels) into blocks: the first of a network.
// May assume: VF_LANES, vf and its operations, MAX_Q, FIRST_SIZES (a list of 1..MAX_Q) and FIRST_CYCLES (cycles per
// microsecond) are defined. Never reads or writes outside the maps.
//
// A task is a band of output rows. It first copies the input rows that it needs, with the zeros around them and with their
// columns sorted by the remainder modulo the stride: then the inputs that a tap has for neighbouring outputs lie side by side,
// whatever the stride and the dilation, and all borders are alike. What is left is one loop over the taps of all channels with
// a list of where each of them lies, for up to MAX_Q pixels by two vectors of outputs in registers.
// Band:    [input row][channel][remainder][column]
// Weights: [two vectors of outputs; the last maybe one][kernel row][channel][kernel column][lane]: a row outside the input is a
// range of taps to leave out.
#include "base/mathx.h"
#include "kernels/conv/conv_row.h"
#include "kernels/conv/conv_util.h"

#include <string.h>

enum {
    WIDE = 2 * VF_LANES,
    BAND_BYTES = 128 << 10, // well within the second-level cache, if the kernel is no taller than that
    MOST_FLOATS = 1 << 20,  // of a band of one output row: taps that are far apart are for others
    WANTED_TASKS = 8,       // so that up to four threads share evenly
};

typedef struct first_plan {
    int64_t rows, n_bands; ///< output rows of a band; bands of an image
    int64_t in_rows;       ///< input rows of a band
    int64_t line;          ///< floats of one remainder of one input row and channel
    int64_t in_row;        ///< floats from one input row to the next
    int64_t row_taps;      ///< taps of one kernel row, all channels
    int64_t taps;          ///< of all rows
    int64_t n_cols;        ///< tiles of an output row
    int64_t n_pairs;       ///< pairs of vectors of outputs
} first_plan;

static first_plan plan_of(const onr_conv_shape *s) {
    first_plan p = {.n_cols = onr_ceil_div(s->ow, MAX_Q), .n_pairs = onr_ceil_div(s->c_out, WIDE)};
    p.line = s->ow + (int64_t)(s->kw - 1) * s->dil_w / s->stride_w;
    p.in_row = s->c_in * s->stride_w * p.line;
    p.row_taps = s->c_in * s->kw;
    p.taps = p.row_taps * s->kh;
    const int64_t span = (int64_t)(s->kh - 1) * s->dil_h + 1, bytes = p.in_row * (int64_t)sizeof(float);
    const int64_t fit = (BAND_BYTES / bytes - span) / s->stride_h + 1, share = s->n * s->oh / WANTED_TASKS;
    p.rows = onr_clamp_i64(onr_min_i64(fit, share), 1, s->oh);
    p.n_bands = onr_ceil_div(s->oh, p.rows);
    p.in_rows = (p.rows - 1) * s->stride_h + span;
    return p;
}

static bool supports(const onr_conv_shape *s) {
    if (s->in_block != 1 || s->out_block != VF_LANES || s->groups != 1 || s->n < 1 || s->oh < 1 || s->ow < 1) return false;
    const double columns = (double)s->ow * s->stride_w + (double)(s->kw - 1) * s->dil_w;
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

// ---- the band ----

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
    if (stride == 1) {
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

// Rows outside stay unset: their taps are left out.
static void copy_band(const onr_conv_shape *s, const first_plan *p, const float *x, int64_t oy, float *band) {
    const int64_t first = oy * s->stride_h - s->pad_top;
    for (int64_t y = onr_max_i64(-first, 0); y < p->in_rows && first + y < s->h; y++) {
        for (int64_t c = 0; c < s->c_in; c++) {
            const float *in = x + (c * s->h + first + y) * s->w;
            copy_row(in, s->w, s->stride_w, s->pad_left, band + y * p->in_row + c * s->stride_w * p->line, p->line);
        }
    }
}

// Where each tap lies from its output's place in the band.
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
typedef struct first_row {
    const float *w;
    const int32_t *tap_at;
    int64_t n_taps;
    const float *bias, *residual;
    float *y;
    int64_t y_vector; ///< floats from the first vector's outputs to the second's
    float lo, hi;
    vm keep[2]; ///< lanes of the vectors that are channels
} first_row;

// n tiles of q pixels; x: the first one's place in the band, `at`: its floats in the row of outputs.
VF_INLINE void row_tiles(const first_row *r, const int q, const int nv, const float *x, int64_t at, int64_t n) {
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

typedef void tiles_fn(const first_row *r, const float *x, int64_t at, int64_t n);
#define TILES_FN(Q)                                                                                                        \
    static void tiles_##Q##_1(const first_row *r, const float *x, int64_t at, int64_t n) { row_tiles(r, Q, 1, x, at, n); } \
    static void tiles_##Q##_2(const first_row *r, const float *x, int64_t at, int64_t n) { row_tiles(r, Q, 2, x, at, n); }
FIRST_SIZES(TILES_FN)
#define TILES_NAME(Q) {tiles_##Q##_1, tiles_##Q##_2},
static tiles_fn *const tiles_fns[MAX_Q][2] = {FIRST_SIZES(TILES_NAME)};

static const float lane_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

typedef struct job {
    const onr_conv_args *a;
    first_plan p;
} job;

// One pair of vectors of all rows of a band: tiles of an output row are as equally wide as possible.
static void pair_of_band(const job *j, int64_t image, int64_t oy, int64_t pair, const float *band, const int32_t *tap_at) {
    const onr_conv_args *a = j->a;
    const onr_conv_shape *s = a->shape;
    const first_plan *p = &j->p;
    const int64_t map = s->oh * s->ow * VF_LANES, blocks = onr_ceil_div(s->c_out, VF_LANES), block = 2 * pair;
    const int64_t wide = s->ow % p->n_cols, q = s->ow / p->n_cols;
    const int nv = vectors_of(s, pair);
    first_row r = {.bias = a->bias + block * VF_LANES, .y_vector = map, .lo = a->lo, .hi = a->hi};
    for (int v = 0; v < 2; v++) r.keep[v] = vf_lt(vf_load(lane_numbers), vf_set1((float)(s->c_out - (block + v) * VF_LANES)));
    for (int64_t i = 0; i < p->rows && oy + i < s->oh; i++) {
        const int64_t iy = (oy + i) * s->stride_h - s->pad_top;
        const int64_t lo = onr_min_i64(steps_to(-iy, s->dil_h), s->kh);
        const int64_t hi = onr_clamp_i64(steps_to(s->h - iy, s->dil_h), lo, s->kh);
        const int64_t at = (image * blocks + block) * map + (oy + i) * s->ow * VF_LANES;
        const float *x = band + i * s->stride_h * p->in_row;
        r.tap_at = tap_at + lo * p->row_taps;
        r.n_taps = (hi - lo) * p->row_taps;
        r.w = a->packed + pair * p->taps * WIDE + lo * p->row_taps * nv * VF_LANES;
        r.y = a->y + at;
        r.residual = a->residual ? a->residual + at : NULL;
        if (wide) tiles_fns[q][nv - 1](&r, x, 0, wide);
        tiles_fns[q - 1][nv - 1](&r, x + wide * (q + 1), wide * (q + 1) * VF_LANES, p->n_cols - wide);
    }
}

static size_t band_bytes(const first_plan *p) { return (size_t)onr_round_up(p->in_rows * p->in_row, 16) * sizeof(float); }

static void run_band(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    const onr_conv_shape *s = j->a->shape;
    char *own = (char *)j->a->scratch + worker * j->a->scratch_step;
    float *band = (float *)(void *)own;
    int32_t *tap_at = (int32_t *)(void *)(own + band_bytes(&j->p));
    const int64_t image = (int64_t)i / j->p.n_bands, oy = (int64_t)i % j->p.n_bands * j->p.rows;
    list_taps(s, &j->p, tap_at);
    copy_band(s, &j->p, j->a->x + image * s->c_in * s->h * s->w, oy, band);
    for (int64_t pair = 0; pair < j->p.n_pairs; pair++) pair_of_band(j, image, oy, pair, band, tap_at);
}

static void run(const onr_conv_args *a) {
    job j = {a, plan_of(a->shape)};
    onr_pool_for_worker(a->pool, (size_t)(a->shape->n * j.p.n_bands), run_band, &j);
}

static size_t worker_bytes(const onr_conv_shape *s) {
    const first_plan p = plan_of(s);
    return band_bytes(&p) + (size_t)p.taps * sizeof(int32_t);
}

// Two FMAs per cycle, but no fewer than the four cycles after which an accumulator can be added to again; about 40 cycles
// around each tile.
static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    const first_plan p = plan_of(s);
    const double q = (double)s->ow / (double)p.n_cols;
    const double cycles = (double)p.taps * (q > 4 ? q : 4) + 40, tiles = (double)(s->n * s->oh * p.n_cols * p.n_pairs);
    return 1 + tiles * cycles / FIRST_CYCLES;
}
