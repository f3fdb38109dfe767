// scan.c: Scan (8: with a batch; 9 and later: along any axis).
// May assume: control.c's rules for bodies. Never keeps slices longer than an iteration.
// Source: ONNX Scan (8, 9, 11, 16, 19, 21, 23, 24, 25).
#include "base/arena.h"
#include "base/mathx.h"
#include "ops/control.h"
#include "ops/join.h"
#include "ops/merge.h"
#include "ops/rows.h"

#include <string.h>

typedef struct scan_params {
    onr_graph *body;
    int64_t num_scan_inputs;
    onr_ints scan_input_axes, scan_input_directions, scan_output_axes, scan_output_directions;
    onr_ints directions; // opset 8
    bool batched;        // opset 8
    int32_t first;       // input where the states begin
    int32_t n_state, n_scan;
} scan_params;

static int64_t entry(onr_ints list, int32_t i) { return list.v && (size_t)i < list.n ? list.v[i] : 0; }

static onr_status check_scan(const onr_node *n, void *params, onr_arena *arena, onr_err *err) {
    scan_params *p = params;
    (void)arena;
    p->batched = n->op->until == 8;
    p->first = p->batched ? 1 : 0;
    if (p->num_scan_inputs < 1 || p->num_scan_inputs > n->n_in - p->first)
        return onr_fail(err, ONR_INVALID, "Scan with num_scan_inputs %lld and %d inputs", (long long)p->num_scan_inputs,
                        n->n_in - p->first);
    p->n_scan = (int32_t)p->num_scan_inputs;
    p->n_state = n->n_in - p->first - p->n_scan;
    for (int32_t i = p->first; i < n->n_in; i++)
        if (!n->in[i]) return onr_fail(err, ONR_INVALID, "Scan needs its input %d", i);
    if (p->batched) p->scan_input_directions = p->directions;
    const onr_ints in_lists[] = {p->scan_input_axes, p->scan_input_directions};
    for (int i = 0; i < 2; i++)
        if (in_lists[i].v && in_lists[i].n != (size_t)p->n_scan)
            return onr_fail(err, ONR_INVALID, "Scan has %d scan inputs, a list of %zu axes or directions", p->n_scan,
                            in_lists[i].n);
    int32_t n_out = n->n_out > p->n_state ? n->n_out : p->n_state;
    return onr_body_check(n, p->body, p->n_state + p->n_scan, n_out, err);
}

// ---- inference --------------------------------------------------------------------------------------------------------------

/// The type of a scanned input's element, and the number of iterations.
static onr_status element_type(const onr_infer *c, int32_t i, int32_t scan, onr_type *out, int64_t *trips) {
    const scan_params *p = c->params;
    *out = *c->in[i];
    if (out->kind != ONR_TENSOR || out->shape.rank < 0) return ONR_OK;
    int32_t axis, drop = p->batched ? 2 : 1;
    if (out->shape.rank < drop) return onr_infer_bad(c, "scan input %d has rank %d", scan, out->shape.rank);
    if (p->batched)
        axis = 1;
    else
        ONR_TRY(onr_infer_axis(c, entry(p->scan_input_axes, scan), out->shape.rank, &axis));
    int64_t n = out->shape.dim[axis];
    if (onr_dim_known(n) && onr_dim_known(*trips) && n != *trips)
        return onr_infer_bad(c, "scan input %d has %lld elements, the others have %lld", scan, (long long)n, (long long)*trips);
    if (!onr_dim_known(*trips)) *trips = n;
    onr_shape s = {.rank = out->shape.rank - drop};
    for (int32_t d = 0, to = 0; d < out->shape.rank; d++)
        if (d != axis && !(p->batched && d == 0)) s.dim[to++] = out->shape.dim[d];
    out->shape = s;
    return ONR_OK;
}

