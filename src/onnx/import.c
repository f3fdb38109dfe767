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

onr_status onr_import_skip(onr_importer *im, onr_status s, const char *kind, const char *value, const char *hint) {
    onr_findings *list = im->options->findings;
    if (!list || (s != ONR_INVALID && s != ONR_UNSUPPORTED)) return s;
    onr_findings_add(list, &(onr_finding){.severity = ONR_ERROR,
                                          .code = s,
                                          .kind = kind,
                                          .node = im->node,
                                          .number = im->number,
                                          .value = value,
                                          .text = im->err->text,
                                          .hint = hint});
    *im->err = (onr_err){0};
    im->n_places = 0;
    return ONR_OK;
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
        if (*out && strcmp((*out)->name, full) != 0 && !onr_graph_add_alias(s->graph, full, *out)) return no_memory(s->im);
    } else {
        *out = onr_graph_add_value(s->graph, name);
    }
    return *out ? ONR_OK : no_memory(s->im);
}

#define DUPLICATE_HINT "every value has one source: give one of the two another name"

// Lenient loads: a value in place of one that cannot be had, under a name that is still free.
static onr_status new_stand_in(onr_scope *s, const char *hint, onr_value **out) {
    *out = onr_graph_add_temp(s->graph, hint);
    return *out ? ONR_OK : no_memory(s->im);
}

// Gives `name` a meaning in this scope; `what` says in the message who wants it.
static onr_status declare(onr_scope *s, const char *name, const char *what, onr_value **out) {
    bool is_new;
    if (!name || !*name) {
        ONR_TRY(onr_import_skip(s->im, onr_fail(s->im->err, ONR_INVALID, "%s without a name", what), "no-name", NULL, NULL));
        return new_stand_in(s, "unnamed", out);
    }
    onr_map_entry *e = onr_map_put(&s->names, name, &is_new);
    if (!e) return no_memory(s->im);
    if (!is_new) {
        onr_fail(s->im->err, ONR_INVALID, "%s '%.200s': the name is already taken by another value", what, name);
        ONR_TRY(onr_import_skip(s->im, ONR_INVALID, "duplicate-name", name, DUPLICATE_HINT));
        return new_stand_in(s, name, out);
    }
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
    onr_fail(s->im->err, ONR_INVALID, "'%.200s' is used, but no node, input or initializer provides it", name);
    ONR_TRY(onr_import_skip(s->im, ONR_INVALID, "missing-value", name,
                            "the name is misspelt, or what made it was removed from the model"));
    onr_map_entry *here = onr_map_put(&s->names, name, NULL); // named once, not for every reader
    if (!here) return no_memory(s->im);
    ONR_TRY(new_stand_in(s, name, out));
    here->v.ptr = *out;
    return ONR_OK;
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
    onr_importer *im = s->im;
    onr_status status = onr_fail(im->err, ONR_INVALID, "the model does not say which opset of ai.onnx it is written for");
    if (!im->told_opset)
        status = onr_import_skip(im, status, "no-opset", NULL, "add an opset_import; the newest one was assumed");
    if (!im->options->findings || (status != ONR_OK && !im->told_opset)) return status;
    im->told_opset = true;
    *out = ONR_KNOWN_OPSET;
    return ONR_OK;
}

static bool has_source(const onr_value *v) { return v->producer || v->constant || v->is_input || v->outer; }

// Lenient loads: an output whose name belongs to another value becomes a value of its own. `made`: the node's n earlier
// outputs.
static onr_status own_output(onr_scope *s, onr_value *const *made, size_t n, onr_value **v) {
    if (!*v) return new_stand_in(s, "unnamed", v); // a function's input that the caller left out has the name
    bool taken = has_source(*v);
    for (size_t i = 0; i < n; i++) taken = taken || made[i] == *v;
    if (!taken) return ONR_OK;
    const onr_node *by = (*v)->producer;
    if (by)
        onr_fail(s->im->err, ONR_INVALID, "output '%.200s': node '%.100s' (#%d) makes a value of this name, too", (*v)->name,
                 by->name, by->number);
    else
        onr_fail(s->im->err, ONR_INVALID, "output '%.200s': %s has this name, too", (*v)->name,
                 (*v)->constant   ? "an initializer"
                 : (*v)->is_input ? "an input of the graph"
                                  : "another output");
    ONR_TRY(onr_import_skip(s->im, ONR_INVALID, "duplicate-name", (*v)->name, DUPLICATE_HINT));
    return new_stand_in(s, (*v)->name, v);
}

