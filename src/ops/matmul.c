// matmul.c: MatMul, with NumPy's rules for ranks and batches, and our own form of it: B may lie transposed, and a vector is
// added. May assume: attributes were decoded. Never packs a constant B more than once. Source: ONNX MatMul (1, 9, 13),
// numpy.matmul.
#include "base/mathx.h"
#include "ops/gemm_pack.h"
#include "ops/matmul_reference.h"
#include "ops/rows.h"

#include <math.h>

enum { IN_A, IN_B, IN_BIAS };

typedef struct params {
    int64_t transB; // of onnxrun.MatMul alone (A, B, bias): the last two dimensions of B are n and k
} params;

static const onr_attr_spec no_attrs[] = {ONR_ATTR_ARRAY_END};
static const onr_attr_spec attrs[] = {ONR_A_INT(params, transB, 0), ONR_ATTR_ARRAY_END};

/// The operands as batches of matrices: 1-D ones become a row (A) or a column (B).
typedef struct geometry {
    int64_t m, n, k, batch;
    int64_t b_row, b_col;
    onr_shape out;                                      // batch dimensions alone
    int64_t a_step[ONR_MAX_RANK], b_step[ONR_MAX_RANK]; // matrices to advance per batch dimension; 0: broadcast
    bool b_is_shared;                                   // one B for all batches
} geometry;

static void split(const onr_shape *s, bool first, int64_t *rows, int64_t *cols, onr_shape *batch) {
    onr_shape two = *s;
    if (s->rank == 1) two = first ? onr_shape_make(2, (int64_t[]){1, s->dim[0]}) : onr_shape_make(2, (int64_t[]){s->dim[0], 1});
    *rows = two.dim[two.rank - 2];
    *cols = two.dim[two.rank - 1];
    *batch = two;
    batch->rank -= 2;
}

/// B's shape as the product sees it.
static onr_shape seen_b(const params *p, const onr_shape *b) {
    onr_shape s = *b;
    if (!p->transB || b->rank < 2) return s;
    s.dim[s.rank - 1] = b->dim[s.rank - 2];
    s.dim[s.rank - 2] = b->dim[s.rank - 1];
    return s;
}

static onr_status check_bias(const onr_infer *c, int64_t n) {
    onr_shape bias = onr_infer_shape(c, IN_BIAS);
    if (!onr_infer_has(c, IN_BIAS) || bias.rank < 0) return ONR_OK;
    if (bias.rank == 1 && (bias.dim[0] == n || !onr_dim_known(bias.dim[0]) || !onr_dim_known(n))) return ONR_OK;
    return onr_infer_bad(c, "the bias is no vector of the product's %lld columns", (long long)n);
}

static onr_status infer(onr_infer *c) {
    onr_shape a = onr_infer_shape(c, IN_A), b = onr_infer_shape(c, IN_B), batch, b_batch;
    onr_dtype t = onr_infer_dtype(c, 0);
    if (a.rank < 0 || b.rank < 0) return onr_infer_set(c, 0, t, onr_shape_unknown()), ONR_OK;
    if (a.rank == 0 || b.rank == 0) return onr_infer_bad(c, "a scalar is no matrix");
    int64_t m, k, k2, n;
    b = seen_b(c->params, &b);
    split(&a, true, &m, &k, &batch);
    split(&b, false, &k2, &n, &b_batch);
    if (onr_dim_known(k) && onr_dim_known(k2) && k != k2)
        return onr_infer_bad(c, "A has %lld columns, B has %lld rows", (long long)k, (long long)k2);
    ONR_TRY(check_bias(c, n));
    ONR_TRY(onr_infer_broadcast(c, &batch, &b_batch));
    if (batch.rank + 2 > ONR_MAX_RANK) return onr_infer_bad(c, "the result has too many dimensions");
    if (a.rank > 1) batch.dim[batch.rank++] = m;
    if (b.rank > 1) batch.dim[batch.rank++] = n;
    onr_infer_set(c, 0, t, batch);
    return ONR_OK;
}

