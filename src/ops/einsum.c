// einsum.c: Einsum: operands are contracted one after the other, each time as a batch of matrix products over strided views.
// May assume: the equation was parsed by check; shapes were checked by inference. Integers wrap around.
// Never copies an operand whose letters already lie as rows and columns. Source: ONNX Einsum (12), numpy.einsum.
#include "ops/einsum.h"
#include "base/arena.h"
#include "base/mathx.h"
#include "kernels/gemm/gemm.h"
#include "ops/cast.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

typedef struct params {
    onr_string equation;
    const onr_einsum *parsed;
} params;

static onr_status check(const onr_node *n, void *at, onr_arena *arena, onr_err *err) {
    params *p = at;
    onr_einsum *e = onr_arena_alloc(arena, sizeof *e);
    if (!e) return onr_no_memory(err, sizeof *e);
    p->parsed = e;
    return onr_einsum_parse(p->equation, n->n_in, arena, e, err);
}

// ---- inference --------------------------------------------------------------------------------------------------------------

/// The size that operands agree on for a label; 1 gives way.
static onr_status join_dim(const onr_infer *c, int64_t *all, int64_t d) {
    if (*all == -1 || *all == 1) return *all = d, ONR_OK; // the first one, or one that gives way
    if (*all == d || d == 1) return ONR_OK;
    if (onr_dim_known(*all) && onr_dim_known(d))
        return onr_infer_bad(c, "one letter stands for %lld and for %lld", (long long)*all, (long long)d);
    if (onr_dim_known(d)) *all = d;
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    const onr_einsum *e = ((const params *)c->params)->parsed;
    int64_t dim[ONR_EINSUM_LABELS];
    int32_t rank[ONR_EINSUM_MOST];
    for (int i = 0; i < ONR_EINSUM_LABELS; i++) dim[i] = -1;
    for (int32_t i = 0; i < c->n_in; i++) {
        rank[i] = onr_infer_shape(c, i).rank;
        if (rank[i] < 0) return onr_infer_set(c, 0, onr_infer_dtype(c, 0), onr_shape_unknown()), ONR_OK;
    }
    onr_einsum_labels l;
    const char *why;
    if (!onr_einsum_expand(e, rank, &l, &why)) return onr_infer_bad(c, "%s", why);
    for (int32_t i = 0; i < c->n_in; i++) {
        onr_shape s = onr_infer_shape(c, i);
        for (int32_t d = 0; d < s.rank; d++) ONR_TRY(join_dim(c, &dim[l.in[i].at[d]], s.dim[d]));
    }
    onr_shape y = {.rank = l.out.n};
    for (int32_t d = 0; d < l.out.n; d++) y.dim[d] = dim[l.out.at[d]];
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), y);
    return ONR_OK;
}

// ---- views ------------------------------------------------------------------------------------------------------------------

/// A tensor by its labels: each once, with a stride in elements.
typedef struct view {
    const char *data;
    int n;
    uint8_t label[ONR_MAX_RANK];
    int64_t stride[ONR_MAX_RANK];
} view;

typedef struct work {
    const onr_run *r;
    onr_arena *arena;
    int64_t dim[ONR_EINSUM_LABELS];
    onr_dtype type; // float, double or int64
    size_t elem;
    const onr_gemm_variant *gemm; // NULL: plain loops
} work;

typedef uint64_t labels[2]; // a set

static bool has(const labels s, int label) { return s[label >> 6] >> (label & 63) & 1; }
static void add(labels s, int label) { s[label >> 6] |= (uint64_t)1 << (label & 63); }
static void set_of(const view *v, labels s) {
    s[0] = s[1] = 0;
    for (int i = 0; i < v->n; i++) add(s, v->label[i]);
}

static int64_t stride_of(const view *v, int label) {
    for (int i = 0; i < v->n; i++)
        if (v->label[i] == label) return v->stride[i];
    return 0;
}

/// An operand as it lies. A repeated label walks the diagonal; a size of 1 that gives way to another has no stride.
static view view_of(const work *w, const onr_tensor *t, const onr_einsum_term *term) {
    view v = {.data = t->data};
    int64_t strides[ONR_MAX_RANK];
    onr_shape_strides(&t->shape, strides);
    for (int32_t d = 0; d < t->shape.rank; d++) {
        int label = term->at[d], k = 0;
        if (t->shape.dim[d] == 1 && w->dim[label] != 1) continue;
        while (k < v.n && v.label[k] != label) k++;
        if (k == v.n) v.label[v.n++] = (uint8_t)label;
        v.stride[k] += strides[d];
    }
    return v;
}

/// Labels that go together, in an order of their own.
typedef struct group {
    int n;
    uint8_t label[ONR_MAX_RANK];
    int64_t size;
} group;

