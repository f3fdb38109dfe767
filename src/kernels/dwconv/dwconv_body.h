// dwconv_body.h: the row kernels of the depthwise convolution, written once over the vector type `vf`.
// May assume: included after f32_<isa>.h, with DW_KEEP(mask, v) (zero the lanes that the mask of vf_first leaves out) and
// dw_mask. Never reads outside the taps it was given.
#include "kernels/dwconv/dwconv.h"

// q is a constant; kx_begin, kx_end, tap and pixel where there is a special instance. Each tap's weights meet q pixels, whose
// loads are operands of the FMAs: with q accumulators the loop runs at the speed of the loads, and from L2 on at the speed of
// those.
VF_INLINE void dw_row(const onr_dw_row *r, const int q, int32_t kx_begin, int32_t kx_end, int64_t tap, int64_t pixel) {
    vf sum[8];
    VF_UNROLL
    for (int i = 0; i < q; i++) sum[i] = vf_load(r->bias);
    for (int32_t ky = r->ky_begin; ky < r->ky_end; ky++) {
        const float *x = r->x + ky * r->x_row, *w = r->w + (int64_t)ky * r->kw * VF_LANES;
        VF_UNROLL
        for (int32_t kx = kx_begin; kx < kx_end; kx++) {
            vf weight = vf_load(w + kx * VF_LANES);
            VF_UNROLL
            for (int i = 0; i < q; i++) sum[i] = vf_fma(vf_load(x + kx * tap + i * pixel), weight, sum[i]);
        }
    }
    if (r->residual) {
        VF_UNROLL
        for (int i = 0; i < q; i++) sum[i] = vf_add(sum[i], vf_load(r->residual + i * VF_LANES));
    }
    const vf lo = vf_set1(r->lo), hi = vf_set1(r->hi);
    const dw_mask real = vf_first(r->n_lanes);
    VF_UNROLL
    for (int i = 0; i < q; i++) vf_store(r->y + i * VF_LANES, DW_KEEP(real, vf_min(hi, vf_max(lo, sum[i]))));
}

#define DW_SPECIAL(name, q, kw, stride) \
    static void name(const onr_dw_row *r) { dw_row(r, q, 0, kw, VF_LANES, (int64_t)(stride)*VF_LANES); }
#define DW_GENERAL(name, q) \
    static void name(const onr_dw_row *r) { dw_row_any(r, q); }

// Any kernel, stride and dilation: the same loop, not unrolled over the kernel's columns.
VF_INLINE void dw_row_any(const onr_dw_row *r, const int q) {
    vf sum[8];
    VF_UNROLL
    for (int i = 0; i < q; i++) sum[i] = vf_load(r->bias);
    for (int32_t ky = r->ky_begin; ky < r->ky_end; ky++) {
        for (int32_t kx = r->kx_begin; kx < r->kx_end; kx++) {
            const float *x = r->x + ky * r->x_row + kx * r->x_tap;
            vf weight = vf_load(r->w + ((int64_t)ky * r->kw + kx) * VF_LANES);
            VF_UNROLL
            for (int i = 0; i < q; i++) sum[i] = vf_fma(vf_load(x + i * r->x_pixel), weight, sum[i]);
        }
    }
    const vf lo = vf_set1(r->lo), hi = vf_set1(r->hi);
    const dw_mask real = vf_first(r->n_lanes);
    VF_UNROLL
    for (int i = 0; i < q; i++) {
        vf v = r->residual ? vf_add(sum[i], vf_load(r->residual + i * VF_LANES)) : sum[i];
        vf_store(r->y + i * VF_LANES, DW_KEEP(real, vf_min(hi, vf_max(lo, v))));
    }
}

#define DW_FOUR(name, kw, stride)       \
    DW_SPECIAL(name##_1, 1, kw, stride) \
    DW_SPECIAL(name##_2, 2, kw, stride) \
    DW_SPECIAL(name##_4, 4, kw, stride) \
    DW_SPECIAL(name##_8, 8, kw, stride) \
    static const onr_dw_fn name[] = {name##_1, name##_2, name##_4, name##_8};

DW_FOUR(row_3_1, 3, 1)
DW_FOUR(row_3_2, 3, 2)
DW_FOUR(row_5_1, 5, 1)
DW_FOUR(row_5_2, 5, 2)
DW_GENERAL(any_1, 1)
DW_GENERAL(any_2, 2)
DW_GENERAL(any_4, 4)
DW_GENERAL(any_8, 8)

static onr_dw_fn get(int q, int32_t kw, int32_t stride, int32_t dil) {
    static const onr_dw_fn any[] = {any_1, any_2, any_4, any_8};
    const int at = q == 8 ? 3 : q == 4 ? 2 : q - 1;
    if (dil == 1 && (stride == 1 || stride == 2)) {
        if (kw == 3) return (stride == 1 ? row_3_1 : row_3_2)[at];
        if (kw == 5) return (stride == 1 ? row_5_1 : row_5_2)[at];
    }
    return any[at];
}

static const onr_dw_kernels kernels = {.block = VF_LANES, .get = get, .one = any_1};

static bool supports(const onr_conv_shape *s) { return onr_dwconv_supports(&kernels, s); }
static size_t packed_bytes(const onr_conv_shape *s) { return onr_dwconv_packed_bytes(&kernels, s); }
static void pack(const onr_conv_shape *s, const float *w, float *packed, onr_pool *pool) {
    onr_dwconv_pack(&kernels, s, w, packed, pool);
}
static size_t scratch_bytes(const onr_conv_shape *s, int n_threads) {
    (void)s;
    (void)n_threads;
    return 0;
}
static void run(const onr_conv_args *a) { onr_dwconv_run(&kernels, a); }

// DW_VARIANT(symbol, name): the row of conv/variants.inc.
#define DW_VARIANT(symbol, label)                                    \
    const onr_conv_variant symbol = {.name = label,                  \
                                     .needs = VF_NEEDS,              \
                                     .block = VF_LANES,              \
                                     .exact = true,                  \
                                     .expands = false,               \
                                     .supports = supports,           \
                                     .cost = cost,                   \
                                     .packed_bytes = packed_bytes,   \
                                     .pack = pack,                   \
                                     .scratch_bytes = scratch_bytes, \
                                     .run = run};
