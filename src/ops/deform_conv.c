// deform_conv.c: DeformConv (19, 22) of one to three spatial dimensions: sampled columns, then a matrix product.
// May assume: attributes were decoded; the driver widens float16 and bfloat16 to float around us.
// Never samples outside of a map: what lies beyond it is zero, as padding is.
#include "base/mathx.h"
#include "kernels/gemm/gemm.h"
#include "ops/nd.h"
#include "ops/rows.h"
#include "ops/window.h"

#include <math.h>
#include <string.h>

enum { IN_X, IN_W, IN_OFFSET, IN_B, IN_MASK };
enum { MAX_SPATIAL = 3, MAX_CORNERS = 1 << MAX_SPATIAL, COLUMNS_BYTES = 1 << 20 };

typedef struct params {
    onr_window_attrs win;
    int64_t group, offset_group;
} params;

// ---- infer ------------------------------------------------------------------------------------------------------------------

/// Offsets and mask: [N][groups * taps * per_tap][output's sizes].
static onr_status check_field(const onr_infer *c, int32_t i, const char *name, const onr_shape *y, int64_t rows) {
    onr_shape s = onr_infer_shape(c, i);
    if (s.rank < 0) return ONR_OK;
    if (s.rank != y->rank) return onr_infer_bad(c, "%s has rank %d, X has %d", name, s.rank, y->rank);
    for (int32_t d = 0; d < s.rank; d++) {
        int64_t want = d == 1 ? rows : y->dim[d];
        if (want != s.dim[d] && onr_dim_known(want) && onr_dim_known(s.dim[d]))
            return onr_infer_bad(c, "%s has %lld in dimension %d, not %lld", name, (long long)s.dim[d], d, (long long)want);
    }
    return ONR_OK;
}

static onr_status check_channels(const onr_infer *c, const params *p, const onr_shape *x, const onr_shape *w) {
    onr_shape b = onr_infer_shape(c, IN_B);
    int64_t want;
    if (p->group < 1 || p->offset_group < 1) return onr_infer_bad(c, "group and offset_group must be positive");
    if (onr_dim_known(w->dim[1]) && onr_dim_known(x->dim[1]) && (!onr_mul_i64(w->dim[1], p->group, &want) || want != x->dim[1]))
        return onr_infer_bad(c, "W has %lld channels in each of %lld groups, X has %lld", (long long)w->dim[1],
                             (long long)p->group, (long long)x->dim[1]);
    if (onr_dim_known(w->dim[0]) && w->dim[0] % p->group)
        return onr_infer_bad(c, "%lld output channels do not divide into %lld groups", (long long)w->dim[0],
                             (long long)p->group);
    if (onr_dim_known(x->dim[1]) && x->dim[1] % p->offset_group)
        return onr_infer_bad(c, "%lld channels do not divide into %lld offset groups", (long long)x->dim[1],
                             (long long)p->offset_group);
    if (b.rank >= 0 && (b.rank != 1 || (onr_dim_known(b.dim[0]) && onr_dim_known(w->dim[0]) && b.dim[0] != w->dim[0])))
        return onr_infer_bad(c, "B must hold one number for each of the %lld output channels", (long long)w->dim[0]);
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X), w = onr_infer_shape(c, IN_W), y;
    onr_window win;
    const char *why;
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), onr_shape_unknown());
    if (x.rank < 0 || w.rank < 0) return ONR_OK;
    if (x.rank < 3) return onr_infer_bad(c, "X has rank %d, at least 3 is needed", x.rank);
    if (x.rank > 2 + MAX_SPATIAL) return onr_infer_unsupported(c, "X has rank %d; at most 5 is supported", x.rank);
    if (w.rank != x.rank) return onr_infer_bad(c, "X has rank %d, W has rank %d", x.rank, w.rank);
    ONR_TRY(check_channels(c, p, &x, &w));
    if (!onr_window_resolve(&p->win, x.rank - 2, x.dim + 2, w.dim + 2, c->symbols, &win, &why))
        return onr_infer_bad(c, "%s", why);
    y = (onr_shape){.rank = x.rank};
    y.dim[0] = x.dim[0];
    y.dim[1] = w.dim[0];
    int64_t rows = p->offset_group;
    for (int32_t i = 0; i < win.n; i++) {
        y.dim[2 + i] = win.out[i];
        if (!onr_dim_known(win.kernel[i]) || !onr_dim_known(rows) || !onr_mul_i64(rows, win.kernel[i], &rows))
            rows = onr_infer_fresh(c);
    }
    int64_t offsets;
    if (!onr_dim_known(rows) || !onr_mul_i64(rows, win.n, &offsets)) offsets = onr_infer_fresh(c);
    ONR_TRY(check_field(c, IN_OFFSET, "offset", &y, offsets));
    ONR_TRY(check_field(c, IN_MASK, "mask", &y, rows));
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), y);
    return ONR_OK;
}

// ---- prepare ----------------------------------------------------------------------------------------------------------------

