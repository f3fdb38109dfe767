// serialize.h: a graph as the bytes of an ONNX model: the inverse of load.c.
// May assume: the graph is sound (onr_graph_verify). Never writes files.
#ifndef ONR_ONNX_SERIALIZE_H
#define ONR_ONNX_SERIALIZE_H

#include "onnx/model.h"
#include "onnx/sink.h"

/// Packs `g` as a ModelProto into new memory (onr_free). Producer, metadata and opset imports come from `m`, which `g` was made
/// from; domains that m does not import get the version that their nodes have. `g` may be m's own graph, a rewritten clone or a
/// part of it. Known types become value_info; names that a subgraph would hide are changed. Functions were expanded when m was
/// loaded and do not come back. ONR_UNSUPPORTED: a domain is used in two versions (by an expanded function), or a blocked
/// layout is left in the graph's constants. ONR_LIMIT: 2 GiB or more, protobuf's own limit.
onr_status onr_model_serialize(const onr_model *m, const onr_graph *g, void **out, size_t *bytes, onr_err *err);

/// Where large constants go instead of into the model.
typedef struct onr_external_out {
    const char *location; ///< the file's name, as the model shall say it
    onr_sink_fn sink;
    void *user;
    int64_t offset; ///< bytes written so far
} onr_external_out;

/// The same into a sink, piece by piece: no second copy of the weights is made. `external` may be NULL. ONR_LIMIT comes before
/// the first byte of the model. ONR_INTERNAL when a sink stops: its owner knows why.
onr_status onr_model_write(const onr_model *m, const onr_graph *g, onr_sink_fn sink, void *user, onr_external_out *external,
                           onr_err *err);

#endif
