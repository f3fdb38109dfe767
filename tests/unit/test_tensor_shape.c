// test_tensor_shape.c: shapes, symbolic dimensions and their texts.
// May assume: nothing. Never depends on graphs.
#include "tensor/shape.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

static onr_shape shape(int32_t rank, const int64_t *dims) { return onr_shape_make(rank, dims); }

#define SHAPE(...) shape((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

// ---- symbols
// --------------------------------------------------------------------------------------------------------------------

static void names_are_dimensions(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    onr_symbols s;
    onr_symbols_init(&s, a);
    int64_t batch = onr_symbol(&s, "batch"), length = onr_symbol(&s, "length"), fresh = onr_symbol(&s, NULL),
            other = onr_symbol(&s, "");
    assert_true(batch != length && fresh != other && fresh != batch && fresh != length);
    assert_true(onr_symbol(&s, "batch") == batch);
    assert_true(onr_symbol(&s, "length") == length);
    assert_string_equal(onr_symbol_name(&s, batch), "batch");
    assert_null(onr_symbol_name(&s, fresh));
    const int64_t all[] = {batch, length, fresh, other};
    for (int i = 0; i < 4; i++) assert_true(onr_dim_symbolic(all[i]) && !onr_dim_known(all[i]));
    assert_false(onr_dim_symbolic(-1) || onr_dim_symbolic(0) || onr_dim_symbolic(7));
    assert_true(onr_dim_known(0) && onr_dim_known(INT64_MAX) && !onr_dim_known(-1));
    assert_null(onr_symbol_name(&s, 5));
    assert_null(onr_symbol_name(&s, -1));
    assert_null(onr_symbol_name(NULL, batch));
    assert_null(onr_symbol_name(&s, batch + 1000)); // of another table
    onr_arena_free(a);
}

static void many_symbols(void **state) {
    (void)state;
    enum { N = 1000 };
    onr_arena *a = onr_arena_new(0);
    onr_symbols s;
    int64_t dim[N];
    char name[32];
    onr_symbols_init(&s, a);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "n%d", i);
        dim[i] = onr_symbol(&s, i % 3 ? name : NULL);
        for (int k = 0; k < i; k += 97) assert_true(dim[k] != dim[i]);
    }
    onr_symbols *copy = onr_symbols_clone(&s, a);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "n%d", i);
        if (i % 3 == 0) {
            assert_null(onr_symbol_name(copy, dim[i]));
            continue;
        }
        assert_string_equal(onr_symbol_name(copy, dim[i]), name);
        assert_true(onr_symbol(copy, name) == dim[i]);
    }
    int64_t mine = onr_symbol(copy, "mine"), theirs = onr_symbol(&s, "theirs");
    assert_true(mine == theirs); // the tables grow apart from here on
    assert_string_equal(onr_symbol_name(copy, mine), "mine");
    assert_string_equal(onr_symbol_name(&s, mine), "theirs");
    onr_arena_free(a);
}

/// A name to be shown by makes no dimension equal to another, in the table or in its clones.
static void shown_names(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    onr_symbols s;
    onr_symbols_init(&s, a);
    int64_t fresh = onr_symbol(&s, NULL), batch;
    onr_symbol_show_as(&s, fresh, "batch");
    assert_string_equal(onr_symbol_name(&s, fresh), "batch");
    batch = onr_symbol(&s, "batch");
    assert_true(batch != fresh);
    onr_symbol_show_as(&s, batch, "length"); // has a name
    onr_symbol_show_as(&s, 7, "seven");      // is no symbol
    assert_string_equal(onr_symbol_name(&s, batch), "batch");
    onr_symbols *copy = onr_symbols_clone(&s, a);
    assert_true(onr_symbol(copy, "batch") == batch);
    assert_string_equal(onr_symbol_name(copy, fresh), "batch");
    onr_arena_free(a);
}

/// Without memory a symbol has no name, and is never equal to another by mistake.
static void symbols_without_memory(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(600);
    onr_symbols s;
    int64_t dim[200];
    char name[32];
    onr_symbols_init(&s, a);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "a rather long name %d", i);
        dim[i] = onr_symbol(&s, name);
        for (int k = 0; k < i; k++) assert_true(dim[k] != dim[i]);
        const char *got = onr_symbol_name(&s, dim[i]);
        if (got) assert_string_equal(got, name);
    }
    onr_arena_free(a);
}

// ---- sizes
// ----------------------------------------------------------------------------------------------------------------------

static void numel(void **state) {
    (void)state;
    int64_t n = -5;
    onr_shape scalar = {.rank = 0}, unknown = onr_shape_unknown(), open = SHAPE(2, ONR_DIM_SYMBOL_BASE, 3);
    assert_true(onr_shape_numel(&scalar, &n) && n == 1);
    onr_shape s = SHAPE(2, 3, 4);
    assert_true(onr_shape_numel(&s, &n) && n == 24);
    s = SHAPE(INT64_MAX, INT64_MAX, 0);
    assert_false(onr_shape_numel(&s, &n)); // a zero hides no overflow: strides are products of the others
    s = SHAPE(1LL << 40, 0, 7);
    assert_true(onr_shape_numel(&s, &n) && n == 0);
    s = SHAPE(INT64_MAX, 2);
    assert_false(onr_shape_numel(&s, &n));
    s = SHAPE(1LL << 48, 1);
    assert_false(onr_shape_numel(&s, &n));
    s = SHAPE((1LL << 48) - 1, 1);
    assert_true(onr_shape_numel(&s, &n) && n == (1LL << 48) - 1);
    s = SHAPE(1LL << 32, 1LL << 31);
    assert_false(onr_shape_numel(&s, &n));
    assert_false(onr_shape_numel(&unknown, &n));
    assert_false(onr_shape_numel(&open, &n));
    assert_true(onr_shape_known(&scalar) && !onr_shape_known(&unknown) && !onr_shape_known(&open));
    s = SHAPE(2, 3, 4, 5);
    assert_int_equal(onr_shape_span(&s, 1, 3), 12);
    assert_int_equal(onr_shape_span(&s, 2, 2), 1);
}

