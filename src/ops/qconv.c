// qconv.c: ConvInteger and QLinearConv.
// May assume: inference checked ranks, channels and zero points. Sums are exact: in double, below 2^53.
// Never pads with the zero point itself: padding counts as zero after it was taken off. Source: ONNX ConvInteger, QLinearConv
// (10).
#include "base/mathx.h"
#include "ops/conv_reference.h"
#include "ops/quant.h"
#include "ops/rows.h"

#include <math.h>

typedef struct params {
    onr_window_attrs win;
    int64_t group;
} params;

/// Which inputs are what. -1: none.
typedef struct roles {
    int32_t x, w, x_zero, w_zero, x_scale, w_scale, y_scale, y_zero, bias;
} roles;

static const roles integer_roles = {0, 1, 2, 3, -1, -1, -1, -1, -1};
static const roles linear_roles = {0, 3, 2, 5, 1, 4, 6, 7, 8};

static const roles *roles_of(const onr_node *n) { return n->op->in_max == 4 ? &integer_roles : &linear_roles; }

// ---- inference --------------------------------------------------------------------------------------------------------------

/// Input i: one number, or (when `channels` is not 0) one for each output channel.
static onr_status check_numbers(const onr_infer *c, int32_t i, int64_t channels) {
    onr_shape s = i < 0 ? onr_shape_unknown() : onr_infer_shape(c, i);
    if (!onr_shape_known(&s)) return ONR_OK;
    int64_t n = onr_shape_span(&s, 0, s.rank);
    if (n == 1 || (s.rank == 1 && channels && (n == channels || !onr_dim_known(channels)))) return ONR_OK;
    return onr_infer_bad(c, "input %d holds %lld numbers", i, (long long)n);
}

static onr_status check_types(const onr_infer *c, const roles *at) {
    const onr_dtypes bytes = ONR_BIT(ONR_INT8) | ONR_BIT(ONR_UINT8);
    const struct {
        int32_t i;
        onr_dtypes types;
        int32_t same; // -1, or the input whose type this one must have
    } rules[] = {{at->w, bytes, -1},
                 {at->x_zero, bytes, at->x},
                 {at->w_zero, bytes, at->w},
                 {at->y_zero, bytes, -1},
                 {at->x_scale, ONR_BIT(ONR_FLOAT), -1},
                 {at->w_scale, ONR_BIT(ONR_FLOAT), -1},
                 {at->y_scale, ONR_BIT(ONR_FLOAT), -1},
                 {at->bias, ONR_BIT(ONR_INT32), -1}};
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        onr_dtype t = rules[k].i < 0 ? ONR_UNDEFINED : onr_infer_dtype(c, rules[k].i);
        if (t == ONR_UNDEFINED) continue;
        onr_dtype same = rules[k].same < 0 ? ONR_UNDEFINED : onr_infer_dtype(c, rules[k].same);
        if (!onr_dtype_in(t, rules[k].types) || (same != ONR_UNDEFINED && t != same))
            return onr_infer_bad(c, "input %d is %s", rules[k].i, onr_dtype_name(t));
    }
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    const roles *at = roles_of(c->node);
    onr_shape x = onr_infer_shape(c, at->x), w = onr_infer_shape(c, at->w);
    onr_dtype t = at->y_zero < 0 ? ONR_INT32 : onr_infer_dtype(c, at->y_zero);
    ONR_TRY(check_types(c, at));
    if (x.rank < 0 || w.rank < 0) return onr_infer_set(c, 0, t, onr_shape_unknown()), ONR_OK;
    if (x.rank < 3 || w.rank != x.rank) return onr_infer_bad(c, "X has rank %d, W has rank %d", x.rank, w.rank);
    int64_t expected;
    if (p->group < 1 || (onr_dim_known(w.dim[0]) && w.dim[0] % p->group != 0))
        return onr_infer_bad(c, "%lld groups do not divide %lld output channels", (long long)p->group, (long long)w.dim[0]);
    if (onr_dim_known(x.dim[1]) && onr_dim_known(w.dim[1]) &&
        (!onr_mul_i64(w.dim[1], p->group, &expected) || expected != x.dim[1]))
        return onr_infer_bad(c, "W expects %lld channels in %lld groups, X has %lld", (long long)w.dim[1], (long long)p->group,
                             (long long)x.dim[1]);
    ONR_TRY(check_numbers(c, at->x_zero, 0));
    ONR_TRY(check_numbers(c, at->x_scale, 0));
    ONR_TRY(check_numbers(c, at->w_zero, w.dim[0]));
    ONR_TRY(check_numbers(c, at->w_scale, w.dim[0]));
    ONR_TRY(check_numbers(c, at->y_zero, 0));
    ONR_TRY(check_numbers(c, at->y_scale, 0));
    onr_shape bias = at->bias < 0 ? onr_shape_unknown() : onr_infer_shape(c, at->bias);
    if (bias.rank >= 0 &&
        (bias.rank != 1 || (onr_dim_known(bias.dim[0]) && onr_dim_known(w.dim[0]) && bias.dim[0] != w.dim[0])))
        return onr_infer_bad(c, "B must hold one number for each of the %lld output channels", (long long)w.dim[0]);
    onr_window win;
    const char *why;
    if (!onr_window_resolve(&p->win, x.rank - 2, x.dim + 2, w.dim + 2, c->symbols, &win, &why))
        return onr_infer_bad(c, "%s", why);
    onr_shape y = {.rank = x.rank};
    y.dim[0] = x.dim[0];
    y.dim[1] = w.dim[0];
    for (int32_t i = 0; i < win.n; i++) y.dim[2 + i] = win.out[i];
    onr_infer_set(c, 0, t, y);
    return ONR_OK;
}

