// test_ops_shape.c: Shape, Size and the operators that give a tensor another shape.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void shapes(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Shape", 13, "", "float32[2x0x3]", "int64[3] 2 0 3"),
        OP_CASE("Shape", 13, "", "float32[] 1", "int64[0]"),
        OP_CASE("Shape", 15, "start=-2", "int8[2x3x4] 0", "int64[2] 3 4"),
        OP_CASE("Shape", 15, "start=1 end=-1", "int8[2x3x4] 0", "int64[1] 3"),
        OP_CASE("Shape", 15, "start=5 end=-9", "int8[2x3x4] 0", "int64[0]"),
        OP_CASE("Shape", 25, "", "int2[2] 0", "int64[1] 2"),
        OP_CASE("Size", 13, "", "string[2x3] 'a'", "int64[] 6"),
        OP_CASE("Size", 13, "", "float32[0x3]", "int64[] 0"),
    };
    OP_CASES_RUN(cases);
}

static void reshape(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Reshape", 14, "", "float32[2x3] 1 2 3 4 5 6 | int64[2] 3 -1", "float32[3x2] 1 2 3 4 5 6"),
        OP_CASE("Reshape", 14, "", "float32[2x3] 1 | int64[3] 0 1 -1", "float32[2x1x3] 1"),
        OP_CASE("Reshape", 14, "allowzero=1", "float32[0x3] | int64[2] 3 0", "float32[3x0]"),
        OP_CASE("Reshape", 14, "", "float32[0x3] | int64[2] 0 -1", "! cannot be reshaped"),
        OP_CASE("Reshape", 5, "", "string[4] 'a' 'b' 'c' 'd' | int64[2] 2 2", "string[2x2] 'a' 'b' 'c' 'd'"),
        OP_CASE("Reshape", 1, "shape=[3,2]", "float32[6] 1 2 3 4 5 6", "float32[3x2] 1 2 3 4 5 6"),
        OP_CASE("Reshape", 13, "", "int64[1] 7 | int64[0]", "int64[] 7"),
        OP_CASE("Reshape", 13, "", "float32[6] 1 | int64[2] -1 -1", "! -1 at 0 and at 1"),
        OP_CASE("Reshape", 13, "", "float32[6] 1 | int64[2] 4 -1", "! cannot be reshaped"),
        OP_CASE("Reshape", 13, "", "float32[6] 1 | int64[1] 5", "! cannot be reshaped"),
        OP_CASE("Reshape", 13, "", "float32[6] 1 | int64[1] -2", "! dimension -2"),
        OP_CASE("Reshape", 13, "", "float32[6] 1 | int64[2] 6 0", "! has only"),
        OP_CASE("Reshape", 14, "allowzero=1", "float32[0] | int64[2] 0 -1", "! allowzero"),
        OP_CASE("Reshape", 13, "", "float32[6] 1 | int32[1] 6", "! not int64"),
        OP_CASE("Reshape", 13, "", "float32[1] 1 | int64[3] 4611686018427387904 4611686018427387904 -1", "! too large"),
    };
    OP_CASES_RUN(cases);
}

static void flatten(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Flatten", 13, "axis=-1", "float32[2x3x4] 1", "float32[6x4] 1"),
        OP_CASE("Flatten", 13, "axis=3", "float32[2x3x4] 1", "float32[24x1] 1"),
        OP_CASE("Flatten", 9, "axis=0", "string[2] 'a' 'b'", "string[1x2] 'a' 'b'"),
        OP_CASE("Flatten", 13, "axis=0", "float32[] 5", "float32[1x1] 5"),
        OP_CASE("Flatten", 13, "axis=4", "float32[2x3x4] 1", "! axis"),
        OP_CASE("Flatten", 9, "axis=-1", "float32[2x3x4] 1", "! axis"),
    };
    OP_CASES_RUN(cases);
}

static void squeeze(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Squeeze", 13, "", "float32[1x2x1] 1 2", "float32[2] 1 2"),
        OP_CASE("Squeeze", 13, "", "float32[1x2x1] 1 2 | int64[1] -1", "float32[1x2] 1 2"),
        OP_CASE("Squeeze", 13, "", "float32[1x2x1] 1 2 | int64[0]", "float32[1x2x1] 1 2"),
        OP_CASE("Squeeze", 1, "axes=[0]", "string[1x2] 'a' 'b'", "string[2] 'a' 'b'"),
        OP_CASE("Squeeze", 11, "axes=[-3]", "float32[1x2x1] 1 2", "float32[2x1] 1 2"),
        OP_CASE("Squeeze", 13, "", "float32[1x2] 1 | int64[1] 1", "! not 1"),
        OP_CASE("Squeeze", 13, "", "float32[1x2] 1 | int64[1] 2", "! out of range"),
        OP_CASE("Unsqueeze", 13, "", "float32[2] 1 2 | int64[2] 0 -1", "float32[1x2x1] 1 2"),
        OP_CASE("Unsqueeze", 11, "axes=[2,0]", "float32[2] 1 2", "float32[1x2x1] 1 2"),
        OP_CASE("Unsqueeze", 13, "", "float32[] 1 | int64[1] 0", "float32[1] 1"),
        OP_CASE("Unsqueeze", 13, "", "float32[2] 1 | int64[2] 0 0", "! given twice"),
        OP_CASE("Unsqueeze", 13, "", "float32[2] 1 | int64[1] 2", "! out of range"),
        OP_CASE("Unsqueeze", 13, "", "float32[1] 1 | int64[16] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "!? rank"),
        OP_CASE("Identity", 13, "", "string[2] 'a' ''", "string[2] 'a' ''"),
        OP_CASE("Identity", 25, "", "uint2[2] 3 1", "uint2[2] 3 1"),
        OP_CASE("Identity", 1, "", "complex64[1] 1,2", "complex64[1] 1,2"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(reshape),
        cmocka_unit_test(flatten),
        cmocka_unit_test(squeeze),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
