// sum_to.c: onnxrun.SumTo, which undoes broadcasting: the sum of data over the dimensions along which `like` was broadcast.
// May assume: expanding a Gradient made the node, so like broadcasts to data. Never appears in a model.
#include "ops/rows.h"

#include <string.h>

static onr_status infer(onr_infer *c) {
    onr_shape data = onr_infer_shape(c, 0), like = onr_infer_shape(c, 1);
    if (onr_shape_known(&data) && onr_shape_known(&like)) {
        onr_shape both = data;
        ONR_TRY(onr_infer_broadcast(c, &both, &like));
        if (!onr_shape_equal(&both, &data)) return onr_infer_bad(c, "the second input does not broadcast to the first");
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), like);
    return ONR_OK;
}

/// Sums are made in double, one for each output.
static onr_status prepare(onr_prepare *c) {
    c->scratch_bytes = (size_t)onr_shape_span(&c->in[1]->shape, 0, c->in[1]->shape.rank) * sizeof(double);
    return ONR_OK;
}

static double get(const onr_tensor *t, int64_t i) {
    return t->dtype == ONR_DOUBLE ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

/// Strides of the sums along data's dimensions: 0 where everything goes into one.
static void sum_strides(const onr_shape *data, const onr_shape *like, int64_t *stride) {
    int64_t step = 1;
    for (int32_t d = data->rank - 1, k = like->rank - 1; d >= 0; d--, k--) {
        stride[d] = k >= 0 && like->dim[k] != 1 ? step : 0;
        if (k >= 0) step *= like->dim[k];
    }
}

static onr_status run(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    const onr_shape *s = &x->shape;
    int64_t stride[ONR_MAX_RANK], at[ONR_MAX_RANK] = {0}, n = onr_tensor_numel(x), n_sums = onr_tensor_numel(y), to = 0;
    double *sum = r->scratch;
    sum_strides(s, &y->shape, stride);
    if (n_sums) memset(sum, 0, (size_t)n_sums * sizeof *sum);
    for (int64_t i = 0; i < n; i++) {
        sum[to] += get(x, i);
        for (int32_t d = s->rank - 1; d >= 0; d--) {
            to += stride[d];
            if (++at[d] < s->dim[d]) break;
            to -= stride[d] * s->dim[d];
            at[d] = 0;
        }
    }
    for (int64_t i = 0; i < n_sums; i++) {
        if (y->dtype == ONR_DOUBLE)
            ((double *)y->data)[i] = sum[i];
        else
            ((float *)y->data)[i] = (float)sum[i];
    }
    return ONR_OK;
}

static const onr_op rows[] = {
    {.domain = "onnxrun",
     .name = "SumTo",
     .since = 1,
     ONR_ARITY(2, 2, 1, 1),
     .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES,
     .types = ONR_T_FLOATS,
     .infer = infer,
     .prepare = prepare,
     .run = run},
};

ONR_OP_FAMILY(sum_to);
