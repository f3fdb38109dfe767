// pooling.c: pooled rows shared out to the threads.
// May assume: sizes checked by the caller. Never cuts by the number of threads.
#include "kernels/pool/pooling_variant.h"

#include "base/mathx.h"

#include <assert.h>

#define ONR_VARIANT(name) extern const onr_pooling_variant name;
#include "kernels/pool/variants.inc"
#undef ONR_VARIANT

const onr_pooling_variant *onr_pooling_variant_at(size_t i) {
#define ONR_VARIANT(name) &name,
    static const onr_pooling_variant *const variants[] = {
#include "kernels/pool/variants.inc"
        NULL};
#undef ONR_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

static const onr_pooling_variant *choose(uint32_t features) {
    size_t i = 0;
    while ((onr_pooling_variant_at(i)->needs & ~features) != 0) i++; // the last one needs nothing
    return onr_pooling_variant_at(i);
}

enum {
    TASK = 8192,  // elements read per task, at least
    BANDS = 8,    // at most
    ALONE = 65536 // below this many elements threads cost more than they give
};

typedef struct job {
    const onr_pooling_variant *v;
    const onr_pooling_shape *s;
    onr_pooling_rule rule;
    const float *x;
    float *y;
    int64_t bands;    // that a map is cut into
    int64_t n, block; // of the global average
} job;

// Item i: a band of rows of one plane. Bands before planes: a thread's share is a part of the map, as in convolutions.
static void run_band(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    const onr_pooling_shape *s = j->s;
    (void)worker;
    const int64_t planes = onr_ceil_div(s->c, s->block), per_image = j->bands * planes;
    const int64_t image = (int64_t)i / per_image, band = (int64_t)i % per_image / planes;
    const int64_t plane = image * planes + (int64_t)i % planes;
    const int64_t first = s->oh * band / j->bands, last = s->oh * (band + 1) / j->bands;
    const float *x = j->x + plane * s->h * s->w * s->block;
    float *y = j->y + plane * s->oh * s->ow * s->block;
    for (int64_t oy = first; oy < last; oy++)
        (s->block == 1 ? j->v->plain_row : j->v->row)(s, j->rule, x, oy, y + oy * s->ow * s->block);
}

static void run(uint32_t features, const onr_pooling_shape *s, onr_pooling_rule rule, const float *x, float *y,
                onr_pool *pool) {
    assert(s->block == 1 || s->block == 8 || s->block == 16);
    assert(s->kh > 0 && s->kw > 0 && s->stride_h > 0 && s->stride_w > 0 && s->dil_h > 0 && s->dil_w > 0);
    job j = {.v = choose(features), .s = s, .rule = rule, .x = x, .y = y};
    const int64_t planes = s->n * onr_ceil_div(s->c, s->block), work = s->ow * s->block * s->kh * s->kw;
    if (planes * s->oh == 0 || work == 0) return;
    j.bands = onr_clamp_i64(s->oh * work / TASK, 1, onr_min_i64(s->oh, BANDS));
    onr_pool_for_worker(planes * s->oh * work < ALONE ? NULL : pool, (size_t)(planes * j.bands), run_band, &j);
}

void onr_pooling_max_run(uint32_t features, const onr_pooling_shape *s, const float *x, float *y, onr_pool *pool) {
    run(features, s, (onr_pooling_rule){.average = false}, x, y, pool);
}

void onr_pooling_average_run(uint32_t features, const onr_pooling_shape *s, bool count_pad, const float *x, float *y,
                             onr_pool *pool) {
    run(features, s, (onr_pooling_rule){.average = true, .count_pad = count_pad}, x, y, pool);
}

static void run_means(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t i = begin; i < end; i++)
        j->v->mean(j->x + (int64_t)i * j->n * j->block, j->n, j->block, j->y + (int64_t)i * j->block);
}

void onr_pooling_global_average_run(uint32_t features, int64_t n, int64_t c, int64_t hw, int32_t block, const float *x,
                                    float *y, onr_pool *pool) {
    assert(block == 1 || block == 8 || block == 16);
    job j = {.v = choose(features), .x = x, .y = y, .n = hw, .block = block};
    onr_pool_for(n * c * hw < ALONE ? NULL : pool, (size_t)(n * onr_ceil_div(c, block)),
                 (size_t)onr_ceil_div(TASK, onr_max_i64(1, hw * block)), run_means, &j);
}
