// winograd_f2_avx2.c: F(2x2, 3x3) on NCHW8c with weights transformed at load time.
// May assume: AVX2. Never allocates; see prepacked_body.h for the layouts.
#include "kernels/simd/f32_avx2.h"

enum { TILES = 6 };
// More than a second-level cache of 512 KB: a second pass over large weights costs more than input from the third level.
enum { BLOCK_FLOATS = 160 * 1024 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6)

#include "kernels/winograd/points_f2_body.h"

#include "kernels/winograd/prepacked_body.h"

static bool supports(const onr_conv_shape *s) { return onr_wino_supports(s) && s->in_block == VF_LANES; }

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    return onr_wino_cost(s, &style, WINO_PREPACKED);
}

const onr_conv_variant onr_winograd_f2_avx2 = {
    .name = "winograd_f2_avx2",
    .needs = ONR_CPU_AVX2,
    .block = VF_LANES,
    .exact = false,
    .expands = true,
    .supports = supports,
    .cost = cost,
    .packed_bytes = packed_bytes,
    .pack = pack,
    .worker_bytes = worker_bytes,
    .run = run,
};
