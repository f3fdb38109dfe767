// minmax.c: Min, Max, Sum and Mean of any number of tensors, all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around us and checked that all inputs have one type.
// Never loses a NaN: the minimum and maximum with NaN are NaN.
#include "ops/binary.h"
#include "ops/rows.h"
#include "ops/vector.h"

#define MIN_F(s, T, U, d, ...) ONR_BINARY_LOOP(min_##s, T, T, u < v || u != u ? u : v)
#define MAX_F(s, T, U, d, ...) ONR_BINARY_LOOP(max_##s, T, T, u > v || u != u ? u : v)
#define MIN_I(s, T, U, d, ...) ONR_BINARY_LOOP(min_##s, T, T, u < v ? u : v)
#define MAX_I(s, T, U, d, ...) ONR_BINARY_LOOP(max_##s, T, T, u > v ? u : v)
#define SUM_F(s, T, U, d, ...) ONR_BINARY_LOOP(sum_##s, T, T, u + v)
#define SCALE_F(s, T, U, d, ...) ONR_BINARY_LOOP(scale_##s, T, T, u / v)
ONR_FOR_FLOATS(MIN_F, )
ONR_FOR_FLOATS(MAX_F, )
ONR_FOR_INTS(MIN_I, )
ONR_FOR_INTS(MAX_I, )
ONR_FOR_FLOATS(SUM_F, )
ONR_FOR_FLOATS(SCALE_F, )
static const onr_nd_fn min_fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, min) ONR_FOR_FLOATS(ONR_ENTRY, min)};
static const onr_nd_fn max_fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, max) ONR_FOR_FLOATS(ONR_ENTRY, max)};
static const onr_nd_fn sum_fns[ONR_N_DTYPES] = {ONR_FOR_FLOATS(ONR_ENTRY, sum)};
static const onr_nd_fn scale_fns[ONR_N_DTYPES] = {ONR_FOR_FLOATS(ONR_ENTRY, scale)};

/// out = f(f(f(in0, in1), in2), ...), each broadcast to the output.
static void reduce(const onr_run *r, onr_binary_op op, const onr_nd_fn fns[ONR_N_DTYPES]) {
    const onr_tensor *a = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    size_t e = onr_dtype_size(a->dtype);
    onr_nd_walk w;
    if (r->n_in == 1) {
        onr_nd_box box = {.rank = 1, .dim = {onr_tensor_numel(y)}, .src = {(int64_t)e}, .dst = {(int64_t)e}};
        onr_nd_copy(r->pool, e, &box, a->data, y->data);
        return;
    }
    for (int32_t i = 1; i < r->n_in; i++) {
        const onr_tensor *b = onr_run_in(r, i), *left = i == 1 ? a : y;
        if (a->dtype == ONR_FLOAT && !r->env->target->reference) {
            onr_vector_binary_on(r, op, &y->shape, left->data, &left->shape, b->data, &b->shape, y->data);
            continue;
        }
        onr_nd_walk_init(&w, &y->shape, 3, (const onr_shape *[]){NULL, &left->shape, &b->shape}, (size_t[]){e, e, e});
        onr_nd_walk_run(&w, r->pool, (void *[]){y->data, left->data, b->data}, 1, fns[a->dtype], NULL);
    }
}

static onr_status run_min(const onr_run *r) { return reduce(r, ONR_BINARY_MIN, min_fns), ONR_OK; }
static onr_status run_max(const onr_run *r) { return reduce(r, ONR_BINARY_MAX, max_fns), ONR_OK; }
static onr_status run_sum(const onr_run *r) { return reduce(r, ONR_BINARY_ADD, sum_fns), ONR_OK; }

