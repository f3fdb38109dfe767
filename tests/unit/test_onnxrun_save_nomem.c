// test_onnxrun_save_nomem.c: explaining, writing, cutting and comparing models with the n-th allocation failing, for every n: a
// clean error, nothing lost, no file half written. May assume: linked with the failing allocator. Never checks what comes out.
#include "onnxrun.h"
#include "support/failing_alloc.h"

#include "support/cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static onnxrun_model *block, *other;
static onnxrun_session *session;
static char dir[64];

static bool drop(void *user, const char *text, size_t bytes) {
    (void)text;
    *(size_t *)user += bytes;
    return true;
}

static const char *file(void) {
    static char path[128];
    snprintf(path, sizeof path, "%s/out.onnx", dir);
    return path;
}

static int n_files(void) {
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static onnxrun_status explain(onnxrun_error *err) {
    size_t bytes = 0;
    onnxrun_session *s = NULL;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.explain = true;
    o.n_threads = 1;
    onnxrun_status st = onnxrun_session_new(block, &o, &s, err);
    if (st == ONNXRUN_OK) st = onnxrun_explain(s, "text", drop, &bytes, err);
    if (st == ONNXRUN_OK) st = onnxrun_explain(s, "json", drop, &bytes, err);
    onnxrun_session_free(s);
    return st;
}

static onnxrun_status save(onnxrun_error *err) { return onnxrun_session_save(session, file(), false, err); }
static onnxrun_status save_beside(onnxrun_error *err) { return onnxrun_session_save(session, file(), true, err); }

static onnxrun_status extract(onnxrun_error *err) {
    const char *const from[] = {"n1"}, *const to[] = {"n2", "gate"};
    return onnxrun_model_extract(block, from, 1, to, 2, file(), false, err);
}

static onnxrun_status diff(onnxrun_error *err) {
    size_t bytes = 0;
    onnxrun_status st = onnxrun_diff(block, other, "text", drop, &bytes, NULL, err);
    return st == ONNXRUN_OK ? onnxrun_diff(block, block, "json", drop, &bytes, NULL, err) : st;
}

static onnxrun_status no_such_name(onnxrun_error *err) {
    const char *const to[] = {"gats"};
    onnxrun_status st = onnxrun_model_extract(block, NULL, 0, to, 1, file(), false, err);
    return st == ONNXRUN_USAGE ? ONNXRUN_OK : st;
}

static void each(void **state) {
    (void)state;
    onnxrun_status (*const actions[])(onnxrun_error *) = {explain, save, save_beside, extract, diff, no_such_name};
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        size_t n = 1, asked = n;
        for (bool end = false; !end; n += n < 400 ? 1 : 7) {
            long live = failing_alloc_live();
            onnxrun_error err = {0};
            failing_alloc_start(n, 0);
            onnxrun_status st = actions[i](&err);
            asked = failing_alloc_stop();
            end = asked < n;
            if (failing_alloc_live() != live)
                fail_msg("action %zu, allocation %zu: %ld lost", i, n, failing_alloc_live() - live);
            if (end ? st != ONNXRUN_OK : st != ONNXRUN_OK && st != ONNXRUN_LIMIT)
                fail_msg("action %zu, allocation %zu of %zu: %d '%s'", i, n, asked, (int)st, err.text);
            if (!end && st == ONNXRUN_LIMIT && actions[i] != explain && actions[i] != diff) assert_int_equal(n_files(), 0);
            if (n_files()) {
                unlink(file());
                char data[160];
                snprintf(data, sizeof data, "%s.data", file());
                unlink(data);
            }
        }
        assert_true(n > 3);
    }
}

static int set_up(void **state) {
    (void)state;
    onnxrun_error err;
    strcpy(dir, "/tmp/onr_save_nomem_XXXXXX");
    if (!mkdtemp(dir)) return -1;
    if (onnxrun_model_load(ONR_SOURCE_DIR "/tests/data/cli/block.onnx", NULL, &block, &err) != ONNXRUN_OK) return -1;
    if (onnxrun_model_load(ONR_SOURCE_DIR "/tests/data/cli/two.onnx", NULL, &other, &err) != ONNXRUN_OK) return -1;
    return onnxrun_session_new(block, NULL, &session, &err) == ONNXRUN_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    onnxrun_session_free(session);
    onnxrun_model_free(block);
    onnxrun_model_free(other);
    return rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
