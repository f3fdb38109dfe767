// peak_avx512.c: the AVX-512 FMA peak of this core.
// May assume: AVX-512. Never touches memory in its loop.
#include "peak.h"

#include "base/time.h"

#include <immintrin.h>

double peak_avx512(void) {
    enum { ROUNDS = 20000 };
    __m512 a = _mm512_set1_ps(1), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, m = _mm512_set1_ps(0.5f);
    double best = 0;
    for (int run = 0; run < 50; run++) {
        uint64_t start = onr_time_ns();
        for (int n = 0; n < ROUNDS; n++) {
            a = _mm512_fmadd_ps(a, m, m), b = _mm512_fmadd_ps(b, m, m), c = _mm512_fmadd_ps(c, m, m);
            d = _mm512_fmadd_ps(d, m, m), e = _mm512_fmadd_ps(e, m, m), f = _mm512_fmadd_ps(f, m, m);
            g = _mm512_fmadd_ps(g, m, m), h = _mm512_fmadd_ps(h, m, m), i = _mm512_fmadd_ps(i, m, m);
            j = _mm512_fmadd_ps(j, m, m);
            // Opaque to the compiler, so that the ten chains stay ten and none is folded.
            __asm__ volatile("" : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), "+v"(j));
        }
        double rate = 10.0 * 32 * ROUNDS / (double)(onr_time_ns() - start);
        if (rate > best) best = rate;
    }
    return best;
}
