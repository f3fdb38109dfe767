// pad.c: Pad and CenterCropPad, all opset versions.
// May assume: movement only. Negative pads crop. Never reads outside the input: every output index is mapped into it or to the
// fill.
#include "ops/nd.h"
#include "ops/rows.h"

#include "base/mathx.h"

#include <string.h>

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

typedef struct pad_params {
    onr_string mode_name;
    onr_ints pads, axes;
    float value;
    pad_mode mode;
} pad_params;

/// Elements before and after each dimension.
typedef struct margins {
    int64_t before[ONR_MAX_RANK], after[ONR_MAX_RANK];
} margins;

static onr_status check_pad(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    pad_params *p = params;
    (void)arena;
    for (int i = 0; i < (n->op->since >= 19 ? 4 : 3); i++)
        if (p->mode_name.n == strlen(names[i]) && !memcmp(p->mode_name.s, names[i], p->mode_name.n)) {
            p->mode = (pad_mode)i;
            return ONR_OK;
        }
    return onr_fail(err, ONR_INVALID, "mode is '%.*s'", (int)p->mode_name.n, p->mode_name.s);
}

/// Nothing is added or taken away, as PyTorch exports its AvgPool2d.
static bool hands_on_attrs(const onr_node *n) {
    const onr_ints *pads = &((const pad_params *)n->params)->pads;
    for (size_t i = 0; i < pads->n; i++)
        if (pads->v[i] != 0) return false;
    return true;
}

static bool hands_on_inputs(const onr_node *n) {
    const onr_datum *pads = n->in[1] ? n->in[1]->constant : NULL;
    if (!pads) return false;
    for (int64_t i = 0; i < onr_tensor_numel(&pads->t); i++)
        if (onr_tensor_num(&pads->t, i) != 0) return false;
    return true;
}

// ---- inference
// -------------------------------------------------------------------------------------------------------------------------

static onr_status pad_shape(onr_infer *c, onr_shape *s, const margins *m) {
    const pad_params *p = c->params;
    for (int32_t d = 0; d < s->rank; d++) {
        int64_t a = m->before[d], b = m->after[d], dim = s->dim[d], sum;
        if (a == 0 && b == 0) continue;
        if (onr_dim_symbolic(a) || onr_dim_symbolic(b) || !onr_dim_known(dim)) {
            s->dim[d] = onr_infer_fresh(c);
            continue;
        }
        if (!onr_add_i64(a, b, &sum) || !onr_add_i64(dim, sum, &s->dim[d]) || s->dim[d] < 0 || a < -dim || b < -dim)
            return onr_infer_bad(c, "pads %lld and %lld of dimension %d, which is %lld", (long long)a, (long long)b, d,
                                 (long long)dim);
        if (dim == 0 && s->dim[d] > 0 && p->mode != PAD_CONSTANT)
            return onr_infer_bad(c, "dimension %d is empty: nothing to take its padding from", d);
    }
    return ONR_OK;
}

