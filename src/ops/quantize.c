// quantize.c: QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.
// May assume: 2- and 4-bit elements lie in a byte each. Never divides in another precision than the specification names.
// Source: ONNX QuantizeLinear and DequantizeLinear (10, 13, 19, 21, 23, 24, 25), DynamicQuantizeLinear (11).
#include "base/mathx.h"
#include "ops/cast.h"
#include "ops/quant.h"
#include "ops/rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct params {
    int64_t axis, block_size, output_dtype, precision, saturate;
} params;

typedef struct state {
    onr_quant_rows rows;
    onr_dtype precision; // of the division
} state;

// ---- shared -----------------------------------------------------------------------------------------------------------------

static onr_status check(const onr_node *n, void *at, onr_arena *arena, onr_err *err) {
    params *p = at;
    (void)arena;
    if (p->output_dtype < 0 || p->output_dtype >= ONR_N_DTYPES || p->precision < 0 || p->precision >= ONR_N_DTYPES)
        return onr_fail(err, ONR_INVALID, "%s: unknown element type in output_dtype or precision", n->op_type);
    return ONR_OK;
}

static onr_status check_scale(const onr_infer *c, onr_dtypes scales) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), scale = onr_infer_shape(c, 1), zero = onr_infer_shape(c, 2);
    onr_dtype t = onr_infer_dtype(c, 1);
    if (t != ONR_UNDEFINED && !onr_dtype_in(t, scales)) return onr_infer_bad(c, "the scale is %s", onr_dtype_name(t));
    if (onr_shape_known(&scale) && onr_shape_known(&zero)) {
        int64_t a = onr_shape_span(&scale, 0, scale.rank), b = onr_shape_span(&zero, 0, zero.rank);
        if (!onr_shape_equal(&scale, &zero) && !(a == 1 && b == 1))
            return onr_infer_bad(c, "scale and zero point have different shapes");
    }
    onr_quant_rows rows;
    const char *why;
    if (onr_shape_known(&x) && onr_shape_known(&scale) && !onr_quant_rows_of(&x, &scale, p->axis, p->block_size, &rows, &why))
        return onr_infer_bad(c, "%s", why);
    return ONR_OK;
}

/// Scales as float, and zero points as double behind them, in scratch.
static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    const char *why = "";
    if (!onr_quant_rows_of(&c->in[0]->shape, &c->in[1]->shape, p->axis, p->block_size, &s->rows, &why))
        return onr_fail(c->err, ONR_INVALID, "%s: %s", c->node->op_type, why);
    s->precision = p->precision ? (onr_dtype)p->precision : c->in[1]->dtype;
    size_t n = onr_align_up((size_t)s->rows.n_scale, 2);
    if (!onr_mul_size(n, 12, &c->scratch_bytes)) return onr_no_memory(c->err, SIZE_MAX);
    return ONR_OK;
}

typedef struct job {
    const state *s;
    const onr_tensor *x;
    onr_tensor *y;
    const float *scale;
    const double *zero;
    bool saturate;
    int32_t lo, hi;
    bool integer; // the quantized type
} job;

static job make_job(const onr_run *r) {
    const state *s = r->state;
    size_t n = (size_t)s->rows.n_scale;
    float *scale = r->scratch;
    double *zero = (double *)(void *)(scale + onr_align_up(n, 2));
    const onr_tensor *given = onr_run_in(r, 1);
    onr_cast_numbers(given->dtype, given->data, ONR_FLOAT, scale, (int64_t)n, true, ONR_E8M0_NEAREST, NULL);
    if (n) memset(zero, 0, n * sizeof *zero);
    if (onr_run_has(r, 2))
        onr_cast_numbers(onr_run_in(r, 2)->dtype, onr_run_in(r, 2)->data, ONR_DOUBLE, zero, (int64_t)n, true, ONR_E8M0_NEAREST,
                         NULL);
    return (job){.s = s,
                 .x = onr_run_in(r, 0),
                 .y = onr_run_out(r, 0),
                 .scale = scale,
                 .zero = zero,
                 .saturate = ((const params *)r->params)->saturate != 0};
}

enum { CHUNK = 256 };

/// Calls part for pieces of at most CHUNK elements, row by row; threads share the rows out, or the pieces when there is one
/// row.
typedef struct pieces {
    const job *j;
    int64_t per_row; // pieces in a full row
    void (*part)(const job *j, int64_t at, int64_t n, int64_t scale, int64_t step);
} pieces;

