// test_io_npz.c: archives as NumPy wrote them, our own back, broken ones and bombs.
// May assume: the samples in tests/data/io. Never writes a file.
#include "io/npz.h"
#include "io/random.h"

#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"

static void open_sample(const char *name, onr_map_file *f) {
    char path[512];
    onnxrun_error err;
    snprintf(path, sizeof path, "%s/tests/data/io/%s", ONR_SOURCE_DIR, name);
    assert_int_equal(onr_io_open(path, f, &err), ONNXRUN_OK);
}

static void numpys_archives_are_read(void **state) {
    (void)state;
    onr_map_file f;
    onr_named *items;
    size_t n;
    onnxrun_error err;
    open_sample("stored.npz", &f);
    assert_int_equal(onr_npz_parse(f.data, f.bytes, &items, &n, &err), ONNXRUN_OK);
    assert_int_equal(n, 2);
    assert_string_equal(items[0].name, "x");
    assert_string_equal(items[1].name, "y");
    assert_int_equal(onnxrun_value_dtype(items[1].value), ONNXRUN_INT64);
    assert_true(onnxrun_value_number(items[0].value, 23) == 23);
    onr_named_free(items, n);
    onr_io_close(&f);
    open_sample("deflated.npz", &f);
    assert_int_equal(onr_npz_parse(f.data, f.bytes, &items, &n, &err), ONNXRUN_OK);
    assert_int_equal(n, 2);
    assert_string_equal(items[0].name, "arr_0");
    assert_int_equal(onnxrun_value_numel(items[0].value), 2500);
    assert_true(onnxrun_value_number(items[1].value, 23) == 23);
    onr_named_free(items, n);
    onr_io_close(&f);
}

static void written_archives_come_back(void **state) {
    (void)state;
    const int64_t dims[] = {7, 5};
    onnxrun_error err;
    for (int compress = 0; compress < 2; compress++) {
        onnxrun_value *a = NULL, *b = NULL;
        assert_int_equal(onr_random_value(ONNXRUN_FLOAT, 2, dims, 1, &a, &err), ONNXRUN_OK);
        assert_int_equal(onr_random_value(ONNXRUN_UINT8, 1, dims, 2, &b, &err), ONNXRUN_OK);
        onr_named items[] = {{"first", a}, {"second/part", b}}, *back;
        onr_str out = {0}, again = {0};
        size_t n;
        assert_int_equal(onr_npz_write(items, 2, compress, &out, &err), ONNXRUN_OK);
        assert_int_equal(onr_npz_write(items, 2, compress, &again, &err), ONNXRUN_OK);
        assert_int_equal(out.n, again.n);
        assert_memory_equal(out.s, again.s, out.n);
        assert_int_equal(onr_npz_parse(out.s, out.n, &back, &n, &err), ONNXRUN_OK);
        assert_int_equal(n, 2);
        assert_string_equal(back[1].name, "second/part");
        assert_memory_equal(onnxrun_value_data(back[0].value), onnxrun_value_data(a), onnxrun_value_bytes(a));
        assert_memory_equal(onnxrun_value_data(back[1].value), onnxrun_value_data(b), onnxrun_value_bytes(b));
        onr_named_free(back, n);
        onr_str_free(&out);
        onr_str_free(&again);
        onnxrun_value_free(a);
        onnxrun_value_free(b);
    }
}

static void bombs_are_refused_before_memory_is_taken(void **state) {
    (void)state;
    onr_map_file f;
    onr_named *items;
    size_t n;
    onnxrun_error err;
    open_sample("bomb.npz", &f);
    assert_int_equal(onr_npz_parse(f.data, f.bytes, &items, &n, &err), ONNXRUN_INVALID);
    assert_non_null(strstr(err.text, "cannot be true"));
    onr_io_close(&f);
}

