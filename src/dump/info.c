// info.c: what a model is and needs, and everything in it that cannot run; the table of supported operators.
// May assume: nothing. Never changes the graph: problems are looked for in a clone.
#include "dump/show.h"
#include "graph/edit.h"

#include <stdlib.h>
#include <string.h>

// ---- problems
// ----------------------------------------------------------------------------------------------------------------------

typedef struct finder {
    bool json;
    size_t n;
    onr_arena *arena;
    onr_str *out;
} finder;

static void problem(finder *f, const onr_node *n, const onr_err *err) {
    f->n++;
    if (!f->json) {
        onr_str_printf(f->out, "  %s\n", err->text);
        return;
    }
    onr_str_add(f->out, f->n > 1 ? ", {\"node\": " : "{\"node\": ");
    onr_str_json(f->out, n->name);
    onr_str_printf(f->out, ", \"number\": %d, \"op\": ", n->number);
    onr_str_json(f->out, n->op_type);
    onr_str_add(f->out, ", \"domain\": ");
    onr_str_json(f->out, n->domain);
    onr_str_printf(f->out, ", \"opset\": %d, \"status\": \"%s\", \"reason\": ", n->opset, onr_status_name(err->code));
    onr_str_json(f->out, err->text);
    onr_str_add(f->out, "}");
}

static void find_in(finder *f, onr_graph *g);

static bool find_in_subgraphs(finder *f, const onr_node *n) {
    size_t before = f->n;
    for (int32_t k = 0; k < n->n_attr; k++) {
        if (n->attr[k].kind == ONR_ATTR_GRAPH) find_in(f, n->attr[k].graph);
        for (size_t j = 0; n->attr[k].kind == ONR_ATTR_GRAPHS && j < n->attr[k].n; j++) find_in(f, n->attr[k].graphs[j]);
    }
    return f->n > before;
}

/// Rows for every node, then types as far as they go: a node whose inputs could not be typed is not blamed. A node that fails
/// only because of its subgraphs is not named again.
static void find_in(finder *f, onr_graph *g) {
    onr_err err = {0};
    onr_typing t;
    bool typed = !g->owner && onr_typing_new(g, f->arena, &t, &err) == ONR_OK;
    for (int32_t i = 0; typed && i < g->n_inputs; i++)
        if (g->inputs[i]->declared) t.type[g->inputs[i]->id] = *g->inputs[i]->declared;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        onr_node *n = g->nodes[i];
        bool inside = find_in_subgraphs(f, n);
        bool resolved = onr_node_resolve(n, f->arena, &err) == ONR_OK;
        bool ok = resolved && (!typed || onr_infer_node(n, &t, g->symbols, f->arena, &err) == ONR_OK);
        if (!ok && !inside) problem(f, n, &err);
    }
}

size_t onr_dump_problems(const onr_graph *g, bool json, onr_str *out) {
    finder f = {.json = json, .out = out, .arena = onr_arena_new(0)};
    onr_graph *copy = f.arena ? onr_graph_clone(g, f.arena) : NULL;
    if (copy)
        find_in(&f, copy);
    else
        out->failed = true;
    onr_arena_free(f.arena);
    return f.n;
}

// ---- multiply-adds
// -----------------------------------------------------------------------------------------------------------------

/// The work of one node as its operator's prepare reports it; 0 where shapes are not known.
static double node_flops(const onr_node *n, const onr_typing *t, onr_arena *a) {
    onr_prepared p = {0};
    return onr_show_prepare(n, t, a, &p, NULL) == ONR_OK ? p.flops : 0;
}

/// Multiply-adds of a graph at its declared input sizes, unknown dimensions taken as 1; < 0 when it cannot be typed.
static double count_macs(const onr_graph *g) {
    onr_arena *a = onr_arena_new(0);
    onr_graph *copy = a ? onr_graph_clone(g, a) : NULL;
    onr_typing t;
    double flops = copy && onr_typing_new(copy, a, &t, NULL) == ONR_OK ? 0 : -1;
    for (int32_t i = 0; flops >= 0 && i < copy->n_inputs; i++) {
        onr_type type = copy->inputs[i]->declared ? *copy->inputs[i]->declared : onr_type_unknown();
        for (int32_t d = 0; d < type.shape.rank; d++)
            if (!onr_dim_known(type.shape.dim[d])) type.shape.dim[d] = 1;
        t.type[copy->inputs[i]->id] = type;
    }
    for (int32_t i = 0; flops >= 0 && i < copy->n_nodes; i++) {
        onr_node *n = copy->nodes[i];
        bool ok = onr_node_resolve(n, a, NULL) == ONR_OK && onr_infer_node(n, &t, copy->symbols, a, NULL) == ONR_OK;
        flops = ok ? flops + node_flops(n, &t, a) : -1;
    }
    onr_arena_free(a);
    return flops < 0 ? -1 : flops / 2;
}

// ---- info
// ----------------------------------------------------------------------------------------------------------------------------

static void line(onr_str *out, const char *key) { onr_str_printf(out, "%-12s ", key); }

