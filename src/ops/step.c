// step.c: preparing and running one operator, with float16 and bfloat16 widened around those that compute in float.
// May assume: types were inferred and are known. Never infers and never plans memory.
#include "kernels/conv/conv.h"
#include "ops/eval.h"

#include "base/mathx.h"
#include "ops/widen.h"

#include <string.h>

// ---- helpers for operators
// -------------------------------------------------------------------------------------------------------

/// True when input i's content is a constant of the graph (not just known in this evaluation), so that its address names it.
/// The datum itself may be another holder of the same memory: bodies of control flow see captured constants through one.
static bool is_graph_constant(const onr_prepare *c, int32_t i) {
    const onr_value *v = c->node->in[i];
    while (v && v->outer) v = v->outer;
    const onr_datum *d = c->constant[i];
    return v && v->constant && d && d->kind == ONR_TENSOR && d->t.data && d->t.data == v->constant->t.data;
}

typedef struct packing {
    bool (*fill)(void *ctx, void *packed);
    void *ctx;
    size_t bytes;
    bool shared; // by several threads
} packing;

static bool fill_touched(void *ctx, void *packed) {
    const packing *p = ctx;
    if (p->shared) onr_arena_touch(packed, p->bytes);
    return p->fill(p->ctx, packed);
}

static const void *pack(onr_prepare *c, int32_t i, const char *tag, size_t bytes, bool at_once,
                        bool (*fill)(void *ctx, void *packed), void *ctx) {
    const void *packed;
    packing job = {fill, ctx, bytes, onr_pool_threads(c->pool) > 1};
    if (c->packs && is_graph_constant(c, i)) {
        packed = onr_packs_get(c->packs, &c->constant[i]->t, tag, bytes, at_once, fill_touched, &job);
    } else {
        void *fresh = onr_arena_alloc_aligned(c->arena, bytes, 64);
        packed = fresh && fill_touched(&job, fresh) ? fresh : NULL;
    }
    size_t limit;
    if (!packed && c->packs && onr_packs_full(c->packs, bytes, &limit))
        onr_fail(c->err, ONR_LIMIT, "packed weights need %zu bytes, here and before, more than the limit of %zu",
                 onr_packs_bytes(c->packs) + bytes, limit);
    else if (!packed)
        onr_no_memory(c->err, bytes);
    if (i < 32) c->packed_inputs |= 1u << i;
    return packed;
}

const void *onr_prepare_pack(onr_prepare *c, int32_t i, const char *tag, size_t bytes, bool (*fill)(void *ctx, void *packed),
                             void *ctx) {
    return pack(c, i, tag, bytes, false, fill, ctx);
}

const float *onr_align_floats(const void *data, size_t n, float **temp) {
    *temp = NULL;
    if ((uintptr_t)data % sizeof(float) == 0) return data;
    *temp = onr_malloc(n * sizeof(float));
    if (*temp) memcpy(*temp, data, n * sizeof(float));
    return *temp;
}

void *onr_prepare_state(onr_prepare *c, size_t bytes) {
    c->state = onr_arena_alloc(c->arena, bytes);
    if (!c->state) onr_no_memory(c->err, bytes);
    return c->state;
}

onr_status onr_run_output(const onr_run *r, int32_t i, onr_dtype dtype, const onr_shape *shape) {
    if (!onr_run_wants(r, i)) return ONR_OK;
    onr_datum *d = r->out[i];
    if (d->kind == ONR_TENSOR && d->t.data && d->t.dtype == dtype && onr_shape_equal(&d->t.shape, shape)) return ONR_OK;
    if (d->kind == ONR_TENSOR && d->t.data) { // what was planned relied on a content that is another now
        char a[ONR_SHAPE_TEXT], b[ONR_SHAPE_TEXT];
        return onr_run_bad(r, "output %d has shape %s, its inputs' shapes want %s", i, onr_shape_text(shape, NULL, a),
                           onr_shape_text(&d->t.shape, NULL, b));
    }
    onr_datum_release(d);
    if (onr_guard_shape(r->env->target->guard, shape->rank, shape->dim, r->err) != ONR_OK)
        return onr_err_prefix(r->err, "%s: output %d", r->node->op_type, i), ONR_LIMIT;
    return onr_datum_new(dtype, shape, d, r->err);
}

void onr_run_give(const onr_run *r, int32_t i, onr_datum *d) {
    if (onr_run_wants(r, i)) {
        onr_datum_release(r->out[i]);
        *r->out[i] = *d;
        *d = (onr_datum){0};
    } else {
        onr_datum_release(d);
    }
}

