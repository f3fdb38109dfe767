// concat.c: Concat and Split along an axis, all opset versions.
// May assume: inference checked ranks and sizes. Movement only: elements are bytes, strings are copied by nd.c's rules.
// Never reads the characters of strings.
#include "ops/known.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include "base/mathx.h"

#include <string.h>

typedef struct concat_params {
    int64_t axis, num_outputs;
    onr_ints split;
} concat_params;

// ---- Concat
// --------------------------------------------------------------------------------------------------------------------------

/// Scalars and vectors of known integers, one after the other.
static void concat_known(onr_infer *c) {
    int64_t n = 0;
    for (int32_t i = 0; i < c->n_in; i++) {
        const onr_known *k = onr_known_in(c, i);
        if (!k) return;
        n += k->n;
    }
    onr_known *all = onr_infer_new_known(c, n);
    if (!all) return;
    n = 0;
    for (int32_t i = 0; i < c->n_in; i++) {
        const onr_known *k = onr_known_in(c, i);
        if (!k) return;
        memcpy(all->v + n, k->v, (size_t)k->n * sizeof k->v[0]);
        n += k->n;
    }
    onr_known_set(c, 0, all);
}

static onr_status infer_concat(onr_infer *c) {
    const concat_params *p = c->params;
    onr_shape out = onr_shape_unknown();
    int32_t axis = -1;
    int64_t sum = 0;
    bool open = false;
    for (int32_t i = 0; i < c->n_in; i++) {
        onr_shape s = onr_infer_shape(c, i);
        if (s.rank < 0) {
            open = true;
            continue;
        }
        char ta[ONR_SHAPE_TEXT], tb[ONR_SHAPE_TEXT];
        if (out.rank < 0) {
            out = s;
            ONR_TRY(onr_infer_axis(c, p->axis, s.rank, &axis));
        } else if (s.rank != out.rank) {
            return onr_infer_bad(c, "inputs have shapes %s and %s", onr_shape_text(&out, c->symbols, ta),
                                 onr_shape_text(&s, c->symbols, tb));
        }
        for (int32_t d = 0; d < s.rank; d++) {
            if (d == axis || s.dim[d] == out.dim[d] || !onr_dim_known(s.dim[d])) continue;
            if (onr_dim_known(out.dim[d]))
                return onr_infer_bad(c, "inputs 0 and %d, %s and %s, differ outside axis %d", i,
                                     onr_shape_text(&out, c->symbols, ta), onr_shape_text(&s, c->symbols, tb), axis);
            out.dim[d] = s.dim[d];
        }
        if (!onr_dim_known(s.dim[axis]))
            open = true;
        else if (!onr_add_i64(sum, s.dim[axis], &sum))
            return onr_infer_bad(c, "the result is too large");
    }
    if (out.rank >= 0) {
        if (open) sum = c->n_in == 1 ? out.dim[axis] : onr_infer_fresh(c);
        out.dim[axis] = sum;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    if (c->n_out > 0 && c->n_in > 0) c->out[0].block = c->in[0]->block;
    if (out.rank == 1) concat_known(c);
    return ONR_OK;
}

/// Copies between tensors that differ in the size of one axis: `outer` runs of `run` bytes.
static void copy_runs(onr_pool *pool, int64_t outer, int64_t run, const char *src, int64_t src_stride, char *dst,
                      int64_t dst_stride) {
    if (!run) return;
    onr_nd_box box = {.rank = 1, .dim = {outer}, .src = {src_stride}, .dst = {dst_stride}};
    onr_nd_copy(pool, (size_t)run, &box, src, dst);
}

/// Blocked channels are joined as they lie when every part fills its blocks: an image is then one run, as in plain layout.
static void layout_concat(onr_layout *q) {
    const int32_t n = q->node->n_in;
    if (n > 32) return;
    for (int32_t i = 0; i < n; i++) {
        const onr_type *x = q->in[i];
        if (!x || !(q->available >> i & 1) || onr_axis(((const concat_params *)q->params)->axis, x->shape.rank) != 1) return;
        if (!onr_dim_known(x->shape.dim[1]) || x->shape.dim[1] % q->block) return;
    }
    q->blocked_in = n == 32 ? UINT32_MAX : (1u << n) - 1;
    q->blocked_out = 1;
}

static onr_status run_concat(const onr_run *r) {
    const concat_params *p = r->params;
    const onr_tensor *first = onr_run_in(r, 0);
    onr_shape shape = first->shape;
    int32_t axis = onr_axis(p->axis, shape.rank);
    int64_t e = (int64_t)onr_dtype_size(first->dtype), outer = onr_shape_span(&shape, 0, axis);
    shape.dim[axis] = 0;
    for (int32_t i = 0; i < r->n_in; i++) shape.dim[axis] += onr_run_in(r, i)->shape.dim[axis];
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, first->dtype, &shape, &dst));
    int64_t stride = onr_shape_span(&shape, axis, shape.rank) * e, at = 0;
    for (int32_t i = 0; i < r->n_in; i++) {
        const onr_tensor *x = onr_run_in(r, i);
        int64_t run = onr_shape_span(&x->shape, axis, shape.rank) * e;
        copy_runs(r->pool, outer, run, x->data, run, (char *)dst + at, stride);
        at += run;
    }
    return onr_nd_end(r, 0, first->dtype, &shape, dst, ONR_OK);
}

