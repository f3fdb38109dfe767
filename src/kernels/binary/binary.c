// binary.c: walks two broadcast operands in as few and as long rows as their strides allow, and shares the rows out to threads.
// May assume: sizes checked by the caller. Never cuts by the number of threads.
#include "kernels/binary/binary_variant.h"

#include "base/mathx.h"
#include "kernels/loop.h"

#include <assert.h>
#include <stdbool.h>

#define ONR_VARIANT(name) extern const onr_binary_variant name;
#include "kernels/binary/variants.inc"
#undef ONR_VARIANT

const onr_binary_variant *onr_binary_variant_at(size_t i) {
#define ONR_VARIANT(name) &name,
    static const onr_binary_variant *const variants[] = {
#include "kernels/binary/variants.inc"
        NULL};
#undef ONR_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

static const onr_binary_variant *choose(uint32_t features) {
    size_t i = 0;
    while ((onr_binary_variant_at(i)->needs & ~features) != 0) i++; // the last one needs nothing
    return onr_binary_variant_at(i);
}

enum {
    CHUNK = 16384,  // elements per task, and the longest row of one call
    ALONE = 131072, // below this many elements threads cost more than they give; for Pow an eighth of it
    GATHER = 256    // elements copied together when an operand's innermost stride is neither 0 nor 1
};

typedef enum operand { A, B, Y } operand;

typedef struct job {
    const onr_binary_variant *v;
    onr_binary_op op;
    onr_loop loop; // operands A, B, Y
    const float *a, *b;
    float *y;
    int64_t segment, n_segments; // the innermost dimension is cut into segments: a unit of work is one segment of one row
} job;

static onr_binary_fn *inner(const job *j) {
    return j->loop.stride[A][0] == 0   ? j->v->run[j->op].a_fixed
           : j->loop.stride[B][0] == 0 ? j->v->run[j->op].b_fixed
                                       : j->v->run[j->op].both;
}

// Rows whose elements lie apart are gathered piece by piece.
static void run_apart(const job *j, const float *a, const float *b, float *y, int64_t n) {
    const int64_t a_step = j->loop.stride[A][0], b_step = j->loop.stride[B][0];
    float a_near[GATHER], b_near[GATHER];
    for (int64_t i = 0; i < n; i += GATHER) {
        const int64_t m = onr_min_i64(GATHER, n - i);
        for (int64_t x = 0; x < m; x++) {
            a_near[x] = a[(i + x) * a_step];
            b_near[x] = b[(i + x) * b_step];
        }
        j->v->run[j->op].both(a_near, 0, b_near, 0, y + i, 1, m);
    }
}

static bool is_near(int64_t step) { return step == 0 || step == 1; }

static void run_units(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const onr_loop *l = &j->loop;
    const bool near = is_near(l->stride[A][0]) && is_near(l->stride[B][0]) && (l->stride[A][0] || l->stride[B][0]);
    int64_t at[ONR_LOOP_RANK], offset[ONR_LOOP_OPERANDS];
    onr_loop_seek(l, 1, (int64_t)begin / j->n_segments, at, offset);
    int64_t part = (int64_t)begin % j->n_segments;
    for (int64_t unit = (int64_t)begin; unit < (int64_t)end;) {
        const int64_t i = part * j->segment, n = onr_min_i64(j->segment, l->dim[0] - i);
        const float *a = j->a + offset[A] + i * l->stride[A][0], *b = j->b + offset[B] + i * l->stride[B][0];
        float *y = j->y + offset[Y] + i;
        int64_t rows = 1;
        if (!near) {
            run_apart(j, a, b, y, n);
        } else if (j->n_segments > 1 || l->rank == 1) {
            inner(j)(a, 0, b, 0, y, 1, n);
        } else { // as many rows of the second dimension as there are
            rows = onr_min_i64((int64_t)end - unit, l->dim[1] - at[1]);
            inner(j)(a, l->stride[A][1], b, l->stride[B][1], y, rows, n);
        }
        unit += rows;
        if (++part < j->n_segments) continue;
        part = 0;
        if (rows > 1) {
            for (int k = 0; k < l->n_operands; k++) offset[k] += (rows - 1) * l->stride[k][1];
            at[1] += rows - 1;
        }
        onr_loop_next(l, 1, at, offset);
    }
}

void onr_binary_run(uint32_t features, onr_binary_op op, int rank, const int64_t *shape, const float *a,
                    const int64_t *a_strides, const float *b, const int64_t *b_strides, float *y, onr_pool *pool) {
    assert(op < ONR_BINARY_COUNT && rank >= 0 && rank <= ONR_BINARY_MAX_RANK);
    int64_t y_strides[ONR_BINARY_MAX_RANK];
    for (int64_t d = rank - 1, stride = 1; d >= 0; stride *= shape[d--]) y_strides[d] = stride;
    const int64_t *const strides[] = {a_strides, b_strides, y_strides};
    job j = {.v = choose(features), .op = op, .a = a, .b = b, .y = y};
    const int64_t total = onr_loop_init(&j.loop, rank, shape, 3, strides);
    if (total == 0) return;
    onr_loop_collapse(&j.loop);
    j.n_segments = onr_ceil_div(j.loop.dim[0], CHUNK);
    j.segment = j.n_segments == 1 ? j.loop.dim[0] : CHUNK;
    const int64_t units = total / j.loop.dim[0] * j.n_segments;
    const bool alone = total < (op == ONR_BINARY_POW ? ALONE / 8 : ALONE);
    onr_pool_for(alone ? NULL : pool, (size_t)units, (size_t)onr_ceil_div(CHUNK, j.segment), run_units, &j);
}
