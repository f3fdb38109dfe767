// ml_map.c: dictionaries of ai.onnx.ml: ZipMap makes them, DictVectorizer and CastMap turn them into tensors.
// May assume: a map has a tensor of keys and one of as many values. Never changes an input: keys are shared between rows.
#include "ops/cast.h"
#include "ops/ml_dict.h"
#include "ops/nd.h"

#include <stdlib.h>
#include <string.h>

typedef struct map_params {
    onr_ml_labels labels; // ZipMap's keys, DictVectorizer's vocabulary
    onr_string cast_to, map_form;
    int64_t max_map;
    onr_dtype target; // made by check
    onr_ml_dict dict;
} map_params;

static onr_type value_type(onr_dtype t) { return onr_type_tensor(t, (onr_shape){.rank = 0}); }

// ---- ZipMap
// ------------------------------------------------------------------------------------------------------------------

static onr_status check_zip(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    (void)node, (void)a;
    return onr_ml_labels_check(&((map_params *)params)->labels, err);
}

static onr_status infer_zip(onr_infer *c) {
    const map_params *p = c->params;
    int64_t n, f;
    ONR_TRY(onr_ml_infer_rows(c, 0, &n, &f));
    ONR_TRY(onr_ml_infer_features(c, f, onr_ml_labels_n(&p->labels), true));
    onr_type *type = onr_arena_calloc(c->arena, 2, sizeof *type);
    if (!type) return onr_no_memory(c->err, 2 * sizeof *type);
    type[0] = (onr_type){.kind = ONR_MAP, .dtype = onr_ml_labels_dtype(&p->labels), .elem = &type[1]};
    type[1] = value_type(ONR_FLOAT);
    if (c->n_out > 0) c->out[0] = (onr_type){.kind = ONR_SEQUENCE, .elem = type};
    return ONR_OK;
}

static onr_status keys_tensor(const onr_ml_labels *l, onr_datum *out, onr_err *err) {
    int64_t n = onr_ml_labels_n(l);
    onr_shape shape = onr_shape_make(1, &n);
    if (l->strings.n) return onr_datum_new_strings(&shape, l->strings.v, out, err);
    ONR_TRY(onr_datum_new(ONR_INT64, &shape, out, err));
    memcpy(out->t.data, l->ints.v, l->ints.n * sizeof *l->ints.v);
    return ONR_OK;
}

static onr_status zip_row(const onr_datum *keys, const float *x, onr_datum *map, onr_err *err) {
    const onr_type value = value_type(ONR_FLOAT);
    const onr_shape shape = keys->t.shape;
    ONR_TRY(onr_datum_new_items(ONR_MAP, 2, map, err));
    onr_datum_set_elem(map, &value);
    map->item[0] = onr_datum_ref(keys);
    ONR_TRY(onr_datum_new(ONR_FLOAT, &shape, &map->item[1], err));
    memcpy(map->item[1].t.data, x, (size_t)shape.dim[0] * sizeof *x);
    return ONR_OK;
}

static onr_status run_zip(const onr_run *r) {
    const map_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    const onr_type value = value_type(ONR_FLOAT);
    const onr_type map = {.kind = ONR_MAP, .dtype = onr_ml_labels_dtype(&p->labels), .elem = &value};
    onr_datum keys = {.n = 0}, list = {.n = 0};
    int64_t n, f;
    onr_ml_rows(x, &n, &f);
    onr_status s = keys_tensor(&p->labels, &keys, r->err);
    if (s == ONR_OK) s = onr_datum_new_items(ONR_SEQUENCE, (size_t)n, &list, r->err);
    if (s == ONR_OK) onr_datum_set_elem(&list, &map);
    for (int64_t i = 0; i < n && s == ONR_OK; i++) s = zip_row(&keys, (const float *)x->data + i * f, &list.item[i], r->err);
    if (s == ONR_OK) onr_run_give(r, 0, &list);
    onr_datum_release(&list);
    onr_datum_release(&keys);
    return s;
}

// ---- maps as inputs
// ----------------------------------------------------------------------------------------------------------

/// The type of a map's values; ONR_UNDEFINED when it is not known.
static onr_status infer_map(const onr_infer *c, onr_dtype *key, onr_dtype *value) {
    const onr_type *t = c->in[0];
    *key = *value = ONR_UNDEFINED;
    if (t->kind == ONR_KIND_UNKNOWN) return ONR_OK;
    if (t->kind != ONR_MAP) return onr_infer_bad(c, "X is no map");
    *key = t->dtype;
    if (t->elem && t->elem->kind == ONR_TENSOR) *value = t->elem->dtype;
    if (t->elem && t->elem->kind != ONR_TENSOR) return onr_infer_bad(c, "the values of X are no tensors");
    return ONR_OK;
}

