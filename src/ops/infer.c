// infer.c: the driver of shape inference, and the helpers that operators' infer functions share.
// May assume: nodes were resolved and stand in topological order. Never runs an operator.
#include "base/mathx.h"
#include "ops/eval.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { KNOWN_MAX = 1024 }; // longest list of integers that is tracked as shape data
// Nodes of bodies that one inference may visit. A body is visited again until the types of its loop have settled, so that loops
// within loops multiply.
enum { MAX_BODY_WORK = 4 << 20 };

// ---- helpers for operators --------------------------------------------------------------------------------------------------

onr_known *onr_infer_new_known(const onr_infer *c, int64_t n) {
    if (n < 0 || n > KNOWN_MAX) return NULL;
    onr_known *k = onr_arena_alloc(c->arena, sizeof *k + (size_t)n * sizeof k->v[0]);
    if (k) k->n = n;
    return k;
}

/// The list of an integer constant of at most `most` entries, or NULL.
static const onr_known *known_of(const onr_datum *d, int64_t most, onr_arena *arena) {
    if (!d || d->kind != ONR_TENSOR || d->t.shape.rank > 1) return NULL;
    if (!onr_dtype_is_integer(d->t.dtype) && d->t.dtype != ONR_BOOL) return NULL;
    int64_t n = onr_tensor_numel(&d->t);
    if (n > most) return NULL;
    onr_known *k = onr_arena_alloc(arena, sizeof *k + (size_t)n * sizeof k->v[0]);
    if (!k) return NULL;
    k->n = n;
    for (int64_t i = 0; i < n; i++) {
        k->v[i] = onr_tensor_int(&d->t, i);
        if (onr_dim_symbolic(k->v[i]))
            k->v[i] = INT64_MIN / 2; // a huge negative number of the model must not pass for a symbol
    }
    return k;
}

const onr_known *onr_infer_ints(const onr_infer *c, int32_t i) {
    if (!onr_infer_has(c, i)) return NULL;
    if (c->known[i]) return c->known[i];
    // Before a run everything is checked, however long it is: what run reads must have been seen here.
    return known_of(c->constant[i], c->running ? INT64_MAX : KNOWN_MAX, c->arena);
}

int64_t onr_infer_fresh(const onr_infer *c) { return onr_symbol(c->symbols, NULL); }

onr_shape onr_infer_shape(const onr_infer *c, int32_t i) {
    return onr_infer_has(c, i) && c->in[i]->kind == ONR_TENSOR ? c->in[i]->shape : onr_shape_unknown();
}

onr_dtype onr_infer_dtype(const onr_infer *c, int32_t i) {
    return onr_infer_has(c, i) && c->in[i]->kind == ONR_TENSOR ? c->in[i]->dtype : ONR_UNDEFINED;
}

onr_status onr_infer_needs(const onr_infer *c, int32_t i, onr_dtypes set) {
    onr_dtype t = onr_infer_dtype(c, i);
    if (t == ONR_UNDEFINED || onr_dtype_in(t, set)) return ONR_OK;
    return onr_infer_bad(c, "input %d has type %s", i, onr_dtype_name(t));
}

void onr_infer_set(const onr_infer *c, int32_t i, onr_dtype dtype, onr_shape shape) {
    if (i < c->n_out) c->out[i] = onr_type_tensor(dtype, shape);
}

onr_status onr_infer_broadcast(const onr_infer *c, onr_shape *acc, const onr_shape *b) {
    if (acc->rank < 0 || b->rank < 0) return *acc = onr_shape_unknown(), ONR_OK;
    onr_shape r = {.rank = acc->rank > b->rank ? acc->rank : b->rank};
    for (int32_t i = 1; i <= r.rank; i++) { // from the last dimension on
        int64_t x = i <= acc->rank ? acc->dim[acc->rank - i] : 1;
        int64_t y = i <= b->rank ? b->dim[b->rank - i] : 1;
        int64_t *to = &r.dim[r.rank - i];
        if (x == y || y == 1)
            *to = x;
        else if (x == 1)
            *to = y;
        else if (onr_dim_known(x) && onr_dim_known(y)) {
            char p[ONR_SHAPE_TEXT], q[ONR_SHAPE_TEXT];
            return onr_infer_bad(c, "shapes %s and %s do not broadcast", onr_shape_text(acc, c->symbols, p),
                                 onr_shape_text(b, c->symbols, q));
        } else if (onr_dim_known(x) || onr_dim_known(y)) // the symbol must be 1 or the number
            *to = onr_dim_known(x) ? x : y;
        else
            *to = onr_infer_fresh(c);
    }
    *acc = r;
    return ONR_OK;
}

