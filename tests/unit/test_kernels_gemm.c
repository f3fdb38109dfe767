// test_kernels_gemm.c: a row of a matrix product has the same bits wherever it stands, for every variant that this CPU has.
// May assume: an onr_gemm_run that is right (kernel_check looks at that). Never compares products of different sizes.
#include "base/arena.h"
#include "kernels/gemm/gemm.h"
#include "kernels/gemm/gemm_variant.h"
#include "support/rng.h"

#include "support/cmocka.h"

#include <math.h>
#include <string.h>

enum { N = 19, K = 67, MOST_ROWS = 61 };

// All rows of A are alike, so all rows of C must be.
static void check(const onr_gemm_variant *v, int64_t m, bool packed) {
    onr_arena *arena = onr_arena_new(0);
    assert_non_null(arena);
    float *a = onr_arena_alloc_aligned(arena, (size_t)(m * K) * 4, 64), *b = onr_arena_alloc_aligned(arena, K * N * 4, 64);
    float *c = onr_arena_alloc_aligned(arena, (size_t)(m * N) * 4, 64);
    float *panels = onr_arena_alloc_aligned(arena, onr_gemm_packed_b_bytes(v, K, N) + 64, 64);
    void *scratch = onr_arena_alloc_aligned(arena, onr_gemm_scratch_bytes(v, m, N, K, packed) + 64, 64);
    assert_true(a && b && c && panels && scratch);
    rng r;
    rng_seed(&r, (uint64_t)m);
    for (int64_t i = 0; i < K; i++) a[i] = rng_normal(&r);
    for (int64_t i = 1; i < m; i++) memcpy(a + i * K, a, K * sizeof *a);
    for (int64_t i = 0; i < K * N; i++) b[i] = rng_normal(&r);
    onr_gemm_pack_b(v, K, N, b, N, 1, panels, NULL);
    onr_gemm_run(v, &(onr_gemm_args){.m = m,
                                     .n = N,
                                     .k = K,
                                     .a = a,
                                     .a_row = K,
                                     .a_col = 1,
                                     .b = b,
                                     .b_row = N,
                                     .b_col = 1,
                                     .packed_b = packed ? panels : NULL,
                                     .c = c,
                                     .c_row = N,
                                     .alpha = 1,
                                     .lo = -INFINITY,
                                     .hi = INFINITY,
                                     .scratch = scratch});
    for (int64_t i = 1; i < m; i++)
        if (memcmp(c, c + i * N, N * sizeof *c) != 0)
            fail_msg("%s: of %d equal rows, row %d has other bits", onr_gemm_name(v), (int)m, (int)i);
    onr_arena_free(arena);
}

static void equal_rows_have_equal_bits(void **state) {
    (void)state;
    onr_cpu cpu;
    int n_variants = 0;
    onr_cpu_detect(&cpu);
    for (size_t i = 0; onr_gemm_variant_at(i); i++) {
        const onr_gemm_variant *v = onr_gemm_variant_at(i);
        if (v->needs & ~cpu.features) continue;
        n_variants++;
        for (int64_t m = 1; m <= MOST_ROWS; m++) {
            check(v, m, false);
            check(v, m, true);
        }
    }
    assert_true(n_variants > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(equal_rows_have_equal_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
