// part.c: a graph narrowed to what lies between given values.
// May assume: the graph is a clone of its own, sorted. Never keeps a node that nobody needs.
#include "graph/edit.h"

#include <string.h>

static onr_status find(const onr_graph *g, const char *name, onr_value **out, onr_err *err) {
    *out = onr_graph_find(g, name);
    return *out ? ONR_OK : onr_fail(err, ONR_USAGE, "the graph '%s' has no value '%s'", g->name, name);
}

static onr_status start_at(onr_graph *g, onr_value *v, onr_err *err) {
    if (v->constant || v->is_input) return ONR_OK;
    if (v->producer) v->producer->out[v->slot] = NULL;
    v->producer = NULL;
    return onr_graph_add_input(g, v) ? ONR_OK : onr_no_memory(err, 0);
}

static bool is_needed(const onr_value *v) { return v && (v->n_uses > 0 || v->n_output > 0); }

static void remove_unneeded(onr_graph *g) {
    for (int32_t i = g->n_nodes - 1; i >= 0; i--) {
        onr_node *n = g->nodes[i];
        bool needed = n->dead;
        for (int32_t k = 0; k < n->n_out; k++) needed = needed || is_needed(n->out[k]);
        if (!needed) onr_graph_remove_node(g, n);
    }
    onr_graph_compact(g);
}

/// What is still read must come from somewhere: the old inputs are taken back where they are needed.
static onr_status take_inputs(onr_graph *g, onr_value *const *old, int32_t n_old, onr_err *err) {
    int32_t kept = 0;
    for (int32_t i = 0; i < g->n_inputs; i++) {
        g->inputs[i]->is_input = is_needed(g->inputs[i]);
        if (g->inputs[i]->is_input) g->inputs[kept++] = g->inputs[i];
    }
    g->n_inputs = kept;
    for (int32_t i = 0; i < n_old; i++)
        if (is_needed(old[i]) && !old[i]->is_input && !onr_graph_add_input(g, old[i])) return onr_no_memory(err, 0);
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *v = g->values[i];
        if (is_needed(v) && !v->producer && !v->is_input && !v->constant)
            return onr_fail(err, ONR_UNSUPPORTED, "the part needs '%s', which comes from outside its graph", v->name);
    }
    return ONR_OK;
}

onr_status onr_graph_narrow(onr_graph *g, const char *const *from, size_t n_from, const char *const *to, size_t n_to,
                            onr_err *err) {
    onr_value **old = g->inputs, *v;
    int32_t n_old = g->n_inputs;
    for (int32_t i = 0; i < n_old; i++) old[i]->is_input = false;
    for (int32_t i = 0; i < g->n_outputs; i++) g->outputs[i]->n_output = 0;
    g->inputs = NULL;
    g->n_inputs = g->cap_inputs = g->n_outputs = 0;
    for (size_t i = 0; i < n_to; i++) {
        ONR_TRY(find(g, to[i], &v, err));
        if (!v->producer) return onr_fail(err, ONR_USAGE, "no node makes the value '%s'", to[i]);
        if (v->n_output == 0 && !onr_graph_add_output(g, v)) return onr_no_memory(err, 0);
    }
    for (size_t i = 0; i < n_from; i++) {
        ONR_TRY(find(g, from[i], &v, err));
        ONR_TRY(start_at(g, v, err));
    }
    remove_unneeded(g);
    return take_inputs(g, old, n_old, err);
}
