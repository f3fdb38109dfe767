// dead.c: nodes whose outputs nobody uses are removed, from the end backwards.
// May assume: topological order. Never removes an output or an input of the graph.
#include "graph/edit.h"
#include "passes/pass.h"

static bool is_needed(const onr_node *n) {
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && (n->out[k]->n_uses || onr_value_is_seen(n->out[k]))) return true;
    return false;
}

onr_status onr_pass_dead(onr_pass_run *r) {
    for (int32_t i = r->g->n_nodes - 1; i >= 0; i--) {
        onr_node *n = r->g->nodes[i];
        if (n->dead || is_needed(n) || !onr_pass_may(r)) continue;
        onr_pass_fired(r, n, "removed: nobody reads what it makes");
        onr_graph_remove_node(r->g, n);
    }
    return ONR_OK;
}
