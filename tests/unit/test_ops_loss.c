// test_ops_loss.c: NonMaxSuppression, NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

static void losses(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("NegativeLogLikelihoodLoss", 13, "", "float32[2x2] -1 -2 -3 -4 | int64[2] 0 1", "float32[] 2.5"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "reduction='none'", "float64[1x2x2] -1 -2 -3 -4 | int32[1x2] 1 0",
                "float64[1x2] 3 2"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "ignore_index=-7", "float32[2x2] -1 -2 -3 -4 | int64[2] -7 1 | float32[2] 1 3",
                "float32[] 4"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "reduction='sum'", "float32[2x2] -1 -2 -3 -4 | int64[2] 0 1 | float32[2] 1 3",
                "float32[] 13"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "reduction='sum'", "float32[0x2] | int64[0]", "float32[] 0"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "", "float32[0x2] | int64[0]", "float32[] nan"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "", "float32[1x2] -1 -2 | int64[1] 2", "! label 2"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "", "float32[1x2] -1 -2 | int64[1] -1", "! label -1"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "", "float32[1x2] -1 -2 | int64[2] 1", "! labels of shape"),
        OP_CASE("NegativeLogLikelihoodLoss", 13, "reduction='max'", "float32[1x2] -1 -2 | int64[1] 1", "! reduction"),
        OP_NEAR("SoftmaxCrossEntropyLoss", 13, "reduction='none'", "float32[1x2] 1000 1000 | int64[1] 1",
                "float32[1] 0.693147181 | float32[1x2] -0.693147181 -0.693147181", 1e-6),
        OP_NEAR("SoftmaxCrossEntropyLoss", 13, "", "bfloat16[1x2] 1 1 | int64[1] 0", "bfloat16[] 0.693147181", 1e-2),
        OP_CASE("SoftmaxCrossEntropyLoss", 13, "", "float32[1x2] 1 2 | int64[1] 0 | float32[3] 1", "! weights"),
    };
    OP_CASES_RUN(cases);
}

#define THREE "float32[1x3x4] 0 0 1 1 0 0 1 1.1 0 10 1 11"
#define SCORES " | float32[1x1x3] 0.5 0.9 0.7"

static void suppression(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("NonMaxSuppression", 11, "", THREE SCORES " | int64[] 3 | float32[] 0.5", "int64[2x3] 0 0 1 0 0 2"),
        OP_CASE("NonMaxSuppression", 11, "", THREE SCORES " | int64[1] 1 | float32[1] 0.5", "int64[1x3] 0 0 1"),
        OP_CASE("NonMaxSuppression", 11, "", THREE SCORES " | int64[] 3 | float32[] 1", "int64[3x3] 0 0 1 0 0 2 0 0 0"),
        OP_CASE("NonMaxSuppression", 11, "", THREE SCORES " | int64[] 3 | float32[] 0.5 | float32[] 0.7", "int64[1x3] 0 0 1"),
        OP_CASE("NonMaxSuppression", 11, "", THREE SCORES, "int64[0x3]"),
        OP_CASE("NonMaxSuppression", 11, "", THREE SCORES " | int64[] -5", "int64[0x3]"),
        OP_CASE("NonMaxSuppression", 11, "", "float32[1x2x4] 0 0 1 1 1 1 0 0 | float32[1x1x2] 0.5 0.5 | int64[] 9",
                "int64[1x3] 0 0 0"),
        OP_CASE("NonMaxSuppression", 11, "", "float32[1x2x4] 0 | float32[1x1x2] nan 0.5 | int64[] 9", "int64[1x3] 0 0 1"),
        OP_CASE("NonMaxSuppression", 11, "center_point_box=1",
                "float32[1x2x4] 0 0 2 2 0 0 2 2 | float32[1x2x2] 0.5 0.6 0.7 0.1 | int64[] 9 | float32[] 0.5",
                "int64[2x3] 0 0 1 0 1 0"),
        OP_CASE("NonMaxSuppression", 11, "", "float32[1x0x4] | float32[1x2x0] | int64[] 9", "int64[0x3]"),
        OP_CASE("NonMaxSuppression", 11, "", "float32[1x2x4] 0 | float32[1x1x3] 0 | int64[] 9", "! boxes has"),
        OP_CASE("NonMaxSuppression", 11, "", "float32[1x2x3] 0 | float32[1x1x2] 0 | int64[] 9", "! four"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses), cmocka_unit_test(suppression)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
