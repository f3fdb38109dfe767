// executor.c: the loop over a plan's steps.
// May assume: inputs match the plan's signature. Never infers shapes, but for steps whose shapes depend on contents.
#include "run/executor.h"

#include "base/time.h"
#include "run/lanes.h"

#include <string.h>

/// The operands of one step, as pointers into the frame's table.
typedef struct operands {
    const onr_datum **in;
    onr_datum **out;
    const onr_datum **capture;
    onr_workspace work;
} operands;

struct onr_frame {
    onr_arena *arena;
    const onr_plan *plan;
    onr_datum *data;   // by value id
    operands *operand; // by step
    onr_lanes *lanes;  // of the image steps; NULL when there are none
    char *memory;      // what pointers are bound to now
};

// ---- binding ----------------------------------------------------------------------------------------------------------------

static onr_status make_operands(onr_frame *f, onr_err *err) {
    const onr_plan *p = f->plan;
    for (int32_t s = 0; s < p->n_steps; s++) {
        const onr_node *n = p->steps[s].op.node;
        operands *o = &f->operand[s];
        o->in = onr_arena_calloc(f->arena, (size_t)n->n_in, sizeof *o->in);
        o->out = onr_arena_calloc(f->arena, (size_t)n->n_out, sizeof *o->out);
        o->capture = onr_arena_calloc(f->arena, (size_t)n->n_capture, sizeof *o->capture);
        if (!o->in || !o->out || !o->capture) return onr_no_memory(err, sizeof *o);
        for (int32_t k = 0; k < n->n_in; k++) o->in[k] = n->in[k] ? &f->data[n->in[k]->id] : NULL;
        for (int32_t k = 0; k < n->n_out; k++) o->out[k] = n->out[k] ? &f->data[n->out[k]->id] : NULL;
        for (int32_t k = 0; k < n->n_capture; k++) o->capture[k] = &f->data[n->capture[k]->id];
    }
    return ONR_OK;
}

static void fill_data(onr_frame *f) {
    const onr_plan *p = f->plan;
    for (int32_t i = 0; i < p->graph->n_values; i++) {
        const onr_slot *s = &p->slots[i];
        if (s->constant) {
            f->data[i] = *s->constant;
            f->data[i].buf = NULL; // borrowed: the constant outlives the frame
        } else if (s->place == ONR_PLACE_ARENA || s->place == ONR_PLACE_CONSTANT || s->place == ONR_PLACE_INPUT) {
            f->data[i].kind = s->type.kind;
            f->data[i].t = (onr_tensor){.dtype = s->type.dtype, .block = s->type.block, .shape = s->type.shape};
        }
    }
}

static void bind_memory(onr_frame *f, char *memory) {
    const onr_plan *p = f->plan;
    f->memory = memory;
    for (int32_t i = 0; i < p->graph->n_values; i++) {
        const onr_slot *s = &p->slots[i];
        if (s->place == ONR_PLACE_ARENA && s->interval >= 0) f->data[i].t.data = memory + p->offsets[s->interval];
        if (s->place == ONR_PLACE_CONSTANT && s->root != i) f->data[i].t.data = f->data[s->root].t.data;
    }
    for (int32_t s = 0; s < p->n_steps; s++)
        f->operand[s].work = (onr_workspace){
            .scratch = p->steps[s].scratch >= 0 && !p->steps[s].images ? memory + p->offsets[p->steps[s].scratch] : NULL,
            .workers = p->workers >= 0 ? memory + p->offsets[p->workers] : NULL,
            .worker_step = p->worker_step};
    if (f->lanes) onr_lanes_bind(f->lanes, memory);
}

static void bind_inputs(onr_frame *f, const onr_datum *const *inputs) {
    const onr_plan *p = f->plan;
    for (int32_t i = 0; i < p->graph->n_inputs; i++) {
        onr_datum *d = &f->data[p->graph->inputs[i]->id];
        *d = inputs[i] ? *inputs[i] : (onr_datum){0};
        d->buf = NULL; // borrowed from the caller
    }
    for (int32_t i = 0; i < p->graph->n_values; i++) {
        const onr_slot *s = &p->slots[i];
        if (s->place == ONR_PLACE_INPUT && s->root != i) f->data[i].t.data = f->data[s->root].t.data;
    }
}

