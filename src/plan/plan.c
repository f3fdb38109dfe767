// plan.c: from an optimized graph and input types to steps, kernels and memory.
// May assume: the graph was resolved and verified. Never runs a step that depends on an input's content, and never changes the
// graph.
#include "plan/plan.h"

#include "base/mathx.h"
#include "plan/images.h"
#include "plan/known.h"
#include "plan/liveness.h"

#include <string.h>

typedef struct planner {
    onr_plan *p;
    const onr_target *target;
    onr_packs *packs;
    onr_pool *pool;
    onr_typing typing;
    int32_t image_nodes; // the first nodes of the graph, which run image by image
    int64_t images;
    onr_err *err;
} planner;

// ---- types and what is known beforehand -------------------------------------------------------------------------------------

static onr_status infer_types(planner *pl, const onr_type *inputs) {
    const onr_graph *g = pl->p->graph;
    ONR_TRY(onr_typing_new(g, pl->p->arena, &pl->typing, pl->err));
    pl->typing.guard = pl->target->guard;
    for (int32_t i = 0; i < g->n_inputs; i++) pl->typing.type[g->inputs[i]->id] = inputs[i];
    onr_plan_known known = {.typing = &pl->typing, .target = pl->target, .arena = pl->p->arena, .err = pl->err};
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        ONR_TRY(onr_infer_node(n, &pl->typing, g->symbols, pl->p->arena, pl->err));
        ONR_TRY(onr_plan_known_node(&known, n));
    }
    return ONR_OK;
}

// ---- steps ------------------------------------------------------------------------------------------------------------------

static bool all_outputs_known(const planner *pl, const onr_node *n) {
    bool any = false;
    if (!(n->op->flags & ONR_OP_PURE)) return false;
    for (int32_t k = 0; k < n->n_out; k++) {
        if (!n->out[k]) continue;
        if (!pl->typing.constant[n->out[k]->id]) return false;
        any = true;
    }
    return any;
}

static bool is_static_type(const onr_type *t) {
    size_t bytes;
    return t->kind == ONR_TENSOR && t->dtype != ONR_STRING && onr_type_bytes(t, &bytes);
}

static bool is_dynamic(const planner *pl, const onr_node *n) {
    if (n->op->flags & ONR_OP_DYNAMIC) return true;
    for (int32_t k = 0; k < n->n_in; k++) {
        if (!n->in[k]) continue;
        const onr_slot *s = &pl->p->slots[n->in[k]->id];
        if (s->place == ONR_PLACE_DYNAMIC && !is_static_type(&s->type)) return true;
        if (s->type.kind != ONR_TENSOR || s->type.dtype == ONR_STRING) return true;
    }
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && !is_static_type(&pl->typing.type[n->out[k]->id])) return true;
    return false;
}

/// The type of a value as a step sees it: image steps see one image of a batch. NULL: no memory.
static const onr_type *seen_type(const onr_plan *p, const onr_step *step, const onr_value *v) {
    const onr_slot *s = &p->slots[v->id];
    if (!step->images || !s->image_bytes) return &s->type;
    onr_type *one = onr_arena_alloc(p->arena, sizeof *one);
    if (one) *one = onr_images_one(&s->type);
    return one;
}

static onr_status prepare_step(planner *pl, onr_step *step, const onr_node *n) {
    onr_plan *p = pl->p;
    step->op.node = n;
    step->dynamic = is_dynamic(pl, n);
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && p->slots[n->out[k]->id].place != ONR_PLACE_LANE)
            p->slots[n->out[k]->id].place = step->dynamic ? ONR_PLACE_DYNAMIC : ONR_PLACE_ARENA;
    if (step->dynamic) return ONR_OK;
    const onr_type **in = onr_arena_calloc(p->arena, (size_t)n->n_in, sizeof *in);
    const onr_datum **constant = onr_arena_calloc(p->arena, (size_t)n->n_in, sizeof *constant);
    onr_type *out = onr_arena_calloc(p->arena, (size_t)n->n_out, sizeof *out);
    if (!in || !constant || !out) return onr_no_memory(pl->err, sizeof *out);
    for (int32_t k = 0; k < n->n_in; k++) {
        if (!n->in[k]) continue;
        in[k] = seen_type(p, step, n->in[k]);
        if (!in[k]) return onr_no_memory(pl->err, sizeof(onr_type));
        constant[k] = pl->typing.constant[n->in[k]->id];
    }
    for (int32_t k = 0; k < n->n_out; k++) {
        if (!n->out[k]) continue;
        const onr_type *t = seen_type(p, step, n->out[k]);
        if (!t) return onr_no_memory(pl->err, sizeof *t);
        out[k] = *t;
    }
    ONR_TRY(onr_op_prepare(n, in, constant, out, pl->target, p->arena, pl->packs, pl->pool, &step->op, pl->err));
    if (!step->images) return ONR_OK;
    step->op.flops *= (double)step->images;
    step->op.bytes *= (double)step->images;
    return ONR_OK;
}

