// import.c: turns GraphProto into onr_graph: names become edges, initializers constants, free names of subgraphs captures.
// May assume: messages came through onr_pb_parse. Never looks at what an operator does.
// An initializer that is also listed as an input is a constant here, and no input: callers cannot override such defaults.
#include "onnx/import.h"

#include <stdio.h>
#include <string.h>

static onr_status no_memory(const onr_importer *im) { return onr_no_memory(im->err, 0); }

onr_status onr_import_place(onr_importer *im, const char *what, const char *name, int32_t number) {
    enum { MAX_PLACES = 5 };
    if (im->n_places++ >= MAX_PLACES) return im->err->code;
    if (number < 0) return onr_err_prefix(im->err, "%s '%.100s'", what, name);
    return onr_err_prefix(im->err, "%s '%.100s' (#%d)", what, name, (int)number);
}

const char *onr_import_domain(const char *domain) { return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain; }

onr_status onr_import_opsets(onr_importer *im, Onnx__OperatorSetIdProto *const *ids, size_t n, const onr_opset **out) {
    onr_opset *list = onr_arena_calloc(im->model->arena, n, sizeof *list);
    if (!list) return no_memory(im);
    for (size_t i = 0; i < n; i++) {
        list[i].domain = onr_arena_strdup(im->model->arena, onr_import_domain(ids[i]->domain));
        list[i].version = ids[i]->version;
        if (!list[i].domain) return no_memory(im);
        if (ids[i]->version < 1 || ids[i]->version > INT32_MAX)
            return onr_fail(im->err, ONR_INVALID, "opset version %lld of domain '%.100s'", (long long)ids[i]->version,
                            list[i].domain);
    }
    *out = list;
    return ONR_OK;
}

// ---- names --------------------------------------------------------------------------------------------------------------

void onr_scope_init(onr_scope *s, const onr_scope *like, onr_graph *graph) {
    *s = (onr_scope){.im = like->im, .graph = graph, .up = like, .call = like->call, .prefix = like->prefix};
    s->opsets = like->opsets;
    s->n_opsets = like->n_opsets;
    onr_map_init(&s->names, s->im->scratch);
    onr_map_init(&s->formal_outputs, s->im->scratch);
}

// A new value of the scope's graph. In function bodies its name gets the call's prefix, and a number when that is taken.
static onr_status new_value(onr_scope *s, const char *name, onr_value **out) {
    if (*s->prefix) {
        const char *full = onr_arena_printf(s->im->scratch, "%s%s", s->prefix, name);
        *out = full ? onr_graph_add_temp(s->graph, full) : NULL;
    } else {
        *out = onr_graph_add_value(s->graph, name);
    }
    return *out ? ONR_OK : no_memory(s->im);
}

// Gives `name` a meaning in this scope; `what` says in the message who wants it.
static onr_status declare(onr_scope *s, const char *name, const char *what, onr_value **out) {
    bool is_new;
    if (!name || !*name) return onr_fail(s->im->err, ONR_INVALID, "%s without a name", what);
    onr_map_entry *e = onr_map_put(&s->names, name, &is_new);
    if (!e) return no_memory(s->im);
    if (!is_new)
        return onr_fail(s->im->err, ONR_INVALID, "%s '%.200s': the name is already taken by another value", what, name);
    onr_map_entry *formal = onr_map_get(&s->formal_outputs, name);
    if (!formal)
        ONR_TRY(new_value(s, name, out));
    else
        *out = formal->v.ptr;
    e->v.ptr = *out;
    return ONR_OK;
}

// Both branches of an If may capture the same value: the owner lists it once. A table, because lists can be long.
static onr_status list_capture(onr_importer *im, onr_node *owner, onr_value *outer) {
    bool is_new;
    const char *key = onr_arena_printf(im->scratch, "%p %p", (void *)owner, (void *)outer);
    if (!key || !onr_map_put(&im->captured, key, &is_new)) return no_memory(im);
    return !is_new || onr_node_add_new_capture(owner, outer) ? ONR_OK : no_memory(im);
}

// The value of `g` that stands for v, which belongs to g or a graph around it.
static onr_status capture(onr_importer *im, onr_graph *g, onr_value *v, onr_value **out) {
    bool is_new;
    *out = v;
    if (v->graph == g) return ONR_OK;
    if (!g->parent) return onr_fail(im->err, ONR_INTERNAL, "'%s' is not visible from graph '%s'", v->name, g->name);
    onr_value *outer;
    ONR_TRY(capture(im, g->parent, v, &outer));
    const char *key = onr_arena_printf(im->scratch, "%p %p", (void *)g, (void *)outer);
    onr_map_entry *e = key ? onr_map_put(&im->captured, key, &is_new) : NULL;
    if (!e) return no_memory(im);
    if (is_new) {
        onr_value *inner = onr_graph_add_temp(g, outer->name);
        if (!inner) return no_memory(im);
        inner->outer = outer;
        inner->declared = outer->declared;
        e->v.ptr = inner; // before the map grows
        ONR_TRY(list_capture(im, g->owner, outer));
        *out = inner;
        return ONR_OK;
    }
    *out = e->v.ptr;
    return ONR_OK;
}

