// test_plan_arena.c: properties of onr_arena_plan on random intervals: no overlap, alignment, closeness to the bound, purity.
// May assume: seeded numbers, the same on every machine. Never looks at graphs; test_plan_networks.c does.
#include "plan/arena_plan.h"
#include "support/rng.h"

#include "support/cmocka.h"

#include <stdbool.h>
#include <string.h>

enum { MOST = 400 };

static size_t round_up(size_t bytes, size_t align) { return (bytes + align - 1) / align * align; }

static bool live_together(const onr_interval *a, const onr_interval *b) { return a->first <= b->last && b->first <= a->last; }

/// Fails when two pieces that live at the same step share a byte, one is not aligned, or one sticks out of the arena.
static void check_sound(const onr_interval *in, size_t n, size_t align, const size_t *offset, size_t total, unsigned seed) {
    for (size_t i = 0; i < n; i++) {
        if (offset[i] % align) fail_msg("seed %u: piece %zu lies at %zu, not a multiple of %zu", seed, i, offset[i], align);
        if (offset[i] > total || in[i].bytes > total - offset[i])
            fail_msg("seed %u: piece %zu of %zu bytes at %zu ends after %zu", seed, i, in[i].bytes, offset[i], total);
        for (size_t k = 0; k < i; k++)
            if (live_together(&in[i], &in[k]) && offset[i] < offset[k] + in[k].bytes && offset[k] < offset[i] + in[i].bytes)
                fail_msg("seed %u: pieces %zu and %zu share bytes", seed, k, i);
    }
}

/// The bound by looking at every step, not only where intervals begin.
static size_t slow_peak(const onr_interval *in, size_t n, size_t align) {
    size_t peak = 0;
    int32_t last = 0;
    for (size_t i = 0; i < n; i++)
        if (in[i].last > last) last = in[i].last;
    for (int32_t s = 0; s <= last; s++) {
        size_t sum = 0;
        for (size_t i = 0; i < n; i++)
            if (in[i].first <= s && s <= in[i].last) sum += round_up(in[i].bytes, align);
        if (sum > peak) peak = sum;
    }
    return peak;
}

static size_t sum_of(const onr_interval *in, size_t n, size_t align) {
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += round_up(in[i].bytes, align);
    return sum;
}

/// Any lives and sizes, zero bytes among them.
static size_t random_intervals(rng *r, onr_interval *in) {
    size_t n = 1 + (size_t)rng_below(r, 120);
    int32_t n_steps = 1 + (int32_t)rng_below(r, 80);
    for (size_t i = 0; i < n; i++) {
        in[i].first = (int32_t)rng_below(r, (uint64_t)n_steps);
        in[i].last = in[i].first + (int32_t)rng_below(r, (uint64_t)(n_steps - in[i].first));
        in[i].bytes = rng_below(r, 10) == 0 ? 0 : (size_t)rng_below(r, 1u << rng_below(r, 20));
    }
    return n;
}

static void any_intervals(void **state) {
    (void)state;
    static onr_interval in[MOST];
    static size_t offset[MOST], again[MOST];
    for (unsigned seed = 1; seed <= 400; seed++) {
        rng r;
        rng_seed(&r, seed);
        size_t n = random_intervals(&r, in), align = (size_t)1 << rng_below(&r, 9);
        size_t total = onr_arena_plan(in, n, align, offset);
        check_sound(in, n, align, offset, total, seed);
        int32_t step = -1;
        size_t peak = onr_arena_peak(in, n, align, &step);
        assert_int_equal(peak, slow_peak(in, n, align));
        size_t at_step = 0;
        for (size_t i = 0; i < n; i++)
            if (in[i].first <= step && step <= in[i].last) at_step += round_up(in[i].bytes, align);
        assert_int_equal(at_step, peak);
        assert_true(total >= peak && total <= sum_of(in, n, align));
        memset(again, 0xff, sizeof again);
        assert_int_equal(onr_arena_plan(in, n, align, again), total);
        assert_memory_equal(offset, again, n * sizeof *offset);
    }
}

