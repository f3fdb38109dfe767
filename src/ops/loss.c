// loss.c: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
// May assume: float16 and bfloat16 are widened around. Sums run in double. Never reads a class through a label before it was
// checked. Source: ONNX NegativeLogLikelihoodLoss (12, 13, 22), SoftmaxCrossEntropyLoss (12, 13).
#include "base/mathx.h"
#include "kernels/softmax/softmax.h"
#include "ops/rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { IN_X, IN_LABEL, IN_WEIGHT };
typedef enum reduction { NONE, SUM, MEAN } reduction;

typedef struct params {
    int64_t ignore_index;
    onr_string reduction;
    reduction how;
    bool softmax;
} params;

static onr_status check(const onr_node *n, void *at, onr_arena *arena, onr_err *err) {
    static const char *const names[] = {[NONE] = "none", [SUM] = "sum", [MEAN] = "mean"};
    params *p = at;
    (void)arena;
    p->softmax = n->op->name[0] == 'S';
    for (int i = 0; i < 3; i++)
        if (p->reduction.n == strlen(names[i]) && !memcmp(p->reduction.s, names[i], p->reduction.n))
            return p->how = (reduction)i, ONR_OK;
    return onr_fail(err, ONR_INVALID, "%s with reduction '%.*s'", n->op_type, (int)p->reduction.n, p->reduction.s);
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X), label = onr_infer_shape(c, IN_LABEL), w = onr_infer_shape(c, IN_WEIGHT);
    onr_dtype t = onr_infer_dtype(c, IN_X), tl = onr_infer_dtype(c, IN_LABEL), tw = onr_infer_dtype(c, IN_WEIGHT);
    if (tl != ONR_UNDEFINED && tl != ONR_INT32 && tl != ONR_INT64)
        return onr_infer_bad(c, "labels are %s, not int32 or int64", onr_dtype_name(tl));
    if (t != ONR_UNDEFINED && tw != ONR_UNDEFINED && t != tw) return onr_infer_bad(c, "weights are %s", onr_dtype_name(tw));
    if (x.rank >= 0 && x.rank < 2) return onr_infer_bad(c, "scores have rank %d, they need a batch and classes", x.rank);
    if (x.rank >= 0 && label.rank >= 0) {
        bool fits = label.rank == x.rank - 1;
        for (int32_t d = 0; fits && d < label.rank; d++) {
            int64_t u = x.dim[d ? d + 1 : 0], v = label.dim[d];
            fits = !onr_dim_known(u) || !onr_dim_known(v) || u == v;
        }
        char a[ONR_SHAPE_TEXT], b[ONR_SHAPE_TEXT];
        if (!fits)
            return onr_infer_bad(c, "labels of shape %s for scores of shape %s", onr_shape_text(&label, c->symbols, a),
                                 onr_shape_text(&x, c->symbols, b));
    }
    if (w.rank >= 0 &&
        (w.rank != 1 || (x.rank >= 0 && onr_dim_known(w.dim[0]) && onr_dim_known(x.dim[1]) && w.dim[0] != x.dim[1])))
        return onr_infer_bad(c, "weights must be one number for each class");
    onr_shape y = {.rank = 0};
    if (p->how == NONE) y = label;
    onr_infer_set(c, 0, t, y);
    onr_infer_set(c, 1, t, x);
    return ONR_OK;
}

/// Scratch for the logarithms of the probabilities when they are not an output.
static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    if (p->softmax && !onr_type_bytes(c->in[IN_X], &c->scratch_bytes)) return onr_no_memory(c->err, SIZE_MAX);
    return ONR_OK;
}

// Classes lie `inner` apart.
#define LOG_SOFTMAX(name, T)                                                                                      \
    static void name(const T *x, T *y, int64_t outer, int64_t n, int64_t inner) {                                 \
        for (int64_t k = 0; k < outer * inner; k++) {                                                             \
            const int64_t at = k / inner * n * inner + k % inner;                                                 \
            double most = -INFINITY, sum = 0;                                                                     \
            for (int64_t i = 0; i < n; i++) {                                                                     \
                double v = (double)x[at + i * inner];                                                             \
                if (v > most || v != v) most = v;                                                                 \
            }                                                                                                     \
            for (int64_t i = 0; i < n; i++) sum += exp((double)x[at + i * inner] - most);                         \
            for (int64_t i = 0; i < n; i++) y[at + i * inner] = (T)((double)x[at + i * inner] - most - log(sum)); \
        }                                                                                                         \
    }