onr_status onr_scope_find(onr_scope *s, const char *name, onr_value **out) {
    *out = NULL;
    if (!*name) return ONR_OK;
    for (const onr_scope *at = s; at; at = at->up) {
        onr_map_entry *e = onr_map_get(&at->names, name);
        if (!e) continue;
        if (e->v.ptr) ONR_TRY(capture(s->im, s->graph, e->v.ptr, out));
        if (at == s) return ONR_OK;
        onr_map_entry *here = onr_map_put(&s->names, name, NULL); // the next look-up is short
        if (!here) return no_memory(s->im);
        here->v.ptr = *out;
        return ONR_OK;
    }
    return onr_fail(s->im->err, ONR_INVALID, "'%.200s' is used, but no node, input or initializer provides it", name);
}

// ---- nodes --------------------------------------------------------------------------------------------------------------

static const char *node_name(const onr_scope *s, const Onnx__NodeProto *pb, int32_t number) {
    if (pb->name && *pb->name) return onr_arena_printf(s->im->scratch, "%s%s", s->prefix, pb->name);
    return onr_arena_printf(s->im->scratch, "%s%s_%d", s->prefix, onr_pb_text(pb->op_type), (int)number);
}

static onr_status find_opset(const onr_scope *s, const char *domain, int32_t *out) {
    for (size_t i = 0; i < s->n_opsets; i++)
        if (strcmp(s->opsets[i].domain, domain) == 0) {
            *out = (int32_t)s->opsets[i].version;
            return ONR_OK;
        }
    *out = 1;
    // IR 1 and 2 had no opset imports. Models with operators of their own often leave out that domain.
    if (*domain || s->im->model->ir_version < 3) return ONR_OK;
    return onr_fail(s->im->err, ONR_INVALID, "the model does not say which opset of ai.onnx it is written for");
}

static onr_status find_values(onr_scope *s, char *const *names, size_t n, bool outputs, onr_value ***out) {
    onr_value **list = onr_arena_calloc(s->im->scratch, n, sizeof *list);
    if (!list) return no_memory(s->im);
    for (size_t i = 0; i < n; i++) {
        if (!outputs)
            ONR_TRY(onr_scope_find(s, names[i], &list[i]));
        else if (*names[i])
            list[i] = onr_map_get(&s->names, names[i])->v.ptr; // declared before
    }
    *out = list;
    return ONR_OK;
}

static onr_status import_node(onr_scope *s, const Onnx__NodeProto *pb, int32_t number, const char *name) {
    onr_importer *im = s->im;
    if (!pb->op_type || !*pb->op_type) return onr_fail(im->err, ONR_INVALID, "no op_type");
    if (++im->n_work > im->options->max_nodes) // calls count too: functions of nothing but calls can grow without nodes
        return onr_fail(im->err, ONR_LIMIT, "more than %zu nodes and function calls", im->options->max_nodes);
    onr_function *f = NULL;
    ONR_TRY(onr_function_find(im, pb, &f));
    if (f) return onr_function_inline(s, f, pb, number, name);
    im->model->n_nodes++;
    const char *domain = onr_import_domain(pb->domain);
    int32_t opset;
    onr_value **in, **out;
    ONR_TRY(find_opset(s, domain, &opset));
    ONR_TRY(find_values(s, pb->input, pb->n_input, false, &in));
    ONR_TRY(find_values(s, pb->output, pb->n_output, true, &out));
    onr_node *n = onr_graph_add_node(s->graph, NULL, domain, pb->op_type, opset, name, in, (int32_t)pb->n_input, out,
                                     (int32_t)pb->n_output);
    if (!n) return no_memory(im);
    n->number = s->call ? s->call->number : number;
    if (pb->overload && *pb->overload && !(n->overload = onr_arena_strdup(s->graph->arena, pb->overload))) return no_memory(im);
    if (pb->doc_string && !(n->doc = onr_arena_strdup(s->graph->arena, pb->doc_string))) return no_memory(im);
    return onr_import_attrs(s, n, pb);
}

