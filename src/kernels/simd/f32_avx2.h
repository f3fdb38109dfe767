// f32_avx2.h: the vector type `vf` and its functions on AVX2 with FMA, 8 lanes. The other f32_*.h have the same list.
// May assume: included only by files compiled for AVX2 and FMA (suffix _avx2).
// Never reads or writes a lane that was not asked for.
#ifndef ONR_KERNELS_SIMD_F32_AVX2_H
#define ONR_KERNELS_SIMD_F32_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#include "kernels/simd/simd.h"

#define VF_LANES 8
#define VF_ISA avx2
#define VF_NEEDS ONR_CPU_AVX2

typedef __m256 vf; ///< a vector of VF_LANES floats
typedef __m256 vm; ///< the result of a comparison: all bits of a lane set or none

// Loads and stores; the _n forms touch the first n lanes only (0 <= n <= VF_LANES), the other lanes of a load are zero.
static inline vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void vf_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
static inline __m256i vf_first(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vf vf_load_n(const float *p, int64_t n) { return _mm256_maskload_ps(p, vf_first(n)); }
static inline void vf_store_n(float *p, vf a, int64_t n) { _mm256_maskstore_ps(p, vf_first(n), a); }
static inline void vf_stream(float *p, vf a) { _mm256_stream_ps(p, a); }
static inline void vf_stream_end(void) { _mm_sfence(); } // no later store is seen before vf_stream's
static inline vf vf_set1(float x) { return _mm256_set1_ps(x); }
static inline vf vf_zero(void) { return _mm256_setzero_ps(); }

// Arithmetic. vf_min and vf_max give b when a or b is a NaN.
static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }   // a * b + c
static inline vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); } // c - a * b
static inline vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
static inline vf vf_neg(vf a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
static inline vf vf_copysign(vf a, vf sign) {
    vf m = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(m, a), _mm256_and_ps(m, sign));
}
static inline vf vf_sqrt(vf a) { return _mm256_sqrt_ps(a); }
static inline vf vf_floor(vf a) { return _mm256_floor_ps(a); }
static inline vf vf_ceil(vf a) { return _mm256_ceil_ps(a); }
static inline vf vf_trunc(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
static inline vf vf_rint(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

// 2^n from VF_POW2_SHIFT + n: the low bits of such a number, moved to where the exponent is. -126 <= n <= 127.
static inline vf vf_pow2(vf shifted) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(shifted), 23)); }

// Comparisons are false on NaN, except ne. select: a where m is true, else b.
static inline vm vf_lt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
static inline vm vf_le(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
static inline vm vf_eq(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
static inline vm vf_ne(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ); }
static inline vf vf_select(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }

// Across the lanes, always in the same order.
static inline float vf_hsum(vf a) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
static inline float vf_hprod(vf a) {
    __m128 s = _mm_mul_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_mul_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_mul_ss(s, _mm_movehdup_ps(s)));
}
static inline float vf_hmax(vf a) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
static inline float vf_hmin(vf a) {
    __m128 s = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_min_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}

// Elementary functions but those of f32_math.inc: SLEEF where it was found, else the C library lane by lane.
VF_MATH(expm1, Sleef_expm1f8_u10avx2, expm1f)
VF_MATH(log, Sleef_logf8_u10avx2, logf)
VF_MATH(log1p, Sleef_log1pf8_u10avx2, log1pf)
VF_MATH(sin, Sleef_sinf8_u10avx2, sinf)
VF_MATH(cos, Sleef_cosf8_u10avx2, cosf)
VF_MATH(tan, Sleef_tanf8_u10avx2, tanf)
VF_MATH(asin, Sleef_asinf8_u10avx2, asinf)
VF_MATH(acos, Sleef_acosf8_u10avx2, acosf)
VF_MATH(atan, Sleef_atanf8_u10avx2, atanf)
VF_MATH(sinh, Sleef_sinhf8_u10avx2, sinhf)
VF_MATH(cosh, Sleef_coshf8_u10avx2, coshf)
VF_MATH(asinh, Sleef_asinhf8_u10avx2, asinhf)
VF_MATH(acosh, Sleef_acoshf8_u10avx2, acoshf)
VF_MATH(atanh, Sleef_atanhf8_u10avx2, atanhf)
VF_MATH2(pow, Sleef_powf8_u10avx2, powf)

/// r[i] lane j becomes r[j] lane i.
static inline void vf_transpose(vf r[VF_LANES]) {
    vf t[8], u[8];
    for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    for (int g = 0; g < 8; g += 4) { // u[g + c] half h: column 4h + c of rows g..g+3
        u[g] = _mm256_shuffle_ps(t[g], t[g + 2], 0x44);
        u[g + 1] = _mm256_shuffle_ps(t[g], t[g + 2], 0xee);
        u[g + 2] = _mm256_shuffle_ps(t[g + 1], t[g + 3], 0x44);
        u[g + 3] = _mm256_shuffle_ps(t[g + 1], t[g + 3], 0xee);
    }
    for (int c = 0; c < 4; c++) {
        r[c] = _mm256_permute2f128_ps(u[c], u[4 + c], 0x20);
        r[4 + c] = _mm256_permute2f128_ps(u[c], u[4 + c], 0x31);
    }
}

#include "kernels/simd/f32_math.inc"

#endif
