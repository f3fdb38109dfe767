// nd.h: the two loops over n-dimensional tensors that most operators are made of: a broadcast walk and a strided copy.
// May assume: shapes are known and were checked by inference; data is in plain row-major layout unless strides say otherwise.
// Never looks at an operator's meaning. Also here: outputs of any element type (strings too), and dimensions as symbols.
#ifndef ONR_OPS_ND_H
#define ONR_OPS_ND_H

#include "ops/op.h"

// ---- walk: the same function over rows of several broadcast operands -------------------------------------------------------

enum { ONR_ND_OPERANDS = 4 };

/// Works on n elements of each operand; p[0] is the output. step[k] is the bytes from one element of operand k to the next:
/// its element size, or 0 when it stays on one element. Output and inputs may be the same memory, never shifted.
typedef void (*onr_nd_fn)(const void *ctx, int64_t n, char *const p[], const int64_t step[]);

typedef struct onr_nd_walk {
    int32_t rank, n_ops;
    int64_t dim[ONR_MAX_RANK];
    int64_t stride[ONR_ND_OPERANDS][ONR_MAX_RANK]; ///< bytes; 0 where the operand is repeated
    int64_t elem[ONR_ND_OPERANDS];
} onr_nd_walk;

/// The walk over `out`, with inputs of these shapes broadcast to it (their dimensions, aligned at the end, are 1 or equal).
/// Operand 0 is the output itself, so n_ops counts it: shape[0] is ignored. elem: bytes of an element of each.
void onr_nd_walk_init(onr_nd_walk *w, const onr_shape *out, int32_t n_ops, const onr_shape *const shape[], const size_t elem[]);
/// Runs fn over everything, in pieces cut by shape alone; `cost` is roughly nanoseconds per element (1: an addition, 20: a
/// logarithm).
void onr_nd_walk_run(const onr_nd_walk *w, onr_pool *pool, void *const data[], int cost, onr_nd_fn fn, const void *ctx);
/// Elements that one task of a parallel loop should have at least.
int64_t onr_nd_grain(int cost);

/// Out 0 = f(in 0), element by element, whatever the layout: one function per element type (step is the element size on both
/// sides). ONR_INTERNAL when the table has none for the type.
onr_status onr_nd_unary(const onr_run *r, int cost, const onr_nd_fn fns[ONR_N_DTYPES], const void *ctx);

// ---- copy: any rearrangement that is a box of elements with strides on both sides ------------------------------------------

enum { ONR_ND_BOX_RANK = 2 * ONR_MAX_RANK }; // tiling and blocking split dimensions in two

typedef struct onr_nd_box {
    int32_t rank;
    int64_t dim[ONR_ND_BOX_RANK];
    int64_t src[ONR_ND_BOX_RANK]; ///< strides in bytes, any sign, 0 repeats
    int64_t dst[ONR_ND_BOX_RANK]; ///< strides in bytes; no two elements may meet
} onr_nd_box;

/// Copies the box. Adjacent dimensions that move together are merged, contiguous runs go through memcpy, transpositions are
/// tiled.
void onr_nd_copy(onr_pool *pool, size_t elem, const onr_nd_box *box, const void *src, void *dst);
/// Row-major strides in bytes.
void onr_nd_strides(const onr_shape *s, size_t elem, int64_t *strides);
/// n elements, all equal to the one at `value`.
void onr_nd_fill(void *dst, size_t elem, int64_t n, const void *value);

// ---- outputs of any element type
// ---------------------------------------------------------------------------------------------

/// Where to write output i of this type: its memory, or for strings a temporary array of onr_string whose characters may belong
/// to inputs. *dst is NULL when the output is not wanted.
onr_status onr_nd_begin(const onr_run *r, int32_t i, onr_dtype dtype, const onr_shape *shape, void **dst);
/// Ends what onr_nd_begin began: strings are copied into an output of their own, and the temporary array is freed. Passes
/// `status` on.
onr_status onr_nd_end(const onr_run *r, int32_t i, onr_dtype dtype, const onr_shape *shape, void *dst, onr_status status);

// ---- old broadcasting (opsets 1 to 6: attributes broadcast and axis)
// -----------------------------------------------------------

typedef struct onr_nd_old {
    int64_t axis; ///< ONR_NO_INT: B is aligned at the end
    int64_t broadcast;
    onr_ints consumed_inputs;
} onr_nd_old;
extern const onr_attr_spec onr_nd_old_attrs[];  ///< with consumed_inputs: opset 1
extern const onr_attr_spec onr_nd_old_attrs6[]; ///< without
/// B's shape with ones added so that ordinary broadcasting against A does the same. ONR_INVALID when it does not fit.
onr_status onr_nd_old_shape(const onr_nd_old *p, const onr_shape *a, const onr_shape *b, onr_shape *out, onr_err *err);

/// An attribute table and params for the operators of opset 1 whose only attribute is consumed_inputs (it never meant
/// anything).
typedef struct onr_nd_consumed {
    onr_ints consumed_inputs;
} onr_nd_consumed;
extern const onr_attr_spec onr_nd_consumed_attrs[];

// ---- symbols while inferring
// ----------------------------------------------------------------------------------------------------

/// Product of dim[from, to): a number, the one symbol that is left when everything else is 1, or a fresh symbol.
int64_t onr_nd_dim_product(const onr_infer *c, const onr_shape *s, int32_t from, int32_t to);
/// A unary operator on blocked channels: takes and gives them where they are there already. Its run goes through
/// onr_vector_unary, which keeps their padding zero, or has f(0) = 0.
void onr_nd_layout_unary(onr_layout *q);
/// Elements in memory, a blocked layout's padding included.
int64_t onr_nd_memory_elems(const onr_tensor *t);

#endif
