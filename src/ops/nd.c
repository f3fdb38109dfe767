// nd.c: the broadcast walk and the strided copy over n-dimensional tensors, and small things that most families need.
// May assume: what nd.h says about shapes and strides.
// Never allocates in the loops and never depends on the number of threads: work is cut by shape.
#include "ops/nd.h"
#include "ops/binary.h"

#include "base/mathx.h"

#include <string.h>

// ---- walk
// ------------------------------------------------------------------------------------------------------------------------

void onr_nd_walk_init(onr_nd_walk *w, const onr_shape *out, int32_t n_ops, const onr_shape *const shape[],
                      const size_t elem[]) {
    int64_t raw[ONR_ND_OPERANDS][ONR_MAX_RANK];
    w->n_ops = n_ops;
    w->rank = 0;
    for (int32_t k = 0; k < n_ops; k++) {
        const onr_shape *s = k ? shape[k] : out;
        int64_t run = (int64_t)elem[k];
        w->elem[k] = (int64_t)elem[k];
        for (int32_t d = out->rank - 1; d >= 0; d--) {
            int32_t sd = d - (out->rank - s->rank);
            int64_t size = sd >= 0 ? s->dim[sd] : 1;
            raw[k][d] = size == 1 ? 0 : run;
            run *= size;
        }
    }
    for (int32_t d = 0; d < out->rank; d++) { // drop dimensions of 1, merge those that every operand walks through evenly
        if (out->dim[d] == 1) continue;
        bool merge = w->rank > 0;
        for (int32_t k = 0; k < n_ops && merge; k++) merge = w->stride[k][w->rank - 1] == raw[k][d] * out->dim[d];
        if (merge) w->rank--;
        int64_t before = merge ? w->dim[w->rank] : 1;
        w->dim[w->rank] = before * out->dim[d];
        for (int32_t k = 0; k < n_ops; k++) w->stride[k][w->rank] = raw[k][d];
        w->rank++;
    }
    if (!w->rank) {
        w->dim[0] = 1;
        for (int32_t k = 0; k < n_ops; k++) w->stride[k][0] = 0;
        w->rank = 1;
    }
}

int64_t onr_nd_grain(int cost) { return onr_max_i64(32768 / (cost < 1 ? 1 : cost), 256); }

typedef struct walk_job {
    const onr_nd_walk *w;
    void *const *data;
    onr_nd_fn fn;
    const void *ctx;
    int64_t piece, pieces; // elements of one piece of the innermost dimension, and pieces in a row
} walk_job;

static void walk_task(void *ctx, size_t begin, size_t end) {
    const walk_job *j = ctx;
    const onr_nd_walk *w = j->w;
    int32_t last = w->rank - 1;
    int64_t index[ONR_MAX_RANK], row = (int64_t)begin / j->pieces, piece = (int64_t)begin % j->pieces;
    int64_t offset[ONR_ND_OPERANDS] = {0};
    for (int32_t d = last - 1; d >= 0; d--) {
        index[d] = row % w->dim[d];
        row /= w->dim[d];
        for (int32_t k = 0; k < w->n_ops; k++) offset[k] += index[d] * w->stride[k][d];
    }
    int64_t step[ONR_ND_OPERANDS];
    for (int32_t k = 0; k < w->n_ops; k++) step[k] = w->stride[k][last];
    for (size_t u = begin; u < end; u++) {
        char *p[ONR_ND_OPERANDS];
        int64_t at = piece * j->piece;
        for (int32_t k = 0; k < w->n_ops; k++) p[k] = (char *)j->data[k] + offset[k] + at * step[k];
        j->fn(j->ctx, onr_min_i64(j->piece, w->dim[last] - at), p, step);
        if (++piece < j->pieces) continue;
        piece = 0;
        for (int32_t d = last - 1; d >= 0; d--) {
            for (int32_t k = 0; k < w->n_ops; k++) offset[k] += w->stride[k][d];
            if (++index[d] < w->dim[d]) break;
            for (int32_t k = 0; k < w->n_ops; k++) offset[k] -= w->dim[d] * w->stride[k][d];
            index[d] = 0;
        }
    }
}

