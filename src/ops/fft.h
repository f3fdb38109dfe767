// fft.h: the discrete Fourier transform of any length, in double precision.
// May assume: a plan is read-only once made, and may be used by several threads with scratch of their own.
#ifndef ONR_OPS_FFT_H
#define ONR_OPS_FFT_H

#include "base/arena.h"

typedef struct onr_complex {
    double re, im;
} onr_complex;

typedef struct onr_fft onr_fft;

/// A plan for n >= 1 numbers, in the arena. Lengths whose prime factors are small are split (Cooley and Tukey, 1965); others
/// become a convolution of a power of two (Bluestein, 1970). Time is O(n log n) for every n. NULL: no memory.
const onr_fft *onr_fft_new(int64_t n, onr_arena *a);
/// Numbers of scratch that a transform needs.
size_t onr_fft_scratch(const onr_fft *f);
/// out[k] = sum of in[j] e^(-2 pi i j k / n). in, out and scratch are apart.
void onr_fft_run(const onr_fft *f, const onr_complex *in, onr_complex *out, onr_complex *scratch);
/// out[k] = 1/n sum of in[j] e^(2 pi i j k / n); changes `in`.
void onr_fft_inverse(const onr_fft *f, onr_complex *in, onr_complex *out, onr_complex *scratch);

#endif