static onr_shape with_front(onr_shape s, int64_t dim) {
    if (s.rank < 0 || s.rank >= ONR_MAX_RANK) return onr_shape_unknown();
    for (int32_t d = s.rank; d > 0; d--) s.dim[d] = s.dim[d - 1];
    s.dim[0] = dim;
    s.rank++;
    return s;
}

static onr_shape without_front(onr_shape s) {
    if (s.rank < 1) return onr_shape_unknown();
    for (int32_t d = 1; d < s.rank; d++) s.dim[d - 1] = s.dim[d];
    s.rank--;
    return s;
}

static onr_status set_outputs(const onr_infer *c, const onr_type *acc, const onr_type *out, int64_t batch, int64_t trips) {
    const scan_params *p = c->params;
    for (int32_t i = 0; i < c->n_out; i++) {
        const onr_type *t = i < p->n_state ? &acc[i] : &out[i];
        if (t->kind != ONR_TENSOR) continue;
        onr_shape s = t->shape;
        if (i >= p->n_state && s.rank >= 0 && s.rank < ONR_MAX_RANK) {
            int32_t axis;
            onr_shape grown = with_front(s, trips);
            ONR_TRY(onr_infer_axis(c, entry(p->scan_output_axes, i - p->n_state), grown.rank, &axis));
            for (int32_t d = 0; d < axis; d++) grown.dim[d] = s.dim[d];
            grown.dim[axis] = trips;
            s = grown;
        } else if (i >= p->n_state) {
            s = onr_shape_unknown();
        }
        if (p->batched) s = with_front(s, batch);
        onr_infer_set(c, i, t->dtype, s);
    }
    return ONR_OK;
}

static onr_status infer_scan(onr_infer *c) {
    const scan_params *p = c->params;
    int32_t n_in = p->n_state + p->n_scan;
    onr_type *type = onr_arena_calloc(c->arena, (size_t)n_in + (size_t)p->n_state, sizeof *type);
    onr_type *out = onr_arena_calloc(c->arena, (size_t)p->body->n_outputs, sizeof *out);
    const onr_type **in = onr_arena_calloc(c->arena, (size_t)n_in, sizeof *in);
    if (!type || !out || !in) return onr_no_memory(c->err, sizeof *out);
    onr_type *init = type + n_in;
    int64_t trips = onr_infer_fresh(c), batch = onr_infer_fresh(c);
    for (int32_t i = 0; i < n_in; i++) {
        onr_shape s = onr_infer_shape(c, p->first + i);
        if (p->batched && s.rank > 0) batch = s.dim[0];
        if (i >= p->n_state) {
            ONR_TRY(element_type(c, p->first + i, i - p->n_state, &type[i], &trips));
        } else {
            type[i] = *c->in[p->first + i];
            if (p->batched) type[i].shape = without_front(type[i].shape);
            init[i] = type[i];
        }
        in[i] = &type[i];
    }
    if (c->running || !c->infer_graph) return ONR_OK;
    for (bool changed = true; changed;) {
        changed = false;
        ONR_TRY(c->infer_graph(c, p->body, in, n_in, out));
        for (int32_t i = 0; i < p->n_state; i++) ONR_TRY(onr_merge_carried(c, &init[i], &out[i], &type[i], &changed));
    }
    return set_outputs(c, type, out, batch, trips);
}

// ---- running ----------------------------------------------------------------------------------------------------------------

/// One scan: states in, states and scan outputs out. All data in `in` belong to others.
typedef struct scan {
    const onr_run *r;
    const scan_params *p;
    const onr_datum *in; // states, then scanned tensors
    const int32_t *axis; // of the scanned tensors
    int64_t trips;
    onr_datum *out; // states, then scan outputs (as many as the node has); empty at first
    int32_t n_out;
} scan;

/// Work memory of a scan.
typedef struct work {
    onr_datum *slice, *made; // the elements of an iteration; the body's outputs
    const onr_datum **in;
    onr_pile *pile;
} work;

