// gradient.c: Gradient of ai.onnx.preview.training: the graph between xs, zs and y is differentiated, from y backwards; the
// nodes that compute the derivatives take the Gradient's place before anything runs. May assume: the expand pass calls until no
// such node is left, and infers types in between. What is differentiated is the sum of y's elements. Never changes the nodes
// that compute y: where inputs stand for other values, those nodes are made anew.
#include "ops/gradient.h"
#include "ops/eval.h"
#include "ops/rows.h"

#include <string.h>

typedef struct gradient_params {
    onr_strings xs, zs;
    onr_string y;
} gradient_params;

/// What the expansion of one node works with; lists by value id, made before new values come.
typedef struct job {
    onr_node *gradient;
    onr_graph *g;
    onr_arena *arena;
    onr_err *err;
    onr_value **named; ///< the values that xs and zs name
    int32_t n_xs, n_named;
    onr_value *y;
    onr_node **nodes; ///< the graph's nodes as they were
    int32_t n_nodes, n_values;
} job;

static onr_status no_memory(const job *j) { return onr_no_memory(j->err, 0); }

// ---- names ------------------------------------------------------------------------------------------------------------------

static onr_status not_found(const job *j, onr_string name) {
    return onr_fail(j->err, ONR_INVALID, "Gradient: there is no value '%.*s' in its graph", (int)(name.n < 100 ? name.n : 100),
                    name.s);
}

/// Finds y, and what xs and zs name.
static onr_status find_named(job *j) {
    const gradient_params *p = j->gradient->params;
    const char *scope = j->gradient->scope;
    j->n_xs = (int32_t)p->xs.n;
    j->n_named = (int32_t)(p->xs.n + p->zs.n);
    j->named = onr_arena_calloc(j->arena, (size_t)j->n_named, sizeof(onr_value *));
    if (!j->named) return no_memory(j);
    j->y = onr_graph_find_in(j->g, scope, p->y, j->arena);
    if (!j->y) return not_found(j, p->y);
    for (int32_t i = 0; i < j->n_named; i++) {
        onr_string name = i < j->n_xs ? p->xs.v[i] : p->zs.v[i - j->n_xs];
        j->named[i] = onr_graph_find_in(j->g, scope, name, j->arena);
        if (!j->named[i]) return not_found(j, name);
    }
    return ONR_OK;
}

static onr_status snapshot(job *j) {
    j->n_nodes = j->g->n_nodes;
    j->n_values = j->g->n_values;
    j->nodes = onr_arena_grow(j->arena, j->g->nodes, (size_t)j->n_nodes, (size_t)j->n_nodes, sizeof *j->nodes);
    return j->nodes ? ONR_OK : no_memory(j);
}

// ---- which nodes lie between ------------------------------------------------------------------------------------------------

/// Marks by value id what y is computed from; named values are ends. *inner is a Gradient among it, or NULL.
static onr_status mark_sources(const job *j, bool **out, onr_node **inner) {
    bool *mark = onr_arena_calloc(j->arena, (size_t)j->n_values, sizeof *mark);
    bool *end = onr_arena_calloc(j->arena, (size_t)j->n_values, sizeof *end);
    if (!mark || !end) return no_memory(j);
    for (int32_t i = 0; i < j->n_named; i++) end[j->named[i]->id] = true;
    mark[j->y->id] = true;
    for (int32_t i = j->n_nodes - 1; i >= 0; i--) {
        const onr_node *n = j->nodes[i];
        bool is_source = false;
        for (int32_t k = 0; k < n->n_out; k++)
            if (n->out[k] && mark[n->out[k]->id] && !end[n->out[k]->id]) is_source = true;
        if (!is_source) continue;
        if (n->op->expand) *inner = j->nodes[i];
        for (int32_t k = 0; k < n->n_in; k++)
            if (n->in[k]) mark[n->in[k]->id] = true;
        for (int32_t k = 0; k < n->n_capture; k++) mark[n->capture[k]->id] = true;
    }
    *out = mark;
    return ONR_OK;
}

