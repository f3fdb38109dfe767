// winograd_f4_avx512.c: F(4x4, 3x3) on NCHW16c with weights transformed at load time.
// May assume: AVX-512. Never allocates; see prepacked_body.h for the layouts.
#include "kernels/simd/f32_avx512.h"

enum { TILES = 14 };
// Half of a 1 MB second-level cache: the rest is for the weights that stream by and the accumulators.
enum { BLOCK_FLOATS = 120 * 1024 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)

#include "kernels/winograd/points_f4_body.h"

#include "kernels/winograd/prepacked_body.h"

static bool supports(const onr_conv_shape *s) { return onr_wino_supports(s) && s->in_block == VF_LANES; }

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    return onr_wino_cost(s, &style, WINO_PREPACKED);
}

const onr_conv_variant onr_winograd_f4_avx512 = {
    .name = "winograd_f4_avx512",
    .needs = ONR_CPU_AVX512,
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
