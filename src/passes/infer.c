// infer.c: types for every value of the graph, with symbolic dimensions; and the comparison with what the model declares.
// May assume: the resolve pass ran. Never trusts a declaration: it names dimensions that inference could not, no more.
#include "passes/pass.h"

/// Unnamed unknown dimensions are shown under the declaration's names. They do not become equal to other dimensions of that
/// name: a declaration may lie, and rewrites rely on equal sizes.
static void adopt_names(const onr_type *t, const onr_type *declared, onr_symbols *symbols) {
    if (!declared || t->kind != ONR_TENSOR || declared->kind != ONR_TENSOR || t->shape.rank != declared->shape.rank) return;
    for (int32_t i = 0; i < t->shape.rank; i++) {
        const char *name = onr_symbol_name(symbols, declared->shape.dim[i]);
        if (name && onr_dim_symbolic(t->shape.dim[i])) onr_symbol_show_as(symbols, t->shape.dim[i], name);
    }
}

onr_status onr_pass_infer(onr_pass_run *r) {
    onr_graph *g = r->g;
    onr_typing t;
    ONR_TRY(onr_typing_new(g, r->arena, &t, r->err));
    t.guard = r->target->guard;
    for (int32_t i = 0; i < g->n_inputs; i++)
        t.type[g->inputs[i]->id] = g->inputs[i]->declared ? *g->inputs[i]->declared : onr_type_unknown();
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        if (n->dead) continue;
        ONR_TRY(onr_infer_node(n, &t, g->symbols, r->arena, r->err));
        for (int32_t k = 0; k < n->n_out; k++)
            if (n->out[k]) adopt_names(&t.type[n->out[k]->id], n->out[k]->declared, g->symbols);
    }
    for (int32_t i = 0; i < g->n_values; i++) {
        g->values[i]->type = t.type[i];
        g->values[i]->known = t.known[i];
    }
    return ONR_OK;
}

onr_status onr_pass_check_declared(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_values; i++) {
        const onr_value *v = r->g->values[i];
        if (!v->declared || v->is_input || !onr_type_contradicts(&v->type, v->declared)) continue;
        char a[ONR_TYPE_TEXT], b[ONR_TYPE_TEXT];
        onr_log_at(r->log, ONR_LOG_WARN, "value '%s' is declared as %s; node '%s' makes it %s, which is used", v->name,
                   onr_type_text(v->declared, r->g->symbols, b), v->producer ? v->producer->name : "(constant)",
                   onr_type_text(&v->type, r->g->symbols, a));
    }
    return ONR_OK;
}
