// select.c: NonZero, Compress and Unique: outputs whose size only the contents tell.
// May assume: plain layouts. Outputs are made while running (ONR_OP_DYNAMIC).
// Never orders NaN inconsistently: it comes after all numbers and is equal to itself.
#include "ops/binary.h"
#include "ops/rows.h"

#include "base/half.h"
#include "base/mathx.h"

#include <stdlib.h>
#include <string.h>

typedef struct select_params {
    int64_t axis, sorted;
} select_params;

// ---- NonZero
// ---------------------------------------------------------------------------------------------------------------------

static onr_status infer_nonzero(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, 0), out = {.rank = 2};
    out.dim[0] = x.rank < 0 ? onr_infer_fresh(c) : x.rank;
    out.dim[1] = onr_infer_fresh(c);
    onr_infer_set(c, 0, ONR_INT64, out);
    return ONR_OK;
}

static bool is_set(const onr_tensor *t, int64_t i) {
    switch (t->dtype) {
    case ONR_STRING: return ((const onr_string *)t->data)[i].n != 0;
    case ONR_FLOAT16:
    case ONR_BFLOAT16: return (((const uint16_t *)t->data)[i] & 0x7fff) != 0; // -0 is zero
    case ONR_COMPLEX64: return ((const float *)t->data)[2 * i] != 0 || ((const float *)t->data)[2 * i + 1] != 0;
    case ONR_COMPLEX128: return ((const double *)t->data)[2 * i] != 0 || ((const double *)t->data)[2 * i + 1] != 0;
    case ONR_FLOAT: return ((const float *)t->data)[i] != 0;
    case ONR_DOUBLE: return ((const double *)t->data)[i] != 0;
    default: return onr_tensor_int(t, i) != 0;
    }
}

static onr_status run_nonzero(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    int64_t n = onr_tensor_numel(x), found = 0, k = 0;
    for (int64_t i = 0; i < n; i++) found += is_set(x, i);
    onr_shape out = onr_shape_make(2, (const int64_t[]){x->shape.rank, found});
    ONR_TRY(onr_run_output(r, 0, ONR_INT64, &out));
    if (!onr_run_wants(r, 0)) return ONR_OK;
    int64_t *y = onr_run_out(r, 0)->data;
    for (int64_t i = 0; i < n; i++) {
        if (!is_set(x, i)) continue;
        int64_t rest = i;
        for (int32_t d = x->shape.rank - 1; d >= 0; d--) {
            y[d * found + k] = rest % x->shape.dim[d];
            rest /= x->shape.dim[d];
        }
        k++;
    }
    return ONR_OK;
}

// ---- Compress
// --------------------------------------------------------------------------------------------------------------------

static onr_status infer_compress(onr_infer *c) {
    const select_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), cond = onr_infer_shape(c, 1);
    onr_dtype t = onr_infer_dtype(c, 1);
    if (t != ONR_UNDEFINED && t != ONR_BOOL) return onr_infer_bad(c, "condition has type %s, not bool", onr_dtype_name(t));
    if (cond.rank >= 0 && cond.rank != 1) return onr_infer_bad(c, "condition has rank %d, not 1", cond.rank);
    if (p->axis == ONR_NO_INT) {
        onr_infer_set(c, 0, onr_infer_dtype(c, 0), onr_shape_make(1, (const int64_t[]){onr_infer_fresh(c)}));
        return ONR_OK;
    }
    int32_t axis;
    if (x.rank >= 0) {
        ONR_TRY(onr_infer_axis(c, p->axis, x.rank, &axis));
        x.dim[axis] = onr_infer_fresh(c);
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    return ONR_OK;
}

static onr_status run_compress(const onr_run *r) {
    const select_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *cond = onr_run_in(r, 1);
    const uint8_t *keep = cond->data;
    bool flat = p->axis == ONR_NO_INT;
    onr_shape shape = flat ? onr_shape_make(1, (const int64_t[]){onr_tensor_numel(x)}) : x->shape;
    int32_t axis = flat ? 0 : onr_axis(p->axis, shape.rank);
    int64_t size = shape.dim[axis], n = cond->shape.dim[0], found = 0;
    for (int64_t i = 0; i < n; i++) {
        if (keep[i] && i >= size)
            return onr_run_bad(r, "condition[%lld] is set, but there are %lld elements", (long long)i, (long long)size);
        found += keep[i] != 0;
    }
    int64_t outer = onr_shape_span(&shape, 0, axis);
    size_t run = (size_t)onr_shape_span(&shape, axis + 1, shape.rank) * onr_dtype_size(x->dtype);
    shape.dim[axis] = found;
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &shape, &dst));
    char *to = dst;
    for (int64_t o = 0; o < outer && to && run; o++)
        for (int64_t i = 0; i < n && i < size; i++) {
            if (!keep[i]) continue;
            memcpy(to, (const char *)x->data + (size_t)(o * size + i) * run, run);
            to += run;
        }
    return onr_nd_end(r, 0, x->dtype, &shape, dst, ONR_OK);
}

