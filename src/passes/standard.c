// standard.c: undoes what only our kernels understand: blocked layouts, and what was fused into convolutions and products; and
// what the model's opset does not have: LayerNormalization before 17, Gelu before 20, Swish before 24.
// May assume: the passes of the pipeline made the graph. Never undoes what standard operators can say.
#include "passes/standard.h"

#include "graph/edit.h"
#include "passes/pass.h"

#include <math.h>
#include <string.h>

enum { IN_X, IN_W, IN_B, IN_RESIDUAL, IN_SCALE, N_STANDARD_IN = 3 }; // of onnxrun.Conv
enum { MATMUL_B = 1, MATMUL_BIAS, N_MATMUL_IN = 2 };                 // of onnxrun.MatMul

typedef struct job {
    onr_graph *g;
    onr_map outputs; // name of a node of the model -> the name of its first output
    int32_t opset;
    onr_err *err;
} job;

static onr_status no_memory(const job *j) { return onr_no_memory(j->err, 0); }

// ---- layouts ----------------------------------------------------------------------------------------------------------------

/// A value in blocks gives its uses, or its producer, to the plain value of the same content.
static onr_status unblock(const job *j, onr_value *blocked) {
    onr_value *plain = blocked->of ? onr_graph_find(j->g, blocked->of) : NULL;
    if (!plain) return onr_fail(j->err, ONR_INTERNAL, "'%s' in blocks stands for no value of the model", blocked->name);
    onr_node *maker = blocked->producer;
    if (plain->producer && onr_pass_is(plain->producer, "onnxrun.Reorder")) {
        onr_node *back = plain->producer;
        onr_node_set_output(maker, blocked->slot, plain);
        back->out[0] = NULL;
        onr_graph_remove_node(j->g, back);
    } else if (onr_pass_is(maker, "onnxrun.Reorder")) {
        maker->out[0] = NULL;
        blocked->producer = NULL;
        onr_graph_remove_node(j->g, maker);
    } else {
        onr_node_set_output(maker, blocked->slot, plain);
    }
    return onr_graph_replace(j->g, blocked, plain) ? ONR_OK : no_memory(j);
}

static void drop_attr(onr_node *n, const char *name) {
    int32_t kept = 0;
    for (int32_t i = 0; i < n->n_attr; i++)
        if (strcmp(n->attr[i].name, name) != 0) n->attr[kept++] = n->attr[i];
    n->n_attr = kept;
}

// ---- convolutions -----------------------------------------------------------------------------------------------------------

static float attr_or(const onr_node *n, const char *name, float absent) {
    const onr_attr *a = onr_node_attr(n, name);
    return a ? a->f : absent;
}

static onr_value *add_constant(const job *j, const char *hint, const onr_shape *shape, float **data) {
    onr_datum *d = onr_arena_alloc(j->g->arena, sizeof *d);
    int64_t n = 1;
    bool fits = onr_shape_numel(shape, &n);
    *data = fits ? onr_arena_alloc_aligned(j->g->arena, (size_t)n * sizeof **data, 64) : NULL;
    if (!d || !*data) return NULL;
    *d = onr_datum_borrow(ONR_FLOAT, shape, *data);
    return onr_graph_add_constant(j->g, hint, d);
}

/// The weights times the scale of each channel, which an input of our Conv was.
static onr_status scale_weights(const job *j, onr_node *conv) {
    const onr_tensor *w = onr_pass_constant(conv, IN_W), *scale = onr_pass_constant(conv, IN_SCALE);
    if (!w || !scale) return onr_fail(j->err, ONR_INTERNAL, "node '%s': the scale is no constant", conv->name);
    const float *s = scale->data;
    int64_t channels = w->shape.dim[0], n = onr_tensor_numel(w), each = channels ? n / channels : 0;
    float *to;
    onr_value *v = add_constant(j, conv->in[IN_W]->name, &w->shape, &to);
    if (!v) return no_memory(j);
    if (n > 0) memcpy(to, w->data, (size_t)n * sizeof *to); // w may lie askew in its file
    for (int64_t i = 0; i < n; i++) to[i] *= s[i / each];
    return onr_node_set_input(conv, IN_W, v) ? ONR_OK : no_memory(j);
}

/// The value that the model's node `name` makes, if nothing else makes it now; else a fresh one.
static onr_value *value_of(const job *j, const char *name, const onr_value *like) {
    const onr_map_entry *e = name ? onr_map_get(&j->outputs, name) : NULL;
    onr_value *v = e && e->v.ptr ? onr_graph_find(j->g, e->v.ptr) : NULL;
    if (!v || v->producer || v->constant || v->is_input || v->outer || v->n_uses || v->n_output)
        v = onr_graph_add_temp(j->g, like->name);
    if (v) v->type = like->type;
    return v;
}

