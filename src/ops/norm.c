// norm.c: LayerNormalization, RMSNormalization, InstanceNormalization and GroupNormalization.
// May assume: the driver widens float16 and bfloat16 to float around us, so stash_type's precision is float at least.
// Never subtracts large squares: mean and variance are found in two passes.
#include "kernels/norm/norm.h"

#include "base/mathx.h"
#include "ops/binary.h"
#include "ops/rows.h"

#include <math.h>

enum { IN_X, IN_SCALE, IN_BIAS };

typedef struct norm_params {
    int64_t axis, stash_type, num_groups;
    float epsilon;
    onr_ints consumed_inputs;
} norm_params;

// ---- infer ------------------------------------------------------------------------------------------------------------------

/// Scale and bias must broadcast to X without growing it.
static onr_status check_broadcast(const onr_infer *c, int32_t i, const onr_shape *x) {
    static const char *const names[] = {"X", "scale", "B"};
    onr_shape s = onr_infer_shape(c, i);
    if (s.rank > x->rank) return onr_infer_bad(c, "%s has rank %d, X has %d", names[i], s.rank, x->rank);
    for (int32_t d = 0; d < s.rank; d++) {
        int64_t a = x->dim[d + x->rank - s.rank], b = s.dim[d];
        if (b != 1 && a != b && onr_dim_known(a) && onr_dim_known(b))
            return onr_infer_bad(c, "%s's dimension %d is %lld and does not broadcast to X's %lld", names[i], d, (long long)b,
                                 (long long)a);
    }
    return ONR_OK;
}

static onr_status infer_rows(onr_infer *c) {
    const norm_params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X), mean = x;
    onr_dtype stash = (onr_dtype)p->stash_type;
    bool rms = c->node->op->out_max == 1;
    onr_infer_set(c, 0, onr_infer_dtype(c, rms && onr_infer_has(c, IN_SCALE) ? IN_SCALE : IN_X), x);
    if (x.rank >= 0) {
        int32_t axis;
        ONR_TRY(onr_infer_axis(c, p->axis, x.rank, &axis));
        ONR_TRY(check_broadcast(c, IN_SCALE, &x));
        ONR_TRY(check_broadcast(c, IN_BIAS, &x));
        for (int32_t d = axis; d < x.rank; d++) mean.dim[d] = 1;
    }
    onr_infer_set(c, 1, stash, mean);
    onr_infer_set(c, 2, stash, mean);
    return ONR_OK;
}

static onr_status check_rows(const onr_node *n, void *params, onr_arena *a, onr_err *err) {
    int64_t t = ((norm_params *)params)->stash_type;
    (void)n, (void)a;
    if (t == ONR_FLOAT || t == ONR_BFLOAT16 || t == ONR_FLOAT16 || t == ONR_DOUBLE) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "stash_type %lld is no floating point type", (long long)t);
}

/// `n` numbers in input i, one per channel or per group.
static onr_status check_vector(const onr_infer *c, int32_t i, int64_t n, const char *of) {
    onr_shape s = onr_infer_shape(c, i);
    const char *name = i == IN_SCALE ? "scale" : "bias";
    if (s.rank < 0) return ONR_OK;
    if (s.rank != 1) return onr_infer_bad(c, "%s has rank %d, not 1", name, s.rank);
    if (s.dim[0] != n && onr_dim_known(n) && onr_dim_known(s.dim[0]))
        return onr_infer_bad(c, "%s holds %lld numbers, for %lld %s", name, (long long)s.dim[0], (long long)n, of);
    return ONR_OK;
}

/// Groups of channels: num_groups, or as many as channels for InstanceNormalization (num_groups 0).
static onr_status infer_groups(onr_infer *c) {
    const norm_params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X);
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), x);
    if (x.rank < 0) return ONR_OK;
    if (x.rank < 2) return onr_infer_bad(c, "X has rank %d, at least 2 is needed", x.rank);
    if (p->num_groups && onr_dim_known(x.dim[1]) && x.dim[1] % p->num_groups)
        return onr_infer_bad(c, "%lld channels do not divide into %lld groups", (long long)x.dim[1], (long long)p->num_groups);
    bool per_group = p->num_groups && c->node->op->until != 0;
    int64_t n = per_group ? p->num_groups : x.dim[1];
    ONR_TRY(check_vector(c, IN_SCALE, n, per_group ? "groups" : "channels"));
    return check_vector(c, IN_BIAS, n, per_group ? "groups" : "channels");
}

