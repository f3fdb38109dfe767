// pool.c: onr_pool over pthreadpool: every parallel loop of the library goes through here.
// May assume: one loop at a time per pool. Never changes the floating point mode of the
// caller's thread, never cuts work by thread count.
//
// pthreadpool makes the threads, wakes them and puts them to sleep. A loop of its own costs one to two microseconds, and waits
// for every worker, the one that has yet to wake up (30 to 60 microseconds) included. So a run is one loop of pthreadpool
// (onr_pool_gather): the caller's part of it is the run, the other threads' is to stay and help with the loops in it.
#include "base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <pthreadpool.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

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

// What a loop's lanes share. Each lane first takes the indices of its own part, in order (so that the same thread works on the
// same part of an activation in loop after loop, and finds it in its cache), then what is left of the others'. Which lane gets
// an index depends on timing, but results do not.
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

// How a gathered pool shares a loop. `turn` is odd while a loop is open; a worker is `inside` while it looks at the loop, which
// stays as it is until nobody is.
typedef struct gathering {
    uint32_t turn __attribute__((aligned(64)));
    uint32_t inside __attribute__((aligned(64)));
    uint32_t sleepers; // workers that gave up spinning
    uint32_t n_joined; // workers that came, for their numbers
    worker_loop loop;
    void (*fn)(void *ctx);
    void *ctx;
    pthread_t caller;
} gathering;

#define TURN_OVER UINT32_MAX // of a gathering that is over (odd, but no loop)

struct onr_pool {
    pthreadpool_t threads; // NULL when n_threads is 1, and while `maker` makes them
    int n_threads;
    pthread_t maker;
    bool has_maker;
    cpu_set_t allowed; // the caller's cores
    uint32_t flags;    // of every loop
    bool spinning;     // workers may be waiting for the next loop awake
    bool gathered;
    gathering g;
    pthread_mutex_t lock; // of sleepers
    pthread_cond_t turned;
};

// ---- making the threads ----
//
// pthreadpool_create returns when all its threads have run, and waits for them awake: for 8 ms where the kernel starts a thread
// on its creator's core and both take turns there. So another thread calls it, on another core than the caller's, who reads the
// model meanwhile.

static void *make_threads(void *arg) {
    onr_pool *p = arg;
    pthread_mutex_lock(&p->lock); // the caller moves this thread first
    pthread_mutex_unlock(&p->lock);
    sched_setaffinity(0, sizeof p->allowed, &p->allowed); // which its threads inherit
    __atomic_store_n(&p->threads, pthreadpool_create((size_t)p->n_threads), __ATOMIC_RELEASE);
    return NULL;
}

// NULL: none, or none yet.
static pthreadpool_t threads_of(const onr_pool *p) { return p ? __atomic_load_n(&p->threads, __ATOMIC_ACQUIRE) : NULL; }

static bool start_maker(onr_pool *p) {
    pthread_mutex_lock(&p->lock);
    p->has_maker = pthread_create(&p->maker, NULL, make_threads, p) == 0;
    cpu_set_t others;
    const int here = sched_getcpu();
    if (p->has_maker && here >= 0 && here < CPU_SETSIZE && sched_getaffinity(0, sizeof p->allowed, &p->allowed) == 0) {
        others = p->allowed;
        CPU_CLR(here, &others);
        if (CPU_COUNT(&others) > 0) pthread_setaffinity_np(p->maker, sizeof others, &others);
    }
    pthread_mutex_unlock(&p->lock);
    return p->has_maker;
}

onr_pool *onr_pool_new(int n_threads) {
    assert(n_threads >= 1);
    void *memory;
    if (posix_memalign(&memory, 64, sizeof(onr_pool)) != 0) return NULL;
    onr_pool *p = memory;
    memset(p, 0, sizeof *p);
    p->n_threads = n_threads;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->turned, NULL);
    if (n_threads > 1 && !start_maker(p)) {
        onr_pool_free(p);
        return NULL;
    }
    return p;
}

void onr_pool_await(onr_pool *p) {
    if (!p || !p->has_maker) return;
    pthread_join(p->maker, NULL);
    p->has_maker = false;
}

