// qmatmul.c: MatMulInteger and QLinearMatMul.
// May assume: inference checked ranks, sizes and how zero points and scales lie. Integer sums are exact and wrap at 32 bits.
// Never rounds twice. Source: ONNX MatMulInteger (10), QLinearMatMul (10, 21), numpy.matmul for ranks and batches.
#include "base/half.h"
#include "base/mathx.h"
#include "kernels/gemm/gemm.h"
#include "ops/cast.h"
#include "ops/quant.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

/// Which inputs are what: the two operators order them differently. -1: none.
typedef struct roles {
    int32_t a, b, a_zero, b_zero, a_scale, b_scale, y_scale, y_zero;
} roles;

static const roles integer_roles = {0, 1, 2, 3, -1, -1, -1, -1};
static const roles linear_roles = {0, 3, 2, 5, 1, 4, 6, 7};

static const roles *roles_of(const onr_node *n) { return n->op->in_max == 4 ? &integer_roles : &linear_roles; }

// ---- shapes -----------------------------------------------------------------------------------------------------------------

static void split(const onr_shape *s, bool first, int64_t *rows, int64_t *cols, onr_shape *batch) {
    onr_shape two = *s;
    if (s->rank == 1 && first) two = onr_shape_make(2, (int64_t[]){1, s->dim[0]});
    if (s->rank == 1 && !first) two = onr_shape_make(2, (int64_t[]){s->dim[0], 1});
    *rows = two.dim[two.rank - 2];
    *cols = two.dim[two.rank - 1];
    *batch = two;
    batch->rank -= 2;
}

/// A zero point or scale of a matrix: one number, one per row (or column), or one per row (or column) of each matrix.
static onr_status check_side(const onr_infer *c, int32_t i, const onr_shape *m, bool by_row) {
    onr_shape s = i < 0 ? onr_shape_unknown() : onr_infer_shape(c, i);
    if (!onr_shape_known(&s) || !onr_shape_known(m) || m->rank < 1) return ONR_OK;
    int64_t n = onr_shape_span(&s, 0, s.rank), lines = m->rank == 1 ? 1 : m->dim[by_row ? m->rank - 2 : m->rank - 1];
    if (n == 1 || (s.rank == 1 && n == lines)) return ONR_OK;
    bool fits = s.rank >= 2 && s.rank == m->rank && s.dim[by_row ? s.rank - 1 : s.rank - 2] == 1;
    for (int32_t d = 0; fits && d < s.rank; d++) fits = s.dim[d] == m->dim[d] || d == (by_row ? s.rank - 1 : s.rank - 2);
    char a[ONR_SHAPE_TEXT], b[ONR_SHAPE_TEXT];
    if (fits) return ONR_OK;
    return onr_infer_bad(c, "scale or zero point %d of shape %s does not fit a matrix of shape %s", i,
                         onr_shape_text(&s, c->symbols, a), onr_shape_text(m, c->symbols, b));
}

static onr_status check_type(const onr_infer *c, int32_t i, onr_dtype want) {
    onr_dtype t = i < 0 ? ONR_UNDEFINED : onr_infer_dtype(c, i);
    if (t == ONR_UNDEFINED || want == ONR_UNDEFINED || t == want) return ONR_OK;
    return onr_infer_bad(c, "input %d is %s, expected %s", i, onr_dtype_name(t), onr_dtype_name(want));
}

static onr_status infer(onr_infer *c) {
    const roles *at = roles_of(c->node);
    onr_shape a = onr_infer_shape(c, at->a), b = onr_infer_shape(c, at->b), y, b_batch;
    onr_dtype t = at->y_zero < 0 ? ONR_INT32 : onr_infer_dtype(c, at->y_zero);
    onr_dtype tb = onr_infer_dtype(c, at->b);
    if (tb != ONR_UNDEFINED && !onr_dtype_in(tb, c->node->op->types)) return onr_infer_bad(c, "B is %s", onr_dtype_name(tb));
    if (t != ONR_UNDEFINED && at->y_zero >= 0 && !onr_dtype_in(t, c->node->op->types))
        return onr_infer_bad(c, "the result is %s", onr_dtype_name(t));
    ONR_TRY(check_type(c, at->a_zero, onr_infer_dtype(c, at->a)));
    ONR_TRY(check_type(c, at->b_zero, tb));
    if (a.rank < 0 || b.rank < 0) return onr_infer_set(c, 0, t, onr_shape_unknown()), ONR_OK;
    if (a.rank == 0 || b.rank == 0) return onr_infer_bad(c, "a scalar is no matrix");
    int64_t m, k, k2, n;
    split(&a, true, &m, &k, &y);
    split(&b, false, &k2, &n, &b_batch);
    if (onr_dim_known(k) && onr_dim_known(k2) && k != k2)
        return onr_infer_bad(c, "A has %lld columns, B has %lld rows", (long long)k, (long long)k2);
    ONR_TRY(onr_infer_broadcast(c, &y, &b_batch));
    if (y.rank + 2 > ONR_MAX_RANK) return onr_infer_bad(c, "the result has too many dimensions");
    if (a.rank > 1) y.dim[y.rank++] = m;
    if (b.rank > 1) y.dim[y.rank++] = n;
    ONR_TRY(check_side(c, at->a_zero, &a, true));
    ONR_TRY(check_side(c, at->a_scale, &a, true));
    ONR_TRY(check_side(c, at->b_zero, &b, false));
    ONR_TRY(check_side(c, at->b_scale, &b, false));
    ONR_TRY(check_side(c, at->y_zero, &y, true));
    ONR_TRY(check_side(c, at->y_scale, &y, true));
    onr_infer_set(c, 0, t, y);
    return ONR_OK;
}

