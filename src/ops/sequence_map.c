// sequence_map.c: SequenceMap: a body applied to every item of sequences.
// May assume: control.h's rules for bodies. Never runs items in parallel: a body's operators do that. Source: ONNX SequenceMap
// (17).
#include "base/arena.h"
#include "ops/control.h"
#include "ops/merge.h"
#include "ops/rows.h"

#include <string.h>

typedef struct params {
    onr_graph *body;
} params;

static onr_status check(const onr_node *n, void *p, onr_arena *arena, onr_err *err) {
    (void)arena;
    for (int32_t i = 0; i < n->n_in; i++)
        if (!n->in[i]) return onr_fail(err, ONR_INVALID, "SequenceMap needs its input %d", i);
    return onr_body_check(n, ((const params *)p)->body, n->n_in, n->n_out, err);
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    if (c->in[0]->kind != ONR_SEQUENCE && c->in[0]->kind != ONR_KIND_UNKNOWN)
        return onr_infer_bad(c, "its first input is no sequence");
    for (int32_t i = 0; i < c->n_out; i++) c->out[i].kind = ONR_SEQUENCE;
    if (c->running || !c->infer_graph) return ONR_OK;
    onr_type *type = onr_arena_calloc(c->arena, (size_t)c->n_in, sizeof *type);
    onr_type *out = onr_arena_calloc(c->arena, (size_t)p->body->n_outputs, sizeof *out);
    const onr_type **in = onr_arena_calloc(c->arena, (size_t)c->n_in, sizeof *in);
    if (!type || !out || !in) return onr_no_memory(c->err, sizeof *out);
    for (int32_t i = 0; i < c->n_in; i++) {
        bool items = c->in[i]->kind == ONR_SEQUENCE;
        type[i] = !items ? *c->in[i] : c->in[i]->elem ? *c->in[i]->elem : onr_type_unknown();
        if (items && type[i].kind == ONR_TENSOR) // items may differ: their symbols must not be taken for equal sizes
            for (int32_t d = 0; d < type[i].shape.rank; d++)
                if (!onr_dim_known(type[i].shape.dim[d])) type[i].shape.dim[d] = onr_infer_fresh(c);
        in[i] = &type[i];
    }
    ONR_TRY(c->infer_graph(c, p->body, in, c->n_in, out));
    for (int32_t i = 0; i < c->n_out; i++) c->out[i] = onr_merge_container(c, ONR_SEQUENCE, &out[i]);
    return ONR_OK;
}

/// Runs the body on item k; made: the body's outputs, moved into the result sequences.
static onr_status map_item(const onr_run *r, size_t k, const onr_datum **in, onr_datum *made, onr_datum *result) {
    const params *p = r->params;
    for (int32_t i = 0; i < r->n_in; i++) in[i] = r->in[i]->kind == ONR_SEQUENCE ? &r->in[i]->item[k] : r->in[i];
    onr_status s = onr_body_run(r, p->body, in, r->n_in, made);
    for (int32_t i = 0; i < r->n_out && s == ONR_OK; i++) {
        result[i].item[k] = made[i];
        made[i] = (onr_datum){0};
    }
    onr_data_release(made, (size_t)p->body->n_outputs);
    return s;
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const size_t n = r->in[0]->n, n_made = (size_t)p->body->n_outputs, n_out = (size_t)r->n_out;
    if (r->in[0]->kind != ONR_SEQUENCE) return onr_run_bad(r, "its first input is no sequence");
    for (int32_t i = 1; i < r->n_in; i++)
        if (r->in[i]->kind == ONR_SEQUENCE && r->in[i]->n != n)
            return onr_run_bad(r, "sequence %d has %zu items, the first has %zu", i, r->in[i]->n, n);
    size_t bytes = (n_made + n_out + 1) * sizeof(onr_datum) + (size_t)r->n_in * sizeof(void *);
    onr_datum *made = onr_malloc(bytes);
    if (!made) return onr_no_memory(r->err, bytes);
    memset(made, 0, bytes);
    onr_datum *result = made + n_made;
    const onr_datum **in = (const onr_datum **)(void *)(result + n_out + 1);
    onr_status s = ONR_OK;
    for (size_t i = 0; i < n_out && s == ONR_OK; i++) {
        const onr_value *v = p->body->outputs[i];
        s = onr_datum_new_items(ONR_SEQUENCE, n, &result[i], r->err);
        if (s == ONR_OK) onr_datum_set_elem(&result[i], v->type.kind ? &v->type : v->declared);
    }
    for (size_t k = 0; k < n && s == ONR_OK; k++) s = map_item(r, k, in, made, result);
    for (int32_t i = 0; i < r->n_out && s == ONR_OK; i++) onr_run_give(r, i, &result[i]);
    onr_data_release(result, n_out);
    onr_free(made);
    return s;
}

static const onr_attr_spec attrs[] = {ONR_A_GRAPH(params, body), ONR_ATTR_ARRAY_END};
static const onr_op rows[] = {
    {ONR_AI("SequenceMap", 17, 0), ONR_ARITY(1, -1, 1, -1), .flags = ONR_OP_DYNAMIC | ONR_OP_KINDS, ONR_PARAMS(attrs, params),
     .check = check, .infer = infer, .run = run},
};
ONR_OP_FAMILY(sequence_map);
