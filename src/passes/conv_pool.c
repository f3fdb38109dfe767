// conv_pool.c: a MaxPool of a convolution's result becomes part of it, where that result is too large for a cache: a net's
// first layers. A kernel that can pools rows as it makes them, and the largest activation of the net never goes to memory.
// May assume: layout and sweep ran. Never changes a result; where no kernel can, the node makes both steps itself.
#include "graph/edit.h"
#include "passes/pass.h"

#include <string.h>

// A result of one image below this size stays in the second-level cache until the MaxPool reads it.
enum { LEAST_BYTES = 1 << 20 };

static bool has_residual(const onr_node *conv) { return conv->n_in > 3 && conv->in[3]; }

/// Why the MaxPool `next` cannot become part of the convolution; NULL: it can.
static const char *obstacle(const onr_pass_run *r, const onr_node *conv, const onr_node *next) {
    const onr_type *t = &conv->out[0]->type;
    int64_t floats = 1;
    if (next->n_out > 1 && next->out[1]) return "its indices are wanted";
    if (!t->block || !next->out[0]->type.block) return "it does not work on blocks";
    if (has_residual(conv)) return "Conv adds a residual";
    const onr_attr *dilations = onr_node_attr(next, "dilations");
    for (int64_t i = 0; dilations && i < (int64_t)dilations->n; i++)
        if (dilations->ints[i] != 1) return "it has dilations";
    for (int32_t i = 1; i < t->shape.rank; i++) {
        if (!onr_dim_known(t->shape.dim[i])) return "the size of Conv's output is not known";
        floats *= t->shape.dim[i];
    }
    if (t->shape.rank != 4 || floats * (int64_t)sizeof(float) < LEAST_BYTES)
        return onr_pass_why(r, "Conv's output %s is small enough for a cache", onr_pass_type_text(r, conv->out[0]));
    return NULL;
}

static onr_status fuse(onr_pass_run *r, onr_node *conv, onr_node *pool) {
    for (int32_t i = 0; i < pool->n_attr; i++) {
        onr_attr a = pool->attr[i];
        if (strcmp(a.name, "dilations") == 0 || strcmp(a.name, "storage_order") == 0) continue;
        a.name = onr_arena_printf(r->g->arena, "pool_%s", pool->attr[i].name);
        if (!a.name || !onr_node_set_attr(conv, &a)) return onr_no_memory(r->err, sizeof a);
    }
    if (!onr_node_add_origin(conv, pool)) return onr_no_memory(r->err, 0);
    onr_node_set_output(conv, 0, pool->out[0]);
    onr_graph_remove_node(r->g, pool);
    return onr_node_resolve(conv, r->arena, r->err);
}

onr_status onr_pass_conv_pool(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *conv = r->g->nodes[i];
        if (!onr_pass_is(conv, "onnxrun.Conv") || !conv->out[0]) continue;
        onr_node *next = onr_pass_only_user(conv->out[0]);
        if (!next || !onr_pass_is(next, "MaxPool")) continue;
        const char *why_not = obstacle(r, conv, next);
        if (why_not) onr_pass_missed(r, next, "Conv+MaxPool not fused: %s", why_not);
        if (why_not || !onr_pass_may(r)) continue;
        onr_pass_fired(r, next, "moved into Conv '%s'", conv->name);
        ONR_TRY(fuse(r, conv, next));
    }
    return ONR_OK;
}
