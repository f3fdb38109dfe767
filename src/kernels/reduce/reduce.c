// reduce.c: reductions over any axes as reductions of rows and columns, shared out to the threads.
// May assume: sizes checked by the caller. Never cuts by the number of threads: sums are in the same order for every pool.
#include "kernels/reduce/reduce_variant.h"

#include "base/mathx.h"

#include <assert.h>
#include <math.h>

#define ONR_VARIANT(name) extern const onr_reduce_variant name;
#include "kernels/reduce/variants.inc"
#undef ONR_VARIANT

const onr_reduce_variant *onr_reduce_variant_at(size_t i) {
#define ONR_VARIANT(name) &name,
    static const onr_reduce_variant *const variants[] = {
#include "kernels/reduce/variants.inc"
        NULL};
#undef ONR_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

static const onr_reduce_variant *choose(uint32_t features) {
    size_t i = 0;
    while ((onr_reduce_variant_at(i)->needs & ~features) != 0) i++; // the last one needs nothing
    return onr_reduce_variant_at(i);
}

enum {
    TASK = 16384,   // elements read per task, at least
    ALONE = 131072, // below this many elements threads cost more than they give
    MAX_PARTS = 64  // of one long row
};

static onr_reduce_kind kind_of(onr_reduce_op op) {
    switch (op) {
    case ONR_REDUCE_MAX: return ONR_REDUCE_KIND_MAX;
    case ONR_REDUCE_MIN: return ONR_REDUCE_KIND_MIN;
    case ONR_REDUCE_PROD: return ONR_REDUCE_KIND_PROD;
    case ONR_REDUCE_L1: return ONR_REDUCE_KIND_ABS;
    case ONR_REDUCE_L2:
    case ONR_REDUCE_SUM_SQUARE: return ONR_REDUCE_KIND_SQUARE;
    default: return ONR_REDUCE_KIND_SUM;
    }
}

static float join(onr_reduce_kind kind, float a, float x) {
    switch (kind) {
    case ONR_REDUCE_KIND_PROD: return a * x;
    case ONR_REDUCE_KIND_MAX: return isnan(a) || a >= x ? a : x;
    case ONR_REDUCE_KIND_MIN: return isnan(a) || a <= x ? a : x;
    default: return a + x;
    }
}

// What is left to do when all n elements are combined.
static void finish(onr_reduce_op op, int64_t n, float *y, int64_t count) {
    if (op == ONR_REDUCE_MEAN) {
        for (int64_t i = 0; i < count; i++) y[i] /= (float)n;
    } else if (op == ONR_REDUCE_L2) {
        for (int64_t i = 0; i < count; i++) y[i] = sqrtf(y[i]);
    } else if (op == ONR_REDUCE_LOG_SUM) {
        for (int64_t i = 0; i < count; i++) y[i] = logf(y[i]);
    }
}

typedef struct job {
    const onr_reduce_variant *v;
    onr_reduce_kind kind;
    const float *x;
    int64_t outer, n, inner;
    bool more; // y takes part
    float *y;
    int64_t n_parts;         // of a row
    int64_t strip, n_strips; // of the columns
} job;

static void run_rows(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t r = begin; r < end; r++) {
        const float a = j->v->row[j->kind](j->x + (int64_t)r * j->n, j->n);
        j->y[r] = j->more ? join(j->kind, j->y[r], a) : a;
    }
}

static void run_row_parts(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t p = begin; p < end; p++) {
        const int64_t from = j->n * (int64_t)p / j->n_parts, to = j->n * ((int64_t)p + 1) / j->n_parts;
        j->y[p] = j->v->row[j->kind](j->x + from, to - from);
    }
}

static void run_strips(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t s = begin; s < end; s++) {
        const int64_t o = (int64_t)s / j->n_strips, col = (int64_t)s % j->n_strips * j->strip;
        j->v->column[j->kind](j->x + o * j->n * j->inner + col, j->n, j->inner, onr_min_i64(j->strip, j->inner - col), j->more,
                              j->y + o * j->inner + col);
    }
}

// Few long rows: each is cut into parts, and the parts are joined in order.
static void run_long_rows(const job *whole, onr_pool *pool) {
    float parts[MAX_PARTS];
    job j = *whole;
    j.n_parts = onr_clamp_i64(whole->n / TASK, 1, MAX_PARTS);
    j.y = parts;
    for (int64_t o = 0; o < whole->outer; o++, j.x += whole->n) {
        onr_pool_for(pool, (size_t)j.n_parts, 1, run_row_parts, &j);
        float a = parts[0];
        for (int64_t p = 1; p < j.n_parts; p++) a = join(j.kind, a, parts[p]);
        whole->y[o] = whole->more ? join(j.kind, whole->y[o], a) : a;
    }
}

