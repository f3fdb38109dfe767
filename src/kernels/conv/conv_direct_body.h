// conv_direct_body.h: the rows of the direct convolutions for one instruction set, written once.
// May assume: DIRECT_TILES (its onr_conv_tiles), DIRECT_NEEDS (ONR_CPU_* bits), DIRECT_BLOCK (the tiles' channel block) and
// DIRECT_GFLOPS (of the tiles from L1, on one core) and DIRECT_MEMORY (microseconds that the prefetch cannot hide, for each
// megabyte of weights) are defined. Never holds loops: they are in conv_direct.c.
#include "kernels/conv/conv_direct.h"
#include "kernels/conv/conv_row.h"
#include "kernels/conv/conv_util.h"

extern const onr_conv_tiles DIRECT_TILES;

static bool supports_any(const onr_conv_shape *s) { return onr_conv_direct_supports(&DIRECT_TILES, s); }

static bool supports_1x1(const onr_conv_shape *s) { return s->kh == 1 && s->kw == 1 && supports_any(s); }

static double cost(const onr_conv_shape *s, const onr_cpu *cpu) {
    (void)cpu;
    return onr_conv_direct_cost(&DIRECT_TILES, s, DIRECT_GFLOPS, DIRECT_MEMORY);
}

static size_t packed_bytes(const onr_conv_shape *s) { return onr_conv_direct_packed_bytes(&DIRECT_TILES, s); }

static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_conv_direct_pack(&DIRECT_TILES, s, w, packed, pool);
}

static size_t worker_bytes(const onr_conv_shape *s) { return onr_conv_direct_worker_bytes(&DIRECT_TILES, s); }

static void run(const onr_conv_args *a) { onr_conv_direct_run(&DIRECT_TILES, a); }

#define DIRECT_VARIANT(symbol, label, which) ONR_CONV_ROW(symbol, label, DIRECT_NEEDS, DIRECT_BLOCK, true, false, which)

/// DIRECT_VARIANTS(avx2, "6x16_avx2"): the rows onr_conv_1x1_avx2 and so on, and their names.
#define DIRECT_VARIANTS(isa, label)                                     \
    DIRECT_VARIANT(onr_conv_1x1_##isa, "conv_1x1_" label, supports_1x1) \
    DIRECT_VARIANT(onr_conv_direct_##isa, "conv_direct_" label, supports_any)
