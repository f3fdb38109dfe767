// test_io_npy.c: arrays as NumPy wrote them (tools/make_io_samples.py), our own files back, and headers that lie.
// May assume: the samples in tests/data/io. Never writes a file.
#include "io/npy.h"
#include "io/raw.h"

#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"

static onnxrun_value *load(const char *name) {
    char path[512];
    onr_map_file f;
    onnxrun_error err;
    onnxrun_value *v = NULL;
    snprintf(path, sizeof path, "%s/tests/data/io/%s.npy", ONR_SOURCE_DIR, name);
    assert_int_equal(onr_io_open(path, &f, &err), ONNXRUN_OK);
    if (onr_npy_parse(f.data, f.bytes, ONNXRUN_UNDEFINED, &v, &err) != ONNXRUN_OK) fail_msg("%s: %s", name, err.text);
    onr_io_close(&f);
    return v;
}

static onnxrun_status load_status(const char *name) {
    char path[512];
    onr_map_file f;
    onnxrun_error err = {0};
    onnxrun_value *v = NULL;
    snprintf(path, sizeof path, "%s/tests/data/io/%s.npy", ONR_SOURCE_DIR, name);
    assert_int_equal(onr_io_open(path, &f, &err), ONNXRUN_OK);
    onnxrun_status st = onr_npy_parse(f.data, f.bytes, ONNXRUN_UNDEFINED, &v, &err);
    onr_io_close(&f);
    assert_null(v);
    assert_true(err.text[0] != '\0');
    return st;
}

// 2 x 3 x 4 elements 0, 1, 2, ... (bool: 0 and then ones).
static void check_ramp(const onnxrun_value *v, onnxrun_dtype dtype) {
    assert_int_equal(onnxrun_value_dtype(v), dtype);
    assert_int_equal(onnxrun_value_rank(v), 3);
    const int64_t dims[] = {2, 3, 4};
    assert_memory_equal(onnxrun_value_dims(v), dims, sizeof dims);
    for (int64_t i = 0; i < 24; i++) {
        double want = dtype == ONNXRUN_BOOL ? i != 0 : (double)i;
        assert_true(onnxrun_value_number(v, i) == want);
    }
}

static const struct {
    const char *name;
    onnxrun_dtype dtype;
} RAMPS[] = {
    {"b1", ONNXRUN_BOOL},
    {"i1", ONNXRUN_INT8},
    {"i2", ONNXRUN_INT16},
    {"i4", ONNXRUN_INT32},
    {"i8", ONNXRUN_INT64},
    {"u1", ONNXRUN_UINT8},
    {"u2", ONNXRUN_UINT16},
    {"u4", ONNXRUN_UINT32},
    {"u8", ONNXRUN_UINT64},
    {"f2", ONNXRUN_FLOAT16},
    {"f4", ONNXRUN_FLOAT},
    {"f8", ONNXRUN_DOUBLE},
    {"c8", ONNXRUN_COMPLEX64},
    {"c16", ONNXRUN_COMPLEX128},
    {"f4_fortran", ONNXRUN_FLOAT},
    {"i4_big", ONNXRUN_INT32},
    {"c8_big_fortran", ONNXRUN_COMPLEX64},
    {"f4_version2", ONNXRUN_FLOAT},
    {"f4_version3", ONNXRUN_FLOAT},
};

static void every_type_is_read(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof RAMPS / sizeof *RAMPS; k++) {
        onnxrun_value *v = load(RAMPS[k].name);
        check_ramp(v, RAMPS[k].dtype);
        onnxrun_value_free(v);
    }
    onnxrun_value *v = load("c8_big_fortran");
    const float *c = onnxrun_value_data(v);
    for (int i = 0; i < 24; i++) assert_true(c[2 * i + 1] == (float)(i + 100));
    onnxrun_value_free(v);
}

static void scalars_and_empty_arrays(void **state) {
    (void)state;
    onnxrun_value *v = load("scalar");
    assert_int_equal(onnxrun_value_rank(v), 0);
    assert_true(onnxrun_value_number(v, 0) == 2.5);
    onnxrun_value_free(v);
    v = load("empty");
    assert_int_equal(onnxrun_value_rank(v), 2);
    assert_int_equal(onnxrun_value_numel(v), 0);
    onnxrun_value_free(v);
}

