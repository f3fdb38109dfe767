// check.c: operators, types and names of a graph: all that is wrong, not the first alone; and how findings are shown.
// May assume: the graph's links are sound, though parts may be missing. Never changes it: nodes are resolved in a clone.
#include "dump/check.h"

#include "dump/show.h"
#include "graph/edit.h"

#include <stdio.h>
#include <string.h>

enum { NEWEST_IR = 13 };

typedef struct checker {
    onr_findings *list;
    onr_arena *arena;
    onr_map errors; // "name #number" of nodes with an error
} checker;

void onr_check_add(onr_findings *list, onr_finding f, const char *fmt, ...) {
    char text[ONR_ERR_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    f.text = text;
    onr_findings_add(list, &f);
}

const char *onr_check_reason(const onr_node *n, const onr_err *err) {
    char prefix[ONR_ERR_TEXT];
    int length = snprintf(prefix, sizeof prefix, "node '%s' (#%d): ", n->name, n->number);
    bool there = length > 0 && length < (int)sizeof prefix && strncmp(err->text, prefix, (size_t)length) == 0;
    return there ? err->text + length : err->text;
}

// ---- nodes ------------------------------------------------------------------------------------------------------------------

static const char *node_key(checker *c, const char *name, int32_t number) {
    return onr_arena_printf(c->arena, "%s #%d", name, number);
}

static bool has_error(checker *c, const onr_node *n) {
    const char *key = node_key(c, n->name, n->number);
    return key && onr_map_get(&c->errors, key);
}

/// Where each input's type comes from: a conflict has two sides.
static void input_lines(const onr_node *n, const onr_typing *t, onr_str *out) {
    for (int32_t k = 0; t && k < n->n_in; k++) {
        const onr_value *v = n->in[k];
        if (!v) continue;
        onr_str_printf(out, "input %d '%s': ", k, v->name);
        onr_show_type(&t->type[v->id], n->graph->symbols, out);
        if (v->producer)
            onr_str_printf(out, ", made by node '%s' (#%d)", v->producer->name, v->producer->number);
        else
            onr_str_add(out, v->constant   ? ", an initializer"
                             : v->is_input ? ", an input of the graph"
                                           : ", which has no source");
        onr_str_add(out, "\n");
    }
}

static const char *hint_for(const onr_node *n, const onr_err *err, bool resolved) {
    if (resolved) return err->code == ONR_UNSUPPORTED ? NULL : "one of the inputs is not what the node was made for";
    if (err->code != ONR_UNSUPPORTED) return NULL;
    for (size_t i = 0; onr_op_at(i); i++) { // is the name known in this domain, or in another?
        const onr_op *newest = NULL;
        const char *domain = i ? onr_op_at(i - 1)->domain : n->domain;
        if (strcmp(domain, "onnxrun") == 0) continue;
        const onr_op *row = onr_op_find(domain, n->op_type, n->opset, &newest);
        if (!row && !newest) continue;
        if (i == 0) return "convert the model to an opset that is supported (onnx.version_converter does it)";
        return "an operator of this name is supported in another domain: see `onnxrun ops`";
    }
    return "`onnxrun ops` lists what is supported; export with standard operators, or as a function of the model";
}

static void node_error(checker *c, const onr_node *n, const onr_err *err, bool resolved, const onr_typing *t) {
    onr_str lines = {0};
    if (resolved && err->code == ONR_INVALID) input_lines(n, t, &lines);
    onr_check_add(c->list,
                  (onr_finding){.severity = ONR_ERROR,
                                .code = err->code,
                                .kind = err->code == ONR_UNSUPPORTED ? "unsupported"
                                        : resolved                   ? "types"
                                                                     : "operator",
                                .node = n->name,
                                .number = n->number,
                                .details = lines.s,
                                .hint = hint_for(n, err, resolved)},
                  "%s", onr_check_reason(n, err));
    if (lines.failed) c->list->failed = true;
    onr_str_free(&lines);
    const char *key = node_key(c, n->name, n->number);
    if (!key || !onr_map_put(&c->errors, key, NULL)) c->list->failed = true;
}

static void check_names(checker *c, const onr_graph *g) {
    onr_map seen;
    onr_map_init(&seen, c->arena);
    for (int32_t i = 0; i < g->n_nodes; i++) {
        bool is_new;
        onr_node *n = g->nodes[i];
        onr_map_entry *e = onr_map_put(&seen, n->name, &is_new);
        if (!e) {
            c->list->failed = true;
            return;
        }
        if (is_new)
            e->v.ptr = n;
        else
            onr_check_add(c->list,
                          (onr_finding){.severity = ONR_WARNING,
                                        .kind = "duplicate-node-name",
                                        .node = n->name,
                                        .number = n->number,
                                        .hint = "messages and profiles cannot tell the two apart"},
                          "node #%d has this name, too", ((const onr_node *)e->v.ptr)->number);
    }
}

static bool resolve_graph(checker *c, onr_graph *g);

/// Rows for the nodes of its subgraphs; false when one of them has none.
static bool resolve_subgraphs(checker *c, const onr_node *n) {
    bool ok = true;
    for (int32_t k = 0; k < n->n_attr; k++) {
        const onr_attr *a = &n->attr[k];
        if (a->kind == ONR_ATTR_GRAPH) ok = resolve_graph(c, a->graph) && ok;
        for (size_t j = 0; a->kind == ONR_ATTR_GRAPHS && j < a->n; j++) ok = resolve_graph(c, a->graphs[j]) && ok;
    }
    return ok;
}

static bool resolve_node(checker *c, onr_node *n) {
    onr_err err = {0};
    bool inside = resolve_subgraphs(c, n);
    if (has_error(c, n)) return n->op = NULL, false;
    if (strcmp(n->domain, "onnxrun") == 0)
        onr_fail(&err, ONR_INVALID, "the domain 'onnxrun' is reserved");
    else if (onr_node_resolve(n, c->arena, &err) == ONR_OK)
        return true;
    n->op = NULL;
    if (inside) node_error(c, n, &err, false, NULL);
    return false;
}

static bool resolve_graph(checker *c, onr_graph *g) {
    bool ok = true;
    check_names(c, g);
    for (int32_t i = 0; i < g->n_nodes; i++) ok = resolve_node(c, g->nodes[i]) && ok;
    return ok;
}

// ---- types ------------------------------------------------------------------------------------------------------------------

static void check_declared(checker *c, const onr_graph *g, const onr_value *v, const onr_typing *t) {
    char said[ONR_TYPE_TEXT], made[ONR_TYPE_TEXT];
    const onr_node *by = v->producer;
    if (!v->declared || v->is_input || !onr_type_contradicts(&t->type[v->id], v->declared)) return;
    onr_finding f = {.severity = ONR_WARNING,
                     .kind = "declared-type",
                     .node = by ? by->name : NULL,
                     .number = by ? by->number : 0,
                     .value = v->name,
                     .hint = "onnxrun goes by what the nodes make; correct or remove the declaration"};
    onr_check_add(c->list, f, "'%s' is declared as %s (%s), but %s %s", v->name, onr_type_text(v->declared, g->symbols, said),
                  v->n_output ? "an output of the graph" : "in value_info", by ? "the node makes it" : "the initializer is",
                  onr_type_text(&t->type[v->id], g->symbols, made));
}

/// Some limits of an operator show only when kernels are chosen. Types with unknown parts are left out.
static void check_prepare(checker *c, const onr_node *n, const onr_typing *t) {
    onr_arena *a = onr_arena_new(0);
    onr_err err = {0};
    onr_prepared p;
    onr_status s = a ? onr_show_prepare(n, t, a, &p, &err) : ONR_OK;
    if ((s == ONR_INVALID || s == ONR_UNSUPPORTED) && !has_error(c, n)) node_error(c, n, &err, true, t);
    onr_arena_free(a);
}

/// The type of an input, with 1 for the dimensions that are not known.
static onr_type input_type(const onr_value *v, bool ones) {
    onr_type t = v->declared ? *v->declared : onr_type_unknown();
    for (int32_t d = 0; ones && t.kind == ONR_TENSOR && d < t.shape.rank; d++)
        if (!onr_dim_known(t.shape.dim[d])) t.shape.dim[d] = 1;
    return t;
}

/// Kernels for free dimensions taken as 1.
static onr_status check_kernels(checker *c, const onr_graph *g, onr_err *err) {
    onr_typing t;
    ONR_TRY(onr_typing_new(g, c->arena, &t, err));
    for (int32_t i = 0; i < g->n_inputs; i++) t.type[g->inputs[i]->id] = input_type(g->inputs[i], true);
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i]->op && onr_infer_node(g->nodes[i], &t, g->symbols, c->arena, NULL) == ONR_OK)
            check_prepare(c, g->nodes[i], &t);
    return ONR_OK;
}