static void run_pieces(void *ctx, size_t begin, size_t end) {
    const pieces *p = ctx;
    const onr_quant_rows *rows = &p->j->s->rows;
    for (size_t i = begin; i < end; i++) {
        onr_quant_row row = onr_quant_row_at(rows, (int64_t)i / p->per_row);
        int64_t from = (int64_t)i % p->per_row * CHUNK, n = onr_min_i64(CHUNK, row.n - from);
        if (n > 0) p->part(p->j, row.at + from, n, row.scale + (rows->along ? from : 0), rows->along);
    }
}

static void for_pieces(const onr_run *r, const job *j, void (*part)(const job *, int64_t, int64_t, int64_t, int64_t)) {
    const onr_quant_rows *rows = &j->s->rows;
    if (rows->n <= 0 || rows->length <= 0) return;
    pieces p = {j, onr_ceil_div(rows->length, CHUNK), part};
    int64_t grain = onr_max_i64(1, 8192 / onr_min_i64(rows->length, CHUNK));
    onr_pool_for(r->pool, (size_t)(rows->n * p.per_row), (size_t)grain, run_pieces, &p);
}

static void *element(const onr_tensor *t, int64_t i) { return (char *)t->data + (size_t)i * onr_dtype_size(t->dtype); }

// ---- QuantizeLinear ---------------------------------------------------------------------------------------------------------

static onr_dtypes quantized_types(const onr_infer *c) {
    const int since = c->node->op->since;
    onr_dtypes t = ONR_BIT(ONR_INT8) | ONR_BIT(ONR_UINT8);
    if (since >= 19) t |= ONR_T_FLOAT8;
    if (since >= 21) t |= ONR_BIT(ONR_INT16) | ONR_BIT(ONR_UINT16) | ONR_BIT(ONR_INT4) | ONR_BIT(ONR_UINT4);
    if (since >= 23) t |= ONR_BIT(ONR_FLOAT4E2M1);
    if (since >= 25) t |= ONR_BIT(ONR_INT2) | ONR_BIT(ONR_UINT2);
    return t;
}

static onr_status infer_quantize(onr_infer *c) {
    const params *p = c->params;
    onr_dtype zero = onr_infer_dtype(c, 2), want = (onr_dtype)p->output_dtype;
    onr_dtypes scales = ONR_T_FLOATS & ~ONR_BIT(ONR_DOUBLE);
    if (c->node->op->since < 19) scales = ONR_BIT(ONR_FLOAT);
    if (c->node->op->since >= 19) scales |= ONR_BIT(ONR_INT32);
    if (c->node->op->since >= 24) scales |= ONR_BIT(ONR_FLOAT8E8M0);
    if (zero != ONR_UNDEFINED && want != ONR_UNDEFINED && zero != want)
        return onr_infer_bad(c, "output_dtype is %s, the zero point is %s", onr_dtype_name(want), onr_dtype_name(zero));
    onr_dtype t = zero != ONR_UNDEFINED ? zero : want != ONR_UNDEFINED ? want : ONR_UINT8;
    if (onr_infer_has(c, 2) && zero == ONR_UNDEFINED && want == ONR_UNDEFINED) t = ONR_UNDEFINED; // not known yet
    if (t != ONR_UNDEFINED && !onr_dtype_in(t, quantized_types(c)))
        return onr_infer_bad(c, "quantizes to %s", onr_dtype_name(t));
    ONR_TRY(check_scale(c, scales));
    onr_infer_set(c, 0, t, onr_infer_shape(c, 0));
    return ONR_OK;
}

static void quantize_part(const job *j, int64_t at, int64_t n, int64_t scale, int64_t step) {
    float x[CHUNK];
    int32_t q[CHUNK];
    const float *s = j->scale + scale;
    const double *z = j->zero + scale;
    const onr_dtype precision = j->s->precision;
    const bool narrow = precision == ONR_FLOAT16 || precision == ONR_BFLOAT16;
    onr_cast_numbers(j->x->dtype, element(j->x, at), ONR_FLOAT, x, n, true, ONR_E8M0_NEAREST, NULL);
    for (int64_t i = 0; i < n && !narrow; i++) x[i] /= s[i * step];
    for (int64_t i = 0; i < n && narrow; i++)
        x[i] = onr_quant_round_to(precision, onr_quant_round_to(precision, x[i]) / onr_quant_round_to(precision, s[i * step]));
    if (!j->integer) {
        for (int64_t i = 0; i < n; i++) x[i] = onr_quant_round_to(precision, (float)((double)x[i] + z[i * step]));
        onr_cast_numbers(ONR_FLOAT, x, j->y->dtype, element(j->y, at), n, j->saturate, ONR_E8M0_NEAREST, NULL);
        return;
    }
    for (int64_t i = 0; i < n; i++) q[i] = (int32_t)onr_quant_clamp(rint((double)x[i]) + z[i * step], j->lo, j->hi);
    onr_quant_store(j->y->dtype, q, n, element(j->y, at));
}

