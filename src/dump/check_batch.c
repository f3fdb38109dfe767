// check_batch.c: nodes that hold one batch size: found by inferring all types for two other sizes, whatever the operator.
// May assume: nodes were resolved where they could be. Never runs anything. The sizes are primes, so that they hardly meet
// others.
#include "dump/check.h"
#include "dump/show.h"

static const int64_t SIZES[2] = {7, 11};

typedef struct batches {
    const onr_graph *g;
    onr_arena *arena;
    onr_findings *list;
    bool free;     // the model leaves the first dimension open
    int64_t baked; // else the size it gives
    onr_typing plain, at[2];
    bool *ok, *ok_at[2]; // by node: its types could be inferred
} batches;

static bool takes_part(const batches *b, const onr_value *v) {
    const onr_type *t = v->declared;
    if (!t || t->kind != ONR_TENSOR || t->shape.rank < 1) return false;
    return b->free ? onr_dim_symbolic(t->shape.dim[0]) : t->shape.rank > 1 && t->shape.dim[0] == b->baked;
}

/// The first dimension of every input is set, and what has the same name with it.
static onr_type sized(const batches *b, const onr_value *v, int64_t size) {
    onr_type t = v->declared ? *v->declared : onr_type_unknown();
    if (t.kind != ONR_TENSOR) return t;
    for (int32_t i = 0; i < b->g->n_inputs; i++) {
        const onr_value *from = b->g->inputs[i];
        if (!takes_part(b, from)) continue;
        for (int32_t d = 0; b->free && d < t.shape.rank; d++)
            if (t.shape.dim[d] == from->declared->shape.dim[0]) t.shape.dim[d] = size;
        if (from == v) t.shape.dim[0] = size;
    }
    return t;
}

static bool infer(const batches *b, int64_t size, onr_typing *t, bool **ok) {
    const onr_graph *g = b->g;
    *ok = onr_arena_calloc(b->arena, (size_t)g->n_nodes, sizeof **ok);
    if (!*ok || onr_typing_new(g, b->arena, t, NULL) != ONR_OK) return false;
    for (int32_t i = 0; i < g->n_inputs; i++) {
        const onr_value *v = g->inputs[i];
        t->type[v->id] = size ? sized(b, v, size) : v->declared ? *v->declared : onr_type_unknown();
    }
    for (int32_t i = 0; i < g->n_nodes; i++)
        (*ok)[i] = g->nodes[i]->op && onr_infer_node(g->nodes[i], t, g->symbols, b->arena, NULL) == ONR_OK;
    return true;
}

static int64_t first_dim(const onr_typing *t, const onr_value *v) {
    const onr_type *type = v ? &t->type[v->id] : NULL;
    return type && type->kind == ONR_TENSOR && type->shape.rank > 0 ? type->shape.dim[0] : -1;
}

/// Does the value's first dimension follow the batch?
static bool follows(const batches *b, const onr_value *v) {
    return first_dim(&b->at[0], v) == SIZES[0] && first_dim(&b->at[1], v) == SIZES[1];
}

/// A fixed first dimension, while another one takes the batch in.
static bool swallows(const batches *b, const onr_value *v) {
    const onr_type *x = &b->at[0].type[v->id], *y = &b->at[1].type[v->id];
    int64_t first = first_dim(&b->at[0], v);
    bool fixed = first >= 0 && first == first_dim(&b->at[1], v);
    return fixed && x->shape.rank == y->shape.rank && !onr_shape_equal(&x->shape, &y->shape);
}

/// A view (Reshape and its like) that takes a batch in and hands out one of a fixed number.
static bool loses(const batches *b, const onr_node *n) {
    return n->op && (n->op->flags & ONR_OP_VIEW) && n->n_in && n->in[0] && n->n_out && n->out[0] && follows(b, n->in[0]) &&
           swallows(b, n->out[0]);
}

static onr_finding about(const batches *b, const onr_node *n) {
    return (onr_finding){.severity = b->free ? ONR_WARNING : ONR_NOTE,
                         .kind = "baked-batch",
                         .node = n->name,
                         .number = n->number,
                         .hint = b->free ? "let the shape's first entry follow the input (0 or -1), or export again with a "
                                           "dynamic batch"
                                         : "it matters only when the model is to run with other batch sizes"};
}

/// The last view before node `end` that lost the batch.
static const onr_node *last_loser(const batches *b, int32_t end) {
    for (int32_t i = end - 1; i >= 0; i--)
        if (b->ok[i] && b->ok_at[0][i] && b->ok_at[1][i] && loses(b, b->g->nodes[i])) return b->g->nodes[i];
    return NULL;
}

static void blame_view(const batches *b, const onr_node *n) {
    char in[ONR_SHAPE_TEXT], out[ONR_SHAPE_TEXT];
    onr_check_add(b->list, about(b, n), "%s: a batch size is baked in: with a batch of %lld it makes %s of %s", n->op_type,
                  (long long)SIZES[0], onr_shape_text(&b->at[0].type[n->out[0]->id].shape, b->g->symbols, out),
                  onr_shape_text(&b->at[0].type[n->in[0]->id].shape, b->g->symbols, in));
}

/// Node i can be typed as the model stands, but not for another batch.
static void blame(batches *b, int32_t i, const onr_node **told) {
    const onr_node *n = b->g->nodes[i], *view = last_loser(b, i);
    onr_err err = {0};
    if (n->op->flags & ONR_OP_VIEW) view = NULL; // it says what does not fit by itself
    if (view) {
        if (*told != view) blame_view(b, view);
        *told = view;
        return;
    }
    if (!b->free && !(n->op->flags & ONR_OP_VIEW)) return; // a first dimension that is no batch, as it seems
    onr_infer_node(n, &b->at[0], b->g->symbols, b->arena, &err);
    onr_check_add(b->list, about(b, n), "a batch size is baked in: with a batch of %lld: %s", (long long)SIZES[0],
                  onr_check_reason(n, &err));
}

static bool prepare(batches *b) {
    for (int32_t i = 0; i < b->g->n_inputs; i++) {
        b->free = true;
        if (takes_part(b, b->g->inputs[i])) return true;
    }
    b->free = false;
    b->baked = 1;
    for (int32_t i = 0; i < b->g->n_inputs; i++)
        if (takes_part(b, b->g->inputs[i])) return true;
    return false;
}

void onr_check_batch(const onr_graph *g, onr_arena *arena, onr_findings *list) {
    batches b = {.g = g, .arena = arena, .list = list};
    const onr_node *told = NULL;
    if (!prepare(&b)) return;
    if (!infer(&b, 0, &b.plain, &b.ok) || !infer(&b, SIZES[0], &b.at[0], &b.ok_at[0]) ||
        !infer(&b, SIZES[1], &b.at[1], &b.ok_at[1])) {
        list->failed = true;
        return;
    }
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (b.ok[i] && !b.ok_at[0][i] && !b.ok_at[1][i]) blame(&b, i, &told);
    for (int32_t i = 0; i < g->n_outputs && !told; i++) {
        const onr_node *view = swallows(&b, g->outputs[i]) ? last_loser(&b, g->n_nodes) : NULL;
        if (view) blame_view(&b, view);
        told = view;
    }
}
