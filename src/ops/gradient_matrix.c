// gradient_matrix.c: derivatives of products of matrices, convolutions and maximum pooling.
// May assume: gradient.h, and that types were inferred as far as they are known. Never guesses a size: it says what is missing.
#include "ops/gradient.h"
#include "ops/window.h"

#include <string.h>

#define MAKE1(op, a) onr_gradient_make(c, op, 1, a)
#define MAKE2(op, a, b) onr_gradient_make(c, op, 2, a, b)
#define MAKE3(op, a, b, d) onr_gradient_make(c, op, 3, a, b, d)

// ---- products ---------------------------------------------------------------------------------------------------------------

static onr_value *unsqueeze(onr_gradient *c, onr_value *v, int64_t axis) {
    return MAKE2("Unsqueeze", v, onr_gradient_ints(c, &axis, 1));
}

/// The last two dimensions change places; rank is that of v.
static onr_value *transposed(onr_gradient *c, onr_value *v, int32_t rank) {
    int64_t perm[ONR_MAX_RANK];
    for (int32_t d = 0; d < rank - 2; d++) perm[d] = d;
    perm[rank - 2] = rank - 1;
    perm[rank - 1] = rank - 2;
    onr_value *t = MAKE1("Transpose", v);
    onr_gradient_list(c, "perm", perm, (size_t)rank);
    return t;
}

/// Y = A B: dA = dY B', dB = A' dY, summed over batches that were broadcast. A vector is a matrix of one row or column.
static void matmul(onr_gradient *c) {
    onr_value *a = c->node->in[0], *b = c->node->in[1], *dy = c->dy[0];
    int32_t rank_a = onr_gradient_rank(c, a), rank_b = onr_gradient_rank(c, b);
    if (c->status != ONR_OK) return;
    onr_value *ma = rank_a == 1 ? unsqueeze(c, a, 0) : a, *mb = rank_b == 1 ? unsqueeze(c, b, 1) : b;
    if (rank_b == 1) dy = unsqueeze(c, dy, -1);
    if (rank_a == 1) dy = unsqueeze(c, dy, -2);
    if (onr_gradient_wants(c, 0)) {
        onr_value *da = MAKE2("MatMul", dy, transposed(c, mb, rank_b == 1 ? 2 : rank_b));
        onr_gradient_give(c, 0, onr_gradient_reshape(c, onr_gradient_sum_to(c, da, ma), a));
    }
    if (onr_gradient_wants(c, 1)) {
        onr_value *db = MAKE2("MatMul", transposed(c, ma, rank_a == 1 ? 2 : rank_a), dy);
        onr_gradient_give(c, 1, onr_gradient_reshape(c, onr_gradient_sum_to(c, db, mb), b));
    }
}

static onr_value *gemm_of(onr_gradient *c, onr_value *a, onr_value *b, bool trans_a, bool trans_b) {
    onr_value *y = MAKE2("Gemm", a, b);
    onr_gradient_int(c, "transA", trans_a);
    onr_gradient_int(c, "transB", trans_b);
    const onr_attr *alpha = onr_node_attr(c->node, "alpha");
    if (alpha) onr_gradient_set(c, alpha);
    return y;
}

static void gemm(onr_gradient *c) {
    onr_value *a = c->node->in[0], *b = c->node->in[1], *dy = c->dy[0];
    bool trans_a = onr_gradient_attr(c, "transA", 0) != 0, trans_b = onr_gradient_attr(c, "transB", 0) != 0;
    if (onr_gradient_wants(c, 0))
        onr_gradient_give(c, 0, trans_a ? gemm_of(c, b, dy, trans_b, true) : gemm_of(c, dy, b, false, !trans_b));
    if (onr_gradient_wants(c, 1))
        onr_gradient_give(c, 1, trans_b ? gemm_of(c, dy, a, true, trans_a) : gemm_of(c, a, dy, !trans_a, false));
    if (!onr_gradient_wants(c, 2)) return;
    const onr_attr *beta = onr_node_attr(c->node, "beta");
    onr_value *dc = beta ? MAKE2("Mul", dy, onr_gradient_number(c, (double)beta->f, dy)) : dy;
    onr_gradient_give_sum(c, 2, dc);
}

