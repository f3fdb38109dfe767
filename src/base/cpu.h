// cpu.h: what this CPU can do, found once, maskable by request. Compiled for the baseline CPU only.
#ifndef ONR_BASE_CPU_H
#define ONR_BASE_CPU_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    ONR_CPU_AVX2 = 1u << 0,   ///< AVX2, FMA and F16C, and the OS saves YMM
    ONR_CPU_AVX512 = 1u << 1, ///< AVX-512 F, BW, DQ, VL, and the OS saves ZMM
    ONR_CPU_AVX512VNNI = 1u << 2,
    ONR_CPU_AVX512BF16 = 1u << 3,
    ONR_CPU_NEON = 1u << 4
};

typedef struct onr_cpu {
    uint32_t features;                    ///< ONR_CPU_* bits; 0 is the scalar level
    size_t l1d_bytes, l2_bytes, l3_bytes; ///< per core (l3: whole); sensible defaults when not known
    int n_cores;                          ///< that affinity and the cgroup quota allow this process
} onr_cpu;

/// Detects the CPU. No global state: call once per session.
void onr_cpu_detect(onr_cpu *cpu);
/// Caps `cpu->features` at a level: "scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "neon", "native".
/// Asking for more than the CPU has is ONR_UNSUPPORTED; an unknown name is ONR_USAGE.
onr_status onr_cpu_cap(onr_cpu *cpu, const char *level, onr_err *err);
/// The name of the best level in `features`.
const char *onr_cpu_level(uint32_t features);
/// The i-th name that onr_cpu_cap knows, "native" last; NULL beyond.
const char *onr_cpu_level_at(size_t i);

#endif