// ---- preparation ------------------------------------------------------------------------------------------------------------

typedef struct state {
    int64_t m, n, k, batch;
    onr_shape out; // batch dimensions
    int64_t a_step[ONR_MAX_RANK], b_step[ONR_MAX_RANK];
    const onr_gemm_variant *gemm; // NULL: plain loops
    size_t a_at, b_at, part_at, sum_at, gemm_at;
    bool integers; // both operands are 8-bit integers
} state;

static void steps_of(const onr_shape *batch, const onr_shape *out, int64_t *step) {
    int64_t stride = 1;
    for (int32_t i = 1; i <= out->rank; i++) {
        int64_t d = i <= batch->rank ? batch->dim[batch->rank - i] : 1;
        step[out->rank - i] = d == 1 ? 0 : stride;
        stride *= d;
    }
}

/// Products of two differences of 8-bit integers are below 2^16: 256 of them sum up exactly in a float.
enum { EXACT_DEPTH = 256 };

static bool add_bytes(size_t *total, size_t *at, int64_t rows, int64_t cols, size_t elem) {
    size_t n;
    *at = *total;
    if (!onr_mul_size((size_t)rows, (size_t)cols, &n) || !onr_mul_size(n, elem, &n) || !onr_add_size(n, 63, &n)) return false;
    return onr_add_size(*total, n & ~(size_t)63, total);
}

static onr_status prepare(onr_prepare *c) {
    const roles *at = roles_of(c->node);
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    const onr_shape *a = &c->in[at->a]->shape, *b = &c->in[at->b]->shape;
    onr_shape a_batch, b_batch;
    int64_t k2;
    split(a, true, &s->m, &s->k, &a_batch);
    split(b, false, &k2, &s->n, &b_batch);
    s->out = c->out[0].shape;
    s->out.rank -= (a->rank > 1) + (b->rank > 1);
    s->batch = onr_shape_span(&s->out, 0, s->out.rank);
    steps_of(&a_batch, &s->out, s->a_step);
    steps_of(&b_batch, &s->out, s->b_step);
    const onr_dtypes bytes = ONR_BIT(ONR_INT8) | ONR_BIT(ONR_UINT8);
    s->integers = onr_dtype_in(c->in[at->a]->dtype, bytes) && onr_dtype_in(c->in[at->b]->dtype, bytes);
    c->flops = 2.0 * (double)s->m * (double)s->n * (double)s->k * (double)s->batch;
    c->kernel = "reference";
    size_t elem = sizeof(double);
    if (!c->target->reference && s->integers) {
        s->gemm = onr_gemm_choose(c->target->cpu.features);
        c->kernel = onr_gemm_name(s->gemm);
        elem = sizeof(float);
    }
    bool ok = add_bytes(&c->scratch_bytes, &s->a_at, s->m, s->k, elem);
    ok = ok && add_bytes(&c->scratch_bytes, &s->b_at, s->k, s->n, elem);
    ok = ok && add_bytes(&c->scratch_bytes, &s->part_at, s->m, s->n, elem);
    ok = ok && add_bytes(&c->scratch_bytes, &s->sum_at, s->m, s->n, sizeof(double));
    if (!ok) return onr_no_memory(c->err, SIZE_MAX);
    s->gemm_at = c->scratch_bytes;
    if (s->gemm) c->scratch_bytes += onr_gemm_scratch_bytes(s->gemm, s->m, s->n, onr_min_i64(s->k, EXACT_DEPTH), false);
    return ONR_OK;
}

