// conv_tile_body.h: the register tile of the direct convolution, written once over the vector type `vf`: up to 14 pixels by two
// vectors of output channels. Included by conv_tile_<isa>.c after f32_<isa>.h, with TILE_KEEP(mask, v) (zero the lanes that the
// mask of vf_first leaves out) and tile_mask defined. Never reads outside the taps that are not skipped.
//
// Two accumulators per pixel, two weight vectors, one broadcast (on AVX-512 an embedded operand of the FMA). Accumulators are
// separate variables, not an array, so that no compiler spills them; `if`s on constants cut the one template down to each size.
#include "kernels/conv/conv_tile.h"
#include "kernels/conv/conv_turn_body.h"

#include <stddef.h>

// clang-format finds another form for this list on every run.
// clang-format off
#define FOR_PIXELS(M, ...)                                                                                                \
    M(0, __VA_ARGS__) M(1, __VA_ARGS__) M(2, __VA_ARGS__) M(3, __VA_ARGS__) M(4, __VA_ARGS__) M(5, __VA_ARGS__)           \
    M(6, __VA_ARGS__) M(7, __VA_ARGS__) M(8, __VA_ARGS__) M(9, __VA_ARGS__) M(10, __VA_ARGS__) M(11, __VA_ARGS__)         \
    M(12, __VA_ARGS__) M(13, __VA_ARGS__)
// clang-format on

// Pixel i of a tile of q per row: its row, its column, its broadcast.
#define ROW(i) ((i) >= q ? 1 : 0)
#define COL(i) ((i)-ROW(i) * q)
#define X_AT(i) ((ROW(i) ? x1 : x0) + t + COL(i) * pixel)

// One step (an input channel of a tap): rows is a bit mask, first and last leave out pixels at the row's ends.
#define MULTIPLY(i, row_mask, first, last)                                                          \
    if ((i) < rows * q && ((row_mask) >> ROW(i) & 1) && COL(i) >= (first) && COL(i) < q - (last)) { \
        c##i = vf_fma(w0, vf_set1(*X_AT(i)), c##i);                                                 \
        if (nv == 2) d##i = vf_fma(w1, vf_set1(*X_AT(i)), d##i);                                    \
    }
#define STEPS(n_t, row_mask, first, last)                              \
    _Pragma("GCC unroll 2") for (int64_t t = 0; t < (n_t); t++) {      \
        vf w0 = vf_load(w), w1 = nv == 2 ? vf_load(w + VF_LANES) : w0; \
        w += VF_LANES * nv;                                            \
        __builtin_prefetch(prefetch);                                  \
        prefetch += prefetch_step;                                     \
        FOR_PIXELS(MULTIPLY, row_mask, first, last)                    \
        (void)w1;                                                      \
    }
// What an instance knows of the kernel's taps: one row and column; any; any, and some may leave out pixels at the row's ends.
typedef enum tile_taps { TAPS_ONE, TAPS_ANY, TAPS_SKIP } tile_taps;
#define COLUMNS(row_mask)                                         \
    for (int64_t c = 0; c < n_c; c++, x0 += p->xc, x1 += p->xc) { \
        if (how == TAPS_SKIP && c < skip_first) {                 \
            STEPS(VF_LANES, row_mask, 1, 0)                       \
        } else if (how == TAPS_SKIP && c >= skip_last) {          \
            STEPS(VF_LANES, row_mask, 0, 1)                       \
        } else {                                                  \
            STEPS(VF_LANES, row_mask, 0, 0)                       \
        }                                                         \
    }

#define START(i, ...)        \
    vf c##i = b0, d##i = b1; \
    (void)c##i;              \
    (void)d##i;
#define RESUME(i, ...)                                                  \
    if ((i) < rows * q) {                                               \
        c##i = vf_load(in + (i)*VF_LANES * nv);                         \
        if (nv == 2) d##i = vf_load(in + (i)*VF_LANES * nv + VF_LANES); \
    }
