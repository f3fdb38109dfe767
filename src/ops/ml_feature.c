// ml_feature.c: preparing features: Scaler, Normalizer, Imputer, Binarizer, OneHotEncoder, FeatureVectorizer and
// ArrayFeatureExtractor of ai.onnx.ml.
// May assume: arithmetic is made in double and rounded once. Never reads an element that an index only claims to be there.
#include "base/mathx.h"
#include "ops/cast.h"
#include "ops/ml_dict.h"
#include "ops/nd.h"

#include <math.h>
#include <string.h>

typedef struct feature_params {
    onr_floats offset, scale, imputed_value_floats;
    onr_ints imputed_value_int64s, inputdimensions, cats_int64s;
    onr_strings cats_strings;
    onr_string norm;
    float replaced_value_float, threshold;
    int64_t replaced_value_int64, zeros;
    onr_ml_dict dict; // made by check
} feature_params;

/// Element i as a double.
static double number(const onr_tensor *x, int64_t i) {
    switch (x->dtype) {
    case ONR_FLOAT: return (double)((const float *)x->data)[i];
    case ONR_DOUBLE: return ((const double *)x->data)[i];
    case ONR_INT64: return (double)((const int64_t *)x->data)[i];
    default: return ((const int32_t *)x->data)[i];
    }
}

/// A list of per-feature numbers has one entry or as many as the last dimension.
static onr_status check_list(const onr_infer *c, const char *name, size_t n) {
    onr_shape s = onr_infer_shape(c, 0);
    if (s.rank == 0) return onr_infer_bad(c, "X is a scalar");
    if (n <= 1 || s.rank < 0 || !onr_dim_known(s.dim[s.rank - 1]) || (int64_t)n == s.dim[s.rank - 1]) return ONR_OK;
    return onr_infer_bad(c, "%s has %zu entries, X has %lld features", name, n, (long long)s.dim[s.rank - 1]);
}

static int64_t last_dim(const onr_tensor *x) { return x->shape.dim[x->shape.rank - 1]; }

static onr_status infer_float(onr_infer *c) {
    onr_infer_set(c, 0, ONR_FLOAT, onr_infer_shape(c, 0));
    return ONR_OK;
}

// ---- Scaler
// ------------------------------------------------------------------------------------------------------------------

static onr_status infer_scaler(onr_infer *c) {
    const feature_params *p = c->params;
    ONR_TRY(check_list(c, "offset", p->offset.n));
    ONR_TRY(check_list(c, "scale", p->scale.n));
    return infer_float(c);
}

static double entry(const onr_floats *list, int64_t feature, double missing) {
    return list->n == 0 ? missing : (double)list->v[list->n == 1 ? 0 : feature];
}

static onr_status run_scaler(const onr_run *r) {
    const feature_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    float *y = onr_run_out(r, 0)->data;
    int64_t f = last_dim(x);
    for (int64_t i = 0; i < onr_tensor_numel(x); i++)
        y[i] = (float)((number(x, i) - entry(&p->offset, i % f, 0)) * entry(&p->scale, i % f, 1));
    return ONR_OK;
}

// ---- Normalizer
// --------------------------------------------------------------------------------------------------------------

static onr_status check_normalizer(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    const feature_params *p = params;
    (void)node, (void)a;
    if (onr_ml_is(p->norm, "MAX") || onr_ml_is(p->norm, "L1") || onr_ml_is(p->norm, "L2")) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "norm is not known; it is MAX, L1 or L2");
}

static onr_status infer_normalizer(onr_infer *c) {
    if (onr_infer_shape(c, 0).rank == 0) return onr_infer_bad(c, "X is a scalar");
    return infer_float(c);
}

/// MAX divides by the largest number, as the standard writes it, not by the largest magnitude.
static double norm_of(const onr_tensor *x, char kind, int64_t at, int64_t n, int64_t stride) {
    double most = -INFINITY, sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = number(x, at + i * stride);
        most = fmax(most, v);
        sum += fabs(v);
        squares += v * v;
    }
    return kind == 'M' ? most : kind == '1' ? sum : sqrt(squares);
}

