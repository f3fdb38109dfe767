// transpose.h: copies between tensors whose elements lie differently: transposition, and any copy by strides.
// May assume: sizes checked by the caller, x and y do not overlap. Never fails, never looks into an element.
#ifndef ONR_KERNELS_TRANSPOSE_H
#define ONR_KERNELS_TRANSPOSE_H

#include "base/pool.h"

#include <stdint.h>

enum { ONR_TRANSPOSE_MAX_RANK = 64 };

/// y = x with its axes permuted: axis d of y is axis perm[d] of x. x of `shape` and y are contiguous. size: bytes of an
/// element: 1, 2, 4, 8 or 16.
void onr_transpose_run(uint32_t features, int64_t size, int rank, const int64_t *shape, const int64_t *perm, const void *x,
                       void *y, onr_pool *pool);

/// y[i * y_strides] = x[i * x_strides] for every index i of `shape`. Strides are in elements; x's may be 0 (Expand) or negative
/// (Slice backwards), y's must keep the elements apart. Serves Slice, Expand, Concat, Split, Pad, Tile, Transpose.
void onr_strided_copy_run(uint32_t features, int64_t size, int rank, const int64_t *shape, const void *x,
                          const int64_t *x_strides, void *y, const int64_t *y_strides, onr_pool *pool);

#endif