// ---- Unique
// ----------------------------------------------------------------------------------------------------------------------

typedef int (*compare_fn)(const void *a, const void *b);

// NaN after everything else, and equal to NaN.
#define COMPARE(s, T, U, d, ...)                             \
    static int compare_##s(const void *a, const void *b) {   \
        const T u = *(const T *)a, v = *(const T *)b;        \
        return u < v ? -1 : u > v ? 1 : (u != u) - (v != v); \
    }
ONR_FOR_INTS(COMPARE, )
ONR_FOR_FLOATS(COMPARE, )

static int compare_f16(const void *a, const void *b) {
    float u = onr_f16_to_f32(*(const uint16_t *)a), v = onr_f16_to_f32(*(const uint16_t *)b);
    return compare_f32(&u, &v);
}
static int compare_c64(const void *a, const void *b) {
    int re = compare_f32(a, b);
    return re ? re : compare_f32((const float *)a + 1, (const float *)b + 1);
}
static int compare_c128(const void *a, const void *b) {
    int re = compare_f64(a, b);
    return re ? re : compare_f64((const double *)a + 1, (const double *)b + 1);
}
static int compare_string(const void *a, const void *b) {
    const onr_string *u = a, *v = b;
    size_t n = u->n < v->n ? u->n : v->n;
    int c = n ? memcmp(u->s, v->s, n) : 0;
    return c ? c : (u->n > v->n) - (u->n < v->n);
}

/// The tensor as `size` items along an axis: item k's element j is at (j / inner * size + k) * inner + j % inner.
typedef struct items {
    const char *data;
    compare_fn compare;
    size_t elem;
    int64_t size, outer, inner;
} items;

static int compare_items(const void *a, const void *b, void *ctx) {
    const items *t = ctx;
    int64_t u = *(const int64_t *)a, v = *(const int64_t *)b;
    for (int64_t o = 0; o < t->outer; o++)
        for (int64_t i = 0; i < t->inner; i++) {
            size_t base = (size_t)(o * t->size * t->inner + i);
            int c = t->compare(t->data + (base + (size_t)(u * t->inner)) * t->elem,
                               t->data + (base + (size_t)(v * t->inner)) * t->elem);
            if (c) return c;
        }
    return 0;
}
static int compare_stable(const void *a, const void *b, void *ctx) {
    int c = compare_items(a, b, ctx);
    int64_t u = *(const int64_t *)a, v = *(const int64_t *)b;
    return c ? c : (u > v) - (u < v);
}
static int compare_firsts(const void *a, const void *b) {
    int64_t u = *(const int64_t *)a, v = *(const int64_t *)b;
    return (u > v) - (u < v);
}

/// Groups of equal items: first[g] is the lowest item of group g, group_of[k] the group of item k, count[g] its size.
typedef struct groups {
    int64_t n, *first, *group_of, *count;
} groups;

/// memory: 4 * size entries, of which `groups` uses three parts.
static groups group_items(const items *t, bool sorted, int64_t *memory) {
    groups g = {.first = memory + t->size, .group_of = memory + 2 * t->size, .count = memory + 3 * t->size};
    int64_t *order = memory;
    for (int64_t k = 0; k < t->size; k++) order[k] = k;
    qsort_r(order, (size_t)t->size, sizeof *order, compare_stable, (void *)(uintptr_t)t);
    for (int64_t k = 0; k < t->size; k++) {
        if (k == 0 || compare_items(&order[k - 1], &order[k], (void *)(uintptr_t)t) != 0) g.first[g.n++] = order[k];
        g.group_of[order[k]] = g.n - 1;
    }
    if (!sorted) { // in order of appearance: the group of each first item is renamed to its rank among the firsts
        int64_t *rank = order;
        qsort(g.first, (size_t)g.n, sizeof *g.first, compare_firsts);
        for (int64_t k = 0; k < g.n; k++) rank[g.group_of[g.first[k]]] = k;
        for (int64_t k = 0; k < t->size; k++) g.group_of[k] = rank[g.group_of[k]];
    }
    for (int64_t k = 0; k < g.n; k++) g.count[k] = 0;
    for (int64_t k = 0; k < t->size; k++) g.count[g.group_of[k]]++;
    return g;
}

static onr_status give_ints(const onr_run *r, int32_t i, const int64_t *v, int64_t n) {
    onr_shape shape = onr_shape_make(1, &n);
    ONR_TRY(onr_run_output(r, i, ONR_INT64, &shape));
    if (onr_run_wants(r, i) && n) memcpy(onr_run_out(r, i)->data, v, (size_t)n * sizeof *v);
    return ONR_OK;
}

