// expand.c: Expand and Tile, all opset versions: repetition along dimensions.
// May assume: movement only; nd.c's copy repeats with strides of 0. Never reads the characters of strings.
#include "ops/known.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include "base/mathx.h"

// ---- Expand
// --------------------------------------------------------------------------------------------------------------------------

static onr_status infer_expand(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, 0), want = onr_infer_shape(c, 1), out = onr_shape_unknown();
    if (onr_infer_dtype(c, 1) != ONR_INT64 && onr_infer_dtype(c, 1) != ONR_UNDEFINED)
        return onr_infer_bad(c, "shape has type %s, not int64", onr_dtype_name(onr_infer_dtype(c, 1)));
    if (want.rank > 1) return onr_infer_bad(c, "shape has rank %d, not 1", want.rank);
    const onr_known *k = onr_infer_ints(c, 1);
    if (k) {
        if (k->n > ONR_MAX_RANK) return onr_infer_unsupported(c, "rank %lld (at most %d)", (long long)k->n, ONR_MAX_RANK);
        onr_shape target = onr_shape_make((int32_t)k->n, k->v);
        for (int32_t d = 0; d < target.rank; d++)
            if (!onr_dim_symbolic(target.dim[d]) && target.dim[d] < 0)
                return onr_infer_bad(c, "shape[%d] is %lld", d, (long long)target.dim[d]);
        out = x;
        ONR_TRY(onr_infer_broadcast(c, &out, &target));
    } else if (x.rank >= 0 && want.rank == 1 && onr_dim_known(want.dim[0]) && want.dim[0] <= ONR_MAX_RANK) {
        out.rank = onr_max_i64(x.rank, want.dim[0]) == x.rank ? x.rank : (int32_t)want.dim[0];
        for (int32_t d = 0; d < out.rank; d++) { // a dimension other than 1 stays
            int32_t i = d - (out.rank - x.rank);
            out.dim[d] = i >= 0 && onr_dim_known(x.dim[i]) && x.dim[i] != 1 ? x.dim[i] : onr_infer_fresh(c);
        }
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    const onr_known *value = onr_known_in(c, 0);
    onr_known *all = value && value->n == 1 && out.rank == 1 && onr_dim_known(out.dim[0]) ? onr_infer_new_known(c, out.dim[0])
                                                                                          : NULL;
    for (int64_t i = 0; all && i < all->n; i++) all->v[i] = value->v[0];
    onr_known_set(c, 0, all);
    return ONR_OK;
}

static onr_status run_expand(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0), *want = onr_run_in(r, 1);
    int64_t n = onr_tensor_numel(want), in[ONR_MAX_RANK];
    onr_shape out = {.rank = n > x->shape.rank ? (int32_t)n : x->shape.rank};
    size_t e = onr_dtype_size(x->dtype);
    onr_nd_box box = {.rank = out.rank};
    onr_nd_strides(&x->shape, e, in);
    for (int32_t d = 0; d < out.rank; d++) {
        int32_t i = d - (out.rank - x->shape.rank);
        int64_t k = d - (out.rank - n), mine = i >= 0 ? x->shape.dim[i] : 1, other = k >= 0 ? onr_tensor_int(want, k) : 1;
        out.dim[d] = mine == 1 ? other : mine;
        box.src[d] = mine == 1 ? 0 : in[i];
        box.dim[d] = out.dim[d];
    }
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &out, &dst));
    onr_nd_strides(&out, e, box.dst);
    onr_nd_copy(r->pool, e, &box, x->data, dst);
    return onr_nd_end(r, 0, x->dtype, &out, dst, ONR_OK);
}

// ---- Tile
// ----------------------------------------------------------------------------------------------------------------------------

static onr_status set_tiled(onr_infer *c, onr_shape x, const int64_t *repeat) {
    for (int32_t d = 0; d < x.rank; d++) {
        int64_t n = repeat[d];
        if (!onr_dim_symbolic(n) && n < 0) return onr_infer_bad(c, "repeats[%d] is %lld", d, (long long)n);
        if (n == 1) continue;
        if (x.dim[d] == 1)
            x.dim[d] = n;
        else if (n == 0)
            x.dim[d] = 0;
        else if (!onr_dim_known(n) || !onr_dim_known(x.dim[d]))
            x.dim[d] = onr_infer_fresh(c);
        else if (!onr_mul_i64(x.dim[d], n, &x.dim[d]))
            return onr_infer_bad(c, "the result is too large");
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    return ONR_OK;
}

static onr_status infer_tile(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, 0);
    if (onr_infer_dtype(c, 1) != ONR_INT64 && onr_infer_dtype(c, 1) != ONR_UNDEFINED)
        return onr_infer_bad(c, "repeats have type %s, not int64", onr_dtype_name(onr_infer_dtype(c, 1)));
    if (onr_infer_shape(c, 1).rank > 1) return onr_infer_bad(c, "repeats have rank %d, not 1", onr_infer_shape(c, 1).rank);
    const onr_known *k = onr_infer_ints(c, 1);
    if (k && x.rank >= 0) {
        if (k->n != x.rank) return onr_infer_bad(c, "%lld repeats for a tensor of rank %d", (long long)k->n, x.rank);
        return set_tiled(c, x, k->v);
    }
    for (int32_t d = 0; d < x.rank; d++) x.dim[d] = onr_infer_fresh(c);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    return ONR_OK;
}

