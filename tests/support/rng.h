// rng.h: seeded random numbers for tests: the same seed gives the same numbers on every machine.
// May assume: nothing. Never used for anything but test data.
#ifndef ONR_TESTS_SUPPORT_RNG_H
#define ONR_TESTS_SUPPORT_RNG_H

#include <stddef.h>
#include <stdint.h>

/// State of xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
typedef struct rng {
    uint64_t s[4];
} rng;

/// Any seed is good: the state is filled by splitmix64.
void rng_seed(rng *r, uint64_t seed);
uint64_t rng_u64(rng *r);
/// Uniform in [0, n), n > 0, without bias.
uint64_t rng_below(rng *r, uint64_t n);
/// Uniform integer in [lo, hi].
int64_t rng_range(rng *r, int64_t lo, int64_t hi);
/// Uniform in [lo, hi), 24 random bits.
float rng_f32(rng *r, float lo, float hi);
/// Uniform in [lo, hi), 53 random bits.
double rng_f64(rng *r, double lo, double hi);
/// Normal with mean 0 and deviation 1 (Box and Muller).
float rng_normal(rng *r);
/// n uniform values in [lo, hi).
void rng_fill_f32(rng *r, float *x, size_t n, float lo, float hi);
/// n random bytes.
void rng_fill_bytes(rng *r, void *x, size_t n);

#endif
