// text.c: graphs and plans as text for people: a block of lines per node, at most about 100 columns wide.
// May assume: nothing changes while it looks. Never leaves out a node.
#include "dump/show.h"

#include <string.h>

static void head(const onr_dump_source *s, onr_str *out) {
    const onr_dump_model *m = s->model;
    char count[32], bytes[32];
    onr_str_printf(out, "%s of %s\n", onr_stage_name(s->stage), m->path);
    onr_str_printf(out, "  ir %lld", (long long)m->ir_version);
    for (size_t i = 0; i < m->n_opsets; i++)
        onr_str_printf(out, ", opset %s%s%lld", m->opset_domain[i], *m->opset_domain[i] ? " " : "",
                       (long long)m->opset_version[i]);
    if (*m->producer_name)
        onr_str_printf(out, ", by %s%s%s", m->producer_name, *m->producer_version ? " " : "", m->producer_version);
    onr_str_printf(out, "\n  %s parameters, %s\n", onr_str_count(count, m->n_parameters),
                   onr_str_bytes(bytes, (uint64_t)m->parameter_bytes));
    for (size_t i = 0; i < s->n_passes; i++)
        if (s->passes[i].count) onr_str_printf(out, "  pass %s: %lld\n", s->passes[i].name, (long long)s->passes[i].count);
}

static void value_line(const char *word, const onr_value *v, onr_stage stage, int indent, onr_str *out) {
    onr_str_printf(out, "%*s%-4s %s: ", indent, "", word, v->name);
    const onr_type *t = stage == ONR_STAGE_MODEL && v->declared ? v->declared : &v->type;
    if (t->kind == ONR_KIND_UNKNOWN && v->declared) t = v->declared;
    onr_show_type(t, v->graph->symbols, out);
    onr_str_add(out, "\n");
}

static void operand(const onr_value *v, onr_str *out) {
    if (!v) {
        onr_str_add(out, "-");
        return;
    }
    onr_str_add(out, v->name);
    if (!v->constant) return;
    onr_str_add(out, " = ");
    onr_show_type(&v->type, v->graph->symbols, out);
    if (v->constant->kind == ONR_TENSOR && onr_tensor_numel(&v->constant->t) <= 8) {
        onr_str_add(out, " ");
        onr_show_tensor(&v->constant->t, out);
    }
}

static void graph_lines(const onr_dump_source *s, const onr_graph *g, int indent, onr_str *out);

static void attr_lines(const onr_dump_source *s, const onr_node *n, int indent, onr_str *out) {
    for (int32_t i = 0; i < n->n_attr; i++) {
        const onr_attr *a = &n->attr[i];
        onr_str_printf(out, "%*s%s = ", indent, "", a->name);
        onr_show_attr(a, n->graph->symbols, out);
        onr_str_add(out, "\n");
        if (a->kind == ONR_ATTR_GRAPH) graph_lines(s, a->graph, indent + 2, out);
        for (size_t k = 0; a->kind == ONR_ATTR_GRAPHS && k < a->n; k++) graph_lines(s, a->graphs[k], indent + 2, out);
    }
}

static void node_lines(const onr_dump_source *s, const onr_node *n, int indent, onr_str *out) {
    onr_str_printf(out, "%*s#%d ", indent, "", n->number);
    onr_show_op(n, out);
    onr_str_printf(out, "  '%s'\n", n->name);
    for (int32_t i = 0; i < n->n_in; i++) {
        onr_str_printf(out, "%*s<- ", indent + 2, "");
        operand(n->in[i], out);
        onr_str_add(out, "\n");
    }
    attr_lines(s, n, indent + 5, out);
    for (int32_t i = 0; i < n->n_out; i++)
        if (n->out[i]) value_line("->", n->out[i], s->stage, indent + 2, out);
    if (n->n_origin > 1) {
        onr_str_printf(out, "%*sdoes the work of", indent + 5, "");
        for (int32_t i = 0; i < n->n_origin; i++) onr_str_printf(out, "%s %s", i ? "," : "", n->origin[i]);
        onr_str_add(out, "\n");
    }
}

