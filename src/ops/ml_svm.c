// ml_svm.c: SVMRegressor and SVMClassifier of ai.onnx.ml: with support vectors (libsvm's form) and without (liblinear's).
// May assume: sums are made in double and rounded once. Never iterates without bound.
// Sources: Chang and Lin, "LIBSVM: a library for support vector machines" (votes of class pairs); Wu, Lin and Weng,
// "Probability estimates for multi-class classification by pairwise coupling" (JMLR 5, 2004), second method.
#include "base/mathx.h"
#include "ops/ml.h"
#include "ops/nd.h"

#include <math.h>

typedef enum svm_kernel { LINEAR, POLY, RBF, SIGMOID } svm_kernel;

typedef struct svm_params {
    onr_floats coefficients, kernel_params, prob_a, prob_b, rho, support_vectors;
    onr_ints vectors_per_class;
    onr_string kernel_word, post_word;
    int64_t n_supports, one_class;
    onr_ml_labels labels;
    // made by check:
    svm_kernel kernel;
    onr_ml_post post;
    double gamma, coef0, degree;
    int64_t n_vectors, n_features, n_classes; ///< n_vectors 0: coefficients are weights of features
    int64_t n_scores;                         ///< columns of output Z
    const int64_t *first;                     ///< of each class's support vectors
} svm_params;

// ---- attributes
// --------------------------------------------------------------------------------------------------------------

static onr_status check_common(svm_params *p, onr_err *err) {
    static const char *const words[] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
    unsigned k = 0;
    while (k < 4 && !onr_ml_is(p->kernel_word, words[k])) k++;
    if (k == 4) return onr_fail(err, ONR_INVALID, "kernel_type is not known");
    p->kernel = (svm_kernel)k;
    ONR_TRY(onr_ml_post_parse(p->post_word, &p->post, err));
    if (p->kernel_params.n != 0 && p->kernel_params.n != 3)
        return onr_fail(err, ONR_INVALID, "kernel_params has %zu entries, expected 3", p->kernel_params.n);
    if (p->kernel_params.n) {
        p->gamma = (double)p->kernel_params.v[0];
        p->coef0 = (double)p->kernel_params.v[1];
        p->degree = (double)p->kernel_params.v[2];
    }
    if (!p->coefficients.n || !p->rho.n) return onr_fail(err, ONR_INVALID, "coefficients and rho are needed");
    return ONR_OK;
}

static onr_status check_vectors(svm_params *p, onr_err *err) {
    int64_t n = (int64_t)p->support_vectors.n;
    if (n == 0 || n % p->n_vectors)
        return onr_fail(err, ONR_INVALID, "%lld numbers do not make %lld support vectors", (long long)n,
                        (long long)p->n_vectors);
    p->n_features = n / p->n_vectors;
    return ONR_OK;
}

static onr_status check_regressor(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    svm_params *p = params;
    (void)node, (void)a;
    ONR_TRY(check_common(p, err));
    p->n_vectors = p->n_supports;
    if (p->n_vectors < 0) return onr_fail(err, ONR_INVALID, "n_supports is negative");
    if (p->n_vectors == 0) {
        p->n_features = (int64_t)p->coefficients.n;
        return ONR_OK;
    }
    ONR_TRY(check_vectors(p, err));
    if ((int64_t)p->coefficients.n != p->n_vectors)
        return onr_fail(err, ONR_INVALID, "%zu coefficients for %lld support vectors", p->coefficients.n,
                        (long long)p->n_vectors);
    return ONR_OK;
}

