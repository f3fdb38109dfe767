// constant.c: Constant, ConstantOfShape, Range, EyeLike, OneHot and Trilu: tensors made from little or nothing.
// May assume: sparse values were expanded by the importer. Never keeps a pointer into a model beyond a run.
#include "ops/cast.h"
#include "ops/known.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include "base/half.h"
#include "base/mathx.h"

#include <math.h>
#include <string.h>

// ---- Constant
// --------------------------------------------------------------------------------------------------------------------------

typedef struct constant_params {
    const onr_datum *value, *sparse_value;
    float value_float;
    int64_t value_int;
    onr_string value_string;
    onr_floats value_floats;
    onr_ints value_ints;
    onr_strings value_strings;
    onr_datum datum; // whichever was given, borrowed
} constant_params;

/// The one attribute that is given becomes params->datum.
static onr_status check_constant(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    constant_params *p = params;
    const onr_shape scalar = onr_shape_make(0, NULL);
    (void)arena;
    if (n->n_attr != 1) return onr_fail(err, ONR_INVALID, "Constant needs one value, %d attributes are given", n->n_attr);
    const char *name = n->attr[0].name;
    const onr_shape row = onr_shape_make(1, (const int64_t[]){(int64_t)n->attr[0].n});
    if (p->value || p->sparse_value)
        p->datum = p->value ? *p->value : *p->sparse_value, p->datum.buf = NULL;
    else if (!strcmp(name, "value_float"))
        p->datum = onr_datum_borrow(ONR_FLOAT, &scalar, &p->value_float);
    else if (!strcmp(name, "value_int"))
        p->datum = onr_datum_borrow(ONR_INT64, &scalar, &p->value_int);
    else if (!strcmp(name, "value_string"))
        p->datum = onr_datum_borrow(ONR_STRING, &scalar, &p->value_string);
    else if (!strcmp(name, "value_floats"))
        p->datum = onr_datum_borrow(ONR_FLOAT, &row, p->value_floats.v);
    else if (!strcmp(name, "value_ints"))
        p->datum = onr_datum_borrow(ONR_INT64, &row, p->value_ints.v);
    else
        p->datum = onr_datum_borrow(ONR_STRING, &row, p->value_strings.v);
    onr_dtype t = p->datum.t.dtype;
    if (onr_dtype_in(t, n->op->types)) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "Constant of type %s in opset %d", onr_dtype_name(t), n->opset);
}

static onr_status infer_constant(onr_infer *c) {
    const onr_tensor *t = &((const constant_params *)c->params)->datum.t;
    onr_infer_set(c, 0, t->dtype, t->shape);
    if (t->shape.rank > 1 || (t->dtype != ONR_INT64 && t->dtype != ONR_INT32)) return ONR_OK;
    onr_known *k = onr_infer_new_known(c, onr_tensor_numel(t));
    for (int64_t i = 0; k && i < k->n; i++) {
        k->v[i] = onr_tensor_int(t, i);
        if (onr_dim_symbolic(k->v[i])) return ONR_OK; // a huge negative number must not pass for a symbol
    }
    onr_known_set(c, 0, k);
    return ONR_OK;
}

static onr_status run_constant(const onr_run *r) {
    const onr_tensor *t = &((const constant_params *)r->params)->datum.t;
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, t->dtype, &t->shape, &dst));
    size_t bytes = onr_tensor_bytes(t);
    if (bytes && dst) memcpy(dst, t->data, bytes);
    return onr_nd_end(r, 0, t->dtype, &t->shape, dst, ONR_OK);
}

// ---- ConstantOfShape
// -------------------------------------------------------------------------------------------------------------------

typedef struct of_shape_params {
    const onr_datum *value;
} of_shape_params;

static onr_status check_of_shape(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    const of_shape_params *p = params;
    (void)n, (void)arena;
    if (!p->value || onr_tensor_numel(&p->value->t) == 1) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "value has %lld elements, not 1", (long long)onr_tensor_numel(&p->value->t));
}

