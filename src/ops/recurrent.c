// recurrent.c: the layers of networks with a state of fixed size: LinearAttention and CausalConvWithState.
// May assume: float16 and bfloat16 are widened around. Never keeps the state between runs: it goes in and comes out.
// Source: ONNX LinearAttention and CausalConvWithState (27).
#include "base/mathx.h"
#include "kernels/unary/unary.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

static bool differ(int64_t a, int64_t b) { return onr_dim_known(a) && onr_dim_known(b) && a != b; }

static bool is_word(onr_string s, const char *word) { return s.n == strlen(word) && !memcmp(s.s, word, s.n); }

/// Input i, when given and of known rank, has this shape; negative numbers match anything.
static onr_status need(const onr_infer *c, int32_t i, int32_t rank, const int64_t *dim) {
    onr_shape s = onr_infer_shape(c, i);
    if (s.rank < 0) return ONR_OK;
    bool fits = s.rank == rank;
    for (int32_t d = 0; fits && d < rank; d++) fits = !differ(s.dim[d], dim[d]);
    char text[ONR_SHAPE_TEXT];
    return fits ? ONR_OK : onr_infer_bad(c, "input %d of shape %s does not fit", i, onr_shape_text(&s, c->symbols, text));
}

static onr_status need_floats(const onr_infer *c) {
    for (int32_t i = 1; i < c->n_in; i++) {
        onr_dtype t = onr_infer_dtype(c, i), first = onr_infer_dtype(c, 0);
        if (t == ONR_UNDEFINED || first == ONR_UNDEFINED) continue;
        if (!onr_dtype_in(t, ONR_T_FLOATS) || (t == ONR_DOUBLE) != (first == ONR_DOUBLE))
            return onr_infer_bad(c, "input %d is %s, the first is %s", i, onr_dtype_name(t), onr_dtype_name(first));
    }
    return ONR_OK;
}

// ---- LinearAttention --------------------------------------------------------------------------------------------------------

enum { IN_Q, IN_K, IN_V, IN_STATE, IN_DECAY, IN_BETA, IN_ERASE };
enum { MAX_HEADS = 1 << 14 }; // so that products with dimensions do not overflow

typedef struct linear_params {
    int64_t chunk_size, kv_num_heads, q_num_heads;
    float scale;
    onr_string update_rule;
    bool gated, delta;
} linear_params;

static onr_status check_linear(const onr_node *n, void *at, onr_arena *arena, onr_err *err) {
    linear_params *p = at;
    (void)arena;
    p->gated = is_word(p->update_rule, "gated") || is_word(p->update_rule, "gated_delta");
    p->delta = is_word(p->update_rule, "delta") || is_word(p->update_rule, "gated_delta");
    if (!p->gated && !p->delta && !is_word(p->update_rule, "linear"))
        return onr_fail(err, ONR_INVALID, "%s with update_rule '%.*s'", n->op_type, (int)p->update_rule.n, p->update_rule.s);
    if (p->kv_num_heads < 1 || p->q_num_heads < 1 || p->q_num_heads % p->kv_num_heads)
        return onr_fail(err, ONR_INVALID, "%s: q_num_heads %lld is no multiple of kv_num_heads %lld", n->op_type,
                        (long long)p->q_num_heads, (long long)p->kv_num_heads);
    bool decay = n->n_in > IN_DECAY && n->in[IN_DECAY], beta = n->n_in > IN_BETA && n->in[IN_BETA];
    if (decay != p->gated || beta != p->delta)
        return onr_fail(err, ONR_INVALID, "%s: update_rule '%.*s' goes with%s decay and with%s beta", n->op_type,
                        (int)p->update_rule.n, p->update_rule.s, p->gated ? "" : "out", p->delta ? "" : "out");
    return ONR_OK;
}

