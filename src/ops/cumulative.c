// cumulative.c: CumSum, CumProd and ReverseSequence: walks along one axis, all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around the cumulative operators.
// Never traps: integers wrap around.
#include "ops/binary.h"
#include "ops/rows.h"

#include "base/mathx.h"

#include <string.h>

typedef struct cumulative_params {
    int64_t exclusive, reverse, batch_axis, time_axis;
} cumulative_params;

// ---- CumSum, CumProd
// -------------------------------------------------------------------------------------------------------------

/// Along n elements `stride` apart, from the first or (reverse) from the last.
typedef void (*cumulative_fn)(const char *x, char *y, int64_t n, int64_t stride, bool exclusive, bool reverse);

#define CUMULATIVE(name, T, U, START, OP)                                                                   \
    static void name(const char *from, char *to, int64_t n, int64_t stride, bool exclusive, bool reverse) { \
        const T *x = (const T *)(const void *)from;                                                         \
        T *y = (T *)(void *)to;                                                                             \
        U acc = START;                                                                                      \
        for (int64_t k = 0; k < n; k++) {                                                                   \
            const int64_t i = (reverse ? n - 1 - k : k) * stride;                                           \
            const U v = (U)x[i];                                                                            \
            if (exclusive) y[i] = (T)acc;                                                                   \
            acc = acc OP v;                                                                                 \
            if (!exclusive) y[i] = (T)acc;                                                                  \
        }                                                                                                   \
    }
#define BOTH(s, T, U, d, ...) CUMULATIVE(sum_##s, T, U, 0, +) CUMULATIVE(prod_##s, T, U, 1, *)
#define FOR_TYPES(X, ...)                               \
    X(i32, int32_t, uint32_t, ONR_INT32, __VA_ARGS__)   \
    X(i64, int64_t, uint64_t, ONR_INT64, __VA_ARGS__)   \
    X(u32, uint32_t, uint32_t, ONR_UINT32, __VA_ARGS__) \
    X(u64, uint64_t, uint64_t, ONR_UINT64, __VA_ARGS__) \
    ONR_FOR_FLOATS(X, __VA_ARGS__)
FOR_TYPES(BOTH, )

static onr_status infer_cumulative(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0), as = onr_infer_shape(c, 1);
    onr_dtype t = onr_infer_dtype(c, 1);
    int64_t n;
    if (t != ONR_UNDEFINED && t != ONR_INT32 && t != ONR_INT64) return onr_infer_bad(c, "axis has type %s", onr_dtype_name(t));
    if (onr_shape_known(&as) && (!onr_shape_numel(&as, &n) || n != 1)) return onr_infer_bad(c, "axis must have one element");
    if (s.rank == 0) return onr_infer_bad(c, "input is a scalar");
    const onr_known *axis = onr_infer_ints(c, 1);
    int32_t unused;
    if (axis && s.rank > 0) ONR_TRY(onr_infer_axis(c, axis->v[0], s.rank, &unused));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

typedef struct cumulative_job {
    const char *x;
    char *y;
    const cumulative_params *p;
    cumulative_fn fn;
    int64_t n, inner;
    size_t elem;
} cumulative_job;

static void cumulative_task(void *ctx, size_t begin, size_t end) {
    const cumulative_job *j = ctx;
    for (size_t i = begin; i < end; i++) {
        size_t at = ((int64_t)i / j->inner * j->n * j->inner + (int64_t)i % j->inner) * j->elem;
        j->fn(j->x + at, j->y + at, j->n, j->inner, j->p->exclusive != 0, j->p->reverse != 0);
    }
}

static onr_status run_cumulative(const onr_run *r, const cumulative_fn *fns) {
    const onr_tensor *x = onr_run_in(r, 0);
    int32_t axis = onr_axis(onr_tensor_int(onr_run_in(r, 1), 0), x->shape.rank);
    if (axis < 0) return onr_run_bad(r, "axis %lld is out of range", (long long)onr_tensor_int(onr_run_in(r, 1), 0));
    cumulative_job j = {.x = x->data,
                        .y = onr_run_out(r, 0)->data,
                        .p = r->params,
                        .fn = fns[x->dtype],
                        .n = x->shape.dim[axis],
                        .inner = onr_shape_span(&x->shape, axis + 1, x->shape.rank),
                        .elem = onr_dtype_size(x->dtype)};
    int64_t rows = onr_shape_span(&x->shape, 0, axis) * j.inner;
    onr_pool_for(r->pool, (size_t)rows, (size_t)onr_max_i64(1, 16384 / onr_max_i64(1, j.n)), cumulative_task, &j);
    return ONR_OK;
}

