// dropout.c: Dropout, all opset versions: the identity while inferring, and NumPy's seeded mask while training.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never draws random numbers but when the model asks for training.
#include "ops/nd.h"
#include "ops/rows.h"
#include "ops/twister.h"

typedef struct dropout_params {
    float ratio;
    int64_t is_test, seed;
    onr_ints consumed_inputs;
} dropout_params;

// ---- the operator -----------------------------------------------------------------------------------------------------------

static onr_status infer_dropout(onr_infer *c) {
    int32_t since = c->node->op->since;
    if (c->n_out > 0) c->out[0] = *c->in[0];
    if (c->n_out > 1) c->out[1] = *c->in[0];
    if (c->n_out > 1 && since >= 10) c->out[1].dtype = ONR_BOOL;
    for (int32_t i = 1; i < c->n_in && since >= 12; i++) {
        onr_shape s = onr_infer_shape(c, i);
        int64_t n;
        ONR_TRY(onr_infer_needs(c, i, i == 1 ? ONR_T_FLOATS : ONR_T_BOOL));
        if (onr_shape_known(&s) && (!onr_shape_numel(&s, &n) || n != 1))
            return onr_infer_bad(c, "input %d must have one element", i);
    }
    return ONR_OK;
}

/// Opsets 1 to 6: nothing is dropped in a test, or with ratio 0.
static bool hands_on_attrs(const onr_node *n) {
    const dropout_params *p = n->params;
    return p->is_test || p->ratio == 0;
}

static bool is_constant_zero(const onr_node *n, int32_t i) {
    const onr_datum *d = i < n->n_in && n->in[i] ? n->in[i]->constant : NULL;
    return d && onr_tensor_num(&d->t, 0) == 0;
}

/// From opset 12 on: nothing is dropped without training, or with ratio 0, which torchvision's Swin exports.
static bool hands_on_inputs(const onr_node *n) {
    const bool trains = n->n_in > 2 && n->in[2];
    return !trains || is_constant_zero(n, 2) || is_constant_zero(n, 1);
}

static void mask_set(onr_tensor *mask, int64_t i, bool keep) {
    if (mask->dtype == ONR_BOOL)
        ((uint8_t *)mask->data)[i] = keep;
    else if (mask->dtype == ONR_FLOAT)
        ((float *)mask->data)[i] = keep;
    else
        ((double *)mask->data)[i] = keep;
}

/// Everything is kept as it is.
static onr_status keep_all(const onr_run *r) {
    onr_tensor *mask = onr_run_wants(r, 1) ? onr_run_out(r, 1) : NULL;
    const int64_t n = mask ? onr_tensor_numel(mask) : 0;
    for (int64_t i = 0; i < n; i++) mask_set(mask, i, true);
    return onr_run_view(r);
}

static onr_status drop(const onr_run *r, double ratio, uint32_t seed) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_wants(r, 0) ? onr_run_out(r, 0) : NULL, *mask = onr_run_wants(r, 1) ? onr_run_out(r, 1) : NULL;
    if (!(ratio >= 0 && ratio < 1)) return onr_run_bad(r, "ratio is %g, not in [0, 1)", ratio);
    onr_twister *t = onr_malloc(sizeof *t);
    if (!t) return onr_no_memory(r->err, sizeof *t);
    onr_twister_seed(t, seed);
    const double scale = 1 / (1 - ratio);
    const int64_t n = onr_tensor_numel(x);
    for (int64_t i = 0; i < n; i++) {
        bool keep = onr_twister_double(t) >= ratio;
        if (mask) mask_set(mask, i, keep);
        if (!y) continue;
        if (x->dtype == ONR_FLOAT)
            ((float *)y->data)[i] = (float)keep * ((const float *)x->data)[i] * (float)scale;
        else
            ((double *)y->data)[i] = keep * ((const double *)x->data)[i] * scale;
    }
    onr_free(t);
    return ONR_OK;
}

static onr_status run_dropout_attrs(const onr_run *r) {
    const dropout_params *p = r->params;
    bool training = r->node->op->since < 7 && !p->is_test;
    return training && p->ratio > 0 ? drop(r, (double)p->ratio, onr_random_seed(r)) : keep_all(r);
}

static onr_status run_dropout(const onr_run *r) {
    const dropout_params *p = r->params;
    bool training = onr_run_has(r, 2) && onr_tensor_int(onr_run_in(r, 2), 0) != 0;
    double ratio = onr_run_has(r, 1) ? onr_tensor_num(onr_run_in(r, 1), 0) : 0.5;
    if (!training || ratio == 0) return keep_all(r);
    return drop(r, ratio, p->seed == ONR_NO_INT ? onr_random_seed(r) : (uint32_t)p->seed);
}

static const onr_attr_spec dropout1[] = {ONR_A_FLOAT(dropout_params, ratio, 0.5f), ONR_A_INT(dropout_params, is_test, 0),
                                         ONR_A_INTS(dropout_params, consumed_inputs), ONR_ATTR_ARRAY_END};
static const onr_attr_spec dropout6[] = {ONR_A_FLOAT(dropout_params, ratio, 0.5f), ONR_A_INT(dropout_params, is_test, 0),
                                         ONR_ATTR_ARRAY_END};
static const onr_attr_spec dropout7[] = {ONR_A_FLOAT(dropout_params, ratio, 0.5f), ONR_ATTR_ARRAY_END};
static const onr_attr_spec dropout12[] = {ONR_A_INT(dropout_params, seed, ONR_NO_INT), ONR_ATTR_ARRAY_END};

#define ROW(from, to, i1, more, set, table, same, fn)                                                                    \
    {                                                                                                                    \
        ONR_AI("Dropout", from, to), ONR_ARITY(1, i1, 1, 2), .flags = ONR_OP_WIDEN | (more), .inplace = 1, .types = set, \
                                                             ONR_PARAMS(table, dropout_params), .infer = infer_dropout,  \
                                                             .run = fn, .hands_on = same                                 \
    }
#define TEST_ONLY (ONR_OP_PURE | ONR_OP_IDENTITY)

// With training possible (opsets 1 to 6 by attribute, from 12 on by input) the operator is not pure.
static const onr_op rows[] = {
    ROW(1, 5, 1, 0, ONR_T_FLOATS3, dropout1, hands_on_attrs, run_dropout_attrs),
    ROW(6, 6, 1, 0, ONR_T_FLOATS3, dropout6, hands_on_attrs, run_dropout_attrs),
    ROW(7, 9, 1, TEST_ONLY, ONR_T_FLOATS3, dropout7, NULL, run_dropout_attrs),
    ROW(10, 11, 1, TEST_ONLY, ONR_T_FLOATS3, dropout7, NULL, run_dropout_attrs),
    ROW(12, 12, 3, 0, ONR_T_FLOATS3, dropout12, hands_on_inputs, run_dropout),
    ROW(13, 21, 3, 0, ONR_T_FLOATS, dropout12, hands_on_inputs, run_dropout),
    ROW(22, 0, 3, 0, ONR_T_FLOATS, dropout12, hands_on_inputs, run_dropout),
};
ONR_OP_FAMILY(dropout);
