// conv.c: Conv of ONNX, and our own Conv that also takes a scale, a residual, a clamp, a MaxPool and a layout.
// May assume: attributes were decoded. Never transposes weights at run time when they are constant: prepare packs them once.
// Source: ONNX Conv (1, 11, 22).
#include "kernels/conv/conv.h"

#include "base/mathx.h"
#include "kernels/pool/pooling.h"
#include "kernels/reorder/reorder.h"
#include "ops/conv_reference.h"
#include "ops/eval.h"
#include "ops/rows.h"
#include "ops/window.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { IN_X, IN_W, IN_B, IN_RESIDUAL, IN_SCALE };

typedef struct params {
    onr_window_attrs win;
    int64_t group;
    float lo, hi;          // our own Conv: clamp of the result
    int64_t block;         // our own Conv: layout of the output; 0 plain
    onr_window_attrs pool; // our own Conv: a MaxPool behind the clamp, if it has a kernel_shape
} params;

static const onr_attr_spec conv_attrs[] = {ONR_WINDOW_SPECS(params), ONR_A_INT(params, group, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec our_attrs[] = {
    ONR_WINDOW_SPECS(params),
    ONR_A_INT(params, group, 1),
    ONR_A_FLOAT(params, lo, -INFINITY),
    ONR_A_FLOAT(params, hi, INFINITY),
    ONR_A_INT(params, block, 0),
    {.name = "pool_auto_pad", .kind = ONR_ATTR_STRING, .offset = offsetof(params, pool.auto_pad), .s = "NOTSET"},
    {.name = "pool_kernel_shape", .kind = ONR_ATTR_INTS, .offset = offsetof(params, pool.kernel_shape)},
    {.name = "pool_strides", .kind = ONR_ATTR_INTS, .offset = offsetof(params, pool.strides)},
    {.name = "pool_pads", .kind = ONR_ATTR_INTS, .offset = offsetof(params, pool.pads)},
    {.name = "pool_ceil_mode", .kind = ONR_ATTR_INT, .offset = offsetof(params, pool.ceil_mode)},
    ONR_ATTR_ARRAY_END};

static bool has_pool(const params *p) { return p->pool.kernel_shape.n > 0; }

/// The standard's Conv has no clamp.
static onr_status no_clamp(const onr_node *n, void *p, onr_arena *a, onr_err *err) {
    (void)n, (void)a, (void)err;
    ((params *)p)->lo = -INFINITY;
    ((params *)p)->hi = INFINITY;
    return ONR_OK;
}

// ---- infer ------------------------------------------------------------------------------------------------------------------

static onr_status check_channels(const onr_infer *c, const params *p, const onr_shape *x, const onr_shape *w) {
    if (p->group < 1) return onr_infer_bad(c, "group must be positive");
    if (w->rank != x->rank) return onr_infer_bad(c, "X has rank %d, W has rank %d", x->rank, w->rank);
    if (onr_dim_known(w->dim[0]) && w->dim[0] % p->group != 0)
        return onr_infer_bad(c, "W has %lld output channels, which %lld groups do not divide", (long long)w->dim[0],
                             (long long)p->group);
    int64_t expected;
    if (onr_dim_known(x->dim[1]) && onr_dim_known(w->dim[1]) &&
        (!onr_mul_i64(w->dim[1], p->group, &expected) || expected != x->dim[1]))
        return onr_infer_bad(c, "W expects %lld channels, X has %lld", (long long)w->dim[1] * (long long)p->group,
                             (long long)x->dim[1]);
    return ONR_OK;
}

static bool differs(const onr_shape *a, const onr_shape *b) {
    if (a->rank < 0) return false;
    if (a->rank != b->rank) return true;
    for (int32_t i = 0; i < a->rank; i++)
        if (onr_dim_known(a->dim[i]) && onr_dim_known(b->dim[i]) && a->dim[i] != b->dim[i]) return true;
    return false;
}

/// Our own Conv's further inputs. The fusion saw equal shapes, symbols among them: real sizes are compared here, before a
/// kernel relies on them.
static onr_status check_fused(const onr_infer *c, const onr_shape *y) {
    onr_shape residual = onr_infer_shape(c, IN_RESIDUAL), scale = onr_infer_shape(c, IN_SCALE);
    char a[ONR_SHAPE_TEXT], b[ONR_SHAPE_TEXT];
    if (onr_infer_has(c, IN_RESIDUAL) && differs(&residual, y))
        return onr_infer_bad(c, "its result [%s] and the residual '%s' [%s] differ in size", onr_shape_text(y, c->symbols, a),
                             c->node->in[IN_RESIDUAL]->name, onr_shape_text(&residual, c->symbols, b));
    if (onr_infer_has(c, IN_SCALE) && scale.rank >= 0 && (scale.rank != 1 || scale.dim[0] != y->dim[1]))
        return onr_infer_bad(c, "its scale does not have one number for each output channel");
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X), w = onr_infer_shape(c, IN_W);
    if (x.rank < 0 || w.rank < 0) {
        onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), onr_shape_unknown());
        return ONR_OK;
    }
    if (x.rank < 3)
        return onr_infer_bad(c, "X needs a batch, a channel and at least one spatial dimension, it has rank %d", x.rank);
    ONR_TRY(check_channels(c, p, &x, &w));
    onr_shape b = onr_infer_shape(c, IN_B);
    if (onr_infer_has(c, IN_B) && b.rank >= 0 &&
        (b.rank != 1 || (onr_dim_known(b.dim[0]) && onr_dim_known(w.dim[0]) && b.dim[0] != w.dim[0])))
        return onr_infer_bad(c, "B must hold one number for each of the %lld output channels", (long long)w.dim[0]);
    onr_window win;
    const char *why;
    if (!onr_window_resolve(&p->win, x.rank - 2, x.dim + 2, w.dim + 2, c->symbols, &win, &why))
        return onr_infer_bad(c, "%s", why);
    onr_shape y = {.rank = x.rank};
    y.dim[0] = x.dim[0];
    y.dim[1] = w.dim[0];
    for (int32_t i = 0; i < win.n; i++) y.dim[2 + i] = win.out[i];
    ONR_TRY(check_fused(c, &y));
    onr_window pool;
    if (has_pool(p)) {
        if (!onr_window_resolve(&p->pool, y.rank - 2, y.dim + 2, NULL, c->symbols, &pool, &why))
            return onr_infer_bad(c, "%s", why);
        for (int32_t i = 0; i < pool.n; i++) y.dim[2 + i] = pool.out[i];
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), y);
    if (c->n_out > 0) c->out[0].block = (int32_t)p->block;
    return ONR_OK;
}