static onr_status run_cumsum(const onr_run *r) {
    static const cumulative_fn fns[ONR_N_DTYPES] = {FOR_TYPES(ONR_ENTRY, sum)};
    return run_cumulative(r, fns);
}
static onr_status run_cumprod(const onr_run *r) {
    static const cumulative_fn fns[ONR_N_DTYPES] = {FOR_TYPES(ONR_ENTRY, prod)};
    return run_cumulative(r, fns);
}

// ---- ReverseSequence
// -------------------------------------------------------------------------------------------------------------

static onr_status check_reverse(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    const cumulative_params *p = params;
    (void)n, (void)arena;
    if ((p->batch_axis == 0 && p->time_axis == 1) || (p->batch_axis == 1 && p->time_axis == 0)) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "batch_axis %lld and time_axis %lld: one must be 0, the other 1",
                    (long long)p->batch_axis, (long long)p->time_axis);
}

static onr_status infer_reverse(onr_infer *c) {
    const cumulative_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0), lens = onr_infer_shape(c, 1);
    onr_dtype t = onr_infer_dtype(c, 1);
    if (t != ONR_UNDEFINED && t != ONR_INT64)
        return onr_infer_bad(c, "sequence_lens have type %s, not int64", onr_dtype_name(t));
    if (s.rank == 0 || s.rank == 1) return onr_infer_bad(c, "input has rank %d, at least 2 is needed", s.rank);
    if (lens.rank >= 0 && lens.rank != 1) return onr_infer_bad(c, "sequence_lens have rank %d, not 1", lens.rank);
    if (s.rank > 0 && lens.rank == 1) {
        int64_t a = s.dim[p->batch_axis], b = lens.dim[0];
        if (a != b && onr_dim_known(a) && onr_dim_known(b))
            return onr_infer_bad(c, "%lld sequence_lens for a batch of %lld", (long long)b, (long long)a);
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

static onr_status run_reverse(const onr_run *r) {
    const cumulative_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *lens = onr_run_in(r, 1);
    const onr_shape *s = &x->shape;
    int64_t batch = s->dim[p->batch_axis], steps = s->dim[p->time_axis];
    size_t run = (size_t)onr_shape_span(s, 2, s->rank) * onr_dtype_size(x->dtype);
    size_t at_batch = run * (size_t)(p->batch_axis == 0 ? steps : 1), at_step = run * (size_t)(p->time_axis == 0 ? batch : 1);
    for (int64_t b = 0; b < batch; b++) {
        int64_t n = onr_tensor_int(lens, b);
        if (n < 0 || n > steps)
            return onr_run_bad(r, "sequence_lens[%lld] is %lld of %lld steps", (long long)b, (long long)n, (long long)steps);
    }
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, s, &dst));
    for (int64_t b = 0; b < batch && run; b++)
        for (int64_t k = 0; k < steps; k++) {
            int64_t n = onr_tensor_int(lens, b), from = k < n ? n - 1 - k : k;
            memcpy((char *)dst + (size_t)b * at_batch + (size_t)k * at_step,
                   (const char *)x->data + (size_t)b * at_batch + (size_t)from * at_step, run);
        }
    return onr_nd_end(r, 0, x->dtype, s, dst, ONR_OK);
}

// ---- rows
// ------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec cumulative11[] = {ONR_A_INT(cumulative_params, exclusive, 0),
                                             ONR_A_INT(cumulative_params, reverse, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec reverse10[] = {ONR_A_INT(cumulative_params, batch_axis, 1),
                                          ONR_A_INT(cumulative_params, time_axis, 0), ONR_ATTR_ARRAY_END};

#define INTS (ONR_BIT(ONR_UINT32) | ONR_BIT(ONR_UINT64) | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64))
#define ROW(op, from, to, set, fn)                                                                                           \
    {                                                                                                                        \
        ONR_AI(op, from, to), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .inplace = 1, .types = set,        \
                                                     ONR_PARAMS(cumulative11, cumulative_params), .infer = infer_cumulative, \
                                                     .run = fn                                                               \
    }
static const onr_op rows[] = {
    ROW("CumSum", 11, 13, INTS | ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_DOUBLE), run_cumsum),
    ROW("CumSum", 14, 0, INTS | ONR_T_FLOATS, run_cumsum),
    ROW("CumProd", 26, 0, INTS | ONR_T_FLOATS, run_cumprod),
    {ONR_AI("ReverseSequence", 10, 0), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_ALL1,
     ONR_PARAMS(reverse10, cumulative_params), .check = check_reverse, .infer = infer_reverse, .run = run_reverse},
};
ONR_OP_FAMILY(cumulative);
