// f32_neon.h: the vector type `vf` and its functions on NEON (AArch64), 8 lanes: a pair of 4-lane registers. The other f32_*.h
// have the same list. May assume: included only by files compiled for AArch64 (suffix _neon). Never reads or writes a lane that
// was not asked for.
#ifndef ONR_KERNELS_SIMD_F32_NEON_H
#define ONR_KERNELS_SIMD_F32_NEON_H

#include <arm_neon.h>
#include <stdint.h>

/// SLEEF's functions take one register.
#define VF_CALL(f, a) ((vf){f((a).lo), f((a).hi)})
#define VF_CALL2(f, a, b) ((vf){f((a).lo, (b).lo), f((a).hi, (b).hi)})
#include "kernels/simd/simd.h"

#define VF_LANES 8
#define VF_ISA neon
#define VF_NEEDS ONR_CPU_NEON

typedef struct vf {
    float32x4_t lo, hi; ///< lanes 0 to 3 and 4 to 7
} vf;                   ///< a vector of VF_LANES floats
typedef struct vm {
    uint32x4_t lo, hi;
} vm; ///< the result of a comparison: all bits of a lane set or none

// Loads and stores; the _n forms touch the first n lanes only (0 <= n <= VF_LANES), the other lanes of a load are zero.
static inline vf vf_load(const float *p) { return (vf){vld1q_f32(p), vld1q_f32(p + 4)}; }
static inline void vf_store(float *p, vf a) {
    vst1q_f32(p, a.lo);
    vst1q_f32(p + 4, a.hi);
}
static inline vm vf_first(int64_t n) {
    static const int32_t lanes[VF_LANES] = {0, 1, 2, 3, 4, 5, 6, 7};
    const int32x4_t count = vdupq_n_s32((int32_t)n);
    return (vm){vcgtq_s32(count, vld1q_s32(lanes)), vcgtq_s32(count, vld1q_s32(lanes + 4))};
}
static inline vf vf_load_n(const float *p, int64_t n) {
    if (n == VF_LANES) return vf_load(p);
    float lanes[VF_LANES] = {0};
    for (int64_t i = 0; i < n; i++) lanes[i] = p[i];
    return vf_load(lanes);
}
static inline void vf_store_n(float *p, vf a, int64_t n) {
    float lanes[VF_LANES];
    vf_store(lanes, a);
    for (int64_t i = 0; i < n; i++) p[i] = lanes[i];
}
static inline void vf_stream(float *p, vf a) { vf_store(p, a); }
static inline void vf_stream_end(void) {} // no later store is seen before vf_stream's
static inline vf vf_set1(float x) { return (vf){vdupq_n_f32(x), vdupq_n_f32(x)}; }
static inline vf vf_zero(void) { return vf_set1(0.0f); }

// Arithmetic. vf_min and vf_max give b when a or b is a NaN: a comparison and a select, as vminq and vmaxq give the NaN.
static inline vf vf_add(vf a, vf b) { return (vf){vaddq_f32(a.lo, b.lo), vaddq_f32(a.hi, b.hi)}; }
static inline vf vf_sub(vf a, vf b) { return (vf){vsubq_f32(a.lo, b.lo), vsubq_f32(a.hi, b.hi)}; }
static inline vf vf_mul(vf a, vf b) { return (vf){vmulq_f32(a.lo, b.lo), vmulq_f32(a.hi, b.hi)}; }
static inline vf vf_div(vf a, vf b) { return (vf){vdivq_f32(a.lo, b.lo), vdivq_f32(a.hi, b.hi)}; }
static inline vf vf_fma(vf a, vf b, vf c) { // a * b + c
    return (vf){vfmaq_f32(c.lo, a.lo, b.lo), vfmaq_f32(c.hi, a.hi, b.hi)};
}
static inline vf vf_fnma(vf a, vf b, vf c) { // c - a * b
    return (vf){vfmsq_f32(c.lo, a.lo, b.lo), vfmsq_f32(c.hi, a.hi, b.hi)};
}
static inline float32x4_t vf_min4(float32x4_t a, float32x4_t b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
static inline float32x4_t vf_max4(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
static inline vf vf_min(vf a, vf b) { return (vf){vf_min4(a.lo, b.lo), vf_min4(a.hi, b.hi)}; }
static inline vf vf_max(vf a, vf b) { return (vf){vf_max4(a.lo, b.lo), vf_max4(a.hi, b.hi)}; }
static inline vf vf_abs(vf a) { return (vf){vabsq_f32(a.lo), vabsq_f32(a.hi)}; }
static inline vf vf_neg(vf a) { return (vf){vnegq_f32(a.lo), vnegq_f32(a.hi)}; }
static inline vf vf_copysign(vf a, vf sign) {
    const uint32x4_t m = vdupq_n_u32(0x80000000u);
    return (vf){vbslq_f32(m, sign.lo, a.lo), vbslq_f32(m, sign.hi, a.hi)};
}
static inline vf vf_sqrt(vf a) { return (vf){vsqrtq_f32(a.lo), vsqrtq_f32(a.hi)}; }
static inline vf vf_floor(vf a) { return (vf){vrndmq_f32(a.lo), vrndmq_f32(a.hi)}; }
static inline vf vf_ceil(vf a) { return (vf){vrndpq_f32(a.lo), vrndpq_f32(a.hi)}; }
static inline vf vf_trunc(vf a) { return (vf){vrndq_f32(a.lo), vrndq_f32(a.hi)}; }
static inline vf vf_rint(vf a) { return (vf){vrndnq_f32(a.lo), vrndnq_f32(a.hi)}; }

// 2^n from VF_POW2_SHIFT + n: the low bits of such a number, moved to where the exponent is. -126 <= n <= 127.
static inline float32x4_t vf_pow2_4(float32x4_t shifted) {
    return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(shifted), 23));
}
static inline vf vf_pow2(vf shifted) { return (vf){vf_pow2_4(shifted.lo), vf_pow2_4(shifted.hi)}; }

