// matmul_add.c: a constant vector that is added to the columns of MatMul's output moves into the product's store: no pass over
// the activation of its own. May assume: fold ran. Never fuses where another reader wants the product alone; the vector is
// added to the finished sum, as Add did, so results are the same bits.
#include "graph/edit.h"
#include "passes/pass.h"

enum { IN_B = 1, IN_BIAS = 2 };

/// MatMul, or our form of it without a bias yet.
static bool is_product(const onr_node *n) {
    return onr_pass_is(n, "MatMul") || (onr_pass_is(n, "onnxrun.MatMul") && (n->n_in <= IN_BIAS || !n->in[IN_BIAS]));
}

/// Why the product of `matmul` cannot take a vector; NULL: it can.
static const char *matmul_obstacle(const onr_pass_run *r, const onr_node *matmul) {
    const onr_tensor *b = onr_pass_constant(matmul, IN_B);
    if (!b) return onr_pass_why(r, "MatMul's B '%s' is not constant", onr_pass_name(matmul->in[IN_B]));
    if (b->dtype != ONR_FLOAT) return onr_pass_why(r, "MatMul's B is %s, not float32", onr_dtype_name(b->dtype));
    return b->shape.rank == 2 ? NULL : onr_pass_why(r, "MatMul's B has rank %d", b->shape.rank);
}

/// Why `add` adds no constant vector to the columns of `product`; NULL: it does, and *bias is that.
static const char *add_obstacle(const onr_pass_run *r, const onr_value *product, const onr_node *add, onr_value **bias) {
    const onr_shape *y = &product->type.shape;
    const int32_t other = add->in[0] == product;
    const onr_tensor *t = onr_pass_constant(add, other);
    *bias = add->in[other];
    if (add->in[0] == add->in[1]) return "both addends are MatMul's output";
    if (onr_node_attr(add, "axis")) return "its axis says how to broadcast, as before opset 7";
    if (!t) return onr_pass_why(r, "the addend '%s' is not constant", onr_pass_name(*bias));
    if (t->shape.rank == 1 && y->rank >= 1 && t->shape.dim[0] == y->dim[y->rank - 1]) return NULL;
    return onr_pass_why(r, "the addend '%s' is %s, no vector of MatMul's columns", (*bias)->name, onr_pass_type_text(r, *bias));
}

static onr_status fuse(onr_pass_run *r, onr_node *matmul, onr_node *add, onr_value *bias) {
    if (!onr_node_set_input(matmul, IN_BIAS, bias) || !onr_node_add_origin(matmul, add)) return onr_no_memory(r->err, 0);
    matmul->domain = "onnxrun";
    matmul->opset = 1;
    onr_node_set_output(matmul, 0, add->out[0]);
    onr_graph_remove_node(r->g, add);
    return onr_node_resolve(matmul, r->arena, r->err);
}

/// An Add of `v`, for the story's sake also where it is not the only reader.
static onr_node *adder_of(const onr_value *v) {
    for (int32_t i = 0; i < v->n_uses; i++)
        if (v->uses[i].slot >= 0 && onr_pass_is(v->uses[i].node, "Add")) return v->uses[i].node;
    return NULL;
}

onr_status onr_pass_matmul_add(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *matmul = r->g->nodes[i];
        if (!is_product(matmul) || !matmul->out[0]) continue;
        onr_node *add = adder_of(matmul->out[0]);
        onr_value *bias;
        if (!add) continue;
        const char *why_not = onr_pass_not_alone(r, matmul->out[0]);
        if (!why_not) why_not = matmul_obstacle(r, matmul);
        if (!why_not) why_not = add_obstacle(r, matmul->out[0], add, &bias);
        if (why_not) onr_pass_missed(r, add, "MatMul+Add not fused: %s", why_not);
        if (why_not || !onr_pass_may(r)) continue;
        onr_pass_fired(r, add, "moved into the store of MatMul '%s'", matmul->name);
        ONR_TRY(fuse(r, matmul, add, bias));
    }
    return ONR_OK;
}
