// rnn.c: RNN, LSTM and GRU, all versions: attributes, shapes, packing; the loops are rnn_body.inc.
// May assume: attributes were decoded. Never reads past a sequence's length: lengths are checked in run.
// Source: ONNX RNN, LSTM (1, 7, 14, 22) and GRU (1, 3, 7, 14, 22).
#include "ops/rnn.h"

#include "base/mathx.h"
#include "ops/cast.h"
#include "ops/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { IN_X, IN_W, IN_R, IN_B, IN_LENS, IN_H0, IN_C0, IN_P, N_IN };

typedef struct params {
    onr_floats activation_alpha, activation_beta;
    onr_strings activations;
    float clip;
    onr_string direction;
    int64_t hidden_size, input_forget, layout, linear_before_reset, output_sequence;
    onr_rnn_kind kind;
    int32_t n_dir;
    bool reverse, has_clip;
    onr_rnn_act act[2][3];
} params;

// ---- attributes -------------------------------------------------------------------------------------------------------------

static const int64_t gates_of[] = {[ONR_RNN_SIMPLE] = 1, [ONR_RNN_LSTM] = 4, [ONR_RNN_GRU] = 3};
static const size_t acts_of[] = {[ONR_RNN_SIMPLE] = 1, [ONR_RNN_LSTM] = 3, [ONR_RNN_GRU] = 2};

typedef struct function {
    const char *name;
    bool takes_alpha, takes_beta;
    float alpha, beta; // defaults: those of the operator of that name
} function;

static const function functions[ONR_RNN_N_FNS] = {
    [ONR_RNN_RELU] = {"Relu", false, false, 0, 0},
    [ONR_RNN_TANH] = {"Tanh", false, false, 0, 0},
    [ONR_RNN_SIGMOID] = {"Sigmoid", false, false, 0, 0},
    [ONR_RNN_AFFINE] = {"Affine", true, true, 1, 0},
    [ONR_RNN_LEAKY_RELU] = {"LeakyRelu", true, false, 0.01F, 0},
    [ONR_RNN_THRESHOLDED_RELU] = {"ThresholdedRelu", true, false, 1, 0},
    [ONR_RNN_SCALED_TANH] = {"ScaledTanh", true, true, 1, 1},
    [ONR_RNN_HARD_SIGMOID] = {"HardSigmoid", true, true, 0.2F, 0.5F},
    [ONR_RNN_ELU] = {"Elu", true, false, 1, 0},
    [ONR_RNN_SOFTSIGN] = {"Softsign", false, false, 0, 0},
    [ONR_RNN_SOFTPLUS] = {"Softplus", false, false, 0, 0},
};

static onr_status find_function(onr_string name, onr_rnn_fn *fn, onr_err *err) {
    for (int i = 0; i < ONR_RNN_N_FNS; i++)
        if (strlen(functions[i].name) == name.n && strncasecmp(functions[i].name, name.s, name.n) == 0)
            return *fn = (onr_rnn_fn)i, ONR_OK;
    return onr_fail(err, ONR_INVALID, "unknown activation '%.*s'", (int)name.n, name.s);
}

/// alpha and beta are handed out in order to the functions that take them.
static onr_status decode_activations(params *p, onr_err *err) {
    static const onr_rnn_fn defaults[][3] = {[ONR_RNN_SIMPLE] = {ONR_RNN_TANH},
                                             [ONR_RNN_LSTM] = {ONR_RNN_SIGMOID, ONR_RNN_TANH, ONR_RNN_TANH},
                                             [ONR_RNN_GRU] = {ONR_RNN_SIGMOID, ONR_RNN_TANH}};
    size_t each = acts_of[p->kind], given = p->activations.v ? p->activations.n : 0, alphas = 0, betas = 0;
    if (given && given < each * (size_t)p->n_dir)
        return onr_fail(err, ONR_INVALID, "%zu activations for %d directions, each takes %zu", given, p->n_dir, each);
    for (size_t i = 0; i < each * (size_t)p->n_dir; i++) {
        onr_rnn_act *a = &p->act[i / each][i % each];
        a->fn = defaults[p->kind][i % each];
        if (given) ONR_TRY(find_function(p->activations.v[i], &a->fn, err));
        const function *f = &functions[a->fn];
        a->alpha = f->alpha;
        a->beta = f->beta;
        if (f->takes_alpha && alphas < p->activation_alpha.n) a->alpha = p->activation_alpha.v[alphas++];
        if (f->takes_beta && betas < p->activation_beta.n) a->beta = p->activation_beta.v[betas++];
    }
    return ONR_OK;
}

