// winograd_body.h: the body of every prepacked Winograd kernel, written once; a kernel file defines the vector and the points first.
// May assume: LANES, TILES, vf and its operations, vm (a whole vector or nothing), WINO_M, in_1d, out_1d, weight_point and
// weight_scale are defined. Never reads or writes outside the maps: what lies beyond the edge is masked off.
//
// Weights:     [group of 2 * LANES outputs][point][c][2 * LANES], read from end to end once per block of tiles.
// Input:       [point][block of LANES channels][tile][LANES], 64 bytes of padding after each point against cache-set conflicts.
// Accumulators:[point][tile][2 * LANES], padded likewise.
#include "base/mathx.h"
#include "kernels/winograd/plan.h"

#include <string.h>

enum { EDGE = WINO_M + 2, POINTS = EDGE * EDGE, WIDE = 2 * LANES };
// Distance at which weights are fetched ahead, in floats: 32 KB.
enum { AHEAD = 8192 };

typedef struct job {
    const onr_conv_args *a;
    const onr_conv_shape *s;
    onr_wino_plan plan;
    onr_wino_block block; ///< the shared one
    float *v;             ///< shared transformed input, or the first worker's part
    float *own;           ///< per-worker scratch
    size_t own_floats;
} job;

// ---- products ----

// acc[t][0..1] = sum over c of v[c][t] * u[c][0..1], for T tiles. `v_step` floats lie between blocks of channels.
INLINE void products(const int T, const float *v, int64_t v_step, const float *u, int64_t c, float *m)
{
    vf acc0[TILES], acc1[TILES];
    UNROLL
    for (int t = 0; t < T; t++)
        acc0[t] = acc1[t] = vf_zero();
    for (; c > 0; c -= LANES, v += v_step) {
        const int64_t n = c < LANES ? c : LANES;
        for (int64_t l = 0; l < n; l++, u += WIDE) {
            const vf u0 = vf_load(u), u1 = vf_load(u + LANES);
            prefetch_far(u + AHEAD);
            UNROLL
            for (int t = 0; t < T; t++) {
                const vf x = vf_set1(v[t * LANES + l]);
                acc0[t] = vf_fma(x, u0, acc0[t]);
                acc1[t] = vf_fma(x, u1, acc1[t]);
            }
        }
    }
    UNROLL
    for (int t = 0; t < T; t++) {
        vf_store(m + t * WIDE, acc0[t]);
        vf_store(m + t * WIDE + LANES, acc1[t]);
    }
}

#define PRODUCTS(T)                                                                                          \
    static void products_##T(const float *v, int64_t v_step, const float *u, int64_t c, float *m)           \
    {                                                                                                        \
        products(T, v, v_step, u, c, m);                                                                     \
    }
PRODUCT_SIZES(PRODUCTS)
#define PRODUCTS_NAME(T) products_##T,
static void (*const products_of[])(const float *, int64_t, const float *, int64_t, float *) = {PRODUCT_SIZES(PRODUCTS_NAME)};

// All points of one block and one group of output channels.
static void multiply(const job *j, const onr_wino_block *b, const float *v, int64_t group, float *m)
{
    const int64_t c = j->s->c_in;
    const float *u = j->a->packed + group * POINTS * c * WIDE;
    for (int p = 0; p < POINTS; p++, u += c * WIDE) {
        const int64_t n = b->tiles[p];
        const int64_t parts = onr_ceil_div(n, TILES);
        int64_t at = 0;
        for (int64_t i = 0; i < parts; i++) {
            const int64_t t = n / parts + (i < n % parts);
            products_of[t - 1](v + b->v_at[p] + at * LANES, n * LANES, u, c, m + b->m_at[p] + at * WIDE);
            at += t;
        }
    }
}

// ---- the input's transform ----

