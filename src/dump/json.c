// json.c: graphs and plans as JSON for programs; docs/json.md describes the fields, "version" tells when they change.
// May assume: nothing changes while it looks. Never prints weights.
#include "dump/show.h"
#include "dump/statistics.h"

enum { VERSION = 1 };

static void type_field(const onr_type *t, const onr_symbols *symbols, onr_str *out) {
    onr_str text = {0};
    onr_show_type(t, symbols, &text);
    onr_str_json(out, text.s);
    out->failed |= text.failed;
    onr_str_free(&text);
}

/// {"name": ..., "type": ..., "dtype": ..., "shape": [...]}: known sizes are numbers, symbols strings, unknowns null. "of" is
/// the model's name of what lies in another layout here.
static void value_object(const onr_dump_source *s, const onr_value *v, const onr_type *t, onr_str *out) {
    onr_str_add(out, "{\"name\": ");
    onr_str_json(out, v->name);
    onr_str_add(out, ", \"type\": ");
    type_field(t, v->graph->symbols, out);
    if (t->kind == ONR_TENSOR) {
        onr_str_printf(out, ", \"dtype\": \"%s\", \"shape\": ", onr_dtype_name(t->dtype));
        if (t->shape.rank < 0) onr_str_add(out, "null");
        for (int32_t i = 0; i < t->shape.rank; i++) {
            onr_str_add(out, i ? ", " : "[");
            if (onr_dim_known(t->shape.dim[i]))
                onr_str_printf(out, "%lld", (long long)t->shape.dim[i]);
            else
                onr_str_json(out, onr_symbol_name(v->graph->symbols, t->shape.dim[i]));
        }
        if (t->shape.rank == 0) onr_str_add(out, "[");
        if (t->shape.rank >= 0) onr_str_add(out, "]");
        if (t->block) onr_str_printf(out, ", \"block\": %d", t->block);
    }
    if (v->of) {
        onr_str_add(out, ", \"of\": ");
        onr_str_json(out, v->of);
    }
    if (v->constant) onr_str_add(out, ", \"constant\": true");
    if (v->constant && s->statistics) onr_statistics_json(v->constant, out);
    onr_str_add(out, "}");
}

static void names(const char *key, onr_value *const *list, int32_t n, onr_str *out) {
    onr_str_printf(out, ", \"%s\": [", key);
    for (int32_t i = 0; i < n; i++) {
        if (i) onr_str_add(out, ", ");
        onr_str_json(out, list[i] ? list[i]->name : NULL);
    }
    onr_str_add(out, "]");
}

static void graph_object(const onr_dump_source *s, const onr_graph *g, onr_str *out);

static void attrs(const onr_dump_source *s, const onr_node *n, onr_str *out) {
    onr_str_add(out, ", \"attributes\": {");
    for (int32_t i = 0; i < n->n_attr; i++) {
        const onr_attr *a = &n->attr[i];
        if (i) onr_str_add(out, ", ");
        onr_str_json(out, a->name);
        onr_str_add(out, ": ");
        if (a->kind == ONR_ATTR_INT)
            onr_str_printf(out, "%lld", (long long)a->i);
        else if (a->kind == ONR_ATTR_FLOAT)
            onr_str_json_num(out, a->f);
        else if (a->kind == ONR_ATTR_GRAPH)
            graph_object(s, a->graph, out);
        else {
            onr_str text = {0};
            onr_show_attr(a, n->graph->symbols, &text);
            onr_str_json(out, text.s);
            out->failed |= text.failed;
            onr_str_free(&text);
        }
    }
    onr_str_add(out, "}");
}

static void node_head(const onr_node *n, onr_str *out) {
    onr_str_printf(out, "{\"number\": %d, \"name\": ", n->number);
    onr_str_json(out, n->name);
    onr_str_add(out, ", \"domain\": ");
    onr_str_json(out, n->domain);
    onr_str_add(out, ", \"op\": ");
    onr_str_json(out, n->op_type);
    onr_str_printf(out, ", \"opset\": %d", n->opset);
    names("inputs", n->in, n->n_in, out);
    names("outputs", n->out, n->n_out, out);
    onr_str_add(out, ", \"origin\": [");
    for (int32_t i = 0; i < n->n_origin; i++) {
        if (i) onr_str_add(out, ", ");
        onr_str_json(out, n->origin[i]);
    }
    onr_str_add(out, "]");
}

static void value_list(const onr_dump_source *s, const char *key, onr_value *const *list, int32_t n, onr_str *out) {
    onr_str_printf(out, ", \"%s\": [", key);
    for (int32_t i = 0; i < n; i++) {
        if (i) onr_str_add(out, ", ");
        const onr_type *t = list[i]->type.kind || !list[i]->declared ? &list[i]->type : list[i]->declared;
        value_object(s, list[i], t, out);
    }
    onr_str_add(out, "]");
}

