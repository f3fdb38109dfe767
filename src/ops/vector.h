// vector.h: the vector kernels of kernels/ as operators use them: for float tensors, unless the target asks for the reference.
#ifndef ONR_OPS_VECTOR_H
#define ONR_OPS_VECTOR_H

#include "kernels/binary/binary.h"
#include "kernels/unary/unary.h"
#include "ops/op.h"

/// Out 0 = op(in 0; a, b) in any layout; false when the tensor is not float or the target is the reference: nothing was done.
/// Blocked channels' padding stays zero.
bool onr_vector_unary(const onr_run *r, onr_unary_op op, float a, float b);

/// Out 0 = op(in 0, in 1), broadcast; `b_shape` replaces input 1's shape, or is NULL. False as above. On blocked channels:
/// what onr_vector_layout_binary allows.
bool onr_vector_binary(const onr_run *r, onr_binary_op op, const onr_shape *b_shape);
/// The same on given float data: y of shape `out` from a and b, which broadcast to it. y may be a when their shapes are equal.
void onr_vector_binary_on(const onr_run *r, onr_binary_op op, const onr_shape *out, const float *a, const onr_shape *a_shape,
                          const float *b, const onr_shape *b_shape, float *y);

/// Sets the lanes beyond the last channel to zero in a float tensor of blocked channels; nothing for other layouts.
void onr_vector_clear_padding(const onr_run *r, onr_tensor *t);

/// Layout of an operator on two tensors: blocked for two of one shape, for X with one number per channel ([N or 1, C, 1, ...]:
/// squeeze and excitation), and for X with a single number.
void onr_vector_layout_binary(onr_layout *q);

#endif
