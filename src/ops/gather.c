// gather.c: Gather, GatherElements and GatherND, all opset versions.
// May assume: movement only; elements are bytes. Every index is checked before anything is read through it.
// Never reads the characters of strings.
#include "ops/known.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include "base/mathx.h"

#include <string.h>

typedef struct gather_params {
    int64_t axis, batch_dims;
} gather_params;

/// Index i of an int32 or int64 tensor, counted from the front; negative numbers count from the end.
static inline int64_t index_at(const onr_tensor *t, int64_t i, int64_t size) {
    int64_t k = t->dtype == ONR_INT64 ? ((const int64_t *)t->data)[i] : ((const int32_t *)t->data)[i];
    return k < 0 ? k + size : k;
}

static onr_status bad_index(const onr_run *r, const onr_tensor *t, int64_t i, int64_t size) {
    return onr_run_bad(r, "index %lld (element %lld of indices) is out of range for %lld elements",
                       (long long)onr_tensor_int(t, i), (long long)i, (long long)size);
}

static onr_status check_index_type(onr_infer *c, bool wide_only) {
    onr_dtype t = onr_infer_dtype(c, 1);
    if (t == ONR_UNDEFINED || t == ONR_INT64 || (t == ONR_INT32 && !wide_only)) return ONR_OK;
    return onr_infer_bad(c, "indices have type %s", onr_dtype_name(t));
}

// ---- Gather
// ------------------------------------------------------------------------------------------------------------------------

static void gather_known(onr_infer *c) {
    const onr_known *data = onr_known_in(c, 0), *at = onr_known_in(c, 1);
    onr_known *out = data && at ? onr_infer_new_known(c, at->n) : NULL;
    if (!out) return;
    for (int64_t i = 0; i < at->n; i++) {
        int64_t k = at->v[i] < 0 ? at->v[i] + data->n : at->v[i];
        if (k < 0 || k >= data->n) return;
        out->v[i] = data->v[k];
    }
    onr_known_set(c, 0, out);
}

static onr_status infer_gather(onr_infer *c) {
    const gather_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), at = onr_infer_shape(c, 1), out = {.rank = 0};
    int32_t axis;
    ONR_TRY(check_index_type(c, false));
    if (x.rank >= 0) ONR_TRY(onr_infer_axis(c, p->axis, x.rank, &axis));
    if (x.rank < 0 || at.rank < 0) {
        onr_infer_set(c, 0, onr_infer_dtype(c, 0), onr_shape_unknown());
        return ONR_OK;
    }
    if (x.rank + at.rank - 1 > ONR_MAX_RANK)
        return onr_infer_unsupported(c, "rank %d (at most %d)", x.rank + at.rank - 1, ONR_MAX_RANK);
    for (int32_t d = 0; d < axis; d++) out.dim[out.rank++] = x.dim[d];
    for (int32_t d = 0; d < at.rank; d++) out.dim[out.rank++] = at.dim[d];
    for (int32_t d = axis + 1; d < x.rank; d++) out.dim[out.rank++] = x.dim[d];
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    if (x.rank == 1 && at.rank <= 1) gather_known(c);
    return ONR_OK;
}

typedef struct gather_job {
    const onr_tensor *x, *at;
    int64_t n_at, size, run; // indices, elements of the axis, bytes behind one index
    char *dst;
} gather_job;

static void gather_task(void *ctx, size_t begin, size_t end) {
    const gather_job *j = ctx;
    int64_t outer = (int64_t)begin / j->n_at, i = (int64_t)begin % j->n_at;
    const char *src = j->x->data;
    for (size_t u = begin; u < end; u++) {
        int64_t k = index_at(j->at, i, j->size);
        const char *from = src + (outer * j->size + k) * j->run;
        char *to = j->dst + (int64_t)u * j->run;
        if (j->run == 4)
            memcpy(to, from, 4);
        else if (j->run == 8)
            memcpy(to, from, 8);
        else
            memcpy(to, from, (size_t)j->run);
        if (++i == j->n_at) i = 0, outer++;
    }
}

