// variant_body.h: a Winograd kernel as a row of conv/variants.inc.
// May assume: the kernel's body (prepacked_body.h or stream_body.h) and its vector come before. Never holds a kernel of its
// own.
#include "kernels/conv/conv_row.h"

static bool supports(const onr_conv_shape *s) { return onr_wino_supports(s, WINO_STRIDE) && s->in_block == VF_LANES; }

/// WINO_VARIANT(symbol, name, kind for the cost model, whether packed weights are larger than plain ones)
#define WINO_VARIANT(symbol, label, kind, larger)                     \
    static double cost(const onr_conv_shape *s, const onr_cpu *cpu) { \
        (void)cpu;                                                    \
        return onr_wino_cost(s, &style, kind);                        \
    }                                                                 \
    ONR_CONV_ROW(symbol, label, VF_NEEDS, VF_LANES, false, larger, supports)