/// A shape from a list of sizes, for an output.
static onr_status shape_from_known(onr_infer *c, const onr_known *k, onr_shape *out) {
    if (k->n > ONR_MAX_RANK) return onr_infer_unsupported(c, "rank %lld (at most %d)", (long long)k->n, ONR_MAX_RANK);
    *out = onr_shape_make((int32_t)k->n, k->v);
    for (int32_t d = 0; d < out->rank; d++)
        if (!onr_dim_symbolic(out->dim[d]) && out->dim[d] < 0)
            return onr_infer_bad(c, "dimension %d is %lld", d, (long long)out->dim[d]);
    return ONR_OK;
}

static onr_status infer_of_shape(onr_infer *c) {
    const of_shape_params *p = c->params;
    onr_dtype t = p->value ? p->value->t.dtype : ONR_FLOAT;
    onr_shape in = onr_infer_shape(c, 0), out = onr_shape_unknown();
    if (in.rank > 1) return onr_infer_bad(c, "shape has rank %d, not 1", in.rank);
    const onr_known *k = onr_known_in(c, 0);
    if (k)
        ONR_TRY(shape_from_known(c, k, &out));
    else if (in.rank == 1 && onr_dim_known(in.dim[0]) && in.dim[0] <= ONR_MAX_RANK)
        for (out.rank = 0; out.rank < in.dim[0]; out.rank++) out.dim[out.rank] = onr_infer_fresh(c);
    onr_infer_set(c, 0, t, out);
    if ((t != ONR_INT64 && t != ONR_INT32) || out.rank < 0 || out.rank > 1 || (out.rank == 1 && !onr_dim_known(out.dim[0])))
        return ONR_OK;
    onr_known *all = onr_infer_new_known(c, out.rank ? out.dim[0] : 1);
    for (int64_t i = 0; all && i < all->n; i++) all->v[i] = onr_tensor_int(&p->value->t, 0);
    if (!all || !all->n || !onr_dim_symbolic(all->v[0])) onr_known_set(c, 0, all);
    return ONR_OK;
}

static onr_status run_of_shape(const onr_run *r) {
    const of_shape_params *p = r->params;
    const onr_tensor *in = onr_run_in(r, 0);
    onr_shape shape = {.rank = (int32_t)onr_tensor_numel(in)};
    for (int32_t d = 0; d < shape.rank; d++) shape.dim[d] = onr_tensor_int(in, d);
    static const float zero = 0;
    onr_dtype t = p->value ? p->value->t.dtype : ONR_FLOAT;
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, t, &shape, &dst));
    onr_nd_fill(dst, onr_dtype_size(t), onr_shape_span(&shape, 0, shape.rank), p->value ? p->value->t.data : &zero);
    return onr_nd_end(r, 0, t, &shape, dst, ONR_OK);
}

// ---- Range
// -----------------------------------------------------------------------------------------------------------------------------

typedef struct range_params {
    int64_t stash_type;
} range_params;

/// max(ceil((limit - start) / delta), 0) without overflow; -1 when delta is 0 or there are too many.
static int64_t count_ints(int64_t start, int64_t limit, int64_t delta) {
    if (delta == 0) return -1;
    if (delta > 0 ? limit <= start : limit >= start) return 0;
    uint64_t span = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    uint64_t step = delta > 0 ? (uint64_t)delta : 0 - (uint64_t)delta;
    uint64_t n = (span - 1) / step + 1;
    return n > INT64_MAX ? -1 : (int64_t)n;
}

static int64_t range_count(const onr_tensor *start, const onr_tensor *limit, const onr_tensor *delta) {
    if (!onr_dtype_is_float(start->dtype))
        return count_ints(onr_tensor_int(start, 0), onr_tensor_int(limit, 0), onr_tensor_int(delta, 0));
    double d = onr_tensor_num(delta, 0), span = onr_tensor_num(limit, 0) - onr_tensor_num(start, 0);
    if (d == 0) return -1;
    double n = ceil(span / d);
    return n <= 0 ? 0 : n <= 1e15 ? (int64_t)n : -1; // NaN and too many: -1
}