typedef struct state {
    onr_window win;
    int64_t c, m, taps, in_map, out_map; // channels of X and Y; elements of a kernel, of maps of X and Y
    const onr_gemm_variant *gemm;        // NULL: the reference
    int64_t piece;                       // outputs of a map in one product
    size_t gemm_at;                      // offset into scratch
} state;

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    const onr_shape *x = &c->in[IN_X]->shape, *w = &c->in[IN_W]->shape;
    state *s = onr_prepare_state(c, sizeof *s);
    const char *why;
    if (!s) return ONR_LIMIT;
    if (!onr_window_resolve(&p->win, x->rank - 2, x->dim + 2, w->dim + 2, NULL, &s->win, &why))
        return onr_fail(c->err, ONR_INVALID, "DeformConv: %s", why);
    s->c = x->dim[1];
    s->m = w->dim[0];
    s->taps = onr_shape_span(w, 2, w->rank);
    s->in_map = onr_shape_span(x, 2, x->rank);
    s->out_map = onr_shape_span(&c->out[0].shape, 2, x->rank);
    const size_t elem = onr_dtype_size(c->in[IN_X]->dtype);
    int64_t rows;
    size_t bytes;
    if (!onr_mul_i64(s->c, s->taps, &rows) || !onr_mul_size((size_t)rows, elem, &bytes) || bytes > INT64_MAX)
        return onr_no_memory(c->err, SIZE_MAX);
    s->piece = onr_min_i64(s->out_map, onr_max_i64(64, COLUMNS_BYTES / onr_max_i64(1, (int64_t)bytes) / 64 * 64));
    if (!onr_mul_size(bytes, (size_t)s->piece, &bytes) || bytes > SIZE_MAX / 2) return onr_no_memory(c->err, SIZE_MAX);
    s->gemm_at = onr_align_up(bytes, 64);
    c->scratch_bytes = s->gemm_at;
    c->flops = 2.0 * (double)x->dim[0] * (double)s->m * (double)(rows / p->group) * (double)s->out_map;
    c->kernel = "reference";
    if (c->in[IN_X]->dtype != ONR_FLOAT || c->target->reference || !s->c || !s->m || !s->out_map) return ONR_OK;
    s->gemm = onr_gemm_choose(c->target->cpu.features);
    c->kernel = onr_gemm_name(s->gemm);
    c->scratch_bytes += onr_gemm_scratch_bytes(s->gemm, s->m / p->group, s->piece, rows / p->group, false);
    return ONR_OK;
}

// ---- run: columns -----------------------------------------------------------------------------------------------------------

typedef struct column_job {
    const params *p;
    const state *s;
    const void *x, *offset, *mask; // of one image
    void *col;
    int64_t first, n; // outputs of the piece
    bool wide;        // double
} column_job;

/// The corners around a point, those inside the map only: their places and weights. Returns how many.
static int corners_of(const onr_window *w, const double *at, int64_t *place, double *weight) {
    int count = 0;
    for (int k = 0; k < 1 << w->n; k++) {
        double share = 1;
        int64_t index = 0;
        bool inside = true;
        for (int32_t d = 0; d < w->n && inside; d++) {
            double low = floor(at[d]), part = at[d] - low;
            double i = k >> d & 1 ? low + 1 : low;
            inside = i >= 0 && i < (double)w->in[d];
            share *= k >> d & 1 ? part : 1 - part;
            index = index * w->in[d] + (inside ? (int64_t)i : 0);
        }
        if (!inside || share == 0) continue;
        place[count] = index;
        weight[count++] = share;
    }
    return count;
}