static onr_status width_of(const onr_infer *c, int32_t i, int64_t heads, int64_t *width) {
    onr_shape s = onr_infer_shape(c, i);
    *width = onr_infer_fresh(c);
    if (s.rank < 0) return ONR_OK;
    if (s.rank != 3) return onr_infer_bad(c, "input %d has rank %d, not 3", i, s.rank);
    if (!onr_dim_known(s.dim[2])) return ONR_OK;
    if (s.dim[2] % heads) return onr_infer_bad(c, "%lld heads do not divide %lld", (long long)heads, (long long)s.dim[2]);
    *width = s.dim[2] / heads;
    return ONR_OK;
}

static onr_status infer_linear(onr_infer *c) {
    const linear_params *p = c->params;
    int64_t dq, dk, dv, hk = p->kv_num_heads;
    ONR_TRY(need_floats(c));
    if (hk > MAX_HEADS || p->q_num_heads > MAX_HEADS) return onr_infer_bad(c, "more than %d heads", MAX_HEADS);
    ONR_TRY(width_of(c, IN_Q, p->q_num_heads, &dq));
    ONR_TRY(width_of(c, IN_K, hk, &dk));
    ONR_TRY(width_of(c, IN_V, hk, &dv));
    if (differ(dq, dk)) return onr_infer_bad(c, "queries have %lld numbers, keys have %lld", (long long)dq, (long long)dk);
    onr_shape q = onr_infer_shape(c, IN_Q), decay = onr_infer_shape(c, IN_DECAY), beta = onr_infer_shape(c, IN_BETA);
    int64_t b = q.rank == 3 ? q.dim[0] : onr_infer_fresh(c), t = q.rank == 3 ? q.dim[1] : onr_infer_fresh(c);
    if (!onr_dim_known(dk)) dk = dq;
    int64_t all_k = onr_dim_known(dk) ? dk * hk : -1;
    ONR_TRY(need(c, IN_K, 3, (int64_t[]){b, t, -1}));
    ONR_TRY(need(c, IN_V, 3, (int64_t[]){b, t, -1}));
    ONR_TRY(need(c, IN_STATE, 4, (int64_t[]){b, hk, dk, dv}));
    ONR_TRY(need(c, IN_DECAY, 3, (int64_t[]){b, t, decay.rank == 3 && decay.dim[2] == hk ? hk : all_k}));
    ONR_TRY(need(c, IN_BETA, 3, (int64_t[]){b, t, beta.rank == 3 && beta.dim[2] == 1 ? 1 : hk}));
    ONR_TRY(need(c, IN_ERASE, 3, (int64_t[]){b, t, all_k}));
    int64_t width = onr_dim_known(dv) ? dv * p->q_num_heads : onr_infer_fresh(c);
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_Q), onr_shape_make(3, (int64_t[]){b, t, width}));
    onr_infer_set(c, 1, onr_infer_dtype(c, onr_infer_has(c, IN_STATE) ? IN_STATE : IN_Q),
                  onr_shape_make(4, (int64_t[]){b, hk, dk, dv}));
    return ONR_OK;
}

typedef struct linear_job {
    int64_t batch, length, q_heads, kv_heads, dk, dv;
    const void *q, *k, *v, *state, *decay, *beta, *erase;
    int64_t decay_width, beta_width; // of a row
    double scale;
    void *y, *out_state; // out_state: [batch][kv_heads][dk][dv]
    void *work;          // dv numbers for each head
} linear_job;

