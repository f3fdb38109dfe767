// conv_problem.c: see conv_problem.h.
// May assume: shapes from conv_shapes_read. Never checks a result.
#include "conv_problem.h"
#include "check.h"

#include <math.h>

int64_t conv_blocks(int64_t c, int64_t b) { return (c + b - 1) / b; }

// From NCHW to blocks of b, zero beyond c; b = 1 copies.
static float *to_blocks(const float *x, int64_t n, int64_t c, int64_t map, int64_t b) {
    int64_t total = n * conv_blocks(c, b) * map * b;
    float *y = check_floats((size_t)total);
    for (int64_t i = 0; i < total; i++) {
        int64_t lane = i % b, pos = i / b % map, channel = i / b / map % conv_blocks(c, b) * b + lane,
                image = i / b / map / conv_blocks(c, b);
        y[i] = channel < c ? x[(image * c + channel) * map + pos] : 0;
    }
    return y;
}

double conv_flops(const onr_conv_shape *s) {
    return 2.0 * (double)(s->n * s->c_out * s->oh * s->ow) * (double)(s->c_in / s->groups * s->kh * s->kw);
}

bool conv_wanted(const onr_conv_variant *v) { return (v->needs & ~check_features()) == 0; }

void conv_problem_fill(conv_problem *p, bool residual) {
    const onr_conv_shape *s = &p->s;
    p->x = check_floats((size_t)(s->n * s->c_in * s->h * s->w));
    p->w = check_floats((size_t)(s->c_out * (s->c_in / s->groups) * s->kh * s->kw));
    p->scale = s->c_out % 3 == 1 ? check_floats((size_t)s->c_out) : NULL;
    p->bias = check_floats((size_t)s->c_out);
    p->residual = residual ? check_floats((size_t)(s->n * s->c_out * s->oh * s->ow)) : NULL;
}

onr_conv_args conv_args(const onr_conv_variant *v, const conv_problem *p, const onr_conv_shape *s) {
    int64_t map = s->oh * s->ow;
    float *packed = check_scratch(v->packed_bytes(s));
    v->pack(s, &(onr_conv_weights){p->w, p->scale}, packed, check_pool(1));
    onr_pool_quiet(check_pool(1));
    onr_conv_args a = {.shape = s, .packed = packed, .lo = -INFINITY, .hi = INFINITY};
    a.x = to_blocks(p->x, s->n, s->c_in, s->h * s->w, s->in_block);
    a.bias = to_blocks(p->bias, 1, s->c_out, 1, s->out_block);
    a.residual = p->residual ? to_blocks(p->residual, s->n, s->c_out, map, s->out_block) : NULL;
    a.y = check_guarded((size_t)(s->n * conv_blocks(s->c_out, s->out_block) * map * s->out_block) * sizeof(float));
    a.scratch_step = (v->worker_bytes(s) + 63) / 64 * 64;
    a.scratch = check_scratch(3 * a.scratch_step);
    return a;
}
