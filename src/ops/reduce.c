// reduce.c: the Reduce* operators over any set of axes, all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never loses a NaN; over nothing a sum is 0, a product 1, a mean NaN, a maximum the type's lowest value (or -infinity).
#include "kernels/reduce/reduce.h"
#include "kernels/binary/binary.h"
#include "kernels/unary/unary.h"

#include "base/mathx.h"
#include "ops/known.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

typedef struct reduce_params {
    onr_ints axes;
    int64_t keepdims, noop_with_empty_axes;
} reduce_params;

// ---- axes -------------------------------------------------------------------------------------------------------------------

/// Marks the reduced dimensions of a shape of known rank. *bad gets the first axis that is out of range.
static bool mark_axes(const reduce_params *p, const int64_t *axes, int64_t n, int32_t rank, bool *reduced, int64_t *bad) {
    for (int32_t d = 0; d < rank; d++) reduced[d] = n == 0 && !p->noop_with_empty_axes;
    for (int64_t i = 0; i < n; i++) {
        int32_t axis = onr_axis(axes[i], rank);
        if (axis < 0) return *bad = axes[i], false;
        reduced[axis] = true;
    }
    return true;
}

/// The output's shape when the axes are an input whose content is not known yet.
static onr_shape shape_for_unknown_axes(const onr_infer *c, const reduce_params *p, const onr_shape *x) {
    onr_shape axes = onr_infer_shape(c, 1), y = *x;
    if (!p->keepdims) {
        if (axes.rank != 1 || !onr_dim_known(axes.dim[0]) || axes.dim[0] == 0 || axes.dim[0] > x->rank)
            return onr_shape_unknown();
        y.rank -= (int32_t)axes.dim[0];
    }
    for (int32_t d = 0; d < y.rank; d++) y.dim[d] = onr_infer_fresh(c);
    return y;
}

/// Combines two integers as the operator does; false where that gives no integer that is known.
static bool combine(const char *op, int64_t a, int64_t b, int64_t *out) {
    if (!strcmp(op, "ReduceProd")) return onr_mul_i64(a, b, out);
    if (!strcmp(op, "ReduceSum")) return onr_add_i64(a, b, out);
    if (!strcmp(op, "ReduceMax")) return *out = onr_max_i64(a, b), true;
    if (!strcmp(op, "ReduceMin")) return *out = onr_min_i64(a, b), true;
    return false;
}

/// A product, sum, maximum or minimum of shape data (Shape, ReduceProd, Reshape).
static void infer_known(onr_infer *c) {
    const onr_known *k = onr_known_in(c, 0);
    if (!k || k->n < 2 || onr_infer_dtype(c, 0) != ONR_INT64 || !onr_known_numbers(k)) return;
    int64_t v = k->v[0];
    for (int64_t i = 1; i < k->n; i++)
        if (!combine(c->node->op->name, v, k->v[i], &v)) return;
    onr_known *out = onr_infer_new_known(c, 1);
    if (out) out->v[0] = v;
    onr_known_set(c, 0, out);
}

static onr_status infer(onr_infer *c) {
    const reduce_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), y = {.rank = 0};
    onr_dtype axes_type = onr_infer_dtype(c, 1);
    bool reduced[ONR_MAX_RANK];
    const int64_t *axes = p->axes.v;
    int64_t n = (int64_t)p->axes.n, bad;
    if (axes_type != ONR_UNDEFINED && axes_type != ONR_INT64)
        return onr_infer_bad(c, "axes have type %s, not int64", onr_dtype_name(axes_type));
    if (onr_infer_shape(c, 1).rank > 1) return onr_infer_bad(c, "axes have rank %d, not 1", onr_infer_shape(c, 1).rank);
    if (onr_infer_has(c, 1)) {
        const onr_known *k = onr_infer_ints(c, 1);
        if (!k || !onr_known_numbers(k)) {
            if (x.rank >= 0) x = shape_for_unknown_axes(c, p, &x);
            onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
            return ONR_OK;
        }
        axes = k->v;
        n = k->n;
    }
    if (x.rank < 0) {
        onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
        return ONR_OK;
    }
    if (!mark_axes(p, axes, n, x.rank, reduced, &bad))
        return onr_infer_bad(c, "axis %lld is out of range for rank %d", (long long)bad, x.rank);
    for (int32_t d = 0; d < x.rank; d++) {
        if (!reduced[d]) y.dim[y.rank++] = x.dim[d];
        if (reduced[d] && p->keepdims) y.dim[y.rank++] = 1;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), y);
    if (x.rank == 1 && reduced[0]) infer_known(c);
    return ONR_OK;
}