// One head: S = exp(g) S; v' = beta (v - S' k); S = S + k v'; o = scale q' S.
#define LINEAR_HEAD(name, T, EXP)                                                                                      \
    static void name(void *ctx, size_t begin, size_t end) {                                                            \
        const linear_job *j = ctx;                                                                                     \
        const int64_t dk = j->dk, dv = j->dv, group = j->q_heads / j->kv_heads;                                        \
        for (int64_t i = (int64_t)begin; i < (int64_t)end; i++) {                                                      \
            const int64_t b = i / j->kv_heads, h = i % j->kv_heads;                                                    \
            T *s = (T *)j->out_state + i * dk * dv, *w = (T *)j->work + i * dv;                                        \
            for (int64_t e = 0; e < dk * dv; e++) s[e] = j->state ? ((const T *)j->state)[i * dk * dv + e] : 0;        \
            for (int64_t t = 0; t < j->length; t++) {                                                                  \
                const int64_t row = b * j->length + t;                                                                 \
                const T *k = (const T *)j->k + (row * j->kv_heads + h) * dk;                                           \
                const T *v = (const T *)j->v + (row * j->kv_heads + h) * dv;                                           \
                const T *g = j->decay ? (const T *)j->decay + row * j->decay_width : NULL;                             \
                const T *erase = j->erase ? (const T *)j->erase + (row * j->kv_heads + h) * dk : NULL;                 \
                const bool per_head = j->decay_width == j->kv_heads;                                                   \
                for (int64_t d = 0; g && d < dk; d++) {                                                                \
                    const T f = EXP(g[per_head ? h : h * dk + d]);                                                     \
                    for (int64_t m = 0; m < dv; m++) s[d * dv + m] *= f;                                               \
                }                                                                                                      \
                memset(w, 0, (size_t)dv * sizeof *w);                                                                  \
                for (int64_t d = 0; j->beta && d < dk; d++)                                                            \
                    for (int64_t m = 0; m < dv; m++) w[m] += s[d * dv + m] * (erase ? erase[d] * k[d] : k[d]);         \
                const T beta = j->beta ? ((const T *)j->beta)[row * j->beta_width + (j->beta_width == 1 ? 0 : h)] : 1; \
                for (int64_t m = 0; m < dv; m++) w[m] = beta * (v[m] - w[m]);                                          \
                for (int64_t d = 0; d < dk; d++)                                                                       \
                    for (int64_t m = 0; m < dv; m++) s[d * dv + m] += k[d] * w[m];                                     \
                for (int64_t n = h * group; j->y && n < (h + 1) * group; n++) {                                        \
                    const T *q = (const T *)j->q + (row * j->q_heads + n) * dk;                                        \
                    T *y = (T *)j->y + (row * j->q_heads + n) * dv;                                                    \
                    memset(y, 0, (size_t)dv * sizeof *y);                                                              \
                    for (int64_t d = 0; d < dk; d++)                                                                   \
                        for (int64_t m = 0; m < dv; m++) y[m] += q[d] * s[d * dv + m];                                 \
                    for (int64_t m = 0; m < dv; m++) y[m] *= (T)j->scale;                                              \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
LINEAR_HEAD(linear_f32, float, expf)
LINEAR_HEAD(linear_f64, double, exp)

static const void *data_of(const onr_run *r, int32_t i) { return onr_run_has(r, i) ? onr_run_in(r, i)->data : NULL; }

/// Scratch: dv numbers for each head, and the state when nobody wants it.
static onr_status prepare_linear(onr_prepare *c) {
    const linear_params *p = c->params;
    const onr_shape *q = &c->in[IN_Q]->shape, *v = &c->in[IN_V]->shape;
    int64_t dk = q->dim[2] / p->q_num_heads, dv = v->dim[2] / p->kv_num_heads, heads;
    size_t n;
    if (!onr_mul_i64(q->dim[0], p->kv_num_heads, &heads) || !onr_mul_size((size_t)heads, (size_t)dv, &n) ||
        !onr_mul_size(n, (size_t)dk + 1, &n) || !onr_mul_size(n, onr_dtype_size(c->in[IN_Q]->dtype), &c->scratch_bytes))
        return onr_no_memory(c->err, SIZE_MAX);
    return ONR_OK;
}

static onr_status run_linear(const onr_run *r) {
    const linear_params *p = r->params;
    const onr_tensor *q = onr_run_in(r, IN_Q), *v = onr_run_in(r, IN_V);
    linear_job j = {.batch = q->shape.dim[0],
                    .length = q->shape.dim[1],
                    .q_heads = p->q_num_heads,
                    .kv_heads = p->kv_num_heads,
                    .dk = q->shape.dim[2] / p->q_num_heads,
                    .dv = v->shape.dim[2] / p->kv_num_heads,
                    .q = q->data,
                    .k = data_of(r, IN_K),
                    .v = v->data,
                    .state = data_of(r, IN_STATE),
                    .decay = data_of(r, IN_DECAY),
                    .beta = data_of(r, IN_BETA),
                    .erase = data_of(r, IN_ERASE),
                    .y = onr_run_wants(r, 0) ? onr_run_out(r, 0)->data : NULL,
                    .work = r->scratch};
    if (j.decay) j.decay_width = onr_run_in(r, IN_DECAY)->shape.dim[2];
    if (j.beta) j.beta_width = onr_run_in(r, IN_BETA)->shape.dim[2];
    j.scale = p->scale != 0 ? (double)p->scale : 1 / sqrt((double)j.dk);
    int64_t heads = j.batch * j.kv_heads;
    size_t elem = onr_dtype_size(q->dtype);
    j.out_state = onr_run_wants(r, 1) ? onr_run_out(r, 1)->data : (char *)r->scratch + (size_t)(heads * j.dv) * elem;
    onr_pool_for(r->pool, (size_t)heads, 1, q->dtype == ONR_DOUBLE ? linear_f64 : linear_f32, &j);
    return ONR_OK;
}

// ---- CausalConvWithState ----------------------------------------------------------------------------------------------------

typedef struct conv_params {
    onr_string activation;
    bool silu;
} conv_params;

static onr_status check_conv(const onr_node *n, void *at, onr_arena *arena, onr_err *err) {
    conv_params *p = at;
    (void)arena;
    p->silu = is_word(p->activation, "silu") || is_word(p->activation, "swish");
    if (p->silu || is_word(p->activation, "none")) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "%s with activation '%.*s'", n->op_type, (int)p->activation.n, p->activation.s);
}

static onr_status infer_conv(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, 0), w = onr_infer_shape(c, 1);
    ONR_TRY(need_floats(c));
    ONR_TRY(need(c, 0, 3, (int64_t[]){-1, -1, -1}));
    int64_t channels = x.rank == 3 ? x.dim[1] : -1, batch = x.rank == 3 ? x.dim[0] : onr_infer_fresh(c);
    ONR_TRY(need(c, 1, 3, (int64_t[]){channels, 1, -1}));
    int64_t state = w.rank == 3 && onr_dim_known(w.dim[2]) ? w.dim[2] - 1 : onr_infer_fresh(c);
    if (state == -1) return onr_infer_bad(c, "the kernel is empty");
    ONR_TRY(need(c, 2, 1, &channels));
    ONR_TRY(need(c, 3, 3, (int64_t[]){batch, channels, state}));
    if (!onr_dim_known(channels)) channels = onr_infer_fresh(c);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    onr_infer_set(c, 1, onr_infer_dtype(c, 0), onr_shape_make(3, (int64_t[]){batch, channels, state}));
    return ONR_OK;
}

typedef struct conv_job {
    int64_t channels, length, kernel;
    const void *x, *w, *bias, *past;
    void *y, *state;
} conv_job;

// y[t] = bias + sum over k of w[k] padded[t + k], where `padded` is the state followed by the input: tap k reads the state for
// t < kernel - 1 - k, then the input from its beginning.
#define CONV_ROWS(name, T)                                                                                   \
    static void name(void *ctx, size_t begin, size_t end) {                                                  \
        const conv_job *j = ctx;                                                                             \
        const int64_t n = j->length, back = j->kernel - 1;                                                   \
        for (int64_t i = (int64_t)begin; i < (int64_t)end; i++) {                                            \
            const T *x = (const T *)j->x + i * n, *past = j->past ? (const T *)j->past + i * back : NULL;    \
            const T *w = (const T *)j->w + i % j->channels * j->kernel;                                      \
            T *y = j->y ? (T *)j->y + i * n : NULL, *state = j->state ? (T *)j->state + i * back : NULL;     \
            for (int64_t t = 0; y && t < n; t++) y[t] = j->bias ? ((const T *)j->bias)[i % j->channels] : 0; \
            for (int64_t k = 0; y && k <= back; k++) {                                                       \
                const int64_t first = onr_min_i64(back - k, n);                                              \
                for (int64_t t = 0; past && t < first; t++) y[t] += w[k] * past[t + k];                      \
                for (int64_t t = first; t < n; t++) y[t] += w[k] * x[t - (back - k)];                        \
            }                                                                                                \
            for (int64_t t = 0; state && t < back; t++) {                                                    \
                const int64_t at = n + t - back;                                                             \
                state[t] = at >= 0 ? x[at] : past ? past[at + back] : 0;                                     \
            }                                                                                                \
        }                                                                                                    \
    }
CONV_ROWS(conv_f32, float)
CONV_ROWS(conv_f64, double)

static onr_status prepare_conv(onr_prepare *c) {
    uint32_t *features = onr_prepare_state(c, sizeof *features);
    if (!features) return ONR_LIMIT;
    *features = c->target->cpu.features;
    return ONR_OK;
}

static onr_status run_conv(const onr_run *r) {
    const conv_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *w = onr_run_in(r, 1);
    conv_job j = {.channels = x->shape.dim[1],
                  .length = x->shape.dim[2],
                  .kernel = w->shape.dim[2],
                  .x = x->data,
                  .w = w->data,
                  .bias = data_of(r, 2),
                  .past = data_of(r, 3),
                  .y = onr_run_wants(r, 0) ? onr_run_out(r, 0)->data : NULL,
                  .state = onr_run_wants(r, 1) ? onr_run_out(r, 1)->data : NULL};
    int64_t rows = x->shape.dim[0] * j.channels, n = rows * j.length;
    int64_t grain = onr_max_i64(1, 8192 / onr_max_i64(1, j.length * j.kernel));
    onr_pool_for(r->pool, (size_t)rows, (size_t)grain, x->dtype == ONR_DOUBLE ? conv_f64 : conv_f32, &j);
    if (!p->silu || !j.y) return ONR_OK;
    if (x->dtype == ONR_DOUBLE)
        for (int64_t i = 0; i < n; i++) ((double *)j.y)[i] /= 1 + exp(-((double *)j.y)[i]);
    else
        onr_unary_run(*(const uint32_t *)r->state, ONR_UNARY_SWISH, 1, 0, j.y, j.y, n, r->pool);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec linear_attrs[] = {
    ONR_A_INT(linear_params, chunk_size, 64),
    {.name = "kv_num_heads", .kind = ONR_ATTR_INT, .offset = offsetof(linear_params, kv_num_heads), .required = true},
    {.name = "q_num_heads", .kind = ONR_ATTR_INT, .offset = offsetof(linear_params, q_num_heads), .required = true},
    ONR_A_FLOAT(linear_params, scale, 0),
    ONR_A_STRING(linear_params, update_rule, "gated_delta"),
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec conv_attrs[] = {ONR_A_STRING(conv_params, activation, "none"), ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_AI("LinearAttention", 27, 0), ONR_ARITY(3, 7, 1, 2), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = ONR_T_FLOATS,
     ONR_PARAMS(linear_attrs, linear_params), .check = check_linear, .infer = infer_linear, .prepare = prepare_linear,
     .run = run_linear},
    {ONR_AI("CausalConvWithState", 27, 0), ONR_ARITY(2, 4, 1, 2), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = ONR_T_FLOATS,
     ONR_PARAMS(conv_attrs, conv_params), .check = check_conv, .infer = infer_conv, .prepare = prepare_conv, .run = run_conv},
};
ONR_OP_FAMILY(recurrent);
