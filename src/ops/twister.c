// twister.c: MT19937 as NumPy's legacy generator uses it, and seeds of the run's own.
// May assume: one thread. Never asks the system for randomness: the session's seed decides everything.
#include "ops/twister.h"

#include <math.h>

void onr_twister_seed(onr_twister *t, uint32_t seed) {
    t->s[0] = seed;
    for (uint32_t i = 1; i < 624; i++) t->s[i] = 1812433253u * (t->s[i - 1] ^ (t->s[i - 1] >> 30)) + i;
    t->at = 624;
    t->has_spare = false;
}

uint32_t onr_twister_next(onr_twister *t) {
    if (t->at == 624) {
        for (int i = 0; i < 624; i++) {
            uint32_t y = (t->s[i] & 0x80000000u) | (t->s[(i + 1) % 624] & 0x7fffffffu);
            t->s[i] = t->s[(i + 397) % 624] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
        }
        t->at = 0;
    }
    uint32_t y = t->s[t->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

double onr_twister_double(onr_twister *t) {
    uint32_t a = onr_twister_next(t) >> 5, b = onr_twister_next(t) >> 6;
    return (a * 67108864.0 + b) / 9007199254740992.0;
}

/// Marsaglia's polar method; the second number of a pair is given first, as NumPy does.
double onr_twister_normal(onr_twister *t) {
    if (t->has_spare) {
        t->has_spare = false;
        return t->spare;
    }
    double u, v, r;
    do {
        u = 2 * onr_twister_double(t) - 1;
        v = 2 * onr_twister_double(t) - 1;
        r = u * u + v * v;
    } while (r >= 1 || r == 0);
    double f = sqrt(-2 * log(r) / r);
    t->spare = f * u;
    t->has_spare = true;
    return f * v;
}

/// splitmix64 over the run's state.
uint32_t onr_random_seed(const onr_run *r) {
    if (!r->env || !r->env->random) return 0;
    uint64_t z = *r->env->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}
