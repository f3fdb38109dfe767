// stem_body.h: F(4, 7) with stride 2 along rows, for the first convolution of a net: few channels, 7 columns of taps.
// May assume: VF_LANES, TILES, PRODUCT_SIZES, vf and its operations, vm and the points of F(4, 3) are defined. Never reads or
// writes outside the maps.
//
// Four outputs of a row depend on 13 inputs. Taps 0, 2, 4, 6 see the seven even ones with stride 1, F(4, 4); taps 1, 3, 5 the
// six odd ones, F(4, 3). Both have the points 0, oo, +-A and +-B, and their products at a point add up before they are
// transformed back; F(4, 4) has C besides. 13 products instead of 28, and kernel rows, channels and both halves are one long
// sum. C = 3/8 had the least error of those tried beside A and B, simulated for 21 terms: rms 1.1e-7 of the largest output,
// where the direct sum has 0.6e-7.
//
// Weights:     [group of WIDE outputs][point][kernel row][half, channel][WIDE]
// Input:       [row][point][half, channel][tile], of all input rows of a band of output rows; a worker that goes on with the
//              next band keeps the rows that both read
// Products:    [point][tile][WIDE], of one output row
// Results:     [block of outputs][row][column][VF_LANES], of the rows that a band of pooled rows reads, where the result is
//              pooled: the net's largest activation then never leaves the second-level cache
#include "base/mathx.h"
#include "kernels/conv/conv_row.h"
#include "kernels/conv/conv_util.h"

#include <math.h>
#include <string.h>

// SPAN: inputs that a tile is given, of which it needs 13.
enum { WIDE = 2 * VF_LANES, STEM_POINTS = 7, TAPS = 7, STEP = 2 * WINO_M, SPAN = 16, MAX_CHANNELS = 16 };
#define PC 0.375f

typedef struct stem_plan {
    int64_t n_groups, n_tiles;  ///< groups of outputs; tiles in a row
    int64_t k_blocks;           ///< blocks of outputs
    int64_t lanes_of_tiles;     ///< n_tiles in whole vectors: floats from one (half, channel) to the next
    int64_t row_floats;         ///< transformed input of one row
    int64_t band, n_bands;      ///< rows of the output (pooled, if it is) of a task; tasks of an image
    int64_t rows;               ///< of the convolution that a task may need
    int64_t line_floats;        ///< an input row, padded, as far as the last vector of tiles sees
    int64_t v_floats, m_floats; ///< a worker's transformed input and products
    int64_t result_floats;      ///< and results to be pooled
} stem_plan;

// The first step of a run is short, and other threads wake up during it: small tasks share out well.
enum { BAND_BYTES = 128 << 10, WANTED_TASKS = 32 };

static stem_plan plan_of(const onr_conv_shape *s) {
    stem_plan p = {.n_groups = onr_ceil_div(s->c_out, WIDE),
                   .n_tiles = onr_ceil_div(s->ow, WINO_M),
                   .k_blocks = onr_ceil_div(s->c_out, VF_LANES)};
    const onr_conv_pool *pool = &s->pool;
    const int64_t out = pool->kh ? pool->oh : s->oh, stride = pool->kh ? pool->stride_h : 1, window = pool->kh ? pool->kh : 1;
    p.lanes_of_tiles = onr_round_up(p.n_tiles, VF_LANES);
    p.row_floats = STEM_POINTS * 2 * s->c_in * p.lanes_of_tiles;
    const int64_t in_rows = BAND_BYTES / (p.row_floats * (int64_t)sizeof(float)), most = onr_ceil_div(out * s->n, WANTED_TASKS);
    const int64_t fit = ((in_rows - s->kh) / s->stride_h + 1 - window) / stride + 1;
    p.band = onr_clamp_i64(onr_min_i64(fit, most), 1, out);
    p.n_bands = onr_ceil_div(out, p.band);
    p.rows = (p.band - 1) * stride + window;
    p.line_floats = onr_round_up((p.lanes_of_tiles - 1) * STEP + SPAN, 16);
    p.v_floats = ((p.rows - 1) * s->stride_h + s->kh) * p.row_floats;
    p.m_floats = STEM_POINTS * p.n_tiles * WIDE;
    p.result_floats = pool->kh ? p.k_blocks * p.rows * s->ow * VF_LANES : 0;
    return p;
}