static bool any(const bool *mark, onr_value *const *v, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        if (v[i] && mark[v[i]->id]) return true;
    return false;
}

/// Extends the marks to everything that is computed from marked values.
static void mark_users(const job *j, bool *mark) {
    for (int32_t i = 0; i < j->n_nodes; i++) {
        const onr_node *n = j->nodes[i];
        if (!any(mark, n->in, n->n_in) && !any(mark, n->capture, n->n_capture)) continue;
        for (int32_t k = 0; k < n->n_out; k++)
            if (n->out[k]) mark[n->out[k]->id] = true;
    }
}

// ---- inputs that stand for other values -------------------------------------------------------------------------------------

static onr_status copy_node(const job *j, const onr_node *n, onr_value **now) {
    onr_value **in = onr_arena_calloc(j->arena, (size_t)n->n_in, sizeof(onr_value *));
    onr_value **out = onr_arena_calloc(j->arena, (size_t)n->n_out, sizeof(onr_value *));
    if (!in || !out) return no_memory(j);
    if (n->n_capture)
        return onr_fail(j->err, ONR_UNSUPPORTED, "Gradient: node '%s' has a subgraph and would be computed from other inputs",
                        n->name);
    for (int32_t k = 0; k < n->n_in; k++) in[k] = n->in[k] ? now[n->in[k]->id] : NULL;
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && !(out[k] = onr_graph_add_temp(j->g, n->out[k]->name))) return no_memory(j);
    onr_node *copy = onr_graph_add_node(j->g, j->gradient, n->domain, n->op_type, n->opset, NULL, in, n->n_in, out, n->n_out);
    if (!copy) return no_memory(j);
    for (int32_t k = 0; k < n->n_attr; k++)
        if (!onr_node_set_attr(copy, &n->attr[k])) return no_memory(j);
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k]) now[n->out[k]->id] = out[k];
    return onr_node_resolve(copy, j->arena, j->err);
}

static onr_status rename(const job *j, const char *attr, int32_t from, int32_t n) {
    onr_string *names = onr_arena_calloc(j->arena, (size_t)n, sizeof *names);
    onr_attr a = {.name = attr, .kind = ONR_ATTR_STRINGS, .n = (size_t)n};
    if (!names) return no_memory(j);
    for (int32_t i = 0; i < n; i++) {
        const char *name = j->gradient->in[from + i]->name;
        names[i] = (onr_string){name, strlen(name)};
    }
    a.strings = names;
    return onr_node_set_attr(j->gradient, &a) ? ONR_OK : no_memory(j);
}

/// Makes the nodes between the named values and y anew, with the node's inputs in their places, and lets the node name those.
/// *done is false when inputs are what is named: then there was nothing to do.
static onr_status substitute(const job *j, const bool *source, bool *done) {
    onr_value **now = onr_arena_calloc(j->arena, (size_t)j->n_values, sizeof(onr_value *));
    bool *changed = onr_arena_calloc(j->arena, (size_t)j->n_values, sizeof *changed);
    onr_node *g = j->gradient;
    if (!now || !changed) return no_memory(j);
    for (int32_t i = 0; i < j->n_values; i++) now[i] = j->g->values[i];
    *done = false;
    for (int32_t i = 0; i < j->n_named; i++) {
        now[j->named[i]->id] = g->in[i];
        if (g->in[i] != j->named[i]) *done = changed[j->named[i]->id] = true;
    }
    if (!*done) return ONR_OK;
    mark_users(j, changed);
    for (int32_t i = 0; i < j->n_nodes; i++) {
        const onr_node *n = j->nodes[i];
        if (n != g && any(source, n->out, n->n_out) && (any(changed, n->in, n->n_in) || any(changed, n->capture, n->n_capture)))
            ONR_TRY(copy_node(j, n, now));
    }
    ONR_TRY(rename(j, "xs", 0, j->n_xs));
    if (j->n_named > j->n_xs) ONR_TRY(rename(j, "zs", j->n_xs, j->n_named - j->n_xs));
    onr_attr y = {.name = "y", .kind = ONR_ATTR_STRING};
    y.s = (onr_string){now[j->y->id]->name, strlen(now[j->y->id]->name)};
    if (!onr_node_set_attr(g, &y)) return no_memory(j);
    g->scope = ""; // these names are the graph's own
    return onr_node_resolve(g, j->arena, j->err);
}

