// rng.c: xoshiro256++ seeded by splitmix64.
// May assume: nothing. Never keeps a state of its own.
#include "support/rng.h"

#include <math.h>
#include <string.h>

void rng_seed(rng *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        r->s[i] = z ^ z >> 31;
    }
}

static uint64_t rotate(uint64_t x, int k) { return x << k | x >> (64 - k); }

uint64_t rng_u64(rng *r) {
    uint64_t *s = r->s, result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rng_below(rng *r, uint64_t n) {
    uint64_t first = -n % n; // 2^64 mod n values are too many
    for (;;) {
        uint64_t x = rng_u64(r);
        if (x >= first) return x % n;
    }
}

int64_t rng_range(rng *r, int64_t lo, int64_t hi) {
    uint64_t n = (uint64_t)hi - (uint64_t)lo + 1;
    return (int64_t)((uint64_t)lo + (n ? rng_below(r, n) : rng_u64(r)));
}

float rng_f32(rng *r, float lo, float hi) { return lo + (hi - lo) * ((float)(rng_u64(r) >> 40) * 0x1p-24f); }

double rng_f64(rng *r, double lo, double hi) { return lo + (hi - lo) * ((double)(rng_u64(r) >> 11) * 0x1p-53); }

float rng_normal(rng *r) {
    double u = 1 - rng_f64(r, 0, 1), v = rng_f64(r, 0, 1);
    return (float)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

void rng_fill_f32(rng *r, float *x, size_t n, float lo, float hi) {
    for (size_t i = 0; i < n; i++) x[i] = rng_f32(r, lo, hi);
}

void rng_fill_bytes(rng *r, void *x, size_t n) {
    unsigned char *p = x;
    while (n > 0) {
        uint64_t v = rng_u64(r);
        size_t m = n < sizeof v ? n : sizeof v;
        memcpy(p, &v, m);
        p += m;
        n -= m;
    }
}