LOG_SOFTMAX(log_softmax_f32, float)
LOG_SOFTMAX(log_softmax_f64, double)

/// The logarithms of the probabilities, in output 1 or in scratch.
static const void *log_probabilities(const onr_run *r, int64_t outer, int64_t classes, int64_t inner) {
    const onr_tensor *x = onr_run_in(r, IN_X);
    void *y = onr_run_wants(r, 1) ? onr_run_out(r, 1)->data : r->scratch;
    const onr_target *target = r->env->target;
    if (!outer || !classes || !inner) return y;
    if (x->dtype == ONR_DOUBLE)
        log_softmax_f64(x->data, y, outer, classes, inner);
    else if (target->reference)
        log_softmax_f32(x->data, y, outer, classes, inner);
    else
        onr_softmax_run(target->cpu.features, true, x->data, y, outer, classes, inner, r->pool);
    return y;
}

static double at(const void *data, bool in_double, int64_t i) {
    return in_double ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static void put(const onr_run *r, int64_t i, double v) {
    if (!onr_run_wants(r, 0)) return;
    if (onr_run_out(r, 0)->dtype == ONR_DOUBLE)
        ((double *)onr_run_out(r, 0)->data)[i] = v;
    else
        ((float *)onr_run_out(r, 0)->data)[i] = (float)v;
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const onr_tensor *x = onr_run_in(r, IN_X), *label = onr_run_in(r, IN_LABEL);
    const int64_t n = onr_tensor_numel(label), classes = x->shape.dim[1], outer = x->shape.dim[0];
    const int64_t inner = onr_shape_span(&x->shape, 2, x->shape.rank);
    const bool in_double = x->dtype == ONR_DOUBLE;
    const void *y = p->softmax ? log_probabilities(r, outer, classes, inner) : x->data;
    const void *weight = onr_run_has(r, IN_WEIGHT) ? onr_run_in(r, IN_WEIGHT)->data : NULL;
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t class = onr_tensor_int(label, i);
        double loss = 0, w = 0;
        if (p->ignore_index == ONR_NO_INT || class != p->ignore_index) {
            if (class < 0 || class >= classes)
                return onr_run_bad(r, "label %" PRId64 ", there are %" PRId64 " classes", class, classes);
            w = weight ? at(weight, in_double, class) : 1;
            loss = -at(y, in_double, (i / inner * classes + class) * inner + i % inner) * w;
        }
        sum += loss;
        weights += w;
        if (p->how == NONE) put(r, i, loss);
    }
    if (p->how == SUM) put(r, 0, sum);
    if (p->how == MEAN) put(r, 0, sum / weights);
    return ONR_OK;
}

static const onr_attr_spec attrs[] = {ONR_A_INT(params, ignore_index, ONR_NO_INT), ONR_A_STRING(params, reduction, "mean"),
                                      ONR_ATTR_ARRAY_END};
#define LOSS(op, from, to, o1, T)                                                                                \
    {                                                                                                            \
        ONR_AI(op, from, to), ONR_ARITY(2, 3, 1, o1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = T,           \
                                                      ONR_PARAMS(attrs, params), .check = check, .infer = infer, \
                                                      .prepare = prepare, .run = run                             \
    }
static const onr_op rows[] = {
    LOSS("NegativeLogLikelihoodLoss", 12, 12, 1, ONR_T_FLOATS3), LOSS("NegativeLogLikelihoodLoss", 13, 21, 1, ONR_T_FLOATS3),
    LOSS("NegativeLogLikelihoodLoss", 22, 0, 1, ONR_T_FLOATS),   LOSS("SoftmaxCrossEntropyLoss", 12, 12, 2, ONR_T_FLOATS3),
    LOSS("SoftmaxCrossEntropyLoss", 13, 0, 2, ONR_T_FLOATS),
};
ONR_OP_FAMILY(loss);
