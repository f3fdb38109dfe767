// graph_text.c: a graph from text and back.
// May assume: the language of graph_text.h; a mistake in it fails the test. Never resolves or infers anything.
#include "support/graph_text.h"

#include "graph/edit.h"
#include "support/cmocka.h"
#include "support/rng.h"
#include "support/tensor_text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 32, SHOWN = 12, BEGINNING = 4 };

typedef struct reading {
    text_reader r;
    int32_t opset;
    int depth;
} reading;

// ---- words ------------------------------------------------------------------------------------------------------------------

static const char *spaces(const char *s) {
    while (*s == ' ') s++;
    return s;
}

static const char *line_end(const char *s) {
    s = spaces(s);
    return s + (*s == '#' ? strcspn(s, "\n") : 0);
}

static bool is_name(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '/' || c == ':'; }

static const char *read_name(reading *t, const char *s, const char **out) {
    size_t n = 0;
    s = spaces(s);
    while (is_name(s[n])) n++;
    if (n && s[n - 1] == ':') n--; // "input x:"
    if (!n) text_wrong(&t->r, s);
    *out = onr_arena_strndup(t->r.arena, s, n);
    assert_non_null(*out);
    return spaces(s + n);
}

static const char *expect(reading *t, const char *s, char c) {
    s = spaces(s);
    if (*s != c) text_wrong(&t->r, s);
    return spaces(s + 1);
}

/// Does the line start with this keyword?
static bool starts(const char *s, const char *word) {
    size_t n = strlen(word);
    return strncmp(s, word, n) == 0 && s[n] == ' ';
}

// ---- values -----------------------------------------------------------------------------------------------------------------

/// A value of an enclosing graph, captured level by level; NULL when there is none of that name.
static onr_value *capture(onr_graph *g, const char *name) {
    if (!g->parent) return NULL;
    onr_value *outer = onr_graph_find(g->parent, name);
    if (!outer) outer = capture(g->parent, name);
    if (!outer) return NULL;
    onr_value *v = onr_graph_add_value(g, name);
    assert_non_null(v);
    v->outer = outer;
    assert_true(onr_node_add_capture(g->owner, outer));
    return v;
}

static onr_value *value_of(onr_graph *g, const char *name) {
    onr_value *v = onr_graph_find(g, name);
    if (!v) v = capture(g, name);
    if (!v) v = onr_graph_add_value(g, name);
    assert_non_null(v);
    return v;
}

/// A value that this graph itself makes, whatever enclosing graphs call theirs.
static onr_value *own_value(onr_graph *g, const char *name) {
    onr_value *v = onr_graph_find(g, name);
    if (!v) v = onr_graph_add_value(g, name);
    assert_non_null(v);
    return v;
}

static const char *read_declared(reading *t, const char *s, onr_value **v, onr_graph *g) {
    const char *name;
    onr_type *type = onr_arena_alloc(t->r.arena, sizeof *type);
    assert_non_null(type);
    s = text_type(&t->r, expect(t, read_name(t, s, &name), ':'), type);
    *v = own_value(g, name);
    (*v)->declared = type;
    return spaces(s);
}

static void fill_random(const onr_type *type, uint64_t seed, double lo, double hi, char *data, int64_t n) {
    rng random;
    rng_seed(&random, seed);
    for (int64_t i = 0; i < n; i++) {
        double v = rng_f64(&random, lo, hi);
        if (type->dtype == ONR_FLOAT)
            ((float *)(void *)data)[i] = (float)v;
        else
            ((double *)(void *)data)[i] = v;
    }
}

static const char *read_const(reading *t, const char *s, onr_graph *g) {
    onr_value *v;
    onr_datum *d = onr_arena_alloc(t->r.arena, sizeof *d);
    s = expect(t, read_declared(t, s, &v, g), '=');
    const onr_type *type = v->declared;
    v->declared = NULL;
    char *line = onr_arena_strndup(t->r.arena, s, strcspn(s, "#\n")); // the elements' reader takes all up to the end
    assert_true(d && line);
    if (starts(s, "seed")) {
        double lo = -1, hi = 1;
        uint64_t seed = 0;
        int64_t n = 0;
        int words = sscanf(line, "seed %lu %lf %lf", &seed, &lo, &hi);
        if ((words != 1 && words != 3) || (type->dtype != ONR_FLOAT && type->dtype != ONR_DOUBLE)) text_wrong(&t->r, s);
        assert_true(onr_shape_numel(&type->shape, &n));
        char *data = onr_arena_alloc_aligned(t->r.arena, (size_t)n * onr_dtype_size(type->dtype), 64);
        assert_non_null(data);
        fill_random(type, seed, lo, hi, data, n);
        *d = onr_datum_borrow(type->dtype, &type->shape, data);
    } else {
        const char *rest = text_elements(&t->r, line, type, d);
        if (*rest) text_wrong(&t->r, rest);
    }
    onr_value_set_constant(v, d);
    return s + strlen(line);
}

