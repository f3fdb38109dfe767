// conv_add_act.c: a residual Add, then Relu or Clip after a convolution move into its store: no pass over the activation of
// their own. May assume: lower_conv ran (and conv_bn, where allowed). Never fuses where another reader wants the value between;
// sums in the same order, so results are the same bits.
#include "graph/edit.h"
#include "passes/pass.h"

#include <math.h>

enum { IN_RESIDUAL = 3, N_CONV_IN = 5 };

static bool has_residual(const onr_node *conv) { return conv->n_in > IN_RESIDUAL && conv->in[IN_RESIDUAL]; }

static bool has_clamp(const onr_node *conv) {
    const onr_attr *lo = onr_node_attr(conv, "lo"), *hi = onr_node_attr(conv, "hi");
    return (lo && lo->f != -INFINITY) || (hi && hi->f != INFINITY);
}

/// The other addend, when `add` sums the convolution's output and a value of just the same shape.
static onr_value *residual_of(const onr_node *conv, const onr_node *add) {
    if (!onr_pass_is(add, "Add") || add->n_in != 2 || add->in[0] == add->in[1]) return NULL;
    onr_value *other = add->in[add->in[0] == conv->out[0]];
    return onr_type_equal(&other->type, &conv->out[0]->type) && onr_shape_equal(&other->type.shape, &add->out[0]->type.shape)
               ? other
               : NULL;
}

/// A convolution stands where the Add stood, since the residual may be made after the old one.
static onr_status fuse_add(onr_pass_run *r, onr_node *conv, onr_node *add, onr_value *residual) {
    onr_value *in[N_CONV_IN] = {0};
    for (int32_t k = 0; k < conv->n_in; k++) in[k] = conv->in[k];
    in[IN_RESIDUAL] = residual;
    onr_node *fused = onr_graph_add_node(r->g, add, "onnxrun", "Conv", 1, conv->name, in, N_CONV_IN, NULL, 0);
    onr_value **out = onr_arena_calloc(r->g->arena, 1, sizeof *out);
    if (!fused || !out) return onr_no_memory(r->err, sizeof *fused);
    fused->number = conv->number;
    fused->origin = conv->origin;
    fused->n_origin = conv->n_origin;
    for (int32_t k = 0; k < conv->n_attr; k++)
        if (!onr_node_set_attr(fused, &conv->attr[k])) return onr_no_memory(r->err, sizeof *conv->attr);
    if (!onr_node_add_origin(fused, add)) return onr_no_memory(r->err, 0);
    fused->out = out;
    fused->n_out = 1;
    onr_node_set_output(fused, 0, add->out[0]);
    onr_graph_remove_node(r->g, add);
    onr_graph_remove_node(r->g, conv);
    return onr_node_resolve(fused, r->arena, r->err);
}

static bool scalar_float(const onr_node *n, int32_t i, float absent, float *out) {
    *out = absent;
    if (i >= n->n_in || !n->in[i]) return true;
    const onr_tensor *t = onr_pass_constant(n, i);
    if (!t || t->dtype != ONR_FLOAT || onr_tensor_numel(t) != 1) return false;
    *out = *(const float *)t->data;
    return true;
}

static float attr_float(const onr_node *n, const char *name, float absent) {
    const onr_attr *a = onr_node_attr(n, name);
    return a ? a->f : absent;
}

/// The clamp that Relu or a Clip with constant bounds is; false for anything else.
static bool clamp_of(const onr_node *n, float *lo, float *hi) {
    if (onr_pass_is(n, "Relu")) {
        *lo = 0;
        *hi = INFINITY;
        return true;
    }
    if (!onr_pass_is(n, "Clip")) return false;
    bool ok = scalar_float(n, 1, attr_float(n, "min", -INFINITY), lo) && scalar_float(n, 2, attr_float(n, "max", INFINITY), hi);
    return ok && *lo <= *hi;
}

static onr_status fuse_clamp(onr_pass_run *r, onr_node *conv, onr_node *act, float lo, float hi) {
    if (!onr_node_set_float(conv, "lo", lo) || !onr_node_set_float(conv, "hi", hi) || !onr_node_add_origin(conv, act))
        return onr_no_memory(r->err, 0);
    onr_node_set_output(conv, 0, act->out[0]);
    onr_graph_remove_node(r->g, act);
    return onr_node_resolve(conv, r->arena, r->err);
}

onr_status onr_pass_conv_add_act(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *conv = r->g->nodes[i];
        if (!onr_pass_is(conv, "onnxrun.Conv") || !conv->out[0] || has_clamp(conv)) continue;
        onr_node *next = onr_pass_only_user(conv->out[0]);
        if (!next) continue;
        onr_value *residual = has_residual(conv) ? NULL : residual_of(conv, next);
        // Of two convolutions that are added, the later one takes the other's output.
        bool later = residual && (!residual->producer || residual->producer->id < conv->id ||
                                  !onr_pass_is(residual->producer, "onnxrun.Conv") || onr_pass_only_user(residual) != next ||
                                  has_residual(residual->producer) || has_clamp(residual->producer));
        float lo, hi;
        if (later && onr_pass_may(r))
            ONR_TRY(fuse_add(r, conv, next, residual)); // the fused node comes up again later in the list
        else if (!residual && clamp_of(next, &lo, &hi) && onr_pass_may(r))
            ONR_TRY(fuse_clamp(r, conv, next, lo, hi));
    }
    return ONR_OK;
}
