// resolve.c: from a node's name to its operator row and decoded attributes.
// May assume: the graph's structure was verified. Never looks at types.
#include "ops/eval.h"

#include <string.h>

static onr_status no_row(const onr_node *n, const onr_op *newest, onr_err *err) {
    const char *domain = *n->domain ? n->domain : "ai.onnx";
    if (newest)
        return onr_fail(err, ONR_UNSUPPORTED, "%s of %s opset %d is not supported (opset %d%s is)", n->op_type, domain,
                        n->opset, newest->since, newest->until ? "" : " and later");
    return onr_fail(err, ONR_UNSUPPORTED, "operator %s of domain %s (opset %d) is not supported", n->op_type, domain, n->opset);
}

static bool has_subgraph(const onr_op *op) {
    for (const onr_attr_spec *s = op->attrs; s && s->name; s++)
        if (s->kind == ONR_ATTR_GRAPH) return true;
    return false;
}

static onr_status check_arity(const onr_node *n, const onr_op *op, onr_err *err) {
    int32_t given = 0; // trailing left-out inputs do not count
    for (int32_t i = 0; i < n->n_in; i++)
        if (n->in[i]) given = i + 1;
    if (given < op->in_min || (op->in_max >= 0 && given > op->in_max))
        return onr_fail(err, ONR_INVALID, "%s takes %d to %d inputs, %d are given", op->name, op->in_min,
                        op->in_max < 0 ? INT16_MAX : op->in_max, given);
    // Only operators with subgraphs (Loop: M and cond) may leave out inputs that they must count.
    int32_t must = has_subgraph(op) ? 0 : op->in_max < 0 ? n->n_in : op->in_min;
    for (int32_t i = 0; i < must; i++)
        if (!n->in[i]) return onr_fail(err, ONR_INVALID, "%s needs its input %d", op->name, i);
    int32_t wanted = 0;
    for (int32_t i = 0; i < n->n_out; i++)
        if (n->out[i]) wanted = i + 1;
    if (op->out_max >= 0 && wanted > op->out_max)
        return onr_fail(err, ONR_INVALID, "%s has at most %d outputs, %d are asked for", op->name, op->out_max, wanted);
    return ONR_OK;
}

static const char *kind_name(onr_attr_kind k) {
    static const char *const names[] = {"none",           "float", "int",     "string",  "tensor", "graph",
                                        "floats",         "ints",  "strings", "tensors", "graphs", "sparse tensor",
                                        "sparse tensors", "type",  "types"};
    return (unsigned)k < sizeof names / sizeof names[0] ? names[k] : "unknown";
}

static bool same_kind(onr_attr_kind given, onr_attr_kind wanted) {
    if (given == ONR_ATTR_SPARSE_TENSOR) given = ONR_ATTR_TENSOR; // expanded by the importer
    if (wanted == ONR_ATTR_SPARSE_TENSOR) wanted = ONR_ATTR_TENSOR;
    return given == wanted;
}

static void store_default(const onr_attr_spec *spec, char *field) {
    switch (spec->kind) {
    case ONR_ATTR_INT: memcpy(field, &spec->i, sizeof spec->i); break;
    case ONR_ATTR_FLOAT: memcpy(field, &spec->f, sizeof spec->f); break;
    case ONR_ATTR_STRING: *(onr_string *)(void *)field = (onr_string){spec->s, spec->s ? strlen(spec->s) : 0}; break;
    case ONR_ATTR_INTS: *(onr_ints *)(void *)field = (onr_ints){spec->ints, spec->n_ints}; break;
    default: break; // the others have no defaults: the zeroed struct says "absent"
    }
}

