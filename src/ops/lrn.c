// lrn.c: LRN, LpNormalization and MeanVarianceNormalization: normalizations along channels, one axis, or given axes.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never divides by a norm of zero: LpNormalization gives zeros there.
#include "base/mathx.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <math.h>
#include <tgmath.h>

typedef struct lrn_params {
    float alpha, beta, bias;
    int64_t size, axis, p;
    onr_ints axes;
} lrn_params;

// ---- LRN --------------------------------------------------------------------------------------------------------------------

enum { PIECE = 256 }; // elements of a map whose sums stay in the first-level cache

typedef struct lrn_job {
    int64_t c, hw, before, after, pieces;
    double alpha; // of one channel: alpha / size
    float beta, bias;
    const void *x;
    void *y;
} lrn_job;

static onr_status check_lrn(const onr_node *n, void *params, onr_arena *a, onr_err *err) {
    int64_t size = ((lrn_params *)params)->size;
    (void)n, (void)a;
    return size >= 1 && size <= INT32_MAX ? ONR_OK : onr_fail(err, ONR_INVALID, "size is %lld", (long long)size);
}

static onr_status infer_lrn(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0);
    if (s.rank >= 0 && s.rank < 2) return onr_infer_bad(c, "X has rank %d, at least 2 is needed", s.rank);
    return onr_infer_same(c);
}

// x / (bias + alpha * sum of squares over `size` channels) ^ beta. The usual beta of 0.75 takes roots instead of a power.
#define LRN_TASK(name, T)                                                                          \
    static void name(void *ctx, size_t begin, size_t end) {                                        \
        const lrn_job *j = ctx;                                                                    \
        T sum[PIECE];                                                                              \
        for (size_t u = begin; u < end; u++) {                                                     \
            int64_t piece = (int64_t)u % j->pieces, map = (int64_t)u / j->pieces, c = map % j->c;  \
            int64_t at = piece * PIECE, n = onr_min_i64(PIECE, j->hw - at);                        \
            const T *x = (const T *)j->x + map * j->hw + at;                                       \
            T *y = (T *)j->y + map * j->hw + at;                                                   \
            int64_t from = onr_max_i64(-j->before, -c), to = onr_min_i64(j->after, j->c - 1 - c);  \
            for (int64_t i = 0; i < n; i++) sum[i] = 0;                                            \
            for (int64_t k = from; k <= to; k++)                                                   \
                for (int64_t i = 0; i < n; i++) sum[i] += x[k * j->hw + i] * x[k * j->hw + i];     \
            for (int64_t i = 0; i < n; i++) sum[i] = (T)j->bias + (T)j->alpha * sum[i];            \
            if (j->beta == 0.75f)                                                                  \
                for (int64_t i = 0; i < n; i++) y[i] = x[i] / (sqrt(sum[i]) * sqrt(sqrt(sum[i]))); \
            else                                                                                   \
                for (int64_t i = 0; i < n; i++) y[i] = x[i] / pow(sum[i], (T)j->beta);             \
        }                                                                                          \
    }
LRN_TASK(lrn_f32, float)
LRN_TASK(lrn_f64, double)

static onr_status run_lrn(const onr_run *r) {
    const lrn_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    int64_t hw = onr_shape_span(&x->shape, 2, x->shape.rank);
    lrn_job j = {.c = x->shape.dim[1],
                 .hw = hw,
                 .before = (p->size - 1) / 2,
                 .after = p->size / 2,
                 .pieces = onr_ceil_div(hw, PIECE),
                 .alpha = (double)p->alpha / (double)p->size,
                 .beta = p->beta,
                 .bias = p->bias,
                 .x = x->data,
                 .y = onr_run_out(r, 0)->data};
    if (onr_tensor_numel(x) == 0) return ONR_OK;
    onr_pool_for(r->pool, (size_t)(x->shape.dim[0] * j.c * j.pieces), 8, x->dtype == ONR_DOUBLE ? lrn_f64 : lrn_f32, &j);
    return ONR_OK;
}

// ---- LpNormalization --------------------------------------------------------------------------------------------------------

typedef struct lp_job {
    int64_t n, inner;
    bool l1;
    const void *x;
    void *y;
} lp_job;

static onr_status check_lp(const onr_node *n, void *params, onr_arena *a, onr_err *err) {
    int64_t p = ((lrn_params *)params)->p;
    (void)n, (void)a;
    return p == 1 || p == 2 ? ONR_OK : onr_fail(err, ONR_INVALID, "p is %lld, not 1 or 2", (long long)p);
}

