// fused_body.h: F(4x4, 3x3) for few tiles: the weights stay nine taps and are transformed in registers while they are used.
// May assume: VF_LANES, MOST_TILES, FUSED_SHAPES, vf and its operations and the points of F(4, 3) are defined; columns of tiles
// have 4 or 3 outputs. Never reads or writes outside the maps.
//
// With few tiles a transformed weight is used few times and the kernel waits for memory; nine taps are a quarter of 36 points.
// For each block of outputs and each row of points, the taps are read once and feed one row's products of all tiles, at most 24
// accumulators. What bounds the loop on a Zen 5 are the loads, two per cycle: nine taps and one broadcast per product; on a Zen
// 4 multiplications, one per cycle.
//
// Input:        [row of points][block of channels][point of the row][tile][VF_LANES]
// Accumulators: [row of points][point of the row][tile][VF_LANES]
#define SCALED_INPUT 1
#define SCALED_ROWS 1
#include "kernels/winograd/tiles_body.h"

#include "kernels/winograd/taps_body.h"

static const onr_wino_style style = {.plain = true,
                                     .m = WINO_M,
                                     .stride = WINO_STRIDE,
                                     .lanes = VF_LANES,
                                     .wide = VF_LANES,
                                     .min_tiles = MOST_TILES,
                                     .max_tiles = MOST_TILES,
                                     .block_floats = BLOCK_FLOATS,
                                     .by_row = true};

// Input channels for which all rows are done before the next ones: their taps stay in the first-level cache (18 KB) meanwhile.
#ifndef CHUNK
#define CHUNK (2 * VF_LANES)
#endif
// Distance at which weights are fetched ahead, in floats: the next chunk.
#ifndef AHEAD
#define AHEAD (CHUNK * 9 * VF_LANES)
#endif

// A row's taps, from the three rows: one of them (the row that w points to), w[0] + w[2] + q * w[1], or w[0] + 4 w[2] + q *
// w[1].
typedef enum row_kind { ROW_PLAIN, ROW_NEAR, ROW_FAR, ROW_KINDS } row_kind;

// w0 + w2 or w0 + 4 w2, by additions: Zen cores have units of their own for them.
VF_INLINE vf outer_taps(const row_kind kind, vf w0, vf w2) {
    if (kind == ROW_NEAR) return vf_add(w0, w2);
    const vf twice = vf_add(w2, w2);
    return vf_add(w0, vf_add(twice, twice));
}

// One row of points: n6 tiles use six of its points, n5 tiles five. `first`: the sums start at zero, else at m. `ahead`: what
// is fetched early, one line of every nine, or two.
VF_INLINE void row_products(const int n6, const int n5, const row_kind kind, const float *v, int64_t v_step, const float *w,
                            int64_t c, float q, const float *ahead, bool two_lines, bool first, float *m) {
    const int n = n6 + n5, n_acc = 6 * n6 + 5 * n5;
    vf acc[6 * MOST_TILES];
    const vf vq = vf_set1(q);
    VF_UNROLL
    for (int a = 0; a < n_acc; a++) acc[a] = first ? vf_zero() : vf_load(m + a * VF_LANES);
    do {
        const int64_t n_l = c < VF_LANES ? c : VF_LANES;
        for (int64_t l = 0; l < n_l; l++, w += 9 * VF_LANES, ahead += 9 * VF_LANES) {
            __builtin_prefetch(ahead, 0, 2);
            if (two_lines) __builtin_prefetch(ahead + 6 * VF_LANES, 0, 2);
            vf u0 = vf_load(w), u1 = vf_load(w + VF_LANES), u2 = vf_load(w + 2 * VF_LANES);
            if (kind != ROW_PLAIN) {
                u0 = vf_fma(vq, vf_load(w + 3 * VF_LANES), outer_taps(kind, u0, vf_load(w + 6 * VF_LANES)));
                u1 = vf_fma(vq, vf_load(w + 4 * VF_LANES), outer_taps(kind, u1, vf_load(w + 7 * VF_LANES)));
                u2 = vf_fma(vq, vf_load(w + 5 * VF_LANES), outer_taps(kind, u2, vf_load(w + 8 * VF_LANES)));
            }
#define FEED(POINT, TILES_OF, U)                                                                                 \
    do {                                                                                                         \
        const vf weight = U;                                                                                     \
        VF_UNROLL                                                                                                \
        for (int t = 0; t < (TILES_OF); t++)                                                                     \
            acc[(POINT)*n + t] = vf_fma(weight, vf_set1(v[((POINT)*n + t) * VF_LANES + l]), acc[(POINT)*n + t]); \
    } while (0)
            FEED(0, n, u0);
            FEED(1, n, u2);
            const vf even_a = vf_add(u0, u2);
            FEED(2, n, vf_add(even_a, u1));
            FEED(3, n, vf_sub(even_a, u1));
            const vf twice_u2 = vf_add(u2, u2), twice_u1 = vf_add(u1, u1);
            const vf even_b = vf_add(u0, vf_add(twice_u2, twice_u2));
            FEED(4, n, vf_add(even_b, twice_u1));
            FEED(5, n6, vf_sub(even_b, twice_u1));
#undef FEED
        }
        v += v_step;
        c -= VF_LANES;
    } while (c > 0);
    VF_UNROLL
    for (int a = 0; a < n_acc; a++) vf_store(m + a * VF_LANES, acc[a]);
}