// Comparisons are false on NaN, except ne. select: a where m is true, else b.
static inline vm vf_lt(vf a, vf b) { return (vm){vcltq_f32(a.lo, b.lo), vcltq_f32(a.hi, b.hi)}; }
static inline vm vf_le(vf a, vf b) { return (vm){vcleq_f32(a.lo, b.lo), vcleq_f32(a.hi, b.hi)}; }
static inline vm vf_eq(vf a, vf b) { return (vm){vceqq_f32(a.lo, b.lo), vceqq_f32(a.hi, b.hi)}; }
static inline vm vf_ne(vf a, vf b) { return (vm){vmvnq_u32(vceqq_f32(a.lo, b.lo)), vmvnq_u32(vceqq_f32(a.hi, b.hi))}; }
static inline vf vf_select(vm m, vf a, vf b) { return (vf){vbslq_f32(m.lo, a.lo, b.lo), vbslq_f32(m.hi, a.hi, b.hi)}; }

// Across the lanes, always in the same order, which is that of AVX2: halves, then quarters, then the last two.
static inline float vf_hsum(vf a) {
    const float32x4_t s = vaddq_f32(a.lo, a.hi);
    return vpadds_f32(vadd_f32(vget_low_f32(s), vget_high_f32(s)));
}
static inline float vf_hprod(vf a) {
    const float32x4_t s = vmulq_f32(a.lo, a.hi);
    const float32x2_t t = vmul_f32(vget_low_f32(s), vget_high_f32(s));
    return vget_lane_f32(t, 0) * vget_lane_f32(t, 1);
}
static inline float vf_hmax(vf a) {
    const float32x4_t s = vf_max4(a.lo, a.hi), t = vf_max4(s, vextq_f32(s, s, 2));
    return vgetq_lane_f32(vf_max4(t, vextq_f32(t, t, 1)), 0);
}
static inline float vf_hmin(vf a) {
    const float32x4_t s = vf_min4(a.lo, a.hi), t = vf_min4(s, vextq_f32(s, s, 2));
    return vgetq_lane_f32(vf_min4(t, vextq_f32(t, t, 1)), 0);
}

// Elementary functions but those of f32_math.inc: SLEEF where it was found, else the C library lane by lane.
VF_MATH(expm1, Sleef_expm1f4_u10advsimd, expm1f)
VF_MATH(log, Sleef_logf4_u10advsimd, logf)
VF_MATH(log1p, Sleef_log1pf4_u10advsimd, log1pf)
VF_MATH(sin, Sleef_sinf4_u10advsimd, sinf)
VF_MATH(cos, Sleef_cosf4_u10advsimd, cosf)
VF_MATH(tan, Sleef_tanf4_u10advsimd, tanf)
VF_MATH(asin, Sleef_asinf4_u10advsimd, asinf)
VF_MATH(acos, Sleef_acosf4_u10advsimd, acosf)
VF_MATH(atan, Sleef_atanf4_u10advsimd, atanf)
VF_MATH(sinh, Sleef_sinhf4_u10advsimd, sinhf)
VF_MATH(cosh, Sleef_coshf4_u10advsimd, coshf)
VF_MATH(asinh, Sleef_asinhf4_u10advsimd, asinhf)
VF_MATH(acosh, Sleef_acoshf4_u10advsimd, acoshf)
VF_MATH(atanh, Sleef_atanhf4_u10advsimd, atanhf)
VF_MATH2(pow, Sleef_powf4_u10advsimd, powf)

static inline void vf_transpose4(float32x4_t r[4]) {
    const float64x2_t even01 = vreinterpretq_f64_f32(vtrn1q_f32(r[0], r[1])),
                      odd01 = vreinterpretq_f64_f32(vtrn2q_f32(r[0], r[1]));
    const float64x2_t even23 = vreinterpretq_f64_f32(vtrn1q_f32(r[2], r[3])),
                      odd23 = vreinterpretq_f64_f32(vtrn2q_f32(r[2], r[3]));
    r[0] = vreinterpretq_f32_f64(vtrn1q_f64(even01, even23));
    r[1] = vreinterpretq_f32_f64(vtrn1q_f64(odd01, odd23));
    r[2] = vreinterpretq_f32_f64(vtrn2q_f64(even01, even23));
    r[3] = vreinterpretq_f32_f64(vtrn2q_f64(odd01, odd23));
}

/// r[i] lane j becomes r[j] lane i.
static inline void vf_transpose(vf r[VF_LANES]) {
    float32x4_t quarter[2][2][4]; // [rows 4i..][columns 4j..]
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 4; k++) {
            quarter[i][0][k] = r[4 * i + k].lo;
            quarter[i][1][k] = r[4 * i + k].hi;
        }
        vf_transpose4(quarter[i][0]);
        vf_transpose4(quarter[i][1]);
    }
    for (int j = 0; j < 2; j++) {
        for (int k = 0; k < 4; k++) r[4 * j + k] = (vf){quarter[0][j][k], quarter[1][j][k]};
    }
}

#include "kernels/simd/f32_math.inc"

#endif
