// unary.c: chooses the variant of a function of one element and shares the array out to the threads.
// May assume: sizes checked by the caller. Never cuts by the number of threads.
#include "kernels/unary/unary_variant.h"

#include <assert.h>
#include <stdbool.h>

#define ONR_VARIANT(name) extern const onr_unary_variant name;
#include "kernels/unary/variants.inc"
#undef ONR_VARIANT

const onr_unary_variant *onr_unary_variant_at(size_t i) {
#define ONR_VARIANT(name) &name,
    static const onr_unary_variant *const variants[] = {
#include "kernels/unary/variants.inc"
        NULL};
#undef ONR_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

static const onr_unary_variant *choose(uint32_t features) {
    size_t i = 0;
    while ((onr_unary_variant_at(i)->needs & ~features) != 0) i++; // the last one needs nothing
    return onr_unary_variant_at(i);
}

enum {
    CHUNK = 8192,           // elements per task
    ALONE = 16384,          // below this many elements threads cost more than they give
    ALONE_IF_CHEAP = 131072 // the same for what only moves memory
};

static bool is_cheap(onr_unary_op op) {
    switch (op) {
    case ONR_UNARY_ABS:
    case ONR_UNARY_NEG:
    case ONR_UNARY_SIGN:
    case ONR_UNARY_FLOOR:
    case ONR_UNARY_CEIL:
    case ONR_UNARY_ROUND:
    case ONR_UNARY_SQUARE:
    case ONR_UNARY_RELU:
    case ONR_UNARY_LEAKY_RELU:
    case ONR_UNARY_THRESHOLDED_RELU:
    case ONR_UNARY_HARD_SIGMOID:
    case ONR_UNARY_HARD_SWISH:
    case ONR_UNARY_CLIP:
    case ONR_UNARY_SHRINK:
    case ONR_UNARY_AFFINE: return true;
    default: return false;
    }
}

typedef struct job {
    void (*run)(float a, float b, const float *x, float *y, int64_t n);
    float a, b;
    const float *x;
    float *y;
} job;

static void run_part(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    j->run(j->a, j->b, j->x + begin, j->y + begin, (int64_t)(end - begin));
}

void onr_unary_run(uint32_t features, onr_unary_op op, float a, float b, const float *x, float *y, int64_t n, onr_pool *pool) {
    assert(op < ONR_UNARY_COUNT && n >= 0);
    if (n == 0) return;
    job j = {choose(features)->run[op], a, b, x, y};
    onr_pool_for(n < (is_cheap(op) ? ALONE_IF_CHEAP : ALONE) ? NULL : pool, (size_t)n, CHUNK, run_part, &j);
}
