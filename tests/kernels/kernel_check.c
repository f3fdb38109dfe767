// kernel_check.c: every row of every variant list against a plain reference, between guard pages. With --bench: its speed on
// the layer shapes of the nets; with --algorithms: whether the cost model of the convolutions picks the fastest. May assume:
// nothing about the CPU: variants beyond it are left out. Never lets a variant pass that was not run.
#include "kernel_check.h"
#include "check.h"

#include <stdio.h>

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*check)(void);
        void (*bench)(void);
    } families[] = {{"conv", check_conv, bench_conv}, {"gemm", check_gemm, bench_gemm}, {"vector", check_vector, bench_vector}};
    check_start(argc, argv);
    if (check_mode() != CHECK_RIGHT)
        printf("FMA peak %.1f GFLOP/s on one core, %.1f GB/s from memory\n", check_peak_gflops(check_features()),
               check_peak_gbytes());
    if (check_mode() == CHECK_ALGORITHMS) {
        bench_conv_algorithms();
        return check_finish();
    }
    bool found = false;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (!check_family(families[i].name)) continue;
        found = true;
        if (check_mode() == CHECK_BENCH)
            families[i].bench();
        else
            families[i].check();
    }
    if (!found) {
        fprintf(stderr, "kernel_check: no such family; conv, gemm and vector exist\n");
        return 2;
    }
    return check_finish();
}