static void graph_object(const onr_dump_source *s, const onr_graph *g, onr_str *out) {
    onr_str_add(out, "{\"name\": ");
    onr_str_json(out, g->name);
    value_list(s, "inputs", g->inputs, g->n_inputs, out);
    value_list(s, "outputs", g->outputs, g->n_outputs, out);
    value_list(s, "values", g->values, g->n_values, out);
    onr_str_add(out, ", \"nodes\": [");
    bool first = true;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (g->nodes[i]->dead) continue;
        onr_str_add(out, first ? "\n" : ",\n");
        first = false;
        node_head(g->nodes[i], out);
        attrs(s, g->nodes[i], out);
        onr_str_add(out, "}");
    }
    onr_str_add(out, "]}");
}

static const char *place_name(onr_place p) {
    static const char *const list[] = {"none", "constant", "input", "arena", "lane", "dynamic"};
    return list[p];
}

static void slot_object(const onr_dump_source *source, const onr_value *v, onr_str *out) {
    const onr_plan *p = source->plan;
    const onr_slot *s = &p->slots[v->id];
    onr_str_add(out, "{\"value\": ");
    value_object(source, v, &s->type, out);
    onr_str_printf(out, ", \"place\": \"%s\", \"first\": %d, \"last\": %d", place_name(s->place), s->first, s->last);
    if (s->place == ONR_PLACE_ARENA)
        onr_str_printf(out, ", \"offset\": %zu, \"bytes\": %zu", p->offsets[s->interval], p->intervals[s->interval].bytes);
    if (s->root != v->id) {
        onr_str_add(out, ", \"memory_of\": ");
        onr_str_json(out, p->graph->values[s->root]->name);
    }
    onr_str_add(out, "}");
}

static void step_object(const onr_dump_source *s, int32_t i, onr_str *out) {
    const onr_plan *p = s->plan;
    const onr_step *step = &p->steps[i];
    const onr_node *n = step->op.node;
    node_head(n, out);
    onr_str_printf(out, ", \"step\": %d, \"dynamic\": %s, \"kernel\": ", i, step->dynamic ? "true" : "false");
    onr_str_json(out, step->op.kernel);
    onr_str_printf(out, ", \"flops\": %.0f, \"scratch_bytes\": %zu, \"inplace\": %d, \"slots\": [", step->op.flops,
                   step->op.scratch_bytes, step->inplace);
    bool first = true;
    for (int32_t k = 0; k < n->n_out; k++) {
        if (!n->out[k]) continue;
        if (!first) onr_str_add(out, ", ");
        first = false;
        slot_object(s, n->out[k], out);
    }
    onr_str_add(out, "]}");
}

static void plan_object(const onr_dump_source *s, onr_str *out) {
    const onr_plan *p = s->plan;
    onr_str_printf(
        out,
        "{\"arena_bytes\": %zu, \"live_peak_bytes\": %zu, \"peak_step\": %d, \"packed_bytes\": %zu, \"constant_bytes\": %zu",
        p->arena_bytes, p->live_peak_bytes, p->peak_step, s->packed_bytes, p->constant_bytes);
    onr_str_add(out, ", \"inputs\": [");
    for (int32_t i = 0; i < p->graph->n_inputs; i++) {
        if (i) onr_str_add(out, ", ");
        value_object(s, p->graph->inputs[i], &p->inputs[i], out);
    }
    onr_str_add(out, "], \"steps\": [");
    for (int32_t i = 0; i < p->n_steps; i++) {
        onr_str_add(out, i ? ",\n" : "\n");
        step_object(s, i, out);
    }
    onr_str_add(out, "]}");
}

void onr_dump_json(const onr_dump_source *s, onr_str *out) {
    onr_str_printf(out, "{\"version\": %d, \"stage\": \"%s\", \"model\": ", VERSION, onr_stage_name(s->stage));
    onr_str_json(out, s->model->path);
    onr_str_add(out, ", \"passes\": {");
    for (size_t i = 0; i < s->n_passes; i++) {
        if (i) onr_str_add(out, ", ");
        onr_str_json(out, s->passes[i].name);
        onr_str_printf(out, ": %lld", (long long)s->passes[i].count);
    }
    onr_str_add(out, s->stage == ONR_STAGE_PLAN ? "}, \"plan\": " : "}, \"graph\": ");
    if (s->stage == ONR_STAGE_PLAN)
        plan_object(s, out);
    else
        graph_object(s, s->graph, out);
    onr_str_add(out, "}\n");
}
