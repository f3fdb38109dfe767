// gemm.c: Gemm, Y = alpha A' B' + beta C.
// May assume: attributes were decoded. Never packs a constant B more than once. Source: ONNX Gemm (1, 6, 7, 9, 11, 13).
#include "base/mathx.h"
#include "ops/gemm_pack.h"
#include "ops/matmul_reference.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

typedef struct params {
    float alpha, beta;
    int64_t transA, transB;
    int64_t broadcast; // opsets 1 and 6: C is broadcast only when set
} params;

static const onr_attr_spec attrs[] = {ONR_A_FLOAT(params, alpha, 1), ONR_A_FLOAT(params, beta, 1), ONR_A_INT(params, transA, 0),
                                      ONR_A_INT(params, transB, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec old_attrs[] = {ONR_A_FLOAT(params, alpha, 1),   ONR_A_FLOAT(params, beta, 1),
                                          ONR_A_INT(params, transA, 0),    ONR_A_INT(params, transB, 0),
                                          ONR_A_INT(params, broadcast, 0), ONR_ATTR_ARRAY_END};

typedef struct geometry {
    int64_t m, n, k;
    int64_t a_row, a_col, b_row, b_col;
} geometry;

static geometry make_geometry(const params *p, const onr_shape *a, const onr_shape *b) {
    geometry g = {.a_row = a->dim[1], .a_col = 1, .b_row = b->dim[1], .b_col = 1};
    g.m = a->dim[p->transA != 0];
    g.k = a->dim[p->transA == 0];
    g.n = b->dim[p->transB == 0];
    if (p->transA) g.a_row = 1, g.a_col = a->dim[1];
    if (p->transB) g.b_row = 1, g.b_col = b->dim[1];
    return g;
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape a = onr_infer_shape(c, 0), b = onr_infer_shape(c, 1), y = {.rank = 2};
    onr_dtype t = onr_infer_dtype(c, 0);
    if (a.rank < 0 || b.rank < 0) return onr_infer_set(c, 0, t, onr_shape_unknown()), ONR_OK;
    if (a.rank != 2 || b.rank != 2)
        return onr_infer_bad(c, "A and B must be matrices, they have rank %d and %d", a.rank, b.rank);
    geometry g = make_geometry(p, &a, &b);
    int64_t k2 = b.dim[p->transB != 0];
    if (onr_dim_known(g.k) && onr_dim_known(k2) && g.k != k2)
        return onr_infer_bad(c, "A gives %lld numbers to each sum, B gives %lld", (long long)g.k, (long long)k2);
    y.dim[0] = g.m;
    y.dim[1] = g.n;
    onr_shape with_c = y, bias = onr_infer_shape(c, 2);
    if (onr_infer_has(c, 2) && bias.rank >= 0) {
        ONR_TRY(onr_infer_broadcast(c, &with_c, &bias));
        bool grew = with_c.rank != 2;
        for (int i = 0; i < 2 && !grew; i++)
            grew = onr_dim_known(y.dim[i]) && onr_dim_known(with_c.dim[i]) && y.dim[i] != with_c.dim[i];
        char text[ONR_SHAPE_TEXT];
        if (grew)
            return onr_infer_bad(c, "C of shape %s does not broadcast to the product", onr_shape_text(&bias, c->symbols, text));
    }
    onr_infer_set(c, 0, t, y);
    return ONR_OK;
}

typedef struct state {
    geometry g;
    const onr_gemm_variant *gemm; // NULL: the reference
    const float *packed_b;
    size_t gemm_at;
} state;

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    s->g = make_geometry(p, &c->in[0]->shape, &c->in[1]->shape);
    const geometry *g = &s->g;
    c->flops = 2.0 * (double)g->m * (double)g->n * (double)g->k;
    if (c->target->reference || c->in[0]->dtype != ONR_FLOAT) return c->kernel = "reference", ONR_OK;
    s->gemm = onr_gemm_choose(c->target->cpu.features);
    c->kernel = onr_gemm_name(s->gemm);
    if (c->constant[1]) {
        s->packed_b = onr_prepare_gemm_b(c, 1, s->gemm, g->k, g->n, p->transB != 0);
        if (!s->packed_b) return ONR_LIMIT;
    }
    if (c->n_in > 2 && c->in[2] && p->beta != 1) {
        size_t bytes = onr_align_up((size_t)onr_shape_span(&c->in[2]->shape, 0, c->in[2]->shape.rank) * sizeof(float), 64);
        c->scratch_bytes += bytes;
    }
    s->gemm_at = c->scratch_bytes;
    c->scratch_bytes += onr_gemm_scratch_bytes(s->gemm, g->m, g->n, g->k, s->packed_b != NULL);
    return ONR_OK;
}

/// Strides of C in the product's rows and columns; 0 where it is broadcast.
static void bias_strides(const onr_shape *c, int64_t *row, int64_t *col) {
    int64_t cols = c->rank > 0 ? c->dim[c->rank - 1] : 1, rows = c->rank > 1 ? c->dim[c->rank - 2] : 1;
    *col = cols == 1 ? 0 : 1;
    *row = rows == 1 ? 0 : cols;
}

static onr_status run_fast(const onr_run *r, const params *p, const state *s) {
    const geometry *g = &s->g;
    char *scratch = r->scratch;
    onr_gemm_args a = {.m = g->m,
                       .n = g->n,
                       .k = g->k,
                       .a = onr_run_in(r, 0)->data,
                       .a_row = g->a_row,
                       .a_col = g->a_col,
                       .b = onr_run_in(r, 1)->data,
                       .b_row = g->b_row,
                       .b_col = g->b_col,
                       .packed_b = s->packed_b,
                       .c = onr_run_out(r, 0)->data,
                       .c_row = g->n,
                       .alpha = p->alpha,
                       .lo = -INFINITY,
                       .hi = INFINITY,
                       .scratch = scratch + s->gemm_at,
                       .pool = r->pool};
    if (onr_run_has(r, 2) && p->beta != 0) {
        const onr_tensor *c = onr_run_in(r, 2);
        a.bias = c->data;
        bias_strides(&c->shape, &a.bias_row, &a.bias_col);
        if (p->beta != 1) {
            float *scaled = (float *)(void *)scratch;
            int64_t n = onr_tensor_numel(c);
            for (int64_t i = 0; i < n; i++) scaled[i] = p->beta * ((const float *)c->data)[i];
            a.bias = scaled;
        }
    }
    if (g->m && g->n) onr_gemm_run(s->gemm, &a);
    return ONR_OK;
}

// Y = alpha * Y + beta * C.
#define EPILOGUE(name, type)                                                                                 \
    static void name(const params *p, const geometry *g, type *y, const type *c, int64_t row, int64_t col) { \
        for (int64_t i = 0; i < g->m; i++)                                                                   \
            for (int64_t j = 0; j < g->n; j++) {                                                             \
                double v = (double)y[i * g->n + j] * (double)p->alpha;                                       \
                if (c) v += (double)c[i * row + j * col] * (double)p->beta;                                  \
                y[i * g->n + j] = (type)v;                                                                   \
            }                                                                                                \
    }
EPILOGUE(epilogue_float, float)
EPILOGUE(epilogue_double, double)

// Integers: exact and wrapping for the usual factors of 1; else through double, as NumPy does, kept within the type.
#define EPILOGUE_INT(name, type, low, high)                                                                  \
    static void name(const params *p, const geometry *g, type *y, const type *c, int64_t row, int64_t col) { \
        bool exact = p->alpha == 1 && (!c || p->beta == 1);                                                  \
        for (int64_t i = 0; i < g->m; i++)                                                                   \
            for (int64_t j = 0; j < g->n; j++) {                                                             \
                type *to = &y[i * g->n + j];                                                                 \
                type add = c ? c[i * row + j * col] : 0;                                                     \
                double v = (double)*to * (double)p->alpha + (double)add * (double)p->beta;                   \
                if (exact)                                                                                   \
                    *to = (type)((uint64_t)*to + (uint64_t)add);                                             \
                else                                                                                         \
                    *to = v <= (double)low ? low : v >= (double)high ? high : (type)v;                       \
            }                                                                                                \
    }
EPILOGUE_INT(epilogue_i32, int32_t, INT32_MIN, INT32_MAX)
EPILOGUE_INT(epilogue_u32, uint32_t, 0, UINT32_MAX)
EPILOGUE_INT(epilogue_i64, int64_t, INT64_MIN, INT64_MAX)
EPILOGUE_INT(epilogue_u64, uint64_t, 0, UINT64_MAX)

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const state *s = r->state;
    const geometry *g = &s->g;
    if (s->gemm) return run_fast(r, p, s);
    const onr_tensor *a = onr_run_in(r, 0);
    void *y = onr_run_out(r, 0)->data;
    onr_matmul_reference(&(onr_matmul_ref){.dtype = a->dtype,
                                           .m = g->m,
                                           .n = g->n,
                                           .k = g->k,
                                           .a = a->data,
                                           .b = onr_run_in(r, 1)->data,
                                           .a_row = g->a_row,
                                           .a_col = g->a_col,
                                           .b_row = g->b_row,
                                           .b_col = g->b_col,
                                           .c = y,
                                           .pool = r->pool});
    const onr_tensor *c = onr_run_has(r, 2) ? onr_run_in(r, 2) : NULL;
    const void *bias = c && p->beta != 0 ? c->data : NULL;
    int64_t row = 0, col = 0;
    if (c) bias_strides(&c->shape, &row, &col);
    switch (a->dtype) {
    case ONR_FLOAT: epilogue_float(p, g, y, bias, row, col); break;
    case ONR_DOUBLE: epilogue_double(p, g, y, bias, row, col); break;
    case ONR_INT32: epilogue_i32(p, g, y, bias, row, col); break;
    case ONR_UINT32: epilogue_u32(p, g, y, bias, row, col); break;
    case ONR_INT64: epilogue_i64(p, g, y, bias, row, col); break;
    default: epilogue_u64(p, g, y, bias, row, col); break;
    }
    return ONR_OK;
}

#define GEMM_INTS (ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64) | ONR_BIT(ONR_UINT32) | ONR_BIT(ONR_UINT64))
#define GEMM(from, to, c_min, T, A)                                                                                   \
    {                                                                                                                 \
        ONR_AI("Gemm", from, to), ONR_ARITY(c_min, 3, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES, \
                                                             .packs = 1u << 1, .types = T, ONR_PARAMS(A, params),     \
                                                             .infer = infer, .prepare = prepare, .run = run           \
    }

static const onr_op rows[] = {
    GEMM(1, 6, 3, ONR_T_FLOATS3, old_attrs),          GEMM(7, 8, 3, ONR_T_FLOATS3, attrs),
    GEMM(9, 10, 3, ONR_T_FLOATS3 | GEMM_INTS, attrs), GEMM(11, 12, 2, ONR_T_FLOATS3 | GEMM_INTS, attrs),
    GEMM(13, 0, 2, ONR_T_FLOATS | GEMM_INTS, attrs),
};

ONR_OP_FAMILY(gemm);
