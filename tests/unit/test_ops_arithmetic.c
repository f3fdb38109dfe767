// test_ops_arithmetic.c: Add, Sub, Mul, Div, Min, Max, Sum, Mean, Pow, Mod: extremes, wrapping, broadcasting, old attributes.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void wrapping(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Add", 14, "", "int8[2] 127 -128 | int8[] 1", "int8[2] -128 -127"),
        OP_CASE("Sub", 14, "", "uint8[2] 0 5 | uint8[] 1", "uint8[2] 255 4"),
        OP_CASE("Mul", 14, "", "uint16[1] 65535 | uint16[1] 65535", "uint16[1] 1"),
        OP_CASE("Mul", 14, "", "int64[1] 9223372036854775807 | int64[1] 2", "int64[1] -2"),
        OP_CASE("Add", 14, "", "uint64[1] 18446744073709551615 | uint64[1] 1", "uint64[1] 0"),
        OP_CASE("Div", 14, "", "int32[4] -2147483648 7 -7 5 | int32[4] -1 2 2 0", "int32[4] -2147483648 3 -3 0"),
        OP_CASE("Div", 14, "", "int64[2] -9223372036854775808 1 | int64[] -1", "int64[2] -9223372036854775808 -1"),
        OP_CASE("Div", 14, "", "uint8[2] 7 1 | uint8[2] 0 2", "uint8[2] 0 0"),
        OP_CASE("Div", 14, "", "float32[3] 1 -1 0 | float32[] 0", "float32[3] inf -inf nan"),
    };
    OP_CASES_RUN(cases);
}

static void broadcasting(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Add", 7, "", "float32[2x1] 1 2 | float32[1x3] 10 20 30", "float32[2x3] 11 21 31 12 22 32"),
        OP_CASE("Sub", 7, "", "float32[] 1 | float32[2x2] 1 2 3 4", "float32[2x2] 0 -1 -2 -3"),
        OP_CASE("Mul", 7, "", "float32[2x1x2] 1 2 3 4 | float32[3x1] 1 10 100",
                "float32[2x3x2] 1 2 10 20 100 200 3 4 30 40 300 400"),
        OP_CASE("Add", 7, "", "float32[0x3] | float32[3] 1", "float32[0x3]"),
        OP_CASE("Add", 7, "", "float32[1] 1 | float32[0] ", "float32[0]"),
        OP_CASE("Add", 14, "", "float16[1x1x1x1x1x1x1x2] 1 2 | float16[2x1] 3 4", "float16[1x1x1x1x1x1x2x2] 4 5 5 6"),
        OP_CASE("Add", 7, "", "float32[2] 1 | float32[3] 1", "! do not broadcast"),
        OP_CASE("Add", 14, "", "float32[2] 1 | float64[2] 1", "! different element types"),
        OP_CASE("Add", 7, "", "float32[2] 1", "! inputs"),
    };
    OP_CASES_RUN(cases);
}

static void old(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Add", 6, "broadcast=1 axis=1", "float32[2x3x2] 0 | float32[3] 1 2 3",
                "float32[2x3x2] 1 1 2 2 3 3 1 1 2 2 3 3"),
        OP_CASE("Add", 6, "broadcast=1", "float32[2x3] 0 | float32[3] 1 2 3", "float32[2x3] 1 2 3 1 2 3"),
        OP_CASE("Mul", 1, "broadcast=1 axis=0", "float32[2x3] 1 | float32[2] 2 3", "float32[2x3] 2 2 2 3 3 3"),
        OP_CASE("Sub", 6, "broadcast=1 axis=-1", "float32[2x3] 1 | float32[3] 1 2 3", "float32[2x3] 0 -1 -2 0 -1 -2"),
        OP_CASE("Add", 6, "broadcast=1 axis=1", "float32[2x3] 1 | float32[2] 1", "! does not broadcast"),
        OP_CASE("Add", 6, "broadcast=1 axis=2", "float32[2x3] 1 | float32[2] 1", "! does not fit"),
        OP_CASE("Add", 6, "", "float32[2x3] 1 | float32[3] 1", "! broadcast is not set"),
        OP_CASE("Pow", 1, "broadcast=1", "float32[2x2] 2 | float32[2] 2 3", "float32[2x2] 4 8 4 8"),
    };
    OP_CASES_RUN(cases);
}

