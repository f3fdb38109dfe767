// diff.c: compares paired nodes: operators, attributes, sources, weights, types; and what models and graphs say of themselves.
// May assume: diff_match.c paired them. Never prints.
#include "dump/diff.h"

#include "dump/show.h"

#include <math.h>
#include <string.h>

/// One pair of graphs; bodies have those around them.
typedef struct scope {
    const struct scope *outer;
    onr_pairing p;
    const char *prefix; // "loop/body/" in names
    int32_t *told;      // by value of a: the constant of b that it was compared with, plus 1
} scope;

typedef struct differ {
    onr_diff *d;
    onr_err *err;
    bool failed;
} differ;

// ---- the list ---------------------------------------------------------------------------------------------------------------

static void add(differ *x, const onr_difference *e) {
    onr_diff *d = x->d;
    if (d->n == d->cap) {
        size_t cap = d->cap ? 2 * d->cap : 32;
        onr_difference *grown = onr_arena_grow(d->arena, d->of, d->n, cap, sizeof *grown);
        if (!grown) {
            x->failed = true;
            return;
        }
        d->of = grown;
        d->cap = cap;
    }
    d->of[d->n++] = *e;
}

/// The text of a builder in the list's memory; frees the builder.
static const char *keep(differ *x, onr_str *s) {
    const char *copy = onr_arena_strdup(x->d->arena, s->s ? s->s : "");
    if (!copy || s->failed) x->failed = true;
    onr_str_free(s);
    return copy ? copy : "";
}

static const char *path_of(differ *x, const scope *s, const char *name) {
    const char *path = *s->prefix ? onr_arena_printf(x->d->arena, "%s%s", s->prefix, name) : name;
    if (!path) x->failed = true;
    return path ? path : name;
}

static const char *op_of(differ *x, const onr_node *n) {
    onr_str text = {0};
    onr_show_op(n, &text);
    return keep(x, &text);
}

static onr_difference about(differ *x, const scope *s, onr_diff_kind kind, const onr_node *a, const onr_node *b) {
    return (onr_difference){.kind = kind,
                            .node_a = a ? path_of(x, s, a->name) : NULL,
                            .node_b = b ? path_of(x, s, b->name) : NULL,
                            .op = op_of(x, a ? a : b)};
}

static const char *type_text(differ *x, const onr_graph *g, const onr_type *t) {
    char text[ONR_TYPE_TEXT];
    const char *copy = onr_arena_strdup(x->d->arena, onr_type_text(t, g->symbols, text));
    if (!copy) x->failed = true;
    return copy ? copy : "";
}

// ---- types ------------------------------------------------------------------------------------------------------------------

/// Equal as far as both are known. Names of free sizes count in what users see, and not in between, where inference makes them.
static bool same_type(const onr_graph *g, const onr_type *t, const onr_graph *h, const onr_type *u, bool names) {
    if (t->kind != u->kind || t->dtype != u->dtype || !t->elem != !u->elem) return false;
    if (t->elem && !same_type(g, t->elem, h, u->elem, names)) return false;
    if (t->kind != ONR_TENSOR) return true;
    if (t->shape.rank != u->shape.rank) return false;
    for (int32_t i = 0; i < t->shape.rank; i++) {
        int64_t m = t->shape.dim[i], n = u->shape.dim[i];
        if (onr_dim_known(m) != onr_dim_known(n) || (onr_dim_known(m) && m != n)) return false;
        const char *a = onr_symbol_name(g->symbols, m), *b = onr_symbol_name(h->symbols, n);
        if (names && !onr_dim_known(m) && strcmp(a ? a : "", b ? b : "") != 0) return false;
    }
    return true;
}

static const onr_type *type_of(const onr_value *v) {
    return v->type.kind == ONR_KIND_UNKNOWN && v->declared ? v->declared : &v->type;
}

static bool value_types_agree(const onr_value *v, const onr_value *w, bool names) {
    return same_type(v->graph, type_of(v), w->graph, type_of(w), names);
}

// ---- weights ----------------------------------------------------------------------------------------------------------------

static bool same_text(onr_string s, onr_string t) { return s.n == t.n && (s.n == 0 || memcmp(s.s, t.s, s.n) == 0); }

static bool same_string(const onr_tensor *a, const onr_tensor *b, int64_t i) {
    return same_text(((const onr_string *)a->data)[i], ((const onr_string *)b->data)[i]);
}

static bool same_content(const onr_tensor *a, const onr_tensor *b) {
    if (a->dtype != b->dtype || !onr_shape_equal(&a->shape, &b->shape)) return false;
    size_t bytes = onr_tensor_bytes(a);
    if (a->dtype != ONR_STRING) return bytes == 0 || a->data == b->data || memcmp(a->data, b->data, bytes) == 0;
    for (int64_t i = 0; i < onr_tensor_numel(a); i++)
        if (!same_string(a, b, i)) return false;
    return true;
}