static onr_status run_gather(const onr_run *r) {
    const gather_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *at = onr_run_in(r, 1);
    int32_t axis = onr_axis(p->axis, x->shape.rank);
    onr_shape shape = {.rank = 0};
    for (int32_t d = 0; d < axis; d++) shape.dim[shape.rank++] = x->shape.dim[d];
    for (int32_t d = 0; d < at->shape.rank; d++) shape.dim[shape.rank++] = at->shape.dim[d];
    for (int32_t d = axis + 1; d < x->shape.rank; d++) shape.dim[shape.rank++] = x->shape.dim[d];
    gather_job job = {.x = x, .at = at, .n_at = onr_tensor_numel(at), .size = x->shape.dim[axis]};
    for (int64_t i = 0; i < job.n_at; i++) {
        int64_t k = index_at(at, i, job.size);
        if (k < 0 || k >= job.size) return bad_index(r, at, i, job.size);
    }
    job.run = onr_shape_span(&x->shape, axis + 1, x->shape.rank) * (int64_t)onr_dtype_size(x->dtype);
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &shape, &dst));
    job.dst = dst;
    int64_t units = onr_shape_span(&x->shape, 0, axis) * job.n_at;
    if (job.run) onr_pool_for(r->pool, (size_t)units, (size_t)onr_max_i64(1, 65536 / (job.run + 16)), gather_task, &job);
    return onr_nd_end(r, 0, x->dtype, &shape, dst, ONR_OK);
}

// ---- GatherElements
// ----------------------------------------------------------------------------------------------------------------

static onr_status infer_gather_elements(onr_infer *c) {
    const gather_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), at = onr_infer_shape(c, 1);
    int32_t axis;
    ONR_TRY(check_index_type(c, false));
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), at);
    if (x.rank < 0 || at.rank < 0) return ONR_OK;
    if (x.rank != at.rank) return onr_infer_bad(c, "data has rank %d, indices have %d", x.rank, at.rank);
    ONR_TRY(onr_infer_axis(c, p->axis, x.rank, &axis));
    for (int32_t d = 0; d < x.rank; d++)
        if (d != axis && onr_dim_known(x.dim[d]) && onr_dim_known(at.dim[d]) && at.dim[d] > x.dim[d])
            return onr_infer_bad(c, "indices have %lld entries in dimension %d, data has %lld", (long long)at.dim[d], d,
                                 (long long)x.dim[d]);
    return ONR_OK;
}

typedef struct elements_job {
    const onr_tensor *x, *at;
    int32_t axis;
    size_t elem;
    int64_t stride[ONR_MAX_RANK]; // of data, in bytes
    char *dst;
} elements_job;

static void elements_task(void *ctx, size_t begin, size_t end) {
    const elements_job *j = ctx;
    const onr_shape *s = &j->at->shape;
    int64_t index[ONR_MAX_RANK], rest = (int64_t)begin, size = j->x->shape.dim[j->axis], offset = 0;
    for (int32_t d = s->rank - 1; d >= 0; d--) {
        index[d] = rest % s->dim[d];
        rest /= s->dim[d];
        if (d != j->axis) offset += index[d] * j->stride[d];
    }
    for (size_t u = begin; u < end; u++) {
        const char *from = (const char *)j->x->data + offset + index_at(j->at, (int64_t)u, size) * j->stride[j->axis];
        memcpy(j->dst + u * j->elem, from, j->elem);
        for (int32_t d = s->rank - 1; d >= 0; d--) {
            int64_t step = d == j->axis ? 0 : j->stride[d];
            offset += step;
            if (++index[d] < s->dim[d]) break;
            offset -= step * s->dim[d];
            index[d] = 0;
        }
    }
}

static onr_status run_gather_elements(const onr_run *r) {
    const gather_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *at = onr_run_in(r, 1);
    elements_job job = {.x = x, .at = at, .axis = onr_axis(p->axis, x->shape.rank), .elem = onr_dtype_size(x->dtype)};
    int64_t n = onr_tensor_numel(at), size = x->shape.dim[job.axis];
    for (int64_t i = 0; i < n; i++) {
        int64_t k = index_at(at, i, size);
        if (k < 0 || k >= size) return bad_index(r, at, i, size);
    }
    onr_nd_strides(&x->shape, job.elem, job.stride);
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &at->shape, &dst));
    job.dst = dst;
    onr_pool_for(r->pool, (size_t)n, 8192, elements_task, &job);
    return onr_nd_end(r, 0, x->dtype, &at->shape, dst, ONR_OK);
}

// ---- GatherND
// ----------------------------------------------------------------------------------------------------------------------

/// The output's shape; false (with *out unknown) when it cannot be known yet.
static bool nd_shape(const onr_shape *x, const onr_shape *at, int64_t batch, onr_shape *out) {
    *out = onr_shape_unknown();
    if (x->rank < 0 || at->rank < 1 || !onr_dim_known(at->dim[at->rank - 1])) return false;
    int64_t tuple = at->dim[at->rank - 1], rank = at->rank - 1 + x->rank - batch - tuple;
    if (rank < 0 || rank > ONR_MAX_RANK || batch + tuple > x->rank) return false;
    out->rank = 0;
    for (int32_t d = 0; d + 1 < at->rank; d++) out->dim[out->rank++] = at->dim[d];
    for (int64_t d = batch + tuple; d < x->rank; d++) out->dim[out->rank++] = x->dim[d];
    return true;
}

