// conv_geometry.h: how the direct convolution cuts its output: into register tiles, and the tiles into tasks.
// May assume: a supported shape. Pure functions of the shape: never looks at data or at threads, so results do not depend on
// them.
//
// Tiles are columns of one output row (widths as equal as possible), two rows at once on maps so narrow that one row would
// leave registers idle; 1x1 convolutions take the whole map as one row. Borders: kernel rows outside the input are left out;
// kernel columns are left out pixel by pixel inside the microkernel where at most one pixel per side is concerned (3x3, pad 1);
// otherwise a tile that touches the border first gathers its window, zero-padded, into scratch.
//
// Groups that do not fill channel blocks are merged until they do, with zero weights between them. Where that would be most of
// the weights (17 groups of 24 channels never fit but all together), the convolution is banded instead: it is seen as one
// group, and each oc tile reads the channel blocks that its own outputs' groups touch.
#ifndef ONR_KERNELS_CONV_GEOMETRY_H
#define ONR_KERNELS_CONV_GEOMETRY_H

#include "base/mathx.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/conv_tile.h"

typedef struct onr_conv_geometry {
    onr_conv_shape seen;           ///< what the loops see: a 1x1 convolution is one long row of stride 1
    bool compact;                  ///< its pixels are strided: each task first copies its own, one after the other
    int64_t groups, c_in, c_out;   ///< after merging: groups, channels per group
    int64_t merged;                ///< ONNX groups in one of ours
    bool banded;                   ///< all of them are, and an oc tile reads only some of the channel blocks
    int64_t cig, cog;              ///< input and output channels of an ONNX group
    int64_t block, lanes;          ///< lanes: channels of an oc tile
    int64_t n_a, n_b, n_c;         ///< loops of a tile (conv_tile.h)
    int64_t last_t;                ///< channels of the last block
    int64_t x_pixel, x_col, x_row; ///< floats between input columns, kernel columns, input rows
    int64_t xa;                    ///< floats between channel blocks
    int64_t in_blocks, out_blocks; ///< of the whole tensor
    int64_t k;                     ///< steps of one tile, those beyond last_t counted, too; banded: on an average
    onr_tile_kind kind;
    bool gather; ///< some tiles need a padded window
    int rows;    ///< output rows of a tile
    int64_t max_q, n_cols, n_tiles;
    int64_t n_oc, n_oc_chunks, n_tile_chunks; ///< a task is one chunk of each (onr_conv_geometry_part)
    int64_t tile_chunk;                       ///< spatial tiles of the largest
    int64_t a_chunk, sum_floats;              ///< channel blocks added at a time; their sums in scratch when that is not all
    bool by_place;                            ///< neighbouring tasks are of one part of the map, else of one range of oc tiles
    int64_t skip_first, skip_last;
    int64_t window_w, window_floats;
    int64_t pixel_floats; ///< a task's own copy of its pixels
} onr_conv_geometry;

/// The channel blocks that oc tile `oc` reads: the first, and in *n how many.
int64_t onr_conv_geometry_band(const onr_conv_geometry *g, int64_t oc, int64_t *n);
/// Floats of packed weights of a group before its oc tile `oc`.
int64_t onr_conv_geometry_weights(const onr_conv_geometry *g, int64_t oc);
/// Where part i of n things begins that are shared out over `parts`: at i * n / parts, so that not only the parts but also the
/// first and the second half of them are as even as can be.
static inline int64_t onr_conv_geometry_part(int64_t n, int64_t parts, int64_t i) {
    return i * (n / parts) + i * (n % parts) / parts;
}
/// Vectors of oc tile `oc`: 1 or 2.
static inline int onr_conv_geometry_vectors(const onr_conv_geometry *g, int64_t oc) {
    return g->lanes > g->block && g->c_out - oc * g->lanes > g->block ? 2 : 1;
}

void onr_conv_geometry_make(const onr_conv_tiles *tiles, const onr_conv_shape *s, onr_conv_geometry *g);

#endif
