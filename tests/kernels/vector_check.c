// vector_check.c: elementwise, reducing, normalizing, pooling and moving kernels against plain references, at every CPU level
// that this machine has, between guard pages. With --bench: bytes per second.
// May assume: tests/support. Never accepts more than what rounding explains.
#include "vector_check.h"
#include "check.h"
#include "kernel_check.h"

#include "base/cpu.h"

#include <stdio.h>

int64_t odd_size(int64_t most) {
    static const int64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 29, 31, 32, 33, 47, 63, 64, 65, 97, 127, 128, 131};
    int64_t n;
    do n = sizes[check_below(sizeof sizes / sizeof *sizes)];
    while (n > most);
    return n;
}

void bench_line(const char *level, const char *what, void (*fn)(void *ctx), void *ctx, void **pool_slot, double bytes) {
    if (!check_wanted(what)) return;
    *pool_slot = NULL;
    const double one = check_time(fn, ctx, 0.1, false);
    *pool_slot = check_pool(1);
    const double two = check_time(fn, ctx, 0.1, true);
    *pool_slot = NULL;
    const double rate = 1e-9 * bytes / one;
    printf("  %-8s %-44s %9.1f us %7.1f GB/s %5.1f %% | 2 threads %9.1f us %5.2f x\n", level, what, 1e6 * one, rate,
           100 * rate / check_peak_gbytes(), 1e6 * two, one / two);
}

static const struct {
    uint32_t features;
    const char *name;
} levels[] = {{0, "scalar"}, {ONR_CPU_NEON, "neon"}, {ONR_CPU_AVX2, "avx2"}, {ONR_CPU_AVX2 | ONR_CPU_AVX512, "avx512"}};
enum { N_LEVELS = sizeof levels / sizeof *levels };

void check_vector(void) {
    static const struct {
        const char *name;
        void (*run)(uint32_t features, const char *level);
    } checks[] = {{"unary", check_unary},     {"binary", check_binary},      {"reduce", check_reduce},
                  {"softmax", check_softmax}, {"norm", check_norm},          {"pooling", check_pooling},
                  {"reorder", check_reorder}, {"transpose", check_transpose}};
    for (size_t l = 0; l < N_LEVELS; l++) {
        if (levels[l].features & ~check_features()) continue;
        for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
            if (!check_wanted(checks[i].name)) continue;
            checks[i].run(levels[l].features, levels[l].name);
            printf("%-8s %-10s largest error %.2f of its bound\n", levels[l].name, checks[i].name, check_worst());
        }
    }
}

void bench_vector(void) {
    printf("bytes moved; per cent of a stream from memory, which what fits the caches may pass\n");
    for (size_t l = 0; l < N_LEVELS; l++) {
        if (levels[l].features & ~check_features()) continue;
        bench_elementwise(levels[l].features, levels[l].name);
        bench_reductions(levels[l].features, levels[l].name);
        bench_layout(levels[l].features, levels[l].name);
    }
}
