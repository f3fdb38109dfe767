// softmax.c: softmax along any axis as rows or strips of columns, shared out to the threads.
// May assume: sizes checked by the caller. Never cuts by the number of threads.
#include "kernels/softmax/softmax_variant.h"

#include "base/mathx.h"

#include <assert.h>

#define ONR_VARIANT(name) extern const onr_softmax_variant name;
#include "kernels/softmax/variants.inc"
#undef ONR_VARIANT

const onr_softmax_variant *onr_softmax_variant_at(size_t i) {
#define ONR_VARIANT(name) &name,
    static const onr_softmax_variant *const variants[] = {
#include "kernels/softmax/variants.inc"
        NULL};
#undef ONR_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

static const onr_softmax_variant *choose(uint32_t features) {
    size_t i = 0;
    while ((onr_softmax_variant_at(i)->needs & ~features) != 0) i++; // the last one needs nothing
    return onr_softmax_variant_at(i);
}

enum {
    TASK = 4096, // elements per task, at least
    ALONE = 8192 // below this many elements threads cost more than they give
};

typedef struct job {
    const onr_softmax_variant *v;
    bool log;
    const float *x;
    float *y;
    int64_t n, inner, n_strips;
} job;

static void run_rows(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t r = begin; r < end; r++) j->v->row(j->log, j->x + (int64_t)r * j->n, j->y + (int64_t)r * j->n, j->n);
}

static void run_strips(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t s = begin; s < end; s++) {
        const int64_t col = (int64_t)s % j->n_strips * j->v->strip, at = (int64_t)s / j->n_strips * j->n * j->inner + col;
        j->v->columns(j->log, j->x + at, j->y + at, j->n, j->inner, onr_min_i64(j->v->strip, j->inner - col));
    }
}

void onr_softmax_run(uint32_t features, bool log, const float *x, float *y, int64_t outer, int64_t n, int64_t inner,
                     onr_pool *pool) {
    assert(outer >= 0 && n >= 0 && inner >= 0);
    if (outer == 0 || n == 0 || inner == 0) return;
    job j = {.v = choose(features), .log = log, .x = x, .y = y, .n = n, .inner = inner};
    if (outer * n * inner < ALONE) pool = NULL;
    if (inner == 1) {
        onr_pool_for(pool, (size_t)outer, (size_t)onr_ceil_div(TASK, n), run_rows, &j);
    } else {
        j.n_strips = onr_ceil_div(inner, j.v->strip);
        onr_pool_for(pool, (size_t)(outer * j.n_strips), (size_t)onr_ceil_div(TASK, n * j.v->strip), run_strips, &j);
    }
}