static void check_string(const onnxrun_value *v, int64_t i, const char *want) {
    size_t n;
    const char *s = onnxrun_value_string(v, i, &n);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(s, want, n);
}

static void strings_become_utf8(void **state) {
    (void)state;
    const char *const names[] = {"text", "text_big"};
    for (int k = 0; k < 2; k++) {
        onnxrun_value *v = load(names[k]);
        assert_int_equal(onnxrun_value_dtype(v), ONNXRUN_STRING);
        check_string(v, 0, "");
        check_string(v, 1, "a");
        check_string(v, 2,
                     "Gr\xc3\xbc\xc3\x9f"
                     "e");
        check_string(v, 3, "\xe6\x97\xa5\xe6\x9c\xac \xf0\x9d\x84\x9e");
        onnxrun_value_free(v);
    }
    onnxrun_value *v = load("bytes");
    check_string(v, 0, "one");
    check_string(v, 1, "");
    check_string(v, 2, "three");
    onnxrun_value_free(v);
}

static void what_is_no_tensor_is_unsupported(void **state) {
    (void)state;
    assert_int_equal(load_status("date"), ONNXRUN_UNSUPPORTED);
    assert_int_equal(load_status("struct"), ONNXRUN_UNSUPPORTED);
    assert_int_equal(load_status("object"), ONNXRUN_UNSUPPORTED);
}

// What we write is what NumPy wrote, byte for byte.
static void written_files_equal_numpys(void **state) {
    (void)state;
    const char *const names[] = {"b1", "i1", "i2", "i4", "i8",  "u1",     "u2",    "u4",  "u8",
                                 "f2", "f4", "f8", "c8", "c16", "scalar", "empty", "text"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char path[512];
        onr_map_file f;
        onnxrun_error err;
        onr_str out = {0};
        onnxrun_value *v = load(names[k]);
        assert_int_equal(onr_npy_write(v, &out, &err), ONNXRUN_OK);
        snprintf(path, sizeof path, "%s/tests/data/io/%s.npy", ONR_SOURCE_DIR, names[k]);
        assert_int_equal(onr_io_open(path, &f, &err), ONNXRUN_OK);
        assert_int_equal(out.n, f.bytes);
        assert_memory_equal(out.s, f.data, f.bytes);
        onr_io_close(&f);
        onr_str_free(&out);
        onnxrun_value_free(v);
    }
}

static void small_floats_need_a_hint(void **state) {
    (void)state;
    onnxrun_error err;
    onr_str out = {0};
    onnxrun_value *v = NULL, *back = NULL;
    const int64_t dims[] = {3};
    const uint8_t bits[] = {0x38, 0x40, 0xB8}; // 1, 2, -1 as E4M3FN
    assert_int_equal(onnxrun_value_tensor(ONNXRUN_FLOAT8E4M3FN, 1, dims, bits, 3, &v, &err), ONNXRUN_OK);
    assert_int_equal(onr_npy_write(v, &out, &err), ONNXRUN_OK);
    assert_int_equal(onr_npy_parse(out.s, out.n, ONNXRUN_UNDEFINED, &back, &err), ONNXRUN_UNSUPPORTED);
    assert_int_equal(onr_npy_parse(out.s, out.n, ONNXRUN_FLOAT8E4M3FN, &back, &err), ONNXRUN_OK);
    assert_true(onnxrun_value_number(back, 2) == -1);
    onnxrun_value_free(back);
    onnxrun_value_free(v);
    onr_str_free(&out);
}

static void packed_types_are_refused(void **state) {
    (void)state;
    onnxrun_error err;
    onr_str out = {0};
    onnxrun_value *v = NULL;
    const int64_t dims[] = {3};
    const uint8_t bits[] = {0x21, 0x03};
    assert_int_equal(onnxrun_value_tensor(ONNXRUN_INT4, 1, dims, bits, 2, &v, &err), ONNXRUN_OK);
    assert_int_equal(onr_npy_write(v, &out, &err), ONNXRUN_UNSUPPORTED);
    // Raw bytes hold them as they were.
    assert_int_equal(onr_raw_write(v, &out, &err), ONNXRUN_OK);
    assert_int_equal(out.n, 2);
    assert_memory_equal(out.s, bits, 2);
    onnxrun_value_free(v);
    onr_str_free(&out);
}

