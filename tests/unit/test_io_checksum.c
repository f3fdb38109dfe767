// test_io_checksum.c: checksums are XXH3 over what docs/determinism.md says, and tell values apart.
// May assume: a build with xxHash; without it the functions must say so. Never looks into xxHash.
#include "io/checksum.h"

#include "support/cmocka.h"

#include <string.h>

static onr_checksum of_value(const onnxrun_value *v) {
    onr_checksum c;
    onnxrun_error err;
    if (onr_checksum_of(v, &c, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    return c;
}

static void expect_bytes(const onnxrun_value *v, const void *bytes, size_t n) {
    onr_checksum c;
    assert_int_equal(onr_checksum_bytes(bytes, n, &c, NULL), ONNXRUN_OK);
    assert_true(onr_checksum_equal(of_value(v), c));
}

static bool is_left_out(void) {
    onr_checksum c;
    onnxrun_error err;
    if (onr_checksum_bytes("", 0, &c, &err) == ONNXRUN_OK) return false;
    assert_int_equal(err.status, ONNXRUN_UNSUPPORTED);
    assert_non_null(strstr(err.text, "xxHash"));
    return true;
}

static void known(void **state) {
    (void)state;
    char text[ONR_CHECKSUM_TEXT];
    onr_checksum c;
    if (is_left_out()) skip();
    onr_checksum_bytes("", 0, &c, NULL); // from xxHash's own test vectors
    assert_string_equal(onr_checksum_text(c, text), "99aa06d3014798d86001c324468d497f");
}

static void tensors(void **state) {
    (void)state;
    const int64_t dims[] = {1, 3}, other[] = {3, 1}, four[] = {4}, none[] = {0, 5};
    const float x[] = {1, -0.0f, 3};
    const uint8_t nibbles[] = {0x21, 0x43};
    char bytes[12 + sizeof x] = "float32[1x3]";
    if (is_left_out()) skip();
    memcpy(bytes + 12, x, sizeof x);
    onnxrun_value *v[6] = {onnxrun_value_borrow(ONNXRUN_FLOAT, 2, dims, (void *)(uintptr_t)x),
                           onnxrun_value_borrow(ONNXRUN_FLOAT, 2, other, (void *)(uintptr_t)x),
                           onnxrun_value_borrow(ONNXRUN_INT32, 2, dims, (void *)(uintptr_t)x)};
    assert_int_equal(onnxrun_value_tensor(ONNXRUN_UINT4, 1, four, nibbles, 2, &v[3], NULL), ONNXRUN_OK);
    assert_int_equal(onnxrun_value_tensor(ONNXRUN_FLOAT, 2, none, NULL, 0, &v[4], NULL), ONNXRUN_OK);
    assert_int_equal(onnxrun_value_tensor(ONNXRUN_FLOAT, 0, NULL, x, 4, &v[5], NULL), ONNXRUN_OK);
    expect_bytes(v[0], bytes, sizeof bytes);
    expect_bytes(v[3], "uint4[4]\x21\x43", 10);
    expect_bytes(v[4], "float32[0x5]", 12);
    expect_bytes(v[5], "float32[]\0\0\x80\x3f", 13);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++) assert_false(onr_checksum_equal(of_value(v[i]), of_value(v[k])));
    for (int i = 0; i < 6; i++) onnxrun_value_free(v[i]);
}

static void other_kinds(void **state) {
    (void)state;
    const int64_t two[] = {2};
    onnxrun_value *a, *b, *s, *t, *empty;
    if (is_left_out()) skip();
    assert_int_equal(onnxrun_value_strings(1, two, (const char *[]){"ab", "c"}, (const size_t[]){2, 1}, &a, NULL), ONNXRUN_OK);
    assert_int_equal(onnxrun_value_strings(1, two, (const char *[]){"a", "bc"}, (const size_t[]){1, 2}, &b, NULL), ONNXRUN_OK);
    assert_false(onr_checksum_equal(of_value(a), of_value(b)));
    expect_bytes(a, "string[2]\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c", 9 + 8 + 2 + 8 + 1);
    assert_int_equal(onnxrun_value_items(ONNXRUN_SEQUENCE, (const onnxrun_value *[]){a, b}, 2, &s, NULL), ONNXRUN_OK);
    assert_int_equal(onnxrun_value_items(ONNXRUN_SEQUENCE, (const onnxrun_value *[]){b, a}, 2, &t, NULL), ONNXRUN_OK);
    assert_int_equal(onnxrun_value_items(ONNXRUN_OPTIONAL, NULL, 0, &empty, NULL), ONNXRUN_OK);
    assert_false(onr_checksum_equal(of_value(s), of_value(t)));
    char bytes[11 + 32] = "sequence[2]";
    onr_checksum items[2] = {of_value(a), of_value(b)};
    memcpy(bytes + 11, items, 32);
    expect_bytes(s, bytes, sizeof bytes);
    expect_bytes(empty, "optional[0]", 11);
    onnxrun_value *all[] = {a, b, s, t, empty};
    for (int i = 0; i < 5; i++) onnxrun_value_free(all[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(tensors), cmocka_unit_test(other_kinds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