static onr_status run_normalizer(const onr_run *r) {
    const feature_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    float *y = onr_run_out(r, 0)->data;
    char kind = p->norm.n == 3 ? 'M' : p->norm.s[1];
    int32_t axis = x->shape.rank > 1; // [C], or the C of [N,C]
    int64_t outer = onr_shape_span(&x->shape, 0, axis), n = x->shape.dim[axis];
    int64_t stride = onr_shape_span(&x->shape, axis + 1, x->shape.rank);
    for (int64_t row = 0; row < outer * stride && n > 0; row++) {
        int64_t at = row / stride * n * stride + row % stride;
        double norm = norm_of(x, kind, at, n, stride);
        for (int64_t i = at; i < at + n * stride; i += stride) y[i] = (float)(norm == 0 ? number(x, i) : number(x, i) / norm);
    }
    return ONR_OK;
}

// ---- Imputer
// -----------------------------------------------------------------------------------------------------------------

static onr_status infer_imputer(onr_infer *c) {
    const feature_params *p = c->params;
    bool real = onr_dtype_is_float(onr_infer_dtype(c, 0));
    size_t n = real ? p->imputed_value_floats.n : p->imputed_value_int64s.n;
    if (n == 0) return onr_infer_bad(c, "imputed_value_%s is needed", real ? "floats" : "int64s");
    ONR_TRY(check_list(c, "the imputed value", n));
    return onr_infer_same(c);
}

#define IMPUTE(T, list, replaced)                                                            \
    do {                                                                                     \
        const T *x = in->data;                                                               \
        T *y = onr_run_out(r, 0)->data;                                                      \
        for (int64_t i = 0; i < n; i++) {                                                    \
            bool same = x[i] == (T)(replaced) || (x[i] != x[i] && (replaced) != (replaced)); \
            y[i] = same ? (T)(list).v[(list).n == 1 ? 0 : i % f] : x[i];                     \
        }                                                                                    \
    } while (0)

static onr_status run_imputer(const onr_run *r) {
    const feature_params *p = r->params;
    const onr_tensor *in = onr_run_in(r, 0);
    int64_t n = onr_tensor_numel(in), f = last_dim(in);
    switch (in->dtype) {
    case ONR_FLOAT: IMPUTE(float, p->imputed_value_floats, p->replaced_value_float); break;
    case ONR_DOUBLE: IMPUTE(double, p->imputed_value_floats, p->replaced_value_float); break;
    case ONR_INT64: IMPUTE(int64_t, p->imputed_value_int64s, p->replaced_value_int64); break;
    default: IMPUTE(int32_t, p->imputed_value_int64s, p->replaced_value_int64); break;
    }
    return ONR_OK;
}

// ---- Binarizer
// ---------------------------------------------------------------------------------------------------------------

static onr_status run_binarizer(const onr_run *r) {
    const feature_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    void *y = onr_run_out(r, 0)->data;
    for (int64_t i = 0; i < onr_tensor_numel(x); i++) {
        bool one = number(x, i) > (double)p->threshold;
        switch (x->dtype) {
        case ONR_FLOAT: ((float *)y)[i] = one; break;
        case ONR_DOUBLE: ((double *)y)[i] = one; break;
        case ONR_INT64: ((int64_t *)y)[i] = one; break;
        default: ((int32_t *)y)[i] = one; break;
        }
    }
    return ONR_OK;
}

// ---- OneHotEncoder
// -----------------------------------------------------------------------------------------------------------

static onr_status check_one_hot(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    feature_params *p = params;
    (void)node;
    if ((p->cats_int64s.n > 0) == (p->cats_strings.n > 0))
        return onr_fail(err, ONR_INVALID, "categories are needed, either as integers or as strings");
    if (p->cats_strings.n) return onr_ml_dict_strings(&p->dict, p->cats_strings.v, p->cats_strings.n, a, err);
    return onr_ml_dict_ints(&p->dict, p->cats_int64s.v, p->cats_int64s.n, a, err);
}

static int64_t n_categories(const feature_params *p) { return (int64_t)(p->cats_int64s.n + p->cats_strings.n); }

static onr_status infer_one_hot(onr_infer *c) {
    const feature_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    if ((onr_infer_dtype(c, 0) == ONR_STRING) != (p->cats_strings.n > 0))
        return onr_infer_bad(c, "X is %s, the categories are %s", onr_dtype_name(onr_infer_dtype(c, 0)),
                             p->cats_strings.n ? "strings" : "integers");
    if (s.rank == ONR_MAX_RANK) return onr_infer_bad(c, "X has too many dimensions");
    if (s.rank >= 0) s.dim[s.rank++] = n_categories(p);
    onr_infer_set(c, 0, ONR_FLOAT, s);
    return ONR_OK;
}