// ---- Split
// ---------------------------------------------------------------------------------------------------------------------------

/// Size of part i of n when the sizes are not given. Before opset 18 the parts had to be equal.
static int64_t even_part(int64_t dim, int64_t n, int64_t i) {
    int64_t chunk = onr_ceil_div(dim, n);
    return onr_clamp_i64(dim - i * chunk, 0, chunk);
}

/// The sizes as given by attribute or input: NULL with *n 0 when they are left out, NULL with *n -1 when not known yet.
static onr_status split_sizes(onr_infer *c, const int64_t **v, int64_t *n) {
    const concat_params *p = c->params;
    *v = p->split.v;
    *n = p->split.v ? (int64_t)p->split.n : 0;
    if (!onr_infer_has(c, 1)) return ONR_OK;
    onr_shape s = onr_infer_shape(c, 1);
    if (s.rank > 1) return onr_infer_bad(c, "split has rank %d, not 1", s.rank);
    if (c->node->op->since > 1) ONR_TRY(onr_infer_needs(c, 1, ONR_BIT(ONR_INT64)));
    if (c->node->op->since == 1) { // opset 1 gives them in the type of the data
        const onr_datum *d = c->constant[1];
        *n = -1;
        if (!d) return ONR_OK;
        onr_known *k = onr_infer_new_known(c, onr_tensor_numel(&d->t));
        if (!k) return onr_infer_bad(c, "split is too long");
        for (int64_t i = 0; i < k->n; i++) {
            double size = onr_tensor_num(&d->t, i);
            if (!(size >= 0 && size < 1e15)) return onr_infer_bad(c, "split[%lld] is %g", (long long)i, size);
            k->v[i] = (int64_t)size;
        }
        *v = k->v, *n = k->n;
        return ONR_OK;
    }
    const onr_known *k = onr_infer_ints(c, 1);
    *v = k ? k->v : NULL;
    *n = k ? k->n : -1;
    return ONR_OK;
}

static void split_known(onr_infer *c, int32_t axis, int64_t at, const onr_shape *part, int32_t i) {
    const onr_known *k = onr_known_in(c, 0);
    if (!k || axis != 0 || part->rank != 1 || !onr_dim_known(part->dim[0]) || at + part->dim[0] > k->n) return;
    onr_known *some = onr_infer_new_known(c, part->dim[0]);
    if (!some) return;
    memcpy(some->v, k->v + at, (size_t)some->n * sizeof k->v[0]);
    onr_known_set(c, i, some);
}

static onr_status infer_split(onr_infer *c) {
    const concat_params *p = c->params;
    onr_shape in = onr_infer_shape(c, 0);
    const int64_t *v;
    int64_t n, sum = 0, parts = c->n_out;
    int32_t axis;
    ONR_TRY(split_sizes(c, &v, &n));
    if (n > 0 && n != c->n_out)
        return onr_infer_bad(c, "split has %lld entries, but there are %d outputs", (long long)n, c->n_out);
    if (p->num_outputs != ONR_NO_INT && c->node->op->since >= 18) {
        if (n) return onr_infer_bad(c, "both split and num_outputs are given");
        if (p->num_outputs != c->n_out)
            return onr_infer_bad(c, "num_outputs is %lld, but there are %d outputs", (long long)p->num_outputs, c->n_out);
    }
    if (in.rank < 0) {
        for (int32_t i = 0; i < c->n_out; i++) onr_infer_set(c, i, onr_infer_dtype(c, 0), in);
        return ONR_OK;
    }
    ONR_TRY(onr_infer_axis(c, p->axis, in.rank, &axis));
    int64_t dim = in.dim[axis];
    if (n == 0 && onr_dim_known(dim) && dim % parts && c->node->op->since < 18)
        return onr_infer_bad(c, "dimension %d is %lld and cannot be cut into %lld equal parts", axis, (long long)dim,
                             (long long)parts);
    for (int32_t i = 0; i < c->n_out; i++) {
        onr_shape out = in;
        if (n > 0) {
            if (!onr_dim_symbolic(v[i]) && v[i] < 0) return onr_infer_bad(c, "split[%d] is %lld", i, (long long)v[i]);
            out.dim[axis] = v[i];
        } else {
            out.dim[axis] = n == 0 && onr_dim_known(dim) ? even_part(dim, parts, i) : parts == 1 ? dim : onr_infer_fresh(c);
        }
        if (sum >= 0) split_known(c, axis, sum, &out, i);
        if (!onr_dim_known(out.dim[axis]) || (sum >= 0 && !onr_add_i64(sum, out.dim[axis], &sum))) sum = -1;
        onr_infer_set(c, i, onr_infer_dtype(c, 0), out);
    }
    if (n > 0 && sum >= 0 && onr_dim_known(dim) && sum != dim)
        return onr_infer_bad(c, "split adds up to %lld, but dimension %d is %lld", (long long)sum, axis, (long long)dim);
    return ONR_OK;
}

