// identity.c: a node that hands on its first input is taken out; its users read the input instead.
// May assume: rows whose IDENTITY flag or hands_on say so do just that when only their first output is wanted. Never removes a
// graph's last link from input to output.
#include "graph/edit.h"
#include "passes/pass.h"

static bool hands_on(const onr_node *n) { return n->op->flags & ONR_OP_IDENTITY || (n->op->hands_on && n->op->hands_on(n)); }

/// Why a node that could hand on its input has to stay; NULL: it can go.
static const char *obstacle(const onr_pass_run *r, const onr_node *n) {
    if (n->out[0]->kept) return onr_pass_not_alone(r, n->out[0]);
    for (int32_t k = 1; k < n->n_out; k++)
        if (n->out[k] && (n->out[k]->n_uses || onr_value_is_seen(n->out[k])))
            return onr_pass_why(r, "its output '%s' is wanted too", n->out[k]->name);
    return NULL;
}

onr_status onr_pass_identity(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *n = r->g->nodes[i];
        if (n->dead || !n->out[0] || n->n_in == 0 || !n->in[0] || !hands_on(n)) continue;
        const char *why_not = obstacle(r, n);
        if (why_not) onr_pass_missed(r, n, "%s stays: %s", n->op_type, why_not);
        if (why_not || !onr_pass_may(r)) continue;
        onr_pass_fired(r, n, "taken out: it hands on '%s'", n->in[0]->name);
        if (!onr_graph_replace(r->g, n->out[0], n->in[0])) return onr_no_memory(r->err, 0);
        onr_graph_remove_node(r->g, n);
    }
    return ONR_OK;
}
