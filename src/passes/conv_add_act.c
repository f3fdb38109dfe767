// conv_add_act.c: a residual Add, then Relu or Clip after a convolution move into its store: no pass over the activation of
// their own. May assume: lower_conv ran (and conv_bn, where allowed). Never fuses where another reader wants the value between;
// sums in the same order, so results are the same bits.
#include "graph/edit.h"
#include "passes/pass.h"

#include <math.h>
#include <string.h>

enum { IN_RESIDUAL = 3, N_CONV_IN = 5 };

static bool has_residual(const onr_node *conv) { return conv->n_in > IN_RESIDUAL && conv->in[IN_RESIDUAL]; }

static bool has_clamp(const onr_node *conv) {
    const onr_attr *lo = onr_node_attr(conv, "lo"), *hi = onr_node_attr(conv, "hi");
    return (lo && lo->f != -INFINITY) || (hi && hi->f != INFINITY);
}

/// Why `next`, which alone reads the convolution, is no residual Add; NULL: it is, and *residual is the other addend, which has
/// just the same shape.
static const char *add_obstacle(const onr_pass_run *r, const onr_node *conv, const onr_node *next, onr_value **residual) {
    *residual = NULL;
    if (!onr_pass_is(next, "Add") || next->n_in != 2) return "it is no Add";
    if (has_clamp(conv)) return "Conv has taken Relu or Clip, which would come before the Add";
    if (has_residual(conv)) return "Conv has taken an Add already";
    if (next->in[0] == next->in[1]) return "both addends are Conv's output";
    onr_value *other = next->in[next->in[0] == conv->out[0]];
    if (!other || !onr_type_equal(&other->type, &conv->out[0]->type) ||
        !onr_shape_equal(&other->type.shape, &next->out[0]->type.shape))
        return onr_pass_why(r, "the addend '%s' is %s, Conv's output %s", onr_pass_name(other),
                            other ? onr_pass_type_text(r, other) : "missing", onr_pass_type_text(r, conv->out[0]));
    *residual = other;
    return NULL;
}

/// Of two convolutions that are added, the later one takes the other's output.
static bool takes(const onr_node *conv, const onr_node *add, const onr_value *residual) {
    const onr_node *maker = residual->producer;
    return !maker || maker->id < conv->id || !onr_pass_is(maker, "onnxrun.Conv") || onr_pass_only_user(residual) != add ||
           has_residual(maker) || has_clamp(maker);
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
    memcpy(out, t->data, sizeof *out); // constants may lie askew in their file
    return true;
}

static float attr_float(const onr_node *n, const char *name, float absent) {
    const onr_attr *a = onr_node_attr(n, name);
    return a ? a->f : absent;
}

/// Why `next` is no clamp that the convolution could take; NULL: it is, from *lo to *hi.
static const char *clamp_obstacle(const onr_node *conv, const onr_node *next, float *lo, float *hi) {
    *lo = 0;
    *hi = INFINITY;
    if (!onr_pass_is(next, "Relu") && !onr_pass_is(next, "Clip")) return "it is neither Relu nor Clip";
    if (has_clamp(conv)) return "Conv has taken one already";
    if (onr_pass_is(next, "Relu")) return NULL;
    if (!scalar_float(next, 1, attr_float(next, "min", -INFINITY), lo) ||
        !scalar_float(next, 2, attr_float(next, "max", INFINITY), hi))
        return "its bounds are no constant float32";
    return *lo <= *hi ? NULL : "its least bound is above its greatest";
}

static onr_status fuse_clamp(onr_pass_run *r, onr_node *conv, onr_node *act, float lo, float hi) {
    if (!onr_node_set_float(conv, "lo", lo) || !onr_node_set_float(conv, "hi", hi) || !onr_node_add_origin(conv, act))
        return onr_no_memory(r->err, 0);
    onr_node_set_output(conv, 0, act->out[0]);
    onr_graph_remove_node(r->g, act);
    return onr_node_resolve(conv, r->arena, r->err);
}

/// For the story: activations that people expect to see fused.
static bool is_activation(const onr_node *n) {
    static const char *const names[] = {"Relu", "Clip",        "Sigmoid",   "Tanh", "LeakyRelu", "PRelu",    "Elu",
                                        "Selu", "HardSigmoid", "HardSwish", "Gelu", "Mish",      "Softplus", "Swish"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (onr_pass_is(n, names[i])) return true;
    return false;
}

/// For the story, when all is done: what follows a convolution and could have been part of it.
static void tell_why_not(const onr_pass_run *r, const onr_node *conv) {
    const onr_value *v = conv->out[0];
    const char *why_not = onr_pass_not_alone(r, v);
    onr_value *residual;
    float lo, hi;
    for (int32_t i = 0; i < v->n_uses; i++) {
        const onr_node *n = v->uses[i].node;
        bool adds = onr_pass_is(n, "Add");
        if (v->uses[i].slot < 0 || !(adds || is_activation(n))) continue;
        if (!why_not) why_not = adds ? add_obstacle(r, conv, n, &residual) : clamp_obstacle(conv, n, &lo, &hi);
        if (why_not) onr_pass_missed(r, n, "Conv+%s not fused: %s", n->op_type, why_not);
        return;
    }
}

static onr_status fuse_next(onr_pass_run *r, onr_node *conv) {
    onr_node *next = onr_pass_only_user(conv->out[0]);
    onr_value *residual;
    float lo, hi;
    if (!next) return ONR_OK;
    if (!add_obstacle(r, conv, next, &residual)) {
        if (!takes(conv, next, residual) || !onr_pass_may(r)) return ONR_OK;
        onr_pass_fired(r, next, "moved into the store of Conv '%s', which adds '%s'", conv->name, residual->name);
        return fuse_add(r, conv, next, residual); // the fused node comes up again later in the list
    }
    if (clamp_obstacle(conv, next, &lo, &hi) || !onr_pass_may(r)) return ONR_OK;
    onr_pass_fired(r, next, "moved into the store of Conv '%s'", conv->name);
    return fuse_clamp(r, conv, next, lo, hi);
}

onr_status onr_pass_conv_add_act(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *conv = r->g->nodes[i];
        if (onr_pass_is(conv, "onnxrun.Conv") && conv->out[0] && !has_clamp(conv)) ONR_TRY(fuse_next(r, conv));
    }
    for (int32_t i = 0; r->story && i < r->g->n_nodes; i++) {
        const onr_node *conv = r->g->nodes[i];
        if (onr_pass_is(conv, "onnxrun.Conv") && conv->out[0]) tell_why_not(r, conv);
    }
    return ONR_OK;
}