// ---- weights ----

// The 7 taps of a row at every point, even ones at even[], odd ones at odd[]; in double.
static void taps_at_points(const double *g, double *even, double *odd) {
    static const double x[6] = {0, 0, PA, -PA, PB, -PB};
    for (int i = 0; i < 6; i++) {
        const double *f = weight_row[i];
        odd[i] = f[0] * g[1] + f[1] * g[3] + f[2] * g[5];
        even[i] = f[0] * (g[0] + x[i] * (g[2] + x[i] * (g[4] + x[i] * g[6]))) / (x[i] - PC);
    }
    even[1] = g[6];
    odd[1] = g[5];
    const double divisor = (double)PC * (PC * PC - PA2) * (PC * PC - PB2);
    even[6] = (g[0] + PC * (g[2] + PC * (g[4] + PC * g[6]))) / divisor;
    odd[6] = 0;
}

// Item i: a group of outputs.
static void pack_part(void *ctx, size_t begin, size_t end) {
    const onr_conv_packing *q = ctx;
    const onr_conv_shape *s = q->s;
    const int64_t c_in = s->c_in, group_floats = STEM_POINTS * s->kh * 2 * c_in * WIDE;
    memset(q->packed + (int64_t)begin * group_floats, 0, (end - begin) * (size_t)group_floats * sizeof(float));
    for (int64_t k = (int64_t)begin * WIDE; k < onr_min_i64((int64_t)end * WIDE, s->c_out); k++) {
        float *to = q->packed + k / WIDE * group_floats + k % WIDE;
        for (int64_t i = 0; i < c_in * s->kh; i++) {
            const int64_t c = i / s->kh, row = i % s->kh;
            double g[TAPS], even[STEM_POINTS], odd[STEM_POINTS];
            for (int t = 0; t < TAPS; t++)
                g[t] = (double)(q->w->w[(k * c_in * s->kh + i) * TAPS + t] * onr_conv_scale(q->w, k));
            taps_at_points(g, even, odd);
            for (int p = 0; p < STEM_POINTS; p++) {
                float *at = to + ((p * s->kh + row) * 2 * c_in + c) * WIDE;
                at[0] = (float)even[p];
                at[c_in * WIDE] = (float)odd[p];
            }
        }
    }
}

static size_t packed_bytes(const onr_conv_shape *s) {
    return sizeof(float) * (size_t)(onr_ceil_div(s->c_out, WIDE) * STEM_POINTS * s->kh * 2 * s->c_in * WIDE);
}

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_packing q = {s, w, packed};
    onr_pool_for(pool, (size_t)onr_ceil_div(s->c_out, WIDE), 1, pack_part, &q);
}

// ---- the input's transform ----

// VF_LANES tiles of a row of one channel; line: the first tile's inputs. step: floats between points.
VF_INLINE void stem_in(const float *line, float *even, float *odd, int64_t step) {
    vf x[SPAN], d[6], o[6]; // x[i]: input i of each tile
    VF_UNROLL
    for (int i = 0; i < SPAN; i += VF_LANES) {
        VF_UNROLL
        for (int t = 0; t < VF_LANES; t++) x[i + t] = vf_load(line + t * STEP + i);
        vf_transpose(x + i);
    }
    VF_UNROLL
    for (int i = 0; i < 6; i++) d[i] = x[2 * i + 1];
    in_1d(4, d, o);
    VF_UNROLL
    for (int i = 0; i < 6; i++) vf_store(odd + i * step, o[i]);
    VF_UNROLL
    for (int i = 0; i < 6; i++) d[i] = vf_fnma(vf_set1(PC), x[2 * i], x[2 * i + 2]);
    in_1d(4, d, o);
    VF_UNROLL
    for (int i = 0; i < 6; i++) vf_store(even + i * step, o[i]);
    vf_store(even + 6 * step, vf_fma(vf_set1(PA2 * PB2), x[2], vf_fnma(vf_set1(PA2 + PB2), x[6], x[10])));
}