static onr_status run_mean(const onr_run *r) {
    reduce(r, ONR_BINARY_ADD, sum_fns);
    onr_tensor *y = onr_run_out(r, 0);
    float n32 = (float)r->n_in;
    double n64 = r->n_in;
    size_t e = onr_dtype_size(y->dtype);
    onr_shape one = onr_shape_make(0, NULL);
    onr_nd_walk w;
    onr_nd_walk_init(&w, &y->shape, 3, (const onr_shape *[]){NULL, &y->shape, &one}, (size_t[]){e, e, e});
    void *count = y->dtype == ONR_FLOAT ? (void *)&n32 : (void *)&n64;
    onr_nd_walk_run(&w, r->pool, (void *[]){y->data, y->data, count}, 1, scale_fns[y->dtype], NULL);
    return ONR_OK;
}

/// Before opset 8 all shapes had to be equal.
static onr_status infer_equal_shapes(onr_infer *c) {
    onr_shape a = onr_infer_shape(c, 0);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), a);
    for (int32_t i = 1; i < c->n_in; i++) {
        onr_shape b = onr_infer_shape(c, i);
        if (a.rank < 0 || b.rank < 0) continue;
        bool same = a.rank == b.rank;
        for (int32_t d = 0; same && d < a.rank; d++)
            same = a.dim[d] == b.dim[d] || !onr_dim_known(a.dim[d]) || !onr_dim_known(b.dim[d]);
        char ta[ONR_SHAPE_TEXT], tb[ONR_SHAPE_TEXT];
        if (!same)
            return onr_infer_bad(c, "inputs have shapes %s and %s", onr_shape_text(&a, c->symbols, ta),
                                 onr_shape_text(&b, c->symbols, tb));
    }
    return ONR_OK;
}

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES)
#define ROW(op, from, to, set, inf, fn) \
    { ONR_AI(op, from, to), ONR_ARITY(1, -1, 1, 1), .flags = FLAGS, .types = set, .infer = inf, .run = fn }
#define FIRST(op, fn)                                                                                 \
    {                                                                                                 \
        ONR_AI(op, 1, 5), ONR_ARITY(1, -1, 1, 1), .flags = FLAGS, .types = ONR_T_FLOATS3,             \
                                                  ONR_PARAMS(onr_nd_consumed_attrs, onr_nd_consumed), \
                                                  .infer = infer_equal_shapes, .run = fn              \
    }
// Outputs never take over an input's memory: an input may be given twice.
static const onr_op rows[] = {
    FIRST("Min", run_min),
    ROW("Min", 6, 7, ONR_T_FLOATS3, infer_equal_shapes, run_min),
    ROW("Min", 8, 11, ONR_T_FLOATS3, onr_infer_elementwise, run_min),
    ROW("Min", 12, 12, ONR_T_NUMERIC3, onr_infer_elementwise, run_min),
    ROW("Min", 13, 0, ONR_T_NUMERIC, onr_infer_elementwise, run_min),
    FIRST("Max", run_max),
    ROW("Max", 6, 7, ONR_T_FLOATS3, infer_equal_shapes, run_max),
    ROW("Max", 8, 11, ONR_T_FLOATS3, onr_infer_elementwise, run_max),
    ROW("Max", 12, 12, ONR_T_NUMERIC3, onr_infer_elementwise, run_max),
    ROW("Max", 13, 0, ONR_T_NUMERIC, onr_infer_elementwise, run_max),
    FIRST("Sum", run_sum),
    ROW("Sum", 6, 7, ONR_T_FLOATS3, infer_equal_shapes, run_sum),
    ROW("Sum", 8, 12, ONR_T_FLOATS3, onr_infer_elementwise, run_sum),
    ROW("Sum", 13, 0, ONR_T_FLOATS, onr_infer_elementwise, run_sum),
    FIRST("Mean", run_mean),
    ROW("Mean", 6, 7, ONR_T_FLOATS3, infer_equal_shapes, run_mean),
    ROW("Mean", 8, 12, ONR_T_FLOATS3, onr_infer_elementwise, run_mean),
    ROW("Mean", 13, 0, ONR_T_FLOATS, onr_infer_elementwise, run_mean),
};
ONR_OP_FAMILY(minmax);
