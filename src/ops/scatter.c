// scatter.c: Scatter, ScatterElements, ScatterND and TensorScatter, all opset versions.
// May assume: inference checked ranks. Every index is checked before anything is written through it.
// Never runs updates in parallel: several may meet in one place, and their order is the standard's.
#include "ops/binary.h"
#include "ops/rows.h"

#include "base/half.h"
#include "base/mathx.h"

#include <string.h>

typedef enum reduction { REDUCE_NONE, REDUCE_ADD, REDUCE_MUL, REDUCE_MAX, REDUCE_MIN, REDUCTIONS } reduction;

typedef struct scatter_params {
    int64_t axis;
    onr_string reduction_name, mode;
    reduction reduce;
    bool circular;
} scatter_params;

// ---- combining an update with what is there
// ------------------------------------------------------------------------------------

/// n elements at y become reduce(y, u).
typedef void (*combine_fn)(char *y, const char *u, int64_t n);

#define COMBINE(name, T, EXPR)                                \
    static void name(char *to, const char *from, int64_t n) { \
        T *y = (T *)(void *)to;                               \
        const T *x = (const T *)(const void *)from;           \
        for (int64_t i = 0; i < n; i++) {                     \
            const T u = y[i], v = x[i];                       \
            y[i] = (T)(EXPR);                                 \
        }                                                     \
    }