// ---- one output element -----------------------------------------------------------------------------------------------------

/// The elements that meet in one output element: `rows` runs of n elements, `stride` apart; and the way through the outputs.
typedef struct space {
    int32_t n_kept, n_rows; // dimensions
    int64_t kept[ONR_MAX_RANK], kept_stride[ONR_MAX_RANK];
    int64_t row[ONR_MAX_RANK], row_stride[ONR_MAX_RANK]; // reduced dimensions but the last
    int64_t rows, n, stride, total;
} space;

typedef struct cursor {
    int64_t index[ONR_MAX_RANK], offset;
} cursor;

static void step(int32_t rank, const int64_t *dim, const int64_t *stride, cursor *at) {
    for (int32_t d = rank - 1; d >= 0; d--) {
        at->offset += stride[d];
        if (++at->index[d] < dim[d]) return;
        at->offset -= dim[d] * stride[d];
        at->index[d] = 0;
    }
}

typedef void (*reduce_fn)(const space *s, const void *base, void *y);

// y = END after STEP for every element x, from A acc = START. `n` in END is the number of elements.
#define REDUCE(name, T, A, START, STEP, END)                      \
    static void name(const space *s, const void *base, void *y) { \
        A acc = START;                                            \
        cursor at = {.offset = 0};                                \
        const int64_t n = s->total;                               \
        (void)n;                                                  \
        for (int64_t r = 0; r < s->rows; r++) {                   \
            const T *row = (const T *)base + at.offset;           \
            for (int64_t i = 0; i < s->n; i++) {                  \
                const T x = row[i * s->stride];                   \
                STEP;                                             \
            }                                                     \
            step(s->n_rows, s->row, s->row_stride, &at);          \
        }                                                         \
        *(T *)y = (T)(END);                                       \
    }

/// The largest so far and the sum of exponentials relative to it.
typedef struct log_sum {
    double most, sum;
} log_sum;

static inline void log_sum_add(log_sum *a, double x) {
    if (x <= a->most) {
        a->sum += x == a->most ? 1 : exp(x - a->most); // infinity - infinity would be NaN
    } else if (isnan(x)) {
        a->sum = NAN;
    } else {
        a->sum = a->sum * exp(a->most - x) + 1;
        a->most = x;
    }
}

static inline double log_sum_end(const log_sum *a) {
    return a->most == -INFINITY && !isnan(a->sum) ? a->most : a->most + log(a->sum);
}

