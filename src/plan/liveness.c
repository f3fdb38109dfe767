// liveness.c: who shares memory with whom (views, in-place), and from when to when memory is needed.
// May assume: slots have types and places, steps stand in order. Never chooses offsets.
#include "plan/liveness.h"

#include "base/mathx.h"

/// Graph outputs are read after the last step.
static void mark_outputs(onr_plan *p) {
    for (int32_t i = 0; i < p->graph->n_outputs; i++) p->slots[p->graph->outputs[i]->id].last = p->n_steps;
}

static void mark_uses(onr_plan *p) {
    for (int32_t i = 0; i < p->graph->n_values; i++) p->slots[i].root = i;
    for (int32_t s = 0; s < p->n_steps; s++) {
        const onr_node *n = p->steps[s].op.node;
        for (int32_t k = 0; k < n->n_out; k++)
            if (n->out[k]) p->slots[n->out[k]->id].first = p->slots[n->out[k]->id].last = s;
        for (int32_t k = 0; k < n->n_in; k++)
            if (n->in[k]) p->slots[n->in[k]->id].last = s;
        for (int32_t k = 0; k < n->n_capture; k++) p->slots[n->capture[k]->id].last = s;
    }
    mark_outputs(p);
    // While lanes run, batches are written in any order: they are there from the start.
    for (int32_t i = 0; p->n_lanes && i < p->graph->n_values; i++)
        if (p->slots[i].image_bytes && p->slots[i].place == ONR_PLACE_ARENA) p->slots[i].first = 0;
}

/// Output 0 of step s shares the memory of value `of`.
static void share(onr_plan *p, int32_t *root_last, const onr_node *n, int32_t of) {
    onr_slot *out = &p->slots[n->out[0]->id];
    out->root = p->slots[of].root;
    out->place = p->slots[out->root].place;
    root_last[out->root] = (int32_t)onr_max_i64(root_last[out->root], out->last);
}

static bool used_by_other_slot(const onr_plan *p, const onr_node *n, int32_t slot) {
    int32_t root = p->slots[n->in[slot]->id].root;
    for (int32_t k = 0; k < n->n_in; k++)
        if (k != slot && n->in[k] && p->slots[n->in[k]->id].root == root) return true;
    return false;
}

/// Can output 0 of step s take over the memory of input `slot`?
static bool can_take(const onr_plan *p, const int32_t *root_last, int32_t s, int32_t slot) {
    const onr_node *n = p->steps[s].op.node;
    if (slot >= n->n_in || !n->in[slot] || !n->out[0]) return false;
    const onr_slot *in = &p->slots[n->in[slot]->id], *out = &p->slots[n->out[0]->id];
    return in->place == out->place && root_last[in->root] == s && onr_type_equal(&in->type, &out->type) &&
           !used_by_other_slot(p, n, slot);
}

static void alias_step(onr_plan *p, int32_t *root_last, int32_t s) {
    onr_step *step = &p->steps[s];
    const onr_node *n = step->op.node;
    step->inplace = -1;
    if (step->dynamic || n->n_out == 0 || !n->out[0]) return;
    const onr_place to = p->slots[n->out[0]->id].place;
    if (to != ONR_PLACE_ARENA && to != ONR_PLACE_LANE) return;
    onr_place from = n->n_in && n->in[0] ? p->slots[n->in[0]->id].place : ONR_PLACE_NONE;
    if ((n->op->flags & ONR_OP_VIEW) && (from == ONR_PLACE_ARENA || from == ONR_PLACE_INPUT)) {
        share(p, root_last, n, n->in[0]->id);
        return;
    }
    if (step->op.widen) return; // the operator sees float copies, not this memory
    for (int32_t i = 0; i < 32 && n->op->inplace >> i; i++)
        if ((n->op->inplace >> i & 1) && can_take(p, root_last, s, i)) {
            step->inplace = i;
            share(p, root_last, n, n->in[i]->id);
            return;
        }
}

static bool is_released(const onr_plan *p, const onr_value *v, int32_t s) {
    const onr_slot *slot = &p->slots[v->id];
    return slot->place == ONR_PLACE_DYNAMIC && slot->last == s;
}

static onr_status list_releases(onr_plan *p, int32_t s, onr_err *err) {
    onr_step *step = &p->steps[s];
    const onr_node *n = step->op.node;
    int32_t *list = onr_arena_calloc(p->arena, (size_t)(n->n_in + n->n_out + n->n_capture), sizeof *list);
    if (!list) return onr_no_memory(err, sizeof *list);
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k] && is_released(p, n->in[k], s)) list[step->n_release++] = n->in[k]->id;
    for (int32_t k = 0; k < n->n_capture; k++)
        if (is_released(p, n->capture[k], s)) list[step->n_release++] = n->capture[k]->id;
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && is_released(p, n->out[k], s)) list[step->n_release++] = n->out[k]->id;
    step->release = list;
    return ONR_OK;
}

