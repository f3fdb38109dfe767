// winograd_f2s2_avx512.c: F(2x2, 3x3) with stride 2 on NCHW16c with weights transformed at load time.
// May assume: AVX-512. Never allocates; see prepacked_body.h for the layouts.
#include "kernels/simd/f32_avx512.h"

enum { TILES = 14 };
// Half of a 1 MB second-level cache: the rest is for the weights that stream by and the accumulators.
enum { BLOCK_FLOATS = 120 * 1024 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)

#include "kernels/winograd/points_f2s2_body.h"

#include "kernels/winograd/prepacked_body.h"

#include "kernels/winograd/variant_body.h"

WINO_VARIANT(onr_winograd_f2s2_avx512, "winograd_f2s2_avx512", WINO_PREPACKED, true)
