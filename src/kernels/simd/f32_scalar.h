// f32_scalar.h: the vector type `vf` and its functions in plain C, one lane. The other f32_*.h have the same list.
// May assume: nothing about the CPU. Math functions come from the C library.
// Never needs SLEEF: this level is complete on its own.
#ifndef ONR_KERNELS_SIMD_F32_SCALAR_H
#define ONR_KERNELS_SIMD_F32_SCALAR_H

#if defined(__GNUC__) && !defined(__clang__)
// gcc 12 fuses the 2-wide rows of a 4x2 tile into one load that touches the row after the last (the guard pages of gemm_check
// found it), so this level stays scalar in fact.
#pragma GCC optimize("no-tree-vectorize")
#endif

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernels/simd/simd.h"

#define VF_LANES 1
#define VF_ISA scalar
#define VF_NEEDS 0u

typedef float vf; ///< a vector of VF_LANES floats
typedef bool vm;  ///< the result of a comparison

// Loads and stores; the _n forms touch the first n lanes only (0 <= n <= VF_LANES), the other lanes of a load are zero.
static inline vf vf_load(const float *p) { return *p; }
static inline void vf_store(float *p, vf a) { *p = a; }
static inline vf vf_load_n(const float *p, int64_t n) { return n > 0 ? *p : 0.0f; }
static inline void vf_store_n(float *p, vf a, int64_t n) {
    if (n > 0) *p = a;
}
static inline void vf_stream(float *p, vf a) { *p = a; }
static inline void vf_stream_end(void) {} // no later store is seen before vf_stream's
static inline vf vf_set1(float x) { return x; }
static inline vf vf_zero(void) { return 0.0f; }

// Arithmetic. vf_min and vf_max give b when a or b is a NaN. The product of vf_fma is rounded here: fmaf would be a library
// call.
static inline vf vf_add(vf a, vf b) { return a + b; }
static inline vf vf_sub(vf a, vf b) { return a - b; }
static inline vf vf_mul(vf a, vf b) { return a * b; }
static inline vf vf_div(vf a, vf b) { return a / b; }
static inline vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
static inline vf vf_fnma(vf a, vf b, vf c) { return c - a * b; }
static inline vf vf_min(vf a, vf b) { return a < b ? a : b; }
static inline vf vf_max(vf a, vf b) { return a > b ? a : b; }
static inline vf vf_abs(vf a) { return fabsf(a); }
static inline vf vf_neg(vf a) { return -a; }
static inline vf vf_copysign(vf a, vf sign) { return copysignf(a, sign); }
static inline vf vf_sqrt(vf a) { return sqrtf(a); }
static inline vf vf_floor(vf a) { return floorf(a); }
static inline vf vf_ceil(vf a) { return ceilf(a); }
static inline vf vf_trunc(vf a) { return truncf(a); }
static inline vf vf_rint(vf a) { return rintf(a); }

// Comparisons are false on NaN, except ne. select: a where m is true, else b.
static inline vm vf_lt(vf a, vf b) { return a < b; }
static inline vm vf_le(vf a, vf b) { return a <= b; }
static inline vm vf_eq(vf a, vf b) { return a == b; }
static inline vm vf_ne(vf a, vf b) { return a != b; }
static inline vf vf_select(vm m, vf a, vf b) { return m ? a : b; }

static inline float vf_hsum(vf a) { return a; }
static inline float vf_hmax(vf a) { return a; }
static inline float vf_hmin(vf a) { return a; }
static inline float vf_hprod(vf a) { return a; }

static inline vf vf_exp(vf a) { return expf(a); }
static inline vf vf_expm1(vf a) { return expm1f(a); }
static inline vf vf_log(vf a) { return logf(a); }
static inline vf vf_log1p(vf a) { return log1pf(a); }
static inline vf vf_tanh(vf a) { return tanhf(a); }
static inline vf vf_erf(vf a) { return erff(a); }
static inline vf vf_sin(vf a) { return sinf(a); }
static inline vf vf_cos(vf a) { return cosf(a); }
static inline vf vf_tan(vf a) { return tanf(a); }
static inline vf vf_asin(vf a) { return asinf(a); }
static inline vf vf_acos(vf a) { return acosf(a); }
static inline vf vf_atan(vf a) { return atanf(a); }
static inline vf vf_sinh(vf a) { return sinhf(a); }
static inline vf vf_cosh(vf a) { return coshf(a); }
static inline vf vf_asinh(vf a) { return asinhf(a); }
static inline vf vf_acosh(vf a) { return acoshf(a); }
static inline vf vf_atanh(vf a) { return atanhf(a); }
static inline vf vf_pow(vf a, vf b) { return powf(a, b); }

static inline void vf_transpose(vf r[VF_LANES]) { (void)r; }

#endif