static void put(const work *w, group *g, int label) {
    g->label[g->n++] = (uint8_t)label;
    g->size *= w->dim[label];
}

/// The one stride with which v walks through a group, when there is one.
static bool walk(const work *w, const view *v, const group *g, int64_t *stride) {
    *stride = g->n ? stride_of(v, g->label[g->n - 1]) : 0;
    int64_t run = *stride;
    for (int i = g->n - 1; i >= 0; i--) {
        if (w->dim[g->label[i]] != 1 && stride_of(v, g->label[i]) != run) return false;
        run *= w->dim[g->label[i]];
    }
    return true;
}

/// A copy of v with its labels in the order of three groups.
static onr_status arrange(const work *w, view *v, const group *const order[3]) {
    onr_nd_box box = {.rank = 0};
    view made = {.n = 0};
    for (int g = 0; g < 3; g++)
        for (int i = 0; i < order[g]->n; i++) {
            int label = order[g]->label[i];
            made.label[made.n++] = (uint8_t)label;
            box.dim[box.rank] = w->dim[label];
            box.src[box.rank++] = stride_of(v, label) * (int64_t)w->elem;
        }
    int64_t run = 1;
    for (int i = made.n - 1; i >= 0; i--) {
        made.stride[i] = run;
        box.dst[i] = run * (int64_t)w->elem;
        if (!onr_mul_i64(run, w->dim[made.label[i]], &run)) return onr_no_memory(w->r->err, SIZE_MAX);
    }
    size_t bytes;
    if (!onr_mul_size((size_t)run, w->elem, &bytes)) return onr_no_memory(w->r->err, SIZE_MAX);
    char *to = onr_arena_alloc_aligned(w->arena, bytes, 64);
    if (!to) return onr_no_memory(w->r->err, bytes);
    if (run) onr_nd_copy(w->r->pool, w->elem, &box, v->data, to);
    made.data = to;
    *v = made;
    return ONR_OK;
}

// ---- products ---------------------------------------------------------------------------------------------------------------

typedef struct products {
    int64_t n, rows, cols, depth; // of them, and of each
    int64_t a_row, a_col, b_row, b_col;
    const char *a, *b;
    char *c;                           // [n][rows][cols]
    const int64_t *a_at, *b_at, *c_at; // elements, by product
} products;

#define ROWS(name, T, SUM)                                                                                                \
    static void name(void *ctx, size_t begin, size_t end) {                                                               \
        const products *p = ctx;                                                                                          \
        for (int64_t i = (int64_t)begin; i < (int64_t)end; i++) {                                                         \
            const int64_t n = i / p->rows, row = i % p->rows;                                                             \
            const T *a = (const T *)(const void *)p->a + p->a_at[n] + row * p->a_row;                                     \
            const T *b = (const T *)(const void *)p->b + p->b_at[n];                                                      \
            T *c = (T *)(void *)p->c + i * p->cols;                                                                       \
            for (int64_t j = 0; j < p->cols; j++) {                                                                       \
                SUM sum = 0;                                                                                              \
                for (int64_t k = 0; k < p->depth; k++) sum += (SUM)a[k * p->a_col] * (SUM)b[j * p->b_col + k * p->b_row]; \
                c[j] = (T)sum;                                                                                            \
            }                                                                                                             \
        }                                                                                                                 \
    }
ROWS(rows_f32, float, double)
ROWS(rows_f64, double, double)
ROWS(rows_i64, int64_t, uint64_t)

enum { SMALL = 512 }; // multiplications of a product that is not worth packing

static onr_status multiply(const work *w, const products *p) {
    if (!p->n || !p->rows || !p->cols) return ONR_OK;
    const double size = (double)p->rows * (double)p->cols * (double)p->depth;
    if (!w->gemm || size < SMALL || (!p->b_row && !p->b_col)) {
        void (*rows)(void *, size_t, size_t) = w->type == ONR_FLOAT ? rows_f32 : w->type == ONR_DOUBLE ? rows_f64 : rows_i64;
        int64_t grain = onr_max_i64(1, 8192 / onr_max_i64(1, p->cols * p->depth));
        onr_pool_for(w->r->pool, (size_t)(p->n * p->rows), (size_t)grain, rows, (void *)(uintptr_t)p);
        return ONR_OK;
    }
    size_t bytes = onr_gemm_batch_scratch_bytes(w->gemm, p->rows, p->cols, p->depth, false, onr_pool_threads(w->r->pool));
    void *scratch = onr_arena_alloc_aligned(w->arena, bytes, 64);
    if (!scratch) return onr_no_memory(w->r->err, bytes);
    onr_gemm_args g = {.m = p->rows,
                       .n = p->cols,
                       .k = p->depth,
                       .a = (const float *)(const void *)p->a,
                       .a_row = p->a_row,
                       .a_col = p->a_col,
                       .b = (const float *)(const void *)p->b,
                       .b_row = p->b_row,
                       .b_col = p->b_col,
                       .c = (float *)(void *)p->c,
                       .c_row = p->cols,
                       .alpha = 1,
                       .lo = -INFINITY,
                       .hi = INFINITY,
                       .scratch = scratch,
                       .pool = w->r->pool};
    onr_gemm_run_batch(w->gemm, &g, &(onr_gemm_batch){.n = (size_t)p->n, .a = p->a_at, .b = p->b_at, .c = p->c_at});
    return ONR_OK;
}

