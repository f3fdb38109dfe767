// shape.c: Shape, Size, and the operators that give a tensor another shape: Reshape, Flatten, Squeeze, Unsqueeze, Identity.
// May assume: row-major data (but for Identity), so that a new shape needs no copy (ONR_OP_VIEW).
// Never touches elements: onr_run_view copies only where input and output were told apart.
#include "ops/known.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include "base/mathx.h"

#include <string.h>

typedef struct shape_params {
    int64_t start, end, axis, allowzero;
    onr_ints axes, shape, consumed_inputs;
} shape_params;

// ---- Shape, Size
// ------------------------------------------------------------------------------------------------------------------

static onr_status infer_shape(onr_infer *c) {
    const shape_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    if (s.rank < 0) {
        onr_infer_set(c, 0, ONR_INT64, onr_shape_make(1, (const int64_t[]){onr_infer_fresh(c)}));
        return ONR_OK;
    }
    int64_t from = p->start, to = p->end == ONR_NO_INT ? s.rank : p->end;
    from = onr_clamp_i64(from < 0 ? from + s.rank : from, 0, s.rank);
    to = onr_clamp_i64(to < 0 ? to + s.rank : to, 0, s.rank);
    int64_t n = to > from ? to - from : 0;
    onr_infer_set(c, 0, ONR_INT64, onr_shape_make(1, &n));
    onr_known *k = onr_infer_new_known(c, n);
    if (!k) return ONR_OK;
    for (int64_t i = 0; i < n; i++) k->v[i] = s.dim[from + i];
    onr_known_set(c, 0, k);
    return ONR_OK;
}

static onr_status run_shape(const onr_run *r) {
    const shape_params *p = r->params;
    const onr_shape *s = &onr_run_in(r, 0)->shape;
    onr_tensor *y = onr_run_out(r, 0);
    int64_t from = onr_clamp_i64(p->start < 0 ? p->start + s->rank : p->start, 0, s->rank);
    for (int64_t i = 0; i < onr_tensor_numel(y); i++) ((int64_t *)y->data)[i] = s->dim[from + i];
    return ONR_OK;
}

static onr_status infer_size(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0);
    onr_infer_set(c, 0, ONR_INT64, onr_shape_make(0, NULL));
    if (s.rank < 0) return ONR_OK;
    onr_known *k = onr_infer_new_known(c, 1);
    if (k) k->v[0] = onr_nd_dim_product(c, &s, 0, s.rank);
    onr_known_set(c, 0, k);
    return ONR_OK;
}

static onr_status run_size(const onr_run *r) {
    *(int64_t *)onr_run_out(r, 0)->data = onr_tensor_numel(onr_run_in(r, 0));
    return ONR_OK;
}

// ---- Reshape
// ----------------------------------------------------------------------------------------------------------------------

/// The dimension that -1 stands for: what is left of the input's elements after equal symbols cancel.
static onr_status reshape_rest(onr_infer *c, const onr_shape *in, const onr_shape *out, int32_t at, int64_t *rest) {
    bool used[ONR_MAX_RANK] = {false};
    int64_t number_in = 1, number_out = 1, symbol = 0;
    int symbols = 0;
    bool open = in->rank < 0;
    for (int32_t d = 0; d < out->rank && !open; d++) {
        if (d == at) continue;
        if (onr_dim_known(out->dim[d])) {
            if (!onr_mul_i64(number_out, out->dim[d], &number_out)) return onr_infer_bad(c, "the new shape is too large");
            continue;
        }
        int32_t i = 0;
        while (i < in->rank && (used[i] || in->dim[i] != out->dim[d])) i++;
        if (i < in->rank)
            used[i] = true;
        else
            open = true; // a symbol that the input does not have
    }
    for (int32_t d = 0; d < in->rank && !open; d++) {
        if (used[d]) continue;
        if (!onr_dim_known(in->dim[d]))
            symbols++, symbol = in->dim[d];
        else if (!onr_mul_i64(number_in, in->dim[d], &number_in))
            open = true;
    }
    if (open || symbols > 1) return *rest = onr_infer_fresh(c), ONR_OK;
    if (symbols == 1) {
        *rest = number_in == number_out && number_in ? symbol : onr_infer_fresh(c);
        return ONR_OK;
    }
    char ta[ONR_SHAPE_TEXT], tb[ONR_SHAPE_TEXT];
    if (number_out == 0 || number_in % number_out)
        return onr_infer_bad(c, "shape %s cannot be reshaped to %s with -1 at %d", onr_shape_text(in, c->symbols, ta),
                             onr_shape_text(out, c->symbols, tb), at);
    *rest = number_in / number_out;
    return ONR_OK;
}

