// attention.c: Attention: heads in three or four dimensions, grouped queries, caches of past keys, masks, and a look at scores.
// May assume: attributes were decoded; float16 and bfloat16 are widened around. Never copies keys that lie ready.
// Source: ONNX Attention (23, 24).
#include "ops/attention.h"

#include "base/mathx.h"
#include "ops/cast.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

enum { IN_Q, IN_K, IN_V, IN_MASK, IN_PAST_K, IN_PAST_V, IN_N_KEYS };
enum { OUT_Y, OUT_K, OUT_V, OUT_QK };

typedef struct params {
    int64_t is_causal, kv_num_heads, q_num_heads, qk_matmul_output_mode, softmax_precision;
    float scale, softcap;
} params;

static onr_status check(const onr_node *n, void *at, onr_arena *arena, onr_err *err) {
    const params *p = at;
    (void)arena;
    if (p->qk_matmul_output_mode < 0 || p->qk_matmul_output_mode > 3)
        return onr_fail(err, ONR_INVALID, "%s with qk_matmul_output_mode %lld", n->op_type,
                        (long long)p->qk_matmul_output_mode);
    bool k = n->n_in > IN_PAST_K && n->in[IN_PAST_K], v = n->n_in > IN_PAST_V && n->in[IN_PAST_V];
    if (k != v) return onr_fail(err, ONR_INVALID, "%s needs past_key and past_value together", n->op_type);
    return ONR_OK;
}

// ---- inference --------------------------------------------------------------------------------------------------------------

/// One of Q, K, V as batch, heads, length, width.
static onr_status split_heads(const onr_infer *c, int32_t i, int64_t heads, onr_shape *out) {
    onr_shape s = onr_infer_shape(c, i);
    *out = (onr_shape){.rank = 4};
    for (int k = 0; k < 4; k++) out->dim[k] = onr_infer_fresh(c);
    if (s.rank == 4) return *out = s, ONR_OK;
    if (s.rank < 0) return ONR_OK;
    if (s.rank != 3) return onr_infer_bad(c, "input %d has rank %d, not 3 or 4", i, s.rank);
    if (heads < 1) return onr_infer_bad(c, "three dimensions need q_num_heads and kv_num_heads");
    out->dim[0] = s.dim[0];
    out->dim[1] = heads;
    out->dim[2] = s.dim[1];
    if (onr_dim_known(s.dim[2])) {
        if (s.dim[2] % heads) return onr_infer_bad(c, "%lld heads do not divide %lld", (long long)heads, (long long)s.dim[2]);
        out->dim[3] = s.dim[2] / heads;
    }
    return ONR_OK;
}

static bool differ(int64_t a, int64_t b) { return onr_dim_known(a) && onr_dim_known(b) && a != b; }

static onr_status check_past(const onr_infer *c, int32_t i, const onr_shape *x, int64_t *past) {
    onr_shape s = onr_infer_shape(c, i);
    if (!onr_infer_has(c, i) || s.rank < 0) return *past = onr_infer_has(c, i) ? onr_infer_fresh(c) : 0, ONR_OK;
    if (s.rank != 4 || differ(s.dim[0], x->dim[0]) || differ(s.dim[1], x->dim[1]) || differ(s.dim[3], x->dim[3]))
        return onr_infer_bad(c, "input %d does not fit the new keys and values", i);
    *past = s.dim[2];
    return ONR_OK;
}

static onr_status check_mask(const onr_infer *c, const onr_shape *q, int64_t total) {
    onr_shape m = onr_infer_shape(c, IN_MASK);
    onr_dtype t = onr_infer_dtype(c, IN_MASK);
    if (t == ONR_STRING || onr_dtype_in(t, ONR_T_COMPLEX)) return onr_infer_bad(c, "the mask is %s", onr_dtype_name(t));
    if (m.rank < 0) return ONR_OK;
    const int64_t want[4] = {q->dim[0], q->dim[1], q->dim[2], total};
    bool fits = m.rank >= 1 && m.rank <= 4;
    for (int32_t k = 1; fits && k <= m.rank; k++) {
        int64_t d = m.dim[m.rank - k];
        fits = d == 1 || !differ(d, want[4 - k]) || (k == 1 && d < total);
    }
    char text[ONR_SHAPE_TEXT];
    if (!fits) return onr_infer_bad(c, "a mask of shape %s does not fit", onr_shape_text(&m, c->symbols, text));
    return ONR_OK;
}