static void variadic(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Min", 13, "", "float32[2] nan 1 | float32[2] 1 nan", "float32[2] nan nan"),
        OP_CASE("Max", 13, "", "float32[2] nan 1 | float32[2] 1 nan | float32[1] 5", "float32[2] nan nan"),
        OP_CASE("Max", 13, "", "uint64[2] 18446744073709551615 1 | uint64[] 2", "uint64[2] 18446744073709551615 2"),
        OP_CASE("Min", 12, "", "int8[1] -128 | int8[1] 127", "int8[1] -128"),
        OP_CASE("Sum", 13, "", "float32[2x1] 1 2 | float32[3] 10 20 30 | float32[] 100",
                "float32[2x3] 111 121 131 112 122 132"),
        OP_CASE("Mean", 13, "", "float16[2] 1 2 | float16[2] 3 5", "float16[2] 2 3.5"),
        OP_CASE("Mean", 13, "", "float64[1] 5", "float64[1] 5"),
        OP_CASE("Sum", 6, "", "float32[2] 1 | float32[1] 1", "! have shapes"),
        OP_CASE("Max", 8, "", "float32[2] 1 | _ | float32[2] 1", "! needs its input"),
    };
    OP_CASES_RUN(cases);
}

static void powers(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Pow", 15, "", "float32[4] 2 0 -8 4 | float32[4] 3 0 2 0.5", "float32[4] 8 1 64 2"),
        OP_CASE("Pow", 15, "", "int32[5] 2 -1 1 3 0 | int64[5] 31 -3 -9 -1 -1", "int32[5] -2147483648 -1 1 0 0"),
        OP_CASE("Pow", 15, "", "int64[1] 3 | int64[1] 39", "int64[1] 4052555153018976267"),
        OP_CASE("Pow", 15, "", "int32[2] 2 9 | float32[2] 3 0.5", "int32[2] 8 3"),
        OP_CASE("Pow", 15, "", "float32[2] 2 3 | int64[] 2", "float32[2] 4 9"),
        OP_CASE("Pow", 15, "", "float32[2] 2 3 | uint8[2] 2 3", "float32[2] 4 27"),
        OP_CASE("Pow", 15, "", "float16[2] 2 3 | int32[] 2", "float16[2] 4 9"),
        OP_NEAR("Pow", 13, "", "float64[1] 2 | float32[1] 0.5", "float64[1] 1.4142135623730951", 1e-15),
        OP_CASE("Pow", 15, "", "float32[1] 2 | bool[1] 1", "! exponent"),
        OP_CASE("Mod", 13, "", "int32[4] -7 7 -7 7 | int32[4] 3 -3 0 -1", "int32[4] 2 -2 0 0"),
        OP_CASE("Mod", 13, "fmod=1", "int32[3] -7 7 -2147483648 | int32[3] 3 -3 -1", "int32[3] -1 1 0"),
        OP_CASE("Mod", 13, "fmod=1", "float32[3] -7.5 7.5 1 | float32[3] 2 -2 0", "float32[3] -1.5 1.5 nan"),
        OP_CASE("Mod", 13, "", "uint64[1] 18446744073709551615 | uint64[1] 10", "uint64[1] 5"),
        OP_CASE("Mod", 13, "", "float32[1] 1 | float32[1] 1", "! fmod"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrapping), cmocka_unit_test(broadcasting), cmocka_unit_test(old),
        cmocka_unit_test(variadic), cmocka_unit_test(powers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
