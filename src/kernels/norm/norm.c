// norm.c: normalizations of rows, groups and channels, shared out to the threads.
// May assume: sizes checked by the caller. Never cuts by the number of threads.
#include "kernels/norm/norm_variant.h"

#include "base/mathx.h"

#include <assert.h>
#include <math.h>

#define ONR_VARIANT(name) extern const onr_norm_variant name;
#include "kernels/norm/variants.inc"
#undef ONR_VARIANT

const onr_norm_variant *onr_norm_variant_at(size_t i) {
#define ONR_VARIANT(name) &name,
    static const onr_norm_variant *const variants[] = {
#include "kernels/norm/variants.inc"
        NULL};
#undef ONR_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

static const onr_norm_variant *choose(uint32_t features) {
    size_t i = 0;
    while ((onr_norm_variant_at(i)->needs & ~features) != 0) i++; // the last one needs nothing
    return onr_norm_variant_at(i);
}

enum {
    TASK = 8192,  // elements per task, at least
    ALONE = 32768 // below this many elements threads cost more than they give
};

typedef struct moments {
    float mean, inv_std;
} moments;

static moments moments_of(const onr_norm_variant *v, const float *x, int64_t n, float epsilon, bool rms) {
    moments m = {.mean = rms ? 0.0f : (float)(v->sum(x, n) / (double)n)};
    m.inv_std = (float)(1.0 / sqrt(v->squares(x, m.mean, n) / (double)n + (double)epsilon));
    return m;
}

typedef struct job {
    const onr_norm_variant *v;
    const onr_norm_rows *rows;
    const float *x;
    float *y;
    const float *scale, *shift;
    int64_t c, hw, groups, block;
    float epsilon;
} job;

// --- rows --------------------------------------------------------------------------------------------------------------------

static void run_rows(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const onr_norm_rows *s = j->rows;
    for (size_t r = begin; r < end; r++) {
        const float *x = j->x + (int64_t)r * s->n;
        const moments m = moments_of(j->v, x, s->n, s->epsilon, s->rms);
        j->v->apply(x, m.mean, m.inv_std, s->scale, s->bias, j->y + (int64_t)r * s->n, s->n);
        if (s->mean && !s->rms) s->mean[r] = m.mean;
        if (s->inv_std) s->inv_std[r] = m.inv_std;
    }
}

void onr_norm_rows_run(uint32_t features, const onr_norm_rows *s, const float *x, float *y, onr_pool *pool) {
    assert(s->rows >= 0 && s->n >= 0);
    job j = {.v = choose(features), .rows = s, .x = x, .y = y};
    onr_pool_for(s->rows * s->n < ALONE ? NULL : pool, (size_t)s->rows, (size_t)onr_ceil_div(TASK, onr_max_i64(s->n, 1)),
                 run_rows, &j);
}

// --- groups of channels ------------------------------------------------------------------------------------------------------

static void run_groups(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const int64_t channels = j->c / j->groups, n = channels * j->hw;
    for (size_t g = begin; g < end; g++) {
        const int64_t first = (int64_t)g % j->groups * channels;
        const float *x = j->x + (int64_t)g * n;
        float *y = j->y + (int64_t)g * n;
        const moments m = moments_of(j->v, x, n, j->epsilon, false);
        for (int64_t c = 0; c < channels; c++) {
            // (x - mean) * factor + shift in the form x * factor + (shift - mean * factor) would cancel for large means
            const float factor = m.inv_std * (j->scale ? j->scale[first + c] : 1.0f);
            const float shift = j->shift ? j->shift[first + c] : 0.0f;
            j->v->centered(x + c * j->hw, m.mean, factor, shift, y + c * j->hw, j->hw);
        }
    }
}

void onr_norm_groups_run(uint32_t features, int64_t n, int64_t c, int64_t hw, int64_t groups, const float *scale,
                         const float *bias, float epsilon, const float *x, float *y, onr_pool *pool) {
    assert(n >= 0 && c >= 0 && hw >= 0 && groups > 0 && c % groups == 0);
    if (n * c * hw == 0) return;
    job j = {.v = choose(features),
             .x = x,
             .y = y,
             .scale = scale,
             .shift = bias,
             .c = c,
             .hw = hw,
             .groups = groups,
             .epsilon = epsilon};
    onr_pool_for(n * c * hw < ALONE ? NULL : pool, (size_t)(n * groups), (size_t)onr_ceil_div(TASK, c / groups * hw),
                 run_groups, &j);
}

// --- scale and shift per channel ---------------------------------------------------------------------------------------------

static void run_channels(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t i = begin; i < end; i++) {
        const int64_t c = (int64_t)i % j->c, at = (int64_t)i * j->hw;
        j->v->affine(j->x + at, j->scale[c], j->shift[c], j->y + at, j->hw);
    }
}

static void run_channel_blocks(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const int64_t n_blocks = onr_ceil_div(j->c, j->block), size = j->hw * j->block;
    for (size_t i = begin; i < end; i++) {
        float scale[16], shift[16];
        for (int64_t k = 0; k < 16; k++) {
            const int64_t c = (int64_t)i % n_blocks * j->block + k % j->block;
            scale[k] = c < j->c ? j->scale[c] : 0.0f;
            shift[k] = c < j->c ? j->shift[c] : 0.0f;
        }
        j->v->affine_16(j->x + (int64_t)i * size, scale, shift, j->y + (int64_t)i * size, size);
    }
}

void onr_norm_channels_run(uint32_t features, int64_t n, int64_t c, int64_t hw, int64_t block, const float *scale,
                           const float *shift, const float *x, float *y, onr_pool *pool) {
    assert(n >= 0 && c >= 0 && hw >= 0 && (block == 1 || block == 8 || block == 16));
    if (n * c * hw == 0) return;
    job j = {.v = choose(features), .x = x, .y = y, .scale = scale, .shift = shift, .c = c, .hw = hw, .block = block};
    if (n * c * hw < 4 * ALONE) pool = NULL;
    onr_pool_for(pool, (size_t)(n * onr_ceil_div(c, block)), (size_t)onr_ceil_div(TASK, hw * block),
                 block == 1 ? run_channels : run_channel_blocks, &j);
}