static onr_status check(const onr_node *n, void *at, onr_arena *arena, onr_err *err) {
    params *p = at;
    (void)arena;
    p->kind = n->op->name[0] == 'L' ? ONR_RNN_LSTM : n->op->name[0] == 'G' ? ONR_RNN_GRU : ONR_RNN_SIMPLE;
    const char *d = p->direction.s;
    size_t len = p->direction.n;
    bool both = len == 13 && !memcmp(d, "bidirectional", len);
    p->reverse = len == 7 && !memcmp(d, "reverse", len);
    bool forward = (len == 7 && !memcmp(d, "forward", len)) || (len == 6 && !memcmp(d, "foward", len)); // GRU-1 wrote it so
    if (!both && !p->reverse && !forward)
        return onr_fail(err, ONR_INVALID, "%s with direction '%.*s'", n->op_type, (int)len, d);
    p->n_dir = both ? 2 : 1;
    p->has_clip = onr_node_attr(n, "clip") != NULL && p->clip > 0;
    if (p->layout != 0 && p->layout != 1) return onr_fail(err, ONR_INVALID, "%s with layout %" PRId64, n->op_type, p->layout);
    return decode_activations(p, err);
}

// ---- shapes -----------------------------------------------------------------------------------------------------------------

/// Input i, when given and of known rank, must have this shape; -1 and symbols match anything.
static onr_status need_shape(const onr_infer *c, int32_t i, const char *name, int32_t rank, const int64_t *dim) {
    onr_shape s = onr_infer_shape(c, i);
    if (s.rank < 0) return ONR_OK;
    bool fits = s.rank == rank;
    for (int32_t d = 0; fits && d < rank; d++) fits = !onr_dim_known(s.dim[d]) || !onr_dim_known(dim[d]) || s.dim[d] == dim[d];
    if (fits) return ONR_OK;
    onr_shape want = onr_shape_make(rank, dim);
    for (int32_t d = 0; d < rank; d++)
        if (!onr_dim_known(want.dim[d])) want.dim[d] = onr_infer_fresh(c);
    char a[ONR_SHAPE_TEXT], b[ONR_SHAPE_TEXT];
    return onr_infer_bad(c, "%s has shape %s, expected %s", name, onr_shape_text(&s, c->symbols, a),
                         onr_shape_text(&want, c->symbols, b));
}

static int64_t times(int64_t a, int64_t n) { return onr_dim_known(a) && a < INT64_MAX / 16 ? a * n : -1; }

static onr_status check_inputs(const onr_infer *c, const onr_rnn *s) {
    const params *p = c->params;
    const int64_t wide = times(s->hidden, gates_of[p->kind]), dirs = p->n_dir;
    ONR_TRY(need_shape(c, IN_X, "X", 3, (int64_t[]){-1, -1, -1}));
    ONR_TRY(need_shape(c, IN_W, "W", 3, (int64_t[]){dirs, wide, s->input}));
    ONR_TRY(need_shape(c, IN_R, "R", 3, (int64_t[]){dirs, wide, s->hidden}));
    ONR_TRY(need_shape(c, IN_B, "B", 2, (int64_t[]){dirs, times(s->hidden, 2 * gates_of[p->kind])}));
    ONR_TRY(need_shape(c, IN_LENS, "sequence_lens", 1, (int64_t[]){s->batch}));
    const int64_t state[] = {p->layout ? s->batch : dirs, p->layout ? dirs : s->batch, s->hidden};
    ONR_TRY(need_shape(c, IN_H0, "initial_h", 3, state));
    ONR_TRY(need_shape(c, IN_C0, "initial_c", 3, state));
    ONR_TRY(need_shape(c, IN_P, "P", 2, (int64_t[]){dirs, times(s->hidden, 3)}));
    for (int32_t i = 0; i < c->n_in; i++) {
        onr_dtype t = onr_infer_dtype(c, i), want = i == IN_LENS ? ONR_INT32 : onr_infer_dtype(c, IN_X);
        if (t != ONR_UNDEFINED && want != ONR_UNDEFINED && t != want)
            return onr_infer_bad(c, "input %d is %s, expected %s", i, onr_dtype_name(t), onr_dtype_name(want));
    }
    return ONR_OK;
}

