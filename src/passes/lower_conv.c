// lower_conv.c: float Conv with constant weights becomes onnxrun.Conv (X, W, B, residual, scale), the form that fusions and
// layout work on. May assume: attributes were decoded. Never changes a result.
#include "graph/edit.h"
#include "passes/pass.h"

onr_status onr_pass_lower_conv(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *n = r->g->nodes[i];
        if (!onr_pass_is(n, "Conv")) continue;
        const onr_tensor *w = onr_pass_constant(n, 1);
        if (!w || w->dtype != ONR_FLOAT || w->shape.rank < 3 || w->shape.rank > 4 || !onr_pass_may(r)) continue;
        n->domain = "onnxrun";
        n->opset = 1;
        ONR_TRY(onr_node_resolve(n, r->arena, r->err));
    }
    return ONR_OK;
}