onr_status onr_frame_new(const onr_plan *p, onr_frame **out, onr_err *err) {
    onr_arena *arena = onr_arena_new(0);
    onr_frame *f = arena ? onr_arena_alloc(arena, sizeof *f) : NULL;
    onr_status s = ONR_OK;
    if (!f) {
        s = onr_no_memory(err, sizeof *f);
        goto fail;
    }
    f->arena = arena;
    f->plan = p;
    f->data = onr_arena_calloc(arena, (size_t)p->graph->n_values, sizeof *f->data);
    f->operand = onr_arena_calloc(arena, (size_t)p->n_steps, sizeof *f->operand);
    if (!f->data || !f->operand) {
        s = onr_no_memory(err, (size_t)p->graph->n_values * sizeof *f->data);
        goto fail;
    }
    if ((s = make_operands(f, err)) != ONR_OK) goto fail;
    if ((s = onr_lanes_new(p, arena, &f->lanes, err)) != ONR_OK) goto fail;
    fill_data(f);
    *out = f;
    return ONR_OK;
fail:
    onr_arena_free(arena);
    return s;
}

void onr_frame_free(onr_frame *f) {
    if (f) onr_arena_free(f->arena);
}

// ---- running ----------------------------------------------------------------------------------------------------------------

/// What a dynamic step made must be what later steps were prepared for, where that was known, and must not borrow memory that
/// the plan gives to others.
static onr_status settle(const onr_frame *f, const onr_node *n, onr_err *err) {
    for (int32_t k = 0; k < n->n_out; k++) {
        if (!n->out[k]) continue;
        onr_datum *d = &f->data[n->out[k]->id];
        const onr_type *t = &f->plan->slots[n->out[k]->id].type;
        if (t->kind == ONR_TENSOR && onr_shape_known(&t->shape) &&
            (d->kind != ONR_TENSOR || d->t.dtype != t->dtype || !onr_shape_equal(&d->t.shape, &t->shape))) {
            onr_type got = onr_datum_type(d);
            char a[ONR_TYPE_TEXT], b[ONR_TYPE_TEXT];
            return onr_fail(err, ONR_INTERNAL, "node '%s' (#%d): output '%s' is %s, planned as %s", n->name, n->number,
                            n->out[k]->name, onr_type_text(&got, NULL, a), onr_type_text(t, NULL, b));
        }
        if (d->kind != ONR_TENSOR || d->buf) continue;
        onr_datum own;
        ONR_TRY(onr_datum_copy(d, &own, err));
        *d = own;
    }
    return ONR_OK;
}

static onr_status run_dynamic(onr_frame *f, const onr_step *step, const operands *o, onr_env *env, onr_err *err) {
    const onr_node *n = step->op.node;
    onr_datum *made = onr_malloc(((size_t)n->n_out + 1) * sizeof *made);
    if (!made) return onr_no_memory(err, (size_t)n->n_out * sizeof *made);
    onr_status s = onr_eval(n, o->in, o->capture, made, env, err);
    for (int32_t k = 0; k < n->n_out && s == ONR_OK; k++)
        if (o->out[k])
            *o->out[k] = made[k];
        else
            onr_datum_release(&made[k]);
    onr_free(made);
    return s == ONR_OK ? settle(f, n, err) : s;
}

static onr_status run_step(onr_frame *f, const onr_step *step, const operands *o, onr_env *env, onr_err *err) {
    if (step->dynamic) return run_dynamic(f, step, o, env, err);
    if (step->images) return onr_lanes_run_step(f->lanes, (int32_t)(step - f->plan->steps), f->data, env, err);
    return onr_op_run(&step->op, o->in, o->out, o->capture, &o->work, env, err);
}

