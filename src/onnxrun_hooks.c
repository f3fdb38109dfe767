// onnxrun_hooks.c: a run seen from outside: hooks before and after each node, and which values a session lets be seen.
// May assume: the caller keeps the thread rule of onnxrun.h; a step is used during its hook's call alone. Never changes a
// result but where a hook replaces it.
#include "onnxrun_session.h"

#include "base/time.h"
#include "kernels/reorder/reorder.h"

#include <string.h>

// ---- names: those of the model, of bodies with their owner's in front ------------------------------------------------------

/// "body" for the graph in that attribute of its owner; "body1" for the second of a list.
static const char *attribute_of(const onr_graph *g, onr_arena *a) {
    for (int32_t k = 0; k < g->owner->n_attr; k++) {
        const onr_attr *attr = &g->owner->attr[k];
        if (attr->kind == ONR_ATTR_GRAPH && attr->graph == g) return attr->name;
        for (size_t i = 0; attr->kind == ONR_ATTR_GRAPHS && i < attr->n; i++)
            if (attr->graphs[i] == g) return onr_arena_printf(a, "%s%zu", attr->name, i);
    }
    return g->name;
}

const char *onr_qualified_name(const onr_graph *g, const char *name, onr_arena *a) {
    if (!g->owner) return name;
    const char *owner = onr_qualified_name(g->owner->graph, g->owner->name, a), *attribute = attribute_of(g, a);
    return owner && attribute ? onr_arena_printf(a, "%s/%s/%s", owner, attribute, name) : NULL;
}

/// The value of the model whose content v holds. What a body captures is the enclosing graph's.
static const char *value_name(const onr_value *v, onr_arena *a) {
    while (v->outer) v = v->outer;
    return onr_qualified_name(v->graph, onr_value_model_name(v), a);
}

typedef bool (*value_fn)(void *user, onr_value *v, const char *name);

/// Calls fn for every value that a node makes, bodies included, until it returns false. Names live in `a`.
static bool each_made(const onr_graph *g, onr_arena *a, value_fn fn, void *user) {
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        if (n->dead) continue;
        for (int32_t k = 0; k < n->n_out && n->n_origin; k++) { // a change of layout makes nothing new
            const char *name = n->out[k] ? value_name(n->out[k], a) : NULL;
            if (n->out[k] && (!name || !fn(user, n->out[k], name))) return false;
        }
        for (int32_t k = 0; k < n->n_attr; k++) {
            const onr_attr *attr = &n->attr[k];
            size_t n_graphs = attr->kind == ONR_ATTR_GRAPH ? 1 : attr->kind == ONR_ATTR_GRAPHS ? attr->n : 0;
            for (size_t j = 0; j < n_graphs; j++)
                if (!each_made(attr->kind == ONR_ATTR_GRAPH ? attr->graph : attr->graphs[j], a, fn, user)) return false;
        }
    }
    return true;
}

// ---- what stays to be seen --------------------------------------------------------------------------------------------------

static bool ask_keep(void *user, onr_value *v, const char *name) {
    const onnxrun_session_options *o = user;
    v->kept = o->keep(o->keep_user, name);
    return true;
}

onr_status onr_session_keep(onnxrun_session *s, const onnxrun_session_options *o, onr_err *err) {
    if (!o->keep) return ONR_OK;
    onr_arena *a = onr_arena_new(0);
    bool done = a && each_made(s->graph, a, ask_keep, (void *)(uintptr_t)o);
    onr_arena_free(a);
    return done ? ONR_OK : onr_no_memory(err, 0);
}

static bool note_made(void *user, onr_value *v, const char *name) {
    (void)v;
    return onr_map_put(user, name, NULL) != NULL;
}

bool onnxrun_session_makes(onnxrun_session *s, const char *value) {
    if (!s->made.arena) {
        onr_map_init(&s->made, s->arena);
        if (!each_made(s->graph, s->arena, note_made, &s->made)) return s->made.arena = NULL, false;
    }
    return onr_map_get(&s->made, value) != NULL;
}

// ---- a step through a hook's eyes -------------------------------------------------------------------------------------------

static onr_arena *step_arena(onnxrun_step *st) {
    if (!st->arena) st->arena = onr_arena_new(0);
    return st->arena;
}