static onr_status reshape_to(onr_infer *c, const onr_shape *in, const int64_t *v, int64_t n, bool allowzero) {
    if (n > ONR_MAX_RANK) return onr_infer_unsupported(c, "rank %lld (at most %d)", (long long)n, ONR_MAX_RANK);
    onr_shape out = {.rank = (int32_t)n};
    int32_t at = -1;
    bool zero = false;
    for (int32_t d = 0; d < n; d++) {
        int64_t x = v[d];
        if (x == 0 && !allowzero) {
            if (in->rank >= 0 && d >= in->rank)
                return onr_infer_bad(c, "0 at %d, but the input has only %d dimensions", d, in->rank);
            x = in->rank < 0 ? onr_infer_fresh(c) : in->dim[d];
        } else if (x == -1) {
            if (at >= 0) return onr_infer_bad(c, "-1 at %d and at %d", at, d);
            at = d;
            x = 1;
        } else if (!onr_dim_symbolic(x) && x < 0) {
            return onr_infer_bad(c, "dimension %lld at %d", (long long)x, d);
        } else if (x == 0) {
            zero = true;
        }
        out.dim[d] = x;
    }
    if (at >= 0 && zero) return onr_infer_bad(c, "0 and -1 together with allowzero");
    if (at >= 0) ONR_TRY(reshape_rest(c, in, &out, at, &out.dim[at]));
    int64_t a, b;
    char ta[ONR_SHAPE_TEXT], tb[ONR_SHAPE_TEXT];
    if (onr_shape_known(in) && onr_shape_known(&out) && (!onr_shape_numel(in, &a) || !onr_shape_numel(&out, &b) || a != b))
        return onr_infer_bad(c, "shape %s cannot be reshaped to %s", onr_shape_text(in, c->symbols, ta),
                             onr_shape_text(&out, c->symbols, tb));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    if (out.rank <= 1) onr_known_pass(c, 0, 0);
    return ONR_OK;
}

static onr_status infer_reshape1(onr_infer *c) {
    const shape_params *p = c->params;
    onr_shape in = onr_infer_shape(c, 0);
    return reshape_to(c, &in, p->shape.v, (int64_t)p->shape.n, false);
}

