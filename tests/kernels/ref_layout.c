// ref_layout.c: pooling, blocked channels, transposition and strided copies against plain loops.
// May assume: check_start was called. Everything that only moves elements must be exact.
// Never lets a kernel write outside of its result: what lies between is compared too.
#include "check.h"
#include "vector_check.h"

#include "kernels/pool/pooling.h"
#include "kernels/reorder/reorder.h"
#include "kernels/transpose/transpose.h"

#include <math.h>
#include <string.h>

// --- pooling -----------------------------------------------------------------------------------------------------------------

static int64_t element(const onr_pooling_shape *s, int64_t n, int64_t c, int64_t h, int64_t w, int64_t y, int64_t x) {
    const int64_t blocks = (s->c + s->block - 1) / s->block;
    return (((n * blocks + c / s->block) * h + y) * w + x) * s->block + c % s->block;
}

static void compare_pooling(const onr_pooling_shape *s, bool average, bool count_pad, const float *x, const float *y) {
    for (int64_t i = 0; i < s->n * s->c * s->oh * s->ow; i++) {
        const int64_t ox = i % s->ow, oy = i / s->ow % s->oh, c = i / (s->ow * s->oh) % s->c, n = i / (s->ow * s->oh * s->c);
        double max = -INFINITY, sum = 0, size = 0;
        int64_t count = 0;
        for (int64_t k = 0; k < s->kh * s->kw; k++) {
            const int64_t iy = oy * s->stride_h - s->pad_top + k / s->kw * s->dil_h;
            const int64_t ix = ox * s->stride_w - s->pad_left + k % s->kw * s->dil_w;
            const bool inside = iy >= 0 && iy < s->h && ix >= 0 && ix < s->w;
            if (inside || (count_pad && iy < s->h + s->pad_bottom && ix < s->w + s->pad_right)) count++;
            if (!inside) continue;
            const double v = x[element(s, n, c, s->h, s->w, iy, ix)];
            max = fmax(max, v);
            sum += v;
            size += fabs(v);
        }
        const double want = average ? sum / (double)count : max;
        const double off = average && count > 0 ? EPS * (4 + s->kh * s->kw) * size / (double)count : 0;
        if (!check_near(y[element(s, n, c, s->oh, s->ow, oy, ox)], want, off, (size_t)i)) return;
    }
}

