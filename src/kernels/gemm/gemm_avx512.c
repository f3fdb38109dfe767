// gemm_avx512.c: the matrix product's 14x32 tile on AVX-512: 28 sums, 2 vectors of B and one broadcast in 31 registers.
// May assume: compiled for AVX-512 (suffix). Body: gemm_body.inc.
// Never touches columns or rows beyond the tile.
#include "kernels/simd/f32_avx512.h"

#define GEMM_VARIANT onr_gemm_f32_14x32_avx512
#define GEMM_NAME "gemm_f32_14x32_avx512"
#define GEMM_MR 14
#define GEMM_NV 2
#define GEMM_KC 512
#define GEMM_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define GEMM_VECTORS(X, m) X(m, 1) X(m, 2)
#include "kernels/gemm/gemm_body.inc"