onr_status onr_infer_axis(const onr_infer *c, int64_t axis, int32_t rank, int32_t *out) {
    *out = onr_axis(axis, rank);
    if (*out >= 0) return ONR_OK;
    return onr_infer_bad(c, "axis %" PRId64 " is out of range for rank %d", axis, rank);
}

static onr_status infer_fail(const onr_infer *c, onr_status code, const char *fmt, va_list ap) {
    onr_vfail(c->err, code, fmt, ap);
    onr_err_prefix(c->err, "%s", c->node->op_type);
    return code;
}

onr_status onr_infer_bad(const onr_infer *c, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    onr_status s = infer_fail(c, ONR_INVALID, fmt, ap);
    va_end(ap);
    return s;
}

onr_status onr_infer_unsupported(const onr_infer *c, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    onr_status s = infer_fail(c, ONR_UNSUPPORTED, fmt, ap);
    va_end(ap);
    return s;
}

onr_status onr_infer_same(onr_infer *c) {
    if (c->n_out > 0) c->out[0] = *c->in[0];
    return ONR_OK;
}

static onr_status infer_broadcast_all(onr_infer *c, onr_dtype dtype) {
    onr_shape shape = {.rank = 0};
    int32_t block = 0; // any input's: the layout pass sees to it that they agree, or hold a single number
    for (int32_t i = 0; i < c->n_in; i++) {
        if (!c->in[i]) continue;
        if (c->in[i]->block) block = c->in[i]->block;
        onr_shape s = onr_infer_shape(c, i);
        ONR_TRY(onr_infer_broadcast(c, &shape, &s));
    }
    onr_infer_set(c, 0, dtype, shape);
    if (c->n_out > 0) c->out[0].block = block;
    return ONR_OK;
}

onr_status onr_infer_elementwise(onr_infer *c) { return infer_broadcast_all(c, onr_infer_dtype(c, 0)); }
onr_status onr_infer_compare(onr_infer *c) { return infer_broadcast_all(c, ONR_BOOL); }

// ---- the driver -------------------------------------------------------------------------------------------------------------

onr_status onr_typing_new(const onr_graph *g, onr_arena *arena, onr_typing *out, onr_err *err) {
    size_t n = (size_t)g->n_values;
    *out = (onr_typing){.type = onr_arena_calloc(arena, n, sizeof *out->type),
                        .known = onr_arena_calloc(arena, n, sizeof *out->known),
                        .constant = onr_arena_calloc(arena, n, sizeof *out->constant),
                        .body_work = onr_arena_calloc(arena, 1, sizeof *out->body_work),
                        .n = g->n_values};
    if (!out->type || !out->known || !out->constant || !out->body_work) return onr_no_memory(err, n * sizeof *out->type);
    for (size_t i = 0; i < n; i++) {
        out->type[i] = onr_type_unknown();
        const onr_datum *d = g->values[i]->constant;
        if (!d) continue;
        out->constant[i] = d;
        out->type[i] = onr_datum_type(d);
        out->known[i] = known_of(d, KNOWN_MAX, arena);
    }
    return ONR_OK;
}

static onr_status infer_graph_from(const onr_infer *c, const onr_graph *g, const onr_type *const *in, int32_t n_in,
                                   onr_type *out);

static const char *const kinds[] = {"unknown", "a tensor", "a sequence", "an optional", "a map"};

/// What is needed is there (a body may be run with fewer inputs than it has, and callers may leave out optional ones), and only
/// operators that expect it see anything but tensors.
static onr_status check_kinds(const onr_infer *c) {
    const onr_op *op = c->node->op;
    bool any_kind = op->flags & ONR_OP_KINDS;
    int32_t must = op->in_max < 0 && !any_kind ? c->n_in : op->in_min;
    for (int32_t i = 0; i < c->n_in; i++) {
        if (!c->in[i] && c->node->in[i] && i < must)
            return onr_infer_bad(c, "its input '%s' was left out", c->node->in[i]->name);
        if (!c->in[i] || any_kind || c->in[i]->kind == ONR_TENSOR) continue;
        if (c->in[i]->kind != ONR_KIND_UNKNOWN || c->running)
            return onr_infer_bad(c, "its input '%s' is %s, not a tensor", c->node->in[i]->name, kinds[c->in[i]->kind]);
    }
    return ONR_OK;
}