static onr_status infer_range(onr_infer *c) {
    onr_shape out = {.rank = 1};
    for (int32_t i = 0; i < 3; i++) {
        onr_shape s = onr_infer_shape(c, i);
        int64_t n;
        if (onr_shape_known(&s) && (!onr_shape_numel(&s, &n) || n != 1)) return onr_infer_bad(c, "input %d is not a scalar", i);
    }
    const onr_datum *const *d = c->constant;
    const onr_known *k[3] = {onr_known_in(c, 0), onr_known_in(c, 1), onr_known_in(c, 2)};
    bool ints = k[0] && k[1] && k[2] && onr_known_numbers(k[0]) && onr_known_numbers(k[1]) && onr_known_numbers(k[2]);
    for (int32_t i = 0; i < 3 && ints; i++) ints = k[i]->v[0] > INT64_MIN / 2; // that one stands for all lower numbers
    int64_t n = -2;
    if (d[0] && d[1] && d[2])
        n = range_count(&d[0]->t, &d[1]->t, &d[2]->t);
    else if (ints)
        n = count_ints(k[0]->v[0], k[1]->v[0], k[2]->v[0]);
    else if (k[0] && k[1] && k[2] && k[0]->v[0] == 0 && k[2]->v[0] == 1 && onr_dim_symbolic(k[1]->v[0]))
        n = k[1]->v[0]; // 0..batch
    if (n == -1) return onr_infer_bad(c, "delta is 0, or the range is not finite");
    out.dim[0] = n == -2 ? onr_infer_fresh(c) : n;
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    onr_known *all = ints ? onr_infer_new_known(c, n) : NULL;
    for (int64_t i = 0; all && i < n; i++) all->v[i] = k[0]->v[0] + i * k[2]->v[0];
    onr_known_set(c, 0, all);
    return ONR_OK;
}

#define RANGE(T, U)                                                                                  \
    for (int64_t i = 0; i < n; i++)                                                                  \
        ((T *)dst)[i] = (T)((U)((const T *)start->data)[0] + (U)i * (U)((const T *)delta->data)[0]); \
    break
#define RANGE_NARROW(to, from)                                                                                             \
    for (int64_t i = 0; i < n; i++)                                                                                        \
        ((uint16_t *)dst)[i] = to(from(*(const uint16_t *)start->data) + (float)i * from(*(const uint16_t *)delta->data)); \
    break

static onr_status run_range(const onr_run *r) {
    const onr_tensor *start = onr_run_in(r, 0), *delta = onr_run_in(r, 2);
    int64_t n = range_count(start, onr_run_in(r, 1), delta);
    if (n < 0) return onr_run_bad(r, "delta is 0, or the range is not finite");
    onr_shape shape = onr_shape_make(1, &n);
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, start->dtype, &shape, &dst));
    switch (start->dtype) {
    case ONR_FLOAT: RANGE(float, float);
    case ONR_DOUBLE: RANGE(double, double);
    case ONR_INT16: RANGE(int16_t, uint32_t);
    case ONR_INT32: RANGE(int32_t, uint32_t);
    case ONR_INT64: RANGE(int64_t, uint64_t);
    case ONR_FLOAT16: RANGE_NARROW(onr_f32_to_f16, onr_f16_to_f32);
    case ONR_BFLOAT16: RANGE_NARROW(onr_f32_to_bf16, onr_bf16_to_f32);
    default: break;
    }
    return ONR_OK;
}

// ---- EyeLike
// ---------------------------------------------------------------------------------------------------------------------------

typedef struct eye_params {
    int64_t dtype, k;
} eye_params;

static onr_status check_eye(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    const eye_params *p = params;
    (void)arena;
    if (p->dtype == ONR_NO_INT || (p->dtype > 0 && p->dtype < ONR_N_DTYPES && onr_dtype_in((onr_dtype)p->dtype, n->op->types)))
        return ONR_OK;
    return onr_fail(err, ONR_INVALID, "dtype %lld", (long long)p->dtype);
}

