// roof_variant.h: the two loops on one ISA, for roof.c.
// May assume: called only on a CPU that has the bits in `needs`. Never threads.
#ifndef ONR_KERNELS_ROOF_VARIANT_H
#define ONR_KERNELS_ROOF_VARIANT_H

#include "base/cpu.h"

enum { ROOF_CHAINS = 12 }; // a latency of 4 or 5 cycles times two units, and a register more than that is left on AVX2

typedef struct onr_roof_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    int32_t lanes;
    /// ROOF_CHAINS chains of `rounds` FMAs on `lanes` lanes each, all starting at *x and converging; the sum of a lane.
    float (*fma)(const float *x, int64_t rounds);
    /// Reads n floats, a multiple of 256; something made of all of them.
    float (*read)(const float *x, int64_t n);
} onr_roof_variant;

#endif
