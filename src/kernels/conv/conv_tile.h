// conv_tile.h: the contract between the loops of the direct convolution (conv_direct.c) and its microkernels, one file per ISA.
// May assume: the driver keeps every tap that is not skipped inside the input. Never threads, never fails.
//
// A tile is `rows` x `q` output pixels by `nv` vectors of output channels, kept in registers while all taps are added:
//   for a in n_a, for b in n_b, for c in n_c, for t in lanes:
//       acc[pixel][oc] += x[a * xa + b * xb + c * xc + t + pixel offset] * w[((a * n_b + b) * n_c + c) * lanes + t][oc]
// a counts channel blocks, b and c are the kernel's rows and columns, t the channels of a block.
#ifndef ONR_KERNELS_CONV_TILE_H
#define ONR_KERNELS_CONV_TILE_H

#include "kernels/conv/conv.h"

#include <stdint.h>

typedef struct onr_conv_tile {
    const float *x;                    ///< pixel 0 of row 0 at tap 0; may point before the input when that tap is skipped
    const float *w;                    ///< packed weights of this oc tile, read linearly, aligned to the vector
    const float *prefetch;             ///< weights or pixels wanted soon: a cache line per step
    const float *bias;                 ///< nv vectors
    const float *residual;             ///< added before the clamp, laid out like y; or NULL
    const float *acc_in;               ///< partial sums to continue from ([pixel][nv vectors]) instead of the bias; or NULL
    float *acc_out;                    ///< where partial sums go instead of y; or NULL
    float *y;                          ///< pixel 0, first vector
    int64_t prefetch_step, prefetch_a; ///< floats it advances per step, and from one a to the next
    int64_t n_a, n_b, n_c;
    int64_t xa, xb, xc;
    int64_t last_t;           ///< channels of the last block that a kernel of kind ONR_TILE_POINT reads; the others are zero
    int64_t x_pixel;          ///< floats between pixels, read only by kernels of kind ONR_TILE_ANY
    int64_t x_row, y_row;     ///< floats from row 0 to row 1 of a two-row tile
    int64_t y_oc;             ///< floats from the first to the second vector of output channels
    int64_t b_lo[2], b_hi[2]; ///< kernel rows inside the input, for each row of the tile (row 0: b_lo >= row 1's, b_hi too)
    int64_t skip_first;       ///< kernel columns c < skip_first leave out the first pixel of each row
    int64_t skip_last;        ///< kernel columns c >= skip_last leave out the last pixel of each row
    int64_t lanes[2];         ///< real channels in each vector; the lanes beyond are stored as zero
    float lo, hi;
} onr_conv_tile;

typedef void (*onr_conv_tile_fn)(const onr_conv_tile *t);

/// How pixels lie in x: the distance between neighbours is a constant of the kernel except for ANY.
typedef enum onr_tile_kind {
    ONR_TILE_BLOCK_1, ///< blocked, stride 1
    ONR_TILE_BLOCK_2, ///< blocked, stride 2
    ONR_TILE_POINT,   ///< blocked, a 1x1 kernel, pixels side by side in one row; no skipping
    ONR_TILE_ANY,     ///< blocked, any stride; no skipping, q in {1, 2, 4, 8}, where 8 <= max_q
} onr_tile_kind;

/// A vector of output channels of plain weights on its way into the packed ones: a row for each channel, [channel][tap].
typedef struct onr_conv_rows {
    const onr_askew_float *w; ///< row 0
    int64_t row, n_rows;      ///< floats from one row to the next; rows, at most a vector's lanes
    const float *factor;      ///< of each row; or NULL
    int64_t taps;             ///< number c * taps + t goes to place (c / lanes * taps + t) * lanes + c % lanes
    float *out;               ///< place 0
    int64_t step;             ///< floats from one place to the next
} onr_conv_rows;

/// The microkernels of one ISA with the sizes they were built for.
typedef struct onr_conv_tiles {
    int32_t block;       ///< lanes of a vector = channel block
    int32_t max_q;       ///< most pixels in a row of a tile (all smaller ones exist too)
    int32_t max_q2;      ///< most pixels per row of a two-row tile
    int64_t piece_bytes; ///< weights that tile after tile passes over: they should stay in the second-level cache
    onr_conv_tile_fn (*get)(onr_tile_kind kind, int rows, int64_t q, int nv);
    /// Packs numbers [begin, end) of the rows; lanes beyond the rows become zero.
    void (*turn)(const onr_conv_rows *rows, int64_t begin, int64_t end);
} onr_conv_tiles;

#endif
