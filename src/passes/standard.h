// standard.h: the way back from our own forms to ONNX's operators, for graphs that are written to files.
// May assume: types were inferred. Never part of the pipeline: sessions run our forms.
#ifndef ONR_PASSES_STANDARD_H
#define ONR_PASSES_STANDARD_H

#include "graph/graph.h"

/// Rewrites `g` (a clone of one's own, from the session's arena or another) so that it holds operators of ONNX only and all
/// layouts are plain: fused convolutions become Conv, Add, Relu or Clip again (a folded BatchNormalization stays in the
/// weights), products MatMul, Transpose and Add, LayerNormalization below opset 17 its parts, under the names of the nodes and
/// values of `model`, the graph that g was optimized from, as are the outputs. `opset` is the version of ai.onnx. ONR_INTERNAL:
/// a form of ours has no way back.
onr_status onr_graph_standardize(onr_graph *g, const onr_graph *model, int32_t opset, onr_err *err);

#endif
