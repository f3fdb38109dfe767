// window.h: the geometry of sliding windows, shared by convolutions and pools (ONNX Conv, MaxPool, AveragePool, LpPool, ...).
#ifndef ONR_OPS_WINDOW_H
#define ONR_OPS_WINDOW_H

#include "ops/op.h"

enum { ONR_MAX_SPATIAL = ONR_MAX_RANK - 2 };

/// The attributes as the node gives them.
typedef struct onr_window_attrs {
    onr_string auto_pad;
    onr_ints kernel_shape, strides, dilations, pads;
    int64_t ceil_mode;
} onr_window_attrs;

/// Resolved for given input sizes.
typedef struct onr_window {
    int32_t n;                    ///< spatial dimensions
    int64_t in[ONR_MAX_SPATIAL];  ///< input sizes
    int64_t out[ONR_MAX_SPATIAL]; ///< output sizes
    int64_t kernel[ONR_MAX_SPATIAL], stride[ONR_MAX_SPATIAL], dilation[ONR_MAX_SPATIAL];
    int64_t pad_begin[ONR_MAX_SPATIAL], pad_end[ONR_MAX_SPATIAL];
} onr_window;

/// Resolves the attributes for input sizes `in` (n of them; symbolic ones give fresh symbols from `symbols`). `kernel` is used
/// when kernel_shape is absent (Conv: from W). On a mistake *why is a constant text and false is returned.
bool onr_window_resolve(const onr_window_attrs *a, int32_t n, const int64_t *in, const int64_t *kernel, onr_symbols *symbols,
                        onr_window *out, const char **why);

/// Attribute specs of a params struct with a field `win` of type onr_window_attrs.
#define ONR_WINDOW_SPECS(type)                                                                            \
    {.name = "auto_pad", .kind = ONR_ATTR_STRING, .offset = offsetof(type, win.auto_pad), .s = "NOTSET"}, \
        {.name = "kernel_shape", .kind = ONR_ATTR_INTS, .offset = offsetof(type, win.kernel_shape)},      \
        {.name = "strides", .kind = ONR_ATTR_INTS, .offset = offsetof(type, win.strides)},                \
        {.name = "dilations", .kind = ONR_ATTR_INTS, .offset = offsetof(type, win.dilations)}, {          \
        .name = "pads", .kind = ONR_ATTR_INTS, .offset = offsetof(type, win.pads)                         \
    }

#endif
