// transpose.c: Transpose, DepthToSpace and SpaceToDepth, all opset versions: permutations of a tensor's dimensions.
// May assume: movement only; nd.c's copy tiles what needs it. Never reads the characters of strings.
#include "kernels/transpose/transpose.h"

#include "base/mathx.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <string.h>

typedef struct transpose_params {
    onr_ints perm;
    int64_t blocksize;
    onr_string mode;
    bool crd; // DepthToSpace: column, row, depth order
} transpose_params;

/// Copies in's dimensions (given by `dims`, a split of its shape) to the output in the order of perm.
static onr_status permute(const onr_run *r, const onr_shape *dims, const int32_t *perm, const onr_shape *out_shape) {
    const onr_tensor *x = onr_run_in(r, 0);
    size_t e = onr_dtype_size(x->dtype);
    int64_t in[ONR_MAX_RANK];
    onr_nd_box box = {.rank = dims->rank};
    onr_nd_strides(dims, e, in);
    int64_t run = (int64_t)e;
    for (int32_t d = box.rank - 1; d >= 0; d--) {
        box.dim[d] = dims->dim[perm[d]];
        box.src[d] = in[perm[d]];
        box.dst[d] = run;
        run *= box.dim[d];
    }
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, out_shape, &dst));
    if (r->env->target->reference || x->dtype == ONR_STRING) {
        onr_nd_copy(r->pool, e, &box, x->data, dst);
        return onr_nd_end(r, 0, x->dtype, out_shape, dst, ONR_OK);
    }
    for (int32_t d = 0; d < box.rank; d++) { // in elements
        box.src[d] /= (int64_t)e;
        box.dst[d] /= (int64_t)e;
    }
    onr_strided_copy_run(r->env->target->cpu.features, (int64_t)e, box.rank, box.dim, x->data, box.src, dst, box.dst, r->pool);
    return onr_nd_end(r, 0, x->dtype, out_shape, dst, ONR_OK);
}

// ---- Transpose
// -----------------------------------------------------------------------------------------------------------------------

static onr_status infer_transpose(onr_infer *c) {
    const transpose_params *p = c->params;
    onr_shape x = onr_infer_shape(c, 0), out = x;
    bool seen[ONR_MAX_RANK] = {false};
    if (x.rank >= 0 && p->perm.v && p->perm.n != (size_t)x.rank)
        return onr_infer_bad(c, "perm has %zu entries for a tensor of rank %d", p->perm.n, x.rank);
    for (int32_t d = 0; d < x.rank; d++) {
        int64_t from = p->perm.v ? p->perm.v[d] : x.rank - 1 - d;
        if (from < 0 || from >= x.rank || seen[from])
            return onr_infer_bad(c, "perm[%d] is %lld: not a permutation", d, (long long)from);
        seen[from] = true;
        out.dim[d] = x.dim[from];
    }
    if (x.rank < 0 && p->perm.v && p->perm.n <= ONR_MAX_RANK) {
        out.rank = (int32_t)p->perm.n;
        for (int32_t d = 0; d < out.rank; d++) out.dim[d] = onr_infer_fresh(c);
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    return ONR_OK;
}

static onr_status run_transpose(const onr_run *r) {
    const transpose_params *p = r->params;
    const onr_shape *x = &onr_run_in(r, 0)->shape;
    int32_t perm[ONR_MAX_RANK];
    onr_shape out = *x;
    for (int32_t d = 0; d < x->rank; d++) {
        perm[d] = p->perm.v ? (int32_t)p->perm.v[d] : x->rank - 1 - d;
        out.dim[d] = x->dim[perm[d]];
    }
    return permute(r, x, perm, &out);
}

// ---- DepthToSpace, SpaceToDepth
// ------------------------------------------------------------------------------------------------------

static onr_status check_block(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    transpose_params *p = params;
    (void)n, (void)arena;
    if (p->blocksize < 1 || p->blocksize > INT32_MAX)
        return onr_fail(err, ONR_INVALID, "blocksize is %lld", (long long)p->blocksize);
    if (!p->mode.n) return ONR_OK;
    p->crd = p->mode.n == 3 && !memcmp(p->mode.s, "CRD", 3);
    if (p->crd || (p->mode.n == 3 && !memcmp(p->mode.s, "DCR", 3))) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "mode is '%.*s', not DCR or CRD", (int)p->mode.n, p->mode.s);
}

static onr_status scale_dim(const onr_infer *c, int64_t *dim, int64_t up, int64_t down) {
    if (!onr_dim_known(*dim)) return *dim = onr_infer_fresh(c), ONR_OK;
    if (!onr_mul_i64(*dim, up, dim)) return onr_infer_bad(c, "the result is too large");
    *dim /= down;
    return ONR_OK;
}

