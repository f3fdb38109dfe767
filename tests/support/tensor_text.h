// tensor_text.h: tensors and attributes written as text, for the tables of op_case.h and the graphs of graph_text.h.
// May assume: cmocka; text that cannot be read fails the running test. Never for data that must be kept after the arena.
#ifndef ONR_TESTS_SUPPORT_TENSOR_TEXT_H
#define ONR_TESTS_SUPPORT_TENSOR_TEXT_H

#include "graph/graph.h"

/// What reading needs: memory for what is made, and words for the message when the text is wrong.
typedef struct text_reader {
    const char *what;
    onr_arena *arena;
    onr_symbols *symbols; ///< NULL: dimensions are numbers
} text_reader;

/// Fails the running test: "what: cannot read 'at'".
void text_wrong(const text_reader *r, const char *at);
/// Past blanks (and line ends).
const char *text_blanks(const char *s);
/// "float32[2x3]", "float32[batch x 3 x ?]", "int64[]" (a scalar), "float32" (nothing known of the shape), "seq(float32[2])",
/// "optional(...)". All text_* readers return what follows.
const char *text_type(const text_reader *r, const char *s, onr_type *out);
/// The numel elements of a tensor: "1 2.5 -3", "'a' 'b c'", "1,-2" (complex); one value alone fills the tensor.
const char *text_elements(const text_reader *r, const char *s, const onr_type *type, onr_datum *out);
/// "float32[2x3] 1 2 3 4 5 6".
const char *text_tensor(const text_reader *r, const char *s, onr_datum *out);
/// "axis=1", "alpha=0.5" (a point makes a float), "mode='edge'", "pads=[1,2]", "value=(int64[1] 7)". Subgraphs are
/// graph_text's.
const char *text_attr(const text_reader *r, const char *s, onr_attr *out);

#endif