/// Puts a node behind `n`, under the name of the model's node whose work it does: it makes what n made.
static onr_node *append(const job *j, onr_node *n, const char *op, int32_t place, onr_value *const *in, int32_t n_in) {
    const char *name = place >= 0 && place < n->n_origin ? n->origin[place] : NULL;
    const char *before = place > 0 && place <= n->n_origin ? n->origin[place - 1] : NULL;
    onr_value *out = n->out[0], *between = value_of(j, before, out), *operands[3];
    if (!between) return NULL;
    for (int32_t i = 0; i < n_in; i++) operands[i] = in[i];
    operands[0] = between;
    onr_node_set_output(n, 0, between);
    onr_node *next = n->id + 1 < j->g->n_nodes ? j->g->nodes[n->id + 1] : NULL;
    return onr_graph_add_node(j->g, next, "", op, j->opset, name, operands, n_in, &out, 1);
}

static onr_value *scalar(const job *j, const onr_node *n, const char *which, float x) {
    onr_shape none = onr_shape_make(0, NULL);
    float *data;
    onr_value *v = add_constant(j, onr_arena_printf(j->g->arena, "%s_%s", n->name, which), &none, &data);
    if (v) *data = x;
    return v;
}

static onr_status append_clamp(const job *j, onr_node *n, int32_t place, float lo, float hi) {
    onr_value *in[3] = {0};
    if (lo == 0 && hi == INFINITY) return append(j, n, "Relu", place, in, 1) ? ONR_OK : no_memory(j);
    if (j->opset < 11) {
        onr_node *clip = append(j, n, "Clip", place, in, 1);
        if (!clip || (lo != -INFINITY && !onr_node_set_float(clip, "min", lo)) ||
            (hi != INFINITY && !onr_node_set_float(clip, "max", hi)))
            return no_memory(j);
        return ONR_OK;
    }
    if (lo != -INFINITY && !(in[1] = scalar(j, n, "min", lo))) return no_memory(j);
    if (hi != INFINITY && !(in[2] = scalar(j, n, "max", hi))) return no_memory(j);
    return append(j, n, "Clip", place, in, in[2] ? 3 : 2) ? ONR_OK : no_memory(j);
}

/// The MaxPool, whose attributes were kept under names of their own. What it reads has the type that the model's value had.
static onr_status append_pool(const job *j, onr_node *conv, int32_t place) {
    static const char *const names[] = {"pool_auto_pad", "pool_kernel_shape", "pool_strides", "pool_pads", "pool_ceil_mode"};
    const onr_map_entry *e = place > 0 && place <= conv->n_origin ? onr_map_get(&j->outputs, conv->origin[place - 1]) : NULL;
    const onr_value *result = e && e->v.ptr ? onr_graph_find(j->g, e->v.ptr) : NULL;
    const onr_type type = result ? result->type : onr_type_unknown();
    onr_value *in[1] = {0};
    onr_node *pool = append(j, conv, "MaxPool", place, in, 1);
    if (!pool) return no_memory(j);
    pool->in[0]->type = type;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const onr_attr *kept = onr_node_attr(conv, names[i]);
        if (!kept) continue;
        onr_attr a = *kept;
        a.name = names[i] + strlen("pool_");
        if (!onr_node_set_attr(pool, &a)) return no_memory(j);
        drop_attr(conv, names[i]);
    }
    return ONR_OK;
}

/// Conv, then the Add, then the clamp, then the MaxPool: what was fused last is put behind first.
static onr_status unfuse(const job *j, onr_node *conv) {
    float lo = attr_or(conv, "lo", -INFINITY), hi = attr_or(conv, "hi", INFINITY);
    onr_value *residual = conv->n_in > IN_RESIDUAL ? conv->in[IN_RESIDUAL] : NULL;
    int32_t place = conv->n_origin;
    if (onr_node_attr(conv, "pool_kernel_shape")) ONR_TRY(append_pool(j, conv, --place));
    if (conv->n_in > IN_SCALE && conv->in[IN_SCALE]) ONR_TRY(scale_weights(j, conv));
    if (lo != -INFINITY || hi != INFINITY) ONR_TRY(append_clamp(j, conv, --place, lo, hi));
    if (residual) {
        onr_value *in[2] = {NULL, residual};
        if (!append(j, conv, "Add", --place, in, 2)) return no_memory(j);
    }
    for (int32_t k = N_STANDARD_IN; k < conv->n_in; k++)
        if (conv->in[k] && !onr_node_set_input(conv, k, NULL)) return no_memory(j);
    if (conv->n_in > N_STANDARD_IN) conv->n_in = N_STANDARD_IN;
    drop_attr(conv, "lo");
    drop_attr(conv, "hi");
    drop_attr(conv, "block");
    conv->domain = "";
    conv->opset = j->opset;
    return ONR_OK;
}

