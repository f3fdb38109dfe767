// conv_bn.c: Conv -> BatchNormalization with constant statistics becomes one convolution with a scale and a bias per channel.
// The scale is an input of our Conv, applied when weights are packed: no second copy of the weights is made. May assume:
// lower_conv ran. Never touches a BatchNormalization in training mode or one whose input others read. Source: ONNX
// BatchNormalization, Y = (X - mean) / sqrt(var + epsilon) * scale + B.
#include "graph/edit.h"
#include "passes/pass.h"

#include <math.h>

enum { IN_W = 1, IN_B = 2, IN_SCALE = 4 };
enum { BN_SCALE = 1, BN_B, BN_MEAN, BN_VAR };

/// Why this BatchNormalization is no multiplication and addition per channel; NULL: it is.
static const char *trains(const onr_pass_run *r, const onr_node *bn) {
    const onr_attr *training = onr_node_attr(bn, "training_mode");
    const onr_attr *spatial = onr_node_attr(bn, "spatial"), *is_test = onr_node_attr(bn, "is_test");
    if (training && training->i) return "it is in training mode";
    if (spatial && !spatial->i) return "its statistics are per element (spatial = 0)";
    if (bn->op->until && bn->op->until < 7 && !(is_test && is_test->i)) return "before opset 7 it trains unless told not to";
    for (int32_t k = 1; k < bn->n_out; k++)
        if (bn->out[k] && (bn->out[k]->n_uses || onr_value_is_seen(bn->out[k])))
            return onr_pass_why(r, "its output '%s' is wanted too", bn->out[k]->name);
    return NULL;
}

static const float *channel_floats(const onr_node *n, int32_t i, int64_t channels) {
    const onr_tensor *t = onr_pass_constant(n, i);
    return t && t->dtype == ONR_FLOAT && onr_tensor_numel(t) == channels ? t->data : NULL;
}

/// Why a node that is no convolution of ours takes no BatchNormalization.
static const char *no_conv(const onr_pass_run *r, const onr_value *x) {
    const onr_node *maker = x->producer;
    if (!maker) return onr_pass_why(r, "its input '%s' is made by no node", x->name);
    if (onr_pass_is(maker, "Conv")) return onr_pass_why(r, "Conv '%s' was not lowered", maker->name);
    return onr_pass_why(r, "its input is made by %s '%s', no Conv", maker->op_type, maker->name);
}

static int64_t channels_of(const onr_node *conv) { return conv->in[IN_W]->constant->t.shape.dim[0]; }

/// Why bn cannot become part of the node that makes its input; NULL: it can, and that node is a convolution of ours.
static const char *obstacle(const onr_pass_run *r, const onr_node *bn) {
    const onr_value *x = bn->in[0];
    const onr_node *conv = x->producer;
    if (!onr_pass_is(conv, "onnxrun.Conv")) return no_conv(r, x);
    const char *why_not = onr_pass_not_alone(r, x);
    if (!why_not) why_not = trains(r, bn);
    if (why_not) return why_not;
    if (conv->n_in > IN_SCALE && conv->in[IN_SCALE]) return "Conv has taken one already";
    if (conv->n_in > IN_B && conv->in[IN_B] && !onr_pass_constant(conv, IN_B)) return "Conv's bias is not constant";
    for (int32_t k = BN_SCALE; k <= BN_VAR; k++)
        if (!channel_floats(bn, k, channels_of(conv)))
            return onr_pass_why(r, "'%s' is no constant of %lld float32", onr_pass_name(bn->in[k]),
                                (long long)channels_of(conv));
    return NULL;
}

static onr_status fuse(onr_pass_run *r, onr_node *conv, onr_node *bn, int64_t channels) {
    float *scale, *bias;
    onr_value *scale_value = onr_pass_new_floats(r, "bn_scale", channels, &scale);
    onr_value *bias_value = onr_pass_new_floats(r, "bn_bias", channels, &bias);
    if (!scale_value || !bias_value) return ONR_LIMIT;
    const onr_tensor *old_bias = onr_pass_constant(conv, IN_B);
    const float *gamma = channel_floats(bn, BN_SCALE, channels), *beta = channel_floats(bn, BN_B, channels);
    const float *mean = channel_floats(bn, BN_MEAN, channels), *var = channel_floats(bn, BN_VAR, channels);
    const onr_attr *epsilon = onr_node_attr(bn, "epsilon");
    double eps = epsilon ? epsilon->f : 1e-5f;
    for (int64_t c = 0; c < channels; c++) {
        double s = gamma[c] / sqrt((double)var[c] + eps);
        double b = old_bias ? ((const float *)old_bias->data)[c] : 0;
        scale[c] = (float)s;
        bias[c] = (float)((b - mean[c]) * s + beta[c]);
    }
    if (!onr_node_set_input(conv, IN_B, bias_value) || !onr_node_set_input(conv, IN_SCALE, scale_value) ||
        !onr_node_add_origin(conv, bn))
        return onr_no_memory(r->err, 0);
    onr_node_set_output(conv, 0, bn->out[0]);
    onr_graph_remove_node(r->g, bn);
    return onr_node_resolve(conv, r->arena, r->err);
}

onr_status onr_pass_conv_bn(onr_pass_run *r) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *bn = r->g->nodes[i];
        if (!onr_pass_is(bn, "BatchNormalization")) continue;
        const char *why_not = obstacle(r, bn);
        if (why_not) onr_pass_missed(r, bn, "Conv+BatchNormalization not fused: %s", why_not);
        if (why_not || !onr_pass_may(r)) continue;
        onr_node *conv = bn->in[0]->producer;
        onr_pass_fired(r, bn, "became scale and bias of Conv '%s'", conv->name);
        ONR_TRY(fuse(r, conv, bn, channels_of(conv)));
    }
    return ONR_OK;
}
