// clone.c: a deep copy of a graph into another arena; constants, attributes' contents and names are shared.
// May assume: the source outlives the copy. Never changes the source.
#include "graph/edit.h"

#include <string.h>

static onr_graph *clone_into(const onr_graph *g, onr_arena *a, onr_graph *parent, onr_node *owner);

static onr_value **map_values(onr_graph *to, onr_value *const *from, int32_t n) {
    onr_value **list = onr_arena_calloc(to->arena, (size_t)n, sizeof *list);
    if (!list) return NULL;
    for (int32_t i = 0; i < n; i++) list[i] = from[i] ? to->values[from[i]->id] : NULL;
    return list;
}

static bool clone_value(onr_graph *to, const onr_value *from) {
    onr_value *v = onr_graph_add_value(to, from->name);
    if (!v) return false;
    v->type = from->type;
    v->known = from->known;
    v->declared = from->declared;
    v->constant = from->constant;
    v->slot = from->slot;
    v->n_output = from->n_output;
    v->is_input = from->is_input;
    v->kept = from->kept;
    v->of = from->of;
    if (from->outer && to->parent) v->outer = to->parent->values[from->outer->id];
    return true;
}

static bool clone_attrs(onr_node *to, const onr_node *from) {
    onr_arena *a = to->graph->arena;
    to->attr = onr_arena_grow(a, from->attr, (size_t)from->n_attr, (size_t)from->n_attr, sizeof *to->attr);
    if (!to->attr) return false;
    to->n_attr = from->n_attr;
    for (int32_t i = 0; i < to->n_attr; i++) {
        onr_attr *attr = &to->attr[i];
        if (attr->kind == ONR_ATTR_GRAPH) {
            attr->graph = clone_into(attr->graph, a, to->graph, to);
            if (!attr->graph) return false;
        }
        if (attr->kind != ONR_ATTR_GRAPHS) continue;
        onr_graph **list = onr_arena_calloc(a, attr->n, sizeof(onr_graph *));
        if (!list) return false;
        for (size_t k = 0; k < attr->n; k++)
            if (!(list[k] = clone_into(attr->graphs[k], a, to->graph, to))) return false;
        attr->graphs = list;
    }
    return true;
}

static onr_node *clone_node(onr_graph *to, const onr_node *from) {
    onr_node *n = onr_arena_alloc(to->arena, sizeof *n);
    if (!n) return NULL;
    *n = *from;
    n->graph = to;
    n->in = map_values(to, from->in, from->n_in);
    n->out = map_values(to, from->out, from->n_out);
    n->capture = map_values(to, from->capture, from->n_capture);
    n->cap_capture = n->n_capture;
    n->origin = onr_arena_grow(to->arena, from->origin, (size_t)from->n_origin, (size_t)from->n_origin, sizeof *n->origin);
    if (!n->in || !n->out || !n->capture || !n->origin || !clone_attrs(n, from)) return NULL;
    return n;
}

static bool clone_links(onr_graph *to, const onr_graph *g) {
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *from = g->values[i];
        onr_value *v = to->values[i];
        v->producer = from->producer ? to->nodes[from->producer->id] : NULL;
        v->uses = onr_arena_calloc(to->arena, (size_t)from->n_uses, sizeof *v->uses);
        if (!v->uses) return false;
        v->n_uses = v->cap_uses = from->n_uses;
        for (int32_t k = 0; k < v->n_uses; k++) v->uses[k] = (onr_use){to->nodes[from->uses[k].node->id], from->uses[k].slot};
    }
    return true;
}

static bool clone_aliases(onr_graph *to, const onr_graph *g) {
    for (size_t i = 0; i < g->aliases.capacity; i++) {
        const onr_map_entry *from = &g->aliases.entries[i];
        onr_map_entry *e = from->key ? onr_map_put(&to->aliases, from->key, NULL) : NULL;
        if (from->key && !e) return false;
        if (e) e->v.ptr = to->values[((const onr_value *)from->v.ptr)->id];
    }
    return true;
}

static onr_graph *clone_into(const onr_graph *g, onr_arena *a, onr_graph *parent, onr_node *owner) {
    onr_graph *to = onr_graph_new(a, g->name, g->symbols);
    if (!to) return NULL;
    to->parent = parent;
    to->owner = owner;
    for (int32_t i = 0; i < g->n_values; i++)
        if (!clone_value(to, g->values[i])) return NULL;
    to->nodes = onr_arena_calloc(a, (size_t)g->n_nodes, sizeof *to->nodes);
    if (!to->nodes) return NULL;
    to->cap_nodes = g->n_nodes;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (!(to->nodes[i] = clone_node(to, g->nodes[i]))) return NULL;
        to->n_nodes++;
    }
    to->inputs = map_values(to, g->inputs, g->n_inputs);
    to->outputs = map_values(to, g->outputs, g->n_outputs);
    if (!to->inputs || !to->outputs || !clone_links(to, g) || !clone_aliases(to, g)) return NULL;
    to->n_inputs = to->cap_inputs = g->n_inputs;
    to->n_outputs = to->cap_outputs = g->n_outputs;
    return to;
}

/// Lets a graph and its subgraphs use `symbols`.
static void set_symbols(onr_graph *g, onr_symbols *symbols) {
    g->symbols = symbols;
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; k < g->nodes[i]->n_attr; k++) {
            const onr_attr *a = &g->nodes[i]->attr[k];
            if (a->kind == ONR_ATTR_GRAPH) set_symbols(a->graph, symbols);
            if (a->kind == ONR_ATTR_GRAPHS)
                for (size_t j = 0; j < a->n; j++) set_symbols(a->graphs[j], symbols);
        }
}

onr_graph *onr_graph_clone(const onr_graph *g, onr_arena *arena) {
    onr_graph *to = clone_into(g, arena, NULL, NULL);
    // Its own symbols: sessions that infer in other threads must not grow the model's table.
    onr_symbols *symbols = onr_symbols_clone(g->symbols, arena);
    if (!to || !symbols) return NULL;
    set_symbols(to, symbols);
    return to;
}
