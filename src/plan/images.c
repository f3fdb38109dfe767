// images.c: decides which first nodes run image by image.
// May assume: see images.h. Never changes the graph.
#include "plan/images.h"

// A batch whose tensors fit the second-level cache has nothing to gain.
enum { LEAST_BYTES = 1 << 20 };

onr_type onr_images_one(const onr_type *batch) {
    onr_type one = *batch;
    one.shape.dim[0] = 1;
    return one;
}

// A tensor of a batch: its first dimension is `images`, as is that of the node's results.
static bool is_batch(const onr_type *t, int64_t images, size_t *bytes) {
    return t->kind == ONR_TENSOR && t->dtype != ONR_STRING && t->shape.rank >= 3 && t->shape.dim[0] == images &&
           onr_type_bytes(t, bytes);
}

// Adds up what a node reads and writes; false where something of it does not go image by image.
static bool measure(const onr_node *n, const onr_typing *t, int64_t images, size_t *weights, size_t *activations) {
    size_t bytes;
    *weights = *activations = 0;
    for (int32_t k = 0; k < n->n_in; k++) {
        if (!n->in[k]) continue;
        const int32_t id = n->in[k]->id;
        if (t->constant[id]) {
            if (!onr_type_bytes(&t->type[id], &bytes)) return false;
            *weights += bytes;
        } else {
            if (!is_batch(&t->type[id], images, &bytes)) return false;
            *activations += bytes;
        }
    }
    for (int32_t k = 0; k < n->n_out; k++) {
        if (!n->out[k]) continue;
        if (k > 0 || !is_batch(&t->type[n->out[k]->id], images, &bytes)) return false;
        *activations += bytes;
    }
    return true;
}

static bool is_known(const onr_node *n, const onr_typing *t) {
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && !t->constant[n->out[k]->id]) return false;
    return true;
}

int32_t onr_images_choose(const onr_graph *g, const onr_typing *t, int64_t *images) {
    int32_t end = 0;
    if (g->n_inputs == 0 || t->type[g->inputs[0]->id].kind != ONR_TENSOR || t->type[g->inputs[0]->id].shape.rank < 3) return 0;
    *images = t->type[g->inputs[0]->id].shape.dim[0];
    if (*images < 2) return 0;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *node = g->nodes[i];
        size_t weights, activations;
        if (node->dead || is_known(node, t)) continue;
        if (!(node->op->flags & (ONR_OP_PER_IMAGE | ONR_OP_ELEMENTWISE))) break;
        if (!measure(node, t, *images, &weights, &activations)) break;
        if (activations < LEAST_BYTES || weights > activations / (size_t)*images) break;
        end = i + 1;
    }
    return end;
}
