// grid_sample.c: GridSample (16, 20, 22) of one to four spatial dimensions, and AffineGrid (20).
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never reads outside of X, whatever the grid holds: NaN and infinities count as places far outside.
#include "base/mathx.h"
#include "ops/cast.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

enum { IN_X, IN_GRID };
enum { MAX_SPATIAL = 4, MAX_TAPS = 256 };
typedef enum mode { NEAREST, LINEAR, CUBIC } mode;
typedef enum padding { ZEROS, BORDER, REFLECTION } padding;

typedef struct params {
    onr_string mode, padding_mode;
    int64_t align_corners;
    mode how; // from the strings, by check
    padding pad;
} params;

static bool text_is(onr_string s, const char *text) { return s.n == strlen(text) && memcmp(s.s, text, s.n) == 0; }

static onr_status check(const onr_node *n, void *v, onr_arena *a, onr_err *err) {
    params *p = v;
    bool old = n->op->since < 20; // names changed when more than two dimensions came
    (void)a;
    p->how = text_is(p->mode, old ? "bilinear" : "linear") ? LINEAR
             : text_is(p->mode, old ? "bicubic" : "cubic") ? CUBIC
                                                           : NEAREST;
    p->pad = text_is(p->padding_mode, "border") ? BORDER : text_is(p->padding_mode, "reflection") ? REFLECTION : ZEROS;
    if (p->how == NEAREST && !text_is(p->mode, "nearest"))
        return onr_fail(err, ONR_INVALID, "mode '%.*s' is not known", (int)p->mode.n, p->mode.s);
    if (p->pad == ZEROS && !text_is(p->padding_mode, "zeros"))
        return onr_fail(err, ONR_INVALID, "padding_mode '%.*s' is not known", (int)p->padding_mode.n, p->padding_mode.s);
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X), grid = onr_infer_shape(c, IN_GRID), y;
    onr_dtype t = onr_infer_dtype(c, IN_X), tg = onr_infer_dtype(c, IN_GRID);
    if (tg != ONR_UNDEFINED && !onr_dtype_in(tg, ONR_T_FLOATS))
        return onr_infer_bad(c, "grid has type %s, not a floating point type", onr_dtype_name(tg));
    if (p->how != NEAREST && (t == ONR_STRING || onr_dtype_in(t, ONR_T_COMPLEX)))
        return onr_infer_unsupported(c, "%s tensors can only be sampled at the nearest element", onr_dtype_name(t));
    onr_infer_set(c, 0, t, onr_shape_unknown());
    if (x.rank < 0 || grid.rank < 0) return ONR_OK;
    if (x.rank < 3 || grid.rank != x.rank) return onr_infer_bad(c, "X has rank %d, grid has rank %d", x.rank, grid.rank);
    if (x.rank > 2 + MAX_SPATIAL) return onr_infer_unsupported(c, "X has rank %d; at most 6 is supported", x.rank);
    if (onr_dim_known(grid.dim[grid.rank - 1]) && grid.dim[grid.rank - 1] != x.rank - 2)
        return onr_infer_bad(c, "a place in grid has %lld numbers, not %d", (long long)grid.dim[grid.rank - 1], x.rank - 2);
    if (onr_dim_known(x.dim[0]) && onr_dim_known(grid.dim[0]) && x.dim[0] != grid.dim[0])
        return onr_infer_bad(c, "X has a batch of %lld, grid of %lld", (long long)x.dim[0], (long long)grid.dim[0]);
    y = x;
    for (int32_t d = 2; d < x.rank; d++) y.dim[d] = grid.dim[d - 1];
    onr_infer_set(c, 0, t, y);
    return ONR_OK;
}

// ---- places and weights -----------------------------------------------------------------------------------------------------

/// Mirrors x at the borders until it lies between them.
static double reflect(double x, double lo, double hi) {
    double range = hi - lo, over = x < lo ? lo - x : x > hi ? x - hi : 0;
    if (over == 0) return x;
    if (range <= 0) return lo;
    double times = floor(over / range), rest = over - times * range;
    bool even = fmod(times, 2) == 0;
    return (x < lo) == even ? lo + rest : hi - rest;
}

typedef struct axis_taps {
    int n;
    int64_t index[4]; // -1: outside, nothing to add
    double weight[4];
} axis_taps;