// ---- products ---------------------------------------------------------------------------------------------------------------

/// The transposed `w`: of the Transpose called `name`, which may be there already for another product; NULL: no memory.
static onr_value *transposed(const job *j, const onr_node *before, onr_value *w, const char *name) {
    const onr_map_entry *e = onr_map_get(&j->outputs, name);
    onr_value *v = e && e->v.ptr ? onr_graph_find(j->g, e->v.ptr) : NULL;
    if (v && v->producer && !v->producer->op && v->producer->in[0] == w) return v; // without a row: it was put in here
    v = value_of(j, name, w);
    if (!v) return NULL;
    for (int32_t d = 0; d < 2; d++) v->type.shape.dim[d] = w->type.shape.dim[1 - d];
    return onr_graph_add_node(j->g, before, "", "Transpose", j->opset, name, &w, 1, &v, 1) ? v : NULL; // reverses dimensions
}

/// MatMul, its Transpose, whose name is the second that the node has, and the Add.
static onr_status unfuse_matmul(const job *j, onr_node *n) {
    onr_value *in[2] = {NULL, n->n_in > MATMUL_BIAS ? n->in[MATMUL_BIAS] : NULL}, *b = n->in[MATMUL_B];
    if (onr_node_attr(n, "transB")) {
        if (!(b = transposed(j, n, b, n->origin[1])) || !onr_node_set_input(n, MATMUL_B, b)) return no_memory(j);
        for (int32_t i = 2; i < n->n_origin; i++) n->origin[i - 1] = n->origin[i];
        n->n_origin--;
        drop_attr(n, "transB");
    }
    if (in[1] && (!append(j, n, "Add", n->n_origin - 1, in, 2) || !onr_node_set_input(n, MATMUL_BIAS, NULL)))
        return no_memory(j);
    if (n->n_in > N_MATMUL_IN) n->n_in = N_MATMUL_IN;
    n->domain = "";
    n->opset = j->opset;
    return ONR_OK;
}

// ---- normalizations ---------------------------------------------------------------------------------------------------------

/// Part i of what the normalization n stands for, put before it under its old name. NULL: no memory, here or for an operand.
static onr_value *part(const job *j, const onr_node *n, int32_t i, const char *op, onr_value *a, onr_value *b) {
    const char *name = i >= 0 && i < n->n_origin ? n->origin[i] : NULL;
    onr_value *in[2] = {a, b}, *out = a ? value_of(j, name, a) : NULL;
    return out && onr_graph_add_node(j->g, n, "", op, j->opset, name, in, b ? 2 : 1, &out, 1) ? out : NULL;
}

static onr_value *pair(const job *j, const onr_node *n, int32_t i, const char *op, onr_value *a, onr_value *b) {
    return a && b ? part(j, n, i, op, a, b) : NULL;
}

static onr_value *row_mean(const job *j, const onr_node *n, int32_t i, onr_value *v) {
    static const int64_t last[] = {-1};
    onr_value *out = part(j, n, i, "ReduceMean", v, NULL);
    const onr_attr axes = {.name = "axes", .kind = ONR_ATTR_INTS, .n = 1, .ints = last};
    if (!out || !onr_node_set_attr(out->producer, &axes)) return NULL;
    out->type.shape.dim[out->type.shape.rank - 1] = 1;
    return out;
}

/// The parts in the order of the pass layer_norm, which made n.
static onr_status unfuse_layer_norm(const job *j, onr_node *n) {
    int32_t i = 0;
    onr_value *x = n->in[0], *mean = row_mean(j, n, i++, x), *d = pair(j, n, i++, "Sub", x, mean);
    onr_value *square = pair(j, n, i++, "Pow", d, scalar(j, n, "two", 2)), *variance = row_mean(j, n, i++, square);
    onr_value *sum = pair(j, n, i++, "Add", variance, scalar(j, n, "epsilon", attr_or(n, "epsilon", 1e-5f)));
    onr_value *root = part(j, n, i++, "Sqrt", sum, NULL), *y = pair(j, n, i++, "Div", d, root);
    for (int32_t k = 1; k < n->n_in; k++) y = pair(j, n, i++, k == 1 ? "Mul" : "Add", y, n->in[k]);
    if (!y) return no_memory(j);
    onr_node_set_output(y->producer, 0, n->out[0]);
    onr_graph_remove_node(j->g, n);
    return ONR_OK;
}

// ---- activations ------------------------------------------------------------------------------------------------------------

