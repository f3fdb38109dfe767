// onnxrun_part.c: what a step does, cut out of the model as a small model of its own.
// May assume: it is called from a hook. Never changes the model or the session.
#include "onnxrun_session.h"

#include "onnx/serialize.h"

#include <string.h>

/// The graph in an attribute of `n` at the place where `like` lies in its own node.
static const onr_graph *same_body(const onr_node *n, const onr_graph *like) {
    const onr_node *owner = like->owner;
    for (int32_t k = 0; k < owner->n_attr; k++) {
        const onr_attr *a = &owner->attr[k], *b = onr_node_attr(n, a->name);
        if (!b || a->kind != b->kind) continue;
        if (a->kind == ONR_ATTR_GRAPH && a->graph == like) return b->graph;
        for (size_t i = 0; a->kind == ONR_ATTR_GRAPHS && i < a->n && i < b->n; i++)
            if (a->graphs[i] == like) return b->graphs[i];
    }
    return NULL;
}

/// The model's graph that the session's graph `g` was made from; NULL when its node was rewritten.
static const onr_graph *model_graph(const onnxrun_session *s, const onr_graph *g) {
    if (!g->owner) return s->m->graph;
    const onr_graph *parent = model_graph(s, g->owner->graph);
    for (int32_t i = 0; parent && i < parent->n_nodes; i++)
        if (strcmp(parent->nodes[i]->name, g->owner->name) == 0) return same_body(parent->nodes[i], g);
    return NULL;
}

/// Names of the step's inputs that are no constants, as the model's graph has them; NULL where there is none.
static onr_status read_names(const onnxrun_step *st, const onr_graph *g, onr_arena *a, const char ***names, size_t *n,
                             onr_err *err) {
    const onr_node *node = st->event->node;
    *names = onr_arena_calloc(a, (size_t)node->n_in, sizeof **names);
    if (!*names) return onr_no_memory(err, 0);
    *n = 0;
    for (int32_t k = 0; k < node->n_in; k++) {
        const char *name = node->in[k] && !node->in[k]->constant ? onr_value_model_name(node->in[k]) : NULL;
        if (name && onr_graph_find(g, name)) (*names)[(*n)++] = name;
    }
    return ONR_OK;
}

/// What the run knows of the inputs, so that the part stands without the rest.
static void set_types(const onnxrun_step *st, onr_graph *part) {
    const onr_node *node = st->event->node;
    for (int32_t k = 0; k < node->n_in; k++) {
        onr_value *v = node->in[k] ? onr_graph_find(part, onr_value_model_name(node->in[k])) : NULL;
        const onr_datum *d = st->event->in[k];
        if (!v || !v->is_input || !d || d->kind != ONR_TENSOR) continue;
        v->type = onr_datum_type(d);
        v->type.block = 0;
    }
}

/// What the session knows of the output; sizes that only the run knows get symbols of their own.
static void set_output_type(const onnxrun_step *st, const onr_value *out, onr_graph *part) {
    const onr_plan *plan = st->event->plan;
    const onr_type *t = plan && onr_shape_known(&plan->slots[out->id].type.shape) ? &plan->slots[out->id].type : &out->type;
    onr_value *v = part->outputs[0];
    if (t->kind != ONR_TENSOR || v->type.kind != ONR_KIND_UNKNOWN) return;
    v->type = *t;
    v->type.block = 0;
    for (int32_t i = 0; i < v->type.shape.rank; i++)
        if (!onr_dim_known(v->type.shape.dim[i])) v->type.shape.dim[i] = onr_symbol(part->symbols, NULL);
}

static void tell_places(const onnxrun_step *st, const onr_graph *part, size_t *part_of) {
    const onr_node *node = st->event->node;
    for (int32_t k = 0; k < node->n_in; k++) {
        part_of[k] = SIZE_MAX;
        for (int32_t i = 0; node->in[k] && i < part->n_inputs; i++)
            if (strcmp(part->inputs[i]->name, onr_value_model_name(node->in[k])) == 0) part_of[k] = (size_t)i;
    }
}

static onr_status make_part(const onnxrun_step *st, const onr_value *out, onr_arena *a, void **onnx, size_t *bytes,
                            size_t *part_of, onr_err *err) {
    const onr_graph *whole = model_graph(st->session, st->event->node->graph);
    const char *to = onr_value_model_name(out), **from;
    size_t n_from;
    if (!whole) return onr_fail(err, ONR_UNSUPPORTED, "node '%s' lies in a body that was rewritten", st->event->node->name);
    onr_graph *part = onr_graph_clone(whole, a);
    if (!part) return onr_no_memory(err, 0);
    ONR_TRY(read_names(st, part, a, &from, &n_from, err));
    ONR_TRY(onr_graph_narrow(part, from, n_from, &to, 1, err));
    set_types(st, part);
    set_output_type(st, out, part);
    if (part_of) tell_places(st, part, part_of);
    return onr_model_serialize(st->session->m, part, onnx, bytes, err);
}

onnxrun_status onnxrun_step_part(onnxrun_step *st, size_t i, void **onnx, size_t *bytes, size_t *part_of,
                                 onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    const onr_node *node = st->event->node;
    *onnx = NULL;
    *bytes = 0;
    if (i >= (size_t)node->n_out || !node->out[i])
        return (onnxrun_status)onr_fail(err, ONR_USAGE, "node '%s' has no output %zu", node->name, i);
    onr_arena *a = onr_arena_new(0);
    onr_status s = a ? make_part(st, node->out[i], a, onnx, bytes, part_of, err) : onr_no_memory(err, 0);
    onr_arena_free(a);
    return (onnxrun_status)s;
}
