// check.c: what the kernel checks share, see check.h.
// May assume: pages of sysconf(_SC_PAGESIZE) bytes. Never continues after a wrong argument.
#include "check.h"

#include "base/cpu.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MAX_GUARDED = 64, SHOWN = 20 };

static struct {
    bool bench;
    uint64_t rng;
    uint32_t features;
    const char *only;
    onr_pool *pools[3];
    struct {
        void *at;
        size_t bytes;
    } guarded[MAX_GUARDED];
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

void check_start(int argc, char **argv) {
    onr_cpu cpu;
    onr_cpu_detect(&cpu);
    uint64_t seed = 1;
    for (int i = 1; i < argc; i++) {
        onr_err err = {0};
        if (!strcmp(argv[i], "--bench")) {
            all.bench = true;
        } else if (!strcmp(argv[i], "--seed") && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 0);
        } else if (!strcmp(argv[i], "--only") && i + 1 < argc) {
            all.only = argv[++i];
        } else if (!strcmp(argv[i], "--cpu") && i + 1 < argc && onr_cpu_cap(&cpu, argv[i + 1], &err) == ONR_OK) {
            i++;
        } else {
            fprintf(stderr, "usage: %s [--bench] [--seed N] [--only TEXT] [--cpu LEVEL this machine has]\n", argv[0]);
            exit(2);
        }
    }
    all.features = cpu.features;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGSEGV, report_crash);
    signal(SIGBUS, report_crash);
    signal(SIGFPE, report_crash);
    all.rng = seed * 0x9e3779b97f4a7c15u;
    printf("seed %llu, cpu %s\n", (unsigned long long)seed, onr_cpu_level(cpu.features));
}

bool check_benching(void) { return all.bench; }
uint32_t check_features(void) { return all.features; }
bool check_wanted(const char *name) { return !all.only || strstr(name, all.only); }

onr_pool *check_pool(int index) {
    if (!all.pools[index]) all.pools[index] = onr_pool_new(index + 1);
    return all.pools[index];
}

uint32_t check_random(void) { // splitmix64
    uint64_t z = all.rng += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

float check_uniform(float lo, float hi) { return lo + (hi - lo) * ((float)(check_random() >> 8) * 0x1p-24f); }
int64_t check_below(int64_t n) { return (int64_t)(((uint64_t)check_random() * (uint64_t)n) >> 32); }

static char *guard(size_t bytes, size_t align, bool at_end) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), data = (bytes + page - 1) / page * page;
    char *p = mmap(NULL, data + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || all.n_guarded == MAX_GUARDED) {
        fprintf(stderr, "check: no memory for %zu guarded bytes\n", bytes);
        exit(2);
    }
    all.guarded[all.n_guarded].at = p;
    all.guarded[all.n_guarded++].bytes = data + 2 * page;
    mprotect(p, page, PROT_NONE);
    mprotect(p + page + data, page, PROT_NONE);
    char *start = at_end ? p + page + (data - bytes) / align * align : p + page;
    memset(p + page, 0xff, data);
    return start;
}

void *check_guarded(size_t bytes) { return guard(bytes, 1, all.turn++ % 2 == 0); }
void *check_scratch(size_t bytes) { return guard(bytes, 64, true); }

float *check_floats(size_t n) {
    float *p = check_guarded(n * sizeof *p);
    for (size_t i = 0; i < n; i++) p[i] = check_uniform(-1, 1);
    return p;
}

void check_release(void) {
    while (all.n_guarded > 0) {
        all.n_guarded--;
        munmap(all.guarded[all.n_guarded].at, all.guarded[all.n_guarded].bytes);
    }
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

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double check_time(void (*fn)(void *ctx), void *ctx, double seconds) {
    double best = INFINITY;
    fn(ctx);
    for (double start = now(), t = start; t - start < seconds;) {
        fn(ctx);
        const double end = now();
        if (end - t < best) best = end - t;
        t = end;
    }
    return best;
}

int check_finish(void) {
    check_release();
    for (int i = 0; i < 3; i++) onr_pool_free(all.pools[i]);
    printf("%ld passed, %ld failed\n", all.n_cases - all.n_failed, all.n_failed);
    return all.n_failed > 0 || (all.n_cases == 0 && !all.bench);
}
