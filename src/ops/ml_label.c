// ml_label.c: LabelEncoder (1, 2, 4) and CategoryMapper of ai.onnx.ml: each element replaced by another, from two lists.
// May assume: strings of attributes live as long as the model. Never compares floats by closeness.
#include "ops/cast.h"
#include "ops/ml_dict.h"
#include "ops/nd.h"

#include <string.h>

typedef struct label_params {
    onr_ints keys_int64s, values_int64s, cats_int64s;
    onr_floats keys_floats, values_floats;
    onr_strings keys_strings, values_strings, classes_strings, cats_strings;
    const onr_datum *keys_tensor, *values_tensor, *default_tensor;
    onr_string default_string;
    int64_t default_int64;
    float default_float;
    // made by check:
    onr_tensor key, value, back_key, back_value; ///< back: the other way round, where the input's type decides
    const void *fallback;                        ///< one element of value's type
    const void *back_fallback;
    onr_ml_dict dict, back_dict;
} label_params;

// ---- attributes
// --------------------------------------------------------------------------------------------------------------

static onr_tensor list_tensor(onr_dtype t, const void *data, size_t n) {
    int64_t dim = (int64_t)n;
    return (onr_tensor){.dtype = t, .shape = onr_shape_make(1, &dim), .data = (void *)(uintptr_t)data};
}

/// The one list that is given.
static onr_status pick(const char *what, const onr_datum *tensor, const onr_strings *s, const onr_ints *i, const onr_floats *f,
                       onr_tensor *out, onr_err *err) {
    int given = (tensor != NULL) + (s->v != NULL) + (i->v != NULL) + (f->v != NULL);
    if (given != 1) return onr_fail(err, ONR_INVALID, "one list of %s is needed, %d are given", what, given);
    if (tensor && tensor->t.shape.rank > 1)
        return onr_fail(err, ONR_INVALID, "%s_tensor has rank %d", what, tensor->t.shape.rank);
    if (tensor)
        *out = list_tensor(tensor->t.dtype, tensor->t.data, (size_t)onr_tensor_numel(&tensor->t));
    else
        *out = s->v   ? list_tensor(ONR_STRING, s->v, s->n)
               : i->v ? list_tensor(ONR_INT64, i->v, i->n)
                      : list_tensor(ONR_FLOAT, f->v, f->n);
    return ONR_OK;
}

static onr_status build_dict(onr_ml_dict *d, const onr_tensor *key, bool bitwise, onr_arena *a, onr_err *err) {
    size_t n = (size_t)onr_tensor_numel(key);
    if (key->dtype == ONR_STRING) return onr_ml_dict_strings(d, key->data, n, a, err);
    int64_t *keys = onr_arena_calloc(a, n, sizeof *keys);
    if (!keys) return onr_no_memory(err, n * sizeof *keys);
    for (size_t i = 0; i < n; i++) keys[i] = onr_ml_key(key, (int64_t)i, bitwise);
    return onr_ml_dict_ints(d, keys, n, a, err);
}

/// What stands for elements that are in no list: default_tensor, or the default_* of the values' type.
static onr_status choose_fallback(label_params *p, onr_arena *a, onr_err *err) {
    onr_dtype t = p->value.dtype;
    if (p->default_tensor) {
        if (p->default_tensor->t.dtype != t || onr_tensor_numel(&p->default_tensor->t) != 1)
            return onr_fail(err, ONR_INVALID, "default_tensor must be one %s, as the values are", onr_dtype_name(t));
        p->fallback = p->default_tensor->t.data;
        return ONR_OK;
    }
    if (t == ONR_STRING) return p->fallback = &p->default_string, ONR_OK;
    void *one = onr_arena_alloc(a, 16);
    if (!one) return onr_no_memory(err, 16);
    if (onr_dtype_is_float(t))
        onr_cast_numbers(ONR_FLOAT, &p->default_float, t, one, 1, false, ONR_E8M0_NEAREST, NULL);
    else
        onr_cast_numbers(ONR_INT64, &p->default_int64, t, one, 1, false, ONR_E8M0_NEAREST, NULL);
    p->fallback = one;
    return ONR_OK;
}

static onr_status check_encoder(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    label_params *p = params;
    const onr_dtypes most = node->op->types;
    ONR_TRY(pick("keys", p->keys_tensor, &p->keys_strings, &p->keys_int64s, &p->keys_floats, &p->key, err));
    ONR_TRY(pick("values", p->values_tensor, &p->values_strings, &p->values_int64s, &p->values_floats, &p->value, err));
    if (!onr_dtype_in(p->key.dtype, most) || !onr_dtype_in(p->value.dtype, most))
        return onr_fail(err, ONR_INVALID, "it cannot map %s to %s", onr_dtype_name(p->key.dtype),
                        onr_dtype_name(p->value.dtype));
    if (!onr_shape_equal(&p->key.shape, &p->value.shape))
        return onr_fail(err, ONR_INVALID, "%lld keys and %lld values", (long long)onr_tensor_numel(&p->key),
                        (long long)onr_tensor_numel(&p->value));
    ONR_TRY(choose_fallback(p, a, err));
    return build_dict(&p->dict, &p->key, node->op->since < 4, a, err);
}