static onr_status need_map(const onr_run *r, const onr_tensor **keys, const onr_tensor **values) {
    const onr_datum *d = r->in[0];
    if (d->kind != ONR_MAP || d->n != 2 || d->item[0].kind != ONR_TENSOR) return onr_run_bad(r, "X is no map");
    *keys = &d->item[0].t;
    *values = &d->item[1].t;
    if (d->item[1].kind == ONR_TENSOR && onr_tensor_numel(*values) == onr_tensor_numel(*keys)) return ONR_OK;
    bool empty = onr_tensor_numel(*keys) == 0 && d->item[1].kind == ONR_SEQUENCE && d->item[1].n == 0;
    return empty ? ONR_OK : onr_run_bad(r, "the values of X are not one number or string each");
}

// ---- DictVectorizer
// ----------------------------------------------------------------------------------------------------------

static onr_status check_vectorizer(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    map_params *p = params;
    (void)node;
    if ((p->labels.ints.n > 0) == (p->labels.strings.n > 0))
        return onr_fail(err, ONR_INVALID, "a vocabulary is needed, either of integers or of strings");
    if (p->labels.strings.n) return onr_ml_dict_strings(&p->dict, p->labels.strings.v, p->labels.strings.n, a, err);
    return onr_ml_dict_ints(&p->dict, p->labels.ints.v, p->labels.ints.n, a, err);
}

static onr_status infer_vectorizer(onr_infer *c) {
    const map_params *p = c->params;
    onr_dtype key, value;
    ONR_TRY(infer_map(c, &key, &value));
    if (key != ONR_UNDEFINED && key != onr_ml_labels_dtype(&p->labels))
        return onr_infer_bad(c, "the keys are %s, the vocabulary is %s", onr_dtype_name(key),
                             onr_dtype_name(onr_ml_labels_dtype(&p->labels)));
    if (value != ONR_UNDEFINED && value != ONR_INT64 && value != ONR_FLOAT && value != ONR_DOUBLE && value != ONR_STRING)
        return onr_infer_bad(c, "the values are %s", onr_dtype_name(value));
    if (value != ONR_UNDEFINED) onr_infer_set(c, 0, value, onr_shape_make(2, (int64_t[]){1, onr_ml_labels_n(&p->labels)}));
    return ONR_OK;
}

static onr_status vectorize(const onr_run *r, const onr_tensor *keys, const onr_tensor *values, char *dst) {
    const map_params *p = r->params;
    size_t e = onr_dtype_size(values->dtype);
    if (values->dtype != ONR_STRING) memset(dst, 0, (size_t)onr_ml_labels_n(&p->labels) * e);
    for (int64_t i = 0; i < onr_tensor_numel(keys); i++) {
        bool text = keys->dtype == ONR_STRING;
        int64_t at = text ? onr_ml_dict_string(&p->dict, ((const onr_string *)keys->data)[i])
                          : onr_ml_dict_int(&p->dict, onr_tensor_int(keys, i));
        if (at < 0) return onr_run_bad(r, "key %lld of X is not in the vocabulary", (long long)i);
        memcpy(dst + (size_t)at * e, (const char *)values->data + (size_t)i * e, e);
    }
    return ONR_OK;
}

static onr_status run_vectorizer(const onr_run *r) {
    const map_params *p = r->params;
    const onr_tensor *keys, *values;
    ONR_TRY(need_map(r, &keys, &values));
    onr_dtype t = r->in[0]->item[1].kind == ONR_TENSOR ? values->dtype : ONR_FLOAT;
    onr_tensor none = {.dtype = t};
    if ((keys->dtype == ONR_STRING) != (p->labels.strings.n > 0)) return onr_run_bad(r, "the keys of X have the wrong type");
    onr_shape shape = onr_shape_make(2, (int64_t[]){1, onr_ml_labels_n(&p->labels)});
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, t, &shape, &dst));
    onr_status s = dst ? vectorize(r, keys, onr_tensor_numel(keys) ? values : &none, dst) : ONR_OK;
    return onr_nd_end(r, 0, t, &shape, dst, s);
}

// ---- CastMap
// -----------------------------------------------------------------------------------------------------------------

static onr_status check_cast(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    map_params *p = params;
    (void)node, (void)a;
    p->target = onr_ml_is(p->cast_to, "TO_FLOAT")    ? ONR_FLOAT
                : onr_ml_is(p->cast_to, "TO_INT64")  ? ONR_INT64
                : onr_ml_is(p->cast_to, "TO_STRING") ? ONR_STRING
                                                     : ONR_UNDEFINED;
    if (p->target == ONR_UNDEFINED) return onr_fail(err, ONR_INVALID, "cast_to is TO_FLOAT, TO_INT64 or TO_STRING");
    if (!onr_ml_is(p->map_form, "DENSE") && !onr_ml_is(p->map_form, "SPARSE"))
        return onr_fail(err, ONR_INVALID, "map_form is DENSE or SPARSE");
    if (p->max_map < 0) return onr_fail(err, ONR_INVALID, "max_map is negative");
    return ONR_OK;
}

static bool is_sparse(const map_params *p) { return onr_ml_is(p->map_form, "SPARSE"); }

