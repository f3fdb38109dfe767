// import.h: inside onnx/ only: the state of an import, shared by import.c, attr.c, functions.c and type_pb.c.
// May assume: messages came through onr_pb_parse and live until the import is done. Never outlives it.
#ifndef ONR_ONNX_IMPORT_H
#define ONR_ONNX_IMPORT_H

#include "graph/edit.h"
#include "onnx/model.h"
#include "onnx/tensor_pb.h"

typedef struct onr_importer {
    const onr_load_options *options;
    onr_model *model;   ///< arena, symbols and counts
    onr_arena *scratch; ///< for what only the import needs
    onr_tensor_source tensors;
    onr_map functions; ///< domain, name and overload -> onr_function *
    onr_map captured;  ///< graph and outer value -> the value that stands for it there; owner and outer value -> listed
    onr_map prefixes;  ///< of calls: each is there once, so that names with a prefix say which call they are of
    size_t n_work;     ///< nodes and function calls so far
    int n_places;      ///< parts that the failure's message already says about where it happened
    const char *node;  ///< being imported, for findings; NULL outside nodes
    int32_t number;    ///< of that node
    bool told_opset;   ///< that the opset is missing was found already
    onr_err *err;      ///< never NULL
} onr_importer;

typedef struct onr_function {
    const Onnx__FunctionProto *pb;
    onr_function_info *info;
    const onr_opset *opsets;
    size_t n_opsets;
} onr_function;

struct onr_scope;

/// The call that a function's body is expanded for.
typedef struct onr_call {
    const onr_function *function;
    const Onnx__NodeProto *node;
    const struct onr_scope *caller; ///< where the call's attributes mean something
    int32_t number;                 ///< of the call in its model file
    int depth;                      ///< 1: called from the model's own graphs
} onr_call;

/// What names mean in one graph, or in one expanded function body within a graph.
typedef struct onr_scope {
    onr_importer *im;
    onr_graph *graph;           ///< where nodes go
    const struct onr_scope *up; ///< where names are looked up that are not found here: the enclosing graph's scope, or NULL
    const onr_call *call;       ///< within a function, subgraphs of its body included
    const char *prefix;         ///< put before names of values and nodes: "" or "call/"; lives as long as the model
    onr_map names;              ///< -> onr_value *, NULL for an optional input of a function that was left out
    onr_map formal_outputs;     ///< function bodies: output's name -> the caller's onr_value *
    const onr_opset *opsets;
    size_t n_opsets;
} onr_scope;

/// Puts a place before the failure's text, unless it has five already: a reason must not be pushed out of the message.
onr_status onr_import_place(onr_importer *im, const char *what, const char *name, int32_t number);
/// A lenient load notes the failure `s` of err as a finding and goes on: ONR_OK then. Otherwise, and for limits, `s` itself.
/// `value` and `hint` may be NULL.
onr_status onr_import_skip(onr_importer *im, onr_status s, const char *kind, const char *value, const char *hint);
/// A name with "ai.onnx" made "".
const char *onr_import_domain(const char *domain);
/// Copies opset imports; versions are checked to be positive and to fit 32 bits.
onr_status onr_import_opsets(onr_importer *im, Onnx__OperatorSetIdProto *const *ids, size_t n, const onr_opset **out);
/// An empty scope for nodes that go into `graph`.
void onr_scope_init(onr_scope *s, const onr_scope *like, onr_graph *graph);
/// The value that `name` means here, taken over from enclosing graphs where needed; NULL for "" and inputs left out.
onr_status onr_scope_find(onr_scope *s, const char *name, onr_value **out);
/// Nodes of a graph or function body: declares all their outputs, then makes them.
onr_status onr_import_nodes(onr_scope *s, Onnx__NodeProto *const *nodes, size_t n);
/// A subgraph held by `owner`; `up` is where its free names are looked up.
onr_status onr_import_subgraph(const onr_scope *up, onr_node *owner, const Onnx__GraphProto *pb, onr_graph **out);
/// The model's main graph, sorted and verified.
onr_status onr_import_main(onr_importer *im, const Onnx__GraphProto *pb, const onr_opset *opsets, size_t n_opsets,
                           onr_graph **out);

// attr.c
/// All attributes of a node, references to the caller's attributes resolved.
onr_status onr_import_attrs(onr_scope *s, onr_node *n, const Onnx__NodeProto *pb);

// type_pb.c
/// A type in the model's arena. What has no counterpart (opaque types, unknown element types) becomes unknown.
onr_status onr_import_type(onr_importer *im, const Onnx__TypeProto *pb, const onr_type **out);

// functions.c
onr_status onr_functions_init(onr_importer *im, const Onnx__ModelProto *pb);
/// The function that a node calls; NULL when it calls none.
onr_status onr_function_find(const onr_importer *im, const Onnx__NodeProto *node, onr_function **out);
/// Expands the call `node` (number `number` in its list, called `name` in messages) into s->graph.
onr_status onr_function_inline(onr_scope *s, onr_function *f, const Onnx__NodeProto *node, int32_t number, const char *name);
/// Follows a reference to an attribute of the enclosing function: the attribute that is meant and the scope it is written in.
/// *out is NULL when the caller left it out and there is no default.
onr_status onr_function_attr(const onr_scope *s, const char *name, const Onnx__AttributeProto **out, const onr_scope **at);

#endif