static onr_status infer_eye(onr_infer *c) {
    const eye_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    if (s.rank >= 0 && s.rank != 2) return onr_infer_bad(c, "input has rank %d, not 2", s.rank);
    onr_infer_set(c, 0, p->dtype == ONR_NO_INT ? onr_infer_dtype(c, 0) : (onr_dtype)p->dtype, s);
    return ONR_OK;
}

static onr_status run_eye(const onr_run *r) {
    const eye_params *p = r->params;
    onr_tensor *y = onr_run_out(r, 0);
    size_t e = onr_dtype_size(y->dtype), bytes = onr_tensor_bytes(y);
    int64_t rows = y->shape.dim[0], cols = y->shape.dim[1], one = 1;
    uint8_t value[16];
    onr_cast_numbers(ONR_INT64, &one, y->dtype, value, 1, true, ONR_E8M0_UP, NULL);
    if (bytes) memset(y->data, 0, bytes);
    if (p->k <= -rows || p->k >= cols) return ONR_OK;
    for (int64_t i = p->k < 0 ? -p->k : 0; i < rows && i + p->k < cols; i++)
        memcpy((char *)y->data + (size_t)(i * cols + i + p->k) * e, value, e);
    return ONR_OK;
}

// ---- OneHot
// ----------------------------------------------------------------------------------------------------------------------------

typedef struct one_hot_params {
    int64_t axis;
} one_hot_params;

static onr_status infer_one_hot(onr_infer *c) {
    const one_hot_params *p = c->params;
    onr_shape in = onr_infer_shape(c, 0), values = onr_infer_shape(c, 2), out = onr_shape_unknown();
    if (onr_shape_known(&values) && (values.rank != 1 || values.dim[0] != 2))
        return onr_infer_bad(c, "values must be a vector of 2");
    const onr_datum *depth = c->constant[1];
    if (depth && onr_tensor_numel(&depth->t) != 1)
        return onr_infer_bad(c, "depth has %lld elements", (long long)onr_tensor_numel(&depth->t));
    if (in.rank >= ONR_MAX_RANK) return onr_infer_unsupported(c, "rank %d (at most %d)", in.rank + 1, ONR_MAX_RANK);
    if (in.rank >= 0) {
        int32_t axis;
        ONR_TRY(onr_infer_axis(c, p->axis, in.rank + 1, &axis));
        const onr_known *k = onr_known_in(c, 1);
        double n = depth ? onr_tensor_num(&depth->t, 0) : 0;
        if (depth && !(n >= 0 && n < 1e15)) return onr_infer_bad(c, "depth is %g", n);
        out.rank = in.rank + 1;
        for (int32_t d = 0, i = 0; d < out.rank; d++)
            out.dim[d] = d != axis                        ? in.dim[i++]
                         : depth                          ? (int64_t)n
                         : k && k->n == 1 && k->v[0] >= 0 ? k->v[0]
                                                          : onr_infer_fresh(c);
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 2), out);
    return ONR_OK;
}

static onr_status run_one_hot(const onr_run *r) {
    const one_hot_params *p = r->params;
    const onr_tensor *in = onr_run_in(r, 0), *values = onr_run_in(r, 2);
    int64_t depth = (int64_t)onr_tensor_num(onr_run_in(r, 1), 0);
    int32_t axis = onr_axis(p->axis, in->shape.rank + 1);
    onr_shape shape = {.rank = in->shape.rank + 1};
    for (int32_t d = 0, i = 0; d < shape.rank; d++) shape.dim[d] = d == axis ? depth : in->shape.dim[i++];
    size_t e = onr_dtype_size(values->dtype);
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, values->dtype, &shape, &dst));
    onr_nd_fill(dst, e, onr_shape_span(&shape, 0, shape.rank), values->data);
    int64_t inner = onr_shape_span(&in->shape, axis, in->shape.rank), n = onr_tensor_numel(in);
    for (int64_t i = 0; i < n; i++) {
        double k = onr_tensor_num(in, i); // indices may be of any numeric type; what is out of range stays off
        if (k < 0) k += (double)depth;
        if (!(k >= 0 && k < (double)depth)) continue;
        memcpy((char *)dst + (size_t)((i / inner * depth + (int64_t)k) * inner + i % inner) * e, (const char *)values->data + e,
               e);
    }
    return onr_nd_end(r, 0, values->dtype, &shape, dst, ONR_OK);
}

