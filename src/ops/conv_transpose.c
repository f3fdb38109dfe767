// conv_transpose.c: ConvTranspose of any number of spatial dimensions, all opset versions.
// May assume: attributes were decoded; the driver widens float16 and bfloat16 to float around us.
// Never holds more columns than fit into the second-level cache: the product runs over pieces of the input.
// Source: ONNX ConvTranspose (1, 11, 22): padding from output_shape and auto_pad as its formulas say.
#include "base/mathx.h"
#include "kernels/gemm/gemm.h"
#include "ops/col2im.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

enum { IN_X, IN_W, IN_B };

typedef struct params {
    onr_window_attrs win;
    onr_ints output_padding, output_shape;
    int64_t group;
} params;

// ---- geometry ---------------------------------------------------------------------------------------------------------------

static bool text_is(onr_string s, const char *text) { return s.n == strlen(text) && memcmp(s.s, text, s.n) == 0; }

static bool in_range(const onr_ints *list, size_t n, int64_t least) {
    if (!list->v) return true;
    if (list->n != n) return false;
    for (size_t i = 0; i < n; i++)
        if (list->v[i] < least || list->v[i] > INT32_MAX) return false;
    return true;
}

static const char *check_lists(const params *p, size_t n) {
    const onr_window_attrs *a = &p->win;
    if (!in_range(&a->kernel_shape, n, 1)) return "kernel_shape must be positive, one number for each spatial dimension";
    if (!in_range(&a->strides, n, 1)) return "strides must be positive, one for each spatial dimension";
    if (!in_range(&a->dilations, n, 1)) return "dilations must be positive, one for each spatial dimension";
    if (!in_range(&a->pads, 2 * n, 0)) return "pads must not be negative, two for each spatial dimension";
    if (!in_range(&p->output_padding, n, 0)) return "output_padding must not be negative, one for each spatial dimension";
    // Some exporters also give the batch and the channels.
    if (!in_range(&p->output_shape, n, 0) && !in_range(&p->output_shape, n + 2, 0))
        return "output_shape must hold one size for each spatial dimension";
    if (a->auto_pad.n && !text_is(a->auto_pad, "NOTSET") && !text_is(a->auto_pad, "VALID") &&
        !text_is(a->auto_pad, "SAME_UPPER") && !text_is(a->auto_pad, "SAME_LOWER"))
        return "auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID";
    return NULL;
}

/// One dimension whose input and kernel sizes are known. NULL, or what is wrong.
static const char *resolve_dim(const params *p, int32_t i, onr_window *w) {
    const onr_window_attrs *a = &p->win;
    bool upper = text_is(a->auto_pad, "SAME_UPPER"), same = upper || text_is(a->auto_pad, "SAME_LOWER");
    int64_t full; // what the input reaches when nothing is cut off
    if (!onr_mul_i64(w->stride[i], onr_max_i64(0, w->in[i] - 1), &full) || full > INT64_MAX / 4)
        return "the output is too large";
    full += w->dilation[i] * (w->kernel[i] - 1) + 1 + (p->output_padding.v ? p->output_padding.v[i] : 0);
    if (!p->output_shape.v && !same) {
        if (a->pads.v && !text_is(a->auto_pad, "VALID")) {
            w->pad_begin[i] = a->pads.v[i];
            w->pad_end[i] = a->pads.v[w->n + i];
        }
        w->out[i] = full - w->pad_begin[i] - w->pad_end[i];
        return w->out[i] < 0 ? "pads cut off more than the whole output" : NULL;
    }
    if (p->output_shape.v)
        w->out[i] = p->output_shape.v[p->output_shape.n - (size_t)w->n + (size_t)i];
    else if (!onr_mul_i64(w->in[i], w->stride[i], &w->out[i]))
        return "the output is too large";
    int64_t total = onr_max_i64(0, full - w->out[i]);
    w->pad_begin[i] = upper ? total / 2 : total - total / 2;
    w->pad_end[i] = total - w->pad_begin[i];
    return NULL;
}