static int64_t pixel(padding pad, int64_t i, int64_t n, double lo, double hi) {
    if (i >= 0 && i < n) return i;
    if (pad == ZEROS) return -1;
    if (pad == BORDER) return i < 0 ? 0 : n - 1;
    return onr_min_i64(onr_max_i64((int64_t)reflect((double)i, lo, hi), 0), n - 1);
}

static double cubic(double x) {
    const double a = -0.75;
    x = fabs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// The pixels and weights along one axis of n pixels for a grid's number between -1 and 1.
static void axis_place(const params *p, double v, int64_t n, axis_taps *t) {
    double size = (double)n, lo = p->align_corners ? 0 : -0.5, hi = size - (p->align_corners ? 1 : 0.5);
    double x = p->align_corners ? (v + 1) / 2 * (size - 1) : ((v + 1) * size - 1) / 2;
    if (!(fabs(x) < 1e15)) x = -1e15;
    if (p->how == NEAREST) x = rint(x);
    if (x < lo || x > hi) x = p->pad == BORDER ? fmin(fmax(x, 0), size - 1) : p->pad == REFLECTION ? reflect(x, lo, hi) : x;
    if (p->how == NEAREST) {
        t->n = 1;
        t->index[0] = pixel(p->pad, (int64_t)rint(x), n, lo, hi);
        t->weight[0] = 1;
        return;
    }
    double low = floor(x), part = x - low;
    int before = p->how == CUBIC ? 1 : 0;
    t->n = p->how == CUBIC ? 4 : 2;
    for (int k = 0; k < t->n; k++) {
        t->index[k] = pixel(p->pad, (int64_t)low + k - before, n, lo, hi);
        t->weight[k] = p->how == CUBIC ? cubic(part + before - k) : k ? part : 1 - part;
    }
}

/// All taps of one place: offsets into a map of X with their weights, those outside left out.
typedef struct place_taps {
    int n;
    int64_t at[MAX_TAPS];
    double weight[MAX_TAPS];
} place_taps;

static void place(const params *p, const onr_tensor *x, const onr_tensor *grid, int64_t point, place_taps *all) {
    const int32_t n = x->shape.rank - 2;
    all->n = 1;
    all->at[0] = 0;
    all->weight[0] = 1;
    for (int32_t d = 0; d < n; d++) { // the grid's last number belongs to the first dimension
        axis_taps t;
        int64_t size = x->shape.dim[2 + d];
        axis_place(p, onr_tensor_num(grid, point * n + (n - 1 - d)), size, &t);
        place_taps next;
        next.n = 0;
        for (int k = 0; k < all->n; k++)
            for (int q = 0; q < t.n; q++) {
                if (t.index[q] < 0) continue;
                next.at[next.n] = all->at[k] * size + t.index[q];
                next.weight[next.n++] = all->weight[k] * t.weight[q];
            }
        all->n = next.n;
        memcpy(all->at, next.at, (size_t)next.n * sizeof *next.at);
        memcpy(all->weight, next.weight, (size_t)next.n * sizeof *next.weight);
    }
}

// ---- run --------------------------------------------------------------------------------------------------------------------

typedef struct job {
    const params *p;
    const onr_tensor *x, *grid;
    const void *from;
    void *to;
    size_t elem; // nearest, of any type: bytes
    int64_t c, in_map, out_map;
} job;

#define SUMS(name, T)                                                                        \
    static void name(void *ctx, size_t begin, size_t end) {                                  \
        const job *j = ctx;                                                                  \
        for (int64_t point = (int64_t)begin; point < (int64_t)end; point++) {                \
            place_taps t;                                                                    \
            place(j->p, j->x, j->grid, point, &t);                                           \
            T weight[MAX_TAPS];                                                              \
            for (int k = 0; k < t.n; k++) weight[k] = (T)t.weight[k];                        \
            int64_t n = point / j->out_map, o = point % j->out_map;                          \
            const T *x = (const T *)j->from + n * j->c * j->in_map;                          \
            T *y = (T *)j->to + n * j->c * j->out_map + o;                                   \
            if (t.n == 4) { /* two dimensions, all inside: the usual case */                 \
                const T w0 = weight[0], w1 = weight[1], w2 = weight[2], w3 = weight[3];      \
                const int64_t a0 = t.at[0], a1 = t.at[1], a2 = t.at[2], a3 = t.at[3];        \
                for (int64_t c = 0; c < j->c; c++, x += j->in_map)                           \
                    y[c * j->out_map] = w0 * x[a0] + w1 * x[a1] + w2 * x[a2] + w3 * x[a3];   \
                continue;                                                                    \
            }                                                                                \
            for (int64_t c = 0; c < j->c; c++) {                                             \
                T sum = 0;                                                                   \
                for (int k = 0; k < t.n; k++) sum += weight[k] * x[c * j->in_map + t.at[k]]; \
                y[c * j->out_map] = sum;                                                     \
            }                                                                                \
        }                                                                                    \
    }
SUMS(sums_f32, float)
SUMS(sums_f64, double)

/// Nearest: bytes from one place, zeros outside.
static void pick(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (int64_t point = (int64_t)begin; point < (int64_t)end; point++) {
        place_taps t;
        place(j->p, j->x, j->grid, point, &t);
        int64_t n = point / j->out_map, o = point % j->out_map;
        for (int64_t c = 0; c < j->c; c++) {
            char *to = (char *)j->to + (size_t)((n * j->c + c) * j->out_map + o) * j->elem;
            if (t.n)
                memcpy(to, (const char *)j->from + (size_t)((n * j->c + c) * j->in_map + t.at[0]) * j->elem, j->elem);
            else
                memset(to, 0, j->elem);
        }
    }
}

/// Sums in double of a copy of X: other types, and the reference.
static onr_status run_wide(const onr_run *r, job *j, size_t points, size_t grain) {
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = onr_tensor_numel(j->x), m = onr_tensor_numel(y);
    size_t bytes;
    if (!onr_mul_size((size_t)n + (size_t)m, sizeof(double), &bytes)) return onr_run_bad(r, "the output is too large");
    double *from = onr_malloc(bytes);
    if (!from) return onr_no_memory(r->err, bytes);
    onr_cast_numbers(j->x->dtype, j->x->data, ONR_DOUBLE, from, n, true, ONR_E8M0_UP, r->pool);
    j->from = from;
    j->to = from + n;
    onr_pool_for(r->pool, points, grain, sums_f64, j);
    onr_cast_doubles(y->dtype, from + n, y->data, m, r->pool);
    onr_free(from);
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, IN_X);
    const onr_shape shape = onr_run_out(r, 0)->shape;
    job j = {.p = r->params, .x = x, .grid = onr_run_in(r, IN_GRID), .from = x->data, .elem = onr_dtype_size(x->dtype)};
    j.c = x->shape.dim[1];
    j.in_map = onr_shape_span(&x->shape, 2, x->shape.rank);
    j.out_map = onr_shape_span(&shape, 2, shape.rank);
    size_t points = (size_t)(x->shape.dim[0] * j.out_map), grain = (size_t)onr_max_i64(16, 2048 / onr_max_i64(1, j.c));
    if (onr_run_out(r, 0)->data && j.in_map == 0 && onr_tensor_numel(onr_run_out(r, 0)) > 0)
        return onr_run_bad(r, "X has no elements to sample");
    if (j.p->how == NEAREST) {
        ONR_TRY(onr_nd_begin(r, 0, x->dtype, &shape, &j.to));
        onr_pool_for(r->pool, points, grain, pick, &j);
        return onr_nd_end(r, 0, x->dtype, &shape, j.to, ONR_OK);
    }
    if (x->dtype != ONR_FLOAT || r->env->target->reference) return run_wide(r, &j, points, grain);
    j.to = onr_run_out(r, 0)->data;
    onr_pool_for(r->pool, points, grain, sums_f32, &j);
    return ONR_OK;
}

