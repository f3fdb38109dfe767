// slice.c: Slice, all opset versions.
// May assume: movement only; elements are bytes. Never reads outside the input: starts and ends are clamped as in NumPy.
#include "ops/known.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include "base/mathx.h"

#include <string.h>

typedef struct slice_params {
    onr_ints starts, ends, axes;
} slice_params;

/// What happens to one axis.
typedef struct cut {
    int64_t start, end, step;
    bool given;
} cut;

/// Clamps a cut to an axis of `dim` elements: start becomes the first index taken; returns how many are taken.
static int64_t cut_clamp(cut *k, int64_t dim) {
    int64_t lo = k->step > 0 ? 0 : -1, hi = k->step > 0 ? dim : dim - 1;
    if (k->start < 0) k->start = k->start < -dim ? lo : k->start + dim;
    if (k->end < 0) k->end = k->end < -dim ? lo : k->end + dim;
    k->start = onr_clamp_i64(k->start, k->step > 0 ? 0 : -1, hi);
    k->end = onr_clamp_i64(k->end, lo, k->step > 0 ? dim : dim - 1);
    if (k->step > 0) return k->end > k->start ? (k->end - k->start - 1) / k->step + 1 : 0;
    if (k->start <= k->end) return 0;
    uint64_t back = 0 - (uint64_t)k->step; // the step may be the lowest number there is
    return (int64_t)((uint64_t)(k->start - k->end - 1) / back) + 1;
}

// ---- inference
// ---------------------------------------------------------------------------------------------------------------------

/// The size of an axis whose size or cut is not known in numbers.
static int64_t open_dim(const onr_infer *c, const cut *k, int64_t dim) {
    bool whole = k->start == 0 && k->step == 1 && (k->end == dim || k->end >= INT32_MAX);
    return whole ? dim : onr_infer_fresh(c);
}

/// The list at position i of attribute or inputs 1..4; *n is -1 when it is not known, 0 when left out.
static const int64_t *list_of(const onr_infer *c, int32_t i, int64_t *n) {
    const slice_params *p = c->params;
    if (c->node->op->since < 10) {
        const onr_ints *a = i == 1 ? &p->starts : i == 2 ? &p->ends : &p->axes;
        if (i == 4) return *n = 0, NULL;
        *n = a->v ? (int64_t)a->n : 0;
        return a->v;
    }
    *n = 0;
    if (!onr_infer_has(c, i)) return NULL;
    const onr_known *k = onr_infer_ints(c, i);
    *n = k ? k->n : -1;
    return k ? k->v : NULL;
}

static onr_status read_cuts(onr_infer *c, int32_t rank, cut cuts[ONR_MAX_RANK], bool *open) {
    int64_t n_start, n_end, n_axes, n_steps;
    const int64_t *starts = list_of(c, 1, &n_start), *ends = list_of(c, 2, &n_end);
    const int64_t *axes = list_of(c, 3, &n_axes), *steps = list_of(c, 4, &n_steps);
    for (int32_t d = 0; d < rank; d++) cuts[d] = (cut){.step = 1, .end = INT64_MAX};
    *open = n_start < 0 || n_end < 0 || n_axes < 0 || n_steps < 0;
    if (*open) return ONR_OK;
    if (n_start != n_end || (axes && n_axes != n_start) || (steps && n_steps != n_start))
        return onr_infer_bad(c, "starts, ends, axes and steps have %lld, %lld, %lld and %lld entries", (long long)n_start,
                             (long long)n_end, (long long)n_axes, (long long)n_steps);
    if (!axes && n_start > rank) return onr_infer_bad(c, "%lld starts for a tensor of rank %d", (long long)n_start, rank);
    for (int64_t i = 0; i < n_start; i++) {
        int32_t axis;
        ONR_TRY(onr_infer_axis(c, axes ? axes[i] : i, rank, &axis));
        if (cuts[axis].given) return onr_infer_bad(c, "axis %d is given twice", axis);
        cuts[axis] = (cut){.start = starts[i], .end = ends[i], .step = steps ? steps[i] : 1, .given = true};
        if (cuts[axis].step == 0) return onr_infer_bad(c, "steps[%lld] is 0", (long long)i);
    }
    return ONR_OK;
}

static onr_status check_lists(onr_infer *c) {
    int64_t n = -1; // entries of the lists, which run relies on even when their contents are not known here
    for (int32_t i = 1; i < c->n_in; i++) {
        onr_dtype t = onr_infer_dtype(c, i);
        if (t != ONR_UNDEFINED && t != ONR_INT64 && t != ONR_INT32)
            return onr_infer_bad(c, "input %d has type %s, not int32 or int64", i, onr_dtype_name(t));
        onr_shape s = onr_infer_shape(c, i);
        if (s.rank > 1) return onr_infer_bad(c, "input %d has rank %d, not 1", i, s.rank);
        int64_t entries = s.rank == 0 ? 1 : s.rank == 1 ? s.dim[0] : -1;
        if (!onr_infer_has(c, i) || entries < 0) continue;
        if (n >= 0 && entries != n)
            return onr_infer_bad(c, "its lists have %lld and %lld entries", (long long)n, (long long)entries);
        n = entries;
    }
    return ONR_OK;
}

