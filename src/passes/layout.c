// layout.c: channels in blocks wherever operators can use them. One walk in order: a node that wants blocked inputs reads a
// value's blocked twin; a node that makes a blocked output is followed by a Reorder back to plain, which the sweep removes
// where nobody reads it. May assume: types were inferred. Never decides what an operator can do: its row's layout function
// answers.
#include "graph/edit.h"
#include "passes/pass.h"

#include <string.h>

typedef struct twins {
    onr_value **of; // by value id: the blocked form, or NULL
    int32_t cap;
    int32_t block;
} twins;

static onr_value *twin(const twins *t, const onr_value *v) { return v->id < t->cap ? t->of[v->id] : NULL; }

static onr_status set_twin(onr_pass_run *r, twins *t, const onr_value *v, onr_value *blocked) {
    if (v->id >= t->cap) {
        int32_t cap = r->g->n_values * 2 + 16;
        onr_value **grown = onr_arena_grow(r->arena, t->of, (size_t)t->cap, (size_t)cap, sizeof *grown);
        if (!grown) return onr_no_memory(r->err, (size_t)cap * sizeof *grown);
        t->of = grown;
        t->cap = cap;
    }
    t->of[v->id] = blocked;
    return ONR_OK;
}

/// A Reorder from -> to before node `before` (NULL: at the end). block 0 is plain.
static onr_status add_reorder(onr_pass_run *r, const onr_node *before, onr_value *from, onr_value *to, int32_t block) {
    onr_node *n = onr_graph_add_node(r->g, before, "onnxrun", "Reorder", 1, NULL, &from, 1, &to, 1);
    if (!n || !onr_node_set_int(n, "block", block)) return onr_no_memory(r->err, sizeof *n);
    n->n_origin = 0; // does no work of the model's
    return onr_node_resolve(n, r->arena, r->err);
}

static onr_status block_input(onr_pass_run *r, twins *t, onr_node *n, int32_t slot) {
    onr_value *v = n->in[slot], *blocked = twin(t, v);
    if (!blocked) {
        blocked = onr_graph_add_temp(r->g, onr_arena_printf(r->arena, "%s.c%d", v->name, t->block));
        if (!blocked) return onr_no_memory(r->err, sizeof *blocked);
        blocked->type = v->type;
        blocked->type.block = t->block;
        blocked->of = onr_value_model_name(v);
        ONR_TRY(set_twin(r, t, v, blocked));
        ONR_TRY(add_reorder(r, n, v, blocked, t->block));
    }
    return onr_node_set_input(n, slot, blocked) ? ONR_OK : onr_no_memory(r->err, 0);
}

static onr_status block_output(onr_pass_run *r, twins *t, onr_node *n, int32_t slot) {
    onr_value *v = n->out[slot];
    onr_value *blocked = onr_graph_add_temp(r->g, onr_arena_printf(r->arena, "%s.c%d", v->name, t->block));
    if (!blocked) return onr_no_memory(r->err, sizeof *blocked);
    blocked->type = v->type;
    blocked->type.block = t->block;
    blocked->of = onr_value_model_name(v);
    onr_node_set_output(n, slot, blocked);
    ONR_TRY(set_twin(r, t, v, blocked));
    return add_reorder(r, n->id + 1 < r->g->n_nodes ? r->g->nodes[n->id + 1] : NULL, blocked, v, 0);
}

static bool has_block_attr(const onr_op *op) {
    for (const onr_attr_spec *a = op->attrs; a && a->name; a++)
        if (strcmp(a->name, "block") == 0) return true;
    return false;
}

/// Asks the operator; false when it stays plain.
static onr_status ask(onr_pass_run *r, const twins *t, const onr_node *n, onr_layout *q) {
    const onr_type **in = onr_arena_calloc(r->arena, (size_t)n->n_in, sizeof *in);
    const onr_datum **constant = onr_arena_calloc(r->arena, (size_t)n->n_in, sizeof *constant);
    onr_type *out = onr_arena_calloc(r->arena, (size_t)n->n_out, sizeof *out);
    if (!in || !constant || !out) return onr_no_memory(r->err, sizeof *out);
    *q = (onr_layout){
        .node = n, .params = n->params, .in = in, .constant = constant, .out = out, .target = r->target, .block = t->block};
    for (int32_t k = 0; k < n->n_in; k++) {
        if (!n->in[k]) continue;
        in[k] = &n->in[k]->type;
        constant[k] = n->in[k]->constant;
        if (k < 32 && twin(t, n->in[k])) q->available |= 1u << k;
    }
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k]) out[k] = n->out[k]->type;
    n->op->layout(q);
    return ONR_OK;
}

static uint32_t blocked_inputs(const twins *t, const onr_node *n) {
    uint32_t bits = 0;
    for (int32_t k = 0; k < n->n_in && k < 32; k++)
        if (n->in[k] && twin(t, n->in[k])) bits |= 1u << k;
    return bits;
}

/// For the story: a node that reads what is there in blocks costs a reordering when it does not take it so.
static void tell_plain(const onr_pass_run *r, const onr_node *n, uint32_t available, const char *why) {
    int32_t k = 0;
    if (!available || onr_pass_is(n, "onnxrun.Reorder")) return;
    while (!(available >> k & 1)) k++;
    onr_pass_missed(r, n, "works on plain channels, and '%s' is reordered for it: %s", n->in[k]->name, why);
}

static void tell_blocked(const onr_pass_run *r, const onr_node *n, const onr_layout *q) {
    onr_pass_fired(r, n, "works on blocks of %d channels%s", (int)q->block,
                   !q->blocked_in                  ? ", from a plain input"
                   : !q->blocked_out               ? ", to a plain output"
                   : q->blocked_in & ~q->available ? ", its input is reordered for it"
                                                   : "");
}

static onr_status block_node(onr_pass_run *r, twins *t, onr_node *n) {
    onr_layout q;
    if (!n->op->layout) return tell_plain(r, n, blocked_inputs(t, n), "its operator has no form for blocks"), ONR_OK;
    ONR_TRY(ask(r, t, n, &q));
    if (!(q.blocked_in | q.blocked_out)) return tell_plain(r, n, q.available, "it cannot take blocks here"), ONR_OK;
    if (!onr_pass_may(r)) return ONR_OK;
    tell_blocked(r, n, &q);
    for (int32_t k = 0; k < n->n_in && k < 32; k++)
        if (q.blocked_in >> k & 1) ONR_TRY(block_input(r, t, n, k));
    for (int32_t k = 0; k < n->n_out && k < 32; k++)
        if ((q.blocked_out >> k & 1) && n->out[k]) ONR_TRY(block_output(r, t, n, k));
    if (!(q.blocked_out & 1) || !has_block_attr(n->op)) return ONR_OK;
    if (!onr_node_set_int(n, "block", t->block)) return onr_no_memory(r->err, 0);
    return onr_node_resolve(n, r->arena, r->err);
}

onr_status onr_pass_layout(onr_pass_run *r) {
    twins t = {.block = onr_target_block(r->target)};
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *n = r->g->nodes[i];
        if (n->dead) continue;
        ONR_TRY(block_node(r, &t, n));
        i = n->id;                                               // Reorders were put before it
        if (n->n_out && n->out[0] && n->out[0]->type.block) i++; // and one after it
    }
    return ONR_OK;
}
