// order.c: topological order of a graph and its subgraphs: stable, so that a model's own order survives where it is valid.
// May assume: producers and uses are linked. Never removes or adds a node.
#include "graph/edit.h"

#include <string.h>

typedef enum { WHITE = 0, OPEN, DONE } colour;

typedef struct sorter {
    onr_graph *g;
    uint8_t *state; // by the node's old id
    int32_t *stack; // nodes being visited
    int32_t *next;  // the input to look at next, per stack entry
    onr_node **sorted;
    int32_t n_sorted;
    onr_err *err;
} sorter;

static int32_t n_edges(const onr_node *n) { return n->n_in + n->n_capture; }

static onr_node *edge_source(const onr_node *n, int32_t i) {
    const onr_value *v = i < n->n_in ? n->in[i] : n->capture[i - n->n_in];
    return v ? v->producer : NULL;
}

static onr_status cycle(const sorter *s, int32_t depth, const onr_node *again) {
    char path[600] = "";
    size_t at = 0;
    bool in_cycle = false;
    for (int32_t i = 0; i <= depth; i++) {
        const onr_node *n = s->g->nodes[s->stack[i]];
        if (n == again) in_cycle = true;
        if (!in_cycle || at + strlen(n->name) + 16 > sizeof path) continue;
        strcpy(path + at, n->name);
        at += strlen(n->name);
        strcpy(path + at, " -> ");
        at += 4;
    }
    return onr_fail(s->err, ONR_INVALID, "graph '%s' has a cycle: %s%s", s->g->name, path, again->name);
}

/// Depth-first from node `root`, with a stack of its own: hostile chains must not exhaust the C stack.
static onr_status visit(sorter *s, int32_t root) {
    int32_t depth = 0;
    s->stack[0] = root;
    s->next[0] = 0;
    s->state[root] = OPEN;
    while (depth >= 0) {
        onr_node *n = s->g->nodes[s->stack[depth]];
        if (s->next[depth] == n_edges(n)) {
            s->state[n->id] = DONE;
            s->sorted[s->n_sorted++] = n;
            depth--;
            continue;
        }
        onr_node *from = edge_source(n, s->next[depth]++);
        if (!from || s->state[from->id] == DONE) continue;
        if (s->state[from->id] == OPEN) return cycle(s, depth, from);
        s->state[from->id] = OPEN;
        depth++;
        s->stack[depth] = from->id;
        s->next[depth] = 0;
    }
    return ONR_OK;
}

static onr_status order_subgraphs(onr_graph *g, onr_err *err) {
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; k < g->nodes[i]->n_attr; k++) {
            const onr_attr *a = &g->nodes[i]->attr[k];
            if (a->kind == ONR_ATTR_GRAPH) ONR_TRY(onr_graph_order(a->graph, err));
            if (a->kind == ONR_ATTR_GRAPHS)
                for (size_t j = 0; j < a->n; j++) ONR_TRY(onr_graph_order(a->graphs[j], err));
        }
    return ONR_OK;
}

onr_status onr_graph_order(onr_graph *g, onr_err *err) {
    ONR_TRY(order_subgraphs(g, err));
    size_t n = (size_t)g->n_nodes;
    if (n == 0) return ONR_OK;
    sorter s = {.g = g, .err = err};
    char *memory = onr_malloc(n * (sizeof *s.sorted + sizeof *s.stack + sizeof *s.next + sizeof *s.state));
    if (!memory) return onr_no_memory(err, n * 32);
    s.sorted = (onr_node **)memory;
    s.stack = (int32_t *)(s.sorted + n);
    s.next = s.stack + n;
    s.state = (uint8_t *)(s.next + n);
    memset(s.state, WHITE, n);
    onr_status status = ONR_OK;
    for (int32_t i = 0; i < g->n_nodes && status == ONR_OK; i++)
        if (s.state[i] == WHITE) status = visit(&s, i);
    if (status == ONR_OK) {
        memcpy(g->nodes, s.sorted, n * sizeof *s.sorted);
        for (int32_t i = 0; i < g->n_nodes; i++) g->nodes[i]->id = i;
    }
    onr_free(memory);
    return status;
}
