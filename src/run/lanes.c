// lanes.c: image steps: their operands are windows of one image into batches, or a lane's own memory.
// May assume: static steps without captures, as plan/images.h chooses them. Never decides what runs image by image.
#include "run/lanes.h"

#include <string.h>

/// One operand of an image step as this lane sees it.
typedef struct operand {
    onr_datum d;
    const onr_value *v;
} operand;

typedef struct lane_step {
    const onr_datum **in;
    onr_datum **out;
    operand *operands; // all that are given
    int32_t n_operands;
    onr_workspace work;
} lane_step;

typedef struct lane {
    onr_lanes *all;
    lane_step *steps;
    onr_err err;
    onr_status status;
} lane;

struct onr_lanes {
    const onr_plan *plan;
    int32_t n; // lanes; one when the plan has none
    lane *lane;
    // of the run
    const onr_datum *data;
    const onr_env *env;
};

static onr_datum first_sight(const onr_slot *s) {
    if (s->constant) {
        onr_datum d = *s->constant;
        d.buf = NULL; // borrowed
        return d;
    }
    const onr_type t = s->image_bytes && s->type.shape.dim[0] != 1 ? onr_images_one(&s->type) : s->type;
    return (onr_datum){.kind = ONR_TENSOR, .t = {.dtype = t.dtype, .block = t.block, .shape = t.shape}};
}

static bool make_step(const onr_plan *p, int32_t s, onr_arena *arena, lane_step *to) {
    const onr_node *n = p->steps[s].op.node;
    to->in = onr_arena_calloc(arena, (size_t)n->n_in, sizeof *to->in);
    to->out = onr_arena_calloc(arena, (size_t)n->n_out, sizeof *to->out);
    to->operands = onr_arena_calloc(arena, (size_t)(n->n_in + n->n_out), sizeof *to->operands);
    if (!to->in || !to->out || !to->operands) return false;
    for (int32_t k = 0; k < n->n_in + n->n_out; k++) {
        const onr_value *v = k < n->n_in ? n->in[k] : n->out[k - n->n_in];
        if (!v) continue;
        operand *o = &to->operands[to->n_operands++];
        *o = (operand){first_sight(&p->slots[v->id]), v};
        if (k < n->n_in)
            to->in[k] = &o->d;
        else
            to->out[k - n->n_in] = &o->d;
    }
    return true;
}

onr_status onr_lanes_new(const onr_plan *p, onr_arena *arena, onr_lanes **out, onr_err *err) {
    *out = NULL;
    if (p->n_image_steps == 0) return ONR_OK;
    onr_lanes *l = onr_arena_calloc(arena, 1, sizeof *l);
    if (!l) return onr_no_memory(err, sizeof *l);
    l->plan = p;
    l->n = p->n_lanes ? p->n_lanes : 1;
    l->lane = onr_arena_calloc(arena, (size_t)l->n, sizeof *l->lane);
    for (int32_t i = 0; l->lane && i < l->n; i++) {
        lane *a = &l->lane[i];
        a->all = l;
        a->steps = onr_arena_calloc(arena, (size_t)p->n_image_steps, sizeof *a->steps);
        if (!a->steps) return onr_no_memory(err, (size_t)p->n_image_steps * sizeof *a->steps);
        for (int32_t s = 0; s < p->n_image_steps; s++)
            if (!make_step(p, s, arena, &a->steps[s])) return onr_no_memory(err, sizeof(operand));
    }
    if (!l->lane) return onr_no_memory(err, (size_t)l->n * sizeof *l->lane);
    *out = l;
    return ONR_OK;
}

static void bind_step(const onr_plan *p, int32_t s, int32_t lane_number, char *memory, lane_step *to) {
    const onr_step *step = &p->steps[s];
    char *own = p->lanes >= 0 ? memory + p->offsets[p->lanes] + (size_t)lane_number * p->lane_bytes : NULL;
    for (int32_t k = 0; k < to->n_operands; k++) {
        const onr_slot *slot = &p->slots[to->operands[k].v->id];
        if (slot->place == ONR_PLACE_LANE) to->operands[k].d.t.data = own + p->lane.offsets[slot->interval];
    }
    to->work = (onr_workspace){.worker_step = p->worker_step};
    if (p->workers >= 0) to->work.workers = memory + p->offsets[p->workers] + (size_t)lane_number * p->worker_step;
    if (step->scratch >= 0)
        to->work.scratch = p->n_lanes ? own + p->lane.offsets[step->scratch] : memory + p->offsets[step->scratch];
}

void onr_lanes_bind(onr_lanes *l, char *memory) {
    for (int32_t i = 0; i < l->n; i++)
        for (int32_t s = 0; s < l->plan->n_image_steps; s++) bind_step(l->plan, s, i, memory, &l->lane[i].steps[s]);
}

/// One image through one step.
static onr_status run_image(const onr_lanes *l, lane_step *at, int32_t s, int64_t image, onr_env *env, onr_err *err) {
    const onr_plan *p = l->plan;
    for (int32_t k = 0; k < at->n_operands; k++) {
        operand *o = &at->operands[k];
        const onr_slot *slot = &p->slots[o->v->id];
        if (!slot->image_bytes || slot->place == ONR_PLACE_LANE) continue;
        o->d.t.data = (char *)l->data[o->v->id].t.data + (size_t)image * slot->image_bytes;
    }
    return onr_op_run(&p->steps[s].op, at->in, at->out, NULL, &at->work, env, err);
}

static void walk(void *ctx, size_t worker, size_t image) {
    onr_lanes *l = ctx;
    lane *a = &l->lane[worker];
    onr_env env = *l->env;
    if (l->n > 1) env.pool = NULL; // each thread has its own images
    for (int32_t s = 0; s < l->plan->n_image_steps && a->status == ONR_OK; s++) {
        a->status = onr_env_go_on(&env, l->plan->steps[s].op.node->name, &a->err);
        if (a->status == ONR_OK) a->status = run_image(l, &a->steps[s], s, (int64_t)image, &env, &a->err);
    }
}

onr_status onr_lanes_run(onr_lanes *l, const onr_datum *data, const onr_env *env, onr_err *err) {
    const size_t images = (size_t)l->plan->steps[0].images;
    l->data = data;
    l->env = env;
    for (int32_t i = 0; i < l->n; i++) l->lane[i].status = ONR_OK;
    if (l->n > 1)
        onr_pool_for_worker(env->pool, images, walk, l);
    else
        for (size_t i = 0; i < images; i++) walk(l, 0, i);
    for (int32_t i = 0; i < l->n; i++) {
        if (l->lane[i].status == ONR_OK) continue;
        *err = l->lane[i].err;
        return l->lane[i].status;
    }
    return ONR_OK;
}

onr_status onr_lanes_run_step(onr_lanes *l, int32_t s, const onr_datum *data, const onr_env *env, onr_err *err) {
    onr_env own = *env;
    l->data = data;
    for (int64_t i = 0; i < l->plan->steps[s].images; i++) ONR_TRY(run_image(l, &l->lane[0].steps[s], s, i, &own, err));
    return ONR_OK;
}