static onr_status iterate(const scan *s, const work *w, int64_t t) {
    const scan_params *p = s->p;
    for (int32_t k = 0; k < p->n_state; k++) w->in[k] = s->out[k].kind ? &s->out[k] : &s->in[k];
    for (int32_t k = 0; k < p->n_scan; k++) {
        int64_t at = entry(p->scan_input_directions, k) ? s->trips - 1 - t : t;
        ONR_TRY(onr_join_slice(&s->in[p->n_state + k].t, s->axis[k], at, &w->slice[k], s->r->err));
        w->in[p->n_state + k] = &w->slice[k];
    }
    ONR_TRY(onr_body_run(s->r, p->body, w->in, p->n_state + p->n_scan, w->made));
    for (int32_t k = 0; k < p->n_state; k++) {
        onr_datum_release(&s->out[k]);
        s->out[k] = w->made[k];
        w->made[k] = (onr_datum){0};
    }
    for (int32_t k = p->n_state; k < s->n_out; k++) ONR_TRY(onr_pile_add(&w->pile[k], &w->made[k], s->r->err));
    return ONR_OK;
}

static onr_status finish(const scan *s, const work *w) {
    const scan_params *p = s->p;
    for (int32_t k = 0; k < p->n_state; k++)
        if (!s->out[k].kind) ONR_TRY(onr_datum_hold(&s->in[k], &s->out[k], s->r->err));
    for (int32_t k = p->n_state; k < s->n_out; k++) {
        int64_t axis = entry(p->scan_output_axes, k - p->n_state);
        onr_join j = {.item = w->pile[k].item,
                      .n = w->pile[k].n,
                      .axis = axis,
                      .new_axis = true,
                      .backwards = entry(p->scan_output_directions, k - p->n_state) != 0};
        ONR_TRY(j.n ? onr_join_run(s->r, &j, &s->out[k]) : onr_body_empty(s->r, p->body, k, axis, &s->out[k]));
    }
    return ONR_OK;
}

static onr_status run_core(const scan *s) {
    const scan_params *p = s->p;
    size_t n_scan = (size_t)p->n_scan, n_made = (size_t)p->body->n_outputs, n_in = (size_t)p->n_state + n_scan;
    size_t n_pile = (size_t)s->n_out;
    char *memory = onr_malloc((n_scan + n_made) * sizeof(onr_datum) + n_in * sizeof(void *) + (n_pile + 1) * sizeof(onr_pile));
    if (!memory) return onr_no_memory(s->r->err, n_made * sizeof(onr_datum));
    work w = {.slice = (onr_datum *)(void *)memory};
    w.made = w.slice + n_scan;
    w.pile = (onr_pile *)(void *)(w.made + n_made);
    w.in = (const onr_datum **)(void *)(w.pile + n_pile + 1);
    memset(memory, 0, (n_scan + n_made) * sizeof(onr_datum) + (n_pile + 1) * sizeof(onr_pile));
    onr_status status = ONR_OK;
    for (int64_t t = 0; t < s->trips && status == ONR_OK; t++) {
        status = iterate(s, &w, t);
        onr_data_release(w.slice, n_scan + n_made);
    }
    if (status == ONR_OK) status = finish(s, &w);
    for (size_t k = 0; k < n_pile; k++) onr_pile_drop(&w.pile[k]);
    onr_free(memory);
    return status;
}

static onr_status run_scan9(const onr_run *r, const scan_params *p, onr_datum *in, onr_datum *out, int32_t n_out,
                            int32_t *axis) {
    scan s = {.r = r, .p = p, .in = in, .axis = axis, .out = out, .n_out = n_out};
    for (int32_t k = 0; k < p->n_scan; k++) {
        const onr_tensor *t = &in[p->n_state + k].t;
        axis[k] = onr_axis(entry(p->scan_input_axes, k), t->shape.rank);
        s.trips = t->shape.dim[axis[k]];
    }
    return run_core(&s);
}