void onr_pool_free(onr_pool *p) {
    if (!p) return;
    onr_pool_await(p);
    if (p->threads) pthreadpool_destroy(p->threads);
    pthread_cond_destroy(&p->turned);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

// pthreadpool sets and restores a worker's mode around each loop.
void onr_pool_flush_denormals(onr_pool *p, bool flush) { p->flags = flush ? PTHREADPOOL_FLAG_DISABLE_DENORMALS : 0; }

int onr_pool_threads(const onr_pool *p) { return p ? p->n_threads : 1; }

// ---- one loop ----

static void fill_loop(worker_loop *l, size_t n_lanes, size_t n, void (*fn)(void *ctx, size_t worker, size_t i), void *ctx) {
    l->fn = fn;
    l->ctx = ctx;
    l->n_lanes = n_lanes < n ? n_lanes : n;
    if (l->n_lanes > ONR_POOL_MAX_WORKERS) l->n_lanes = ONR_POOL_MAX_WORKERS;
    for (size_t k = 0; k < l->n_lanes; k++) {
        l->part[k].next = n / l->n_lanes * k + (k < n % l->n_lanes ? k : n % l->n_lanes);
        l->part[k].end = l->part[k].next + n / l->n_lanes + (k < n % l->n_lanes);
    }
}

static void take_lane(worker_loop *l, size_t lane) {
    for (size_t k = 0; k < l->n_lanes; k++) {
        lane_part *part = &l->part[(lane + k) % l->n_lanes];
        for (;;) {
            size_t i = __atomic_fetch_add(&part->next, 1, __ATOMIC_RELAXED);
            if (i >= part->end) break;
            l->fn(l->ctx, lane, i);
        }
    }
}

// ---- gathered ----

// Where both threads are on one core, as the scheduler sometimes has it at first, a waiting one must let the other go on:
// without that, each loop of a ResNet's packing took until the next clock tick.
enum { SPINS_BEFORE_YIELD = 512 };

static void relax(unsigned spins) {
    if (spins % SPINS_BEFORE_YIELD == SPINS_BEFORE_YIELD - 1) sched_yield();
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

enum { SPINS = 1 << 15 }; // looks at `turn` before a worker sleeps: 0.8 ms on a Zen 5

// Waits until `turn` is no longer `seen`.
static uint32_t next_turn(onr_pool *p, uint32_t seen) {
    gathering *g = &p->g;
    for (int i = 0; i < SPINS; i++) {
        const uint32_t turn = __atomic_load_n(&g->turn, __ATOMIC_ACQUIRE);
        if (turn != seen) return turn;
        relax((unsigned)i);
    }
    pthread_mutex_lock(&p->lock);
    __atomic_fetch_add(&g->sleepers, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&g->turn, __ATOMIC_SEQ_CST) == seen) pthread_cond_wait(&p->turned, &p->lock);
    __atomic_fetch_sub(&g->sleepers, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&p->lock);
    return __atomic_load_n(&g->turn, __ATOMIC_ACQUIRE);
}

// Either a worker that comes to a loop is seen by the caller, who then waits for it, or it sees that the loop was closed.
static void set_turn(onr_pool *p, uint32_t turn) {
    gathering *g = &p->g;
    __atomic_store_n(&g->turn, turn, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&g->sleepers, __ATOMIC_SEQ_CST) == 0) return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->turned);
    pthread_mutex_unlock(&p->lock);
}

static void help(onr_pool *p) {
    gathering *g = &p->g;
    const size_t lane = 1 + __atomic_fetch_add(&g->n_joined, 1, __ATOMIC_RELAXED);
    for (uint32_t turn = __atomic_load_n(&g->turn, __ATOMIC_ACQUIRE); turn != TURN_OVER; turn = next_turn(p, turn)) {
        if (turn % 2 == 0) continue;
        __atomic_fetch_add(&g->inside, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&g->turn, __ATOMIC_SEQ_CST) == turn && lane < g->loop.n_lanes) take_lane(&g->loop, lane);
        __atomic_fetch_sub(&g->inside, 1, __ATOMIC_RELEASE);
    }
}

