// onnxrun_extract.c: a part of a model's graph as a model of its own.
// May assume: the caller keeps the thread rule of onnxrun.h. Never changes the model.
#include "base/nearest.h"
#include "onnxrun_session.h"

#include <string.h>

typedef struct cut {
    const onnxrun_model *m;
    onr_graph *g; // a clone with types
    onr_arena *arena;
    const char *const *from, *const *to;
    size_t n_from, n_to;
    onr_err *err;
} cut;

bool onnxrun_model_has_value(const onnxrun_model *m, const char *name) { return onr_graph_find(m->m->graph, name) != NULL; }

/// There is no such value: what was probably meant? A node's name stands for its output.
static onr_status no_value(const cut *c, const char *name) {
    onr_nearest_name near = {.word = name};
    for (int32_t i = 0; i < c->g->n_nodes; i++) {
        const onr_node *n = c->g->nodes[i];
        if (strcmp(n->name, name) == 0 && n->n_out && n->out[0])
            return onr_fail(c->err, ONR_USAGE, "'%s' is a node, no tensor; its output is '%s'", name, n->out[0]->name);
    }
    for (int32_t i = 0; i < c->g->n_values; i++) onr_nearest_try(&near, c->g->values[i]->name);
    if (near.best) return onr_fail(c->err, ONR_USAGE, "there is no tensor '%s'; did you mean '%s'?", name, near.best);
    return onr_fail(c->err, ONR_USAGE, "there is no tensor '%s'", name);
}

static onr_status check_names(const cut *c) {
    for (size_t i = 0; i < c->n_from; i++) {
        const onr_value *v = onr_graph_find(c->g, c->from[i]);
        if (!v) return no_value(c, c->from[i]);
        if (v->constant) return onr_fail(c->err, ONR_USAGE, "'%s' is a constant: no part begins there", v->name);
        for (size_t k = 0; k < c->n_to; k++)
            if (strcmp(c->from[i], c->to[k]) == 0)
                return onr_fail(c->err, ONR_USAGE, "'%s' is where the part begins and where it ends", v->name);
    }
    for (size_t i = 0; i < c->n_to; i++) {
        const onr_value *v = onr_graph_find(c->g, c->to[i]);
        if (!v) return no_value(c, c->to[i]);
        if (!v->producer) return onr_fail(c->err, ONR_USAGE, "no node makes '%s': no part ends there", v->name);
    }
    return ONR_OK;
}

/// The outputs of the model, where a node makes them.
static onr_status take_outputs(cut *c) {
    const char **names = onr_arena_calloc(c->arena, (size_t)c->g->n_outputs, sizeof *names);
    if (!names) return onr_no_memory(c->err, 0);
    for (int32_t i = 0; i < c->g->n_outputs; i++)
        if (c->g->outputs[i]->producer) names[c->n_to++] = c->g->outputs[i]->name;
    c->to = names;
    return c->n_to ? ONR_OK : onr_fail(c->err, ONR_USAGE, "no node makes an output of the model");
}

static bool was_given(const cut *c, const char *name) {
    for (size_t i = 0; i < c->n_from; i++)
        if (strcmp(c->from[i], name) == 0) return true;
    return false;
}

static const char *all_names(const cut *c) {
    const char *text = c->to[0];
    for (size_t i = 1; i < c->n_to && text; i++) text = onr_arena_printf(c->arena, "%s', '%s", text, c->to[i]);
    return text ? text : "it";
}

/// What was given must be needed, and what else is needed is told.
static onr_status check_part(const cut *c) {
    for (size_t i = 0; i < c->n_from; i++)
        if (!onr_graph_find(c->g, c->from[i])->is_input)
            return onr_fail(c->err, ONR_USAGE, "'%s' does not depend on '%s'", all_names(c), c->from[i]);
    for (int32_t i = 0; i < c->g->n_inputs; i++) {
        const onr_value *v = c->g->inputs[i];
        if (v->type.kind == ONR_KIND_UNKNOWN && !v->declared)
            return onr_fail(c->err, ONR_UNSUPPORTED, "the type of '%s' is not known, and an input needs one", v->name);
        if (c->n_from && !was_given(c, v->name))
            onr_log_at(&c->m->log, ONR_LOG_WARN, "the part also needs the model's input '%s', which is an input of it too",
                       v->name);
    }
    return ONR_OK;
}

static onr_status make_part(cut *c) {
    ONR_TRY(onr_clone_with_types(c->m, c->arena, &c->g, c->err));
    if (!c->n_to) ONR_TRY(take_outputs(c));
    ONR_TRY(check_names(c));
    ONR_TRY(onr_graph_narrow(c->g, c->from, c->n_from, c->to, c->n_to, c->err));
    return check_part(c);
}

onnxrun_status onnxrun_model_extract(const onnxrun_model *m, const char *const *from, size_t n_from, const char *const *to,
                                     size_t n_to, const char *path, bool external_data, onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    cut c = {.m = m, .arena = onr_arena_new(0), .from = from, .to = to, .n_from = n_from, .n_to = n_to, .err = err};
    onr_status s = c.arena ? make_part(&c) : onr_no_memory(err, 0);
    if (s != ONR_OK)
        onr_err_prefix(err, "%s", m->m->path);
    else
        s = onr_save_graph(m->m, c.g, path, external_data, err);
    onr_arena_free(c.arena);
    return (onnxrun_status)s;
}
