// vector_avx2.h: the vector of the Winograd bodies on AVX2: eight channels.
// May assume: compiled with AVX2 and FMA. Never touches memory that its mask leaves out.
#ifndef ONR_KERNELS_WINOGRAD_VECTOR_AVX2_H
#define ONR_KERNELS_WINOGRAD_VECTOR_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
// Loops of constant length over vectors must vanish, or the vectors live in memory.
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
enum { LANES = 8, HALF_LANES = 4, TILES = 6 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6)

typedef __m256 vf;
typedef __m256i vm;

INLINE vf vf_zero(void) { return _mm256_setzero_ps(); }
INLINE vf vf_set1(float x) { return _mm256_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }   // a * b + c
INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); } // c - a * b
INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }              // b if either is NaN
INLINE vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
INLINE vm vm_make(bool all) { return _mm256_set1_epi32(all ? -1 : 0); }
INLINE vm vm_first(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n >= 8 ? 8 : (int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vf vf_load_if(const float *p, vm m) { return _mm256_maskload_ps(p, m); }
INLINE vf vf_keep(vf v, vm m) { return _mm256_and_ps(v, _mm256_castsi256_ps(m)); }
INLINE void prefetch_far(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
INLINE void prefetch_l2(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }

#endif
