// cpu.c: asks the CPU, the kernel and the cgroup what this process may use.
// May assume: Linux. Never compiled with flags beyond the baseline, keeps no state, and reads no environment variable.
#include "base/cpu.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if ONR_HAVE_X86
#include <cpuid.h>

// XCR0 says which register files the OS saves on a context switch (Intel SDM vol. 1, 13.3).
static uint64_t read_xcr0(void) {
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static bool has(uint32_t reg, int bit) { return reg >> bit & 1; }

static uint32_t detect_features(void) {
    enum { XCR0_YMM = 0x6, XCR0_ZMM = 0xe6 };
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 27)) return 0; // OSXSAVE
    bool fma_f16c = has(c, 12) && has(c, 29);
    uint64_t xcr0 = read_xcr0();
    if ((xcr0 & XCR0_YMM) != XCR0_YMM || !has(c, 28) || !fma_f16c) return 0;
    uint32_t max_subleaf = 0, b7 = 0, c7 = 0, d7 = 0;
    if (!__get_cpuid_count(7, 0, &max_subleaf, &b7, &c7, &d7) || !has(b7, 5)) return 0;
    uint32_t features = ONR_CPU_AVX2;
    bool zmm = (xcr0 & XCR0_ZMM) == XCR0_ZMM;
    if (!zmm || !has(b7, 16) || !has(b7, 17) || !has(b7, 30) || !has(b7, 31)) return features;
    features |= ONR_CPU_AVX512;
    if (has(c7, 11)) features |= ONR_CPU_AVX512VNNI;
    if (max_subleaf >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && has(a, 5)) features |= ONR_CPU_AVX512BF16;
    return features;
}

// Deterministic cache parameters: leaf 4 (Intel), or 0x8000001D with the same layout (AMD).
static void detect_caches(onr_cpu *cpu) {
    uint32_t a = 0, b = 0, c = 0, d = 0;
    unsigned leaf = 4;
    if (!__get_cpuid_count(4, 0, &a, &b, &c, &d) || (a & 31) == 0) leaf = 0x8000001Du;
    for (unsigned i = 0; i < 16; i++) {
        if (!__get_cpuid_count(leaf, i, &a, &b, &c, &d)) return;
        unsigned type = a & 31, level = a >> 5 & 7;
        if (type == 0) return;
        size_t ways = (b >> 22) + 1, parts = (b >> 12 & 0x3ff) + 1, line = (b & 0xfff) + 1, sets = (size_t)c + 1;
        size_t bytes = ways * parts * line * sets;
        if (level == 1 && type == 1) cpu->l1d_bytes = bytes; // data
        if (level == 2) cpu->l2_bytes = bytes;
        if (level == 3) cpu->l3_bytes = bytes;
    }
}
#else
static uint32_t detect_features(void) {
#if ONR_HAVE_NEON
    return ONR_CPU_NEON; // part of every AArch64
#else
    return 0;
#endif
}

static void detect_caches(onr_cpu *cpu) {
#ifdef _SC_LEVEL1_DCACHE_SIZE // glibc's
    long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE), l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
    if (l1 > 0) cpu->l1d_bytes = (size_t)l1;
    if (l2 > 0) cpu->l2_bytes = (size_t)l2;
    if (l3 > 0) cpu->l3_bytes = (size_t)l3;
#else
    (void)cpu; // the defaults stay
#endif
}
#endif