void onr_nd_walk_run(const onr_nd_walk *w, onr_pool *pool, void *const data[], int cost, onr_nd_fn fn, const void *ctx) {
    int64_t rows = 1, inner = w->dim[w->rank - 1], grain = onr_nd_grain(cost);
    for (int32_t d = 0; d + 1 < w->rank; d++) rows *= w->dim[d];
    if (rows == 0 || inner == 0) return;
    walk_job job = {.w = w, .data = data, .fn = fn, .ctx = ctx, .piece = onr_min_i64(inner, grain)};
    job.pieces = onr_ceil_div(inner, job.piece);
    onr_pool_for(pool, (size_t)(rows * job.pieces), (size_t)onr_max_i64(1, grain / job.piece), walk_task, &job);
}

onr_status onr_nd_unary(const onr_run *r, int cost, const onr_nd_fn fns[ONR_N_DTYPES], const void *ctx) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    if (!fns[x->dtype]) return onr_fail(r->err, ONR_INTERNAL, "no code for %s", onr_dtype_name(x->dtype));
    onr_nd_walk w = {.rank = 1, .n_ops = 2, .dim = {onr_nd_memory_elems(x)}};
    w.stride[0][0] = w.elem[0] = (int64_t)onr_dtype_size(y->dtype);
    w.stride[1][0] = w.elem[1] = (int64_t)onr_dtype_size(x->dtype);
    onr_nd_walk_run(&w, r->pool, (void *[]){y->data, x->data}, cost, fns[x->dtype], ctx);
    return ONR_OK;
}

onr_status onr_nd_binary(const onr_run *r, int cost, const onr_nd_fn fns[ONR_N_DTYPES], const onr_shape *b_shape,
                         const void *ctx) {
    const onr_tensor *a = onr_run_in(r, 0), *b = onr_run_in(r, 1);
    onr_tensor *y = onr_run_out(r, 0);
    if (!fns[a->dtype]) return onr_fail(r->err, ONR_INTERNAL, "no code for %s", onr_dtype_name(a->dtype));
    const size_t elem[] = {onr_dtype_size(y->dtype), onr_dtype_size(a->dtype), onr_dtype_size(b->dtype)};
    onr_nd_walk w;
    if (a->block) { // blocked channels of one shape: one long row
        onr_shape row = onr_shape_make(1, (const int64_t[]){onr_nd_memory_elems(a)});
        onr_nd_walk_init(&w, &row, 3, (const onr_shape *[]){NULL, &row, &row}, elem);
    } else {
        onr_nd_walk_init(&w, &y->shape, 3, (const onr_shape *[]){NULL, &a->shape, b_shape ? b_shape : &b->shape}, elem);
    }
    onr_nd_walk_run(&w, r->pool, (void *[]){y->data, a->data, b->data}, cost, fns[a->dtype], ctx);
    return ONR_OK;
}

// ---- copy
// ------------------------------------------------------------------------------------------------------------------------

void onr_nd_strides(const onr_shape *s, size_t elem, int64_t *strides) {
    uint64_t run = elem; // a shape too large to have memory wraps around here and fails where its memory is asked for
    for (int32_t d = s->rank - 1; d >= 0; d--) {
        strides[d] = (int64_t)run;
        run *= (uint64_t)s->dim[d];
    }
}

void onr_nd_fill(void *dst, size_t elem, int64_t n, const void *value) {
    if (n <= 0) return;
    if (elem == 1) {
        memset(dst, *(const uint8_t *)value, (size_t)n);
        return;
    }
    memcpy(dst, value, elem); // then double what is there
    size_t have = elem, want = elem * (size_t)n;
    while (have < want) {
        size_t more = have < want - have ? have : want - have;
        memcpy((char *)dst + have, dst, more);
        have += more;
    }
}

/// Drops dimensions of one element, merges what moves together, and turns contiguous runs into larger elements.
static void box_simplify(const onr_nd_box *in, onr_nd_box *b, size_t *elem) {
    b->rank = 0;
    for (int32_t d = 0; d < in->rank; d++) {
        if (in->dim[d] == 1) continue;
        int32_t p = b->rank - 1;
        if (p >= 0 && b->src[p] == in->src[d] * in->dim[d] && b->dst[p] == in->dst[d] * in->dim[d]) {
            b->dim[p] *= in->dim[d];
            b->src[p] = in->src[d];
            b->dst[p] = in->dst[d];
            continue;
        }
        b->dim[b->rank] = in->dim[d];
        b->src[b->rank] = in->src[d];
        b->dst[b->rank++] = in->dst[d];
    }
    int32_t l = b->rank - 1;
    if (l >= 0 && b->src[l] == (int64_t)*elem && b->dst[l] == (int64_t)*elem) {
        *elem *= (size_t)b->dim[l];
        b->rank--;
    }
}

