// pool.c: MaxPool, AveragePool, LpPool and their global forms.
// May assume: attributes were decoded. Never reads padding: windows are clipped to the input.
// Source: ONNX MaxPool (1, 8, 10, 11, 12, 22), AveragePool (1, 7, 10, 11, 19, 22), LpPool (1, 2, 11, 18, 22), Global* (1, 2,
// 22).
#include "kernels/pool/pooling.h"

#include "ops/pool_reference.h"
#include "ops/rows.h"

#include <string.h>

typedef struct params {
    onr_window_attrs win;
    int64_t count_include_pad, storage_order, p;
    float p_old; // LpPool 1 and GlobalLpPool 1 have a float p
    onr_pool_kind kind;
    bool global;
} params;

#define CEIL \
    { .name = "ceil_mode", .kind = ONR_ATTR_INT, .offset = offsetof(params, win.ceil_mode) }
#define OLD_P \
    { .name = "p", .kind = ONR_ATTR_FLOAT, .offset = offsetof(params, p_old), .f = 2 }
static const onr_attr_spec window_attrs[] = {
    {.name = "auto_pad", .kind = ONR_ATTR_STRING, .offset = offsetof(params, win.auto_pad), .s = "NOTSET"},
    {.name = "kernel_shape", .kind = ONR_ATTR_INTS, .offset = offsetof(params, win.kernel_shape), .required = true},
    {.name = "strides", .kind = ONR_ATTR_INTS, .offset = offsetof(params, win.strides)},
    {.name = "pads", .kind = ONR_ATTR_INTS, .offset = offsetof(params, win.pads)},
    {.name = "dilations", .kind = ONR_ATTR_INTS, .offset = offsetof(params, win.dilations)},
    CEIL,
    ONR_A_INT(params, count_include_pad, 0),
    ONR_A_INT(params, storage_order, 0),
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec lp_attrs[] = {ONR_WINDOW_SPECS(params), CEIL, ONR_A_INT(params, p, 2), ONR_ATTR_ARRAY_END};
static const onr_attr_spec lp_old_attrs[] = {ONR_WINDOW_SPECS(params), OLD_P, ONR_ATTR_ARRAY_END};
static const onr_attr_spec no_attrs[] = {ONR_ATTR_ARRAY_END};
static const onr_attr_spec global_lp_attrs[] = {ONR_A_INT(params, p, 2), ONR_ATTR_ARRAY_END};
static const onr_attr_spec global_lp_old_attrs[] = {OLD_P, ONR_ATTR_ARRAY_END};

/// What the operator's name says, once, beside its attributes.
static onr_status check(const onr_node *n, void *p, onr_arena *a, onr_err *err) {
    params *q = p;
    (void)a, (void)err;
    q->global = strncmp(n->op_type, "Global", 6) == 0;
    if (strstr(n->op_type, "Average")) q->kind = ONR_POOL_AVERAGE;
    if (strstr(n->op_type, "Lp")) q->kind = ONR_POOL_LP;
    if (q->p_old != 0) q->p = (int64_t)q->p_old;
    return ONR_OK;
}

static bool resolve(const params *p, const onr_shape *x, onr_symbols *symbols, onr_window *win, const char **why) {
    int32_t n = x->rank - 2;
    if (!p->global) return onr_window_resolve(&p->win, n, x->dim + 2, NULL, symbols, win, why);
    *win = (onr_window){.n = n};
    for (int32_t i = 0; i < n; i++) {
        win->in[i] = win->kernel[i] = x->dim[2 + i];
        win->out[i] = win->stride[i] = win->dilation[i] = 1;
    }
    return true;
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0);
    onr_window win;
    const char *why;
    if (x.rank < 0) {
        onr_infer_set(c, 0, onr_infer_dtype(c, 0), onr_shape_unknown());
        onr_infer_set(c, 1, ONR_INT64, onr_shape_unknown());
        return ONR_OK;
    }
    if (x.rank < 3)
        return onr_infer_bad(c, "X needs a batch, a channel and at least one spatial dimension, it has rank %d", x.rank);
    if (!resolve(p, &x, c->symbols, &win, &why)) return onr_infer_bad(c, "%s", why);
    if (p->kind == ONR_POOL_LP && p->p < 1) return onr_infer_bad(c, "p must be positive");
    onr_shape y = x;
    for (int32_t i = 0; i < win.n; i++) y.dim[2 + i] = win.out[i];
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), y);
    onr_infer_set(c, 1, ONR_INT64, y);
    if (c->n_out > 0) c->out[0].block = c->in[0]->block;
    return ONR_OK;
}

typedef struct state {
    onr_window win;
    bool fast;
    bool empty; // nothing to compute
    onr_pooling_shape shape;
} state;