// Builds a version 1 file of a header text and n bytes of zeros, and reads it.
static onnxrun_status read_header(const char *text, size_t n) {
    char file[1024] = "\x93NUMPY\x01";
    size_t length = strlen(text);
    onnxrun_value *v = NULL;
    onnxrun_error err;
    file[8] = (char)(length & 0xFF);
    file[9] = (char)(length >> 8);
    memcpy(file + 10, text, length);
    onnxrun_status st = onr_npy_parse(file, 10 + length + n, ONNXRUN_UNDEFINED, &v, &err);
    onnxrun_value_free(v);
    return st;
}

static void headers_may_vary(void **state) {
    (void)state;
    assert_int_equal(read_header("{'shape': (2,), \"fortran_order\": True, 'descr': '<i4'}", 8), ONNXRUN_OK);
    assert_int_equal(read_header("{'shape':(2L,1L),'fortran_order':False,'descr':'=f4',}   \n", 8), ONNXRUN_OK);
    assert_int_equal(read_header("{'shape': (), 'fortran_order': False, 'descr': 'f8'}", 8), ONNXRUN_OK);
}

static void lying_headers_are_invalid(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", // 12 bytes wanted
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", // 4 bytes wanted
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 2), }",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (9000000000,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } and more",
        "{'descr: <f4",
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        if (read_header(bad[k], 8) != ONNXRUN_INVALID) fail_msg("not refused as invalid: %s", bad[k]);
    }
    assert_int_equal(read_header("{'descr': '<f16', 'fortran_order': False, 'shape': (), }", 16), ONNXRUN_UNSUPPORTED);
    assert_int_equal(read_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1), }", 4),
                     ONNXRUN_UNSUPPORTED);
}

// Every prefix of a good file is refused, and none is read past its end (the sanitizer build sees that).
static void truncated_files_are_invalid(void **state) {
    (void)state;
    char path[512];
    onr_map_file f;
    onnxrun_error err;
    snprintf(path, sizeof path, "%s/tests/data/io/f4_fortran.npy", ONR_SOURCE_DIR);
    assert_int_equal(onr_io_open(path, &f, &err), ONNXRUN_OK);
    for (size_t n = 0; n < f.bytes; n++) {
        onnxrun_value *v = NULL;
        uint8_t *part = onr_io_alloc(n, 1);
        if (n) memcpy(part, f.data, n);
        assert_int_equal(onr_npy_parse(part, n, ONNXRUN_UNDEFINED, &v, &err), ONNXRUN_INVALID);
        onr_io_free(part);
    }
    onr_io_close(&f);
}

static void raw_bytes_must_be_exact(void **state) {
    (void)state;
    const int64_t dims[] = {2, 3};
    const float data[6] = {1, 2, 3, 4, 5, 6};
    onnxrun_value *v = NULL;
    onnxrun_error err;
    assert_int_equal(onr_raw_parse(data, 24, ONNXRUN_FLOAT, 2, dims, &v, &err), ONNXRUN_OK);
    assert_true(onnxrun_value_number(v, 5) == 6);
    onnxrun_value_free(v);
    assert_int_equal(onr_raw_parse(data, 20, ONNXRUN_FLOAT, 2, dims, &v, &err), ONNXRUN_INVALID);
    assert_string_equal(err.text, "24 bytes expected for float32[2 x 3], 20 bytes given");
    const int64_t huge[] = {INT64_MAX, INT64_MAX};
    assert_int_equal(onr_raw_parse(data, 24, ONNXRUN_FLOAT, 2, huge, &v, &err), ONNXRUN_UNSUPPORTED);
    assert_int_equal(onr_raw_parse(data, 24, ONNXRUN_STRING, 2, dims, &v, &err), ONNXRUN_UNSUPPORTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),         cmocka_unit_test(scalars_and_empty_arrays),
        cmocka_unit_test(strings_become_utf8),        cmocka_unit_test(what_is_no_tensor_is_unsupported),
        cmocka_unit_test(written_files_equal_numpys), cmocka_unit_test(small_floats_need_a_hint),
        cmocka_unit_test(packed_types_are_refused),   cmocka_unit_test(headers_may_vary),
        cmocka_unit_test(lying_headers_are_invalid),  cmocka_unit_test(truncated_files_are_invalid),
        cmocka_unit_test(raw_bytes_must_be_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
