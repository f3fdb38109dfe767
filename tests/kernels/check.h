// check.h: what the kernel checks share: seeded numbers, buffers between guard pages, findings, timing.
// May assume: a POSIX system. One check program is one process; nothing here is thread-safe.
// Never hides a finding: check_finish's exit code is 1 when there was one.
#ifndef ONR_TESTS_KERNELS_CHECK_H
#define ONR_TESTS_KERNELS_CHECK_H

#include "base/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum check_what { CHECK_RIGHT, CHECK_BENCH, CHECK_ALGORITHMS } check_what;

/// Reads the arguments, see the usage text in check.c. Exits on wrong use.
void check_start(int argc, char **argv);
/// Right results, or speed ("--bench", "--algorithms").
check_what check_mode(void);
bool check_benching(void);
/// True when --family names this one or is not given.
bool check_family(const char *name);
/// Images per batch in benchmarks (--batch).
int64_t check_batch(void);
/// The features to test with: what the CPU has, capped by --cpu. 0 only tests the scalar rows.
uint32_t check_features(void);
/// True when the name contains the text of --only.
bool check_wanted(const char *name);
/// Pools of 1, 2 and 3 threads (index 0..2), made on first use.
onr_pool *check_pool(int index);

/// Uniform in [lo, hi).
float check_uniform(float lo, float hi);
/// Uniform in [0, n).
int64_t check_below(int64_t n);

/// What a float of fresh guarded memory looks like, as bits.
#define CHECK_UNTOUCHED 0xa5a5a5a5u
/// Memory for n bytes that ends (or, every other time, begins) at a page that may not be touched; filled with CHECK_UNTOUCHED.
void *check_guarded(size_t bytes);
/// As above, for n floats, filled with uniform numbers in [-1, 1).
float *check_floats(size_t n);
/// Frees everything that check_guarded gave.
void check_release(void);
/// How many buffers there are, and freeing all but the first so many: for inputs that several cases share.
int check_mark(void);
void check_release_to(int mark);
/// 64-byte aligned memory whose last cache line touches a guard page; freed by check_release.
void *check_scratch(size_t bytes);

/// Names what is being tested, for findings.
void check_case(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/// Counts one comparison; prints the first findings. `i` is where.
bool check_near(double got, double want, double tolerance, size_t i);
bool check_untouched(float x);
bool check_true(bool ok, const char *what);
/// The largest error / tolerance seen since the last call.
double check_worst(void);

/// What this machine can do on one core, measured on first use: FMAs in registers at the level of these features, and a stream
/// from memory.
double check_peak_gflops(uint32_t features);
double check_peak_gbytes(void);
/// Minimum seconds of fn(ctx) over about `seconds` of runs; `threads`: fn uses a pool of more than one.
double check_time(void (*fn)(void *ctx), void *ctx, double seconds, bool threads);

/// Prints "N passed, N failed"; the exit code of main.
int check_finish(void);

#endif
