// gradient_shape.c: derivatives of operators that move elements: views, transposition, and everything that only picks.
// May assume: gradient.h. What an operator picked is found by letting it move a tensor of indices: one rule for all of them.
// Never needs sizes: shapes are computed where the graph runs.
#include "ops/gradient.h"

#define MAKE1(op, a) onr_gradient_make(c, op, 1, a)
#define MAKE2(op, a, b) onr_gradient_make(c, op, 2, a, b)
#define MAKE3(op, a, b, d) onr_gradient_make(c, op, 3, a, b, d)

static onr_value *x_of(const onr_gradient *c) { return c->node->in[0]; }

/// Reshape, Flatten, Squeeze, Unsqueeze: the same elements.
static void view(onr_gradient *c) {
    if (onr_gradient_wants(c, 0)) onr_gradient_give(c, 0, onr_gradient_reshape(c, c->dy[0], x_of(c)));
}

static void expand(onr_gradient *c) {
    if (onr_gradient_wants(c, 0)) onr_gradient_give(c, 0, onr_gradient_sum_to(c, c->dy[0], x_of(c)));
}

/// A sum's derivative goes to each of its terms.
static void sum_to(onr_gradient *c) {
    if (onr_gradient_wants(c, 0)) onr_gradient_give(c, 0, MAKE2("Expand", c->dy[0], MAKE1("Shape", x_of(c))));
}

/// Without perm the dimensions are reversed, and so they are once more.
static void transpose(onr_gradient *c) {
    onr_ints perm = onr_gradient_attrs(c, "perm");
    int64_t back[ONR_MAX_RANK];
    for (size_t d = 0; d < perm.n; d++) back[perm.v[d]] = (int64_t)d;
    onr_gradient_give(c, 0, MAKE1("Transpose", c->dy[0]));
    if (perm.n) onr_gradient_list(c, "perm", back, perm.n);
}

/// 0, 1, 2, ... in the shape of the input.
static onr_value *indices(onr_gradient *c) {
    onr_value *all = MAKE3("Range", onr_gradient_index(c, 0), MAKE1("Size", x_of(c)), onr_gradient_index(c, 1));
    return onr_gradient_reshape(c, all, x_of(c));
}

/// Every output is some elements of input 0, perhaps several times.
static void pick(onr_gradient *c) {
    if (!onr_gradient_wants(c, 0)) return;
    onr_gradient_again(c, indices(c), c->node->n_out);
    const onr_node *moved = c->made;
    onr_value *dx = onr_gradient_flat(c, onr_gradient_fill(c, 0, x_of(c)));
    for (int32_t k = 0; k < c->node->n_out && c->status == ONR_OK; k++)
        if (c->dy[k]) dx = onr_gradient_scatter(c, dx, moved->out[k], c->dy[k]);
    onr_gradient_give(c, 0, onr_gradient_reshape(c, dx, x_of(c)));
}

/// The padding reads one element more, which is thrown away.
static void pad(onr_gradient *c) {
    if (!onr_gradient_wants(c, 0)) return;
    onr_value *size = MAKE1("Size", x_of(c));
    onr_value *at = onr_gradient_again(c, indices(c), 1);
    onr_node *moved = c->made;
    if (c->status == ONR_OK && !onr_node_set_input(moved, 2, size)) c->status = onr_no_memory(c->err, 0);
    onr_value *one_more = MAKE2("Expand", onr_gradient_number(c, 0, c->dy[0]),
                                onr_gradient_flat(c, MAKE2("Add", size, onr_gradient_index(c, 1))));
    onr_value *dx = onr_gradient_scatter(c, one_more, at, c->dy[0]);
    onr_value *first = MAKE3("Slice", dx, onr_gradient_ints(c, (int64_t[]){0}, 1), onr_gradient_flat(c, size));
    onr_gradient_give(c, 0, onr_gradient_reshape(c, first, x_of(c)));
}

static void concat(onr_gradient *c) {
    int32_t n = c->node->n_in;
    onr_value *sizes[2] = {NULL, NULL}, *axis = onr_gradient_ints(c, (int64_t[]){onr_gradient_attr(c, "axis", 1)}, 1);
    for (int32_t i = 0; i < n; i++) {
        onr_value *size = MAKE2("Gather", MAKE1("Shape", c->node->in[i]), axis);
        sizes[1] = size;
        if (i) onr_gradient_make_many(c, "Concat", sizes, 2, 1);
        if (i) onr_gradient_int(c, "axis", 0);
        if (c->status != ONR_OK) return;
        sizes[0] = i ? c->made->out[0] : size;
    }
    onr_gradient_make_many(c, "Split", (onr_value *[]){c->dy[0], sizes[0]}, 2, n);
    onr_gradient_int(c, "axis", onr_gradient_attr(c, "axis", 1));
    if (c->status != ONR_OK) return;
    for (int32_t i = 0; i < n; i++) onr_gradient_give(c, i, c->made->out[i]);
}

/// The half that is kept passes.
static void trilu(onr_gradient *c) {
    if (onr_gradient_wants(c, 0)) onr_gradient_give(c, 0, onr_gradient_again(c, c->dy[0], 1));
}

const onr_gradient_rule onr_gradient_rules_shape[] = {
    {"Reshape", 1, view},
    {"Flatten", 1, view},
    {"Squeeze", 1, view},
    {"Unsqueeze", 1, view},
    {"Expand", 8, expand},
    {"onnxrun.SumTo", 1, sum_to},
    {"Transpose", 1, transpose},
    {"Gather", 1, pick},
    {"GatherElements", 11, pick},
    {"GatherND", 11, pick},
    {"Slice", 1, pick},
    {"Split", 2, pick},
    {"Tile", 6, pick},
    {"DepthToSpace", 1, pick},
    {"SpaceToDepth", 1, pick},
    {"Pad", 11, pad},
    {"Concat", 4, concat},
    {"Trilu", 14, trilu},
    {NULL, 0, NULL},
};