/// Types as far as they go: a node whose inputs could not be typed is not blamed.
static onr_status check_types(checker *c, const onr_graph *g, onr_err *err) {
    onr_typing t;
    ONR_TRY(onr_typing_new(g, c->arena, &t, err));
    for (int32_t i = 0; i < g->n_inputs; i++) t.type[g->inputs[i]->id] = input_type(g->inputs[i], false);
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        onr_err why = {0};
        if (!n->op) continue;
        onr_status s = onr_infer_node(n, &t, g->symbols, c->arena, &why);
        if (s == ONR_INVALID || s == ONR_UNSUPPORTED)
            node_error(c, n, &why, true, &t);
        else if (s != ONR_OK)
            return onr_fail(err, s, "%s", why.text);
    }
    for (int32_t i = 0; i < g->n_values; i++) check_declared(c, g, g->values[i], &t);
    return check_kernels(c, g, err);
}

static void check_versions(const onr_dump_model *m, onr_findings *list) {
    const int newest = onr_op_known_opset("");
    onr_finding f = {.severity = ONR_WARNING, .kind = "version", .hint = "this build may misread what is newer than itself"};
    if (m->ir_version > NEWEST_IR)
        onr_check_add(list, f, "IR version %lld is newer than %d, the newest known one", (long long)m->ir_version, NEWEST_IR);
    for (size_t i = 0; i < m->n_opsets; i++) {
        for (size_t k = 0; k < i; k++)
            if (strcmp(m->opset_domain[i], m->opset_domain[k]) == 0)
                onr_check_add(list, (onr_finding){.severity = ONR_WARNING, .kind = "version"},
                              "the opset of domain '%s' is imported twice, as %lld and %lld; the first counts",
                              *m->opset_domain[i] ? m->opset_domain[i] : "ai.onnx", (long long)m->opset_version[k],
                              (long long)m->opset_version[i]);
        if (!*m->opset_domain[i] && m->opset_version[i] > newest)
            onr_check_add(list, f, "opset %lld of ai.onnx is newer than %d, the newest known one",
                          (long long)m->opset_version[i], newest);
    }
}

