// test_ops_fft.c: transforms of every small length and of some large ones against the defining sum, and back.
// May assume: the defining sum in long double is right. Never checks a length only against its own inverse.
#include "ops/fft.h"

#include <math.h>

#include "support/cmocka.h"

static onr_complex naive(const onr_complex *x, int64_t n, int64_t k) {
    long double re = 0, im = 0;
    for (int64_t j = 0; j < n; j++) {
        long double angle = -2 * 3.14159265358979323846264338327950288L * (long double)(j * k % n) / (long double)n;
        long double c = cosl(angle), s = sinl(angle);
        re += (long double)x[j].re * c - (long double)x[j].im * s;
        im += (long double)x[j].re * s + (long double)x[j].im * c;
    }
    return (onr_complex){(double)re, (double)im};
}

/// Every `skip`-th result against the sum; all of them by transforming back.
static void check_length(int64_t n, int64_t skip) {
    onr_arena *a = onr_arena_new(0);
    const onr_fft *f = onr_fft_new(n, a);
    assert_non_null(f);
    onr_complex *x = onr_arena_calloc(a, (size_t)n, sizeof *x), *y = onr_arena_calloc(a, (size_t)n, sizeof *y);
    onr_complex *z = onr_arena_calloc(a, (size_t)n, sizeof *z);
    onr_complex *scratch = onr_arena_calloc(a, onr_fft_scratch(f) + 1, sizeof *scratch);
    assert_true(x && y && z && scratch);
    uint64_t s = (uint64_t)n;
    for (int64_t i = 0; i < n; i++) {
        s = s * 6364136223846793005u + 1442695040888963407u;
        x[i] = (onr_complex){(double)(int32_t)(s >> 33) / 1e9 - 1, (double)(int32_t)(s >> 20 & 0xfffff) / 1e6};
    }
    const double near = 4e-15 * (double)n;
    onr_fft_run(f, x, y, scratch);
    for (int64_t k = 0; k < n; k += skip) {
        onr_complex w = naive(x, n, k);
        if (fabs(w.re - y[k].re) > near || fabs(w.im - y[k].im) > near)
            fail_msg("n %lld: [%lld] is %.17g %.17g, expected %.17g %.17g", (long long)n, (long long)k, y[k].re, y[k].im, w.re,
                     w.im);
    }
    onr_fft_inverse(f, y, z, scratch);
    for (int64_t i = 0; i < n; i++) assert_true(fabs(x[i].re - z[i].re) <= 1e-12 && fabs(x[i].im - z[i].im) <= 1e-12);
    onr_arena_free(a);
}

static void small_lengths(void **state) {
    (void)state;
    for (int64_t n = 1; n <= 200; n++) check_length(n, 1);
}

static void large_lengths(void **state) {
    (void)state;
    static const int64_t n[] = {1024, 997, 2048 - 1, 4095, 6561, 10007, 31 * 31 * 31, 37 * 41, 1 << 16, 65537};
    for (size_t i = 0; i < sizeof n / sizeof n[0]; i++) check_length(n[i], n[i] / 50 + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(small_lengths), cmocka_unit_test(large_lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