static onr_status infer_reshape(onr_infer *c) {
    const shape_params *p = c->params;
    onr_shape in = onr_infer_shape(c, 0), target = onr_infer_shape(c, 1);
    if (onr_infer_dtype(c, 1) != ONR_INT64 && onr_infer_dtype(c, 1) != ONR_UNDEFINED)
        return onr_infer_bad(c, "shape has type %s, not int64", onr_dtype_name(onr_infer_dtype(c, 1)));
    if (target.rank >= 0 && target.rank != 1) return onr_infer_bad(c, "shape has rank %d, not 1", target.rank);
    const onr_known *k = onr_infer_ints(c, 1);
    if (k) return reshape_to(c, &in, k->v, k->n, p->allowzero != 0);
    onr_shape out = onr_shape_unknown();
    if (target.rank == 1 && onr_dim_known(target.dim[0]) && target.dim[0] <= ONR_MAX_RANK) {
        out.rank = (int32_t)target.dim[0];
        for (int32_t d = 0; d < out.rank; d++) out.dim[d] = onr_infer_fresh(c);
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    return ONR_OK;
}

// ---- Flatten, Squeeze, Unsqueeze, Identity
// ---------------------------------------------------------------------------------------

static onr_status infer_flatten(onr_infer *c) {
    const shape_params *p = c->params;
    onr_shape in = onr_infer_shape(c, 0);
    onr_shape out = {.rank = 2};
    if (in.rank < 0) {
        out.dim[0] = onr_infer_fresh(c), out.dim[1] = onr_infer_fresh(c);
    } else {
        int64_t axis = p->axis < 0 && c->node->op->since >= 11 ? p->axis + in.rank : p->axis;
        if (axis < 0 || axis > in.rank)
            return onr_infer_bad(c, "axis %lld of a tensor of rank %d", (long long)p->axis, in.rank);
        out.dim[0] = onr_nd_dim_product(c, &in, 0, (int32_t)axis);
        out.dim[1] = onr_nd_dim_product(c, &in, (int32_t)axis, in.rank);
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    return ONR_OK;
}

/// The axes from attribute or input 1. *n is -1 when they are not known yet, -2 when left out.
static onr_status get_axes(onr_infer *c, const int64_t **v, int64_t *n) {
    const shape_params *p = c->params;
    *v = NULL;
    *n = -2;
    if (c->node->op->since < 13) {
        if (p->axes.v) *v = p->axes.v, *n = (int64_t)p->axes.n;
        return ONR_OK;
    }
    if (!onr_infer_has(c, 1)) return ONR_OK;
    onr_shape s = onr_infer_shape(c, 1);
    if (s.rank > 1) return onr_infer_bad(c, "axes has rank %d, not 1", s.rank);
    const onr_known *k = onr_infer_ints(c, 1);
    *n = k ? k->n : -1;
    if (k) *v = k->v;
    return ONR_OK;
}

/// Marks axes of a tensor of `rank`; ONR_INVALID for one out of range, or twice when `once`.
static onr_status mark_axes(onr_infer *c, const int64_t *v, int64_t n, int32_t rank, bool once, bool mark[ONR_MAX_RANK]) {
    memset(mark, 0, sizeof(bool) * ONR_MAX_RANK);
    for (int64_t i = 0; i < n; i++) {
        int32_t axis;
        ONR_TRY(onr_infer_axis(c, v[i], rank, &axis));
        if (mark[axis] && once) return onr_infer_bad(c, "axis %lld is given twice", (long long)v[i]);
        mark[axis] = true;
    }
    return ONR_OK;
}

static onr_shape fresh_shape(const onr_infer *c, int64_t rank) {
    onr_shape s = onr_shape_unknown();
    if (rank < 0 || rank > ONR_MAX_RANK) return s;
    s.rank = (int32_t)rank;
    for (int32_t d = 0; d < s.rank; d++) s.dim[d] = onr_infer_fresh(c);
    return s;
}

static onr_status infer_squeeze(onr_infer *c) {
    onr_shape in = onr_infer_shape(c, 0), out = {.rank = 0};
    const int64_t *v;
    int64_t n;
    bool mark[ONR_MAX_RANK];
    ONR_TRY(get_axes(c, &v, &n));
    if (in.rank < 0 || n == -1) {
        onr_shape axes = onr_infer_shape(c, 1);
        bool counted = in.rank >= 0 && axes.rank == 1 && onr_dim_known(axes.dim[0]);
        onr_infer_set(c, 0, onr_infer_dtype(c, 0), counted ? fresh_shape(c, in.rank - axes.dim[0]) : onr_shape_unknown());
        return ONR_OK;
    }
    if (n >= 0) ONR_TRY(mark_axes(c, v, n, in.rank, false, mark));
    for (int32_t d = 0; d < in.rank; d++) {
        bool known = onr_dim_known(in.dim[d]);
        if (n == -2 && !known) { // 1 or not: the rank depends on it
            onr_infer_set(c, 0, onr_infer_dtype(c, 0), onr_shape_unknown());
            return ONR_OK;
        }
        bool drop = n == -2 ? in.dim[d] == 1 : mark[d];
        if (drop && known && in.dim[d] != 1) return onr_infer_bad(c, "dimension %d is %lld, not 1", d, (long long)in.dim[d]);
        if (!drop) out.dim[out.rank++] = in.dim[d];
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    if (out.rank <= 1) onr_known_pass(c, 0, 0);
    return ONR_OK;
}

static onr_status infer_unsqueeze(onr_infer *c) {
    onr_shape in = onr_infer_shape(c, 0), out = {.rank = 0};
    const int64_t *v;
    int64_t n;
    bool mark[ONR_MAX_RANK];
    ONR_TRY(get_axes(c, &v, &n));
    if (in.rank < 0 || n < 0) {
        onr_shape axes = onr_infer_shape(c, 1);
        bool counted = in.rank >= 0 && axes.rank == 1 && onr_dim_known(axes.dim[0]);
        onr_infer_set(c, 0, onr_infer_dtype(c, 0), counted ? fresh_shape(c, in.rank + axes.dim[0]) : onr_shape_unknown());
        return ONR_OK;
    }
    if (in.rank + n > ONR_MAX_RANK)
        return onr_infer_unsupported(c, "rank %lld (at most %d)", (long long)(in.rank + n), ONR_MAX_RANK);
    out.rank = in.rank + (int32_t)n;
    ONR_TRY(mark_axes(c, v, n, out.rank, true, mark));
    for (int32_t d = 0, i = 0; d < out.rank; d++) out.dim[d] = mark[d] ? 1 : in.dim[i++];
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    if (out.rank <= 1) onr_known_pass(c, 0, 0);
    return ONR_OK;
}

static onr_status infer_identity(onr_infer *c) {
    if (c->n_out > 0) c->out[0] = *c->in[0];
    if (c->in[0]->kind == ONR_TENSOR && c->in[0]->shape.rank <= 1) onr_known_pass(c, 0, 0);
    return ONR_OK;
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec shape15[] = {{.name = "start", .kind = ONR_ATTR_INT, .offset = offsetof(shape_params, start)},
                                        ONR_A_INT(shape_params, end, ONR_NO_INT),
                                        ONR_ATTR_ARRAY_END};
static const onr_attr_spec reshape1[] = {ONR_A_INTS(shape_params, consumed_inputs), ONR_A_INTS(shape_params, shape),
                                         ONR_ATTR_ARRAY_END};
static const onr_attr_spec reshape14[] = {ONR_A_INT(shape_params, allowzero, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec flatten1[] = {ONR_A_INT(shape_params, axis, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec squeeze1[] = {ONR_A_INTS(shape_params, axes), ONR_ATTR_ARRAY_END};
static const onr_attr_spec unsqueeze1[] = {
    {.name = "axes", .kind = ONR_ATTR_INTS, .offset = offsetof(shape_params, axes), .required = true}, ONR_ATTR_ARRAY_END};
static const onr_attr_spec none[] = {ONR_ATTR_ARRAY_END};

/// Shape before opset 15 has no attributes: end must still read "absent".
static onr_status check_whole(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    (void)n, (void)arena, (void)err;
    ((shape_params *)params)->end = ONR_NO_INT;
    return ONR_OK;
}

#define SHAPE(from, to, set, table, chk)                                                                                       \
    {                                                                                                                          \
        ONR_AI("Shape", from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(table, shape_params), \
                                                          .check = chk, .infer = infer_shape, .run = run_shape                 \
    }
#define SIZE(from, to, set)                                                                                       \
    {                                                                                                             \
        ONR_AI("Size", from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = set, .infer = infer_size, \
                                                         .run = run_size                                          \
    }
#define VIEW(op, from, to, i0, i1, set, table, inf)                                                                       \
    {                                                                                                                     \
        ONR_AI(op, from, to), ONR_ARITY(i0, i1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_VIEW, .inplace = 1, .types = set,    \
                                                       ONR_PARAMS(table, shape_params), .infer = inf, .run = onr_run_view \
    }
#define SAME(from, to, set)                                                                                                    \
    {                                                                                                                          \
        ONR_AI("Identity", from, to), ONR_ARITY(1, 1, 1, 1),                                                                   \
            .inplace = 1, .types = set,                                                                                        \
            .flags = ONR_OP_PURE | ONR_OP_VIEW | ONR_OP_IDENTITY | ONR_OP_ELEMENTWISE | ONR_OP_KINDS, .infer = infer_identity, \
            .run = onr_run_view, .layout = onr_nd_layout_unary                                                                 \
    }
/// The versions that only widen the set of types, from opset 19 on: a row each.
#define SINCE21(ROW) ROW(21, 22, ONR_T_ALL21), ROW(23, 23, ONR_T_ALL23), ROW(24, 24, ONR_T_ALL24), ROW(25, 0, ONR_T_ALL25)
#define SHAPE_ROW(from, to, set) SHAPE(from, to, set, shape15, NULL)
#define RESHAPE_ROW(from, to, set) VIEW("Reshape", from, to, 2, 2, set, reshape14, infer_reshape)
#define FLATTEN_ROW(from, to, set) VIEW("Flatten", from, to, 1, 1, set, flatten1, infer_flatten)
#define SQUEEZE_ROW(from, to, set) VIEW("Squeeze", from, to, 1, 2, set, none, infer_squeeze)
#define UNSQUEEZE_ROW(from, to, set) VIEW("Unsqueeze", from, to, 2, 2, set, none, infer_unsqueeze)

static const onr_op rows[] = {
    SHAPE(1, 12, ONR_T_ALL1, none, check_whole),
    SHAPE(13, 14, ONR_T_ALL13, none, check_whole),
    SHAPE_ROW(15, 18, ONR_T_ALL13),
    SHAPE_ROW(19, 20, ONR_T_ALL19),
    SINCE21(SHAPE_ROW),
    SIZE(1, 12, ONR_T_ALL1),
    SIZE(13, 18, ONR_T_ALL13),
    SIZE(19, 20, ONR_T_ALL19),
    SINCE21(SIZE),
    VIEW("Reshape", 1, 4, 1, 1, ONR_T_FLOATS3, reshape1, infer_reshape1),
    VIEW("Reshape", 5, 12, 2, 2, ONR_T_ALL1, none, infer_reshape),
    VIEW("Reshape", 13, 13, 2, 2, ONR_T_ALL13, none, infer_reshape),
    RESHAPE_ROW(14, 18, ONR_T_ALL13),
    RESHAPE_ROW(19, 20, ONR_T_ALL19),
    SINCE21(RESHAPE_ROW),
    FLATTEN_ROW(1, 8, ONR_T_FLOATS3),
    FLATTEN_ROW(9, 10, ONR_T_ALL1),
    FLATTEN_ROW(11, 12, ONR_T_ALL1),
    FLATTEN_ROW(13, 20, ONR_T_ALL13),
    SINCE21(FLATTEN_ROW),
    VIEW("Squeeze", 1, 10, 1, 1, ONR_T_ALL1, squeeze1, infer_squeeze),
    VIEW("Squeeze", 11, 12, 1, 1, ONR_T_ALL1, squeeze1, infer_squeeze),
    SQUEEZE_ROW(13, 20, ONR_T_ALL13),
    SINCE21(SQUEEZE_ROW),
    VIEW("Unsqueeze", 1, 10, 1, 1, ONR_T_ALL1, unsqueeze1, infer_unsqueeze),
    VIEW("Unsqueeze", 11, 12, 1, 1, ONR_T_ALL1, unsqueeze1, infer_unsqueeze),
    UNSQUEEZE_ROW(13, 20, ONR_T_ALL13),
    SINCE21(UNSQUEEZE_ROW),
    SAME(1, 12, ONR_T_ALL1),
    SAME(13, 13, ONR_T_ALL13),
    SAME(14, 15, ONR_T_ALL13),
    SAME(16, 18, ONR_T_ALL13),
    SAME(19, 20, ONR_T_ALL19),
    SINCE21(SAME),
};
ONR_OP_FAMILY(shape);