/// How many elements differ, how much, and the cosine of the angle between the two.
static void weigh(const onr_tensor *a, const onr_tensor *b, onr_difference *e) {
    double dot = 0, aa = 0, bb = 0;
    e->elements = onr_tensor_numel(a);
    for (int64_t i = 0; i < e->elements; i++) {
        if (a->dtype == ONR_STRING) {
            e->different += !same_string(a, b, i);
            continue;
        }
        double x = onr_tensor_num(a, i), y = onr_tensor_num(b, i);
        e->different += !(x == y || (isnan(x) && isnan(y)));
        if (!isfinite(x) || !isfinite(y)) continue;
        e->max_abs = fmax(e->max_abs, fabs(x - y));
        dot += x * y;
        aa += x * x;
        bb += y * y;
    }
    e->cosine = aa > 0 && bb > 0 ? dot / sqrt(aa * bb) : NAN;
}

/// Adds nothing when the two are the same.
static void compare_tensors(differ *x, onr_difference e, const onr_graph *g, const onr_datum *a, const onr_graph *h,
                            const onr_datum *b) {
    onr_type t = onr_datum_type(a), u = onr_datum_type(b);
    bool tensors = a->kind == ONR_TENSOR && b->kind == ONR_TENSOR;
    if (tensors ? same_content(&a->t, &b->t) : same_type(g, &t, h, &u, false)) return;
    e.a = type_text(x, g, &t);
    e.b = type_text(x, h, &u);
    if (tensors && a->t.dtype == b->t.dtype && onr_shape_equal(&a->t.shape, &b->t.shape)) weigh(&a->t, &b->t, &e);
    add(x, &e);
}

// ---- attributes -------------------------------------------------------------------------------------------------------------

static bool is_body(const onr_attr *a) { return a->kind == ONR_ATTR_GRAPH || a->kind == ONR_ATTR_GRAPHS; }
static bool is_tensor(const onr_attr *a) { return a->kind == ONR_ATTR_TENSOR || a->kind == ONR_ATTR_SPARSE_TENSOR; }

/// Bit for bit: a NaN equals itself.
static bool same_floats(const void *a, const void *b, size_t n) { return memcmp(a, b, n * sizeof(float)) == 0; }

static bool same_list(const onr_attr *a, const onr_attr *b) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++) {
        if (a->kind == ONR_ATTR_FLOATS && !same_floats(&a->floats[i], &b->floats[i], 1)) return false;
        if (a->kind == ONR_ATTR_INTS && a->ints[i] != b->ints[i]) return false;
        if (a->kind == ONR_ATTR_STRINGS && !same_text(a->strings[i], b->strings[i])) return false;
        if ((a->kind == ONR_ATTR_TENSORS || a->kind == ONR_ATTR_SPARSE_TENSORS) &&
            !same_content(&a->tensors[i]->t, &b->tensors[i]->t))
            return false;
    }
    return true;
}

static bool same_attr(const onr_attr *a, const onr_attr *b, const onr_graph *g, const onr_graph *h) {
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case ONR_ATTR_FLOAT: return same_floats(&a->f, &b->f, 1);
    case ONR_ATTR_INT: return a->i == b->i;
    case ONR_ATTR_STRING: return same_text(a->s, b->s);
    case ONR_ATTR_TYPE: return same_type(g, a->type, h, b->type, true);
    default: return same_list(a, b);
    }
}

static const char *attr_text(differ *x, const onr_graph *g, const onr_attr *a) {
    onr_str text = {0};
    if (!a) return NULL;
    onr_show_attr(a, g->symbols, &text);
    return keep(x, &text);
}

static onr_status compare_graphs(differ *x, const scope *outer, const onr_graph *a, const onr_graph *b, const char *prefix);

static onr_status compare_bodies(differ *x, const scope *s, const onr_node *n, const onr_attr *a, const onr_attr *b) {
    size_t n_graphs = a->kind == ONR_ATTR_GRAPH ? 1 : a->n < b->n ? a->n : b->n;
    const char *prefix = onr_arena_printf(x->d->arena, "%s%s/%s/", s->prefix, n->name, a->name);
    if (!prefix) return onr_no_memory(x->err, 0);
    for (size_t i = 0; i < n_graphs; i++)
        ONR_TRY(compare_graphs(x, s, a->kind == ONR_ATTR_GRAPH ? a->graph : a->graphs[i],
                               b->kind == ONR_ATTR_GRAPH ? b->graph : b->graphs[i], prefix));
    return ONR_OK;
}

