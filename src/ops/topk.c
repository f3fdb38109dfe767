// topk.c: TopK, ArgMax, ArgMin and Hardmax: the extreme elements along an axis, all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around us (exact).
// Never loses a NaN: it counts as larger than all numbers in TopK, and as the extreme one in ArgMax, ArgMin and Hardmax.
#include "ops/binary.h"
#include "ops/known.h"
#include "ops/rows.h"

#include "base/mathx.h"

#include <string.h>

typedef struct topk_params {
    int64_t axis, k, largest, sorted, keepdims, select_last_index;
} topk_params;

// ---- TopK
// ------------------------------------------------------------------------------------------------------------------------

/// The k best of n elements `stride` apart: their indices, best first. `heap` has the worst of the chosen at its root.
typedef void (*topk_fn)(const char *x, int64_t n, int64_t stride, int64_t k, bool largest, int64_t *heap, char *values,
                        int64_t *at);

// above(i, j): element i goes before element j: larger (or smaller), NaN largest, the lower index first.
#define TOPK(s, T, U, d, ...)                                                                                               \
    static inline bool above_##s(const T *x, int64_t stride, bool largest, int64_t i, int64_t j) {                          \
        const T u = x[i * stride], v = x[j * stride];                                                                       \
        const bool more = u > v || (u != u && v == v), less = u < v || (v != v && u == u);                                  \
        return (largest ? more : less) || (!more && !less && i < j);                                                        \
    }                                                                                                                       \
    static void sink_##s(const T *x, int64_t stride, bool largest, int64_t *heap, int64_t k, int64_t at) {                  \
        for (;;) {                                                                                                          \
            int64_t child = 2 * at + 1;                                                                                     \
            if (child >= k) return;                                                                                         \
            if (child + 1 < k && above_##s(x, stride, largest, heap[child], heap[child + 1])) child++;                      \
            if (!above_##s(x, stride, largest, heap[at], heap[child])) return;                                              \
            int64_t t = heap[at];                                                                                           \
            heap[at] = heap[child];                                                                                         \
            heap[child] = t;                                                                                                \
            at = child;                                                                                                     \
        }                                                                                                                   \
    }                                                                                                                       \
    static void topk_##s(const char *data, int64_t n, int64_t stride, int64_t k, bool largest, int64_t *heap, char *values, \
                         int64_t *at) {                                                                                     \
        const T *x = (const T *)(const void *)data;                                                                         \
        for (int64_t i = 0; i < k; i++) heap[i] = i;                                                                        \
        for (int64_t i = k / 2 - 1; i >= 0; i--) sink_##s(x, stride, largest, heap, k, i);                                  \
        for (int64_t i = k; i < n && k > 0; i++)                                                                            \
            if (above_##s(x, stride, largest, i, heap[0])) heap[0] = i, sink_##s(x, stride, largest, heap, k, 0);           \
        for (int64_t last = k - 1; last >= 0; last--) {                                                                     \
            int64_t worst = heap[0];                                                                                        \
            heap[0] = heap[last];                                                                                           \
            sink_##s(x, stride, largest, heap, last, 0);                                                                    \
            if (values) ((T *)(void *)values)[last * stride] = x[worst * stride];                                           \
            if (at) at[last * stride] = worst;                                                                              \
        }                                                                                                                   \
    }
ONR_FOR_INTS(TOPK, )
ONR_FOR_FLOATS(TOPK, )

/// Before opset 11 there was no choice.
static onr_status check_topk(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    (void)arena, (void)err;
    if (n->op->since < 11) ((topk_params *)params)->largest = 1;
    return ONR_OK;
}

static onr_status infer_topk(onr_infer *c) {
    const topk_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0), ks = onr_infer_shape(c, 1);
    int64_t n;
    if (c->node->op->since >= 10) ONR_TRY(onr_infer_needs(c, 1, ONR_BIT(ONR_INT64)));
    if (onr_shape_known(&ks) && (!onr_shape_numel(&ks, &n) || n != 1)) return onr_infer_bad(c, "K must have one element");
    if (s.rank >= 0) {
        int32_t axis;
        ONR_TRY(onr_infer_axis(c, p->axis, s.rank, &axis));
        const onr_known *known = c->node->op->since < 10 ? NULL : onr_known_in(c, 1);
        int64_t k = c->node->op->since < 10 ? p->k : known && known->n ? known->v[0] : onr_infer_fresh(c);
        if (!onr_dim_symbolic(k) && (k < 0 || (onr_dim_known(s.dim[axis]) && k > s.dim[axis])))
            return onr_infer_bad(c, "K is %lld for %lld elements", (long long)k, (long long)s.dim[axis]);
        s.dim[axis] = k;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    onr_infer_set(c, 1, ONR_INT64, s);
    return ONR_OK;
}

typedef struct topk_job {
    const onr_tensor *x;
    topk_fn fn;
    int64_t n, inner, k;
    size_t elem;
    bool largest;
    int64_t *heaps; // k for each worker
    char *values;
    int64_t *at;
} topk_job;

static void topk_row(void *ctx, size_t worker, size_t i) {
    const topk_job *j = ctx;
    int64_t o = (int64_t)i / j->inner, in = (int64_t)i % j->inner, out = o * j->k * j->inner + in;
    j->fn((const char *)j->x->data + (size_t)(o * j->n * j->inner + in) * j->elem, j->n, j->inner, j->k, j->largest,
          j->heaps + (int64_t)worker * j->k, j->values ? j->values + (size_t)out * j->elem : NULL, j->at ? j->at + out : NULL);
}

static onr_status run_topk(const onr_run *r) {
    static const topk_fn fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, topk) ONR_FOR_FLOATS(ONR_ENTRY, topk)};
    const topk_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    topk_job j = {.x = x, .fn = fns[x->dtype], .elem = onr_dtype_size(x->dtype), .largest = p->largest != 0};
    j.n = x->shape.dim[axis];
    j.inner = onr_shape_span(&x->shape, axis + 1, x->shape.rank);
    j.k = onr_run_has(r, 1) ? onr_tensor_int(onr_run_in(r, 1), 0) : p->k;
    if (j.k < 0 || j.k > j.n) return onr_run_bad(r, "K is %lld for %lld elements", (long long)j.k, (long long)j.n);
    j.values = onr_run_wants(r, 0) ? onr_run_out(r, 0)->data : NULL;
    j.at = onr_run_wants(r, 1) ? onr_run_out(r, 1)->data : NULL;
    size_t bytes;
    if (!onr_mul_size((size_t)j.k, sizeof(int64_t) * (size_t)onr_pool_threads(r->pool), &bytes))
        return onr_no_memory(r->err, SIZE_MAX);
    j.heaps = onr_malloc(bytes + 1);
    if (!j.heaps) return onr_no_memory(r->err, bytes);
    int64_t rows = onr_shape_span(&x->shape, 0, axis) * j.inner;
    if (rows * j.n < 8192) // too little to share out
        for (int64_t i = 0; i < rows; i++) topk_row(&j, 0, (size_t)i);
    else
        onr_pool_for_worker(r->pool, (size_t)rows, topk_row, &j);
    onr_free(j.heaps);
    return ONR_OK;
}