/// The window as of a convolution from Y to X with in and out exchanged: in is X, out is Y. NULL, or what is wrong.
static const char *resolve(const params *p, const onr_shape *x, const onr_shape *weights, onr_symbols *symbols, onr_window *w) {
    memset(w, 0, sizeof *w);
    w->n = x->rank - 2;
    const char *why = check_lists(p, (size_t)w->n);
    for (int32_t i = 0; i < w->n && !why; i++) {
        w->in[i] = x->dim[2 + i];
        w->kernel[i] = weights->dim[2 + i];
        if (p->win.kernel_shape.v && onr_dim_known(w->kernel[i]) && w->kernel[i] != p->win.kernel_shape.v[i])
            return "kernel_shape differs from the weights' shape";
        if (p->win.kernel_shape.v) w->kernel[i] = p->win.kernel_shape.v[i];
        w->stride[i] = p->win.strides.v ? p->win.strides.v[i] : 1;
        w->dilation[i] = p->win.dilations.v ? p->win.dilations.v[i] : 1;
        if (onr_dim_known(w->kernel[i]) && (w->kernel[i] < 1 || w->kernel[i] > INT32_MAX))
            return "a kernel size is out of range";
        if (onr_dim_known(w->in[i]) && onr_dim_known(w->kernel[i]))
            why = resolve_dim(p, i, w);
        else
            w->out[i] = p->output_shape.v ? p->output_shape.v[p->output_shape.n - (size_t)w->n + (size_t)i]
                                          : onr_symbol(symbols, NULL);
    }
    return why;
}

// ---- infer ------------------------------------------------------------------------------------------------------------------

static onr_status check_channels(const onr_infer *c, const params *p, const onr_shape *x, const onr_shape *w, int64_t m) {
    onr_shape b = onr_infer_shape(c, IN_B);
    if (onr_dim_known(x->dim[1]) && onr_dim_known(w->dim[0]) && x->dim[1] != w->dim[0])
        return onr_infer_bad(c, "W expects %lld channels, X has %lld", (long long)w->dim[0], (long long)x->dim[1]);
    if (onr_dim_known(w->dim[0]) && w->dim[0] % p->group)
        return onr_infer_bad(c, "%lld channels do not divide into %lld groups", (long long)w->dim[0], (long long)p->group);
    if (b.rank >= 0 && (b.rank != 1 || (onr_dim_known(b.dim[0]) && onr_dim_known(m) && b.dim[0] != m)))
        return onr_infer_bad(c, "B must hold one number for each of the %lld output channels", (long long)m);
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X), w = onr_infer_shape(c, IN_W), y;
    onr_window win;
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), onr_shape_unknown());
    if (x.rank < 0 || w.rank < 0) return ONR_OK;
    if (x.rank < 3)
        return onr_infer_bad(c, "X needs a batch, a channel and at least one spatial dimension, it has rank %d", x.rank);
    if (w.rank != x.rank) return onr_infer_bad(c, "X has rank %d, W has rank %d", x.rank, w.rank);
    if (p->group < 1) return onr_infer_bad(c, "group must be positive");
    int64_t m = w.dim[1];
    if (!onr_dim_known(m))
        m = p->group == 1 ? m : onr_infer_fresh(c);
    else if (!onr_mul_i64(m, p->group, &m))
        return onr_infer_bad(c, "too many output channels");
    ONR_TRY(check_channels(c, p, &x, &w, m));
    const char *why = resolve(p, &x, &w, c->symbols, &win);
    if (why) return onr_infer_bad(c, "%s", why);
    y = (onr_shape){.rank = x.rank};
    y.dim[0] = x.dim[0];
    y.dim[1] = m;
    for (int32_t i = 0; i < win.n; i++) y.dim[2 + i] = win.out[i];
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), y);
    return ONR_OK;
}

// ---- prepare ----------------------------------------------------------------------------------------------------------------

enum { COLUMNS_BYTES = 1 << 20 }; // of one piece: half a usual second-level cache

typedef struct state {
    onr_window win;
    int64_t in_map, out_map, taps; // elements of a channel of X, of Y, of a kernel
    int64_t c_in, c_out;           // per group
    const onr_gemm_variant *gemm;  // NULL: by gathering
    int64_t piece;                 // pixels of the input in one product
    size_t gemm_at;                // offset into scratch
} state;

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    const onr_shape *x = &c->in[IN_X]->shape, *w = &c->in[IN_W]->shape;
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    const char *why = resolve(p, x, w, NULL, &s->win);
    if (why) return onr_fail(c->err, ONR_INVALID, "ConvTranspose: %s", why);
    s->in_map = onr_shape_span(x, 2, x->rank);
    s->out_map = onr_shape_span(&c->out[0].shape, 2, x->rank);
    s->taps = onr_shape_span(w, 2, w->rank);
    s->c_in = w->dim[0] / p->group;
    s->c_out = w->dim[1];
    c->flops = 2.0 * (double)x->dim[0] * (double)w->dim[0] * (double)s->c_out * (double)s->taps * (double)s->in_map;
    bool empty = !s->in_map || !s->out_map || !s->c_in || !s->c_out || !x->dim[0];
    if (c->in[IN_X]->dtype != ONR_FLOAT || c->target->reference || empty) return c->kernel = "reference", ONR_OK;
    if (s->c_in * s->c_out < 16) return c->kernel = "gather", ONR_OK; // a product this thin is no product
    s->gemm = onr_gemm_choose(c->target->cpu.features);
    c->kernel = onr_gemm_name(s->gemm);
    int64_t rows = s->c_out * s->taps;
    s->piece = onr_min_i64(s->in_map, onr_max_i64(64, COLUMNS_BYTES / (rows * (int64_t)sizeof(float)) / 64 * 64));
    s->gemm_at = onr_align_up((size_t)(rows * s->piece) * sizeof(float), 64);
    c->scratch_bytes = s->gemm_at + onr_gemm_scratch_bytes(s->gemm, rows, s->piece, s->c_in, false);
    return ONR_OK;
}

