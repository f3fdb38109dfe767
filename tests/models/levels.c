// levels.c: each model given on the command line at -O0, the reference interpreter, against -O1 and -O2, batches of 1 and 3.
// May assume: models of one input whose free dimension is the batch, and one output. Never compares with anything stored.
#include "models/net.h"
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

static char **paths;
static int n_paths;
static double tolerance;

static void levels_agree(void **state) {
    (void)state;
    for (int i = 0; i < n_paths; i++) {
        net plain = net_open(paths[i], 0, 2);
        for (int64_t batch = 1; batch <= 3; batch += 2) {
            onnxrun_value *x = net_input(&plain, batch, 11 + (uint64_t)batch), *want = net_run(&plain, x);
            for (int level = 1; level <= 2; level++) {
                net fast = net_open(paths[i], level, 2), one = net_open(paths[i], level, 1);
                onnxrun_value *y = net_run(&fast, x), *alone = net_run(&one, x);
                net_assert_near(fast.name, y, want, tolerance);
                net_assert_same(one.name, alone, y);
                onnxrun_value_free(y);
                onnxrun_value_free(alone);
                net_close(&fast);
                net_close(&one);
            }
            onnxrun_value_free(want);
            onnxrun_value_free(x);
        }
        net_close(&plain);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: levels TOLERANCE MODEL...\n"), 2;
    tolerance = atof(argv[1]);
    paths = argv + 2;
    n_paths = argc - 2;
    const struct CMUnitTest tests[] = {cmocka_unit_test(levels_agree)};
    return cmocka_run_group_tests_name("levels", tests, NULL, NULL);
}
