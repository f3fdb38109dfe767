// plan.h: how a Winograd convolution cuts its output into tiles, and the tiles into blocks that fit the cache.
// May assume: a 3x3, dilation 1, ungrouped shape of the style's stride (onr_wino_supports). Pure functions of the shape.
// Never looks at threads: one plan serves every number of them, so results do not depend on it.
//
// An output map is cut into tiles of m x m (m is 4 or 2). Where m does not divide the map, the last row and column of tiles are
// smaller, and instead of computing what nobody reads they use fewer points: F(r x s, 3x3) for every r, s <= m takes its points
// from the same list, so one set of transformed weights serves them all (the part of the transform that depends on r and s sits
// on the input's side). 7x7 costs 121 products instead of 144, 14x14 costs 484 instead of 576.
//
// Tiles are ordered by class (full, last row, last column, corner), then image, then place. A point's list of tiles holds only
// those that use it, in this order.
#ifndef ONR_KERNELS_WINOGRAD_PLAN_H
#define ONR_KERNELS_WINOGRAD_PLAN_H

#include "kernels/conv/conv.h"

enum { WINO_MAX_POINTS = 36, WINO_CLASSES = 4 };

/// One class of tiles: a grid of rows x cols tiles per image, each with r x s outputs.
typedef struct onr_wino_class {
    int64_t n;          ///< tiles of all images
    int64_t rows, cols; ///< grid per image
    int64_t row0, col0; ///< first tile's place in the grid of all tiles
    int32_t r, s;       ///< outputs per tile
} onr_wino_class;

/// What a kernel wants of its plan.
typedef struct onr_wino_style {
    int32_t m;                    ///< 4 or 2
    int32_t stride;               ///< of the convolution, in both dimensions: 1 or 2
    int32_t lanes;                ///< channels per vector
    int32_t wide;                 ///< output channels per group: lanes or 2 * lanes
    int32_t min_tiles, max_tiles; ///< in a block
    int32_t block_floats;         ///< transformed input that a block may hold, if min_tiles allow
    bool plain;                   ///< packed weights are the plain nine taps, not transformed ones
    bool by_row;                  ///< transformed input is [row of points][channel block][point of the row][tile], else
                                  ///< [point][channel block][tile]
} onr_wino_style;

typedef struct onr_wino_plan {
    onr_wino_style how;
    int32_t edge;     ///< points per tile and dimension: onr_wino_span(stride, m)
    int64_t c_blocks; ///< input channel blocks
    int64_t n_groups; ///< groups of output channels
    onr_wino_class cls[WINO_CLASSES];
    int64_t n_tiles, n_blocks;
    int64_t block_tiles;       ///< most tiles in a block
    bool by_group;             ///< few blocks: the threads share out the groups of outputs, block by block
    size_t v_floats, m_floats; ///< largest transformed input of a block; accumulators of a block and group
} onr_wino_plan;

/// The tiles of one block.
typedef struct onr_wino_block {
    int64_t first[WINO_CLASSES], n[WINO_CLASSES]; ///< range within each class
    int64_t tiles[WINO_MAX_POINTS];               ///< tiles that use point p
    size_t v_at[WINO_MAX_POINTS];                 ///< floats: where point p's part of the transformed input starts
    int64_t v_step[WINO_MAX_POINTS];              ///< floats from one channel block to the next
    size_t m_at[WINO_MAX_POINTS];                 ///< floats: where point p's accumulators start
} onr_wino_block;

/// How a kernel comes by its transformed weights: all at load time, in registers, or a chunk at a time.
typedef enum onr_wino_kind { WINO_PREPACKED, WINO_FUSED, WINO_STREAM } onr_wino_kind;

/// Predicted microseconds on one core.
double onr_wino_cost(const onr_conv_shape *s, const onr_wino_style *how, onr_wino_kind kind);
/// The same for F(1x4, 3x3) on one map.
double onr_wino_row_cost(const onr_conv_shape *s, int32_t lanes);
bool onr_wino_supports(const onr_conv_shape *s, int32_t stride);
/// Inputs that r outputs in a row depend on, which is also the number of points (products) they take.
static inline int32_t onr_wino_span(int32_t stride, int32_t r) { return (r - 1) * stride + 3; }
void onr_wino_plan_make(const onr_conv_shape *s, const onr_wino_style *how, onr_wino_plan *p);
void onr_wino_block_make(const onr_wino_plan *p, int64_t i, onr_wino_block *b);
/// Position of a class's first tile of the block within point (i, j)'s list.
int64_t onr_wino_place(const onr_wino_plan *p, const onr_wino_block *b, int cls, int i, int j);

#endif
