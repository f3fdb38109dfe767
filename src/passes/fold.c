// fold.c: nodes whose inputs are all constant are computed now, and integers that shapes alone determine become constants.
// May assume: types were inferred. Never folds what is impure, and never makes more than a budget of new bytes.
#include "graph/edit.h"
#include "passes/pass.h"

#include <string.h>

enum { FOLD_TOTAL_BYTES = 1 << 30 }; // unless the guard says otherwise; a single node may take a quarter

/// The content of a value, or of the enclosing graph's value that it stands for, when that is constant; else NULL.
static const onr_datum *content(const onr_value *v) {
    while (v->outer) v = v->outer;
    return v->constant;
}

static bool all_constant(const onr_node *n) {
    for (int32_t k = 0; k < n->n_in; k++)
        if (n->in[k] && !content(n->in[k])) return false;
    return n->n_capture == 0;
}

static bool has_graph_attr(const onr_node *n) {
    for (int32_t k = 0; k < n->n_attr; k++)
        if (n->attr[k].kind == ONR_ATTR_GRAPH || n->attr[k].kind == ONR_ATTR_GRAPHS) return true;
    return false;
}

/// Why a node with constant inputs is not computed now; NULL: it is.
static const char *obstacle(const onr_pass_run *r, const onr_node *n, size_t spent) {
    size_t total = r->target->guard && r->target->guard->max_fold_bytes ? r->target->guard->max_fold_bytes : FOLD_TOTAL_BYTES;
    for (int32_t k = 0; k < n->n_out; k++) {
        size_t bytes;
        if (!n->out[k] || !onr_type_bytes(&n->out[k]->type, &bytes)) continue;
        if (bytes <= total / 4 && spent <= total - bytes) continue;
        return onr_pass_why(r, "'%s' takes %zu bytes, constants may take %zu, and one node a quarter of that", n->out[k]->name,
                            bytes, total);
    }
    return NULL;
}

/// A copy in the session's arena: what the evaluation made is reference-counted and would outlive nobody.
static onr_status keep(onr_pass_run *r, const onr_datum *from, const onr_datum **out, size_t *spent) {
    onr_datum *d = onr_arena_alloc(r->arena, sizeof *d);
    if (!d) return onr_no_memory(r->err, sizeof *d);
    *d = *from;
    d->buf = NULL;
    size_t bytes = onr_tensor_bytes(&from->t), chars = 0;
    int64_t n_strings = from->t.dtype == ONR_STRING ? onr_tensor_numel(&from->t) : 0;
    for (int64_t i = 0; i < n_strings; i++) chars += ((const onr_string *)from->t.data)[i].n;
    char *data = onr_arena_alloc_aligned(r->arena, bytes + chars, 64);
    if (!data) return onr_no_memory(r->err, bytes + chars);
    if (bytes) memcpy(data, from->t.data, bytes);
    char *to = data + bytes;
    for (int64_t i = 0; i < n_strings; i++) {
        onr_string *s = (onr_string *)(void *)data + i;
        if (s->n) memcpy(to, s->s, s->n);
        s->s = to;
        to += s->n;
    }
    d->t.data = data;
    *out = d;
    *spent += bytes + chars;
    return ONR_OK;
}

static onr_status fold_node(onr_pass_run *r, onr_node *n, size_t *spent) {
    const onr_datum **in = onr_arena_calloc(r->arena, (size_t)n->n_in, sizeof *in);
    onr_datum *out = onr_arena_calloc(r->arena, (size_t)n->n_out, sizeof *out);
    if (!in || !out) return onr_no_memory(r->err, sizeof *out);
    for (int32_t k = 0; k < n->n_in; k++) in[k] = n->in[k] ? content(n->in[k]) : NULL;
    onr_env env = *r->env;
    env.packs = NULL; // what is packed or aligned for this one evaluation goes with it
    onr_status s = onr_eval(n, in, NULL, out, &env, r->err);
    if (s == ONR_INVALID || s == ONR_UNSUPPORTED) { // it fails when it is run, which a branch not taken never is
        r->count--;
        onr_pass_missed(r, n, "not computed beforehand: %s", r->err ? r->err->text : onr_status_name(s));
        if (r->err) *r->err = (onr_err){0};
        return ONR_OK;
    }
    if (s != ONR_OK) return s;
    bool tensors = true;
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && out[k].kind != ONR_TENSOR) tensors = false;
    onr_pass_fired(r, n, tensors ? "computed once: its inputs are constant" : "stays: what it makes is no tensor");
    for (int32_t k = 0; k < n->n_out && tensors && s == ONR_OK; k++) {
        const onr_datum *kept = NULL;
        if (!n->out[k]) continue;
        s = keep(r, &out[k], &kept, spent);
        if (s == ONR_OK) onr_value_set_constant(n->out[k], kept);
    }
    for (int32_t k = 0; k < n->n_out; k++) onr_datum_release(&out[k]);
    if (s == ONR_OK && tensors) onr_graph_remove_node(r->g, n);
    return s;
}