/// Appends zeros along the front dimension up to `size` rows.
static onr_status pad_front(onr_datum *d, int64_t size, onr_err *err) {
    if (d->t.shape.dim[0] >= size) return ONR_OK;
    onr_shape shape = d->t.shape;
    shape.dim[0] = size;
    onr_datum made;
    ONR_TRY(onr_datum_new(d->t.dtype, &shape, &made, err));
    size_t have = onr_tensor_bytes(&d->t), all = onr_tensor_bytes(&made.t);
    if (have) memcpy(made.t.data, d->t.data, have);
    memset((char *)made.t.data + have, 0, all - have);
    onr_datum whole = made;
    onr_status s = ONR_OK;
    if (made.t.dtype == ONR_STRING) {
        s = onr_datum_new_strings(&shape, made.t.data, &whole, err);
        onr_datum_release(&made);
    }
    if (s != ONR_OK) return s;
    onr_datum_release(d);
    *d = whole;
    return ONR_OK;
}

static onr_status sequence_length(const onr_run *r, int64_t batch, int64_t b, int64_t most, int64_t *length) {
    *length = most;
    if (!onr_run_has(r, 0)) return ONR_OK;
    const onr_tensor *t = onr_run_in(r, 0);
    if (t->dtype != ONR_INT64 || onr_tensor_numel(t) != batch)
        return onr_run_bad(r, "sequence_lens must be %lld int64", (long long)batch);
    *length = ((const int64_t *)t->data)[b];
    if (*length >= 0 && *length <= most) return ONR_OK;
    return onr_run_bad(r, "sequence_lens[%lld] is %lld, sequences have %lld elements", (long long)b, (long long)*length,
                       (long long)most);
}

/// Opset 8: every input has a batch in front; each of its samples is scanned on its own.
static onr_status run_batch(const onr_run *r, const scan_params *p, const onr_datum *whole, onr_datum *in, onr_pile *pile,
                            int32_t n_out, int32_t *axis) {
    const onr_shape *first = &whole[p->n_state].t.shape;
    int64_t batch = first->dim[0];
    for (int32_t k = 0; k < p->n_state + p->n_scan; k++)
        if (whole[k].t.shape.rank < 1 || whole[k].t.shape.dim[0] != batch)
            return onr_run_bad(r, "input %d has another batch size than %lld", k + 1, (long long)batch);
    if (!batch) return onr_run_bad(r, "the batch is empty");
    for (int64_t b = 0; b < batch; b++) {
        scan s = {.r = r, .p = p, .in = in, .axis = axis, .n_out = n_out};
        onr_datum *out = onr_malloc(((size_t)n_out + 1) * sizeof *out);
        if (!out) return onr_no_memory(r->err, (size_t)n_out * sizeof *out);
        memset(out, 0, ((size_t)n_out + 1) * sizeof *out);
        s.out = out;
        onr_status status = sequence_length(r, batch, b, first->dim[1], &s.trips);
        for (int32_t k = 0; k < p->n_state + p->n_scan && status == ONR_OK; k++)
            status = onr_join_slice(&whole[k].t, 0, b, &in[k], r->err); // lies in one piece: borrowed
        if (status == ONR_OK) status = run_core(&s);
        for (int32_t k = 0; k < n_out && status == ONR_OK; k++) {
            if (k >= p->n_state) status = pad_front(&out[k], first->dim[1], r->err);
            if (status == ONR_OK) status = onr_pile_add(&pile[k], &out[k], r->err);
        }
        onr_data_release(out, (size_t)n_out);
        onr_free(out);
        if (status != ONR_OK) return status;
    }
    return ONR_OK;
}