static int32_t add_interval(onr_plan *p, int32_t first, int32_t last, size_t bytes) {
    p->intervals[p->n_intervals] = (onr_interval){first, last, bytes};
    return (int32_t)p->n_intervals++;
}

static int32_t add_to_lane(onr_plan *p, int32_t first, int32_t last, size_t bytes) {
    p->lane.intervals[p->lane.n] = (onr_interval){first, last, bytes};
    return (int32_t)p->lane.n++;
}

static bool make_room(onr_plan *p) {
    const size_t most = (size_t)p->graph->n_values + (size_t)p->n_steps + 2;
    p->intervals = onr_arena_calloc(p->arena, most, sizeof *p->intervals);
    p->offsets = onr_arena_calloc(p->arena, most, sizeof *p->offsets);
    p->lane.intervals = onr_arena_calloc(p->arena, p->n_lanes ? most : 1, sizeof *p->lane.intervals);
    p->lane.offsets = onr_arena_calloc(p->arena, p->n_lanes ? most : 1, sizeof *p->lane.offsets);
    return p->intervals && p->offsets && p->lane.intervals && p->lane.offsets;
}

static onr_status value_intervals(onr_plan *p, const int32_t *root_last, onr_err *err) {
    for (int32_t i = 0; i < p->graph->n_values; i++) {
        onr_slot *slot = &p->slots[i];
        const bool lane = slot->place == ONR_PLACE_LANE;
        size_t bytes = 0;
        slot->interval = -1;
        if ((!lane && slot->place != ONR_PLACE_ARENA) || slot->root != i) continue;
        if (!onr_type_bytes(&slot->type, &bytes))
            return onr_fail(err, ONR_LIMIT, "value '%s' is too large", p->graph->values[i]->name);
        slot->interval = lane ? add_to_lane(p, slot->first, root_last[i], bytes)
                              : add_interval(p, slot->first, root_last[i], bytes);
    }
    for (int32_t i = 0; i < p->graph->n_values; i++)
        if (p->slots[i].place == ONR_PLACE_ARENA || p->slots[i].place == ONR_PLACE_LANE)
            p->slots[i].interval = p->slots[p->slots[i].root].interval;
    return ONR_OK;
}

static void scratch_intervals(onr_plan *p) {
    for (int32_t s = 0; s < p->n_steps; s++) {
        onr_step *step = &p->steps[s];
        const size_t bytes = step->dynamic ? 0 : step->op.scratch_bytes;
        const bool lane = step->images && p->n_lanes;
        step->scratch = !bytes ? -1 : lane ? add_to_lane(p, s, s, bytes) : add_interval(p, s, s, bytes);
        if (!step->dynamic && step->op.worker_bytes > p->worker_step) p->worker_step = step->op.worker_bytes;
    }
}

/// The memory of all lanes, one behind the other.
static onr_status lanes_interval(onr_plan *p, onr_err *err) {
    size_t bytes;
    p->lane_bytes = onr_arena_plan(p->lane.intervals, p->lane.n, ONR_PLAN_ALIGN, p->lane.offsets);
    if (p->lane_bytes == SIZE_MAX) return onr_no_memory(err, p->lane.n * sizeof *p->lane.intervals);
    p->lane_bytes = onr_align_up(p->lane_bytes, ONR_PLAN_ALIGN);
    if (!onr_mul_size(p->lane_bytes, (size_t)p->n_lanes, &bytes)) return onr_no_memory(err, SIZE_MAX);
    p->lanes = bytes ? add_interval(p, 0, p->n_image_steps - 1, bytes) : -1;
    return ONR_OK;
}

static onr_status make_intervals(onr_plan *p, const int32_t *root_last, int n_threads, onr_err *err) {
    size_t workers;
    if (!make_room(p)) return onr_no_memory(err, ((size_t)p->graph->n_values + (size_t)p->n_steps) * sizeof *p->intervals);
    ONR_TRY(value_intervals(p, root_last, err));
    scratch_intervals(p);
    p->lanes = -1;
    if (p->n_lanes) ONR_TRY(lanes_interval(p, err));
    if (!onr_mul_size(p->worker_step, (size_t)n_threads, &workers)) return onr_no_memory(err, SIZE_MAX);
    p->workers = workers ? add_interval(p, 0, p->n_steps, workers) : -1;
    return ONR_OK;
}

onr_status onr_plan_liveness(onr_plan *p, int n_threads, onr_err *err) {
    mark_uses(p);
    int32_t *root_last = onr_arena_calloc(p->arena, (size_t)p->graph->n_values, sizeof *root_last);
    if (!root_last) return onr_no_memory(err, sizeof *root_last);
    for (int32_t i = 0; i < p->graph->n_values; i++) root_last[i] = p->slots[i].last;
    for (int32_t s = 0; s < p->n_steps; s++) {
        alias_step(p, root_last, s);
        ONR_TRY(list_releases(p, s, err));
    }
    return make_intervals(p, root_last, n_threads, err);
}
