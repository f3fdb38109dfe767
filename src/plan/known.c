// known.c: shape data, and what nodes compute of nothing else, become constants of the plan.
// May assume: known.h. Never keeps more than a budget of bytes.
#include "plan/known.h"

#include <string.h>

enum { NODE_BYTES = 1 << 20, PLAN_BYTES = 16 << 20 }; // of one output; of all constants of a plan

// ---- integers that inference followed ---------------------------------------------------------------------------------------

static bool is_shape_data(const onr_plan_known *k, int32_t id) {
    const onr_type *t = &k->typing->type[id];
    const onr_known *list = k->typing->known[id];
    int64_t n;
    if (k->typing->constant[id] || !list || t->kind != ONR_TENSOR || (t->dtype != ONR_INT64 && t->dtype != ONR_INT32))
        return false;
    if (!onr_shape_numel(&t->shape, &n) || n != list->n || t->shape.rank > 1) return false;
    for (int64_t i = 0; i < n; i++)
        if (onr_dim_symbolic(list->v[i])) return false;
    return true;
}

static onr_status take_shape_data(onr_plan_known *k, int32_t id) {
    const onr_type *t = &k->typing->type[id];
    const onr_known *list = k->typing->known[id];
    onr_datum *d = onr_arena_alloc(k->arena, sizeof *d);
    void *data = onr_arena_calloc(k->arena, (size_t)list->n, onr_dtype_size(t->dtype));
    if (!d || !data) return onr_no_memory(k->err, (size_t)list->n * 8);
    for (int64_t i = 0; i < list->n; i++) {
        if (t->dtype == ONR_INT64)
            ((int64_t *)data)[i] = list->v[i];
        else
            ((int32_t *)data)[i] = (int32_t)list->v[i];
    }
    *d = onr_datum_borrow(t->dtype, &t->shape, data);
    k->typing->constant[id] = d;
    return ONR_OK;
}

// ---- whatever else has constant inputs --------------------------------------------------------------------------------------

static bool is_plain(const onr_datum *d) { return d && d->kind == ONR_TENSOR && d->t.dtype != ONR_STRING && !d->t.block; }

static bool can_compute(const onr_plan_known *k, const onr_node *n) {
    if (k->target->opt_level < 1 || k->bytes >= PLAN_BYTES || !(n->op->flags & ONR_OP_PURE) || n->n_capture) return false;
    for (int32_t i = 0; i < n->n_attr; i++)
        if (n->attr[i].kind == ONR_ATTR_GRAPH || n->attr[i].kind == ONR_ATTR_GRAPHS) return false;
    for (int32_t i = 0; i < n->n_in; i++)
        if (n->in[i] && !is_plain(k->typing->constant[n->in[i]->id])) return false;
    bool wanted = false;
    for (int32_t i = 0; i < n->n_out; i++) {
        const onr_value *v = n->out[i];
        size_t bytes;
        if (!v) continue;
        if (v->kept) return false;
        if (onr_type_bytes(&k->typing->type[v->id], &bytes) && bytes > NODE_BYTES) return false;
        wanted = wanted || !k->typing->constant[v->id];
    }
    return wanted;
}

/// The plan's own copy of what an evaluation made.
static onr_status take(onr_plan_known *k, int32_t id, const onr_datum *from) {
    const size_t bytes = onr_tensor_bytes(&from->t);
    onr_datum *d = onr_arena_alloc(k->arena, sizeof *d);
    void *data = onr_arena_alloc_aligned(k->arena, bytes, 64);
    if (!d || !data) return onr_no_memory(k->err, bytes);
    if (bytes) memcpy(data, from->t.data, bytes);
    *d = onr_datum_borrow(from->t.dtype, &from->t.shape, data);
    k->typing->constant[id] = d;
    k->typing->type[id] = (onr_type){.kind = ONR_TENSOR, .dtype = d->t.dtype, .shape = d->t.shape};
    k->bytes += bytes;
    return ONR_OK;
}

/// What was computed becomes constant when all of it is plain and within the budget.
static onr_status take_all(onr_plan_known *k, const onr_node *n, const onr_datum *out) {
    size_t bytes = k->bytes;
    for (int32_t i = 0; i < n->n_out; i++) {
        if (!n->out[i]) continue;
        if (!is_plain(&out[i]) || onr_tensor_bytes(&out[i].t) > NODE_BYTES) return ONR_OK;
        bytes += onr_tensor_bytes(&out[i].t);
    }
    if (bytes > PLAN_BYTES) return ONR_OK;
    for (int32_t i = 0; i < n->n_out; i++)
        if (n->out[i]) ONR_TRY(take(k, n->out[i]->id, &out[i]));
    return ONR_OK;
}

static onr_status compute(onr_plan_known *k, const onr_node *n) {
    ONR_TRY(onr_guard_time(k->target->guard, n->name, k->err));
    const onr_datum **in = onr_arena_calloc(k->arena, (size_t)n->n_in, sizeof *in);
    onr_datum *out = onr_arena_calloc(k->arena, (size_t)n->n_out, sizeof *out);
    if (!in || !out) return onr_no_memory(k->err, sizeof *out);
    for (int32_t i = 0; i < n->n_in; i++) in[i] = n->in[i] ? k->typing->constant[n->in[i]->id] : NULL;
    onr_err none = {0};
    onr_env env = {.target = k->target};
    onr_status s = onr_eval(n, in, NULL, out, &env, &none);
    if (s != ONR_OK) return s == ONR_LIMIT ? onr_guard_time(k->target->guard, n->name, k->err) : ONR_OK;
    s = take_all(k, n, out);
    for (int32_t i = 0; i < n->n_out; i++) onr_datum_release(&out[i]);
    return s;
}

onr_status onr_plan_known_node(onr_plan_known *k, const onr_node *n) {
    for (int32_t i = 0; i < n->n_out; i++)
        if (n->out[i] && !n->out[i]->kept && is_shape_data(k, n->out[i]->id)) ONR_TRY(take_shape_data(k, n->out[i]->id));
    return can_compute(k, n) ? compute(k, n) : ONR_OK;
}