static onr_status check_pairs(svm_params *p, onr_arena *a, onr_err *err) {
    int64_t n = p->n_classes, pairs, coefficients;
    if ((int64_t)p->vectors_per_class.n != n)
        return onr_fail(err, ONR_INVALID, "vectors_per_class has %zu entries for %lld classes", p->vectors_per_class.n,
                        (long long)n);
    if (n < 2 || n > 65535) return onr_fail(err, ONR_INVALID, "%lld classes", (long long)n);
    int64_t *first = onr_arena_calloc(a, (size_t)n, sizeof *first);
    if (!first) return onr_no_memory(err, (size_t)n * sizeof *first);
    for (int64_t i = 0, at = 0; i < n; i++) {
        first[i] = at;
        at += p->vectors_per_class.v[i];
    }
    p->first = first;
    ONR_TRY(check_vectors(p, err));
    pairs = n * (n - 1) / 2;
    if (!onr_mul_i64(n - 1, p->n_vectors, &coefficients) || (int64_t)p->coefficients.n != coefficients)
        return onr_fail(err, ONR_INVALID, "%zu coefficients, expected %lld for each of %lld support vectors", p->coefficients.n,
                        (long long)(n - 1), (long long)p->n_vectors);
    if ((int64_t)p->rho.n != pairs)
        return onr_fail(err, ONR_INVALID, "rho has %zu entries, expected %lld", p->rho.n, (long long)pairs);
    if (p->prob_a.n != p->prob_b.n || (p->prob_a.n && (int64_t)p->prob_a.n != pairs))
        return onr_fail(err, ONR_INVALID, "prob_a and prob_b have %zu and %zu entries, expected %lld", p->prob_a.n, p->prob_b.n,
                        (long long)pairs);
    p->n_scores = p->prob_a.n ? n : n == 2 ? 2 : pairs;
    return ONR_OK;
}

static onr_status check_classifier(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    svm_params *p = params;
    (void)node;
    ONR_TRY(check_common(p, err));
    ONR_TRY(onr_ml_labels_check(&p->labels, err));
    p->n_scores = p->n_classes = onr_ml_labels_n(&p->labels);
    for (size_t i = 0; i < p->vectors_per_class.n; i++)
        if (p->vectors_per_class.v[i] < 0 || !onr_add_i64(p->n_vectors, p->vectors_per_class.v[i], &p->n_vectors))
            return onr_fail(err, ONR_INVALID, "vectors_per_class[%zu] is %lld", i, (long long)p->vectors_per_class.v[i]);
    if (p->n_vectors) return check_pairs(p, a, err);
    if ((int64_t)p->coefficients.n % p->n_classes)
        return onr_fail(err, ONR_INVALID, "%zu coefficients do not make %lld classes", p->coefficients.n,
                        (long long)p->n_classes);
    p->n_features = (int64_t)p->coefficients.n / p->n_classes;
    return ONR_OK;
}

// ---- inference
// ---------------------------------------------------------------------------------------------------------------

static onr_status infer_svm(onr_infer *c) {
    const svm_params *p = c->params;
    int64_t n, f;
    ONR_TRY(onr_ml_infer_rows(c, 0, &n, &f));
    ONR_TRY(onr_ml_infer_features(c, f, p->n_features, true));
    if (!p->n_classes) {
        onr_infer_set(c, 0, ONR_FLOAT, onr_shape_make(2, (int64_t[]){n, 1}));
        return ONR_OK;
    }
    onr_infer_set(c, 0, onr_ml_labels_dtype(&p->labels), onr_shape_make(1, &n));
    onr_infer_set(c, 1, ONR_FLOAT, onr_shape_make(2, (int64_t[]){n, p->n_scores}));
    return ONR_OK;
}

// ---- one row
// -----------------------------------------------------------------------------------------------------------------

static double dot(const double *x, const float *w, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * (double)w[i];
    return sum;
}

static double kernel(const svm_params *p, const double *x, const float *v) {
    double sum = 0;
    switch (p->kernel) {
    case POLY: return pow(p->gamma * dot(x, v, p->n_features) + p->coef0, p->degree);
    case SIGMOID: return tanh(p->gamma * dot(x, v, p->n_features) + p->coef0);
    case RBF:
        for (int64_t i = 0; i < p->n_features; i++) sum += (x[i] - (double)v[i]) * (x[i] - (double)v[i]);
        return exp(-p->gamma * sum);
    default: return dot(x, v, p->n_features);
    }
}

/// One score for each pair of classes i < j, positive for i. Coefficients are [n_classes - 1][n_vectors]: a vector of class i
/// has its weight against class j in row j - 1 for j > i, in row j for j < i.
static int64_t score_pairs(const svm_params *p, const double *k, double *pair, double *votes) {
    const float *w = p->coefficients.v;
    int64_t n = p->n_classes, at = 0;
    for (int64_t i = 0; i < n; i++) votes[i] = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = i + 1; j < n; j++, at++) {
            int64_t fi = p->first[i], fj = p->first[j];
            double s = dot(k + fi, w + (j - 1) * p->n_vectors + fi, p->vectors_per_class.v[i]) +
                       dot(k + fj, w + i * p->n_vectors + fj, p->vectors_per_class.v[j]) + (double)p->rho.v[at];
            pair[at] = s;
            votes[s > 0 ? i : j]++;
        }
    }
    return onr_ml_argmax(votes, n);
}