// ---- running ----------------------------------------------------------------------------------------------------------------

/// A zero point or scale of a matrix, element by line.
typedef struct side {
    const onr_tensor *t;
    int64_t n, first; // numbers in all; where this matrix's begin
} side;

static side side_of(const onr_run *r, int32_t i, int64_t matrix, int64_t lines) {
    side s = {0};
    if (i < 0 || !onr_run_has(r, i)) return s;
    s.t = onr_run_in(r, i);
    s.n = onr_tensor_numel(s.t);
    s.first = s.t->shape.rank > 1 && s.n > lines ? matrix * lines : 0;
    return s;
}

static double side_at(const side *s, int64_t line, double dflt) {
    return !s->t ? dflt : onr_tensor_num(s->t, s->n == 1 ? 0 : s->first + line);
}

typedef struct job {
    const onr_run *r;
    const state *s;
    const onr_tensor *a, *b;
    int64_t a_matrix, b_matrix, y_matrix;
    side a_zero, b_zero, a_scale, b_scale, y_scale, y_zero;
} job;

/// Element i less a zero point, as float or double.
static void load(const onr_tensor *t, int64_t at, int64_t rows, int64_t cols, const side *zero, bool by_row, bool as_float,
                 void *out) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t q = 0; q < cols; q++) {
            int64_t k = i * cols + q;
            double v = onr_tensor_num(t, at + k) - side_at(zero, by_row ? i : q, 0);
            if (as_float)
                ((float *)out)[k] = (float)v;
            else
                ((double *)out)[k] = v;
        }
}

static void load_rows_u8(const uint8_t *x, int64_t n, uint8_t flip, float zero, float *out) {
    for (int64_t i = 0; i < n; i++) out[i] = (float)(int8_t)(x[i] ^ flip) - zero;
}

/// The same for 8-bit integers with one zero point: unsigned ones are moved by 128, so that one loop does both.
static bool load_bytes(const onr_tensor *t, int64_t at, int64_t n, const side *zero, float *out) {
    if (zero->t && zero->n != 1) return false;
    bool is_unsigned = t->dtype == ONR_UINT8;
    float z = (float)side_at(zero, 0, 0) - (is_unsigned ? 128.0F : 0.0F);
    load_rows_u8((const uint8_t *)t->data + at, n, is_unsigned ? 0x80 : 0, z, out);
    return true;
}

/// sum = A B in int32, by float products that are exact over EXACT_DEPTH terms.
static void product_exact(const job *j, const float *a, const float *b, float *part, double *sum) {
    const state *s = j->s;
    int32_t *wrapped = (int32_t *)(void *)sum;
    memset(wrapped, 0, (size_t)(s->m * s->n) * sizeof *wrapped);
    for (int64_t k = 0; k < s->k; k += EXACT_DEPTH) {
        onr_gemm_args g = {.m = s->m,
                           .n = s->n,
                           .k = onr_min_i64(EXACT_DEPTH, s->k - k),
                           .a = a + k,
                           .a_row = s->k,
                           .a_col = 1,
                           .b = b + k * s->n,
                           .b_row = s->n,
                           .b_col = 1,
                           .c = part,
                           .c_row = s->n,
                           .alpha = 1,
                           .lo = -INFINITY,
                           .hi = INFINITY,
                           .scratch = (char *)j->r->scratch + s->gemm_at,
                           .pool = j->r->pool};
        onr_gemm_run(s->gemm, &g);
        for (int64_t i = 0; i < s->m * s->n; i++) wrapped[i] = (int32_t)((uint32_t)wrapped[i] + (uint32_t)(int32_t)part[i]);
    }
    for (int64_t i = s->m * s->n - 1; i >= 0; i--) sum[i] = wrapped[i]; // backwards: twice the size
}

static void product_plain(const job *j, const double *a, const double *b, double *sum) {
    const state *s = j->s;
    for (int64_t i = 0; i < s->m; i++)
        for (int64_t q = 0; q < s->n; q++) {
            double v = 0;
            for (int64_t k = 0; k < s->k; k++) v += a[i * s->k + k] * b[k * s->n + q];
            if (s->integers) v = (double)(int32_t)(uint32_t)(int64_t)v; // exact up to 2^53, wraps at 32 bits
            sum[i * s->n + q] = v;
        }
}

