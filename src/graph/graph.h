// graph.h: the operator graph: values, nodes, attributes, subgraphs. Structure only, no meaning.
// May assume: lives in one arena; read-only for everybody but graph/edit.h and the importer. Never knows what an operator does.
#ifndef ONR_GRAPH_GRAPH_H
#define ONR_GRAPH_GRAPH_H

#include "base/map.h"
#include "tensor/tensor.h"

typedef struct onr_graph onr_graph;
typedef struct onr_node onr_node;
typedef struct onr_value onr_value;

typedef enum onr_attr_kind { // numbers are those of ONNX's AttributeProto.AttributeType
    ONR_ATTR_NONE = 0,
    ONR_ATTR_FLOAT = 1,
    ONR_ATTR_INT = 2,
    ONR_ATTR_STRING = 3,
    ONR_ATTR_TENSOR = 4,
    ONR_ATTR_GRAPH = 5,
    ONR_ATTR_FLOATS = 6,
    ONR_ATTR_INTS = 7,
    ONR_ATTR_STRINGS = 8,
    ONR_ATTR_TENSORS = 9,
    ONR_ATTR_GRAPHS = 10,
    ONR_ATTR_SPARSE_TENSOR = 11, ///< kept dense: the importer expands it into `tensor`
    ONR_ATTR_SPARSE_TENSORS = 12,
    ONR_ATTR_TYPE = 13,
    ONR_ATTR_TYPES = 14
} onr_attr_kind;

typedef struct onr_attr {
    const char *name;
    onr_attr_kind kind;
    size_t n; ///< length of a list
    union {
        float f;
        int64_t i;
        onr_string s;
        const onr_datum *tensor;
        onr_graph *graph;
        const onr_type *type;
        const float *floats;
        const int64_t *ints;
        const onr_string *strings;
        const onr_datum *const *tensors;
        onr_graph *const *graphs;
        const onr_type *const *types;
    };
} onr_attr;

/// Integer content of a small value that is known although it may be symbolic: what Shape -> Gather -> Concat -> Reshape
/// carries. An entry is an integer or a symbolic dimension (shape.h).
typedef struct onr_known {
    int64_t n;
    int64_t v[];
} onr_known;

/// One consumer: input `slot` of `node`; slot -1 means that a subgraph of `node` captures the value.
typedef struct onr_use {
    onr_node *node;
    int32_t slot;
} onr_use;

struct onr_value {
    const char *name; ///< unique in its graph; never NULL
    int32_t id;       ///< index in graph->values
    onr_graph *graph;
    onr_type type;             ///< after inference always set
    const onr_known *known;    ///< or NULL
    const onr_type *declared;  ///< what the model claims (value_info, inputs, outputs), or NULL
    const onr_datum *constant; ///< initializer or folded content, or NULL
    onr_node *producer;        ///< NULL: graph input, constant or captured
    int32_t slot;              ///< output index of the producer
    onr_value *outer;          ///< captured: the value of the enclosing graph that this one stands for
    onr_use *uses;             ///< kept by graph/edit.h
    int32_t n_uses, cap_uses;
    int32_t n_output; ///< how often it is an output of its graph
    bool is_input;
    bool kept;      ///< somebody wants to look at it: rewrites leave it alone as if it were an output
    const char *of; ///< in another layout: name of the model's value whose content this one holds; NULL: its own
};

struct onr_node {
    int32_t id;         ///< index in graph->nodes
    int32_t number;     ///< position in the model file (#12 in messages)
    const char *name;   ///< unique for messages: the model's name, or "Conv_12"
    const char *domain; ///< "" is ai.onnx
    const char *op_type;
    const char *overload; ///< "" mostly
    int32_t opset;        ///< version of its domain where it was written
    const char *scope;    ///< of a function's body: what the body's names begin with in the graph (onr_graph_find_in); else ""
    onr_graph *graph;
    onr_value **in;  ///< NULL entries: optional inputs left out
    onr_value **out; ///< NULL entries: outputs not asked for
    int32_t n_in, n_out;
    onr_value **capture; ///< values of this graph (or captured ones) that its subgraphs use
    int32_t n_capture, cap_capture;
    onr_attr *attr;
    int32_t n_attr;
    const char *doc;     ///< doc_string, or NULL
    const char **origin; ///< names of the model's nodes that this one does the work of
    int32_t n_origin;
    bool dead;               ///< unlinked by edit; skipped everywhere
    const struct onr_op *op; ///< set by the resolve pass
    const void *params;      ///< decoded attributes, set by the resolve pass
};

struct onr_graph {
    onr_arena *arena;
    const char *name;
    onr_symbols *symbols; ///< shared by all graphs of a model
    onr_graph *parent;    ///< enclosing graph of a subgraph
    onr_node *owner;      ///< node of the parent that holds it
    onr_value **values;
    int32_t n_values, cap_values;
    onr_node **nodes; ///< in topological order once onr_graph_order ran
    int32_t n_nodes, cap_nodes;
    onr_value **inputs; ///< real inputs: initializers with default contents excluded (see importer)
    int32_t n_inputs, cap_inputs;
    onr_value **outputs;
    int32_t n_outputs, cap_outputs;
    onr_map by_name; ///< name -> onr_value*
    onr_map aliases; ///< name with scope -> onr_value*, where a function's body calls a value by another name than it has
};

/// The attribute `name` of a node, or NULL.
const onr_attr *onr_node_attr(const onr_node *n, const char *name);
/// Is the value seen from outside? Then it must be made, under its name, whatever a rewrite could save.
static inline bool onr_value_is_seen(const onr_value *v) { return v->n_output > 0 || v->kept; }
/// The name of the model's value whose content v holds.
static inline const char *onr_value_model_name(const onr_value *v) { return v->of ? v->of : v->name; }
/// The value `name` of this graph alone, or NULL.
onr_value *onr_graph_find(const onr_graph *g, const char *name);
/// The value that a node of this scope calls `name`: in its own graph g, or captured there; or NULL. Uses the arena.
onr_value *onr_graph_find_in(const onr_graph *g, const char *scope, onr_string name, onr_arena *arena);

#endif