// One tile of one channel block. x: the map's first vector; (y0, x0): the tile's first input, maybe outside.
INLINE void in_tile(const int r, const int s, const float *x, int64_t h, int64_t w, int64_t y0, int64_t x0, float *const *to,
                    int64_t at)
{
    vf d[EDGE], half[EDGE][EDGE];
    vm inside[EDGE];
    UNROLL
    for (int j = 0; j < s + 2; j++)
        inside[j] = vm_make(x0 + j >= 0 && x0 + j < w);
    UNROLL
    for (int i = 0; i < r + 2; i++) {
        const bool row = y0 + i >= 0 && y0 + i < h;
        const float *from = x + ((y0 + i) * w + x0) * LANES;
        UNROLL
        for (int j = 0; j < s + 2; j++)
            d[j] = row ? vf_load_if(from + j * LANES, inside[j]) : vf_zero();
        in_1d(s, d, half[i]);
    }
    UNROLL
    for (int j = 0; j < s + 2; j++) {
        vf o[EDGE];
        UNROLL
        for (int i = 0; i < r + 2; i++)
            d[i] = half[i][j];
        in_1d(r, d, o);
        UNROLL
        for (int i = 0; i < r + 2; i++)
            vf_store(to[i * EDGE + j] + at, o[i]);
    }
}

typedef void in_fn(const float *x, int64_t h, int64_t w, int64_t y0, int64_t x0, float *const *to, int64_t at);
typedef void out_fn(const float *const *from, int64_t at, const vf bias, const float *res, float *y, int64_t w, vf lo, vf hi,
                    vm keep);

// ---- the output's transform ----

INLINE void out_tile(const int r, const int s, const float *const *from, int64_t at, const vf bias, const float *res, float *y,
                     int64_t w, const vf lo, const vf hi, const vm keep)
{
    vf half[EDGE][WINO_M];
    UNROLL
    for (int j = 0; j < s + 2; j++) {
        vf p[EDGE];
        UNROLL
        for (int i = 0; i < r + 2; i++)
            p[i] = vf_load(from[i * EDGE + j] + at);
        out_1d(r, p, half[j]);
    }
    UNROLL
    for (int i = 0; i < r; i++) {
        vf p[EDGE], o[WINO_M];
        UNROLL
        for (int j = 0; j < s + 2; j++)
            p[j] = half[j][i];
        out_1d(s, p, o);
        UNROLL
        for (int j = 0; j < s; j++) {
            const int64_t k = (i * w + j) * LANES;
            vf q = vf_add(o[j], bias);
            if (res)
                q = vf_add(q, vf_load(res + k));
            vf_store(y + k, vf_keep(vf_min(hi, vf_max(lo, q)), keep));
        }
    }
}

