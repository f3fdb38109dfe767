// lower_conv.c: float Conv with constant weights becomes onnxrun.Conv (X, W, B, residual, scale), the form that fusions and
// layout work on. May assume: attributes were decoded. Never changes a result.
#include "graph/edit.h"
#include "passes/pass.h"

/// Why a Conv has to stay as it is; NULL: it need not.
static const char *obstacle(const onr_pass_run *r, const onr_node *conv) {
    const onr_tensor *w = onr_pass_constant(conv, 1);
    if (!w) return onr_pass_why(r, "its weights '%s' are not constant", onr_pass_name(conv->in[1]));
    if (w->dtype != ONR_FLOAT) return onr_pass_why(r, "its weights are %s, not float32", onr_dtype_name(w->dtype));
    if (w->shape.rank < 3 || w->shape.rank > 4) return onr_pass_why(r, "its window has %d dimensions", w->shape.rank - 2);
    return NULL;
}

onr_status onr_pass_lower_conv(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *n = r->g->nodes[i];
        if (!onr_pass_is(n, "Conv")) continue;
        const char *why_not = obstacle(r, n);
        if (why_not) onr_pass_missed(r, n, "Conv stays as it is, and nothing is fused into it: %s", why_not);
        if (why_not || !onr_pass_may(r)) continue;
        onr_pass_fired(r, n, "became onnxrun.Conv");
        n->domain = "onnxrun";
        n->opset = 1;
        ONR_TRY(onr_node_resolve(n, r->arena, r->err));
    }
    return ONR_OK;
}