static onr_status infer_lp(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0);
    int32_t axis;
    if (s.rank >= 0) ONR_TRY(onr_infer_axis(c, ((const lrn_params *)c->params)->axis, s.rank, &axis));
    return onr_infer_same(c);
}

#define LP_TASK(name, T)                                                                                      \
    static void name(void *ctx, size_t begin, size_t end) {                                                   \
        const lp_job *j = ctx;                                                                                \
        for (int64_t k = (int64_t)begin; k < (int64_t)end; k++) {                                             \
            const int64_t at = k / j->inner * j->n * j->inner + k % j->inner, step = j->inner;                \
            const T *x = (const T *)j->x + at;                                                                \
            T *y = (T *)j->y + at;                                                                            \
            double norm = 0;                                                                                  \
            if (j->l1)                                                                                        \
                for (int64_t i = 0; i < j->n; i++) norm += fabs((double)x[i * step]);                         \
            else                                                                                              \
                for (int64_t i = 0; i < j->n; i++) norm += (double)x[i * step] * (double)x[i * step];         \
            if (!j->l1) norm = sqrt(norm);                                                                    \
            for (int64_t i = 0; i < j->n; i++) y[i * step] = norm == 0 ? 0 : (T)((double)x[i * step] / norm); \
        }                                                                                                     \
    }
LP_TASK(lp_f32, float)
LP_TASK(lp_f64, double)

static onr_status run_lp(const onr_run *r) {
    const lrn_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    lp_job j = {.n = x->shape.dim[axis], .l1 = p->p == 1, .x = x->data, .y = onr_run_out(r, 0)->data};
    j.inner = onr_shape_span(&x->shape, axis + 1, x->shape.rank);
    int64_t rows = onr_shape_span(&x->shape, 0, axis) * j.inner;
    if (onr_tensor_numel(x) == 0) return ONR_OK;
    onr_pool_for(r->pool, (size_t)rows, (size_t)onr_max_i64(1, 8192 / j.n), x->dtype == ONR_DOUBLE ? lp_f64 : lp_f32, &j);
    return ONR_OK;
}

// ---- MeanVarianceNormalization ----------------------------------------------------------------------------------------------

// The elements that share a mean, as runs of strided elements: dimensions that are normalized, and those that are kept.
typedef struct mvn_job {
    int32_t n_kept, n_in;
    int64_t kept[ONR_MAX_RANK], kept_stride[ONR_MAX_RANK], in[ONR_MAX_RANK], in_stride[ONR_MAX_RANK];
    int64_t total; // elements that share a mean
    const void *x;
    void *y;
} mvn_job;

static onr_status infer_mvn(onr_infer *c) {
    const lrn_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    int32_t axis;
    for (size_t i = 0; i < p->axes.n && s.rank >= 0; i++) ONR_TRY(onr_infer_axis(c, p->axes.v[i], s.rank, &axis));
    return onr_infer_same(c);
}

static int64_t offset_of(int32_t rank, const int64_t *dim, const int64_t *stride, int64_t index) {
    int64_t at = 0;
    for (int32_t d = rank - 1; d >= 0; d--) {
        at += index % dim[d] * stride[d];
        index /= dim[d];
    }
    return at;
}

// (x - mean) / (standard deviation + 1e-9), as the operator's function body has it.
#define MVN_TASK(name, T)                                                                                              \
    static void name(void *ctx, size_t begin, size_t end) {                                                            \
        const mvn_job *j = ctx;                                                                                        \
        int32_t last = j->n_in - 1;                                                                                    \
        int64_t n = j->in[last], step = j->in_stride[last], runs = j->total / n;                                       \
        for (int64_t k = (int64_t)begin; k < (int64_t)end; k++) {                                                      \
            int64_t base = offset_of(j->n_kept, j->kept, j->kept_stride, k);                                           \
            double mean = 0, square = 0;                                                                               \
            for (int64_t q = 0; q < runs; q++) {                                                                       \
                const T *x = (const T *)j->x + base + offset_of(last, j->in, j->in_stride, q);                         \
                for (int64_t i = 0; i < n; i++) mean += (double)x[i * step];                                           \
            }                                                                                                          \
            mean /= (double)j->total;                                                                                  \
            for (int64_t q = 0; q < runs; q++) {                                                                       \
                const T *x = (const T *)j->x + base + offset_of(last, j->in, j->in_stride, q);                         \
                for (int64_t i = 0; i < n; i++) square += ((double)x[i * step] - mean) * ((double)x[i * step] - mean); \
            }                                                                                                          \
            const double scale = 1 / (sqrt(square / (double)j->total) + 1e-9);                                         \
            for (int64_t q = 0; q < runs; q++) {                                                                       \
                int64_t at = base + offset_of(last, j->in, j->in_stride, q);                                           \
                const T *x = (const T *)j->x + at;                                                                     \
                T *y = (T *)j->y + at;                                                                                 \
                for (int64_t i = 0; i < n; i++) y[i * step] = (T)(((double)x[i * step] - mean) * scale);               \
            }                                                                                                          \
        }                                                                                                              \
    }
