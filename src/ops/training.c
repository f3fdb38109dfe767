// training.c: Adagrad, Adam and Momentum of ai.onnx.preview.training: one step for any number of tensors.
// May assume: R and T have one element each; the tensors of one kind stand together, the kinds one after the other.
// Never mixes tensors: each is updated by itself. Arithmetic is made in double and rounded once.
#include "ops/rows.h"

#include <math.h>
#include <string.h>

typedef struct training_params {
    float norm_coefficient, norm_coefficient_post, epsilon, decay_factor, alpha, beta;
    onr_string mode;
    bool nesterov; // made by check
} training_params;

/// What the steps of an operator share.
typedef struct step {
    const training_params *p;
    double rate; ///< of learning, adjusted
    double beta; ///< Momentum: 1 in the first step
} step;

/// One element: x, its gradient g, and its accumulated values v and h; v or h may be unused.
typedef struct state {
    double x, g, v, h;
} state;

// ---- the three rules
// ---------------------------------------------------------------------------------------------------------

static state adagrad(const step *s, state e) {
    double g = (double)s->p->norm_coefficient * e.x + e.g;
    e.h += g * g;
    e.x -= s->rate * g / (sqrt(e.h) + (double)s->p->epsilon);
    return e;
}

static state adam(const step *s, state e) {
    double a = (double)s->p->alpha, b = (double)s->p->beta, g = (double)s->p->norm_coefficient * e.x + e.g;
    e.v = a * e.v + (1 - a) * g;
    e.h = b * e.h + (1 - b) * g * g;
    e.x -= s->rate * e.v / (sqrt(e.h) + (double)s->p->epsilon);
    e.x *= 1 - (double)s->p->norm_coefficient_post;
    return e;
}

static state momentum(const step *s, state e) {
    double a = (double)s->p->alpha, g = (double)s->p->norm_coefficient * e.x + e.g;
    e.v = a * e.v + s->beta * g;
    e.x -= s->rate * (s->p->nesterov ? g + a * e.v : e.v);
    return e;
}

// ---- inference
// ---------------------------------------------------------------------------------------------------------------

static onr_status check_momentum(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    training_params *p = params;
    (void)node, (void)a;
    p->nesterov = p->mode.n == 8 && memcmp(p->mode.s, "nesterov", 8) == 0;
    if (p->nesterov || (p->mode.n == 8 && memcmp(p->mode.s, "standard", 8) == 0)) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "Momentum: mode is nesterov or standard");
}

static onr_status check_scalar(const onr_infer *c, int32_t i, const char *name, onr_dtypes types) {
    onr_shape s = onr_infer_shape(c, i);
    onr_dtype t = onr_infer_dtype(c, i);
    int64_t n;
    if (t != ONR_UNDEFINED && !onr_dtype_in(t, types)) return onr_infer_bad(c, "%s is %s", name, onr_dtype_name(t));
    if (onr_shape_known(&s) && (!onr_shape_numel(&s, &n) || n != 1)) return onr_infer_bad(c, "%s must be one number", name);
    return ONR_OK;
}

/// Inputs are R, T, then `kinds` groups of tensors, the second of which are gradients; outputs are the groups but gradients.
static onr_status infer_groups(onr_infer *c, int32_t kinds) {
    const onr_dtypes floats = ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_DOUBLE);
    int32_t n = (c->n_in - 2) / kinds;
    ONR_TRY(check_scalar(c, 0, "R", floats));
    ONR_TRY(check_scalar(c, 1, "T", ONR_BIT(ONR_INT64)));
    if (n < 1 || (c->n_in - 2) % kinds)
        return onr_infer_bad(c, "%d tensors are no %d for each that is optimized", c->n_in - 2, kinds);
    if (c->n_out > n * (kinds - 1)) return onr_infer_bad(c, "it has %d outputs, %d are asked for", n * (kinds - 1), c->n_out);
    for (int32_t i = 0; i < n; i++) {
        onr_shape s = onr_infer_shape(c, 2 + i);
        onr_dtype t = onr_infer_dtype(c, 2 + i);
        if (t != ONR_UNDEFINED && !onr_dtype_in(t, floats)) return onr_infer_bad(c, "tensor %d is %s", i, onr_dtype_name(t));
        for (int32_t k = 1; k < kinds; k++) {
            onr_shape other = onr_infer_shape(c, 2 + k * n + i);
            onr_dtype ot = onr_infer_dtype(c, 2 + k * n + i);
            if (onr_shape_known(&s) && onr_shape_known(&other) && !onr_shape_equal(&s, &other))
                return onr_infer_bad(c, "input %d has another shape than tensor %d", 2 + k * n + i, i);
            if (ot != ONR_UNDEFINED && t != ONR_UNDEFINED && ot != t)
                return onr_infer_bad(c, "input %d has another type than tensor %d", 2 + k * n + i, i);
        }
        for (int32_t k = 0; k < kinds - 1; k++) onr_infer_set(c, k * n + i, t, s);
    }
    return ONR_OK;
}

