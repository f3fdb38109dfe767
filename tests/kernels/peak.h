// peak.h: the FMA peak of one core, measured, as what benchmarks compare with.
// May assume: the level is one that the machine has. Never cached.
#ifndef ONR_TESTS_KERNELS_PEAK_H
#define ONR_TESTS_KERNELS_PEAK_H

/// GFLOP/s of independent FMAs in registers.
double peak_avx512(void);
double peak_avx2(void);

#endif
