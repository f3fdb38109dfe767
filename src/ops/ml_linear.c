// ml_linear.c: LinearRegressor and LinearClassifier of ai.onnx.ml.
// May assume: sums are made in double and rounded once. Never treats a tie as a win: the first of equal classes is chosen.
#include "base/mathx.h"
#include "ops/ml.h"
#include "ops/nd.h"

typedef struct linear_params {
    onr_floats coefficients, intercepts;
    onr_string post_word;
    int64_t targets, multi_class;
    onr_ml_labels labels;
    onr_ml_post post; // made by check
} linear_params;

// ---- attributes and inference
// ------------------------------------------------------------------------------------------------

static onr_status check_regressor(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    linear_params *p = params;
    (void)node, (void)a;
    ONR_TRY(onr_ml_post_parse(p->post_word, &p->post, err));
    int64_t n = (int64_t)p->coefficients.n;
    if (p->targets < 1 || n == 0 || n % p->targets)
        return onr_fail(err, ONR_INVALID, "%lld coefficients do not make %lld targets", (long long)n, (long long)p->targets);
    if (p->intercepts.n && (int64_t)p->intercepts.n != p->targets)
        return onr_fail(err, ONR_INVALID, "%zu intercepts for %lld targets", p->intercepts.n, (long long)p->targets);
    return ONR_OK;
}

/// `targets` becomes the number of scores: one for each class, or one for two.
static onr_status check_classifier(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    linear_params *p = params;
    (void)node, (void)a;
    ONR_TRY(onr_ml_post_parse(p->post_word, &p->post, err));
    ONR_TRY(onr_ml_labels_check(&p->labels, err));
    int64_t n = (int64_t)p->coefficients.n, n_classes = onr_ml_labels_n(&p->labels);
    p->targets = p->intercepts.n == 1 && n_classes == 2 ? 1 : n_classes;
    if (p->intercepts.n && (int64_t)p->intercepts.n != p->targets)
        return onr_fail(err, ONR_INVALID, "%zu intercepts for %lld classes", p->intercepts.n, (long long)n_classes);
    if (n == 0 || n % p->targets)
        return onr_fail(err, ONR_INVALID, "%lld coefficients do not make %lld scores", (long long)n, (long long)p->targets);
    return ONR_OK;
}

/// Without intercepts only X tells whether two classes share one score.
static int64_t n_scores(const linear_params *p, int64_t f) {
    return p->targets == 2 && !p->intercepts.n && (int64_t)p->coefficients.n == f ? 1 : p->targets;
}

static onr_status infer_regressor(onr_infer *c) {
    const linear_params *p = c->params;
    int64_t n, f;
    ONR_TRY(onr_ml_infer_rows(c, 0, &n, &f));
    ONR_TRY(onr_ml_infer_features(c, f, (int64_t)p->coefficients.n / p->targets, true));
    onr_infer_set(c, 0, ONR_FLOAT, onr_shape_make(2, (int64_t[]){n, p->targets}));
    return ONR_OK;
}