// ---- backwards --------------------------------------------------------------------------------------------------------------

static const onr_gradient_rule *rule_of(const onr_node *n) {
    const onr_gradient_rule *const all[] = {onr_gradient_rules_math, onr_gradient_rules_shape, onr_gradient_rules_matrix};
    bool ours = strcmp(n->domain, "onnxrun") == 0;
    for (size_t t = 0; t < sizeof all / sizeof all[0]; t++)
        for (const onr_gradient_rule *rule = all[t]; rule->op; rule++) {
            const char *dot = strrchr(rule->op, '.');
            if (strcmp(dot ? dot + 1 : rule->op, n->op_type) == 0 && (dot != NULL) == ours) return rule;
        }
    return NULL;
}

static bool is_smooth(const onr_value *v) {
    return v->type.kind != ONR_TENSOR || v->type.dtype == ONR_UNDEFINED || onr_dtype_in(v->type.dtype, ONR_T_FLOATS);
}

static onr_status derive_node(onr_gradient *c, const onr_node *n, const bool *depends, onr_value **d) {
    const onr_gradient_rule *rule = rule_of(n);
    bool known = strcmp(n->op->domain, "") == 0 || strcmp(n->op->domain, "onnxrun") == 0;
    if (!rule || !known || n->op->since < rule->since)
        return onr_fail(c->err, ONR_UNSUPPORTED, "Gradient: node '%s': %s (opset %d) has no derivative here", n->name,
                        n->op_type, n->opset);
    onr_value **dy = onr_arena_calloc(c->arena, (size_t)n->n_out, sizeof(onr_value *));
    onr_value **dx = onr_arena_calloc(c->arena, (size_t)n->n_in, sizeof(onr_value *));
    bool *wanted = onr_arena_calloc(c->arena, (size_t)n->n_in, sizeof *wanted);
    if (!dy || !dx || !wanted) return onr_no_memory(c->err, 0);
    for (int32_t k = 0; k < n->n_out; k++) dy[k] = n->out[k] ? d[n->out[k]->id] : NULL;
    for (int32_t k = 0; k < n->n_in; k++) wanted[k] = n->in[k] && depends[n->in[k]->id] && is_smooth(n->in[k]);
    c->node = n;
    c->dy = dy;
    c->dx = dx;
    c->wanted = wanted;
    rule->derive(c);
    onr_gradient_finish(c);
    if (c->status != ONR_OK) return onr_err_prefix(c->err, "Gradient: node '%s'", n->name);
    for (int32_t k = 0; k < n->n_in && c->status == ONR_OK; k++) {
        if (!wanted[k] || !dx[k]) continue;
        onr_value **sum = &d[n->in[k]->id];
        *sum = *sum ? onr_gradient_make(c, "Add", 2, *sum, dx[k]) : dx[k];
    }
    return c->status;
}

/// The derivatives of all values between (by id, NULL: zero).
static onr_status derive(const job *j, onr_gradient *c, const bool *source, onr_value **d) {
    bool *depends = onr_arena_calloc(j->arena, (size_t)j->n_values, sizeof *depends);
    if (!depends) return no_memory(j);
    for (int32_t i = 0; i < j->n_xs; i++) depends[j->named[i]->id] = true;
    mark_users(j, depends);
    d[j->y->id] = onr_gradient_fill(c, 1, j->y);
    for (int32_t i = j->n_nodes - 1; i >= 0 && c->status == ONR_OK; i--) {
        const onr_node *n = j->nodes[i];
        bool reached = false, named = false;
        for (int32_t k = 0; k < n->n_out; k++) {
            if (n->out[k] && source[n->out[k]->id] && d[n->out[k]->id]) reached = true;
            for (int32_t x = 0; x < j->n_named; x++)
                if (n->out[k] && n->out[k] == j->named[x]) named = true;
        }
        if (reached && !named && (any(depends, n->in, n->n_in) || any(depends, n->capture, n->n_capture)))
            ONR_TRY(derive_node(c, n, depends, d));
    }
    return c->status;
}

