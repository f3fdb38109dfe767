// sequence.c: making, reading and changing sequences; splitting a tensor into one and joining one into a tensor.
// May assume: items are held, never changed: a changed sequence is a new list of the same items.
// Never trusts a position: it is checked in run. Source: ONNX Sequence* (11), SplitToSequence (11, 24), ConcatFromSequence
// (11).
#include "base/arena.h"
#include "base/mathx.h"
#include "ops/join.h"
#include "ops/merge.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <inttypes.h>

typedef struct params {
    int64_t axis, new_axis, keepdims, dtype;
    onr_type empty_elem; // SequenceEmpty: the type of the items that it does not have
} params;

// ---- types ------------------------------------------------------------------------------------------------------------------

/// The type of the items of input i; unknown when nothing is known.
static onr_status item_type(const onr_infer *c, int32_t i, onr_type *out) {
    const onr_type *t = c->in[i];
    *out = onr_type_unknown();
    if (t->kind == ONR_KIND_UNKNOWN) return ONR_OK;
    if (t->kind != ONR_SEQUENCE) return onr_infer_bad(c, "input %d is no sequence", i);
    if (t->elem) *out = *t->elem;
    return ONR_OK;
}

static onr_status need_tensor(const onr_infer *c, int32_t i) {
    if (c->in[i]->kind == ONR_TENSOR || c->in[i]->kind == ONR_KIND_UNKNOWN) return ONR_OK;
    return onr_infer_bad(c, "input %d is no tensor", i);
}

/// A position: one int32 or int64.
static onr_status need_position(const onr_infer *c, int32_t i) {
    if (!onr_infer_has(c, i)) return ONR_OK;
    onr_dtype t = onr_infer_dtype(c, i);
    if (t != ONR_UNDEFINED && t != ONR_INT32 && t != ONR_INT64)
        return onr_infer_bad(c, "position is %s, not int32 or int64", onr_dtype_name(t));
    return need_tensor(c, i);
}

static void set_sequence(onr_infer *c, const onr_type *elem) {
    if (c->n_out > 0) c->out[0] = onr_merge_container(c, ONR_SEQUENCE, elem);
}

// ---- positions --------------------------------------------------------------------------------------------------------------

/// The position in input i, or `dflt` when it is left out; counted from the end when negative, and below `n`.
static onr_status read_position(const onr_run *r, int32_t i, size_t n, size_t dflt, size_t *out) {
    *out = dflt;
    if (!onr_run_has(r, i)) return ONR_OK;
    const onr_tensor *t = onr_run_in(r, i);
    if (onr_tensor_numel(t) != 1) return onr_run_bad(r, "position must be one number");
    int64_t at = onr_tensor_int(t, 0), from = at < 0 ? at + (int64_t)r->in[0]->n : at;
    if (from < 0 || (uint64_t)from >= n)
        return onr_run_bad(r, "position %" PRId64 " in a sequence of %zu items", at, r->in[0]->n);
    *out = (size_t)from;
    return ONR_OK;
}

static onr_status need_sequence(const onr_run *r) {
    return r->in[0]->kind == ONR_SEQUENCE ? ONR_OK : onr_run_bad(r, "its first input is no sequence");
}

// ---- SequenceConstruct, SequenceEmpty ---------------------------------------------------------------------------------------

static onr_status infer_construct(onr_infer *c) {
    onr_type elem = *c->in[0];
    for (int32_t i = 0; i < c->n_in; i++) {
        ONR_TRY(need_tensor(c, i));
        ONR_TRY(onr_merge_types(c, &elem, c->in[i], &elem));
    }
    if (c->n_in > 1) elem.shape = onr_shape_unknown();
    set_sequence(c, &elem);
    return ONR_OK;
}