// Every prefix, and every archive with one byte changed: no crash, and never success with other bytes.
static void broken_archives_are_invalid(void **state) {
    (void)state;
    onr_map_file f;
    onr_named *items;
    size_t n;
    onnxrun_error err;
    open_sample("stored.npz", &f);
    uint8_t *copy = onr_io_alloc(f.bytes, 1);
    for (size_t k = 0; k < f.bytes; k++) {
        memcpy(copy, f.data, f.bytes);
        assert_int_equal(onr_npz_parse(copy, k, &items, &n, &err), ONNXRUN_INVALID);
        copy[k] ^= 0x55;
        if (onr_npz_parse(copy, f.bytes, &items, &n, &err) != ONNXRUN_OK) continue;
        for (size_t i = 0; i < n; i++) {
            for (int64_t e = 0; e < onnxrun_value_numel(items[i].value); e++) {
                assert_true(onnxrun_value_number(items[i].value, e) == (double)e);
            }
        }
        onr_named_free(items, n);
    }
    onr_io_free(copy);
    onr_io_close(&f);
}

static void what_npy_cannot_hold_fails_with_its_name(void **state) {
    (void)state;
    onnxrun_error err;
    onnxrun_value *seq = NULL;
    assert_int_equal(onnxrun_value_items(ONNXRUN_SEQUENCE, NULL, 0, &seq, &err), ONNXRUN_OK);
    onr_named item = {"list", seq};
    onr_str out = {0};
    assert_int_equal(onr_npz_write(&item, 1, false, &out, &err), ONNXRUN_UNSUPPORTED);
    assert_non_null(strstr(err.text, "list"));
    onr_str_free(&out);
    onnxrun_value_free(seq);
}

static void random_numbers_depend_on_the_seed_alone(void **state) {
    (void)state;
    const int64_t dims[] = {1000};
    onnxrun_error err;
    onnxrun_value *a = NULL, *b = NULL, *c = NULL;
    assert_int_equal(onr_random_value(ONNXRUN_FLOAT, 1, dims, 7, &a, &err), ONNXRUN_OK);
    assert_int_equal(onr_random_value(ONNXRUN_FLOAT, 1, dims, 7, &b, &err), ONNXRUN_OK);
    assert_int_equal(onr_random_value(ONNXRUN_FLOAT, 1, dims, 8, &c, &err), ONNXRUN_OK);
    assert_memory_equal(onnxrun_value_data(a), onnxrun_value_data(b), 4000);
    assert_memory_not_equal(onnxrun_value_data(a), onnxrun_value_data(c), 4000);
    double sum = 0;
    for (int64_t i = 0; i < 1000; i++) {
        double x = onnxrun_value_number(a, i);
        assert_true(x >= -1 && x < 1);
        sum += x;
    }
    assert_true(sum > -100 && sum < 100);
    onnxrun_value_free(a);
    onnxrun_value_free(b);
    onnxrun_value_free(c);
    for (int t = ONNXRUN_FLOAT; t <= ONNXRUN_INT2; t++) {
        if (t == ONNXRUN_STRING) continue;
        assert_int_equal(onr_random_value((onnxrun_dtype)t, 1, dims, 7, &a, &err), ONNXRUN_OK);
        bool integer = onnxrun_dtype_bits((onnxrun_dtype)t) >= 16 && strstr(onnxrun_dtype_name((onnxrun_dtype)t), "int");
        for (int64_t i = 0; integer && i < 1000; i++)
            assert_true(onnxrun_value_number(a, i) == 0 || onnxrun_value_number(a, i) == 1);
        onnxrun_value_free(a);
    }
    assert_int_equal(onr_random_value(ONNXRUN_STRING, 1, dims, 7, &a, &err), ONNXRUN_UNSUPPORTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numpys_archives_are_read),
        cmocka_unit_test(written_archives_come_back),
        cmocka_unit_test(bombs_are_refused_before_memory_is_taken),
        cmocka_unit_test(broken_archives_are_invalid),
        cmocka_unit_test(what_npy_cannot_hold_fails_with_its_name),
        cmocka_unit_test(random_numbers_depend_on_the_seed_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
