// test_base_str.c: building text, JSON escaping and numbers, numbers for people.
// May assume: the C locale. Never prints.
#include "base/str.h"

#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void adding(void **state) {
    (void)state;
    onr_str b = {0};
    onr_str_add(&b, "");
    assert_string_equal(b.s, "");
    for (int i = 0; i < 2000; i++) onr_str_printf(&b, "%d,", i % 10);
    assert_int_equal(b.n, 4000);
    assert_int_equal(strlen(b.s), 4000);
    onr_str_addn(&b, "abc", 2);
    assert_string_equal(b.s + 3996, "8,9,ab");
    assert_false(b.failed);
    onr_str_free(&b);
    assert_null(b.s);
    onr_str_free(&b);
}

static void json_is(const char *in, const char *expected) {
    onr_str b = {0};
    onr_str_json(&b, in);
    assert_string_equal(b.s, expected);
    onr_str_free(&b);
}

static void json_strings(void **state) {
    (void)state;
    json_is(NULL, "null");
    json_is("", "\"\"");
    json_is("a\"b\\c\n\t\x01\x7f", "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"");
    json_is("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80", "\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80\"");
    json_is("\xFF", "\"\xEF\xBF\xBD\"");
    json_is("\xC3", "\"\xEF\xBF\xBD\"");                                                   // cut short
    json_is("\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                                   // overlong
    json_is("\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");                   // surrogate
    json_is("\xF4\x90\x80\x80z", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\""); // beyond U+10FFFF
    json_is("\xE2\x82x", "\"\xEF\xBF\xBD\xEF\xBF\xBDx\"");
}

static void num_is(double x, const char *expected) {
    onr_str b = {0};
    onr_str_json_num(&b, x);
    assert_string_equal(b.s, expected);
    onr_str_free(&b);
}

static void json_numbers(void **state) {
    (void)state;
    num_is(0, "0");
    num_is(-0.0, "-0");
    num_is(3, "3");
    num_is(-12345678901234, "-12345678901234");
    num_is(0.5, "0.5");
    num_is(0.1, "0.1");
    num_is(1e300, "1e+300");
    num_is(NAN, "\"nan\"");
    num_is(INFINITY, "\"inf\"");
    num_is(-INFINITY, "\"-inf\"");
    onr_str b = {0};
    onr_str_json_num(&b, 1.0 / 3);
    assert_true(strtod(b.s, NULL) == 1.0 / 3);
    onr_str_free(&b);
}

static void numbers_for_people(void **state) {
    (void)state;
    char out[32];
    assert_string_equal(onr_str_count(out, 0), "0");
    assert_string_equal(onr_str_count(out, 999), "999");
    assert_string_equal(onr_str_count(out, 1000), "1,000");
    assert_string_equal(onr_str_count(out, 1234567), "1,234,567");
    assert_string_equal(onr_str_count(out, -123456), "-123,456");
    assert_string_equal(onr_str_count(out, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(onr_str_bytes(out, 0), "0 B");
    assert_string_equal(onr_str_bytes(out, 1023), "1023 B");
    assert_string_equal(onr_str_bytes(out, 1024), "1.0 KiB");
    assert_string_equal(onr_str_bytes(out, 12582912), "12.0 MiB");
    assert_string_equal(onr_str_bytes(out, (1u << 20) - 1), "1.0 MiB");
    assert_string_equal(onr_str_bytes(out, UINT64_MAX), "16.0 EiB");
}

static void failure_is_remembered(void **state) {
    (void)state;
    onr_str b = {0};
    onr_str_add(&b, "kept");
    onr_str_addn(&b, "x", SIZE_MAX - 4);
    assert_true(b.failed);
    onr_str_add(&b, "dropped");
    assert_string_equal(b.s, "kept");
    onr_str_free(&b);
    assert_false(b.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding),
        cmocka_unit_test(json_strings),
        cmocka_unit_test(json_numbers),
        cmocka_unit_test(numbers_for_people),
        cmocka_unit_test(failure_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