// One row of all channels at every point; x: the first channel's. line: zero but where the row goes.
static void transform_row(const onr_conv_shape *s, const stem_plan *p, const float *x, float *line, float *v) {
    const int64_t step = 2 * s->c_in * p->lanes_of_tiles;
    const int64_t before = onr_min_i64(s->pad_left, p->line_floats), inside = onr_min_i64(s->w, p->line_floats - before);
    for (int64_t c = 0; c < s->c_in; c++, x += s->h * s->w) {
        float *even = v + c * p->lanes_of_tiles, *odd = even + s->c_in * p->lanes_of_tiles;
        memcpy(line + before, x, (size_t)inside * sizeof(float));
        for (int64_t t = 0; t < p->n_tiles; t += VF_LANES) stem_in(line + t * STEP, even + t, odd + t, step);
    }
}

// ---- products ----

typedef struct terms {
    int64_t rows, n;       ///< kernel rows inside the map; halves and channels of a row
    int64_t v_row, v_step; ///< floats from one row and from one (half, channel) to the next
    int64_t u_row;
} terms;

// m[t][0..1] = sum over kernel rows, halves and channels of v[.][t] * u[.][0..1], for T tiles.
VF_INLINE void stem_products(const int T, const terms *k, const float *v, const float *u, float *m) {
    vf acc0[TILES], acc1[TILES];
    VF_UNROLL
    for (int t = 0; t < T; t++) acc0[t] = acc1[t] = vf_zero();
    for (int64_t row = 0; row < k->rows; row++, v += k->v_row, u += k->u_row) {
        const float *x = v, *w = u;
        for (int64_t i = 0; i < k->n; i++, x += k->v_step, w += WIDE) {
            const vf u0 = vf_load(w), u1 = vf_load(w + VF_LANES);
            VF_UNROLL
            for (int t = 0; t < T; t++) {
                const vf b = vf_set1(x[t]);
                acc0[t] = vf_fma(b, u0, acc0[t]);
                acc1[t] = vf_fma(b, u1, acc1[t]);
            }
        }
    }
    VF_UNROLL
    for (int t = 0; t < T; t++) {
        vf_store(m + t * WIDE, acc0[t]);
        vf_store(m + t * WIDE + VF_LANES, acc1[t]);
    }
}

#define STEM_PRODUCTS(T) \
    static void stem_products_##T(const terms *k, const float *v, const float *u, float *m) { stem_products(T, k, v, u, m); }
PRODUCT_SIZES(STEM_PRODUCTS)
typedef void stem_products_fn(const terms *k, const float *v, const float *u, float *m);
#define STEM_NAME(T) stem_products_##T,
static stem_products_fn *const stem_products_of[] = {PRODUCT_SIZES(STEM_NAME)};

// ---- the output's transform ----

typedef struct epilogue {
    vf bias, lo, hi;
    vm keep;
} epilogue;

// The first n outputs of one tile and vector.
VF_INLINE void stem_out(const float *m, int64_t step, const epilogue *e, const float *residual, float *y, int64_t n) {
    const float power[WINO_M] = {1, PC, PC * PC, PC * PC * PC};
    vf p[STEM_POINTS], o[WINO_M];
    VF_UNROLL
    for (int i = 0; i < STEM_POINTS; i++) p[i] = vf_load(m + i * step);
    out_1d(4, p, o);
    VF_UNROLL
    for (int i = 0; i < WINO_M; i++) {
        if (i >= n) break;
        vf q = vf_add(vf_fma(vf_set1(power[i]), p[6], o[i]), e->bias);
        if (residual) q = vf_add(q, vf_load(residual + i * VF_LANES));
        vf_store(y + i * VF_LANES, vf_select(e->keep, vf_min(e->hi, vf_max(e->lo, q)), vf_zero()));
    }
}