#define SUSPEND(i, ...)                                                  \
    if ((i) < rows * q) {                                                \
        vf_store(out + (i)*VF_LANES * nv, c##i);                         \
        if (nv == 2) vf_store(out + (i)*VF_LANES * nv + VF_LANES, d##i); \
    }
#define Y_OFFSET(i) (ROW(i) * p->y_row + COL(i) * VF_LANES)
// The residual is wanted after the last step: long enough from now to come from memory. (Prefetching y as well was measured
// slower.)
#define BRING_NEAR(i, ...)                                                    \
    if ((i) < rows * q) {                                                     \
        __builtin_prefetch(p->residual + Y_OFFSET(i));                        \
        if (nv == 2) __builtin_prefetch(p->residual + p->y_oc + Y_OFFSET(i)); \
    }
#define ADD(i, ...)                                                                     \
    if ((i) < rows * q) {                                                               \
        c##i = vf_add(c##i, vf_load(p->residual + Y_OFFSET(i)));                        \
        if (nv == 2) d##i = vf_add(d##i, vf_load(p->residual + p->y_oc + Y_OFFSET(i))); \
    }
// min and max return their second operand when one is NaN: NaN passes through.
#define STORE(i, ...)                                                                                     \
    if ((i) < rows * q) {                                                                                 \
        vf_store(p->y + Y_OFFSET(i), TILE_KEEP(m0, vf_min(hi, vf_max(lo, c##i))));                        \
        if (nv == 2) vf_store(p->y + p->y_oc + Y_OFFSET(i), TILE_KEEP(m1, vf_min(hi, vf_max(lo, d##i)))); \
    }

// rows, q, nv, pixel and how are constants in every instance (pixel not for ONR_TILE_ANY).
VF_INLINE void tile(const onr_conv_tile *p, const int rows, const int q, const int nv, const int64_t pixel,
                    const tile_taps how) {
    vf b0 = vf_load(p->bias), b1 = nv == 2 ? vf_load(p->bias + VF_LANES) : b0;
    FOR_PIXELS(START, )
    if (p->acc_in) {
        const float *in = p->acc_in;
        FOR_PIXELS(RESUME, )
    }
    if (p->residual && !p->acc_out) {
        FOR_PIXELS(BRING_NEAR, )
    }
    const int64_t n_c = p->n_c, skip_first = p->skip_first, skip_last = p->skip_last, prefetch_step = p->prefetch_step;
    const int64_t b_begin = rows == 2 ? p->b_lo[1] : p->b_lo[0], b_end = p->b_hi[0];
    if (how == TAPS_ONE) {
        const float *w = p->w, *x0 = p->x, *x1 = x0;
        const float *prefetch = p->prefetch;
        for (int64_t a = 0; a < p->n_a - 1; a++, x0 += p->xa) {
            STEPS(VF_LANES, 1, 0, 0)
            prefetch = p->prefetch + (a + 1) * p->prefetch_a;
        }
        STEPS(p->last_t, 1, 0, 0)
        (void)x1;
    }
    for (int64_t a = 0; how != TAPS_ONE && a < p->n_a; a++) {
        const float *w = p->w + (a * p->n_b + b_begin) * n_c * VF_LANES * VF_LANES * nv;
        const float *prefetch = p->prefetch + a * p->prefetch_a;
        for (int64_t b = b_begin; b < b_end; b++) {
            const float *x0 = p->x + a * p->xa + b * p->xb, *x1 = x0 + p->x_row;
            if (rows == 1) {
                COLUMNS(1)
            } else if (b < p->b_lo[0]) {
                COLUMNS(2)
            } else if (b >= p->b_hi[1]) {
                COLUMNS(1)
            } else {
                COLUMNS(3)
            }
        }
    }
    if (p->acc_out) {
        float *out = p->acc_out;
        FOR_PIXELS(SUSPEND, )
        return;
    }
    if (p->residual) {
        FOR_PIXELS(ADD, )
    }
    const vf lo = vf_set1(p->lo), hi = vf_set1(p->hi);
    const tile_mask m0 = vf_first(p->lanes[0]), m1 = vf_first(p->lanes[1]);
    (void)m1;
    FOR_PIXELS(STORE, )
}

#define INSTANCE(name, rows, q, nv, pixel, how) \
    static void name(const onr_conv_tile *p) { tile(p, rows, q, nv, pixel, how); }

// ---- packing ----

static void turn(const onr_conv_rows *j, int64_t begin, int64_t end) {
    float factors[VF_LANES] = {0};
    for (int64_t k = 0; k < j->n_rows; k++) factors[k] = j->factor ? j->factor[k] : 1.0f;
    const vf factor = vf_load(factors);
    int64_t tap = begin % j->taps, lane = begin / j->taps % VF_LANES, block = begin / j->taps / VF_LANES;
    for (int64_t at = begin; at < end; at += VF_LANES) {
        const int64_t n = end - at < VF_LANES ? end - at : VF_LANES;
        vf numbers[VF_LANES];
        turn_square(j->w + at, j->row, j->n_rows, n, numbers);
        for (int64_t i = 0; i < n; i++) {
            vf_store(j->out + ((block * j->taps + tap) * VF_LANES + lane) * j->step, vf_mul(numbers[i], factor));
            if (++tap < j->taps) continue;
            tap = 0;
            if (++lane < VF_LANES) continue;
            lane = 0;
            block++;
        }
    }
}
