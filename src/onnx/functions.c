// functions.c: expands calls of the model's own functions into plain nodes, so that nobody behind the importer knows functions.
// May assume: names of a body are its own: it sees its formal inputs and nothing of the caller. Never expands without a limit.
// Source: ONNX IR, "Functions". A function of the model goes before an operator of the same name.
#include "onnx/import.h"

#include <string.h>

static onr_status no_memory(const onr_importer *im) { return onr_no_memory(im->err, 0); }

static const char *function_key(const onr_importer *im, const char *domain, const char *name, const char *overload) {
    return onr_arena_printf(im->scratch, "%s\n%s\n%s", onr_import_domain(domain), onr_pb_text(name), onr_pb_text(overload));
}

// A function's own opset imports come first; what it does not import is taken from the model.
static onr_status join_opsets(onr_importer *im, onr_function *f) {
    const onr_opset *own;
    onr_arena *a = im->model->arena;
    size_t n = f->pb->n_opset_import, n_model = im->model->n_opsets;
    ONR_TRY(onr_import_opsets(im, f->pb->opset_import, n, &own));
    onr_opset *joined = onr_arena_grow(a, own, n, n + n_model, sizeof *joined);
    if (!joined) return no_memory(im);
    if (n_model) memcpy(joined + n, im->model->opsets, n_model * sizeof *joined);
    f->opsets = joined;
    f->n_opsets = n + n_model;
    return ONR_OK;
}

static onr_status add_function(onr_importer *im, const Onnx__FunctionProto *pb, onr_function *f, onr_function_info *info) {
    onr_arena *a = im->model->arena;
    bool is_new;
    if (!pb->name || !*pb->name) return onr_fail(im->err, ONR_INVALID, "a function has no name");
    f->pb = pb;
    f->info = info;
    info->domain = onr_arena_strdup(a, onr_import_domain(pb->domain));
    info->name = onr_arena_strdup(a, pb->name);
    info->overload = onr_arena_strdup(a, onr_pb_text(pb->overload));
    info->n_nodes = (int64_t)pb->n_node;
    const char *key = function_key(im, pb->domain, pb->name, pb->overload);
    onr_map_entry *e = key ? onr_map_put(&im->functions, key, &is_new) : NULL;
    if (!e || !info->domain || !info->name || !info->overload) return no_memory(im);
    if (!is_new)
        return onr_fail(im->err, ONR_INVALID, "two functions are called '%.100s' in domain '%.100s'", pb->name, info->domain);
    e->v.ptr = f;
    return join_opsets(im, f);
}

onr_status onr_functions_init(onr_importer *im, const Onnx__ModelProto *pb) {
    onr_map_init(&im->functions, im->scratch);
    onr_map_init(&im->prefixes, im->scratch);
    onr_function *f = onr_arena_calloc(im->scratch, pb->n_functions, sizeof *f);
    onr_function_info *info = onr_arena_calloc(im->model->arena, pb->n_functions, sizeof *info);
    if (!f || !info) return no_memory(im);
    for (size_t i = 0; i < pb->n_functions; i++) ONR_TRY(add_function(im, pb->functions[i], &f[i], &info[i]));
    im->model->functions = info;
    im->model->n_functions = pb->n_functions;
    return ONR_OK;
}

onr_status onr_function_find(const onr_importer *im, const Onnx__NodeProto *node, onr_function **out) {
    *out = NULL;
    if (im->functions.n == 0) return ONR_OK;
    const char *key = function_key(im, node->domain, node->op_type, node->overload);
    if (!key) return no_memory(im);
    onr_map_entry *e = onr_map_get(&im->functions, key);
    if (e) *out = e->v.ptr;
    return ONR_OK;
}

static const Onnx__AttributeProto *find_attr(Onnx__AttributeProto *const *list, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(onr_pb_text(list[i]->name), name) == 0) return list[i];
    return NULL;
}

onr_status onr_function_attr(const onr_scope *s, const char *name, const Onnx__AttributeProto **out, const onr_scope **at) {
    *out = NULL;
    for (const onr_scope *here = s; here->call; here = here->call->caller) {
        const onr_call *call = here->call;
        const Onnx__FunctionProto *f = call->function->pb;
        const Onnx__AttributeProto *given = find_attr(call->node->attribute, call->node->n_attribute, name);
        bool passed_on = given && given->ref_attr_name && *given->ref_attr_name; // the caller hands on what it was given itself
        const Onnx__AttributeProto *dflt = find_attr(f->attribute_proto, f->n_attribute_proto, name);
        if (dflt) { // stands in should the chain end without a value
            *out = dflt;
            *at = here;
        }
        if (given && !passed_on) {
            *out = given;
            *at = call->caller;
        }
        if (!passed_on) return ONR_OK;
        name = given->ref_attr_name;
    }
    return onr_fail(s->im->err, ONR_INVALID, "it refers to '%.100s' of an enclosing function, but there is none", name);
}

// ---- names of a body -----------------------------------------------------------------------------------------------------

/// "call/", with a number when a call of that name was there before.
static onr_status new_prefix(onr_importer *im, const char *call, const char **out) {
    bool is_new;
    const char *prefix = onr_arena_printf(im->model->arena, "%s/", call);
    onr_map_entry *first = prefix ? onr_map_put(&im->prefixes, prefix, &is_new) : NULL;
    if (!first) return no_memory(im);
    *out = prefix;
    if (is_new) return ONR_OK;
    int64_t n = first->v.num;
    do {
        prefix = onr_arena_printf(im->model->arena, "%s.%lld/", call, (long long)(++n + 1));
        if (!prefix || !onr_map_put(&im->prefixes, prefix, &is_new)) return no_memory(im);
    } while (!is_new);
    onr_map_get(&im->prefixes, *out)->v.num = n; // the map may have grown since
    *out = prefix;
    return ONR_OK;
}