// Where rows of the convolution go: the first pixel of row `first` in the first block of outputs, and floats from one block to
// the next.
typedef struct target {
    float *y;
    const float *residual;
    int64_t first, block_step;
} target;

// The n tiles of one row and group, back into outputs.
static void transform_out(const onr_conv_args *a, int64_t n, const target *to, int64_t group, const float *m) {
    const onr_conv_shape *s = a->shape;
    const int64_t k_blocks = onr_ceil_div(s->c_out, VF_LANES);
    for (int64_t kb = 2 * group; kb < onr_min_i64(2 * group + 2, k_blocks); kb++, m += VF_LANES) {
        const epilogue e = {vf_load(a->bias + kb * VF_LANES), vf_set1(a->lo), vf_set1(a->hi),
                            vf_keep(s->c_out - kb * VF_LANES)};
        for (int64_t t = 0; t < n; t++) {
            const int64_t ox = t * WINO_M, at = kb * to->block_step + ox * VF_LANES;
            const float *residual = to->residual ? to->residual + at : NULL;
            if (s->ow - ox >= WINO_M)
                stem_out(m + t * WIDE, n * WIDE, &e, residual, to->y + at, WINO_M);
            else
                stem_out(m + t * WIDE, n * WIDE, &e, residual, to->y + at, s->ow - ox);
        }
    }
}

// ---- pooling ----

VF_INLINE vf window_max(const float *x, int64_t row, const int64_t kh, const int64_t kw) {
    vf most = vf_set1(-INFINITY);
    for (int64_t ky = 0; ky < kh; ky++)
        for (int64_t kx = 0; kx < kw; kx++) most = vf_max(most, vf_load(x + ky * row + kx * VF_LANES));
    return most;
}

// One row of the pooled map; x: row y0 of one block of outputs, maybe before the first, as is column x0 of a window.
static void pool_row(const onr_conv_shape *s, const float *x, int64_t y0, float *y) {
    const onr_conv_pool *p = &s->pool;
    const int64_t row = s->ow * VF_LANES, ky = onr_max_i64(0, -y0), kh = onr_min_i64(p->kh, s->oh - y0) - ky;
    x += ky * row;
    for (int64_t px = 0; px < p->ow; px++, y += VF_LANES) {
        const int64_t x0 = px * p->stride_w - p->pad_left, kx = onr_max_i64(0, -x0), kw = onr_min_i64(p->kw, s->ow - x0) - kx;
        const float *from = x + (x0 + kx) * VF_LANES;
        vf_store(y, kh == 3 && kw == 3 ? window_max(from, row, 3, 3) : window_max(from, row, kh, kw));
    }
}

// ---- loops ----

// Which rows a worker still has: of an image's transformed input, and of results to be pooled. Rows that lie outside the map
// count, and hold nothing.
typedef struct kept_rows {
    int64_t image; ///< counted from 1; 0: none
    int64_t in_begin, in_end;
    int64_t out_begin, out_end;
} kept_rows;

typedef struct job {
    const onr_conv_args *a;
    stem_plan plan;
    kept_rows kept[ONR_POOL_MAX_WORKERS];
} job;

typedef struct worker_memory {
    float *m, *v, *line, *results;
} worker_memory;

static worker_memory memory_of(const job *j, size_t worker) {
    float *m = (float *)(void *)((char *)j->a->scratch + worker * j->a->scratch_step), *v = m + j->plan.m_floats;
    return (worker_memory){m, v, v + j->plan.v_floats, v + j->plan.v_floats + j->plan.line_floats};
}

