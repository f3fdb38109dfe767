// peak_avx2.c: the AVX2 FMA peak of this core.
// May assume: AVX2. Never touches memory in its loop.
#include "peak.h"

#include "base/time.h"

#include <immintrin.h>

double peak_avx2(void) {
    enum { ROUNDS = 20000 };
    __m256 a = _mm256_set1_ps(1), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, m = _mm256_set1_ps(0.5f);
    double best = 0;
    for (int run = 0; run < 50; run++) {
        uint64_t start = onr_time_ns();
        for (int n = 0; n < ROUNDS; n++) {
            a = _mm256_fmadd_ps(a, m, m), b = _mm256_fmadd_ps(b, m, m), c = _mm256_fmadd_ps(c, m, m);
            d = _mm256_fmadd_ps(d, m, m), e = _mm256_fmadd_ps(e, m, m), f = _mm256_fmadd_ps(f, m, m);
            g = _mm256_fmadd_ps(g, m, m), h = _mm256_fmadd_ps(h, m, m), i = _mm256_fmadd_ps(i, m, m);
            j = _mm256_fmadd_ps(j, m, m);
            // Opaque to the compiler, so that the ten chains stay ten and none is folded.
            __asm__ volatile("" : "+x"(a), "+x"(b), "+x"(c), "+x"(d), "+x"(e), "+x"(f), "+x"(g), "+x"(h), "+x"(i), "+x"(j));
        }
        double rate = 10.0 * 16 * ROUNDS / (double)(onr_time_ns() - start);
        if (rate > best) best = rate;
    }
    return best;
}
