// vector_avx512.h: the vector of the Winograd bodies on AVX-512: sixteen channels.
// May assume: compiled with AVX-512 F. Never touches memory that its mask leaves out.
#ifndef ONR_KERNELS_WINOGRAD_VECTOR_AVX512_H
#define ONR_KERNELS_WINOGRAD_VECTOR_AVX512_H

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
enum { LANES = 16, HALF_LANES = 8, TILES = 14 };
#define PRODUCT_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)

typedef __m512 vf;
typedef __mmask16 vm;

INLINE vf vf_zero(void) { return _mm512_setzero_ps(); }
INLINE vf vf_set1(float x) { return _mm512_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }   // a * b + c
INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); } // c - a * b
INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }              // b if either is NaN
INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
INLINE vm vm_make(bool all) { return all ? 0xffff : 0; }
INLINE vm vm_first(int64_t n) { return n >= 16 ? 0xffff : (vm)((1u << n) - 1); }
INLINE vf vf_load_if(const float *p, vm m) { return _mm512_maskz_loadu_ps(m, p); }
INLINE vf vf_keep(vf v, vm m) { return _mm512_maskz_mov_ps(m, v); }
INLINE void prefetch_far(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
INLINE void prefetch_l2(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }

#endif