// ---- prepare ----------------------------------------------------------------------------------------------------------------

typedef struct state {
    onr_conv_shape shape;
    const onr_conv_variant *variant; // NULL: the reference
    const float *packed;             // NULL: packed while running, into scratch
    const float *bias;               // padded to whole blocks; NULL: made while running
    onr_window win;
    onr_pooling_shape pool; // kh 0: none, or the variant's
    int64_t padded_channels;
    // Offsets into scratch, in bytes. 0 sizes where not needed.
    size_t packed_at, bias_at, x_at, y_at;
    bool reorder_x, reorder_y;
    bool empty; // nothing to compute
} state;

typedef struct pack_job {
    const state *s;
    const void *w; // may lie askew in its file
    const float *scale;
    onr_pool *pool;
} pack_job;

/// Never fails; the form is onr_prepare_pack's.
static bool pack(void *ctx, void *packed) {
    const pack_job *j = ctx;
    j->s->variant->pack(&j->s->shape, &(onr_conv_weights){j->w, j->scale}, packed, j->pool);
    return true;
}

static void fill_shape(state *s, const params *p, const onr_type *x, const onr_type *w) {
    const onr_window *win = &s->win;
    bool flat = win->n == 1; // one spatial dimension: a map of height 1
    s->shape = (onr_conv_shape){.n = x->shape.dim[0],
                                .c_in = x->shape.dim[1],
                                .h = flat ? 1 : win->in[0],
                                .w = win->in[flat ? 0 : 1],
                                .c_out = w->shape.dim[0],
                                .oh = flat ? 1 : win->out[0],
                                .ow = win->out[flat ? 0 : 1],
                                .kh = flat ? 1 : (int32_t)win->kernel[0],
                                .kw = (int32_t)win->kernel[flat ? 0 : 1],
                                .stride_h = flat ? 1 : (int32_t)win->stride[0],
                                .stride_w = (int32_t)win->stride[flat ? 0 : 1],
                                .dil_h = flat ? 1 : (int32_t)win->dilation[0],
                                .dil_w = (int32_t)win->dilation[flat ? 0 : 1],
                                .pad_top = flat ? 0 : (int32_t)win->pad_begin[0],
                                .pad_left = (int32_t)win->pad_begin[flat ? 0 : 1],
                                .pad_bottom = flat ? 0 : (int32_t)win->pad_end[0],
                                .pad_right = (int32_t)win->pad_end[flat ? 0 : 1],
                                .groups = p->group};
}