static int64_t dim_or_fresh(const onr_infer *c, const onr_shape *s, int32_t d) {
    return s->rank > d ? s->dim[d] : onr_infer_fresh(c);
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X), r = onr_infer_shape(c, IN_R);
    onr_rnn s = {.seq = dim_or_fresh(c, &x, p->layout ? 1 : 0),
                 .batch = dim_or_fresh(c, &x, p->layout ? 0 : 1),
                 .input = dim_or_fresh(c, &x, 2),
                 .hidden = dim_or_fresh(c, &r, 2)};
    if (p->hidden_size != ONR_NO_INT) {
        if (onr_dim_known(s.hidden) && s.hidden != p->hidden_size)
            return onr_infer_bad(c, "hidden_size is %" PRId64 ", R has %" PRId64 " columns", p->hidden_size, s.hidden);
        s.hidden = p->hidden_size;
    }
    ONR_TRY(check_inputs(c, &s));
    const int64_t y0[] = {s.seq, p->n_dir, s.batch, s.hidden}, y1[] = {s.batch, s.seq, p->n_dir, s.hidden};
    const int64_t h0[] = {p->n_dir, s.batch, s.hidden}, h1[] = {s.batch, p->n_dir, s.hidden};
    onr_dtype t = onr_infer_dtype(c, IN_X);
    onr_infer_set(c, 0, t, onr_shape_make(4, p->layout ? y1 : y0));
    onr_infer_set(c, 1, t, onr_shape_make(3, p->layout ? h1 : h0));
    onr_infer_set(c, 2, t, onr_shape_make(3, p->layout ? h1 : h0));
    return ONR_OK;
}

// ---- preparation ------------------------------------------------------------------------------------------------------------

static bool add_product(size_t *sum, int64_t a, int64_t b, int64_t c) {
    size_t n;
    if (!onr_mul_size((size_t)a, (size_t)b, &n) || !onr_mul_size(n, (size_t)c, &n) || !onr_add_size(n, 15, &n)) return false;
    return onr_add_size(*sum, n & ~(size_t)15, sum);
}

bool onr_rnn_scratch_elems(const onr_rnn *s, size_t *n) {
    int64_t rows, wide;
    *n = 0;
    if (!onr_mul_i64(s->seq, s->batch, &rows) || !onr_mul_i64(s->gates, s->hidden, &wide)) return false;
    bool ok = add_product(n, rows, wide, 1) && add_product(n, wide, 1, 1) && add_product(n, s->batch, wide, 2);
    ok = ok && add_product(n, 16, 1, 1); // two parts of batch x wide may be rounded apart
    for (int i = 0; i < 3; i++) ok = ok && add_product(n, s->batch, s->hidden, 1);
    return ok;
}

typedef struct pack_job {
    const onr_rnn *s;
    const float *b; // rows n, each of k
    int64_t n, k;
    onr_pool *pool;
} pack_job;

static bool pack(void *ctx, void *packed) {
    const pack_job *j = ctx;
    onr_gemm_pack_b(j->s->gemm, j->k, j->n, j->b, 1, j->k, packed, j->pool);
    return true;
}

/// Packs rows [first, first + n) of direction dir of a constant weight.
static onr_status pack_rows(onr_prepare *c, onr_rnn *s, int32_t input, int dir, int64_t first, int64_t n, const float **out) {
    const int64_t k = input == IN_W ? s->input : s->hidden, all = s->gates * s->hidden;
    if (n == 0 || k == 0) return ONR_OK;
    const float *w = (const float *)c->constant[input]->t.data + (dir * all + first) * k;
    pack_job job = {s, w, n, k, c->pool};
    char tag[128];
    snprintf(tag, sizeof tag, "rnn %s d%d %" PRId64 "+%" PRId64, onr_gemm_name(s->gemm), dir, first, n);
    *out = onr_prepare_pack(c, input, tag, onr_gemm_packed_b_bytes(s->gemm, k, n), pack, &job);
    return *out ? ONR_OK : ONR_LIMIT;
}

enum { FEW_ROWS = 2 }; // up to here a product that is done once reads its weight best as it lies

