// conv_bn.c: Conv -> BatchNormalization with constant statistics becomes one convolution with a scale and a bias per channel.
// The scale is an input of our Conv, applied when weights are packed: no second copy of the weights is made. May assume:
// lower_conv ran. Never touches a BatchNormalization in training mode or one whose input others read. Source: ONNX
// BatchNormalization, Y = (X - mean) / sqrt(var + epsilon) * scale + B.
#include "graph/edit.h"
#include "passes/pass.h"

#include <math.h>

enum { IN_W = 1, IN_B = 2, IN_SCALE = 4 };
enum { BN_SCALE = 1, BN_B, BN_MEAN, BN_VAR };

static bool is_inference(const onr_node *bn) {
    const onr_attr *training = onr_node_attr(bn, "training_mode");
    const onr_attr *spatial = onr_node_attr(bn, "spatial"), *is_test = onr_node_attr(bn, "is_test");
    if ((training && training->i) || (spatial && !spatial->i)) return false;
    if (bn->op->until && bn->op->until < 7 && !(is_test && is_test->i)) return false; // old opsets train unless told not to
    for (int32_t k = 1; k < bn->n_out; k++)
        if (bn->out[k] && (bn->out[k]->n_uses || onr_value_is_seen(bn->out[k]))) return false;
    return true;
}

static const float *channel_floats(const onr_node *n, int32_t i, int64_t channels) {
    const onr_tensor *t = onr_pass_constant(n, i);
    return t && t->dtype == ONR_FLOAT && onr_tensor_numel(t) == channels ? t->data : NULL;
}

/// The BatchNormalization that alone reads this convolution, with constants for all channels.
static onr_node *match(const onr_node *conv, int64_t channels) {
    onr_node *bn = conv->out[0] ? onr_pass_only_user(conv->out[0]) : NULL;
    if (!onr_pass_is(bn, "BatchNormalization") || bn->in[0] != conv->out[0] || !is_inference(bn)) return NULL;
    for (int32_t k = BN_SCALE; k <= BN_VAR; k++)
        if (!channel_floats(bn, k, channels)) return NULL;
    return bn;
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
        onr_node *conv = r->g->nodes[i];
        if (!onr_pass_is(conv, "onnxrun.Conv")) continue;
        bool has_scale = conv->n_in > IN_SCALE && conv->in[IN_SCALE];
        bool has_bias = conv->n_in > IN_B && conv->in[IN_B];
        if (has_scale || (has_bias && !onr_pass_constant(conv, IN_B))) continue;
        int64_t channels = conv->in[IN_W]->constant->t.shape.dim[0];
        onr_node *bn = match(conv, channels);
        if (bn && onr_pass_may(r)) ONR_TRY(fuse(r, conv, bn, channels));
    }
    return ONR_OK;
}