static void values_text(const char *key, onr_value *const *list, int32_t n, onr_str *out) {
    for (int32_t i = 0; i < n; i++) {
        line(out, i ? "" : key);
        onr_str_printf(out, "%s: ", list[i]->name);
        onr_show_type(list[i]->declared ? list[i]->declared : &list[i]->type, list[i]->graph->symbols, out);
        onr_str_add(out, "\n");
    }
}

static void ops_lines(const onr_graph *g, onr_str *out) {
    onr_arena *a = onr_arena_new(0);
    onr_op_count *list = NULL;
    size_t n = a ? onr_count_ops(g, a, &list) : 0;
    line(out, "operators");
    size_t column = 13;
    for (size_t i = 0; i < n; i++) {
        onr_str one = {0};
        onr_str_printf(&one, "%s%s%s %lld%s", list[i].domain, *list[i].domain ? "." : "", list[i].name, (long long)list[i].n,
                       i + 1 < n ? ", " : "");
        if (column + one.n > 80) {
            onr_str_add(out, "\n");
            line(out, "");
            column = 13;
        }
        if (one.s) onr_str_add(out, one.s);
        column += one.n;
        onr_str_free(&one);
    }
    onr_str_add(out, "\n");
    onr_arena_free(a);
}

void onr_info_text(const onr_dump_source *s, int64_t arena_bytes, int64_t weight_bytes, onr_str *out) {
    const onr_dump_model *m = s->model;
    char a[32], b[32];
    line(out, "model");
    onr_str_printf(out, "%s (%s)\n", m->path, onr_str_bytes(a, (uint64_t)m->file_bytes));
    line(out, "producer");
    onr_str_printf(out, "%s%s%s\n", *m->producer_name ? m->producer_name : "unknown", *m->producer_version ? " " : "",
                   m->producer_version);
    line(out, "ir");
    onr_str_printf(out, "%lld\n", (long long)m->ir_version);
    line(out, "opsets");
    for (size_t i = 0; i < m->n_opsets; i++)
        onr_str_printf(out, "%s%s %lld", i ? ", " : "", *m->opset_domain[i] ? m->opset_domain[i] : "ai.onnx",
                       (long long)m->opset_version[i]);
    onr_str_add(out, "\n");
    values_text("inputs", s->graph->inputs, s->graph->n_inputs, out);
    values_text("outputs", s->graph->outputs, s->graph->n_outputs, out);
    line(out, "parameters");
    onr_str_printf(out, "%s (%s)\n", onr_str_count(a, m->n_parameters), onr_str_bytes(b, (uint64_t)m->parameter_bytes));
    double macs = count_macs(s->graph);
    line(out, "MACs");
    if (macs >= 0)
        onr_str_printf(out, "%s (unknown dimensions taken as 1)\n", onr_str_count(a, (int64_t)macs));
    else
        onr_str_add(out, "unknown\n");
    ops_lines(s->graph, out);
    if (arena_bytes >= 0) {
        line(out, "arena");
        onr_str_printf(out, "%s\n", onr_str_bytes(a, (uint64_t)arena_bytes));
        line(out, "weights");
        onr_str_printf(out, "%s\n", onr_str_bytes(a, (uint64_t)weight_bytes));
    }
    onr_str problems = {0};
    size_t n = onr_dump_problems(s->graph, false, &problems);
    line(out, "problems");
    if (n)
        onr_str_printf(out, "%zu\n%s", n, problems.s ? problems.s : "");
    else
        onr_str_add(out, "none\n");
    onr_str_free(&problems);
}

static void values_json(const char *key, onr_value *const *list, int32_t n, onr_str *out) {
    onr_str_printf(out, ", \"%s\": [", key);
    for (int32_t i = 0; i < n; i++) {
        onr_str type = {0};
        onr_show_type(list[i]->declared ? list[i]->declared : &list[i]->type, list[i]->graph->symbols, &type);
        onr_str_add(out, i ? ", {\"name\": " : "{\"name\": ");
        onr_str_json(out, list[i]->name);
        onr_str_add(out, ", \"type\": ");
        onr_str_json(out, type.s);
        onr_str_add(out, "}");
        onr_str_free(&type);
    }
    onr_str_add(out, "]");
}

static void ops_json_object(const onr_graph *g, onr_str *out) {
    onr_arena *a = onr_arena_new(0);
    onr_op_count *list = NULL;
    size_t n = a ? onr_count_ops(g, a, &list) : 0;
    onr_str_add(out, ", \"operators\": [");
    for (size_t i = 0; i < n; i++) {
        onr_str_add(out, i ? ", {\"domain\": " : "{\"domain\": ");
        onr_str_json(out, list[i].domain);
        onr_str_add(out, ", \"op\": ");
        onr_str_json(out, list[i].name);
        onr_str_printf(out, ", \"count\": %lld}", (long long)list[i].n);
    }
    onr_str_add(out, "]");
    onr_arena_free(a);
}