static onr_status run_construct(const onr_run *r) {
    onr_datum d;
    ONR_TRY(onr_datum_new_items(ONR_SEQUENCE, (size_t)r->n_in, &d, r->err));
    onr_status s = ONR_OK;
    for (int32_t i = 0; i < r->n_in && s == ONR_OK; i++) s = onr_datum_hold(r->in[i], &d.item[i], r->err);
    if (s != ONR_OK) return onr_datum_release(&d), s;
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

static onr_status check_empty(const onr_node *n, void *p, onr_arena *arena, onr_err *err) {
    params *to = p;
    (void)arena;
    if (to->dtype < 1 || to->dtype >= ONR_N_DTYPES)
        return onr_fail(err, ONR_INVALID, "%s of element type %" PRId64, n->op_type, to->dtype);
    to->empty_elem = onr_type_tensor((onr_dtype)to->dtype, onr_shape_unknown());
    return ONR_OK;
}

static onr_status infer_empty(onr_infer *c) {
    set_sequence(c, &((const params *)c->params)->empty_elem);
    return ONR_OK;
}

static onr_status run_empty(const onr_run *r) {
    onr_datum d;
    ONR_TRY(onr_datum_new_items(ONR_SEQUENCE, 0, &d, r->err));
    onr_datum_set_elem(&d, &((const params *)r->params)->empty_elem);
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

// ---- SequenceAt, SequenceLength ---------------------------------------------------------------------------------------------

static onr_status infer_at(onr_infer *c) {
    onr_type elem;
    ONR_TRY(item_type(c, 0, &elem));
    ONR_TRY(need_position(c, 1));
    for (int32_t d = 0; elem.kind == ONR_TENSOR && d < elem.shape.rank; d++) // items may differ
        if (!onr_dim_known(elem.shape.dim[d])) elem.shape.dim[d] = onr_infer_fresh(c);
    if (c->n_out > 0) c->out[0] = elem;
    return ONR_OK;
}

static onr_status run_at(const onr_run *r) {
    size_t at;
    ONR_TRY(need_sequence(r));
    ONR_TRY(read_position(r, 1, r->in[0]->n, 0, &at));
    onr_datum d;
    ONR_TRY(onr_datum_hold(&r->in[0]->item[at], &d, r->err));
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

static onr_status infer_length(onr_infer *c) {
    onr_type elem;
    ONR_TRY(item_type(c, 0, &elem));
    onr_infer_set(c, 0, ONR_INT64, (onr_shape){.rank = 0});
    return ONR_OK;
}

static onr_status run_length(const onr_run *r) {
    ONR_TRY(need_sequence(r));
    *(int64_t *)onr_run_out(r, 0)->data = (int64_t)r->in[0]->n;
    return ONR_OK;
}

// ---- SequenceInsert, SequenceErase ------------------------------------------------------------------------------------------

static onr_status infer_insert(onr_infer *c) {
    onr_type elem;
    ONR_TRY(item_type(c, 0, &elem));
    ONR_TRY(need_tensor(c, 1));
    ONR_TRY(need_position(c, 2));
    bool same = elem.kind == ONR_TENSOR && c->in[1]->kind == ONR_TENSOR && onr_shape_equal(&elem.shape, &c->in[1]->shape);
    ONR_TRY(onr_merge_types(c, &elem, c->in[1], &elem));
    if (!same) elem.shape = onr_shape_unknown();
    set_sequence(c, &elem);
    return ONR_OK;
}

/// A new sequence: the items of input 0 without `skip` of them at `at`, and `item` (or NULL) in their place.
static onr_status changed(const onr_run *r, size_t at, size_t skip, const onr_datum *item) {
    const onr_datum *from = r->in[0];
    size_t n = from->n - skip + (item != NULL), to = 0;
    onr_datum d;
    ONR_TRY(onr_datum_new_items(ONR_SEQUENCE, n, &d, r->err));
    onr_type first = from->n ? onr_datum_type(&from->item[0]) : onr_type_unknown();
    first.shape = onr_shape_unknown();
    onr_datum_set_elem(&d, from->elem ? from->elem : from->n ? &first : NULL);
    onr_status s = ONR_OK;
    for (size_t i = 0; i <= from->n && s == ONR_OK; i++) {
        if (i == at && item) s = onr_datum_hold(item, &d.item[to++], r->err);
        bool kept = i < from->n && !(i >= at && i < at + skip);
        if (kept && s == ONR_OK) s = onr_datum_hold(&from->item[i], &d.item[to++], r->err);
    }
    if (s != ONR_OK) return onr_datum_release(&d), s;
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

static onr_status run_insert(const onr_run *r) {
    size_t at;
    ONR_TRY(need_sequence(r));
    ONR_TRY(read_position(r, 2, r->in[0]->n + 1, r->in[0]->n, &at)); // behind the last item is allowed
    return changed(r, at, 0, r->in[1]);
}

static onr_status infer_erase(onr_infer *c) {
    onr_type elem;
    ONR_TRY(item_type(c, 0, &elem));
    ONR_TRY(need_position(c, 1));
    set_sequence(c, &elem);
    return ONR_OK;
}

static onr_status run_erase(const onr_run *r) {
    size_t at, n = r->in[0]->n;
    ONR_TRY(need_sequence(r));
    if (!n) return onr_run_bad(r, "the sequence is empty");
    ONR_TRY(read_position(r, 1, n, n - 1, &at));
    return changed(r, at, 1, NULL);
}

// ---- SplitToSequence --------------------------------------------------------------------------------------------------------

static onr_status infer_split(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0);
    onr_dtype t = onr_infer_dtype(c, 1);
    if (t != ONR_UNDEFINED && t != ONR_INT32 && t != ONR_INT64)
        return onr_infer_bad(c, "split is %s, not int32 or int64", onr_dtype_name(t));
    if (onr_infer_shape(c, 1).rank > 1) return onr_infer_bad(c, "split has rank %d", onr_infer_shape(c, 1).rank);
    onr_type elem = onr_type_tensor(onr_infer_dtype(c, 0), onr_shape_unknown());
    int32_t axis;
    if (x.rank >= 0) {
        ONR_TRY(onr_infer_axis(c, p->axis, x.rank, &axis));
        if (onr_infer_has(c, 1) || p->keepdims)
            x.dim[axis] = onr_infer_has(c, 1) ? onr_infer_fresh(c) : 1;
        else {
            for (int32_t d = axis + 1; d < x.rank; d++) x.dim[d - 1] = x.dim[d];
            x.rank--;
        }
        elem.shape = x;
    }
    if (elem.dtype) set_sequence(c, &elem);
    return ONR_OK;
}

/// How `size` is cut up: parts of *each (the last may be smaller), or of the sizes in a list.
static onr_status split_plan(const onr_run *r, int64_t size, int64_t *n, int64_t *each) {
    *each = 1;
    *n = size;
    if (!onr_run_has(r, 1)) return ONR_OK;
    const onr_tensor *t = onr_run_in(r, 1);
    if (t->shape.rank == 0) {
        *each = onr_tensor_int(t, 0);
        if (*each < 1) return onr_run_bad(r, "split is %" PRId64, *each);
        *n = onr_ceil_div(size, *each);
        return ONR_OK;
    }
    int64_t sum = 0;
    *n = t->shape.dim[0];
    *each = 0;
    for (int64_t i = 0; i < *n; i++) {
        int64_t part = onr_tensor_int(t, i);
        if (part < 0 || part > size - sum)
            return onr_run_bad(r, "split[%" PRId64 "] is %" PRId64 ", %" PRId64 " elements are left", i, part, size - sum);
        sum += part;
    }
    return sum == size ? ONR_OK : onr_run_bad(r, "split adds up to %" PRId64 " of %" PRId64 " elements", sum, size);
}

/// Elements [at, at + part) along the axis.
static onr_status cut(const onr_run *r, int32_t axis, int64_t at, int64_t part, onr_datum *out) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_shape shape = x->shape;
    shape.dim[axis] = part;
    int64_t elem = (int64_t)onr_dtype_size(x->dtype), inner = onr_shape_span(&shape, axis + 1, shape.rank) * elem;
    onr_datum made;
    ONR_TRY(onr_datum_new(x->dtype, &shape, &made, r->err));
    onr_nd_box box = {
        .rank = 1, .dim = {onr_shape_span(&shape, 0, axis)}, .src = {x->shape.dim[axis] * inner}, .dst = {part * inner}};
    if (part > 0 && inner > 0)
        onr_nd_copy(r->pool, (size_t)(part * inner), &box, (const char *)x->data + at * inner, made.t.data);
    *out = made;
    if (x->dtype != ONR_STRING) return ONR_OK;
    onr_status s = onr_datum_new_strings(&shape, made.t.data, out, r->err);
    onr_datum_release(&made);
    return s;
}

static onr_status run_split(const onr_run *r) {
    const params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    int64_t n, each, at = 0, size = x->shape.dim[axis];
    ONR_TRY(split_plan(r, size, &n, &each));
    bool squeeze = !onr_run_has(r, 1) && !p->keepdims;
    onr_datum d;
    ONR_TRY(onr_datum_new_items(ONR_SEQUENCE, (size_t)n, &d, r->err));
    onr_type elem = onr_type_tensor(x->dtype, onr_shape_unknown());
    onr_datum_set_elem(&d, &elem);
    onr_status s = ONR_OK;
    for (int64_t i = 0; i < n && s == ONR_OK; i++) {
        int64_t part = each ? onr_min_i64(each, size - at) : onr_tensor_int(onr_run_in(r, 1), i);
        s = cut(r, axis, at, part, &d.item[i]);
        at += part;
        if (s != ONR_OK || !squeeze) continue;
        onr_shape *shape = &d.item[i].t.shape;
        for (int32_t k = axis + 1; k < shape->rank; k++) shape->dim[k - 1] = shape->dim[k];
        shape->rank--;
    }
    if (s != ONR_OK) return onr_datum_release(&d), s;
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

// ---- ConcatFromSequence -----------------------------------------------------------------------------------------------------

static onr_status check_concat(const onr_node *n, void *p, onr_arena *arena, onr_err *err) {
    int64_t new_axis = ((const params *)p)->new_axis;
    (void)arena;
    if (new_axis == 0 || new_axis == 1) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "%s with new_axis %" PRId64, n->op_type, new_axis);
}

static onr_status infer_concat(onr_infer *c) {
    onr_type elem;
    ONR_TRY(item_type(c, 0, &elem));
    if (elem.kind != ONR_TENSOR) return ONR_OK;
    if (elem.shape.rank >= 0) elem.shape = onr_shape_unknown();
    onr_infer_set(c, 0, elem.dtype, elem.shape);
    return ONR_OK;
}

static onr_status run_concat(const onr_run *r) {
    const params *p = r->params;
    ONR_TRY(need_sequence(r));
    if (!r->in[0]->n) return onr_run_bad(r, "the sequence is empty");
    onr_datum d;
    ONR_TRY(onr_join_run(
        r, &(onr_join){.item = r->in[0]->item, .n = r->in[0]->n, .axis = p->axis, .new_axis = p->new_axis != 0}, &d));
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec empty_attrs[] = {ONR_A_INT(params, dtype, ONR_FLOAT), ONR_ATTR_ARRAY_END};
static const onr_attr_spec split_attrs[] = {ONR_A_INT(params, axis, 0), ONR_A_INT(params, keepdims, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec concat_attrs[] = {
    {.name = "axis", .kind = ONR_ATTR_INT, .offset = offsetof(params, axis), .required = true},
    ONR_A_INT(params, new_axis, 0),
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec none[] = {ONR_ATTR_ARRAY_END};

#define SEQUENCE(op, from, to, i0, i1, T, A, fn, ...)                                                                    \
    {                                                                                                                    \
        ONR_AI(op, from, to), ONR_ARITY(i0, i1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC | ((T) ? 0 : ONR_OP_KINDS), \
                                                       .types = T, ONR_PARAMS(A, params), .infer = infer_##fn,           \
                                                       .run = run_##fn, __VA_ARGS__                                      \
    }

static const onr_op rows[] = {
    SEQUENCE("SequenceConstruct", 11, 0, 1, -1, ONR_T_ALL1, none, construct, ),
    SEQUENCE("SequenceEmpty", 11, 0, 0, 0, 0, empty_attrs, empty, .check = check_empty),
    SEQUENCE("SequenceAt", 11, 0, 2, 2, 0, none, at, ),
    SEQUENCE("SequenceInsert", 11, 0, 2, 3, 0, none, insert, ),
    SEQUENCE("SequenceErase", 11, 0, 1, 2, 0, none, erase, ),
    {ONR_AI("SequenceLength", 11, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_KINDS, ONR_PARAMS(none, params),
     .infer = infer_length, .run = run_length},
    SEQUENCE("SplitToSequence", 11, 23, 1, 2, ONR_T_ALL1, split_attrs, split, ),
    SEQUENCE("SplitToSequence", 24, 0, 1, 2, ONR_T_ALL13, split_attrs, split, ),
    SEQUENCE("ConcatFromSequence", 11, 0, 1, 1, 0, concat_attrs, concat, .check = check_concat),
};
ONR_OP_FAMILY(sequence);
