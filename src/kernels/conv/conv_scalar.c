// conv_scalar.c: convolution in plain C: any shape, any block. The kernel that every machine has.
// May assume: what conv.h says. Never uses intrinsics; written so that the compiler vectorizes the lanes of one output block.
//
// Packed weights: [block of c_out][c_in / groups][kh][kw][lane], zero beyond c_out.
#include "kernels/conv/conv_row.h"
#include "kernels/conv/conv_util.h"

enum { MAX_BLOCK = 16 };

static bool supports(const onr_conv_shape *s) { return s->out_block == 8 || s->out_block == 16; }

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    // Measured at about 3 GFLOP/s; only its being larger than other variants' cost matters.
    return 1.0 + onr_conv_flops(s) * 1e-3 / 3.0;
}

static size_t packed_bytes(const onr_conv_shape *s) {
    int64_t taps = (int64_t)s->kh * s->kw;
    return (size_t)(onr_round_up(s->c_out, s->out_block) * (s->c_in / s->groups) * taps) * sizeof(float);
}

static void pack_block(void *ctx, size_t begin, size_t end) {
    const onr_conv_packing *j = ctx;
    int64_t b = j->s->out_block, k = j->s->c_in / j->s->groups * j->s->kh * j->s->kw;
    for (size_t block = begin; block < end; block++) {
        float *out = j->packed + (int64_t)block * k * b;
        for (int64_t lane = 0; lane < b; lane++) {
            int64_t oc = (int64_t)block * b + lane;
            const bool real = oc < j->s->c_out;
            const float scale = real ? onr_conv_scale(j->w, oc) : 0;
            for (int64_t i = 0; i < k; i++) out[i * b + lane] = real ? j->w->w[oc * k + i] * scale : 0.0f;
        }
    }
}

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_packing job = {s, w, packed};
    onr_pool_for(pool, (size_t)onr_ceil_div(s->c_out, s->out_block), 1, pack_block, &job);
}

static size_t worker_bytes(const onr_conv_shape *s) {
    (void)s;
    return 0;
}

static int64_t x_index(const onr_conv_shape *s, int64_t n, int64_t c, int64_t pos) {
    int64_t b = s->in_block, hw = s->h * s->w;
    return ((n * onr_ceil_div(s->c_in, b) + c / b) * hw + pos) * b + c % b;
}

// Adds to acc what one tap (at input position `pos`) of channel `ic` of each lane's group gives.
static void add_tap(const onr_conv_args *a, const float *w, int64_t n, int64_t oc0, int64_t ic, int64_t pos, float *acc) {
    const onr_conv_shape *s = a->shape;
    int64_t cig = s->c_in / s->groups, cog = s->c_out / s->groups, b = s->out_block;
    int64_t last = onr_min_i64(oc0 + b, s->c_out) - 1;
    if (oc0 / cog == last / cog) {
        float xv = a->x[x_index(s, n, oc0 / cog * cig + ic, pos)];
        for (int64_t lane = 0; lane < b; lane++) acc[lane] += xv * w[lane];
    } else {
        for (int64_t lane = 0; lane <= last - oc0; lane++)
            acc[lane] += a->x[x_index(s, n, (oc0 + lane) / cog * cig + ic, pos)] * w[lane];
    }
}

static void compute_pixel(const onr_conv_args *a, int64_t n, int64_t block, int64_t oy, int64_t ox) {
    const onr_conv_shape *s = a->shape;
    int64_t b = s->out_block, oc0 = block * b, cig = s->c_in / s->groups;
    int64_t taps = (int64_t)s->kh * s->kw;
    const float *w = a->packed + block * cig * taps * b;
    float acc[MAX_BLOCK];
    for (int64_t lane = 0; lane < b; lane++) acc[lane] = a->bias[oc0 + lane];
    for (int64_t ic = 0; ic < cig; ic++) {
        for (int32_t ky = 0; ky < s->kh; ky++) {
            int64_t iy = oy * s->stride_h - s->pad_top + (int64_t)ky * s->dil_h;
            if (iy < 0 || iy >= s->h) continue;
            for (int32_t kx = 0; kx < s->kw; kx++) {
                int64_t ix = ox * s->stride_w - s->pad_left + (int64_t)kx * s->dil_w;
                if (ix < 0 || ix >= s->w) continue;
                add_tap(a, w + (ic * taps + (int64_t)ky * s->kw + kx) * b, n, oc0, ic, iy * s->w + ix, acc);
            }
        }
    }
    int64_t at = (((n * onr_ceil_div(s->c_out, b) + block) * s->oh + oy) * s->ow + ox) * b;
    for (int64_t lane = 0; lane < b; lane++) {
        float v = acc[lane] + (a->residual ? a->residual[at + lane] : 0.0f);
        v = v < a->lo ? a->lo : v > a->hi ? a->hi : v;
        a->y[at + lane] = oc0 + lane < s->c_out ? v : 0.0f;
    }
}

static void run_rows(void *ctx, size_t begin, size_t end) {
    const onr_conv_args *a = ctx;
    const onr_conv_shape *s = a->shape;
    int64_t blocks = onr_ceil_div(s->c_out, s->out_block);
    for (size_t i = begin; i < end; i++) {
        int64_t oy = (int64_t)i % s->oh, block = (int64_t)i / s->oh % blocks, n = (int64_t)i / s->oh / blocks;
        for (int64_t ox = 0; ox < s->ow; ox++) compute_pixel(a, n, block, oy, ox);
    }
}

static void run(const onr_conv_args *a) {
    const onr_conv_shape *s = a->shape;
    size_t rows = (size_t)(s->n * onr_ceil_div(s->c_out, s->out_block) * s->oh);
    onr_pool_for(a->pool, rows, 1, run_rows, (void *)a);
}

ONR_CONV_ROW(onr_conv_scalar, "conv_direct_scalar", 0, 8, true, false, supports)