static onr_status infer_three(onr_infer *c) { return infer_groups(c, 3); }
static onr_status infer_four(onr_infer *c) { return infer_groups(c, 4); }

// ---- running
// -----------------------------------------------------------------------------------------------------------------

typedef state (*rule)(const step *s, state e);
typedef enum kinds { X_G_H, X_G_V, X_G_V_H } kinds;

static double get(const onr_tensor *t, int64_t i) {
    return t->dtype == ONR_DOUBLE ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

static void put(const onr_run *r, int32_t out, int64_t i, double v) {
    if (!onr_run_wants(r, out)) return;
    onr_tensor *t = onr_run_out(r, out);
    if (t->dtype == ONR_DOUBLE)
        ((double *)t->data)[i] = v;
    else
        ((float *)t->data)[i] = (float)v;
}

static onr_status run_groups(const onr_run *r, const step *s, rule fn, kinds which) {
    int32_t n = (r->n_in - 2) / (which == X_G_V_H ? 4 : 3);
    for (int32_t k = 0; k < n; k++) {
        const onr_tensor *x = onr_run_in(r, 2 + k), *g = onr_run_in(r, 2 + n + k), *third = onr_run_in(r, 2 + 2 * n + k);
        const onr_tensor *fourth = which == X_G_V_H ? onr_run_in(r, 2 + 3 * n + k) : NULL;
        for (int64_t i = 0; i < onr_tensor_numel(x); i++) {
            state e = {.x = get(x, i), .g = get(g, i)};
            *(which == X_G_H ? &e.h : &e.v) = get(third, i);
            if (fourth) e.h = get(fourth, i);
            e = fn(s, e);
            put(r, k, i, e.x);
            put(r, n + k, i, which == X_G_H ? e.h : e.v);
            if (fourth) put(r, 2 * n + k, i, e.h);
        }
    }
    return ONR_OK;
}

static double rate_of(const onr_run *r) { return onr_tensor_num(onr_run_in(r, 0), 0); }
static int64_t count_of(const onr_run *r) { return onr_tensor_int(onr_run_in(r, 1), 0); }

static onr_status run_adagrad(const onr_run *r) {
    const training_params *p = r->params;
    step s = {.p = p, .rate = rate_of(r) / (1 + (double)count_of(r) * (double)p->decay_factor)};
    return run_groups(r, &s, adagrad, X_G_H);
}

static onr_status run_adam(const onr_run *r) {
    const training_params *p = r->params;
    step s = {.p = p, .rate = rate_of(r)};
    double t = (double)count_of(r);
    if (t > 0) s.rate *= sqrt(1 - pow((double)p->beta, t)) / (1 - pow((double)p->alpha, t));
    return run_groups(r, &s, adam, X_G_V_H);
}

static onr_status run_momentum(const onr_run *r) {
    const training_params *p = r->params;
    step s = {.p = p, .rate = rate_of(r), .beta = count_of(r) > 0 ? (double)p->beta : 1};
    return run_groups(r, &s, momentum, X_G_V);
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

#define FLOAT(field, dflt) ONR_A_FLOAT(training_params, field, dflt)
// clang-format off
#define NEED(k, field) {.name = #field, .kind = k, .offset = offsetof(training_params, field), .required = true}
#define ROW(op, table, fn, inference, ...) \
    {.domain = "ai.onnx.preview.training", .name = op, .since = 1, .until = 0, ONR_ARITY(3, -1, 1, -1), \
     .flags = ONR_OP_PURE, .types = ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_DOUBLE), ONR_PARAMS(table, training_params), \
     .infer = inference, .run = fn, __VA_ARGS__}
// clang-format on
static const onr_attr_spec adagrad_attrs[] = {FLOAT(decay_factor, 0.0f), FLOAT(epsilon, 1e-6f), FLOAT(norm_coefficient, 0.0f),
                                              ONR_ATTR_ARRAY_END};
static const onr_attr_spec adam_attrs[] = {FLOAT(alpha, 0.9f),
                                           FLOAT(beta, 0.999f),
                                           FLOAT(epsilon, 1e-6f),
                                           FLOAT(norm_coefficient, 0.0f),
                                           FLOAT(norm_coefficient_post, 0.0f),
                                           ONR_ATTR_ARRAY_END};
static const onr_attr_spec momentum_attrs[] = {NEED(ONR_ATTR_FLOAT, alpha), NEED(ONR_ATTR_FLOAT, beta),
                                               NEED(ONR_ATTR_FLOAT, norm_coefficient), NEED(ONR_ATTR_STRING, mode),
                                               ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    ROW("Adagrad", adagrad_attrs, run_adagrad, infer_three, .check = NULL),
    ROW("Adam", adam_attrs, run_adam, infer_four, .check = NULL),
    ROW("Momentum", momentum_attrs, run_momentum, infer_three, .check = check_momentum),
};
ONR_OP_FAMILY(training);
