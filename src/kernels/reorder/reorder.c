// reorder.c: plain to blocked channels and back, shared out to the threads by blocks of channels and stretches of positions.
// May assume: block is 8 or 16. Never cuts by the number of threads.
#include "kernels/reorder/reorder_variant.h"

#include "base/mathx.h"

#include <assert.h>
#include <stdbool.h>

#define ONR_VARIANT(name) extern const onr_reorder_variant name;
#include "kernels/reorder/variants.inc"
#undef ONR_VARIANT

const onr_reorder_variant *onr_reorder_variant_at(size_t i) {
#define ONR_VARIANT(name) &name,
    static const onr_reorder_variant *const variants[] = {
#include "kernels/reorder/variants.inc"
        NULL};
#undef ONR_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

static const onr_reorder_variant *choose(uint32_t features, int64_t block) {
    size_t i = 0;
    while ((onr_reorder_variant_at(i)->needs & ~features) != 0 || block % onr_reorder_variant_at(i)->lanes != 0) i++;
    return onr_reorder_variant_at(i);
}

enum {
    STRETCH = 1024, // positions per task: 64 KB of a block of 16
    ALONE = 65536   // below this many elements threads cost more than they give
};

typedef struct job {
    const onr_reorder_variant *v;
    bool to_plain;
    const float *x;
    float *y;
    int64_t c, hw, block, n_blocks, n_stretches;
} job;

static void run_part(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t task = begin; task < end; task++) {
        const int64_t at = (int64_t)task / j->n_stretches, p = (int64_t)task % j->n_stretches * STRETCH;
        const int64_t first = at % j->n_blocks * j->block, channels = onr_min_i64(j->block, j->c - first);
        const int64_t plain = (at / j->n_blocks * j->c + first) * j->hw, blocked = at * j->block * j->hw;
        if (j->to_plain)
            j->v->to_plain(j->x + blocked, j->hw, p, onr_min_i64(p + STRETCH, j->hw), channels, j->block, j->y + plain);
        else
            j->v->to_blocked(j->x + plain, j->hw, p, onr_min_i64(p + STRETCH, j->hw), channels, j->block, j->y + blocked);
    }
}

static void run(bool to_plain, uint32_t features, const float *x, int64_t n, int64_t c, int64_t hw, int64_t block, float *y,
                onr_pool *pool) {
    assert(block == 8 || block == 16);
    if (n * c * hw == 0) return;
    job j = {.v = choose(features, block), .to_plain = to_plain, .x = x, .y = y, .c = c, .hw = hw, .block = block};
    j.n_blocks = onr_ceil_div(c, block);
    j.n_stretches = onr_ceil_div(hw, STRETCH);
    onr_pool_for(n * c * hw < ALONE ? NULL : pool, (size_t)(n * j.n_blocks * j.n_stretches), (size_t)onr_ceil_div(512, hw),
                 run_part, &j);
}

void onr_reorder_to_blocked(uint32_t features, const float *x, int64_t n, int64_t c, int64_t hw, int64_t block, float *y,
                            onr_pool *pool) {
    run(false, features, x, n, c, hw, block, y, pool);
}

void onr_reorder_to_plain(uint32_t features, const float *x, int64_t n, int64_t c, int64_t hw, int64_t block, float *y,
                          onr_pool *pool) {
    run(true, features, x, n, c, hw, block, y, pool);
}