static void store_given(const onr_attr *a, char *field) {
    static const int64_t no_ints[1];
    static const float no_floats[1];
    static const onr_string no_strings[1];
    switch (a->kind) {
    case ONR_ATTR_INT: memcpy(field, &a->i, sizeof a->i); break;
    case ONR_ATTR_FLOAT: memcpy(field, &a->f, sizeof a->f); break;
    case ONR_ATTR_STRING: *(onr_string *)(void *)field = a->s; break;
    case ONR_ATTR_INTS: *(onr_ints *)(void *)field = (onr_ints){a->n ? a->ints : no_ints, a->n}; break;
    case ONR_ATTR_FLOATS: *(onr_floats *)(void *)field = (onr_floats){a->n ? a->floats : no_floats, a->n}; break;
    case ONR_ATTR_STRINGS: *(onr_strings *)(void *)field = (onr_strings){a->n ? a->strings : no_strings, a->n}; break;
    case ONR_ATTR_TENSOR:
    case ONR_ATTR_SPARSE_TENSOR: memcpy(field, &a->tensor, sizeof a->tensor); break;
    case ONR_ATTR_GRAPH: memcpy(field, &a->graph, sizeof a->graph); break;
    case ONR_ATTR_TYPE: memcpy(field, &a->type, sizeof a->type); break;
    default: break;
    }
}

static const onr_attr_spec *find_spec(const onr_op *op, const char *name) {
    for (const onr_attr_spec *s = op->attrs; s && s->name; s++)
        if (strcmp(s->name, name) == 0) return s;
    return NULL;
}

static onr_status decode(const onr_node *n, const onr_op *op, char *params, onr_err *err) {
    for (const onr_attr_spec *s = op->attrs; s && s->name; s++) {
        const onr_attr *a = onr_node_attr(n, s->name);
        if (!a && s->required) return onr_fail(err, ONR_INVALID, "%s needs the attribute '%s'", op->name, s->name);
        if (a && !same_kind(a->kind, s->kind))
            return onr_fail(err, ONR_INVALID, "attribute '%s' of %s is of type %s, expected %s", s->name, op->name,
                            kind_name(a->kind), kind_name(s->kind));
        if (a)
            store_given(a, params + s->offset);
        else
            store_default(s, params + s->offset);
    }
    for (int32_t i = 0; i < n->n_attr; i++)
        if (!find_spec(op, n->attr[i].name))
            return onr_fail(err, ONR_INVALID, "%s (opset %d) has no attribute '%s'", op->name, n->opset, n->attr[i].name);
    return ONR_OK;
}

static onr_status resolve_node(onr_node *n, onr_arena *arena, onr_err *err) {
    const onr_op *newest;
    const onr_op *op = onr_op_find(n->domain, n->op_type, n->opset, &newest);
    if (!op) return no_row(n, newest, err);
    ONR_TRY(check_arity(n, op, err));
    // Bodies of control flow count what was left out, and passes fill our own operators' places; others see what is there.
    if (!(op->flags & ONR_OP_KINDS) && strcmp(n->domain, "onnxrun") != 0)
        while (n->n_in > 0 && !n->in[n->n_in - 1]) n->n_in--;
    char *params = onr_arena_alloc(arena, op->params_size);
    if (!params) return onr_no_memory(err, op->params_size);
    ONR_TRY(decode(n, op, params, err));
    n->op = op;
    n->params = params;
    return op->check ? op->check(n, params, arena, err) : ONR_OK;
}

static onr_status resolve_graph(onr_graph *g, onr_arena *arena, onr_err *err) {
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i]->dead) ONR_TRY(onr_node_resolve(g->nodes[i], arena, err));
    return ONR_OK;
}

onr_status onr_node_resolve(onr_node *n, onr_arena *arena, onr_err *err) {
    if (resolve_node(n, arena, err) != ONR_OK) return onr_err_prefix(err, "node '%s' (#%d)", n->name, n->number);
    for (int32_t i = 0; i < n->n_attr; i++) {
        const onr_attr *a = &n->attr[i];
        if (a->kind == ONR_ATTR_GRAPH) ONR_TRY(resolve_graph(a->graph, arena, err));
        if (a->kind == ONR_ATTR_GRAPHS)
            for (size_t k = 0; k < a->n; k++) ONR_TRY(resolve_graph(a->graphs[k], arena, err));
    }
    return ONR_OK;
}