static onnxrun_step_info step_info(const onr_event *e) {
    const onr_node *n = e->node;
    return (onnxrun_step_info){.node = n->name,
                               .op = n->op_type,
                               .kernel = e->kernel,
                               .start_ns = e->start_ns,
                               .ns = e->ns,
                               .flops = e->flops,
                               .fewer_flops = e->fewer_flops,
                               .bytes = e->bytes,
                               .origin = n->origin,
                               .n_origin = (size_t)n->n_origin,
                               .n_inputs = (size_t)n->n_in,
                               .n_outputs = (size_t)n->n_out};
}

const onnxrun_step_info *onnxrun_step_about(onnxrun_step *st) {
    const onr_node *n = st->event->node;
    if (st->info.node) return &st->info;
    st->info = step_info(st->event);
    for (const onr_graph *g = n->graph; g->owner; g = g->owner->graph) st->info.depth++;
    const char *name = st->info.depth && step_arena(st) ? onr_qualified_name(n->graph, n->name, st->arena) : n->name;
    st->info.node = name ? name : n->name;
    return &st->info;
}

static const char *name_of(onnxrun_step *st, onr_value *const *list, int32_t n, size_t i) {
    return i < (size_t)n && list[i] && step_arena(st) ? value_name(list[i], st->arena) : NULL;
}

const char *onnxrun_step_input_name(onnxrun_step *st, size_t i) {
    return name_of(st, st->event->node->in, st->event->node->n_in, i);
}
const char *onnxrun_step_output_name(onnxrun_step *st, size_t i) {
    return name_of(st, st->event->node->out, st->event->node->n_out, i);
}

/// Blocked channels as a plain tensor in the step's arena.
static bool make_plain(onnxrun_step *st, onr_tensor *t) {
    const onr_shape *shape = &t->shape;
    float *plain = onr_arena_alloc_aligned(st->arena, (size_t)onr_tensor_numel(t) * sizeof *plain, 64);
    if (!plain) return false;
    onr_reorder_to_plain(st->session->target.cpu.features, t->data, shape->dim[0], shape->dim[1],
                         onr_shape_span(shape, 2, shape->rank), t->block, plain, st->session->pool);
    t->data = plain;
    t->block = 0;
    return true;
}

/// Weights are read from the file as they lie, which need not be where their type may.
static bool make_aligned(onnxrun_step *st, onr_tensor *t) {
    if (!t->data || t->dtype == ONR_STRING || (uintptr_t)t->data % 16 == 0) return true;
    void *copy = onr_arena_alloc_aligned(st->arena, onr_tensor_bytes(t), 64);
    if (copy) memcpy(copy, t->data, onr_tensor_bytes(t));
    t->data = copy;
    return copy != NULL;
}

static const onnxrun_value *view(onnxrun_step *st, const onr_datum *d) {
    if (!d || d->kind == ONR_KIND_UNKNOWN || !step_arena(st)) return NULL;
    onnxrun_value *v = onr_arena_alloc(st->arena, sizeof *v);
    if (!v) return NULL;
    v->d = *d;
    v->d.buf = NULL; // the run keeps it alive
    if (v->d.kind != ONR_TENSOR) return v;
    return (v->d.t.block ? make_plain(st, &v->d.t) : make_aligned(st, &v->d.t)) ? v : NULL;
}

const onnxrun_value *onnxrun_step_input(onnxrun_step *st, size_t i) {
    const onr_event *e = st->event;
    bool overwritten = e->out && e->step && e->step->inplace == (int32_t)i;
    return i < (size_t)e->node->n_in && !overwritten ? view(st, e->in[i]) : NULL;
}

const onnxrun_value *onnxrun_step_output(onnxrun_step *st, size_t i) {
    const onr_event *e = st->event;
    return e->out && i < (size_t)e->node->n_out ? view(st, e->out[i]) : NULL;
}

// ---- replacing an output ----------------------------------------------------------------------------------------------------

static onr_status wrong_replacement(const onnxrun_step *st, size_t i, const onr_datum *have, const onr_datum *given,
                                    onr_err *err) {
    onr_type a = onr_datum_type(have), b = onr_datum_type(given);
    char x[ONR_TYPE_TEXT], y[ONR_TYPE_TEXT];
    return onr_fail(err, ONR_USAGE, "output '%s' is %s and cannot become %s", onr_value_model_name(st->event->node->out[i]),
                    onr_type_text(&a, NULL, x), onr_type_text(&b, NULL, y));
}

