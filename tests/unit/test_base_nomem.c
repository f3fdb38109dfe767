// test_base_nomem.c: base with the n-th allocation failing, for every n: a clean failure, and nothing lost.
// May assume: linked with the failing allocator. Never checks what succeeds without failures; other tests do.
#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/str.h"

#include "support/cmocka.h"
#include "support/failing_alloc.h"

#include <stdio.h>
#include <string.h>

// Runs `fn` until no allocation fails; it returns whether it succeeded, and must have failed whenever an allocation did.
static void fail_each(bool (*fn)(void)) {
    for (size_t n = 1; n < 1000; n++) {
        long before = failing_alloc_live();
        failing_alloc_start(n, 0);
        bool ok = fn();
        size_t asked = failing_alloc_stop();
        assert_int_equal(failing_alloc_live(), before);
        assert_int_equal(ok, asked < n);
        if (ok) {
            assert_true(n > 1); // something did allocate
            return;
        }
    }
    fail();
}

static bool use_arena(void) {
    onr_arena *a = onr_arena_new(0);
    if (!a) return false;
    bool ok = true;
    for (int i = 0; i < 50 && ok; i++) ok = onr_arena_alloc(a, 1000) && onr_arena_alloc_aligned(a, 5000, 64);
    ok = ok && onr_arena_printf(a, "%d", 3) && onr_arena_strdup(a, "x");
    onr_arena_free(a);
    return ok;
}

static bool use_map(void) {
    onr_arena *a = onr_arena_new(0);
    if (!a) return false;
    onr_map m;
    onr_map_init(&m, a);
    char keys[300][8];
    bool ok = true;
    for (int i = 0; i < 300 && ok; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        ok = onr_map_put(&m, keys[i], NULL) != NULL;
    }
    onr_arena_free(a);
    return ok;
}

static bool use_str(void) {
    onr_str b = {0};
    for (int i = 0; i < 1000; i++) onr_str_printf(&b, "%d ", i);
    onr_str_json(&b, "x\n");
    bool ok = !b.failed;
    onr_str_free(&b);
    return ok;
}

static bool use_buf(void) {
    onr_buf *b = onr_buf_new(100);
    onr_buf_unref(b);
    return b != NULL;
}

static bool read_special_file(void) {
    onr_map_file f;
    onr_err err = {0};
    if (onr_file_map("/proc/self/status", &f, &err) != ONR_OK) {
        assert_int_equal(err.code, ONR_LIMIT);
        return false;
    }
    bool ok = f.bytes > 0;
    onr_file_unmap(&f);
    return ok;
}

static bool use_pool(void) {
    onr_pool *p = onr_pool_new(2);
    onr_pool_free(p);
    return p != NULL;
}

static void arena_fails_cleanly(void **state) {
    (void)state;
    fail_each(use_arena);
}

static void map_fails_cleanly(void **state) {
    (void)state;
    fail_each(use_map);
}

static void str_fails_cleanly(void **state) {
    (void)state;
    fail_each(use_str);
}

static void buf_fails_cleanly(void **state) {
    (void)state;
    fail_each(use_buf);
}

static void reading_fails_cleanly(void **state) {
    (void)state;
    fail_each(read_special_file);
}

static void pool_fails_cleanly(void **state) {
    (void)state;
    fail_each(use_pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_fails_cleanly), cmocka_unit_test(map_fails_cleanly),     cmocka_unit_test(str_fails_cleanly),
        cmocka_unit_test(buf_fails_cleanly),   cmocka_unit_test(reading_fails_cleanly), cmocka_unit_test(pool_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
