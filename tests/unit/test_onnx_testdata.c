// test_onnx_testdata.c: every model of ONNX's own backend tests must load: the loader knows no operators, so none is special.
// May assume: Debian's libonnx-testdata, or folders in ONNX_TEST_DATA (dir:dir); skipped when there is neither. Never runs a
// model.
#include "graph/edit.h"
#include "onnx/model.h"

#include "support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEBIAN_TEST_DATA "/usr/share/libonnx-testdata/data"

static int n_models, n_failed;

static int visit(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    const char *name = path + at->base;
    size_t n = strlen(name);
    if (type != FTW_F || n < 5 || strcmp(name + n - 5, ".onnx") != 0) return 0;
    onr_model *m = NULL;
    onr_err err = {0};
    n_models++;
    if (onr_model_load(path, NULL, &m, &err) != ONR_OK) {
        n_failed++;
        print_error("%s\n", err.text);
    } else {
        assert_non_null(m->graph);
        assert_int_equal(onr_graph_verify(m->graph, &err), ONR_OK);
    }
    onr_model_free(m);
    return 0;
}

static void walk(const char *folder) {
    if (nftw(folder, visit, 16, 0) != 0) print_message("cannot read %s\n", folder);
}

static void all_backend_models_load(void **state) {
    (void)state;
    walk(DEBIAN_TEST_DATA);
    const char *more = getenv("ONNX_TEST_DATA");
    char *list = strdup(more ? more : ""), *rest = list;
    for (char *dir; (dir = strsep(&rest, ":"));)
        if (*dir) walk(dir);
    free(list);
    print_message("%d models, %d do not load\n", n_models, n_failed);
    if (n_models == 0) skip();
    assert_int_equal(n_failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_backend_models_load)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