#define STRIDED(T)                                      \
    for (int64_t i = 0; i < n; i++, s += ss, d += ds) { \
        T v;                                            \
        memcpy(&v, s, sizeof v);                        \
        memcpy(d, &v, sizeof v);                        \
    }

static void line_copy(size_t elem, int64_t n, const char *s, int64_t ss, char *d, int64_t ds) {
    typedef struct {
        uint64_t a, b;
    } wide;
    if (ss == 0 && ds == (int64_t)elem) {
        onr_nd_fill(d, elem, n, s);
        return;
    }
    switch (elem) {
    case 1: STRIDED(uint8_t) break;
    case 2: STRIDED(uint16_t) break;
    case 4: STRIDED(uint32_t) break;
    case 8: STRIDED(uint64_t) break;
    case 16: STRIDED(wide) break;
    default:
        for (int64_t i = 0; i < n; i++, s += ss, d += ds) memcpy(d, s, elem);
    }
}

enum { TILE = 16 }; // a tile of 16 x 16 elements of up to 16 bytes stays in the first-level cache on both sides

typedef struct copy_job {
    const onr_nd_box *b;
    size_t elem;
    const char *src;
    char *dst;
    int64_t strips; // strips of TILE lines of the second innermost dimension (1: not tiled)
} copy_job;

static void copy_tile(const copy_job *j, int64_t strip, const char *s, char *d) {
    const onr_nd_box *b = j->b;
    int32_t q = b->rank - 1, p = b->rank - 2;
    int64_t p0 = strip * TILE, np = onr_min_i64(TILE, b->dim[p] - p0);
    s += p0 * b->src[p];
    d += p0 * b->dst[p];
    for (int64_t q0 = 0; q0 < b->dim[q]; q0 += TILE) {
        int64_t nq = onr_min_i64(TILE, b->dim[q] - q0);
        for (int64_t i = 0; i < np; i++)
            line_copy(j->elem, nq, s + q0 * b->src[q] + i * b->src[p], b->src[q], d + q0 * b->dst[q] + i * b->dst[p],
                      b->dst[q]);
    }
}

static void copy_task(void *ctx, size_t begin, size_t end) {
    const copy_job *j = ctx;
    const onr_nd_box *b = j->b;
    int32_t outer = b->rank - (j->strips ? 2 : 1);
    int64_t per = j->strips ? j->strips : 1, unit = (int64_t)begin / per, strip = (int64_t)begin % per;
    int64_t index[ONR_ND_BOX_RANK];
    const char *s = j->src;
    char *d = j->dst;
    for (int32_t k = outer - 1; k >= 0; k--) {
        index[k] = unit % b->dim[k];
        unit /= b->dim[k];
        s += index[k] * b->src[k];
        d += index[k] * b->dst[k];
    }
    for (size_t u = begin; u < end; u++) {
        if (j->strips)
            copy_tile(j, strip, s, d);
        else
            line_copy(j->elem, b->dim[b->rank - 1], s, b->src[b->rank - 1], d, b->dst[b->rank - 1]);
        if (++strip < per) continue;
        strip = 0;
        for (int32_t k = outer - 1; k >= 0; k--) {
            s += b->src[k];
            d += b->dst[k];
            if (++index[k] < b->dim[k]) break;
            s -= b->dim[k] * b->src[k];
            d -= b->dim[k] * b->dst[k];
            index[k] = 0;
        }
    }
}

static void swap_dims(onr_nd_box *b, int32_t i, int32_t j) {
    int64_t n = b->dim[i], s = b->src[i], d = b->dst[i];
    b->dim[i] = b->dim[j], b->src[i] = b->src[j], b->dst[i] = b->dst[j];
    b->dim[j] = n, b->src[j] = s, b->dst[j] = d;
}

typedef struct run_job {
    const char *src;
    char *dst;
    size_t bytes;
} run_job;

