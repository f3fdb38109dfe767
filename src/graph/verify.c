// verify.c: checks that a graph's structure is sound: what edit.c promises, and what a model must fulfil.
// May assume: nothing about the graph but that its pointers are valid. Never changes it.
#include "graph/edit.h"

#include <stdlib.h>
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
        if (u->node->graph != g) return onr_fail(err, ONR_INTERNAL, "value '%s' is used in another graph", v->name);
        if (u->node->dead) return onr_fail(err, ONR_INTERNAL, "value '%s' is used by a removed node", v->name);
        if (u->slot >= 0 && (u->slot >= u->node->n_in || u->node->in[u->slot] != v))
            return onr_fail(err, ONR_INTERNAL, "value '%s' lists a use that is none", v->name);
    }
    return ONR_OK;
}

// ---- uses: what nodes read and what values list must be the same edges
// --------------------------------------------------------

typedef struct edge {
    int32_t node, slot, value;
} edge;

static int compare_edges(const void *a, const void *b) { // any total order will do
    const edge *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

static onr_status check_edge(const onr_node *n, const onr_value *v, onr_err *err) {
    if (v->graph != n->graph) return onr_fail(err, ONR_INTERNAL, "node '%s' uses a value of another graph", n->name);
    if (v->producer && v->producer->id >= n->id)
        return onr_fail(err, ONR_INTERNAL, "node '%s' stands before '%s', which produces its input '%s'", n->name,
                        v->producer->name, v->name);
    return ONR_OK;
}

// The edges of all living nodes, counted when `out` is NULL.
static size_t edges_of_nodes(const onr_graph *g, edge *out) {
    size_t count = 0;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        for (int32_t k = 0; !n->dead && k < n->n_in + n->n_capture; k++) {
            const onr_value *v = k < n->n_in ? n->in[k] : n->capture[k - n->n_in];
            if (!v) continue;
            if (out) out[count] = (edge){i, k < n->n_in ? k : -1, v->id};
            count++;
        }
    }
    return count;
}

static size_t edges_of_values(const onr_graph *g, edge *out) {
    size_t count = 0;
    for (int32_t i = 0; i < g->n_values; i++)
        for (int32_t k = 0; k < g->values[i]->n_uses; k++, count++)
            if (out) out[count] = (edge){g->values[i]->uses[k].node->id, g->values[i]->uses[k].slot, i};
    return count;
}

// Sorting both lists keeps this fast for values that very many nodes use.
static onr_status check_uses(const onr_graph *g, onr_err *err) {
    size_t n = edges_of_nodes(g, NULL), n_listed = edges_of_values(g, NULL);
    edge *read = onr_malloc((n + n_listed) * sizeof *read);
    if (!read) return onr_no_memory(err, (n + n_listed) * sizeof *read);
    edge *listed = read + n;
    edges_of_nodes(g, read);
    edges_of_values(g, listed);
    qsort(read, n, sizeof *read, compare_edges);
    qsort(listed, n_listed, sizeof *listed, compare_edges);
    size_t same = 0;
    while (same < n && same < n_listed && compare_edges(&read[same], &listed[same]) == 0) same++;
    onr_status s = ONR_OK;
    if (same < n || same < n_listed) {
        const edge *e = same < n ? &read[same] : &listed[same];
        s = onr_fail(err, ONR_INTERNAL, "use of '%s' by node '%s' is not listed once", g->values[e->value]->name,
                     g->nodes[e->node]->name);
    }
    onr_free(read);
    return s;
}

// ---- nodes and their subgraphs
// ------------------------------------------------------------------------------------------------

