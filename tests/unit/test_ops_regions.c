// test_ops_regions.c: DeformConv, MaxUnpool, RoiAlign and MaxRoiPool: borders, groups, ranks, hostile indices, bad use.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void deform(void **state) {
    (void)state;
    static const op_case cases[] = {
        // Half a pixel to the right, the last one half outside; in one dimension.
        OP_CASE("DeformConv", 19, "", "float32[1x1x3] 1 2 4 | float32[1x1x1] 10 | float32[1x1x3] 0.5",
                "float32[1x1x3] 15 30 20"),
        OP_CASE("DeformConv", 22, "",
                "float64[1x1x3] 1 2 4 | float64[1x1x1] 10 | float64[1x1x3] 0 -5 1 | float64[1] 1 | float64[1x1x3] 1 1 0.5",
                "float64[1x1x3] 11 1 1"),
        OP_CASE("DeformConv", 22, "group=2 offset_group=2",
                "float32[1x2x2] 1 2 3 4 | float32[2x1x1] 1 10 | float32[1x2x2] 0 0 1 -1", "float32[1x2x2] 1 2 40 30"),
        OP_CASE("DeformConv", 22, "group=1 offset_group=2",
                "float32[1x2x2] 1 2 3 4 | float32[1x2x1] 1 10 | float32[1x2x2] 0 0 1 -1 | float32[1] 0.5",
                "float32[1x1x2] 41.5 32.5"),
        OP_CASE("DeformConv", 19, "", "float16[1x1x1x2] 1 2 | float16[1x1x1x1] 2 | float16[1x2x1x2] 0 0 1 0",
                "float16[1x1x1x2] 4 4"),
        OP_CASE("DeformConv", 19, "", "float32[1x1x1x1x2] 1 2 | float32[1x1x1x1x1] 2 | float32[1x3x1x1x2] 0 0 0 0 0.5 0",
                "float32[1x1x1x1x2] 3 4"),
        OP_CASE("DeformConv", 19, "", "float32[1x1x2] 1 2 | float32[1x1x1] 2 | float32[1x1x2] nan 1e30", "float32[1x1x2] 0 0"),
        OP_CASE("DeformConv", 19, "", "float32[0x1x2] | float32[1x1x1] 2 | float32[0x1x2]", "float32[0x1x2]"),
        OP_CASE("DeformConv", 19, "pads=[1,1]", "float32[1x1x1] 3 | float32[1x1x3] 1 2 3 | float32[1x3x1] 0",
                "float32[1x1x1] 6"),
        OP_CASE("DeformConv", 19, "", "float32[1x1x3] 1 | float32[1x1x1] 1 | float32[1x2x3] 0", "! offset has 2"),
        OP_CASE("DeformConv", 19, "", "float32[1x1x3] 1 | float32[1x1x1] 1 | float32[1x1x3] 0 | _ | float32[1x1x2] 0",
                "! mask has 2"),
        OP_CASE("DeformConv", 19, "group=2", "float32[1x1x3] 1 | float32[1x1x1] 1 | float32[1x1x3] 0", "! groups"),
        OP_CASE("DeformConv", 19, "offset_group=2", "float32[1x1x3] 1 | float32[1x1x1] 1 | float32[1x2x3] 0",
                "! offset groups"),
        // More rows of columns than there are numbers, and no output that would need them.
        OP_CASE("DeformConv", 19, "group=1099511627776 pads=[32767,32767,32767,0,0,0]",
                "float32[0x1099511627776x1x1x1] | float32[0x1x32768x32768x32768] | float32[0x105553116266496x1x1x1]",
                "!? out of memory"),
        OP_CASE("DeformConv", 19, "strides=[0]", "float32[1x1x3] 1 | float32[1x1x1] 1 | float32[1x1x3] 0", "! strides"),
    };
    OP_CASES_RUN(cases);
}

static void unpool(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2] strides=[2]", "float32[1x1x2] 5 6 | int64[1x1x2] 1 2",
                "float32[1x1x4] 0 5 6 0"),
        OP_CASE("MaxUnpool", 9, "kernel_shape=[2] strides=[2]", "float64[1x1x2] 5 6 | int64[1x1x2] 1 2 | int64[3] 1 1 5",
                "float64[1x1x5] 0 5 6 0 0"),
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2,2] strides=[2,2]", "float16[1x1x1x1] 5 | int64[1x1x1x1] 2 | int64[4] 1 1 3 3",
                "float16[1x1x3x3] 0 0 0 5 0 0 0 0 0"),
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2] strides=[2] pads=[0,1]", "float32[1x1x2] 5 6 | int64[1x1x2] 0 2",
                "float32[1x1x3] 5 0 6"),
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2] strides=[2]", "float32[1x1x2] 5 6 | int64[1x1x2] 0 4", "! index 4"),
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2] strides=[2]", "float32[1x1x2] 5 6 | int64[1x1x2] 0 -1", "! index -1"),
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2]", "float32[1x1x2] 5 6 | int64[1x1x3] 0", "! X's shape"),
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2,2]", "float32[1x1x2] 5 6 | int64[1x1x2] 0", "! kernel_shape"),
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2] strides=[2]", "float32[1x1x2] 5 6 | int64[1x1x2] 1 2 | int64[3] 1 1 3",
                "! output_shape"),
        OP_CASE("MaxUnpool", 11, "kernel_shape=[2] strides=[2]", "float32[1x1x0] | int64[1x1x0]", "float32[1x1x0]"),
    };
    OP_CASES_RUN(cases);
}