// ---- run: matrix product, then columns into the image ----------------------------------------------------------------------

typedef struct scatter_job {
    const state *s;
    const float *col;
    float *y; // first map of the group
    int64_t first, n;
} scatter_job;

static void scatter_task(void *ctx, size_t begin, size_t end) {
    const scatter_job *j = ctx;
    const state *s = j->s;
    for (int64_t m = (int64_t)begin; m < (int64_t)end; m++)
        onr_col2im_add_f32(&s->win, j->col + m * s->taps * j->n, j->n, j->first, j->n, j->y + m * s->out_map);
}

typedef struct fill_job {
    const float *bias;
    float *y;
    int64_t maps, n; // channels of Y, elements of one
} fill_job;

static void fill_task(void *ctx, size_t begin, size_t end) {
    const fill_job *j = ctx;
    for (int64_t k = (int64_t)begin; k < (int64_t)end; k++) {
        float v = j->bias ? j->bias[k % j->maps] : 0;
        for (int64_t i = 0; i < j->n; i++) j->y[k * j->n + i] = v;
    }
}

static void run_group(const onr_run *r, const state *s, const float *x, const float *w, float *y) {
    int64_t rows = s->c_out * s->taps;
    float *col = r->scratch;
    for (int64_t first = 0; first < s->in_map; first += s->piece) {
        int64_t n = onr_min_i64(s->piece, s->in_map - first);
        onr_gemm_args a = {.m = rows,
                           .n = n,
                           .k = s->c_in,
                           .a = w,
                           .a_row = 1,
                           .a_col = rows,
                           .b = x + first,
                           .b_row = s->in_map,
                           .b_col = 1,
                           .c = col,
                           .c_row = n,
                           .alpha = 1,
                           .lo = -INFINITY,
                           .hi = INFINITY,
                           .scratch = (char *)r->scratch + s->gemm_at,
                           .pool = r->pool};
        onr_gemm_run(s->gemm, &a);
        onr_pool_for(r->pool, (size_t)s->c_out, 1, scatter_task,
                     &(scatter_job){.s = s, .col = col, .y = y, .first = first, .n = n});
    }
}

static onr_status run_product(const onr_run *r, const params *p, const state *s) {
    const onr_tensor *x = onr_run_in(r, IN_X);
    const float *w = onr_run_in(r, IN_W)->data;
    float *y = onr_run_out(r, 0)->data;
    int64_t maps = s->c_out * p->group;
    fill_job fill = {.bias = onr_run_has(r, IN_B) ? onr_run_in(r, IN_B)->data : NULL, .y = y, .maps = maps, .n = s->out_map};
    onr_pool_for(r->pool, (size_t)(x->shape.dim[0] * maps), (size_t)onr_max_i64(1, 16384 / s->out_map), fill_task, &fill);
    for (int64_t n = 0; n < x->shape.dim[0]; n++)
        for (int64_t g = 0; g < p->group; g++)
            run_group(r, s, (const float *)x->data + (n * p->group + g) * s->c_in * s->in_map,
                      w + g * s->c_in * s->c_out * s->taps, y + (n * p->group + g) * s->c_out * s->out_map);
    return ONR_OK;
}

// ---- run: gathering, output row by output row ------------------------------------------------------------------------------

enum { BLOCK = 256 }; // outputs summed at a time

typedef struct gather_job {
    const params *p;
    const state *s;
    const void *x, *w, *b;
    void *y;
    int64_t rows; // rows of the output: all dimensions but the last
} gather_job;

/// The input row that adds to output row `row` at tap `tap` (the last dimension left out of both), or -1.
static int64_t source_row(const onr_window *w, int64_t row, int64_t tap) {
    int64_t index = 0, scale = 1;
    for (int32_t d = w->n - 2; d >= 0; d--) {
        int64_t i = row % w->out[d] + w->pad_begin[d] - tap % w->kernel[d] * w->dilation[d];
        if (i < 0 || i % w->stride[d] || i / w->stride[d] >= w->in[d]) return -1;
        index += i / w->stride[d] * scale;
        scale *= w->in[d];
        row /= w->out[d];
        tap /= w->kernel[d];
    }
    return index;
}

