// winograd_stem_avx512.c: F(4, 7) with stride 2 along rows, from NCHW to NCHW16c.
// May assume: AVX-512. Never allocates; see stem_body.h for the layouts.
#include "kernels/simd/f32_avx512.h"

enum { TILES = 14 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)

#include "kernels/winograd/points_f4_body.h"

#include "kernels/winograd/stem_body.h"

STEM_VARIANT(onr_winograd_stem_avx512, "winograd_stem_avx512")
