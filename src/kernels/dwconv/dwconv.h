// dwconv.h: depthwise convolution (one input channel per output channel) over blocked channels: its loops, and what a row
// kernel is. May assume: groups = c_in = c_out, both blocked by the vector. Never mixes channels: a lane is a channel.
#ifndef ONR_KERNELS_DWCONV_H
#define ONR_KERNELS_DWCONV_H

#include "kernels/conv/conv.h"

/// Some neighbouring pixels of one output row: y[i] = clamp(bias + residual[i] + sum of x[ky][i * stride + kx * dil] *
/// w[ky][kx]).
typedef struct onr_dw_row {
    const float *x; ///< tap (0, 0) of the first pixel; may point before the input for rows outside ky_begin..ky_end
    const float *w; ///< [ky][kx][lane]
    const float *bias;
    const float *residual; ///< or NULL
    float *y;
    int64_t x_row;          ///< floats between kernel rows
    int64_t x_tap, x_pixel; ///< floats between kernel columns and between pixels
    int32_t ky_begin, ky_end, kx_begin, kx_end, kw;
    bool skip_first, skip_last; ///< get3's kernels: column 0 leaves out the first pixel, column 2 the last
    int64_t n_lanes;            ///< real channels; the lanes beyond are stored as zero
    float lo, hi;
} onr_dw_row;

typedef void (*onr_dw_fn)(const onr_dw_row *r);

/// Kernels of one ISA. get: for q pixels (8, 4, 2 or 1), all kernel columns inside, with the constants where there is a special
/// one.
typedef struct onr_dw_kernels {
    int32_t block;
    onr_dw_fn (*get)(int q, int32_t kw, int32_t stride, int32_t dil);
    /// For q pixels (1 to 8) of a 3-column kernel without dilation, stride 1 or 2, whose borders cost at most a pixel each.
    onr_dw_fn (*get3)(int64_t q, int32_t stride);
    onr_dw_fn one; ///< a single pixel with kernel columns kx_begin..kx_end only
} onr_dw_kernels;

bool onr_dwconv_supports(const onr_dw_kernels *k, const onr_conv_shape *s);
/// Packed: [block][kh][kw][lane].
size_t onr_dwconv_packed_bytes(const onr_dw_kernels *k, const onr_conv_shape *s);
void onr_dwconv_pack(const onr_dw_kernels *k, const onr_conv_shape *s, const onr_conv_weights *w, float *packed,
                     onr_pool *pool);
void onr_dwconv_run(const onr_dw_kernels *k, const onr_conv_args *a);
/// Microseconds: FMAs at `gflops`, or bytes where those take longer.
double onr_dwconv_cost(const onr_conv_shape *s, const onr_cpu *cpu, double gflops);

#endif