static onr_conv_choice choice_of(const onr_target *t) {
    return (onr_conv_choice){
        .features = t->cpu.features, .allow_winograd = t->allow_winograd, .prefer_memory = t->prefer_memory};
}

/// A plain input with few channels is read as it is; in blocks, which costs a copy, where only the scalar kernel could read it.
static const onr_conv_variant *choose(onr_conv_shape *s, const onr_target *t, bool x_is_blocked, int32_t block) {
    const onr_conv_choice how = choice_of(t);
    s->out_block = s->in_block = block;
    const onr_conv_variant *blocked = onr_conv_choose(s, &t->cpu, &how);
    if (x_is_blocked || s->c_in > 4) return blocked;
    onr_conv_shape as_it_is = *s;
    as_it_is.in_block = 1;
    const onr_conv_variant *plain = onr_conv_choose(&as_it_is, &t->cpu, &how);
    if (!plain || (plain->needs == 0 && blocked && blocked->needs != 0)) return blocked;
    s->in_block = 1;
    return plain;
}

static size_t take(size_t *total, size_t bytes) {
    size_t at = *total;
    *total += onr_align_up(bytes, 64);
    return at;
}

static void plan_scratch(onr_prepare *c, state *s) {
    const onr_conv_shape *sh = &s->shape;
    size_t total = 0;
    size_t c_in = (size_t)onr_round_up(sh->c_in, sh->in_block), c_out = (size_t)s->padded_channels;
    if (!s->packed) s->packed_at = take(&total, s->variant->packed_bytes(sh));
    if (!s->bias) s->bias_at = take(&total, c_out * sizeof(float));
    if (s->reorder_x) s->x_at = take(&total, (size_t)sh->n * c_in * (size_t)(sh->h * sh->w) * sizeof(float));
    if (s->reorder_y || s->pool.kh) s->y_at = take(&total, (size_t)sh->n * c_out * (size_t)(sh->oh * sh->ow) * sizeof(float));
    c->scratch_bytes = total;
    c->worker_bytes = s->variant->worker_bytes(sh);
}

/// The bias in whole blocks, zero where there is none; NULL when it is not constant.
static onr_status prepare_bias(onr_prepare *c, state *s) {
    bool has = c->n_in > IN_B && c->in[IN_B];
    if (has && !c->constant[IN_B]) return ONR_OK;
    float *bias = onr_arena_alloc(c->arena, (size_t)s->padded_channels * sizeof *bias);
    if (!bias) return onr_no_memory(c->err, (size_t)s->padded_channels * sizeof *bias);
    if (has) memcpy(bias, c->constant[IN_B]->t.data, (size_t)s->shape.c_out * sizeof *bias);
    s->bias = bias;
    return ONR_OK;
}