static onr_status find_values(onr_scope *s, char *const *names, size_t n, bool outputs, onr_value ***out) {
    onr_value **list = onr_arena_calloc(s->im->scratch, n, sizeof *list);
    if (!list) return no_memory(s->im);
    for (size_t i = 0; i < n; i++) {
        if (!outputs) {
            ONR_TRY(onr_scope_find(s, names[i], &list[i]));
        } else if (*names[i]) {
            list[i] = onr_map_get(&s->names, names[i])->v.ptr; // declared before
            if (s->im->options->findings) ONR_TRY(own_output(s, list, i, &list[i]));
        }
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
    n->scope = s->prefix;
    if (pb->overload && *pb->overload && !(n->overload = onr_arena_strdup(s->graph->arena, pb->overload))) return no_memory(im);
    if (pb->doc_string && !(n->doc = onr_arena_strdup(s->graph->arena, pb->doc_string))) return no_memory(im);
    return onr_import_attrs(s, n, pb);
}

static onr_status declare_outputs(onr_scope *s, const Onnx__NodeProto *pb) {
    for (size_t i = 0; i < pb->n_output; i++) {
        onr_value *v;
        if (!*pb->output[i]) continue;
        if (s->im->options->findings && onr_map_get(&s->names, pb->output[i])) continue; // own_output tells who was first
        ONR_TRY(declare(s, pb->output[i], "output", &v));
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

// Declares the node's outputs, or makes the node.
static onr_status import_or_declare(onr_scope *s, const Onnx__NodeProto *pb, int32_t number, bool declaring) {
    onr_importer *im = s->im;
    const char *name = node_name(s, pb, number), *outer = im->node;
    int32_t outer_number = im->number;
    if (!name) return no_memory(im);
    im->node = name;
    im->number = s->call ? s->call->number : number;
    onr_status status = declaring ? declare_outputs(s, pb) : import_node(s, pb, number, name);
    if (status != ONR_OK) status = onr_import_skip(im, status, "broken-node", NULL, NULL);
    im->node = outer;
    im->number = outer_number;
    return status == ONR_OK ? ONR_OK : status_of_node(s, status, pb, name, number);
}

onr_status onr_import_nodes(onr_scope *s, Onnx__NodeProto *const *nodes, size_t n) {
    // All outputs come first: nodes need not be sorted, and subgraphs may use what a later node makes.
    for (int declaring = 1; declaring >= 0; declaring--)
        for (size_t i = 0; i < n; i++) // the number of fields is limited far below INT32_MAX
            ONR_TRY(import_or_declare(s, nodes[i], (int32_t)i, declaring));
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
    if (strcmp(v->name, name) != 0) return ONR_OK; // a lenient load told that the name is taken: these contents are nobody's
    onr_value_set_constant(v, kept);
    int64_t n = onr_tensor_numel(&d->t), bytes = (int64_t)onr_tensor_bytes(&d->t);
    if (__builtin_add_overflow(im->model->n_parameters, n, &im->model->n_parameters) ||
        __builtin_add_overflow(im->model->parameter_bytes, bytes, &im->model->parameter_bytes))
        return onr_fail(im->err, ONR_LIMIT, "the initializers have too many elements to count");
    return ONR_OK;
}

// Lenient loads: a broken initializer is a value without contents, so that its readers are not blamed.
static onr_status skip_initializer(onr_scope *s, onr_status status, const char *name) {
    onr_value *v;
    ONR_TRY(onr_import_skip(s->im, status, "broken-initializer", name, NULL));
    return name && *name ? declare(s, name, "initializer", &v) : ONR_OK;
}

static onr_status import_initializers(onr_scope *s, const Onnx__GraphProto *pb) {
    onr_importer *im = s->im;
    onr_datum d;
    for (size_t i = 0; i < pb->n_initializer; i++) {
        onr_status status = onr_tensor_read(&im->tensors, pb->initializer[i], &d, im->err);
        if (status != ONR_OK) {
            onr_err_prefix(im->err, "initializer #%zu", i);
            ONR_TRY(skip_initializer(s, status, pb->initializer[i]->name));
        } else {
            ONR_TRY(add_initializer(s, pb->initializer[i]->name, &d));
        }
    }
    for (size_t i = 0; i < pb->n_sparse_initializer; i++) {
        onr_status status = onr_sparse_read(&im->tensors, pb->sparse_initializer[i], &d, im->err);
        const Onnx__TensorProto *values = pb->sparse_initializer[i]->values;
        if (status != ONR_OK) {
            onr_err_prefix(im->err, "sparse initializer #%zu", i);
            ONR_TRY(skip_initializer(s, status, values ? values->name : NULL));
        } else {
            ONR_TRY(add_initializer(s, values->name, &d));
        }
    }
    return ONR_OK;
}

static onr_status set_declared(onr_importer *im, onr_value *v, const Onnx__ValueInfoProto *info) {
    if (!info->type) return ONR_OK;
    onr_status status = onr_import_type(im, info->type, &v->declared);
    if (status == ONR_OK) return ONR_OK;
    onr_err_prefix(im->err, "type of '%.200s'", v->name);
    v->declared = NULL;
    return onr_import_skip(im, status, "broken-type", v->name, NULL);
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
        if (!*name) {
            ONR_TRY(onr_import_skip(s->im, onr_fail(s->im->err, ONR_INVALID, "output without a name"), "no-name", NULL, NULL));
            continue;
        }
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

// Lenient loads: nodes that read what a node behind them makes. They are sorted here, but ONNX asks that the file be sorted.
static void find_unsorted(const onr_importer *im, const onr_graph *g) {
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i], *by = NULL;
        for (int32_t k = 0; k < n->n_in + n->n_capture && !by; k++) {
            const onr_value *v = k < n->n_in ? n->in[k] : n->capture[k - n->n_in];
            if (v && v->producer && v->producer->id > n->id) by = v->producer;
        }
        char text[ONR_ERR_TEXT];
        if (!by) continue;
        snprintf(text, sizeof text, "it reads a result of node '%.200s' (#%d), which stands behind it", by->name, by->number);
        onr_findings_add(im->options->findings, &(onr_finding){.severity = ONR_WARNING,
                                                               .kind = "unsorted",
                                                               .node = n->name,
                                                               .number = n->number,
                                                               .text = text,
                                                               .hint = "onnxrun sorts nodes itself; other programs may refuse "
                                                                       "the file"});
    }
}

static onr_status import_graph(onr_scope *s, const Onnx__GraphProto *pb) {
    ONR_TRY(import_initializers(s, pb));
    ONR_TRY(import_inputs(s, pb));
    ONR_TRY(onr_import_nodes(s, pb->node, pb->n_node));
    ONR_TRY(import_outputs(s, pb));
    if (s->im->options->findings) find_unsorted(s->im, s->graph);
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
static onr_status check_input(const onr_importer *im, const onr_value *v) {
    if (!v->declared) return onr_fail(im->err, ONR_INVALID, "input '%.200s' has no type", v->name);
    bool tensor = v->declared->kind == ONR_TENSOR;
    if (v->declared->kind == ONR_KIND_UNKNOWN || (tensor && v->declared->dtype == ONR_UNDEFINED))
        return onr_fail(im->err, ONR_UNSUPPORTED, "input '%.200s' has a type that is not known", v->name);
    return ONR_OK;
}

static onr_status check_inputs(onr_importer *im, const onr_graph *g) {
    for (int32_t i = 0; i < g->n_inputs; i++) {
        onr_status status = check_input(im, g->inputs[i]);
        if (status != ONR_OK) ONR_TRY(onr_import_skip(im, status, "input-type", g->inputs[i]->name, NULL));
    }
    return ONR_OK;
}

// A graph in which something is missing is sorted as far as it goes, and cannot be verified.
static onr_status finish_lenient(onr_importer *im, onr_graph *g) {
    onr_status status = onr_graph_order(g, im->err);
    if (status != ONR_OK) ONR_TRY(onr_import_skip(im, status, "cycle", NULL, NULL));
    if (onr_findings_count(im->options->findings, ONR_ERROR)) return ONR_OK;
    return onr_graph_verify(g, im->err);
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
    *out = g;
    if (im->options->findings) return finish_lenient(im, g);
    ONR_TRY(onr_graph_order(g, im->err));
    return onr_graph_verify(g, im->err);
}