/// Version 1: strings to their places in classes_strings, and integers to the strings there.
static onr_status check_encoder1(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    label_params *p = params;
    (void)node;
    p->key = p->back_value = list_tensor(ONR_STRING, p->classes_strings.v, p->classes_strings.n);
    int64_t *places = onr_arena_calloc(a, p->classes_strings.n, sizeof *places);
    if (!places) return onr_no_memory(err, p->classes_strings.n * sizeof *places);
    for (size_t i = 0; i < p->classes_strings.n; i++) places[i] = (int64_t)i;
    p->value = p->back_key = list_tensor(ONR_INT64, places, p->classes_strings.n);
    p->fallback = &p->default_int64;
    p->back_fallback = &p->default_string;
    ONR_TRY(build_dict(&p->dict, &p->key, true, a, err));
    return build_dict(&p->back_dict, &p->back_key, true, a, err);
}

static onr_status check_mapper(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    label_params *p = params;
    (void)node;
    if (p->cats_strings.n != p->cats_int64s.n)
        return onr_fail(err, ONR_INVALID, "%zu strings and %zu integers", p->cats_strings.n, p->cats_int64s.n);
    p->key = p->back_value = list_tensor(ONR_STRING, p->cats_strings.v, p->cats_strings.n);
    p->value = p->back_key = list_tensor(ONR_INT64, p->cats_int64s.v, p->cats_int64s.n);
    p->fallback = &p->default_int64;
    p->back_fallback = &p->default_string;
    ONR_TRY(build_dict(&p->dict, &p->key, true, a, err));
    return build_dict(&p->back_dict, &p->back_key, true, a, err);
}

// ---- inference and running
// -------------------------------------------------------------------------------------------------

static onr_status infer_label(onr_infer *c) {
    const label_params *p = c->params;
    onr_dtype t = onr_infer_dtype(c, 0);
    onr_dtype out = t == p->key.dtype ? p->value.dtype : ONR_UNDEFINED;
    if (p->back_fallback && t == p->back_key.dtype) out = p->back_value.dtype;
    if (t == ONR_UNDEFINED) return ONR_OK;
    if (out == ONR_UNDEFINED)
        return onr_infer_bad(c, "X is %s, the keys are %s", onr_dtype_name(t), onr_dtype_name(p->key.dtype));
    onr_infer_set(c, 0, out, onr_infer_shape(c, 0));
    return ONR_OK;
}

static onr_status run_label(const onr_run *r) {
    const label_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    bool back = x->dtype != p->key.dtype, bitwise = r->node->op->since < 4;
    const onr_tensor *value = back ? &p->back_value : &p->value;
    const onr_ml_dict *dict = back ? &p->back_dict : &p->dict;
    const char *fallback = back ? p->back_fallback : p->fallback;
    size_t e = onr_dtype_size(value->dtype);
    const onr_shape shape = x->shape;
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, value->dtype, &shape, &dst));
    for (int64_t i = 0; i < onr_tensor_numel(x) && dst; i++) {
        int64_t at = x->dtype == ONR_STRING ? onr_ml_dict_string(dict, ((const onr_string *)x->data)[i])
                                            : onr_ml_dict_int(dict, onr_ml_key(x, i, bitwise));
        const char *from = at < 0 ? fallback : (const char *)value->data + (size_t)at * e;
        memcpy((char *)dst + (size_t)i * e, from, e);
    }
    return onr_nd_end(r, 0, value->dtype, &shape, dst, ONR_OK);
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

#define DEFAULTS2 ONR_A_STRING(label_params, default_string, "_Unused"), ONR_A_INT(label_params, default_int64, -1)
#define DEFAULTS DEFAULTS2, ONR_A_FLOAT(label_params, default_float, -0.0f)
#define LISTS                                                                                                                  \
    ONR_A_FLOATS(label_params, keys_floats), ONR_A_INTS(label_params, keys_int64s), ONR_A_STRINGS(label_params, keys_strings), \
        ONR_A_FLOATS(label_params, values_floats), ONR_A_INTS(label_params, values_int64s),                                    \
        ONR_A_STRINGS(label_params, values_strings)
static const onr_attr_spec encoder1[] = {ONR_A_STRINGS(label_params, classes_strings), DEFAULTS2, ONR_ATTR_ARRAY_END};
static const onr_attr_spec encoder2[] = {LISTS, DEFAULTS, ONR_ATTR_ARRAY_END};
static const onr_attr_spec encoder4[] = {LISTS,
                                         DEFAULTS,
                                         ONR_A_TENSOR(label_params, keys_tensor),
                                         ONR_A_TENSOR(label_params, values_tensor),
                                         ONR_A_TENSOR(label_params, default_tensor),
                                         ONR_ATTR_ARRAY_END};
static const onr_attr_spec mapper[] = {ONR_A_INTS(label_params, cats_int64s), ONR_A_STRINGS(label_params, cats_strings),
                                       DEFAULTS2, ONR_ATTR_ARRAY_END};

#define TWO (ONR_T_STRING | ONR_BIT(ONR_INT64))
#define FIVE (TWO | ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT16))
#define ROW(op, from, to, set, table, fn)                                                                                 \
    {                                                                                                                     \
        ONR_ML(op, from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(table, label_params), \
                                                     .check = fn, .infer = infer_label, .run = run_label                  \
    }
static const onr_op rows[] = {
    ROW("LabelEncoder", 1, 1, TWO, encoder1, check_encoder1),
    ROW("LabelEncoder", 2, 3, TWO | ONR_BIT(ONR_FLOAT), encoder2, check_encoder),
    ROW("LabelEncoder", 4, 0, FIVE | ONR_BIT(ONR_DOUBLE), encoder4, check_encoder),
    ROW("CategoryMapper", 1, 0, TWO, mapper, check_mapper),
};
ONR_OP_FAMILY(ml_label);