/// The factor from the sum to the result, rounded to the scales' type after each step.
static double factor(const job *j, int64_t row, int64_t col) {
    onr_dtype t = j->a_scale.t->dtype;
    float ab = onr_quant_round_to(t, (float)side_at(&j->a_scale, row, 1) * (float)side_at(&j->b_scale, col, 1));
    return (double)onr_quant_round_to(t, ab / (float)side_at(&j->y_scale, row, 1));
}

static void store(const job *j, const double *sum) {
    const state *s = j->s;
    onr_tensor *y = onr_run_out(j->r, 0);
    int64_t at = j->y_matrix * s->m * s->n;
    int32_t lo = INT32_MIN, hi = INT32_MAX;
    bool integer = onr_quant_range(y->dtype, &lo, &hi);
    for (int64_t i = 0; i < s->m; i++)
        for (int64_t q = 0; q < s->n; q++) {
            double v = sum[i * s->n + q];
            int64_t k = at + i * s->n + q;
            if (y->dtype == ONR_INT32) {
                ((int32_t *)y->data)[k] = (int32_t)v;
                continue;
            }
            v *= factor(j, i, q);
            double zero = side_at(&j->y_zero, i, 0);
            if (integer) {
                int32_t rounded = (int32_t)onr_quant_clamp(rint(v) + zero, lo, hi);
                onr_quant_store(y->dtype, &rounded, 1, (uint8_t *)y->data + k);
            } else {
                float f = (float)(v + zero);
                onr_cast_numbers(ONR_FLOAT, &f, y->dtype, (uint8_t *)y->data + k, 1, true, ONR_E8M0_NEAREST, NULL);
            }
        }
}

static int64_t matrix_at(const state *s, const int64_t *step, int64_t i) {
    int64_t at = 0;
    for (int32_t d = s->out.rank - 1; d >= 0; d--) {
        at += i % s->out.dim[d] * step[d];
        i /= s->out.dim[d];
    }
    return at;
}

static onr_status run(const onr_run *r) {
    const state *s = r->state;
    const roles *at = roles_of(r->node);
    char *scratch = r->scratch;
    void *a = scratch + s->a_at, *b = scratch + s->b_at;
    double *sum = (double *)(void *)(scratch + s->sum_at);
    if (!s->m || !s->n) return ONR_OK;
    for (int64_t i = 0; i < s->batch; i++) {
        job j = {.r = r, .s = s, .a = onr_run_in(r, at->a), .b = onr_run_in(r, at->b), .y_matrix = i};
        j.a_matrix = matrix_at(s, s->a_step, i);
        j.b_matrix = matrix_at(s, s->b_step, i);
        j.a_zero = side_of(r, at->a_zero, j.a_matrix, s->m);
        j.a_scale = side_of(r, at->a_scale, j.a_matrix, s->m);
        j.b_zero = side_of(r, at->b_zero, j.b_matrix, s->n);
        j.b_scale = side_of(r, at->b_scale, j.b_matrix, s->n);
        j.y_zero = side_of(r, at->y_zero, i, s->m);
        j.y_scale = side_of(r, at->y_scale, i, s->m);
        bool fast = s->gemm != NULL;
        if (!fast || !load_bytes(j.a, j.a_matrix * s->m * s->k, s->m * s->k, &j.a_zero, a))
            load(j.a, j.a_matrix * s->m * s->k, s->m, s->k, &j.a_zero, true, fast, a);
        if (!fast || !load_bytes(j.b, j.b_matrix * s->k * s->n, s->k * s->n, &j.b_zero, b))
            load(j.b, j.b_matrix * s->k * s->n, s->k, s->n, &j.b_zero, false, fast, b);
        if (fast)
            product_exact(&j, a, b, (float *)(void *)(scratch + s->part_at), sum);
        else
            product_plain(&j, a, b, sum);
        store(&j, sum);
    }
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

#define BYTES (ONR_BIT(ONR_INT8) | ONR_BIT(ONR_UINT8))
static const onr_op rows[] = {
    {ONR_AI("MatMulInteger", 10, 0), ONR_ARITY(2, 4, 1, 1), .flags = ONR_OP_PURE, .types = BYTES, .infer = infer,
     .prepare = prepare, .run = run},
    {ONR_AI("QLinearMatMul", 10, 20), ONR_ARITY(8, 8, 1, 1), .flags = ONR_OP_PURE, .types = BYTES, .infer = infer,
     .prepare = prepare, .run = run},
    {ONR_AI("QLinearMatMul", 21, 0), ONR_ARITY(8, 8, 1, 1), .flags = ONR_OP_PURE, .types = BYTES | ONR_T_FLOAT8, .infer = infer,
     .prepare = prepare, .run = run},
};
ONR_OP_FAMILY(qmatmul);