static onr_status check_element_types(const onr_infer *c) {
    const onr_op *op = c->node->op;
    ONR_TRY(check_kinds(c));
    onr_dtype first = onr_infer_dtype(c, 0);
    if (op->types && first != ONR_UNDEFINED && !onr_dtype_in(first, op->types))
        return onr_infer_bad(c, "element type %s is not allowed in opset %d", onr_dtype_name(first), c->node->opset);
    if (!(op->flags & ONR_OP_SAME_TYPES)) return ONR_OK;
    for (int32_t i = 1; i < c->n_in; i++) {
        onr_dtype t = onr_infer_dtype(c, i);
        if (t != ONR_UNDEFINED && first != ONR_UNDEFINED && t != first)
            return onr_infer_bad(c, "inputs have different element types, %s ('%s') and %s ('%s')", onr_dtype_name(first),
                                 c->node->in[0]->name, onr_dtype_name(t), c->node->in[i]->name);
    }
    return ONR_OK;
}

/// A model's shapes must be sizes; an operator that subtracts too much is caught here for all of them.
static onr_status check_outputs(const onr_infer *c, const onr_guard *guard) {
    for (int32_t i = 0; i < c->n_out; i++) {
        const onr_type *t = &c->out[i];
        if (t->kind != ONR_TENSOR || t->shape.rank < 0) continue;
        if (t->shape.rank > ONR_MAX_RANK)
            return onr_infer_bad(c, "output %d has rank %d, more than %d", i, t->shape.rank, ONR_MAX_RANK);
        for (int32_t k = 0; k < t->shape.rank; k++)
            if (t->shape.dim[k] < 0 && !onr_dim_symbolic(t->shape.dim[k]))
                return onr_infer_bad(c, "output %d would have a negative dimension, %" PRId64, i, t->shape.dim[k]);
        if (!onr_shape_countable(&t->shape)) {
            char text[ONR_SHAPE_TEXT];
            return onr_fail(c->err, ONR_LIMIT, "%s: output %d, %s, is too large", c->node->op_type, i,
                            onr_shape_text(&t->shape, c->symbols, text));
        }
        if (onr_guard_shape(guard, t->shape.rank, t->shape.dim, c->err) != ONR_OK)
            return onr_err_prefix(c->err, "%s: output %d", c->node->op_type, i), ONR_LIMIT;
    }
    return ONR_OK;
}

typedef struct driver {
    const onr_graph *g;
    onr_typing *t;
} driver;

/// What runs next must find memory of a known type for each output, but operators that make their outputs themselves.
static onr_status check_known_outputs(const onr_infer *c) {
    if (c->node->op->flags & (ONR_OP_DYNAMIC | ONR_OP_KINDS)) return ONR_OK;
    for (int32_t i = 0; i < c->n_out; i++) {
        const onr_type *t = &c->out[i];
        if (!c->node->out[i] || (t->kind != ONR_TENSOR && t->kind != ONR_KIND_UNKNOWN)) continue;
        if (t->kind != ONR_TENSOR || t->dtype == ONR_UNDEFINED || !onr_shape_known(&t->shape))
            return onr_infer_bad(c, "its inputs do not tell the type of output %d", i);
    }
    return ONR_OK;
}

static onr_status infer_one(const onr_node *n, onr_typing *t, onr_symbols *symbols, onr_arena *arena, onr_err *err) {
    size_t slots = (size_t)(n->n_in + n->n_out) * 4 + 4;
    const void **lists = onr_arena_calloc(arena, slots, sizeof *lists);
    onr_type *out = onr_arena_calloc(arena, (size_t)n->n_out, sizeof *out);
    if (!lists || !out) return onr_no_memory(err, slots * sizeof *lists);
    const onr_type **in = (const onr_type **)lists;
    const onr_datum **constant = (const onr_datum **)lists + n->n_in;
    const onr_known **known = (const onr_known **)lists + 2 * n->n_in;
    const onr_known **out_known = known + n->n_in;
    for (int32_t i = 0; i < n->n_in; i++) {
        if (!n->in[i]) continue;
        int32_t id = n->in[i]->id;
        in[i] = &t->type[id];
        constant[i] = t->constant[id];
        known[i] = t->known[id];
    }
    for (int32_t i = 0; i < n->n_out; i++) out[i] = onr_type_unknown();
    driver d = {n->graph, t};
    onr_infer c = {.node = n,
                   .params = n->params,
                   .n_in = n->n_in,
                   .n_out = n->n_out,
                   .in = in,
                   .constant = constant,
                   .known = known,
                   .out = out,
                   .out_known = out_known,
                   .symbols = symbols,
                   .arena = arena,
                   .infer_graph = infer_graph_from,
                   .driver = &d,
                   .err = err};
    ONR_TRY(check_element_types(&c));
    ONR_TRY(n->op->infer(&c));
    ONR_TRY(check_outputs(&c, t->guard));
    for (int32_t i = 0; i < n->n_out; i++) {
        if (!n->out[i]) continue;
        t->type[n->out[i]->id] = out[i];
        t->known[n->out[i]->id] = out_known[i];
    }
    return ONR_OK;
}

