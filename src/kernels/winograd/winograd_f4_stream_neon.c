// winograd_f4_stream_neon.c: F(4x4, 3x3) on NCHW8c with weights transformed chunk by chunk while running.
// May assume: NEON. Never allocates; see stream_body.h for the layouts.
#include "kernels/simd/f32_neon.h"

enum { TILES = 6 };
// More than a second-level cache of 512 KB: a second pass over large weights costs more than input from the third level.
enum { BLOCK_FLOATS = 160 * 1024 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6)

#include "kernels/winograd/points_f4_body.h"

#include "kernels/winograd/stream_body.h"

#include "kernels/winograd/variant_body.h"

WINO_VARIANT(onr_winograd_f4_stream_neon, "winograd_f4_stream_neon", WINO_STREAM, false)