static void fill_slots(planner *pl) {
    onr_plan *p = pl->p;
    for (int32_t i = 0; i < p->graph->n_values; i++) {
        onr_slot *s = &p->slots[i];
        s->type = pl->typing.type[i];
        s->constant = pl->typing.constant[i];
        s->last = -1;
        if (s->constant) s->place = ONR_PLACE_CONSTANT;
    }
    for (int32_t i = 0; i < p->graph->n_inputs; i++) p->slots[p->graph->inputs[i]->id].place = ONR_PLACE_INPUT;
}

/// The values that are wanted as whole batches: by later nodes, or as outputs. NULL: no memory.
static const bool *wanted_whole(const planner *pl) {
    const onr_graph *g = pl->p->graph;
    bool *wanted = onr_arena_calloc(pl->p->arena, (size_t)g->n_values, sizeof *wanted);
    if (!wanted) return NULL;
    for (int32_t i = pl->image_nodes; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        for (int32_t k = 0; k < n->n_in; k++)
            if (n->in[k]) wanted[n->in[k]->id] = true;
        for (int32_t k = 0; k < n->n_capture; k++) wanted[n->capture[k]->id] = true;
    }
    for (int32_t i = 0; i < g->n_outputs; i++) wanted[g->outputs[i]->id] = true;
    return wanted;
}

/// Values of image steps: what only they use is made for one image at a time, in lanes.
static onr_status mark_images(planner *pl) {
    onr_plan *p = pl->p;
    pl->image_nodes = onr_images_choose(p->graph, &pl->typing, &pl->images);
    const bool *wanted = pl->image_nodes ? wanted_whole(pl) : NULL;
    if (pl->image_nodes && !wanted) return onr_no_memory(pl->err, (size_t)p->graph->n_values);
    for (int32_t i = 0; i < pl->image_nodes; i++) {
        const onr_node *n = p->graph->nodes[i];
        if (n->dead || all_outputs_known(pl, n)) continue;
        for (int32_t k = 0; k < n->n_in + n->n_out; k++) {
            const onr_value *v = k < n->n_in ? n->in[k] : n->out[k - n->n_in];
            size_t bytes;
            if (!v || p->slots[v->id].constant || p->slots[v->id].image_bytes) continue;
            onr_slot *s = &p->slots[v->id];
            if (!onr_type_bytes(&s->type, &bytes)) return onr_fail(pl->err, ONR_LIMIT, "value '%s' is too large", v->name);
            s->image_bytes = bytes / (size_t)pl->images;
            if (k < n->n_in || p->watched || wanted[v->id]) continue;
            s->place = ONR_PLACE_LANE;
            s->type = onr_images_one(&s->type);
        }
    }
    return ONR_OK;
}

/// One lane to a thread where the images share out well, else one for all threads. No lanes for watchers.
static int32_t count_lanes(const planner *pl) {
    const int32_t threads = onr_pool_threads(pl->pool) < ONR_POOL_MAX_WORKERS ? onr_pool_threads(pl->pool) : 1;
    if (pl->p->watched || !pl->image_nodes) return 0;
    return pl->images % threads == 0 || pl->images >= 4 * threads ? threads : 1;
}

static onr_status make_steps(planner *pl) {
    onr_plan *p = pl->p;
    p->slots = onr_arena_calloc(p->arena, (size_t)p->graph->n_values, sizeof *p->slots);
    p->steps = onr_arena_calloc(p->arena, (size_t)p->graph->n_nodes, sizeof *p->steps);
    if (!p->slots || !p->steps) return onr_no_memory(pl->err, (size_t)p->graph->n_nodes * sizeof *p->steps);
    fill_slots(pl);
    ONR_TRY(mark_images(pl));
    p->n_lanes = count_lanes(pl);
    for (int32_t i = 0; i < p->graph->n_nodes; i++) {
        const onr_node *n = p->graph->nodes[i];
        if (n->dead || all_outputs_known(pl, n)) continue;
        p->steps[p->n_steps].images = i < pl->image_nodes ? pl->images : 0;
        ONR_TRY(prepare_step(pl, &p->steps[p->n_steps], n));
        p->n_steps++;
        if (i < pl->image_nodes) p->n_image_steps = p->n_steps;
    }
    return ONR_OK;
}

/// Bytes of constants that steps read as they are: each once, packed ones not.
static onr_status count_constants(onr_plan *p, onr_err *err) {
    bool *seen = onr_arena_calloc(p->arena, (size_t)p->graph->n_values, sizeof *seen);
    if (!seen) return onr_no_memory(err, (size_t)p->graph->n_values);
    for (int32_t s = 0; s < p->n_steps; s++) {
        const onr_node *n = p->steps[s].op.node;
        for (int32_t k = 0; k < n->n_in; k++) {
            if (!n->in[k] || (k < 32 && p->steps[s].op.packed_inputs >> k & 1)) continue;
            const onr_slot *slot = &p->slots[n->in[k]->id];
            if (slot->place != ONR_PLACE_CONSTANT || !slot->constant || slot->constant->kind != ONR_TENSOR ||
                seen[n->in[k]->id])
                continue;
            seen[n->in[k]->id] = true;
            p->constant_bytes += onr_tensor_bytes(&slot->constant->t);
        }
    }
    return ONR_OK;
}

