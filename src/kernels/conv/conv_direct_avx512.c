// conv_direct_avx512.c: the direct convolutions on AVX-512, as rows for the table: by kernel size, so that profiles tell them
// apart. May assume: AVX-512 (needs). Never holds code of its own: loops are in conv_direct.c, tiles in conv_tile_avx512.c.
#define DIRECT_TILES onr_conv_tiles_avx512
#define DIRECT_NEEDS ONR_CPU_AVX512
#define DIRECT_BLOCK 16
#define DIRECT_GFLOPS 230
#define DIRECT_MEMORY 12
#include "kernels/conv/conv_direct_body.h"

DIRECT_VARIANTS(avx512, "14x32_avx512")