static onr_status prepare_weights(onr_prepare *c, state *s) {
    if (!c->constant[IN_W]) return ONR_OK;
    const onr_datum *scale = c->n_in > IN_SCALE ? c->constant[IN_SCALE] : NULL;
    pack_job job = {.s = s, .w = c->constant[IN_W]->t.data, .scale = scale ? scale->t.data : NULL, .pool = c->pool};
    char tag[160];
    snprintf(tag, sizeof tag, "%s g%lld k%dx%d b%d s%p %zu", s->variant->name, (long long)s->shape.groups, s->shape.kh,
             s->shape.kw, s->shape.in_block, (const void *)job.scale, s->variant->packed_bytes(&s->shape));
    s->packed = onr_prepare_pack(c, IN_W, tag, s->variant->packed_bytes(&s->shape), pack, &job);
    return s->packed ? ONR_OK : ONR_LIMIT;
}

static bool has_fast_kernel(const onr_prepare *c, const onr_type *x) {
    return !c->target->reference && x->dtype == ONR_FLOAT && x->shape.rank <= 4 && x->shape.dim[1] > 0;
}

/// The MaxPool: the kernel's, where one can, or a pass over the result.
static onr_status prepare_pool(onr_prepare *c, const params *p, state *s) {
    onr_conv_shape *sh = &s->shape;
    const int64_t map[2] = {sh->oh, sh->ow};
    onr_window w;
    const char *why;
    if (!onr_window_resolve(&p->pool, 2, map, NULL, NULL, &w, &why)) return onr_fail(c->err, ONR_INVALID, "%s", why);
    s->pool = (onr_pooling_shape){.n = sh->n,
                                  .c = sh->c_out,
                                  .h = sh->oh,
                                  .w = sh->ow,
                                  .oh = w.out[0],
                                  .ow = w.out[1],
                                  .kh = (int32_t)w.kernel[0],
                                  .kw = (int32_t)w.kernel[1],
                                  .stride_h = (int32_t)w.stride[0],
                                  .stride_w = (int32_t)w.stride[1],
                                  .dil_h = 1,
                                  .dil_w = 1,
                                  .pad_top = (int32_t)w.pad_begin[0],
                                  .pad_left = (int32_t)w.pad_begin[1],
                                  .pad_bottom = (int32_t)w.pad_end[0],
                                  .pad_right = (int32_t)w.pad_end[1],
                                  .block = sh->out_block};
    const onr_conv_choice how = choice_of(c->target);
    onr_conv_shape pooled = *sh;
    pooled.pool = (onr_conv_pool){s->pool.kh,      s->pool.kw,       s->pool.stride_h, s->pool.stride_w,
                                  s->pool.pad_top, s->pool.pad_left, s->pool.oh,       s->pool.ow};
    if (s->variant != onr_conv_choose(&pooled, &c->target->cpu, &how)) return ONR_OK;
    *sh = pooled;
    s->pool.kh = 0;
    return ONR_OK;
}

