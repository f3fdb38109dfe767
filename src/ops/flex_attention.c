// flex_attention.c: FlexAttention of ai.onnx.preview: attention whose scores and probabilities pass through graphs.
// May assume: float16 and bfloat16 are widened around. Never runs a graph on anything but the whole tensor of scores.
// Source: ONNX ai.onnx.preview FlexAttention (1).
#include "base/mathx.h"
#include "kernels/softmax/softmax.h"
#include "ops/attention.h"
#include "ops/cast.h"
#include "ops/control.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

typedef struct params {
    onr_graph *score_mod, *prob_mod;
    float scale;
    int64_t softmax_precision;
} params;

static onr_status check(const onr_node *n, void *at, onr_arena *arena, onr_err *err) {
    const params *p = at;
    (void)arena;
    for (int32_t i = 0; i < 3; i++)
        if (!n->in[i]) return onr_fail(err, ONR_INVALID, "%s needs its input %d", n->op_type, i);
    bool known = p->softmax_precision >= 0 && p->softmax_precision < ONR_N_DTYPES;
    if (!known || (p->softmax_precision && !onr_dtype_in((onr_dtype)p->softmax_precision, ONR_T_FLOATS)))
        return onr_fail(err, ONR_INVALID, "%s with softmax_precision %lld", n->op_type, (long long)p->softmax_precision);
    if (p->score_mod) ONR_TRY(onr_body_check(n, p->score_mod, 1, 1, err));
    return p->prob_mod ? onr_body_check(n, p->prob_mod, 1, 1, err) : ONR_OK;
}

static bool differ(int64_t a, int64_t b) { return onr_dim_known(a) && onr_dim_known(b) && a != b; }

static onr_status infer(onr_infer *c) {
    onr_shape s[3];
    for (int32_t i = 0; i < 3; i++) {
        s[i] = onr_infer_shape(c, i);
        onr_dtype t = onr_infer_dtype(c, i), first = onr_infer_dtype(c, 0);
        if (t != ONR_UNDEFINED && first != ONR_UNDEFINED &&
            (!onr_dtype_in(t, ONR_T_FLOATS) || (t == ONR_DOUBLE) != (first == ONR_DOUBLE)))
            return onr_infer_bad(c, "input %d is %s", i, onr_dtype_name(t));
        if (s[i].rank < 0) return onr_infer_set(c, 0, first, onr_shape_unknown()), ONR_OK;
        if (s[i].rank != 4) return onr_infer_bad(c, "input %d has rank %d, not 4", i, s[i].rank);
    }
    const int64_t *q = s[0].dim, *k = s[1].dim, *v = s[2].dim;
    if (differ(q[0], k[0]) || differ(k[0], v[0]) || differ(k[1], v[1]) || differ(k[2], v[2]) || differ(q[3], k[3]))
        return onr_infer_bad(c, "Q, K and V do not fit together");
    if (onr_dim_known(q[1]) && onr_dim_known(k[1]) && (k[1] < 1 || q[1] % k[1]))
        return onr_infer_bad(c, "%lld query heads do not share %lld key heads evenly", (long long)q[1], (long long)k[1]);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), onr_shape_make(4, (int64_t[]){q[0], q[1], q[2], v[3]}));
    return ONR_OK;
}

typedef struct state {
    onr_attention a;
    size_t scores_at;
} state;

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    const int64_t *q = c->in[0]->shape.dim, *k = c->in[1]->shape.dim, *v = c->in[2]->shape.dim;
    s->a.d = (onr_attention_dims){
        .batch = q[0], .q_heads = q[1], .kv_heads = k[1], .q_len = q[2], .kv_len = k[2], .head = q[3], .v_head = v[3]};
    s->a.scale = p->scale == p->scale ? (double)p->scale : 1 / sqrt((double)q[3]);
    s->a.features = c->target->cpu.features;
    bool fast = !c->target->reference && c->in[0]->dtype == ONR_FLOAT, ok;
    if (fast) s->a.gemm = onr_gemm_choose(s->a.features);
    c->kernel = fast ? onr_gemm_name(s->a.gemm) : "reference";
    ok = fast ? onr_attention_scratch_f32(s->a.gemm, &s->a.d, onr_pool_threads(c->pool), &c->scratch_bytes)
              : onr_attention_scratch_reference(&s->a.d, &c->scratch_bytes);
    c->scratch_bytes = onr_align_up(c->scratch_bytes, 64);
    s->scores_at = c->scratch_bytes;
    onr_shape scores = onr_shape_make(4, (int64_t[]){q[0], q[1], q[2], k[2]});
    onr_type t = onr_type_tensor(c->in[0]->dtype, scores);
    size_t bytes;
    ok = ok && onr_type_bytes(&t, &bytes) && onr_add_size(c->scratch_bytes, bytes, &c->scratch_bytes);
    return ok ? ONR_OK : onr_no_memory(c->err, SIZE_MAX);
}

static onr_heads heads_of(const onr_tensor *t) {
    const int64_t *d = t->shape.dim;
    return (onr_heads){.data = t->data, .batch = d[1] * d[2] * d[3], .head = d[2] * d[3], .row = d[3]};
}