static onr_status give_groups(const onr_run *r, const items *t, const groups *g, onr_shape *shape, int32_t axis) {
    const onr_tensor *x = onr_run_in(r, 0);
    shape->dim[axis] = g->n;
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, shape, &dst));
    size_t run = (size_t)t->inner * t->elem;
    char *to = dst;
    for (int64_t o = 0; o < t->outer && to && run; o++)
        for (int64_t k = 0; k < g->n; k++, to += run) memcpy(to, t->data + (size_t)(o * t->size + g->first[k]) * run, run);
    ONR_TRY(onr_nd_end(r, 0, x->dtype, shape, dst, ONR_OK));
    ONR_TRY(give_ints(r, 1, g->first, g->n));
    ONR_TRY(give_ints(r, 2, g->group_of, t->size));
    return give_ints(r, 3, g->count, g->n);
}

static onr_status run_unique(const onr_run *r) {
    static const compare_fn compare[ONR_N_DTYPES] = {
        ONR_FOR_INTS(ONR_ENTRY, compare) ONR_FOR_FLOATS(ONR_ENTRY, compare)[ONR_BOOL] = compare_u8, [ONR_FLOAT16] = compare_f16,
        [ONR_COMPLEX64] = compare_c64, [ONR_COMPLEX128] = compare_c128, [ONR_STRING] = compare_string};
    const select_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    bool flat = p->axis == ONR_NO_INT;
    onr_shape shape = flat ? onr_shape_make(1, (const int64_t[]){onr_tensor_numel(x)}) : x->shape;
    int32_t axis = flat ? 0 : onr_axis(p->axis, shape.rank);
    items t = {.data = x->data,
               .compare = compare[x->dtype],
               .elem = onr_dtype_size(x->dtype),
               .size = shape.dim[axis],
               .outer = onr_shape_span(&shape, 0, axis),
               .inner = onr_shape_span(&shape, axis + 1, shape.rank)};
    size_t bytes;
    if (!onr_mul_size((size_t)t.size, 4 * sizeof(int64_t), &bytes)) return onr_no_memory(r->err, SIZE_MAX);
    int64_t *memory = onr_malloc(bytes + 1);
    if (!memory) return onr_no_memory(r->err, bytes);
    groups g = group_items(&t, p->sorted != 0, memory);
    onr_status s = give_groups(r, &t, &g, &shape, axis);
    onr_free(memory);
    return s;
}

static onr_status infer_unique(onr_infer *c) {
    const select_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0);
    int64_t n = onr_infer_fresh(c), all = onr_infer_fresh(c);
    int32_t axis;
    if (p->axis == ONR_NO_INT) {
        if (x.rank >= 0) all = onr_nd_dim_product(c, &x, 0, x.rank);
        x = onr_shape_make(1, &n);
    } else if (x.rank >= 0) {
        ONR_TRY(onr_infer_axis(c, p->axis, x.rank, &axis));
        all = x.dim[axis];
        x.dim[axis] = n;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    onr_infer_set(c, 1, ONR_INT64, onr_shape_make(1, &n));
    onr_infer_set(c, 2, ONR_INT64, onr_shape_make(1, &all));
    onr_infer_set(c, 3, ONR_INT64, onr_shape_make(1, &n));
    return ONR_OK;
}

// ---- rows
// ------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec none[] = {ONR_ATTR_ARRAY_END};
static const onr_attr_spec compress9[] = {ONR_A_INT(select_params, axis, ONR_NO_INT), ONR_ATTR_ARRAY_END};
static const onr_attr_spec unique11[] = {ONR_A_INT(select_params, axis, ONR_NO_INT), ONR_A_INT(select_params, sorted, 1),
                                         ONR_ATTR_ARRAY_END};

#define ROW(op, from, to, n_in, n_out, set, table, fn)                                                                \
    {                                                                                                                 \
        ONR_AI(op, from, to), ONR_ARITY(n_in, n_in, 1, n_out), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC, .types = set,   \
                                                               ONR_PARAMS(table, select_params), .infer = infer_##fn, \
                                                               .run = run_##fn                                        \
    }
static const onr_op rows[] = {
    ROW("NonZero", 9, 12, 1, 1, ONR_T_ALL1, none, nonzero),
    ROW("NonZero", 13, 0, 1, 1, ONR_T_ALL13, none, nonzero),
    ROW("Compress", 9, 10, 2, 1, ONR_T_ALL1, compress9, compress),
    ROW("Compress", 11, 0, 2, 1, ONR_T_ALL1, compress9, compress),
    ROW("Unique", 11, 0, 1, 4, ONR_T_ALL1, unique11, unique),
};
ONR_OP_FAMILY(select);
