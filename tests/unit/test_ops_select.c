// test_ops_select.c: NonZero, Compress, Unique, TopK, ArgMax, ArgMin, Hardmax, CumSum, CumProd, ReverseSequence.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void nonzero(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("NonZero", 13, "", "float32[4] 0 -0.0 nan 1", "int64[1x2] 2 3"),
        OP_CASE("NonZero", 13, "", "float16[2] -0.0 1", "int64[1x1] 1"),
        OP_CASE("NonZero", 9, "", "complex64[2] 0,0 0,1", "int64[1x1] 1"),
        OP_CASE("NonZero", 9, "", "string[2] '' 'a'", "int64[1x1] 1"),
        OP_CASE("NonZero", 9, "", "bool[] 1", "int64[0x1]"),
        OP_CASE("NonZero", 9, "", "bool[] 0", "int64[0x0]"),
        OP_CASE("NonZero", 9, "", "int8[2x2] 0 1 1 0", "int64[2x2] 0 1 1 0"),
        OP_CASE("NonZero", 9, "", "int8[0x3]", "int64[2x0]"),
        OP_CASE("Compress", 11, "axis=-1", "int32[2x3] 1 2 3 4 5 6 | bool[2] 0 1", "int32[2x1] 2 5"),
        OP_CASE("Compress", 9, "", "string[2x2] 'a' 'b' 'c' 'd' | bool[3] 1 0 1", "string[2] 'a' 'c'"),
        OP_CASE("Compress", 11, "axis=0", "float32[2] 1 2 | bool[4] 0 1 0 0", "float32[1] 2"),
        OP_CASE("Compress", 11, "axis=0", "float32[2] 1 2 | bool[4] 0 1 0 1", "! is set"),
        OP_CASE("Compress", 11, "axis=1", "float32[2] 1 2 | bool[1] 1", "! out of range"),
    };
    OP_CASES_RUN(cases);
}

static void unique(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Unique", 11, "", "float32[5] 2 nan 1 2 nan",
                "float32[3] 1 2 nan | int64[3] 2 0 1 | int64[5] 1 2 0 1 2 | int64[3] 1 2 2"),
        OP_CASE("Unique", 11, "sorted=0", "string[4] 'b' 'a' 'b' ''",
                "string[3] 'b' 'a' '' | int64[3] 0 1 3 | int64[4] 0 1 0 2 | int64[3] 2 1 1"),
        OP_CASE("Unique", 11, "axis=1", "int64[2x3] 1 0 1 2 5 2",
                "int64[2x2] 0 1 5 2 | int64[2] 1 0 | int64[3] 1 0 1 | int64[2] 1 2"),
        OP_CASE("Unique", 11, "axis=0", "int8[3x2] 1 1 0 9 1 1", "int8[2x2] 0 9 1 1 | _ | int64[3] 1 0 1"),
        OP_CASE("Unique", 11, "", "complex64[3] 1,2 1,1 1,2", "complex64[2] 1,1 1,2"),
        OP_CASE("Unique", 11, "", "float32[0]", "float32[0] | int64[0] | int64[0] | int64[0]"),
        OP_CASE("Unique", 11, "", "bool[] 1", "bool[1] 1"),
    };
    OP_CASES_RUN(cases);
}

