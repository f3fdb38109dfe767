// onnx_build.h: ONNX models made in a test, as protobuf-c structs in an arena.
// May assume: memory does not run out (the test fails if it does). Never writes files.
#ifndef ONR_TESTS_SUPPORT_ONNX_BUILD_H
#define ONR_TESTS_SUPPORT_ONNX_BUILD_H

#include "base/arena.h"
#include "onnx.pb-c.h"
#include "onnx/model.h"

/// Appends `item` to the repeated field `field` of `msg`.
#define MK_ADD(a, msg, field, item)                                                                                \
    ((msg)->field = onr_arena_grow(a, (msg)->field, (msg)->n_##field, (msg)->n_##field + 1, sizeof *(msg)->field), \
     (msg)->field[(msg)->n_##field++] = (item))

/// A model of IR 8 and opset 17 around the graph.
Onnx__ModelProto *mk_model(onr_arena *a, Onnx__GraphProto *g);
Onnx__GraphProto *mk_graph(onr_arena *a, const char *name);
/// inputs and outputs are names separated by commas; an empty name between commas stays empty.
Onnx__NodeProto *mk_node(onr_arena *a, const char *name, const char *op_type, const char *inputs, const char *outputs);
/// A tensor type; a negative dimension becomes the symbol "n".
Onnx__ValueInfoProto *mk_info(onr_arena *a, const char *name, int32_t dtype, size_t rank, const int64_t *dims);
Onnx__TensorProto *mk_tensor(onr_arena *a, const char *name, int32_t dtype, size_t rank, const int64_t *dims);
/// As mk_tensor, with raw_data.
Onnx__TensorProto *mk_raw(onr_arena *a, const char *name, int32_t dtype, size_t rank, const int64_t *dims, const void *data,
                          size_t bytes);
Onnx__AttributeProto *mk_attr(onr_arena *a, const char *name, Onnx__AttributeProto__AttributeType type);
Onnx__AttributeProto *mk_attr_int(onr_arena *a, const char *name, int64_t v);
Onnx__AttributeProto *mk_attr_graph(onr_arena *a, const char *name, Onnx__GraphProto *g);
Onnx__AttributeProto *mk_attr_ref(onr_arena *a, const char *name, const char *ref, Onnx__AttributeProto__AttributeType type);
Onnx__FunctionProto *mk_function(onr_arena *a, const char *domain, const char *name, const char *inputs, const char *outputs);
Onnx__StringStringEntryProto *mk_pair(onr_arena *a, const char *key, const char *value);
Onnx__OperatorSetIdProto *mk_opset(onr_arena *a, const char *domain, int64_t version);

/// A small model with something of everything: tensors in each encoding, a sparse one, a subgraph that captures, a function.
Onnx__ModelProto *mk_rich(onr_arena *a);

/// The model's bytes, in the arena (padded by nothing: a read past the end is found by sanitizers when copied by the caller).
void *mk_pack(onr_arena *a, const Onnx__ModelProto *m, size_t *bytes);
/// Packs and loads. `folder` for external data, may be NULL.
onr_status mk_load(onr_arena *a, const Onnx__ModelProto *m, const char *folder, const onr_load_options *options,
                   onr_model **out, onr_err *err);

#endif
