// twister.h: the random numbers of operators: MT19937 with NumPy's legacy seeding, doubles and normal numbers.
// May assume: included by files of ops/ only. Never shared between threads: the order of numbers is the result.
#ifndef ONR_OPS_TWISTER_H
#define ONR_OPS_TWISTER_H

#include "ops/op.h"

/// Matsumoto and Nishimura, "Mersenne Twister" (1998). The same seed gives what numpy.random.RandomState(seed) gives.
typedef struct onr_twister {
    uint32_t s[624];
    int at;
    bool has_spare; ///< normal numbers come in pairs
    double spare;
} onr_twister;

void onr_twister_seed(onr_twister *t, uint32_t seed);
uint32_t onr_twister_next(onr_twister *t);
/// [0, 1), 53 random bits: RandomState.rand.
double onr_twister_double(onr_twister *t);
/// Mean 0, deviation 1: RandomState.randn.
double onr_twister_normal(onr_twister *t);

/// A seed of the run's own, for operators whose model gives none.
uint32_t onr_random_seed(const onr_run *r);

#endif
