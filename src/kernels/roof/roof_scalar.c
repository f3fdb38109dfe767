// roof_scalar.c: the machine's limits for code of the baseline CPU: four lanes, a product and a sum of its own instruction
// each. May assume: gcc or clang, whose vector types become the baseline's registers. Never writes.
#include "kernels/roof/roof_variant.h"

enum { LANES = 4 };

typedef float vf4 __attribute__((vector_size(16)));

static float fma_chains(const float *x, int64_t rounds) {
    const vf4 half = {*x, *x, *x, *x};
    vf4 a[ROOF_CHAINS], sum = {0};
    for (int c = 0; c < ROOF_CHAINS; c++) a[c] = (vf4){x[1 + c], x[1 + c], x[1 + c], x[1 + c]};
    for (int64_t i = 0; i < rounds; i++) {
        for (int c = 0; c < ROOF_CHAINS; c++) a[c] = a[c] * half + half; // unrolled whole at -O3
    }
    for (int c = 0; c < ROOF_CHAINS; c++) sum += a[c];
    return sum[0];
}

static float read_stream(const float *x, int64_t n) {
    enum { STREAMS = 4 };
    vf4 m[STREAMS] = {0};
    for (int64_t i = 0; i + STREAMS * LANES <= n; i += STREAMS * LANES) {
        for (int s = 0; s < STREAMS; s++) m[s] += *(const vf4 *)(x + i + s * LANES);
    }
    m[0] += m[1] + m[2] + m[3];
    return m[0][0] + m[0][1] + m[0][2] + m[0][3];
}

const onr_roof_variant onr_roof_f32_scalar = {"roof_f32_scalar", 0, LANES, fma_chains, read_stream};
