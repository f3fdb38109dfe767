// control.c: If and Loop, all versions, and what bodies have in common.
// May assume: run/ gave a way to run a subgraph (env->run_graph). Outputs are dynamic: a body decides.
// Never looks into a subgraph; never keeps data after a run. Source: ONNX If and Loop (1, 11, 13, 16, 19, 21, 23, 24, 25).
#include "ops/control.h"

#include "base/arena.h"
#include "base/mathx.h"
#include "ops/join.h"
#include "ops/merge.h"
#include "ops/rows.h"

#include <string.h>

// ---- bodies -----------------------------------------------------------------------------------------------------------------

onr_status onr_pile_add(onr_pile *p, onr_datum *d, onr_err *err) {
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16, bytes;
        onr_datum *item = onr_mul_size(cap, sizeof *item, &bytes) ? onr_realloc(p->item, bytes) : NULL;
        if (!item) return onr_no_memory(err, cap * sizeof *item);
        p->item = item;
        p->cap = cap;
    }
    p->item[p->n++] = *d;
    *d = (onr_datum){0};
    return ONR_OK;
}

void onr_data_release(onr_datum *d, size_t n) {
    for (size_t i = 0; i < n; i++) onr_datum_release(&d[i]);
}

void onr_pile_drop(onr_pile *p) {
    onr_data_release(p->item, p->n);
    onr_free(p->item);
    *p = (onr_pile){0};
}

onr_status onr_body_run(const onr_run *r, const onr_graph *g, const onr_datum *const *in, int32_t n_in, onr_datum *out) {
    memset(out, 0, (size_t)g->n_outputs * sizeof *out);
    ONR_TRY(onr_env_go_on(r->env, r->node->name, r->err));
    return r->env->run_graph(r->env, g, in, n_in, r->capture, out, r->err);
}

onr_status onr_body_empty(const onr_run *r, const onr_graph *g, int32_t i, int64_t axis, onr_datum *out) {
    const onr_value *v = g->outputs[i];
    const onr_type *t = v->type.kind == ONR_TENSOR ? &v->type : v->declared;
    if (!t || t->kind != ONR_TENSOR || !t->dtype)
        return onr_run_bad(r, "its body never ran, and the type of its output '%s' is not declared", v->name);
    onr_shape shape = {.rank = (t->shape.rank > 0 ? t->shape.rank : 0) + 1};
    int32_t at = onr_axis(axis, shape.rank);
    if (at < 0 || shape.rank > ONR_MAX_RANK)
        return onr_run_bad(r, "axis %lld is out of range for rank %d", (long long)axis, shape.rank);
    for (int32_t d = 0, from = 0; d < shape.rank; d++) {
        int64_t dim = d == at ? 0 : t->shape.dim[from++];
        shape.dim[d] = onr_dim_known(dim) ? dim : 0;
    }
    return onr_datum_new(t->dtype, &shape, out, r->err);
}

onr_status onr_body_check(const onr_node *n, const onr_graph *g, int32_t n_in, int32_t n_out, onr_err *err) {
    if (g->n_inputs < n_in)
        return onr_fail(err, ONR_INVALID, "%s gives its body '%s' %d inputs, it takes %d", n->op_type, g->name, n_in,
                        g->n_inputs);
    if (g->n_outputs < n_out)
        return onr_fail(err, ONR_INVALID, "%s needs %d outputs of its body '%s', it has %d", n->op_type, n_out, g->name,
                        g->n_outputs);
    return ONR_OK;
}

/// A bool tensor of one element.
static onr_status read_flag(const onr_run *r, const onr_datum *d, const char *what, bool *flag) {
    if (d->kind != ONR_TENSOR || d->t.dtype != ONR_BOOL || onr_tensor_numel(&d->t) != 1)
        return onr_run_bad(r, "%s must be one bool", what);
    *flag = *(const uint8_t *)d->t.data != 0;
    return ONR_OK;
}

/// Memory for lists of n data each; the caller frees the first.
static onr_datum *make_data(size_t n, onr_err *err) {
    onr_datum *d = onr_malloc((n + 1) * sizeof *d);
    if (!d) return onr_no_memory(err, n * sizeof *d), NULL;
    memset(d, 0, (n + 1) * sizeof *d);
    return d;
}

// ---- If ---------------------------------------------------------------------------------------------------------------------

typedef struct if_params {
    onr_graph *then_branch, *else_branch;
} if_params;

