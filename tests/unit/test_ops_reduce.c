// test_ops_reduce.c: Reduce*: integers that wrap and round, NaN and infinities, empty sets, axes of all kinds, old versions.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void floats(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ReduceSum", 13, "", "float32[2x2] 1 2 3 nan", "float32[1x1] nan"),
        OP_CASE("ReduceMax", 18, "keepdims=0", "float32[3] 1 nan 3 | int64[1] 0", "float32[] nan"),
        OP_CASE("ReduceMin", 18, "keepdims=0", "float64[3] 1 nan -inf", "float64[] nan"),
        OP_CASE("ReduceMax", 18, "keepdims=0", "float32[2] -inf -inf", "float32[] -inf"),
        OP_CASE("ReduceMean", 18, "", "float16[2x2] 1 2 3 5 | int64[1] 1", "float16[2x1] 1.5 4"),
        OP_CASE("ReduceMean", 13, "axes=[0]", "bfloat16[2x2] 1 2 3 4", "bfloat16[1x2] 2 3"),
        OP_CASE("ReduceL2", 18, "keepdims=0", "float64[2] 3 4", "float64[] 5"),
        OP_CASE("ReduceLogSumExp", 18, "keepdims=0", "float32[2] 1000 1000", "float32[] 1000.693147"),
        OP_CASE("ReduceLogSumExp", 18, "keepdims=0", "float64[2] -1000 -1000", "float64[] -999.306852819"),
        OP_CASE("ReduceLogSumExp", 18, "keepdims=0", "float32[2] -inf -inf", "float32[] -inf"),
        OP_CASE("ReduceLogSumExp", 18, "keepdims=0", "float32[3] 1 inf inf", "float32[] inf"),
        OP_CASE("ReduceLogSumExp", 18, "keepdims=0", "float32[3] 1 nan inf", "float32[] nan"),
        OP_CASE("ReduceLogSumExp", 18, "", "float32[2x3x2] 0 1 0 1 0 1 1000 -inf 1000 -inf inf -inf | int64[1] 1",
                "float32[2x1x2] 1.098612289 2.098612289 inf -inf"),
        OP_CASE("ReduceLogSumExp", 18, "keepdims=0", "float32[2x2x2] 0 -1000 3 90 0 -1000 3 90 | int64[2] 0 -1",
                "float32[2] 0.693147181 90.693147181"),
        OP_CASE("ReduceLogSumExp", 18, "", "float32[2x0] | int64[1] 1", "float32[2x1] -inf -inf"),
        OP_CASE("ReduceLogSumExp", 18, "noop_with_empty_axes=1", "float32[2] 5 -300", "float32[2] 5 -300"),
        OP_CASE("ReduceLogSum", 18, "keepdims=0", "float32[2] 0 0", "float32[] -inf"),
    };
    OP_CASES_RUN(cases);
}