static onr_status check_types(const onr_infer *c) {
    bool in_double = onr_infer_dtype(c, IN_Q) == ONR_DOUBLE;
    static const int32_t inputs[] = {IN_K, IN_V, IN_PAST_K, IN_PAST_V};
    for (int k = 0; k < 4; k++) {
        onr_dtype t = onr_infer_dtype(c, inputs[k]);
        if (t == ONR_UNDEFINED || onr_infer_dtype(c, IN_Q) == ONR_UNDEFINED) continue;
        if (!onr_dtype_in(t, ONR_T_FLOATS) || (t == ONR_DOUBLE) != in_double)
            return onr_infer_bad(c, "input %d is %s, Q is %s", inputs[k], onr_dtype_name(t),
                                 onr_dtype_name(onr_infer_dtype(c, IN_Q)));
    }
    onr_dtype n = onr_infer_dtype(c, IN_N_KEYS);
    if (n != ONR_UNDEFINED && n != ONR_INT64) return onr_infer_bad(c, "nonpad_kv_seqlen is %s", onr_dtype_name(n));
    return ONR_OK;
}

static int64_t add_dims(const onr_infer *c, int64_t a, int64_t b) {
    if (a == 0) return b;
    return onr_dim_known(a) && onr_dim_known(b) ? a + b : onr_infer_fresh(c);
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape q, k, v, keys = onr_infer_shape(c, IN_N_KEYS);
    int64_t past, past_v;
    ONR_TRY(check_types(c));
    int32_t ranks[3] = {onr_infer_shape(c, IN_Q).rank, onr_infer_shape(c, IN_K).rank, onr_infer_shape(c, IN_V).rank};
    for (int i = 1; i < 3; i++)
        if (ranks[0] >= 0 && ranks[i] >= 0 && ranks[i] != ranks[0])
            return onr_infer_bad(c, "Q has rank %d, input %d has rank %d", ranks[0], i, ranks[i]);
    ONR_TRY(split_heads(c, IN_Q, p->q_num_heads, &q));
    ONR_TRY(split_heads(c, IN_K, p->kv_num_heads, &k));
    ONR_TRY(split_heads(c, IN_V, p->kv_num_heads, &v));
    if (differ(q.dim[0], k.dim[0]) || differ(k.dim[0], v.dim[0]) || differ(k.dim[1], v.dim[1]) || differ(k.dim[2], v.dim[2]) ||
        differ(q.dim[3], k.dim[3]))
        return onr_infer_bad(c, "Q, K and V do not fit together");
    if (onr_dim_known(q.dim[1]) && onr_dim_known(k.dim[1]) && (k.dim[1] < 1 || q.dim[1] % k.dim[1]))
        return onr_infer_bad(c, "%lld query heads do not share %lld key heads evenly", (long long)q.dim[1],
                             (long long)k.dim[1]);
    ONR_TRY(check_past(c, IN_PAST_K, &k, &past));
    ONR_TRY(check_past(c, IN_PAST_V, &v, &past_v));
    if (differ(past, past_v)) return onr_infer_bad(c, "past_key and past_value have different lengths");
    int64_t total = add_dims(c, past, k.dim[2]);
    ONR_TRY(check_mask(c, &q, total));
    if (keys.rank >= 0 && (keys.rank != 1 || differ(keys.dim[0], q.dim[0])))
        return onr_infer_bad(c, "nonpad_kv_seqlen must hold one number for each of the batch");
    onr_shape y = q, x = onr_infer_shape(c, IN_Q);
    y.dim[3] = v.dim[3];
    if (x.rank == 3) {
        int64_t width = onr_dim_known(v.dim[3]) && onr_dim_known(q.dim[1]) ? v.dim[3] * q.dim[1] : onr_infer_fresh(c);
        y = onr_shape_make(3, (const int64_t[]){q.dim[0], q.dim[2], width});
    }
    k.dim[2] = v.dim[2] = total;
    q.dim[3] = total;
    onr_infer_set(c, OUT_Y, onr_infer_dtype(c, IN_Q), x.rank < 0 ? onr_shape_unknown() : y);
    onr_infer_set(c, OUT_K, onr_infer_dtype(c, IN_K), k);
    onr_infer_set(c, OUT_V, onr_infer_dtype(c, IN_V), v);
    onr_infer_set(c, OUT_QK, onr_infer_dtype(c, IN_Q), q);
    return ONR_OK;
}

// ---- preparation ------------------------------------------------------------------------------------------------------------

typedef struct state {
    onr_attention a; // without pointers
    int64_t past;
    bool packed; // three dimensions
    size_t elem, bias_at, k_at, v_at, work_at;
} state;

static int64_t part(const onr_shape *s, int64_t heads, int what) {
    if (s->rank == 4) return s->dim[what];
    return what == 0 ? s->dim[0] : what == 1 ? heads : what == 2 ? s->dim[1] : s->dim[2] / heads;
}

/// The strides of a tensor of rows of heads.
static onr_heads heads_of(bool packed, int64_t heads, int64_t length, int64_t width) {
    if (packed) return (onr_heads){.batch = length * heads * width, .head = width, .row = heads * width};
    return (onr_heads){.batch = heads * length * width, .head = length * width, .row = width};
}

