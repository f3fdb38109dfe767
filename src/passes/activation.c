// activation.c: Gelu and Swish, found in the operators that exporters write them with: one pass over the activation instead of
// two to five. May assume: fold ran, types were inferred. Never fuses where another reader wants a value between; results
// differ in rounding, so this needs -O2.
#include "graph/edit.h"
#include "passes/pass.h"

#include <math.h>
#include <string.h>

enum { MOST_PARTS = 5 };

/// The nodes of a pattern, the last of which makes the output, and what the new node is. standard.c knows the order of Gelu's:
/// the scale, Erf, the sum with 1, and two products.
typedef struct pattern {
    const char *op;
    int32_t opset; // the first that has op
    onr_value *x;
    onr_node *part[MOST_PARTS];
    int32_t n;
} pattern;

static bool is_near(const onr_tensor *t, double want) {
    if (!t || t->dtype != ONR_FLOAT || onr_tensor_numel(t) != 1) return false;
    float f;
    memcpy(&f, t->data, sizeof f); // constants may lie askew in their file
    return fabs((double)f - want) <= 1e-6 * want;
}

/// Input `slot` of n, when n does not change its type or shape (a constant of higher rank would).
static onr_value *operand(const onr_node *n, int32_t slot) {
    onr_value *v = n->in[slot];
    return v && v->type.dtype == ONR_FLOAT && onr_type_equal(&v->type, &n->out[0]->type) ? v : NULL;
}

/// The reason of what was not even nearly the pattern: the story leaves it out.
static const char nothing_near[] = "";

/// What n multiplies by the constant `factor` (or divides by its inverse); NULL: n does not.
static onr_value *scaled(const onr_node *n, double factor) {
    if (onr_pass_is(n, "Mul") && is_near(onr_pass_constant(n, 1), factor)) return operand(n, 0);
    if (onr_pass_is(n, "Mul") && is_near(onr_pass_constant(n, 0), factor)) return operand(n, 1);
    if (onr_pass_is(n, "Div") && is_near(onr_pass_constant(n, 1), 1 / factor)) return operand(n, 0);
    return NULL;
}

/// What n adds 1 to; NULL: n does not.
static onr_value *plus_one(const onr_node *n) {
    if (!onr_pass_is(n, "Add")) return NULL;
    return is_near(onr_pass_constant(n, 1), 1) ? operand(n, 0) : is_near(onr_pass_constant(n, 0), 1) ? operand(n, 1) : NULL;
}

/// What a Mul multiplies v by; NULL: n is no Mul of v and another tensor of its shape.
static onr_value *times(const onr_node *n, const onr_value *v) {
    if (!onr_pass_is(n, "Mul") || n->in[0] == n->in[1]) return NULL;
    return operand(n, n->in[0] == v ? 1 : 0);
}

/// The one reader of what n makes, which the story hears of when there are others.
static onr_node *next_of(const onr_pass_run *r, const onr_node *n, const char **why_not) {
    if (!*why_not) *why_not = onr_pass_not_alone(r, n->out[0]);
    return *why_not ? NULL : onr_pass_only_user(n->out[0]);
}

/// x / 2 * (1 + erf(x / sqrt 2)) around `erf`, which halves x, the sum, or the product. NULL: it is, in *p.
static const char *find_gelu(const onr_pass_run *r, onr_node *erf, pattern *p) {
    const char *why_not = NULL, *const other = "what is around it is not x / 2 * (1 + erf(x / sqrt(2)))";
    onr_node *scale = erf->in[0]->producer;
    onr_value *x = scale ? scaled(scale, M_SQRT1_2) : NULL;
    if (!x || !operand(erf, 0)) return "its input is no float32 divided by sqrt(2)";
    if (next_of(r, scale, &why_not) != erf) return why_not;
    onr_node *sum = next_of(r, erf, &why_not), *product = sum && plus_one(sum) ? next_of(r, sum, &why_not) : NULL;
    if (!product) return why_not ? why_not : other;
    *p = (pattern){.op = "Gelu", .opset = 20, .x = x, .part = {scale, erf, sum, product}, .n = 4};
    onr_value *factor = times(product, sum->out[0]);
    if (factor && factor != x && factor->producer && scaled(factor->producer, 0.5) == x) {
        if ((why_not = onr_pass_not_alone(r, factor))) return why_not;
        p->part[3] = factor->producer; // that stands anywhere before the product
        p->part[p->n++] = product;
        return NULL;
    }
    onr_node *last = next_of(r, product, &why_not);
    if (!last) return why_not ? why_not : other;
    p->part[p->n++] = last;
    if (factor == x && scaled(last, 0.5) == product->out[0]) return NULL;
    if (scaled(product, 0.5) == sum->out[0] && times(last, product->out[0]) == x) return NULL;
    return other;
}

/// x * sigmoid(x) around `sigmoid`. NULL: it is, in *p.
static const char *find_swish(const onr_pass_run *r, onr_node *sigmoid, pattern *p) {
    const char *why_not = NULL;
    onr_value *x = operand(sigmoid, 0);
    if (!x) return nothing_near;
    onr_node *last = NULL;
    for (int32_t i = 0; !last && i < sigmoid->out[0]->n_uses; i++) {
        onr_node *n = sigmoid->out[0]->uses[i].node;
        if (sigmoid->out[0]->uses[i].slot >= 0 && times(n, sigmoid->out[0]) == x) last = n;
    }
    if (!last) return nothing_near;
    if ((why_not = onr_pass_not_alone(r, sigmoid->out[0]))) return why_not;
    *p = (pattern){.op = "Swish", .opset = 24, .x = x, .part = {sigmoid, last}, .n = 2};
    return NULL;
}

/// The new node stands where the last part stood and makes what that made.
static onr_status fuse(onr_pass_run *r, const pattern *p) {
    onr_node *last = p->part[p->n - 1];
    onr_value *in = p->x;
    onr_node *fused = onr_graph_add_node(r->g, last, "", p->op, p->opset, last->name, &in, 1, NULL, 0);
    onr_value **out = onr_arena_calloc(r->g->arena, 1, sizeof *out);
    if (!fused || !out) return onr_no_memory(r->err, sizeof *fused);
    fused->number = last->number;
    fused->origin = p->part[0]->origin;
    fused->n_origin = p->part[0]->n_origin;
    for (int32_t i = 1; i < p->n; i++)
        if (!onr_node_add_origin(fused, p->part[i])) return onr_no_memory(r->err, 0);
    fused->out = out;
    fused->n_out = 1;
    onr_node_set_output(fused, 0, last->out[0]);
    for (int32_t i = p->n; i-- > 0;) onr_graph_remove_node(r->g, p->part[i]);
    return onr_node_resolve(fused, r->arena, r->err);
}

onr_status onr_pass_activation(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *n = r->g->nodes[i];
        const bool erf = onr_pass_is(n, "Erf");
        pattern p;
        if (!(erf || onr_pass_is(n, "Sigmoid")) || !n->in[0] || !n->out[0]) continue;
        const char *why_not = erf ? find_gelu(r, n, &p) : find_swish(r, n, &p);
        if (why_not && why_not != nothing_near) onr_pass_missed(r, n, "no part of a %s: %s", erf ? "Gelu" : "Swish", why_not);
        if (why_not || !onr_pass_may(r)) continue;
        onr_pass_fired(r, n, "became a part of %s '%s'", p.op, p.part[p.n - 1]->name);
        ONR_TRY(fuse(r, &p));
    }
    return ONR_OK;
}