static onr_status prepare_float(onr_prepare *c, onr_rnn *s) {
    const int64_t rows = s->seq * s->batch, wide = s->gates * s->hidden;
    s->features = c->target->cpu.features;
    s->gemm = onr_gemm_choose(s->features);
    c->kernel = onr_gemm_name(s->gemm);
    bool gru = s->kind == ONR_RNN_GRU;
    for (int dir = 0; dir < s->n_dir; dir++) {
        if (c->constant[IN_W] && rows > FEW_ROWS) ONR_TRY(pack_rows(c, s, IN_W, dir, 0, wide, &s->packed_w[dir]));
        if (!c->constant[IN_R] || (s->batch <= FEW_ROWS && s->seq == 1)) continue;
        ONR_TRY(pack_rows(c, s, IN_R, dir, 0, gru ? 2 * s->hidden : wide, &s->packed_r[dir]));
        if (gru) ONR_TRY(pack_rows(c, s, IN_R, dir, 2 * s->hidden, s->hidden, &s->packed_h[dir]));
    }
    size_t a = onr_gemm_scratch_bytes(s->gemm, rows, wide, s->input, s->packed_w[0] != NULL);
    size_t b = onr_gemm_scratch_bytes(s->gemm, s->batch, wide, s->hidden, s->packed_r[0] != NULL);
    s->lane_bytes += onr_align_up(a > b ? a : b, 64);
    return ONR_OK;
}

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    onr_rnn *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    const onr_shape *x = &c->in[IN_X]->shape, *r = &c->in[IN_R]->shape;
    *s = (onr_rnn){.kind = p->kind,
                   .seq = x->dim[p->layout ? 1 : 0],
                   .batch = x->dim[p->layout ? 0 : 1],
                   .input = x->dim[2],
                   .hidden = r->dim[2],
                   .gates = gates_of[p->kind],
                   .n_dir = p->n_dir,
                   .reverse = p->reverse,
                   .by_batch = p->layout == 1,
                   .input_forget = p->input_forget != 0,
                   .linear_first = p->linear_before_reset != 0,
                   .has_clip = p->has_clip,
                   .clip = p->clip};
    memcpy(s->act, p->act, sizeof s->act);
    const bool in_double = c->in[IN_X]->dtype == ONR_DOUBLE, reference = c->target->reference || in_double;
    size_t elems;
    if (!onr_rnn_scratch_elems(s, &elems) || !onr_mul_size(elems, reference ? sizeof(double) : sizeof(float), &s->lane_bytes))
        return onr_no_memory(c->err, SIZE_MAX);
    c->flops = 2.0 * (double)s->seq * (double)s->batch * (double)(s->n_dir * s->gates) * (double)s->hidden *
               (double)(s->input + s->hidden);
    c->kernel = "reference";
    if (!reference) ONR_TRY(prepare_float(c, s));
    if (!onr_mul_size(s->lane_bytes, (size_t)s->n_dir, &c->scratch_bytes)) return onr_no_memory(c->err, SIZE_MAX);
    return ONR_OK;
}

// ---- running ----------------------------------------------------------------------------------------------------------------

static const void *data_of(const onr_run *r, int32_t i) { return onr_run_has(r, i) ? onr_run_in(r, i)->data : NULL; }

static onr_status check_lengths(const onr_run *r, int64_t seq) {
    if (!onr_run_has(r, IN_LENS)) return ONR_OK;
    const onr_tensor *t = onr_run_in(r, IN_LENS);
    for (int64_t i = 0; i < onr_tensor_numel(t); i++) {
        int32_t n = ((const int32_t *)t->data)[i];
        if (n < 0 || n > seq) return onr_run_bad(r, "sequence_lens[%" PRId64 "] is %d, X has %" PRId64 " steps", i, n, seq);
    }
    return ONR_OK;
}

