// onnxrun_limits.c: what models may ask for: the two ready-made sets of limits, and how they reach loader and sessions.
// May assume: the caller keeps the thread rule of onnxrun.h. Never lets a model choose a limit.
#include "onnxrun_session.h"

#include "base/mathx.h"

#include <string.h>

onnxrun_limits onnxrun_limits_default(void) {
    onr_load_options o = onr_load_options_default();
    return (onnxrun_limits){.size = sizeof(onnxrun_limits),
                            .max_depth = o.max_depth,
                            .max_subgraph_depth = o.max_subgraph_depth,
                            .max_function_depth = o.max_function_depth,
                            .max_rank = o.max_rank,
                            .max_nodes = o.max_nodes,
                            .max_sparse_bytes = o.max_dense_bytes,
                            .max_fold_bytes = (size_t)1 << 30,
                            .allow_external = true};
}

onnxrun_limits onnxrun_limits_untrusted(void) {
    return (onnxrun_limits){.size = sizeof(onnxrun_limits),
                            .max_file_bytes = (size_t)512 << 20,
                            .max_depth = 64,
                            .max_subgraph_depth = 8,
                            .max_function_depth = 16,
                            .max_rank = 8,
                            .max_nodes = 50000,
                            .max_elements = (int64_t)1 << 28,
                            .max_sparse_bytes = (size_t)64 << 20,
                            .max_fold_bytes = (size_t)64 << 20,
                            .max_memory = (size_t)2 << 30,
                            .max_seconds = 60,
                            .copy_file = true};
}

onnxrun_limits onr_limits_of(const onnxrun_limits *given) {
    onnxrun_limits l = onnxrun_limits_default();
    if (given) memcpy(&l, given, given->size < sizeof l ? given->size : sizeof l); // an older caller knows fewer
    l.size = sizeof l;
    return l;
}

onr_load_options onr_limits_load(const onnxrun_limits *l) {
    onr_load_options o = onr_load_options_default();
    o.no_external = !l->allow_external;
    o.no_map = l->copy_file;
    o.max_file_bytes = l->max_file_bytes;
    if (l->max_depth > 0) o.max_depth = l->max_depth < o.max_depth ? l->max_depth : o.max_depth; // the stack ends somewhere
    if (l->max_subgraph_depth > 0 && l->max_subgraph_depth < o.max_subgraph_depth) o.max_subgraph_depth = l->max_subgraph_depth;
    if (l->max_function_depth > 0 && l->max_function_depth < o.max_function_depth) o.max_function_depth = l->max_function_depth;
    if (l->max_rank > 0 && l->max_rank < o.max_rank) o.max_rank = l->max_rank;
    o.max_nodes = l->max_nodes ? l->max_nodes : SIZE_MAX;
    o.max_elements = l->max_elements;
    o.max_dense_bytes = l->max_sparse_bytes ? l->max_sparse_bytes : SIZE_MAX;
    return o;
}

/// The list of operators lives with the model, since the caller's may go after loading.
onr_status onr_limits_keep(onnxrun_limits *l, onr_arena *a, onr_err *err) {
    size_t n = 0;
    if (!l->allow_ops) return ONR_OK;
    while (l->allow_ops[n]) n++;
    const char **copy = onr_arena_calloc(a, n + 1, sizeof *copy);
    if (!copy) return onr_no_memory(err, n * sizeof *copy);
    for (size_t i = 0; i < n; i++)
        if (!(copy[i] = onr_arena_strdup(a, l->allow_ops[i]))) return onr_no_memory(err, 0);
    l->allow_ops = copy;
    return ONR_OK;
}

onr_guard onr_limits_guard(const onnxrun_limits *l) {
    return (onr_guard){.max_rank = l->max_rank,
                       .max_elements = l->max_elements,
                       .max_fold_bytes = l->max_fold_bytes,
                       .max_seconds = l->max_seconds,
                       .allow_ops = l->allow_ops};
}