// The largest number of windows along one axis whose first tap is on the input or its padding, as ceil_mode gives.
static int64_t windows(int64_t size, int64_t pads, int64_t taps, int64_t dilation, int64_t stride, bool ceil_mode) {
    const int64_t room = size + pads - ((taps - 1) * dilation + 1);
    return room < 0 ? 0 : (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
}

static onr_pooling_shape random_pooling(void) {
    static const int32_t blocks[] = {1, 8, 16};
    onr_pooling_shape s = {.n = 1 + check_below(2), .c = odd_size(33), .h = odd_size(33), .w = odd_size(131)};
    s.block = blocks[check_below(3)];
    s.kh = 1 + (int32_t)check_below(5);
    s.kw = 1 + (int32_t)check_below(5);
    s.stride_h = 1 + (int32_t)check_below(3);
    s.stride_w = 1 + (int32_t)check_below(3);
    s.dil_h = 1 + (int32_t)check_below(2);
    s.dil_w = 1 + (int32_t)check_below(2);
    s.pad_top = (int32_t)check_below(s.kh);
    s.pad_left = (int32_t)check_below(s.kw);
    s.pad_bottom = (int32_t)check_below(s.kh);
    s.pad_right = (int32_t)check_below(s.kw);
    const bool ceil_mode = check_below(2);
    s.oh = windows(s.h, s.pad_top + s.pad_bottom, s.kh, s.dil_h, s.stride_h, ceil_mode);
    s.ow = windows(s.w, s.pad_left + s.pad_right, s.kw, s.dil_w, s.stride_w, ceil_mode);
    return s;
}

static void check_one_pooling(uint32_t features, const char *level, const onr_pooling_shape *s, int kind) {
    check_case("%s pooling kind %d n %lld c %lld %lldx%lld to %lldx%lld kernel %dx%d stride %dx%d dilation %dx%d block %d",
               level, kind, (long long)s->n, (long long)s->c, (long long)s->h, (long long)s->w, (long long)s->oh,
               (long long)s->ow, s->kh, s->kw, s->stride_h, s->stride_w, s->dil_h, s->dil_w, s->block);
    const int64_t channels = (s->c + s->block - 1) / s->block * s->block;
    const size_t n_y = (size_t)(s->n * channels * s->oh * s->ow);
    float *x = check_floats((size_t)(s->n * channels * s->h * s->w));
    float *y = check_guarded(n_y * sizeof *y), *z = check_guarded(n_y * sizeof *z);
    if (kind == 0) {
        onr_pooling_max_run(features, s, x, y, NULL);
        onr_pooling_max_run(features, s, x, z, check_pool(2));
    } else {
        onr_pooling_average_run(features, s, kind == 2, x, y, NULL);
        onr_pooling_average_run(features, s, kind == 2, x, z, check_pool(2));
    }
    compare_pooling(s, kind > 0, kind == 2, x, y);
    check_true(memcmp(y, z, n_y * sizeof *y) == 0, "differs between pools");
    check_release();
}

static void check_means(uint32_t features, const char *level) {
    static const int32_t blocks[] = {1, 8, 16};
    for (int round = 0; round < 60; round++) {
        const int32_t block = blocks[round % 3];
        const int64_t n = 1 + check_below(3), c = odd_size(47), hw = round % 7 ? odd_size(131) : 12553,
                      all = (c + block - 1) / block * block;
        check_case("%s pooling global average c %lld hw %lld block %d", level, (long long)c, (long long)hw, block);
        float *x = check_floats((size_t)(n * all * hw)), *y = check_guarded((size_t)(n * all) * sizeof *y);
        onr_pooling_global_average_run(features, n, c, hw, block, x, y, check_pool((int)check_below(3)));
        bool ok = true;
        for (int64_t i = 0; ok && i < n * all; i++) {
            double sum = 0, size = 0;
            for (int64_t p = 0; p < hw; p++) {
                const double v = x[(i / block * hw + p) * block + i % block];
                sum += v;
                size += fabs(v);
            }
            ok = check_near(y[i], sum / (double)hw, EPS * (8 + sqrt((double)hw)) * size / (double)hw, (size_t)i);
        }
        check_release();
    }
}

void check_pooling(uint32_t features, const char *level) {
    for (int round = 0; round < 300; round++) {
        const onr_pooling_shape s = random_pooling();
        check_one_pooling(features, level, &s, round % 3);
    }
    // A line longer than the gathered one, and windows wider than it.
    const onr_pooling_shape wide = {1, 3, 3, 5003, 3, 5001, 1, 3, 1, 1, 1, 1, 0, 0, 0, 0, 1};
    const onr_pooling_shape huge = {1, 2, 2, 5003, 1, 4, 2, 2500, 1, 1000, 1, 1, 0, 250, 0, 250, 1};
    for (int kind = 0; kind < 3; kind++) {
        check_one_pooling(features, level, &wide, kind);
        check_one_pooling(features, level, &huge, kind);
    }
    check_means(features, level);
}

// --- reorder -----------------------------------------------------------------------------------------------------------------

void check_reorder(uint32_t features, const char *level) {
    for (int round = 0; round < 300; round++) {
        const int64_t n = 1 + check_below(3), c = odd_size(67), hw = round % 20 ? odd_size(131) : 3137,
                      block = round % 2 ? 8 : 16;
        const int64_t blocks = (c + block - 1) / block;
        check_case("%s reorder n %lld c %lld hw %lld block %lld", level, (long long)n, (long long)c, (long long)hw,
                   (long long)block);
        float *x = check_floats((size_t)(n * c * hw)), *y = check_guarded((size_t)(n * blocks * block * hw) * sizeof *y);
        float *z = check_guarded((size_t)(n * c * hw) * sizeof *z);
        onr_reorder_to_blocked(features, x, n, c, hw, block, y, check_pool((int)check_below(3)));
        bool ok = true;
        for (int64_t i = 0; ok && i < n * blocks * block * hw; i++) {
            const int64_t k = i % block, p = i / block % hw, ch = i / (block * hw) % blocks * block + k,
                          im = i / (block * hw * blocks);
            ok = check_near(y[i], ch < c ? x[(im * c + ch) * hw + p] : 0, 0, (size_t)i);
        }
        onr_reorder_to_plain(features, y, n, c, hw, block, z, check_pool((int)check_below(3)));
        check_true(memcmp(x, z, (size_t)(n * c * hw) * sizeof *x) == 0, "does not come back");
        check_release();
    }
}

// --- transpose ---------------------------------------------------------------------------------------------------------------

enum { MOST = 6 };

static void shuffle(int64_t *perm, int rank) {
    for (int d = 0; d < rank; d++) perm[d] = d;
    for (int d = rank - 1; d > 0; d--) {
        const int64_t other = check_below(d + 1), p = perm[d];
        perm[d] = perm[other];
        perm[other] = p;
    }
}

static void check_permutation(uint32_t features, const char *level, int64_t size, int rank, const int64_t *shape,
                              const int64_t *perm) {
    int64_t n = 1, x_strides[MOST];
    for (int d = rank - 1; d >= 0; n *= shape[d--]) x_strides[d] = n;
    check_case("%s transpose size %lld rank %d n %lld to %lld..%lld", level, (long long)size, rank, (long long)n,
               rank ? (long long)perm[0] : 0, rank ? (long long)perm[rank - 1] : 0);
    unsigned char *x = check_guarded((size_t)(n * size)), *y = check_guarded((size_t)(n * size)),
                  *z = check_guarded((size_t)(n * size));
    for (int64_t i = 0; i < n * size; i++) x[i] = (unsigned char)check_below(256);
    onr_transpose_run(features, size, rank, shape, perm, x, y, NULL);
    onr_transpose_run(features, size, rank, shape, perm, x, z, check_pool(2));
    for (int64_t i = 0; i < n; i++) {
        int64_t at = 0, rest = i;
        for (int d = rank - 1; d >= 0; d--) {
            at += rest % shape[perm[d]] * x_strides[perm[d]];
            rest /= shape[perm[d]];
        }
        if (!check_true(memcmp(y + i * size, x + at * size, (size_t)size) == 0, "an element is wrong")) break;
    }
    check_true(memcmp(y, z, (size_t)(n * size)) == 0, "differs between pools");
    check_release();
}

static void check_strided(uint32_t features, const char *level, int round) {
    static const int64_t sizes[] = {1, 2, 4, 8, 16};
    const int64_t size = sizes[round % 5];
    const int rank = 1 + (int)check_below(MOST - 1);
    int64_t shape[MOST], xs[MOST], ys[MOST], perm[MOST], x_at = 1, y_at = 1 + check_below(2), x_first = 0, n = 1;
    for (int d = 0; d < rank; d++) n *= shape[d] = odd_size(d == 0 ? 33 : 9);
    shuffle(perm, rank);
    for (int d = 0; d < rank; d++) { // x: repeated, reversed or with gaps; y: in another order, with gaps
        const int kind = (int)check_below(4);
        xs[d] = kind == 0 ? 0 : kind == 1 ? -x_at : x_at;
        if (kind == 1) x_first += (shape[d] - 1) * x_at;
        if (kind != 0) x_at *= shape[d] + (kind == 3);
        ys[perm[d]] = y_at;
        y_at *= shape[perm[d]] + (check_below(3) == 0);
    }
    check_case("%s transpose strided size %lld rank %d n %lld round %d", level, (long long)size, rank, (long long)n, round);
    unsigned char *x = check_guarded((size_t)(x_at * size)), *y = check_guarded((size_t)(y_at * size)),
                  *want = check_guarded((size_t)(y_at * size));
    for (int64_t i = 0; i < x_at * size; i++) x[i] = (unsigned char)check_below(256);
    onr_strided_copy_run(features, size, rank, shape, x + x_first * size, xs, y, ys, NULL);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i, from = x_first, to = 0;
        for (int d = rank - 1; d >= 0; rest /= shape[d--]) {
            from += rest % shape[d] * xs[d];
            to += rest % shape[d] * ys[d];
        }
        memcpy(want + to * size, x + from * size, (size_t)size);
    }
    check_true(memcmp(y, want, (size_t)(y_at * size)) == 0, "an element is wrong, or one that lies between was written");
    check_release();
}