/// Q of Wu, Lin and Weng from the pairs' probabilities r[i][j] of i against j.
static void coupling_matrix(const double *r, double *q, int64_t n) {
    for (int64_t t = 0; t < n; t++) {
        q[t * n + t] = 0;
        for (int64_t j = 0; j < n; j++) {
            if (j == t) continue;
            q[t * n + t] += r[j * n + t] * r[j * n + t];
            q[t * n + j] = -r[j * n + t] * r[t * n + j];
        }
    }
}

/// Their algorithm 2: probabilities of the classes from those of the pairs. q and qp are scratch.
static void couple(const double *r, double *q, double *qp, double *prob, int64_t n) {
    const double near = 0.005 / (double)n;
    coupling_matrix(r, q, n);
    for (int64_t t = 0; t < n; t++) prob[t] = 1 / (double)n;
    for (int64_t round = 0; round < onr_max_i64(100, n); round++) {
        double pqp = 0, worst = 0;
        for (int64_t t = 0; t < n; t++) {
            qp[t] = 0;
            for (int64_t j = 0; j < n; j++) qp[t] += q[t * n + j] * prob[j];
            pqp += prob[t] * qp[t];
        }
        for (int64_t t = 0; t < n; t++) worst = fmax(worst, fabs(qp[t] - pqp));
        if (worst < near) return;
        for (int64_t t = 0; t < n; t++) {
            double step = (pqp - qp[t]) / q[t * n + t], scale = 1 + step;
            prob[t] += step;
            pqp = (pqp + step * (step * q[t * n + t] + 2 * qp[t])) / (scale * scale);
            for (int64_t j = 0; j < n; j++) {
                qp[j] = (qp[j] + step * q[t * n + j]) / scale;
                prob[j] /= scale;
            }
        }
    }
}

/// Platt's probabilities of the pairs, coupled; work has 2 n² + n numbers.
static void pair_probabilities(const svm_params *p, const double *pair, double *prob, double *work) {
    const double least = 1e-7;
    int64_t n = p->n_classes, at = 0;
    for (int64_t i = 0; i < n; i++) {
        work[i * n + i] = 0;
        for (int64_t j = i + 1; j < n; j++, at++) {
            double v = 1 / (1 + exp(pair[at] * (double)p->prob_a.v[at] + (double)p->prob_b.v[at]));
            v = fmin(fmax(v, least), 1 - least);
            work[i * n + j] = v;
            work[j * n + i] = 1 - v;
        }
    }
    couple(work, work + n * n, work + 2 * n * n, prob, n);
}

// ---- all rows
// ----------------------------------------------------------------------------------------------------------------

typedef struct svm_job {
    const svm_params *p;
    const onr_tensor *x;
    onr_tensor *scores; // may be NULL
    void *labels;       // may be NULL
} svm_job;

static int64_t pairs_of(const svm_params *p) { return p->n_classes * (p->n_classes - 1) / 2; }

/// scratch: the row, the kernels, and the score.
static void regressor_row(void *ctx, int64_t row, double *x) {
    const svm_job *j = ctx;
    const svm_params *p = j->p;
    double *k = x + p->n_features, y = 0;
    onr_ml_row(j->x, row * p->n_features, p->n_features, x);
    for (int64_t i = 0; i < p->n_vectors; i++) k[i] = kernel(p, x, p->support_vectors.v + i * p->n_features);
    y = p->n_vectors ? dot(k, p->coefficients.v, p->n_vectors) : dot(x, p->coefficients.v, p->n_features);
    y += (double)p->rho.v[0];
    if (p->one_class)
        y = y > 0 ? 1 : -1;
    else
        onr_ml_post_apply(p->post, &y, 1);
    onr_ml_store(j->scores, row, 1, &y);
}

