// f1x4_body.h: F(1x4, 3x3) for one small map: Winograd's points along a row, the plain sum over the three rows of taps.
// May assume: VF_LANES, vf and its operations and the points of F(4, 3) are defined, 32 registers; one image of 3 or 4 rows and
// columns whose first and last row of inputs lie outside (supports). Never reads or writes outside the map.
//
// Where a map is a single tile, each transformed weight is used once, and F(4x4, 3x3) spends more on transforming the weights
// (90 operations for each input channel, in six passes) than on the products (36). Along rows only, 27 additions
// transform them; rows that lie outside have no products, which leaves 60 of 6 * 4 * 3 (direct summation has 100); and all sums
// stay in registers while the weights go by once, in the order in which memory has them.
// Input:   [block of channels][row][point][VF_LANES]
// Weights: [block of VF_LANES outputs][c][tap 3 x 3][VF_LANES]
#define SCALED_ROWS 0
#include "kernels/winograd/plan.h"
#include "kernels/winograd/taps_body.h"

enum { MAX_ROWS = 4, MAX_POINTS = 6 };
// Distance at which weights are fetched ahead, in floats.
#ifndef AHEAD
#define AHEAD (32 * 9 * VF_LANES)
#endif

typedef struct job {
    const onr_conv_args *a;
    const onr_conv_shape *s;
    int64_t c_blocks;
    bool has_input[ONR_POOL_MAX_WORKERS]; ///< the worker has transformed the input
} job;

// ---- the input's transform ----

// One row of one block of channels, w vectors at x, for s outputs: the first input that they need is `left` before it.
VF_INLINE void in_row(const int s, const float *x, int64_t w, int64_t left, float *to) {
    vf d[MAX_POINTS], o[MAX_POINTS];
    VF_UNROLL
    for (int j = 0; j < s + 2; j++) d[j] = vf_load_n(x + (j - left) * VF_LANES, j >= left && j - left < w ? VF_LANES : 0);
    in_1d(s, d, o);
    VF_UNROLL
    for (int j = 0; j < s + 2; j++) vf_store(to + j * VF_LANES, vf_mul(vf_set1(input_scale[j]), o[j]));
}

VF_INLINE void in_map(const int r, const int s, const job *j, float *v) {
    const int64_t w = j->s->w;
    for (int64_t i = 0; i < j->c_blocks * r; i++, v += (s + 2) * VF_LANES)
        in_row(s, j->a->x + i * w * VF_LANES, w, j->s->pad_left, v);
}

// ---- products, and the sums' transform into the output ----

VF_INLINE void out_map(const int r, const int s, const job *j, int64_t k, vf (*acc)[MAX_POINTS]) {
    const onr_conv_args *a = j->a;
    const vf lo = vf_set1(a->lo), hi = vf_set1(a->hi), bias = vf_load(a->bias + k * VF_LANES);
    const vm keep = vf_keep(j->s->c_out - k * VF_LANES);
    VF_UNROLL
    for (int i = 0; i < r; i++) {
        vf o[4];
        out_1d(s, acc[i], o);
        VF_UNROLL
        for (int q = 0; q < s; q++) {
            const int64_t at = ((k * r + i) * s + q) * VF_LANES;
            vf y = vf_add(o[q], bias);
            if (a->residual) y = vf_add(y, vf_load(a->residual + at));
            vf_store(a->y + at, vf_select(keep, vf_min(hi, vf_max(lo, y)), vf_zero()));
        }
    }
}

VF_INLINE void block_of_outputs(const int r, const int s, const job *j, int64_t k, const float *v) {
    const int points = s + 2;
    const float *w = j->a->packed + k * j->s->c_in * 9 * VF_LANES;
    vf acc[MAX_ROWS][MAX_POINTS];
    VF_UNROLL
    for (int i = 0; i < r; i++) {
        VF_UNROLL
        for (int p = 0; p < points; p++) acc[i][p] = vf_zero();
    }
    for (int64_t c = j->s->c_in; c > 0; c -= VF_LANES, v += r * points * VF_LANES) {
        const int64_t n_l = c < VF_LANES ? c : VF_LANES;
        for (int64_t l = 0; l < n_l; l++, w += 9 * VF_LANES) {
            VF_UNROLL
            for (int line = 0; line < 9; line++) __builtin_prefetch(w + AHEAD + line * VF_LANES, 0, 2);
            VF_UNROLL
            for (int tap = 0; tap < 3; tap++) {
                vf u[MAX_POINTS];
                const float *in = v + l;
                VF_FORGET(in);
                taps_1d(vf_load(w + 3 * tap * VF_LANES), vf_load(w + (3 * tap + 1) * VF_LANES),
                        vf_load(w + (3 * tap + 2) * VF_LANES), u);
                VF_UNROLL
                for (int i = 0; i < r; i++) {
                    const int row = i + tap - 1;
                    if (row < 0 || row >= r) continue;
                    VF_UNROLL
                    for (int p = 0; p < points; p++)
                        acc[i][p] = vf_fma(u[p], vf_set1(in[(row * points + p) * VF_LANES]), acc[i][p]);
                }
            }
        }
    }
    out_map(r, s, j, k, acc);
}

// One function for each size of map.
typedef void map_fn(const job *j, int64_t k, bool *has_input, float *v);
#define MAP_FN(R, S)                                                             \
    static void map_##R##S(const job *j, int64_t k, bool *has_input, float *v) { \
        if (!*has_input) in_map(R, S, j, v);                                     \
        *has_input = true;                                                       \
        block_of_outputs(R, S, j, k, v);                                         \
    }
MAP_FN(3, 3)
MAP_FN(3, 4)
MAP_FN(4, 3)
MAP_FN(4, 4)
static map_fn *const map_fns[2][2] = {{map_33, map_34}, {map_43, map_44}};

static void block_for_worker(void *ctx, size_t worker, size_t i) {
    job *j = ctx;
    float *v = (float *)(void *)((char *)j->a->scratch + worker * j->a->scratch_step);
    map_fns[j->s->oh - 3][j->s->ow - 3](j, (int64_t)i, &j->has_input[worker], v);
}

static void run(const onr_conv_args *a) {
    job j = {.a = a, .s = a->shape, .c_blocks = onr_ceil_div(a->shape->c_in, VF_LANES)};
    onr_pool_for_worker(a->pool, (size_t)onr_ceil_div(a->shape->c_out, VF_LANES), block_for_worker, &j);
}

static size_t worker_bytes(const onr_conv_shape *s) {
    return sizeof(float) * (size_t)(onr_ceil_div(s->c_in, VF_LANES) * s->oh * (s->ow + 2) * VF_LANES);
}

static bool supports(const onr_conv_shape *s) {
    return onr_wino_supports(s, 1) && s->in_block == VF_LANES && s->n == 1 && s->pad_top == 1 && s->oh == s->h && s->oh >= 3 &&
           s->oh <= 4 && s->ow >= 3 && s->ow <= 4;
}