// ---- ArgMax, ArgMin
// --------------------------------------------------------------------------------------------------------------

/// The index of the extreme one of n elements `stride` apart; the last such with `last`. A NaN wins at once.
typedef int64_t (*arg_fn)(const char *x, int64_t n, int64_t stride, bool last);

#define ARG(name, T, BETTER)                                                                          \
    static int64_t name(const char *data, int64_t n, int64_t stride, bool last) {                     \
        const T *x = (const T *)(const void *)data;                                                   \
        int64_t best = 0;                                                                             \
        for (int64_t i = 1; i < n; i++) {                                                             \
            const T u = x[i * stride], v = x[best * stride];                                          \
            if ((BETTER) || (u != u && v == v) || (last && (u == v || (u != u && v != v)))) best = i; \
        }                                                                                             \
        return best;                                                                                  \
    }
#define ARGS(s, T, U, d, ...) ARG(argmax_##s, T, u > v) ARG(argmin_##s, T, u < v)
ONR_FOR_INTS(ARGS, )
ONR_FOR_FLOATS(ARGS, )
static const arg_fn argmax_fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, argmax) ONR_FOR_FLOATS(ONR_ENTRY, argmax)};
static const arg_fn argmin_fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, argmin) ONR_FOR_FLOATS(ONR_ENTRY, argmin)};

static onr_status infer_arg(onr_infer *c) {
    const topk_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    if (s.rank >= 0) {
        int32_t axis;
        ONR_TRY(onr_infer_axis(c, p->axis, s.rank, &axis));
        if (s.dim[axis] == 0) return onr_infer_bad(c, "axis %d has no elements", axis);
        s.dim[axis] = 1;
        if (!p->keepdims) {
            s.rank--;
            memmove(s.dim + axis, s.dim + axis + 1, (size_t)(s.rank - axis) * sizeof s.dim[0]);
        }
    }
    onr_infer_set(c, 0, ONR_INT64, s);
    return ONR_OK;
}

typedef struct arg_job {
    const onr_tensor *x;
    arg_fn fn;
    int64_t n, inner;
    size_t elem;
    bool last;
    int64_t *at;
} arg_job;

static void arg_task(void *ctx, size_t begin, size_t end) {
    const arg_job *j = ctx;
    for (size_t i = begin; i < end; i++) {
        int64_t o = (int64_t)i / j->inner, in = (int64_t)i % j->inner;
        j->at[i] = j->fn((const char *)j->x->data + (size_t)(o * j->n * j->inner + in) * j->elem, j->n, j->inner, j->last);
    }
}

static onr_status run_arg(const onr_run *r, const arg_fn *fns) {
    const topk_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    arg_job j = {.x = x, .fn = fns[x->dtype], .elem = onr_dtype_size(x->dtype), .last = p->select_last_index != 0};
    j.n = x->shape.dim[axis];
    j.inner = onr_shape_span(&x->shape, axis + 1, x->shape.rank);
    j.at = onr_run_out(r, 0)->data;
    int64_t rows = onr_shape_span(&x->shape, 0, axis) * j.inner;
    onr_pool_for(r->pool, (size_t)rows, (size_t)onr_max_i64(1, 16384 / onr_max_i64(1, j.n)), arg_task, &j);
    return ONR_OK;
}
static onr_status run_argmax(const onr_run *r) { return run_arg(r, argmax_fns); }
static onr_status run_argmin(const onr_run *r) { return run_arg(r, argmin_fns); }