static void slice_known(onr_infer *c, const cut *k, int64_t n) {
    const onr_known *in = onr_known_in(c, 0);
    onr_known *out = in ? onr_infer_new_known(c, n) : NULL;
    if (!out) return;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = k->start + i * k->step;
        if (at < 0 || at >= in->n) return;
        out->v[i] = in->v[at];
    }
    onr_known_set(c, 0, out);
}

static onr_status infer_slice(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0);
    cut cuts[ONR_MAX_RANK];
    bool open;
    ONR_TRY(check_lists(c));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    if (s.rank < 0) return ONR_OK;
    ONR_TRY(read_cuts(c, s.rank, cuts, &open));
    if (open) { // which axes are cut may be known even so
        int64_t n_axes;
        const int64_t *axes = list_of(c, 3, &n_axes);
        for (int32_t d = 0; d < s.rank; d++) {
            bool touched = !axes;
            for (int64_t i = 0; axes && i < n_axes; i++) touched |= onr_axis(axes[i], s.rank) == d;
            if (touched) s.dim[d] = onr_infer_fresh(c);
        }
        onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
        return ONR_OK;
    }
    for (int32_t d = 0; d < s.rank; d++) {
        cut *k = &cuts[d];
        if (!k->given) continue;
        bool numbers = onr_dim_known(s.dim[d]) && !onr_dim_symbolic(k->start) && !onr_dim_symbolic(k->end) &&
                       !onr_dim_symbolic(k->step);
        int64_t n = numbers ? cut_clamp(k, s.dim[d]) : open_dim(c, k, s.dim[d]);
        if (numbers && s.rank == 1) slice_known(c, k, n);
        s.dim[d] = n;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

// ---- running
// -----------------------------------------------------------------------------------------------------------------------

static int64_t list_at(const onr_run *r, int32_t i, const onr_ints *attr, int64_t k) {
    return r->node->op->since < 10 ? attr->v[k] : onr_tensor_int(onr_run_in(r, i), k);
}

static onr_status run_slice(const onr_run *r) {
    const slice_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    bool old = r->node->op->since < 10;
    int64_t n = old ? (int64_t)p->starts.n : onr_tensor_numel(onr_run_in(r, 1));
    bool has_axes = old ? p->axes.v != NULL : onr_run_has(r, 3);
    onr_shape shape = x->shape;
    onr_nd_box box = {.rank = shape.rank};
    const char *src = x->data;
    onr_nd_strides(&x->shape, onr_dtype_size(x->dtype), box.src);
    for (int64_t i = 0; i < n; i++) {
        int32_t axis = onr_axis(has_axes ? list_at(r, 3, &p->axes, i) : i, shape.rank);
        if (axis < 0) return onr_run_bad(r, "axes[%lld] is out of range", (long long)i);
        cut k = {.start = list_at(r, 1, &p->starts, i), .end = list_at(r, 2, &p->ends, i), .step = 1};
        if (!old && onr_run_has(r, 4)) k.step = onr_tensor_int(onr_run_in(r, 4), i);
        if (k.step == 0) return onr_run_bad(r, "steps[%lld] is 0", (long long)i);
        shape.dim[axis] = cut_clamp(&k, x->shape.dim[axis]);
        if (shape.dim[axis] > 0) src += k.start * box.src[axis];
        if (shape.dim[axis] > 1) box.src[axis] *= k.step;
    }
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &shape, &dst));
    onr_nd_strides(&shape, onr_dtype_size(x->dtype), box.dst);
    memcpy(box.dim, shape.dim, sizeof shape.dim);
    onr_nd_copy(r->pool, onr_dtype_size(x->dtype), &box, src, dst);
    return onr_nd_end(r, 0, x->dtype, &shape, dst, ONR_OK);
}

static const onr_attr_spec slice1[] = {
    ONR_A_INTS(slice_params, axes),
    {.name = "starts", .kind = ONR_ATTR_INTS, .offset = offsetof(slice_params, starts), .required = true},
    {.name = "ends", .kind = ONR_ATTR_INTS, .offset = offsetof(slice_params, ends), .required = true},
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec slice10[] = {ONR_ATTR_ARRAY_END};

#define SLICE(from, to, i0, i1, set, table)                                                                             \
    {                                                                                                                   \
        ONR_AI("Slice", from, to), ONR_ARITY(i0, i1, 1, 1),                                                             \
            .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(table, slice_params), .infer = infer_slice, .run = run_slice \
    }

static const onr_op rows[] = {
    SLICE(1, 9, 1, 1, ONR_T_ALL1, slice1),
    SLICE(10, 10, 3, 5, ONR_T_ALL1, slice10),
    SLICE(11, 12, 3, 5, ONR_T_ALL1, slice10),
    SLICE(13, 0, 3, 5, ONR_T_ALL13, slice10),
};
ONR_OP_FAMILY(slice);