static onr_status infer_gather_nd(onr_infer *c) {
    const gather_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), at = onr_infer_shape(c, 1), out;
    ONR_TRY(check_index_type(c, true));
    if (at.rank == 0) return onr_infer_bad(c, "indices are a scalar");
    int32_t least = x.rank >= 0 && at.rank >= 0 ? (x.rank < at.rank ? x.rank : at.rank) : ONR_MAX_RANK;
    if (p->batch_dims < 0 || p->batch_dims >= least)
        return onr_infer_bad(c, "batch_dims %lld with data of rank %d and indices of rank %d", (long long)p->batch_dims, x.rank,
                             at.rank);
    for (int32_t d = 0; d < p->batch_dims && x.rank >= 0 && at.rank >= 0; d++)
        if (x.dim[d] != at.dim[d] && onr_dim_known(x.dim[d]) && onr_dim_known(at.dim[d]))
            return onr_infer_bad(c, "batch dimension %d is %lld in data and %lld in indices", d, (long long)x.dim[d],
                                 (long long)at.dim[d]);
    if (!nd_shape(&x, &at, p->batch_dims, &out) && x.rank >= 0 && at.rank >= 1 && onr_dim_known(at.dim[at.rank - 1]))
        return onr_infer_bad(c, "indices of %lld numbers into data of rank %d", (long long)at.dim[at.rank - 1], x.rank);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    return ONR_OK;
}

static onr_status run_gather_nd(const onr_run *r) {
    const gather_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0), *at = onr_run_in(r, 1);
    int32_t batch = (int32_t)p->batch_dims;
    int64_t tuple = at->shape.dim[at->shape.rank - 1], stride[ONR_MAX_RANK];
    onr_shape shape;
    if (!nd_shape(&x->shape, &at->shape, batch, &shape)) return onr_run_bad(r, "indices do not fit the data");
    size_t e = onr_dtype_size(x->dtype);
    onr_nd_strides(&x->shape, e, stride);
    int64_t batches = onr_shape_span(&x->shape, 0, batch), per = onr_shape_span(&at->shape, batch, at->shape.rank - 1);
    int64_t run = onr_shape_span(&x->shape, batch + (int32_t)tuple, x->shape.rank) * (int64_t)e;
    int64_t step = onr_shape_span(&x->shape, batch, x->shape.rank) * (int64_t)e;
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &shape, &dst));
    onr_status s = ONR_OK;
    char *to = dst;
    for (int64_t u = 0; u < batches * per && s == ONR_OK; u++, to += run) {
        int64_t offset = u / per * step;
        for (int64_t k = 0; k < tuple && s == ONR_OK; k++) {
            int64_t size = x->shape.dim[batch + k], i = index_at(at, u * tuple + k, size);
            if (i < 0 || i >= size)
                s = bad_index(r, at, u * tuple + k, size);
            else
                offset += i * stride[batch + k];
        }
        if (s == ONR_OK && run) memcpy(to, (const char *)x->data + offset, (size_t)run);
    }
    return onr_nd_end(r, 0, x->dtype, &shape, dst, s);
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec axis0[] = {ONR_A_INT(gather_params, axis, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec nd11[] = {ONR_ATTR_ARRAY_END};
static const onr_attr_spec nd12[] = {ONR_A_INT(gather_params, batch_dims, 0), ONR_ATTR_ARRAY_END};

#define ROW(op, from, to, set, table, fn)                                                                                  \
    {                                                                                                                      \
        ONR_AI(op, from, to), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(table, gather_params), \
                                                     .infer = infer_##fn, .run = run_##fn                                  \
    }

static const onr_op rows[] = {
    ROW("Gather", 1, 10, ONR_T_ALL1, axis0, gather),
    ROW("Gather", 11, 12, ONR_T_ALL1, axis0, gather),
    ROW("Gather", 13, 0, ONR_T_ALL13, axis0, gather),
    ROW("GatherElements", 11, 12, ONR_T_ALL1, axis0, gather_elements),
    ROW("GatherElements", 13, 0, ONR_T_ALL13, axis0, gather_elements),
    ROW("GatherND", 11, 11, ONR_T_ALL1, nd11, gather_nd),
    ROW("GatherND", 12, 12, ONR_T_ALL1, nd12, gather_nd),
    ROW("GatherND", 13, 0, ONR_T_ALL13, nd12, gather_nd),
};
ONR_OP_FAMILY(gather);
