// conv_direct_neon.c: the direct convolutions on NEON, as rows for the table: by kernel size, so that profiles tell them apart.
// May assume: NEON (needs). Never holds code of its own: loops are in conv_direct.c, tiles in conv_tile_neon.c.
// The speed is that of the AVX2 tiles: what matters is its ratio to the cost of the Winograd kernels, for which the same holds.
#define DIRECT_TILES onr_conv_tiles_neon
#define DIRECT_NEEDS ONR_CPU_NEON
#define DIRECT_BLOCK 8
#define DIRECT_GFLOPS 115
#define DIRECT_MEMORY 31
#include "kernels/conv/conv_direct_body.h"

DIRECT_VARIANTS(neon, "6x16_neon")
