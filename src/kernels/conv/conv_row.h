// conv_row.h: a convolution kernel as a row of conv/variants.inc, for files that hold one kernel or a few of one instruction
// set. May assume: static functions cost, packed_bytes, pack, worker_bytes and run come before. Never holds a kernel of its
// own.
#ifndef ONR_KERNELS_CONV_ROW_H
#define ONR_KERNELS_CONV_ROW_H

#include "kernels/conv/conv.h"

/// The row `symbol`: its name, the ONR_CPU_* bits it needs, its channel block, whether it sums as the direct kernels do,
/// whether its packed weights are larger than plain ones, and the function that tells whether it supports a shape. More fields
/// may follow.
#define ONR_CONV_ROW(symbol, label, bits, lanes, is_exact, larger, ...) \
    const onr_conv_variant symbol = {.name = label,                     \
                                     .needs = bits,                     \
                                     .block = lanes,                    \
                                     .exact = is_exact,                 \
                                     .expands = larger,                 \
                                     .cost = cost,                      \
                                     .packed_bytes = packed_bytes,      \
                                     .pack = pack,                      \
                                     .worker_bytes = worker_bytes,      \
                                     .run = run,                        \
                                     .supports = __VA_ARGS__};

#endif
