// graph_text.h: a graph from text and back: what pass tests and graph tests are written in.
// May assume: cmocka; text that cannot be read fails the running test. The reader checks nothing that onr_graph_verify checks.
#ifndef ONR_TESTS_SUPPORT_GRAPH_TEXT_H
#define ONR_TESTS_SUPPORT_GRAPH_TEXT_H

#include "base/str.h"
#include "graph/graph.h"

/// One statement per line; "#" begins a comment.
///     opset 13                                        for the nodes that follow; 13 at first
///     input x: float32[batch x 3 x 8 x 8]             types as in tensor_text.h
///     const w: float32[4 x 3 x 3 x 3] = seed 3        uniform in [-1, 1); or "= seed 3 0.5 2" for [0.5, 2)
///     const axes: int64[2] = 0 -1                     or the elements; one fills the tensor
///     value t: float32[? x 8]                         what the model declares of a value
///     y = Conv(x, w, _) pads=[1,1,1,1] group=1        "_": left out. Attributes as in tensor_text.h
///     a, _ = onnxrun.Reorder(x) block=8               a domain before the operator; "_": output not asked for
///     z = If(c) then_branch={                         a subgraph: statements, up to a line that begins with "}"
///         t = Add(y, y)                               names of the enclosing graphs are captured
///         output t
///     } else_branch={ ...
///     output y, z
/// A name that nothing has made yet makes a value without a source. The graph has its own symbols, in `arena`.
onr_graph *graph_text_read(const char *what, const char *text, onr_arena *arena);

/// The same language, with types as comments; only constants that are used, and of long ones the beginning and the sum.
void graph_text_write(const onr_graph *g, onr_str *out);

#endif