typedef void row_fn(const float *v, int64_t v_step, const float *w, int64_t c, float q, const float *ahead, bool two_lines,
                    bool first, float *m);
#define ROW_FN(NAME, N6, N5, KIND)                                                                                      \
    static void NAME##_##N6##N5(const float *v, int64_t v_step, const float *w, int64_t c, float q, const float *ahead, \
                                bool two_lines, bool first, float *m) {                                                 \
        row_products(N6, N5, KIND, v, v_step, w, c, q, ahead, two_lines, first, m);                                     \
    }
#define ROW_FNS(N6, N5) ROW_FN(plain, N6, N5, ROW_PLAIN) ROW_FN(near, N6, N5, ROW_NEAR) ROW_FN(far, N6, N5, ROW_FAR)
FUSED_SHAPES(ROW_FNS)
#define ROW_NAMES(N6, N5) [N6][N5] = {plain_##N6##N5, near_##N6##N5, far_##N6##N5},
static row_fn *const row_fns[MOST_TILES + 1][MOST_TILES + 1][ROW_KINDS] = {FUSED_SHAPES(ROW_NAMES)};

static void multiply(const job *j, const onr_wino_block *b, const float *v, int64_t group, float *m, float *extra) {
    (void)extra;
    static const row_kind kinds[EDGE] = {ROW_PLAIN, ROW_PLAIN, ROW_NEAR, ROW_NEAR, ROW_FAR, ROW_FAR};
    static const float row_q[EDGE] = {0, 0, 1, -1, 2, -2};
    const int64_t c_in = j->s->c_in;
    const float *w = j->a->packed + group * c_in * 9 * VF_LANES;
    for (int64_t c0 = 0; c0 < c_in; c0 += CHUNK, w += CHUNK * 9 * VF_LANES) {
        const int64_t c = onr_min_i64(CHUNK, c_in - c0);
        for (int i = 0; i < EDGE; i++) {
            const int p0 = i * EDGE;
            if (b->tiles[p0] == 0) continue;
            const int64_t n6 = b->tiles[p0 + 5], n5 = b->tiles[p0] - n6;
            row_fns[n6][n5][kinds[i]](v + b->v_at[p0] + c0 / VF_LANES * b->v_step[p0], b->v_step[p0],
                                      w + (i == 1 ? 6 * VF_LANES : 0), c, row_q[i], w + AHEAD + i * VF_LANES, i < 3, c0 == 0,
                                      m + b->m_at[p0]);
        }
    }
}

enum { EXTRA_FLOATS = 0 };
#include "kernels/winograd/loops_body.h"

static bool supports(const onr_conv_shape *s) {
    return onr_wino_supports(s, WINO_STRIDE) && s->in_block == VF_LANES && (s->ow % WINO_M == 0 || s->ow % WINO_M == 3);
}
