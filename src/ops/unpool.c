// unpool.c: MaxUnpool: values back to where MaxPool took them from.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never trusts an index: those outside the output are errors of the caller's data.
#include "base/mathx.h"
#include "ops/nd.h"
#include "ops/rows.h"
#include "ops/window.h"

#include <string.h>

enum { IN_X, IN_INDICES, IN_SHAPE };

typedef struct params {
    onr_ints kernel_shape, pads, strides;
} params;

/// Sizes as the standard infers them from the attributes: the indices count in this shape. NULL, or what is wrong.
static const char *inferred_shape(const params *p, const onr_shape *x, onr_symbols *symbols, onr_shape *y) {
    int32_t n = x->rank - 2;
    if (p->kernel_shape.n != (size_t)n) return "kernel_shape does not fit X's rank";
    if (p->strides.v && p->strides.n != (size_t)n) return "strides do not fit X's rank";
    if (p->pads.v && p->pads.n != 2 * (size_t)n) return "pads do not fit X's rank";
    *y = *x;
    for (int32_t i = 0; i < n; i++) {
        int64_t stride = p->strides.v ? p->strides.v[i] : 1, kernel = p->kernel_shape.v[i], size;
        int64_t before = p->pads.v ? p->pads.v[i] : 0, after = p->pads.v ? p->pads.v[n + i] : 0;
        if (stride < 1 || kernel < 1 || before < 0 || after < 0) return "a kernel size, stride or pad is out of range";
        if (stride > INT32_MAX || kernel > INT32_MAX || before > INT32_MAX || after > INT32_MAX) return "a size is too large";
        if (!onr_dim_known(x->dim[2 + i])) {
            y->dim[2 + i] = onr_symbol(symbols, NULL);
            continue;
        }
        if (!onr_mul_i64(x->dim[2 + i] - 1, stride, &size) || size > INT64_MAX / 2) return "the output is too large";
        y->dim[2 + i] = x->dim[2 + i] ? onr_max_i64(0, size - before - after + kernel) : 0;
    }
    return NULL;
}

static onr_status infer(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, IN_X), indices = onr_infer_shape(c, IN_INDICES), y;
    onr_dtype t = onr_infer_dtype(c, IN_X), ti = onr_infer_dtype(c, IN_INDICES), ts = onr_infer_dtype(c, IN_SHAPE);
    onr_infer_set(c, 0, t, onr_shape_unknown());
    if ((ti != ONR_UNDEFINED && ti != ONR_INT64) || (ts != ONR_UNDEFINED && ts != ONR_INT64))
        return onr_infer_bad(c, "indices and output_shape must be int64");
    if (x.rank < 0) return ONR_OK;
    if (x.rank < 3) return onr_infer_bad(c, "X has rank %d, at least 3 is needed", x.rank);
    if (indices.rank >= 0 && onr_shape_known(&x) && onr_shape_known(&indices) && !onr_shape_equal(&x, &indices))
        return onr_infer_bad(c, "indices do not have X's shape");
    const char *why = inferred_shape(c->params, &x, c->symbols, &y);
    if (why) return onr_infer_bad(c, "%s", why);
    if (onr_infer_has(c, IN_SHAPE)) {
        const onr_known *k = onr_infer_ints(c, IN_SHAPE);
        if (k && k->n != x.rank) return onr_infer_bad(c, "output_shape has %lld numbers for rank %d", (long long)k->n, x.rank);
        for (int32_t d = 0; d < x.rank; d++) {
            int64_t given = k ? k->v[d] : onr_infer_fresh(c);
            if (onr_dim_known(given) && onr_dim_known(y.dim[d]) && given < y.dim[d])
                return onr_infer_bad(c, "output_shape has %lld where attributes give %lld", (long long)given,
                                     (long long)y.dim[d]);
            if (!onr_dim_known(given) && !onr_dim_symbolic(given))
                return onr_infer_bad(c, "output_shape has %lld", (long long)given);
            y.dim[d] = given;
        }
    }
    onr_infer_set(c, 0, t, y);
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, IN_X);
    onr_tensor *y = onr_run_out(r, 0);
    const int64_t *indices = onr_run_in(r, IN_INDICES)->data;
    const size_t e = onr_dtype_size(x->dtype);
    onr_shape s;
    int64_t n = onr_tensor_numel(x), total, stride[ONR_MAX_RANK];
    const char *why = inferred_shape(r->params, &x->shape, NULL, &s);
    if (why || !onr_shape_numel(&s, &total)) return onr_run_bad(r, "%s", why ? why : "the output is too large");
    if (onr_tensor_bytes(y)) memset(y->data, 0, onr_tensor_bytes(y));
    onr_shape_strides(&y->shape, stride);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = indices[i], at = 0;
        if (rest < 0 || rest >= total)
            return onr_run_bad(r, "index %lld is outside of %lld elements", (long long)rest, (long long)total);
        for (int32_t d = s.rank - 1; d >= 0; d--) {
            at += rest % s.dim[d] * stride[d];
            rest /= s.dim[d];
        }
        memcpy((char *)y->data + (size_t)at * e, (const char *)x->data + (size_t)i * e, e);
    }
    return ONR_OK;
}

static const onr_attr_spec attrs[] = {
    {.name = "kernel_shape", .kind = ONR_ATTR_INTS, .offset = offsetof(params, kernel_shape), .required = true},
    ONR_A_INTS(params, pads),
    ONR_A_INTS(params, strides),
    ONR_ATTR_ARRAY_END};

#define ROW(from, to, set)                                                                                          \
    {                                                                                                               \
        ONR_AI("MaxUnpool", from, to), ONR_ARITY(2, 3, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set,    \
                                                              ONR_PARAMS(attrs, params), .infer = infer, .run = run \
    }
static const onr_op rows[] = {ROW(9, 10, ONR_T_FLOATS3), ROW(11, 21, ONR_T_FLOATS3), ROW(22, 0, ONR_T_FLOATS)};
ONR_OP_FAMILY(unpool);
