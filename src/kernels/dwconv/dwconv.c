// dwconv.c: the loops of the depthwise convolution: rows of blocks of channels, each row split into its borders and its inside.
// May assume: what dwconv.h says. Never cuts by the number of threads.
#include "kernels/dwconv/dwconv.h"

#include "kernels/conv/conv_util.h"

bool onr_dwconv_supports(const onr_dw_kernels *k, const onr_conv_shape *s) {
    return s->groups == s->c_in && s->c_out == s->c_in && s->in_block == k->block && s->out_block == k->block;
}

size_t onr_dwconv_packed_bytes(const onr_dw_kernels *k, const onr_conv_shape *s) {
    return (size_t)(onr_round_up(s->c_out, k->block) * s->kh * s->kw) * sizeof(float);
}

void onr_dwconv_pack(const onr_dw_kernels *k, const onr_conv_shape *s, const onr_conv_weights *w, float *packed,
                     onr_pool *pool) {
    (void)pool; // a few kilobytes
    int64_t taps = (int64_t)s->kh * s->kw, channels = onr_round_up(s->c_out, k->block);
    for (int64_t c = 0; c < channels; c++) {
        const bool real = c < s->c_out;
        const float scale = real ? onr_conv_scale(w, c) : 0;
        for (int64_t tap = 0; tap < taps; tap++)
            packed[(c / k->block * taps + tap) * k->block + c % k->block] = real ? w->w[c * taps + tap] * scale : 0.0f;
    }
}

double onr_dwconv_cost(const onr_conv_shape *s, const onr_cpu *cpu, double gflops) {
    double in = (double)s->n * (double)s->c_in * (double)s->h * (double)s->w;
    double out = (double)s->n * (double)s->c_out * (double)s->oh * (double)s->ow;
    double flops = 2 * out * s->kh * s->kw, bytes = 4 * (in + 2 * out); // a written line is read first
    double compute = flops / (gflops * 1e3), memory = bytes / 80e3;     // 80 GB/s from L3
    double rows = (double)s->n * (double)onr_ceil_div(s->c_out, s->out_block) * (double)s->oh;
    (void)cpu;
    return 1 + 0.015 * rows + (compute > memory ? compute : memory);
}

typedef struct job {
    const onr_conv_args *a;
    const onr_dw_kernels *k;
    int64_t n_blocks, row_chunk, n_chunks;
    int64_t inside_begin, inside_end; // output columns all of whose taps are inside the input
    bool short_borders;               // get3's kernels do ...
    bool skip_first, skip_last;       // ... leaving out the first pixel, the last
} job;

// Pixels that lose kernel columns to the border, one at a time.
static void run_border(const job *j, onr_dw_row r, int64_t begin, int64_t end) {
    const onr_conv_shape *s = j->a->shape;
    const int64_t block = j->k->block;
    const float *x = r.x, *residual = r.residual;
    float *y = r.y;
    for (int64_t ox = begin; ox < end; ox++) {
        int64_t ix = ox * s->stride_w - s->pad_left;
        int64_t lo = ix < 0 ? onr_ceil_div(-ix, s->dil_w) : 0, hi = s->w > ix ? onr_ceil_div(s->w - ix, s->dil_w) : 0;
        r.kx_begin = (int32_t)onr_min_i64(lo, s->kw);
        r.kx_end = (int32_t)onr_clamp_i64(hi, r.kx_begin, s->kw);
        r.x = x + ix * block;
        r.y = y + ox * block;
        r.residual = residual ? residual + ox * block : NULL;
        j->k->one(&r);
    }
}

static void run_inside(const job *j, onr_dw_row r) {
    const onr_conv_shape *s = j->a->shape;
    const int64_t block = j->k->block;
    const float *x = r.x, *residual = r.residual;
    float *y = r.y;
    r.kx_begin = 0;
    r.kx_end = s->kw;
    for (int64_t ox = j->inside_begin; ox < j->inside_end;) {
        int64_t left = j->inside_end - ox;
        int q = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        r.x = x + (ox * s->stride_w - s->pad_left) * block;
        r.y = y + ox * block;
        r.residual = residual ? residual + ox * block : NULL;
        j->k->get(q, s->kw, s->stride_w, s->dil_w)(&r);
        ox += q;
    }
}