MVN_TASK(mvn_f32, float)
MVN_TASK(mvn_f64, double)

static onr_status run_mvn(const onr_run *r) {
    const lrn_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    int64_t stride[ONR_MAX_RANK], outputs = 1;
    bool normalized[ONR_MAX_RANK] = {false};
    mvn_job j = {.total = 1, .x = x->data, .y = onr_run_out(r, 0)->data};
    if (onr_tensor_numel(x) == 0) return ONR_OK;
    onr_shape_strides(&x->shape, stride);
    for (size_t i = 0; i < p->axes.n; i++) normalized[onr_axis(p->axes.v[i], x->shape.rank)] = true;
    for (int32_t d = 0; d < x->shape.rank; d++) {
        if (normalized[d]) {
            j.in[j.n_in] = x->shape.dim[d];
            j.in_stride[j.n_in++] = stride[d];
            j.total *= x->shape.dim[d];
        } else {
            j.kept[j.n_kept] = x->shape.dim[d];
            j.kept_stride[j.n_kept++] = stride[d];
            outputs *= x->shape.dim[d];
        }
    }
    if (!j.n_in) { // no axes: every element is its own mean
        j.n_in = 1;
        j.in[0] = 1;
    }
    onr_pool_for(r->pool, (size_t)outputs, (size_t)onr_max_i64(1, 4096 / j.total), x->dtype == ONR_DOUBLE ? mvn_f64 : mvn_f32,
                 &j);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const int64_t mvn_axes[] = {0, 2, 3};
static const onr_attr_spec lrn1[] = {
    ONR_A_FLOAT(lrn_params, alpha, 1e-4f),
    ONR_A_FLOAT(lrn_params, beta, 0.75f),
    ONR_A_FLOAT(lrn_params, bias, 1.0f),
    {.name = "size", .kind = ONR_ATTR_INT, .offset = offsetof(lrn_params, size), .required = true},
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec lp1[] = {ONR_A_INT(lrn_params, axis, -1), ONR_A_INT(lrn_params, p, 2), ONR_ATTR_ARRAY_END};
static const onr_attr_spec mvn9[] = {
    {.name = "axes", .kind = ONR_ATTR_INTS, .offset = offsetof(lrn_params, axes), .ints = mvn_axes, .n_ints = 3},
    ONR_ATTR_ARRAY_END};

#define ROW(op, from, to, set, table)                                                               \
    ONR_AI(op, from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set, \
                                                 ONR_PARAMS(table, lrn_params)

static const onr_op rows[] = {
    {ROW("LRN", 1, 12, ONR_T_FLOATS3, lrn1), .check = check_lrn, .infer = infer_lrn, .run = run_lrn},
    {ROW("LRN", 13, 0, ONR_T_FLOATS, lrn1), .check = check_lrn, .infer = infer_lrn, .run = run_lrn},
    {ROW("LpNormalization", 1, 21, ONR_T_FLOATS3, lp1), .inplace = 1, .check = check_lp, .infer = infer_lp, .run = run_lp},
    {ROW("LpNormalization", 22, 0, ONR_T_FLOATS, lp1), .inplace = 1, .check = check_lp, .infer = infer_lp, .run = run_lp},
    {ROW("MeanVarianceNormalization", 9, 12, ONR_T_FLOATS3, mvn9), .inplace = 1, .infer = infer_mvn, .run = run_mvn},
    {ROW("MeanVarianceNormalization", 13, 0, ONR_T_FLOATS, mvn9), .inplace = 1, .infer = infer_mvn, .run = run_mvn},
};
ONR_OP_FAMILY(lrn);