onr_status onr_run_bad(const onr_run *r, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    onr_vfail(r->err, ONR_INVALID, fmt, ap);
    va_end(ap);
    onr_err_prefix(r->err, "%s", r->node->op_type);
    return ONR_INVALID;
}

/// Sequences, optionals and strings: the same content held once more; a string tensor may get another shape.
static onr_status view_of_owned(const onr_run *r) {
    const onr_datum *in = r->in[0];
    onr_datum d;
    if (in->buf)
        d = onr_datum_ref(in);
    else
        ONR_TRY(onr_datum_copy(in, &d, r->err));
    if (in->kind == ONR_TENSOR) d.t.shape = r->out[0]->t.shape;
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

onr_status onr_run_view(const onr_run *r) {
    if (!onr_run_wants(r, 0)) return ONR_OK;
    if (r->in[0]->kind != ONR_TENSOR || r->in[0]->t.dtype == ONR_STRING) return view_of_owned(r);
    const onr_tensor *in = onr_run_in(r, 0);
    onr_tensor *out = onr_run_out(r, 0);
    size_t bytes = onr_tensor_bytes(in);
    // A rank that is known while its dimensions are not (axes that only running tells) may promise too few elements: none.
    if (bytes != onr_tensor_bytes(out)) {
        char a[ONR_SHAPE_TEXT], b[ONR_SHAPE_TEXT];
        return onr_run_bad(r, "shape %s does not fit the elements of shape %s", onr_shape_text(&out->shape, NULL, a),
                           onr_shape_text(&in->shape, NULL, b));
    }
    if (out->data != in->data && bytes) memcpy(out->data, in->data, bytes);
    return ONR_OK;
}

int32_t onr_target_block(const onr_target *t) { return onr_conv_block(t->cpu.features); }

// ---- preparing
// -------------------------------------------------------------------------------------------------------------------

static bool needs_widening(const onr_node *n, const onr_type *const *in, const onr_type *out) {
    if (!(n->op->flags & ONR_OP_WIDEN)) return false;
    for (int32_t i = 0; i < n->n_in; i++)
        if (in[i] && in[i]->kind == ONR_TENSOR && onr_is_narrow(in[i]->dtype)) return true;
    for (int32_t i = 0; i < n->n_out; i++)
        if (out[i].kind == ONR_TENSOR && onr_is_narrow(out[i].dtype)) return true;
    return false;
}

static onr_type *widened_types(onr_arena *a, const onr_type *const *from, int32_t n, const onr_type *const **list) {
    onr_type *wide = onr_arena_calloc(a, (size_t)n, sizeof *wide);
    const onr_type **p = onr_arena_calloc(a, (size_t)n, sizeof *p);
    if (!wide || !p) return NULL;
    for (int32_t i = 0; i < n; i++) {
        if (!from[i]) continue;
        wide[i] = *from[i];
        if (onr_is_narrow(wide[i].dtype)) wide[i].dtype = ONR_FLOAT;
        p[i] = &wide[i];
    }
    *list = p;
    return wide;
}

/// Float copies of narrow constants, in the step's arena; they serve prepare and every run.
static const onr_datum **widened_constants(onr_prepare *c) {
    const onr_datum **wide = onr_arena_calloc(c->arena, (size_t)c->n_in, sizeof *wide);
    if (!wide) return NULL;
    for (int32_t i = 0; i < c->n_in; i++) {
        const onr_datum *d = c->constant[i];
        wide[i] = d;
        if (!d || d->kind != ONR_TENSOR || !onr_is_narrow(d->t.dtype)) continue;
        onr_datum *copy = onr_arena_alloc(c->arena, sizeof *copy);
        int64_t n = onr_tensor_numel(&d->t);
        float *data = onr_arena_alloc_aligned(c->arena, (size_t)n * sizeof *data, 64);
        if (!copy || !data) return NULL;
        onr_widen(d->t.dtype, d->t.data, data, n, c->pool);
        *copy = onr_datum_borrow(ONR_FLOAT, &d->t.shape, data);
        wide[i] = copy;
    }
    return wide;
}

static onr_status widen_prepare(onr_prepare *c, onr_prepared *p) {
    const onr_type **out_list = onr_arena_calloc(c->arena, (size_t)c->n_out, sizeof *out_list);
    onr_dtype *narrow = onr_arena_calloc(c->arena, (size_t)c->n_out, sizeof *narrow);
    if (!out_list || !narrow) return onr_no_memory(c->err, 64);
    for (int32_t i = 0; i < c->n_out; i++) {
        out_list[i] = &c->out[i];
        if (onr_is_narrow(c->out[i].dtype)) narrow[i] = c->out[i].dtype;
    }
    const onr_type *const *unused;
    const onr_type *out = widened_types(c->arena, out_list, c->n_out, &unused);
    const onr_type *in = widened_types(c->arena, c->in, c->n_in, &c->in);
    const onr_datum **constants = widened_constants(c);
    if (!out || !in || !constants) return onr_no_memory(c->err, 64);
    c->out = out;
    c->constant = constants;
    p->narrow_out = narrow;
    p->wide_constant = constants;
    return ONR_OK;
}

// ---- alignment: large weights are borrowed from the file as they lie ----------------------------------------------------

static bool is_unaligned(const onr_datum *d) {
    return d && d->kind == ONR_TENSOR && d->t.dtype == ONR_FLOAT && (uintptr_t)d->t.data % sizeof(float) != 0;
}

static bool copy_bytes(void *ctx, void *packed) {
    const onr_tensor *t = ctx;
    memcpy(packed, t->data, onr_tensor_bytes(t));
    return true;
}

/// Replaces unaligned constants by aligned copies (one per session): those that prepare does not pack itself, or, afterwards,
/// did not pack. p->fixed_in remembers them for the runs.
static onr_status align_constants(onr_prepare *c, onr_prepared *p, uint32_t except) {
    for (int32_t i = 0; i < c->n_in; i++) {
        if (!is_unaligned(c->constant[i]) || (i < 32 && except >> i & 1)) continue;
        if (!p->fixed_in) {
            p->fixed_in = onr_arena_calloc(c->arena, (size_t)c->n_in, sizeof *p->fixed_in);
            const onr_datum **list = onr_arena_grow(c->arena, c->constant, (size_t)c->n_in, (size_t)c->n_in, sizeof *list);
            if (!p->fixed_in || !list) return onr_no_memory(c->err, 64);
            c->constant = list;
        }
        uint32_t packed_inputs = c->packed_inputs;
        const onr_tensor *t = &c->constant[i]->t;
        onr_datum *copy = onr_arena_alloc(c->arena, sizeof *copy);
        const void *data = copy ? pack(c, i, "aligned", onr_tensor_bytes(t), true, copy_bytes, (void *)(uintptr_t)t) : NULL;
        if (!copy) return onr_no_memory(c->err, sizeof *copy);
        if (!data) return ONR_LIMIT;
        c->packed_inputs = packed_inputs;
        *copy = onr_datum_borrow(ONR_FLOAT, &t->shape, data);
        p->fixed_in[i] = ((const onr_datum **)(uintptr_t)c->constant)[i] = copy;
    }
    return ONR_OK;
}

onr_status onr_op_prepare(const onr_node *n, const onr_type *const *in, const onr_datum *const *constant, const onr_type *out,
                          const onr_target *target, onr_arena *arena, onr_packs *packs, onr_pool *pool, onr_prepared *p,
                          onr_err *err) {
    *p = (onr_prepared){.node = n};
    onr_prepare c = {.node = n,
                     .params = n->params,
                     .n_in = n->n_in,
                     .n_out = n->n_out,
                     .in = in,
                     .constant = constant,
                     .out = out,
                     .target = target,
                     .arena = arena,
                     .packs = packs,
                     .pool = pool,
                     .err = err};
    onr_status s = ONR_OK;
    s = align_constants(&c, p, n->op->packs);
    p->widen = needs_widening(n, in, out);
    if (s == ONR_OK && p->widen) s = widen_prepare(&c, p);
    if (s == ONR_OK && n->op->prepare) s = n->op->prepare(&c);
    if (s == ONR_OK) s = align_constants(&c, p, c.packed_inputs);
    if (s != ONR_OK) {
        onr_err_prefix(err, "node '%s' (#%d)", n->name, n->number);
        return s;
    }
    p->state = c.state;
    p->scratch_bytes = c.scratch_bytes;
    p->worker_bytes = onr_align_up(c.worker_bytes, 64);
    p->kernel = c.kernel;
    p->packed_inputs = c.packed_inputs;
    p->flops = c.flops;
    p->bytes = c.bytes;
    p->fewer_flops = c.fewer_flops;
    return ONR_OK;
}

// ---- running
// ---------------------------------------------------------------------------------------------------------------------

/// Narrow inputs as float data in `wide`; in_list points at what the operator shall see.
static onr_status widen_inputs(const onr_prepared *p, const onr_run *r, const onr_datum **in_list, onr_datum *wide) {
    for (int32_t i = 0; i < r->n_in; i++) {
        const onr_datum *d = r->in[i];
        in_list[i] = d;
        if (!d || d->kind != ONR_TENSOR || !onr_is_narrow(d->t.dtype)) continue;
        if (p->wide_constant[i]) {
            in_list[i] = p->wide_constant[i];
            continue;
        }
        ONR_TRY(onr_widen_datum(d, r->pool, &wide[i], r->err));
        wide[i].t.block = d->t.block;
        in_list[i] = &wide[i];
    }
    return ONR_OK;
}

/// Float memory for narrow outputs that are allocated already; the others are the operator's to allocate.
static onr_status widen_outputs(const onr_prepared *p, const onr_run *r, onr_datum **out_list, onr_datum *wide) {
    for (int32_t i = 0; i < r->n_out; i++) {
        out_list[i] = r->out[i];
        if (!r->out[i] || !p->narrow_out[i]) continue;
        if (r->out[i]->t.data) ONR_TRY(onr_datum_new(ONR_FLOAT, &r->out[i]->t.shape, &wide[i], r->err));
        out_list[i] = &wide[i];
    }
    return ONR_OK;
}

static onr_status narrow_outputs(const onr_prepared *p, const onr_run *r, onr_datum *wide) {
    for (int32_t i = 0; i < r->n_out; i++) {
        if (!r->out[i] || !p->narrow_out[i]) continue;
        if (wide[i].kind != ONR_TENSOR || wide[i].t.dtype != ONR_FLOAT) { // a sequence or another type: as the operator made it
            onr_run_give(r, i, &wide[i]);
            continue;
        }
        ONR_TRY(onr_run_output(r, i, p->narrow_out[i], &wide[i].t.shape));
        onr_narrow(p->narrow_out[i], wide[i].t.data, r->out[i]->t.data, onr_tensor_numel(&wide[i].t), r->pool);
    }
    return ONR_OK;
}

static onr_status run_widened(const onr_prepared *p, onr_run *r) {
    size_t n = (size_t)r->n_in + (size_t)r->n_out;
    onr_datum *wide = onr_malloc(n * (sizeof *wide + sizeof(void *)) + 1);
    if (!wide) return onr_no_memory(r->err, n * sizeof *wide);
    memset(wide, 0, n * sizeof *wide);
    void **lists = (void **)(wide + n);
    const onr_datum **in_list = (const onr_datum **)lists;
    onr_datum **out_list = (onr_datum **)lists + r->n_in;
    onr_run inner = *r;
    inner.in = in_list;
    inner.out = out_list;
    onr_status s = widen_inputs(p, r, in_list, wide);
    if (s == ONR_OK) s = widen_outputs(p, r, out_list, wide + r->n_in);
    if (s == ONR_OK) s = p->node->op->run(&inner);
    if (s == ONR_OK) s = narrow_outputs(p, r, wide + r->n_in);
    for (size_t i = 0; i < n; i++) onr_datum_release(&wide[i]);
    onr_free(wide);
    return s;
}

/// The inputs with aligned copies in place of constants that are not; freed with onr_free.
static const onr_datum *const *fixed_inputs(const onr_prepared *p, const onr_datum *const *in, int32_t n) {
    const onr_datum **list = onr_malloc((size_t)n * sizeof *list);
    for (int32_t i = 0; list && i < n; i++) list[i] = p->fixed_in[i] ? p->fixed_in[i] : in[i];
    return list;
}

static bool wants_any(const onr_node *n, onr_datum *const *out) {
    for (int32_t i = 0; i < n->n_out; i++)
        if (out[i]) return true;
    return false;
}

onr_status onr_op_run(const onr_prepared *p, const onr_datum *const *in, onr_datum *const *out, const onr_datum *const *capture,
                      const onr_workspace *work, onr_env *env, onr_err *err) {
    const onr_node *n = p->node;
    if (!wants_any(n, out)) return ONR_OK; // a model may leave out all outputs: operators count on one at least
    char none[1];                          // scratch without bytes is a pointer too: operators add offsets of 0 to it
    onr_run r = {.node = n,
                 .params = n->params,
                 .state = p->state,
                 .n_in = n->n_in,
                 .n_out = n->n_out,
                 .in = in,
                 .out = out,
                 .capture = capture,
                 .scratch = work->scratch ? work->scratch : none,
                 .worker_scratch = work->workers ? work->workers : none,
                 .worker_step = work->worker_step,
                 .pool = env->pool,
                 .env = env,
                 .err = err};
    if (p->fixed_in && !(r.in = fixed_inputs(p, in, n->n_in))) return onr_no_memory(err, (size_t)n->n_in * sizeof *in);
    onr_status s = p->widen ? run_widened(p, &r) : n->op->run(&r);
    if (p->fixed_in) onr_free((void *)(uintptr_t)r.in);
    if (s != ONR_OK) onr_err_prefix(err, "node '%s' (#%d)", n->name, n->number);
    return s;
}