static onr_status infer_pad_attrs(onr_infer *c) {
    const pad_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    margins m;
    if (s.rank >= 0) {
        if (p->pads.n != 2 * (size_t)s.rank) return onr_infer_bad(c, "%zu pads for a tensor of rank %d", p->pads.n, s.rank);
        for (int32_t d = 0; d < s.rank; d++) m.before[d] = p->pads.v[d], m.after[d] = p->pads.v[d + s.rank];
        ONR_TRY(pad_shape(c, &s, &m));
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

static onr_status infer_pad(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0), value = onr_infer_shape(c, 2);
    const onr_known *pads = onr_infer_ints(c, 1), *axes = onr_infer_ints(c, 3);
    margins m = {{0}, {0}};
    int64_t n;
    onr_dtype pt = onr_infer_dtype(c, 1), vt = onr_infer_dtype(c, 2);
    if (pt != ONR_UNDEFINED && pt != ONR_INT64) return onr_infer_bad(c, "pads have type %s, not int64", onr_dtype_name(pt));
    ONR_TRY(onr_infer_needs(c, 3, ONR_BIT(ONR_INT64) | ONR_BIT(ONR_INT32)));
    if (vt != ONR_UNDEFINED && vt != onr_infer_dtype(c, 0))
        return onr_infer_bad(c, "constant_value has type %s", onr_dtype_name(vt));
    if (onr_shape_known(&value) && (!onr_shape_numel(&value, &n) || n > 1))
        return onr_infer_bad(c, "constant_value must have one element");
    if (s.rank >= 0 && pads && (axes || !onr_infer_has(c, 3))) {
        n = axes ? axes->n : s.rank;
        if (pads->n != 2 * n) return onr_infer_bad(c, "%lld pads for %lld dimensions", (long long)pads->n, (long long)n);
        bool seen[ONR_MAX_RANK] = {false};
        for (int64_t i = 0; i < n; i++) {
            int32_t axis;
            ONR_TRY(onr_infer_axis(c, axes ? axes->v[i] : i, s.rank, &axis));
            if (seen[axis]) return onr_infer_bad(c, "axis %d is given twice", axis);
            seen[axis] = true;
            m.before[axis] = pads->v[i], m.after[axis] = pads->v[i + n];
        }
        ONR_TRY(pad_shape(c, &s, &m));
    } else {
        for (int32_t d = 0; d < s.rank; d++) s.dim[d] = onr_infer_fresh(c);
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

// ---- running
// ---------------------------------------------------------------------------------------------------------------------------

/// The fill around the copied box: the output is filled whole, then the box is copied into it.
static void pad_constant(const onr_run *r, const onr_tensor *x, const onr_shape *out, const margins *m, const void *value,
                         void *dst) {
    size_t e = onr_dtype_size(x->dtype);
    onr_nd_box box = {.rank = out->rank};
    const char *from = x->data;
    char *to = dst;
    bool whole = true;
    onr_nd_strides(&x->shape, e, box.src);
    onr_nd_strides(out, e, box.dst);
    for (int32_t d = 0; d < out->rank; d++) {
        int64_t a = m->before[d], b = m->after[d];
        box.dim[d] = onr_max_i64(0, x->shape.dim[d] + onr_min_i64(a, 0) + onr_min_i64(b, 0));
        if (a > 0)
            to += a * box.dst[d];
        else
            from -= a * box.src[d];
        whole &= a <= 0 && b <= 0;
    }
    if (!whole) onr_nd_fill(dst, e, onr_shape_span(out, 0, out->rank), value);
    for (int32_t d = 0; d < out->rank; d++)
        if (box.dim[d] == 0) return;
    onr_nd_copy(r->pool, e, &box, from, to);
}

/// The input index that output index i of a padded dimension takes its content from.
static int64_t map_index(pad_mode mode, int64_t i, int64_t n) {
    if (i >= 0 && i < n) return i;
    if (mode == PAD_EDGE) return i < 0 ? 0 : n - 1;
    int64_t period = mode == PAD_WRAP ? n : 2 * (n - 1);
    if (period <= 0) return 0;
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - i;
}

/// Reflect, edge and wrap: the middle of a row is one run, its ends go through the map.
static onr_status pad_mapped(const onr_run *r, const onr_tensor *x, const onr_shape *out, const margins *m, char *dst) {
    pad_mode mode = ((const pad_params *)r->params)->mode;
    size_t e = onr_dtype_size(x->dtype);
    int64_t stride[ONR_MAX_RANK], index[ONR_MAX_RANK] = {0};
    int32_t last = out->rank - 1;
    onr_nd_strides(&x->shape, e, stride);
    int64_t rows = onr_shape_span(out, 0, last), n = x->shape.dim[last], width = out->dim[last];
    int64_t first = onr_clamp_i64(m->before[last], 0, width), skip = onr_max_i64(0, -m->before[last]); // crop at the front
    int64_t middle = onr_clamp_i64(n - skip, 0, width - first);
    for (int64_t row = 0; row < rows; row++, dst += width * (int64_t)e) {
        const char *from = x->data;
        for (int32_t d = 0; d < last; d++) from += map_index(mode, index[d] - m->before[d], x->shape.dim[d]) * stride[d];
        for (int64_t i = 0; i < first; i++)
            memcpy(dst + (size_t)i * e, from + (size_t)map_index(mode, i - m->before[last], n) * e, e);
        if (middle > 0) memcpy(dst + (size_t)first * e, from + (size_t)skip * e, (size_t)middle * e);
        for (int64_t i = first + middle; i < width; i++)
            memcpy(dst + (size_t)i * e, from + (size_t)map_index(mode, i - m->before[last], n) * e, e);
        for (int32_t d = last - 1; d >= 0 && ++index[d] == out->dim[d]; d--) index[d] = 0;
    }
    return ONR_OK;
}

static onr_status pad(const onr_run *r, const margins *m, const void *value) {
    const pad_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_shape out = x->shape;
    for (int32_t d = 0; d < out.rank; d++) {
        out.dim[d] += m->before[d] + m->after[d];
        if (out.dim[d] < 0) return onr_run_bad(r, "pads leave dimension %d with %lld", d, (long long)out.dim[d]);
    }
    void *dst;
    onr_status s = ONR_OK;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &out, &dst));
    if (p->mode == PAD_CONSTANT || out.rank == 0)
        pad_constant(r, x, &out, m, value, dst);
    else
        s = pad_mapped(r, x, &out, m, dst);
    return onr_nd_end(r, 0, x->dtype, &out, dst, s);
}

static onr_status run_pad_attrs(const onr_run *r) {
    const pad_params *p = r->params;
    margins m;
    int32_t rank = onr_run_in(r, 0)->shape.rank;
    for (int32_t d = 0; d < rank; d++) m.before[d] = p->pads.v[d], m.after[d] = p->pads.v[d + rank];
    double wide = (double)p->value;
    return pad(r, &m, onr_run_in(r, 0)->dtype == ONR_FLOAT ? (const void *)&p->value : (const void *)&wide);
}

static onr_status run_pad(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0), *pads = onr_run_in(r, 1);
    static const onr_string empty = {"", 0};
    static const uint8_t zero[16] = {0};
    margins m = {{0}, {0}};
    int64_t n = onr_tensor_numel(pads) / 2;
    for (int64_t i = 0; i < n; i++) {
        int32_t axis = onr_axis(onr_run_has(r, 3) ? onr_tensor_int(onr_run_in(r, 3), i) : i, x->shape.rank);
        if (axis < 0) return onr_run_bad(r, "axes[%lld] is out of range", (long long)i);
        m.before[axis] = onr_tensor_int(pads, i), m.after[axis] = onr_tensor_int(pads, i + n);
    }
    const void *value = x->dtype == ONR_STRING ? (const void *)&empty : zero;
    if (onr_run_has(r, 2) && onr_tensor_numel(onr_run_in(r, 2)) > 0) value = onr_run_in(r, 2)->data;
    return pad(r, &m, value);
}