/// Where each product of the batch begins in v.
static const int64_t *starts(const work *w, const view *v, const group *batch) {
    int64_t *at = onr_arena_calloc(w->arena, (size_t)batch->size + 1, sizeof *at);
    for (int64_t i = 0; at && i < batch->size; i++) {
        int64_t rest = i;
        for (int k = batch->n - 1; k >= 0; k--) {
            at[i] += rest % w->dim[batch->label[k]] * stride_of(v, batch->label[k]);
            rest /= w->dim[batch->label[k]];
        }
    }
    return at;
}

/// acc = acc times b, summed over the labels of both that are not needed any more. b's own labels must all be needed, or be
/// acc's.
static onr_status contract(const work *w, view *acc, view b, const labels needed) {
    group batch = {.size = 1}, rows = {.size = 1}, cols = {.size = 1}, depth = {.size = 1};
    labels in_a, in_b;
    set_of(acc, in_a);
    set_of(&b, in_b);
    for (int i = 0; i < acc->n; i++) {
        int label = acc->label[i];
        put(w, !has(in_b, label) ? &rows : has(needed, label) ? &batch : &depth, label);
    }
    for (int i = 0; i < b.n; i++)
        if (!has(in_a, b.label[i])) put(w, &cols, b.label[i]);
    products p = {.n = batch.size, .rows = rows.size, .cols = cols.size, .depth = depth.size};
    if (!walk(w, acc, &rows, &p.a_row) || !walk(w, acc, &depth, &p.a_col))
        ONR_TRY(arrange(w, acc, (const group *const[]){&batch, &rows, &depth}));
    if (!walk(w, &b, &depth, &p.b_row) || !walk(w, &b, &cols, &p.b_col))
        ONR_TRY(arrange(w, &b, (const group *const[]){&batch, &depth, &cols}));
    walk(w, acc, &rows, &p.a_row), walk(w, acc, &depth, &p.a_col);
    walk(w, &b, &depth, &p.b_row), walk(w, &b, &cols, &p.b_col);
    view made = {.n = 0};
    const group *const order[] = {&batch, &rows, &cols};
    for (int g = 0; g < 3; g++)
        for (int i = 0; i < order[g]->n; i++) {
            if (made.n == ONR_MAX_RANK) return onr_run_bad(w->r, "an intermediate product has too many dimensions");
            made.label[made.n++] = order[g]->label[i];
        }
    int64_t run = 1;
    for (int i = made.n - 1; i >= 0; i--) {
        made.stride[i] = run;
        if (!onr_mul_i64(run, w->dim[made.label[i]], &run)) return onr_no_memory(w->r->err, SIZE_MAX);
    }
    size_t bytes;
    if (!onr_mul_size((size_t)run, w->elem, &bytes)) return onr_no_memory(w->r->err, SIZE_MAX);
    p.a = acc->data;
    p.b = b.data;
    p.c = onr_arena_alloc_aligned(w->arena, bytes, 64);
    p.a_at = starts(w, acc, &batch);
    p.b_at = starts(w, &b, &batch);
    p.c_at = starts(w, &made, &batch);
    if (!p.c || !p.a_at || !p.b_at || !p.c_at) return onr_no_memory(w->r->err, bytes);
    made.data = p.c;
    *acc = made;
    return multiply(w, &p);
}

/// Sums v over its labels that nobody needs: a product with ones.
static onr_status sum_out(const work *w, view *v, const labels needed) {
    static const double one_f64 = 1;
    static const float one_f32 = 1;
    static const int64_t one_i64 = 1;
    view ones = {.data = w->type == ONR_FLOAT    ? (const char *)(const void *)&one_f32
                         : w->type == ONR_DOUBLE ? (const char *)(const void *)&one_f64
                                                 : (const char *)(const void *)&one_i64};
    for (int i = 0; i < v->n; i++)
        if (!has(needed, v->label[i])) ones.label[ones.n++] = v->label[i]; // strides of zero
    return ones.n ? contract(w, v, ones, needed) : ONR_OK;
}

// ---- running ----------------------------------------------------------------------------------------------------------------

