// util.c: what several passes ask of a graph.
// May assume: nodes were resolved. Never rewrites.
#include "graph/edit.h"
#include "passes/pass.h"

#include <string.h>

bool onr_pass_is(const onr_node *n, const char *name) {
    if (!n || n->dead) return false;
    bool ours = strncmp(name, "onnxrun.", 8) == 0;
    return strcmp(n->op_type, ours ? name + 8 : name) == 0 && strcmp(n->op->domain, ours ? "onnxrun" : "") == 0;
}

onr_node *onr_pass_only_user(const onr_value *v) {
    return v->n_uses == 1 && !onr_value_is_seen(v) && v->uses[0].slot >= 0 ? v->uses[0].node : NULL;
}

const onr_tensor *onr_pass_constant(const onr_node *n, int32_t i) {
    if (i >= n->n_in || !n->in[i] || !n->in[i]->constant || n->in[i]->constant->kind != ONR_TENSOR) return NULL;
    return &n->in[i]->constant->t;
}

onr_value *onr_pass_new_floats(onr_pass_run *r, const char *hint, int64_t n, float **data) {
    onr_datum *d = onr_arena_alloc(r->arena, sizeof *d);
    *data = onr_arena_alloc_aligned(r->arena, (size_t)n * sizeof **data, 64);
    onr_shape shape = onr_shape_make(1, &n);
    onr_value *v = NULL;
    if (d && *data) {
        *d = onr_datum_borrow(ONR_FLOAT, &shape, *data);
        v = onr_graph_add_constant(r->g, hint, d);
    }
    if (!v) onr_no_memory(r->err, (size_t)n * sizeof **data);
    return v;
}