// One row of the convolution and a group; v: the transformed input row of kernel row 0, which may lie before the first inside
// the map.
static void output_row(const job *j, int64_t oy, int64_t group, const float *v, float *m, const target *to) {
    const onr_conv_shape *s = j->a->shape;
    const stem_plan *p = &j->plan;
    const int64_t iy = oy * s->stride_h - s->pad_top;
    const int64_t first = onr_clamp_i64(-iy, 0, s->kh), end = onr_clamp_i64(s->h - iy, first, s->kh);
    terms k = {.rows = end - first, .v_row = p->row_floats, .v_step = p->lanes_of_tiles, .u_row = 2 * s->c_in * WIDE};
    const float *u = j->a->packed + (group * STEM_POINTS * s->kh + first) * k.u_row;
    const int64_t parts = onr_ceil_div(p->n_tiles, TILES);
    v += first * k.v_row;
    for (int q = 0; q < STEM_POINTS; q++, v += 2 * s->c_in * k.v_step, u += s->kh * k.u_row) {
        k.n = q < 6 ? 2 * s->c_in : s->c_in;
        for (int64_t i = 0, at = 0; i < parts; i++) {
            const int64_t n = p->n_tiles / parts + (i < p->n_tiles % parts);
            stem_products_of[n - 1](&k, v + at, u, m + (q * p->n_tiles + at) * WIDE);
            at += n;
        }
    }
    transform_out(j->a, p->n_tiles, to, group, m);
}

// The transformed input of rows [begin, end) of the convolution; rows that the worker has already are moved, not made again.
static void transform_rows(const job *j, int64_t image, int64_t begin, int64_t end, kept_rows *kept, const worker_memory *w) {
    const onr_conv_shape *s = j->a->shape;
    const int64_t row = j->plan.row_floats, in_begin = begin * s->stride_h - s->pad_top;
    const int64_t in_end = (end - 1) * s->stride_h - s->pad_top + s->kh;
    const bool some = kept->in_begin <= in_begin && in_begin < kept->in_end;
    const int64_t have = some ? kept->in_end - in_begin : 0;
    if (some) memmove(w->v, w->v + (in_begin - kept->in_begin) * row, (size_t)(have * row) * sizeof(float));
    for (int64_t iy = onr_max_i64(in_begin + have, 0); iy < onr_min_i64(in_end, s->h); iy++)
        transform_row(s, &j->plan, j->a->x + (image * s->c_in * s->h + iy) * s->w, w->line, w->v + (iy - in_begin) * row);
    kept->in_begin = in_begin;
    kept->in_end = in_end;
}

// Rows [begin, end) of the convolution, all inside the map.
static void convolve_rows(const job *j, int64_t image, int64_t begin, int64_t end, kept_rows *kept, const worker_memory *w,
                          const target *to) {
    const onr_conv_shape *s = j->a->shape;
    const int64_t step = s->ow * VF_LANES;
    if (begin >= end) return;
    transform_rows(j, image, begin, end, kept, w);
    for (int64_t g = 0; g < j->plan.n_groups; g++)
        for (int64_t oy = begin; oy < end; oy++) {
            const int64_t at = (oy - to->first) * step;
            const target row = {to->y + at, to->residual ? to->residual + at : NULL, oy, to->block_step};
            output_row(j, oy, g, w->v + (oy - begin) * s->stride_h * j->plan.row_floats, w->m, &row);
        }
}

static void plain_band(const job *j, int64_t image, int64_t begin, int64_t end, kept_rows *kept, const worker_memory *w) {
    const onr_conv_shape *s = j->a->shape;
    const int64_t plane = s->oh * s->ow * VF_LANES, at = image * j->plan.k_blocks * plane;
    const target to = {j->a->y + at, j->a->residual ? j->a->residual + at : NULL, 0, plane};
    convolve_rows(j, image, begin, end, kept, w, &to);
}

