// mathx.h: arithmetic on sizes that come from files: every operation says whether it overflowed.
#ifndef ONR_BASE_MATHX_H
#define ONR_BASE_MATHX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool onr_mul_size(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool onr_add_size(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool onr_mul_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool onr_add_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline int64_t onr_min_i64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t onr_max_i64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t onr_clamp_i64(int64_t x, int64_t lo, int64_t hi) { return x < lo ? lo : x > hi ? hi : x; }
/// Ceiling of a / b for b > 0, a >= 0.
static inline int64_t onr_ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0); }
/// a rounded up to a multiple of b (b > 0).
static inline int64_t onr_round_up(int64_t a, int64_t b) { return onr_ceil_div(a, b) * b; }
static inline size_t onr_align_up(size_t a, size_t align) { return (a + align - 1) & ~(align - 1); }

#endif
