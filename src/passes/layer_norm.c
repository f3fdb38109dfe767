// layer_norm.c: the nodes that exporters below opset 17 write for a normalization of rows become one LayerNormalization: one
// pass over the activation and not nine. May assume: fold and identity ran. Never fuses where another reader wants a value
// between; sums in another order, so last bits may differ. Source: ONNX LayerNormalization (17), whose definition has the same
// nodes.
#include "graph/edit.h"
#include "passes/pass.h"

#include <string.h>

/// (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + shift, in the order of the model.
enum { MEAN, DIFFERENCE, SQUARE, VARIANCE, EPSILON, ROOT, QUOTIENT, SCALE, SHIFT, N_PARTS };

typedef struct parts {
    onr_node *node[N_PARTS]; // the last is NULL where nothing is added
    onr_value *scale, *shift;
    float epsilon;
} parts;

/// The only number of constant input i, as float or int64.
static bool scalar(const onr_node *n, int32_t i, double *out) {
    const onr_tensor *t = onr_pass_constant(n, i);
    float f;
    int64_t v;
    if (!t || onr_tensor_numel(t) != 1 || (t->dtype != ONR_FLOAT && t->dtype != ONR_INT64)) return false;
    memcpy(&f, t->data, sizeof f); // constants may lie askew in their file
    if (t->dtype == ONR_INT64) memcpy(&v, t->data, sizeof v);
    *out = t->dtype == ONR_INT64 ? (double)v : (double)f;
    return true;
}

/// A ReduceMean over the last dimension, which stays as 1.
static bool is_row_mean(const onr_node *n) {
    const onr_attr *axes = onr_pass_is(n, "ReduceMean") ? onr_node_attr(n, "axes") : NULL, *keep = onr_node_attr(n, "keepdims");
    double axis = 0;
    if (!onr_pass_is(n, "ReduceMean") || (keep && !keep->i)) return false;
    if (axes ? axes->n != 1 : !scalar(n, 1, &axis)) return false;
    if (axes) axis = (double)axes->ints[0];
    return axis == -1 || axis == n->in[0]->type.shape.rank - 1;
}

static bool is_square_of(const onr_node *n, const onr_value *v) {
    double power;
    if (onr_pass_is(n, "Mul")) return n->in[0] == v && n->in[1] == v;
    return onr_pass_is(n, "Pow") && n->in[0] == v && scalar(n, 1, &power) && power == 2;
}

/// Where a normalization may begin: a mean of rows that is subtracted from them.
static bool starts(const onr_node *mean, parts *p) {
    const onr_node *sub = is_row_mean(mean) && mean->out[0]->n_uses ? mean->out[0]->uses[0].node : NULL;
    if (!sub || !onr_pass_is(sub, "Sub") || sub->in[0] != mean->in[0] || sub->in[1] != mean->out[0]) return false;
    *p = (parts){.node = {[MEAN] = (onr_node *)mean, [DIFFERENCE] = (onr_node *)sub}};
    return true;
}

/// The difference is read by what squares it and by what divides it, and by nothing else.
static const char *difference_obstacle(const onr_pass_run *r, parts *p) {
    const onr_value *d = p->node[DIFFERENCE]->out[0];
    if (onr_value_is_seen(d)) return onr_pass_why(r, "'%s' is an output, or kept to be looked at", d->name);
    for (int32_t i = 0; i < d->n_uses; i++) {
        onr_node *n = d->uses[i].node, **place = NULL;
        if (onr_pass_is(n, "Div") && n->in[0] == d && n->in[1] != d) place = &p->node[QUOTIENT];
        if (is_square_of(n, d)) place = &p->node[SQUARE];
        if (!place || d->uses[i].slot < 0 || (*place && *place != n))
            return onr_pass_why(r, "'%s' is also read by %s '%s'", d->name, n->op_type, n->name);
        *place = n;
    }
    return p->node[QUOTIENT] && p->node[SQUARE] ? NULL : "the difference is not both squared and divided";
}

/// What alone reads node `from` comes at place `to`, if it is the operator that it should be.
static const char *follow(const onr_pass_run *r, parts *p, int from, int to, const char *op) {
    const char *why_not = onr_pass_not_alone(r, p->node[from]->out[0]);
    onr_node *next = onr_pass_only_user(p->node[from]->out[0]);
    if (why_not || !next) return why_not ? why_not : onr_pass_why(r, "nobody reads '%s'", p->node[from]->out[0]->name);
    if (!onr_pass_is(next, op)) return onr_pass_why(r, "%s '%s' stands where %s should", next->op_type, next->name, op);
    if (p->node[to] && p->node[to] != next) return "another difference is divided";
    p->node[to] = next;
    return NULL;
}

