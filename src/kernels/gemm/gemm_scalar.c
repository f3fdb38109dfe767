// gemm_scalar.c: the matrix product's 4x4 tile in plain C, for any CPU.
// May assume: nothing about the CPU. Body: gemm_body.inc.
// Never touches columns or rows beyond the tile.
#include "kernels/simd/f32_scalar.h"

#define GEMM_VARIANT onr_gemm_f32_4x4_scalar
#define GEMM_NAME "gemm_f32_4x4_scalar"
#define GEMM_MR 4
#define GEMM_NV 4
#define GEMM_KC 512
#define GEMM_ROWS(X) X(1) X(2) X(3) X(4)
#define GEMM_VECTORS(X, m) X(m, 1) X(m, 2) X(m, 3) X(m, 4)
#include "kernels/gemm/gemm_body.inc"
