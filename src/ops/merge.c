// merge.c: the meeting of types where control flow joins.
// May assume: merge.h. Sequences and optionals are merged through their elements.
// Never runs forever: a dimension is widened once.
#include "ops/merge.h"

static onr_status contradiction(const onr_infer *c, const onr_type *a, const onr_type *b) {
    char x[ONR_TYPE_TEXT], y[ONR_TYPE_TEXT];
    return onr_infer_bad(c, "a value is %s one time and %s another", onr_type_text(a, c->symbols, x),
                         onr_type_text(b, c->symbols, y));
}

onr_type onr_merge_container(const onr_infer *c, onr_kind kind, const onr_type *elem) {
    onr_type t = onr_type_unknown();
    t.kind = kind;
    if (!elem || elem->kind == ONR_KIND_UNKNOWN) return t;
    onr_type *copy = onr_arena_alloc(c->arena, sizeof *copy);
    if (copy) *copy = *elem;
    t.elem = copy;
    return t;
}

static onr_status merge_elements(const onr_infer *c, const onr_type *a, const onr_type *b, onr_type *out) {
    if (!a->elem || !b->elem) return *out = a->elem ? *a : *b, ONR_OK;
    onr_type elem;
    ONR_TRY(onr_merge_types(c, a->elem, b->elem, &elem));
    onr_dtype keys = a->dtype;
    *out = onr_merge_container(c, a->kind, &elem);
    out->dtype = keys;
    return ONR_OK;
}

onr_status onr_merge_types(const onr_infer *c, const onr_type *a, const onr_type *b, onr_type *out) {
    if (a->kind == ONR_KIND_UNKNOWN || b->kind == ONR_KIND_UNKNOWN)
        return *out = a->kind == ONR_KIND_UNKNOWN ? *b : *a, out->shape = onr_shape_unknown(), ONR_OK;
    if (a->kind != b->kind) return contradiction(c, a, b);
    if (a->kind != ONR_TENSOR) return merge_elements(c, a, b, out);
    if (a->dtype && b->dtype && a->dtype != b->dtype) return contradiction(c, a, b);
    onr_type t = *a;
    t.dtype = a->dtype ? a->dtype : b->dtype;
    t.block = 0;
    if (a->shape.rank != b->shape.rank) t.shape = onr_shape_unknown();
    for (int32_t d = 0; d < t.shape.rank; d++)
        if (a->shape.dim[d] != b->shape.dim[d]) t.shape.dim[d] = onr_infer_fresh(c);
    *out = t;
    return ONR_OK;
}

static onr_status carried_tensor(const onr_infer *c, const onr_type *init, const onr_type *next, onr_type *acc, bool *changed) {
    if (acc->dtype && next->dtype && acc->dtype != next->dtype) return contradiction(c, acc, next);
    if (!acc->dtype && next->dtype) acc->dtype = next->dtype, *changed = true;
    if (acc->shape.rank < 0) return ONR_OK;
    bool other = init ? acc->shape.rank != next->shape.rank : !onr_shape_equal(&acc->shape, &next->shape);
    if (other) return acc->shape = onr_shape_unknown(), *changed = true, ONR_OK;
    for (int32_t d = 0; d < acc->shape.rank; d++) {
        if (acc->shape.dim[d] == next->shape.dim[d] || !init || acc->shape.dim[d] != init->shape.dim[d]) continue;
        acc->shape.dim[d] = onr_infer_fresh(c);
        *changed = true;
    }
    return ONR_OK;
}

onr_status onr_merge_carried(const onr_infer *c, const onr_type *init, const onr_type *next, onr_type *acc, bool *changed) {
    if (next->kind == ONR_KIND_UNKNOWN) {
        *changed |= acc->kind == ONR_TENSOR && acc->shape.rank >= 0;
        acc->shape = onr_shape_unknown();
        return ONR_OK;
    }
    if (acc->kind == ONR_KIND_UNKNOWN) return *acc = *next, acc->shape = onr_shape_unknown(), *changed = true, ONR_OK;
    if (next->kind == ONR_OPTIONAL && acc->kind != ONR_OPTIONAL) return ONR_OK; // an optional is carried in, its content out
    if (acc->kind == ONR_OPTIONAL && next->kind != ONR_OPTIONAL) return *acc = *next, *changed = true, ONR_OK;
    if (acc->kind != next->kind) return contradiction(c, acc, next);
    if (acc->kind == ONR_TENSOR) return carried_tensor(c, init, next, acc, changed);
    if (!next->elem) return ONR_OK;
    if (!acc->elem) return *acc = *next, *changed = true, ONR_OK;
    onr_type elem = *acc->elem;
    bool wider = false;
    ONR_TRY(onr_merge_carried(c, NULL, next->elem, &elem, &wider));
    if (!wider) return ONR_OK;
    onr_dtype keys = acc->dtype;
    *acc = onr_merge_container(c, acc->kind, &elem);
    acc->dtype = keys;
    *changed = true;
    return ONR_OK;
}