static onr_status note_errors(checker *c, onr_err *err) {
    onr_map_init(&c->errors, c->arena);
    for (size_t i = 0; i < c->list->n; i++) {
        const onr_finding *f = &c->list->of[i];
        if (f->severity != ONR_ERROR || !f->node) continue;
        const char *key = node_key(c, f->node, f->number);
        if (!key || !onr_map_put(&c->errors, key, NULL)) return onr_no_memory(err, 0);
    }
    return ONR_OK;
}

onr_status onr_check_graph(const onr_dump_model *m, const onr_graph *g, onr_findings *list, onr_err *err) {
    checker c = {.list = list, .arena = onr_arena_new(0)};
    onr_graph *copy = c.arena ? onr_graph_clone(g, c.arena) : NULL;
    onr_status s = copy ? note_errors(&c, err) : onr_no_memory(err, 0);
    if (s == ONR_OK) {
        check_versions(m, list);
        resolve_graph(&c, copy);
        s = check_types(&c, copy, err);
    }
    if (s == ONR_OK) onr_check_batch(copy, c.arena, list);
    if (s == ONR_OK) onr_check_weights(copy, list);
    onr_arena_free(c.arena);
    if (s == ONR_OK && list->failed) return onr_no_memory(err, 0);
    return s;
}

