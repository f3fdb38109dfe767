// matmul_transposed.c: MatMul that reads a constant matrix through a Transpose reads the constant itself, in our form (transB):
// it is packed as it lies in its file, and no transposed copy is made. May assume: it runs before fold, which would make the
// copy. Never touches a Transpose that anybody else reads; sums are in the same order, so results are the same bits.
#include "graph/edit.h"
#include "passes/pass.h"

enum { IN_B = 1 };

/// Is n a Transpose of a constant matrix? Then that is its input 0.
static bool transposes_matrix(const onr_node *n) {
    const onr_tensor *w = n && onr_pass_is(n, "Transpose") ? onr_pass_constant(n, 0) : NULL;
    const onr_attr *perm = w ? onr_node_attr(n, "perm") : NULL;
    return w && w->shape.rank == 2 && (!perm || perm->ints[0] == 1);
}

/// Why the Transpose has to stay; NULL: every reader is a MatMul that could read the matrix as it lies.
static const char *obstacle(const onr_pass_run *r, const onr_node *transpose) {
    const onr_value *v = transpose->out[0];
    const onr_tensor *w = onr_pass_constant(transpose, 0);
    if (onr_value_is_seen(v)) return onr_pass_why(r, "'%s' is an output, or kept to be looked at", v->name);
    if (w->dtype != ONR_FLOAT) return onr_pass_why(r, "the matrix is %s, not float32", onr_dtype_name(w->dtype));
    for (int32_t i = 0; i < v->n_uses; i++)
        if (v->uses[i].slot != IN_B || !onr_pass_is(v->uses[i].node, "MatMul"))
            return onr_pass_why(r, "'%s' is also read by %s '%s'", v->name, v->uses[i].node->op_type, v->uses[i].node->name);
    return NULL;
}

static onr_status fuse(onr_pass_run *r, onr_node *matmul, onr_node *transpose) {
    if (!onr_node_set_input(matmul, IN_B, transpose->in[0]) || !onr_node_set_int(matmul, "transB", 1) ||
        !onr_node_add_origin(matmul, transpose))
        return onr_no_memory(r->err, 0);
    matmul->domain = "onnxrun";
    matmul->opset = 1;
    if (transpose->out[0]->n_uses == 0) onr_graph_remove_node(r->g, transpose);
    return onr_node_resolve(matmul, r->arena, r->err);
}

onr_status onr_pass_matmul_transposed(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *matmul = r->g->nodes[i], *transpose;
        if (!onr_pass_is(matmul, "MatMul")) continue;
        transpose = matmul->in[IN_B]->producer;
        if (!transposes_matrix(transpose)) continue;
        const char *why_not = obstacle(r, transpose);
        if (why_not) onr_pass_missed(r, matmul, "MatMul+Transpose not fused: %s", why_not);
        if (why_not || !onr_pass_may(r)) continue;
        onr_pass_fired(r, matmul, "reads '%s' as it lies, without Transpose '%s'", transpose->in[0]->name, transpose->name);
        ONR_TRY(fuse(r, matmul, transpose));
    }
    return ONR_OK;
}
