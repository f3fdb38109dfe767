// reorder.c: onnxrun.Reorder, which changes a tensor's layout: plain to blocked channels (block 8, 16) or back (block 0).
// May assume: the layout pass made the node. Never appears in a model.
#include "kernels/reorder/reorder.h"
#include "ops/rows.h"

#include <string.h>

typedef struct params {
    int64_t block;
} params;

static const onr_attr_spec attrs[] = {ONR_A_INT(params, block, 0), ONR_ATTR_ARRAY_END};

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    ONR_TRY(onr_infer_same(c));
    c->out[0].block = (int32_t)p->block;
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    uint32_t features = r->env->target->cpu.features;
    if (x->block == p->block) {
        memcpy(y->data, x->data, onr_tensor_bytes(x));
        return ONR_OK;
    }
    int64_t n = x->shape.dim[0], c = x->shape.dim[1], hw = onr_shape_span(&x->shape, 2, x->shape.rank);
    if (p->block)
        onr_reorder_to_blocked(features, x->data, n, c, hw, p->block, y->data, r->pool);
    else
        onr_reorder_to_plain(features, x->data, n, c, hw, x->block, y->data, r->pool);
    return ONR_OK;
}

static const onr_op rows[] = {
    {.domain = "onnxrun",
     .name = "Reorder",
     .since = 1,
     ONR_ARITY(1, 1, 1, 1),
     .flags = ONR_OP_PURE | ONR_OP_PER_IMAGE,
     .types = ONR_BIT(ONR_FLOAT),
     ONR_PARAMS(attrs, params),
     .infer = infer,
     .run = run},
};

ONR_OP_FAMILY(reorder);
