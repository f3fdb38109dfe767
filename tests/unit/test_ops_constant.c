// test_ops_constant.c: Constant, ConstantOfShape, Range, EyeLike, OneHot, Trilu, Dropout.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void constants(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Constant", 13, "value=(int4[2] 1 -2)", "", "! type int4"),
        OP_CASE("Constant", 21, "value=(int4[2] 1 -2)", "", "int4[2] 1 -2"),
        OP_CASE("Constant", 12, "value_float=2.5", "", "float32[] 2.5"),
        OP_CASE("Constant", 12, "value_ints=[1,2]", "", "int64[2] 1 2"),
        OP_CASE("Constant", 12, "value_strings=['a','bc']", "", "string[2] 'a' 'bc'"),
        OP_CASE("Constant", 12, "value_string='x'", "", "string[] 'x'"),
        OP_CASE("Constant", 12, "value_int=1 value_float=1.0", "", "! one value"),
        OP_CASE("Constant", 9, "value_int=1", "", "! no attribute"),
        OP_CASE("ConstantOfShape", 9, "", "int64[2] 2 1", "float32[2x1] 0"),
        OP_CASE("ConstantOfShape", 9, "value=(int64[1] 7)", "int64[0]", "int64[] 7"),
        OP_CASE("ConstantOfShape", 9, "", "int64[2] 0 3", "float32[0x3]"),
        OP_CASE("ConstantOfShape", 9, "", "int64[1] -1", "! dimension 0"),
        OP_CASE("ConstantOfShape", 9, "", "int64[2] 4611686018427387904 4611686018427387904", "!? too large"),
        OP_CASE("ConstantOfShape", 9, "value=(float32[2] 1 2)", "int64[1] 1", "! not 1"),
    };
    OP_CASES_RUN(cases);
}

static void ranges(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Range", 11, "", "int64[] 10 | int64[] 4 | int64[] -3", "int64[2] 10 7"),
        OP_CASE("Range", 11, "", "int16[] 0 | int16[] 0 | int16[] 1", "int16[0]"),
        OP_CASE("Range", 11, "", "float32[] 0 | float32[] 1 | float32[] 0.3", "float32[4] 0 0.3 0.6 0.9"),
        OP_CASE("Range", 27, "", "float16[] 1 | float16[] 3 | float16[] 1", "float16[2] 1 2"),
        OP_CASE("Range", 11, "", "int64[] -9223372036854775808 | int64[] 9223372036854775807 | int64[] 9223372036854775807",
                "int64[3] -9223372036854775808 -1 9223372036854775806"),
        OP_CASE("Range", 11, "", "int32[] 0 | int32[] 5 | int32[] 0", "! delta is 0"),
        OP_CASE("Range", 11, "", "float32[] 0 | float32[] inf | float32[] 1", "! not finite"),
        OP_CASE("Range", 11, "", "float32[2] 0 | float32[] 1 | float32[] 1", "! not a scalar"),
        OP_CASE("Range", 11, "", "float16[] 0 | float16[] 1 | float16[] 1", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void eyes(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("EyeLike", 9, "k=1 dtype=6", "float32[2x3] 5", "int32[2x3] 0 1 0 0 0 1"),
        OP_CASE("EyeLike", 9, "k=-5", "float16[2x2] 0", "float16[2x2] 0"),
        OP_CASE("EyeLike", 9, "k=9223372036854775807", "float32[1x1] 3", "float32[1x1] 0"),
        OP_CASE("EyeLike", 22, "", "bfloat16[1x1] 0", "bfloat16[1x1] 1"),
        OP_CASE("EyeLike", 9, "", "float32[2] 1", "! rank"),
        OP_CASE("OneHot", 11, "axis=0", "int64[3] 0 -1 5 | int64[] 2 | float32[2] 0 1", "float32[2x3] 1 0 0 0 1 0"),
        OP_CASE("OneHot", 9, "", "float32[1] 1 | float32[1] 3 | int8[2] 5 7", "int8[1x3] 5 7 5"),
        OP_CASE("OneHot", 11, "", "int64[] 0 | int64[] 2 | string[2] 'off' 'on'", "string[2] 'on' 'off'"),
        OP_CASE("OneHot", 11, "", "int64[1] 0 | int64[] -1 | float32[2] 0 1", "! depth"),
        OP_CASE("OneHot", 11, "", "int64[1] 0 | int64[] 2 | float32[3] 0", "! vector of 2"),
        OP_CASE("OneHot", 11, "axis=2", "int64[1] 0 | int64[] 2 | float32[2] 0", "! out of range"),
        OP_CASE("Trilu", 14, "", "float32[2x2x2] 1 2 3 4 5 6 7 8", "float32[2x2x2] 1 2 0 4 5 6 0 8"),
        OP_CASE("Trilu", 14, "upper=0", "int64[2x3] 1 2 3 4 5 6 | int64[] 1", "int64[2x3] 1 2 0 4 5 6"),
        OP_CASE("Trilu", 14, "", "int8[2x2] 1 2 3 4 | int64[] 9223372036854775807", "int8[2x2] 0"),
        OP_CASE("Trilu", 14, "", "int8[2x2] 1 2 3 4 | int64[] -9223372036854775808", "int8[2x2] 1 2 3 4"),
        OP_CASE("Trilu", 14, "", "float32[0x2]", "float32[0x2]"),
        OP_CASE("Trilu", 14, "", "float32[2] 1", "! rank"),
    };
    OP_CASES_RUN(cases);
}

static void dropout(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Dropout", 13, "", "float32[3] 1 2 3", "float32[3] 1 2 3 | bool[3] 1"),
        OP_CASE("Dropout", 13, "", "float16[2] 1 2 | float32[] 0.9 | bool[] 0", "float16[2] 1 2 | bool[2] 1"),
        OP_CASE("Dropout", 13, "seed=0", "float32[4] 1 1 1 1 | float32[] 0.5 | bool[] 1", "float32[4] 2 2 2 2 | bool[4] 1"),
        OP_CASE("Dropout", 13, "seed=0", "float32[4] 1 | float32[] 0.6 | bool[] 1", "float32[4] 0 2.5 2.5 0 | bool[4] 0 1 1 0"),
        OP_CASE("Dropout", 13, "", "float32[1] 1 | float32[] 0 | bool[] 1", "float32[1] 1 | bool[1] 1"),
        OP_CASE("Dropout", 7, "", "float32[2] 1 2", "float32[2] 1 2 | float32[2] 1"),
        OP_CASE("Dropout", 10, "", "float64[2] 1 2", "float64[2] 1 2 | bool[2] 1"),
        OP_CASE("Dropout", 6, "is_test=1", "float32[2] 1 2", "float32[2] 1 2"),
        OP_CASE("Dropout", 13, "", "float32[1] 1 | float32[] 1 | bool[] 1", "! ratio"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants),
        cmocka_unit_test(ranges),
        cmocka_unit_test(eyes),
        cmocka_unit_test(dropout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