// One function for each size of tile.
#define TILE_FNS(R, S)                                                                                                            \
    static void in_##R##S(const float *x, int64_t h, int64_t w, int64_t y0, int64_t x0, float *const *to, int64_t at)             \
    {                                                                                                                             \
        in_tile(R, S, x, h, w, y0, x0, to, at);                                                                                   \
    }                                                                                                                             \
    static void out_##R##S(const float *const *from, int64_t at, const vf bias, const float *res, float *y, int64_t w, vf lo,     \
                           vf hi, vm keep)                                                                                        \
    {                                                                                                                             \
        out_tile(R, S, from, at, bias, res, y, w, lo, hi, keep);                                                                  \
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

static place tile_place(const onr_wino_class *c, int64_t t)
{
    const int64_t per_image = c->rows * c->cols, in_image = t % per_image;
    return (place){t / per_image, c->row0 + in_image / c->cols, c->col0 + in_image % c->cols};
}

static void place_next(const onr_wino_class *c, place *q)
{
    if (++q->col < c->col0 + c->cols)
        return;
    q->col = c->col0;
    if (++q->row < c->row0 + c->rows)
        return;
    q->row = c->row0;
    q->image++;
}

// Transforms channel block cb of all tiles of the block.
static void transform_in(const job *j, const onr_wino_block *b, int64_t cb, float *v)
{
    const onr_conv_shape *s = j->s;
    for (int k = 0; k < WINO_CLASSES; k++) {
        const onr_wino_class *c = &j->plan.cls[k];
        if (b->n[k] == 0)
            continue;
        float *to[POINTS];
        for (int i = 0; i < c->r + 2; i++) {
            for (int q = 0; q < c->s + 2; q++) {
                const int p = i * EDGE + q;
                to[p] = v + b->v_at[p] + (cb * b->tiles[p] + onr_wino_place(&j->plan, b, k, i, q)) * LANES;
            }
        }
        in_fn *const fn = in_fns[c->r - 1][c->s - 1];
        place q = tile_place(c, b->first[k]);
        for (int64_t t = 0; t < b->n[k]; t++, place_next(c, &q)) {
            const float *x = j->a->x + (q.image * j->plan.c_blocks + cb) * s->h * s->w * LANES;
            fn(x, s->h, s->w, q.row * WINO_M - s->pad_top, q.col * WINO_M - s->pad_left, to, t * LANES);
        }
    }
}

// Transforms the products of a group back, into the output.
static void transform_out(const job *j, const onr_wino_block *b, int64_t group, const float *m)
{
    const onr_conv_shape *s = j->s;
    const onr_conv_args *a = j->a;
    const int64_t k_blocks = onr_ceil_div(s->c_out, LANES);
    const vf lo = vf_set1(a->lo), hi = vf_set1(a->hi);
    for (int k = 0; k < WINO_CLASSES; k++) {
        const onr_wino_class *c = &j->plan.cls[k];
        if (b->n[k] == 0)
            continue;
        const float *from[POINTS];
        for (int i = 0; i < c->r + 2; i++)
            for (int q = 0; q < c->s + 2; q++)
                from[i * EDGE + q] = m + b->m_at[i * EDGE + q] + onr_wino_place(&j->plan, b, k, i, q) * WIDE;
        out_fn *const fn = out_fns[c->r - 1][c->s - 1];
        for (int64_t kb = 2 * group; kb < onr_min_i64(2 * group + 2, k_blocks); kb++) {
            const vf bias = vf_load(a->bias + kb * LANES);
            const vm keep = vm_first(s->c_out - kb * LANES);
            place q = tile_place(c, b->first[k]);
            for (int64_t t = 0; t < b->n[k]; t++, place_next(c, &q)) {
                const int64_t at = (((q.image * k_blocks + kb) * s->oh + q.row * WINO_M) * s->ow + q.col * WINO_M) * LANES;
                fn(from, t * WIDE + (kb & 1) * LANES, bias, a->residual ? a->residual + at : NULL, a->y + at, s->ow, lo, hi,
                   keep);
            }
        }
    }
}

static void shared_in(void *ctx, size_t worker, size_t i)
{
    const job *j = ctx;
    (void)worker;
    transform_in(j, &j->block, (int64_t)i, j->v);
}

static void shared_out(void *ctx, size_t worker, size_t i)
{
    const job *j = ctx;
    float *m = j->own + worker * j->own_floats;
    multiply(j, &j->block, j->v, (int64_t)i, m);
    transform_out(j, &j->block, (int64_t)i, m);
}

static void whole_block(void *ctx, size_t worker, size_t i)
{
    const job *j = ctx;
    float *v = j->own + worker * j->own_floats, *m = v + j->plan.v_floats;
    onr_wino_block b;
    onr_wino_block_make(&j->plan, (int64_t)i, LANES, &b);
    for (int64_t cb = 0; cb < j->plan.c_blocks; cb++)
        transform_in(j, &b, cb, v);
    for (int64_t g = 0; g < j->plan.n_groups; g++) {
        multiply(j, &b, v, g, m);
        transform_out(j, &b, g, m);
    }
}

static void run(const onr_conv_args *a)
{
    job j = {.a = a, .s = a->shape};
    onr_wino_plan_make(a->shape, WINO_M, LANES, &j.plan);
    j.v = a->scratch;
    if (!j.plan.share) {
        j.own = j.v;
        j.own_floats = j.plan.v_floats + j.plan.m_floats;
        onr_pool_for_worker(a->pool, (size_t)j.plan.n_blocks, whole_block, &j);
        return;
    }
    j.own = j.v + j.plan.v_floats;
    j.own_floats = j.plan.m_floats;
    for (int64_t i = 0; i < j.plan.n_blocks; i++) {
        onr_wino_block_make(&j.plan, i, LANES, &j.block);
        onr_pool_for_worker(a->pool, (size_t)j.plan.c_blocks, shared_in, &j);
        onr_pool_for_worker(a->pool, (size_t)j.plan.n_groups, shared_out, &j);
    }
}

static size_t scratch_bytes(const onr_conv_shape *s, int n_threads)
{
    onr_wino_plan p;
    onr_wino_plan_make(s, WINO_M, LANES, &p);
    const size_t n = (size_t)n_threads;
    return sizeof(float) * (p.share ? p.v_floats + n * p.m_floats : n * (p.v_floats + p.m_floats));
}

// ---- weights ----

static size_t packed_bytes(const onr_conv_shape *s)
{
    return sizeof(float) * (size_t)(onr_ceil_div(s->c_out, WIDE) * POINTS * s->c_in * WIDE);
}

typedef struct pack_job {
    const onr_conv_shape *s;
    const float *w;
    float *packed;
} pack_job;

typedef double vd __attribute__((vector_size(8 * HALF_LANES)));
typedef float vs __attribute__((vector_size(4 * HALF_LANES)));

// The weights of one input channel and HALF_LANES output channels, taps[3][3], at every point; in double, rounded once.
static void transform_weights(const vd taps[9], float *u, int64_t point_step)
{
    vd half[3][EDGE];
    UNROLL
    for (int j = 0; j < 3; j++) {
        UNROLL
        for (int i = 0; i < EDGE; i++) {
            const double x = weight_point[i], scale = weight_scale[i];
            half[j][i] = i == 1 ? taps[6 + j] : (taps[j] + x * (taps[3 + j] + x * taps[6 + j])) * scale;
        }
    }
    UNROLL
    for (int i = 0; i < EDGE; i++) {
        UNROLL
        for (int j = 0; j < EDGE; j++) {
            const double x = weight_point[j], scale = weight_scale[j];
            const vd v = j == 1 ? half[2][i] : (half[0][i] + x * (half[1][i] + x * half[2][i])) * scale;
            const vs rounded = __builtin_convertvector(v, vs);
            memcpy(u + (i * EDGE + j) * point_step, &rounded, sizeof rounded);
        }
    }
}

// Item i: LANES input channels of one group.
static void pack_part(void *ctx, size_t begin, size_t end)
{
    const pack_job *q = ctx;
    const onr_conv_shape *s = q->s;
    const int64_t parts = onr_ceil_div(s->c_in, LANES);
    for (size_t i = begin; i < end; i++) {
        const int64_t group = (int64_t)i / parts, c0 = (int64_t)i % parts * LANES;
        float *u = q->packed + group * POINTS * s->c_in * WIDE;
        for (int64_t c = c0; c < onr_min_i64(c0 + LANES, s->c_in); c++) {
            for (int k0 = 0; k0 < WIDE; k0 += HALF_LANES) {
                vd taps[9];
                memset(taps, 0, sizeof taps);
                const int64_t k_first = group * WIDE + k0;
                for (int k = 0; k < HALF_LANES && k_first + k < s->c_out; k++)
                    for (int t = 0; t < 9; t++)
                        taps[t][k] = q->w[((k_first + k) * s->c_in + c) * 9 + t];
                transform_weights(taps, u + c * WIDE + k0, s->c_in * WIDE);
            }
        }
    }
}

static void pack(const onr_conv_shape *s, const float *w, float *packed, onr_pool *pool)
{
    pack_job q = {s, w, packed};
    onr_pool_for(pool, (size_t)(onr_ceil_div(s->c_out, WIDE) * onr_ceil_div(s->c_in, LANES)), 1, pack_part, &q);
}
