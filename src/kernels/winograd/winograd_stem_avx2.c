// winograd_stem_avx2.c: F(4, 7) with stride 2 along rows, from NCHW to NCHW8c.
// May assume: AVX2. Never allocates; see stem_body.h for the layouts.
#include "kernels/simd/f32_avx2.h"

enum { TILES = 6 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6)

#include "kernels/winograd/points_f4_body.h"

#include "kernels/winograd/stem_body.h"

STEM_VARIANT(onr_winograd_stem_avx2, "winograd_stem_avx2")