static onr_status run_scan8(const onr_run *r, const scan_params *p, onr_datum *in, onr_datum *out, int32_t n_out,
                            int32_t *axis) {
    size_t n_in = (size_t)p->n_state + (size_t)p->n_scan;
    onr_datum *sample = onr_malloc(n_in * sizeof *sample + ((size_t)n_out + 1) * sizeof(onr_pile));
    if (!sample) return onr_no_memory(r->err, n_in * sizeof *sample);
    onr_pile *pile = (onr_pile *)(void *)(sample + n_in);
    memset(sample, 0, n_in * sizeof *sample + ((size_t)n_out + 1) * sizeof(onr_pile));
    onr_status s = run_batch(r, p, in, sample, pile, n_out, axis);
    for (int32_t k = 0; k < n_out && s == ONR_OK; k++)
        s = onr_join_run(r, &(onr_join){.item = pile[k].item, .n = pile[k].n, .new_axis = true}, &out[k]);
    for (int32_t k = 0; k < n_out; k++) onr_pile_drop(&pile[k]);
    onr_free(sample);
    return s;
}

static onr_status run_scan(const onr_run *r) {
    const scan_params *p = r->params;
    int32_t n_in = p->n_state + p->n_scan, n_out = r->n_out > p->n_state ? r->n_out : p->n_state;
    size_t n = (size_t)n_in + (size_t)n_out;
    onr_datum *in = onr_malloc(n * sizeof *in + (size_t)p->n_scan * sizeof(int32_t) + 1);
    if (!in) return onr_no_memory(r->err, n * sizeof *in);
    onr_datum *out = in + n_in;
    int32_t *axis = (int32_t *)(void *)(in + n);
    memset(in, 0, n * sizeof *in + (size_t)p->n_scan * sizeof(int32_t));
    onr_status s = ONR_OK;
    for (int32_t k = 0; k < n_in; k++) {
        in[k] = *r->in[p->first + k]; // a look, not a holder
        if (in[k].kind != ONR_TENSOR && k >= p->n_state && s == ONR_OK) s = onr_run_bad(r, "a scan input is no tensor");
    }
    if (s == ONR_OK) s = (p->batched ? run_scan8 : run_scan9)(r, p, in, out, n_out, axis);
    for (int32_t k = 0; k < r->n_out && s == ONR_OK; k++) onr_run_give(r, k, &out[k]);
    onr_data_release(out, (size_t)n_out);
    onr_free(in);
    return s;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec attrs8[] = {
    ONR_A_GRAPH(scan_params, body),
    {.name = "num_scan_inputs", .kind = ONR_ATTR_INT, .offset = offsetof(scan_params, num_scan_inputs), .required = true},
    ONR_A_INTS(scan_params, directions),
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec attrs9[] = {
    ONR_A_GRAPH(scan_params, body),
    {.name = "num_scan_inputs", .kind = ONR_ATTR_INT, .offset = offsetof(scan_params, num_scan_inputs), .required = true},
    ONR_A_INTS(scan_params, scan_input_axes),
    ONR_A_INTS(scan_params, scan_input_directions),
    ONR_A_INTS(scan_params, scan_output_axes),
    ONR_A_INTS(scan_params, scan_output_directions),
    ONR_ATTR_ARRAY_END};

#define SCAN(from, to, A, T)                                                                                   \
    {                                                                                                          \
        ONR_AI("Scan", from, to), ONR_ARITY(1, -1, 0, -1), .flags = ONR_OP_DYNAMIC | ONR_OP_KINDS, .types = T, \
                                                           ONR_PARAMS(A, scan_params), .check = check_scan,    \
                                                           .infer = infer_scan, .run = run_scan                \
    }

static const onr_op rows[] = {
    SCAN(8, 8, attrs8, ONR_BIT(ONR_INT64)), SCAN(9, 10, attrs9, ONR_T_ALL1),   SCAN(11, 15, attrs9, ONR_T_ALL1),
    SCAN(16, 18, attrs9, ONR_T_ALL13),      SCAN(19, 20, attrs9, ONR_T_ALL19), SCAN(21, 22, attrs9, ONR_T_ALL21),
    SCAN(23, 23, attrs9, ONR_T_ALL23),      SCAN(24, 24, attrs9, ONR_T_ALL24), SCAN(25, 0, attrs9, ONR_T_ALL25),
};
ONR_OP_FAMILY(scan);
