// test_ops_grid_sample.c: GridSample and AffineGrid: paddings far outside, types, ranks, hostile grids, bad use.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void sample(void **state) {
    (void)state;
    static const op_case cases[] = {
        // One dimension of two pixels, whose centres are at -0.5 and 0.5.
        OP_CASE("GridSample", 20, "", "float32[1x1x2] 1 3 | float32[1x5x1] -1 -0.5 0 0.5 1", "float32[1x1x5] 0.5 1 2 3 1.5"),
        OP_CASE("GridSample", 20, "padding_mode='border'", "float64[1x1x2] 1 3 | float64[1x4x1] -9 0 9 -1",
                "float64[1x1x4] 1 2 3 1"),
        OP_CASE("GridSample", 20, "padding_mode='reflection' mode='nearest'",
                "float32[1x1x2] 1 3 | float32[1x6x1] -1.5 -2.5 -3.5 -4.5 1.5 2.5", "float32[1x1x6] 1 3 3 1 3 1"),
        OP_CASE("GridSample", 20, "align_corners=1", "float32[1x1x2] 1 3 | float32[1x3x1] -1 0 1", "float32[1x1x3] 1 2 3"),
        OP_CASE("GridSample", 20, "align_corners=1 padding_mode='reflection'", "float32[1x1x1] 4 | float32[1x2x1] -7 3",
                "float32[1x1x2] 4 4"),
        OP_CASE("GridSample", 16, "", "float32[1x1x1x2] 1 3 | float32[1x1x3x2] nan 0 inf 0 -1e38 0", "float32[1x1x1x3] 0"),
        OP_CASE("GridSample", 16, "padding_mode='reflection'", "float32[1x1x1x1] 2 | float32[1x1x2x2] nan 0 1e38 0",
                "float32[1x1x1x2] 2"),
        OP_CASE("GridSample", 16, "mode='nearest'", "string[1x1x1x2] 'a' 'b' | float32[1x1x2x2] 0.5 0 9 0",
                "string[1x1x1x2] 'b' ''"),
        OP_CASE("GridSample", 16, "mode='bilinear'", "uint8[1x1x1x2] 1 4 | float32[1x1x1x2] 0 0", "uint8[1x1x1x1] 2"),
        OP_CASE("GridSample", 22, "", "bfloat16[1x2x1x2] 1 3 5 7 | bfloat16[1x1x1x2] 0 0", "bfloat16[1x2x1x1] 2 6"),
        OP_CASE("GridSample", 20, "mode='cubic' padding_mode='border'", "float32[1x1x3] 5 5 5 | float32[1x1x1] 0.3",
                "float32[1x1x1] 5"),
        OP_CASE("GridSample", 20, "", "float32[0x1x2] | float32[0x5x1]", "float32[0x1x5]"),
        OP_CASE("GridSample", 20, "", "float32[1x1x2] 1 | float32[1x0x1]", "float32[1x1x0]"),
        OP_CASE("GridSample", 20, "", "float32[1x1x0] | float32[1x1x1] 0", "! no elements"),
        OP_CASE("GridSample", 20, "mode='bilinear'", "float32[1x1x2] 1 | float32[1x1x1] 0", "! mode"),
        OP_CASE("GridSample", 16, "mode='linear'", "float32[1x1x1x2] 1 | float32[1x1x1x2] 0", "! mode"),
        OP_CASE("GridSample", 20, "padding_mode='wrap'", "float32[1x1x2] 1 | float32[1x1x1] 0", "! padding_mode"),
        OP_CASE("GridSample", 20, "", "float32[1x1x2] 1 | float32[1x1x2] 0", "! a place in grid"),
        OP_CASE("GridSample", 20, "", "float32[2x1x2] 1 | float32[1x1x1] 0", "! batch"),
        OP_CASE("GridSample", 20, "", "float32[1x1x2] 1 | int32[1x1x1] 0", "! floating"),
    };
    OP_CASES_RUN(cases);
}

static void affine(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("AffineGrid", 20, "", "float32[1x2x3] 1 0 0 0 1 0 | int64[4] 1 3 1 2", "float32[1x1x2x2] -0.5 0 0.5 0"),
        OP_CASE("AffineGrid", 20, "align_corners=1", "float64[1x2x3] 2 0 1 0 1 5 | int64[4] 1 3 1 2",
                "float64[1x1x2x2] -1 5 3 5"),
        OP_CASE("AffineGrid", 20, "align_corners=1", "float16[1x3x4] 0 0 1 0 0 1 0 0 1 0 0 0 | int64[5] 1 1 2 1 1",
                "float16[1x2x1x1x3] -1 0 0 1 0 0"),
        OP_CASE("AffineGrid", 20, "", "float32[1x2x3] 1 | int64[4] 1 3 0 2", "float32[1x0x2x2]"),
        OP_CASE("AffineGrid", 20, "", "float32[1x2x3] 1 | int64[5] 1 3 1 1 2", "! 3 x 4"),
        OP_CASE("AffineGrid", 20, "", "float32[1x2x3] 1 | int64[3] 1 3 1", "! 4 or 5"),
        OP_CASE("AffineGrid", 20, "", "float32[2x2x3] 1 | int64[4] 1 3 1 1", "! batch"),
        OP_CASE("AffineGrid", 20, "", "float32[1x2x3] 1 | int64[4] 1 3 -1 1", "! negative"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sample), cmocka_unit_test(affine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