static onr_status check_groups(const onr_node *n, void *params, onr_arena *a, onr_err *err) {
    int64_t g = ((norm_params *)params)->num_groups;
    (void)n, (void)a;
    return g >= 1 ? ONR_OK : onr_fail(err, ONR_INVALID, "num_groups is %lld", (long long)g);
}

// ---- reference: rows of any types, then scale and bias ---------------------------------------------------------------------

typedef struct rows_job {
    int64_t n;
    double epsilon;
    bool rms;
    const void *x;
    void *y;
    const onr_datum *mean, *inv_std; // outputs of type float or double, or NULL
} rows_job;

static void set_num(const onr_datum *d, int64_t i, double v) {
    if (!d) return;
    if (d->t.dtype == ONR_DOUBLE)
        ((double *)d->t.data)[i] = v;
    else
        ((float *)d->t.data)[i] = (float)v;
}

#define ROWS_TASK(name, TX, TY)                                                                         \
    static void name(void *ctx, size_t begin, size_t end) {                                             \
        const rows_job *j = ctx;                                                                        \
        for (size_t r = begin; r < end; r++) {                                                          \
            const TX *x = (const TX *)j->x + (int64_t)r * j->n;                                         \
            TY *y = (TY *)j->y + (int64_t)r * j->n;                                                     \
            double mean = 0, square = 0;                                                                \
            for (int64_t i = 0; i < j->n && !j->rms; i++) mean += (double)x[i];                         \
            mean = j->rms ? 0 : mean / (double)j->n;                                                    \
            for (int64_t i = 0; i < j->n; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean); \
            double inv = 1 / sqrt(square / (double)j->n + j->epsilon);                                  \
            set_num(j->mean, (int64_t)r, mean);                                                         \
            set_num(j->inv_std, (int64_t)r, inv);                                                       \
            for (int64_t i = 0; i < j->n; i++) y[i] = (TY)(((double)x[i] - mean) * inv);                \
        }                                                                                               \
    }
ROWS_TASK(rows_f32_f32, float, float)
ROWS_TASK(rows_f32_f64, float, double)
ROWS_TASK(rows_f64_f32, double, float)
ROWS_TASK(rows_f64_f64, double, double)

static void normalize_rows(const onr_run *r, const rows_job *j, int64_t rows) {
    bool from_wide = onr_run_in(r, IN_X)->dtype == ONR_DOUBLE, to_wide = onr_run_out(r, 0)->dtype == ONR_DOUBLE;
    onr_pool_for(r->pool, (size_t)rows, (size_t)onr_max_i64(1, 8192 / onr_max_i64(1, j->n)),
                 from_wide ? to_wide ? rows_f64_f64 : rows_f64_f32
                 : to_wide ? rows_f32_f64
                           : rows_f32_f32,
                 (void *)j);
}

#define MUL_F(s, T, U, d, ...) ONR_BINARY_LOOP(mul_##s, T, T, u *v)
#define ADD_F(s, T, U, d, ...) ONR_BINARY_LOOP(add_##s, T, T, u + v)
ONR_FOR_FLOATS(MUL_F, )
ONR_FOR_FLOATS(ADD_F, )

/// Y = Y * scale + bias, where Y is seen as `view` and scale and bias as `param`, which broadcasts to it.
static void scale_and_shift(const onr_run *r, const onr_shape *view, const onr_shape *scale, const onr_shape *bias) {
    onr_tensor *y = onr_run_out(r, 0);
    bool wide = y->dtype == ONR_DOUBLE;
    size_t e = onr_dtype_size(y->dtype);
    onr_nd_walk w;
    onr_nd_walk_init(&w, view, 3, (const onr_shape *[]){NULL, view, scale}, (size_t[]){e, e, e});
    onr_nd_walk_run(&w, r->pool, (void *[]){y->data, y->data, onr_run_in(r, IN_SCALE)->data}, 1, wide ? mul_f64 : mul_f32,
                    NULL);
    if (!bias) return;
    onr_nd_walk_init(&w, view, 3, (const onr_shape *[]){NULL, view, bias}, (size_t[]){e, e, e});
    onr_nd_walk_run(&w, r->pool, (void *[]){y->data, y->data, onr_run_in(r, IN_BIAS)->data}, 1, wide ? add_f64 : add_f32, NULL);
}

