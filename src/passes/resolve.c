// resolve.c: every node of the graph and its subgraphs gets its operator row and decoded attributes.
// May assume: nothing of the operators. Never lets a model use operators of our own domain: their rows trust the passes.
#include "passes/pass.h"

#include <string.h>

/// What this session must not run: our own operators, and those that its list does not allow.
static onr_status refuse(const onr_graph *g, const onr_guard *guard, onr_err *err) {
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        if (strcmp(n->domain, "onnxrun") == 0)
            return onr_fail(err, ONR_INVALID, "node '%s' (#%d): the domain 'onnxrun' is reserved", n->name, n->number);
        if (onr_guard_op(guard, n->domain, n->op_type, err) != ONR_OK)
            return onr_err_prefix(err, "node '%s' (#%d)", n->name, n->number), ONR_LIMIT;
        for (int32_t k = 0; k < n->n_attr; k++) {
            if (n->attr[k].kind == ONR_ATTR_GRAPH) ONR_TRY(refuse(n->attr[k].graph, guard, err));
            if (n->attr[k].kind == ONR_ATTR_GRAPHS)
                for (size_t j = 0; j < n->attr[k].n; j++) ONR_TRY(refuse(n->attr[k].graphs[j], guard, err));
        }
    }
    return ONR_OK;
}

onr_status onr_pass_resolve(onr_pass_run *r) {
    ONR_TRY(refuse(r->g, r->target->guard, r->err));
    for (int32_t i = 0; i < r->g->n_nodes; i++) ONR_TRY(onr_node_resolve(r->g->nodes[i], r->arena, r->err));
    return ONR_OK;
}
