// test_base_map.c: put, get, growth, against the order in which keys went in.
// May assume: nothing. Never removes: the map cannot.
#include "base/map.h"

#include "support/cmocka.h"

#include <stdio.h>

static void empty_map(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    onr_map m;
    onr_map_init(&m, a);
    assert_null(onr_map_get(&m, "x"));
    assert_null(onr_map_get(&m, ""));
    assert_int_equal(m.n, 0);
    onr_arena_free(a);
}

static void many_keys(void **state) {
    (void)state;
    enum { N = 20000 };
    onr_arena *a = onr_arena_new(0);
    onr_map m;
    onr_map_init(&m, a);
    for (int i = 0; i < N; i++) {
        char *key = onr_arena_printf(a, "/layer%d/Conv_output_0", i);
        bool is_new = false;
        onr_map_entry *e = onr_map_put(&m, key, &is_new);
        assert_non_null(e);
        assert_true(is_new);
        assert_int_equal(e->v.num, 0);
        e->v.num = i;
    }
    assert_int_equal(m.n, N);
    for (int i = 0; i < N; i++) {
        char key[64]; // another pointer with the same text
        snprintf(key, sizeof key, "/layer%d/Conv_output_0", i);
        onr_map_entry *e = onr_map_get(&m, key);
        assert_non_null(e);
        assert_int_equal(e->v.num, i);
        bool is_new = true;
        assert_ptr_equal(onr_map_put(&m, key, &is_new), e);
        assert_false(is_new);
        snprintf(key, sizeof key, "/layer%d/Conv_output_1", i);
        assert_null(onr_map_get(&m, key));
    }
    assert_int_equal(m.n, N);
    onr_arena_free(a);
}

static void empty_key_is_a_key(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    onr_map m;
    onr_map_init(&m, a);
    onr_map_put(&m, "", NULL)->v.ptr = a;
    assert_ptr_equal(onr_map_get(&m, "")->v.ptr, a);
    onr_arena_free(a);
}

static void no_memory_leaves_the_map_whole(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(16 * sizeof(onr_map_entry)); // room for the first table only
    onr_map m;
    onr_map_init(&m, a);
    char keys[20][4];
    int n = 0;
    for (; n < 20; n++) {
        snprintf(keys[n], sizeof keys[n], "k%d", n);
        if (!onr_map_put(&m, keys[n], NULL)) break;
    }
    assert_true(n > 0 && n < 20);
    assert_int_equal(m.n, n);
    for (int i = 0; i < n; i++) assert_non_null(onr_map_get(&m, keys[i]));
    assert_null(onr_map_get(&m, keys[n]));
    onr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(empty_key_is_a_key),
        cmocka_unit_test(no_memory_leaves_the_map_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
