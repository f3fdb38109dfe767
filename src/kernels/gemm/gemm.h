// gemm.h: fp32 matrix product C = alpha * op(A) * op(B) + beta * C, with an epilogue, over packed panels.
// May assume: sizes checked by the caller. Never fails, knows no tensors; threads only in the loops over tiles.
#ifndef ONR_KERNELS_GEMM_H
#define ONR_KERNELS_GEMM_H

#include "base/cpu.h"
#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct onr_gemm_variant onr_gemm_variant; ///< a microkernel with its tile and blocking, see gemm_variant.h

/// Best variant for the features; never NULL (scalar is always there).
const onr_gemm_variant *onr_gemm_choose(uint32_t features);
const char *onr_gemm_name(const onr_gemm_variant *v);

typedef struct onr_gemm_args {
    int64_t m, n, k;
    const float *a; ///< element (i, p) at a[i * a_row + p * a_col]
    int64_t a_row, a_col;
    const float *b; ///< element (p, j) at b[p * b_row + j * b_col]; ignored when packed_b is given
    int64_t b_row, b_col;
    const float *packed_b; ///< from onr_gemm_pack_b, or NULL: B is packed per panel while running
    float *c;              ///< row-major, element (i, j) at c[i * c_row + j]
    int64_t c_row;
    float alpha;
    /// Added before the clamp: element (i, j) at bias[i * bias_row + j * bias_col]; strides may be 0; NULL for none. (For
    /// Gemm's beta: scale the bias beforehand.)
    const float *bias;
    int64_t bias_row, bias_col;
    float lo, hi;  ///< clamp of the result; -INFINITY, INFINITY for none; NaN passes
    void *scratch; ///< onr_gemm_scratch_bytes, aligned to 64
    onr_pool *pool;
} onr_gemm_args;

/// Bytes and packing of a constant B (k x n), once per session.
size_t onr_gemm_packed_b_bytes(const onr_gemm_variant *v, int64_t k, int64_t n);
void onr_gemm_pack_b(const onr_gemm_variant *v, int64_t k, int64_t n, const float *b, int64_t b_row, int64_t b_col,
                     float *packed, onr_pool *pool);
/// Columns of a panel: a packed B is the packed forms of groups of whole panels, one after the other.
int64_t onr_gemm_panel(const onr_gemm_variant *v);
/// Scratch that onr_gemm_run needs, for any number of threads.
size_t onr_gemm_scratch_bytes(const onr_gemm_variant *v, int64_t m, int64_t n, int64_t k, bool b_is_packed);
/// Computes C. k = 0 gives the bias (or zero). m = 1 (a fully connected layer at batch 1) runs at memory speed.
/// Bit-identical for every pool. C may not overlap A, B or the bias.
void onr_gemm_run(const onr_gemm_variant *v, const onr_gemm_args *g);

/// Many products of one shape, as a MatMul with leading dimensions or an attention's heads.
typedef struct onr_gemm_batch {
    size_t n;
    const int64_t *a, *b, *c; ///< product i adds a[i], b[i], c[i] floats to the pointers of the args (b: also to packed_b);
                              ///< a and b may be NULL for zeros
} onr_gemm_batch;

/// Scratch for onr_gemm_run_batch with a pool of n_threads.
size_t onr_gemm_batch_scratch_bytes(const onr_gemm_variant *v, int64_t m, int64_t n, int64_t k, bool b_is_packed,
                                    int n_threads);
/// Equals onr_gemm_run for each product (bias shared); small products are shared out whole to the threads.
void onr_gemm_run_batch(const onr_gemm_variant *v, const onr_gemm_args *g, const onr_gemm_batch *batch);

#endif
