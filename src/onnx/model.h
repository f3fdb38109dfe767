// model.h: an ONNX file as a graph, with what else the file says about itself.
// May assume: nothing about the bytes. Never changes after loading; threads may share it.
#ifndef ONR_ONNX_MODEL_H
#define ONR_ONNX_MODEL_H

#include "base/finding.h"
#include "base/log.h"
#include "graph/graph.h"

enum { ONR_KNOWN_IR = 13, ONR_KNOWN_OPSET = 27 }; ///< newer ones load with a warning

typedef struct onr_load_options {
    onr_log log;
    bool no_external;       ///< refuse tensors in other files
    bool no_map;            ///< read the model file into memory: nobody can change or shorten it under us
    size_t max_file_bytes;  ///< of the model file; 0: no limit. Default 0
    int max_depth;          ///< of nested protobuf messages; a subgraph takes three. Default 100
    int max_subgraph_depth; ///< of graphs in attributes within each other. Default 32
    int max_rank;           ///< of tensors in the file. Default 16, the most that this build can represent
    int64_t max_elements;   ///< of a tensor in the file; 0: no limit. Default 0
    size_t max_fields;      ///< protobuf fields in the file. Default 32 Mi
    size_t max_nodes;       ///< after functions were expanded, subgraphs included. Default 4 Mi
    int max_function_depth; ///< of calls within functions. Default 64
    size_t max_dense_bytes; ///< of one expanded sparse tensor. Default 1 GiB
    /// Not NULL: a lenient load. What is wrong inside the graph is added here and stepped over, so that all of it is found at
    /// once; the graph is then good for looking at, not for running. A file that is no model still fails.
    onr_findings *findings;
} onr_load_options;

/// The defaults above, no log.
onr_load_options onr_load_options_default(void);

typedef struct onr_opset {
    const char *domain; ///< "" is ai.onnx
    int64_t version;
} onr_opset;

typedef struct onr_pair {
    const char *key, *value;
} onr_pair;

typedef struct onr_function_info {
    const char *domain, *name, *overload;
    int64_t n_nodes; ///< in its body
    int64_t n_calls; ///< expanded, within other functions too
} onr_function_info;

typedef struct onr_model {
    onr_arena *arena;
    const char *path; ///< as given; "model" for models from memory
    int64_t ir_version, model_version, file_bytes;
    const char *producer_name, *producer_version, *domain, *doc; ///< "" when absent
    const onr_opset *opsets;
    size_t n_opsets;
    const onr_pair *metadata;
    size_t n_metadata;
    const onr_function_info *functions;
    size_t n_functions;
    onr_graph *graph;
    onr_symbols *symbols;
    const char *const
        *default_inputs; ///< graph inputs that have an initializer: they became constants, callers cannot set them
    size_t n_default_inputs;
    int64_t n_parameters;          ///< elements of all initializers, subgraphs included
    int64_t parameter_bytes;       ///< of them, in memory
    int64_t n_nodes;               ///< subgraphs included, functions expanded
    struct onr_model_files *files; ///< mappings that hold contents of constants
} onr_model;

/// Loads a model file ("-": standard input) and imports its graph: functions expanded, nodes sorted, structure verified.
/// Operators are not looked at. `options` may be NULL. The model must be freed with onr_model_free. Errors name file, node and
/// reason: ONR_INVALID for a broken model, ONR_UNSUPPORTED for one this build cannot represent, ONR_LIMIT for a limit or lack
/// of memory.
onr_status onr_model_load(const char *path, const onr_load_options *options, onr_model **out, onr_err *err);
/// The same from memory, which must outlive the model: constants borrow from it. `folder` is where external data lies; NULL
/// refuses it. `name` stands in messages; NULL: "model".
onr_status onr_model_load_memory(const void *data, size_t bytes, const char *name, const char *folder,
                                 const onr_load_options *options, onr_model **out, onr_err *err);
/// Frees the model with its graph, constants and mappings. NULL is allowed.
void onr_model_free(onr_model *m);
/// Tells the OS that the file pages of this constant's contents are not needed any more (after it was packed). Does nothing for
/// contents that do not lie in a mapped file.
void onr_model_drop_pages(const onr_model *m, const void *data, size_t bytes);

#endif