void check_transpose(uint32_t features, const char *level) {
    static const int64_t sizes[] = {1, 2, 4, 8, 16};
    for (int round = 0; round < 500; round++) {
        const int rank = (int)check_below(MOST);
        int64_t shape[MOST], perm[MOST];
        for (int d = 0; d < rank; d++) shape[d] = check_below(60) == 0 ? 0 : odd_size(rank < 3 ? 131 : 17);
        shuffle(perm, rank);
        check_permutation(features, level, sizes[round % 5], rank, shape, perm);
    }
    for (int round = 0; round < 500; round++) check_strided(features, level, round);
    check_permutation(features, level, 4, 2, (const int64_t[]){1001, 777}, (const int64_t[]){1, 0});
    // Large enough to go past the caches: with rows that are aligned to the vectors, and not.
    check_permutation(features, level, 4, 2, (const int64_t[]){1777, 1792}, (const int64_t[]){1, 0});
    check_permutation(features, level, 4, 2, (const int64_t[]){1776, 1785}, (const int64_t[]){1, 0});
    for (int i = 0; i < 5; i++) { // square roots of 12 MB and a little more: multiples of 16 bytes, and not
        static const int64_t rows[] = {3568, 2528, 1792, 1264, 896};
        if (sizes[i] == 4) continue;
        check_permutation(features, level, sizes[i], 2, (const int64_t[]){rows[i], rows[i] + 3}, (const int64_t[]){1, 0});
        check_permutation(features, level, sizes[i], 2, (const int64_t[]){rows[i] + 3, rows[i]}, (const int64_t[]){1, 0});
        check_permutation(features, level, sizes[i], 2, (const int64_t[]){533, 259}, (const int64_t[]){1, 0});
    }
    check_permutation(features, level, 4, 4, (const int64_t[]){2, 197, 12, 64}, (const int64_t[]){0, 2, 1, 3});
    check_permutation(features, level, 1, 4, (const int64_t[]){2, 131, 127, 3}, (const int64_t[]){0, 3, 1, 2});
}

