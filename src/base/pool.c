// pool.c: onr_pool over pthreadpool: every parallel loop of the library goes through here.
// May assume: one loop at a time per pool. Never changes the floating point mode of the
// caller's thread, never cuts work by thread count.
#include "base/pool.h"

#include <assert.h>
#include <pthreadpool.h>
#include <stdlib.h>

// ThreadSanitizer does not see inside pthreadpool's shared library. What that promises is told to it here: a loop's tasks see
// all that came before the loop, and what comes after the loop sees all that they did.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ONR_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define ONR_TSAN 1
#endif
#ifdef ONR_TSAN
void __tsan_acquire(void *p);
void __tsan_release(void *p);
#define TELL_RELEASE(p) __tsan_release(p)
#define TELL_ACQUIRE(p) __tsan_acquire(p)
#else
#define TELL_RELEASE(p) ((void)(p))
#define TELL_ACQUIRE(p) ((void)(p))
#endif

struct onr_pool {
    pthreadpool_t threads; // NULL when n_threads is 1
    int n_threads;
    uint32_t flags; // of every loop
};

onr_pool *onr_pool_new(int n_threads) {
    assert(n_threads >= 1);
    onr_pool *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->n_threads = n_threads;
    if (n_threads > 1) {
        p->threads = pthreadpool_create((size_t)n_threads);
        if (!p->threads) {
            free(p);
            return NULL;
        }
    }
    return p;
}

void onr_pool_free(onr_pool *p) {
    if (!p) return;
    if (p->threads) pthreadpool_destroy(p->threads);
    free(p);
}

// pthreadpool sets and restores a worker's mode around each loop.
void onr_pool_flush_denormals(onr_pool *p, bool flush) { p->flags = flush ? PTHREADPOOL_FLAG_DISABLE_DENORMALS : 0; }

int onr_pool_threads(const onr_pool *p) { return p ? p->n_threads : 1; }

typedef struct range_loop {
    void (*fn)(void *ctx, size_t begin, size_t end);
    void *ctx;
} range_loop;

static void run_range(void *arg, size_t begin, size_t n) {
    TELL_ACQUIRE(arg);
    const range_loop *loop = arg;
    loop->fn(loop->ctx, begin, begin + n);
    TELL_RELEASE(arg);
}

void onr_pool_for(onr_pool *p, size_t n, size_t grain, void (*fn)(void *ctx, size_t begin, size_t end), void *ctx) {
    if (grain == 0) grain = 1;
    if (!p || !p->threads || n <= grain) {
        for (size_t i = 0; i < n; i += grain) {
            size_t left = n - i;
            fn(ctx, i, i + (left < grain ? left : grain));
            if (left <= grain) break; // i + grain could wrap around
        }
        return;
    }
    range_loop loop = {fn, ctx};
    TELL_RELEASE(&loop);
    pthreadpool_parallelize_1d_tile_1d(p->threads, run_range, &loop, n, grain, p->flags);
    TELL_ACQUIRE(&loop);
}

// Debian's pthreadpool does not tell a task its thread. So a worker loop starts one lane per thread. Each lane first takes the
// indices of its own part, in order (so that the same thread works on the same part of an activation in loop after loop, and
// finds it in its cache), then what is left of the others'. Which lane gets an index depends on timing, but results do not.
typedef struct lane_part {
    size_t next __attribute__((aligned(64))); // alone on its cache line: others look here when they have finished theirs
    size_t end;
} lane_part;

typedef struct worker_loop {
    void (*fn)(void *ctx, size_t worker, size_t i);
    void *ctx;
    size_t n_lanes;
    lane_part part[ONR_POOL_MAX_WORKERS];
} worker_loop;

static void run_lane(void *arg, size_t lane) {
    TELL_ACQUIRE(arg);
    worker_loop *loop = arg;
    for (size_t k = 0; k < loop->n_lanes; k++) {
        lane_part *part = &loop->part[(lane + k) % loop->n_lanes];
        for (;;) {
            size_t i = __atomic_fetch_add(&part->next, 1, __ATOMIC_RELAXED);
            if (i >= part->end) break;
            loop->fn(loop->ctx, lane, i);
        }
    }
    TELL_RELEASE(arg);
}

void onr_pool_for_worker(onr_pool *p, size_t n, void (*fn)(void *ctx, size_t worker, size_t i), void *ctx) {
    if (!p || !p->threads || n <= 1) {
        for (size_t i = 0; i < n; i++) fn(ctx, 0, i);
        return;
    }
    size_t lanes = (size_t)p->n_threads < n ? (size_t)p->n_threads : n;
    worker_loop loop;
    loop.fn = fn;
    loop.ctx = ctx;
    loop.n_lanes = lanes < ONR_POOL_MAX_WORKERS ? lanes : ONR_POOL_MAX_WORKERS;
    for (size_t l = 0; l < loop.n_lanes; l++) {
        loop.part[l].next = n / loop.n_lanes * l + (l < n % loop.n_lanes ? l : n % loop.n_lanes);
        loop.part[l].end = loop.part[l].next + n / loop.n_lanes + (l < n % loop.n_lanes);
    }
    TELL_RELEASE(&loop);
    pthreadpool_parallelize_1d(p->threads, run_lane, &loop, loop.n_lanes, p->flags);
    TELL_ACQUIRE(&loop);
}

static void do_nothing(void *arg, size_t i) {
    (void)arg;
    (void)i;
}

void onr_pool_quiet(onr_pool *p) {
    // Workers look at the flags of the last loop to decide whether to spin for the next one.
    if (p && p->threads) {
        pthreadpool_parallelize_1d(p->threads, do_nothing, NULL, (size_t)p->n_threads, PTHREADPOOL_FLAG_YIELD_WORKERS);
    }
}
