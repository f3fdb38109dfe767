// dwconv_body.h: the row kernels of the depthwise convolution, written once over the vector type `vf`.
// May assume: included after f32_<isa>.h, with DW_KEEP(mask, v) (zero the lanes that the mask of vf_first leaves out) and
// dw_mask. Never reads outside the taps it was given.
#include "kernels/conv/conv_row.h"
#include "kernels/dwconv/dwconv.h"

VF_INLINE void dw_store(const onr_dw_row *r, const int q, const vf *sum) {
    const vf lo = vf_set1(r->lo), hi = vf_set1(r->hi);
    const dw_mask real = vf_first(r->n_lanes);
    VF_UNROLL
    for (int i = 0; i < q; i++) {
        vf v = r->residual ? vf_add(sum[i], vf_load(r->residual + i * VF_LANES)) : sum[i];
        vf_store(r->y + i * VF_LANES, DW_KEEP(real, vf_min(hi, vf_max(lo, v))));
    }
}

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
    dw_store(r, q, sum);
}

// Three kernel columns over up to eight pixels, the row's borders included.
VF_INLINE void dw_row_3(const onr_dw_row *r, const int q, const int64_t pixel) {
    vf sum[8];
    VF_UNROLL
    for (int i = 0; i < q; i++) sum[i] = vf_load(r->bias);
    for (int32_t ky = r->ky_begin; ky < r->ky_end; ky++) {
        const float *x = r->x + ky * r->x_row, *w = r->w + (int64_t)ky * 3 * VF_LANES;
        const vf w0 = vf_load(w), w1 = vf_load(w + VF_LANES), w2 = vf_load(w + 2 * VF_LANES);
        if (!r->skip_first) sum[0] = vf_fma(vf_load(x), w0, sum[0]);
        VF_UNROLL
        for (int i = 1; i < q; i++) sum[i] = vf_fma(vf_load(x + i * pixel), w0, sum[i]);
        VF_UNROLL
        for (int i = 0; i < q; i++) sum[i] = vf_fma(vf_load(x + VF_LANES + i * pixel), w1, sum[i]);
        VF_UNROLL
        for (int i = 0; i < q - 1; i++) sum[i] = vf_fma(vf_load(x + 2 * VF_LANES + i * pixel), w2, sum[i]);
        if (!r->skip_last) sum[q - 1] = vf_fma(vf_load(x + 2 * VF_LANES + (q - 1) * pixel), w2, sum[q - 1]);
    }
    dw_store(r, q, sum);
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
    dw_store(r, q, sum);
}

#define DW_FOUR(name, kw, stride)       \
    DW_SPECIAL(name##_1, 1, kw, stride) \
    DW_SPECIAL(name##_2, 2, kw, stride) \
    DW_SPECIAL(name##_4, 4, kw, stride) \
    DW_SPECIAL(name##_8, 8, kw, stride) \
    static const onr_dw_fn name[] = {name##_1, name##_2, name##_4, name##_8};

DW_FOUR(row_5_1, 5, 1)
DW_FOUR(row_5_2, 5, 2)
DW_GENERAL(any_1, 1)
DW_GENERAL(any_2, 2)
DW_GENERAL(any_4, 4)
DW_GENERAL(any_8, 8)

#define DW_THREE(name, q, stride) \
    static void name(const onr_dw_row *r) { dw_row_3(r, q, (int64_t)(stride)*VF_LANES); }
#define DW_EIGHT(name, stride)    \
    DW_THREE(name##_1, 1, stride) \
    DW_THREE(name##_2, 2, stride) \
    DW_THREE(name##_3, 3, stride) \
    DW_THREE(name##_4, 4, stride) \
    DW_THREE(name##_5, 5, stride) \
    DW_THREE(name##_6, 6, stride) \
    DW_THREE(name##_7, 7, stride) \
    DW_THREE(name##_8, 8, stride) \
    static const onr_dw_fn name[] = {name##_1, name##_2, name##_3, name##_4, name##_5, name##_6, name##_7, name##_8};
DW_EIGHT(row_3_1, 1)
DW_EIGHT(row_3_2, 2)

static onr_dw_fn get3(int64_t q, int32_t stride) { return stride == 1 ? row_3_1[q - 1] : row_3_2[q - 1]; }

static onr_dw_fn get(int q, int32_t kw, int32_t stride, int32_t dil) {
    static const onr_dw_fn any[] = {any_1, any_2, any_4, any_8};
    const int at = q == 8 ? 3 : q == 4 ? 2 : q - 1;
    if (kw == 5 && dil == 1 && stride <= 2) return stride == 1 ? row_5_1[at] : row_5_2[at];
    return any[at];
}

static const onr_dw_kernels kernels = {.block = VF_LANES, .get = get, .get3 = get3, .one = any_1};

static bool supports(const onr_conv_shape *s) { return onr_dwconv_supports(&kernels, s); }
static size_t packed_bytes(const onr_conv_shape *s) { return onr_dwconv_packed_bytes(&kernels, s); }
static void pack(const onr_conv_shape *s, const onr_conv_weights *w, float *packed, onr_pool *pool) {
    onr_dwconv_pack(&kernels, s, w, packed, pool);
}
static size_t worker_bytes(const onr_conv_shape *s) {
    (void)s;
    return 0;
}
static void run(const onr_conv_args *a) { onr_dwconv_run(&kernels, a); }

// DW_VARIANT(symbol, name): the row of conv/variants.inc.
#define DW_VARIANT(symbol, label) ONR_CONV_ROW(symbol, label, VF_NEEDS, VF_LANES, true, false, supports)
