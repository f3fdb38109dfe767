// conv.h: 2-D fp32 convolution over blocked channels: one description, many algorithms, one choice.
// May assume: sizes were checked by the caller and fit. Never knows tensors or graphs, never fails; only the loops here use
// threads.
//
// Layouts. A blocked activation "NCHWbc" holds ceil(C/b) blocks: [n][block][h][w][b], channels beyond C are zero in inputs and
// written as zero in outputs. `in_block` 1 is plain NCHW (the first convolution of a net). Outputs are always blocked by
// `block`.
#ifndef ONR_KERNELS_CONV_H
#define ONR_KERNELS_CONV_H

#include "base/cpu.h"
#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>

/// Max pooling of a convolution's result, in windows of kh x kw without dilation; kh 0: none. Windows are cut to the result.
typedef struct onr_conv_pool {
    int32_t kh, kw, stride_h, stride_w, pad_top, pad_left;
    int64_t oh, ow;
} onr_conv_pool;

/// The geometry of one convolution (ONNX operator Conv). Pads may be negative nowhere; oh and ow are given and consistent.
typedef struct onr_conv_shape {
    int64_t n, c_in, h, w;
    int64_t c_out, oh, ow;
    int32_t kh, kw, stride_h, stride_w, dil_h, dil_w;
    int32_t pad_top, pad_left, pad_bottom, pad_right;
    int64_t groups;
    int32_t in_block;   ///< 1 (NCHW), 8 or 16
    int32_t out_block;  ///< 8 or 16
    onr_conv_pool pool; ///< if any, y is the pooled map, and there is no residual
} onr_conv_shape;

/// A float at any address: a tensor in a mapped file lies where the fields before it end.
typedef float onr_askew_float __attribute__((aligned(1)));

/// Weights as ONNX gives them, [c_out][c_in / groups][kh][kw], at any address, and a factor for the weights of each output
/// channel (what a BatchNormalization behind the convolution comes to), or NULL for none.
typedef struct onr_conv_weights {
    const onr_askew_float *w;
    const float *scale;
} onr_conv_weights;

static inline float onr_conv_scale(const onr_conv_weights *w, int64_t channel) { return w->scale ? w->scale[channel] : 1.0f; }

/// Everything one run needs. `y = clamp(conv(x, packed) + bias + residual, lo, hi)`; NaN passes through the clamp.
typedef struct onr_conv_args {
    const onr_conv_shape *shape;
    const float *x;
    const float *packed;   ///< from the variant's pack
    const float *bias;     ///< round_up(c_out, out_block) values, zero beyond c_out; never NULL
    const float *residual; ///< same layout as y, or NULL; may be y itself
    float *y;
    float lo, hi;  ///< -INFINITY and INFINITY for no activation; 0 and INFINITY for Relu
    void *scratch; ///< thread t of the pool has its own worker_bytes(shape) at scratch + t * scratch_step; aligned to 64
    size_t scratch_step;
    onr_pool *pool; ///< NULL: one thread
} onr_conv_args;

/// One algorithm on one ISA. Packed weights and scratch are aligned to 64 bytes by the caller.
typedef struct onr_conv_variant {
    const char *name; ///< "<family>_<tile>_<isa>", shown by profiles
    uint32_t needs;   ///< ONR_CPU_* bits, all required
    int32_t block;    ///< channel block this variant works in
    bool exact;       ///< false: Winograd (rounding differs from direct summation by more than reordering does)
    bool pools;       ///< can pool its result before it leaves the cache
    bool expands;     ///< packed weights are larger than the plain ones (left out under "prefer memory")
    bool (*supports)(const onr_conv_shape *s);
    /// Predicted microseconds on one core: from shapes and cache sizes only, so that the choice never depends on a clock or on
    /// the number of threads.
    double (*cost)(const onr_conv_shape *s, const onr_cpu *cpu);
    size_t (*packed_bytes)(const onr_conv_shape *s);
    void (*pack)(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool);
    /// Memory that each thread needs for itself, contents undefined. The same place for layer after layer is the fastest: it
    /// stays in that core's cache.
    size_t (*worker_bytes)(const onr_conv_shape *s);
    void (*run)(const onr_conv_args *a);
} onr_conv_variant;

typedef struct onr_conv_choice {
    uint32_t features;   ///< of the session's target
    bool allow_winograd; ///< false at -O1 and below: bit-exactness with the direct sum's order is wanted
    bool prefer_memory;  ///< leave out variants that expand weights
} onr_conv_choice;

/// The cheapest variant that supports `s`, or NULL (then the caller uses its reference kernel). Deterministic.
const onr_conv_variant *onr_conv_choose(const onr_conv_shape *s, const onr_cpu *cpu, const onr_conv_choice *how);
/// All variants, for tests and benchmarks: variant i, or NULL past the end.
const onr_conv_variant *onr_conv_variant_at(size_t i);
/// Channel block that the target's features want: 16 (AVX-512), 8 (AVX2, NEON, scalar).
int32_t onr_conv_block(uint32_t features);

#endif