static onr_status declare_outputs(onr_scope *s, const Onnx__NodeProto *pb) {
    for (size_t i = 0; i < pb->n_output; i++) {
        onr_value *v;
        if (*pb->output[i]) ONR_TRY(declare(s, pb->output[i], "output", &v));
    }
    return ONR_OK;
}

// A failure in an expanded function names the inner node, and that name contains the way to it.
static onr_status status_of_node(const onr_scope *s, onr_status status, const Onnx__NodeProto *pb, const char *name,
                                 int32_t number) {
    onr_function *f = NULL;
    if (onr_function_find(s->im, pb, &f) == ONR_OK && f && s->im->n_places > 0) return status;
    return onr_import_place(s->im, "node", name, number);
}

onr_status onr_import_nodes(onr_scope *s, Onnx__NodeProto *const *nodes, size_t n) {
    // All outputs come first: nodes need not be sorted, and subgraphs may use what a later node makes.
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++) {
            int32_t number = (int32_t)i; // the number of fields is limited far below
            const char *name = node_name(s, nodes[i], number);
            if (!name) return no_memory(s->im);
            onr_status status = pass ? import_node(s, nodes[i], number, name) : declare_outputs(s, nodes[i]);
            if (status != ONR_OK) return status_of_node(s, status, nodes[i], name, number);
        }
    return ONR_OK;
}

// ---- graphs -------------------------------------------------------------------------------------------------------------

static onr_status add_initializer(onr_scope *s, const char *name, const onr_datum *d) {
    onr_importer *im = s->im;
    onr_value *v;
    onr_datum *kept = onr_arena_alloc(s->graph->arena, sizeof *kept);
    if (!kept) return no_memory(im);
    *kept = *d;
    ONR_TRY(declare(s, name, "initializer", &v));
    onr_value_set_constant(v, kept);
    int64_t n = onr_tensor_numel(&d->t), bytes = (int64_t)onr_tensor_bytes(&d->t);
    if (__builtin_add_overflow(im->model->n_parameters, n, &im->model->n_parameters) ||
        __builtin_add_overflow(im->model->parameter_bytes, bytes, &im->model->parameter_bytes))
        return onr_fail(im->err, ONR_LIMIT, "the initializers have too many elements to count");
    return ONR_OK;
}

static onr_status import_initializers(onr_scope *s, const Onnx__GraphProto *pb) {
    onr_importer *im = s->im;
    onr_datum d;
    for (size_t i = 0; i < pb->n_initializer; i++) {
        onr_status status = onr_tensor_read(&im->tensors, pb->initializer[i], &d, im->err);
        if (status != ONR_OK) return onr_err_prefix(im->err, "initializer #%zu", i);
        ONR_TRY(add_initializer(s, pb->initializer[i]->name, &d));
    }
    for (size_t i = 0; i < pb->n_sparse_initializer; i++) {
        onr_status status = onr_sparse_read(&im->tensors, pb->sparse_initializer[i], &d, im->err);
        if (status != ONR_OK) return onr_err_prefix(im->err, "sparse initializer #%zu", i);
        ONR_TRY(add_initializer(s, pb->sparse_initializer[i]->values->name, &d));
    }
    return ONR_OK;
}

static onr_status set_declared(onr_importer *im, onr_value *v, const Onnx__ValueInfoProto *info) {
    if (!info->type) return ONR_OK;
    onr_status status = onr_import_type(im, info->type, &v->declared);
    return status == ONR_OK ? ONR_OK : onr_err_prefix(im->err, "type of '%.200s'", v->name);
}

static onr_status add_default_input(onr_importer *im, const char ***names, size_t cap, const onr_value *v) {
    if (!*names && !(*names = onr_arena_calloc(im->model->arena, cap, sizeof **names))) return no_memory(im);
    (*names)[im->model->n_default_inputs++] = v->name;
    return ONR_OK;
}

static onr_status import_inputs(onr_scope *s, const Onnx__GraphProto *pb) {
    onr_importer *im = s->im;
    onr_graph *g = s->graph;
    const char **defaults = NULL;
    g->inputs = onr_arena_calloc(g->arena, pb->n_input, sizeof(onr_value *));
    if (!g->inputs) return no_memory(im);
    for (size_t i = 0; i < pb->n_input; i++) {
        const char *name = onr_pb_text(pb->input[i]->name);
        onr_map_entry *e = onr_map_get(&s->names, name);
        onr_value *v = e ? e->v.ptr : NULL;
        if (v && v->constant && !v->declared) { // an initializer; a second input of this name is an error below
            ONR_TRY(set_declared(im, v, pb->input[i]));
            if (!v->declared) v->declared = &v->type;
            if (!g->parent) ONR_TRY(add_default_input(im, &defaults, pb->n_input, v));
            continue;
        }
        ONR_TRY(declare(s, name, "input", &v));
        ONR_TRY(set_declared(im, v, pb->input[i]));
        if (v->declared) v->type = *v->declared;
        v->is_input = true;
        g->inputs[g->n_inputs++] = v;
    }
    if (!g->parent) im->model->default_inputs = defaults;
    return ONR_OK;
}