/// What one run reads and writes: the weights in their packed form, which may be larger or smaller than the input W.
static double moved_bytes(const onr_prepare *c, const state *s) {
    const onr_conv_shape *sh = &s->shape;
    const double x = (double)(sh->n * onr_round_up(sh->c_in, sh->in_block) * sh->h * sh->w);
    const double y = (double)(sh->n * s->padded_channels) * (double)(sh->pool.kh ? sh->pool.oh * sh->pool.ow : sh->oh * sh->ow);
    const bool residual = c->n_in > IN_RESIDUAL && c->in[IN_RESIDUAL];
    return (double)sizeof(float) * (x + (residual ? 2 : 1) * y + (double)s->padded_channels) +
           (double)s->variant->packed_bytes(sh);
}

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    const onr_type *x = c->in[IN_X], *w = c->in[IN_W];
    state *s = onr_prepare_state(c, sizeof *s);
    const char *why;
    if (!s) return ONR_LIMIT;
    if (!onr_window_resolve(&p->win, x->shape.rank - 2, x->shape.dim + 2, w->shape.dim + 2, NULL, &s->win, &why))
        return onr_fail(c->err, ONR_INVALID, "%s", why);
    c->flops = 2.0 * (double)(x->shape.dim[0] * w->shape.dim[0]) * (double)onr_shape_span(&w->shape, 1, w->shape.rank);
    for (int32_t i = 0; i < s->win.n; i++) c->flops *= (double)s->win.out[i];
    s->empty = onr_shape_span(&c->out[0].shape, 0, x->shape.rank) == 0;
    if (s->empty) return c->kernel = "nothing", ONR_OK; // an empty batch, in any layout
    if (x->shape.rank <= 4) fill_shape(s, p, x, w);
    if (has_fast_kernel(c, x))
        s->variant = choose(&s->shape, c->target, x->block, p->block ? (int32_t)p->block : onr_target_block(c->target));
    if (!s->variant) {
        if (x->block || p->block || has_pool(p))
            return onr_fail(c->err, ONR_INTERNAL, "Conv: no kernel for a layout that was chosen before");
        return c->kernel = "reference", ONR_OK;
    }
    c->kernel = s->variant->name;
    s->padded_channels = onr_round_up(s->shape.c_out, s->shape.out_block);
    s->reorder_x = !x->block && s->shape.in_block != 1;
    s->reorder_y = !p->block;
    if (has_pool(p)) ONR_TRY(prepare_pool(c, p, s));
    ONR_TRY(prepare_bias(c, s));
    ONR_TRY(prepare_weights(c, s));
    plan_scratch(c, s);
    c->fewer_flops = !s->variant->exact;
    c->bytes = moved_bytes(c, s);
    return ONR_OK;
}

// ---- run --------------------------------------------------------------------------------------------------------------------

static const onr_tensor *optional_in(const onr_run *r, int32_t i) { return onr_run_has(r, i) ? onr_run_in(r, i) : NULL; }

static const float *bias_of(const onr_run *r, const state *s) {
    if (s->bias) return s->bias;
    float *bias = (float *)(void *)((char *)r->scratch + s->bias_at);
    memset(bias, 0, (size_t)s->padded_channels * sizeof *bias);
    memcpy(bias, onr_run_in(r, IN_B)->data, (size_t)s->shape.c_out * sizeof *bias);
    return bias;
}

static onr_status run_fast(const onr_run *r, const params *p, const state *s) {
    const onr_conv_shape *sh = &s->shape;
    char *scratch = r->scratch;
    const onr_tensor *residual = optional_in(r, IN_RESIDUAL);
    onr_conv_args a = {.shape = sh,
                       .x = onr_run_in(r, IN_X)->data,
                       .packed = s->packed,
                       .bias = bias_of(r, s),
                       .y = onr_run_out(r, 0)->data,
                       .residual = residual ? residual->data : NULL,
                       .lo = p->lo,
                       .hi = p->hi,
                       .pool = r->pool,
                       .scratch = r->worker_scratch,
                       .scratch_step = r->worker_step};
    if (!s->packed) {
        float *packed = (float *)(void *)(scratch + s->packed_at);
        const onr_tensor *scale = optional_in(r, IN_SCALE);
        pack_job job = {.s = s, .w = onr_run_in(r, IN_W)->data, .scale = scale ? scale->data : NULL, .pool = r->pool};
        pack(&job, packed);
        a.packed = packed;
    }
    if (s->reorder_x) {
        float *x = (float *)(void *)(scratch + s->x_at);
        onr_reorder_to_blocked(r->env->target->cpu.features, a.x, sh->n, sh->c_in, sh->h * sh->w, sh->in_block, x, r->pool);
        a.x = x;
    }
    if (s->reorder_y || s->pool.kh) a.y = (float *)(void *)(scratch + s->y_at);
    if (s->reorder_y && residual) {
        onr_reorder_to_blocked(r->env->target->cpu.features, a.residual, sh->n, sh->c_out, sh->oh * sh->ow, sh->out_block, a.y,
                               r->pool);
        a.residual = a.y;
    }
    s->variant->run(&a);
    if (s->pool.kh) onr_pooling_max_run(r->env->target->cpu.features, &s->pool, a.y, onr_run_out(r, 0)->data, r->pool);
    if (s->reorder_y)
        onr_reorder_to_plain(r->env->target->cpu.features, a.y, sh->n, sh->c_out, sh->oh * sh->ow, sh->out_block,
                             onr_run_out(r, 0)->data, r->pool);
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const state *s = r->state;
    if (s->empty) return ONR_OK;
    if (s->variant) return run_fast(r, p, s);
    onr_conv_reference(&(onr_conv_reference_args){.x = onr_run_in(r, IN_X),
                                                  .w = onr_run_in(r, IN_W),
                                                  .b = optional_in(r, IN_B),
                                                  .residual = optional_in(r, IN_RESIDUAL),
                                                  .scale = optional_in(r, IN_SCALE),
                                                  .win = &s->win,
                                                  .groups = p->group,
                                                  .lo = p->lo,
                                                  .hi = p->hi,
                                                  .y = onr_run_out(r, 0),
                                                  .pool = r->pool});
    return ONR_OK;
}

