// test_ops_training.c: steps of Adagrad, Adam and Momentum beyond the backend tests: types, several tensors, wrong use.
// May assume: support/op_case.h for the syntax of the tables. Expected numbers follow the standard's formulas by hand.
// Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

#define T "ai.onnx.preview.training."

static void steps(void **state) {
    (void)state;
    static const op_case cases[] = {
        // r = 0.5 / (1 + 2) ; g = 0.5 * 4 + 1 = 3 ; h = 7 + 9 = 16
        OP_CASE(T "Adagrad", 1, "decay_factor=1.0 epsilon=0.0 norm_coefficient=0.5",
                "float64[] 0.5 | int64[] 2 | float64[1] 4 | float64[1] 1 | float64[1] 7", "float64[1] 3.875 | float64[1] 16"),
        // T = 0: the rate as it is; v = 0.5 * 2 + 0.5 * 2 = 2 ; h = 0.5 * 4 + 0.5 * 4 = 4 ; x = (8 - 2 / 2) / 2
        OP_CASE(T "Adam", 1, "alpha=0.5 beta=0.5 epsilon=0.0 norm_coefficient_post=0.5",
                "float32[1] 1 | int64[] 0 | float32[1x1] 8 | float32[1x1] 2 | float32[1x1] 2 | float32[1x1] 4",
                "float32[1x1] 3.5 | float32[1x1] 2 | float32[1x1] 4"),
        // T = 2: the rate times sqrt(1 - 1/4) / (1 - 1/4)
        OP_CASE(T "Adam", 1, "alpha=0.5 beta=0.5 epsilon=0.0",
                "float32[] 1 | int64[] 2 | float32[] 8 | float32[] 2 | float32[] 2 | float32[] 4",
                "float32[] 6.84529946 | float32[] 2 | float32[] 4"),
        // The backend test of two tensors, whose node lacks the epsilon that its outputs were made with.
        OP_CASE(T "Adam", 1, "alpha=0.95 beta=0.85 epsilon=0.01 norm_coefficient=0.001",
                "float32[] 0.100000001 | int64[] 0 | float32[1] 1 | float32[2] 1 2 | float32[1] -1 | float32[2] -1 -3 | "
                "float32[1] 2 | float32[2] 4 1 | float32[1] 0.5 | float32[2] 1 10",
                "float32[1] 0.75913626 | float32[2] 0.628652811 1.97458529 | float32[1] 1.85004997 | float32[2] 3.75005007 "
                "0.800099969 | float32[1] 0.574700177 | float32[2] 0.999700189 9.8482008"),
        // two tensors of different shapes; the first step takes beta as 1
        OP_CASE(T "Momentum", 1, "alpha=0.5 beta=0.25 norm_coefficient=0.0 mode='standard'",
                "float32[] 2 | int64[] 0 | float32[1] 1 | float32[2] 2 3 | float32[1] 1 | float32[2] 1 -1 | float32[1] 4 | "
                "float32[2] 0 2",
                "float32[1] -5 | float32[2] 0 3 | float32[1] 3 | float32[2] 1 0"),
        OP_CASE(T "Momentum", 1, "alpha=0.5 beta=0.25 norm_coefficient=0.0 mode='nesterov'",
                "float64[] 2 | int64[] 1 | float64[1] 1 | float64[1] 4 | float64[1] 2", "float64[1] -9 | float64[1] 2"),
        OP_CASE(T "Momentum", 1, "alpha=0.5 beta=0.25 norm_coefficient=0.0 mode='heavy'",
                "float64[] 2 | int64[] 1 | float64[1] 1 | float64[1] 4 | float64[1] 2", "! mode"),
        OP_CASE(T "Momentum", 1, "alpha=0.5 beta=0.25 mode='standard'",
                "float64[] 2 | int64[] 1 | float64[1] 1 | float64[1] 4 | float64[1] 2", "! norm_coefficient"),
        OP_CASE(T "Adagrad", 1, "", "float64[] 2 | int64[] 1 | float64[1] 1 | float64[1] 4", "! 2 tensors"),
        OP_CASE(T "Adagrad", 1, "", "float64[] 2 | int64[] 1 | float64[1] 1 | float64[2] 4 | float64[1] 4", "! another shape"),
        OP_CASE(T "Adagrad", 1, "", "float64[] 2 | int64[] 1 | float64[1] 1 | float32[1] 4 | float64[1] 4", "! another type"),
        OP_CASE(T "Adagrad", 1, "", "float64[2] 2 | int64[] 1 | float64[1] 1 | float64[1] 4 | float64[1] 4", "! R must be"),
        OP_CASE(T "Adagrad", 1, "", "float64[] 2 | int32[] 1 | float64[1] 1 | float64[1] 4 | float64[1] 4", "! T is int32"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
