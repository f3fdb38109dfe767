// test_ops_math.c: functions of one number, Det, IsNaN, IsInf: special values and integer extremes.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void integers(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Neg", 13, "", "int8[2] -128 5", "int8[2] -128 -5"),
        OP_CASE("Abs", 13, "", "int64[2] -9223372036854775808 -3", "int64[2] -9223372036854775808 3"),
        OP_CASE("Abs", 13, "", "uint8[1] 200", "uint8[1] 200"),
        OP_CASE("Sign", 13, "", "int16[3] -5 0 7", "int16[3] -1 0 1"),
        OP_CASE("Sign", 13, "", "uint32[2] 0 7", "uint32[2] 0 1"),
        OP_CASE("Erf", 13, "", "int32[3] -10 0 10", "int32[3] -1 0 1"),
        OP_CASE("Neg", 13, "", "uint8[1] 1", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void floats(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Sign", 13, "", "float32[4] nan -0.0 -inf 3", "float32[4] nan 0 -1 1"),
        OP_CASE("Round", 11, "", "float32[6] 0.5 1.5 2.5 -0.5 -1.5 nan", "float32[6] 0 2 2 0 -2 nan"),
        OP_CASE("Sqrt", 13, "", "float32[3] -1 4 inf", "float32[3] nan 2 inf"),
        OP_CASE("Log", 13, "", "float64[3] 0 1 -1", "float64[3] -inf 0 nan"),
        OP_CASE("Exp", 13, "", "float32[3] 1000 -1000 0", "float32[3] inf 0 1"),
        OP_CASE("Reciprocal", 13, "", "float32[3] 0 -inf 2", "float32[3] inf 0 0.5"),
        OP_CASE("Floor", 13, "", "bfloat16[2] -1.5 1.5", "bfloat16[2] -2 1"),
        OP_CASE("Ceil", 6, "", "float32[2] -1.5 1.5", "float32[2] -1 2"),
        OP_CASE("Acosh", 9, "", "float32[2] 1 0", "float32[2] 0 nan"),
        OP_CASE("Atanh", 22, "", "bfloat16[1] 0", "bfloat16[1] 0"),
        OP_NEAR("Cos", 7, "", "float64[1] 1e15", "float64[1] -0.8413487", 1.0),
        OP_CASE("Exp", 13, "", "float32[0]", "float32[0]"),
    };
    OP_CASES_RUN(cases);
}

static void nan_and_inf(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("IsNaN", 13, "", "float16[3] nan 1 inf", "bool[3] 1 0 0"),
        OP_CASE("IsNaN", 20, "", "float8e4m3fn[2] nan 1", "bool[2] 1 0"),
        OP_CASE("IsInf", 10, "", "float32[3] inf -inf nan", "bool[3] 1 1 0"),
        OP_CASE("IsInf", 10, "detect_negative=0", "float64[2] inf -inf", "bool[2] 1 0"),
        OP_CASE("IsInf", 20, "detect_positive=0", "float8e5m2[2] inf -inf", "bool[2] 0 1"),
        OP_CASE("IsInf", 10, "", "float16[1] 1", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void det(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Det", 11, "", "float32[2x2] 1 2 3 4", "float32[] -2"),
        OP_CASE("Det", 11, "", "float64[3x3] 0 1 0 1 0 0 0 0 1", "float64[] -1"),
        OP_CASE("Det", 11, "", "float32[2x0x0]", "float32[2] 1"),
        OP_CASE("Det", 11, "", "float32[2x1x1] 5 7", "float32[2] 5 7"),
        OP_CASE("Det", 11, "", "float32[2x3] 1", "! not square"),
        OP_CASE("Det", 11, "", "float32[2] 1", "! rank"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(floats),
        cmocka_unit_test(nan_and_inf),
        cmocka_unit_test(det),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
