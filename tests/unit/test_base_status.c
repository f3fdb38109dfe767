// test_base_status.c: failure texts: formatting, truncation, prefixes, NULL.
// May assume: nothing. Never depends on other folders.
#include "base/log.h"
#include "base/status.h"

#include "support/cmocka.h"

#include <string.h>

static void fail_formats(void **state) {
    (void)state;
    onr_err err = {0};
    assert_int_equal(onr_fail(&err, ONR_INVALID, "axis %d of %s", 3, "x"), ONR_INVALID);
    assert_int_equal(err.code, ONR_INVALID);
    assert_string_equal(err.text, "axis 3 of x");
    assert_int_equal(onr_fail(NULL, ONR_LIMIT, "lost"), ONR_LIMIT);
}

static void fail_may_quote_its_own_text(void **state) {
    (void)state;
    onr_err err = {0};
    onr_fail(&err, ONR_INVALID, "inner");
    onr_fail(&err, ONR_UNSUPPORTED, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
}

static void long_text_is_cut(void **state) {
    (void)state;
    onr_err err = {0};
    char text[ONR_ERR_TEXT * 2];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    onr_fail(&err, ONR_INVALID, "%s", text);
    assert_int_equal(strlen(err.text), ONR_ERR_TEXT - 1);
    assert_string_equal(err.text + ONR_ERR_TEXT - 5, "a...");
    // Exactly as long as there is room for: not cut.
    text[ONR_ERR_TEXT - 1] = '\0';
    onr_fail(&err, ONR_INVALID, "%s", text);
    assert_string_equal(err.text, text);
}

static void cut_keeps_utf8_whole(void **state) {
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        onr_err err = {0};
        char text[ONR_ERR_TEXT * 2] = {0};
        memset(text, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xE2\x82\xAC", 3);
        onr_fail(&err, ONR_INVALID, "%s", text);
        size_t n = strlen(err.text);
        assert_string_equal(err.text + n - 3, "...");
        assert_int_equal((n - 3 - shift) % 3, 0); // whole euro signs only
        assert_true(n > ONR_ERR_TEXT - 6);
    }
}

static void prefix_goes_before(void **state) {
    (void)state;
    onr_err err = {0};
    onr_fail(&err, ONR_UNSUPPORTED, "W expects 3 channels");
    assert_int_equal(onr_err_prefix(&err, "node '%s' (#%d)", "conv_1", 12), ONR_UNSUPPORTED);
    assert_int_equal(onr_err_prefix(&err, "infer"), ONR_UNSUPPORTED);
    assert_string_equal(err.text, "infer: node 'conv_1' (#12): W expects 3 channels");
    assert_int_equal(onr_err_prefix(NULL, "x"), ONR_INTERNAL);
}

static void names_and_no_memory(void **state) {
    (void)state;
    onr_err err = {0};
    assert_int_equal(onr_no_memory(&err, 123), ONR_LIMIT);
    assert_string_equal(err.text, "out of memory (123 bytes wanted)");
    assert_string_equal(onr_status_name(ONR_OK), "ok");
    assert_string_equal(onr_status_name(ONR_LIMIT), "limit");
    assert_string_equal(onr_status_name(ONR_INTERNAL), "internal");
}

static onr_status third_step(onr_err *err, int fails) {
    ONR_TRY(ONR_OK);
    ONR_TRY(fails ? onr_fail(err, ONR_USAGE, "third") : ONR_OK);
    return ONR_OK;
}

static void try_returns_the_first_failure(void **state) {
    (void)state;
    onr_err err = {0};
    assert_int_equal(third_step(&err, 0), ONR_OK);
    assert_int_equal(third_step(&err, 1), ONR_USAGE);
    assert_string_equal(err.text, "third");
}

typedef struct heard {
    int n;
    onr_log_level level;
    char text[64];
} heard;

static void listen(void *user, onr_log_level level, const char *text) {
    heard *h = user;
    h->n++;
    h->level = level;
    strncpy(h->text, text, sizeof h->text - 1);
}

static void log_filters_by_level(void **state) {
    (void)state;
    heard h = {0};
    onr_log log = {listen, &h, ONR_LOG_INFO};
    onr_log_at(&log, ONR_LOG_DEBUG, "dropped");
    assert_int_equal(h.n, 0);
    onr_log_at(&log, ONR_LOG_INFO, "kept %d", 1);
    onr_log_at(&log, ONR_LOG_WARN, "kept %d", 2);
    assert_int_equal(h.n, 2);
    assert_int_equal(h.level, ONR_LOG_WARN);
    assert_string_equal(h.text, "kept 2");
    onr_log_at(NULL, ONR_LOG_WARN, "nobody");
    onr_log silent = {0};
    onr_log_at(&silent, ONR_LOG_WARN, "nobody");
    assert_int_equal(h.n, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_formats),
        cmocka_unit_test(fail_may_quote_its_own_text),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(cut_keeps_utf8_whole),
        cmocka_unit_test(prefix_goes_before),
        cmocka_unit_test(names_and_no_memory),
        cmocka_unit_test(try_returns_the_first_failure),
        cmocka_unit_test(log_filters_by_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
