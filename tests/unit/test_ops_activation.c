// test_ops_activation.c: activation functions and Clip: special values, integers, old versions.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void relu(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Relu", 14, "", "float32[4] nan -inf inf -0.0", "float32[4] nan 0 inf 0"),
        OP_CASE("Relu", 14, "", "int8[3] -128 127 0", "int8[3] 0 127 0"),
        OP_CASE("Relu", 14, "", "int64[2] -9223372036854775808 5", "int64[2] 0 5"),
        OP_CASE("Relu", 14, "", "float16[2] -1 2", "float16[2] 0 2"),
        OP_CASE("Relu", 13, "", "bfloat16[2] -1 2", "bfloat16[2] 0 2"),
        OP_CASE("Relu", 14, "", "float32[0x3]", "float32[0x3]"),
        OP_CASE("Relu", 14, "", "float64[] -3", "float64[] 0"),
        OP_CASE("Relu", 1, "consumed_inputs=[0]", "float32[1] -1", "float32[1] 0"),
        OP_CASE("Relu", 6, "consumed_inputs=[0]", "float32[1] -1", "! no attribute"),
        OP_CASE("Relu", 13, "", "int8[1] 1", "! not allowed"),
        OP_CASE("Relu", 14, "", "uint8[1] 1", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void smooth(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Sigmoid", 13, "", "float32[4] -1000 1000 0 nan", "float32[4] 0 1 0.5 nan"),
        OP_CASE("Softplus", 1, "", "float32[4] 1000 -1000 0 -inf", "float32[4] 1000 0 0.693147181 0"),
        OP_NEAR("Softplus", 1, "", "float64[2] 800 -40", "float64[2] 800 4.248354255291589e-18", 1e-12),
        OP_NEAR("Elu", 6, "alpha=2.0", "float32[3] -1e-8 -1000 3", "float32[3] -2e-8 -2 3", 1e-09),
        OP_CASE("Selu", 1, "", "float32[2] 1 -1000", "float32[2] 1.0507 -1.758031"),
        OP_CASE("Selu", 6, "", "float32[2] 1 -1000", "float32[2] 1.050701 -1.758099"),
        OP_CASE("Celu", 12, "alpha=0.5", "float32[2] -1000 2", "float32[2] -0.5 2"),
        OP_CASE("Mish", 18, "", "float32[3] -100 0 50", "float32[3] 0 0 50"),
        OP_CASE("Gelu", 20, "", "float32[3] -10 0 10", "float32[3] 0 0 10"),
        OP_CASE("Gelu", 20, "approximate='tanh'", "float32[2] 1 -1", "float32[2] 0.841192 -0.158808"),
        OP_CASE("Gelu", 20, "approximate='fast'", "float32[1] 1", "! approximate"),
        OP_CASE("Swish", 24, "alpha=2.0", "float32[2] 1 -100", "float32[2] 0.880797 0"),
        OP_CASE("Softsign", 1, "", "float32[2] 1e30 -1", "float32[2] 1 -0.5"),
        OP_CASE("Tanh", 13, "", "float16[2] 100 0", "float16[2] 1 0"),
    };
    OP_CASES_RUN(cases);
}

static void piecewise(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("HardSigmoid", 6, "", "float32[4] -10 0 10 nan", "float32[4] 0 0.5 1 nan"),
        OP_CASE("HardSwish", 14, "", "float32[4] -4 0 4 1", "float32[4] 0 0 4 0.66666667"),
        OP_CASE("LeakyRelu", 6, "", "float32[2] -1 2", "float32[2] -0.01 2"),
        OP_CASE("ThresholdedRelu", 10, "", "float32[3] 1 1.5 -2", "float32[3] 0 1.5 0"),
        OP_CASE("Shrink", 9, "lambd=1.5 bias=1.5", "float32[5] -2 -1 0 1 2", "float32[5] -0.5 0 0 0 0.5"),
        OP_CASE("Shrink", 9, "lambd=2.0 bias=300.0", "uint8[2] 255 1", "uint8[2] 0 0"),
        OP_CASE("Shrink", 9, "lambd=1.0 bias=200.0", "int8[2] -100 2", "int8[2] 100 -128"),
    };
    OP_CASES_RUN(cases);
}

static void prelu(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("PRelu", 7, "", "float32[2x3] -1 -2 3 -4 5 -6 | float32[3] 1 10 100", "float32[2x3] -1 -20 3 -4 5 -600"),
        OP_CASE("PRelu", 6, "", "float32[1x2x2x1] -1 -1 -1 -1 | float32[2] 2 3", "float32[1x2x2x1] -2 -2 -3 -3"),
        OP_CASE("PRelu", 6, "", "float32[1x2x2x1] -1 -1 -1 -1 | float32[1] 5", "float32[1x2x2x1] -5"),
        OP_CASE("PRelu", 9, "", "int32[2] -2147483648 7 | int32[] -1", "int32[2] -2147483648 7"),
        OP_CASE("PRelu", 9, "", "uint64[2] 18446744073709551615 7 | uint64[] 3", "uint64[2] 18446744073709551615 7"),
        OP_CASE("PRelu", 7, "", "float32[2] -1 | float32[2x2] 1", "! slope has rank"),
        OP_CASE("PRelu", 7, "", "float32[2] -1 | float32[3] 1", "! does not broadcast"),
    };
    OP_CASES_RUN(cases);
}

static void clip(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Clip", 13, "", "float32[4] nan -5 5 inf | float32[] -1 | float32[] 1", "float32[4] nan -1 1 1"),
        OP_CASE("Clip", 13, "", "float32[2] -5 5 | float32[] 2 | float32[] 1", "float32[2] 1 1"),
        OP_CASE("Clip", 13, "", "float32[2] -5 5 | _ | float32[] 1", "float32[2] -5 1"),
        OP_CASE("Clip", 12, "", "uint64[2] 18446744073709551615 0 | uint64[] 1", "uint64[2] 18446744073709551615 1"),
        OP_CASE("Clip", 12, "", "int8[3] -128 0 127 | _ | int8[] 3", "int8[3] -128 0 3"),
        OP_CASE("Clip", 11, "", "float16[2] -5 5 | float16[] -1", "float16[2] -1 5"),
        OP_CASE("Clip", 6, "max=1.0", "float32[3] -inf 5 0", "float32[3] -3.4028234663852886e38 1 0"),
        OP_CASE("Clip", 1, "min=0.0", "float32[2] -1 inf", "float32[2] 0 inf"),
        OP_CASE("Clip", 13, "", "float32[1] 1 | float32[2] 0 1", "! one element"),
        OP_CASE("Clip", 13, "", "float32[1] 1 | float64[] 0", "! different element types"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relu),  cmocka_unit_test(smooth), cmocka_unit_test(piecewise),
        cmocka_unit_test(prelu), cmocka_unit_test(clip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
