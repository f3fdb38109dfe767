// prepacked_body.h: the body of every prepacked Winograd kernel, written once; a kernel file defines the vector and the points first.
// May assume: LANES, TILES, vf and its operations, vm (a whole vector or nothing), WINO_M, in_1d, out_1d, weight_point and
// weight_scale are defined. Never reads or writes outside the maps: what lies beyond the edge is masked off.
//
// Weights:     [group of 2 * LANES outputs][point][c][2 * LANES], read from end to end once per block of tiles.
// Input:       [point][block of LANES channels][tile][LANES], 64 bytes of padding after each point against cache-set conflicts.
// Accumulators:[point][tile][2 * LANES], padded likewise.
#define SCALED_INPUT 0
#include "kernels/winograd/tiles_body.h"

#include <string.h>

enum { WIDE = 2 * LANES };
static const onr_wino_style style = {.m = WINO_M, .lanes = LANES, .wide = WIDE, .min_tiles = TILES, .max_tiles = 3 * TILES};
// Distance at which weights are fetched ahead, in floats: 32 KB.
enum { AHEAD = 8192 };

// ---- products ----

// acc[t][0..1] = sum over c of v[c][t] * u[c][0..1], for T tiles. `v_step` floats lie between blocks of channels.
INLINE void products(const int T, const float *v, int64_t v_step, const float *u, int64_t c, float *m) {
    vf acc0[TILES], acc1[TILES];
    UNROLL
    for (int t = 0; t < T; t++) acc0[t] = acc1[t] = vf_zero();
    do {
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
        v += v_step;
        c -= LANES;
    } while (c > 0);
    UNROLL
    for (int t = 0; t < T; t++) {
        vf_store(m + t * WIDE, acc0[t]);
        vf_store(m + t * WIDE + LANES, acc1[t]);
    }
}

#define PRODUCTS(T)                                                                                 \
    static void products_##T(const float *v, int64_t v_step, const float *u, int64_t c, float *m) { \
        products(T, v, v_step, u, c, m);                                                            \
    }
PRODUCT_SIZES(PRODUCTS)
#define PRODUCTS_NAME(T) products_##T,
static void (*const products_of[])(const float *, int64_t, const float *, int64_t, float *) = {PRODUCT_SIZES(PRODUCTS_NAME)};

// All points of one block and one group of output channels.
static void multiply(const job *j, const onr_wino_block *b, const float *v, int64_t group, float *m) {
    const int64_t c = j->s->c_in;
    const float *u = j->a->packed + group * POINTS * c * WIDE;
    for (int p = 0; p < POINTS; p++, u += c * WIDE) {
        const int64_t n = b->tiles[p];
        const int64_t parts = onr_ceil_div(n, TILES);
        int64_t at = 0;
        for (int64_t i = 0; i < parts; i++) {
            const int64_t t = n / parts + (i < n % parts);
            products_of[t - 1](v + b->v_at[p] + at * LANES, b->v_step[p], u, c, m + b->m_at[p] + at * WIDE);
            at += t;
        }
    }
}

static void shared_out(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    float *m = j->own + worker * j->own_floats;
    multiply(j, &j->block, j->v, (int64_t)i, m);
    transform_out(j, &j->block, (int64_t)i, m);
}

static void whole_block(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    float *v = j->own + worker * j->own_floats, *m = v + j->plan.v_floats;
    onr_wino_block b;
    onr_wino_block_make(&j->plan, (int64_t)i, &b);
    for (int64_t cb = 0; cb < j->plan.c_blocks; cb++) transform_in(j, &b, cb, v);
    for (int64_t g = 0; g < j->plan.n_groups; g++) {
        multiply(j, &b, v, g, m);
        transform_out(j, &b, g, m);
    }
}

static void run(const onr_conv_args *a) {
    job j = {.a = a, .s = a->shape};
    onr_wino_plan_make(a->shape, &style, &j.plan);
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
        onr_wino_block_make(&j.plan, i, &j.block);
        onr_pool_for_worker(a->pool, (size_t)j.plan.c_blocks, shared_in, &j);
        onr_pool_for_worker(a->pool, (size_t)j.plan.n_groups, shared_out, &j);
    }
}

static size_t scratch_bytes(const onr_conv_shape *s, int n_threads) {
    onr_wino_plan p;
    onr_wino_plan_make(s, &style, &p);
    const size_t n = (size_t)n_threads;
    return sizeof(float) * (p.share ? p.v_floats + n * p.m_floats : n * (p.v_floats + p.m_floats));
}

// ---- weights ----

static size_t packed_bytes(const onr_conv_shape *s) {
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
static void transform_weights(const vd taps[9], float *u, int64_t point_step) {
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
static void pack_part(void *ctx, size_t begin, size_t end) {
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
                    for (int t = 0; t < 9; t++) taps[t][k] = q->w[((k_first + k) * s->c_in + c) * 9 + t];
                transform_weights(taps, u + c * WIDE + k0, s->c_in * WIDE);
            }
        }
    }
}

static void pack(const onr_conv_shape *s, const float *w, float *packed, onr_pool *pool) {
    pack_job q = {s, w, packed};
    onr_pool_for(pool, (size_t)(onr_ceil_div(s->c_out, WIDE) * onr_ceil_div(s->c_in, LANES)), 1, pack_part, &q);
}