static void fill_shape(state *s, const onr_type *x) {
    const onr_window *w = &s->win;
    bool flat = w->n == 1; // a map of height 1
    int32_t d = flat ? 0 : 1;
    s->shape = (onr_pooling_shape){.n = x->shape.dim[0],
                                   .c = x->shape.dim[1],
                                   .h = flat ? 1 : w->in[0],
                                   .w = w->in[d],
                                   .oh = flat ? 1 : w->out[0],
                                   .ow = w->out[d],
                                   .kh = flat ? 1 : (int32_t)w->kernel[0],
                                   .kw = (int32_t)w->kernel[d],
                                   .stride_h = flat ? 1 : (int32_t)w->stride[0],
                                   .stride_w = (int32_t)w->stride[d],
                                   .dil_h = flat ? 1 : (int32_t)w->dilation[0],
                                   .dil_w = (int32_t)w->dilation[d],
                                   .pad_top = flat ? 0 : (int32_t)w->pad_begin[0],
                                   .pad_left = (int32_t)w->pad_begin[d],
                                   .pad_bottom = flat ? 0 : (int32_t)w->pad_end[0],
                                   .pad_right = (int32_t)w->pad_end[d],
                                   .block = x->block ? x->block : 1};
}

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    const onr_type *x = c->in[0];
    state *s = onr_prepare_state(c, sizeof *s);
    const char *why;
    if (!s) return ONR_LIMIT;
    if (!resolve(p, &x->shape, NULL, &s->win, &why)) return onr_fail(c->err, ONR_INVALID, "%s", why);
    s->empty = onr_shape_span(&c->out[0].shape, 0, x->shape.rank) == 0;
    if (s->empty) return c->kernel = "nothing", ONR_OK; // an empty batch, in any layout
    bool wants_indices = c->n_out > 1 && c->node->out[1];
    bool global_average = p->global && p->kind == ONR_POOL_AVERAGE;
    s->fast = !c->target->reference && x->dtype == ONR_FLOAT && !wants_indices && p->kind != ONR_POOL_LP &&
              (x->shape.rank <= 4 || global_average) && onr_shape_span(&x->shape, 0, x->shape.rank) > 0;
    if (s->fast && x->shape.rank <= 4) fill_shape(s, x);
    if (!s->fast && x->block)
        return onr_fail(c->err, ONR_INTERNAL, "%s: no kernel for a layout that was chosen before", c->node->op_type);
    c->kernel = !s->fast ? "reference" : p->kind == ONR_POOL_MAX ? "pool_max" : "pool_average";
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const state *s = r->state;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    uint32_t features = r->env->target->cpu.features;
    if (s->empty) return ONR_OK;
    if (!s->fast) {
        onr_pool_reference(&(onr_pool_reference_args){.kind = p->kind,
                                                      .x = x,
                                                      .win = &s->win,
                                                      .count_pad = p->count_include_pad,
                                                      .p = (double)p->p,
                                                      .y = y,
                                                      .column_major = p->storage_order,
                                                      .indices = onr_run_wants(r, 1) ? onr_run_out(r, 1)->data : NULL,
                                                      .pool = r->pool});
        return ONR_OK;
    }
    if (p->global && p->kind == ONR_POOL_AVERAGE)
        onr_pooling_global_average_run(features, x->shape.dim[0], x->shape.dim[1], onr_shape_span(&x->shape, 2, x->shape.rank),
                                       x->block ? x->block : 1, x->data, y->data, r->pool);
    else if (p->kind == ONR_POOL_MAX)
        onr_pooling_max_run(features, &s->shape, x->data, y->data, r->pool);
    else
        onr_pooling_average_run(features, &s->shape, p->count_include_pad, x->data, y->data, r->pool);
    return ONR_OK;
}

/// Stays in blocks when its input is there in blocks.
static void layout(onr_layout *q) {
    const params *p = q->params;
    bool wants_indices = q->node->n_out > 1 && q->node->out[1];
    if (!(q->available & 1) || q->in[0]->dtype != ONR_FLOAT || wants_indices || p->kind == ONR_POOL_LP ||
        q->in[0]->shape.rank > 4)
        return;
    q->blocked_in = q->blocked_out = 1;
}

#define POOL(op, from, to, outs, T, A)                                                                                      \
    {                                                                                                                       \
        ONR_AI(op, from, to), ONR_ARITY(1, 1, 1, outs), .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_PER_IMAGE, .types = T, \
                                                        ONR_PARAMS(A, params), .check = check, .infer = infer,              \
                                                        .prepare = prepare, .run = run, .layout = layout                    \
    }
#define BYTES (ONR_BIT(ONR_INT8) | ONR_BIT(ONR_UINT8))

static const onr_op rows[] = {
    POOL("MaxPool", 1, 7, 1, ONR_T_FLOATS3, window_attrs),
    POOL("MaxPool", 8, 11, 2, ONR_T_FLOATS3, window_attrs),
    POOL("MaxPool", 12, 21, 2, ONR_T_FLOATS3 | BYTES, window_attrs),
    POOL("MaxPool", 22, 0, 2, ONR_T_FLOATS | BYTES, window_attrs),
    POOL("AveragePool", 1, 21, 1, ONR_T_FLOATS3, window_attrs),
    POOL("AveragePool", 22, 0, 1, ONR_T_FLOATS, window_attrs),
    POOL("LpPool", 1, 1, 1, ONR_T_FLOATS3, lp_old_attrs),
    POOL("LpPool", 2, 21, 1, ONR_T_FLOATS3, lp_attrs),
    POOL("LpPool", 22, 0, 1, ONR_T_FLOATS, lp_attrs),
    POOL("GlobalAveragePool", 1, 21, 1, ONR_T_FLOATS3, no_attrs),
    POOL("GlobalAveragePool", 22, 0, 1, ONR_T_FLOATS, no_attrs),
    POOL("GlobalMaxPool", 1, 21, 1, ONR_T_FLOATS3, no_attrs),
    POOL("GlobalMaxPool", 22, 0, 1, ONR_T_FLOATS, no_attrs),
    POOL("GlobalLpPool", 1, 1, 1, ONR_T_FLOATS3, global_lp_old_attrs),
    POOL("GlobalLpPool", 2, 21, 1, ONR_T_FLOATS3, global_lp_attrs),
    POOL("GlobalLpPool", 22, 0, 1, ONR_T_FLOATS, global_lp_attrs),
};

ONR_OP_FAMILY(pool);
