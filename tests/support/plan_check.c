// plan_check.c: is a plan's memory sound?
// May assume: the plan's graph and steps; of its slots only place, type and where they lie. Never trusts the plan's lifetimes.
#include "support/plan_check.h"

#include "support/cmocka.h"

#include <stdlib.h>

/// One value's life as the graph tells it, and its bytes.
typedef struct life {
    bool in_arena;
    int32_t first, last; // steps; outputs of the graph live until n_steps
    int32_t content;     // values with the same number are views of the same content
    size_t from, to;     // bytes
} life;

typedef struct check {
    const char *what;
    const onr_plan *p;
    life *of;      // by value id
    life *scratch; // by step
} check;

static const char *name_of(const check *c, int32_t id) { return c->p->graph->values[id]->name; }

static bool meet(const life *a, const life *b) { return a->from < b->to && b->from < a->to; }

static void use(check *c, const onr_value *v, int32_t step) {
    if (v) c->of[v->id].last = step;
}

static void find_lives(check *c) {
    const onr_plan *p = c->p;
    for (int32_t i = 0; i < p->graph->n_values; i++) c->of[i] = (life){.first = -1, .last = -1, .content = i};
    for (int32_t s = 0; s < p->n_steps; s++) {
        const onr_node *n = p->steps[s].op.node;
        for (int32_t k = 0; k < n->n_in; k++) use(c, n->in[k], s);
        for (int32_t k = 0; k < n->n_capture; k++) use(c, n->capture[k], s);
        for (int32_t k = 0; k < n->n_out; k++)
            if (n->out[k]) c->of[n->out[k]->id].first = c->of[n->out[k]->id].last = s;
        bool is_view = (n->op->flags & ONR_OP_VIEW) && !p->steps[s].dynamic && n->out[0] && n->in[0] &&
                       p->slots[n->out[0]->id].root == p->slots[n->in[0]->id].root;
        if (is_view) c->of[n->out[0]->id].content = c->of[n->in[0]->id].content;
    }
    for (int32_t i = 0; i < p->graph->n_outputs; i++) c->of[p->graph->outputs[i]->id].last = p->n_steps;
}

/// Where a piece of a lane's memory lies in the first lane; all lanes are alike.
static size_t in_lane(const onr_plan *p, int32_t piece) { return p->offsets[p->lanes] + p->lane.offsets[piece]; }
static size_t end_of_lane(const onr_plan *p) { return p->offsets[p->lanes] + p->lane_bytes; }

static void find_bytes(check *c) {
    const onr_plan *p = c->p;
    for (int32_t i = 0; i < p->graph->n_values; i++) {
        const onr_slot *slot = &p->slots[i];
        const bool lane = slot->place == ONR_PLACE_LANE;
        size_t bytes = 0;
        if (slot->place != ONR_PLACE_ARENA && !lane) continue;
        if (!onr_type_bytes(&slot->type, &bytes))
            fail_msg("%s: '%s' lies in the arena and has no size", c->what, name_of(c, i));
        if (slot->interval < 0) fail_msg("%s: '%s' has no piece of the arena", c->what, name_of(c, i));
        c->of[i].in_arena = true;
        c->of[i].from = lane ? in_lane(p, slot->interval) : p->offsets[slot->interval];
        c->of[i].to = c->of[i].from + bytes;
        if (c->of[i].from % ONR_PLAN_ALIGN || c->of[i].to > (lane ? end_of_lane(p) : p->arena_bytes))
            fail_msg("%s: '%s' lies at %zu to %zu of %zu", c->what, name_of(c, i), c->of[i].from, c->of[i].to, p->arena_bytes);
    }
    for (int32_t s = 0; s < p->n_steps; s++) {
        int32_t i = p->steps[s].scratch;
        if (i < 0) {
            if (!p->steps[s].dynamic && p->steps[s].op.scratch_bytes) fail_msg("%s: step %d has no scratch", c->what, s);
            continue;
        }
        const bool lane = p->steps[s].images && p->n_lanes;
        const size_t from = lane ? in_lane(p, i) : p->offsets[i];
        c->scratch[s] = (life){true, s, s, -1, from, from + p->steps[s].op.scratch_bytes};
        if (c->scratch[s].from % ONR_PLAN_ALIGN || c->scratch[s].to > (lane ? end_of_lane(p) : p->arena_bytes))
            fail_msg("%s: scratch of step %d is out of the arena", c->what, s);
    }
}

/// While lanes run, whatever they read or write as a batch is alive, at whatever step they are, and lies in none of them.
static void check_lanes(const check *c) {
    const onr_plan *p = c->p;
    if (p->lanes < 0) return;
    const size_t from = p->offsets[p->lanes], to = from + (size_t)p->n_lanes * p->lane_bytes;
    if (to > p->arena_bytes || p->lane_bytes % ONR_PLAN_ALIGN) fail_msg("%s: lanes lie at %zu to %zu", c->what, from, to);
    for (int32_t i = 0; i < p->graph->n_values; i++) {
        if (!c->of[i].in_arena || !p->slots[i].image_bytes || p->slots[i].place == ONR_PLACE_LANE) continue;
        if (c->of[i].from < to && from < c->of[i].to) fail_msg("%s: the batch '%s' lies in a lane", c->what, name_of(c, i));
        c->of[i].first = 0;
    }
}

