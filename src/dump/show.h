// show.h: pieces that the dump formats share: attributes, constants and operators in a few words.
#ifndef ONR_DUMP_SHOW_H
#define ONR_DUMP_SHOW_H

#include "dump/dump.h"

/// An attribute's value on one line, long lists cut: "[1, 1]", "0.5", "'SAME_UPPER'", "int64[3] {1, 2, 3}", "{graph body}".
void onr_show_attr(const onr_attr *a, const onr_symbols *symbols, onr_str *out);
/// A tensor's contents, cut after a few elements: "{0.25, -1, 3, ...}".
void onr_show_tensor(const onr_tensor *t, onr_str *out);
/// A type as text.
void onr_show_type(const onr_type *t, const onr_symbols *symbols, onr_str *out);
/// "model", "graph", "optimized", "plan".
const char *onr_stage_name(onr_stage s);
/// "Conv", or with its domain when that is not ai.onnx: "onnxrun.Conv".
void onr_show_op(const onr_node *n, onr_str *out);
typedef struct onr_op_count {
    const char *domain, *name;
    int64_t n;
} onr_op_count;
/// Operators of a graph with counts, subgraphs included, most frequent first. Allocated in `arena`; returns how many.
size_t onr_count_ops(const onr_graph *g, onr_arena *arena, onr_op_count **out);

/// Prepares a node of a typed graph for the reference kernels, to learn its work or why it cannot run. Where a type is not
/// wholly known, or contents decide it, *p is all zero and the status ONR_OK. err may be NULL.
onr_status onr_show_prepare(const onr_node *n, const onr_typing *t, onr_arena *a, onr_prepared *p, onr_err *err);

#endif