/// Opset 1: one axis, and how often, as scalars of the data's type. False when they are not numbers that fit.
static bool tile_once(const onr_tensor *tiles, const onr_tensor *axis, int32_t rank, int64_t repeat[ONR_MAX_RANK]) {
    if (onr_tensor_numel(tiles) != 1 || onr_tensor_numel(axis) != 1) return false;
    double n = onr_tensor_num(tiles, 0), a = onr_tensor_num(axis, 0);
    if (!(n >= 0 && n <= 1e15) || !(a >= -rank && a < rank)) return false;
    for (int32_t d = 0; d < rank; d++) repeat[d] = 1;
    repeat[onr_axis((int64_t)a, rank)] = (int64_t)n;
    return true;
}

static onr_status infer_tile1(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, 0);
    int64_t repeat[ONR_MAX_RANK];
    if (x.rank >= 0 && c->constant[1] && c->constant[2]) {
        if (!tile_once(&c->constant[1]->t, &c->constant[2]->t, x.rank, repeat))
            return onr_infer_bad(c, "tiles or axis is out of range");
        return set_tiled(c, x, repeat);
    }
    for (int32_t d = 0; d < x.rank; d++) x.dim[d] = onr_infer_fresh(c);
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), x);
    return ONR_OK;
}

static onr_status tile(const onr_run *r, const int64_t *repeat) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_shape out = x->shape;
    size_t e = onr_dtype_size(x->dtype);
    onr_nd_box box = {.rank = 2 * out.rank};
    int64_t in[ONR_MAX_RANK], to[ONR_MAX_RANK];
    for (int32_t d = 0; d < out.rank; d++) out.dim[d] *= repeat[d];
    onr_nd_strides(&x->shape, e, in);
    onr_nd_strides(&out, e, to);
    for (int32_t d = 0; d < out.rank; d++) { // each dimension twice: which copy, and where in it
        box.dim[2 * d] = repeat[d];
        box.src[2 * d] = 0;
        box.dst[2 * d] = to[d] * x->shape.dim[d];
        box.dim[2 * d + 1] = x->shape.dim[d];
        box.src[2 * d + 1] = in[d];
        box.dst[2 * d + 1] = to[d];
    }
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &out, &dst));
    onr_nd_copy(r->pool, e, &box, x->data, dst);
    return onr_nd_end(r, 0, x->dtype, &out, dst, ONR_OK);
}

static onr_status run_tile(const onr_run *r) {
    int64_t repeat[ONR_MAX_RANK];
    for (int32_t d = 0; d < onr_run_in(r, 0)->shape.rank; d++) repeat[d] = onr_tensor_int(onr_run_in(r, 1), d);
    return tile(r, repeat);
}

static onr_status run_tile1(const onr_run *r) {
    int64_t repeat[ONR_MAX_RANK];
    if (!tile_once(onr_run_in(r, 1), onr_run_in(r, 2), onr_run_in(r, 0)->shape.rank, repeat))
        return onr_run_bad(r, "tiles or axis is out of range");
    return tile(r, repeat);
}

// ---- rows
// ----------------------------------------------------------------------------------------------------------------------------

#define ROW(op, from, to, n_in, set, fn)                                                                            \
    {                                                                                                               \
        ONR_AI(op, from, to), ONR_ARITY(n_in, n_in, 1, 1), .flags = ONR_OP_PURE, .types = set, .infer = infer_##fn, \
                                                           .run = run_##fn                                          \
    }

static const onr_op rows[] = {
    ROW("Expand", 8, 12, 2, ONR_T_ALL1, expand), ROW("Expand", 13, 0, 2, ONR_T_ALL13, expand),
    ROW("Tile", 1, 5, 3, ONR_T_FLOATS3, tile1),  ROW("Tile", 6, 12, 2, ONR_T_ALL1, tile),
    ROW("Tile", 13, 0, 2, ONR_T_ALL13, tile),
};
ONR_OP_FAMILY(expand);