// ---- nodes ------------------------------------------------------------------------------------------------------------------

static const char *read_graph(reading *t, const char *s, onr_graph *g);

static const char *read_names(reading *t, const char *s, onr_graph *g, char end, bool own, onr_value **out, int32_t *n) {
    *n = 0;
    for (s = spaces(s); *s != end;) {
        const char *name;
        if (*n == MOST) text_wrong(&t->r, s);
        s = read_name(t, s, &name);
        out[(*n)++] = strcmp(name, "_") == 0 ? NULL : own ? own_value(g, name) : value_of(g, name);
        if (*s == ',')
            s = spaces(s + 1);
        else if (*s != end)
            text_wrong(&t->r, s);
    }
    return s;
}

static const char *read_subgraph(reading *t, const char *s, onr_node *n, const char *name) {
    onr_attr a = {.name = name, .kind = ONR_ATTR_GRAPH};
    a.graph = onr_graph_new(t->r.arena, name, n->graph->symbols);
    assert_non_null(a.graph);
    a.graph->parent = n->graph;
    a.graph->owner = n;
    t->depth++;
    s = expect(t, read_graph(t, s, a.graph), '}');
    t->depth--;
    assert_true(onr_node_set_attr(n, &a));
    return s;
}

static const char *read_attrs(reading *t, const char *s, onr_node *n) {
    for (s = spaces(s); *s && *s != '\n' && *s != '#'; s = spaces(s)) {
        size_t name = strcspn(s, "=\n");
        if (s[name] == '=' && s[name + 1] == '{') {
            s = read_subgraph(t, s + name + 2, n, onr_arena_strndup(t->r.arena, s, name));
            continue;
        }
        onr_attr a;
        s = text_attr(&t->r, s, &a);
        assert_true(onr_node_set_attr(n, &a));
    }
    return s;
}

static const char *read_node(reading *t, const char *s, onr_graph *g) {
    onr_value *in[MOST], *out[MOST];
    int32_t n_in, n_out;
    const char *op, *domain = "";
    s = read_names(t, s, g, '=', true, out, &n_out);
    s = read_name(t, s + 1, &op);
    const char *dot = strrchr(op, '.');
    if (dot) {
        domain = onr_arena_strndup(t->r.arena, op, (size_t)(dot - op));
        op = dot + 1;
    }
    s = read_names(t, expect(t, s, '('), g, ')', false, in, &n_in);
    onr_node *n = onr_graph_add_node(g, NULL, domain, op, *domain ? 1 : t->opset, NULL, in, n_in, out, n_out);
    assert_non_null(n);
    return read_attrs(t, s + 1, n);
}

static const char *read_outputs(reading *t, const char *s, onr_graph *g) {
    for (;;) {
        const char *name;
        s = read_name(t, s, &name);
        assert_true(onr_graph_add_output(g, value_of(g, name)));
        if (*s != ',') return s;
        s++;
    }
}

static const char *read_statement(reading *t, const char *s, onr_graph *g) {
    onr_value *v;
    char *end;
    if (starts(s, "opset")) {
        t->opset = (int32_t)strtol(s + 6, &end, 10);
        return end;
    }
    if (starts(s, "input")) {
        s = read_declared(t, s + 6, &v, g);
        assert_true(onr_graph_add_input(g, v));
        return s;
    }
    if (starts(s, "value")) return read_declared(t, s + 6, &v, g);
    if (starts(s, "const")) return read_const(t, s + 6, g);
    if (starts(s, "output")) return read_outputs(t, s + 7, g);
    return read_node(t, s, g);
}

static const char *read_graph(reading *t, const char *s, onr_graph *g) {
    for (;;) {
        s = line_end(s);
        while (*s == '\n') s = line_end(s + 1);
        if (!*s || (*s == '}' && t->depth)) return s;
        s = line_end(read_statement(t, s, g));
        if (*s && *s != '\n') text_wrong(&t->r, s);
    }
}

onr_graph *graph_text_read(const char *what, const char *text, onr_arena *arena) {
    onr_symbols *symbols = onr_arena_alloc(arena, sizeof *symbols);
    assert_non_null(symbols);
    onr_symbols_init(symbols, arena);
    onr_graph *g = onr_graph_new(arena, "text", symbols);
    assert_non_null(g);
    reading t = {.r = {.what = what, .arena = arena, .symbols = symbols}, .opset = 13};
    const char *rest = read_graph(&t, text, g);
    if (*rest) text_wrong(&t.r, rest);
    return g;
}

// ---- writing ----------------------------------------------------------------------------------------------------------------

static void indent(onr_str *out, int depth) {
    for (int i = 0; i < depth; i++) onr_str_add(out, "    ");
}