/// scratch: the row, the kernels, two for each class, the pairs, and what coupling needs.
static void classifier_row(void *ctx, int64_t row, double *x) {
    const svm_job *j = ctx;
    const svm_params *p = j->p;
    int64_t n = p->n_classes, best;
    double *k = x + p->n_features, *y = k + p->n_vectors, *pair = y + 2 * n;
    onr_ml_row(j->x, row * p->n_features, p->n_features, x);
    if (p->n_vectors) {
        for (int64_t i = 0; i < p->n_vectors; i++) k[i] = kernel(p, x, p->support_vectors.v + i * p->n_features);
        best = score_pairs(p, k, pair, y);
        if (p->prob_a.n)
            pair_probabilities(p, pair, y, pair + pairs_of(p));
        else if (n > 2)
            y = pair;
        else // one score for two classes: as ONNX's reference writes it
            y[0] = -pair[0], y[1] = pair[0];
    } else {
        for (int64_t i = 0; i < n; i++)
            y[i] = dot(x, p->coefficients.v + i * p->n_features, p->n_features) + (double)p->rho.v[0];
        best = onr_ml_argmax(y, n);
    }
    onr_ml_labels_put(&p->labels, best, j->labels, row);
    onr_ml_post_apply(p->post, y, p->n_scores);
    onr_ml_store(j->scores, row, p->n_scores, y);
}

static onr_status run_rows(const onr_run *r, svm_job *j, onr_ml_row_fn fn) {
    const svm_params *p = j->p;
    int64_t n, f, cost, scratch = p->n_features + p->n_vectors + 2 * p->n_classes + 1;
    if (p->n_vectors && p->n_classes) scratch += pairs_of(p);
    if (p->prob_a.n) scratch += 2 * p->n_classes * p->n_classes + p->n_classes;
    onr_ml_rows(j->x, &n, &f);
    if (!onr_mul_i64(f, onr_max_i64(p->n_vectors, onr_max_i64(p->n_classes, 1)), &cost)) cost = INT64_MAX;
    return onr_ml_for_rows(r, n, cost, scratch, fn, j);
}

static onr_status run_regressor(const onr_run *r) {
    svm_job j = {.p = r->params, .x = onr_run_in(r, 0), .scores = onr_run_wants(r, 0) ? onr_run_out(r, 0) : NULL};
    return run_rows(r, &j, regressor_row);
}

static onr_status run_classifier(const onr_run *r) {
    const svm_params *p = r->params;
    svm_job j = {.p = p, .x = onr_run_in(r, 0), .scores = onr_run_wants(r, 1) ? onr_run_out(r, 1) : NULL};
    int64_t n, f;
    onr_ml_rows(j.x, &n, &f);
    onr_shape shape = onr_shape_make(1, &n);
    onr_dtype dtype = onr_ml_labels_dtype(&p->labels);
    ONR_TRY(onr_nd_begin(r, 0, dtype, &shape, &j.labels));
    return onr_nd_end(r, 0, dtype, &shape, j.labels, run_rows(r, &j, classifier_row));
}

// clang-format off
#define COMMON \
    ONR_A_FLOATS(svm_params, coefficients), ONR_A_FLOATS(svm_params, kernel_params), ONR_A_FLOATS(svm_params, rho), \
    ONR_A_FLOATS(svm_params, support_vectors), \
    {.name = "kernel_type", .kind = ONR_ATTR_STRING, .offset = offsetof(svm_params, kernel_word), .s = "LINEAR"}, \
    {.name = "post_transform", .kind = ONR_ATTR_STRING, .offset = offsetof(svm_params, post_word), .s = "NONE"}
// clang-format on
static const onr_attr_spec regressor[] = {COMMON, ONR_A_INT(svm_params, n_supports, 0), ONR_A_INT(svm_params, one_class, 0),
                                          ONR_ATTR_ARRAY_END};
static const onr_attr_spec classifier[] = {
    COMMON,
    ONR_A_FLOATS(svm_params, prob_a),
    ONR_A_FLOATS(svm_params, prob_b),
    ONR_A_INTS(svm_params, vectors_per_class),
    {.name = "classlabels_ints", .kind = ONR_ATTR_INTS, .offset = offsetof(svm_params, labels.ints)},
    {.name = "classlabels_strings", .kind = ONR_ATTR_STRINGS, .offset = offsetof(svm_params, labels.strings)},
    ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_ML("SVMRegressor", 1, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_ML,
     ONR_PARAMS(regressor, svm_params), .check = check_regressor, .infer = infer_svm, .run = run_regressor},
    {ONR_ML("SVMClassifier", 1, 0), ONR_ARITY(1, 1, 1, 2), .flags = ONR_OP_PURE, .types = ONR_T_ML,
     ONR_PARAMS(classifier, svm_params), .check = check_classifier, .infer = infer_svm, .run = run_classifier},
};
ONR_OP_FAMILY(ml_svm);