// ---- showing ----------------------------------------------------------------------------------------------------------------

static void detail_lines(const char *lines, onr_str *out) {
    for (const char *p = lines; p && *p;) {
        size_t n = strcspn(p, "\n");
        onr_str_add(out, "  ");
        onr_str_addn(out, p, n);
        onr_str_add(out, "\n");
        p += n + (p[n] != '\0');
    }
}

static void count_text(size_t n, const char *what, const char *end, onr_str *out) {
    onr_str_printf(out, "%zu %s%s%s", n, what, n == 1 ? "" : "s", end);
}

void onr_check_text(const onr_findings *list, onr_str *out) {
    for (size_t i = 0; i < list->n; i++) {
        const onr_finding *f = &list->of[i];
        onr_str_printf(out, "%s: ", onr_severity_name(f->severity));
        if (f->node) onr_str_printf(out, "node '%s' (#%d): ", f->node, f->number);
        onr_str_printf(out, "%s\n", f->text);
        detail_lines(f->details, out);
        if (f->hint) onr_str_printf(out, "  hint: %s\n", f->hint);
    }
    if (list->n == 0) {
        onr_str_add(out, "no problems\n");
        return;
    }
    count_text(onr_findings_count(list, ONR_ERROR), "error", ", ", out);
    count_text(onr_findings_count(list, ONR_WARNING), "warning", ", ", out);
    count_text(onr_findings_count(list, ONR_NOTE), "note", "\n", out);
}

static void member(const char *key, const char *value, onr_str *out) {
    if (!value) return;
    onr_str_printf(out, ", \"%s\": ", key);
    onr_str_json(out, value);
}

static void details_json(const char *lines, onr_str *out) {
    if (!lines) return;
    onr_str_add(out, ", \"details\": [");
    for (const char *p = lines; *p;) {
        size_t n = strcspn(p, "\n");
        onr_str one = {0};
        onr_str_addn(&one, p, n);
        if (p != lines) onr_str_add(out, ", ");
        onr_str_json(out, one.s);
        if (one.failed) out->failed = true;
        onr_str_free(&one);
        p += n + (p[n] != '\0');
    }
    onr_str_add(out, "]");
}

void onr_check_json(const onr_dump_model *m, const onr_findings *list, onr_str *out) {
    onr_str_add(out, "{\"version\": 1, \"model\": ");
    onr_str_json(out, m->path);
    onr_str_printf(out, ", \"errors\": %zu, \"warnings\": %zu, \"notes\": %zu, \"findings\": [",
                   onr_findings_count(list, ONR_ERROR), onr_findings_count(list, ONR_WARNING),
                   onr_findings_count(list, ONR_NOTE));
    for (size_t i = 0; i < list->n; i++) {
        const onr_finding *f = &list->of[i];
        onr_str_printf(out, "%s\n{\"severity\": \"%s\", \"kind\": \"%s\"", i ? "," : "", onr_severity_name(f->severity),
                       f->kind);
        if (f->severity == ONR_ERROR) member("status", onr_status_name(f->code), out);
        member("node", f->node, out);
        if (f->node) onr_str_printf(out, ", \"number\": %d", f->number);
        member("value", f->value, out);
        member("text", f->text, out);
        details_json(f->details, out);
        member("hint", f->hint, out);
        onr_str_add(out, "}");
    }
    onr_str_add(out, "]}\n");
}
