// gradient_build.c: the small steps that rules of differentiation are written in.
// May assume: gradient.h. Never knows a rule.
#include "ops/eval.h"
#include "ops/gradient.h"

#include <stdarg.h>
#include <string.h>

enum { OPSET = 22 }; // of the nodes made here: each node has its own, whatever the model's is

void onr_gradient_cannot(onr_gradient *c, const char *why) {
    if (c->status == ONR_OK)
        c->status = onr_fail(c->err, ONR_UNSUPPORTED, "%s has no derivative here: %s", c->node->op_type, why);
}

static void no_memory(onr_gradient *c) {
    if (c->status == ONR_OK) c->status = onr_no_memory(c->err, 0);
}

// ---- nodes ------------------------------------------------------------------------------------------------------------------

void onr_gradient_finish(onr_gradient *c) {
    if (c->status == ONR_OK && c->made && !c->made->op) c->status = onr_node_resolve(c->made, c->arena, c->err);
}

/// The node before has all its attributes now.
static onr_node *add(onr_gradient *c, const char *domain, const char *op, int32_t opset, onr_value *const *in, int32_t n_in,
                     int32_t n_out) {
    onr_gradient_finish(c);
    if (c->status != ONR_OK) return NULL;
    onr_value **out = onr_arena_calloc(c->arena, (size_t)n_out, sizeof(onr_value *));
    for (int32_t i = 0; i < n_out && out; i++)
        if (!(out[i] = onr_graph_add_temp(c->g, "gradient"))) out = NULL;
    onr_node *n = out ? onr_graph_add_node(c->g, c->before, domain, op, opset, NULL, in, n_in, out, n_out) : NULL;
    if (!n) return no_memory(c), NULL;
    n->number = c->before->number;
    return c->made = n;
}

void onr_gradient_make_many(onr_gradient *c, const char *op, onr_value *const *in, int32_t n_in, int32_t n_out) {
    const char *dot = strrchr(op, '.');
    add(c, dot ? "onnxrun" : "", dot ? dot + 1 : op, dot ? 1 : OPSET, in, n_in, n_out);
}

onr_value *onr_gradient_make(onr_gradient *c, const char *op, int n_in, ...) {
    onr_value *in[8];
    va_list args;
    va_start(args, n_in);
    for (int i = 0; i < n_in; i++) in[i] = va_arg(args, onr_value *);
    va_end(args);
    onr_gradient_make_many(c, op, in, n_in, 1);
    return c->status == ONR_OK ? c->made->out[0] : NULL;
}

onr_value *onr_gradient_again(onr_gradient *c, onr_value *first, int32_t n_out) {
    const onr_node *n = c->node;
    if (!add(c, n->domain, n->op_type, n->opset, n->in, n->n_in, n_out)) return NULL;
    bool ok = onr_node_set_input(c->made, 0, first);
    for (int32_t i = 0; i < n->n_attr; i++) ok = ok && onr_node_set_attr(c->made, &n->attr[i]);
    if (!ok) return no_memory(c), NULL;
    return c->made->out[0];
}

void onr_gradient_set(onr_gradient *c, const onr_attr *a) {
    if (c->status != ONR_OK) return;
    if (!onr_node_set_attr(c->made, a)) no_memory(c);
}

void onr_gradient_int(onr_gradient *c, const char *name, int64_t v) {
    onr_attr a = {.name = name, .kind = ONR_ATTR_INT};
    a.i = v;
    onr_gradient_set(c, &a);
}

void onr_gradient_list(onr_gradient *c, const char *name, const int64_t *v, size_t n) {
    onr_attr a = {.name = name, .kind = ONR_ATTR_INTS, .n = n};
    a.ints = onr_arena_grow(c->arena, v, n, n, sizeof *v);
    if (!a.ints) return no_memory(c);
    onr_gradient_set(c, &a);
}

// ---- constants --------------------------------------------------------------------------------------------------------------

static onr_value *constant(onr_gradient *c, onr_dtype dtype, const onr_shape *shape, const void *data, size_t bytes) {
    if (c->status != ONR_OK) return NULL;
    onr_datum *d = onr_arena_alloc(c->arena, sizeof *d);
    void *own = onr_arena_alloc_aligned(c->arena, bytes ? bytes : 1, 64);
    onr_value *v = NULL;
    if (d && own) {
        if (bytes) memcpy(own, data, bytes);
        *d = onr_datum_borrow(dtype, shape, own);
        v = onr_graph_add_constant(c->g, "gradient", d);
    }
    if (!v) no_memory(c);
    return v;
}