static double num(const column_job *j, const void *data, int64_t i) {
    return j->wide ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

/// The point that output o (flat) reads at a tap, moved by its offsets.
static void sample_point(const column_job *j, int64_t group, int64_t tap, int64_t o, double *at) {
    const onr_window *w = &j->s->win;
    int64_t rest = o, rest_tap = tap;
    for (int32_t d = w->n - 1; d >= 0; d--) {
        int64_t base = rest % w->out[d] * w->stride[d] - w->pad_begin[d] + rest_tap % w->kernel[d] * w->dilation[d];
        at[d] = (double)base + num(j, j->offset, (((group * j->s->taps + tap) * w->n) + d) * j->s->out_map + o);
        rest /= w->out[d];
        rest_tap /= w->kernel[d];
    }
}

/// Row (channel, tap) of the columns, for all channels of one offset group at one tap.
static void column_task(void *ctx, size_t begin, size_t end) {
    const column_job *j = ctx;
    const state *s = j->s;
    int64_t channels = s->c / j->p->offset_group;
    for (int64_t u = (int64_t)begin; u < (int64_t)end; u++) {
        int64_t group = u / s->taps, tap = u % s->taps;
        for (int64_t i = 0; i < j->n; i++) {
            double at[MAX_SPATIAL], weight[MAX_CORNERS];
            int64_t place[MAX_CORNERS];
            sample_point(j, group, tap, j->first + i, at);
            int count = corners_of(&s->win, at, place, weight);
            double mask = j->mask ? num(j, j->mask, u * s->out_map + j->first + i) : 1;
            for (int64_t c = group * channels; c < (group + 1) * channels; c++) {
                double v = 0;
                for (int k = 0; k < count; k++) v += weight[k] * num(j, j->x, c * s->in_map + place[k]);
                int64_t to = (c * s->taps + tap) * j->n + i;
                if (j->wide)
                    ((double *)j->col)[to] = v * mask;
                else
                    ((float *)j->col)[to] = (float)(v * mask);
            }
        }
    }
}

// ---- run: product -----------------------------------------------------------------------------------------------------------

// The product by its definition, summed in double.
#define MULTIPLY(name, T)                                                                                             \
    static void name(int64_t m, int64_t n, int64_t k, const T *w, const T *col, const T *bias, T *y, int64_t y_row) { \
        for (int64_t i = 0; i < m; i++)                                                                               \
            for (int64_t o = 0; o < n; o++) {                                                                         \
                double sum = bias ? (double)bias[i] : 0;                                                              \
                for (int64_t q = 0; q < k; q++) sum += (double)w[i * k + q] * (double)col[q * n + o];                 \
                y[i * y_row + o] = (T)sum;                                                                            \
            }                                                                                                         \
    }
MULTIPLY(multiply_f32, float)
MULTIPLY(multiply_f64, double)

/// Y of one group and piece = W * columns + bias.
static void multiply(const onr_run *r, const state *s, int64_t k, int64_t n, int64_t m, const void *w, const void *col,
                     const void *bias, void *y) {
    if (onr_run_in(r, IN_X)->dtype == ONR_DOUBLE) {
        multiply_f64(m, n, k, w, col, bias, y, s->out_map);
        return;
    }
    if (!s->gemm) {
        multiply_f32(m, n, k, w, col, bias, y, s->out_map);
        return;
    }
    onr_gemm_args a = {.m = m,
                       .n = n,
                       .k = k,
                       .a = w,
                       .a_row = k,
                       .a_col = 1,
                       .b = col,
                       .b_row = n,
                       .b_col = 1,
                       .c = y,
                       .c_row = s->out_map,
                       .alpha = 1,
                       .bias = bias,
                       .bias_row = 1,
                       .lo = -INFINITY,
                       .hi = INFINITY,
                       .scratch = (char *)r->scratch + s->gemm_at,
                       .pool = r->pool};
    onr_gemm_run(s->gemm, &a);
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const state *s = r->state;
    const onr_tensor *x = onr_run_in(r, IN_X);
    const int64_t e = (int64_t)onr_dtype_size(x->dtype), images = x->shape.dim[0];
    const int64_t m = s->m / p->group, k = s->c / p->group * s->taps, groups = p->offset_group * s->taps;
    const char *w = onr_run_in(r, IN_W)->data, *bias = onr_run_has(r, IN_B) ? onr_run_in(r, IN_B)->data : NULL;
    char *y = onr_run_out(r, 0)->data;
    for (int64_t i = 0; i < images; i++)
        for (int64_t first = 0; first < s->out_map; first += s->piece) {
            column_job j = {.p = p, .s = s, .first = first, .n = onr_min_i64(s->piece, s->out_map - first), .col = r->scratch};
            j.wide = x->dtype == ONR_DOUBLE;
            j.x = (const char *)x->data + i * s->c * s->in_map * e;
            j.offset = (const char *)onr_run_in(r, IN_OFFSET)->data + i * groups * s->win.n * s->out_map * e;
            if (onr_run_has(r, IN_MASK)) j.mask = (const char *)onr_run_in(r, IN_MASK)->data + i * groups * s->out_map * e;
            onr_pool_for(r->pool, (size_t)groups, 1, column_task, &j);
            for (int64_t g = 0; g < p->group; g++)
                multiply(r, s, k, j.n, m, w + g * m * k * e, (const char *)j.col + g * k * j.n * e,
                         bias ? bias + g * m * e : NULL, y + ((i * s->m + g * m) * s->out_map + first) * e);
        }
    return ONR_OK;
}

static const onr_attr_spec attrs[] = {
    {.name = "dilations", .kind = ONR_ATTR_INTS, .offset = offsetof(params, win.dilations)},
    {.name = "kernel_shape", .kind = ONR_ATTR_INTS, .offset = offsetof(params, win.kernel_shape)},
    {.name = "pads", .kind = ONR_ATTR_INTS, .offset = offsetof(params, win.pads)},
    {.name = "strides", .kind = ONR_ATTR_INTS, .offset = offsetof(params, win.strides)},
    ONR_A_INT(params, group, 1),
    ONR_A_INT(params, offset_group, 1),
    ONR_ATTR_ARRAY_END};

#define ROW(from, to, set)                                                                                              \
    {                                                                                                                   \
        ONR_AI("DeformConv", from, to), ONR_ARITY(3, 5, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES, \
                                                               .types = set, ONR_PARAMS(attrs, params), .infer = infer, \
                                                               .prepare = prepare, .run = run                           \
    }
static const onr_op rows[] = {ROW(19, 21, ONR_T_FLOATS3), ROW(22, 0, ONR_T_FLOATS)};
ONR_OP_FAMILY(deform_conv);
