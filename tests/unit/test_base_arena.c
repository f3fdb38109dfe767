// test_base_arena.c: alignment, zeroing, limits, overflow, growth; counted blocks.
// May assume: 64-bit sizes. Never depends on how chunks are laid out.
#include "base/arena.h"
#include "base/mathx.h"

#include "support/cmocka.h"
#include "support/rng.h"

#include <string.h>

static bool is_zero(const void *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (((const uint8_t *)p)[i]) return false;
    }
    return true;
}

// Random sizes and alignments; every object keeps its own bytes to the end.
static void objects_do_not_overlap(void **state) {
    (void)state;
    enum { N = 3000 };
    static struct {
        uint8_t *p;
        size_t n;
        uint8_t fill;
    } objects[N];
    rng r;
    rng_seed(&r, 1);
    onr_arena *a = onr_arena_new(0);
    assert_non_null(a);
    size_t sum = 0;
    for (size_t i = 0; i < N; i++) {
        size_t n = i % 100 == 99 ? rng_below(&r, 3u << 20) : rng_below(&r, 300), align = (size_t)1 << rng_below(&r, 13);
        bool zeroed = i % 3 == 0;
        objects[i].p = zeroed ? onr_arena_alloc(a, n) : onr_arena_alloc_aligned(a, n, align);
        assert_non_null(objects[i].p);
        assert_int_equal((uintptr_t)objects[i].p % (zeroed ? 16 : align), 0);
        if (zeroed) assert_true(is_zero(objects[i].p, n));
        objects[i].n = n;
        objects[i].fill = (uint8_t)rng_u64(&r);
        memset(objects[i].p, objects[i].fill, n);
        sum += n;
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < objects[i].n; k++) assert_int_equal(objects[i].p[k], objects[i].fill);
    }
    assert_true(onr_arena_bytes(a) >= sum);
    assert_true(onr_arena_bytes(a) <= sum + N * 16);
    onr_arena_free(a);
}

// Touching writes into each page that begins in the object, and nowhere else: its neighbours stay as they are.
static void touching_stays_inside(void **state) {
    (void)state;
    enum { BYTES = 5 << 20 };
    onr_arena *a = onr_arena_new(0);
    uint8_t *p = onr_arena_alloc_aligned(a, BYTES, 64);
    assert_non_null(p);
    size_t touched = 0;
    for (size_t begin = 0; begin < BYTES; begin += BYTES / 16) {
        memset(p, 0xa5, BYTES);
        onr_arena_touch(p + begin, BYTES / 16 - 1);
        for (size_t i = 0; i < BYTES; i++) {
            if (p[i] == 0xa5) continue;
            assert_true(i >= begin && i < begin + BYTES / 16 - 1 && (uintptr_t)(p + i) % (2u << 20) == 0);
            touched++;
        }
    }
    assert_in_range(touched, 2, 3);
    onr_arena_touch(p, 0);
    onr_arena_free(a);
}

static void zero_bytes_are_unique(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    void *p = onr_arena_alloc(a, 0), *q = onr_arena_alloc(a, 0);
    assert_non_null(p);
    assert_non_null(q);
    assert_ptr_not_equal(p, q);
    onr_arena_free(a);
    onr_arena_free(NULL);
}

static void overflow_is_no_memory(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    assert_null(onr_arena_alloc_aligned(a, SIZE_MAX, 16));
    assert_null(onr_arena_alloc_aligned(a, SIZE_MAX - 4096, 4096));
    assert_null(onr_arena_alloc(a, SIZE_MAX / 2));
    assert_null(onr_arena_calloc(a, SIZE_MAX / 2, 3));
    assert_null(onr_arena_calloc(a, 3, SIZE_MAX / 2));
    assert_null(onr_arena_grow(a, NULL, 0, SIZE_MAX / 8 + 1, 8));
    assert_non_null(onr_arena_alloc(a, 8)); // still alive
    onr_arena_free(a);
}

static void limit_holds(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(1024);
    assert_non_null(onr_arena_alloc(a, 512));
    assert_null(onr_arena_alloc(a, 513));
    assert_int_equal(onr_arena_bytes(a), 512);
    assert_non_null(onr_arena_alloc(a, 512));
    assert_null(onr_arena_alloc(a, 1));
    onr_arena_free(a);
}