onr_value *onr_gradient_ints(onr_gradient *c, const int64_t *v, int64_t n) {
    onr_shape shape = onr_shape_make(1, &n);
    return constant(c, ONR_INT64, &shape, v, (size_t)n * sizeof *v);
}

onr_value *onr_gradient_index(onr_gradient *c, int64_t v) {
    onr_shape shape = onr_shape_make(0, NULL);
    return constant(c, ONR_INT64, &shape, &v, sizeof v);
}

onr_value *onr_gradient_number(onr_gradient *c, double v, onr_value *like) {
    onr_shape shape = onr_shape_make(0, NULL);
    onr_value *number = constant(c, ONR_DOUBLE, &shape, &v, sizeof v);
    return onr_gradient_make(c, "CastLike", 2, number, like);
}

onr_value *onr_gradient_fill(onr_gradient *c, double v, onr_value *like) {
    onr_value *number = onr_gradient_number(c, v, like);
    return onr_gradient_make(c, "Expand", 2, number, onr_gradient_make(c, "Shape", 1, like));
}

// ---- shapes -----------------------------------------------------------------------------------------------------------------

onr_value *onr_gradient_sum_to(onr_gradient *c, onr_value *v, onr_value *like) {
    return onr_gradient_make(c, "onnxrun.SumTo", 2, v, like);
}

onr_value *onr_gradient_reshape(onr_gradient *c, onr_value *v, onr_value *like) {
    onr_value *shape = onr_gradient_make(c, "Shape", 1, like);
    onr_value *y = onr_gradient_make(c, "Reshape", 2, v, shape);
    onr_gradient_int(c, "allowzero", 1);
    return y;
}

onr_value *onr_gradient_flat(onr_gradient *c, onr_value *v) {
    return onr_gradient_make(c, "Reshape", 2, v, onr_gradient_ints(c, (int64_t[]){-1}, 1));
}

onr_value *onr_gradient_scatter(onr_gradient *c, onr_value *to, onr_value *at, onr_value *v) {
    at = onr_gradient_flat(c, at);
    onr_value *y = onr_gradient_make(c, "ScatterElements", 3, to, at, onr_gradient_flat(c, v));
    onr_attr sum = {.name = "reduction", .kind = ONR_ATTR_STRING};
    sum.s = (onr_string){"add", 3};
    onr_gradient_set(c, &sum);
    onr_gradient_int(c, "axis", 0);
    return y;
}

void onr_gradient_give(onr_gradient *c, int32_t i, onr_value *v) { c->dx[i] = v; }

void onr_gradient_give_sum(onr_gradient *c, int32_t i, onr_value *v) {
    const onr_type *x = &c->node->in[i]->type, *y = &c->node->out[0]->type;
    bool same = x->kind == ONR_TENSOR && y->kind == ONR_TENSOR && x->shape.rank >= 0 && onr_shape_equal(&x->shape, &y->shape);
    c->dx[i] = same ? v : onr_gradient_sum_to(c, v, c->node->in[i]);
}

// ---- questions --------------------------------------------------------------------------------------------------------------

bool onr_gradient_wants(const onr_gradient *c, int32_t i) { return i < c->node->n_in && c->node->in[i] && c->wanted[i]; }

onr_value *onr_gradient_in(const onr_gradient *c, int32_t i) { return i < c->node->n_in ? c->node->in[i] : NULL; }

int32_t onr_gradient_rank(onr_gradient *c, const onr_value *v) {
    if (v->type.kind == ONR_TENSOR && v->type.shape.rank >= 0) return v->type.shape.rank;
    onr_gradient_cannot(c, "the rank of its input is not known");
    return -1;
}

int64_t onr_gradient_attr(const onr_gradient *c, const char *name, int64_t otherwise) {
    const onr_attr *a = onr_node_attr(c->node, name);
    return a ? a->i : otherwise;
}

onr_ints onr_gradient_attrs(const onr_gradient *c, const char *name) {
    const onr_attr *a = onr_node_attr(c->node, name);
    return a ? (onr_ints){a->ints, a->n} : (onr_ints){NULL, 0};
}
