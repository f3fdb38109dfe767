// pool_reference.c: pooling by its definition, a window at a time.
// May assume: shapes were inferred. Never used for float where a fast kernel is.
#include "ops/pool_reference.h"

#include "base/mathx.h"

#include <math.h>

typedef struct job {
    const onr_pool_reference_args *a;
    int64_t in_map, out_map;
} job;

/// A window clipped to the input: first and past-the-last tap per dimension, and how many taps count in an average.
typedef struct clip {
    int64_t origin[ONR_MAX_SPATIAL], from[ONR_MAX_SPATIAL], to[ONR_MAX_SPATIAL];
    int64_t inside, with_pad;
} clip;

static clip clip_window(const onr_window *w, int64_t out) {
    clip c = {.inside = 1, .with_pad = 1};
    for (int32_t d = w->n - 1; d >= 0; d--) {
        int64_t o = out % w->out[d], step = w->dilation[d];
        out /= w->out[d];
        c.origin[d] = o * w->stride[d] - w->pad_begin[d];
        c.from[d] = c.origin[d] < 0 ? onr_ceil_div(-c.origin[d], step) : 0;
        c.to[d] = onr_clamp_i64(onr_ceil_div(onr_max_i64(w->in[d] - c.origin[d], 0), step), 0, w->kernel[d]);
        if (c.from[d] > c.to[d]) c.from[d] = c.to[d];
        c.inside *= c.to[d] - c.from[d];
        int64_t end = w->in[d] + w->pad_end[d] - c.origin[d]; // taps that lie in the input or its padding
        c.with_pad *= onr_clamp_i64(onr_ceil_div(onr_max_i64(end, 0), step), 0, w->kernel[d]);
    }
    return c;
}

/// Position in the map of inside tap number t of the window.
static int64_t tap_position(const onr_window *w, const clip *c, int64_t t) {
    int64_t at = 0, scale = 1;
    for (int32_t d = w->n - 1; d >= 0; d--) {
        int64_t n = c->to[d] - c->from[d];
        at += (c->origin[d] + (c->from[d] + t % n) * w->dilation[d]) * scale;
        scale *= w->in[d];
        t /= n;
    }
    return at;
}

static int64_t column_major(const onr_window *w, int64_t at) {
    int64_t index = 0, stride[ONR_MAX_SPATIAL], step = 1;
    for (int32_t d = 0; d < w->n; d++) {
        stride[d] = step;
        step *= w->in[d];
    }
    for (int32_t d = w->n - 1; d >= 0; d--) {
        index += at % w->in[d] * stride[d];
        at /= w->in[d];
    }
    return index;
}

static double element(const onr_tensor *x, int64_t i) {
    switch (x->dtype) {
    case ONR_FLOAT: return ((const float *)x->data)[i];
    case ONR_DOUBLE: return ((const double *)x->data)[i];
    case ONR_INT8: return ((const int8_t *)x->data)[i];
    default: return ((const uint8_t *)x->data)[i];
    }
}

static void store(onr_tensor *y, int64_t i, double v) {
    switch (y->dtype) {
    case ONR_FLOAT: ((float *)y->data)[i] = (float)v; break;
    case ONR_DOUBLE: ((double *)y->data)[i] = v; break;
    case ONR_INT8: ((int8_t *)y->data)[i] = (int8_t)onr_clamp_i64((int64_t)fmax(v, INT8_MIN), INT8_MIN, INT8_MAX); break;
    default: ((uint8_t *)y->data)[i] = (uint8_t)onr_clamp_i64((int64_t)fmax(v, 0), 0, UINT8_MAX); break;
    }
}

static double reduce(const onr_pool_reference_args *a, const clip *c, int64_t map, int64_t *best_at) {
    double best = -INFINITY, sum = 0;
    *best_at = 0;
    for (int64_t t = 0; t < c->inside; t++) {
        int64_t at = tap_position(a->win, c, t);
        double v = element(a->x, map + at);
        if (a->kind == ONR_POOL_MAX && (t == 0 || v > best)) {
            best = v;
            *best_at = at;
        }
        if (a->kind == ONR_POOL_AVERAGE) sum += v;
        if (a->kind == ONR_POOL_LP) sum += pow(fabs(v), a->p);
    }
    if (a->kind == ONR_POOL_MAX) return best;
    if (a->kind == ONR_POOL_LP) return pow(sum, 1 / a->p);
    int64_t n = a->count_pad ? c->with_pad : c->inside;
    return n ? sum / (double)n : 0;
}

static void run_maps(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const onr_pool_reference_args *a = j->a;
    for (size_t m = begin; m < end; m++)
        for (int64_t o = 0; o < j->out_map; o++) {
            clip c = clip_window(a->win, o);
            int64_t at, map = (int64_t)m * j->in_map, to = (int64_t)m * j->out_map + o;
            store(a->y, to, reduce(a, &c, map, &at));
            if (a->indices) a->indices[to] = map + (a->column_major ? column_major(a->win, at) : at);
        }
}

void onr_pool_reference(const onr_pool_reference_args *a) {
    job j = {.a = a, .in_map = 1, .out_map = 1};
    for (int32_t d = 0; d < a->win->n; d++) {
        j.in_map *= a->win->in[d];
        j.out_map *= a->win->out[d];
    }
    if (j.out_map == 0) return;
    onr_pool_for(a->pool, (size_t)onr_shape_span(&a->x->shape, 0, 2), 1, run_maps, &j);
}