static void strings(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    assert_string_equal(onr_arena_strdup(a, "conv_1"), "conv_1");
    assert_string_equal(onr_arena_strdup(a, ""), "");
    assert_string_equal(onr_arena_strndup(a, "conv_1", 4), "conv");
    assert_string_equal(onr_arena_strndup(a, "conv_1", 400), "conv_1");
    char wide[5000];
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    char *s = onr_arena_printf(a, "%s-%d", wide, 7);
    assert_int_equal(strlen(s), sizeof wide - 1 + 2);
    assert_string_equal(s + sizeof wide - 1, "-7");
    onr_arena_free(a);
}

static void grow_keeps_the_old(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    int *x = NULL;
    size_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        if ((size_t)i == cap) {
            size_t more = cap ? cap * 2 : 4;
            x = onr_arena_grow(a, x, cap, more, sizeof *x);
            assert_non_null(x);
            assert_true(is_zero(x + cap, (more - cap) * sizeof *x));
            cap = more;
        }
        x[i] = i;
    }
    for (int i = 0; i < 1000; i++) assert_int_equal(x[i], i);
    onr_arena_free(a);
}

static int n_freed;

static void note_free(onr_buf *b) {
    n_freed++;
    assert_int_equal(((uint8_t *)b->data)[b->bytes - 1], 9);
}

static void buf_counts(void **state) {
    (void)state;
    for (size_t bytes = 1; bytes < 1000; bytes += 37) {
        onr_buf *b = onr_buf_new(bytes);
        assert_non_null(b);
        assert_int_equal((uintptr_t)b->data % 64, 0);
        memset(b->data, 9, bytes);
        b->on_free = note_free;
        n_freed = 0;
        assert_ptr_equal(onr_buf_ref(b), b);
        onr_buf_unref(b);
        assert_int_equal(n_freed, 0);
        onr_buf_unref(b);
        assert_int_equal(n_freed, 1);
    }
    onr_buf *empty = onr_buf_new(0);
    assert_non_null(empty);
    assert_non_null(empty->data);
    onr_buf_unref(empty);
    assert_null(onr_buf_ref(NULL));
    onr_buf_unref(NULL);
    assert_null(onr_buf_new(SIZE_MAX));
    assert_null(onr_buf_new(SIZE_MAX - 128));
}

static void heap(void **state) {
    (void)state;
    char *p = onr_malloc(0);
    assert_non_null(p);
    p = onr_realloc(p, 100);
    assert_non_null(p);
    memset(p, 1, 100);
    onr_free(p);
    onr_free(NULL);
}

static void sizes(void **state) {
    (void)state;
    size_t s;
    int64_t i;
    assert_true(onr_mul_size(1u << 20, 1u << 20, &s));
    assert_false(onr_mul_size(SIZE_MAX, 2, &s));
    assert_false(onr_add_size(SIZE_MAX, 1, &s));
    assert_false(onr_mul_i64(INT64_MIN, -1, &i));
    assert_false(onr_add_i64(INT64_MAX, 1, &i));
    assert_true(onr_add_i64(INT64_MAX, INT64_MIN, &i) && i == -1);
    assert_int_equal(onr_ceil_div(7, 4), 2);
    assert_int_equal(onr_ceil_div(8, 4), 2);
    assert_int_equal(onr_ceil_div(INT64_MAX, 2), INT64_MAX / 2 + 1);
    assert_int_equal(onr_round_up(0, 16), 0);
    assert_int_equal(onr_round_up(17, 16), 32);
    assert_int_equal(onr_align_up(65, 64), 128);
    assert_int_equal(onr_clamp_i64(-5, -3, 3), -3);
    assert_int_equal(onr_clamp_i64(5, -3, 3), 3);
    assert_int_equal(onr_clamp_i64(1, -3, 3), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_do_not_overlap),
        cmocka_unit_test(touching_stays_inside),
        cmocka_unit_test(zero_bytes_are_unique),
        cmocka_unit_test(overflow_is_no_memory),
        cmocka_unit_test(limit_holds),
        cmocka_unit_test(strings),
        cmocka_unit_test(grow_keeps_the_old),
        cmocka_unit_test(buf_counts),
        cmocka_unit_test(heap),
        cmocka_unit_test(sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
