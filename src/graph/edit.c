// edit.c: building and changing graphs; keeps names, use lists and ids right.
// May assume: one thread edits a graph. Never knows what an operator does.
#include "graph/edit.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/// Makes room for one more in an arena array. False when there is no memory.
static bool room(onr_arena *a, void *array, int32_t n, int32_t *cap, size_t size) {
    if (n < *cap) return true;
    int32_t want = n < 4 ? 4 : 2 * n; // by n: a list that was made in its full size has no cap
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = onr_arena_grow(a, old, (size_t)n, (size_t)want, size);
    if (!grown) return false;
    memcpy(array, &grown, sizeof grown);
    *cap = want;
    return true;
}

onr_graph *onr_graph_new(onr_arena *arena, const char *name, onr_symbols *symbols) {
    onr_graph *g = onr_arena_alloc(arena, sizeof *g);
    if (!g) return NULL;
    g->arena = arena;
    g->symbols = symbols;
    g->name = onr_arena_strdup(arena, name ? name : "");
    onr_map_init(&g->by_name, arena);
    onr_map_init(&g->aliases, arena);
    return g->name ? g : NULL;
}

// ---- values -----------------------------------------------------------------------------------------------------------------

onr_value *onr_graph_add_value(onr_graph *g, const char *name) {
    bool is_new;
    const char *own = onr_arena_strdup(g->arena, name);
    if (!own || !room(g->arena, &g->values, g->n_values, &g->cap_values, sizeof *g->values)) return NULL;
    onr_value *v = onr_arena_alloc(g->arena, sizeof *v);
    onr_map_entry *e = v ? onr_map_put(&g->by_name, own, &is_new) : NULL;
    if (!e || !is_new) return NULL;
    e->v.ptr = v;
    v->name = own;
    v->graph = g;
    v->type = onr_type_unknown();
    v->id = g->n_values;
    g->values[g->n_values++] = v;
    return v;
}

onr_value *onr_graph_add_temp(onr_graph *g, const char *hint) {
    if (!onr_map_get(&g->by_name, hint)) return onr_graph_add_value(g, hint);
    for (int k = g->n_values;; k++) {
        char *name = onr_arena_printf(g->arena, "%s.%d", hint, k);
        if (!name) return NULL;
        if (!onr_map_get(&g->by_name, name)) return onr_graph_add_value(g, name);
    }
}

bool onr_graph_add_alias(onr_graph *g, const char *name, onr_value *v) {
    const char *own = onr_arena_strdup(g->arena, name);
    onr_map_entry *e = own ? onr_map_put(&g->aliases, own, NULL) : NULL;
    if (e && !e->v.ptr) e->v.ptr = v;
    return e != NULL;
}

onr_value *onr_graph_add_constant(onr_graph *g, const char *hint, const onr_datum *datum) {
    onr_value *v = onr_graph_add_temp(g, hint);
    if (v) onr_value_set_constant(v, datum);
    return v;
}

bool onr_graph_add_input(onr_graph *g, onr_value *v) {
    if (!room(g->arena, &g->inputs, g->n_inputs, &g->cap_inputs, sizeof *g->inputs)) return false;
    g->inputs[g->n_inputs++] = v;
    v->is_input = true;
    return true;
}

bool onr_graph_add_output(onr_graph *g, onr_value *v) {
    if (!room(g->arena, &g->outputs, g->n_outputs, &g->cap_outputs, sizeof *g->outputs)) return false;
    g->outputs[g->n_outputs++] = v;
    v->n_output++;
    return true;
}

static bool add_use(onr_value *v, onr_node *n, int32_t slot) {
    if (!room(v->graph->arena, &v->uses, v->n_uses, &v->cap_uses, sizeof *v->uses)) return false;
    v->uses[v->n_uses++] = (onr_use){n, slot};
    return true;
}

static void drop_use(onr_value *v, const onr_node *n, int32_t slot) {
    for (int32_t i = 0; i < v->n_uses; i++)
        if (v->uses[i].node == n && v->uses[i].slot == slot) {
            memmove(&v->uses[i], &v->uses[i + 1], (size_t)(v->n_uses - i - 1) * sizeof *v->uses);
            v->n_uses--;
            return;
        }
    assert(!"the use is listed");
}

void onr_value_set_constant(onr_value *v, const onr_datum *datum) {
    if (v->producer) v->producer->out[v->slot] = NULL;
    v->producer = NULL;
    v->constant = datum;
    v->type = onr_datum_type(datum);
}