static onr_status replace(const job *j, const bool *source) {
    onr_node *g = j->gradient;
    onr_gradient c = {.g = j->g, .before = g, .arena = j->arena, .err = j->err};
    onr_value **d = onr_arena_calloc(j->arena, (size_t)j->n_values, sizeof(onr_value *));
    if (!d) return no_memory(j);
    ONR_TRY(derive(j, &c, source, d));
    for (int32_t i = 0; i < g->n_out && c.status == ONR_OK; i++) {
        onr_value *out = g->out[i], *dx = d[j->named[i]->id];
        if (!out) continue;
        onr_gradient_make(&c, "Identity", 1, dx ? dx : onr_gradient_fill(&c, 0, j->named[i]));
        if (c.status == ONR_OK) onr_node_set_output(c.made, 0, out);
    }
    onr_gradient_finish(&c);
    if (c.status == ONR_OK) onr_graph_remove_node(j->g, g);
    return c.status;
}

static onr_status expand_one(onr_node *n, onr_arena *arena, int32_t depth, onr_err *err) {
    job j = {.gradient = n, .g = n->graph, .arena = arena, .err = err};
    bool *source, done;
    onr_node *inner = NULL;
    ONR_TRY(find_named(&j));
    ONR_TRY(snapshot(&j));
    ONR_TRY(mark_sources(&j, &source, &inner));
    if (inner == n || depth > j.n_nodes)
        return onr_fail(err, ONR_INVALID, "Gradient: y ('%s') is computed from what the node itself gives", j.y->name);
    if (inner) return expand_one(inner, arena, depth + 1, err);
    ONR_TRY(substitute(&j, source, &done));
    return done ? ONR_OK : replace(&j, source);
}

static onr_status expand(onr_node *n, onr_arena *arena, onr_err *err) { return expand_one(n, arena, 0, err); }

// ---- the row ----------------------------------------------------------------------------------------------------------------

static onr_status infer(onr_infer *c) {
    const gradient_params *p = c->params;
    if (c->n_in != (int32_t)(p->xs.n + p->zs.n))
        return onr_infer_bad(c, "xs and zs name %zu values, %d inputs are given", p->xs.n + p->zs.n, c->n_in);
    if (c->n_out > (int32_t)p->xs.n)
        return onr_infer_bad(c, "it has an output for each of %zu xs, %d are asked for", p->xs.n, c->n_out);
    for (int32_t i = 0; i < c->n_out; i++) onr_infer_set(c, i, onr_infer_dtype(c, i), onr_infer_shape(c, i));
    return ONR_OK;
}

static onr_status run(const onr_run *r) { return onr_run_bad(r, "was not expanded: it differentiates a graph, not tensors"); }

// clang-format off
static const onr_attr_spec attrs[] = {
    {.name = "xs", .kind = ONR_ATTR_STRINGS, .offset = offsetof(gradient_params, xs), .required = true},
    {.name = "y", .kind = ONR_ATTR_STRING, .offset = offsetof(gradient_params, y), .required = true},
    {.name = "zs", .kind = ONR_ATTR_STRINGS, .offset = offsetof(gradient_params, zs)},
    ONR_ATTR_ARRAY_END,
};
// clang-format on

static const onr_op rows[] = {
    {.domain = "ai.onnx.preview.training",
     .name = "Gradient",
     .since = 1,
     ONR_ARITY(1, -1, 1, -1),
     .types = ONR_T_FLOATS,
     ONR_PARAMS(attrs, gradient_params),
     .infer = infer,
     .run = run,
     .expand = expand},
};
ONR_OP_FAMILY(gradient);
