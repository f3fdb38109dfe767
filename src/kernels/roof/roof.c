// roof.c: times the loops of roof_variant.h.
// May assume: other programs run too, so the best of many short runs is taken. Never reports less time than the clock can tell.
#include "kernels/roof/roof.h"

#include "base/mathx.h"
#include "base/time.h"
#include "kernels/roof/roof_variant.h"

#include <assert.h>

#define ONR_VARIANT(name) extern const onr_roof_variant name;
#include "kernels/roof/variants.inc"
#undef ONR_VARIANT

static const onr_roof_variant *choose(uint32_t features) {
#define ONR_VARIANT(name) &name,
    static const onr_roof_variant *const variants[] = {
#include "kernels/roof/variants.inc"
    };
#undef ONR_VARIANT
    size_t i = 0;
    while ((variants[i]->needs & ~features) != 0) i++; // the last one needs nothing
    return variants[i];
}

enum {
    FMA_ROUNDS = 20000, // some 40 microseconds
    FMA_RUNS = 200,
    READ_RUNS = 2,
    WINDOW = 4 << 20, // floats that are timed at a time: a millisecond, in which mostly no other program comes between
    CHUNK = 64 << 10  // floats that a thread takes at a time
};

typedef struct job {
    const onr_roof_variant *v;
    const float *x;
    int64_t n;
} job;

static void run_fma(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t i = begin; i < end; i++) {
        volatile float sink = j->v->fma(j->x, FMA_ROUNDS); // keeps the loop alive
        (void)sink;
    }
}

double onr_roof_gflops(uint32_t features, onr_pool *pool) {
    // 1/2, then where the chains start; x/2 + 1/2 goes to 1 and never becomes denormal.
    static const float start[1 + ROOF_CHAINS] = {0.5f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    job j = {.v = choose(features), .x = start};
    const size_t threads = (size_t)onr_pool_threads(pool);
    uint64_t best = UINT64_MAX;
    for (int run = 0; run < FMA_RUNS; run++) {
        const uint64_t begin = onr_time_ns();
        onr_pool_for(pool, threads, 1, run_fma, &j);
        const uint64_t took = onr_time_ns() - begin;
        if (took > 0 && took < best) best = took;
    }
    return 2.0 * ROOF_CHAINS * FMA_ROUNDS * j.v->lanes * (double)threads / (double)best;
}

static void run_read(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t i = begin; i < end; i++) {
        const int64_t at = (int64_t)i * CHUNK;
        volatile float sink = j->v->read(j->x + at, onr_min_i64(CHUNK, j->n - at));
        (void)sink;
    }
}

double onr_roof_gbytes(uint32_t features, const void *memory, size_t bytes, onr_pool *pool) {
    const float *x = memory;
    const int64_t n = (int64_t)(bytes / sizeof(float)) & ~(int64_t)255;
    assert(n > 0);
    double best = 0;
    for (int64_t at = 0; at < READ_RUNS * n; at += WINDOW) {
        job j = {.v = choose(features), .x = x + at % n, .n = onr_min_i64(WINDOW, n - at % n)};
        const uint64_t begin = onr_time_ns();
        onr_pool_for(pool, (size_t)onr_ceil_div(j.n, CHUNK), 1, run_read, &j);
        const uint64_t took = onr_time_ns() - begin;
        const double rate = (double)j.n * sizeof(float) / (double)(took > 0 ? took : 1);
        if (j.n == onr_min_i64(WINDOW, n) && rate > best) best = rate;
    }
    return best;
}
