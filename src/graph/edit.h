// edit.h: building and changing graphs. Keeps names, use lists and ids right; everything else reads.
// May assume: one thread. Functions that allocate return NULL or false when there is no memory and leave the graph usable.
#ifndef ONR_GRAPH_EDIT_H
#define ONR_GRAPH_EDIT_H

#include "graph/graph.h"

onr_graph *onr_graph_new(onr_arena *arena, const char *name, onr_symbols *symbols);
/// A new value. The name is copied; NULL makes a fresh one from `hint`. NULL when the name is taken or memory lacks.
onr_value *onr_graph_add_value(onr_graph *g, const char *name);
onr_value *onr_graph_add_temp(onr_graph *g, const char *hint);
/// Lets onr_graph_find_in find v under `name` (scope included) as well; a name that is an alias already keeps its value.
bool onr_graph_add_alias(onr_graph *g, const char *name, onr_value *v);
/// A new constant over `datum` (borrowed: must live as long as the graph).
onr_value *onr_graph_add_constant(onr_graph *g, const char *hint, const onr_datum *datum);
bool onr_graph_add_input(onr_graph *g, onr_value *v);
bool onr_graph_add_output(onr_graph *g, onr_value *v);

/// A new node before `before` in order (NULL: at the end) with its inputs and outputs linked. Entries may be NULL. Strings are
/// copied; a NULL or empty name becomes "<op_type>_<number>".
onr_node *onr_graph_add_node(onr_graph *g, const onr_node *before, const char *domain, const char *op_type, int32_t opset,
                             const char *name, onr_value *const *in, int32_t n_in, onr_value *const *out, int32_t n_out);
/// Sets (or replaces) an attribute: the struct is copied, what it points to is borrowed and must live in the graph's arena.
bool onr_node_set_attr(onr_node *n, const onr_attr *a);
bool onr_node_set_int(onr_node *n, const char *name, int64_t v);
bool onr_node_set_float(onr_node *n, const char *name, float v);
/// Changes input `slot` (growing the input list when needed) to `v` (NULL: left out).
bool onr_node_set_input(onr_node *n, int32_t slot, onr_value *v);
/// Notes that a subgraph of n captures v.
bool onr_node_add_capture(onr_node *n, onr_value *v);
/// The same for a value that n is known not to capture yet: does not look through the list.
bool onr_node_add_new_capture(onr_node *n, onr_value *v);
/// Adds what `from` stands for to what `to` stands for.
bool onr_node_add_origin(onr_node *to, const onr_node *from);
/// Every use of `from` (consumers, captures, graph outputs) becomes a use of `to`.
bool onr_graph_replace(onr_graph *g, onr_value *from, onr_value *to);
/// Lets `n` produce `v` at output `slot` instead of what it had (which loses its producer).
void onr_node_set_output(onr_node *n, int32_t slot, onr_value *v);
/// Unlinks a node whose outputs have no uses.
void onr_graph_remove_node(onr_graph *g, onr_node *n);
/// Drops dead nodes from the list and renumbers ids; order is kept. (Values stay; unused ones are harmless.)
void onr_graph_compact(onr_graph *g);
/// Makes v a constant: its producer (if any) loses this output.
void onr_value_set_constant(onr_value *v, const onr_datum *datum);

/// Sorts nodes topologically (stable: the model's order where it is valid), subgraphs too. A cycle is ONR_INVALID and names the
/// nodes.
onr_status onr_graph_order(onr_graph *g, onr_err *err);
/// Checks structure: producers, uses, ids, names unique, every input is produced, an input, a constant or captured; order. For
/// debug builds and tests after each pass, and once after import.
onr_status onr_graph_verify(const onr_graph *g, onr_err *err);
/// Narrows a graph (a clone of one's own) to the nodes between the values `from` and the values `to`, by their names: `from`
/// become inputs, as far as they are needed and no constants, then those of the old inputs that are needed too; `to` become the
/// outputs. ONR_USAGE: no such value, or nothing makes it. ONR_UNSUPPORTED: a body's part needs what its node captured.
onr_status onr_graph_narrow(onr_graph *g, const char *const *from, size_t n_from, const char *const *to, size_t n_to,
                            onr_err *err);
/// A deep copy into `arena` (constants shared), subgraphs included; a body alone loses its node, and what it captured has no
/// source then. NULL when memory lacks.
onr_graph *onr_graph_clone(const onr_graph *g, onr_arena *arena);

#endif
