// test_base_pool.c: every index once, ranges cut by grain alone, workers never shared, for many sizes and numbers of threads.
// May assume: threads can be made. Never depends on timing.
#include "base/pool.h"
#include "base/time.h"

#include "support/cmocka.h"

#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { MAX_N = 1100, MAX_THREADS = 4 };

typedef struct tally {
    size_t n, grain;
    int seen[MAX_N];
    int bad, calls;
    int busy[MAX_THREADS]; // per worker: inside a call now
    int n_threads;
} tally;

static void count_range(void *ctx, size_t begin, size_t end) {
    tally *t = ctx;
    size_t want = begin + t->grain < t->n ? begin + t->grain : t->n;
    if (begin % t->grain != 0 || end != want) __atomic_fetch_add(&t->bad, 1, __ATOMIC_RELAXED);
    for (size_t i = begin; i < end; i++) __atomic_fetch_add(&t->seen[i], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&t->calls, 1, __ATOMIC_RELAXED);
}

static void count_one(void *ctx, size_t worker, size_t i) {
    tally *t = ctx;
    if (worker >= (size_t)t->n_threads || __atomic_exchange_n(&t->busy[worker], 1, __ATOMIC_ACQ_REL)) {
        __atomic_fetch_add(&t->bad, 1, __ATOMIC_RELAXED);
    }
    __atomic_fetch_add(&t->seen[i], 1, __ATOMIC_RELAXED);
    __atomic_store_n(&t->busy[worker], 0, __ATOMIC_RELEASE);
}

static void check(const tally *t) {
    assert_int_equal(t->bad, 0);
    for (size_t i = 0; i < MAX_N; i++) assert_int_equal(t->seen[i], i < t->n);
}

static void with_pool(onr_pool *p) {
    static const size_t sizes[] = {0, 1, 2, 3, 8, 33, 127, 1021}, grains[] = {1, 3, 16, 1000, 5000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
            tally t = {.n = sizes[s], .grain = grains[g]};
            onr_pool_for(p, t.n, t.grain, count_range, &t);
            check(&t);
            assert_int_equal(t.calls, (t.n + t.grain - 1) / t.grain);
        }
        tally zero = {.n = sizes[s], .grain = 1};
        onr_pool_for(p, zero.n, 0, count_range, &zero); // grain 0 is 1
        check(&zero);
        tally w = {.n = sizes[s], .n_threads = onr_pool_threads(p)};
        onr_pool_for_worker(p, w.n, count_one, &w);
        check(&w);
        if (s % 3 == 0) onr_pool_quiet(p);
    }
}

static void in_gathering(void *pool) { with_pool(pool); }

static void every_index_once(void **state) {
    (void)state;
    assert_int_equal(onr_pool_threads(NULL), 1);
    with_pool(NULL);
    onr_pool_quiet(NULL);
    onr_pool_free(NULL);
    // More threads than cores are slow: pthreadpool's workers spin while they wait.
    for (int n = 1; n <= MAX_THREADS; n += n) {
        onr_pool *p = onr_pool_new(n);
        assert_non_null(p);
        assert_int_equal(onr_pool_threads(p), n);
        with_pool(p); // the threads may come meanwhile
        onr_pool_await(p);
        with_pool(p);
        onr_pool_await(p); // and is not needed again
        onr_pool_free(p);
    }
    onr_pool_await(NULL);
}

// With nobody awaiting the threads: what is short and what is gathered, before and after they come, and no use at all.
static void threads_may_come_late(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        onr_pool *p = onr_pool_new(1 + round % 3);
        assert_non_null(p);
        for (int i = 0; i < round % 4; i++) {
            tally t = {.n = 33, .n_threads = onr_pool_threads(p)};
            onr_pool_for_worker(p, t.n, count_one, &t);
            check(&t);
            onr_pool_gather(p, in_gathering, p);
            onr_pool_quiet(p);
        }
        onr_pool_free(p);
    }
}

typedef struct meeting {
    int here, met;
} meeting;

// Returns only when the other thread is here, too.
static void meet(void *ctx, size_t worker, size_t i) {
    meeting *m = ctx;
    (void)worker;
    (void)i;
    __atomic_fetch_add(&m->here, 1, __ATOMIC_SEQ_CST);
    const uint64_t start = onr_time_ns();
    while (__atomic_load_n(&m->here, __ATOMIC_SEQ_CST) < 2 && onr_time_ns() - start < 20000000000u) sched_yield();
    if (__atomic_load_n(&m->here, __ATOMIC_SEQ_CST) == 2) __atomic_fetch_add(&m->met, 1, __ATOMIC_SEQ_CST);
}