// Floats are summed in double.
#define FLOATS(s, T)                                                                  \
    REDUCE(sum_##s, T, double, 0, acc += (double)x, acc)                              \
    REDUCE(mean_##s, T, double, 0, acc += (double)x, acc / (double)n)                 \
    REDUCE(max_##s, T, T, -(T)INFINITY, if (!(x <= acc) && !isnan(acc)) acc = x, acc) \
    REDUCE(min_##s, T, T, (T)INFINITY, if (!(x >= acc) && !isnan(acc)) acc = x, acc)  \
    REDUCE(prod_##s, T, double, 1, acc *= (double)x, acc)                             \
    REDUCE(l1_##s, T, double, 0, acc += fabs((double)x), acc)                         \
    REDUCE(l2_##s, T, double, 0, acc += (double)x * (double)x, sqrt(acc))             \
    REDUCE(sum_square_##s, T, double, 0, acc += (double)x * (double)x, acc)           \
    REDUCE(log_sum_##s, T, double, 0, acc += (double)x, log(acc))                     \
    REDUCE(log_sum_exp_##s, T, log_sum, ((log_sum){-INFINITY, 0}), log_sum_add(&acc, (double)x), log_sum_end(&acc))
FLOATS(f32, float)
FLOATS(f64, double)

/// A double as an integer type: cut toward zero, kept in range, NaN as 0.
#define TO_INT(v, T, lo, hi) ((v) <= (double)(lo) ? (lo) : (v) >= (double)(hi) ? (hi) : isnan(v) ? 0 : (T)(v))
#define EXTREMES(s, T, lo, hi)                           \
    REDUCE(max_##s, T, T, lo, if (x > acc) acc = x, acc) \
    REDUCE(min_##s, T, T, hi, if (x < acc) acc = x, acc)
// Sums and products wrap around; means are cut toward zero; roots and logarithms are taken in double and cut.
#define INTS(s, T, lo, hi)                                                                       \
    EXTREMES(s, T, lo, hi)                                                                       \
    REDUCE(sum_##s, T, uint64_t, 0, acc += (uint64_t)x, acc)                                     \
    REDUCE(mean_##s, T, __int128, 0, acc += x, n ? acc / n : 0)                                  \
    REDUCE(prod_##s, T, uint64_t, 1, acc *= (uint64_t)x, acc)                                    \
    REDUCE(l1_##s, T, uint64_t, 0, acc += x > 0 ? (uint64_t)x : 0 - (uint64_t)x, acc)            \
    REDUCE(l2_##s, T, double, 0, acc += (double)x * (double)x, TO_INT(sqrt(acc), T, lo, hi))     \
    REDUCE(sum_square_##s, T, uint64_t, 0, acc += (uint64_t)x * (uint64_t)x, acc)                \
    REDUCE(log_sum_##s, T, double, 0, acc += (double)x, TO_INT(log(acc), T, lo, hi))             \
    REDUCE(log_sum_exp_##s, T, log_sum, ((log_sum){-INFINITY, 0}), log_sum_add(&acc, (double)x), \
           TO_INT(log_sum_end(&acc), T, lo, hi))
INTS(i32, int32_t, INT32_MIN, INT32_MAX)
INTS(i64, int64_t, INT64_MIN, INT64_MAX)
INTS(u32, uint32_t, 0, UINT32_MAX)
INTS(u64, uint64_t, 0, UINT64_MAX)
EXTREMES(i8, int8_t, INT8_MIN, INT8_MAX)
EXTREMES(u8, uint8_t, 0, UINT8_MAX)
EXTREMES(bool, uint8_t, 0, 1)

// ---- run --------------------------------------------------------------------------------------------------------------------

/// Merges neighbouring dimensions that are both reduced or both kept.
static void space_init(space *s, const onr_shape *x, const bool *reduced) {
    int64_t stride[ONR_MAX_RANK], n = 1;
    int32_t before = -1; // the last dimension that was not 1
    *s = (space){.rows = 1, .n = 1, .stride = 1, .total = 1};
    onr_shape_strides(x, stride);
    for (int32_t d = 0; d < x->rank; d++) {
        if (x->dim[d] == 1) continue;
        int64_t *dim = reduced[d] ? s->row : s->kept, *step_of = reduced[d] ? s->row_stride : s->kept_stride;
        int32_t *rank = reduced[d] ? &s->n_rows : &s->n_kept;
        if (before >= 0 && reduced[before] == reduced[d]) {
            dim[*rank - 1] *= x->dim[d];
            step_of[*rank - 1] = stride[d];
        } else {
            dim[*rank] = x->dim[d];
            step_of[(*rank)++] = stride[d];
        }
        before = d;
    }
    for (int32_t d = 0; d < s->n_rows; d++) n *= s->row[d];
    s->total = n;
    if (s->n_rows) {
        s->n_rows--;
        s->n = s->row[s->n_rows];
        s->stride = s->row_stride[s->n_rows];
        for (int32_t d = 0; d < s->n_rows; d++) s->rows *= s->row[d];
    }
}

typedef struct job {
    space s;
    reduce_fn fn;
    size_t elem;
    const char *x;
    char *y;
} job;

static void outputs_task(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const space *s = &j->s;
    cursor at = {.offset = 0};
    int64_t rest = (int64_t)begin;
    for (int32_t d = s->n_kept - 1; d >= 0; d--) {
        at.index[d] = rest % s->kept[d];
        rest /= s->kept[d];
        at.offset += at.index[d] * s->kept_stride[d];
    }
    for (size_t k = begin; k < end; k++) {
        j->fn(s, j->x + at.offset * (int64_t)j->elem, j->y + k * j->elem);
        step(s->n_kept, s->kept, s->kept_stride, &at);
    }
}

/// Memory for ReduceLogSumExp on the vector kernels: the exponentials, and the largest elements.
static onr_status prepare_log_sum_exp(onr_prepare *c) {
    const onr_shape *x = &c->in[0]->shape, *y = &c->out[0].shape;
    if (c->in[0]->dtype == ONR_FLOAT && !c->target->reference)
        c->scratch_bytes = sizeof(float) * (size_t)(onr_shape_span(x, 0, x->rank) + onr_shape_span(y, 0, y->rank));
    return ONR_OK;
}

/// log(sum(exp(x - m))) + m with the largest element m of each sum, or 0 where that is infinite.
static void log_sum_exp_fast(const onr_run *r, const bool *reduced) {
    const uint32_t features = r->env->target->cpu.features;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = onr_tensor_numel(x), m = onr_tensor_numel(y), run = 1, x_stride[ONR_MAX_RANK], most_stride[ONR_MAX_RANK];
    float *exps = r->scratch, *most = exps + n, *out = y->data;
    onr_shape_strides(&x->shape, x_stride);
    for (int32_t d = x->shape.rank - 1; d >= 0; d--) {
        most_stride[d] = reduced[d] ? 0 : run;
        run *= reduced[d] ? 1 : x->shape.dim[d];
    }
    onr_reduce_axes(features, ONR_REDUCE_MAX, x->shape.rank, x->shape.dim, reduced, x->data, most, r->pool);
    for (int64_t i = 0; i < m; i++)
        if (isinf(most[i])) most[i] = 0;
    onr_binary_run(features, ONR_BINARY_SUB, x->shape.rank, x->shape.dim, x->data, x_stride, most, most_stride, exps, r->pool);
    onr_unary_run(features, ONR_UNARY_EXP, 0, 0, exps, exps, n, r->pool);
    onr_reduce_axes(features, ONR_REDUCE_LOG_SUM, x->shape.rank, x->shape.dim, reduced, exps, out, r->pool);
    onr_binary_run(features, ONR_BINARY_ADD, 1, &m, out, &(int64_t){1}, most, &(int64_t){1}, out, r->pool);
}

/// `op`: the vector kernel for floats, or ONR_REDUCE_COUNT for ReduceLogSumExp.
static onr_status reduce(const onr_run *r, onr_reduce_op op, const reduce_fn fns[ONR_N_DTYPES]) {
    const reduce_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    const int64_t *axes = p->axes.v;
    int64_t n = (int64_t)p->axes.n, bad;
    bool reduced[ONR_MAX_RANK];
    if (onr_run_has(r, 1)) {
        axes = onr_run_in(r, 1)->data;
        n = onr_tensor_numel(onr_run_in(r, 1));
    }
    if (!mark_axes(p, axes, n, x->shape.rank, reduced, &bad))
        return onr_run_bad(r, "axis %lld is out of range for rank %d", (long long)bad, x->shape.rank);
    int64_t kept = 1; // a plan that does not know the axes counts on each being given once
    for (int32_t d = 0; d < x->shape.rank; d++) kept *= reduced[d] ? 1 : x->shape.dim[d];
    if (kept != onr_tensor_numel(y)) return onr_run_bad(r, "an axis is given twice");
    if (x->dtype == ONR_FLOAT && !r->env->target->reference) {
        if (op == ONR_REDUCE_COUNT)
            log_sum_exp_fast(r, reduced);
        else
            onr_reduce_axes(r->env->target->cpu.features, op, x->shape.rank, x->shape.dim, reduced, x->data, y->data, r->pool);
        return ONR_OK;
    }
    job j = {.fn = fns[x->dtype], .elem = onr_dtype_size(x->dtype), .x = x->data, .y = y->data};
    space_init(&j.s, &x->shape, reduced);
    onr_pool_for(r->pool, (size_t)onr_tensor_numel(y), (size_t)onr_max_i64(1, 8192 / onr_max_i64(1, j.s.total)), outputs_task,
                 &j);
    return ONR_OK;
}

#define FNS(op)                                                                                          \
    {                                                                                                    \
        [ONR_FLOAT] = op##_f32, [ONR_DOUBLE] = op##_f64, [ONR_INT32] = op##_i32, [ONR_INT64] = op##_i64, \
        [ONR_UINT32] = op##_u32, [ONR_UINT64] = op##_u64                                                 \
    }
#define FNS8(op)                                                                                                              \
    {                                                                                                                         \
        [ONR_FLOAT] = op##_f32, [ONR_DOUBLE] = op##_f64, [ONR_INT32] = op##_i32, [ONR_INT64] = op##_i64,                      \
        [ONR_UINT32] = op##_u32, [ONR_UINT64] = op##_u64, [ONR_INT8] = op##_i8, [ONR_UINT8] = op##_u8, [ONR_BOOL] = op##_bool \
    }
#define RUN(op, kernel, table)                            \
    static onr_status run_##op(const onr_run *r) {        \
        static const reduce_fn fns[ONR_N_DTYPES] = table; \
        return reduce(r, kernel, fns);                    \
    }
RUN(sum, ONR_REDUCE_SUM, FNS(sum))
RUN(mean, ONR_REDUCE_MEAN, FNS(mean))
RUN(max, ONR_REDUCE_MAX, FNS8(max))
RUN(min, ONR_REDUCE_MIN, FNS8(min))
RUN(prod, ONR_REDUCE_PROD, FNS(prod))
RUN(l1, ONR_REDUCE_L1, FNS(l1))
RUN(l2, ONR_REDUCE_L2, FNS(l2))
RUN(sum_square, ONR_REDUCE_SUM_SQUARE, FNS(sum_square))
RUN(log_sum, ONR_REDUCE_LOG_SUM, FNS(log_sum))
RUN(log_sum_exp, ONR_REDUCE_COUNT, FNS(log_sum_exp))

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec axes1[] = {ONR_A_INTS(reduce_params, axes), ONR_A_INT(reduce_params, keepdims, 1),
                                      ONR_ATTR_ARRAY_END};
static const onr_attr_spec noop13[] = {ONR_A_INT(reduce_params, keepdims, 1), ONR_A_INT(reduce_params, noop_with_empty_axes, 0),
                                       ONR_ATTR_ARRAY_END};

#define T1 (ONR_T_FLOATS3 | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64) | ONR_BIT(ONR_UINT32) | ONR_BIT(ONR_UINT64))
#define T13 (T1 | ONR_BIT(ONR_BFLOAT16))
#define T8 (ONR_BIT(ONR_INT8) | ONR_BIT(ONR_UINT8))
#define ROW_WITH(op, from, to, inputs, set, table, fn, prep)                                                                 \
    {                                                                                                                        \
        ONR_AI(op, from, to), ONR_ARITY(1, inputs, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set,                 \
                                                          ONR_PARAMS(table, reduce_params), .infer = infer, .prepare = prep, \
                                                          .run = fn                                                          \
    }
#define ROW(op, from, to, inputs, set, table, fn) ROW_WITH(op, from, to, inputs, set, table, fn, NULL)
#define ROWS(op, fn)                                                                                         \
    ROW(op, 1, 10, 1, T1, axes1, fn), ROW(op, 11, 12, 1, T1, axes1, fn), ROW(op, 13, 17, 1, T13, axes1, fn), \
        ROW(op, 18, 0, 2, T13, noop13, fn)
#define EXTREME_ROWS(op, fn)                                                                                     \
    ROW(op, 1, 10, 1, T1, axes1, fn), ROW(op, 11, 11, 1, T1, axes1, fn), ROW(op, 12, 12, 1, T1 | T8, axes1, fn), \
        ROW(op, 13, 17, 1, T13 | T8, axes1, fn), ROW(op, 18, 19, 2, T13 | T8, noop13, fn),                       \
        ROW(op, 20, 0, 2, T13 | T8 | ONR_T_BOOL, noop13, fn)

static const onr_op rows[] = {
    ROW("ReduceSum", 1, 10, 1, T1, axes1, run_sum),
    ROW("ReduceSum", 11, 12, 1, T1, axes1, run_sum),
    ROW("ReduceSum", 13, 0, 2, T13, noop13, run_sum),
    ROWS("ReduceMean", run_mean),
    EXTREME_ROWS("ReduceMax", run_max),
    EXTREME_ROWS("ReduceMin", run_min),
    ROWS("ReduceProd", run_prod),
    ROWS("ReduceL1", run_l1),
    ROWS("ReduceL2", run_l2),
    ROWS("ReduceSumSquare", run_sum_square),
    ROWS("ReduceLogSum", run_log_sum),
    ROW_WITH("ReduceLogSumExp", 1, 10, 1, T1, axes1, run_log_sum_exp, prepare_log_sum_exp),
    ROW_WITH("ReduceLogSumExp", 11, 12, 1, T1, axes1, run_log_sum_exp, prepare_log_sum_exp),
    ROW_WITH("ReduceLogSumExp", 13, 17, 1, T13, axes1, run_log_sum_exp, prepare_log_sum_exp),
    ROW_WITH("ReduceLogSumExp", 18, 0, 2, T13, noop13, run_log_sum_exp, prepare_log_sum_exp),
};
ONR_OP_FAMILY(reduce);