static int64_t part_size(const onr_run *r, int32_t axis, int32_t i) {
    const concat_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    if (p->split.v) return p->split.v[i];
    if (onr_run_has(r, 1))
        return r->node->op->since == 1 ? (int64_t)onr_tensor_num(onr_run_in(r, 1), i) : onr_tensor_int(onr_run_in(r, 1), i);
    return even_part(x->shape.dim[axis], r->n_out, i);
}

static onr_status run_split(const onr_run *r) {
    const concat_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    int64_t e = (int64_t)onr_dtype_size(x->dtype), outer = onr_shape_span(&x->shape, 0, axis), at = 0;
    int64_t inner = onr_shape_span(&x->shape, axis + 1, x->shape.rank) * e;
    for (int32_t i = 0; i < r->n_out; i++) {
        onr_shape shape = x->shape;
        shape.dim[axis] = part_size(r, axis, i);
        int64_t run = shape.dim[axis] * inner;
        void *dst;
        ONR_TRY(onr_nd_begin(r, i, x->dtype, &shape, &dst));
        if (dst) copy_runs(r->pool, outer, run, (const char *)x->data + at, x->shape.dim[axis] * inner, dst, run);
        ONR_TRY(onr_nd_end(r, i, x->dtype, &shape, dst, ONR_OK));
        at += run;
    }
    return ONR_OK;
}

// ---- rows
// ----------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec concat1[] = {ONR_A_INT(concat_params, axis, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec concat4[] = {
    {.name = "axis", .kind = ONR_ATTR_INT, .offset = offsetof(concat_params, axis), .required = true}, ONR_ATTR_ARRAY_END};
static const onr_attr_spec split1[] = {ONR_A_INT(concat_params, axis, 0), ONR_A_INTS(concat_params, split), ONR_ATTR_ARRAY_END};
static const onr_attr_spec split13[] = {ONR_A_INT(concat_params, axis, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec split18[] = {ONR_A_INT(concat_params, axis, 0), ONR_A_INT(concat_params, num_outputs, ONR_NO_INT),
                                        ONR_ATTR_ARRAY_END};

#define CONCAT(from, to, set, table)                                                                                 \
    {                                                                                                                \
        ONR_AI("Concat", from, to), ONR_ARITY(1, -1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_SAME_TYPES, .types = set,  \
                                                            ONR_PARAMS(table, concat_params), .infer = infer_concat, \
                                                            .run = run_concat, .layout = layout_concat               \
    }
#define SPLIT(from, to, i1, set, table)                                                                                  \
    {                                                                                                                    \
        ONR_AI("Split", from, to), ONR_ARITY(1, i1, 1, -1),                                                              \
            .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(table, concat_params), .infer = infer_split, .run = run_split \
    }

static const onr_op rows[] = {
    CONCAT(1, 3, ONR_T_FLOATS3, concat1), CONCAT(4, 10, ONR_T_ALL1, concat4),     CONCAT(11, 12, ONR_T_ALL1, concat4),
    CONCAT(13, 0, ONR_T_ALL13, concat4),  SPLIT(1, 1, 2, ONR_T_FLOATS3, split1),  SPLIT(2, 10, 1, ONR_T_ALL1, split1),
    SPLIT(11, 12, 1, ONR_T_ALL1, split1), SPLIT(13, 17, 2, ONR_T_ALL13, split13), SPLIT(18, 0, 2, ONR_T_ALL13, split18),
};
ONR_OP_FAMILY(concat);
