// check.c: what the kernel checks share, see check.h.
// May assume: a POSIX system. Never continues after a wrong argument.
#include "check.h"

#include "base/cpu.h"
#include "kernels/roof/roof.h"
#include "support/guard.h"
#include "support/rng.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_GUARDED = 64, SHOWN = 20, GUARD_BENCH = 4096 };

static struct {
    check_what mode;
    rng rng;
    uint32_t features;
    const char *only, *family;
    int64_t batch;
    double gflops[3], gbytes;
    onr_pool *pools[3];
    void *guarded[MAX_GUARDED];
    int n_guarded;
    unsigned turn;
    char what[256];
    bool case_failed;
    long n_cases, n_failed, n_shown;
    double worst;
} all;

static void report_crash(int signal_number) { // a kernel that left its buffers is that kernel's finding
    static const char text[] = "FAILED with a signal: ";
    ssize_t n = write(STDOUT_FILENO, text, sizeof text - 1);
    n += write(STDOUT_FILENO, all.what, strlen(all.what));
    n += write(STDOUT_FILENO, "\n", 1);
    _exit(n > 0 ? 128 + signal_number : 2);
}

static const char usage[] = "usage: kernel_check [--family NAME] [--only TEXT] [--cpu LEVEL] [--seed N]\n"
                            "       kernel_check --bench [--family NAME] [--only TEXT] [--cpu LEVEL] [--batch N]\n"
                            "       kernel_check --algorithms [--only TEXT] [--cpu LEVEL] [--batch N]\n"
                            "Compares every variant of every kernel family with plain references; --bench measures them on the "
                            "layer shapes of the nets,\n"
                            "--algorithms whether the cost model of the convolutions picks the fastest. Families: conv, gemm, "
                            "vector. TEXT is part of the\n"
                            "name of a variant or of a shape; LEVEL one that this machine has.\n";

static bool parse(int argc, char **argv, onr_cpu *cpu, uint64_t *seed) {
    for (int i = 1; i < argc; i++) {
        onr_err err = {0};
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--bench"))
            all.mode = CHECK_BENCH;
        else if (!strcmp(argv[i], "--algorithms"))
            all.mode = CHECK_ALGORITHMS;
        else if (!value)
            return false;
        else if (!strcmp(argv[i], "--seed"))
            *seed = strtoull(argv[++i], NULL, 0);
        else if (!strcmp(argv[i], "--only"))
            all.only = argv[++i];
        else if (!strcmp(argv[i], "--family"))
            all.family = argv[++i];
        else if (!strcmp(argv[i], "--batch") && atoi(value) > 0)
            all.batch = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--cpu") && onr_cpu_cap(cpu, value, &err) == ONR_OK)
            i++;
        else
            return false;
    }
    return true;
}

void check_start(int argc, char **argv) {
    onr_cpu cpu;
    onr_cpu_detect(&cpu);
    uint64_t seed = 1;
    all.batch = 1;
    const bool help = argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"));
    if (help || !parse(argc, argv, &cpu, &seed)) {
        fputs(usage, help ? stdout : stderr);
        exit(help ? 0 : 2);
    }
    all.features = cpu.features;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGSEGV, report_crash);
    signal(SIGBUS, report_crash);
    signal(SIGFPE, report_crash);
    rng_seed(&all.rng, seed);
    printf("seed %llu, cpu %s\n", (unsigned long long)seed, onr_cpu_level(cpu.features));
}

check_what check_mode(void) { return all.mode; }
bool check_benching(void) { return all.mode != CHECK_RIGHT; }
bool check_family(const char *name) { return !all.family || strcmp(name, all.family) == 0; }
int64_t check_batch(void) { return all.batch; }
uint32_t check_features(void) { return all.features; }
bool check_wanted(const char *name) { return !all.only || strstr(name, all.only); }

onr_pool *check_pool(int index) {
    if (!all.pools[index]) all.pools[index] = onr_pool_new(index + 1);
    onr_pool_await(all.pools[index]);
    return all.pools[index];
}

float check_uniform(float lo, float hi) { return rng_f32(&all.rng, lo, hi); }
int64_t check_below(int64_t n) { return (int64_t)rng_below(&all.rng, (uint64_t)n); }

