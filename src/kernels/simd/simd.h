// simd.h: what all f32_<isa>.h share: unrolling, inlining, and the source of elementary functions.
// May assume: gcc or clang. Included by f32_<isa>.h only.
// Never defines a vector type.
#ifndef ONR_KERNELS_SIMD_SIMD_H
#define ONR_KERNELS_SIMD_SIMD_H

#include <math.h>
#ifdef ONR_HAVE_SLEEF
#include <sleef.h>
#endif

#define VF_INLINE static inline __attribute__((always_inline))

/// Before a loop whose count the compiler knows: unroll it whole, so that arrays of vectors become registers.
#ifdef __clang__
#define VF_UNROLL _Pragma("clang loop unroll(full)")
#else
#define VF_UNROLL _Pragma("GCC unroll 64")
#endif

/// The compiler forgets what it knows of the pointer p: what was loaded through it before is loaded again. For loops in which a
/// second load costs nothing and a register costs a spill.
#define VF_FORGET(p) __asm__ volatile("" : "+r"(p))

/// Added to a float, it rounds this to a whole number n; the low bits of the sum are then n + 127, the exponent of 2^n
/// (vf_pow2).
#define VF_POW2_SHIFT 12583039.0f // 1.5 * 2^23 + 127

/// How a vector goes through a function of SLEEF; a header whose vector is more than one register has its own.
#ifndef VF_CALL
#define VF_CALL(f, a) f(a)
#define VF_CALL2(f, a, b) f(a, b)
#endif

/// VF_MATH(exp, SLEEF's function, libm's function) defines vf_exp.
#ifdef ONR_HAVE_SLEEF
#define VF_MATH(name, sleef, libm) \
    static inline vf vf_##name(vf a) { return VF_CALL(sleef, a); }
#define VF_MATH2(name, sleef, libm) \
    static inline vf vf_##name(vf a, vf b) { return VF_CALL2(sleef, a, b); }
#else
#define VF_MATH(name, sleef, libm)                                    \
    static inline vf vf_##name(vf a) {                                \
        float lanes[VF_LANES];                                        \
        vf_store(lanes, a);                                           \
        for (int i = 0; i < VF_LANES; i++) lanes[i] = libm(lanes[i]); \
        return vf_load(lanes);                                        \
    }
#define VF_MATH2(name, sleef, libm)                                 \
    static inline vf vf_##name(vf a, vf b) {                        \
        float x[VF_LANES], y[VF_LANES];                             \
        vf_store(x, a);                                             \
        vf_store(y, b);                                             \
        for (int i = 0; i < VF_LANES; i++) x[i] = libm(x[i], y[i]); \
        return vf_load(x);                                          \
    }
#endif

#endif