// Rows [begin, end) of the pooled map.
static void pooled_band(const job *j, int64_t image, int64_t begin, int64_t end, kept_rows *kept, const worker_memory *w) {
    const onr_conv_shape *s = j->a->shape;
    const onr_conv_pool *p = &s->pool;
    const int64_t row = s->ow * VF_LANES, plane = j->plan.rows * row, k_blocks = j->plan.k_blocks;
    const int64_t out_begin = begin * p->stride_h - p->pad_top, out_end = (end - 1) * p->stride_h - p->pad_top + p->kh;
    const bool some = kept->out_begin <= out_begin && out_begin < kept->out_end;
    const int64_t have = some ? kept->out_end - out_begin : 0;
    for (int64_t kb = 0; some && kb < k_blocks; kb++)
        memmove(w->results + kb * plane, w->results + kb * plane + (out_begin - kept->out_begin) * row,
                (size_t)(have * row) * sizeof(float));
    const target to = {w->results, NULL, out_begin, plane};
    convolve_rows(j, image, onr_max_i64(out_begin + have, 0), onr_min_i64(out_end, s->oh), kept, w, &to);
    kept->out_begin = out_begin;
    kept->out_end = out_end;
    for (int64_t kb = 0; kb < k_blocks; kb++) {
        for (int64_t py = begin; py < end; py++) {
            const int64_t y0 = py * p->stride_h - p->pad_top;
            pool_row(s, w->results + kb * plane + (y0 - out_begin) * row, y0,
                     j->a->y + ((image * k_blocks + kb) * p->oh + py) * p->ow * VF_LANES);
        }
    }
}

static void one_band(void *ctx, size_t worker, size_t i) {
    job *j = ctx;
    const onr_conv_shape *s = j->a->shape;
    const stem_plan *p = &j->plan;
    const worker_memory w = memory_of(j, worker);
    kept_rows *kept = &j->kept[worker];
    const int64_t image = (int64_t)i / p->n_bands, begin = (int64_t)i % p->n_bands * p->band;
    const int64_t end = onr_min_i64(begin + p->band, s->pool.kh ? s->pool.oh : s->oh);
    if (kept->image == 0) memset(w.line, 0, (size_t)p->line_floats * sizeof(float));
    if (kept->image != image + 1) *kept = (kept_rows){.image = image + 1};
    (s->pool.kh ? pooled_band : plain_band)(j, image, begin, end, kept, &w);
}

static void run(const onr_conv_args *a) {
    job j = {.a = a, .plan = plan_of(a->shape)};
    onr_pool_for_worker(a->pool, (size_t)(a->shape->n * j.plan.n_bands), one_band, &j);
}

static size_t worker_bytes(const onr_conv_shape *s) {
    const stem_plan p = plan_of(s);
    return sizeof(float) * (size_t)(p.m_floats + p.v_floats + p.line_floats + p.result_floats);
}

static bool supports(const onr_conv_shape *s) {
    return s->kw == TAPS && s->stride_w == 2 && s->dil_h == 1 && s->dil_w == 1 && s->groups == 1 && s->in_block == 1 &&
           s->out_block == VF_LANES && s->c_in <= MAX_CHANNELS && s->oh > 0 && s->ow > 0 && s->n > 0;
}

// Measured as the other kernels (plan.c): cycles for a tile, in and out, and around the sum of a point.
static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    const stem_plan p = plan_of(s);
    const double rows = (double)(s->n * s->oh), tiles = (double)p.n_tiles, parts = (double)onr_ceil_div(p.n_tiles, TILES);
    const double products = tiles * 13 * (double)(s->kh * s->c_in) * 1.05 + tiles * 50 + parts * STEM_POINTS * 25;
    const double in_rows = (double)(s->n * s->h);
    const double in = (double)s->c_in * ((double)s->w * 0.25 + (double)p.lanes_of_tiles / VF_LANES * 110);
    return 1 + (rows * (double)p.n_groups * products + in_rows * in) / 3300;
}

/// STEM_VARIANT(symbol, name): the row of conv/variants.inc.
#define STEM_VARIANT(symbol, label) ONR_CONV_ROW(symbol, label, VF_NEEDS, VF_LANES, false, true, supports, .pools = true)
