// test_support.c: the helpers of the other tests: guard pages stop a step too far, random numbers repeat.
// May assume: a child process may be started. Never tests the library.
#include "support/guard.h"
#include "support/rng.h"

#include "support/cmocka.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// Does touching byte `at` of the buffer end the process?
static int touch_kills(volatile uint8_t *p, ptrdiff_t at, int write) {
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); // a sanitizer's handler would only take longer
        signal(SIGBUS, SIG_DFL);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        if (write) {
            p[at] = 1;
        } else {
            (void)p[at];
        }
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void guards_stop_a_step_too_far(void **state) {
    (void)state;
    static const size_t sizes[] = {4, 64, 4096, 4096 * 3 + 4};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *p = guard_buf_new(sizes[i], 4);
        ptrdiff_t n = (ptrdiff_t)sizes[i];
        assert_int_equal((uintptr_t)p % 4, 0);
        assert_int_equal(touch_kills(p, n - 1, 1), 0);
        assert_int_equal(touch_kills(p, n, 0), 1);
        assert_int_equal(touch_kills(p, n, 1), 1);
        memset(p, 1, sizes[i]);
        assert_int_equal(guard_buf_free(p), 0);
        p = guard_buf_new_front(sizes[i]);
        assert_int_equal(touch_kills(p, 0, 1), 0);
        assert_int_equal(touch_kills(p, -1, 0), 1);
        assert_int_equal(guard_buf_free(p), 0);
    }
}

static void guards_notice_writes_in_the_slack(void **state) {
    (void)state;
    uint8_t *p = guard_buf_new(100, 64); // 28 bytes between the end and the page
    assert_int_equal((uintptr_t)p % 64, 0);
    p[100] = 0;
    assert_int_equal(guard_buf_free(p), -1);
    p = guard_buf_new(100, 64);
    p[-1] = 0;
    assert_int_equal(guard_buf_free(p), -1);
    assert_int_equal(guard_buf_free(NULL), 0);
}

static void random_numbers_repeat(void **state) {
    (void)state;
    rng a, b, c;
    rng_seed(&a, 42);
    rng_seed(&b, 42);
    rng_seed(&c, 43);
    int equal = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rng_u64(&a);
        assert_true(x == rng_u64(&b));
        equal += x == rng_u64(&c);
    }
    assert_int_equal(equal, 0);
}

static void random_numbers_stay_in_range(void **state) {
    (void)state;
    rng r;
    rng_seed(&r, 7);
    int seen[5] = {0};
    double sum = 0, squares = 0;
    for (int i = 0; i < 20000; i++) {
        seen[rng_below(&r, 5)]++;
        int64_t k = rng_range(&r, -3, 3);
        assert_true(k >= -3 && k <= 3);
        float f = rng_f32(&r, -2, 2);
        assert_true(f >= -2 && f < 2);
        float g = rng_normal(&r);
        sum += g;
        squares += g * g;
    }
    for (int i = 0; i < 5; i++) assert_in_range(seen[i], 3700, 4300);
    assert_true(sum / 20000 > -0.03 && sum / 20000 < 0.03);
    assert_true(squares / 20000 > 0.95 && squares / 20000 < 1.05);
    (void)rng_range(&r, INT64_MIN, INT64_MAX);
    uint8_t bytes[13] = {0};
    rng_fill_bytes(&r, bytes, 11);
    assert_int_equal(bytes[11] | bytes[12], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guards_stop_a_step_too_far),
        cmocka_unit_test(guards_notice_writes_in_the_slack),
        cmocka_unit_test(random_numbers_repeat),
        cmocka_unit_test(random_numbers_stay_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