// --- bench -------------------------------------------------------------------------------------------------------------------

typedef struct bench {
    uint32_t features;
    onr_pooling_shape shape;
    const float *x;
    float *y;
    int rank;
    int64_t dims[4], perm[4], size;
    void *pool;
} bench;

static void run_max(void *ctx) {
    const bench *b = ctx;
    onr_pooling_max_run(b->features, &b->shape, b->x, b->y, b->pool);
}
static void run_mean(void *ctx) {
    const bench *b = ctx;
    onr_pooling_global_average_run(b->features, b->shape.n, b->shape.c, b->shape.h * b->shape.w, b->shape.block, b->x, b->y,
                                   b->pool);
}
static void run_to_blocked(void *ctx) {
    const bench *b = ctx;
    onr_reorder_to_blocked(b->features, b->x, b->shape.n, b->shape.c, b->shape.h * b->shape.w, b->shape.block, b->y, b->pool);
}
static void run_to_plain(void *ctx) {
    const bench *b = ctx;
    onr_reorder_to_plain(b->features, b->x, b->shape.n, b->shape.c, b->shape.h * b->shape.w, b->shape.block, b->y, b->pool);
}
static void run_transpose(void *ctx) {
    const bench *b = ctx;
    onr_transpose_run(b->features, b->size, b->rank, b->dims, b->perm, b->x, b->y, b->pool);
}