static onr_status infer_depth_to_space(onr_infer *c) {
    const transpose_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    int64_t b = p->blocksize;
    if (s.rank >= 0) {
        if (s.rank != 4) return onr_infer_bad(c, "input has rank %d, not 4", s.rank);
        if (onr_dim_known(s.dim[1]) && s.dim[1] % (b * b))
            return onr_infer_bad(c, "%lld channels cannot be cut into blocks of %lld x %lld", (long long)s.dim[1], (long long)b,
                                 (long long)b);
        ONR_TRY(scale_dim(c, &s.dim[1], 1, b * b));
        ONR_TRY(scale_dim(c, &s.dim[2], b, 1));
        ONR_TRY(scale_dim(c, &s.dim[3], b, 1));
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

static onr_status run_depth_to_space(const onr_run *r) {
    const transpose_params *p = r->params;
    const onr_shape *s = &onr_run_in(r, 0)->shape;
    int64_t b = p->blocksize, depth = s->dim[1] / (b * b);
    onr_shape out = onr_shape_make(4, (const int64_t[]){s->dim[0], depth, s->dim[2] * b, s->dim[3] * b});
    onr_shape dcr = onr_shape_make(6, (const int64_t[]){s->dim[0], b, b, depth, s->dim[2], s->dim[3]});
    onr_shape crd = onr_shape_make(6, (const int64_t[]){s->dim[0], depth, b, b, s->dim[2], s->dim[3]});
    return permute(r, p->crd ? &crd : &dcr, p->crd ? (const int32_t[]){0, 1, 4, 2, 5, 3} : (const int32_t[]){0, 3, 4, 1, 5, 2},
                   &out);
}

static onr_status infer_space_to_depth(onr_infer *c) {
    const transpose_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    int64_t b = p->blocksize;
    if (s.rank >= 0) {
        if (s.rank != 4) return onr_infer_bad(c, "input has rank %d, not 4", s.rank);
        for (int32_t d = 2; d < 4; d++)
            if (onr_dim_known(s.dim[d]) && s.dim[d] % b)
                return onr_infer_bad(c, "dimension %d is %lld, not a multiple of %lld", d, (long long)s.dim[d], (long long)b);
        ONR_TRY(scale_dim(c, &s.dim[1], b * b, 1));
        ONR_TRY(scale_dim(c, &s.dim[2], 1, b));
        ONR_TRY(scale_dim(c, &s.dim[3], 1, b));
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

static onr_status run_space_to_depth(const onr_run *r) {
    const transpose_params *p = r->params;
    const onr_shape *s = &onr_run_in(r, 0)->shape;
    int64_t b = p->blocksize;
    onr_shape out = onr_shape_make(4, (const int64_t[]){s->dim[0], s->dim[1] * b * b, s->dim[2] / b, s->dim[3] / b});
    onr_shape dims = onr_shape_make(6, (const int64_t[]){s->dim[0], s->dim[1], out.dim[2], b, out.dim[3], b});
    return permute(r, &dims, (const int32_t[]){0, 3, 5, 1, 2, 4}, &out);
}

// ---- rows
// ----------------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec perm1[] = {ONR_A_INTS(transpose_params, perm), ONR_ATTR_ARRAY_END};
#define A_BLOCK \
    { .name = "blocksize", .kind = ONR_ATTR_INT, .offset = offsetof(transpose_params, blocksize), .required = true }
static const onr_attr_spec block1[] = {A_BLOCK, ONR_ATTR_ARRAY_END};
static const onr_attr_spec block11[] = {A_BLOCK, ONR_A_STRING(transpose_params, mode, "DCR"), ONR_ATTR_ARRAY_END};

#define ROW(op, from, to, set, table, chk, fn)                                                                                \
    {                                                                                                                         \
        ONR_AI(op, from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = set, ONR_PARAMS(table, transpose_params), \
                                                     .check = chk, .infer = infer_##fn, .run = run_##fn                       \
    }
#define TRANSPOSE(from, to, set) ROW("Transpose", from, to, set, perm1, NULL, transpose)

static const onr_op rows[] = {
    TRANSPOSE(1, 12, ONR_T_ALL1),
    TRANSPOSE(13, 20, ONR_T_ALL13),
    TRANSPOSE(21, 22, ONR_T_ALL21),
    TRANSPOSE(23, 23, ONR_T_ALL23),
    TRANSPOSE(24, 24, ONR_T_ALL24),
    TRANSPOSE(25, 0, ONR_T_ALL25),
    ROW("DepthToSpace", 1, 10, ONR_T_ALL1, block1, check_block, depth_to_space),
    ROW("DepthToSpace", 11, 12, ONR_T_ALL1, block11, check_block, depth_to_space),
    ROW("DepthToSpace", 13, 0, ONR_T_ALL13, block11, check_block, depth_to_space),
    ROW("SpaceToDepth", 1, 12, ONR_T_ALL1, block1, check_block, space_to_depth),
    ROW("SpaceToDepth", 13, 0, ONR_T_ALL13, block1, check_block, space_to_depth),
};
ONR_OP_FAMILY(transpose);
