// gradient.h: what rules of differentiation are made of: they add nodes to a graph, of standard operators where these do.
// May assume: included by the gradient_*.c files only. A failure is kept in `status`: rules need not look at every result.
#ifndef ONR_OPS_GRADIENT_H
#define ONR_OPS_GRADIENT_H

#include "graph/edit.h"
#include "ops/op.h"

/// Where nodes go, and the node that a rule differentiates. "d" before a value: the derivative of the differentiated scalar
/// with respect to it.
typedef struct onr_gradient {
    onr_graph *g;
    onr_node *before; ///< new nodes stand before this one
    onr_arena *arena;
    onr_status status; ///< the first failure; nothing is made after it
    onr_err *err;
    onr_node *made;       ///< the newest node, for its attributes
    const onr_node *node; ///< to be differentiated
    onr_value *const *dy; ///< of its outputs; NULL: zero. At least one is not
    onr_value **dx;       ///< out: of its inputs; NULL: zero
    const bool *wanted;   ///< inputs whose dx somebody needs
} onr_gradient;

/// Derivatives of an operator of ai.onnx (or of ours: "onnxrun.X") from opset `since` on.
typedef struct onr_gradient_rule {
    const char *op;
    int16_t since;
    void (*derive)(onr_gradient *c);
} onr_gradient_rule;

extern const onr_gradient_rule onr_gradient_rules_math[], onr_gradient_rules_shape[], onr_gradient_rules_matrix[];

/// A new node of ai.onnx with n_in inputs (onr_value *, NULL: left out); its output, or NULL after a failure.
onr_value *onr_gradient_make(onr_gradient *c, const char *op, int n_in, ...);
/// The same with a list of inputs and n_out outputs, which are in c->made->out.
void onr_gradient_make_many(onr_gradient *c, const char *op, onr_value *const *in, int32_t n_in, int32_t n_out);
/// The node that is differentiated once more, with another first input and n_out outputs.
onr_value *onr_gradient_again(onr_gradient *c, onr_value *first, int32_t n_out);
/// Attributes of the newest node. They are decoded when the next node is made, or by onr_gradient_finish.
void onr_gradient_set(onr_gradient *c, const onr_attr *a);
void onr_gradient_int(onr_gradient *c, const char *name, int64_t v);
void onr_gradient_list(onr_gradient *c, const char *name, const int64_t *v, size_t n);
void onr_gradient_finish(onr_gradient *c);
/// A new node that adds v[i] to element at[i] of the flat tensor `to`, for all i.
onr_value *onr_gradient_scatter(onr_gradient *c, onr_value *to, onr_value *at, onr_value *v);
/// Constants: a list of integers, a single integer (rank 0), and a number of the element type of `like`.
onr_value *onr_gradient_ints(onr_gradient *c, const int64_t *v, int64_t n);
onr_value *onr_gradient_index(onr_gradient *c, int64_t v);
onr_value *onr_gradient_number(onr_gradient *c, double v, onr_value *like);
/// A tensor of `like`'s type and shape filled with a number.
onr_value *onr_gradient_fill(onr_gradient *c, double v, onr_value *like);
/// v with the shape of `like`: summed over what was broadcast, or the same elements under another shape.
onr_value *onr_gradient_sum_to(onr_gradient *c, onr_value *v, onr_value *like);
onr_value *onr_gradient_reshape(onr_gradient *c, onr_value *v, onr_value *like);
onr_value *onr_gradient_flat(onr_gradient *c, onr_value *v);
/// dx of input i becomes v (or its sum, where the input was broadcast).
void onr_gradient_give(onr_gradient *c, int32_t i, onr_value *v);
void onr_gradient_give_sum(onr_gradient *c, int32_t i, onr_value *v);
bool onr_gradient_wants(const onr_gradient *c, int32_t i);
/// Input i of the node; NULL when left out.
onr_value *onr_gradient_in(const onr_gradient *c, int32_t i);
/// Rank of a value; a failure when it is not known.
int32_t onr_gradient_rank(onr_gradient *c, const onr_value *v);
/// Integer attribute of the node, and its list (n is 0 when it is left out).
int64_t onr_gradient_attr(const onr_gradient *c, const char *name, int64_t otherwise);
onr_ints onr_gradient_attrs(const onr_gradient *c, const char *name);
/// ONR_UNSUPPORTED with the reason.
void onr_gradient_cannot(onr_gradient *c, const char *why);

#endif