// ---- Hardmax
// ---------------------------------------------------------------------------------------------------------------------

static onr_status infer_hardmax(onr_infer *c) {
    const topk_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    int32_t axis;
    if (s.rank >= 0) ONR_TRY(onr_infer_axis(c, p->axis, s.rank, &axis));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

static onr_status run_hardmax(const onr_run *r) {
    const topk_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    size_t e = onr_dtype_size(x->dtype);
    bool flat = r->node->op->since < 13; // before: everything from the axis on is one row
    int64_t inner = flat ? 1 : onr_shape_span(&x->shape, axis + 1, x->shape.rank);
    int64_t n = flat ? onr_shape_span(&x->shape, axis, x->shape.rank) : x->shape.dim[axis];
    int64_t rows = onr_shape_span(&x->shape, 0, axis) * inner;
    if (onr_tensor_bytes(y)) memset(y->data, 0, onr_tensor_bytes(y));
    for (int64_t i = 0; i < rows && n > 0; i++) {
        int64_t base = i / inner * n * inner + i % inner;
        int64_t at = base + argmax_fns[x->dtype]((const char *)x->data + (size_t)base * e, n, inner, false) * inner;
        if (y->dtype == ONR_FLOAT)
            ((float *)y->data)[at] = 1;
        else
            ((double *)y->data)[at] = 1;
    }
    return ONR_OK;
}

// ---- rows
// ------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec topk1[] = {ONR_A_INT(topk_params, axis, -1),
                                      {.name = "k", .kind = ONR_ATTR_INT, .offset = offsetof(topk_params, k), .required = true},
                                      ONR_ATTR_ARRAY_END};
static const onr_attr_spec topk10[] = {ONR_A_INT(topk_params, axis, -1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec topk11[] = {ONR_A_INT(topk_params, axis, -1), ONR_A_INT(topk_params, largest, 1),
                                       ONR_A_INT(topk_params, sorted, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec arg1[] = {ONR_A_INT(topk_params, axis, 0), ONR_A_INT(topk_params, keepdims, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec arg12[] = {ONR_A_INT(topk_params, axis, 0), ONR_A_INT(topk_params, keepdims, 1),
                                      ONR_A_INT(topk_params, select_last_index, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec hardmax1[] = {ONR_A_INT(topk_params, axis, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec hardmax13[] = {ONR_A_INT(topk_params, axis, -1), ONR_ATTR_ARRAY_END};

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN)
#define ROW(op, from, to, n_in, n_out, set, table, inf, fn)                                                                \
    {                                                                                                                      \
        ONR_AI(op, from, to), ONR_ARITY(n_in, n_in, n_out, n_out), .flags = FLAGS, .types = set,                           \
                                                                   ONR_PARAMS(table, topk_params), .infer = inf, .run = fn \
    }
#define ARG_ROWS(op, fn)                                                                                                   \
    ROW(op, 1, 10, 1, 1, ONR_T_NUMERIC3, arg1, infer_arg, fn), ROW(op, 11, 11, 1, 1, ONR_T_NUMERIC3, arg1, infer_arg, fn), \
        ROW(op, 12, 12, 1, 1, ONR_T_NUMERIC3, arg12, infer_arg, fn), ROW(op, 13, 0, 1, 1, ONR_T_NUMERIC, arg12, infer_arg, fn)
#define TOPK_ROW(from, to, n_in, n_out, set, table)                                                                 \
    {                                                                                                               \
        ONR_AI("TopK", from, to), ONR_ARITY(n_in, n_in, n_out, n_out),                                              \
            .flags = FLAGS, .types = set, ONR_PARAMS(table, topk_params), .check = check_topk, .infer = infer_topk, \
            .run = run_topk                                                                                         \
    }

static const onr_op rows[] = {
    TOPK_ROW(1, 9, 1, 2, ONR_T_FLOATS3, topk1),
    TOPK_ROW(10, 10, 2, 2, ONR_T_FLOATS3, topk10),
    TOPK_ROW(11, 23, 2, 2, ONR_T_NUMERIC3, topk11),
    TOPK_ROW(24, 0, 2, 2, ONR_T_NUMERIC, topk11),
    ARG_ROWS("ArgMax", run_argmax),
    ARG_ROWS("ArgMin", run_argmin),
    ROW("Hardmax", 1, 10, 1, 1, ONR_T_FLOATS3, hardmax1, infer_hardmax, run_hardmax),
    ROW("Hardmax", 11, 12, 1, 1, ONR_T_FLOATS3, hardmax1, infer_hardmax, run_hardmax),
    ROW("Hardmax", 13, 0, 1, 1, ONR_T_FLOATS, hardmax13, infer_hardmax, run_hardmax),
};
ONR_OP_FAMILY(topk);
