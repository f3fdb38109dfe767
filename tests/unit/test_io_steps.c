// test_io_steps.c: streams of tensors come back as they went out, from archives and from folders, and names stay harmless.
// May assume: a writable current folder's temporary directory. Never leaves files.
#include "io/npz.h"
#include "io/steps.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[] = "/tmp/onr_steps_XXXXXX";
static const char *const NAMES[] = {"plain", "/a/b.c", "..", "again", "again", "\xc3\xa4 b", "%2F"};
enum { N_NAMES = sizeof NAMES / sizeof *NAMES };

static onnxrun_value *number(float x) {
    onnxrun_value *v = NULL;
    const int64_t one = 1;
    assert_int_equal(onnxrun_value_tensor(ONNXRUN_FLOAT, 1, &one, &x, sizeof x, &v, NULL), ONNXRUN_OK);
    return v;
}

static void expect_back(const char *path) {
    onr_steps_in *in = NULL;
    onnxrun_value *like = number(0), *v = NULL;
    size_t n_again = 0;
    assert_int_equal(onr_steps_open(path, &in, NULL), ONNXRUN_OK);
    for (int i = 0; i < N_NAMES; i++) {
        size_t nth = strcmp(NAMES[i], "again") == 0 ? ++n_again : 1;
        assert_int_equal(onr_steps_get(in, NAMES[i], nth, like, &v, NULL), ONNXRUN_OK);
        if (!v) fail_msg("%s: '%s' is lost", path, NAMES[i]);
        assert_true(onnxrun_value_number(v, 0) == i + 0.5);
        onnxrun_value_free(v);
    }
    assert_int_equal(onr_steps_get(in, "again", 3, like, &v, NULL), ONNXRUN_OK);
    assert_null(v);
    onnxrun_value_free(like);
    onr_steps_close(in);
}

static void come_back(void **state) {
    (void)state;
    static const char *const forms[] = {"s.npz", "folder"};
    for (int f = 0; f < 2; f++) {
        char path[100];
        onr_steps_out *out = NULL;
        snprintf(path, sizeof path, "%s/%s", root, forms[f]);
        assert_int_equal(onr_steps_create(path, &out, NULL), ONNXRUN_OK);
        for (int i = 0; i < N_NAMES; i++) {
            onnxrun_value *v = number((float)i + 0.5f);
            assert_int_equal(onr_steps_add(out, NAMES[i], v, NULL), ONNXRUN_OK);
            onnxrun_value_free(v);
        }
        if (f == 0) assert_int_not_equal(access(path, F_OK), 0); // whole or absent
        assert_int_equal(onr_steps_finish(out, NULL), ONNXRUN_OK);
        expect_back(path);
    }
}

static void an_archive_is_whole_or_absent(void **state) {
    (void)state;
    char path[100];
    onr_steps_out *out = NULL;
    onr_steps_in *in = NULL;
    onnxrun_error err;
    snprintf(path, sizeof path, "%s/half.npz", root);
    assert_int_equal(onr_steps_create(path, &out, NULL), ONNXRUN_OK);
    onnxrun_value *v = number(1);
    assert_int_equal(onr_steps_add(out, "x", v, NULL), ONNXRUN_OK);
    onnxrun_value_free(v);
    onr_steps_abandon(out);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(onr_steps_open(path, &in, &err), ONNXRUN_INVALID);
    snprintf(path, sizeof path, "%s/no/where.npz", root);
    assert_int_equal(onr_steps_create(path, &out, &err), ONNXRUN_USAGE);
}

static int make_root(void **state) {
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(come_back), cmocka_unit_test(an_archive_is_whole_or_absent)};
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