static void bench_transposes(bench *b, const char *level) {
    static const struct {
        const char *what;
        int64_t size;
        int rank;
        int64_t dims[4], perm[4];
    } cases[] = {{"transpose 2048x2048 fp32", 4, 2, {2048, 2048}, {1, 0}},
                 {"transpose 2000x2000 fp32", 4, 2, {2000, 2000}, {1, 0}},
                 {"transpose 3000x3000 fp32", 4, 2, {3000, 3000}, {1, 0}},
                 {"transpose heads 197x12x64 fp32", 4, 3, {197, 12, 64}, {1, 0, 2}},
                 {"transpose keys 12x197x64 fp32", 4, 3, {12, 197, 64}, {0, 2, 1}},
                 {"transpose NCHW to NHWC 8x96x56x56 fp32", 4, 4, {8, 96, 56, 56}, {0, 2, 3, 1}},
                 {"transpose NHWC to NCHW 8x224x224x3 fp32", 4, 4, {8, 224, 224, 3}, {0, 3, 1, 2}},
                 {"transpose 2000x2000 bytes", 1, 2, {2000, 2000}, {1, 0}},
                 {"transpose 6000x6000 bytes", 1, 2, {6000, 6000}, {1, 0}},
                 {"transpose 2000x2000 fp16", 2, 2, {2000, 2000}, {1, 0}},
                 {"transpose 1000x1000 fp64", 8, 2, {1000, 1000}, {1, 0}},
                 {"transpose 2000x2000 fp64", 8, 2, {2000, 2000}, {1, 0}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double n = 2.0 * (double)cases[i].size;
        b->size = cases[i].size;
        b->rank = cases[i].rank;
        for (int d = 0; d < b->rank; d++) n *= (double)cases[i].dims[d];
        memcpy(b->dims, cases[i].dims, sizeof b->dims);
        memcpy(b->perm, cases[i].perm, sizeof b->perm);
        bench_line(level, cases[i].what, run_transpose, b, &b->pool, n);
    }
}

void bench_layout(uint32_t features, const char *level) {
    bench b = {.features = features};
    b.x = check_floats(64 * 64 * 3136);
    b.y = check_scratch(64 * 64 * 3136 * sizeof(float));
    bench_transposes(&b, level);
    b.shape = (onr_pooling_shape){8, 64, 112, 112, 56, 56, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1};
    bench_line(level, "pooling max 3x3/2 8x64x112x112", run_max, &b, &b.pool, 4.0 * 8 * 64 * 112 * 112 * 1.25);
    for (b.shape.block = 8; b.shape.block <= 16; b.shape.block += 8) {
        const bool eight = b.shape.block == 8;
        b.shape.n = 8, b.shape.c = 64, b.shape.h = b.shape.w = 112;
        bench_line(level, eight ? "pooling max 3x3/2 8x64x112x112 blocks of 8" : "pooling max 3x3/2 8x64x112x112 blocks of 16",
                   run_max, &b, &b.pool, 4.0 * 8 * 64 * 112 * 112 * 1.25);
        bench_line(level, eight ? "reorder to blocks of 8, 8x64x112x112" : "reorder to blocks of 16, 8x64x112x112",
                   run_to_blocked, &b, &b.pool, 8.0 * 8 * 64 * 112 * 112);
        bench_line(level, eight ? "reorder from blocks of 8, 8x64x112x112" : "reorder from blocks of 16, 8x64x112x112",
                   run_to_plain, &b, &b.pool, 8.0 * 8 * 64 * 112 * 112);
        b.shape.c = 2048, b.shape.h = b.shape.w = 7;
        bench_line(level, eight ? "pooling global 8x2048x7x7 blocks of 8" : "pooling global 8x2048x7x7 blocks of 16", run_mean,
                   &b, &b.pool, 4.0 * 8 * 2048 * 49);
    }
    check_release();
}