static void steps_of(const onr_shape *batch, const onr_shape *out, int64_t *step) {
    int64_t stride = 1;
    for (int32_t i = 1; i <= out->rank; i++) {
        int64_t d = i <= batch->rank ? batch->dim[batch->rank - i] : 1;
        step[out->rank - i] = d == 1 ? 0 : stride;
        stride *= d;
    }
}

static geometry make_geometry(const params *p, const onr_shape *a, const onr_shape *b, const onr_shape *y) {
    geometry g = {.out = *y};
    int64_t k2;
    onr_shape a_batch, b_batch, b_seen = seen_b(p, b);
    split(a, true, &g.m, &g.k, &a_batch);
    split(&b_seen, false, &k2, &g.n, &b_batch);
    g.b_row = p->transB ? 1 : g.n;
    g.b_col = p->transB ? g.k : 1;
    g.out.rank = y->rank - (a->rank > 1) - (b->rank > 1);
    g.batch = onr_shape_span(&g.out, 0, g.out.rank);
    steps_of(&a_batch, &g.out, g.a_step);
    steps_of(&b_batch, &g.out, g.b_step);
    g.b_is_shared = true;
    for (int32_t i = 0; i < g.out.rank; i++) g.b_is_shared &= g.b_step[i] == 0;
    // One B for all: the batches of A are rows of one tall matrix, when A itself is not broadcast.
    bool a_is_whole = onr_shape_span(&a_batch, 0, a_batch.rank) == g.batch;
    if (g.b_is_shared && a_is_whole) {
        g.m *= g.batch;
        g.batch = 1;
        g.out.rank = 0;
    }
    return g;
}

typedef struct state {
    geometry g;
    const onr_gemm_variant *gemm; // NULL: the reference
    const float *packed_b;
    bool by_batch; // threads take whole products
    size_t scratch_each;
} state;

enum { SMALL_PRODUCT = 1 << 21 }; // multiply-adds below which a product is too small to share out among threads

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    s->g = make_geometry(p, &c->in[IN_A]->shape, &c->in[IN_B]->shape, &c->out[0].shape);
    const geometry *g = &s->g;
    c->flops = 2.0 * (double)g->m * (double)g->n * (double)g->k * (double)g->batch;
    if (c->target->reference || c->in[IN_A]->dtype != ONR_FLOAT) return c->kernel = "reference", ONR_OK;
    s->gemm = onr_gemm_choose(c->target->cpu.features);
    c->kernel = onr_gemm_name(s->gemm);
    if (c->constant[IN_B] && g->b_is_shared && g->m > 0) {
        s->packed_b = onr_prepare_gemm_b(c, IN_B, s->gemm, g->k, g->n, p->transB != 0);
        if (!s->packed_b) return ONR_LIMIT;
    }
    int threads = onr_pool_threads(c->pool);
    s->by_batch = g->batch > 1 && (double)g->m * (double)g->n * (double)g->k < SMALL_PRODUCT;
    s->scratch_each = onr_align_up(onr_gemm_scratch_bytes(s->gemm, g->m, g->n, g->k, s->packed_b != NULL), 64);
    c->scratch_bytes = s->scratch_each * (size_t)(s->by_batch ? threads : 1);
    return ONR_OK;
}

typedef struct job {
    const state *s;
    const onr_run *r;
} job;

/// Matrix number (in units of whole matrices) that batch `i` of the result reads.
static int64_t matrix_at(const geometry *g, const int64_t *step, int64_t i) {
    int64_t at = 0;
    for (int32_t d = g->out.rank - 1; d >= 0; d--) {
        at += i % g->out.dim[d] * step[d];
        i /= g->out.dim[d];
    }
    return at;
}

static void add_bias(const geometry *g, const float *bias, float *y) {
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t k = 0; bias && k < g->n; k++) y[i * g->n + k] += bias[k];
}

