// rotary.c: RotaryEmbedding: pairs of a head's numbers turned by angles that depend on the position.
// May assume: float16 and bfloat16 are widened around. Never reads the caches beyond their rows: positions are checked in run.
// Source: ONNX RotaryEmbedding (23).
#include "base/mathx.h"
#include "ops/rows.h"

#include <string.h>

enum { IN_X, IN_COS, IN_SIN, IN_POSITION };

typedef struct params {
    int64_t interleaved, num_heads, rotary_embedding_dim;
} params;

typedef struct geometry {
    int64_t batch, heads, length, width, turned;
    bool packed; // three dimensions: heads beside each other
} geometry;

static bool geometry_of(const params *p, const onr_shape *x, geometry *g, const char **why) {
    *g = (geometry){.packed = x->rank == 3};
    if (x->rank != 3 && x->rank != 4) return *why = "the input must have three or four dimensions", false;
    g->batch = x->dim[0];
    g->heads = g->packed ? p->num_heads : x->dim[1];
    g->length = g->packed ? x->dim[1] : x->dim[2];
    if (g->packed && (g->heads < 1 || x->dim[2] % g->heads)) return *why = "num_heads does not divide the width", false;
    g->width = g->packed ? x->dim[2] / g->heads : x->dim[3];
    g->turned = p->rotary_embedding_dim ? p->rotary_embedding_dim : g->width;
    if (g->turned < 0 || g->turned > g->width || g->turned % 2)
        return *why = "rotary_embedding_dim must be even and at most a head's width", false;
    return true;
}

static bool differ(int64_t a, int64_t b) { return onr_dim_known(a) && onr_dim_known(b) && a != b; }

static onr_status check_caches(const onr_infer *c, const geometry *g) {
    bool positions = onr_infer_has(c, IN_POSITION);
    for (int32_t i = IN_COS; i <= IN_SIN; i++) {
        onr_shape s = onr_infer_shape(c, i);
        if (s.rank < 0) continue;
        bool fits = s.rank == (positions ? 2 : 3) && !differ(s.dim[s.rank - 1], g->turned / 2);
        if (fits && !positions) fits = !differ(s.dim[0], g->batch) && !differ(s.dim[1], g->length);
        char text[ONR_SHAPE_TEXT];
        if (!fits) return onr_infer_bad(c, "a cache of shape %s does not fit", onr_shape_text(&s, c->symbols, text));
    }
    onr_shape cos = onr_infer_shape(c, IN_COS), sin = onr_infer_shape(c, IN_SIN), at = onr_infer_shape(c, IN_POSITION);
    if (cos.rank == 2 && sin.rank == 2 && differ(cos.dim[0], sin.dim[0]))
        return onr_infer_bad(c, "cos_cache and sin_cache have different numbers of rows");
    if (at.rank >= 0 && (at.rank != 2 || differ(at.dim[0], g->batch) || differ(at.dim[1], g->length)))
        return onr_infer_bad(c, "position_ids must be batch by length");
    onr_dtype t = onr_infer_dtype(c, IN_POSITION);
    if (t != ONR_UNDEFINED && t != ONR_INT64) return onr_infer_bad(c, "position_ids is %s", onr_dtype_name(t));
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, IN_X);
    geometry g;
    const char *why;
    for (int32_t i = IN_COS; i <= IN_SIN; i++) {
        onr_dtype t = onr_infer_dtype(c, i);
        if (t != ONR_UNDEFINED && onr_infer_dtype(c, IN_X) != ONR_UNDEFINED && t != onr_infer_dtype(c, IN_X))
            return onr_infer_bad(c, "a cache is %s", onr_dtype_name(t));
    }
    if (onr_shape_known(&x)) {
        if (!geometry_of(c->params, &x, &g, &why)) return onr_infer_bad(c, "%s", why);
        ONR_TRY(check_caches(c, &g));
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), x);
    return ONR_OK;
}

typedef struct job {
    geometry g;
    bool interleaved;
    const float *x, *cos, *sin;
    const int64_t *position;
    float *y;
} job;

/// Row i: one position of one head.
static void turn_rows(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const geometry *g = &j->g;
    const int64_t half = g->turned / 2, step = j->interleaved ? 2 : 1, other = j->interleaved ? 1 : half;
    for (int64_t i = (int64_t)begin; i < (int64_t)end; i++) {
        int64_t b = i / (g->heads * g->length), rest = i % (g->heads * g->length);
        int64_t t = g->packed ? rest / g->heads : rest % g->length;
        int64_t row = j->position ? j->position[b * g->length + t] : b * g->length + t;
        const float *cos = j->cos + row * half, *sin = j->sin + row * half, *x = j->x + i * g->width;
        float *y = j->y + i * g->width;
        for (int64_t k = 0; k < half; k++) {
            float u = x[k * step], v = x[k * step + other];
            y[k * step] = cos[k] * u - sin[k] * v;
            y[k * step + other] = sin[k] * u + cos[k] * v;
        }
        if (g->turned < g->width && y != x) memcpy(y + g->turned, x + g->turned, (size_t)(g->width - g->turned) * sizeof *y);
    }
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    job j = {.interleaved = p->interleaved != 0,
             .x = onr_run_in(r, IN_X)->data,
             .cos = onr_run_in(r, IN_COS)->data,
             .sin = onr_run_in(r, IN_SIN)->data,
             .y = onr_run_out(r, 0)->data};
    const char *why = "";
    if (!geometry_of(p, &onr_run_in(r, IN_X)->shape, &j.g, &why)) return onr_run_bad(r, "%s", why);
    if (onr_run_has(r, IN_POSITION)) {
        j.position = onr_run_in(r, IN_POSITION)->data;
        int64_t n = onr_run_in(r, IN_COS)->shape.dim[0];
        for (int64_t i = 0; i < j.g.batch * j.g.length; i++)
            if (j.position[i] < 0 || j.position[i] >= n)
                return onr_run_bad(r, "position %lld, the caches have %lld rows", (long long)j.position[i], (long long)n);
    }
    int64_t grain = onr_max_i64(1, 8192 / onr_max_i64(1, j.g.width));
    onr_pool_for(r->pool, (size_t)(j.g.batch * j.g.heads * j.g.length), (size_t)grain, turn_rows, &j);
    return ONR_OK;
}

static const onr_attr_spec attrs[] = {ONR_A_INT(params, interleaved, 0), ONR_A_INT(params, num_heads, 0),
                                      ONR_A_INT(params, rotary_embedding_dim, 0), ONR_ATTR_ARRAY_END};
static const onr_op rows[] = {
    {ONR_AI("RotaryEmbedding", 23, 0), ONR_ARITY(3, 4, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .inplace = 1,
     .types = ONR_T_FLOATS & ~ONR_BIT(ONR_DOUBLE), ONR_PARAMS(attrs, params), .infer = infer, .run = run},
};
ONR_OP_FAMILY(rotary);
