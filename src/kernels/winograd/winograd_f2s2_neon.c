// winograd_f2s2_neon.c: F(2x2, 3x3) with stride 2 on NCHW8c with weights transformed at load time.
// May assume: NEON. Never allocates; see prepacked_body.h for the layouts.
#include "kernels/simd/f32_neon.h"

enum { TILES = 6 };
// More than a second-level cache of 512 KB: a second pass over large weights costs more than input from the third level.
enum { BLOCK_FLOATS = 160 * 1024 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6)

#include "kernels/winograd/points_f2s2_body.h"

#include "kernels/winograd/prepacked_body.h"

#include "kernels/winograd/variant_body.h"

WINO_VARIANT(onr_winograd_f2s2_neon, "winograd_f2s2_neon", WINO_PREPACKED, true)