static onr_status check_if(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    const if_params *p = params;
    (void)arena;
    ONR_TRY(onr_body_check(n, p->then_branch, 0, n->n_out, err));
    return onr_body_check(n, p->else_branch, 0, n->n_out, err);
}

/// Types of a branch. A branch that cannot be right for these shapes (a Squeeze behind a test of the rank) is not an error as
/// long as the other one is: *ok tells.
static onr_status infer_branch(const onr_infer *c, const onr_graph *g, onr_type **out, bool *ok, onr_err *err) {
    onr_infer own = *c;
    own.err = err;
    *out = onr_arena_calloc(c->arena, (size_t)g->n_outputs, sizeof **out);
    if (!*out) return onr_no_memory(c->err, sizeof **out);
    onr_status s = c->infer_graph(&own, g, NULL, 0, *out);
    *ok = s == ONR_OK;
    return s == ONR_INVALID || s == ONR_OK ? ONR_OK : onr_fail(c->err, s, "%s", err->text);
}

static onr_status infer_if(onr_infer *c) {
    const if_params *p = c->params;
    onr_dtype t = onr_infer_dtype(c, 0);
    if (t != ONR_UNDEFINED && t != ONR_BOOL) return onr_infer_bad(c, "cond is %s, not bool", onr_dtype_name(t));
    if (c->running || !c->infer_graph) return ONR_OK;
    onr_type *a, *b;
    bool a_ok, b_ok;
    onr_err a_err = {0}, b_err = {0};
    ONR_TRY(infer_branch(c, p->then_branch, &a, &a_ok, &a_err));
    ONR_TRY(infer_branch(c, p->else_branch, &b, &b_ok, &b_err));
    if (!a_ok && !b_ok) return onr_fail(c->err, ONR_INVALID, "%s", a_err.text);
    const onr_datum *cond = c->constant[0];
    bool decided = cond && cond->kind == ONR_TENSOR && onr_tensor_numel(&cond->t) == 1;
    const onr_type *taken = NULL;
    if (decided && *(const uint8_t *)cond->t.data && a_ok) taken = a;
    if (decided && !*(const uint8_t *)cond->t.data && b_ok) taken = b;
    for (int32_t i = 0; i < c->n_out; i++) {
        onr_type unknown = onr_type_unknown();
        if (taken)
            c->out[i] = taken[i];
        else
            ONR_TRY(onr_merge_types(c, a_ok ? &a[i] : &unknown, b_ok ? &b[i] : &unknown, &c->out[i]));
    }
    return ONR_OK;
}

static onr_status run_if(const onr_run *r) {
    const if_params *p = r->params;
    bool cond;
    ONR_TRY(read_flag(r, r->in[0], "cond", &cond));
    const onr_graph *g = cond ? p->then_branch : p->else_branch;
    onr_datum *out = make_data((size_t)g->n_outputs, r->err);
    if (!out) return ONR_LIMIT;
    onr_status s = onr_body_run(r, g, NULL, 0, out);
    for (int32_t i = 0; i < r->n_out && s == ONR_OK; i++) onr_run_give(r, i, &out[i]);
    onr_data_release(out, (size_t)g->n_outputs);
    onr_free(out);
    return s;
}

// ---- Loop -------------------------------------------------------------------------------------------------------------------

typedef struct loop_params {
    onr_graph *body;
    int32_t n_carried;
} loop_params;

static onr_status check_loop(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    loop_params *p = params;
    (void)arena;
    p->n_carried = n->n_in > 2 ? n->n_in - 2 : 0;
    int32_t n_out = n->n_out > p->n_carried ? n->n_out : p->n_carried;
    return onr_body_check(n, p->body, 2 + p->n_carried, 1 + n_out, err);
}

/// Infers the body for carried values of types acc until their types hold for every iteration. `out`: the body's outputs.
static onr_status infer_carried(const onr_infer *c, const loop_params *p, onr_type *acc, onr_type *out) {
    onr_type iteration = onr_type_tensor(ONR_INT64, (onr_shape){.rank = 0});
    onr_type cond = onr_type_tensor(ONR_BOOL, (onr_shape){.rank = 0});
    const onr_type **in = onr_arena_calloc(c->arena, (size_t)p->n_carried + 2, sizeof *in);
    if (!in) return onr_no_memory(c->err, sizeof *in);
    in[0] = &iteration;
    in[1] = &cond;
    for (int32_t i = 0; i < p->n_carried; i++)
        if (onr_infer_has(c, i + 2)) {
            acc[i] = *c->in[i + 2];
            in[i + 2] = &acc[i];
        }
    for (bool changed = true; changed;) {
        changed = false;
        ONR_TRY(c->infer_graph(c, p->body, in, p->n_carried + 2, out));
        for (int32_t i = 0; i < p->n_carried; i++)
            if (in[i + 2]) ONR_TRY(onr_merge_carried(c, c->in[i + 2], &out[i + 1], &acc[i], &changed));
    }
    return ONR_OK;
}