// ---- nodes ------------------------------------------------------------------------------------------------------------------

static bool insert_node(onr_graph *g, onr_node *n, const onr_node *before) {
    if (!room(g->arena, &g->nodes, g->n_nodes, &g->cap_nodes, sizeof *g->nodes)) return false;
    int32_t at = before ? before->id : g->n_nodes;
    memmove(&g->nodes[at + 1], &g->nodes[at], (size_t)(g->n_nodes - at) * sizeof *g->nodes);
    g->nodes[at] = n;
    g->n_nodes++;
    for (int32_t i = at; i < g->n_nodes; i++) g->nodes[i]->id = i;
    return true;
}

onr_node *onr_graph_add_node(onr_graph *g, const onr_node *before, const char *domain, const char *op_type, int32_t opset,
                             const char *name, onr_value *const *in, int32_t n_in, onr_value *const *out, int32_t n_out) {
    onr_arena *a = g->arena;
    onr_node *n = onr_arena_alloc(a, sizeof *n);
    if (!n) return NULL;
    n->graph = g;
    n->number = before ? before->number : g->n_nodes;
    n->opset = opset;
    n->domain = onr_arena_strdup(a, domain ? domain : "");
    n->op_type = onr_arena_strdup(a, op_type);
    n->overload = n->scope = "";
    n->name = name && *name ? onr_arena_strdup(a, name) : onr_arena_printf(a, "%s_%d", op_type, g->n_nodes);
    n->in = onr_arena_calloc(a, (size_t)n_in, sizeof *n->in);
    n->out = onr_arena_calloc(a, (size_t)n_out, sizeof *n->out);
    n->origin = onr_arena_calloc(a, 1, sizeof *n->origin);
    if (!n->domain || !n->op_type || !n->name || !n->in || !n->out || !n->origin) return NULL;
    n->origin[n->n_origin++] = n->name;
    n->n_in = n_in;
    n->n_out = n_out;
    for (int32_t i = 0; i < n_in; i++) {
        if (in[i] && !add_use(in[i], n, i)) return NULL;
        n->in[i] = in[i];
    }
    if (!insert_node(g, n, before)) return NULL;
    for (int32_t i = 0; i < n_out; i++)
        if (out[i]) onr_node_set_output(n, i, out[i]);
    return n;
}

bool onr_node_set_attr(onr_node *n, const onr_attr *a) {
    for (int32_t i = 0; i < n->n_attr; i++)
        if (strcmp(n->attr[i].name, a->name) == 0) return n->attr[i] = *a, true;
    onr_attr *grown = onr_arena_grow(n->graph->arena, n->attr, (size_t)n->n_attr, (size_t)n->n_attr + 1, sizeof *grown);
    if (!grown) return false;
    grown[n->n_attr++] = *a;
    n->attr = grown;
    return true;
}

bool onr_node_set_int(onr_node *n, const char *name, int64_t v) {
    onr_attr a = {.name = onr_arena_strdup(n->graph->arena, name), .kind = ONR_ATTR_INT};
    a.i = v;
    return a.name && onr_node_set_attr(n, &a);
}

bool onr_node_set_float(onr_node *n, const char *name, float v) {
    onr_attr a = {.name = onr_arena_strdup(n->graph->arena, name), .kind = ONR_ATTR_FLOAT};
    a.f = v;
    return a.name && onr_node_set_attr(n, &a);
}

bool onr_node_set_input(onr_node *n, int32_t slot, onr_value *v) {
    if (slot >= n->n_in) {
        onr_value **grown = onr_arena_grow(n->graph->arena, n->in, (size_t)n->n_in, (size_t)slot + 1, sizeof *grown);
        if (!grown) return false;
        n->in = grown;
        n->n_in = slot + 1;
    }
    if (v && !add_use(v, n, slot)) return false;
    if (n->in[slot]) drop_use(n->in[slot], n, slot);
    n->in[slot] = v;
    return true;
}

bool onr_node_add_capture(onr_node *n, onr_value *v) {
    for (int32_t i = 0; i < n->n_capture; i++)
        if (n->capture[i] == v) return true;
    return onr_node_add_new_capture(n, v);
}