static void one_product(const job *j, int64_t i, void *scratch, onr_pool *pool) {
    const geometry *g = &j->s->g;
    const onr_tensor *a = onr_run_in(j->r, IN_A), *b = onr_run_in(j->r, IN_B), *y = onr_run_out(j->r, 0);
    const float *bias = onr_run_has(j->r, IN_BIAS) ? onr_run_in(j->r, IN_BIAS)->data : NULL;
    size_t size = onr_dtype_size(a->dtype);
    const char *pa = (const char *)a->data + (size_t)(matrix_at(g, g->a_step, i) * g->m * g->k) * size;
    const char *pb = (const char *)b->data + (size_t)(matrix_at(g, g->b_step, i) * g->k * g->n) * size;
    char *py = (char *)y->data + (size_t)(i * g->m * g->n) * size;
    if (!j->s->gemm) {
        onr_matmul_reference(&(onr_matmul_ref){.dtype = a->dtype,
                                               .m = g->m,
                                               .n = g->n,
                                               .k = g->k,
                                               .a = pa,
                                               .b = pb,
                                               .a_row = g->k,
                                               .a_col = 1,
                                               .b_row = g->b_row,
                                               .b_col = g->b_col,
                                               .c = py,
                                               .pool = pool});
        add_bias(g, bias, (void *)py); // only our form has one, and it is of floats
        return;
    }
    onr_gemm_run(j->s->gemm, &(onr_gemm_args){.m = g->m,
                                              .n = g->n,
                                              .k = g->k,
                                              .a = (const void *)pa,
                                              .a_row = g->k,
                                              .a_col = 1,
                                              .b = (const void *)pb,
                                              .b_row = g->b_row,
                                              .b_col = g->b_col,
                                              .packed_b = j->s->packed_b,
                                              .c = (void *)py,
                                              .c_row = g->n,
                                              .alpha = 1,
                                              .bias = bias,
                                              .bias_col = 1,
                                              .lo = -INFINITY,
                                              .hi = INFINITY,
                                              .scratch = scratch,
                                              .pool = pool});
}

static void product_on_worker(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    one_product(j, (int64_t)i, (char *)j->r->scratch + worker * j->s->scratch_each, NULL);
}

static onr_status run(const onr_run *r) {
    const state *s = r->state;
    job j = {s, r};
    if (s->g.m == 0 || s->g.n == 0) return ONR_OK;
    if (s->by_batch)
        onr_pool_for_worker(r->pool, (size_t)s->g.batch, product_on_worker, &j);
    else
        for (int64_t i = 0; i < s->g.batch; i++) one_product(&j, i, r->scratch, r->pool);
    return ONR_OK;
}

#define MATMUL_INTS (ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64) | ONR_BIT(ONR_UINT32) | ONR_BIT(ONR_UINT64))
#define MATMUL(from, to, T)                                                                                               \
    {                                                                                                                     \
        ONR_AI("MatMul", from, to), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES,       \
                                                           .packs = 1u << IN_B, .types = T, ONR_PARAMS(no_attrs, params), \
                                                           .infer = infer, .prepare = prepare, .run = run                 \
    }

static const onr_op rows[] = {
    MATMUL(1, 8, ONR_T_FLOATS3),
    MATMUL(9, 12, ONR_T_FLOATS3 | MATMUL_INTS),
    MATMUL(13, 0, ONR_T_FLOATS | MATMUL_INTS),
    {.domain = "onnxrun",
     .name = "MatMul",
     .since = 1,
     ONR_ARITY(2, 3, 1, 1),
     .flags = ONR_OP_PURE | ONR_OP_SAME_TYPES,
     .packs = 1u << IN_B,
     .types = ONR_BIT(ONR_FLOAT),
     ONR_PARAMS(attrs, params),
     .infer = infer,
     .prepare = prepare,
     .run = run},
};

ONR_OP_FAMILY(matmul);