onr_status onr_infer_node(const onr_node *n, onr_typing *t, onr_symbols *symbols, onr_arena *arena, onr_err *err) {
    onr_status s = onr_guard_time(t->guard, n->name, err);
    if (s == ONR_OK) s = infer_one(n, t, symbols, arena, err);
    if (s != ONR_OK) onr_err_prefix(err, "node '%s' (#%d)", n->name, n->number);
    return s;
}

onr_status onr_infer_graph(const onr_graph *g, onr_typing *t, onr_symbols *symbols, onr_arena *arena, onr_err *err) {
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i]->dead) ONR_TRY(onr_infer_node(g->nodes[i], t, symbols, arena, err));
    return ONR_OK;
}

/// onr_infer.infer_graph: captured values take the types that the enclosing typing has.
static onr_status infer_graph_from(const onr_infer *c, const onr_graph *g, const onr_type *const *in, int32_t n_in,
                                   onr_type *out) {
    const driver *d = c->driver;
    onr_typing t;
    ONR_TRY(onr_typing_new(g, c->arena, &t, c->err));
    t.guard = d->t->guard;
    t.body_work = d->t->body_work;
    if ((*t.body_work += g->n_nodes + 1) > MAX_BODY_WORK)
        return onr_fail(c->err, ONR_LIMIT, "%s: the types of nested bodies take too long to infer", c->node->op_type);
    if (n_in > g->n_inputs) return onr_infer_bad(c, "its subgraph takes %d inputs, %d are given", g->n_inputs, n_in);
    for (int32_t i = 0; i < n_in; i++)
        if (in[i]) t.type[g->inputs[i]->id] = *in[i];
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *outer = g->values[i]->outer;
        if (!outer) continue;
        assert(outer->graph == d->g);
        t.type[i] = d->t->type[outer->id];
        t.known[i] = d->t->known[outer->id];
        t.constant[i] = d->t->constant[outer->id];
    }
    ONR_TRY(onr_infer_graph(g, &t, c->symbols, c->arena, c->err));
    for (int32_t i = 0; i < g->n_outputs; i++) out[i] = t.type[g->outputs[i]->id];
    return ONR_OK;
}

// ---- inference from data ----------------------------------------------------------------------------------------------------

/// The type of a datum with its element types filled in from its items.
static onr_type type_of(const onr_datum *d, onr_arena *arena) {
    onr_type t = onr_datum_type(d);
    size_t element = d->kind == ONR_MAP ? 1 : 0;
    if (d->kind == ONR_TENSOR || d->kind == ONR_KIND_UNKNOWN || t.elem || d->n <= element) return t;
    onr_type *elem = onr_arena_alloc(arena, sizeof *elem);
    if (!elem) return t;
    *elem = type_of(&d->item[element], arena);
    if (d->kind == ONR_SEQUENCE && elem->kind == ONR_TENSOR) elem->shape = onr_shape_unknown(); // items may differ
    t.elem = elem;
    return t;
}

onr_status onr_infer_data(const onr_node *n, const onr_datum *const *in, const onr_guard *guard, onr_arena *arena,
                          const onr_type **in_type, onr_type *out_type, onr_err *err) {
    onr_symbols symbols;
    onr_symbols_init(&symbols, arena);
    const onr_known **known = onr_arena_calloc(arena, (size_t)n->n_in + (size_t)n->n_out, sizeof *known);
    onr_type *types = onr_arena_calloc(arena, (size_t)n->n_in, sizeof *types);
    if (!known || !types) return onr_no_memory(err, (size_t)n->n_in * sizeof *types);
    for (int32_t i = 0; i < n->n_in; i++) {
        if (!in[i]) continue;
        types[i] = type_of(in[i], arena);
        in_type[i] = &types[i];
    }
    for (int32_t i = 0; i < n->n_out; i++) out_type[i] = onr_type_unknown();
    onr_infer c = {.node = n,
                   .params = n->params,
                   .n_in = n->n_in,
                   .n_out = n->n_out,
                   .in = in_type,
                   .constant = in,
                   .known = known,
                   .out = out_type,
                   .out_known = known + n->n_in,
                   .symbols = &symbols,
                   .arena = arena,
                   .running = true,
                   .err = err};
    onr_status s = check_element_types(&c);
    if (s == ONR_OK) s = n->op->infer(&c);
    if (s == ONR_OK) s = check_outputs(&c, guard);
    if (s == ONR_OK) s = check_known_outputs(&c);
    if (s != ONR_OK) onr_err_prefix(err, "node '%s' (#%d)", n->name, n->number);
    return s;
}