static void run_task(void *ctx, size_t begin, size_t end) {
    const run_job *j = ctx;
    enum { PIECE = 1 << 17 };
    size_t from = begin * PIECE, to = end * PIECE < j->bytes ? end * PIECE : j->bytes;
    memcpy(j->dst + from, j->src + from, to - from);
}

typedef struct line_job {
    const onr_nd_box *b;
    size_t elem;
    const char *src;
    char *dst;
} line_job;

static void line_task(void *ctx, size_t begin, size_t end) {
    const line_job *j = ctx;
    int64_t ss = j->b->src[0], ds = j->b->dst[0];
    line_copy(j->elem, (int64_t)(end - begin), j->src + (int64_t)begin * ss, ss, j->dst + (int64_t)begin * ds, ds);
}

void onr_nd_copy(onr_pool *pool, size_t elem, const onr_nd_box *box, const void *src, void *dst) {
    for (int32_t d = 0; d < box->rank; d++)
        if (box->dim[d] == 0) return;
    onr_nd_box b;
    box_simplify(box, &b, &elem);
    if (!b.rank) { // one run
        if (src == dst || !elem) return;
        run_job one = {.src = src, .dst = dst, .bytes = elem};
        onr_pool_for(pool, (elem + (1 << 17) - 1) >> 17, 1, run_task, &one);
        return;
    }
    if (b.rank == 1) {
        line_job line = {.b = &b, .elem = elem, .src = src, .dst = dst};
        onr_pool_for(pool, (size_t)b.dim[0], 65536 / (elem < 65536 ? elem : 65536), line_task, &line);
        return;
    }
    // A transposition: the reads of the innermost dimension are far apart, and another dimension's are side by side.
    copy_job job = {.b = &b, .src = src, .dst = dst};
    if (elem <= 16 && b.src[b.rank - 1] != (int64_t)elem)
        for (int32_t d = b.rank - 2; d >= 0; d--)
            if (b.src[d] == (int64_t)elem) {
                swap_dims(&b, d, b.rank - 2);
                job.strips = onr_ceil_div(b.dim[b.rank - 2], TILE);
                break;
            }
    job.elem = elem;
    int64_t units = job.strips ? job.strips : 1, line = b.dim[b.rank - 1] * (int64_t)elem * (job.strips ? TILE : 1);
    for (int32_t d = 0; d < b.rank - (job.strips ? 2 : 1); d++) units *= b.dim[d];
    onr_pool_for(pool, (size_t)units, (size_t)onr_max_i64(1, 65536 / onr_max_i64(line, 1)), copy_task, &job);
}

// ---- outputs
// -------------------------------------------------------------------------------------------------------------------

onr_status onr_nd_begin(const onr_run *r, int32_t i, onr_dtype dtype, const onr_shape *shape, void **dst) {
    *dst = NULL;
    if (!onr_run_wants(r, i)) return ONR_OK;
    if (dtype != ONR_STRING) {
        ONR_TRY(onr_run_output(r, i, dtype, shape));
        *dst = onr_run_out(r, i)->data;
        return ONR_OK;
    }
    int64_t n;
    size_t bytes;
    if (!onr_shape_numel(shape, &n) || !onr_mul_size((size_t)n, sizeof(onr_string), &bytes))
        return onr_run_bad(r, "output is too large");
    *dst = onr_malloc(bytes + 1);
    if (!*dst) return onr_no_memory(r->err, bytes);
    memset(*dst, 0, bytes);
    return ONR_OK;
}

onr_status onr_nd_end(const onr_run *r, int32_t i, onr_dtype dtype, const onr_shape *shape, void *dst, onr_status status) {
    if (dtype != ONR_STRING || !dst) return status;
    if (status == ONR_OK) {
        onr_datum d = {.kind = ONR_KIND_UNKNOWN};
        status = onr_datum_new_strings(shape, dst, &d, r->err);
        if (status == ONR_OK) onr_run_give(r, i, &d);
    }
    onr_free(dst);
    return status;
}

// ---- old broadcasting
// ------------------------------------------------------------------------------------------------------------

const onr_attr_spec onr_nd_old_attrs[] = {ONR_A_INT(onr_nd_old, axis, ONR_NO_INT), ONR_A_INT(onr_nd_old, broadcast, 0),
                                          ONR_A_INTS(onr_nd_old, consumed_inputs), ONR_ATTR_ARRAY_END};