void onr_info_json(const onr_dump_source *s, int64_t arena_bytes, int64_t weight_bytes, onr_str *out) {
    const onr_dump_model *m = s->model;
    onr_str_add(out, "{\"version\": 1, \"model\": ");
    onr_str_json(out, m->path);
    onr_str_printf(out, ", \"file_bytes\": %lld, \"producer\": ", (long long)m->file_bytes);
    onr_str_json(out, m->producer_name);
    onr_str_add(out, ", \"producer_version\": ");
    onr_str_json(out, m->producer_version);
    onr_str_printf(out, ", \"ir_version\": %lld, \"opsets\": {", (long long)m->ir_version);
    for (size_t i = 0; i < m->n_opsets; i++) {
        if (i) onr_str_add(out, ", ");
        onr_str_json(out, *m->opset_domain[i] ? m->opset_domain[i] : "ai.onnx");
        onr_str_printf(out, ": %lld", (long long)m->opset_version[i]);
    }
    onr_str_add(out, "}, \"metadata\": {");
    for (size_t i = 0; i < m->n_metadata; i++) {
        if (i) onr_str_add(out, ", ");
        onr_str_json(out, m->metadata_key[i]);
        onr_str_add(out, ": ");
        onr_str_json(out, m->metadata_value[i]);
    }
    onr_str_add(out, "}");
    values_json("inputs", s->graph->inputs, s->graph->n_inputs, out);
    values_json("outputs", s->graph->outputs, s->graph->n_outputs, out);
    double macs = count_macs(s->graph);
    onr_str_printf(out, ", \"parameters\": %lld, \"parameter_bytes\": %lld, \"macs\": ", (long long)m->n_parameters,
                   (long long)m->parameter_bytes);
    if (macs >= 0)
        onr_str_printf(out, "%.0f", macs);
    else
        onr_str_add(out, "null");
    ops_json_object(s->graph, out);
    if (arena_bytes >= 0)
        onr_str_printf(out, ", \"arena_bytes\": %lld, \"weight_bytes\": %lld", (long long)arena_bytes, (long long)weight_bytes);
    onr_str_add(out, ", \"problems\": [");
    onr_dump_problems(s->graph, true, out);
    onr_str_add(out, "]}\n");
}

// ---- supported operators
// -------------------------------------------------------------------------------------------------------------

static int by_name(const void *pa, const void *pb) {
    const onr_op *a = *(const onr_op *const *)pa, *b = *(const onr_op *const *)pb;
    int d = strcmp(a->domain, b->domain);
    if (d == 0) d = strcmp(a->name, b->name);
    return d ? d : a->since - b->since;
}

/// All rows of the standard's domains in order. Freed with onr_free; NULL: no memory.
static const onr_op **sorted_rows(size_t *n) {
    size_t total = 0;
    while (onr_op_at(total)) total++;
    const onr_op **list = onr_malloc((total + 1) * sizeof *list);
    *n = 0;
    if (!list) return NULL;
    for (size_t i = 0; i < total; i++)
        if (strcmp(onr_op_at(i)->domain, "onnxrun") != 0) list[(*n)++] = onr_op_at(i);
    qsort(list, *n, sizeof *list, by_name);
    return list;
}

static void types_list(onr_dtypes set, const char *separator, onr_str *out) {
    bool first = true;
    for (int t = 1; t < ONR_N_DTYPES; t++) {
        if (!onr_dtype_in((onr_dtype)t, set)) continue;
        if (!first) onr_str_add(out, separator);
        first = false;
        onr_str_add(out, onr_dtype_name((onr_dtype)t));
    }
}

void onr_ops_text(onr_str *out) {
    size_t n;
    const onr_op **list = sorted_rows(&n);
    out->failed |= !list;
    for (size_t i = 0; list && i < n; i++) {
        char range[32] = "";
        const onr_op *op = list[i];
        onr_str name = {0}, types = {0};
        onr_str_printf(&name, "%s%s%s", op->domain, *op->domain ? "." : "", op->name);
        if (op->until)
            onr_str_printf(&types, "%d-%d", op->since, op->until);
        else
            onr_str_printf(&types, "%d+", op->since);
        onr_str_printf(out, "%-36s %-6s ", name.s ? name.s : "", types.s ? types.s : range);
        types_list(op->types, " ", out);
        onr_str_add(out, "\n");
        onr_str_free(&name);
        onr_str_free(&types);
    }
    onr_free(list);
}

void onr_ops_json(onr_str *out) {
    size_t n;
    const onr_op **list = sorted_rows(&n);
    out->failed |= !list;
    onr_str_add(out, "{\"version\": 1, \"operators\": [");
    for (size_t i = 0; list && i < n; i++) {
        const onr_op *op = list[i];
        onr_str_add(out, i ? ",\n{\"domain\": " : "\n{\"domain\": ");
        onr_str_json(out, op->domain);
        onr_str_add(out, ", \"op\": ");
        onr_str_json(out, op->name);
        onr_str_printf(out, ", \"since\": %d, \"until\": ", op->since);
        onr_str_printf(out, op->until ? "%d" : "null", op->until);
        onr_str_add(out, ", \"types\": [");
        if (op->types) {
            onr_str_add(out, "\"");
            types_list(op->types, "\", \"", out);
            onr_str_add(out, "\"");
        }
        onr_str_add(out, "]}");
    }
    onr_str_add(out, "]}\n");
    onr_free(list);
}
