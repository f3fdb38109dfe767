// reorder.c: plain to blocked channels and back; one task per block of channels.
// May assume: block is 8 or 16. Never vectorized by hand: the inner loops run over whole blocks, which compilers turn into
// vector stores.
#include "kernels/reorder/reorder.h"

#include <assert.h>

typedef struct job {
    const float *x;
    float *y;
    int64_t c, hw, block, n_blocks;
} job;

static void block_part(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t task = begin; task < end; task++) {
        int64_t image = (int64_t)task / j->n_blocks, first = (int64_t)task % j->n_blocks * j->block;
        int64_t here = j->c - first < j->block ? j->c - first : j->block;
        const float *x = j->x + (image * j->c + first) * j->hw;
        float *y = j->y + (int64_t)task * j->block * j->hw;
        for (int64_t p = 0; p < j->hw; p++) {
            for (int64_t k = 0; k < here; k++) y[p * j->block + k] = x[k * j->hw + p];
            for (int64_t k = here; k < j->block; k++) y[p * j->block + k] = 0;
        }
    }
}

static void plain_part(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t task = begin; task < end; task++) {
        int64_t image = (int64_t)task / j->n_blocks, first = (int64_t)task % j->n_blocks * j->block;
        int64_t here = j->c - first < j->block ? j->c - first : j->block;
        const float *x = j->x + (int64_t)task * j->block * j->hw;
        float *y = j->y + (image * j->c + first) * j->hw;
        for (int64_t k = 0; k < here; k++)
            for (int64_t p = 0; p < j->hw; p++) y[k * j->hw + p] = x[p * j->block + k];
    }
}

static void run(void (*part)(void *, size_t, size_t), const float *x, int64_t n, int64_t c, int64_t hw, int64_t block, float *y,
                onr_pool *pool) {
    assert(block == 8 || block == 16);
    job j = {.x = x, .y = y, .c = c, .hw = hw, .block = block, .n_blocks = (c + block - 1) / block};
    onr_pool_for(pool, (size_t)(n * j.n_blocks), 1, part, &j);
}

void onr_reorder_to_blocked(uint32_t features, const float *x, int64_t n, int64_t c, int64_t hw, int64_t block, float *y,
                            onr_pool *pool) {
    (void)features;
    run(block_part, x, n, c, hw, block, y, pool);
}

void onr_reorder_to_plain(uint32_t features, const float *x, int64_t n, int64_t c, int64_t hw, int64_t block, float *y,
                          onr_pool *pool) {
    (void)features;
    run(plain_part, x, n, c, hw, block, y, pool);
}