// Output columns [start, start + count) of one row into `sum`: column = i * stride + shift, so i runs over inputs.
#define GATHER(name, T, A)                                                                                          \
    static void name##_block(const gather_job *j, int64_t map, int64_t row, int64_t start, int64_t count) {         \
        const state *s = j->s;                                                                                      \
        const onr_window *win = &s->win;                                                                            \
        const int32_t last = win->n - 1;                                                                            \
        const int64_t maps = s->c_out * j->p->group, m = map % maps, g = m / s->c_out, stride = win->stride[last];  \
        const T *w = (const T *)j->w + (g * s->c_in * s->c_out + m % s->c_out) * s->taps;                           \
        const T *x = (const T *)j->x + (map / maps * j->p->group + g) * s->c_in * s->in_map;                        \
        A sum[BLOCK];                                                                                               \
        for (int64_t o = 0; o < count; o++) sum[o] = j->b ? (A)((const T *)j->b)[m] : 0;                            \
        for (int64_t tap = 0; tap < s->taps; tap++) {                                                               \
            const int64_t from_row = source_row(win, row, tap / win->kernel[last]);                                 \
            if (from_row < 0) continue;                                                                             \
            const int64_t shift = tap % win->kernel[last] * win->dilation[last] - win->pad_begin[last] - start;     \
            const int64_t i0 = shift < 0 ? onr_ceil_div(-shift, stride) : 0;                                        \
            const int64_t i1 = onr_min_i64(win->in[last], count > shift ? onr_ceil_div(count - shift, stride) : 0); \
            for (int64_t c = 0; c < s->c_in; c++) {                                                                 \
                const A weight = (A)w[c * s->c_out * s->taps + tap];                                                \
                const T *in = x + c * s->in_map + from_row * win->in[last];                                         \
                for (int64_t i = i0; i < i1; i++) sum[i * stride + shift] += weight * (A)in[i];                     \
            }                                                                                                       \
        }                                                                                                           \
        T *y = (T *)j->y + map * s->out_map + row * win->out[last] + start;                                         \
        for (int64_t o = 0; o < count; o++) y[o] = (T)sum[o];                                                       \
    }                                                                                                               \
    static void name(void *ctx, size_t begin, size_t end) {                                                         \
        const gather_job *j = ctx;                                                                                  \
        const int64_t width = j->s->win.out[j->s->win.n - 1];                                                       \
        for (int64_t k = (int64_t)begin; k < (int64_t)end; k++)                                                     \
            for (int64_t start = 0; start < width; start += BLOCK)                                                  \
                name##_block(j, k / j->rows, k % j->rows, start, onr_min_i64(BLOCK, width - start));                \
    }
GATHER(gather_exact, float, double)
GATHER(gather_f32, float, float)
GATHER(gather_f64, double, double)

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const state *s = r->state;
    const onr_tensor *x = onr_run_in(r, IN_X);
    onr_tensor *y = onr_run_out(r, 0);
    if (onr_tensor_numel(y) == 0) return ONR_OK;
    if (s->gemm) return run_product(r, p, s);
    gather_job j = {.p = p, .s = s, .x = x->data, .w = onr_run_in(r, IN_W)->data, .y = y->data};
    j.b = onr_run_has(r, IN_B) ? onr_run_in(r, IN_B)->data : NULL;
    j.rows = s->out_map / s->win.out[s->win.n - 1];
    int64_t work = onr_max_i64(1, s->win.out[s->win.n - 1] * s->c_in * s->taps);
    onr_pool_for(r->pool, (size_t)(y->shape.dim[0] * y->shape.dim[1] * j.rows), (size_t)onr_max_i64(1, 16384 / work),
                 x->dtype == ONR_DOUBLE      ? gather_f64
                 : r->env->target->reference ? gather_exact
                                             : gather_f32,
                 &j);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec attrs[] = {ONR_WINDOW_SPECS(params), ONR_A_INTS(params, output_padding),
                                      ONR_A_INTS(params, output_shape), ONR_A_INT(params, group, 1), ONR_ATTR_ARRAY_END};

#define ROW(from, to, set)                                                                                                 \
    {                                                                                                                      \
        ONR_AI("ConvTranspose", from, to), ONR_ARITY(2, 3, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES, \
                                                                  .types = set, ONR_PARAMS(attrs, params), .infer = infer, \
                                                                  .prepare = prepare, .run = run                           \
    }

static const onr_op rows[] = {
    ROW(1, 10, ONR_T_FLOATS3),
    ROW(11, 21, ONR_T_FLOATS3),
    ROW(22, 0, ONR_T_FLOATS),
};
ONR_OP_FAMILY(conv_transpose);