static bool same_kind(const onr_datum *a, const onr_datum *b) {
    if (a->kind != b->kind) return false;
    return a->kind != ONR_TENSOR || (a->t.dtype == b->t.dtype && onr_shape_equal(&a->t.shape, &b->t.shape));
}

/// Into the memory that the plan gave to the output, in its layout.
static void write_into(const onnxrun_step *st, const onr_tensor *from, onr_tensor *to) {
    const onr_shape *shape = &to->shape;
    if (to->block)
        onr_reorder_to_blocked(st->session->target.cpu.features, from->data, shape->dim[0], shape->dim[1],
                               onr_shape_span(shape, 2, shape->rank), to->block, to->data, st->session->pool);
    else if (onr_tensor_bytes(to))
        memcpy(to->data, from->data, onr_tensor_bytes(to));
}

onnxrun_status onnxrun_step_replace(onnxrun_step *st, size_t i, const onnxrun_value *v, onnxrun_error *error) {
    const onr_event *e = st->event;
    onr_err *err = onr_err_inner(error);
    if (!e->out || i >= (size_t)e->node->n_out || !e->out[i])
        return (onnxrun_status)onr_fail(err, ONR_USAGE, "node '%s' has no output %zu to replace now", e->node->name, i);
    onr_datum *d = e->out[i];
    if (!same_kind(d, &v->d)) return (onnxrun_status)wrong_replacement(st, i, d, &v->d, err);
    onr_place place = e->plan ? e->plan->slots[e->node->out[i]->id].place : ONR_PLACE_DYNAMIC;
    if (place == ONR_PLACE_ARENA) {
        write_into(st, &v->d.t, &d->t);
        return ONNXRUN_OK;
    }
    if (place != ONR_PLACE_DYNAMIC)
        return (onnxrun_status)onr_fail(err, ONR_UNSUPPORTED, "output '%s' is the caller's own memory, a view of an input",
                                        onr_value_model_name(e->node->out[i]));
    onr_datum copy;
    onr_status s = onr_datum_copy(&v->d, &copy, err);
    if (s != ONR_OK) return (onnxrun_status)s;
    onr_datum_release(d);
    *d = copy;
    return ONNXRUN_OK;
}

// ---- calling ----------------------------------------------------------------------------------------------------------------

/// In the caller's own floating point mode.
static bool call_hook(onnxrun_hook_fn hook, const onnxrun_session *s, const onr_event *e) {
    onnxrun_step st = {.session = s, .event = e};
    onr_session_leave(s);
    bool go_on = hook(s->hooks.user, &st);
    if (s->flush) onr_fp_flush();
    onr_arena_free(st.arena);
    return go_on;
}

static bool before(void *user, const onr_event *e) {
    const onnxrun_session *s = user;
    return call_hook(s->hooks.before, s, e);
}

/// on_step is told of the steps of the graph alone: what bodies do is time of the node that runs them.
static bool after(void *user, const onr_event *e) {
    const onnxrun_session *s = user;
    if (s->on_step && !e->node->graph->owner) {
        onnxrun_step_info info = step_info(e);
        onr_session_leave(s);
        bool go_on = s->on_step(s->on_step_user, &info);
        if (s->flush) onr_fp_flush();
        if (!go_on) return false;
    }
    return !s->hooks.after || call_hook(s->hooks.after, s, e);
}

onr_watch *onr_session_watch(onnxrun_session *s) {
    s->watch = (onr_watch){.before = s->hooks.before ? before : NULL,
                           .after = s->hooks.after || s->on_step ? after : NULL,
                           .user = s,
                           .start_ns = onr_time_ns()};
    return s->watch.before || s->watch.after ? &s->watch : NULL;
}

void onnxrun_session_set_hooks(onnxrun_session *s, const onnxrun_hooks *hooks) {
    s->hooks = hooks ? *hooks : (onnxrun_hooks){0};
}

void onnxrun_session_on_step(onnxrun_session *s, onnxrun_step_fn fn, void *user) {
    s->on_step = fn;
    s->on_step_user = user;
}
