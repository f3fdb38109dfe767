// dot.c: graphs as Graphviz DOT: a box per node, an edge per value, labelled with shapes; subgraphs as clusters.
// May assume: nothing changes while it looks. Never draws constants as nodes: they are lines in the box of their user.
#include "dump/show.h"

/// Text inside a DOT string: quotes and backslashes escaped.
static void escaped(const char *s, onr_str *out) {
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') onr_str_add(out, "\\");
        if (*s == '\n')
            onr_str_add(out, "\\n");
        else
            onr_str_addn(out, s, 1);
    }
}

static void add_escaped(onr_str *part, onr_str *out) {
    if (part->s) escaped(part->s, out);
    out->failed |= part->failed;
    onr_str_free(part);
}

/// A name for node or value `id` of a graph, unique across subgraphs and the same on every run.
static void ident(char kind, const onr_graph *g, int32_t id, onr_str *out) {
    onr_str_printf(out, "%c%d", kind, id);
    for (; g->owner; g = g->parent) {
        int32_t which = 0;
        while (which < g->owner->n_attr && !(g->owner->attr[which].kind == ONR_ATTR_GRAPH && g->owner->attr[which].graph == g))
            which++;
        onr_str_printf(out, "_%d_%d", g->owner->id, which);
    }
}

static void arrow(char from_kind, const onr_graph *from, int32_t from_id, char to_kind, const onr_graph *to, int32_t to_id,
                  onr_str *out) {
    onr_str_add(out, "  ");
    ident(from_kind, from, from_id, out);
    onr_str_add(out, " -> ");
    ident(to_kind, to, to_id, out);
}

/// Nodes with weights stand out, ours are grey, the rest is white.
static const char *colour(const onr_node *n) {
    for (int32_t i = 0; i < n->n_in; i++)
        if (n->in[i] && n->in[i]->constant && n->in[i]->type.kind == ONR_TENSOR && n->in[i]->type.shape.rank > 1)
            return "#cfe2f3";
    return n->n_origin ? "#ffffff" : "#eeeeee";
}

static void box(const onr_dump_source *s, const onr_node *n, int32_t step, onr_str *out) {
    onr_str_add(out, "  ");
    ident('n', n->graph, n->id, out);
    onr_str_printf(out, " [fillcolor=\"%s\", label=\"", colour(n));
    onr_str op = {0};
    onr_show_op(n, &op);
    add_escaped(&op, out);
    onr_str_add(out, "\\n");
    escaped(n->name, out);
    for (int32_t i = 0; i < n->n_in; i++) {
        if (!n->in[i] || !n->in[i]->constant) continue;
        onr_str line = {0};
        onr_show_type(&n->in[i]->type, n->graph->symbols, &line);
        onr_str_add(out, "\\n");
        add_escaped(&line, out);
    }
    if (s->plan && step >= 0 && s->plan->steps[step].op.kernel) onr_str_printf(out, "\\n[%s]", s->plan->steps[step].op.kernel);
    onr_str_add(out, "\"];\n");
}

static void edge_label(const onr_dump_source *s, const onr_value *v, onr_str *out) {
    onr_str label = {0};
    const onr_type *t = s->plan ? &s->plan->slots[v->id].type : &v->type;
    char shape[ONR_SHAPE_TEXT];
    if (t->kind == ONR_TENSOR)
        onr_str_add(&label, onr_shape_text(&t->shape, v->graph->symbols, shape));
    else
        onr_show_type(t, v->graph->symbols, &label);
    onr_str_add(out, " [label=\"");
    add_escaped(&label, out);
    onr_str_add(out, "\"];\n");
}

static void edges(const onr_dump_source *s, const onr_node *n, onr_str *out) {
    for (int32_t i = 0; i < n->n_in + n->n_capture; i++) {
        const onr_value *v = i < n->n_in ? n->in[i] : n->capture[i - n->n_in];
        if (!v || v->constant) continue;
        if (v->producer)
            arrow('n', n->graph, v->producer->id, 'n', n->graph, n->id, out);
        else
            arrow('v', n->graph, v->id, 'n', n->graph, n->id, out);
        edge_label(s, v, out);
    }
}

static void oval(const onr_value *v, char kind, onr_str *out) {
    onr_str type = {0};
    onr_show_type(v->type.kind ? &v->type : v->declared ? v->declared : &v->type, v->graph->symbols, &type);
    onr_str_add(out, "  ");
    ident(kind, v->graph, v->id, out);
    onr_str_add(out, " [shape=oval, fillcolor=\"#f4cccc\", label=\"");
    escaped(v->name, out);
    onr_str_add(out, "\\n");
    add_escaped(&type, out);
    onr_str_add(out, "\"];\n");
}

static void outputs(const onr_graph *g, onr_str *out) {
    for (int32_t i = 0; i < g->n_outputs; i++) {
        const onr_value *v = g->outputs[i];
        oval(v, 'o', out);
        if (!v->producer) continue;
        arrow('n', g, v->producer->id, 'o', g, v->id, out);
        onr_str_add(out, ";\n");
    }
}

static void draw(const onr_dump_source *s, const onr_graph *g, onr_str *out) {
    for (int32_t i = 0; i < g->n_values; i++)
        if (g->values[i]->is_input || g->values[i]->outer) oval(g->values[i], 'v', out);
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        if (n->dead) continue;
        box(s, n, -1, out);
        edges(s, n, out);
        for (int32_t k = 0; k < n->n_attr; k++) {
            if (n->attr[k].kind != ONR_ATTR_GRAPH) continue;
            onr_str_add(out, "  subgraph cluster_");
            ident('g', n->attr[k].graph, 0, out);
            onr_str_add(out, " {\n  label=\"");
            escaped(n->name, out);
            onr_str_printf(out, ": %s\";\n", n->attr[k].name);
            draw(s, n->attr[k].graph, out);
            onr_str_add(out, "  }\n");
        }
    }
    outputs(g, out);
}

static void draw_plan(const onr_dump_source *s, onr_str *out) {
    const onr_graph *g = s->plan->graph;
    for (int32_t i = 0; i < g->n_inputs; i++) oval(g->inputs[i], 'v', out);
    for (int32_t i = 0; i < s->plan->n_steps; i++) {
        box(s, s->plan->steps[i].op.node, i, out);
        edges(s, s->plan->steps[i].op.node, out);
    }
    outputs(g, out);
}

void onr_dump_dot(const onr_dump_source *s, onr_str *out) {
    onr_str_add(out, "digraph \"");
    escaped(s->graph->name, out);
    onr_str_add(out, "\" {\n  rankdir=TB;\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=10];\n"
                     "  edge [fontname=\"Helvetica\", fontsize=8, color=\"#666666\"];\n");
    if (s->plan)
        draw_plan(s, out);
    else
        draw(s, s->graph, out);
    onr_str_add(out, "}\n");
}
