// interpreter.c: a loop around onr_eval: the reference way to run a graph.
// May assume: the graph is resolved and in order. Never plans memory: a value lives from its node to its last use.
#include "run/interpreter.h"

#include "base/time.h"
#include "run/executor.h"

#include <string.h>

typedef struct state {
    const onr_graph *g;
    onr_datum *data; // by value id
    int32_t *left;   // uses still to come; graph outputs count as one
    const onr_datum **in, **capture;
    onr_datum *out, **made; // what a node gives, and where that is kept
    onr_env *env;
    const onr_watch *watch;
    onr_err *err;
} state;

static void widest(const onr_graph *g, int32_t *in, int32_t *out, int32_t *capture) {
    *in = *out = *capture = 0;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (g->nodes[i]->n_in > *in) *in = g->nodes[i]->n_in;
        if (g->nodes[i]->n_out > *out) *out = g->nodes[i]->n_out;
        if (g->nodes[i]->n_capture > *capture) *capture = g->nodes[i]->n_capture;
    }
}

static bool make_state(state *s, onr_arena *a) {
    int32_t n_in, n_out, n_capture;
    widest(s->g, &n_in, &n_out, &n_capture);
    s->data = onr_arena_calloc(a, (size_t)s->g->n_values, sizeof *s->data);
    s->left = onr_arena_calloc(a, (size_t)s->g->n_values, sizeof *s->left);
    s->in = onr_arena_calloc(a, (size_t)n_in, sizeof *s->in);
    s->capture = onr_arena_calloc(a, (size_t)n_capture, sizeof *s->capture);
    s->out = onr_arena_calloc(a, (size_t)n_out, sizeof *s->out);
    s->made = onr_arena_calloc(a, (size_t)n_out, sizeof *s->made);
    return s->data && s->left && s->in && s->capture && s->out && s->made;
}

static onr_datum borrow(const onr_datum *d) {
    onr_datum b = *d;
    b.buf = NULL; // somebody else keeps it alive for the whole run
    return b;
}

static onr_status fill(state *s, const onr_datum *const *inputs, int32_t n_in, const onr_datum *const *capture) {
    const onr_graph *g = s->g;
    if (n_in > g->n_inputs)
        return onr_fail(s->err, ONR_INVALID, "graph '%s' takes %d inputs, %d are given", g->name, g->n_inputs, n_in);
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *v = g->values[i];
        s->left[i] = v->n_uses + v->n_output;
        if (v->constant) s->data[i] = borrow(v->constant);
        for (int32_t k = 0; v->outer && k < g->owner->n_capture; k++)
            if (g->owner->capture[k] == v->outer) s->data[i] = borrow(capture[k]);
    }
    for (int32_t i = 0; i < n_in; i++)
        if (inputs[i]) s->data[g->inputs[i]->id] = borrow(inputs[i]);
    return ONR_OK;
}

static onr_status missing(const state *s, const onr_node *n, const onr_value *v) {
    return onr_fail(s->err, ONR_INVALID, "node '%s' (#%d): its input '%s' has no content", n->name, n->number, v->name);
}

static void used(state *s, const onr_value *v) {
    if (v && --s->left[v->id] == 0) onr_datum_release(&s->data[v->id]);
}

static onr_status read_operands(state *s, const onr_node *n) {
    for (int32_t k = 0; k < n->n_in; k++) {
        s->in[k] = n->in[k] ? &s->data[n->in[k]->id] : NULL;
        if (n->in[k] && s->in[k]->kind == ONR_KIND_UNKNOWN) {
            if (!n->in[k]->is_input) return missing(s, n, n->in[k]);
            s->in[k] = NULL; // an optional input of the graph that the caller left out
        }
    }
    for (int32_t k = 0; k < n->n_capture; k++) {
        s->capture[k] = &s->data[n->capture[k]->id];
        if (s->capture[k]->kind == ONR_KIND_UNKNOWN) return missing(s, n, n->capture[k]);
    }
    return ONR_OK;
}

static onr_status run_node(state *s, const onr_node *n) {
    ONR_TRY(onr_env_go_on(s->env, n->name, s->err));
    onr_event e = {.node = n, .kernel = s->env->target->reference ? "reference" : "", .in = s->in};
    ONR_TRY(read_operands(s, n));
    ONR_TRY(onr_watch_before(s->watch, &e, s->err));
    uint64_t start = s->watch ? onr_time_ns() : 0;
    ONR_TRY(onr_eval(n, s->in, s->capture, s->out, s->env, s->err));
    for (int32_t k = 0; k < n->n_out; k++) {
        s->made[k] = n->out[k] ? &s->data[n->out[k]->id] : NULL;
        if (n->out[k])
            *s->made[k] = s->out[k];
        else
            onr_datum_release(&s->out[k]);
    }
    e.out = s->made;
    return onr_watch_after(s->watch, &e, start, s->err);
}

static onr_status run_nodes(state *s) {
    for (int32_t i = 0; i < s->g->n_nodes; i++) {
        const onr_node *n = s->g->nodes[i];
        if (n->dead) continue;
        ONR_TRY(run_node(s, n));
        for (int32_t k = 0; k < n->n_in; k++) used(s, n->in[k]);
        for (int32_t k = 0; k < n->n_capture; k++) used(s, n->capture[k]);
        for (int32_t k = 0; k < n->n_out; k++)
            if (n->out[k] && s->left[n->out[k]->id] == 0) onr_datum_release(&s->data[n->out[k]->id]);
    }
    return ONR_OK;
}

static onr_status deliver_all(state *s, onr_datum *outputs) {
    for (int32_t i = 0; i < s->g->n_outputs; i++) {
        const onr_value *v = s->g->outputs[i];
        onr_status status = onr_deliver(&s->data[v->id], s->left[v->id] <= 1, v->name, &outputs[i], s->err);
        if (status == ONR_OK) {
            s->left[v->id]--;
            continue;
        }
        while (i-- > 0) onr_datum_release(&outputs[i]);
        return status;
    }
    return ONR_OK;
}

onr_status onr_interpret(const onr_graph *g, const onr_datum *const *inputs, int32_t n_in, const onr_datum *const *capture,
                         onr_datum *outputs, onr_env *env, const onr_watch *watch, onr_err *err) {
    onr_arena *a = onr_arena_new(0);
    state s = {.g = g, .env = env, .watch = watch, .err = err};
    onr_status status = a && make_state(&s, a) ? fill(&s, inputs, n_in, capture) : onr_no_memory(err, 0);
    if (status == ONR_OK) status = run_nodes(&s);
    if (status == ONR_OK) status = deliver_all(&s, outputs);
    if (s.data)
        for (int32_t i = 0; i < g->n_values; i++) onr_datum_release(&s.data[i]);
    onr_arena_free(a);
    return status;
}

onr_status onr_interpret_subgraph(onr_env *env, const onr_graph *g, const onr_datum *const *in, int32_t n_in,
                                  const onr_datum *const *capture, onr_datum *out, onr_err *err) {
    return onr_interpret(g, in, n_in, capture, out, env, env->run, err);
}