static onr_status import_outputs(onr_scope *s, const Onnx__GraphProto *pb) {
    onr_graph *g = s->graph;
    g->outputs = onr_arena_calloc(g->arena, pb->n_output, sizeof(onr_value *));
    if (!g->outputs) return no_memory(s->im);
    for (size_t i = 0; i < pb->n_output; i++) {
        onr_value *v;
        const char *name = onr_pb_text(pb->output[i]->name);
        if (!*name) return onr_fail(s->im->err, ONR_INVALID, "output without a name");
        onr_status status = onr_scope_find(s, name, &v);
        if (status == ONR_OK && !v) status = onr_fail(s->im->err, ONR_INVALID, "'%.200s' was left out by the caller", name);
        if (status != ONR_OK) return onr_err_prefix(s->im->err, "output #%zu", i);
        if (!v->declared) ONR_TRY(set_declared(s->im, v, pb->output[i]));
        v->n_output++;
        g->outputs[g->n_outputs++] = v;
    }
    return ONR_OK;
}

static onr_status import_value_info(onr_scope *s, const Onnx__GraphProto *pb) {
    for (size_t i = 0; i < pb->n_value_info; i++) {
        onr_map_entry *e = onr_map_get(&s->names, onr_pb_text(pb->value_info[i]->name));
        onr_value *v = e ? e->v.ptr : NULL;
        if (v && !v->declared) ONR_TRY(set_declared(s->im, v, pb->value_info[i]));
    }
    return ONR_OK;
}

static onr_status import_graph(onr_scope *s, const Onnx__GraphProto *pb) {
    ONR_TRY(import_initializers(s, pb));
    ONR_TRY(import_inputs(s, pb));
    ONR_TRY(onr_import_nodes(s, pb->node, pb->n_node));
    ONR_TRY(import_outputs(s, pb));
    return import_value_info(s, pb);
}

onr_status onr_import_subgraph(const onr_scope *up, onr_node *owner, const Onnx__GraphProto *pb, onr_graph **out) {
    onr_importer *im = up->im;
    onr_graph *g = onr_graph_new(im->model->arena, onr_pb_text(pb->name), im->model->symbols);
    if (!g) return no_memory(im);
    g->parent = owner->graph;
    g->owner = owner;
    int depth = 0;
    for (const onr_graph *at = owner->graph; at; at = at->parent) depth++;
    if (depth > im->options->max_subgraph_depth)
        return onr_fail(im->err, ONR_LIMIT, "subgraphs are nested more than %d levels deep", im->options->max_subgraph_depth);
    onr_scope s;
    onr_scope_init(&s, up, g);
    *out = g;
    return import_graph(&s, pb);
}

// Callers must be able to make values for the inputs.
static onr_status check_inputs(const onr_importer *im, const onr_graph *g) {
    for (int32_t i = 0; i < g->n_inputs; i++) {
        const onr_value *v = g->inputs[i];
        if (!v->declared) return onr_fail(im->err, ONR_INVALID, "input '%.200s' has no type", v->name);
        bool tensor = v->declared->kind == ONR_TENSOR;
        if (v->declared->kind == ONR_KIND_UNKNOWN || (tensor && v->declared->dtype == ONR_UNDEFINED))
            return onr_fail(im->err, ONR_UNSUPPORTED, "input '%.200s' has a type that is not known", v->name);
    }
    return ONR_OK;
}

onr_status onr_import_main(onr_importer *im, const Onnx__GraphProto *pb, const onr_opset *opsets, size_t n_opsets,
                           onr_graph **out) {
    onr_graph *g = onr_graph_new(im->model->arena, onr_pb_text(pb->name), im->model->symbols);
    if (!g) return no_memory(im);
    onr_scope s = {.im = im, .graph = g, .prefix = "", .opsets = opsets, .n_opsets = n_opsets};
    onr_map_init(&s.names, im->scratch);
    onr_map_init(&s.formal_outputs, im->scratch);
    ONR_TRY(import_graph(&s, pb));
    ONR_TRY(check_inputs(im, g));
    ONR_TRY(onr_graph_order(g, im->err));
    ONR_TRY(onr_graph_verify(g, im->err));
    *out = g;
    return ONR_OK;
}