// ---- LayerNormalization and RMSNormalization --------------------------------------------------------------------------------

/// True when parameter i is a float tensor of just the normalized dimensions, as the vector kernel takes it.
static bool is_row(const onr_run *r, int32_t i, int32_t axis) {
    if (!onr_run_has(r, i)) return true;
    const onr_shape *x = &onr_run_in(r, IN_X)->shape, *s = &onr_run_in(r, i)->shape;
    if (onr_run_in(r, i)->dtype != ONR_FLOAT || s->rank < x->rank - axis) return false;
    for (int32_t d = 0; d < s->rank; d++) {
        int32_t xd = d + x->rank - s->rank;
        if (s->dim[d] != (xd < axis ? 1 : x->dim[xd])) return false;
    }
    return true;
}

static bool is_float_or_absent(const onr_run *r, int32_t i) {
    return !onr_run_wants(r, i) || onr_run_out(r, i)->dtype == ONR_FLOAT;
}

static onr_status run_rows(const onr_run *r) {
    const norm_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, IN_X);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    int64_t rows = onr_shape_span(&x->shape, 0, axis), n = onr_shape_span(&x->shape, axis, x->shape.rank);
    bool rms = r->node->op->out_max == 1;
    if (rows == 0) return ONR_OK;
    if (!r->env->target->reference && x->dtype == ONR_FLOAT && n > 0 && is_row(r, IN_SCALE, axis) && is_row(r, IN_BIAS, axis) &&
        is_float_or_absent(r, 1) && is_float_or_absent(r, 2)) {
        onr_norm_rows k = {.rows = rows, .n = n, .scale = onr_run_in(r, IN_SCALE)->data, .epsilon = p->epsilon, .rms = rms};
        if (onr_run_has(r, IN_BIAS)) k.bias = onr_run_in(r, IN_BIAS)->data;
        if (onr_run_wants(r, 1)) k.mean = onr_run_out(r, 1)->data;
        if (onr_run_wants(r, 2)) k.inv_std = onr_run_out(r, 2)->data;
        onr_norm_rows_run(r->env->target->cpu.features, &k, x->data, onr_run_out(r, 0)->data, r->pool);
        return ONR_OK;
    }
    rows_job j = {.n = n, .epsilon = (double)p->epsilon, .rms = rms, .x = x->data, .y = onr_run_out(r, 0)->data};
    j.mean = onr_run_wants(r, 1) ? r->out[1] : NULL;
    j.inv_std = onr_run_wants(r, 2) ? r->out[2] : NULL;
    normalize_rows(r, &j, rows);
    scale_and_shift(r, &x->shape, &onr_run_in(r, IN_SCALE)->shape,
                    onr_run_has(r, IN_BIAS) ? &onr_run_in(r, IN_BIAS)->shape : NULL);
    return ONR_OK;
}

// ---- InstanceNormalization and GroupNormalization ---------------------------------------------------------------------------

static bool params_per_group(const onr_node *n, const norm_params *p) { return p->num_groups && n->op->until != 0; }

/// Room for scale and bias per channel where the node gives them per group.
static onr_status prepare_groups(onr_prepare *c) {
    if (params_per_group(c->node, c->params) && onr_dim_known(c->in[IN_X]->shape.dim[1]))
        c->scratch_bytes = 2 * sizeof(float) * (size_t)c->in[IN_X]->shape.dim[1];
    return ONR_OK;
}

static onr_status run_groups_fast(const onr_run *r, int64_t groups) {
    const norm_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, IN_X);
    int64_t c = x->shape.dim[1], hw = onr_shape_span(&x->shape, 2, x->shape.rank);
    const float *scale = onr_run_in(r, IN_SCALE)->data, *bias = onr_run_in(r, IN_BIAS)->data;
    if (params_per_group(r->node, p)) {
        float *per_channel = r->scratch;
        for (int64_t i = 0; i < c; i++) {
            per_channel[i] = scale[i / (c / groups)];
            per_channel[c + i] = bias[i / (c / groups)];
        }
        scale = per_channel;
        bias = per_channel + c;
    }
    onr_norm_groups_run(r->env->target->cpu.features, x->shape.dim[0], c, hw, groups, scale, bias, p->epsilon, x->data,
                        onr_run_out(r, 0)->data, r->pool);
    return ONR_OK;
}