/// The place of element i among the categories, or -1. Numbers are cut to integers first.
static int64_t category(const feature_params *p, const onr_tensor *x, int64_t i) {
    int64_t key;
    if (x->dtype == ONR_STRING) return onr_ml_dict_string(&p->dict, ((const onr_string *)x->data)[i]);
    if (!onr_dtype_is_float(x->dtype)) return onr_ml_dict_int(&p->dict, onr_tensor_int(x, i));
    double v = number(x, i);
    if (!(v > -9223372036854775808.0 && v < 9223372036854775808.0)) return -1;
    key = (int64_t)v;
    return onr_ml_dict_int(&p->dict, key);
}

static onr_status run_one_hot(const onr_run *r) {
    const feature_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    float *y = onr_run_out(r, 0)->data;
    int64_t n = n_categories(p);
    for (int64_t i = 0; i < onr_tensor_numel(x); i++) {
        int64_t k = category(p, x, i);
        if (k < 0 && !p->zeros) return onr_run_bad(r, "element %lld is in no category", (long long)i);
        memset(y + i * n, 0, (size_t)n * sizeof *y);
        if (k >= 0) y[i * n + k] = 1;
    }
    return ONR_OK;
}

// ---- FeatureVectorizer
// -------------------------------------------------------------------------------------------------------

/// What input i, with f features, adds to a row; the standard has inputdimensions say it, and what lacks is filled with zeros.
static int64_t width(const feature_params *p, int32_t i, int64_t f) {
    return p->inputdimensions.n ? p->inputdimensions.v[i] : f;
}

static onr_status infer_vectorizer(onr_infer *c) {
    const feature_params *p = c->params;
    onr_shape s = {.rank = 2};
    if (p->inputdimensions.n && (int64_t)p->inputdimensions.n != c->n_in)
        return onr_infer_bad(c, "inputdimensions has %zu entries for %d inputs", p->inputdimensions.n, c->n_in);
    for (int32_t i = 0; i < c->n_in; i++) {
        int64_t n, f;
        ONR_TRY(onr_ml_infer_rows(c, i, &n, &f));
        if (i == 0 || !onr_dim_known(s.dim[0])) s.dim[0] = n;
        if (onr_dim_known(n) && n != s.dim[0])
            return onr_infer_bad(c, "input %d has %lld rows, others have %lld", i, (long long)n, (long long)s.dim[0]);
        int64_t w = width(p, i, f), sum;
        if (onr_dim_known(w) && onr_dim_known(s.dim[1])) {
            if (!onr_add_i64(s.dim[1], w, &sum)) return onr_infer_bad(c, "inputdimensions are too large");
            s.dim[1] = sum;
        } else if (onr_dim_symbolic(w) || onr_dim_symbolic(s.dim[1])) {
            s.dim[1] = onr_infer_fresh(c);
        } else {
            return onr_infer_bad(c, "inputdimensions[%d] is negative", i);
        }
    }
    onr_infer_set(c, 0, ONR_FLOAT, s);
    return ONR_OK;
}

static onr_status run_vectorizer(const onr_run *r) {
    const feature_params *p = r->params;
    onr_tensor *out = onr_run_out(r, 0);
    int64_t rows = out->shape.dim[0], total = out->shape.dim[1], at = 0;
    float *y = out->data;
    for (int32_t i = 0; i < r->n_in; i++) {
        const onr_tensor *x = onr_run_in(r, i);
        int64_t n, f;
        onr_ml_rows(x, &n, &f);
        int64_t w = width(p, i, f), copied = onr_min_i64(w, f);
        for (int64_t row = 0; row < rows && w > 0; row++) {
            const char *src = (const char *)x->data + (size_t)(row * f) * onr_dtype_size(x->dtype);
            float *dst = y + row * total + at;
            onr_cast_numbers(x->dtype, src, ONR_FLOAT, dst, copied, false, ONR_E8M0_NEAREST, NULL);
            for (int64_t k = copied; k < w; k++) dst[k] = 0;
        }
        at += w;
    }
    return ONR_OK;
}

// ---- ArrayFeatureExtractor
// ---------------------------------------------------------------------------------------------------