static onr_status compare_attrs(differ *x, const scope *s, const onr_node *n, const onr_node *m) {
    onr_difference e = about(x, s, ONR_DIFF_ATTRIBUTE, n, m);
    for (int32_t i = 0; i < n->n_attr; i++) {
        const onr_attr *a = &n->attr[i], *b = onr_node_attr(m, a->name);
        e.what = a->name;
        if (b && a->kind == b->kind && is_body(a)) {
            ONR_TRY(compare_bodies(x, s, n, a, b));
        } else if (b && is_tensor(a) && is_tensor(b)) {
            compare_tensors(x, e, n->graph, a->tensor, m->graph, b->tensor);
        } else if (!b || !same_attr(a, b, n->graph, m->graph)) {
            e.a = attr_text(x, n->graph, a);
            e.b = attr_text(x, m->graph, b);
            add(x, &e);
        }
    }
    for (int32_t i = 0; i < m->n_attr; i++) {
        if (onr_node_attr(n, m->attr[i].name)) continue;
        e.what = m->attr[i].name;
        e.a = NULL;
        e.b = attr_text(x, m->graph, &m->attr[i]);
        add(x, &e);
    }
    return ONR_OK;
}

// ---- sources ----------------------------------------------------------------------------------------------------------------

static int32_t input_place(const onr_value *v) {
    for (int32_t i = 0; i < v->graph->n_inputs; i++)
        if (v->graph->inputs[i] == v) return i;
    return -1;
}

static bool same_source(const scope *s, const onr_value *v, const onr_value *w) {
    if (!v || !w) return v == w;
    if (v->outer || w->outer) return v->outer && w->outer && s->outer && same_source(s->outer, v->outer, w->outer);
    if (v->producer || w->producer)
        return v->producer && w->producer && s->p.of_a[v->producer->id] == w->producer->id && v->slot == w->slot;
    return v->constant || w->constant ? v->constant && w->constant : input_place(v) == input_place(w);
}

static const char *source_text(differ *x, const onr_value *v) {
    onr_str text = {0};
    if (!v) return "nothing";
    onr_str_printf(&text, "'%s'", v->name);
    if (v->producer)
        onr_str_printf(&text, " of %s '%s'", v->producer->op_type, v->producer->name);
    else
        onr_str_add(&text, v->constant ? " (constant)" : v->outer ? " (from outside)" : " (input)");
    return keep(x, &text);
}

/// Input k of a paired node: where it comes from, and what it holds when that is constant.
static void compare_input(differ *x, scope *s, const onr_node *n, const onr_node *m, int32_t k) {
    onr_value *v = k < n->n_in ? n->in[k] : NULL, *w = k < m->n_in ? m->in[k] : NULL;
    onr_difference e = about(x, s, ONR_DIFF_SOURCE, n, m);
    e.slot = k;
    e.what = v ? v->name : w ? w->name : "";
    if (!same_source(s, v, w)) {
        e.a = source_text(x, v);
        e.b = source_text(x, w);
        add(x, &e);
    } else if (v && v->constant && s->told[v->id] != w->id + 1) {
        s->told[v->id] = w->id + 1;
        e.kind = ONR_DIFF_WEIGHT;
        compare_tensors(x, e, n->graph, v->constant, m->graph, w->constant);
    }
}

static void compare_outputs(differ *x, const scope *s, const onr_node *n, const onr_node *m) {
    bool caused = false;
    for (int32_t k = 0; k < n->n_in && k < m->n_in; k++)
        if (n->in[k] && m->in[k] && !n->in[k]->constant) caused |= !value_types_agree(n->in[k], m->in[k], false);
    for (int32_t k = 0; k < n->n_out && k < m->n_out; k++) {
        const onr_value *v = n->out[k], *w = m->out[k];
        if (!v || !w || value_types_agree(v, w, false)) continue;
        if (caused) {
            x->d->n_consequences++;
            continue;
        }
        onr_difference e = about(x, s, ONR_DIFF_TYPE, n, m);
        e.what = v->name;
        e.a = type_text(x, v->graph, type_of(v));
        e.b = type_text(x, w->graph, type_of(w));
        add(x, &e);
    }
}

static onr_status compare_nodes(differ *x, scope *s, const onr_node *n, const onr_node *m) {
    x->d->n_matched++;
    x->d->n_renamed += strcmp(n->name, m->name) != 0;
    onr_difference e = about(x, s, ONR_DIFF_OPERATOR, n, m);
    e.a = e.op;
    e.b = op_of(x, m);
    if (strcmp(e.a, e.b) != 0) add(x, &e);
    ONR_TRY(compare_attrs(x, s, n, m));
    for (int32_t k = 0; k < n->n_in || k < m->n_in; k++) compare_input(x, s, n, m, k);
    compare_outputs(x, s, n, m);
    return ONR_OK;
}

// ---- graphs -----------------------------------------------------------------------------------------------------------------