static void set_bias(onr_prepare *c, state *s) {
    const onr_shape *m = &c->in[IN_MASK]->shape;
    int64_t run = 1, last = m->dim[m->rank - 1];
    for (int32_t k = 0; k < m->rank; k++) {
        int64_t d = m->dim[m->rank - 1 - k];
        s->a.bias_stride[3 - k] = d == 1 ? 0 : run;
        run *= d;
    }
    // Opset 24 takes a short mask as one that masks the rest; before, one column was broadcast.
    bool broadcast = last == 1 && c->node->op->since < 24;
    s->a.bias_len = broadcast ? s->a.d.kv_len : last;
}

static bool reserve(size_t *total, size_t *at, int64_t n, int64_t each, size_t elem) {
    size_t bytes;
    *at = *total;
    if (!onr_mul_size((size_t)n, (size_t)each, &bytes) || !onr_mul_size(bytes, elem, &bytes)) return false;
    return onr_add_size(*total, onr_align_up(bytes, 64), total);
}

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    const onr_shape *q = &c->in[IN_Q]->shape, *k = &c->in[IN_K]->shape, *v = &c->in[IN_V]->shape;
    const int64_t hq = p->q_num_heads, hk = p->kv_num_heads;
    bool past = c->n_in > IN_PAST_K && c->in[IN_PAST_K], masked = c->n_in > IN_MASK && c->in[IN_MASK];
    s->past = past ? c->in[IN_PAST_K]->shape.dim[2] : 0;
    s->packed = q->rank == 3;
    s->elem = onr_dtype_size(c->in[IN_Q]->dtype);
    onr_attention *a = &s->a;
    a->d = (onr_attention_dims){.batch = part(q, hq, 0),
                                .q_heads = part(q, hq, 1),
                                .kv_heads = part(k, hk, 1),
                                .q_len = part(q, hq, 2),
                                .kv_len = s->past + part(k, hk, 2),
                                .head = part(q, hq, 3),
                                .v_head = part(v, hk, 3)};
    const onr_attention_dims *d = &a->d;
    a->scale = p->scale == p->scale ? (double)p->scale : 1 / sqrt((double)d->head);
    a->softcap = (double)p->softcap;
    a->causal = p->is_causal != 0;
    a->offset = s->past;
    a->qk_mode = (int)p->qk_matmul_output_mode;
    a->features = c->target->cpu.features;
    if (masked) set_bias(c, s);
    bool ok = reserve(&c->scratch_bytes, &s->bias_at,
                      masked ? onr_shape_span(&c->in[IN_MASK]->shape, 0, c->in[IN_MASK]->shape.rank) : 0, 1, s->elem);
    ok = ok && reserve(&c->scratch_bytes, &s->k_at, past ? d->batch * d->kv_heads * d->kv_len : 0, d->head, s->elem);
    ok = ok && reserve(&c->scratch_bytes, &s->v_at, past ? d->batch * d->kv_heads * d->kv_len : 0, d->v_head, s->elem);
    s->work_at = c->scratch_bytes;
    size_t work;
    c->kernel = "reference";
    if (!c->target->reference && c->in[IN_Q]->dtype == ONR_FLOAT) {
        a->gemm = onr_gemm_choose(a->features);
        c->kernel = onr_gemm_name(a->gemm);
        ok = ok && onr_attention_scratch_f32(a->gemm, d, onr_pool_threads(c->pool), &work);
    } else {
        ok = ok && onr_attention_scratch_reference(d, &work);
    }
    if (!ok || !onr_add_size(c->scratch_bytes, work, &c->scratch_bytes)) return onr_no_memory(c->err, SIZE_MAX);
    c->flops = 2.0 * (double)d->batch * (double)d->q_heads * (double)d->q_len * (double)d->kv_len *
               (double)(d->head + d->v_head);
    return ONR_OK;
}

// ---- running ----------------------------------------------------------------------------------------------------------------

/// past and new rows one after the other, head by head: [batch][heads][past + new][width].
static void append(const state *s, const char *past, const onr_heads *new_rows, int64_t width, char *to) {
    const onr_attention_dims *d = &s->a.d;
    const size_t row = (size_t)width * s->elem;
    const int64_t added = d->kv_len - s->past;
    for (int64_t b = 0; b < d->batch; b++)
        for (int64_t h = 0; h < d->kv_heads; h++) {
            size_t before = (size_t)s->past * row;
            if (before) memcpy(to, past, before);
            if (past) past += before;
            to += before;
            const char *from = (const char *)new_rows->data + (size_t)(b * new_rows->batch + h * new_rows->head) * s->elem;
            for (int64_t i = 0; i < added && row; i++, to += row) memcpy(to, from + (size_t)(i * new_rows->row) * s->elem, row);
        }
}