/// scores = graph(scores), handed over in the precision of the softmax.
static onr_status modify(const onr_run *r, const onr_graph *g, onr_tensor *scores) {
    const params *p = r->params;
    const int64_t n = onr_tensor_numel(scores);
    onr_dtype precision = p->softmax_precision ? (onr_dtype)p->softmax_precision : scores->dtype;
    onr_datum in = onr_datum_borrow(scores->dtype, &scores->shape, scores->data), cast = {0};
    if (precision != scores->dtype) {
        ONR_TRY(onr_datum_new(precision, &scores->shape, &cast, r->err));
        onr_cast_numbers(scores->dtype, scores->data, precision, cast.t.data, n, false, ONR_E8M0_NEAREST, r->pool);
    }
    onr_datum *out = onr_malloc((size_t)g->n_outputs * sizeof *out);
    const onr_datum *list[] = {cast.kind ? &cast : &in};
    onr_status s = out ? onr_body_run(r, g, list, 1, out) : onr_no_memory(r->err, sizeof *out);
    onr_datum_release(&cast);
    if (s == ONR_OK) {
        bool fits = out[0].kind == ONR_TENSOR && onr_dtype_in(out[0].t.dtype, ONR_T_FLOATS) &&
                    onr_shape_equal(&out[0].t.shape, &scores->shape);
        if (fits)
            onr_cast_numbers(out[0].t.dtype, out[0].t.data, scores->dtype, scores->data, n, false, ONR_E8M0_NEAREST, r->pool);
        else
            s = onr_run_bad(r, "graph '%s' does not give scores of the shape it gets", g->name);
    }
    if (out) onr_data_release(out, (size_t)g->n_outputs);
    onr_free(out);
    return s;
}

static void softmax(const onr_run *r, const state *s, onr_tensor *scores) {
    const int64_t n = s->a.d.kv_len, rows = n ? onr_tensor_numel(scores) / n : 0;
    if (scores->dtype == ONR_FLOAT) {
        onr_softmax_run(s->a.features, false, scores->data, scores->data, rows, n, 1, r->pool);
        return;
    }
    for (int64_t i = 0; i < rows; i++) {
        double *x = (double *)scores->data + i * n, most = -INFINITY, sum = 0;
        for (int64_t j = 0; j < n; j++) most = x[j] > most || x[j] != x[j] ? x[j] : most;
        for (int64_t j = 0; j < n; j++) sum += x[j] = exp(x[j] - most);
        for (int64_t j = 0; j < n; j++) x[j] /= sum;
    }
}

// y = probabilities times values, for one head.
#define APPLY(name, T)                                                                         \
    static void name(const onr_attention *a, const T *p, const T *v, T *y) {                   \
        memset(y, 0, (size_t)(a->d.q_len * a->d.v_head) * sizeof *y);                          \
        for (int64_t i = 0; i < a->d.q_len; i++)                                               \
            for (int64_t j = 0; j < a->d.kv_len; j++)                                          \
                for (int64_t e = 0; e < a->d.v_head; e++)                                      \
                    y[i * a->d.v_head + e] += p[i * a->d.kv_len + j] * v[j * a->d.v_head + e]; \
    }
APPLY(apply_f32, float)
APPLY(apply_f64, double)

static void apply(const onr_attention *a, const onr_tensor *scores) {
    const bool in_double = scores->dtype == ONR_DOUBLE;
    for (int64_t i = 0; i < a->d.batch * a->d.q_heads; i++) {
        const int64_t b = i / a->d.q_heads, h = i % a->d.q_heads, p = i * a->d.q_len * a->d.kv_len;
        const int64_t v = b * a->v.batch + h / (a->d.q_heads / a->d.kv_heads) * a->v.head, y = b * a->y.batch + h * a->y.head;
        if (in_double)
            apply_f64(a, (const double *)scores->data + p, (const double *)a->v.data + v, (double *)a->y.data + y);
        else
            apply_f32(a, (const float *)scores->data + p, (const float *)a->v.data + v, (float *)a->y.data + y);
    }
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const state *s = r->state;
    onr_attention a = s->a;
    a.q = heads_of(onr_run_in(r, 0));
    a.k = heads_of(onr_run_in(r, 1));
    a.v = heads_of(onr_run_in(r, 2));
    a.y = heads_of(onr_run_out(r, 0));
    a.scratch = r->scratch;
    a.pool = r->pool;
    bool modified = p->score_mod || p->prob_mod;
    onr_tensor scores = {.dtype = onr_run_in(r, 0)->dtype, .data = (char *)r->scratch + s->scores_at};
    scores.shape = onr_shape_make(4, (int64_t[]){a.d.batch, a.d.q_heads, a.d.q_len, a.d.kv_len});
    a.qk = modified ? scores.data : NULL;
    a.qk_mode = p->score_mod ? ONR_QK_RAW : ONR_QK_SOFTMAX;
    if (a.gemm)
        onr_attention_run_f32(&a);
    else
        onr_attention_run_reference(&a, scores.dtype);
    if (!modified) return ONR_OK;
    if (p->score_mod) {
        ONR_TRY(modify(r, p->score_mod, &scores));
        softmax(r, s, &scores);
    }
    if (p->prob_mod) ONR_TRY(modify(r, p->prob_mod, &scores));
    apply(&a, &scores);
    return ONR_OK;
}

static const onr_attr_spec attrs[] = {{.name = "score_mod", .kind = ONR_ATTR_GRAPH, .offset = offsetof(params, score_mod)},
                                      {.name = "prob_mod", .kind = ONR_ATTR_GRAPH, .offset = offsetof(params, prob_mod)},
                                      ONR_A_FLOAT(params, scale, NAN),
                                      ONR_A_INT(params, softmax_precision, 0),
                                      ONR_ATTR_ARRAY_END};
static const onr_op rows[] = {
    {.domain = "ai.onnx.preview",
     .name = "FlexAttention",
     .since = 1,
     .until = 0,
     ONR_ARITY(3, 3, 1, 1),
     .flags = ONR_OP_WIDEN,
     .types = ONR_T_FLOATS,
     ONR_PARAMS(attrs, params),
     .check = check,
     .infer = infer,
     .prepare = prepare,
     .run = run},
};
ONR_OP_FAMILY(flex_attention);