static onr_status run_watched(onr_frame *f, const onr_step *step, const operands *o, onr_env *env, const onr_watch *watch,
                              onr_err *err) {
    onr_event e = {.node = step->op.node,
                   .kernel = step->op.kernel ? step->op.kernel : "",
                   .in = o->in,
                   .plan = f->plan,
                   .step = step,
                   .flops = step->op.flops,
                   .bytes = step->op.bytes,
                   .fewer_flops = step->op.fewer_flops};
    ONR_TRY(onr_watch_before(watch, &e, err));
    uint64_t start = onr_time_ns();
    ONR_TRY(run_step(f, step, o, env, err));
    e.out = o->out;
    return onr_watch_after(watch, &e, start, err);
}

static onr_status run_steps(onr_frame *f, onr_env *env, const onr_watch *watch, onr_err *err) {
    const onr_plan *p = f->plan;
    if (p->n_lanes) ONR_TRY(onr_lanes_run(f->lanes, f->data, env, err));
    for (int32_t s = p->n_lanes ? p->n_image_steps : 0; s < p->n_steps; s++) {
        const onr_step *step = &p->steps[s];
        const operands *o = &f->operand[s];
        ONR_TRY(onr_env_go_on(env, step->op.node->name, err));
        if (watch)
            ONR_TRY(run_watched(f, step, o, env, watch, err));
        else
            ONR_TRY(run_step(f, step, o, env, err));
        for (int32_t k = 0; k < step->n_release; k++) onr_datum_release(&f->data[step->release[k]]);
    }
    return ONR_OK;
}

onr_status onr_deliver(onr_datum *from, bool may_move, const char *name, onr_datum *to, onr_err *err) {
    if (to->kind == ONR_TENSOR && to->t.data) {
        if (from->kind != ONR_TENSOR || from->t.dtype != to->t.dtype || !onr_shape_equal(&from->t.shape, &to->t.shape)) {
            onr_type a = onr_datum_type(from), b = onr_datum_type(to);
            char x[ONR_TYPE_TEXT], y[ONR_TYPE_TEXT];
            return onr_fail(err, ONR_USAGE, "output '%s' is %s, its buffer is %s", name, onr_type_text(&a, NULL, x),
                            onr_type_text(&b, NULL, y));
        }
        memcpy(to->t.data, from->t.data, onr_tensor_bytes(&from->t));
        return ONR_OK;
    }
    if (!from->buf) return onr_datum_copy(from, to, err);
    *to = onr_datum_ref(from);
    if (may_move) onr_datum_release(from);
    return ONR_OK;
}

static onr_status deliver_all(onr_frame *f, onr_datum *outputs, onr_err *err) {
    const onr_graph *g = f->plan->graph;
    for (int32_t i = 0; i < g->n_outputs; i++) {
        bool had_memory = outputs[i].kind == ONR_TENSOR && outputs[i].t.data;
        onr_status s = onr_deliver(&f->data[g->outputs[i]->id], false, g->outputs[i]->name, &outputs[i], err);
        if (s == ONR_OK) continue;
        if (!had_memory) outputs[i] = (onr_datum){0};
        while (i-- > 0) onr_datum_release(&outputs[i]);
        return s;
    }
    return ONR_OK;
}

/// Dynamic values that are still there: outputs, or everything after a failure.
static void release_dynamic(onr_frame *f) {
    for (int32_t i = 0; i < f->plan->graph->n_values; i++)
        if (f->plan->slots[i].place == ONR_PLACE_DYNAMIC) onr_datum_release(&f->data[i]);
}

onr_status onr_frame_run(onr_frame *f, void *memory, const onr_datum *const *inputs, onr_datum *outputs, onr_env *env,
                         const onr_watch *watch, onr_err *err) {
    if (f->memory != memory || !memory) bind_memory(f, memory);
    bind_inputs(f, inputs);
    onr_status s = run_steps(f, env, watch, err);
    if (s == ONR_OK) s = deliver_all(f, outputs, err);
    release_dynamic(f);
    return s;
}
