// conv_direct_avx2.c: the direct convolutions on AVX2, as rows for the table: by kernel size, so that profiles tell them apart.
// May assume: AVX2 (needs). Never holds code of its own: loops are in conv_direct.c, tiles in conv_tile_avx2.c.
#define DIRECT_TILES onr_conv_tiles_avx2
#define DIRECT_NEEDS ONR_CPU_AVX2
#define DIRECT_BLOCK 8
#define DIRECT_GFLOPS 100
#define DIRECT_MEMORY 31
#include "kernels/conv/conv_direct_body.h"

DIRECT_VARIANTS(avx2, "6x16_avx2")
