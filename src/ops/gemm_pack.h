// gemm_pack.h: constant matrices of Gemm and MatMul in the form that the matrix product reads, once per session.
#ifndef ONR_OPS_GEMM_PACK_H
#define ONR_OPS_GEMM_PACK_H

#include "kernels/gemm/gemm.h"
#include "ops/op.h"

/// Constant input i, stored as [k][n] or, when `transposed`, as [n][k], packed as B of products of variant v. A transposed one
/// goes part by part, and the file's pages of each part are given back before the next: a large classifier never lies in memory
/// twice. NULL: no memory (err is set).
const float *onr_prepare_gemm_b(onr_prepare *c, int32_t i, const onr_gemm_variant *v, int64_t k, int64_t n, bool transposed);

#endif