// The combination without `finish`.
static void combine(const onr_reduce_variant *v, onr_reduce_kind kind, const float *x, int64_t outer, int64_t n, int64_t inner,
                    bool more, float *y, onr_pool *pool) {
    job j = {.v = v, .kind = kind, .x = x, .outer = outer, .n = n, .inner = inner, .more = more, .y = y};
    const int64_t total = outer * n * inner;
    if (total < ALONE) pool = NULL;
    if (inner == 1 && outer < 8 && n >= 4 * TASK) {
        run_long_rows(&j, pool);
    } else if (inner == 1) {
        onr_pool_for(pool, (size_t)outer, (size_t)onr_ceil_div(TASK, onr_max_i64(n, 1)), run_rows, &j);
    } else {
        // Wide strips read long pieces of each row; narrower ones where there would be too few to share out.
        const int64_t most = onr_max_i64(v->columns, onr_round_up(onr_ceil_div(inner * outer, 8), v->columns));
        j.strip = onr_min_i64(most, 16 * v->columns);
        j.n_strips = onr_ceil_div(inner, j.strip);
        const int64_t work = onr_max_i64(1, n) * onr_min_i64(j.strip, inner);
        onr_pool_for(pool, (size_t)(outer * j.n_strips), (size_t)onr_ceil_div(TASK, work), run_strips, &j);
    }
}

void onr_reduce_run(uint32_t features, onr_reduce_op op, const float *x, int64_t outer, int64_t n, int64_t inner, float *y,
                    onr_pool *pool) {
    assert(op < ONR_REDUCE_COUNT && outer >= 0 && n >= 0 && inner >= 0);
    if (outer == 0 || inner == 0) return;
    combine(choose(features), kind_of(op), x, outer, n, inner, false, y, pool);
    finish(op, n, y, outer * inner);
}

typedef struct axes {
    int rank; // after joining neighbours, outermost first: kept and reduced ones alternate
    int64_t dim[ONR_REDUCE_MAX_RANK];
    bool reduced[ONR_REDUCE_MAX_RANK];
} axes;

static axes join_axes(int rank, const int64_t *shape, const bool *reduced) {
    axes a = {.rank = 0};
    for (int d = 0; d < rank; d++) {
        if (shape[d] == 1) continue;
        if (a.rank > 0 && a.reduced[a.rank - 1] == reduced[d]) {
            a.dim[a.rank - 1] *= shape[d];
        } else {
            a.dim[a.rank] = shape[d];
            a.reduced[a.rank++] = reduced[d];
        }
    }
    return a;
}

// The axes before `last` (reduced ones among them) are walked one by one; the rest is one combination.
static void walk(const onr_reduce_variant *v, onr_reduce_kind kind, const axes *a, int first, int last, const float *x,
                 float *y, bool more, onr_pool *pool) {
    int64_t x_step = 1, y_step = 1;
    for (int d = first + 1; d < a->rank; d++) {
        x_step *= a->dim[d];
        if (!a->reduced[d]) y_step *= a->dim[d];
    }
    if (first == last) { // [outer] n [inner]
        const bool has_outer = !a->reduced[first];
        const int at = has_outer ? first + 1 : first;
        const int64_t n = at < a->rank ? a->dim[at] : 1, inner = at + 1 < a->rank ? a->dim[at + 1] : 1;
        combine(v, kind, x, has_outer ? a->dim[first] : 1, n, inner, more, y, pool);
        return;
    }
    for (int64_t i = 0; i < a->dim[first]; i++) {
        walk(v, kind, a, first + 1, last, x, y, more || (a->reduced[first] && i > 0), pool);
        x += x_step;
        if (!a->reduced[first]) y += y_step;
    }
}

void onr_reduce_axes(uint32_t features, onr_reduce_op op, int rank, const int64_t *shape, const bool *reduced, const float *x,
                     float *y, onr_pool *pool) {
    assert(op < ONR_REDUCE_COUNT && rank >= 0 && rank <= ONR_REDUCE_MAX_RANK);
    int64_t n = 1, count = 1;
    for (int d = 0; d < rank; d++) *(reduced[d] ? &n : &count) *= shape[d];
    if (count == 0) return;
    const axes a = join_axes(rank, shape, reduced);
    const onr_reduce_variant *v = choose(features);
    if (n == 0 || a.rank == 0) {
        combine(v, kind_of(op), x, count, n, 1, false, y, pool);
    } else {
        int last = a.rank - 1; // the first axis of the innermost [outer] n [inner]
        if (!a.reduced[last] && last > 0) last--;
        if (last > 0) last--;
        walk(v, kind_of(op), &a, 0, last, x, y, false, pool);
    }
    finish(op, n, y, count);
}