/// Lets `last` make what n made, and n goes. Part -1 of `part` has no name of the model's.
static onr_status replaced_by(const job *j, onr_node *n, const onr_value *last) {
    if (!last) return no_memory(j);
    onr_node_set_output(last->producer, 0, n->out[0]);
    onr_graph_remove_node(j->g, n);
    return ONR_OK;
}

/// x * (1 + erf(x / sqrt 2)) / 2: the model's order of the two products is not kept, and so their names are not.
static onr_status unfuse_gelu(const job *j, onr_node *n) {
    onr_value *x = n->in[0], *t = pair(j, n, 0, "Div", x, scalar(j, n, "sqrt2", 1.41421356f));
    t = pair(j, n, 2, "Add", part(j, n, 1, "Erf", t, NULL), scalar(j, n, "one", 1));
    return replaced_by(j, n, pair(j, n, -1, "Mul", pair(j, n, -1, "Mul", x, t), scalar(j, n, "half", 0.5f)));
}

static onr_status unfuse_swish(const job *j, onr_node *n) {
    onr_value *x = n->in[0];
    return replaced_by(j, n, pair(j, n, 1, "Mul", x, part(j, n, 0, "Sigmoid", x, NULL)));
}

// ---- outputs ----------------------------------------------------------------------------------------------------------------

/// An output is found by its name, which a rewrite may have given to nothing: it is made again.
static onr_status name_output(const job *j, int32_t i, const char *name) {
    onr_value *v = j->g->outputs[i], *named = onr_graph_find(j->g, name);
    if (strcmp(v->name, name) == 0) return ONR_OK;
    if (!named) named = onr_graph_add_value(j->g, name);
    if (!named) return no_memory(j);
    if (named->producer || named->constant || named->is_input)
        return onr_fail(j->err, ONR_INTERNAL, "output '%s' is made, but is no output", name);
    named->type = v->type;
    named->declared = v->declared;
    if (!onr_graph_add_node(j->g, NULL, "", "Identity", j->opset, NULL, &v, 1, &named, 1)) return no_memory(j);
    j->g->outputs[i] = named;
    v->n_output--;
    named->n_output++;
    return ONR_OK;
}

static onr_status learn_outputs(job *j, const onr_graph *model) {
    for (int32_t i = 0; i < model->n_nodes; i++) {
        const onr_node *n = model->nodes[i];
        bool is_new;
        onr_map_entry *e = n->n_out && n->out[0] ? onr_map_put(&j->outputs, n->name, &is_new) : NULL;
        if (n->n_out && n->out[0] && !e) return no_memory(j);
        if (e) e->v.ptr = (void *)(uintptr_t)n->out[0]->name;
    }
    return ONR_OK;
}

static onr_status lower(const job *j, onr_node *n) {
    if (n->dead || !n->op) return ONR_OK; // nodes that were put in here have no row yet
    if (onr_pass_is(n, "onnxrun.Conv")) return unfuse(j, n);
    if (onr_pass_is(n, "onnxrun.MatMul")) return unfuse_matmul(j, n);
    if (n->opset > j->opset && onr_pass_is(n, "Gelu")) return unfuse_gelu(j, n);
    if (n->opset > j->opset && onr_pass_is(n, "Swish")) return unfuse_swish(j, n);
    return n->opset > j->opset && onr_pass_is(n, "LayerNormalization") ? unfuse_layer_norm(j, n) : ONR_OK;
}

static onr_status check(const job *j) {
    for (int32_t i = 0; i < j->g->n_nodes; i++) {
        const onr_node *n = j->g->nodes[i];
        if (!n->dead && strcmp(n->domain, "onnxrun") == 0)
            return onr_fail(j->err, ONR_INTERNAL, "node '%s': %s of ours has no form in ONNX", n->name, n->op_type);
    }
    return ONR_OK;
}

onr_status onr_graph_standardize(onr_graph *g, const onr_graph *model, int32_t opset, onr_err *err) {
    job j = {.g = g, .opset = opset, .err = err};
    onr_map_init(&j.outputs, g->arena);
    ONR_TRY(learn_outputs(&j, model));
    for (int32_t i = 0; i < g->n_values; i++)
        if (g->values[i]->type.block && g->values[i]->producer) ONR_TRY(unblock(&j, g->values[i]));
    for (int32_t i = 0; i < g->n_nodes; i++) ONR_TRY(lower(&j, g->nodes[i]));
    for (int32_t i = 0; i < g->n_outputs; i++) ONR_TRY(name_output(&j, i, model->outputs[i]->name));
    onr_graph_compact(g);
    ONR_TRY(check(&j));
    return onr_graph_verify(g, err);
}