static onr_value *other_input(const onr_node *n, const onr_node *maker) { return n->in[n->in[0] == maker->out[0]]; }

/// Is v a vector as long as the rows?
static bool is_row(const onr_value *v, const onr_value *x) {
    const onr_shape *s = &x->type.shape;
    return v->type.kind == ONR_TENSOR && v->type.dtype == ONR_FLOAT && v->type.shape.rank == 1 &&
           v->type.shape.dim[0] == s->dim[s->rank - 1];
}

/// Why the nodes after the mean are no normalization; NULL: they are, and p has all parts.
static const char *obstacle(const onr_pass_run *r, parts *p) {
    static const struct {
        int from, to;
        const char *op;
    } path[] = {{SQUARE, VARIANCE, "ReduceMean"},
                {VARIANCE, EPSILON, "Add"},
                {EPSILON, ROOT, "Sqrt"},
                {ROOT, QUOTIENT, "Div"},
                {QUOTIENT, SCALE, "Mul"}};
    const onr_value *x = p->node[MEAN]->in[0];
    double epsilon;
    const char *why_not = onr_pass_not_alone(r, p->node[MEAN]->out[0]);
    if (!why_not && x->type.dtype != ONR_FLOAT) why_not = onr_pass_why(r, "'%s' is no float32", x->name);
    if (!why_not && p->node[DIFFERENCE]->opset < 7) why_not = "operators broadcast otherwise before opset 7";
    if (!why_not) why_not = difference_obstacle(r, p);
    for (size_t i = 0; i < sizeof path / sizeof *path && !why_not; i++)
        why_not = follow(r, p, path[i].from, path[i].to, path[i].op);
    if (why_not) return why_not;
    if (!is_row_mean(p->node[VARIANCE])) return "the squares' mean is not that of rows";
    if (!scalar(p->node[EPSILON], p->node[EPSILON]->in[0] == p->node[VARIANCE]->out[0], &epsilon))
        return "no constant number is added to the variance";
    p->epsilon = (float)epsilon;
    p->scale = other_input(p->node[SCALE], p->node[QUOTIENT]);
    if (!is_row(p->scale, x)) return onr_pass_why(r, "the factor '%s' is no vector of a row's length", p->scale->name);
    if (follow(r, p, SCALE, SHIFT, "Add")) return NULL;
    p->shift = other_input(p->node[SHIFT], p->node[SCALE]);
    if (!is_row(p->shift, x)) p->node[SHIFT] = NULL;
    return NULL;
}

/// The new node stands where the last one stood, since scale and shift may be made after the first.
static onr_status fuse(onr_pass_run *r, const parts *p) {
    const int n_parts = p->node[SHIFT] ? N_PARTS : SHIFT;
    onr_node *first = p->node[MEAN], *last = p->node[n_parts - 1];
    onr_value *in[] = {first->in[0], p->scale, p->shift};
    const int32_t opset = last->opset > 17 ? last->opset : 17, n_in = p->node[SHIFT] ? 3 : 2;
    onr_node *fused = onr_graph_add_node(r->g, last, "", "LayerNormalization", opset, first->name, in, n_in, NULL, 0);
    onr_value **out = onr_arena_calloc(r->g->arena, 1, sizeof *out);
    if (!fused || !out || !onr_node_set_float(fused, "epsilon", p->epsilon)) return onr_no_memory(r->err, sizeof *fused);
    fused->number = first->number;
    fused->origin = first->origin;
    fused->n_origin = first->n_origin;
    for (int i = 1; i < n_parts; i++)
        if (!onr_node_add_origin(fused, p->node[i])) return onr_no_memory(r->err, 0);
    fused->out = out;
    fused->n_out = 1;
    onr_node_set_output(fused, 0, last->out[0]);
    for (int i = n_parts - 1; i >= 0; i--) onr_graph_remove_node(r->g, p->node[i]);
    return onr_node_resolve(fused, r->arena, r->err);
}

onr_status onr_pass_layer_norm(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *mean = r->g->nodes[i];
        parts p;
        if (mean->dead || !mean->n_out || !mean->out[0] || !starts(mean, &p)) continue;
        const char *why_not = obstacle(r, &p);
        if (why_not) onr_pass_missed(r, mean, "no LayerNormalization: %s", why_not);
        if (why_not || !onr_pass_may(r)) continue;
        onr_pass_fired(r, mean, "became LayerNormalization, with all up to '%s'", p.node[p.node[SHIFT] ? SHIFT : SCALE]->name);
        ONR_TRY(fuse(r, &p));
    }
    return ONR_OK;
}