// ---- Trilu
// -----------------------------------------------------------------------------------------------------------------------------

typedef struct trilu_params {
    int64_t upper;
} trilu_params;

static onr_status infer_trilu(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0), k = onr_infer_shape(c, 1);
    if (s.rank == 0 || s.rank == 1) return onr_infer_bad(c, "input has rank %d, at least 2 is needed", s.rank);
    int64_t n;
    if (onr_shape_known(&k) && (!onr_shape_numel(&k, &n) || n != 1)) return onr_infer_bad(c, "k is not a scalar");
    if (onr_infer_has(c, 1) && onr_infer_dtype(c, 1) != ONR_INT64 && onr_infer_dtype(c, 1) != ONR_UNDEFINED)
        return onr_infer_bad(c, "k has type %s, not int64", onr_dtype_name(onr_infer_dtype(c, 1)));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

static onr_status run_trilu(const onr_run *r) {
    const trilu_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    const onr_shape *s = &x->shape;
    size_t e = onr_dtype_size(x->dtype);
    int64_t rows = s->dim[s->rank - 2], cols = s->dim[s->rank - 1], n = onr_shape_span(s, 0, s->rank - 1);
    int64_t k = onr_clamp_i64(onr_run_has(r, 1) ? onr_tensor_int(onr_run_in(r, 1), 0) : 0, -rows - 1, cols + 1);
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, s, &dst));
    for (int64_t i = 0; i < n; i++) { // row by row: [0, cut) and [cut, cols) are kept or zero
        size_t cut = (size_t)onr_clamp_i64(i % rows + k + (p->upper ? 0 : 1), 0, cols) * e, all = (size_t)cols * e;
        const char *from = (const char *)x->data + (size_t)i * all;
        char *to = (char *)dst + (size_t)i * all;
        if (p->upper)
            memset(to, 0, cut), memmove(to + cut, from + cut, all - cut);
        else
            memmove(to, from, cut), memset(to + cut, 0, all - cut);
    }
    return onr_nd_end(r, 0, x->dtype, s, dst, ONR_OK);
}

// ---- rows
// ----------------------------------------------------------------------------------------------------------------------------

#define A_VALUE \
    { .name = "value", .kind = ONR_ATTR_TENSOR, .offset = offsetof(constant_params, value) }
#define A_SPARSE \
    { .name = "sparse_value", .kind = ONR_ATTR_SPARSE_TENSOR, .offset = offsetof(constant_params, sparse_value) }
