// serial_pool.c: pthreadpool's interface on the calling thread, for C libraries without a package of it (build_apart.py).
// May assume: base/pool.c is the only caller. Never starts a thread.
#include <pthreadpool.h>

struct pthreadpool {
    size_t n_threads;
};

pthreadpool_t pthreadpool_create(size_t n_threads) {
    static struct pthreadpool pools[2] = {{1}, {2}};
    return &pools[n_threads > 1];
}

void pthreadpool_destroy(pthreadpool_t pool) { (void)pool; }
size_t pthreadpool_get_threads_count(pthreadpool_t pool) { return pool ? pool->n_threads : 1; }

void pthreadpool_parallelize_1d(pthreadpool_t pool, pthreadpool_task_1d_t task, void *ctx, size_t n, uint32_t flags) {
    (void)pool, (void)flags;
    for (size_t i = 0; i < n; i++) task(ctx, i);
}

void pthreadpool_parallelize_1d_tile_1d(pthreadpool_t pool, pthreadpool_task_1d_tile_1d_t task, void *ctx, size_t n,
                                        size_t tile, uint32_t flags) {
    (void)pool, (void)flags;
    for (size_t i = 0; i < n; i += tile) task(ctx, i, n - i < tile ? n - i : tile);
}
