// test_onnxrun_save.c: models to files through the public interface: what cannot be written, and weights in a second file.
// May assume: the shipped model, a writable folder. Never checks what is in the files beyond running them; tests/cli does.
#include "onnxrun.h"
#include "ops/op.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHIPPED ONR_SOURCE_DIR "/models/residualnet16-fashion-bn.onnx"

static char dir[64];

static const char *in_dir(const char *name) {
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static int make_dir(void **state) {
    (void)state;
    strcpy(dir, "/tmp/onr_save_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static onnxrun_session *session(const onnxrun_model *m) {
    onnxrun_session *s;
    onnxrun_error err;
    if (onnxrun_session_new(m, NULL, &s, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    return s;
}

static onnxrun_model *load(const char *path) {
    onnxrun_model *m;
    onnxrun_error err;
    if (onnxrun_model_load(path, NULL, &m, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    return m;
}

/// A form of ours that the passes may leave in a graph needs its way back in passes/standard.c. SumTo is part of an expanded
/// Gradient, whose nodes are of an opset of their own: such a graph is not written, with a message.
static void our_forms_have_a_way_back(void **state) {
    (void)state;
    for (size_t i = 0; onr_op_at(i); i++) {
        const onr_op *op = onr_op_at(i);
        if (strcmp(op->domain, "onnxrun") != 0 || strcmp(op->name, "Conv") == 0 || strcmp(op->name, "MatMul") == 0 ||
            strcmp(op->name, "Reorder") == 0 || strcmp(op->name, "SumTo") == 0)
            continue;
        fail_msg("onnxrun.%s: add its way back to passes/standard.c and to tests/cli/check_written.py", op->name);
    }
}

static void what_cannot_be_written(void **state) {
    (void)state;
    onnxrun_error err;
    onnxrun_model *m = load(SHIPPED);
    onnxrun_session *s = session(m);
    assert_int_equal(onnxrun_session_save(s, in_dir("no/such.onnx"), false, &err), ONNXRUN_USAGE);
    assert_int_equal(onnxrun_session_save(s, dir, false, &err), ONNXRUN_USAGE);
    assert_int_equal(onnxrun_session_save(s, "-", true, &err), ONNXRUN_USAGE);
    assert_int_equal(onnxrun_session_save(s, "-", true, NULL), ONNXRUN_USAGE);
    if (access("/dev/full", W_OK) == 0) assert_int_equal(onnxrun_session_save(s, "/dev/full", false, &err), ONNXRUN_LIMIT);
    // The weights' file cannot be made: the model is not made either.
    assert_int_equal(mkdir(in_dir("x.onnx.data"), 0777), 0);
    assert_int_equal(onnxrun_session_save(s, in_dir("x.onnx"), true, &err), ONNXRUN_USAGE);
    assert_non_null(strstr(err.text, "x.onnx.data"));
    assert_int_equal(access(in_dir("x.onnx"), F_OK), -1);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
}

static off_t size_of(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void weights_beside(void **state) {
    (void)state;
    onnxrun_error err;
    onnxrun_model *m = load(SHIPPED);
    onnxrun_session *s = session(m);
    if (onnxrun_session_save(s, in_dir("a.onnx"), true, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    if (onnxrun_session_save(s, in_dir("b.onnx"), false, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    assert_true(size_of(in_dir("a.onnx.data")) > 10 * size_of(in_dir("a.onnx")));
    assert_true(size_of(in_dir("b.onnx")) > size_of(in_dir("a.onnx.data")));
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    m = load(in_dir("a.onnx")); // over the file that it is read from
    s = session(m);
    if (onnxrun_session_save(s, in_dir("a.onnx"), true, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    onnxrun_model_free(load(in_dir("a.onnx")));
}

static void expect_no_part(const onnxrun_model *m, const char *from, const char *to, const char *text) {
    onnxrun_error err;
    onnxrun_status st = onnxrun_model_extract(m, &from, from != NULL, &to, to != NULL, in_dir("part.onnx"), false, &err);
    if (st != ONNXRUN_USAGE || !strstr(err.text, text)) fail_msg("%d: '%s', expected '%s'", (int)st, err.text, text);
    assert_int_equal(access(in_dir("part.onnx"), F_OK), -1);
}

static void what_is_no_part(void **state) {
    (void)state;
    onnxrun_error err;
    onnxrun_model *m = load(ONR_SOURCE_DIR "/tests/data/cli/block.onnx");
    assert_true(onnxrun_model_has_value(m, "c1") && onnxrun_model_has_value(m, "w1") && !onnxrun_model_has_value(m, "conv1"));
    expect_no_part(m, NULL, "gats", "there is no tensor 'gats'; did you mean 'gate'?");
    expect_no_part(m, NULL, "quite another thing", "there is no tensor 'quite another thing'");
    expect_no_part(m, NULL, "conv1", "'conv1' is a node, no tensor; its output is 'c1'");
    expect_no_part(m, "a1", "n1", "'n1' does not depend on 'a1'");
    expect_no_part(m, "w1", "n1", "'w1' is a constant");
    expect_no_part(m, NULL, "w1", "no node makes 'w1'");
    expect_no_part(m, NULL, "x", "no node makes 'x'");
    expect_no_part(m, "a1", "a1", "where the part begins and where it ends");
    if (onnxrun_model_extract(m, NULL, 0, NULL, 0, in_dir("part.onnx"), false, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    onnxrun_model *part = load(in_dir("part.onnx"));
    assert_int_equal(onnxrun_model_n_inputs(part), 1);
    assert_string_equal(onnxrun_model_output_name(part, 0), "y");
    onnxrun_model_free(part);
    onnxrun_model_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_forms_have_a_way_back),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(weights_beside),
        cmocka_unit_test(what_is_no_part),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
