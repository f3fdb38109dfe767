// test_ops_conv_transpose.c: ConvTranspose and Col2Im: padding rules, groups, dilations, 1-D to 3-D, empty tensors, bad use.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void values(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ConvTranspose", 11, "", "float32[1x1x3] 1 2 3 | float32[1x1x2] 1 10", "float32[1x1x4] 1 12 23 30"),
        OP_CASE("ConvTranspose", 11, "strides=[2]", "float32[1x1x2] 1 2 | float32[1x1x3] 1 10 100 | float32[1] 5",
                "float32[1x1x5] 6 15 107 25 205"),
        OP_CASE("ConvTranspose", 11, "strides=[2] output_padding=[1] pads=[1,0]",
                "float64[1x1x2] 1 2 | float64[1x1x3] 1 10 100", "float64[1x1x5] 10 102 20 200 0"),
        OP_CASE("ConvTranspose", 11, "dilations=[2]", "float32[1x1x2] 1 2 | float32[1x1x2] 1 10", "float32[1x1x4] 1 2 10 20"),
        OP_CASE("ConvTranspose", 11, "group=2", "float32[1x2x1] 1 2 | float32[2x1x2] 1 2 3 4", "float32[1x2x2] 1 2 6 8"),
        OP_CASE("ConvTranspose", 11, "group=2",
                "float32[1x4x1] 1 2 3 4 | float32[4x2x1] 1 2 3 4 5 6 7 8 | float32[4] 0 0 0 100", "float32[1x4x1] 7 10 43 150"),
        OP_CASE("ConvTranspose", 1, "kernel_shape=[1,2]", "float16[1x1x1x2] 1 2 | float16[1x1x1x2] 1 2",
                "float16[1x1x1x3] 1 4 4"),
        OP_CASE("ConvTranspose", 22, "", "bfloat16[1x1x1x2] 1 2 | bfloat16[1x1x1x2] 1 2", "bfloat16[1x1x1x3] 1 4 4"),
        OP_CASE("ConvTranspose", 11, "strides=[1,1,2]", "float32[1x1x1x2x2] 1 2 3 4 | float32[1x1x2x1x1] 1 10",
                "float32[1x1x2x2x3] 1 0 2 3 0 4 10 0 20 30 0 40"),
        OP_CASE("ConvTranspose", 11, "", "float32[0x1x3] | float32[1x2x2] 1", "float32[0x2x4]"),
        OP_CASE("ConvTranspose", 11, "", "float32[1x0x3] | float32[0x2x2] | float32[2] 1 2", "float32[1x2x4] 1 1 1 1 2 2 2 2"),
    };
    OP_CASES_RUN(cases);
}

static void padding(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ConvTranspose", 11, "strides=[2] auto_pad='SAME_UPPER'", "float32[1x1x2] 1 2 | float32[1x1x3] 1 10 100",
                "float32[1x1x4] 1 10 102 20"),
        OP_CASE("ConvTranspose", 11, "strides=[2] auto_pad='SAME_LOWER'", "float32[1x1x2] 1 2 | float32[1x1x3] 1 10 100",
                "float32[1x1x4] 10 102 20 200"),
        OP_CASE("ConvTranspose", 11, "strides=[2] auto_pad='VALID' pads=[1,1]", "float32[1x1x2] 1 2 | float32[1x1x3] 1 10 100",
                "float32[1x1x5] 1 10 102 20 200"),
        OP_CASE("ConvTranspose", 11, "strides=[2] output_shape=[3]", "float32[1x1x2] 1 2 | float32[1x1x3] 1 10 100",
                "float32[1x1x3] 10 102 20"),
        OP_CASE("ConvTranspose", 11, "output_shape=[1,1,6]", "float32[1x1x2] 1 2 | float32[1x1x1] 1",
                "float32[1x1x6] 1 2 0 0 0 0"),
    };
    OP_CASES_RUN(cases);
}

/// Channels enough for a matrix product, and more columns than one piece holds.
static void large(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ConvTranspose", 11, "", "float32[2x16x3] 1 | float32[16x2x2] 0.5",
                "float32[2x2x4] 8 16 16 8 8 16 16 8 8 16 16 8 8 16 16 8"),
        OP_CASE("ConvTranspose", 11, "strides=[2,2] group=2", "float32[1x16x90x90] 1 | float32[16x64x2x2] 0.5 | float32[128] 1",
                "float32[1x128x180x180] 5"),
    };
    OP_CASES_RUN(cases);
}

