// gemm_neon.c: the matrix product's 6x16 tile on NEON: 12 sums in 24 registers, 2 vectors of B in 4, and one broadcast.
// May assume: compiled for NEON (suffix). Body: gemm_body.inc.
// Never touches columns or rows beyond the tile.
#include "kernels/simd/f32_neon.h"

#define GEMM_VARIANT onr_gemm_f32_6x16_neon
#define GEMM_NAME "gemm_f32_6x16_neon"
#define GEMM_MR 6
#define GEMM_NV 2
#define GEMM_KC 512
#define GEMM_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define GEMM_VECTORS(X, m) X(m, 1) X(m, 2)
#include "kernels/gemm/gemm_body.inc"
