// dump.h: graphs and plans as text, DOT and JSON, and the summary that `onnxrun info` prints.
// May assume: nothing changes while it looks. Never changes anything.
#ifndef ONR_DUMP_DUMP_H
#define ONR_DUMP_DUMP_H

#include "base/str.h"
#include "plan/plan.h"

typedef enum onr_stage { ONR_STAGE_MODEL, ONR_STAGE_GRAPH, ONR_STAGE_OPTIMIZED, ONR_STAGE_PLAN, ONR_STAGE_MEMORY } onr_stage;

/// What a file says of itself; the roof fills it from the loader's model.
typedef struct onr_dump_model {
    const char *path, *producer_name, *producer_version, *domain, *doc;
    int64_t ir_version, model_version, file_bytes, n_parameters, parameter_bytes;
    const char *const *opset_domain; ///< n_opsets; "" is ai.onnx
    const int64_t *opset_version;
    size_t n_opsets;
    const char *const *metadata_key, *const *metadata_value;
    size_t n_metadata;
    size_t n_functions;
} onr_dump_model;

typedef struct onr_dump_pass {
    const char *name;
    int64_t count;
} onr_dump_pass;

typedef struct onr_dump_source {
    onr_stage stage;
    const onr_dump_model *model;
    const onr_graph *graph;      ///< of the stage
    const onr_plan *plan;        ///< stage plan; for others NULL
    size_t packed_bytes;         ///< of the session; 0 without one
    const onr_dump_pass *passes; ///< what each pass did, for stages optimized and plan
    size_t n_passes;
    bool statistics; ///< JSON: constants with what their numbers are (reads all of them)
} onr_dump_source;

/// What a page is coloured by besides the stage itself: JSON texts of `onnxrun profile` and `onnxrun compare`, or NULL.
typedef struct onr_dump_figures {
    const char *profile, *compare;
} onr_dump_figures;

/// Text: one line per node, with names, types, attributes, constants shown short; the plan adds kernel, offset, life, in-place
/// and views.
void onr_dump_text(const onr_dump_source *s, onr_str *out);
/// Graphviz DOT.
void onr_dump_dot(const onr_dump_source *s, onr_str *out);
/// JSON with "version": 1; described in docs/json.md.
void onr_dump_json(const onr_dump_source *s, onr_str *out);
/// A page that draws the stage in a browser, whole in itself: the viewer of src/dump/viewer with the JSON of the stage (of
/// stage plan, of the optimized graph too) and the figures in it.
void onr_dump_html(const onr_dump_source *s, const onr_dump_figures *figures, onr_str *out);

/// Everything in a graph (subgraphs included) that cannot run, all at once: node, operator, opset, types, reason. Resolves a
/// private clone, so the graph is not touched. Returns the number of problems; writes lines (text) or objects (json).
size_t onr_dump_problems(const onr_graph *g, bool json, onr_str *out);

/// What `onnxrun info` prints. `graph` has types where inference could give them. arena_bytes and weight_bytes: -1 when there
/// is no plan.
void onr_info_text(const onr_dump_source *s, int64_t arena_bytes, int64_t weight_bytes, onr_str *out);
void onr_info_json(const onr_dump_source *s, int64_t arena_bytes, int64_t weight_bytes, onr_str *out);
/// The supported operators: domain, name, opset ranges, element types.
void onr_ops_text(onr_str *out);
void onr_ops_json(onr_str *out);

#endif