static void run_gathered(onr_pool *p, size_t n, void (*fn)(void *ctx, size_t worker, size_t i), void *ctx) {
    gathering *g = &p->g;
    fill_loop(&g->loop, (size_t)p->n_threads, n, fn, ctx);
    const uint32_t turn = g->turn + 1;
    set_turn(p, turn);
    take_lane(&g->loop, 0);
    const uint32_t closed = turn + 1 == TURN_OVER - 1 ? 0 : turn + 1; // wraps around before it would be over
    __atomic_store_n(&g->turn, closed, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; __atomic_load_n(&g->inside, __ATOMIC_SEQ_CST) != 0; i++) relax(i);
}

static void gather_member(void *arg, size_t i) {
    TELL_ACQUIRE(arg);
    onr_pool *p = arg;
    (void)i;
    if (!pthread_equal(pthread_self(), p->g.caller)) {
        help(p);
    } else if (p->g.fn) { // the caller may take what a worker left, too
        void (*fn)(void *ctx) = p->g.fn;
        p->g.fn = NULL;
        fn(p->g.ctx);
        set_turn(p, TURN_OVER);
    }
    TELL_RELEASE(arg);
}

void onr_pool_gather(onr_pool *p, void (*fn)(void *ctx), void *ctx) {
    if (!threads_of(p)) {
        fn(ctx);
        return;
    }
    assert(!p->gathered);
    p->g.turn = p->g.inside = p->g.sleepers = p->g.n_joined = 0;
    p->g.fn = fn;
    p->g.ctx = ctx;
    p->g.caller = pthread_self();
    p->gathered = true;
    TELL_RELEASE(p);
    pthreadpool_parallelize_1d(p->threads, gather_member, p, (size_t)p->n_threads, p->flags | PTHREADPOOL_FLAG_YIELD_WORKERS);
    TELL_ACQUIRE(p);
    p->gathered = false;
    p->spinning = false;
}

// ---- loops ----

typedef struct range_loop {
    void (*fn)(void *ctx, size_t begin, size_t end);
    void *ctx;
    size_t n, grain;
} range_loop;

static void run_range(void *arg, size_t worker, size_t i) {
    const range_loop *loop = arg;
    const size_t begin = i * loop->grain, left = loop->n - begin;
    (void)worker;
    loop->fn(loop->ctx, begin, begin + (left < loop->grain ? left : loop->grain));
}

void onr_pool_for(onr_pool *p, size_t n, size_t grain, void (*fn)(void *ctx, size_t begin, size_t end), void *ctx) {
    if (grain == 0) grain = 1;
    range_loop loop = {fn, ctx, n, grain};
    onr_pool_for_worker(p, n / grain + (n % grain != 0), run_range, &loop);
}

// Debian's pthreadpool does not tell a task its thread. So a loop starts one lane per thread.
static void run_lane(void *arg, size_t lane) {
    TELL_ACQUIRE(arg);
    take_lane(arg, lane);
    TELL_RELEASE(arg);
}

void onr_pool_for_worker(onr_pool *p, size_t n, void (*fn)(void *ctx, size_t worker, size_t i), void *ctx) {
    if (n <= 1 || !threads_of(p)) {
        for (size_t i = 0; i < n; i++) fn(ctx, 0, i);
        return;
    }
    if (p->gathered) {
        run_gathered(p, n, fn, ctx);
        return;
    }
    worker_loop loop;
    fill_loop(&loop, (size_t)p->n_threads, n, fn, ctx);
    p->spinning = true;
    TELL_RELEASE(&loop);
    pthreadpool_parallelize_1d(p->threads, run_lane, &loop, loop.n_lanes, p->flags);
    TELL_ACQUIRE(&loop);
}

static void do_nothing(void *arg, size_t i) {
    (void)arg;
    (void)i;
}

void onr_pool_quiet(onr_pool *p) {
    // Workers look at the flags of the last loop to decide whether to spin for the next one. To those that sleep already the
    // call would be an alarm.
    if (!p || !p->spinning || p->gathered) return;
    p->spinning = false;
    pthreadpool_parallelize_1d(p->threads, do_nothing, NULL, (size_t)p->n_threads, PTHREADPOOL_FLAG_YIELD_WORKERS);
}