// ---- convolution ------------------------------------------------------------------------------------------------------------

/// A convolution's geometry. All but the batch must be known.
typedef struct geometry {
    onr_window w;
    int64_t group, in_channels, out_channels;
} geometry;

static bool known_but_batch(const onr_type *t) {
    if (t->kind != ONR_TENSOR || t->shape.rank < 3) return false;
    for (int32_t d = 1; d < t->shape.rank; d++)
        if (!onr_dim_known(t->shape.dim[d])) return false;
    return true;
}

static bool geometry_of(onr_gradient *c, geometry *g) {
    const onr_type *x = &c->node->in[0]->type, *w = &c->node->in[1]->type;
    const onr_attr *pad = onr_node_attr(c->node, "auto_pad");
    const char *why;
    onr_window_attrs a = {.kernel_shape = onr_gradient_attrs(c, "kernel_shape")};
    a.auto_pad = pad ? pad->s : (onr_string){"NOTSET", 6};
    a.strides = onr_gradient_attrs(c, "strides");
    a.dilations = onr_gradient_attrs(c, "dilations");
    a.pads = onr_gradient_attrs(c, "pads");
    if (!known_but_batch(x) || !known_but_batch(w) || !onr_dim_known(w->shape.dim[0])) {
        onr_gradient_cannot(c, "sizes besides the batch are not known");
        return false;
    }
    g->group = onr_gradient_attr(c, "group", 1);
    g->in_channels = x->shape.dim[1];
    g->out_channels = w->shape.dim[0];
    if (onr_window_resolve(&a, x->shape.rank - 2, x->shape.dim + 2, w->shape.dim + 2, NULL, &g->w, &why)) return true;
    onr_gradient_cannot(c, why);
    return false;
}

static void set_window(onr_gradient *c, const geometry *g, const int64_t *strides, const int64_t *dilations) {
    int64_t pads[2 * ONR_MAX_SPATIAL];
    for (int32_t d = 0; d < g->w.n; d++) {
        pads[d] = g->w.pad_begin[d];
        pads[g->w.n + d] = g->w.pad_end[d];
    }
    onr_gradient_list(c, "strides", strides, (size_t)g->w.n);
    onr_gradient_list(c, "dilations", dilations, (size_t)g->w.n);
    onr_gradient_list(c, "pads", pads, 2 * (size_t)g->w.n);
    onr_gradient_int(c, "group", g->group);
}

/// What the windows of a ConvTranspose with the same attributes reach, is put back to the size that the input had.
static onr_value *conv_dx(onr_gradient *c, const geometry *g) {
    int64_t more[ONR_MAX_SPATIAL];
    for (int32_t d = 0; d < g->w.n; d++) {
        int64_t reach = (g->w.out[d] - 1) * g->w.stride[d] + g->w.dilation[d] * (g->w.kernel[d] - 1) + 1;
        more[d] = g->w.in[d] + g->w.pad_begin[d] + g->w.pad_end[d] - reach;
    }
    onr_value *dx = MAKE2("ConvTranspose", c->dy[0], c->node->in[1]);
    set_window(c, g, g->w.stride, g->w.dilation);
    onr_gradient_list(c, "output_padding", more, (size_t)g->w.n);
    return dx;
}