bool onr_node_add_new_capture(onr_node *n, onr_value *v) {
    if (!room(n->graph->arena, &n->capture, n->n_capture, &n->cap_capture, sizeof(onr_value *)) || !add_use(v, n, -1))
        return false;
    n->capture[n->n_capture++] = v;
    return true;
}

bool onr_node_add_origin(onr_node *to, const onr_node *from) {
    size_t n = (size_t)to->n_origin + (size_t)from->n_origin;
    const char **grown = onr_arena_grow(to->graph->arena, to->origin, (size_t)to->n_origin, n, sizeof *grown);
    if (!grown) return false;
    for (int32_t i = 0; i < from->n_origin; i++) grown[to->n_origin + i] = from->origin[i];
    to->origin = grown;
    to->n_origin = (int32_t)n;
    return true;
}

void onr_node_set_output(onr_node *n, int32_t slot, onr_value *v) {
    assert(slot < n->n_out);
    if (n->out[slot]) n->out[slot]->producer = NULL;
    if (v->producer) v->producer->out[v->slot] = NULL;
    n->out[slot] = v;
    v->producer = n;
    v->slot = slot;
}

// ---- rewiring ---------------------------------------------------------------------------------------------------------------

/// Subgraph values that stand for `from` now stand for `to`, which the owner captures instead.
static void replace_outer(onr_node *owner, onr_value *from, onr_value *to);

static void replace_outer_in(onr_graph *g, onr_value *from, onr_value *to) {
    for (int32_t i = 0; i < g->n_values; i++)
        if (g->values[i]->outer == from) g->values[i]->outer = to;
}

static void replace_outer(onr_node *owner, onr_value *from, onr_value *to) {
    for (int32_t i = 0; i < owner->n_attr; i++) {
        onr_attr *a = &owner->attr[i];
        if (a->kind == ONR_ATTR_GRAPH) replace_outer_in(a->graph, from, to);
        if (a->kind == ONR_ATTR_GRAPHS)
            for (size_t k = 0; k < a->n; k++) replace_outer_in(a->graphs[k], from, to);
    }
}

static bool captures(const onr_node *n, const onr_value *v) {
    for (int32_t i = 0; i < n->n_capture; i++)
        if (n->capture[i] == v) return true;
    return false;
}

/// Capture `from` of n becomes `to`. When n captures `to` already, its entry for `from` stays as a harmless alias of the same
/// value.
static bool replace_capture(onr_node *n, onr_value *from, onr_value *to) {
    bool had = captures(n, to);
    if (!had && !add_use(to, n, -1)) return false;
    int32_t kept = 0;
    for (int32_t i = 0; i < n->n_capture; i++) {
        onr_value *v = n->capture[i];
        if (v == from) {
            if (had) continue;
            v = to;
        }
        n->capture[kept++] = v;
    }
    n->n_capture = kept;
    replace_outer(n, from, to);
    return true;
}

bool onr_graph_replace(onr_graph *g, onr_value *from, onr_value *to) {
    while (from->n_uses) {
        onr_use u = from->uses[from->n_uses - 1];
        if (u.slot >= 0) {
            if (!add_use(to, u.node, u.slot)) return false;
            u.node->in[u.slot] = to;
        } else if (!replace_capture(u.node, from, to)) {
            return false;
        }
        from->n_uses--;
    }
    for (int32_t i = 0; i < g->n_outputs; i++)
        if (g->outputs[i] == from) {
            g->outputs[i] = to;
            from->n_output--;
            to->n_output++;
        }
    return true;
}

void onr_graph_remove_node(onr_graph *g, onr_node *n) {
    (void)g;
    for (int32_t i = 0; i < n->n_in; i++) {
        if (n->in[i]) drop_use(n->in[i], n, i);
        n->in[i] = NULL;
    }
    for (int32_t i = 0; i < n->n_capture; i++) drop_use(n->capture[i], n, -1);
    n->n_capture = 0;
    for (int32_t i = 0; i < n->n_out; i++) {
        if (!n->out[i]) continue;
        assert(n->out[i]->n_uses == 0 && n->out[i]->n_output == 0);
        n->out[i]->producer = NULL;
        n->out[i] = NULL;
    }
    n->dead = true;
}

void onr_graph_compact(onr_graph *g) {
    int32_t kept = 0;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (g->nodes[i]->dead) continue;
        g->nodes[kept] = g->nodes[i];
        g->nodes[kept]->id = kept;
        kept++;
    }
    g->n_nodes = kept;
}
