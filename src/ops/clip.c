// clip.c: Clip, all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never changes NaN into a bound.
#include "ops/binary.h"
#include "ops/rows.h"
#include "ops/vector.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct clip_params {
    float min, max;
    onr_ints consumed_inputs;
} clip_params;

/// The bounds in the element type, 8 bytes each.
typedef struct bounds {
    union {
        char raw[8];
        uint64_t align;
    } lo, hi;
} bounds;

// y = min(max(x, lo), hi): all values are hi when lo > hi.
#define CLIP(s, T, U, d, ...)                                                                 \
    static void clip_##s(const void *ctx, int64_t n, char *const p[], const int64_t step[]) { \
        const bounds *b = ctx;                                                                \
        const T *x = (const T *)p[1];                                                         \
        T *y = (T *)p[0], lo, hi;                                                             \
        memcpy(&lo, b->lo.raw, sizeof lo);                                                    \
        memcpy(&hi, b->hi.raw, sizeof hi);                                                    \
        (void)step;                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                     \
            T v = x[i] < lo ? lo : x[i];                                                      \
            y[i] = v > hi ? hi : v;                                                           \
        }                                                                                     \
    }
ONR_FOR_INTS(CLIP, )
ONR_FOR_FLOATS(CLIP, )
static const onr_nd_fn fns[ONR_N_DTYPES] = {ONR_FOR_INTS(ONR_ENTRY, clip) ONR_FOR_FLOATS(ONR_ENTRY, clip)};

#define WIDEST(T, lo_, hi_)                \
    do {                                   \
        T lo = lo_, hi = hi_;              \
        memcpy(b->lo.raw, &lo, sizeof lo); \
        memcpy(b->hi.raw, &hi, sizeof hi); \
    } while (0)

static onr_status run_bounds(const onr_run *r, const bounds *b) {
    float lo, hi; // of no meaning for other types
    memcpy(&lo, b->lo.raw, sizeof lo);
    memcpy(&hi, b->hi.raw, sizeof hi);
    return onr_vector_unary(r, ONR_UNARY_CLIP, lo, hi) ? ONR_OK : onr_nd_unary(r, 1, fns, b);
}

/// The bounds that change nothing.
static void bounds_open(onr_dtype t, bounds *b) {
    switch (t) {
    case ONR_FLOAT: WIDEST(float, -INFINITY, INFINITY); break;
    case ONR_DOUBLE: WIDEST(double, -(double)INFINITY, (double)INFINITY); break;
    case ONR_INT8: WIDEST(int8_t, INT8_MIN, INT8_MAX); break;
    case ONR_INT16: WIDEST(int16_t, INT16_MIN, INT16_MAX); break;
    case ONR_INT32: WIDEST(int32_t, INT32_MIN, INT32_MAX); break;
    case ONR_INT64: WIDEST(int64_t, INT64_MIN, INT64_MAX); break;
    default: WIDEST(uint64_t, 0, UINT64_MAX); break; // unsigned types read the low bytes
    }
}

static onr_status run_clip_attrs(const onr_run *r) {
    const clip_params *p = r->params;
    bounds bound, *b = &bound;
    if (onr_run_in(r, 0)->dtype == ONR_FLOAT)
        WIDEST(float, p->min, p->max);
    else
        WIDEST(double, (double)p->min, (double)p->max);
    return run_bounds(r, b);
}

static onr_status run_clip(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    size_t e = onr_dtype_size(x->dtype);
    bounds b;
    bounds_open(x->dtype, &b);
    for (int32_t i = 1; i <= 2; i++) {
        if (!onr_run_has(r, i)) continue;
        const onr_tensor *t = onr_run_in(r, i);
        if (onr_tensor_numel(t) != 1)
            return onr_run_bad(r, "%s has %lld elements, not 1", i == 1 ? "min" : "max", (long long)onr_tensor_numel(t));
        memcpy(i == 1 ? b.lo.raw : b.hi.raw, t->data, e);
    }
    return run_bounds(r, &b);
}

static onr_status infer_clip(onr_infer *c) {
    for (int32_t i = 1; i < c->n_in; i++) {
        onr_shape s = onr_infer_shape(c, i);
        int64_t n;
        if (onr_shape_known(&s) && (!onr_shape_numel(&s, &n) || n != 1))
            return onr_infer_bad(c, "%s must have one element", i == 1 ? "min" : "max");
    }
    return onr_infer_same(c);
}

static const onr_attr_spec clip1[] = {ONR_A_FLOAT(clip_params, min, -INFINITY), ONR_A_FLOAT(clip_params, max, INFINITY),
                                      ONR_A_INTS(clip_params, consumed_inputs), ONR_ATTR_ARRAY_END};
static const onr_attr_spec clip6[] = {ONR_A_FLOAT(clip_params, min, -FLT_MAX), ONR_A_FLOAT(clip_params, max, FLT_MAX),
                                      ONR_ATTR_ARRAY_END};

#define FLAGS (ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES | ONR_OP_ELEMENTWISE)
#define ATTRS(from, to, table)                                                                                    \
    {                                                                                                             \
        ONR_AI("Clip", from, to), ONR_ARITY(1, 1, 1, 1), .flags = FLAGS, .inplace = 1, .types = ONR_T_FLOATS3,    \
                                                         ONR_PARAMS(table, clip_params), .infer = onr_infer_same, \
                                                         .run = run_clip_attrs, .layout = onr_nd_layout_unary     \
    }
#define INPUTS(from, to, set)                                                                                             \
    {                                                                                                                     \
        ONR_AI("Clip", from, to), ONR_ARITY(1, 3, 1, 1), .flags = FLAGS, .inplace = 1, .types = set, .infer = infer_clip, \
                                                         .run = run_clip, .layout = onr_nd_layout_unary                   \
    }

static const onr_op rows[] = {
    ATTRS(1, 5, clip1),           ATTRS(6, 10, clip6), INPUTS(11, 11, ONR_T_FLOATS3), INPUTS(12, 12, ONR_T_NUMERIC3),
    INPUTS(13, 0, ONR_T_NUMERIC),
};
ONR_OP_FAMILY(clip);
