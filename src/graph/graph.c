// graph.c: looking things up in a graph.
// May assume: nothing. Never changes a graph.
#include "graph/graph.h"

#include <string.h>

const onr_attr *onr_node_attr(const onr_node *n, const char *name) {
    for (int32_t i = 0; i < n->n_attr; i++)
        if (strcmp(n->attr[i].name, name) == 0) return &n->attr[i];
    return NULL;
}

onr_value *onr_graph_find(const onr_graph *g, const char *name) {
    onr_map_entry *e = onr_map_get(&g->by_name, name);
    return e ? e->v.ptr : NULL;
}

/// A value of g or of a graph around it.
static onr_value *find_around(const onr_graph *g, const char *name, bool in_function) {
    for (; g; g = g->parent) {
        onr_map_entry *e = in_function ? onr_map_get(&g->aliases, name) : NULL;
        if (!e) e = onr_map_get(&g->by_name, name);
        if (e) return e->v.ptr;
    }
    return NULL;
}

/// What stands in g for v, a value of g or of a graph around it.
static onr_value *here(const onr_graph *g, onr_value *v) {
    if (!v || v->graph == g) return v;
    onr_value *outer = g->parent ? here(g->parent, v) : NULL;
    for (int32_t i = 0; outer && i < g->n_values; i++)
        if (g->values[i]->outer == outer) return g->values[i];
    return NULL;
}

onr_value *onr_graph_find_in(const onr_graph *g, const char *scope, onr_string name, onr_arena *arena) {
    const char *full = onr_arena_printf(arena, "%s%.*s", scope, (int)name.n, name.n ? name.s : "");
    return full ? here(g, find_around(g, full, *scope)) : NULL;
}