// ---- CenterCropPad
// ---------------------------------------------------------------------------------------------------------------------

static onr_status infer_center(onr_infer *c) {
    const pad_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    const onr_known *want = onr_infer_ints(c, 1);
    int64_t n = p->axes.v ? (int64_t)p->axes.n : s.rank;
    ONR_TRY(onr_infer_needs(c, 1, ONR_BIT(ONR_INT64) | ONR_BIT(ONR_INT32)));
    if (want && s.rank >= 0 && want->n != n)
        return onr_infer_bad(c, "shape has %lld entries for %lld axes", (long long)want->n, (long long)n);
    bool seen[ONR_MAX_RANK] = {false};
    for (int64_t i = 0; i < n && s.rank >= 0; i++) {
        int32_t axis;
        ONR_TRY(onr_infer_axis(c, p->axes.v ? p->axes.v[i] : i, s.rank, &axis));
        if (seen[axis]) return onr_infer_bad(c, "axis %d is given twice", axis);
        seen[axis] = true;
        s.dim[axis] = want ? want->v[i] : onr_infer_fresh(c);
        if (want && !onr_dim_symbolic(want->v[i]) && want->v[i] < 0)
            return onr_infer_bad(c, "shape[%lld] is %lld", (long long)i, (long long)want->v[i]);
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

static onr_status run_center(const onr_run *r) {
    const pad_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *want = onr_run_in(r, 1);
    static const onr_string empty = {"", 0};
    static const uint8_t zero[16] = {0};
    margins m = {{0}, {0}};
    for (int64_t i = 0; i < onr_tensor_numel(want); i++) {
        int32_t axis = onr_axis(p->axes.v ? p->axes.v[i] : i, x->shape.rank);
        int64_t old = x->shape.dim[axis], more = onr_tensor_int(want, i) - old;
        m.before[axis] = more >= 0 ? more / 2 : -(-more / 2); // an odd one goes behind
        m.after[axis] = more - m.before[axis];
    }
    return pad(r, &m, x->dtype == ONR_STRING ? (const void *)&empty : zero);
}

// ---- rows
// ----------------------------------------------------------------------------------------------------------------------------

#define A_MODE \
    { .name = "mode", .kind = ONR_ATTR_STRING, .offset = offsetof(pad_params, mode_name), .s = "constant" }
static const onr_attr_spec pad1[] = {
    A_MODE,
    ONR_A_FLOAT(pad_params, value, 0),
    {.name = "paddings", .kind = ONR_ATTR_INTS, .offset = offsetof(pad_params, pads), .required = true},
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec pad2[] = {
    A_MODE,
    ONR_A_FLOAT(pad_params, value, 0),
    {.name = "pads", .kind = ONR_ATTR_INTS, .offset = offsetof(pad_params, pads), .required = true},
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec pad11[] = {A_MODE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec center18[] = {ONR_A_INTS(pad_params, axes), ONR_ATTR_ARRAY_END};

#define ATTRS(from, to, table)                                                                                              \
    {                                                                                                                       \
        ONR_AI("Pad", from, to), ONR_ARITY(1, 1, 1, 1),                                                                     \
            .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = ONR_T_FLOATS3, ONR_PARAMS(table, pad_params), .check = check_pad, \
            .infer = infer_pad_attrs, .run = run_pad_attrs, .hands_on = hands_on_attrs                                      \
    }
#define INPUTS(from, to, i1, set)                                                                                           \
    {                                                                                                                       \
        ONR_AI("Pad", from, to), ONR_ARITY(2, i1, 1, 1), .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(pad11, pad_params), \
                                                         .check = check_pad, .infer = infer_pad, .run = run_pad,            \
                                                         .hands_on = hands_on_inputs                                        \
    }

static const onr_op rows[] = {
    ATTRS(1, 1, pad1),
    ATTRS(2, 10, pad2),
    INPUTS(11, 12, 3, ONR_T_NUMERIC3),
    INPUTS(13, 17, 3, ONR_T_ALL13),
    INPUTS(18, 18, 4, ONR_T_ALL13),
    INPUTS(19, 20, 4, ONR_T_ALL13),
    INPUTS(21, 22, 4, ONR_T_ALL21),
    INPUTS(23, 23, 4, ONR_T_ALL23),
    INPUTS(24, 24, 4, ONR_T_ALL24),
    INPUTS(25, 0, 4, ONR_T_ALL25),
    {ONR_AI("CenterCropPad", 18, 0), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_ALL13,
     ONR_PARAMS(center18, pad_params), .infer = infer_center, .run = run_center},
};
ONR_OP_FAMILY(pad);