// ---- AffineGrid -------------------------------------------------------------------------------------------------------------

static onr_status infer_affine(onr_infer *c) {
    onr_shape theta = onr_infer_shape(c, 0), size = onr_infer_shape(c, 1), y;
    const onr_known *k = onr_infer_ints(c, 1);
    onr_dtype t = onr_infer_dtype(c, 1);
    if (t != ONR_UNDEFINED && t != ONR_INT64) return onr_infer_bad(c, "size has type %s, not int64", onr_dtype_name(t));
    if (theta.rank >= 0 && theta.rank != 3) return onr_infer_bad(c, "theta has rank %d, not 3", theta.rank);
    if (size.rank >= 0 && size.rank != 1) return onr_infer_bad(c, "size has rank %d, not 1", size.rank);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), onr_shape_unknown());
    if (size.rank < 0 || !onr_dim_known(size.dim[0])) return ONR_OK;
    int32_t n = (int32_t)onr_min_i64(size.dim[0], ONR_MAX_RANK) - 2; // spatial dimensions
    if (n != 2 && n != 3) return onr_infer_bad(c, "size has %lld numbers, not 4 or 5", (long long)size.dim[0]);
    if (theta.rank == 3 &&
        ((onr_dim_known(theta.dim[1]) && theta.dim[1] != n) || (onr_dim_known(theta.dim[2]) && theta.dim[2] != n + 1)))
        return onr_infer_bad(c, "theta must hold matrices of %d x %d", n, n + 1);
    y = (onr_shape){.rank = n + 2};
    for (int32_t d = 0; d <= n; d++) {
        y.dim[d] = k ? k->v[d ? d + 1 : 0] : onr_infer_fresh(c);
        if (!onr_dim_known(y.dim[d]) && !onr_dim_symbolic(y.dim[d])) return onr_infer_bad(c, "size must not be negative");
    }
    y.dim[n + 1] = n;
    if (theta.rank == 3 && onr_dim_known(theta.dim[0]) && onr_dim_known(y.dim[0]) && theta.dim[0] != y.dim[0])
        return onr_infer_bad(c, "theta holds %lld matrices for a batch of %lld", (long long)theta.dim[0], (long long)y.dim[0]);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), y);
    return ONR_OK;
}

