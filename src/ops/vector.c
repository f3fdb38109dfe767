// vector.c: float tensors through the vector kernels of kernels/, plain and in blocks of channels.
// May assume: inference checked that shapes broadcast; layouts are those that the layout functions here allowed.
// Never leaves anything but zero in the padding of blocked channels.
#include "ops/vector.h"

#include "base/mathx.h"
#include "ops/nd.h"

static bool is_fast(const onr_run *r) { return onr_run_in(r, 0)->dtype == ONR_FLOAT && !r->env->target->reference; }

// ---- padding ----------------------------------------------------------------------------------------------------------------

typedef struct clear_job {
    float *first; // pixel 0 of the last block of an image
    int64_t lanes, from;
} clear_job;

static void clear_task(void *ctx, size_t begin, size_t end) {
    const clear_job *j = ctx;
    for (int64_t k = (int64_t)begin; k < (int64_t)end; k++)
        for (int64_t i = j->from; i < j->lanes; i++) j->first[k * j->lanes + i] = 0;
}

void onr_vector_clear_padding(const onr_run *r, onr_tensor *t) {
    if (!t->block || t->shape.dim[1] % t->block == 0) return;
    int64_t blocks = onr_ceil_div(t->shape.dim[1], t->block), hw = onr_shape_span(&t->shape, 2, t->shape.rank);
    for (int64_t n = 0; n < t->shape.dim[0]; n++) {
        clear_job j = {.first = (float *)t->data + (n * blocks + blocks - 1) * hw * t->block, .lanes = t->block};
        j.from = t->shape.dim[1] % t->block;
        onr_pool_for(r->pool, (size_t)hw, 4096, clear_task, &j);
    }
}

// ---- unary ------------------------------------------------------------------------------------------------------------------

bool onr_vector_unary(const onr_run *r, onr_unary_op op, float a, float b) {
    const uint32_t features = r->env->target->cpu.features;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    if (!is_fast(r)) return false;
    onr_unary_run(features, op, a, b, x->data, y->data, onr_nd_memory_elems(x), r->pool);
    if (y->block) {
        float zero = 0, at_zero;
        onr_unary_run(features, op, a, b, &zero, &at_zero, 1, NULL);
        if (at_zero != 0) onr_vector_clear_padding(r, y); // true for NaN as well
    }
    return true;
}

// ---- binary -----------------------------------------------------------------------------------------------------------------

/// Strides in elements of a tensor of shape s broadcast to `out`, 0 where it is repeated.
static void broadcast_strides(const onr_shape *out, const onr_shape *s, int64_t *strides) {
    int64_t run = 1;
    for (int32_t d = out->rank - 1; d >= 0; d--) {
        int32_t sd = d - (out->rank - s->rank);
        int64_t size = sd >= 0 ? s->dim[sd] : 1;
        strides[d] = size == 1 ? 0 : run;
        run *= size;
    }
}

void onr_vector_binary_on(const onr_run *r, onr_binary_op op, const onr_shape *out, const float *a, const onr_shape *a_shape,
                          const float *b, const onr_shape *b_shape, float *y) {
    int64_t sa[ONR_MAX_RANK], sb[ONR_MAX_RANK];
    broadcast_strides(out, a_shape, sa);
    broadcast_strides(out, b_shape, sb);
    onr_binary_run(r->env->target->cpu.features, op, out->rank, out->dim, a, sa, b, sb, y, r->pool);
}

/// A blocked tensor's memory as a plain shape: [N][blocks][pixels][block]; one number as [1].
static onr_shape memory_shape(const onr_tensor *t) {
    if (!t->block) return onr_shape_make(0, NULL);
    int64_t blocks = onr_ceil_div(t->shape.dim[1], t->block), pixels = onr_shape_span(&t->shape, 2, t->shape.rank);
    return onr_shape_make(4, (const int64_t[]){t->shape.dim[0], blocks, pixels, t->block});
}

bool onr_vector_binary(const onr_run *r, onr_binary_op op, const onr_shape *b_shape) {
    const onr_tensor *a = onr_run_in(r, 0), *b = onr_run_in(r, 1);
    onr_tensor *y = onr_run_out(r, 0);
    if (!is_fast(r) || b->dtype != ONR_FLOAT) return false;
    if (!y->block) {
        onr_vector_binary_on(r, op, &y->shape, a->data, &a->shape, b->data, b_shape ? b_shape : &b->shape, y->data);
        return true;
    }
    onr_shape out = memory_shape(y), sa = memory_shape(a), sb = memory_shape(b);
    const float zero = 0;
    float at_zero;
    onr_binary_run(r->env->target->cpu.features, op, 0, NULL, &zero, NULL, &zero, NULL, &at_zero, NULL);
    onr_vector_binary_on(r, op, &out, a->data, &sa, b->data, &sb, y->data);
    // A single number reaches the padding too, and 0 / 0 is none.
    if (!a->block || !b->block || at_zero != 0) onr_vector_clear_padding(r, y);
    return true;
}

static bool one_per_channel(const onr_shape *x, const onr_shape *s) {
    if (s->rank != x->rank || s->dim[1] != x->dim[1] || (s->dim[0] != 1 && s->dim[0] != x->dim[0])) return false;
    for (int32_t d = 2; d < s->rank; d++)
        if (s->dim[d] != 1) return false;
    return true;
}

static bool single(const onr_shape *s) {
    for (int32_t d = 0; d < s->rank; d++)
        if (s->dim[d] != 1) return false;
    return s->rank >= 0;
}

void onr_vector_layout_binary(onr_layout *q) {
    for (uint32_t k = 0; k < 2; k++) { // which of the two is the large one
        const onr_type *x = q->in[k], *s = q->in[1 - k];
        const uint32_t x_bit = 1u << k, s_bit = 2u >> k;
        if (!x || !s || !(q->available & x_bit) || x->dtype != ONR_FLOAT || s->dtype != ONR_FLOAT || x->shape.rank < 3)
            continue;
        if (!onr_shape_equal(&x->shape, &q->out[0].shape)) continue;
        if (onr_shape_equal(&x->shape, &s->shape) ? q->available & s_bit : one_per_channel(&x->shape, &s->shape))
            q->blocked_in = x_bit | s_bit;
        else if (single(&s->shape) && s->shape.rank <= x->shape.rank)
            q->blocked_in = x_bit;
        else
            continue;
        q->blocked_out = 1;
        return;
    }
}