static onr_status infer_cast(onr_infer *c) {
    const map_params *p = c->params;
    onr_dtype key, value;
    ONR_TRY(infer_map(c, &key, &value));
    if (key != ONR_UNDEFINED && key != ONR_INT64) return onr_infer_bad(c, "the keys are %s, not int64", onr_dtype_name(key));
    int64_t n = is_sparse(p) ? p->max_map : onr_infer_fresh(c);
    onr_infer_set(c, 0, p->target, onr_shape_make(1, &n));
    return ONR_OK;
}

typedef struct keyed {
    int64_t key, at;
} keyed;

static int compare_keyed(const void *p, const void *q) {
    const keyed *a = p, *b = q;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/// Values, already of the target's type, in the order of their keys or at them.
static onr_status place(const onr_run *r, const onr_tensor *keys, const void *values, keyed *order, char *dst, int64_t n_out) {
    const map_params *p = r->params;
    size_t e = onr_dtype_size(p->target);
    int64_t n = onr_tensor_numel(keys);
    for (int64_t i = 0; i < n; i++) order[i] = (keyed){((const int64_t *)keys->data)[i], i};
    qsort(order, (size_t)n, sizeof *order, compare_keyed);
    if (p->target != ONR_STRING) memset(dst, 0, (size_t)n_out * e);
    for (int64_t i = 0; i < n; i++) {
        int64_t to = is_sparse(p) ? order[i].key : i;
        if (to < 0 || to >= n_out)
            return onr_run_bad(r, "key %lld is not below max_map, %lld", (long long)to, (long long)n_out);
        memcpy(dst + (size_t)to * e, (const char *)values + (size_t)order[i].at * e, e);
    }
    return ONR_OK;
}

static onr_status convert(const onr_run *r, const onr_tensor *from, onr_dtype to, onr_datum *out) {
    if (to == ONR_STRING) return onr_cast_to_strings(from, out, r->err);
    const onr_shape shape = from->shape;
    ONR_TRY(onr_datum_new(to, &shape, out, r->err));
    if (from->dtype == ONR_STRING) return onr_cast_from_strings(from, to, out->t.data, false, ONR_E8M0_NEAREST, r->err);
    onr_cast_numbers(from->dtype, from->data, to, out->t.data, onr_tensor_numel(from), false, ONR_E8M0_NEAREST, NULL);
    return ONR_OK;
}

static onr_status run_cast(const onr_run *r) {
    const map_params *p = r->params;
    const onr_tensor *keys, *values;
    ONR_TRY(need_map(r, &keys, &values));
    int64_t n = onr_tensor_numel(keys), n_out = is_sparse(p) ? p->max_map : n;
    if (keys->dtype != ONR_INT64) return onr_run_bad(r, "the keys are %s, not int64", onr_dtype_name(keys->dtype));
    onr_shape shape = onr_shape_make(1, &n_out);
    onr_datum cast = {.n = 0};
    keyed *order = onr_malloc((size_t)n * sizeof *order + 1);
    onr_status s = order ? ONR_OK : onr_no_memory(r->err, (size_t)n * sizeof *order);
    if (s == ONR_OK && n) s = convert(r, values, p->target, &cast);
    void *dst = NULL;
    if (s == ONR_OK) s = onr_nd_begin(r, 0, p->target, &shape, &dst);
    if (s == ONR_OK && dst) s = place(r, keys, cast.t.data, order, dst, n_out);
    s = onr_nd_end(r, 0, p->target, &shape, dst, s);
    onr_datum_release(&cast);
    onr_free(order);
    return s;
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

// clang-format off
#define LIST(attr, k, field) {.name = attr, .kind = k, .offset = offsetof(map_params, field)}
// clang-format on
static const onr_attr_spec zip[] = {LIST("classlabels_int64s", ONR_ATTR_INTS, labels.ints),
                                    LIST("classlabels_strings", ONR_ATTR_STRINGS, labels.strings), ONR_ATTR_ARRAY_END};
static const onr_attr_spec vectorizer[] = {LIST("int64_vocabulary", ONR_ATTR_INTS, labels.ints),
                                           LIST("string_vocabulary", ONR_ATTR_STRINGS, labels.strings), ONR_ATTR_ARRAY_END};
static const onr_attr_spec cast[] = {ONR_A_STRING(map_params, cast_to, "TO_FLOAT"), ONR_A_STRING(map_params, map_form, "DENSE"),
                                     ONR_A_INT(map_params, max_map, 1), ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_ML("ZipMap", 1, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = ONR_BIT(ONR_FLOAT),
     ONR_PARAMS(zip, map_params), .check = check_zip, .infer = infer_zip, .run = run_zip},
    {ONR_ML("DictVectorizer", 1, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC | ONR_OP_KINDS,
     ONR_PARAMS(vectorizer, map_params), .check = check_vectorizer, .infer = infer_vectorizer, .run = run_vectorizer},
    {ONR_ML("CastMap", 1, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC | ONR_OP_KINDS,
     ONR_PARAMS(cast, map_params), .check = check_cast, .infer = infer_cast, .run = run_cast},
};
ONR_OP_FAMILY(ml_map);