typedef struct affine_job {
    const onr_tensor *theta;
    onr_tensor *y;
    bool corners;
} affine_job;

/// Output points: theta times (x, y[, z], 1), where x is the place in the last dimension.
static void affine_task(void *ctx, size_t begin, size_t end) {
    const affine_job *j = ctx;
    const onr_shape *s = &j->y->shape;
    const int32_t n = s->rank - 2;
    const int64_t points = onr_shape_span(s, 1, n + 1);
    for (int64_t k = (int64_t)begin; k < (int64_t)end; k++) {
        double at[4];
        int64_t rest = k % points, matrix = k / points * n * (n + 1);
        for (int32_t d = 0; d < n; d++) {
            int64_t size = s->dim[n - d], i = rest % size;
            rest /= size;
            at[d] = !j->corners ? (2 * (double)i + 1) / (double)size - 1
                    : size > 1  ? 2 * (double)i / (double)(size - 1) - 1
                                : 0;
        }
        at[n] = 1;
        for (int32_t row = 0; row < n; row++) {
            double sum = 0;
            for (int32_t d = 0; d <= n; d++) sum += onr_tensor_num(j->theta, matrix + row * (n + 1) + d) * at[d];
            if (j->y->dtype == ONR_DOUBLE)
                ((double *)j->y->data)[k * n + row] = sum;
            else
                ((float *)j->y->data)[k * n + row] = (float)sum;
        }
    }
}

static onr_status run_affine(const onr_run *r) {
    const params *p = r->params;
    affine_job j = {.theta = onr_run_in(r, 0), .y = onr_run_out(r, 0), .corners = p->align_corners != 0};
    if (onr_tensor_numel(j.y) == 0) return ONR_OK;
    onr_pool_for(r->pool, (size_t)onr_shape_span(&j.y->shape, 0, j.y->shape.rank - 1), 1024, affine_task, &j);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec grid16[] = {ONR_A_INT(params, align_corners, 0), ONR_A_STRING(params, mode, "bilinear"),
                                       ONR_A_STRING(params, padding_mode, "zeros"), ONR_ATTR_ARRAY_END};
static const onr_attr_spec grid20[] = {ONR_A_INT(params, align_corners, 0), ONR_A_STRING(params, mode, "linear"),
                                       ONR_A_STRING(params, padding_mode, "zeros"), ONR_ATTR_ARRAY_END};
static const onr_attr_spec affine20[] = {ONR_A_INT(params, align_corners, 0), ONR_ATTR_ARRAY_END};

#define GRID(from, to, set, table)                                                                                        \
    {                                                                                                                     \
        ONR_AI("GridSample", from, to), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set,         \
                                                               ONR_PARAMS(table, params), .check = check, .infer = infer, \
                                                               .run = run                                                 \
    }
static const onr_op rows[] = {
    GRID(16, 19, ONR_T_ALL1, grid16),
    GRID(20, 21, ONR_T_ALL1, grid20),
    GRID(22, 0, ONR_T_ALL13, grid20),
    {ONR_AI("AffineGrid", 20, 0), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = ONR_T_FLOATS,
     ONR_PARAMS(affine20, params), .infer = infer_affine, .run = run_affine},
};
ONR_OP_FAMILY(grid_sample);