const onr_attr_spec onr_nd_old_attrs6[] = {ONR_A_INT(onr_nd_old, axis, ONR_NO_INT), ONR_A_INT(onr_nd_old, broadcast, 0),
                                           ONR_ATTR_ARRAY_END};
const onr_attr_spec onr_nd_consumed_attrs[] = {ONR_A_INTS(onr_nd_consumed, consumed_inputs), ONR_ATTR_ARRAY_END};

onr_status onr_nd_old_shape(const onr_nd_old *p, const onr_shape *a, const onr_shape *b, onr_shape *out, onr_err *err) {
    char ta[ONR_SHAPE_TEXT], tb[ONR_SHAPE_TEXT];
    *out = *b;
    if (!p->broadcast) {
        bool same = a->rank == b->rank;
        for (int32_t d = 0; same && d < a->rank; d++)
            same = a->dim[d] == b->dim[d] || !onr_dim_known(a->dim[d]) || !onr_dim_known(b->dim[d]);
        if (same) return ONR_OK;
        return onr_fail(err, ONR_INVALID, "shapes %s and %s differ and attribute broadcast is not set",
                        onr_shape_text(a, NULL, ta), onr_shape_text(b, NULL, tb));
    }
    int64_t axis = p->axis == ONR_NO_INT ? a->rank - b->rank : p->axis;
    if (axis < 0 && p->axis != ONR_NO_INT) axis += a->rank;
    if (axis < 0 || axis > a->rank - b->rank)
        return onr_fail(err, ONR_INVALID, "shape %s does not fit into %s at axis %lld", onr_shape_text(b, NULL, tb),
                        onr_shape_text(a, NULL, ta), (long long)axis);
    out->rank = a->rank;
    for (int32_t d = 0; d < a->rank; d++) out->dim[d] = 1;
    for (int32_t d = 0; d < b->rank; d++) {
        int64_t x = a->dim[axis + d], y = b->dim[d];
        out->dim[axis + d] = y;
        if (y != 1 && x != y && onr_dim_known(x) && onr_dim_known(y))
            return onr_fail(err, ONR_INVALID, "shape %s does not broadcast to %s at axis %lld", onr_shape_text(b, NULL, tb),
                            onr_shape_text(a, NULL, ta), (long long)axis);
    }
    return ONR_OK;
}

onr_status onr_nd_infer_old(onr_infer *c, onr_dtype out) {
    onr_shape a = onr_infer_shape(c, 0), b = onr_infer_shape(c, 1), s;
    onr_infer_set(c, 0, out, a);
    if (a.rank < 0 || b.rank < 0) return ONR_OK;
    return onr_nd_old_shape(c->params, &a, &b, &s, c->err);
}

onr_status onr_nd_binary_old(const onr_run *r, int cost, const onr_nd_fn fns[ONR_N_DTYPES], const void *ctx) {
    onr_shape b;
    ONR_TRY(onr_nd_old_shape(r->params, &onr_run_in(r, 0)->shape, &onr_run_in(r, 1)->shape, &b, r->err));
    return onr_nd_binary(r, cost, fns, &b, ctx);
}

// ---- inference and layout
// ----------------------------------------------------------------------------------------------------------

int64_t onr_nd_dim_product(const onr_infer *c, const onr_shape *s, int32_t from, int32_t to) {
    int64_t number = 1, symbol = 0;
    int symbols = 0;
    for (int32_t d = from; d < to; d++) {
        if (s->dim[d] == 0) return 0;
        if (!onr_dim_known(s->dim[d])) {
            symbol = s->dim[d];
            symbols++;
        } else if (!onr_mul_i64(number, s->dim[d], &number)) {
            return onr_infer_fresh(c);
        }
    }
    if (!symbols) return number;
    return symbols == 1 && number == 1 ? symbol : onr_infer_fresh(c);
}

void onr_nd_layout_unary(onr_layout *q) { q->blocked_in = q->blocked_out = q->available & 1u; }

int64_t onr_nd_memory_elems(const onr_tensor *t) {
    return t->block ? (int64_t)(onr_tensor_bytes(t) / onr_dtype_size(t->dtype)) : onr_tensor_numel(t);
}