/// The threads' own scratch is alive all the time: nothing else may lie there, and every step finds room for its threads.
static void check_workers(const check *c) {
    const onr_plan *p = c->p;
    for (int32_t s = 0; s < p->n_steps; s++)
        if (!p->steps[s].dynamic && p->steps[s].op.worker_bytes > p->worker_step)
            fail_msg("%s: step %d has no room for a thread", c->what, s);
    if (p->workers < 0) return;
    const size_t from = p->offsets[p->workers], to = from + p->intervals[p->workers].bytes;
    if (from % ONR_PLAN_ALIGN || to > p->arena_bytes || p->worker_step % ONR_PLAN_ALIGN)
        fail_msg("%s: the threads' scratch lies at %zu to %zu of %zu", c->what, from, to, p->arena_bytes);
    for (int32_t i = 0; i < p->graph->n_values; i++)
        if (c->of[i].in_arena && c->of[i].from < to && from < c->of[i].to)
            fail_msg("%s: '%s' lies in the threads' scratch", c->what, name_of(c, i));
    for (int32_t s = 0; s < p->n_steps; s++)
        if (p->steps[s].scratch >= 0 && c->scratch[s].from < to && from < c->scratch[s].to)
            fail_msg("%s: scratch of step %d lies in the threads' scratch", c->what, s);
}

/// b is made at the step where a is read for the last time: may it write over it?
static bool takes_over(const check *c, int32_t a, int32_t b) {
    const life *x = &c->of[a], *y = &c->of[b];
    if (x->last != y->first) return false;
    const onr_step *step = &c->p->steps[y->first];
    const onr_node *n = step->op.node;
    if (step->inplace < 0 || n->out[0] != c->p->graph->values[b] || n->in[step->inplace] != c->p->graph->values[a])
        return false;
    for (int32_t k = 0; k < n->n_in; k++)
        if (k != step->inplace && n->in[k] == n->in[step->inplace]) return false;
    return (n->op->inplace >> step->inplace & 1) && onr_type_equal(&c->p->slots[a].type, &c->p->slots[b].type) &&
           x->from == y->from;
}

static void check_pairs(const check *c) {
    int32_t n = c->p->graph->n_values;
    for (int32_t a = 0; a < n; a++)
        for (int32_t b = 0; b < a; b++) {
            const life *x = &c->of[a], *y = &c->of[b];
            if (!x->in_arena || !y->in_arena || !meet(x, y) || x->last < y->first || y->last < x->first) continue;
            if (x->content == y->content || takes_over(c, a, b) || takes_over(c, b, a)) continue;
            fail_msg("%s: '%s' (steps %d to %d) and '%s' (steps %d to %d) share bytes", c->what, name_of(c, a), x->first,
                     x->last, name_of(c, b), y->first, y->last);
        }
}

static void check_scratch(const check *c) {
    for (int32_t s = 0; s < c->p->n_steps; s++)
        for (int32_t i = 0; c->scratch[s].in_arena && i < c->p->graph->n_values; i++) {
            const life *v = &c->of[i];
            if (v->in_arena && v->first <= s && s <= v->last && meet(v, &c->scratch[s]))
                fail_msg("%s: scratch of step %d shares bytes with '%s'", c->what, s, name_of(c, i));
        }
}

static void check_intervals(const check *c) {
    const onr_plan *p = c->p;
    for (size_t i = 0; i < p->n_intervals; i++)
        for (size_t k = 0; k < i; k++) {
            const onr_interval *a = &p->intervals[i], *b = &p->intervals[k];
            bool together = a->first <= b->last && b->first <= a->last;
            if (together && p->offsets[i] < p->offsets[k] + b->bytes && p->offsets[k] < p->offsets[i] + a->bytes)
                fail_msg("%s: pieces %zu and %zu of the arena share bytes", c->what, k, i);
        }
    if (p->live_peak_bytes > p->arena_bytes) fail_msg("%s: the arena is smaller than its lower bound", c->what);
}

void plan_check_sound(const char *what, const onr_plan *p) {
    check c = {.what = what, .p = p};
    c.of = calloc((size_t)p->graph->n_values + 1, sizeof *c.of);
    c.scratch = calloc((size_t)p->n_steps + 1, sizeof *c.scratch);
    assert_true(c.of && c.scratch);
    find_lives(&c);
    find_bytes(&c);
    check_lanes(&c);
    check_intervals(&c);
    check_pairs(&c);
    check_scratch(&c);
    check_workers(&c);
    free(c.of);
    free(c.scratch);
}