/// Shape data that is known to the last integer, whatever the inputs' sizes.
static bool fully_known(const onr_value *v) {
    if (!v->known || v->constant || v->type.kind != ONR_TENSOR || v->type.shape.rank > 1) return false;
    if (v->type.dtype != ONR_INT64 && v->type.dtype != ONR_INT32) return false;
    int64_t n;
    if (!onr_shape_numel(&v->type.shape, &n) || n != v->known->n) return false;
    for (int64_t i = 0; i < n; i++)
        if (onr_dim_symbolic(v->known->v[i])) return false;
    return true;
}

static onr_status fold_known(onr_pass_run *r, onr_value *v) {
    onr_datum *d = onr_arena_alloc(r->arena, sizeof *d);
    void *data = onr_arena_calloc(r->arena, (size_t)v->known->n, onr_dtype_size(v->type.dtype));
    if (!d || !data) return onr_no_memory(r->err, (size_t)v->known->n * 8);
    for (int64_t i = 0; i < v->known->n; i++) {
        if (v->type.dtype == ONR_INT64)
            ((int64_t *)data)[i] = v->known->v[i];
        else
            ((int32_t *)data)[i] = (int32_t)v->known->v[i];
    }
    *d = onr_datum_borrow(v->type.dtype, &v->type.shape, data);
    onr_value_set_constant(v, d);
    return ONR_OK;
}

static bool is_kept(const onr_node *n) {
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k] && n->out[k]->kept) return true;
    return false;
}

static bool is_asked(const onr_node *n) {
    for (int32_t k = 0; k < n->n_out; k++)
        if (n->out[k]) return true;
    return false;
}

/// For the story alone: constant inputs are not all that it takes.
static void tell_why_not(const onr_pass_run *r, const onr_node *n) {
    if (!r->story || has_graph_attr(n) || n->n_in == 0 || !all_constant(n)) return;
    if (is_kept(n))
        onr_pass_missed(r, n, "not computed beforehand: its output is kept to be looked at");
    else
        onr_pass_missed(r, n, "not computed beforehand: %s gives something else each time", n->op_type);
}

static onr_status fold_graph(onr_pass_run *r, size_t *spent);

/// Bodies of control flow: a Constant in a loop is then made once, not in every iteration.
static onr_status fold_bodies(onr_pass_run *r, const onr_node *n, size_t *spent) {
    for (int32_t k = 0; k < n->n_attr; k++) {
        const onr_attr *a = &n->attr[k];
        size_t n_graphs = a->kind == ONR_ATTR_GRAPH ? 1 : a->kind == ONR_ATTR_GRAPHS ? a->n : 0;
        for (size_t i = 0; i < n_graphs; i++) {
            onr_pass_run body = *r;
            body.g = a->kind == ONR_ATTR_GRAPH ? a->graph : a->graphs[i];
            ONR_TRY(fold_graph(&body, spent));
            r->count = body.count;
        }
    }
    return ONR_OK;
}

static onr_status fold_graph(onr_pass_run *r, size_t *spent) {
    for (int32_t i = 0; i < r->g->n_nodes; i++) {
        onr_node *n = r->g->nodes[i];
        if (n->dead) continue;
        ONR_TRY(onr_guard_time(r->target->guard, n->name, r->err));
        if (has_graph_attr(n)) ONR_TRY(fold_bodies(r, n, spent));
        if (!(n->op->flags & ONR_OP_PURE) || has_graph_attr(n) || is_kept(n)) {
            tell_why_not(r, n);
            continue;
        }
        bool known = false;
        for (int32_t k = 0; k < n->n_out; k++)
            if (n->out[k] && fully_known(n->out[k]) && onr_pass_may(r)) {
                onr_pass_fired(r, n, "'%s' follows from sizes that are known", n->out[k]->name);
                ONR_TRY(fold_known(r, n->out[k]));
                known = true;
            }
        if (!is_asked(n)) {
            bool may = !known && onr_pass_may(r);
            if (may) onr_pass_fired(r, n, "removed: nobody reads what it makes");
            if (known || may) onr_graph_remove_node(r->g, n);
            continue;
        }
        if (!all_constant(n)) continue;
        const char *why_not = obstacle(r, n, *spent);
        if (why_not) onr_pass_missed(r, n, "not computed beforehand: %s", why_not);
        if (!why_not && onr_pass_may(r)) ONR_TRY(fold_node(r, n, spent));
    }
    return ONR_OK;
}

onr_status onr_pass_fold(onr_pass_run *r) {
    size_t spent = 0;
    return fold_graph(r, &spent);
}