static onr_status run_quantize(const onr_run *r) {
    job j = make_job(r);
    j.integer = onr_quant_range(j.y->dtype, &j.lo, &j.hi);
    for_pieces(r, &j, quantize_part);
    return ONR_OK;
}

// ---- DequantizeLinear -------------------------------------------------------------------------------------------------------

static onr_status infer_dequantize(onr_infer *c) {
    const params *p = c->params;
    onr_dtype x = onr_infer_dtype(c, 0), zero = onr_infer_dtype(c, 2);
    onr_dtypes scales = c->node->op->since < 19 ? ONR_BIT(ONR_FLOAT) : ONR_T_FLOATS & ~ONR_BIT(ONR_DOUBLE);
    if (c->node->op->since >= 24) scales |= ONR_BIT(ONR_FLOAT8E8M0);
    if (x != ONR_UNDEFINED && zero != ONR_UNDEFINED && x != zero)
        return onr_infer_bad(c, "x is %s, its zero point is %s", onr_dtype_name(x), onr_dtype_name(zero));
    ONR_TRY(check_scale(c, scales));
    onr_dtype t = p->output_dtype ? (onr_dtype)p->output_dtype : onr_infer_dtype(c, 1);
    if (t == ONR_FLOAT8E8M0) t = ONR_FLOAT; // a scale of powers of two says nothing about the result
    if (t != ONR_UNDEFINED && !onr_dtype_in(t, ONR_T_FLOATS & ~ONR_BIT(ONR_DOUBLE)))
        return onr_infer_bad(c, "dequantizes to %s", onr_dtype_name(t));
    onr_infer_set(c, 0, t, onr_infer_shape(c, 0));
    return ONR_OK;
}

static void dequantize_part(const job *j, int64_t at, int64_t n, int64_t scale, int64_t step) {
    float x[CHUNK];
    const float *s = j->scale + scale;
    const double *z = j->zero + scale;
    if (j->x->dtype == ONR_INT32) { // the difference may need more than float's 24 bits
        const int32_t *from = (const int32_t *)j->x->data + at;
        for (int64_t i = 0; i < n; i++) x[i] = (float)((double)from[i] - z[i * step]) * s[i * step];
    } else {
        onr_cast_numbers(j->x->dtype, element(j->x, at), ONR_FLOAT, x, n, true, ONR_E8M0_NEAREST, NULL);
        if (step)
            for (int64_t i = 0; i < n; i++) x[i] = (x[i] - (float)z[i]) * s[i];
        else
            for (int64_t i = 0; i < n; i++) x[i] = (x[i] - (float)z[0]) * s[0];
    }
    onr_cast_numbers(ONR_FLOAT, x, j->y->dtype, element(j->y, at), n, true, ONR_E8M0_NEAREST, NULL);
}

static onr_status run_dequantize(const onr_run *r) {
    job j = make_job(r);
    for_pieces(r, &j, dequantize_part);
    return ONR_OK;
}

// ---- DynamicQuantizeLinear --------------------------------------------------------------------------------------------------

static onr_status infer_dynamic(onr_infer *c) {
    onr_infer_set(c, 0, ONR_UINT8, onr_infer_shape(c, 0));
    onr_infer_set(c, 1, ONR_FLOAT, (onr_shape){.rank = 0});
    onr_infer_set(c, 2, ONR_UINT8, (onr_shape){.rank = 0});
    return ONR_OK;
}

typedef struct dynamic_job {
    const float *x;
    uint8_t *y;
    float scale;
    double zero;
} dynamic_job;

static void dynamic_part(void *ctx, size_t begin, size_t end) {
    const dynamic_job *j = ctx;
    for (size_t i = begin; i < end; i++)
        j->y[i] = (uint8_t)onr_quant_clamp((double)rintf(j->x[i] / j->scale) + j->zero, 0, 255);
}