// ---- preparation ------------------------------------------------------------------------------------------------------------

typedef struct state {
    onr_window win;
    int64_t n_x, n_w, n_y;
} state;

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    const roles *at = roles_of(c->node);
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    const onr_shape *x = &c->in[at->x]->shape, *w = &c->in[at->w]->shape, *y = &c->out[0].shape;
    const char *why = "";
    if (!onr_window_resolve(&p->win, x->rank - 2, x->dim + 2, w->dim + 2, NULL, &s->win, &why))
        return onr_fail(c->err, ONR_INVALID, "%s: %s", c->node->op_type, why);
    s->n_x = onr_shape_span(x, 0, x->rank);
    s->n_w = onr_shape_span(w, 0, w->rank);
    s->n_y = onr_shape_span(y, 0, y->rank);
    size_t n;
    if (!onr_add_size((size_t)s->n_x, (size_t)s->n_w, &n) || !onr_add_size(n, (size_t)s->n_y, &n) ||
        !onr_mul_size(n, sizeof(double), &c->scratch_bytes))
        return onr_no_memory(c->err, SIZE_MAX);
    c->kernel = "exact in double";
    c->flops = 2.0 * (double)s->n_y * (double)onr_shape_span(w, 1, w->rank);
    return ONR_OK;
}

// ---- running ----------------------------------------------------------------------------------------------------------------

/// Number k of input i, which holds one or many; dflt when it is left out.
static double number(const onr_run *r, int32_t i, int64_t k, double dflt) {
    if (i < 0 || !onr_run_has(r, i)) return dflt;
    const onr_tensor *t = onr_run_in(r, i);
    return onr_tensor_num(t, onr_tensor_numel(t) == 1 ? 0 : k);
}

static void load(const onr_tensor *t, int64_t from, int64_t n, double zero, double *out) {
    if (t->dtype == ONR_INT8)
        for (int64_t i = 0; i < n; i++) out[i] = ((const int8_t *)t->data)[from + i] - zero;
    else
        for (int64_t i = 0; i < n; i++) out[i] = ((const uint8_t *)t->data)[from + i] - zero;
}

static void store(const onr_run *r, const roles *at, const double *sum) {
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = onr_tensor_numel(y), channels = y->shape.dim[1], inner = onr_shape_span(&y->shape, 2, y->shape.rank);
    if (at->y_zero < 0) {
        for (int64_t i = 0; i < n; i++) ((int32_t *)y->data)[i] = (int32_t)(uint32_t)(int64_t)sum[i];
        return;
    }
    int32_t lo, hi;
    onr_quant_range(y->dtype, &lo, &hi);
    double zero = number(r, at->y_zero, 0, 0);
    for (int64_t plane = 0; inner && plane < n / inner; plane++) {
        int64_t channel = plane % channels;
        float scale = (float)number(r, at->x_scale, 0, 1) * (float)number(r, at->w_scale, channel, 1);
        double factor = (double)(scale / (float)number(r, at->y_scale, 0, 1)), bias = number(r, at->bias, channel, 0);
        for (int64_t i = plane * inner; i < (plane + 1) * inner; i++) {
            int32_t q = (int32_t)onr_quant_clamp(rint((sum[i] + bias) * factor) + zero, lo, hi);
            onr_quant_store(y->dtype, &q, 1, (uint8_t *)y->data + i);
        }
    }
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const state *s = r->state;
    const roles *at = roles_of(r->node);
    const onr_tensor *x = onr_run_in(r, at->x), *w = onr_run_in(r, at->w);
    double *xs = r->scratch, *ws = xs + s->n_x, *sum = ws + s->n_w;
    load(x, 0, s->n_x, number(r, at->x_zero, 0, 0), xs);
    int64_t channels = w->shape.dim[0], each = channels ? s->n_w / channels : 0;
    for (int64_t m = 0; m < channels; m++) load(w, m * each, each, number(r, at->w_zero, m, 0), ws + m * each);
    onr_tensor tx = {.dtype = ONR_DOUBLE, .shape = x->shape, .data = xs},
               tw = {.dtype = ONR_DOUBLE, .shape = w->shape, .data = ws};
    onr_tensor ty = {.dtype = ONR_DOUBLE, .shape = onr_run_out(r, 0)->shape, .data = sum};
    onr_conv_reference(&(onr_conv_reference_args){
        .x = &tx, .w = &tw, .win = &s->win, .groups = p->group, .lo = -INFINITY, .hi = INFINITY, .y = &ty, .pool = r->pool});
    store(r, at, sum);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec attrs[] = {ONR_WINDOW_SPECS(params), ONR_A_INT(params, group, 1), ONR_ATTR_ARRAY_END};
#define BYTES (ONR_BIT(ONR_INT8) | ONR_BIT(ONR_UINT8))
static const onr_op rows[] = {
    {ONR_AI("ConvInteger", 10, 0), ONR_ARITY(2, 4, 1, 1), .flags = ONR_OP_PURE, .types = BYTES, ONR_PARAMS(attrs, params),
     .infer = infer, .prepare = prepare, .run = run},
    {ONR_AI("QLinearConv", 10, 0), ONR_ARITY(8, 9, 1, 1), .flags = ONR_OP_PURE, .types = BYTES, ONR_PARAMS(attrs, params),
     .infer = infer, .prepare = prepare, .run = run},
};
ONR_OP_FAMILY(qconv);