static onr_status infer_loop(onr_infer *c) {
    const loop_params *p = c->params;
    onr_dtype m = onr_infer_dtype(c, 0), cond = onr_infer_dtype(c, 1);
    if (m != ONR_UNDEFINED && m != ONR_INT64) return onr_infer_bad(c, "M is %s, not int64", onr_dtype_name(m));
    if (cond != ONR_UNDEFINED && cond != ONR_BOOL) return onr_infer_bad(c, "cond is %s, not bool", onr_dtype_name(cond));
    if (c->running || !c->infer_graph) return ONR_OK;
    onr_type *acc = onr_arena_calloc(c->arena, (size_t)p->n_carried, sizeof *acc);
    onr_type *out = onr_arena_calloc(c->arena, (size_t)p->body->n_outputs, sizeof *out);
    if (!acc || !out) return onr_no_memory(c->err, sizeof *out);
    ONR_TRY(infer_carried(c, p, acc, out));
    int64_t trips = onr_infer_fresh(c);
    for (int32_t i = 0; i < c->n_out; i++) {
        if (i < p->n_carried) {
            c->out[i] = acc[i];
            continue;
        }
        onr_shape s = out[i + 1].shape;
        if (out[i + 1].kind != ONR_TENSOR && out[i + 1].kind != ONR_KIND_UNKNOWN)
            return onr_infer_bad(c, "scan output %d of the body is no tensor", i - p->n_carried);
        if (s.rank < 0 || s.rank >= ONR_MAX_RANK) s = onr_shape_unknown();
        for (int32_t d = s.rank; d > 0; d--) s.dim[d] = s.dim[d - 1];
        s.dim[0] = trips;
        s.rank += s.rank >= 0;
        if (out[i + 1].kind == ONR_TENSOR) c->out[i] = onr_type_tensor(out[i + 1].dtype, s);
    }
    return ONR_OK;
}

/// A loop while it runs.
typedef struct loop {
    const onr_run *r;
    const loop_params *p;
    const onr_datum **in; // the body's inputs
    onr_datum *state;     // carried values that belong to us
    onr_datum *out;       // the body's outputs
    onr_pile *scan;       // what each scan output gathered
    int32_t n_scan;
} loop;

static onr_status take_outputs(loop *l, bool *cond) {
    const onr_run *r = l->r;
    if (r->n_in > 1 && r->in[1])
        ONR_TRY(read_flag(r, &l->out[0], "the body's condition", cond)); // left out: the body's condition is ignored
    onr_datum_release(&l->out[0]);
    for (int32_t i = 0; i < l->p->n_carried; i++) {
        onr_datum_release(&l->state[i]);
        l->state[i] = l->out[i + 1];
        l->out[i + 1] = (onr_datum){0};
        l->in[i + 2] = &l->state[i];
    }
    for (int32_t i = 0; i < l->n_scan; i++) ONR_TRY(onr_pile_add(&l->scan[i], &l->out[1 + l->p->n_carried + i], r->err));
    return ONR_OK;
}

static onr_status iterate(loop *l, int64_t trips, bool cond) {
    const onr_run *r = l->r;
    const onr_shape scalar = {.rank = 0};
    const int32_t n_out = l->p->body->n_outputs;
    for (int64_t i = 0; i < trips && cond; i++) {
        uint8_t flag = cond;
        onr_datum number = onr_datum_borrow(ONR_INT64, &scalar, &i), on = onr_datum_borrow(ONR_BOOL, &scalar, &flag);
        l->in[0] = &number;
        l->in[1] = &on;
        onr_status s = onr_body_run(r, l->p->body, l->in, l->p->n_carried + 2, l->out);
        if (s == ONR_OK) s = take_outputs(l, &cond);
        onr_data_release(l->out, (size_t)n_out);
        if (s != ONR_OK) return s;
    }
    return ONR_OK;
}

