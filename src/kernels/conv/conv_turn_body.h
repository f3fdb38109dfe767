// conv_turn_body.h: plain weights, a row for each output channel, turned into vectors of output channels: what packing begins
// with, but for first and depthwise convolutions.
// May assume: VF_LANES, vf and its operations are defined. Never reads beyond a row's numbers, which may lie at any address.
//
// Numbers are read as whole vectors along the rows and turned in registers. Written number by number, a lane of a vector at a
// time, packing took a third to a half of the time to load a ResNet.
#ifndef ONR_KERNELS_CONV_TURN_H
#define ONR_KERNELS_CONV_TURN_H

#include "kernels/conv/conv.h"

// Distance at which a row is fetched ahead, in floats: the rows lie a power of two apart and are as many as the hardware's
// prefetcher can follow at once, or more.
enum { TURN_AHEAD = 64 };

// The first n numbers of n_k rows that lie `row` floats apart; out[i]: number i of all rows, zero for rows that are not there.
VF_INLINE void turn_square(const onr_askew_float *w, int64_t row, int64_t n_k, int64_t n, vf out[VF_LANES]) {
    const float *from = (const float *)w; // loads of vectors take any address
    if (n_k == VF_LANES && n == VF_LANES) {
        VF_UNROLL
        for (int k = 0; k < VF_LANES; k++) {
            out[k] = vf_load(from + k * row);
            __builtin_prefetch(from + k * row + TURN_AHEAD);
        }
    } else {
        VF_UNROLL
        for (int k = 0; k < VF_LANES; k++) out[k] = k < n_k ? vf_load_n(from + k * row, n) : vf_zero();
    }
    vf_transpose(out);
}

// The factors of n_k output channels from `first` on, zero beyond them.
VF_INLINE vf turn_factors(const onr_conv_weights *w, int64_t first, int64_t n_k) {
    float factor[VF_LANES] = {0};
    for (int64_t k = 0; k < n_k; k++) factor[k] = onr_conv_scale(w, first + k);
    return vf_load(factor);
}

#endif