static void rois(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 2 3 4 | float32[1x4] 0 0 2 2 | int64[1] 0", "float32[1x1x1x1] 2.5"),
        OP_CASE("RoiAlign", 22, "output_width=2 sampling_ratio=1",
                "float64[2x1x1x2] 1 2 3 4 | float64[1x4] 0 0 2 1 | int64[1] 1", "float64[1x1x1x2] 3 4"),
        OP_CASE("RoiAlign", 10, "", "float32[1x1x1x2] 1 2 | float32[1x4] 0 0 0.25 0.25 | int64[1] 0", "float32[1x1x1x1] 1.5"),
        OP_CASE("RoiAlign", 16, "coordinate_transformation_mode='output_half_pixel'",
                "float16[1x1x1x2] 1 2 | float16[1x4] 0 0 0.25 0.25 | int64[1] 0", "float16[1x1x1x1] 1.5"),
        OP_CASE("RoiAlign", 16, "mode='max' sampling_ratio=2",
                "float32[1x1x1x2] 1 2 | float32[1x4] 0.5 0.5 1.5 0.5 | int64[1] 0", "float32[1x1x1x1] 1.5"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[1x4] 50 50 60 60 | int64[1] 0", "float32[1x1x1x1] 0"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[0x4] | int64[0]", "float32[0x1x1x1]"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[1x4] 0 0 2 2 | int64[1] 1", "! batch_indices[0] is 1"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[1x4] 0 0 2 2 | int64[1] -1", "! batch_indices[0] is -1"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[1x4] 0 0 1e30 2 | int64[1] 0", "! far too large"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[1x4] 0 nan 1 2 | int64[1] 0", "! not finite"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[1x4] 2 2 0 0 | int64[1] 0", "float32[1x1x1x1] 0"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[1x4] 1e30 1e30 -1e30 -1e30 | int64[1] 0", "! far too large"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[1x5] 0 | int64[1] 0", "! numbers"),
        OP_CASE("RoiAlign", 16, "", "float32[1x1x2x2] 1 | float32[2x4] 0 | int64[1] 0", "! for 2 regions"),
        OP_CASE("RoiAlign", 16, "mode='min'", "float32[1x1x2x2] 1 | float32[1x4] 0 | int64[1] 0", "! mode"),
        OP_CASE("RoiAlign", 10, "coordinate_transformation_mode='half_pixel'",
                "float32[1x1x2x2] 1 | float32[1x4] 0 | int64[1] 0", "! attribute"),
        OP_CASE("MaxRoiPool", 1, "pooled_shape=[1,2]", "float32[1x1x2x2] 1 2 3 4 | float32[1x5] 0 0 0 1 1",
                "float32[1x1x1x2] 3 4"),
        OP_CASE("MaxRoiPool", 22, "pooled_shape=[1,1] spatial_scale=0.5", "bfloat16[2x1x1x2] 1 2 3 4 | bfloat16[1x5] 1 0 0 1 0",
                "bfloat16[1x1x1x1] 4"),
        OP_CASE("MaxRoiPool", 1, "pooled_shape=[1,1]", "float64[1x1x2x2] 1 2 3 4 | float64[1x5] 0 7 7 9 9",
                "float64[1x1x1x1] 0"),
        OP_CASE("MaxRoiPool", 1, "pooled_shape=[1,1]", "float32[1x1x2x2] 1 2 3 4 | float32[1x5] 1 0 0 1 1", "! of image 1"),
        OP_CASE("MaxRoiPool", 1, "pooled_shape=[1,1]", "float32[1x1x2x2] 1 2 3 4 | float32[1x5] 0 nan 0 1 1", "! not finite"),
        OP_CASE("MaxRoiPool", 1, "pooled_shape=[1]", "float32[1x1x2x2] 1 2 3 4 | float32[1x5] 0", "! pooled_shape"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(deform), cmocka_unit_test(unpool), cmocka_unit_test(rois)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