static int compare_values(const void *a, const void *b) {
    const onr_value *x = *(onr_value *const *)a, *y = *(onr_value *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

// `captures` is the owner's list, sorted.
static onr_status check_subgraph(const onr_node *n, const onr_graph *sub, onr_value *const *captures, onr_err *err) {
    if (sub->owner != n || sub->parent != n->graph)
        return onr_fail(err, ONR_INTERNAL, "subgraph of '%s' has another owner", n->name);
    for (int32_t i = 0; i < sub->n_values; i++) {
        onr_value *outer = sub->values[i]->outer;
        if (!outer) continue;
        if (outer->graph != n->graph || !bsearch(&outer, captures, (size_t)n->n_capture, sizeof(onr_value *), compare_values))
            return onr_fail(err, ONR_INTERNAL, "capture of '%s' by node '%s' is not listed", outer->name, n->name);
    }
    return onr_graph_verify(sub, err);
}

static onr_status check_attrs(const onr_node *n, onr_value *const *captures, onr_err *err) {
    for (int32_t k = 0; k < n->n_attr; k++) {
        const onr_attr *a = &n->attr[k];
        if (a->kind == ONR_ATTR_GRAPH) ONR_TRY(check_subgraph(n, a->graph, captures, err));
        if (a->kind == ONR_ATTR_GRAPHS)
            for (size_t j = 0; j < a->n; j++) ONR_TRY(check_subgraph(n, a->graphs[j], captures, err));
    }
    return ONR_OK;
}

static onr_status check_subgraphs(const onr_node *n, onr_err *err) {
    bool any = false;
    for (int32_t k = 0; k < n->n_attr; k++) any |= n->attr[k].kind == ONR_ATTR_GRAPH || n->attr[k].kind == ONR_ATTR_GRAPHS;
    if (!any) return ONR_OK;
    onr_value **sorted = onr_malloc((size_t)n->n_capture * sizeof(onr_value *));
    if (!sorted) return onr_no_memory(err, (size_t)n->n_capture * sizeof(onr_value *));
    if (n->n_capture) memcpy(sorted, n->capture, (size_t)n->n_capture * sizeof(onr_value *));
    qsort(sorted, (size_t)n->n_capture, sizeof(onr_value *), compare_values);
    onr_status s = check_attrs(n, sorted, err);
    onr_free(sorted);
    return s;
}

static onr_status check_node(const onr_graph *g, const onr_node *n, int32_t i, onr_err *err) {
    if (n->id != i || n->graph != g) return onr_fail(err, ONR_INTERNAL, "node '%s' has a wrong id or graph", n->name);
    if (n->dead) return ONR_OK;
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k]) ONR_TRY(check_edge(n, n->in[k], err));
    for (int32_t k = 0; k < n->n_capture; k++) ONR_TRY(check_edge(n, n->capture[k], err));
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && (n->out[k]->producer != n || n->out[k]->slot != k))
            return onr_fail(err, ONR_INTERNAL, "output '%s' of node '%s' has another producer", n->out[k]->name, n->name);
    return check_subgraphs(n, err);
}

/// What values count as uses by the graph's outputs, and what the graph lists.
static onr_status check_outputs(const onr_graph *g, onr_err *err) {
    int64_t counted = 0;
    for (int32_t i = 0; i < g->n_values; i++) counted += g->values[i]->n_output;
    for (int32_t i = 0; i < g->n_outputs; i++) {
        const onr_value *v = g->outputs[i];
        if (v->graph != g) return onr_fail(err, ONR_INTERNAL, "output '%s' is of another graph", v->name);
        if (v->n_output == 0) return onr_fail(err, ONR_INTERNAL, "output '%s' does not count as one", v->name);
    }
    if (counted == g->n_outputs) return ONR_OK;
    return onr_fail(err, ONR_INTERNAL, "graph '%s' lists %d outputs, its values count %lld", g->name, g->n_outputs,
                    (long long)counted);
}

onr_status onr_graph_verify(const onr_graph *g, onr_err *err) {
    for (int32_t i = 0; i < g->n_values; i++) ONR_TRY(check_value(g, g->values[i], i, err));
    for (int32_t i = 0; i < g->n_nodes; i++) ONR_TRY(check_node(g, g->nodes[i], i, err));
    ONR_TRY(check_outputs(g, err));
    return check_uses(g, err);
}
