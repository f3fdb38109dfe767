// variant_body.h: a Winograd kernel as a row of conv/variants.inc.
// May assume: the kernel's body (prepacked_body.h or stream_body.h) and its vector come before. Never holds a kernel of its
// own.
static bool supports(const onr_conv_shape *s) { return onr_wino_supports(s, WINO_STRIDE) && s->in_block == VF_LANES; }

/// WINO_VARIANT(symbol, name, kind for the cost model, whether packed weights are larger than plain ones)
#define WINO_VARIANT(symbol, label, kind, larger)                     \
    static double cost(const onr_conv_shape *s, const onr_cpu *cpu) { \
        (void)cpu;                                                    \
        return onr_wino_cost(s, &style, kind);                        \
    }                                                                 \
    const onr_conv_variant symbol = {.name = label,                   \
                                     .needs = VF_NEEDS,               \
                                     .block = VF_LANES,               \
                                     .exact = false,                  \
                                     .expands = larger,               \
                                     .supports = supports,            \
                                     .cost = cost,                    \
                                     .packed_bytes = packed_bytes,    \
                                     .pack = pack,                    \
                                     .worker_bytes = worker_bytes,    \
                                     .run = run};
