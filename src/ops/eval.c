// eval.c: runs one node now on given data: infer, prepare, allocate, run.
// May assume: the node was resolved. Never keeps anything between calls but packed weights (env->packs).
#include "ops/eval.h"

#include "base/mathx.h"

#include <string.h>

/// What one evaluation needs, in an arena that dies with it.
typedef struct evaluation {
    const onr_node *node;
    const onr_datum *const *in;
    const onr_datum *const *capture;
    onr_datum *out;
    onr_env *env;
    onr_arena *arena;
    onr_err *err;
    const onr_type **in_type;
    onr_type *out_type;
} evaluation;

static bool is_static(const onr_node *n, const onr_type *t) {
    size_t bytes;
    return !(n->op->flags & ONR_OP_DYNAMIC) && t->kind == ONR_TENSOR && t->dtype != ONR_STRING && onr_type_bytes(t, &bytes);
}

static onr_status allocate(evaluation *e) {
    const onr_node *n = e->node;
    for (int32_t i = 0; i < n->n_out; i++) {
        e->out[i] = (onr_datum){0};
        const onr_type *t = &e->out_type[i];
        if (!n->out[i]) continue;
        if (t->kind == ONR_TENSOR) e->out[i].t = (onr_tensor){.dtype = t->dtype, .shape = t->shape};
        if (!is_static(n, t)) continue;
        if (i == 0 && (n->op->flags & ONR_OP_VIEW) && e->in[0]->kind == ONR_TENSOR && !t->block) {
            e->out[0] = onr_datum_ref(e->in[0]);
            e->out[0].t.shape = t->shape;
            continue;
        }
        onr_shape stored = t->shape;
        if (t->block) stored.dim[1] = (stored.dim[1] + t->block - 1) / t->block * t->block;
        ONR_TRY(onr_datum_new(t->dtype, &stored, &e->out[i], e->err));
        e->out[i].t.shape = t->shape;
        e->out[i].t.block = t->block;
    }
    return ONR_OK;
}

static onr_status make_workspace(evaluation *e, const onr_prepared *p, onr_workspace *w) {
    size_t bytes, n_threads = (size_t)onr_pool_threads(e->env->pool);
    *w = (onr_workspace){.worker_step = p->worker_bytes};
    if (!onr_mul_size(p->worker_bytes, n_threads, &bytes)) return onr_no_memory(e->err, SIZE_MAX);
    if (p->scratch_bytes && !(w->scratch = onr_arena_alloc_aligned(e->arena, p->scratch_bytes, 64)))
        return onr_no_memory(e->err, p->scratch_bytes);
    if (bytes && !(w->workers = onr_arena_alloc_aligned(e->arena, bytes, 64))) return onr_no_memory(e->err, bytes);
    return ONR_OK;
}

static onr_status run(evaluation *e) {
    const onr_node *n = e->node;
    onr_prepared p;
    ONR_TRY(
        onr_op_prepare(n, e->in_type, e->in, e->out_type, e->env->target, e->arena, e->env->packs, e->env->pool, &p, e->err));
    onr_datum **out = onr_arena_calloc(e->arena, (size_t)n->n_out, sizeof *out);
    if (!out) return onr_no_memory(e->err, (size_t)n->n_out * sizeof *out);
    onr_workspace work;
    ONR_TRY(make_workspace(e, &p, &work));
    ONR_TRY(allocate(e));
    for (int32_t i = 0; i < n->n_out; i++) out[i] = n->out[i] ? &e->out[i] : NULL;
    return onr_op_run(&p, e->in, out, e->capture, &work, e->env, e->err);
}

/// Optional inputs of the graph that the caller left out are empty data in a plan's table: operators see NULL.
static onr_status leave_out_empty(evaluation *e) {
    const onr_datum **list = NULL;
    for (int32_t i = 0; i < e->node->n_in; i++) {
        if (!e->in[i] || e->in[i]->kind != ONR_KIND_UNKNOWN) continue;
        if (!list) {
            size_t n = (size_t)e->node->n_in;
            if (!(list = onr_arena_grow(e->arena, e->in, n, n, sizeof *list))) return onr_no_memory(e->err, n * sizeof *list);
            e->in = list;
        }
        list[i] = NULL;
    }
    return ONR_OK;
}

onr_status onr_eval(const onr_node *n, const onr_datum *const *in, const onr_datum *const *capture, onr_datum *out,
                    onr_env *env, onr_err *err) {
    evaluation e = {.node = n, .in = in, .capture = capture, .out = out, .env = env, .err = err, .arena = onr_arena_new(0)};
    memset(out, 0, (size_t)n->n_out * sizeof *out);
    if (!e.arena) return onr_no_memory(err, 0);
    e.in_type = onr_arena_calloc(e.arena, (size_t)n->n_in, sizeof *e.in_type);
    e.out_type = onr_arena_calloc(e.arena, (size_t)n->n_out, sizeof *e.out_type);
    onr_status s = e.in_type && e.out_type ? leave_out_empty(&e) : onr_no_memory(err, 0);
    if (s == ONR_OK) s = onr_infer_data(n, e.in, env->target->guard, e.arena, e.in_type, e.out_type, err);
    if (s == ONR_OK) s = run(&e);
    if (s != ONR_OK)
        for (int32_t i = 0; i < n->n_out; i++) onr_datum_release(&out[i]);
    onr_arena_free(e.arena);
    return s;
}