static onr_status give_loop(loop *l) {
    const onr_run *r = l->r;
    for (int32_t i = 0; i < l->p->n_carried && i < r->n_out; i++) {
        onr_datum d = l->state[i];
        l->state[i] = (onr_datum){0};
        if (d.kind == ONR_KIND_UNKNOWN && l->in[i + 2]) ONR_TRY(onr_datum_hold(l->in[i + 2], &d, r->err)); // no iteration
        onr_run_give(r, i, &d);
    }
    for (int32_t i = 0; i < l->n_scan; i++) {
        if (!onr_run_wants(r, l->p->n_carried + i)) continue;
        onr_datum d;
        if (l->scan[i].n)
            ONR_TRY(onr_join_run(r, &(onr_join){.item = l->scan[i].item, .n = l->scan[i].n, .new_axis = true}, &d));
        else
            ONR_TRY(onr_body_empty(r, l->p->body, 1 + l->p->n_carried + i, 0, &d));
        onr_run_give(r, l->p->n_carried + i, &d);
    }
    return ONR_OK;
}

static onr_status run_loop(const onr_run *r) {
    const loop_params *p = r->params;
    int64_t trips = INT64_MAX;
    bool cond = true;
    if (onr_run_has(r, 0)) {
        if (onr_tensor_numel(onr_run_in(r, 0)) != 1) return onr_run_bad(r, "M must be one int64");
        trips = onr_tensor_int(onr_run_in(r, 0), 0);
    }
    if (onr_run_has(r, 1)) ONR_TRY(read_flag(r, r->in[1], "cond", &cond));
    loop l = {.r = r, .p = p, .n_scan = r->n_out > p->n_carried ? r->n_out - p->n_carried : 0};
    const size_t n_state = (size_t)p->n_carried, n_out = (size_t)p->body->n_outputs;
    l.state = make_data(n_state + n_out, r->err);
    l.out = l.state ? l.state + n_state : NULL;
    l.in = onr_malloc((n_state + 2) * sizeof *l.in);
    l.scan = onr_malloc(((size_t)l.n_scan + 1) * sizeof *l.scan);
    onr_status s = l.state && l.in && l.scan ? ONR_OK : onr_no_memory(r->err, n_out * sizeof *l.out);
    if (l.scan) memset(l.scan, 0, ((size_t)l.n_scan + 1) * sizeof *l.scan);
    for (size_t i = 0; i < n_state && s == ONR_OK; i++) l.in[i + 2] = r->in[i + 2];
    if (s == ONR_OK) s = iterate(&l, trips, cond);
    if (s == ONR_OK) s = give_loop(&l);
    for (int32_t i = 0; l.scan && i < l.n_scan; i++) onr_pile_drop(&l.scan[i]);
    if (l.state) onr_data_release(l.state, n_state + n_out);
    onr_free(l.state);
    onr_free(l.in);
    onr_free(l.scan);
    return s;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec if_attrs[] = {ONR_A_GRAPH(if_params, then_branch), ONR_A_GRAPH(if_params, else_branch),
                                         ONR_ATTR_ARRAY_END};
static const onr_attr_spec loop_attrs[] = {ONR_A_GRAPH(loop_params, body), ONR_ATTR_ARRAY_END};

#define IF(from, to)                                                                                                           \
    {                                                                                                                          \
        ONR_AI("If", from, to), ONR_ARITY(1, 1, 0, -1), .flags = ONR_OP_DYNAMIC | ONR_OP_KINDS, .types = ONR_T_BOOL,           \
                                                        ONR_PARAMS(if_attrs, if_params), .check = check_if, .infer = infer_if, \
                                                        .run = run_if                                                          \
    }
#define LOOP(from, to)                                                                                                       \
    {                                                                                                                        \
        ONR_AI("Loop", from, to), ONR_ARITY(0, -1, 0, -1), .flags = ONR_OP_DYNAMIC | ONR_OP_KINDS,                           \
                                                           .types = ONR_BIT(ONR_INT64), ONR_PARAMS(loop_attrs, loop_params), \
                                                           .check = check_loop, .infer = infer_loop, .run = run_loop         \
    }
// What versions differ in is the types that values of the body may have, which is the body's own affair.
static const onr_op rows[] = {
    IF(1, 10),   IF(11, 12),   IF(13, 15),   IF(16, 18),   IF(19, 20),   IF(21, 22),   IF(23, 23),   IF(24, 24),   IF(25, 0),
    LOOP(1, 10), LOOP(11, 12), LOOP(13, 15), LOOP(16, 18), LOOP(19, 20), LOOP(21, 22), LOOP(23, 23), LOOP(24, 24), LOOP(25, 0),
};
ONR_OP_FAMILY(control);