static void *keep(void *p) {
    if (all.n_guarded == MAX_GUARDED) {
        fprintf(stderr, "check: more than %d buffers in one case\n", MAX_GUARDED);
        exit(2);
    }
    return all.guarded[all.n_guarded++] = p;
}

void *check_guarded(size_t bytes) {
    // AVX-512 stumbles for microseconds over a masked load that reaches into a guard page: not what a benchmark should measure.
    if (check_benching()) return check_scratch(bytes + GUARD_BENCH);
    return keep(all.turn++ % 2 == 0 ? guard_buf_new(bytes, sizeof(float)) : guard_buf_new_front(bytes));
}

void *check_scratch(size_t bytes) { return keep(guard_buf_new(bytes, 64)); }

float *check_floats(size_t n) {
    float *p = check_guarded(n * sizeof *p);
    rng_fill_f32(&all.rng, p, n, -1, 1);
    return p;
}

int check_mark(void) { return all.n_guarded; }

void check_release(void) { check_release_to(0); }

void check_release_to(int mark) {
    while (all.n_guarded > mark) check_true(guard_buf_free(all.guarded[--all.n_guarded]) == 0, "wrote around a buffer");
}

void check_case(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(all.what, sizeof all.what, fmt, ap);
    va_end(ap);
    all.n_cases++;
    all.case_failed = false;
}

static void count_failure(void) {
    if (!all.case_failed) all.n_failed++;
    all.case_failed = true;
}

bool check_near(double got, double want, double tolerance, size_t i) {
    const bool same = got == want || (isnan(got) && isnan(want));
    const double error = same ? 0 : fabs(got - want);
    if (tolerance > 0 && error / tolerance > all.worst) all.worst = error / tolerance;
    if (same || error <= tolerance) return true;
    if (!all.case_failed && all.n_shown++ < SHOWN)
        printf("FAILED %s: [%zu] is %.9g, want %.9g within %.2g\n", all.what, i, got, want, tolerance);
    count_failure();
    return false;
}

bool check_untouched(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits == CHECK_UNTOUCHED;
}

bool check_true(bool ok, const char *what) {
    if (ok) return true;
    if (!all.case_failed && all.n_shown++ < SHOWN) printf("FAILED %s: %s\n", all.what, what);
    count_failure();
    return false;
}

double check_worst(void) {
    const double w = all.worst;
    all.worst = 0;
    return w;
}

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double check_time(void (*fn)(void *ctx), void *ctx, double seconds, bool threads) {
    // This thread's own time is not disturbed by other processes; with threads only the wall clock tells the truth.
    const clockid_t clock = threads ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
    double best = INFINITY;
    long runs = 1;
    fn(ctx);
    for (double start = now(CLOCK_MONOTONIC); now(CLOCK_MONOTONIC) - start < seconds;) {
        const double begin = now(clock);
        for (long i = 0; i < runs; i++) fn(ctx);
        const double took = now(clock) - begin;
        if (took < 1e-4 && runs < 1000000) // a clock costs up to a microsecond: measure many short runs as one
            runs *= 2;
        else if (took / (double)runs < best)
            best = took / (double)runs;
    }
    return best;
}

double check_peak_gflops(uint32_t features) {
    const int level = features & ONR_CPU_AVX512 ? 2 : features & (ONR_CPU_AVX2 | ONR_CPU_NEON) ? 1 : 0;
    if (all.gflops[level] == 0) all.gflops[level] = onr_roof_gflops(features, NULL);
    return all.gflops[level];
}

double check_peak_gbytes(void) {
    enum { BYTES = 256 << 20 };
    if (all.gbytes == 0) {
        void *memory = guard_buf_new(BYTES, 64); // which writes to it
        all.gbytes = onr_roof_gbytes(all.features, memory, BYTES, NULL);
        guard_buf_free(memory);
    }
    return all.gbytes;
}

int check_finish(void) {
    check_release();
    for (int i = 0; i < 3; i++) onr_pool_free(all.pools[i]);
    if (check_benching()) return 0;
    printf("%ld passed, %ld failed\n", all.n_cases - all.n_failed, all.n_failed);
    return all.n_failed > 0 || all.n_cases == 0;
}