static void graph_lines(const onr_dump_source *s, const onr_graph *g, int indent, onr_str *out) {
    onr_str_printf(out, "%*sgraph %s\n", indent, "", g->name);
    for (int32_t i = 0; i < g->n_inputs; i++) value_line("in", g->inputs[i], s->stage, indent + 2, out);
    for (int32_t i = 0; i < g->n_outputs; i++) value_line("out", g->outputs[i], s->stage, indent + 2, out);
    onr_str_add(out, "\n");
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i]->dead) node_lines(s, g->nodes[i], indent + 2, out);
}

// ---- plan
// --------------------------------------------------------------------------------------------------------------------------

static void place_of(const onr_plan *p, const onr_value *v, onr_str *out) {
    const onr_slot *s = &p->slots[v->id];
    switch (s->place) {
    case ONR_PLACE_ARENA:
        onr_str_printf(out, "arena +%zu, steps %d to %d", p->offsets[s->interval], s->first, s->last);
        if (s->root != v->id) onr_str_printf(out, ", memory of %s", p->graph->values[s->root]->name);
        break;
    case ONR_PLACE_LANE:
        onr_str_printf(out, "lane +%zu, steps %d to %d", p->lane.offsets[s->interval], s->first, s->last);
        if (s->root != v->id) onr_str_printf(out, ", memory of %s", p->graph->values[s->root]->name);
        break;
    case ONR_PLACE_INPUT: onr_str_add(out, "the caller's"); break;
    case ONR_PLACE_CONSTANT: onr_str_add(out, "constant"); break;
    case ONR_PLACE_DYNAMIC: onr_str_add(out, "made while running"); break;
    case ONR_PLACE_NONE: onr_str_add(out, "nowhere"); break;
    }
}

static void step_lines(const onr_plan *p, int32_t i, onr_str *out) {
    const onr_step *step = &p->steps[i];
    const onr_node *n = step->op.node;
    onr_str_printf(out, "  step %d  ", i);
    onr_show_op(n, out);
    onr_str_printf(out, "  '%s'", n->name);
    if (step->op.kernel) onr_str_printf(out, "  [%s]", step->op.kernel);
    if (step->dynamic) onr_str_add(out, "  [shapes known only while running]");
    onr_str_add(out, "\n");
    for (int32_t k = 0; k < n->n_out; k++) {
        if (!n->out[k]) continue;
        onr_str_printf(out, "    -> %s: ", n->out[k]->name);
        onr_show_type(&p->slots[n->out[k]->id].type, NULL, out);
        onr_str_add(out, " at ");
        place_of(p, n->out[k], out);
        onr_str_add(out, "\n");
    }
    if (step->inplace >= 0) onr_str_printf(out, "       in place of %s\n", n->in[step->inplace]->name);
    const size_t *offsets = step->images && p->n_lanes ? p->lane.offsets : p->offsets;
    if (step->scratch >= 0)
        onr_str_printf(out, "       scratch %zu bytes at +%zu\n", step->op.scratch_bytes, offsets[step->scratch]);
}

static void plan_lines(const onr_dump_source *s, onr_str *out) {
    const onr_plan *p = s->plan;
    char a[32], b[32], c[32], d[32];
    onr_str_printf(
        out, "  %d steps; arena %s (largest sum alive at one step: %s, step %d); packed weights %s, plain constants %s\n\n",
        p->n_steps, onr_str_bytes(a, p->arena_bytes), onr_str_bytes(b, p->live_peak_bytes), p->peak_step,
        onr_str_bytes(c, s->packed_bytes), onr_str_bytes(d, p->constant_bytes));
    for (int32_t i = 0; i < p->graph->n_inputs; i++) {
        onr_str_printf(out, "  in   %s: ", p->graph->inputs[i]->name);
        onr_show_type(&p->inputs[i], NULL, out);
        onr_str_add(out, "\n");
    }
    for (int32_t i = 0; i < p->n_steps; i++) step_lines(p, i, out);
}

void onr_dump_text(const onr_dump_source *s, onr_str *out) {
    head(s, out);
    if (s->stage == ONR_STAGE_PLAN)
        plan_lines(s, out);
    else
        graph_lines(s, s->graph, 0, out);
}
