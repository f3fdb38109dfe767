// conv_direct.h: the loops of the direct convolution, independent of the ISA: a variant is these functions with its register
// tiles. May assume: supported shapes (onr_conv_direct_supports). Never chooses; conv.c does.
#ifndef ONR_KERNELS_CONV_DIRECT_H
#define ONR_KERNELS_CONV_DIRECT_H

#include "kernels/conv/conv.h"
#include "kernels/conv/conv_tile.h"

/// Any kernel size, stride, dilation and padding; grouped too (small groups are merged until they fill whole channel blocks,
/// with zero weights in between). Input blocked as the tiles are.
bool onr_conv_direct_supports(const onr_conv_tiles *tiles, const onr_conv_shape *s);
/// Predicted microseconds on one core whose tiles run at `gflops` from L1, and for which a megabyte of weights from memory
/// takes `us_per_mb` beside the arithmetic.
double onr_conv_direct_cost(const onr_conv_tiles *tiles, const onr_conv_shape *s, double gflops, double us_per_mb);
size_t onr_conv_direct_packed_bytes(const onr_conv_tiles *tiles, const onr_conv_shape *s);
/// Packed: [group][tile of two vectors of output channels][channel block][kh][kw][channel in block][lane]; the last tile of a
/// group has one vector when that is enough.
void onr_conv_direct_pack(const onr_conv_tiles *tiles, const onr_conv_shape *s, const onr_conv_weights *w, float *packed,
                          onr_pool *pool);
size_t onr_conv_direct_worker_bytes(const onr_conv_tiles *tiles, const onr_conv_shape *s);
void onr_conv_direct_run(const onr_conv_tiles *tiles, const onr_conv_args *a);

#endif