static void integers(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ReduceSum", 13, "keepdims=0", "int32[2] 2147483647 1", "int32[] -2147483648"),
        OP_CASE("ReduceProd", 13, "keepdims=0", "uint32[2] 65536 65537", "uint32[] 65536"),
        OP_CASE("ReduceMean", 13, "keepdims=0", "int32[2] -3 0", "int32[] -1"),
        OP_CASE("ReduceMean", 13, "keepdims=0", "int64[2] 9223372036854775807 9223372036854775805",
                "int64[] 9223372036854775806"),
        OP_CASE("ReduceL1", 13, "keepdims=0", "int64[2] -5 3", "int64[] 8"),
        OP_CASE("ReduceL1", 13, "keepdims=0", "uint64[2] 5 3", "uint64[] 8"),
        OP_CASE("ReduceL2", 13, "keepdims=0", "int32[2] 2 -2", "int32[] 2"),
        OP_CASE("ReduceSumSquare", 13, "keepdims=0", "int32[2] 2 -3", "int32[] 13"),
        OP_CASE("ReduceLogSum", 13, "keepdims=0", "int32[2] 10 11", "int32[] 3"),
        OP_CASE("ReduceLogSumExp", 13, "keepdims=0", "int64[2] 7 7", "int64[] 7"),
        OP_CASE("ReduceMax", 12, "keepdims=0", "int8[3] -128 -3 -9", "int8[] -3"),
        OP_CASE("ReduceMin", 13, "keepdims=0", "uint8[3] 255 3 9", "uint8[] 3"),
        OP_CASE("ReduceMax", 11, "keepdims=0", "uint8[3] 255 3 9", "! not allowed"),
        OP_CASE("ReduceMax", 20, "", "bool[2x2] 0 0 0 1 | int64[1] 1", "bool[2x1] 0 1"),
        OP_CASE("ReduceMin", 18, "", "bool[2] 0 1", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void axes(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ReduceSum", 13, "", "float32[2x3x2] 1 | int64[2] 0 2", "float32[1x3x1] 4"),
        OP_CASE("ReduceSum", 13, "keepdims=0", "float64[2x3x2] 1 2 3 4 5 6 7 8 9 10 11 12 | int64[2] -1 0",
                "float64[3] 18 26 34"),
        OP_CASE("ReduceSum", 13, "keepdims=0", "float32[2x3x2] 1 2 3 4 5 6 7 8 9 10 11 12 | int64[1] 1",
                "float32[2x2] 9 12 27 30"),
        OP_CASE("ReduceMax", 13, "axes=[1]", "int32[2x3x2] 1 2 3 4 5 6 7 8 9 10 11 12", "int32[2x1x2] 5 6 11 12"),
        OP_CASE("ReduceSum", 13, "keepdims=0", "float32[2x2] 1 2 3 4 | int64[0]", "float32[] 10"),
        OP_CASE("ReduceSum", 13, "noop_with_empty_axes=1", "float32[2] 1 2 | int64[0]", "float32[2] 1 2"),
        OP_CASE("ReduceSum", 13, "noop_with_empty_axes=1", "int64[2] 1 2", "int64[2] 1 2"),
        OP_CASE("ReduceSumSquare", 18, "noop_with_empty_axes=1", "float32[2] 3 -2", "float32[2] 9 4"),
        OP_CASE("ReduceLogSum", 18, "noop_with_empty_axes=1 keepdims=0", "float64[1] 1", "float64[1] 0"),
        OP_CASE("ReduceL2", 18, "noop_with_empty_axes=1", "float32[2] -3 2", "float32[2] 3 2"),
        OP_CASE("ReduceSum", 13, "", "float32[] 3", "float32[] 3"),
        OP_CASE("ReduceSum", 1, "axes=[0] keepdims=0", "float32[2x2] 1 2 3 4", "float32[2] 4 6"),
        OP_CASE("ReduceSum", 11, "axes=[2]", "float32[2x2] 0", "! axis 2 is out of range"),
        OP_CASE("ReduceMax", 18, "", "float32[2x2] 0 | int64[1] -3", "! axis -3 is out of range"),
        OP_CASE("ReduceMax", 18, "", "float32[2x2] 0 | int32[1] 0", "! not int64"),
        OP_CASE("ReduceMax", 18, "", "float32[2x2] 0 | int64[1x1] 0", "! rank 2"),
        OP_CASE("ReduceSum", 13, "axes=[0]", "float32[2x2] 0", "! attribute"),
        OP_CASE("ReduceSum", 13, "", "int8[2] 0", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void nothing(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ReduceSum", 13, "", "float32[2x0x3] | int64[1] 1", "float32[2x1x3] 0"),
        OP_CASE("ReduceProd", 18, "", "int64[0x2] | int64[1] 0", "int64[1x2] 1"),
        OP_CASE("ReduceMean", 18, "keepdims=0", "float32[0]", "float32[] nan"),
        OP_CASE("ReduceMean", 18, "keepdims=0", "int32[0]", "int32[] 0"),
        OP_CASE("ReduceMax", 18, "keepdims=0", "int8[0]", "int8[] -128"),
        OP_CASE("ReduceMin", 18, "keepdims=0", "int64[0]", "int64[] 9223372036854775807"),
        OP_CASE("ReduceMax", 18, "keepdims=0", "float64[0]", "float64[] -inf"),
        OP_CASE("ReduceMin", 20, "keepdims=0", "bool[0]", "bool[] 1"),
        OP_CASE("ReduceLogSumExp", 18, "keepdims=0", "float32[0]", "float32[] -inf"),
        OP_CASE("ReduceL2", 18, "", "float32[2x0] | int64[1] 0", "float32[1x0]"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(floats), cmocka_unit_test(integers), cmocka_unit_test(axes),
                                       cmocka_unit_test(nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