static onr_status copy_signature(onr_plan *p, const onr_type *inputs, onr_err *err) {
    onr_type *copy = onr_arena_calloc(p->arena, (size_t)p->graph->n_inputs, sizeof *copy);
    if (!copy) return onr_no_memory(err, sizeof *copy);
    for (int32_t i = 0; i < p->graph->n_inputs; i++) copy[i] = inputs[i];
    p->inputs = copy;
    return ONR_OK;
}

/// Could all pieces lie in one address space? (onr_arena_plan fails for lack of memory, too.)
static bool sizes_fit(const onr_plan *p) {
    size_t sum = 0;
    for (size_t i = 0; i < p->n_intervals; i++)
        if (!onr_add_size(sum, p->intervals[i].bytes, &sum) || !onr_add_size(sum, ONR_PLAN_ALIGN, &sum)) return false;
    return sum <= SIZE_MAX / 2;
}

static onr_status place(planner *pl, size_t max_bytes) {
    onr_plan *p = pl->p;
    p->live_peak_bytes = onr_arena_peak(p->intervals, p->n_intervals, ONR_PLAN_ALIGN, &p->peak_step);
    const bool workers = p->workers >= 0;
    p->arena_bytes = onr_arena_plan(p->intervals, p->n_intervals - workers, ONR_PLAN_ALIGN, p->offsets);
    if (workers && p->arena_bytes != SIZE_MAX) {
        p->offsets[p->workers] = onr_align_up(p->arena_bytes, ONR_PLAN_ALIGN);
        p->arena_bytes = p->offsets[p->workers] + p->intervals[p->workers].bytes;
    }
    if (p->arena_bytes == SIZE_MAX || !sizes_fit(p)) {
        if (sizes_fit(p)) return onr_no_memory(pl->err, p->n_intervals * sizeof *p->intervals);
        return onr_fail(pl->err, ONR_LIMIT, "the activations of this input are too large to plan");
    }
    size_t total = p->arena_bytes + onr_packs_bytes(pl->packs);
    if (!max_bytes || total <= max_bytes) return ONR_OK;
    const onr_node *n = p->n_steps ? p->steps[p->peak_step < p->n_steps ? p->peak_step : p->n_steps - 1].op.node : NULL;
    return onr_fail(pl->err, ONR_LIMIT,
                    "needs %zu bytes (activations %zu, largest at node '%s'; packed weights %zu), more than the limit of %zu",
                    total, p->arena_bytes, n ? n->name : "", onr_packs_bytes(pl->packs), max_bytes);
}

// Whether a run takes some hundred microseconds. A rough guess will do: 200 GFLOP/s, 40 GB/s.
static bool is_long(const onr_plan *p) {
    double us = 0;
    for (int32_t i = 0; i < p->n_steps; i++) {
        const onr_prepared *op = &p->steps[i].op;
        us += (op->flops / 200e3 + op->bytes / 40e3) * (double)(p->steps[i].images ? p->steps[i].images : 1);
    }
    return us > 200;
}

onr_status onr_plan_new(const onr_graph *g, const onr_type *inputs, const onr_target *target, onr_packs *packs, onr_pool *pool,
                        size_t max_bytes, bool watched, onr_plan **out, onr_err *err) {
    onr_arena *arena = onr_arena_new(0);
    onr_plan *p = arena ? onr_arena_alloc(arena, sizeof *p) : NULL;
    onr_status s = ONR_OK;
    if (!p) {
        s = onr_no_memory(err, sizeof *p);
        goto fail;
    }
    p->arena = arena;
    p->graph = g;
    p->watched = watched;
    planner pl = {.p = p, .target = target, .packs = packs, .pool = pool, .err = err};
    if ((s = copy_signature(p, inputs, err)) != ONR_OK) goto fail;
    if ((s = infer_types(&pl, inputs)) != ONR_OK) goto fail;
    if ((s = make_steps(&pl)) != ONR_OK) goto fail;
    if ((s = onr_plan_liveness(p, onr_pool_threads(pool), err)) != ONR_OK) goto fail;
    if ((s = place(&pl, max_bytes)) != ONR_OK) goto fail;
    if ((s = count_constants(p, err)) != ONR_OK) goto fail;
    p->gathers = is_long(p);
    *out = p;
    return ONR_OK;
fail:
    onr_arena_free(arena);
    return s;
}

void onr_plan_free(onr_plan *p) {
    if (p) onr_arena_free(p->arena);
}