#define COMBINE_ALL(s, T, U, d, ...)             \
    COMBINE(add_##s, T, (U)u + (U)v)             \
    COMBINE(mul_##s, T, (U)u *(U)v)              \
    COMBINE(max_##s, T, u > v || u != u ? u : v) \
    COMBINE(min_##s, T, u < v || u != u ? u : v)
ONR_FOR_INTS(COMBINE_ALL, )
ONR_FOR_FLOATS(COMBINE_ALL, )
#define COMBINE_NARROW(s, WIDE, NARROW)                                         \
    COMBINE(add_##s, uint16_t, NARROW(WIDE(u) + WIDE(v)))                       \
    COMBINE(mul_##s, uint16_t, NARROW(WIDE(u) * WIDE(v)))                       \
    COMBINE(max_##s, uint16_t, WIDE(u) > WIDE(v) || WIDE(u) != WIDE(u) ? u : v) \
    COMBINE(min_##s, uint16_t, WIDE(u) < WIDE(v) || WIDE(u) != WIDE(u) ? u : v)
COMBINE_NARROW(f16, onr_f16_to_f32, onr_f32_to_f16)
COMBINE_NARROW(bf16, onr_bf16_to_f32, onr_f32_to_bf16)
COMBINE(add_bool, uint8_t, u || v)
COMBINE(mul_bool, uint8_t, u &&v)
COMBINE(max_bool, uint8_t, u || v)
COMBINE(min_bool, uint8_t, u &&v)

static const combine_fn combine_fns[REDUCTIONS][ONR_N_DTYPES] = {
#define NARROW_ENTRY(fn) [ONR_FLOAT16] = fn##_f16, [ONR_BFLOAT16] = fn##_bf16, [ONR_BOOL] = fn##_bool
    [REDUCE_ADD] = {ONR_FOR_INTS(ONR_ENTRY, add) ONR_FOR_FLOATS(ONR_ENTRY, add) NARROW_ENTRY(add)},
    [REDUCE_MUL] = {ONR_FOR_INTS(ONR_ENTRY, mul) ONR_FOR_FLOATS(ONR_ENTRY, mul) NARROW_ENTRY(mul)},
    [REDUCE_MAX] = {ONR_FOR_INTS(ONR_ENTRY, max) ONR_FOR_FLOATS(ONR_ENTRY, max) NARROW_ENTRY(max)},
    [REDUCE_MIN] = {ONR_FOR_INTS(ONR_ENTRY, min) ONR_FOR_FLOATS(ONR_ENTRY, min) NARROW_ENTRY(min)},
};

static void update(combine_fn fn, char *y, const char *u, int64_t n, size_t e) {
    if (fn)
        fn(y, u, n);
    else if (n)
        memcpy(y, u, (size_t)n * e);
}

// ---- what the four have in common
// ----------------------------------------------------------------------------------------------

static onr_status check_scatter(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    static const char *const names[] = {"none", "add", "mul", "max", "min"};
    scatter_params *p = params;
    (void)arena;
    if (!p->reduction_name.n) return ONR_OK;
    for (int i = 0; i < (n->op->since >= 18 ? REDUCTIONS : REDUCE_MAX); i++)
        if (p->reduction_name.n == strlen(names[i]) && !memcmp(p->reduction_name.s, names[i], p->reduction_name.n)) {
            p->reduce = (reduction)i;
            return ONR_OK;
        }
    return onr_fail(err, ONR_INVALID, "reduction is '%.*s'", (int)p->reduction_name.n, p->reduction_name.s);
}

static onr_status check_types(onr_infer *c, int32_t updates, int32_t indices, bool wide_only) {
    const scatter_params *p = c->params;
    onr_dtype x = onr_infer_dtype(c, 0), u = onr_infer_dtype(c, updates), i = onr_infer_dtype(c, indices);
    if (x != ONR_UNDEFINED && u != ONR_UNDEFINED && x != u)
        return onr_infer_bad(c, "data has type %s, updates have %s", onr_dtype_name(x), onr_dtype_name(u));
    if (i != ONR_UNDEFINED && i != ONR_INT64 && (i != ONR_INT32 || wide_only))
        return onr_infer_bad(c, "indices have type %s", onr_dtype_name(i));
    if (p->reduce && x != ONR_UNDEFINED && !combine_fns[p->reduce][x])
        return onr_infer_bad(c, "reduction of %s", onr_dtype_name(x));
    return ONR_OK;
}

/// A copy of in[0] to change, in the way of onr_nd_begin.
static onr_status begin_copy(const onr_run *r, char **dst) {
    const onr_tensor *x = onr_run_in(r, 0);
    void *to;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &x->shape, &to));
    size_t bytes = (size_t)onr_tensor_numel(x) * onr_dtype_size(x->dtype);
    if (bytes && to != x->data) memcpy(to, x->data, bytes);
    *dst = to;
    return ONR_OK;
}

static onr_status end_copy(const onr_run *r, char *dst, onr_status s) {
    const onr_tensor *x = onr_run_in(r, 0);
    return onr_nd_end(r, 0, x->dtype, &x->shape, dst, s);
}

/// Index i, from the front; negative numbers count from the end. -1 with an error when out of range.
static int64_t index_at(const onr_run *r, const onr_tensor *t, int64_t i, int64_t size) {
    int64_t given = onr_tensor_int(t, i), k = given < 0 ? given + size : given;
    if (k >= 0 && k < size) return k;
    onr_run_bad(r, "index %lld (element %lld of indices) is out of range for %lld elements", (long long)given, (long long)i,
                (long long)size);
    return -1;
}

// ---- ScatterElements
// -------------------------------------------------------------------------------------------------------------

static onr_status infer_elements(onr_infer *c) {
    const scatter_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), at = onr_infer_shape(c, 1), u = onr_infer_shape(c, 2);
    int32_t axis;
    ONR_TRY(check_types(c, 2, 1, false));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    if (x.rank < 0 || at.rank < 0 || u.rank < 0) return ONR_OK;
    ONR_TRY(onr_infer_axis(c, p->axis, x.rank, &axis));
    if (at.rank != x.rank || u.rank != x.rank)
        return onr_infer_bad(c, "data, indices and updates have ranks %d, %d and %d", x.rank, at.rank, u.rank);
    for (int32_t d = 0; d < x.rank; d++) {
        if (onr_dim_known(at.dim[d]) && onr_dim_known(u.dim[d]) && at.dim[d] != u.dim[d])
            return onr_infer_bad(c, "dimension %d is %lld in indices and %lld in updates", d, (long long)at.dim[d],
                                 (long long)u.dim[d]);
        if (d != axis && onr_dim_known(at.dim[d]) && onr_dim_known(x.dim[d]) && at.dim[d] > x.dim[d])
            return onr_infer_bad(c, "dimension %d is %lld in indices and %lld in data", d, (long long)at.dim[d],
                                 (long long)x.dim[d]);
    }
    return ONR_OK;
}

static onr_status run_elements(const onr_run *r) {
    const scatter_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *at = onr_run_in(r, 1), *u = onr_run_in(r, 2);
    const onr_shape *s = &at->shape;
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    size_t e = onr_dtype_size(x->dtype);
    combine_fn fn = p->reduce ? combine_fns[p->reduce][x->dtype] : NULL;
    int64_t stride[ONR_MAX_RANK], index[ONR_MAX_RANK] = {0}, n = onr_tensor_numel(at), offset = 0;
    onr_nd_strides(&x->shape, e, stride);
    char *dst;
    ONR_TRY(begin_copy(r, &dst));
    for (int64_t i = 0; i < n; i++) {
        int64_t k = index_at(r, at, i, x->shape.dim[axis]);
        if (k < 0) return end_copy(r, dst, ONR_INVALID);
        update(fn, dst + offset + k * stride[axis], (const char *)u->data + (size_t)i * e, 1, e);
        for (int32_t d = s->rank - 1; d >= 0; d--) { // all dimensions but the axis follow the indices' own position
            int64_t step = d == axis ? 0 : stride[d];
            offset += step;
            if (++index[d] < s->dim[d]) break;
            offset -= step * s->dim[d];
            index[d] = 0;
        }
    }
    return end_copy(r, dst, ONR_OK);
}

// ---- ScatterND
// -------------------------------------------------------------------------------------------------------------------

static onr_status infer_nd(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, 0), at = onr_infer_shape(c, 1), u = onr_infer_shape(c, 2);
    ONR_TRY(check_types(c, 2, 1, true));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    if (at.rank == 0) return onr_infer_bad(c, "indices are a scalar");
    if (x.rank < 0 || at.rank < 0 || !onr_dim_known(at.dim[at.rank - 1])) return ONR_OK;
    int64_t tuple = at.dim[at.rank - 1];
    if (tuple > x.rank) return onr_infer_bad(c, "indices of %lld numbers into data of rank %d", (long long)tuple, x.rank);
    if (u.rank < 0) return ONR_OK;
    onr_shape want = {.rank = 0};
    if (at.rank - 1 + x.rank - tuple != u.rank)
        return onr_infer_bad(c, "updates have rank %d, expected %d", u.rank, (int)(at.rank - 1 + x.rank - tuple));
    for (int32_t d = 0; d + 1 < at.rank; d++) want.dim[want.rank++] = at.dim[d];
    for (int64_t d = tuple; d < x.rank; d++) want.dim[want.rank++] = x.dim[d];
    for (int32_t d = 0; d < u.rank; d++)
        if (u.dim[d] != want.dim[d] && onr_dim_known(u.dim[d]) && onr_dim_known(want.dim[d]))
            return onr_infer_bad(c, "dimension %d of updates is %lld, expected %lld", d, (long long)u.dim[d],
                                 (long long)want.dim[d]);
    return ONR_OK;
}

static onr_status run_nd(const onr_run *r) {
    const scatter_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *at = onr_run_in(r, 1), *u = onr_run_in(r, 2);
    size_t e = onr_dtype_size(x->dtype);
    combine_fn fn = p->reduce ? combine_fns[p->reduce][x->dtype] : NULL;
    int32_t last = at->shape.rank - 1;
    int64_t tuple = at->shape.dim[last], n = onr_shape_span(&at->shape, 0, last), stride[ONR_MAX_RANK];
    int64_t run = onr_shape_span(&x->shape, (int32_t)tuple, x->shape.rank);
    onr_nd_strides(&x->shape, e, stride);
    char *dst;
    ONR_TRY(begin_copy(r, &dst));
    for (int64_t i = 0; i < n; i++) {
        int64_t offset = 0;
        for (int64_t k = 0; k < tuple; k++) {
            int64_t where = index_at(r, at, i * tuple + k, x->shape.dim[k]);
            if (where < 0) return end_copy(r, dst, ONR_INVALID);
            offset += where * stride[k];
        }
        update(fn, dst + offset, (const char *)u->data + (size_t)(i * run) * e, run, e);
    }
    return end_copy(r, dst, ONR_OK);
}

// ---- TensorScatter
// ---------------------------------------------------------------------------------------------------------------

static onr_status check_tensor_scatter(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    scatter_params *p = params;
    (void)n, (void)arena;
    p->circular = p->mode.n == 8 && !memcmp(p->mode.s, "circular", 8);
    if (p->circular || (p->mode.n == 6 && !memcmp(p->mode.s, "linear", 6))) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "mode is '%.*s', not linear or circular", (int)p->mode.n, p->mode.s);
}

static onr_status infer_tensor_scatter(onr_infer *c) {
    const scatter_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), u = onr_infer_shape(c, 1), at = onr_infer_shape(c, 2);
    int32_t axis;
    ONR_TRY(check_types(c, 1, 2, true));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    if (x.rank < 0) return ONR_OK;
    ONR_TRY(onr_infer_axis(c, p->axis, x.rank, &axis));
    if (axis == 0) return onr_infer_bad(c, "axis 0 is the batch");
    if (u.rank >= 0 && u.rank != x.rank) return onr_infer_bad(c, "past_cache has rank %d, update has %d", x.rank, u.rank);
    for (int32_t d = 0; d < u.rank; d++)
        if (onr_dim_known(x.dim[d]) && onr_dim_known(u.dim[d]) && (d == axis ? u.dim[d] > x.dim[d] : u.dim[d] != x.dim[d]))
            return onr_infer_bad(c, "dimension %d is %lld in past_cache and %lld in update", d, (long long)x.dim[d],
                                 (long long)u.dim[d]);
    if (at.rank >= 0 && (at.rank != 1 || (onr_dim_known(at.dim[0]) && onr_dim_known(x.dim[0]) && at.dim[0] != x.dim[0])))
        return onr_infer_bad(c, "write_indices must have one entry for each of the batch");
    return ONR_OK;
}

static onr_status run_tensor_scatter(const onr_run *r) {
    const scatter_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *u = onr_run_in(r, 1);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    int64_t size = x->shape.dim[axis], count = u->shape.dim[axis], batch = x->shape.dim[0];
    int64_t per = onr_shape_span(&x->shape, 1, axis), run = onr_shape_span(&x->shape, axis + 1, x->shape.rank);
    size_t bytes = (size_t)run * onr_dtype_size(x->dtype);
    char *dst;
    ONR_TRY(begin_copy(r, &dst));
    for (int64_t b = 0; b < batch; b++) {
        int64_t from = onr_run_has(r, 2) ? onr_tensor_int(onr_run_in(r, 2), b) : 0;
        if (p->circular && size) from = (from % size + size) % size;
        if (from < 0 || (!p->circular && from > size - count))
            return end_copy(r, dst,
                            onr_run_bad(r, "write_indices[%lld] is %lld: %lld entries do not fit into %lld", (long long)b,
                                        (long long)from, (long long)count, (long long)size));
        for (int64_t i = b * per; i < (b + 1) * per && bytes; i++)
            for (int64_t k = 0; k < count; k++)
                memcpy(dst + (size_t)(i * size + (from + k) % size) * bytes,
                       (const char *)u->data + (size_t)(i * count + k) * bytes, bytes);
    }
    return end_copy(r, dst, ONR_OK);
}

// ---- rows
// ------------------------------------------------------------------------------------------------------------------------

#define A_REDUCTION \
    { .name = "reduction", .kind = ONR_ATTR_STRING, .offset = offsetof(scatter_params, reduction_name), .s = "none" }
static const onr_attr_spec elements9[] = {ONR_A_INT(scatter_params, axis, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec elements16[] = {ONR_A_INT(scatter_params, axis, 0), A_REDUCTION, ONR_ATTR_ARRAY_END};
static const onr_attr_spec nd11[] = {ONR_ATTR_ARRAY_END};
static const onr_attr_spec nd16[] = {A_REDUCTION, ONR_ATTR_ARRAY_END};
static const onr_attr_spec tensor24[] = {ONR_A_INT(scatter_params, axis, -2), ONR_A_STRING(scatter_params, mode, "linear"),
                                         ONR_ATTR_ARRAY_END};

#define ROW(op, from, to, i0, set, table, chk, fn)                                                                           \
    {                                                                                                                        \
        ONR_AI(op, from, to), ONR_ARITY(i0, 3, 1, 1), .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(table, scatter_params), \
                                                      .check = chk, .infer = infer_##fn, .run = run_##fn                     \
    }
// Data's memory is never taken over: updates may be the same value.
static const onr_op rows[] = {
    ROW("Scatter", 9, 10, 3, ONR_T_ALL1, elements9, check_scatter, elements),
    ROW("Scatter", 11, 0, 3, ONR_T_ALL1, elements9, check_scatter, elements), // deprecated, not gone
    ROW("ScatterElements", 11, 12, 3, ONR_T_ALL1, elements9, check_scatter, elements),
    ROW("ScatterElements", 13, 15, 3, ONR_T_ALL13, elements9, check_scatter, elements),
    ROW("ScatterElements", 16, 17, 3, ONR_T_ALL13, elements16, check_scatter, elements),
    ROW("ScatterElements", 18, 0, 3, ONR_T_ALL13, elements16, check_scatter, elements),
    ROW("ScatterND", 11, 12, 3, ONR_T_ALL1, nd11, check_scatter, nd),
    ROW("ScatterND", 13, 15, 3, ONR_T_ALL13, nd11, check_scatter, nd),
    ROW("ScatterND", 16, 17, 3, ONR_T_ALL13, nd16, check_scatter, nd),
    ROW("ScatterND", 18, 0, 3, ONR_T_ALL13, nd16, check_scatter, nd),
    ROW("TensorScatter", 24, 0, 2, ONR_T_ALL24, tensor24, check_tensor_scatter, tensor_scatter),
};
ONR_OP_FAMILY(scatter);
