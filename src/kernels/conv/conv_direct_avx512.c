// conv_direct_avx512.c: the direct convolutions on AVX-512, as rows for the table: by kernel size, so that profiles tell them
// apart. May assume: AVX-512 (needs). Never holds code of its own: loops are in conv_direct.c, tiles in conv_tile_avx512.c.
#include "kernels/conv/conv_direct.h"
#include "kernels/conv/conv_util.h"

extern const onr_conv_tiles onr_conv_tiles_avx512;

static bool supports_any(const onr_conv_shape *s) {
    return s->in_block > 1 && onr_conv_direct_supports(&onr_conv_tiles_avx512, s);
}

static bool supports_1x1(const onr_conv_shape *s) { return s->kh == 1 && s->kw == 1 && supports_any(s); }

static bool supports_first(const onr_conv_shape *s) {
    return s->in_block == 1 && onr_conv_direct_supports(&onr_conv_tiles_avx512, s);
}

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    return onr_conv_direct_cost(&onr_conv_tiles_avx512, s, 230);
}

static size_t packed_bytes(const onr_conv_shape *s) { return onr_conv_direct_packed_bytes(&onr_conv_tiles_avx512, s); }

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_direct_pack(&onr_conv_tiles_avx512, s, w, packed, pool);
}

static size_t worker_bytes(const onr_conv_shape *s) { return onr_conv_direct_worker_bytes(&onr_conv_tiles_avx512, s); }

static void run(const onr_conv_args *a) { onr_conv_direct_run(&onr_conv_tiles_avx512, a); }

#define VARIANT(symbol, label, which)                              \
    const onr_conv_variant symbol = {.name = label,                \
                                     .needs = ONR_CPU_AVX512,      \
                                     .block = 16,                  \
                                     .exact = true,                \
                                     .expands = false,             \
                                     .supports = which,            \
                                     .cost = cost,                 \
                                     .packed_bytes = packed_bytes, \
                                     .pack = pack,                 \
                                     .worker_bytes = worker_bytes, \
                                     .run = run};

VARIANT(onr_conv_1x1_avx512, "conv_1x1_14x32_avx512", supports_1x1)
VARIANT(onr_conv_direct_avx512, "conv_direct_14x32_avx512", supports_any)
VARIANT(onr_conv_first_avx512, "conv_first_14x32_avx512", supports_first)