static void equality(void **state) {
    (void)state;
    onr_shape a = SHAPE(2, 3), b = SHAPE(2, 3), c = SHAPE(3, 2), d = SHAPE(2, 3, 1), u = onr_shape_unknown(), v = u;
    onr_shape s = SHAPE(ONR_DIM_SYMBOL_BASE, 3), t = SHAPE(ONR_DIM_SYMBOL_BASE + 1, 3), scalar = {.rank = 0};
    assert_true(onr_shape_equal(&a, &b) && onr_shape_equal(&u, &v) && onr_shape_equal(&s, &s));
    assert_false(onr_shape_equal(&a, &c) || onr_shape_equal(&a, &d) || onr_shape_equal(&s, &t) || onr_shape_equal(&a, &s));
    assert_false(onr_shape_equal(&u, &scalar));
}

static void strides(void **state) {
    (void)state;
    int64_t s[4] = {0};
    onr_shape a = SHAPE(2, 3, 4, 5);
    onr_shape_strides(&a, s);
    assert_true(s[0] == 60 && s[1] == 20 && s[2] == 5 && s[3] == 1);
    a = SHAPE(2, 0, 4); // strides of an empty tensor stay positive
    onr_shape_strides(&a, s);
    assert_true(s[0] == 4 && s[1] == 4 && s[2] == 1);
}

static void axes(void **state) {
    (void)state;
    assert_int_equal(onr_axis(0, 4), 0);
    assert_int_equal(onr_axis(3, 4), 3);
    assert_int_equal(onr_axis(-1, 4), 3);
    assert_int_equal(onr_axis(-4, 4), 0);
    assert_int_equal(onr_axis(4, 4), -1);
    assert_int_equal(onr_axis(-5, 4), -1);
    assert_int_equal(onr_axis(0, 0), -1);
    assert_int_equal(onr_axis(INT64_MIN, 4), -1);
    assert_int_equal(onr_axis(INT64_MAX, 4), -1);
    assert_int_equal(onr_axis(1LL << 32, 4), -1); // does not wrap
}

// ---- texts
// ----------------------------------------------------------------------------------------------------------------------

static void texts(void **state) {
    (void)state;
    char out[ONR_SHAPE_TEXT];
    onr_arena *a = onr_arena_new(0);
    onr_symbols s;
    onr_symbols_init(&s, a);
    onr_shape named = SHAPE(onr_symbol(&s, "batch"), 3, onr_symbol(&s, NULL)), scalar = {.rank = 0}, u = onr_shape_unknown();
    assert_string_equal(onr_shape_text(&named, &s, out), "batch x 3 x ?");
    assert_string_equal(onr_shape_text(&named, NULL, out), "? x 3 x ?");
    assert_string_equal(onr_shape_text(&scalar, &s, out), "scalar");
    assert_string_equal(onr_shape_text(&u, &s, out), "?");
    onr_shape one = SHAPE(0);
    assert_string_equal(onr_shape_text(&one, &s, out), "0");
    onr_arena_free(a);
}

/// Whatever the rank and the names: terminated, within its room, and marked where it was cut.
static void long_texts(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    onr_symbols s;
    onr_symbols_init(&s, a);
    char name[201], out[ONR_SHAPE_TEXT + 16];
    for (int length = 1; length <= 200; length++) {
        memset(name, 'n', sizeof name);
        name[length] = 0;
        for (int32_t rank = 1; rank <= ONR_MAX_RANK; rank++) {
            onr_shape shape = {.rank = rank};
            for (int32_t i = 0; i < rank; i++) shape.dim[i] = i % 2 ? INT64_MAX : onr_symbol(&s, name);
            memset(out, '#', sizeof out);
            assert_ptr_equal(onr_shape_text(&shape, &s, out), out);
            size_t n = strnlen(out, sizeof out);
            assert_true(n < ONR_SHAPE_TEXT);
            for (size_t i = ONR_SHAPE_TEXT; i < sizeof out; i++) assert_int_equal(out[i], '#');
            if (n >= ONR_SHAPE_TEXT - 4) assert_string_equal(out + n - 3, "...");
        }
    }
    onr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_dimensions),
        cmocka_unit_test(many_symbols),
        cmocka_unit_test(shown_names),
        cmocka_unit_test(symbols_without_memory),
        cmocka_unit_test(numel),
        cmocka_unit_test(equality),
        cmocka_unit_test(strides),
        cmocka_unit_test(axes),
        cmocka_unit_test(texts),
        cmocka_unit_test(long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