/// Formal inputs and outputs are other values of the graph; operators that look for values by name must find them, too.
static onr_status keep_formal(const onr_scope *body, const char *formal, onr_value *v) {
    const char *full = onr_arena_printf(body->im->scratch, "%s%s", body->prefix, formal);
    return !v || (full && onr_graph_add_alias(body->graph, full, v)) ? ONR_OK : no_memory(body->im);
}

// ---- expanding a call ---------------------------------------------------------------------------------------------------

static onr_status bind_inputs(onr_scope *s, onr_scope *body, const Onnx__FunctionProto *f, const Onnx__NodeProto *node) {
    for (size_t i = 0; i < f->n_input; i++) {
        onr_value *v = NULL;
        bool is_new;
        if (i < node->n_input) ONR_TRY(onr_scope_find(s, node->input[i], &v));
        onr_map_entry *e = onr_map_put(&body->names, f->input[i], &is_new);
        if (!e) return no_memory(s->im);
        if (!is_new) return onr_fail(s->im->err, ONR_INVALID, "two formal inputs are called '%.100s'", f->input[i]);
        e->v.ptr = v;
        ONR_TRY(keep_formal(body, f->input[i], v));
    }
    return ONR_OK;
}

static onr_status bind_outputs(onr_scope *s, onr_scope *body, const Onnx__FunctionProto *f, const Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_output; i++) {
        bool is_new;
        if (!*node->output[i]) continue;
        onr_map_entry *e = onr_map_put(&body->formal_outputs, f->output[i], &is_new);
        if (!e) return no_memory(s->im);
        if (!is_new) return onr_fail(s->im->err, ONR_INVALID, "two formal outputs are called '%.100s'", f->output[i]);
        e->v.ptr = onr_map_get(&s->names, node->output[i])->v.ptr; // declared before
        ONR_TRY(keep_formal(body, f->output[i], e->v.ptr));
    }
    return ONR_OK;
}

// A formal output that is a formal input: the caller's two values need a node between them.
static onr_status pass_through(onr_scope *body, const char *formal, onr_value *from, onr_value *to) {
    onr_importer *im = body->im;
    int32_t opset = 1;
    for (size_t i = body->n_opsets; i-- > 0;)
        if (!*body->opsets[i].domain) opset = (int32_t)body->opsets[i].version;
    const char *name = onr_arena_printf(im->scratch, "%s%s", body->prefix, formal);
    onr_node *n = name ? onr_graph_add_node(body->graph, NULL, "", "Identity", opset, name, &from, 1, &to, 1) : NULL;
    if (!n) return no_memory(im);
    n->number = body->call->number;
    im->model->n_nodes++;
    return ONR_OK;
}

static onr_status finish_outputs(onr_scope *body, const Onnx__FunctionProto *f, const Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_output; i++) {
        if (!*node->output[i]) continue;
        const char *formal = f->output[i];
        onr_value *wanted = onr_map_get(&body->formal_outputs, formal)->v.ptr;
        onr_map_entry *made = onr_map_get(&body->names, formal);
        if (!made || !made->v.ptr)
            return onr_fail(body->im->err, ONR_INVALID, "nothing in it provides its output '%.100s'", formal);
        if (made->v.ptr != wanted) ONR_TRY(pass_through(body, formal, made->v.ptr, wanted));
    }
    return ONR_OK;
}

static onr_status expand(onr_scope *s, onr_scope *body, const Onnx__NodeProto *node) {
    const Onnx__FunctionProto *f = body->call->function->pb;
    onr_importer *im = s->im;
    if (body->call->depth > im->options->max_function_depth)
        return onr_fail(im->err, ONR_LIMIT, "functions call each other more than %d levels deep",
                        im->options->max_function_depth);
    if (node->n_input > f->n_input || node->n_output > f->n_output)
        return onr_fail(im->err, ONR_INVALID, "it takes %zu inputs and gives %zu outputs, the call has %zu and %zu", f->n_input,
                        f->n_output, node->n_input, node->n_output);
    ONR_TRY(bind_inputs(s, body, f, node));
    ONR_TRY(bind_outputs(s, body, f, node));
    ONR_TRY(onr_import_nodes(body, f->node, f->n_node));
    return finish_outputs(body, f, node);
}

onr_status onr_function_inline(onr_scope *s, onr_function *f, const Onnx__NodeProto *node, int32_t number, const char *name) {
    onr_importer *im = s->im;
    onr_call call = {.function = f, .node = node, .caller = s};
    call.number = s->call ? s->call->number : number;
    call.depth = s->call ? s->call->depth + 1 : 1;
    onr_scope body;
    onr_scope_init(&body, s, s->graph);
    body.up = NULL;
    body.call = &call;
    ONR_TRY(new_prefix(im, name, &body.prefix));
    body.opsets = f->opsets;
    body.n_opsets = f->n_opsets;
    f->info->n_calls++;
    onr_status status = expand(s, &body, node);
    if (status == ONR_OK || im->n_places > 0) return status;
    return onr_err_prefix(im->err, "function '%.100s'", f->info->name);
}