/// Keys or values with the past before them: in the output when it is wanted, else in scratch; as they lie when there is no
/// past.
static onr_heads gather(const onr_run *r, const state *s, int32_t in, int32_t past, int32_t out, int64_t width,
                        size_t scratch_at) {
    const onr_attention_dims *d = &s->a.d;
    onr_heads x = heads_of(s->packed, d->kv_heads, d->kv_len - s->past, width);
    x.data = onr_run_in(r, in)->data;
    bool has_past = onr_run_has(r, past), wanted = onr_run_wants(r, out);
    if (!has_past && !wanted) return x;
    char *to = wanted ? onr_run_out(r, out)->data : (char *)r->scratch + scratch_at;
    append(s, has_past ? onr_run_in(r, past)->data : NULL, &x, width, to);
    x = heads_of(false, d->kv_heads, d->kv_len, width);
    x.data = to;
    return x;
}

/// The mask as numbers to add.
static const void *bias_of(const onr_run *r, const state *s) {
    if (!onr_run_has(r, IN_MASK)) return NULL;
    const onr_tensor *m = onr_run_in(r, IN_MASK);
    const onr_dtype t = onr_run_in(r, IN_Q)->dtype;
    const int64_t n = onr_tensor_numel(m);
    if (m->dtype == t) return m->data;
    void *to = (char *)r->scratch + s->bias_at;
    if (m->dtype != ONR_BOOL) {
        onr_cast_numbers(m->dtype, m->data, t, to, n, true, ONR_E8M0_NEAREST, r->pool);
        return to;
    }
    for (int64_t i = 0; i < n; i++) {
        float v = ((const uint8_t *)m->data)[i] ? 0 : -INFINITY;
        if (t == ONR_DOUBLE)
            ((double *)to)[i] = (double)v;
        else
            ((float *)to)[i] = v;
    }
    return to;
}

static onr_status check_keys(const onr_run *r, const state *s) {
    if (!onr_run_has(r, IN_N_KEYS)) return ONR_OK;
    const int64_t *n = onr_run_in(r, IN_N_KEYS)->data;
    for (int64_t b = 0; b < s->a.d.batch; b++)
        if (n[b] < 0 || n[b] > s->a.d.kv_len)
            return onr_run_bad(r, "nonpad_kv_seqlen[%lld] is %lld, there are %lld keys", (long long)b, (long long)n[b],
                               (long long)s->a.d.kv_len);
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const state *s = r->state;
    const onr_attention_dims *d = &s->a.d;
    ONR_TRY(check_keys(r, s));
    onr_attention a = s->a;
    a.q = heads_of(s->packed, d->q_heads, d->q_len, d->head);
    a.q.data = onr_run_in(r, IN_Q)->data;
    a.y = heads_of(s->packed, d->q_heads, d->q_len, d->v_head);
    a.k = gather(r, s, IN_K, IN_PAST_K, OUT_K, d->head, s->k_at);
    a.v = gather(r, s, IN_V, IN_PAST_V, OUT_V, d->v_head, s->v_at);
    a.bias = bias_of(r, s);
    a.n_keys = onr_run_has(r, IN_N_KEYS) ? onr_run_in(r, IN_N_KEYS)->data : NULL;
    a.offset_from_keys = a.n_keys && !onr_run_has(r, IN_PAST_K);
    a.qk = onr_run_wants(r, OUT_QK) ? onr_run_out(r, OUT_QK)->data : NULL;
    a.scratch = (char *)r->scratch + s->work_at;
    a.pool = r->pool;
    if (!onr_run_wants(r, OUT_Y)) return ONR_OK;
    a.y.data = onr_run_out(r, OUT_Y)->data;
    if (a.gemm)
        onr_attention_run_f32(&a);
    else
        onr_attention_run_reference(&a, onr_run_in(r, IN_Q)->dtype);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec attrs[] = {ONR_A_INT(params, is_causal, 0),         ONR_A_INT(params, kv_num_heads, 0),
                                      ONR_A_INT(params, q_num_heads, 0),       ONR_A_INT(params, qk_matmul_output_mode, 0),
                                      ONR_A_INT(params, softmax_precision, 0), ONR_A_FLOAT(params, scale, NAN),
                                      ONR_A_FLOAT(params, softcap, 0),         ONR_ATTR_ARRAY_END};

#define ATTENTION(from, to, i1)                                                                                            \
    {                                                                                                                      \
        ONR_AI("Attention", from, to), ONR_ARITY(3, i1, 1, 4), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = ONR_T_FLOATS, \
                                                               ONR_PARAMS(attrs, params), .check = check, .infer = infer,  \
                                                               .prepare = prepare, .run = run                              \
    }
static const onr_op rows[] = {ATTENTION(23, 23, 6), ATTENTION(24, 0, 7)};
ONR_OP_FAMILY(attention);