static void write_elements(onr_str *out, const onr_tensor *t) {
    int64_t n = onr_tensor_numel(t);
    double sum = 0;
    for (int64_t i = 0; i < (n > SHOWN ? BEGINNING : n); i++) {
        const onr_string *s = (const onr_string *)t->data + i;
        if (t->dtype == ONR_STRING)
            onr_str_printf(out, " '%.*s'", (int)s->n, s->s);
        else
            onr_str_printf(out, " %.6g", onr_tensor_num(t, i));
    }
    if (n <= SHOWN) return;
    for (int64_t i = 0; i < n && t->dtype != ONR_STRING; i++) sum += onr_tensor_num(t, i);
    onr_str_printf(out, " ... sum %.5g", sum);
}

static void write_type(onr_str *out, const onr_type *type, const onr_symbols *symbols) {
    char text[ONR_TYPE_TEXT];
    onr_str_add(out, onr_type_text(type, symbols, text));
}

static void write_graph(const onr_graph *g, onr_str *out, int depth);

static void write_attr(const onr_attr *a, onr_str *out, int depth) {
    onr_str_printf(out, " %s=", a->name);
    switch (a->kind) {
    case ONR_ATTR_INT: onr_str_printf(out, "%lld", (long long)a->i); break;
    case ONR_ATTR_FLOAT: onr_str_printf(out, isfinite(a->f) && a->f == rintf(a->f) ? "%.1f" : "%g", (double)a->f); break;
    case ONR_ATTR_STRING: onr_str_printf(out, "'%.*s'", (int)a->s.n, a->s.s); break;
    case ONR_ATTR_TENSOR:
        onr_str_printf(out, "(%s", onr_dtype_name(a->tensor->t.dtype));
        write_elements(out, &a->tensor->t);
        onr_str_add(out, ")");
        break;
    case ONR_ATTR_INTS:
        for (size_t i = 0; i < a->n; i++) onr_str_printf(out, "%s%lld", i ? "," : "[", (long long)a->ints[i]);
        onr_str_add(out, "]");
        break;
    case ONR_ATTR_FLOATS:
        for (size_t i = 0; i < a->n; i++) onr_str_printf(out, "%s%g", i ? "," : "[", (double)a->floats[i]);
        onr_str_add(out, "]");
        break;
    case ONR_ATTR_GRAPH:
        onr_str_add(out, "{\n");
        write_graph(a->graph, out, depth + 1);
        indent(out, depth);
        onr_str_add(out, "}");
        break;
    default: onr_str_printf(out, "(kind %d)", (int)a->kind);
    }
}

static void write_names(onr_str *out, onr_value *const *v, int32_t n) {
    for (int32_t i = 0; i < n; i++) onr_str_printf(out, "%s%s", i ? ", " : "", v[i] ? v[i]->name : "_");
}

static void write_node(const onr_node *n, onr_str *out, int depth) {
    indent(out, depth);
    write_names(out, n->out, n->n_out);
    onr_str_printf(out, " = %s%s%s(", n->domain, *n->domain ? "." : "", n->op_type);
    write_names(out, n->in, n->n_in);
    onr_str_add(out, ")");
    for (int32_t i = 0; i < n->n_attr; i++) write_attr(&n->attr[i], out, depth);
    const char *before = "  # ";
    for (int32_t i = 0; i < n->n_out; i++) {
        if (!n->out[i] || n->out[i]->type.kind == ONR_KIND_UNKNOWN) continue;
        onr_str_add(out, before);
        write_type(out, &n->out[i]->type, n->graph->symbols);
        before = ", ";
    }
    onr_str_add(out, "\n");
}

static void write_graph(const onr_graph *g, onr_str *out, int depth) {
    static const onr_type unknown = {.kind = ONR_KIND_UNKNOWN, .shape = {.rank = -1}};
    for (int32_t i = 0; i < g->n_inputs; i++) {
        indent(out, depth);
        onr_str_printf(out, "input %s: ", g->inputs[i]->name);
        write_type(out, g->inputs[i]->declared ? g->inputs[i]->declared : &unknown, g->symbols);
        onr_str_add(out, "\n");
    }
    for (int32_t i = 0; i < g->n_values; i++) { // a rewrite outside may have changed what a captured name stands for
        const onr_value *v = g->values[i];
        if (!v->outer || strcmp(v->name, v->outer->name) == 0) continue;
        indent(out, depth);
        onr_str_printf(out, "# %s is %s of the enclosing graph\n", v->name, v->outer->name);
    }
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *v = g->values[i];
        if (!v->constant || (!v->n_uses && !v->n_output)) continue;
        indent(out, depth);
        onr_str_printf(out, "const %s: ", v->name);
        write_type(out, &v->type, g->symbols);
        onr_str_add(out, " =");
        write_elements(out, &v->constant->t);
        onr_str_add(out, "\n");
    }
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i]->dead) write_node(g->nodes[i], out, depth);
    indent(out, depth);
    onr_str_add(out, "output ");
    write_names(out, g->outputs, g->n_outputs);
    onr_str_add(out, "\n");
}

void graph_text_write(const onr_graph *g, onr_str *out) { write_graph(g, out, 0); }