static onr_status infer_classifier(onr_infer *c) {
    const linear_params *p = c->params;
    int64_t n, f, n_classes = onr_ml_labels_n(&p->labels);
    ONR_TRY(onr_ml_infer_rows(c, 0, &n, &f));
    if (onr_dim_known(f)) ONR_TRY(onr_ml_infer_features(c, f, (int64_t)p->coefficients.n / n_scores(p, f), true));
    onr_infer_set(c, 0, onr_ml_labels_dtype(&p->labels), onr_shape_make(1, &n));
    onr_infer_set(c, 1, ONR_FLOAT, onr_shape_make(2, (int64_t[]){n, n_classes}));
    return ONR_OK;
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

typedef struct linear_job {
    const linear_params *p;
    const onr_tensor *x;
    int64_t n_features, n_scores, n_classes; // n_classes 0: regression
    onr_tensor *scores;                      // may be NULL
    void *labels;                            // may be NULL
} linear_job;

/// scratch: the row, and its scores.
static void linear_row(void *ctx, int64_t row, double *x) {
    const linear_job *j = ctx;
    const linear_params *p = j->p;
    double *y = x + j->n_features;
    int64_t n = j->n_scores;
    onr_ml_row(j->x, row * j->n_features, j->n_features, x);
    for (int64_t t = 0; t < n; t++) {
        const float *w = p->coefficients.v + t * j->n_features;
        double sum = 0;
        for (int64_t i = 0; i < j->n_features; i++) sum += x[i] * (double)w[i];
        y[t] = sum + (p->intercepts.n ? (double)p->intercepts.v[t] : 0);
    }
    if (n == 1 && j->n_classes == 2) { // one score tells two classes apart: the other class gets its negative
        y[1] = y[0];
        y[0] = -y[1];
        n = 2;
    }
    if (j->n_classes) onr_ml_labels_put(&p->labels, onr_ml_argmax(y, n), j->labels, row);
    onr_ml_post_apply(p->post, y, n);
    onr_ml_store(j->scores, row, n, y);
}

static onr_status run_rows(const onr_run *r, linear_job *j) {
    int64_t n, scratch, cost;
    j->x = onr_run_in(r, 0);
    onr_ml_rows(j->x, &n, &j->n_features);
    if (!j->n_scores) j->n_scores = n_scores(j->p, j->n_features);
    if (!onr_add_i64(j->n_features, j->n_scores + 1, &scratch)) return onr_no_memory(r->err, SIZE_MAX);
    if (!onr_mul_i64(j->n_features, j->n_scores, &cost)) cost = INT64_MAX;
    return onr_ml_for_rows(r, n, cost, scratch, linear_row, j);
}

static onr_status run_regressor(const onr_run *r) {
    const linear_params *p = r->params;
    linear_job j = {.p = p, .n_scores = p->targets, .scores = onr_run_wants(r, 0) ? onr_run_out(r, 0) : NULL};
    return run_rows(r, &j);
}

static onr_status run_classifier(const onr_run *r) {
    const linear_params *p = r->params;
    linear_job j = {.p = p, .scores = onr_run_wants(r, 1) ? onr_run_out(r, 1) : NULL};
    j.n_classes = onr_ml_labels_n(&p->labels);
    int64_t n, f;
    onr_ml_rows(onr_run_in(r, 0), &n, &f);
    onr_shape shape = onr_shape_make(1, &n);
    onr_dtype dtype = onr_ml_labels_dtype(&p->labels);
    ONR_TRY(onr_nd_begin(r, 0, dtype, &shape, &j.labels));
    return onr_nd_end(r, 0, dtype, &shape, j.labels, run_rows(r, &j));
}

// clang-format off
#define POST {.name = "post_transform", .kind = ONR_ATTR_STRING, .offset = offsetof(linear_params, post_word), .s = "NONE"}
// clang-format on
static const onr_attr_spec regressor[] = {ONR_A_FLOATS(linear_params, coefficients), ONR_A_FLOATS(linear_params, intercepts),
                                          ONR_A_INT(linear_params, targets, 1), POST, ONR_ATTR_ARRAY_END};
static const onr_attr_spec classifier[] = {
    {.name = "coefficients", .kind = ONR_ATTR_FLOATS, .offset = offsetof(linear_params, coefficients), .required = true},
    ONR_A_FLOATS(linear_params, intercepts),
    ONR_A_INT(linear_params, multi_class, 0),
    {.name = "classlabels_ints", .kind = ONR_ATTR_INTS, .offset = offsetof(linear_params, labels.ints)},
    {.name = "classlabels_strings", .kind = ONR_ATTR_STRINGS, .offset = offsetof(linear_params, labels.strings)},
    POST,
    ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_ML("LinearRegressor", 1, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_ML,
     ONR_PARAMS(regressor, linear_params), .check = check_regressor, .infer = infer_regressor, .run = run_regressor},
    {ONR_ML("LinearClassifier", 1, 0), ONR_ARITY(1, 1, 1, 2), .flags = ONR_OP_PURE, .types = ONR_T_ML,
     ONR_PARAMS(classifier, linear_params), .check = check_classifier, .infer = infer_classifier, .run = run_classifier},
};
ONR_OP_FAMILY(ml_linear);