/// Operand i in the type that is computed in.
static onr_status operand(const work *w, int32_t i, onr_tensor *out) {
    *out = *onr_run_in(w->r, i);
    if (out->dtype == w->type) return ONR_OK;
    int64_t n = onr_tensor_numel(out);
    void *to = onr_arena_alloc_aligned(w->arena, (size_t)n * w->elem, 64);
    if (!to) return onr_no_memory(w->r->err, (size_t)n * w->elem);
    onr_cast_numbers(out->dtype, out->data, w->type, to, n, false, ONR_E8M0_NEAREST, w->r->pool);
    out->data = to;
    return ONR_OK;
}

/// Labels of the output and of operands from `first` on.
static void needed_from(const onr_einsum_labels *l, const view *v, int32_t first, int32_t n, labels out) {
    out[0] = out[1] = 0;
    for (int i = 0; i < l->out.n; i++) add(out, l->out.at[i]);
    for (int32_t k = first; k < n; k++)
        for (int i = 0; i < v[k].n; i++) add(out, v[k].label[i]);
}

static onr_status deliver(const work *w, const onr_einsum_labels *l, view *acc) {
    onr_tensor *y = onr_run_out(w->r, 0);
    group order = {.size = 1}, none = {.size = 1};
    for (int i = 0; i < l->out.n; i++) put(w, &order, l->out.at[i]);
    if (!order.size) return ONR_OK;
    ONR_TRY(arrange(w, acc, (const group *const[]){&order, &none, &none}));
    onr_cast_numbers(w->type, acc->data, y->dtype, y->data, order.size, false, ONR_E8M0_NEAREST, w->r->pool);
    return ONR_OK;
}

static onr_status evaluate(work *w) {
    const onr_run *r = w->r;
    const onr_einsum *e = ((const params *)r->params)->parsed;
    onr_einsum_labels l;
    const char *why = "";
    int32_t rank[ONR_EINSUM_MOST];
    for (int32_t i = 0; i < r->n_in; i++) rank[i] = onr_run_in(r, i)->shape.rank;
    if (!onr_einsum_expand(e, rank, &l, &why)) return onr_run_bad(r, "%s", why);
    for (int i = 0; i < ONR_EINSUM_LABELS; i++) w->dim[i] = 1;
    for (int32_t i = 0; i < r->n_in; i++)
        for (int32_t d = 0; d < rank[i]; d++) {
            int64_t size = onr_run_in(r, i)->shape.dim[d];
            if (size != 1) w->dim[l.in[i].at[d]] = size;
        }
    view *v = onr_arena_calloc(w->arena, (size_t)r->n_in, sizeof *v);
    if (!v) return onr_no_memory(r->err, sizeof *v);
    for (int32_t i = 0; i < r->n_in; i++) {
        onr_tensor t;
        ONR_TRY(operand(w, i, &t));
        v[i] = view_of(w, &t, &l.in[i]);
    }
    labels needed;
    needed_from(&l, v, 1, r->n_in, needed);
    view acc = v[0];
    ONR_TRY(sum_out(w, &acc, needed));
    for (int32_t i = 1; i < r->n_in; i++) {
        labels now, later;
        needed_from(&l, v, i + 1, r->n_in, later);
        memcpy(now, later, sizeof now);
        for (int k = 0; k < acc.n; k++) add(now, acc.label[k]);
        ONR_TRY(sum_out(w, &v[i], now));
        ONR_TRY(contract(w, &acc, v[i], later));
    }
    return deliver(w, &l, &acc);
}

static onr_status run(const onr_run *r) {
    if (!onr_run_wants(r, 0)) return ONR_OK;
    onr_dtype t = onr_run_in(r, 0)->dtype;
    work w = {.r = r, .arena = onr_arena_new(0), .type = t == ONR_FLOAT || t == ONR_DOUBLE ? t : ONR_INT64};
    if (!w.arena) return onr_no_memory(r->err, 0);
    w.elem = onr_dtype_size(w.type);
    if (t == ONR_FLOAT && !r->env->target->reference) w.gemm = onr_gemm_choose(r->env->target->cpu.features);
    onr_status s = evaluate(&w);
    onr_arena_free(w.arena);
    return s;
}

static const onr_attr_spec attrs[] = {
    {.name = "equation", .kind = ONR_ATTR_STRING, .offset = offsetof(params, equation), .required = true}, ONR_ATTR_ARRAY_END};
static const onr_op rows[] = {
    {ONR_AI("Einsum", 12, 0), ONR_ARITY(1, -1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN | ONR_OP_SAME_TYPES,
     .types = ONR_T_NUMERIC3, ONR_PARAMS(attrs, params), .check = check, .infer = infer, .run = run},
};
ONR_OP_FAMILY(einsum);
