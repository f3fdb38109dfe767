// test_ops_softmax.c: Softmax and LogSoftmax: old flattening, axes, large numbers, NaN and infinities, empty tensors.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void values(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Softmax", 13, "", "float32[2x2] 0 0 1000 -1000", "float32[2x2] 0.5 0.5 1 0"),
        OP_CASE("Softmax", 13, "axis=0", "float32[2x2] 0 1000 0 -1000", "float32[2x2] 0.5 1 0.5 0"),
        OP_CASE("Softmax", 13, "axis=-2", "float64[2x2] 0 1000 0 -1000", "float64[2x2] 0.5 1 0.5 0"),
        OP_CASE("Softmax", 13, "", "float32[2x2] nan 0 -inf -inf", "float32[2x2] nan nan nan nan"),
        OP_CASE("Softmax", 13, "", "float32[3] 0 -inf 0", "float32[3] 0.5 0 0.5"),
        OP_CASE("Softmax", 13, "", "float32[2] inf 0", "float32[2] nan nan"),
        OP_CASE("Softmax", 13, "", "float16[2] 3 3", "float16[2] 0.5 0.5"),
        OP_CASE("Softmax", 13, "", "bfloat16[2] 3 3", "bfloat16[2] 0.5 0.5"),
        OP_CASE("LogSoftmax", 13, "", "float32[3] 0 -inf 0", "float32[3] -0.69314718 -inf -0.69314718"),
        OP_CASE("LogSoftmax", 13, "", "float64[2] 10000 0", "float64[2] 0 -10000"),
        OP_CASE("LogSoftmax", 13, "axis=0", "float32[2x1] 10000 0", "float32[2x1] 0 -10000"),
        OP_CASE("Softmax", 13, "", "float32[0x3]", "float32[0x3]"),
        OP_CASE("Softmax", 13, "", "float32[3x0]", "float32[3x0]"),
    };
    OP_CASES_RUN(cases);
}

static void old(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Softmax", 1, "", "float32[1x2x2] 0", "float32[1x2x2] 0.25"),
        OP_CASE("Softmax", 11, "axis=-1", "float32[1x2x2] 0", "float32[1x2x2] 0.5"),
        OP_CASE("Softmax", 11, "axis=0", "float32[2x2x2] 0", "float32[2x2x2] 0.125"),
        OP_CASE("LogSoftmax", 1, "", "float64[1x2x2] 0", "float64[1x2x2] -1.3862943611"),
        OP_CASE("LogSoftmax", 12, "axis=2", "float32[1x2x2] 0", "float32[1x2x2] -0.6931471806"),
        OP_CASE("Softmax", 12, "", "bfloat16[1x2] 0", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void bad_use(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Softmax", 13, "axis=2", "float32[2x2] 0", "! axis"),
        OP_CASE("Softmax", 13, "axis=-3", "float32[2x2] 0", "! axis"),
        OP_CASE("Softmax", 13, "", "int32[2] 0", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(old), cmocka_unit_test(bad_use)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