static void bad_use(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ConvTranspose", 11, "", "float32[1x2x3] 1 | float32[3x1x2] 1", "! W expects 3 channels"),
        OP_CASE("ConvTranspose", 11, "", "float32[1x2] 1 | float32[2x1] 1", "! rank 2"),
        OP_CASE("ConvTranspose", 11, "", "float32[1x2x3] 1 | float32[2x1x2x2] 1", "! rank 4"),
        OP_CASE("ConvTranspose", 11, "group=3", "float32[1x2x3] 1 | float32[2x1x2] 1", "! divide"),
        OP_CASE("ConvTranspose", 11, "group=0", "float32[1x2x3] 1 | float32[2x1x2] 1", "! group"),
        OP_CASE("ConvTranspose", 11, "strides=[0]", "float32[1x2x3] 1 | float32[2x1x2] 1", "! strides"),
        OP_CASE("ConvTranspose", 11, "pads=[9,9]", "float32[1x2x3] 1 | float32[2x1x2] 1", "! pads cut off"),
        OP_CASE("ConvTranspose", 11, "kernel_shape=[3]", "float32[1x2x3] 1 | float32[2x1x2] 1", "! kernel_shape differs"),
        OP_CASE("ConvTranspose", 11, "auto_pad='SAME'", "float32[1x2x3] 1 | float32[2x1x2] 1", "! auto_pad"),
        OP_CASE("ConvTranspose", 11, "output_shape=[1,2]", "float32[1x2x3] 1 | float32[2x1x2] 1", "! output_shape"),
        OP_CASE("ConvTranspose", 11, "", "float32[1x2x3] 1 | float32[2x1x2] 1 | float32[2] 1", "! B must hold"),
        OP_CASE("ConvTranspose", 11, "", "float32[1x2x3] 1 | float64[2x1x2] 1", "! type"),
    };
    OP_CASES_RUN(cases);
}

static void col2im(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Col2Im", 18, "", "float32[1x2x2] 1 2 3 4 | int64[1] 3 | int64[1] 2", "float32[1x1x3] 1 5 4"),
        OP_CASE("Col2Im", 18, "", "int8[1x2x2] 1 127 1 4 | int64[1] 3 | int64[1] 2", "int8[1x1x3] 1 -128 4"),
        OP_CASE("Col2Im", 18, "", "bool[1x2x2] 1 0 0 0 | int64[1] 3 | int64[1] 2", "bool[1x1x3] 1 0 0"),
        OP_CASE("Col2Im", 18, "", "float16[1x2x2] 1 2 3 4 | int64[1] 3 | int64[1] 2", "float16[1x1x3] 1 5 4"),
        OP_CASE("Col2Im", 18, "pads=[1,0] dilations=[2]", "int64[1x4x2] 1 2 3 4 5 6 7 8 | int64[1] 3 | int64[1] 2",
                "int64[1x2x3] 2 3 4 6 7 8"),
        OP_CASE("Col2Im", 18, "strides=[2,1]", "float64[1x1x4] 1 2 3 4 | int64[2] 3 2 | int64[2] 1 1",
                "float64[1x1x3x2] 1 2 0 0 3 4"),
        OP_CASE("Col2Im", 18, "", "float32[1x2x2] 1 | int64[1] 4 | int64[1] 2", "! blocks"),
        OP_CASE("Col2Im", 18, "", "float32[1x3x2] 1 | int64[1] 3 | int64[1] 2", "! divide"),
        OP_CASE("Col2Im", 18, "", "float32[1x2x2] 1 | int64[1] 3 | int64[2] 2 1", "! differ"),
        OP_CASE("Col2Im", 18, "strides=[0]", "float32[1x2x2] 1 | int64[1] 3 | int64[1] 2", "! out of range"),
        OP_CASE("Col2Im", 18, "", "float32[1x2x2] 1 | int64[1] -3 | int64[1] 2", "! out of range"),
        OP_CASE("Col2Im", 18, "", "float32[2x2] 1 | int64[1] 3 | int64[1] 2", "! rank 2"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(padding), cmocka_unit_test(large),
                                       cmocka_unit_test(bad_use), cmocka_unit_test(col2im)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