/// What a residual network looks like: each step makes a tensor that the next one reads, every few steps one lives on until the
/// block's end, sizes fall by half where the resolution does, and some steps have scratch memory.
static size_t network_intervals(rng *r, onr_interval *in) {
    size_t n = 0, bytes = (size_t)(1 + rng_below(r, 64)) * 12544;
    int32_t n_steps = 20 + (int32_t)rng_below(r, 140), stage = 5 + (int32_t)rng_below(r, 30);
    int32_t block = 2 + (int32_t)rng_below(r, 3);
    for (int32_t s = 0; s < n_steps; s++) {
        if (s && s % stage == 0 && bytes > 4096) bytes /= 2;
        bool skip = s % block == 0;
        bool wide = block == 3 && s % block == 2; // a bottleneck's last convolution makes four times the channels
        int32_t last = s + (skip ? block : 1);
        in[n++] = (onr_interval){s, last < n_steps ? last : n_steps, wide || skip ? bytes : bytes / (block == 3 ? 4 : 1)};
        if (rng_below(r, 3) == 0) in[n++] = (onr_interval){s, s, (size_t)rng_below(r, bytes / 2)};
    }
    return n;
}

static void networks_stay_close(void **state) {
    (void)state;
    static onr_interval in[MOST];
    static size_t offset[MOST];
    for (unsigned seed = 1; seed <= 300; seed++) {
        rng r;
        rng_seed(&r, seed);
        size_t n = network_intervals(&r, in);
        assert_true(n <= MOST);
        size_t total = onr_arena_plan(in, n, 64, offset), peak = onr_arena_peak(in, n, 64, NULL);
        check_sound(in, n, 64, offset, total, seed);
        if ((double)total > 1.05 * (double)peak)
            fail_msg("seed %u: %zu intervals take %zu bytes, %.3f of the bound", seed, n, total, (double)total / (double)peak);
    }
}

static void nothing_and_empty(void **state) {
    (void)state;
    size_t offset[4] = {7, 7, 7, 7};
    int32_t step = 9;
    assert_int_equal(onr_arena_plan(NULL, 0, 64, offset), 0);
    assert_int_equal(onr_arena_peak(NULL, 0, 64, &step), 0);
    assert_int_equal(step, 0);
    const onr_interval empty[] = {{0, 3, 0}, {1, 2, 0}, {2, 2, 0}};
    assert_int_equal(onr_arena_plan(empty, 3, 64, offset), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(offset[i], 0);
    const onr_interval one[] = {{5, 5, 1}};
    assert_int_equal(onr_arena_plan(one, 1, 64, offset), 64);
    assert_int_equal(onr_arena_peak(one, 1, 64, &step), 64);
    assert_int_equal(step, 5);
    const onr_interval chain[] = {{0, 1, 64}, {1, 2, 64}, {2, 3, 64}, {3, 4, 64}}; // two take turns
    assert_int_equal(onr_arena_plan(chain, 4, 64, offset), 128);
}

static void too_large(void **state) {
    (void)state;
    size_t offset[3];
    const onr_interval one[] = {{0, 0, SIZE_MAX}};
    assert_true(onr_arena_plan(one, 1, 64, offset) == SIZE_MAX);
    const onr_interval rounded[] = {{0, 0, SIZE_MAX - 62}};
    assert_true(onr_arena_plan(rounded, 1, 64, offset) == SIZE_MAX);
    const onr_interval sum[] = {{0, 2, SIZE_MAX / 2 - 200}, {0, 2, SIZE_MAX / 2 - 200}, {0, 2, 1000}};
    assert_true(onr_arena_plan(sum, 3, 64, offset) == SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_intervals),
        cmocka_unit_test(networks_stay_close),
        cmocka_unit_test(nothing_and_empty),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