/// [N, G C, ...] to [C, G N, ...] (or, for dY, to [G M, N, ...]): batches become channels.
static onr_value *batch_inside(onr_gradient *c, const geometry *g, onr_value *v, const int64_t *spatial, bool is_x) {
    int64_t shape[ONR_MAX_RANK] = {0, g->group, -1}, perm[ONR_MAX_RANK];
    int32_t n = g->w.n;
    shape[2] = (is_x ? g->in_channels : g->out_channels) / g->group;
    memcpy(shape + 3, spatial, (size_t)n * sizeof *shape);
    onr_value *apart = MAKE2("Reshape", v, onr_gradient_ints(c, shape, n + 3));
    for (int32_t d = 0; d < n + 3; d++) perm[d] = d;
    perm[0] = is_x ? 2 : 1;
    perm[1] = is_x ? 1 : 2;
    perm[2] = 0;
    onr_value *moved = MAKE1("Transpose", apart);
    onr_gradient_list(c, "perm", perm, (size_t)n + 3);
    shape[0] = is_x ? shape[2] : g->out_channels;
    shape[1] = -1;
    memcpy(shape + 2, spatial, (size_t)n * sizeof *shape);
    return MAKE2("Reshape", moved, onr_gradient_ints(c, shape, n + 2));
}

/// A convolution of the input with dY: strides and dilations change places, batches are summed over like channels. Windows that
/// the strides did not reach are cut off.
static onr_value *conv_dw(onr_gradient *c, const geometry *g) {
    onr_value *x = batch_inside(c, g, c->node->in[0], g->w.in, true);
    onr_value *y = batch_inside(c, g, c->dy[0], g->w.out, false);
    onr_value *dw = MAKE2("Conv", x, y);
    set_window(c, g, g->w.dilation, g->w.stride);
    int64_t zero[ONR_MAX_SPATIAL] = {0}, axes[ONR_MAX_SPATIAL], perm[ONR_MAX_RANK];
    for (int32_t d = 0; d < g->w.n; d++) axes[d] = d + 2;
    dw = onr_gradient_make(c, "Slice", 4, dw, onr_gradient_ints(c, zero, g->w.n), onr_gradient_ints(c, g->w.kernel, g->w.n),
                           onr_gradient_ints(c, axes, g->w.n));
    for (int32_t d = 0; d < g->w.n + 2; d++) perm[d] = d;
    perm[0] = 1;
    perm[1] = 0;
    dw = MAKE1("Transpose", dw);
    onr_gradient_list(c, "perm", perm, (size_t)g->w.n + 2);
    return dw;
}

static void conv(onr_gradient *c) {
    geometry g;
    if (!geometry_of(c, &g)) return;
    if (onr_gradient_wants(c, 0)) onr_gradient_give(c, 0, conv_dx(c, &g));
    if (onr_gradient_wants(c, 1)) onr_gradient_give(c, 1, conv_dw(c, &g));
    if (!onr_gradient_wants(c, 2)) return;
    int64_t axes[ONR_MAX_RANK] = {0};
    for (int32_t d = 0; d < g.w.n; d++) axes[d + 1] = d + 2;
    onr_value *db = MAKE2("ReduceSum", c->dy[0], onr_gradient_ints(c, axes, g.w.n + 1));
    onr_gradient_int(c, "keepdims", 0);
    onr_gradient_give(c, 2, db);
}

// ---- pooling ----------------------------------------------------------------------------------------------------------------

/// The second output says where each maximum was: places in the whole input, row after row.
static void max_pool(onr_gradient *c) {
    if (onr_gradient_attr(c, "storage_order", 0)) return onr_gradient_cannot(c, "storage_order is 1");
    if (!c->dy[0]) return;
    onr_value *x = c->node->in[0];
    onr_gradient_again(c, x, 2);
    onr_value *at = c->status == ONR_OK ? c->made->out[1] : NULL;
    onr_value *zeros = onr_gradient_flat(c, onr_gradient_fill(c, 0, x));
    onr_value *dx = onr_gradient_scatter(c, zeros, at, c->dy[0]);
    onr_gradient_give(c, 0, onr_gradient_reshape(c, dx, x));
}

const onr_gradient_rule onr_gradient_rules_matrix[] = {
    {"MatMul", 1, matmul}, {"Gemm", 7, gemm}, {"Conv", 1, conv}, {"MaxPool", 8, max_pool}, {NULL, 0, NULL},
};