static const onr_attr_spec constant1[] = {A_VALUE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec constant11[] = {A_VALUE, A_SPARSE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec constant12[] = {A_VALUE,
                                           A_SPARSE,
                                           ONR_A_FLOAT(constant_params, value_float, 0),
                                           ONR_A_FLOATS(constant_params, value_floats),
                                           ONR_A_INT(constant_params, value_int, 0),
                                           ONR_A_INTS(constant_params, value_ints),
                                           ONR_A_STRING(constant_params, value_string, NULL),
                                           ONR_A_STRINGS(constant_params, value_strings),
                                           ONR_ATTR_ARRAY_END};
static const onr_attr_spec of_shape9[] = {ONR_A_TENSOR(of_shape_params, value), ONR_ATTR_ARRAY_END};
static const onr_attr_spec range27[] = {ONR_A_INT(range_params, stash_type, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec eye9[] = {ONR_A_INT(eye_params, dtype, ONR_NO_INT), ONR_A_INT(eye_params, k, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec one_hot9[] = {ONR_A_INT(one_hot_params, axis, -1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec trilu14[] = {ONR_A_INT(trilu_params, upper, 1), ONR_ATTR_ARRAY_END};

#define CONSTANT(from, to, set, table)                                                                                    \
    {                                                                                                                     \
        ONR_AI("Constant", from, to), ONR_ARITY(0, 0, 1, 1), .flags = ONR_OP_PURE, .types = set,                          \
                                                             ONR_PARAMS(table, constant_params), .check = check_constant, \
                                                             .infer = infer_constant, .run = run_constant                 \
    }
#define CONSTANT12(from, to, set) CONSTANT(from, to, set, constant12)
#define OF_SHAPE(from, to)                                                                             \
    {                                                                                                  \
        ONR_AI("ConstantOfShape", from, to), ONR_ARITY(1, 1, 1, 1),                                    \
            .flags = ONR_OP_PURE, .types = ONR_BIT(ONR_INT64), ONR_PARAMS(of_shape9, of_shape_params), \
            .check = check_of_shape, .infer = infer_of_shape, .run = run_of_shape                      \
    }
#define RANGE_TYPES (ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_DOUBLE) | ONR_BIT(ONR_INT16) | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64))
#define EYE(from, to, set)                                                                                                    \
    {                                                                                                                         \
        ONR_AI("EyeLike", from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(eye9, eye_params), \
                                                            .check = check_eye, .infer = infer_eye, .run = run_eye            \
    }
#define ONE_HOT(from, to)                                                                                                \
    {                                                                                                                    \
        ONR_AI("OneHot", from, to), ONR_ARITY(3, 3, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_NUMERIC3,                \
                                                           ONR_PARAMS(one_hot9, one_hot_params), .infer = infer_one_hot, \
                                                           .run = run_one_hot                                            \
    }

static const onr_op rows[] = {
    CONSTANT(1, 8, ONR_T_ALL1, constant1), // the standard says floats, but models of those days hold their shapes in it
    CONSTANT(9, 10, ONR_T_ALL1, constant1),
    CONSTANT(11, 11, ONR_T_ALL1, constant11),
    CONSTANT12(12, 12, ONR_T_ALL1),
    CONSTANT12(13, 18, ONR_T_ALL13),
    CONSTANT12(19, 20, ONR_T_ALL19),
    CONSTANT12(21, 22, ONR_T_ALL21),
    CONSTANT12(23, 23, ONR_T_ALL23),
    CONSTANT12(24, 24, ONR_T_ALL24),
    CONSTANT12(25, 0, ONR_T_ALL25),
    OF_SHAPE(9, 19),
    OF_SHAPE(20, 20),
    OF_SHAPE(21, 22),
    OF_SHAPE(23, 23),
    OF_SHAPE(24, 24),
    OF_SHAPE(25, 0),
    {ONR_AI("Range", 11, 26), ONR_ARITY(3, 3, 1, 1), .flags = ONR_OP_PURE | ONR_OP_SAME_TYPES, .types = RANGE_TYPES,
     .infer = infer_range, .run = run_range},
    {ONR_AI("Range", 27, 0), ONR_ARITY(3, 3, 1, 1), .flags = ONR_OP_PURE | ONR_OP_SAME_TYPES,
     .types = RANGE_TYPES | ONR_BIT(ONR_FLOAT16) | ONR_BIT(ONR_BFLOAT16), ONR_PARAMS(range27, range_params),
     .infer = infer_range, .run = run_range},
    EYE(9, 21, ONR_T_NUMERIC3 | ONR_T_BOOL),
    EYE(22, 0, ONR_T_NUMERIC | ONR_T_BOOL),
    ONE_HOT(9, 10),
    ONE_HOT(11, 0),
    {ONR_AI("Trilu", 14, 0), ONR_ARITY(1, 2, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_ALL13,
     ONR_PARAMS(trilu14, trilu_params), .infer = infer_trilu, .run = run_trilu},
};
ONR_OP_FAMILY(constant);
