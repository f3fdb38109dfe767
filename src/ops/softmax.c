// softmax.c: Softmax and LogSoftmax along an axis, and before opset 13 over everything from an axis on.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never overflows: the largest element of a row is subtracted first. A row with a NaN, or of -infinity alone, gives NaN.
#include "kernels/softmax/softmax.h"

#include "base/mathx.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <math.h>

typedef struct softmax_params {
    int64_t axis;
} softmax_params;

static onr_status infer(onr_infer *c) {
    const softmax_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    int32_t axis;
    if (s.rank >= 0) ONR_TRY(onr_infer_axis(c, p->axis, s.rank, &axis));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

typedef struct job {
    bool log, wide; // wide: double
    int64_t n, inner;
    const void *x;
    void *y;
} job;

// One row: n elements, `inner` apart. Sums run in double for both types.
#define ROW(name, T)                                                                   \
    static void name(const job *j, int64_t at) {                                       \
        const T *x = (const T *)j->x + at;                                             \
        T *y = (T *)j->y + at;                                                         \
        double most = -INFINITY, sum = 0;                                              \
        for (int64_t i = 0; i < j->n; i++) {                                           \
            double v = (double)x[i * j->inner];                                        \
            if (v > most || isnan(v)) most = v;                                        \
            if (isnan(v)) break;                                                       \
        }                                                                              \
        for (int64_t i = 0; i < j->n; i++) sum += exp((double)x[i * j->inner] - most); \
        const double log_sum = log(sum);                                               \
        for (int64_t i = 0; i < j->n; i++) {                                           \
            double v = (double)x[i * j->inner] - most;                                 \
            y[i * j->inner] = (T)(j->log ? v - log_sum : exp(v) / sum);                \
        }                                                                              \
    }
ROW(row_f32, float)
ROW(row_f64, double)

static void rows_task(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (int64_t k = (int64_t)begin; k < (int64_t)end; k++) {
        int64_t at = k / j->inner * j->n * j->inner + k % j->inner;
        if (j->wide)
            row_f64(j, at);
        else
            row_f32(j, at);
    }
}

static onr_status run_softmax(const onr_run *r, bool log) {
    const softmax_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    const onr_shape *s = &x->shape;
    const bool flat = r->node->op->until != 0; // before opset 13: everything from the axis on is one row
    int32_t axis = onr_axis(p->axis, s->rank);
    int64_t outer = onr_shape_span(s, 0, axis), n = onr_shape_span(s, axis, flat ? s->rank : axis + 1);
    job j = {.log = log, .wide = x->dtype == ONR_DOUBLE, .n = n, .x = x->data, .y = onr_run_out(r, 0)->data};
    j.inner = flat ? 1 : onr_shape_span(s, axis + 1, s->rank);
    if (outer == 0 || n == 0 || j.inner == 0) return ONR_OK;
    if (x->dtype == ONR_FLOAT && !r->env->target->reference)
        onr_softmax_run(r->env->target->cpu.features, log, x->data, onr_run_out(r, 0)->data, outer, n, j.inner, r->pool);
    else
        onr_pool_for(r->pool, (size_t)(outer * j.inner), (size_t)onr_max_i64(1, 2048 / n), rows_task, &j);
    return ONR_OK;
}

static onr_status run_plain(const onr_run *r) { return run_softmax(r, false); }
static onr_status run_log(const onr_run *r) { return run_softmax(r, true); }

static const onr_attr_spec axis1[] = {ONR_A_INT(softmax_params, axis, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec axis13[] = {ONR_A_INT(softmax_params, axis, -1), ONR_ATTR_ARRAY_END};

#define ROWS(op, from, to, set, table, fn)                                                                            \
    {                                                                                                                 \
        ONR_AI(op, from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .inplace = 1, .types = set, \
                                                     ONR_PARAMS(table, softmax_params), .infer = infer, .run = fn     \
    }

static const onr_op rows[] = {
    ROWS("Softmax", 1, 10, ONR_T_FLOATS3, axis1, run_plain),   ROWS("Softmax", 11, 12, ONR_T_FLOATS3, axis1, run_plain),
    ROWS("Softmax", 13, 0, ONR_T_FLOATS, axis13, run_plain),   ROWS("LogSoftmax", 1, 10, ONR_T_FLOATS3, axis1, run_log),
    ROWS("LogSoftmax", 11, 12, ONR_T_FLOATS3, axis1, run_log), ROWS("LogSoftmax", 13, 0, ONR_T_FLOATS, axis13, run_log),
};
ONR_OP_FAMILY(softmax);
