// fft.c: mixed-radix decimation in time, and Bluestein's convolution for lengths with large prime factors.
// May assume: lengths were checked (at least 1). Never allocates while transforming.
#include "ops/fft.h"

#include <math.h>

enum { MOST_FACTORS = 64, LARGEST_RADIX = 31 };

struct onr_fft {
    int64_t n;
    int32_t n_factors;
    int32_t factor[MOST_FACTORS];
    const onr_complex *root; ///< root[k] = e^(-2 pi i k / n)
    // Bluestein: n_factors is 0
    const onr_fft *inner;     ///< of a power of two, at least 2 n - 1
    const onr_complex *chirp; ///< e^(-pi i k^2 / n)
    const onr_complex *image; ///< transform of the conjugate chirp, wrapped around, divided by inner's length
};

static onr_complex times(onr_complex a, onr_complex b) {
    return (onr_complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
static onr_complex plus(onr_complex a, onr_complex b) { return (onr_complex){a.re + b.re, a.im + b.im}; }
static onr_complex minus(onr_complex a, onr_complex b) { return (onr_complex){a.re - b.re, a.im - b.im}; }

/// e^(-2 pi i k / n); the angle is folded into an eighth of the circle, so that symmetric roots are symmetric to the last bit.
static onr_complex unit_root(uint64_t k, uint64_t n) {
    uint64_t eighth = k * 8 / n; // 0..7
    bool flip = eighth & 1;
    double t = flip ? (double)((eighth + 1) * n - k * 8) : (double)(k * 8 - eighth * n);
    double angle = t / (double)n * (M_PI / 4), c = cos(angle), s = sin(angle);
    double x = flip ? s : c, y = flip ? c : s; // within a quarter
    switch (eighth / 2) {
    case 0: return (onr_complex){x, -y};
    case 1: return (onr_complex){-y, -x};
    case 2: return (onr_complex){-x, y};
    default: return (onr_complex){y, x};
    }
}

// ---- mixed radix
// -------------------------------------------------------------------------------------------------------------

/// Combines p transforms of m numbers, each m apart in x, into one of p m; `step` is the roots' stride for this length.
static void combine(const onr_fft *f, onr_complex *x, int32_t p, int64_t m, int64_t step) {
    onr_complex t[LARGEST_RADIX];
    for (int64_t k = 0; k < m; k++) {
        t[0] = x[k];
        for (int32_t r = 1; r < p; r++) t[r] = times(x[r * m + k], f->root[r * k * step]);
        if (p == 2) {
            x[k] = plus(t[0], t[1]);
            x[m + k] = minus(t[0], t[1]);
        } else if (p == 4) {
            onr_complex a = plus(t[0], t[2]), b = minus(t[0], t[2]), c = plus(t[1], t[3]), d = minus(t[1], t[3]);
            x[k] = plus(a, c);
            x[m + k] = (onr_complex){b.re + d.im, b.im - d.re};
            x[2 * m + k] = minus(a, c);
            x[3 * m + k] = (onr_complex){b.re - d.im, b.im + d.re};
        } else {
            for (int32_t q = 0; q < p; q++) {
                onr_complex sum = t[0];
                for (int32_t r = 1; r < p; r++) sum = plus(sum, times(t[r], f->root[(int64_t)(r * q % p) * m * step]));
                x[q * m + k] = sum;
            }
        }
    }
}

/// The transform of in[0], in[stride], ... with factors from `level` on; recursion is as deep as there are factors.
static void split(const onr_fft *f, const onr_complex *in, int64_t stride, onr_complex *out, int64_t n, int32_t level) {
    if (level == f->n_factors) {
        out[0] = in[0];
        return;
    }
    int32_t p = f->factor[level];
    int64_t m = n / p;
    for (int32_t r = 0; r < p; r++) split(f, in + r * stride, stride * p, out + r * m, m, level + 1);
    combine(f, out, p, m, f->n / n);
}

/// Fours first, then the primes; false when one is too large.
static bool factorize(onr_fft *f) {
    int64_t n = f->n;
    for (int32_t p = 4; n > 1 && p <= LARGEST_RADIX;) {
        if (n % p == 0 && f->n_factors < MOST_FACTORS) {
            f->factor[f->n_factors++] = p;
            n /= p;
        } else {
            p = p == 4 ? 2 : p == 2 ? 3 : p + 2;
        }
    }
    return n == 1;
}

// ---- any length
// --------------------------------------------------------------------------------------------------------------

static bool plan_bluestein(onr_fft *f, onr_arena *a) {
    int64_t n = f->n, m = 1;
    f->n_factors = 0;
    while (m < 2 * n - 1) m *= 2;
    f->inner = onr_fft_new(m, a);
    onr_complex *chirp = onr_arena_calloc(a, (size_t)n, sizeof *chirp);
    onr_complex *wrapped = onr_arena_calloc(a, (size_t)m, sizeof *wrapped);
    onr_complex *image = onr_arena_calloc(a, (size_t)m, sizeof *image);
    if (!f->inner || !chirp || !wrapped || !image) return false;
    uint64_t square = 0, period = 2 * (uint64_t)n; // k^2 modulo 2 n, by adding 2 k + 1
    for (int64_t k = 0; k < n; k++) {
        chirp[k] = unit_root(square, period);
        wrapped[k] = wrapped[(m - k) % m] = (onr_complex){chirp[k].re, -chirp[k].im};
        square = (square + 2 * (uint64_t)k + 1) % period;
    }
    onr_fft_run(f->inner, wrapped, image, NULL);
    for (int64_t k = 0; k < m; k++) image[k] = (onr_complex){image[k].re / (double)m, image[k].im / (double)m};
    f->chirp = chirp;
    f->image = image;
    return true;
}

/// A convolution with the chirp, by two transforms of a power of two; scratch has two times that many.
static void run_bluestein(const onr_fft *f, const onr_complex *in, onr_complex *out, onr_complex *scratch) {
    int64_t n = f->n, m = f->inner->n;
    onr_complex *a = scratch, *b = scratch + m;
    for (int64_t k = 0; k < n; k++) a[k] = times(in[k], f->chirp[k]);
    for (int64_t k = n; k < m; k++) a[k] = (onr_complex){0, 0};
    onr_fft_run(f->inner, a, b, NULL);
    for (int64_t k = 0; k < m; k++) { // the inverse is a transform with parts swapped
        onr_complex v = times(b[k], f->image[k]);
        a[k] = (onr_complex){v.im, v.re};
    }
    onr_fft_run(f->inner, a, b, NULL);
    for (int64_t k = 0; k < n; k++) out[k] = times((onr_complex){b[k].im, b[k].re}, f->chirp[k]);
}

// ---- interface
// ---------------------------------------------------------------------------------------------------------------

const onr_fft *onr_fft_new(int64_t n, onr_arena *a) {
    if (n > INT64_MAX / 64) return NULL; // far beyond memory; and the arithmetic below stays in range
    onr_fft *f = onr_arena_alloc(a, sizeof *f);
    if (!f) return NULL;
    f->n = n;
    if (!factorize(f)) return plan_bluestein(f, a) ? f : NULL;
    onr_complex *root = onr_arena_calloc(a, (size_t)n, sizeof *root);
    if (!root) return NULL;
    for (int64_t k = 0; k < n; k++) root[k] = unit_root((uint64_t)k, (uint64_t)n);
    f->root = root;
    return f;
}

size_t onr_fft_scratch(const onr_fft *f) { return f->inner ? 2 * (size_t)f->inner->n : 0; }

void onr_fft_run(const onr_fft *f, const onr_complex *in, onr_complex *out, onr_complex *scratch) {
    if (f->inner)
        run_bluestein(f, in, out, scratch);
    else
        split(f, in, 1, out, f->n, 0);
}

void onr_fft_inverse(const onr_fft *f, onr_complex *in, onr_complex *out, onr_complex *scratch) {
    for (int64_t k = 0; k < f->n; k++) in[k] = (onr_complex){in[k].im, in[k].re};
    onr_fft_run(f, in, out, scratch);
    for (int64_t k = 0; k < f->n; k++) out[k] = (onr_complex){out[k].im / (double)f->n, out[k].re / (double)f->n};
}