static void awaited_threads_take_part(void **state) {
    (void)state;
    onr_pool *p = onr_pool_new(2);
    onr_pool_await(p);
    meeting m = {0, 0};
    onr_pool_for_worker(p, 2, meet, &m);
    assert_int_equal(m.met, 2);
    onr_pool_free(p);
}

static void count_calls(void *ctx, size_t begin, size_t end) {
    (void)begin;
    (void)end;
    ++*(int *)ctx;
}

static void huge_grain_does_not_wrap(void **state) {
    (void)state;
    int calls = 0;
    onr_pool_for(NULL, 10, SIZE_MAX, count_calls, &calls);
    assert_int_equal(calls, 1);
    calls = 0;
    onr_pool_for(NULL, SIZE_MAX, SIZE_MAX / 2 + 1, count_calls, &calls);
    assert_int_equal(calls, 2);
}

// What one loop wrote, the next one reads: the loop is a barrier, also for plain stores.
static void write_plain(void *ctx, size_t worker, size_t i) {
    (void)worker;
    ((size_t *)ctx)[i]++;
}

static void sum_neighbours(void *ctx, size_t begin, size_t end) {
    size_t *x = ctx;
    for (size_t i = begin; i < end; i++) x[MAX_N + i] = x[i] + x[(i + MAX_N / 2) % MAX_N];
}

static void loops_are_barriers(void **state) {
    (void)state;
    static size_t x[2 * MAX_N];
    onr_pool *p = onr_pool_new(2);
    onr_pool_await(p);
    for (size_t round = 1; round <= 300; round++) {
        onr_pool_for_worker(p, MAX_N, write_plain, x);
        onr_pool_for(p, MAX_N, 7, sum_neighbours, x);
        for (size_t i = 0; i < MAX_N; i++) assert_int_equal(x[MAX_N + i], 2 * round);
    }
    onr_pool_free(p);
}

static void gathered_every_index_once(void **state) {
    (void)state;
    onr_pool_gather(NULL, in_gathering, NULL);
    for (int n = 1; n <= MAX_THREADS; n += n) {
        onr_pool *p = onr_pool_new(n);
        assert_non_null(p);
        onr_pool_await(p);
        for (int round = 0; round < 3; round++) {
            onr_pool_gather(p, in_gathering, p);
            onr_pool_quiet(p); // nobody is awake: does nothing
            with_pool(p);      // and common loops go on as before
        }
        onr_pool_free(p);
    }
}

typedef struct barriers {
    onr_pool *pool;
    size_t *x;
    size_t rounds, pause; // every so many rounds the workers are kept waiting until they sleep
} barriers;

static void alternate(void *ctx) {
    const barriers *b = ctx;
    for (size_t round = 1; round <= b->rounds; round++) {
        if (b->pause && round % b->pause == 0) nanosleep(&(struct timespec){0, 20000000}, NULL);
        onr_pool_for_worker(b->pool, MAX_N, write_plain, b->x);
        onr_pool_for(b->pool, MAX_N, 7, sum_neighbours, b->x);
        for (size_t i = 0; i < MAX_N; i++) assert_int_equal(b->x[MAX_N + i], 2 * b->x[0]);
    }
}

static void gathered_loops_are_barriers(void **state) {
    (void)state;
    static size_t x[2 * MAX_N];
    for (int n = 2; n <= 3; n++) {
        barriers b = {onr_pool_new(n), x, 300, 100};
        assert_non_null(b.pool);
        onr_pool_await(b.pool);
        memset(x, 0, sizeof x);
        for (int i = 0; i < 3; i++) onr_pool_gather(b.pool, alternate, &b);
        assert_int_equal(x[0], 900);
        onr_pool_free(b.pool);
    }
}

// What ends before a worker has woken up ends all the same, and leaves nothing behind for the next time.
static void nothing(void *ctx) { ++*(int *)ctx; }

static void short_gatherings(void **state) {
    (void)state;
    onr_pool *p = onr_pool_new(2);
    onr_pool_await(p);
    int calls = 0;
    for (int i = 0; i < 500; i++) onr_pool_gather(p, nothing, &calls);
    assert_int_equal(calls, 500);
    onr_pool_free(p);
}

static void clock_is_monotonic(void **state) {
    (void)state;
    uint64_t before = onr_time_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = onr_time_ns();
        assert_true(now >= before);
        before = now;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once),
        cmocka_unit_test(threads_may_come_late),
        cmocka_unit_test(awaited_threads_take_part),
        cmocka_unit_test(huge_grain_does_not_wrap),
        cmocka_unit_test(loops_are_barriers),
        cmocka_unit_test(gathered_every_index_once),
        cmocka_unit_test(gathered_loops_are_barriers),
        cmocka_unit_test(short_gatherings),
        cmocka_unit_test(clock_is_monotonic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