// Cores in the affinity mask; the mask grows until the kernel's fits in.
static int affinity_cores(void) {
    for (int max = 1024; max <= 1 << 20; max *= 4) {
        cpu_set_t *set = CPU_ALLOC((size_t)max);
        if (!set) break;
        size_t bytes = CPU_ALLOC_SIZE((size_t)max);
        int n = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (n > 0) return n;
    }
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

// Reads a small text file; false when it cannot be read.
static bool read_text(const char *path, char *out, size_t cap) {
    FILE *f = fopen(path, "re");
    if (!f) return false;
    size_t n = fread(out, 1, cap - 1, f);
    fclose(f);
    out[n] = '\0';
    return n > 0;
}

// quota / period rounded up, or 0 for no limit.
static long quota_cores(long quota, long period) {
    if (quota <= 0 || period <= 0) return 0;
    return quota / period + (quota % period != 0);
}

// The tightest quota from the group at `path` up to the root of the hierarchy mounted at `mount`: a parent's limit holds too.
static long cgroup_limit(const char *mount, char *path, bool v2) {
    long best = 0;
    for (;;) {
        char file[2048], text[64];
        long quota = 0, period = 0;
        if (v2) {
            snprintf(file, sizeof file, "%s%s/cpu.max", mount, path);
            if (read_text(file, text, sizeof text) && sscanf(text, "%ld %ld", &quota, &period) != 2) quota = 0; // "max"
        } else {
            snprintf(file, sizeof file, "%s%s/cpu.cfs_quota_us", mount, path);
            if (read_text(file, text, sizeof text)) quota = atol(text);
            snprintf(file, sizeof file, "%s%s/cpu.cfs_period_us", mount, path);
            if (read_text(file, text, sizeof text)) period = atol(text);
        }
        long cores = quota_cores(quota, period);
        if (cores > 0 && (best == 0 || cores < best)) best = cores;
        char *slash = strrchr(path, '/');
        if (!slash) return best;
        *slash = '\0';
    }
}

// Is `name` one of the comma-separated words of `list`?
static bool list_has(const char *list, const char *name) {
    size_t n = strlen(name);
    for (const char *p = list; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0')) return true;
    }
    return false;
}

// The cgroup CPU quota of this process in cores, 0 for none. Lines of /proc/self/cgroup are "id:controllers:path".
static long cgroup_cores(void) {
    FILE *f = fopen("/proc/self/cgroup", "re");
    if (!f) return 0;
    long best = 0;
    char line[1024];
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) continue;
        controllers++;
        *path++ = '\0';
        long cores = 0;
        if (*controllers == '\0') {
            cores = cgroup_limit("/sys/fs/cgroup", path, true);
        } else if (list_has(controllers, "cpu")) {
            cores = cgroup_limit("/sys/fs/cgroup/cpu", path, false);
        }
        if (cores > 0 && (best == 0 || cores < best)) best = cores;
    }
    fclose(f);
    return best;
}

void onr_cpu_detect(onr_cpu *cpu) {
    *cpu = (onr_cpu){0};
    cpu->features = detect_features();
    detect_caches(cpu);
    if (!cpu->l1d_bytes) cpu->l1d_bytes = 32u << 10;
    if (!cpu->l2_bytes) cpu->l2_bytes = 512u << 10;
    if (!cpu->l3_bytes) cpu->l3_bytes = 8u << 20;
    int cores = affinity_cores();
    long quota = cgroup_cores();
    cpu->n_cores = quota > 0 && quota < cores ? (int)quota : cores;
}

// Each level with all it includes. Order: each is a subset of the next one below, so that the last match is the best.
static const struct {
    const char *name;
    uint32_t features;
} levels[] = {
    {"scalar", 0},
    {"avx2", ONR_CPU_AVX2},
    {"avx512", ONR_CPU_AVX2 | ONR_CPU_AVX512},
    {"avx512vnni", ONR_CPU_AVX2 | ONR_CPU_AVX512 | ONR_CPU_AVX512VNNI},
    {"avx512bf16", ONR_CPU_AVX2 | ONR_CPU_AVX512 | ONR_CPU_AVX512VNNI | ONR_CPU_AVX512BF16},
    {"neon", ONR_CPU_NEON},
};

const char *onr_cpu_level_at(size_t i) {
    const size_t n = sizeof levels / sizeof *levels;
    return i < n ? levels[i].name : i == n ? "native" : NULL;
}

onr_status onr_cpu_cap(onr_cpu *cpu, const char *level, onr_err *err) {
    if (strcmp(level, "native") == 0) return ONR_OK;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcmp(level, levels[i].name) != 0) continue;
        uint32_t want = levels[i].features;
        if ((cpu->features & want) != want) {
            return onr_fail(err, ONR_UNSUPPORTED, "CPU level '%s' is beyond this CPU, whose best is '%s'", level,
                            onr_cpu_level(cpu->features));
        }
        cpu->features = want;
        return ONR_OK;
    }
    return onr_fail(err, ONR_USAGE,
                    "CPU level '%s' is unknown; scalar, avx2, avx512, avx512vnni, avx512bf16, neon and native exist", level);
}

const char *onr_cpu_level(uint32_t features) {
    const char *best = "scalar";
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if ((features & levels[i].features) == levels[i].features) best = levels[i].features ? levels[i].name : best;
    }
    return best;
}
