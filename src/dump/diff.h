// diff.h: what two graphs do not have in common.
// May assume: both are sorted, with types where they are known. Never changes a graph.
#ifndef ONR_DUMP_DIFF_H
#define ONR_DUMP_DIFF_H

#include "dump/dump.h"

/// Which node of b each node of a is: by node id, -1 for none; and back.
typedef struct onr_pairing {
    const onr_graph *a, *b;
    int32_t *of_a, *of_b;
} onr_pairing;

/// Pairs nodes that have the same part of the graph above or below them (with the same attributes and weights if there is such
/// a one), names deciding among equals; then by name, then by what their neighbours are paired with.
onr_status onr_diff_match(const onr_graph *a, const onr_graph *b, onr_arena *arena, onr_pairing *out, onr_err *err);

typedef enum onr_diff_kind {
    ONR_DIFF_OPSET,
    ONR_DIFF_INPUT,
    ONR_DIFF_OUTPUT,
    ONR_DIFF_ONLY_A,
    ONR_DIFF_ONLY_B,
    ONR_DIFF_OPERATOR,
    ONR_DIFF_ATTRIBUTE,
    ONR_DIFF_SOURCE, ///< an input comes from somewhere else
    ONR_DIFF_WEIGHT,
    ONR_DIFF_TYPE
} onr_diff_kind;

typedef struct onr_difference {
    onr_diff_kind kind;
    const char *node_a, *node_b, *op; ///< NULL where it is not about a node
    const char *what;                 ///< name of the attribute, value or domain
    const char *a, *b;                ///< what each side has, in words; NULL: nothing
    int32_t slot;                     ///< of a source or weight
    int64_t elements, different;      ///< of a weight of one type and shape; else 0
    double max_abs, cosine;           ///< of numbers; cosine NaN where one side is all zero
} onr_difference;

typedef struct onr_diff {
    onr_arena *arena;
    const onr_dump_model *a, *b;
    onr_difference *of; ///< in the order of the graphs
    size_t n, cap;
    int64_t n_a, n_b, n_matched; ///< nodes, bodies included
    int64_t n_renamed;           ///< pairs with two names, which is no difference
    int64_t n_consequences;      ///< tensors whose type differs because that of an input does: not in the list
} onr_diff;

/// Compares what the models say and their graphs. Everything lives in `arena`.
onr_status onr_diff_graphs(const onr_dump_model *model_a, const onr_graph *a, const onr_dump_model *model_b, const onr_graph *b,
                           onr_arena *arena, onr_diff *out, onr_err *err);
/// Text, 80 columns wide where names allow; a line begins with '-' (only in a), '+' (only in b) or '~' (in both, not the same).
void onr_diff_text(const onr_diff *d, onr_str *out);
/// JSON with "version": 1; described in docs/cli.md.
void onr_diff_json(const onr_diff *d, onr_str *out);

#endif