static onr_status run_groups(const onr_run *r) {
    const norm_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, IN_X);
    const onr_shape *s = &x->shape;
    int64_t groups = p->num_groups ? p->num_groups : s->dim[1];
    if (onr_tensor_numel(x) == 0) return ONR_OK;
    if (!r->env->target->reference && x->dtype == ONR_FLOAT) return run_groups_fast(r, groups);
    int64_t in_group = s->dim[1] / groups, hw = onr_shape_span(s, 2, s->rank);
    rows_job j = {.n = in_group * hw, .epsilon = (double)p->epsilon, .x = x->data, .y = onr_run_out(r, 0)->data};
    normalize_rows(r, &j, s->dim[0] * groups);
    int64_t parts = params_per_group(r->node, p) ? groups : s->dim[1];
    onr_shape view = onr_shape_make(3, (const int64_t[]){s->dim[0], parts, s->dim[1] / parts * hw});
    onr_shape param = onr_shape_make(2, (const int64_t[]){parts, 1});
    scale_and_shift(r, &view, &param, &param);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

#define EPSILON \
    { .name = "epsilon", .kind = ONR_ATTR_FLOAT, .offset = offsetof(norm_params, epsilon), .f = 1e-5f }
static const onr_attr_spec rows17[] = {ONR_A_INT(norm_params, axis, -1), EPSILON, ONR_A_INT(norm_params, stash_type, 1),
                                       ONR_ATTR_ARRAY_END};
static const onr_attr_spec instance1[] = {EPSILON, ONR_A_INTS(norm_params, consumed_inputs), ONR_ATTR_ARRAY_END};
static const onr_attr_spec instance6[] = {EPSILON, ONR_ATTR_ARRAY_END};
#define NUM_GROUPS \
    { .name = "num_groups", .kind = ONR_ATTR_INT, .offset = offsetof(norm_params, num_groups), .required = true }
static const onr_attr_spec group18[] = {EPSILON, NUM_GROUPS, ONR_ATTR_ARRAY_END};
static const onr_attr_spec group21[] = {EPSILON, NUM_GROUPS, ONR_A_INT(norm_params, stash_type, 1), ONR_ATTR_ARRAY_END};

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN)
#define GROUPS(op, from, to, set, table)                                                                         \
    ONR_AI(op, from, to), ONR_ARITY(3, 3, 1, 1), .flags = FLAGS | ONR_OP_SAME_TYPES, .inplace = 1, .types = set, \
                                                 ONR_PARAMS(table, norm_params), .infer = infer_groups, .run = run_groups

static const onr_op rows[] = {
    {ONR_AI("LayerNormalization", 17, 0), ONR_ARITY(2, 3, 1, 3), .flags = FLAGS | ONR_OP_SAME_TYPES, .inplace = 1,
     .types = ONR_T_FLOATS, ONR_PARAMS(rows17, norm_params), .check = check_rows, .infer = infer_rows, .run = run_rows},
    {ONR_AI("RMSNormalization", 23, 0), ONR_ARITY(2, 2, 1, 1), .flags = FLAGS, .inplace = 1, .types = ONR_T_FLOATS,
     ONR_PARAMS(rows17, norm_params), .check = check_rows, .infer = infer_rows, .run = run_rows},
    {GROUPS("InstanceNormalization", 1, 5, ONR_T_FLOATS3, instance1)},
    {GROUPS("InstanceNormalization", 6, 21, ONR_T_FLOATS3, instance6)},
    {GROUPS("InstanceNormalization", 22, 0, ONR_T_FLOATS, instance6)},
    {GROUPS("GroupNormalization", 18, 20, ONR_T_FLOATS, group18), .check = check_groups, .prepare = prepare_groups},
    {GROUPS("GroupNormalization", 21, 0, ONR_T_FLOATS, group21), .check = check_groups},
};
ONR_OP_FAMILY(norm);
