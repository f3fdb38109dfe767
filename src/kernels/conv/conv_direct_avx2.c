// conv_direct_avx2.c: the direct convolutions on AVX2, as rows for the table: by kernel size, so that profiles tell them apart.
// May assume: AVX2 (needs). Never holds code of its own: loops are in conv_direct.c, tiles in conv_tile_avx2.c.
#include "kernels/conv/conv_direct.h"
#include "kernels/conv/conv_util.h"

extern const onr_conv_tiles onr_conv_tiles_avx2;

static bool supports_any(const onr_conv_shape *s) {
    return s->in_block > 1 && onr_conv_direct_supports(&onr_conv_tiles_avx2, s);
}

static bool supports_1x1(const onr_conv_shape *s) { return s->kh == 1 && s->kw == 1 && supports_any(s); }

static bool supports_first(const onr_conv_shape *s) {
    return s->in_block == 1 && onr_conv_direct_supports(&onr_conv_tiles_avx2, s);
}

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    return onr_conv_direct_cost(&onr_conv_tiles_avx2, s, 115);
}

static size_t packed_bytes(const onr_conv_shape *s) { return onr_conv_direct_packed_bytes(&onr_conv_tiles_avx2, s); }

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_direct_pack(&onr_conv_tiles_avx2, s, w, packed, pool);
}

static size_t worker_bytes(const onr_conv_shape *s) { return onr_conv_direct_worker_bytes(&onr_conv_tiles_avx2, s); }

static void run(const onr_conv_args *a) { onr_conv_direct_run(&onr_conv_tiles_avx2, a); }

#define VARIANT(symbol, label, which)                              \
    const onr_conv_variant symbol = {.name = label,                \
                                     .needs = ONR_CPU_AVX2,        \
                                     .block = 8,                   \
                                     .exact = true,                \
                                     .expands = false,             \
                                     .supports = which,            \
                                     .cost = cost,                 \
                                     .packed_bytes = packed_bytes, \
                                     .pack = pack,                 \
                                     .worker_bytes = worker_bytes, \
                                     .run = run};

VARIANT(onr_conv_1x1_avx2, "conv_1x1_6x16_avx2", supports_1x1)
VARIANT(onr_conv_direct_avx2, "conv_direct_6x16_avx2", supports_any)
VARIANT(onr_conv_first_avx2, "conv_first_6x16_avx2", supports_first)
