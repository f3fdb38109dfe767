// optional.c: Optional, OptionalHasElement, OptionalGetElement.
// May assume: an optional holds a tensor or a sequence, or nothing. Never copies what can be held.
// Source: ONNX Optional (15), OptionalHasElement and OptionalGetElement (15; 18: tensors and sequences stand for full
// optionals).
#include "ops/merge.h"
#include "ops/rows.h"

typedef struct params {
    const onr_type *type;
} params;

static onr_status check_optional(const onr_node *n, void *p, onr_arena *arena, onr_err *err) {
    bool has_input = n->n_in > 0 && n->in[0];
    (void)arena;
    if (has_input || ((const params *)p)->type) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "Optional needs an input or the attribute 'type'");
}

static onr_status infer_optional(onr_infer *c) {
    const onr_type *elem = onr_infer_has(c, 0) ? c->in[0] : ((const params *)c->params)->type;
    if (elem->kind == ONR_OPTIONAL) return onr_infer_bad(c, "its input is an optional already");
    if (c->n_out > 0) c->out[0] = onr_merge_container(c, ONR_OPTIONAL, elem);
    return ONR_OK;
}

static onr_status run_optional(const onr_run *r) {
    bool full = onr_run_has(r, 0);
    onr_datum d;
    ONR_TRY(onr_datum_new_items(ONR_OPTIONAL, full, &d, r->err));
    onr_datum_set_elem(&d, ((const params *)r->params)->type);
    onr_status s = full ? onr_datum_hold(r->in[0], &d.item[0], r->err) : ONR_OK;
    if (s != ONR_OK) return onr_datum_release(&d), s;
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

/// Opset 15 takes optionals only; but a loop of that time may carry an optional in and its content out, so content is taken by
/// all versions.
static onr_status check_kind(const onr_infer *c) {
    if (!onr_infer_has(c, 0) || c->in[0]->kind != ONR_MAP) return ONR_OK;
    return onr_infer_bad(c, "its input is a map");
}

static onr_status infer_has(onr_infer *c) {
    ONR_TRY(check_kind(c));
    onr_infer_set(c, 0, ONR_BOOL, (onr_shape){.rank = 0});
    return ONR_OK;
}

static onr_status run_has(const onr_run *r) {
    bool full = onr_run_has(r, 0) && r->in[0]->kind != ONR_KIND_UNKNOWN && (r->in[0]->kind != ONR_OPTIONAL || r->in[0]->n);
    *(uint8_t *)onr_run_out(r, 0)->data = full;
    return ONR_OK;
}

static onr_status infer_get(onr_infer *c) {
    ONR_TRY(check_kind(c));
    if (c->n_out > 0 && c->in[0]->kind != ONR_OPTIONAL) c->out[0] = *c->in[0];
    if (c->n_out > 0 && c->in[0]->kind == ONR_OPTIONAL && c->in[0]->elem) c->out[0] = *c->in[0]->elem;
    return ONR_OK;
}

static onr_status run_get(const onr_run *r) {
    const onr_datum *from = r->in[0];
    if (from->kind == ONR_OPTIONAL && !from->n) return onr_run_bad(r, "the optional is empty");
    onr_datum d;
    ONR_TRY(onr_datum_hold(from->kind == ONR_OPTIONAL ? &from->item[0] : from, &d, r->err));
    onr_run_give(r, 0, &d);
    return ONR_OK;
}

static const onr_attr_spec attrs[] = {ONR_A_TYPE(params, type), ONR_ATTR_ARRAY_END};
static const onr_attr_spec none[] = {ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_AI("Optional", 15, 0), ONR_ARITY(0, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC | ONR_OP_KINDS,
     ONR_PARAMS(attrs, params), .check = check_optional, .infer = infer_optional, .run = run_optional},
    {ONR_AI("OptionalHasElement", 15, 17), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_KINDS, ONR_PARAMS(none, params),
     .infer = infer_has, .run = run_has},
    {ONR_AI("OptionalHasElement", 18, 0), ONR_ARITY(0, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_KINDS, ONR_PARAMS(none, params),
     .infer = infer_has, .run = run_has},
    {ONR_AI("OptionalGetElement", 15, 17), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC | ONR_OP_KINDS,
     ONR_PARAMS(none, params), .infer = infer_get, .run = run_get},
    {ONR_AI("OptionalGetElement", 18, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC | ONR_OP_KINDS,
     ONR_PARAMS(none, params), .infer = infer_get, .run = run_get},
};
ONR_OP_FAMILY(optional);