/// Inputs or outputs in order: names and types are what callers see; of bodies, only types are.
static void compare_list(differ *x, const scope *s, onr_diff_kind kind, onr_value *const *a, int32_t n_a, onr_value *const *b,
                         int32_t n_b) {
    for (int32_t i = 0; i < n_a || i < n_b; i++) {
        const onr_value *v = i < n_a ? a[i] : NULL, *w = i < n_b ? b[i] : NULL;
        bool names = !*s->prefix, same = v && w && value_types_agree(v, w, names);
        if (same && names) same = strcmp(v->name, w->name) == 0;
        if (same && kind == ONR_DIFF_OUTPUT && !same_source(s, v, w)) {
            onr_difference e = {.kind = kind, .what = path_of(x, s, v->name), .a = source_text(x, v), .b = source_text(x, w)};
            add(x, &e);
        }
        if (same) continue;
        onr_str text_a = {0}, text_b = {0};
        if (v) onr_str_printf(&text_a, "%s: %s", v->name, type_text(x, v->graph, type_of(v)));
        if (w) onr_str_printf(&text_b, "%s: %s", w->name, type_text(x, w->graph, type_of(w)));
        onr_difference e = {.kind = kind, .what = path_of(x, s, v ? v->name : w->name)};
        e.a = v ? keep(x, &text_a) : NULL;
        e.b = w ? keep(x, &text_b) : NULL;
        add(x, &e);
    }
}

/// Nodes in the order of a; those that only b has come where b has them.
static onr_status compare_graphs(differ *x, const scope *outer, const onr_graph *a, const onr_graph *b, const char *prefix) {
    scope s = {.outer = outer, .prefix = prefix};
    int32_t next = 0;
    s.told = onr_arena_calloc(x->d->arena, (size_t)a->n_values, sizeof *s.told);
    if (!s.told) return onr_no_memory(x->err, 0);
    ONR_TRY(onr_diff_match(a, b, x->d->arena, &s.p, x->err));
    x->d->n_a += a->n_nodes;
    x->d->n_b += b->n_nodes;
    compare_list(x, &s, ONR_DIFF_INPUT, a->inputs, a->n_inputs, b->inputs, b->n_inputs);
    compare_list(x, &s, ONR_DIFF_OUTPUT, a->outputs, a->n_outputs, b->outputs, b->n_outputs);
    for (int32_t i = 0; i <= a->n_nodes; i++) {
        int32_t other = i < a->n_nodes ? s.p.of_a[i] : b->n_nodes;
        for (; next < other; next++) {
            onr_difference e = about(x, &s, ONR_DIFF_ONLY_B, NULL, b->nodes[next]);
            if (s.p.of_b[next] < 0) add(x, &e);
        }
        if (i == a->n_nodes) break;
        onr_difference e = about(x, &s, ONR_DIFF_ONLY_A, a->nodes[i], NULL);
        if (other < 0)
            add(x, &e);
        else
            ONR_TRY(compare_nodes(x, &s, a->nodes[i], b->nodes[other]));
    }
    return ONR_OK;
}

static const int64_t *opset_of(const onr_dump_model *m, const char *domain) {
    for (size_t i = 0; i < m->n_opsets; i++)
        if (strcmp(m->opset_domain[i], domain) == 0) return &m->opset_version[i];
    return NULL;
}

static void compare_opset(differ *x, const char *domain) {
    const int64_t *a = opset_of(x->d->a, domain), *b = opset_of(x->d->b, domain);
    onr_difference e = {.kind = ONR_DIFF_OPSET, .what = *domain ? domain : "ai.onnx"};
    if (a && b && *a == *b) return;
    if (a) e.a = onr_arena_printf(x->d->arena, "%lld", (long long)*a);
    if (b) e.b = onr_arena_printf(x->d->arena, "%lld", (long long)*b);
    if ((a && !e.a) || (b && !e.b)) x->failed = true;
    add(x, &e);
}

onr_status onr_diff_graphs(const onr_dump_model *model_a, const onr_graph *a, const onr_dump_model *model_b, const onr_graph *b,
                           onr_arena *arena, onr_diff *out, onr_err *err) {
    differ x = {.d = out, .err = err};
    *out = (onr_diff){.arena = arena, .a = model_a, .b = model_b};
    for (size_t i = 0; i < model_a->n_opsets; i++) compare_opset(&x, model_a->opset_domain[i]);
    for (size_t i = 0; i < model_b->n_opsets; i++)
        if (!opset_of(model_a, model_b->opset_domain[i])) compare_opset(&x, model_b->opset_domain[i]);
    ONR_TRY(compare_graphs(&x, NULL, a, b, ""));
    return x.failed ? onr_no_memory(err, 0) : ONR_OK;
}