/// The reference for floats: everything as double, rounded once at the end.
static onr_status run_in_double(const onr_run *r, const onr_rnn_job *job) {
    onr_rnn_job j = *job;
    const void **in[] = {&j.x, &j.w, &j.r, &j.b, NULL, &j.h0, &j.c0, &j.p};
    void **out[] = {&j.y, &j.yh, &j.yc};
    size_t n = 0;
    for (int32_t i = 0; i < N_IN; i++)
        if (in[i] && *in[i]) n += (size_t)onr_tensor_numel(onr_run_in(r, i));
    for (int32_t i = 0; i < 3; i++)
        if (*out[i]) n += (size_t)onr_tensor_numel(onr_run_out(r, i));
    double *memory = onr_malloc(n * sizeof *memory + 1), *at = memory;
    if (!memory) return onr_no_memory(r->err, n * sizeof *memory);
    for (int32_t i = 0; i < N_IN; i++) {
        if (!in[i] || !*in[i]) continue;
        int64_t k = onr_tensor_numel(onr_run_in(r, i));
        onr_cast_numbers(ONR_FLOAT, *in[i], ONR_DOUBLE, at, k, false, ONR_E8M0_NEAREST, r->pool);
        *in[i] = at;
        at += k;
    }
    for (int32_t i = 0; i < 3; i++) {
        if (!*out[i]) continue;
        *out[i] = at;
        at += onr_tensor_numel(onr_run_out(r, i));
    }
    onr_rnn_run_f64(&j);
    for (int32_t i = 0; i < 3; i++)
        if (*out[i])
            onr_cast_numbers(ONR_DOUBLE, *out[i], ONR_FLOAT, onr_run_out(r, i)->data, onr_tensor_numel(onr_run_out(r, i)),
                             false, ONR_E8M0_NEAREST, r->pool);
    onr_free(memory);
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const onr_rnn *s = r->state;
    ONR_TRY(check_lengths(r, s->seq));
    onr_rnn_job j = {.s = s,
                     .x = data_of(r, IN_X),
                     .w = data_of(r, IN_W),
                     .r = data_of(r, IN_R),
                     .b = data_of(r, IN_B),
                     .h0 = data_of(r, IN_H0),
                     .c0 = data_of(r, IN_C0),
                     .p = data_of(r, IN_P),
                     .lens = data_of(r, IN_LENS),
                     .y = onr_run_wants(r, 0) ? onr_run_out(r, 0)->data : NULL,
                     .yh = onr_run_wants(r, 1) ? onr_run_out(r, 1)->data : NULL,
                     .yc = onr_run_wants(r, 2) ? onr_run_out(r, 2)->data : NULL,
                     .scratch = r->scratch,
                     .pool = r->pool};
    if (s->gemm)
        onr_rnn_run_f32(&j);
    else if (onr_run_in(r, IN_X)->dtype == ONR_DOUBLE)
        onr_rnn_run_f64(&j);
    else
        return run_in_double(r, &j);
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

// clang-format off
#define COMMON ONR_A_FLOATS(params, activation_alpha), ONR_A_FLOATS(params, activation_beta), \
               ONR_A_STRINGS(params, activations), ONR_A_FLOAT(params, clip, 0), \
               ONR_A_STRING(params, direction, "forward"), ONR_A_INT(params, hidden_size, ONR_NO_INT)
#define OLD ONR_A_INT(params, output_sequence, 0)
#define LAYOUT ONR_A_INT(params, layout, 0)
#define FORGET ONR_A_INT(params, input_forget, 0)
#define LINEAR ONR_A_INT(params, linear_before_reset, 0)
static const onr_attr_spec rnn1[] = {COMMON, OLD, ONR_ATTR_ARRAY_END};
static const onr_attr_spec rnn7[] = {COMMON, ONR_ATTR_ARRAY_END};
static const onr_attr_spec rnn14[] = {COMMON, LAYOUT, ONR_ATTR_ARRAY_END};
static const onr_attr_spec lstm1[] = {COMMON, FORGET, OLD, ONR_ATTR_ARRAY_END};
static const onr_attr_spec lstm7[] = {COMMON, FORGET, ONR_ATTR_ARRAY_END};
static const onr_attr_spec lstm14[] = {COMMON, FORGET, LAYOUT, ONR_ATTR_ARRAY_END};
static const onr_attr_spec gru3[] = {COMMON, LINEAR, OLD, ONR_ATTR_ARRAY_END};
static const onr_attr_spec gru7[] = {COMMON, LINEAR, ONR_ATTR_ARRAY_END};
static const onr_attr_spec gru14[] = {COMMON, LINEAR, LAYOUT, ONR_ATTR_ARRAY_END};

#define RNN(op, from, to, i1, o1, T, A)                                                                                      \
    {ONR_AI(op, from, to), ONR_ARITY(3, i1, 0, o1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = T, ONR_PARAMS(A, params),   \
     .check = check, .infer = infer, .prepare = prepare, .run = run}

static const onr_op rows[] = {
    RNN("RNN", 1, 6, 6, 2, ONR_T_FLOATS3, rnn1),
    RNN("RNN", 7, 13, 6, 2, ONR_T_FLOATS3, rnn7),
    RNN("RNN", 14, 21, 6, 2, ONR_T_FLOATS3, rnn14),
    RNN("RNN", 22, 0, 6, 2, ONR_T_FLOATS, rnn14),
    RNN("LSTM", 1, 6, 8, 3, ONR_T_FLOATS3, lstm1),
    RNN("LSTM", 7, 13, 8, 3, ONR_T_FLOATS3, lstm7),
    RNN("LSTM", 14, 21, 8, 3, ONR_T_FLOATS3, lstm14),
    RNN("LSTM", 22, 0, 8, 3, ONR_T_FLOATS, lstm14),
    RNN("GRU", 1, 2, 6, 2, ONR_T_FLOATS3, rnn1),
    RNN("GRU", 3, 6, 6, 2, ONR_T_FLOATS3, gru3),
    RNN("GRU", 7, 13, 6, 2, ONR_T_FLOATS3, gru7),
    RNN("GRU", 14, 21, 6, 2, ONR_T_FLOATS3, gru14),
    RNN("GRU", 22, 0, 6, 2, ONR_T_FLOATS, gru14),
};
// clang-format on
ONR_OP_FAMILY(rnn);
