// identity.c: a node that hands on its first input is taken out; its users read the input instead.
// May assume: rows flagged IDENTITY do just that when only their first output is wanted. Never removes a graph's last link from
// input to output.
#include "graph/edit.h"
#include "passes/pass.h"

static bool is_identity(const onr_node *n) {
    if (n->dead || !(n->op->flags & ONR_OP_IDENTITY) || !n->out[0] || n->out[0]->kept || n->n_in == 0 || !n->in[0])
        return false;
    for (int32_t k = 1; k < n->n_out; k++)
        if (n->out[k] && (n->out[k]->n_uses || onr_value_is_seen(n->out[k]))) return false;
    return true;
}

onr_status onr_pass_identity(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *n = r->g->nodes[i];
        if (!is_identity(n) || !onr_pass_may(r)) continue;
        if (!onr_graph_replace(r->g, n->out[0], n->in[0])) return onr_no_memory(r->err, 0);
        onr_graph_remove_node(r->g, n);
    }
    return ONR_OK;
}
