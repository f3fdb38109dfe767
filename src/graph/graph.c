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