// The whole row in tiles as equal as possible, borders left out inside the kernel.
static void run_short_borders(const job *j, onr_dw_row r) {
    const onr_conv_shape *s = j->a->shape;
    const int64_t block = j->k->block, n = onr_ceil_div(s->ow, 8), base = s->ow / n, extra = s->ow % n;
    r.x -= s->pad_left * block;
    for (int64_t i = 0; i < n; i++) {
        int64_t q = base + (i < extra);
        r.skip_first = i == 0 && j->skip_first;
        r.skip_last = i == n - 1 && j->skip_last;
        j->k->get3(q, s->stride_w)(&r);
        r.x += q * s->stride_w * block;
        r.y += q * block;
        if (r.residual) r.residual += q * block;
    }
}

static void run_row(const job *j, int64_t image, int64_t b, int64_t oy) {
    const onr_conv_args *a = j->a;
    const onr_conv_shape *s = a->shape;
    const int64_t block = j->k->block, map = (image * j->n_blocks + b);
    int64_t iy = oy * s->stride_h - s->pad_top;
    int64_t lo = iy < 0 ? onr_ceil_div(-iy, s->dil_h) : 0, hi = s->h > iy ? onr_ceil_div(s->h - iy, s->dil_h) : 0;
    int64_t at = (map * s->oh + oy) * s->ow * block;
    onr_dw_row r = {.x = a->x + (map * s->h + iy) * s->w * block,
                    .w = a->packed + b * s->kh * s->kw * block,
                    .bias = a->bias + b * block,
                    .residual = a->residual ? a->residual + at : NULL,
                    .y = a->y + at,
                    .x_row = s->dil_h * s->w * block,
                    .x_tap = s->dil_w * block,
                    .x_pixel = s->stride_w * block,
                    .kw = s->kw,
                    .n_lanes = onr_min_i64(s->c_out - b * block, block),
                    .lo = a->lo,
                    .hi = a->hi};
    r.ky_begin = (int32_t)onr_min_i64(lo, s->kh);
    r.ky_end = (int32_t)onr_clamp_i64(hi, r.ky_begin, s->kh);
    if (j->short_borders) {
        run_short_borders(j, r);
        return;
    }
    run_border(j, r, 0, j->inside_begin);
    run_inside(j, r);
    run_border(j, r, j->inside_end, s->ow);
}

static void run_task(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (int64_t i = (int64_t)begin; i < (int64_t)end; i++) {
        int64_t chunk = i % j->n_chunks, b = i / j->n_chunks % j->n_blocks, image = i / j->n_chunks / j->n_blocks;
        int64_t last = onr_min_i64((chunk + 1) * j->row_chunk, j->a->shape->oh);
        for (int64_t oy = chunk * j->row_chunk; oy < last; oy++) run_row(j, image, b, oy);
    }
}

void onr_dwconv_run(const onr_dw_kernels *k, const onr_conv_args *a) {
    enum { TASK_FMAS = 16 << 10 }; // vector FMAs in a task, at least: about 5 microseconds
    const onr_conv_shape *s = a->shape;
    job j = {.a = a, .k = k, .n_blocks = onr_ceil_div(s->c_out, k->block), .inside_begin = 0, .inside_end = s->ow};
    j.short_borders = s->kw == 3 && s->dil_w == 1 && s->stride_w <= 2;
    for (int32_t kx = 0; kx < s->kw; kx++) {
        int64_t lo, hi;
        onr_conv_tap_range(s->w, s->ow, s->stride_w, s->pad_left, kx, s->dil_w, &lo, &hi);
        j.inside_begin = onr_max_i64(j.inside_begin, lo);
        j.inside_end = onr_min_i64(j.inside_end, hi);
        // Column 0 may only miss the first pixel, column 2 the last, column 1 none.
        j.skip_first |= lo > 0;
        j.skip_last |= hi < s->ow;
        j.short_borders &= lo <= (kx == 0) && hi >= s->ow - (kx == 2);
    }
    j.inside_end = onr_max_i64(j.inside_begin, j.inside_end);
    j.row_chunk = onr_clamp_i64(TASK_FMAS / onr_max_i64(1, s->ow * s->kh * s->kw), 1, s->oh);
    j.n_chunks = onr_ceil_div(s->oh, j.row_chunk);
    onr_pool_for(a->pool, (size_t)(s->n * j.n_blocks * j.n_chunks), 1, run_task, &j);
}