static onr_status run_dynamic(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    const float *v = x->data;
    int64_t n = onr_tensor_numel(x);
    float lo = 0, hi = 0; // the range always holds 0
    for (int64_t i = 0; i < n; i++) {
        lo = v[i] < lo ? v[i] : lo;
        hi = v[i] > hi ? v[i] : hi;
    }
    float scale = (hi - lo) / 255.0F;
    if (scale == 0) scale = 1; // only zeros
    dynamic_job j = {.x = v, .scale = scale, .zero = (double)rintf((float)onr_quant_clamp((double)(0 - lo / scale), 0, 255))};
    if (onr_run_wants(r, 0)) {
        j.y = onr_run_out(r, 0)->data;
        onr_pool_for(r->pool, (size_t)n, 16384, dynamic_part, &j);
    }
    if (onr_run_wants(r, 1)) *(float *)onr_run_out(r, 1)->data = scale;
    if (onr_run_wants(r, 2)) *(uint8_t *)onr_run_out(r, 2)->data = (uint8_t)j.zero;
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

#define A_AXIS ONR_A_INT(params, axis, 1)
#define A_BLOCK ONR_A_INT(params, block_size, 0)
#define A_TYPE ONR_A_INT(params, output_dtype, 0)
#define A_SATURATE ONR_A_INT(params, saturate, 1)
static const onr_attr_spec none[] = {ONR_ATTR_ARRAY_END};
static const onr_attr_spec axis13[] = {A_AXIS, ONR_ATTR_ARRAY_END};
static const onr_attr_spec quantize19[] = {A_AXIS, A_SATURATE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec quantize21[] = {A_AXIS, A_SATURATE, A_BLOCK, A_TYPE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec quantize23[] = {
    A_AXIS, A_SATURATE, A_BLOCK, A_TYPE, ONR_A_INT(params, precision, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec dequantize21[] = {A_AXIS, A_BLOCK, ONR_ATTR_ARRAY_END};
static const onr_attr_spec dequantize23[] = {A_AXIS, A_BLOCK, A_TYPE, ONR_ATTR_ARRAY_END};

#define X10 (ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_INT32))
#define X19 (X10 | ONR_BIT(ONR_FLOAT16) | ONR_BIT(ONR_BFLOAT16))
#define Q10 (ONR_BIT(ONR_INT8) | ONR_BIT(ONR_UINT8) | ONR_BIT(ONR_INT32))
#define Q19 (Q10 | ONR_T_FLOAT8)
#define Q21 (Q19 | ONR_BIT(ONR_INT16) | ONR_BIT(ONR_UINT16) | ONR_BIT(ONR_INT4) | ONR_BIT(ONR_UINT4))
#define Q23 (Q21 | ONR_BIT(ONR_FLOAT4E2M1))
#define Q25 (Q23 | ONR_BIT(ONR_INT2) | ONR_BIT(ONR_UINT2))

#define ROW(op, from, to, T, A, fn)                                                                                           \
    {                                                                                                                         \
        ONR_AI(op, from, to), ONR_ARITY(2, 3, 1, 1), .flags = ONR_OP_PURE, .types = T, ONR_PARAMS(A, params), .check = check, \
                                                     .infer = infer_##fn, .prepare = prepare, .run = run_##fn                 \
    }
static const onr_op rows[] = {
    ROW("QuantizeLinear", 10, 12, X10, none, quantize),
    ROW("QuantizeLinear", 13, 18, X10, axis13, quantize),
    ROW("QuantizeLinear", 19, 20, X19, quantize19, quantize),
    ROW("QuantizeLinear", 21, 22, X19, quantize21, quantize),
    ROW("QuantizeLinear", 23, 23, X19, quantize23, quantize),
    ROW("QuantizeLinear", 24, 24, X19, quantize23, quantize),
    ROW("QuantizeLinear", 25, 0, X19, quantize23, quantize),
    ROW("DequantizeLinear", 10, 12, Q10, none, dequantize),
    ROW("DequantizeLinear", 13, 18, Q10, axis13, dequantize),
    ROW("DequantizeLinear", 19, 20, Q19, axis13, dequantize),
    ROW("DequantizeLinear", 21, 22, Q21, dequantize21, dequantize),
    ROW("DequantizeLinear", 23, 23, Q23, dequantize23, dequantize),
    ROW("DequantizeLinear", 24, 24, Q23, dequantize23, dequantize),
    ROW("DequantizeLinear", 25, 0, Q25, dequantize23, dequantize),
    {ONR_AI("DynamicQuantizeLinear", 11, 0), ONR_ARITY(1, 1, 1, 3), .flags = ONR_OP_PURE, .types = ONR_BIT(ONR_FLOAT),
     .infer = infer_dynamic, .run = run_dynamic},
};
ONR_OP_FAMILY(quantize);