static onr_status infer_extractor(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0), y = onr_infer_shape(c, 1);
    if (onr_infer_dtype(c, 1) != ONR_INT64) return onr_infer_bad(c, "Y must be int64");
    if (s.rank == 0) return onr_infer_bad(c, "X is a scalar");
    if (s.rank >= 0) {
        int64_t n = y.rank < 0 ? onr_infer_fresh(c) : onr_nd_dim_product(c, &y, 0, y.rank);
        if (s.rank == 1) s = onr_shape_make(2, (int64_t[]){1, n}); // as a table of one row
        s.dim[s.rank - 1] = n;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

static onr_status run_extractor(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0), *index = onr_run_in(r, 1), *out = onr_run_out(r, 0);
    const int64_t *at = index->data;
    size_t e = onr_dtype_size(x->dtype);
    int64_t n = onr_tensor_numel(index), f = last_dim(x), rows = onr_shape_span(&x->shape, 0, x->shape.rank - 1);
    for (int64_t i = 0; i < n; i++)
        if (at[i] < 0 || at[i] >= f) return onr_run_bad(r, "index %lld is not in [0, %lld)", (long long)at[i], (long long)f);
    void *dst;
    const onr_shape shape = out->shape;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &shape, &dst));
    for (int64_t row = 0; row < rows && dst; row++)
        for (int64_t i = 0; i < n; i++)
            memcpy((char *)dst + (size_t)(row * n + i) * e, (const char *)x->data + (size_t)(row * f + at[i]) * e, e);
    return onr_nd_end(r, 0, x->dtype, &shape, dst, ONR_OK);
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec scaler[] = {ONR_A_FLOATS(feature_params, offset), ONR_A_FLOATS(feature_params, scale),
                                       ONR_ATTR_ARRAY_END};
static const onr_attr_spec normalizer[] = {ONR_A_STRING(feature_params, norm, "MAX"), ONR_ATTR_ARRAY_END};
static const onr_attr_spec imputer[] = {ONR_A_FLOATS(feature_params, imputed_value_floats),
                                        ONR_A_INTS(feature_params, imputed_value_int64s),
                                        ONR_A_FLOAT(feature_params, replaced_value_float, 0.0f),
                                        ONR_A_INT(feature_params, replaced_value_int64, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec binarizer[] = {ONR_A_FLOAT(feature_params, threshold, 0.0f), ONR_ATTR_ARRAY_END};
static const onr_attr_spec one_hot[] = {ONR_A_INTS(feature_params, cats_int64s), ONR_A_STRINGS(feature_params, cats_strings),
                                        ONR_A_INT(feature_params, zeros, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec vectorizer[] = {ONR_A_INTS(feature_params, inputdimensions), ONR_ATTR_ARRAY_END};

#define PURE .flags = ONR_OP_PURE
static const onr_op rows[] = {
    {ONR_ML("Scaler", 1, 0), ONR_ARITY(1, 1, 1, 1), PURE, .types = ONR_T_ML, ONR_PARAMS(scaler, feature_params),
     .infer = infer_scaler, .run = run_scaler},
    {ONR_ML("Normalizer", 1, 0), ONR_ARITY(1, 1, 1, 1), PURE, .types = ONR_T_ML, ONR_PARAMS(normalizer, feature_params),
     .check = check_normalizer, .infer = infer_normalizer, .run = run_normalizer},
    {ONR_ML("Imputer", 1, 0), ONR_ARITY(1, 1, 1, 1), PURE, .inplace = 1, .types = ONR_T_ML, ONR_PARAMS(imputer, feature_params),
     .infer = infer_imputer, .run = run_imputer},
    {ONR_ML("Binarizer", 1, 0), ONR_ARITY(1, 1, 1, 1), PURE, .inplace = 1, .types = ONR_T_ML,
     ONR_PARAMS(binarizer, feature_params), .infer = onr_infer_same, .run = run_binarizer},
    {ONR_ML("OneHotEncoder", 1, 0), ONR_ARITY(1, 1, 1, 1), PURE, .types = ONR_T_ML | ONR_T_STRING,
     ONR_PARAMS(one_hot, feature_params), .check = check_one_hot, .infer = infer_one_hot, .run = run_one_hot},
    {ONR_ML("FeatureVectorizer", 1, 0), ONR_ARITY(1, -1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_SAME_TYPES, .types = ONR_T_ML,
     ONR_PARAMS(vectorizer, feature_params), .infer = infer_vectorizer, .run = run_vectorizer},
    {ONR_ML("ArrayFeatureExtractor", 1, 0), ONR_ARITY(2, 2, 1, 1), PURE, .types = ONR_T_ML | ONR_T_STRING,
     .infer = infer_extractor, .run = run_extractor},
};
ONR_OP_FAMILY(ml_feature);
