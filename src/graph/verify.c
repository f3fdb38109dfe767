// verify.c: checks that a graph's structure is sound: what edit.c promises, and what a model must fulfil.
// May assume: nothing about the graph but that its pointers are valid. Never changes it.
#include "graph/edit.h"

#include <string.h>

static onr_status check_value(const onr_graph *g, const onr_value *v, int32_t i, onr_err *err) {
    if (v->id != i || v->graph != g) return onr_fail(err, ONR_INTERNAL, "value '%s' has a wrong id or graph", v->name);
    if (onr_graph_find(g, v->name) != v) return onr_fail(err, ONR_INVALID, "two values are called '%s'", v->name);
    int sources = (v->producer != NULL) + v->is_input + (v->constant != NULL && !v->is_input) + (v->outer != NULL);
    if (sources > 1) return onr_fail(err, ONR_INVALID, "value '%s' has more than one source", v->name);
    if (v->producer && (v->producer->dead || v->slot >= v->producer->n_out || v->producer->out[v->slot] != v))
        return onr_fail(err, ONR_INTERNAL, "value '%s' is not an output of its producer", v->name);
    if (sources == 0 && (v->n_uses || v->n_output))
        return onr_fail(err, ONR_INVALID, "value '%s' is used but nothing produces it: no node, input or initializer", v->name);
    for (int32_t k = 0; k < v->n_uses; k++) {
        const onr_use *u = &v->uses[k];
        if (u->node->dead) return onr_fail(err, ONR_INTERNAL, "value '%s' is used by a removed node", v->name);
        if (u->slot >= 0 && (u->slot >= u->node->n_in || u->node->in[u->slot] != v))
            return onr_fail(err, ONR_INTERNAL, "value '%s' lists a use that is none", v->name);
    }
    return ONR_OK;
}

static int32_t count_uses(const onr_value *v, const onr_node *n, int32_t slot) {
    int32_t count = 0;
    for (int32_t i = 0; i < v->n_uses; i++) count += v->uses[i].node == n && v->uses[i].slot == slot;
    return count;
}

static onr_status check_edge(const onr_node *n, const onr_value *v, int32_t slot, onr_err *err) {
    if (v->graph != n->graph) return onr_fail(err, ONR_INTERNAL, "node '%s' uses a value of another graph", n->name);
    if (count_uses(v, n, slot) != 1)
        return onr_fail(err, ONR_INTERNAL, "use of '%s' by node '%s' is not listed once", v->name, n->name);
    if (v->producer && v->producer->id >= n->id)
        return onr_fail(err, ONR_INTERNAL, "node '%s' stands before '%s', which produces its input '%s'", n->name,
                        v->producer->name, v->name);
    return ONR_OK;
}

static onr_status check_subgraph(const onr_node *n, const onr_graph *sub, onr_err *err) {
    if (sub->owner != n || sub->parent != n->graph)
        return onr_fail(err, ONR_INTERNAL, "subgraph of '%s' has another owner", n->name);
    for (int32_t i = 0; i < sub->n_values; i++) {
        const onr_value *outer = sub->values[i]->outer;
        bool listed = !outer;
        for (int32_t k = 0; k < n->n_capture && !listed; k++) listed = n->capture[k] == outer;
        if (!listed) return onr_fail(err, ONR_INTERNAL, "capture of '%s' by node '%s' is not listed", outer->name, n->name);
    }
    return onr_graph_verify(sub, err);
}

static onr_status check_node(const onr_graph *g, const onr_node *n, int32_t i, onr_err *err) {
    if (n->id != i || n->graph != g) return onr_fail(err, ONR_INTERNAL, "node '%s' has a wrong id or graph", n->name);
    if (n->dead) return ONR_OK;
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k]) ONR_TRY(check_edge(n, n->in[k], k, err));
    for (int32_t k = 0; k < n->n_capture; k++) ONR_TRY(check_edge(n, n->capture[k], -1, err));
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && (n->out[k]->producer != n || n->out[k]->slot != k))
            return onr_fail(err, ONR_INTERNAL, "output '%s' of node '%s' has another producer", n->out[k]->name, n->name);
    for (int32_t k = 0; k < n->n_attr; k++) {
        const onr_attr *a = &n->attr[k];
        if (a->kind == ONR_ATTR_GRAPH) ONR_TRY(check_subgraph(n, a->graph, err));
        if (a->kind == ONR_ATTR_GRAPHS)
            for (size_t j = 0; j < a->n; j++) ONR_TRY(check_subgraph(n, a->graphs[j], err));
    }
    return ONR_OK;
}

onr_status onr_graph_verify(const onr_graph *g, onr_err *err) {
    for (int32_t i = 0; i < g->n_values; i++) ONR_TRY(check_value(g, g->values[i], i, err));
    for (int32_t i = 0; i < g->n_nodes; i++) ONR_TRY(check_node(g, g->nodes[i], i, err));
    return ONR_OK;
}