static void topk(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("TopK", 11, "", "float32[5] 1 nan 3 3 2 | int64[1] 4", "float32[4] nan 3 3 2 | int64[4] 1 2 3 4"),
        OP_CASE("TopK", 11, "largest=0", "int8[4] 5 -128 5 127 | int64[1] 3", "int8[3] -128 5 5 | int64[3] 1 0 2"),
        OP_CASE("TopK", 11, "axis=0", "float32[2x2] 1 4 3 2 | int64[1] 1", "float32[1x2] 3 4 | int64[1x2] 1 0"),
        OP_CASE("TopK", 1, "k=1", "float16[2] 1 2", "float16[1] 2 | int64[1] 1"),
        OP_CASE("TopK", 10, "", "float64[2] 1 2 | int64[1] 0", "float64[0] | int64[0]"),
        OP_CASE("TopK", 24, "", "bfloat16[3] 1 3 2 | int64[1] 2", "bfloat16[2] 3 2 | int64[2] 1 2"),
        OP_CASE("TopK", 11, "", "float32[2] 1 2 | int64[1] 3", "! K is 3"),
        OP_CASE("TopK", 11, "", "float32[2] 1 2 | int64[1] -1", "! K is -1"),
        OP_CASE("ArgMax", 13, "", "float32[4] 1 nan 3 nan", "int64[1] 1"),
        OP_CASE("ArgMax", 13, "select_last_index=1 keepdims=0", "int32[3] 3 1 3", "int64[] 2"),
        OP_CASE("ArgMin", 13, "axis=-1", "uint8[2x2] 1 0 3 3", "int64[2x1] 1 0"),
        OP_CASE("ArgMin", 1, "axis=1", "float32[1x2] nan 1", "int64[1x1] 0"),
        OP_CASE("ArgMax", 13, "axis=1", "float32[2x0]", "! no elements"),
        OP_CASE("ArgMax", 13, "axis=0", "float32[2x0]", "int64[1x0]"),
        OP_CASE("ArgMax", 13, "axis=2", "float32[2x1] 1", "! out of range"),
        OP_CASE("Hardmax", 13, "axis=0", "float32[2x2] 1 5 1 2", "float32[2x2] 1 1 0 0"),
        OP_CASE("Hardmax", 1, "", "float32[1x2x2] 1 5 5 2", "float32[1x2x2] 0 1 0 0"),
    };
    OP_CASES_RUN(cases);
}

static void cumulative(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("CumSum", 14, "", "int32[2] 2147483647 1 | int64[] 0", "int32[2] 2147483647 -2147483648"),
        OP_CASE("CumSum", 14, "exclusive=1 reverse=1", "float32[3] 1 2 3 | int32[1] -1", "float32[3] 5 3 0"),
        OP_CASE("CumSum", 11, "", "float64[2x2] 1 2 3 4 | int32[] 0", "float64[2x2] 1 2 4 6"),
        OP_CASE("CumSum", 14, "", "float16[2] 1 2 | int32[] 0", "float16[2] 1 3"),
        OP_CASE("CumSum", 14, "", "float32[0x2] | int32[] 1", "float32[0x2]"),
        OP_CASE("CumSum", 14, "", "float32[2] 1 | int32[] 1", "! out of range"),
        OP_CASE("CumSum", 14, "", "int8[2] 1 | int32[] 0", "! not allowed"),
        OP_CASE("CumProd", 26, "exclusive=1", "int64[3] 2 3 4 | int64[] 0", "int64[3] 1 2 6"),
        OP_CASE("CumProd", 26, "reverse=1", "float32[3] 1 2 3 | int64[] 0", "float32[3] 6 6 3"),
        OP_CASE("ReverseSequence", 10, "", "float32[3x2] 1 2 3 4 5 6 | int64[2] 3 1", "float32[3x2] 5 2 3 4 1 6"),
        OP_CASE("ReverseSequence", 10, "batch_axis=0 time_axis=1", "string[1x3] 'a' 'b' 'c' | int64[1] 2",
                "string[1x3] 'b' 'a' 'c'"),
        OP_CASE("ReverseSequence", 10, "", "float32[3x2] 1 | int64[2] 4 1", "! steps"),
        OP_CASE("ReverseSequence", 10, "", "float32[3x2] 1 | int64[2] -1 1", "! steps"),
        OP_CASE("ReverseSequence", 10, "", "float32[3x2] 1 | int64[1] 1", "! for a batch"),
        OP_CASE("ReverseSequence", 10, "batch_axis=1 time_axis=1", "float32[3x2] 1 | int64[2] 1 1", "! time_axis"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonzero),
        cmocka_unit_test(unique),
        cmocka_unit_test(topk),
        cmocka_unit_test(cumulative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
