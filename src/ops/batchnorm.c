// batchnorm.c: BatchNormalization, for inference (a scale and a shift per channel) and in training mode (statistics of the
// batch). May assume: attributes were decoded. Never updates statistics outside training mode.
// Source: ONNX BatchNormalization (1, 6, 7, 9, 14, 15).
#include "base/mathx.h"
#include "kernels/norm/norm.h"
#include "ops/rows.h"

#include <math.h>

enum { IN_X, IN_SCALE, IN_B, IN_MEAN, IN_VAR };

typedef struct params {
    float epsilon, momentum;
    int64_t spatial, is_test, training_mode;
    onr_ints consumed_inputs; // opset 1; means nothing here
} params;

static const onr_attr_spec attrs_1[] = {ONR_A_FLOAT(params, epsilon, 1e-5f), ONR_A_FLOAT(params, momentum, 0.9f),
                                        ONR_A_INT(params, spatial, 1),       ONR_A_INT(params, is_test, 0),
                                        ONR_A_INTS(params, consumed_inputs), ONR_ATTR_ARRAY_END};
static const onr_attr_spec attrs_6[] = {ONR_A_FLOAT(params, epsilon, 1e-5f), ONR_A_FLOAT(params, momentum, 0.9f),
                                        ONR_A_INT(params, spatial, 1), ONR_A_INT(params, is_test, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec attrs_7[] = {ONR_A_FLOAT(params, epsilon, 1e-5f), ONR_A_FLOAT(params, momentum, 0.9f),
                                        ONR_A_INT(params, spatial, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec attrs_9[] = {ONR_A_FLOAT(params, epsilon, 1e-5f), ONR_A_FLOAT(params, momentum, 0.9f),
                                        ONR_ATTR_ARRAY_END};
static const onr_attr_spec attrs_14[] = {ONR_A_FLOAT(params, epsilon, 1e-5f), ONR_A_FLOAT(params, momentum, 0.9f),
                                         ONR_A_INT(params, training_mode, 0), ONR_ATTR_ARRAY_END};

/// "One number per channel", or per element of an image where spatial is 0.
static onr_status check_statistics(const onr_infer *c, const params *p, const onr_shape *x) {
    bool per_element = c->node->op->since < 9 && !p->spatial;
    int64_t want = x->rank > 1 ? x->dim[1] : 1;
    for (int32_t i = IN_SCALE; i <= IN_VAR; i++) {
        onr_shape s = onr_infer_shape(c, i);
        int64_t n;
        if (per_element || !onr_dim_known(want) || !onr_shape_numel(&s, &n)) continue;
        if (n != want)
            return onr_infer_bad(c, "input %d holds %lld numbers, X has %lld channels", i, (long long)n, (long long)want);
    }
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, IN_X);
    if (x.rank >= 0) {
        if (x.rank < 1) return onr_infer_bad(c, "X is a scalar");
        ONR_TRY(check_statistics(c, c->params, &x));
    }
    ONR_TRY(onr_infer_same(c));
    for (int32_t i = 1; i < c->n_out && i <= 4; i++) { // the running mean and variance, and in old opsets the saved ones
        int32_t from = i % 2 ? IN_MEAN : IN_VAR;
        onr_infer_set(c, i, onr_infer_dtype(c, from), onr_infer_shape(c, from));
    }
    return ONR_OK;
}

static void geometry(const onr_tensor *x, int64_t *n, int64_t *channels, int64_t *inner) {
    *n = x->shape.rank > 0 ? x->shape.dim[0] : 1;
    *channels = x->shape.rank > 1 ? x->shape.dim[1] : 1;
    *inner = x->shape.rank > 2 ? onr_shape_span(&x->shape, 2, x->shape.rank) : 1;
}

typedef struct state {
    float *scale, *shift; // when all statistics are constant floats
} state;

static bool is_float_constant(const onr_prepare *c, int32_t i) { return c->constant[i] && c->in[i]->dtype == ONR_FLOAT; }

static bool trains(const onr_node *n, const params *p) {
    if (n->op->since >= 14) return p->training_mode;
    return n->op->since < 7 && !p->is_test && n->n_out > 1 && n->out[1];
}

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    bool fits = !c->target->reference && c->in[IN_X]->dtype == ONR_FLOAT && c->in[IN_X]->shape.rank >= 2 &&
                !trains(c->node, p) && (p->spatial || c->node->op->since >= 9);
    for (int32_t i = IN_SCALE; i <= IN_VAR; i++) fits = fits && is_float_constant(c, i);
    if (!fits) {
        if (c->in[IN_X]->block)
            return onr_fail(c->err, ONR_INTERNAL, "BatchNormalization: no kernel for a layout that was chosen before");
        return ONR_OK;
    }
    int64_t n = c->in[IN_X]->shape.dim[1];
    int64_t padded = c->in[IN_X]->block ? onr_round_up(n, c->in[IN_X]->block) : n;
    s->scale = onr_arena_calloc(c->arena, (size_t)padded, sizeof(float));
    s->shift = onr_arena_calloc(c->arena, (size_t)padded, sizeof(float));
    if (!s->scale || !s->shift) return onr_no_memory(c->err, (size_t)padded * sizeof(float));
    const float *gamma = c->constant[IN_SCALE]->t.data, *beta = c->constant[IN_B]->t.data;
    const float *mean = c->constant[IN_MEAN]->t.data, *var = c->constant[IN_VAR]->t.data;
    for (int64_t i = 0; i < n; i++) {
        double k = gamma[i] / sqrt((double)var[i] + p->epsilon);
        s->scale[i] = (float)k;
        s->shift[i] = (float)(beta[i] - mean[i] * k);
    }
    c->kernel = "scale_shift";
    return ONR_OK;
}

/// Mean and (population) variance of one channel.
static void batch_statistics(const onr_tensor *x, int64_t channel, double *mean, double *var) {
    int64_t n, channels, inner;
    geometry(x, &n, &channels, &inner);
    double sum = 0, squares = 0, count = (double)(n * inner);
    for (int64_t b = 0; b < n; b++)
        for (int64_t i = 0; i < inner; i++) sum += onr_tensor_num(x, (b * channels + channel) * inner + i);
    *mean = sum / count;
    for (int64_t b = 0; b < n; b++)
        for (int64_t i = 0; i < inner; i++) {
            double d = onr_tensor_num(x, (b * channels + channel) * inner + i) - *mean;
            squares += d * d;
        }
    *var = squares / count;
}

static void put(onr_tensor *t, int64_t i, double v) {
    if (t->dtype == ONR_DOUBLE)
        ((double *)t->data)[i] = v;
    else
        ((float *)t->data)[i] = (float)v;
}

static void normalize(const onr_run *r, const params *p, int64_t channel, double mean, double var) {
    const onr_tensor *x = onr_run_in(r, IN_X), *scale = onr_run_in(r, IN_SCALE), *bias = onr_run_in(r, IN_B);
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n, channels, inner;
    geometry(x, &n, &channels, &inner);
    double k = onr_tensor_num(scale, channel) / sqrt(var + p->epsilon), b = onr_tensor_num(bias, channel);
    for (int64_t image = 0; image < n; image++)
        for (int64_t i = 0; i < inner; i++) {
            int64_t at = (image * channels + channel) * inner + i;
            put(y, at, (onr_tensor_num(x, at) - mean) * k + b);
        }
}

static onr_status train(const onr_run *r, const params *p) {
    int64_t n, channels, inner;
    geometry(onr_run_in(r, IN_X), &n, &channels, &inner);
    for (int64_t c = 0; c < channels; c++) {
        double mean, var, old_mean = onr_tensor_num(onr_run_in(r, IN_MEAN), c),
                          old_var = onr_tensor_num(onr_run_in(r, IN_VAR), c);
        batch_statistics(onr_run_in(r, IN_X), c, &mean, &var);
        normalize(r, p, c, mean, var);
        if (onr_run_wants(r, 1)) put(onr_run_out(r, 1), c, old_mean * p->momentum + mean * (1 - (double)p->momentum));
        if (onr_run_wants(r, 2)) put(onr_run_out(r, 2), c, old_var * p->momentum + var * (1 - (double)p->momentum));
        if (onr_run_wants(r, 3)) put(onr_run_out(r, 3), c, mean);
        if (onr_run_wants(r, 4)) put(onr_run_out(r, 4), c, var);
    }
    return ONR_OK;
}

/// spatial = 0: statistics for every element of an image.
static onr_status run_per_element(const onr_run *r, const params *p) {
    const onr_tensor *x = onr_run_in(r, IN_X), *mean = onr_run_in(r, IN_MEAN), *var = onr_run_in(r, IN_VAR);
    int64_t n = x->shape.dim[0], inner = onr_shape_span(&x->shape, 1, x->shape.rank);
    if (onr_tensor_numel(mean) != inner || onr_tensor_numel(var) != inner ||
        onr_tensor_numel(onr_run_in(r, IN_SCALE)) != inner || onr_tensor_numel(onr_run_in(r, IN_B)) != inner)
        return onr_run_bad(r, "with spatial = 0 the statistics must have %lld elements", (long long)inner);
    for (int64_t i = 0; i < n * inner; i++) {
        double k = onr_tensor_num(onr_run_in(r, IN_SCALE), i % inner) / sqrt(onr_tensor_num(var, i % inner) + p->epsilon);
        put(onr_run_out(r, 0), i,
            (onr_tensor_num(x, i) - onr_tensor_num(mean, i % inner)) * k + onr_tensor_num(onr_run_in(r, IN_B), i % inner));
    }
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const state *s = r->state;
    const onr_tensor *x = onr_run_in(r, IN_X);
    int64_t n, channels, inner;
    geometry(x, &n, &channels, &inner);
    if (s->scale) {
        onr_norm_channels_run(r->env->target->cpu.features, n, channels, inner, x->block ? x->block : 1, s->scale, s->shift,
                              x->data, onr_run_out(r, 0)->data, r->pool);
        return ONR_OK;
    }
    if (trains(r->node, p)) return train(r, p);
    if (r->node->op->since < 9 && !p->spatial) return run_per_element(r, p);
    for (int64_t c = 0; c < channels; c++)
        normalize(r, p, c, onr_tensor_num(onr_run_in(r, IN_MEAN), c), onr_tensor_num(onr_run_in(r, IN_VAR), c));
    return ONR_OK;
}

static void layout(onr_layout *q) {
    const params *p = q->params;
    if (!(q->available & 1) || q->in[IN_X]->dtype != ONR_FLOAT || trains(q->node, p)) return;
    if (q->node->op->since < 9 && !p->spatial) return;
    for (int32_t i = IN_SCALE; i <= IN_VAR; i++)
        if (!q->constant[i] || q->in[i]->dtype != ONR_FLOAT) return;
    q->blocked_in = q->blocked_out = 1;
}

#define BN(from, to, outs, T, A)                                                                                     \
    {                                                                                                                \
        ONR_AI("BatchNormalization", from, to), ONR_ARITY(5, 5, 1, outs),                                            \
            .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_PER_IMAGE, .inplace = 1, .types = T, ONR_PARAMS(A, params), \
            .infer = infer, .prepare = prepare, .run = run, .layout = layout                                         \
    }

static const onr_op rows[] = {
    BN(1, 5, 5, ONR_T_FLOATS3, attrs_1),  BN(6, 6, 5, ONR_T_FLOATS3, attrs_6),  BN(7, 8, 5, ONR_T_FLOATS3, attrs_7),
    BN(9, 13, 5, ONR_T_FLOATS3, attrs_9), BN(14, 0, 3, ONR_T_FLOATS, attrs_14),
};

ONR_OP_FAMILY(batchnorm);
