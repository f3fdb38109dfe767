// test_ops_logic.c: comparisons, logic, bits and Where.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void comparisons(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Equal", 19, "", "string[2] 'a' 'bc' | string[1] 'bc'", "bool[2] 0 1"),
        OP_CASE("Equal", 13, "", "bool[2] 1 0 | bool[2] 1 1", "bool[2] 1 0"),
        OP_CASE("Equal", 13, "", "float32[2] nan 0 | float32[2] nan -0.0", "bool[2] 0 1"),
        OP_CASE("Equal", 13, "", "uint64[1] 18446744073709551615 | uint64[1] 18446744073709551615", "bool[1] 1"),
        OP_CASE("Greater", 13, "", "uint64[1] 18446744073709551615 | uint64[1] 1", "bool[1] 1"),
        OP_CASE("Less", 13, "", "int64[2] -9223372036854775808 9223372036854775807 | int64[] 0", "bool[2] 1 0"),
        OP_CASE("GreaterOrEqual", 16, "", "bfloat16[2] 1 2 | bfloat16[] 2", "bool[2] 0 1"),
        OP_CASE("LessOrEqual", 12, "", "float32[2] nan 1 | float32[2] 1", "bool[2] 0 1"),
        OP_CASE("Equal", 1, "broadcast=1 axis=0", "int32[2x2] 1 2 1 2 | int32[2] 1 2", "bool[2x2] 1 0 0 1"),
        OP_CASE("Greater", 9, "", "bfloat16[1] 1 | bfloat16[1] 1", "! not allowed"),
        OP_CASE("Equal", 13, "", "string[1] 'a' | string[1] 'a'", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void bits(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("And", 7, "", "bool[2x1] 1 0 | bool[2] 1 0", "bool[2x2] 1 0 0 0"),
        OP_CASE("Xor", 1, "broadcast=1", "bool[2x2] 1 0 1 0 | bool[2] 1 1", "bool[2x2] 0 1 0 1"),
        OP_CASE("Not", 1, "", "bool[2] 1 0", "bool[2] 0 1"),
        OP_CASE("BitShift", 11, "direction='LEFT'", "uint8[3] 255 1 1 | uint8[3] 1 7 8", "uint8[3] 254 128 0"),
        OP_CASE("BitShift", 11, "direction='RIGHT'", "uint64[2] 18446744073709551615 1 | uint64[2] 63 64", "uint64[2] 1 0"),
        OP_CASE("BitShift", 11, "direction='UP'", "uint8[1] 1 | uint8[1] 1", "! direction"),
        OP_CASE("BitwiseAnd", 18, "", "int8[1] -1 | int8[1] 15", "int8[1] 15"),
        OP_CASE("BitwiseXor", 18, "", "uint16[1] 65535 | uint16[1] 1", "uint16[1] 65534"),
        OP_CASE("BitwiseNot", 18, "", "int32[2] 0 -1", "int32[2] -1 0"),
        OP_CASE("BitwiseNot", 18, "", "uint8[1] 5", "uint8[1] 250"),
        OP_CASE("BitwiseOr", 18, "", "float32[1] 1 | float32[1] 1", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void where(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Where", 9, "", "bool[2x1] 1 0 | float32[2] 1 2 | float32[] 9", "float32[2x2] 1 2 9 9"),
        OP_CASE("Where", 16, "", "bool[3] 1 0 1 | string[1] 'yes' | string[3] 'a' 'b' 'c'", "string[3] 'yes' 'b' 'yes'"),
        OP_CASE("Where", 9, "", "bool[] 0 | complex128[1] 1,2 | complex128[2] 3,4 5,6", "complex128[2] 3,4 5,6"),
        OP_CASE("Where", 9, "", "bool[0] | float32[1] 1 | float32[] 2", "float32[0]"),
        OP_CASE("Where", 16, "", "bool[2] 1 0 | bfloat16[2] 1 2 | bfloat16[2] 3 4", "bfloat16[2] 1 4"),
        OP_CASE("Where", 9, "", "bool[1] 1 | float32[1] 1 | int32[1] 1", "! X has type"),
        OP_CASE("Where", 9, "", "bool[2] 1 | float32[3] 1 | float32[3] 1", "! do not broadcast"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons),
        cmocka_unit_test(bits),
        cmocka_unit_test(where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