// ---- layout -----------------------------------------------------------------------------------------------------------------

static int64_t known_or(int64_t d, int64_t guess) { return onr_dim_known(d) ? d : guess; }

/// Blocked when some kernel takes these channels and this window; sizes that are not known yet do not decide that.
static void layout(onr_layout *q) {
    const params *p = q->params;
    const onr_type *x = q->in[IN_X], *w = q->in[IN_W];
    if (x->kind != ONR_TENSOR || x->dtype != ONR_FLOAT || x->shape.rank != w->shape.rank || x->shape.rank > 4 ||
        !onr_shape_known(&w->shape))
        return;
    onr_type known = *x;
    known.shape.dim[0] = known_or(known.shape.dim[0], 1);
    known.shape.dim[1] = w->shape.dim[1] * p->group;
    for (int32_t i = 2; i < known.shape.rank; i++) known.shape.dim[i] = known_or(known.shape.dim[i], 56);
    if (known.shape.dim[1] == 0 || w->shape.dim[0] == 0) return;
    state s = {0};
    const char *why;
    if (!onr_window_resolve(&p->win, known.shape.rank - 2, known.shape.dim + 2, w->shape.dim + 2, NULL, &s.win, &why)) return;
    fill_shape(&s, p, &known, w);
    if (!choose(&s.shape, q->target, q->available & 1u << IN_X, q->block)) return;
    q->blocked_out = 1;
    if (s.shape.in_block != 1) q->blocked_in |= 1u << IN_X;
    if (q->node->n_in > IN_RESIDUAL && q->node->in[IN_RESIDUAL]) q->blocked_in |= 1u << IN_RESIDUAL;
}

#define CONV(from, to, T)                                                                                                \
    {                                                                                                                    \
        ONR_AI("Conv", from, to), ONR_ARITY(2, 3, 1, 1),                                                                 \
            .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES | ONR_OP_PER_IMAGE, .packs = 1u << IN_W, .types = T, \
            ONR_PARAMS(conv_attrs, params), .check = no_clamp, .infer = infer, .prepare = prepare, .run = run            \
    }

static const onr_op rows[] = {
    CONV(1, 10, ONR_T_FLOATS3),
    CONV(11, 21, ONR_T_FLOATS3),
    CONV(22, 0, ONR_T_FLOATS),
    {.domain = "onnxrun",
     .name = "Conv",
     .since = 1,
     ONR_ARITY(2, 5, 1, 1),
     .flags = ONR_OP_PURE | ONR_OP_SAME_TYPES | ONR_OP_PER_IMAGE,
     .inplace = 1u << IN_RESIDUAL,
     .types = ONR_BIT(ONR_FLOAT),
     .packs = 1u << IN_W,
     ONR_PARAMS(our_attrs, params),
     .infer = infer,
     .prepare = prepare,
     .run = run,
     .layout = layout},
};

ONR_OP_FAMILY(conv);
