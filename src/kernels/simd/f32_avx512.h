// f32_avx512.h: the vector type `vf` and its functions on AVX-512 (F, BW, DQ, VL), 16 lanes. The other f32_*.h have the same
// list. May assume: included only by files compiled for AVX-512 (suffix _avx512). Never reads or writes a lane that was not
// asked for.
#ifndef ONR_KERNELS_SIMD_F32_AVX512_H
#define ONR_KERNELS_SIMD_F32_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#include "kernels/simd/simd.h"

#define VF_LANES 16
#define VF_ISA avx512
#define VF_NEEDS ONR_CPU_AVX512

typedef __m512 vf;    ///< a vector of VF_LANES floats
typedef __mmask16 vm; ///< the result of a comparison, one truth value per lane

// Loads and stores; the _n forms touch the first n lanes only (0 <= n <= VF_LANES), the other lanes of a load are zero.
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
static inline vm vf_first(int64_t n) { return (vm)((1u << n) - 1u); }
static inline vf vf_load_n(const float *p, int64_t n) { return _mm512_maskz_loadu_ps(vf_first(n), p); }
static inline void vf_store_n(float *p, vf a, int64_t n) { _mm512_mask_storeu_ps(p, vf_first(n), a); }
static inline void vf_stream(float *p, vf a) { _mm512_stream_ps(p, a); }
static inline void vf_stream_end(void) { _mm_sfence(); } // no later store is seen before vf_stream's
static inline vf vf_set1(float x) { return _mm512_set1_ps(x); }
static inline vf vf_zero(void) { return _mm512_setzero_ps(); }

// Arithmetic. vf_min and vf_max give b when a or b is a NaN.
static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }   // a * b + c
static inline vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); } // c - a * b
static inline vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf vf_abs(vf a) { return _mm512_abs_ps(a); }
static inline vf vf_neg(vf a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
static inline vf vf_copysign(vf a, vf sign) {
    vf m = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(m, a), _mm512_and_ps(m, sign));
}
static inline vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }
static inline vf vf_floor(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
static inline vf vf_ceil(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
static inline vf vf_trunc(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
static inline vf vf_rint(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

// 2^n from VF_POW2_SHIFT + n: the low bits of such a number, moved to where the exponent is. -126 <= n <= 127.
static inline vf vf_pow2(vf shifted) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(shifted), 23)); }

// Comparisons are false on NaN, except ne. select: a where m is true, else b.
static inline vm vf_lt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
static inline vm vf_le(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
static inline vm vf_eq(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
static inline vm vf_ne(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }
static inline vf vf_select(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }

// Across the lanes, always in the same order.
static inline float vf_hsum(vf a) { return _mm512_reduce_add_ps(a); }
static inline float vf_hmax(vf a) { return _mm512_reduce_max_ps(a); }
static inline float vf_hmin(vf a) { return _mm512_reduce_min_ps(a); }
static inline float vf_hprod(vf a) { return _mm512_reduce_mul_ps(a); }

// Elementary functions but those of f32_math.inc: SLEEF where it was found, else the C library lane by lane.
VF_MATH(expm1, Sleef_expm1f16_u10avx512f, expm1f)
VF_MATH(log, Sleef_logf16_u10avx512f, logf)
VF_MATH(log1p, Sleef_log1pf16_u10avx512f, log1pf)
VF_MATH(sin, Sleef_sinf16_u10avx512f, sinf)
VF_MATH(cos, Sleef_cosf16_u10avx512f, cosf)
VF_MATH(tan, Sleef_tanf16_u10avx512f, tanf)
VF_MATH(asin, Sleef_asinf16_u10avx512f, asinf)
VF_MATH(acos, Sleef_acosf16_u10avx512f, acosf)
VF_MATH(atan, Sleef_atanf16_u10avx512f, atanf)
VF_MATH(sinh, Sleef_sinhf16_u10avx512f, sinhf)
VF_MATH(cosh, Sleef_coshf16_u10avx512f, coshf)
VF_MATH(asinh, Sleef_asinhf16_u10avx512f, asinhf)
VF_MATH(acosh, Sleef_acoshf16_u10avx512f, acoshf)
VF_MATH(atanh, Sleef_atanhf16_u10avx512f, atanhf)
VF_MATH2(pow, Sleef_powf16_u10avx512f, powf)

/// r[i] lane j becomes r[j] lane i.
static inline void vf_transpose(vf r[VF_LANES]) {
    vf t[16], u[16];
    for (int i = 0; i < 8; i++) { // pairs of rows: 2x2 within each quarter
        t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    for (int g = 0; g < 16; g += 4) { // u[g + c] quarter q: column 4q + c of rows g..g+3
        u[g] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[g]), _mm512_castps_pd(t[g + 2])));
        u[g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[g]), _mm512_castps_pd(t[g + 2])));
        u[g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[g + 1]), _mm512_castps_pd(t[g + 3])));
        u[g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[g + 1]), _mm512_castps_pd(t[g + 3])));
    }
    for (int c = 0; c < 4; c++) { // 4x4 of quarters
        vf even0 = _mm512_shuffle_f32x4(u[c], u[4 + c], 0x88), even1 = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0x88);
        vf odd0 = _mm512_shuffle_f32x4(u[c], u[4 + c], 0xdd), odd1 = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0xdd);
        r[c] = _mm512_shuffle_f32x4(even0, even1, 0x88);
        r[4 + c] = _mm512_shuffle_f32x4(odd0, odd1, 0x88);
        r[8 + c] = _mm512_shuffle_f32x4(even0, even1, 0xdd);
        r[12 + c] = _mm512_shuffle_f32x4(odd0, odd1, 0xdd);
    }
}

#include "kernels/simd/f32_math.inc"

#endif
