// expand.c: operators that stand for a graph of others are replaced by it (Gradient). Runs at every level.
// May assume: types were inferred. Never stops before the last one: there is no other way to run them.
#include "graph/edit.h"
#include "passes/pass.h"

enum { MOST_NODES = 100000 }; // in the graph that comes out: a small file can ask for derivatives of derivatives of ...

static onr_node *first(const onr_graph *g);

static onr_node *first_in_bodies(const onr_node *n) {
    for (int32_t k = 0; k < n->n_attr; k++) {
        const onr_attr *a = &n->attr[k];
        size_t n_graphs = a->kind == ONR_ATTR_GRAPH ? 1 : a->kind == ONR_ATTR_GRAPHS ? a->n : 0;
        for (size_t i = 0; i < n_graphs; i++) {
            onr_node *found = first(a->kind == ONR_ATTR_GRAPH ? a->graph : a->graphs[i]);
            if (found) return found;
        }
    }
    return NULL;
}

static onr_node *first(const onr_graph *g) {
    for (int32_t i = 0; i < g->n_nodes; i++) {
        onr_node *n = g->nodes[i], *inside;
        if (n->dead) continue;
        if (n->op->expand) return n;
        if ((inside = first_in_bodies(n))) return inside;
    }
    return NULL;
}

onr_status onr_pass_expand(onr_pass_run *r) {
    onr_node *n;
    while ((n = first(r->g)) && onr_pass_may(r)) {
        onr_graph *g = n->graph;
        const char *name = n->name;
        int32_t number = n->number;
        ONR_TRY(onr_guard_time(r->target->guard, name, r->err));
        if (n->op->expand(n, r->arena, r->err) != ONR_OK) return onr_err_prefix(r->err, "node '%s' (#%d)", name, number);
        onr_graph_compact(g);
        if (g->n_nodes > MOST_NODES)
            return onr_fail(r->err, ONR_LIMIT, "node '%s' (#%d): it makes more than %d nodes", name, number, MOST_NODES);
        ONR_TRY(onr_graph_order(r->g, r->err));
        ONR_TRY(onr_pass_infer(r));
    }
    return ONR_OK;
}
