// ml.c: rows of features, post transforms and labels for the operators of ai.onnx.ml.
// May assume: shapes passed inference. Never fails on numbers.
#include "ops/ml.h"

#include "base/mathx.h"
#include "ops/cast.h"

#include <math.h>
#include <string.h>

onr_status onr_ml_infer_rows(const onr_infer *c, int32_t i, int64_t *n, int64_t *f) {
    onr_shape s = onr_infer_shape(c, i);
    if (s.rank >= 0 && s.rank != 1 && s.rank != 2) return onr_infer_bad(c, "input %d has rank %d, expected [N,F]", i, s.rank);
    *n = s.rank == 2 ? s.dim[0] : s.rank == 1 ? 1 : onr_infer_fresh(c);
    *f = s.rank == 2 ? s.dim[1] : s.rank == 1 ? s.dim[0] : onr_infer_fresh(c);
    return ONR_OK;
}

onr_status onr_ml_infer_features(const onr_infer *c, int64_t f, int64_t wanted, bool exactly) {
    if (!onr_dim_known(f) || (exactly ? f == wanted : f >= wanted)) return ONR_OK;
    return onr_infer_bad(c, "X has %lld features, the model needs %s%lld", (long long)f, exactly ? "" : "at least ",
                         (long long)wanted);
}

void onr_ml_rows(const onr_tensor *x, int64_t *n, int64_t *f) {
    *n = x->shape.rank == 2 ? x->shape.dim[0] : 1;
    *f = x->shape.dim[x->shape.rank - 1];
}

void onr_ml_row(const onr_tensor *x, int64_t from, int64_t n, double *dst) {
    const char *src = (const char *)x->data + (size_t)from * onr_dtype_size(x->dtype);
    onr_cast_numbers(x->dtype, src, ONR_DOUBLE, dst, n, false, ONR_E8M0_NEAREST, NULL);
}

typedef struct rows_job {
    onr_ml_row_fn fn;
    void *ctx;
    double *scratch;
    int64_t n, per_task, scratch_n;
} rows_job;

static void rows_task(void *ctx, size_t worker, size_t task) {
    const rows_job *j = ctx;
    int64_t first = (int64_t)task * j->per_task;
    for (int64_t i = first; i < onr_min_i64(j->n, first + j->per_task); i++)
        j->fn(j->ctx, i, j->scratch + (int64_t)worker * j->scratch_n);
}

onr_status onr_ml_for_rows(const onr_run *r, int64_t n, int64_t cost, int64_t scratch_n, onr_ml_row_fn fn, void *ctx) {
    enum { TASK_NS = 20000 };
    rows_job j = {.fn = fn, .ctx = ctx, .n = n, .scratch_n = scratch_n};
    j.per_task = onr_max_i64(1, TASK_NS / onr_max_i64(1, cost));
    size_t tasks = (size_t)onr_ceil_div(n, j.per_task), bytes;
    onr_pool *pool = tasks > 1 ? r->pool : NULL;
    if (!onr_mul_size((size_t)scratch_n, (size_t)onr_pool_threads(pool) * sizeof(double), &bytes))
        return onr_no_memory(r->err, SIZE_MAX);
    j.scratch = onr_malloc(bytes + 1);
    if (!j.scratch) return onr_no_memory(r->err, bytes);
    onr_pool_for_worker(pool, tasks, rows_task, &j);
    onr_free(j.scratch);
    return ONR_OK;
}

void onr_ml_store(onr_tensor *y, int64_t row, int64_t n, const double *v) {
    for (int64_t i = 0; y && i < n; i++) {
        if (y->dtype == ONR_DOUBLE)
            ((double *)y->data)[row * n + i] = v[i];
        else
            ((float *)y->data)[row * n + i] = (float)v[i];
    }
}

// ---- post transforms
// ---------------------------------------------------------------------------------------------------------

onr_status onr_ml_post_parse(onr_string word, onr_ml_post *out, onr_err *err) {
    static const char *const words[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
    for (int i = 0; i < 5; i++)
        if (onr_ml_is(word, words[i])) return *out = (onr_ml_post)i, ONR_OK;
    return onr_fail(err, ONR_INVALID, "post_transform '%.*s' is not known", (int)(word.n < 40 ? word.n : 40), word.s);
}

/// The inverse of the normal distribution's cumulative function: a first guess by Winitzki's formula for erf's inverse
/// (2008), then Halley steps on erfc, which keeps the lower tail's relative precision.
static double probit(double p) {
    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
    if (p > 0.5) return -probit(1 - p);
    const double a = 0.147, l = log(4 * p * (1 - p)), b = 2 / (M_PI * a) + l / 2;
    double x = -M_SQRT2 * sqrt(sqrt(b * b - l / a) - b);
    for (int i = 0; i < 4; i++) {
        double e = 0.5 * erfc(-x / M_SQRT2) - p, u = e * sqrt(2 * M_PI) * exp(x * x / 2);
        x -= u / (1 + x * u / 2);
    }
    return x;
}

static void softmax(double *v, int64_t n, bool keep_zeros) {
    const double nothing = 1e-7; // what ONNX's reference takes for zero
    double most = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, v[i]);
    for (int64_t i = 0; i < n; i++) {
        v[i] = keep_zeros && fabs(v[i]) <= nothing ? v[i] * exp(-most) : exp(v[i] - most);
        sum += v[i];
    }
    for (int64_t i = 0; i < n; i++) v[i] = sum == 0 ? 0.5 : v[i] / sum;
}

void onr_ml_post_apply(onr_ml_post post, double *v, int64_t n) {
    switch (post) {
    case ONR_ML_NONE: return;
    case ONR_ML_SOFTMAX: softmax(v, n, false); return;
    case ONR_ML_SOFTMAX_ZERO: softmax(v, n, true); return;
    case ONR_ML_LOGISTIC:
        for (int64_t i = 0; i < n; i++) v[i] = 1 / (1 + exp(-v[i]));
        return;
    case ONR_ML_PROBIT:
        for (int64_t i = 0; i < n; i++) v[i] = probit(v[i]);
        return;
    }
}

// ---- labels
// ------------------------------------------------------------------------------------------------------------------

onr_status onr_ml_labels_check(const onr_ml_labels *l, onr_err *err) {
    if ((l->ints.n > 0) != (l->strings.n > 0)) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "class labels are needed either as integers or as strings: %zu and %zu are given",
                    l->ints.n, l->strings.n);
}

void onr_ml_labels_put(const onr_ml_labels *l, int64_t which, void *dst, int64_t i) {
    if (!dst) return;
    if (l->strings.n)
        ((onr_string *)dst)[i] = l->strings.v[which];
    else
        ((int64_t *)dst)[i] = l->ints.v[which];
}

int64_t onr_ml_argmax(const double *v, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (v[i] > v[best] || (isnan(v[best]) && !isnan(v[i]))) best = i;
    return best;
}
