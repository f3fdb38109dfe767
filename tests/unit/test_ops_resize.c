// test_ops_resize.c: Resize and Upsample: coordinates, types, axes, aspect ratios, extrapolation, sizes as others round them.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void nearest(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Resize", 13, "", "float32[1x3] 1 2 3 | _ | float32[2] 2 2", "float32[2x6] 1 1 2 2 3 3 1 1 2 2 3 3"),
        OP_CASE("Resize", 13, "", "string[3] 'a' 'b' 'c' | _ | _ | int64[1] 2", "string[2] 'a' 'c'"),
        OP_CASE("Resize", 13, "", "string[0x2] | _ | float32[2] 1 2", "string[0x4]"),
        OP_CASE("Resize", 13, "", "string[3] 'a' 'b' 'c' | _ | float32[1] 0.1", "string[0]"),
        OP_CASE("Resize", 13, "", "bool[1x2x1] 1 0 | _ | float32[3] 1 2 1", "bool[1x4x1] 1 1 0 0"),
        OP_CASE("Resize", 13, "", "complex64[2] 1,2 3,4 | _ | float32[1] 2", "complex64[4] 1,2 1,2 3,4 3,4"),
        OP_CASE("Resize", 13, "", "float64[2x3] 1 2 3 4 5 6 | _ | float32[2] 2 1", "float64[4x3] 1 2 3 1 2 3 4 5 6 4 5 6"),
        OP_CASE("Resize", 13, "nearest_mode='ceil' coordinate_transformation_mode='asymmetric'",
                "int8[4] 1 2 3 4 | _ | float32[1] 0.6", "int8[2] 1 3"),
        OP_CASE("Resize", 13, "nearest_mode='round_prefer_ceil'", "int64[4] 1 2 3 4 | _ | float32[1] 0.5", "int64[2] 2 4"),
        OP_CASE("Resize", 13, "", "int64[4] 1 2 3 4 | _ | float32[1] 0.5", "int64[2] 1 3"),
        OP_CASE("Resize", 10, "", "float32[3] 1 2 3 | float32[1] 1.7", "float32[5] 1 1 2 2 3"),
        OP_CASE("Upsample", 7, "scales=[1.0,2.0]", "float16[1x2] 1 2", "float16[1x4] 1 1 2 2"),
        OP_CASE("Upsample", 1, "height_scale=2.0 width_scale=1.0", "int32[1x1x1x2] 1 2", "int32[1x1x2x2] 1 2 1 2"),
        OP_CASE("Upsample", 9, "", "uint8[2] 1 2 | float32[1] 1.5", "uint8[3] 1 1 2"),
        OP_CASE("Resize", 11, "coordinate_transformation_mode='tf_half_pixel_for_nn'",
                "float32[2] 1 2 | float32[0] | float32[1] 2", "float32[4] 1 2 2 2"),
        OP_CASE("Resize", 13, "coordinate_transformation_mode='tf_crop_and_resize' extrapolation_value=7.0",
                "int32[3] 1 2 3 | float32[2] -1 1 | _ | int64[1] 5", "int32[5] 7 7 1 2 3"),
    };
    OP_CASES_RUN(cases);
}

static void linear(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Resize", 13, "mode='linear'", "float32[2] 0 4 | _ | float32[1] 2", "float32[4] 0 1 3 4"),
        OP_CASE("Resize", 13, "mode='linear'", "float32[2x2] 0 4 8 12 | _ | float32[2] 2 1", "float32[4x2] 0 4 2 6 6 10 8 12"),
        OP_CASE("Resize", 13, "mode='linear'", "int8[2] -1 4 | _ | float32[1] 2", "int8[4] -1 0 2 4"),
        OP_CASE("Resize", 13, "mode='linear'", "float16[2] 0 4 | _ | float32[1] 2", "float16[4] 0 1 3 4"),
        OP_CASE("Resize", 13, "mode='linear' coordinate_transformation_mode='align_corners'",
                "float64[2] 0 3 | _ | _ | int64[1] 4", "float64[4] 0 1 2 3"),
        OP_CASE("Resize", 13, "mode='linear' coordinate_transformation_mode='align_corners'",
                "float32[4] 5 0 0 0 | _ | _ | int64[1] 1", "float32[1] 5"),
        OP_CASE("Resize", 13, "mode='linear' coordinate_transformation_mode='pytorch_half_pixel'",
                "float32[4] 5 0 0 0 | _ | _ | int64[1] 1", "float32[1] 5"),
        OP_CASE("Resize", 19, "mode='linear' coordinate_transformation_mode='half_pixel_symmetric'",
                "float32[4] 1 2 3 4 | _ | float32[1] 0.6", "float32[2] 1.6666667 3.3333333"),
        OP_CASE("Resize", 13, "mode='linear' coordinate_transformation_mode='tf_crop_and_resize' extrapolation_value=9.0",
                "float32[1x3] 1 2 3 | float32[4] 0 0.5 1 1.5 | _ | int64[2] 1 3", "float32[1x3] 2 3 9"),
        OP_CASE("Resize", 13, "mode='linear' coordinate_transformation_mode='tf_crop_and_resize'",
                "float32[4] 1 2 3 4 | float16[2] 0 0.5 | float32[1] 1", "float32[2] 1 2.5"),
        OP_CASE("Resize", 18, "mode='linear' antialias=1", "float32[4] 1 2 3 4 | _ | float32[1] 0.5", "float32[2] 1.625 3.375"),
        OP_CASE("Resize", 10, "mode='linear'", "float32[2] 0 4 | float32[1] 2", "float32[4] 0 2 4 4"),
        OP_CASE("Upsample", 1, "mode='bilinear' height_scale=1.0 width_scale=2.0", "float32[1x1x1x2] 0 4",
                "float32[1x1x1x4] 0 2 4 4"),
        OP_CASE("Resize", 13, "mode='linear'", "float32[2] inf 4 | _ | float32[1] 1", "float32[2] inf 4"),
    };
    OP_CASES_RUN(cases);
}

static void cubic(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Resize", 13, "mode='cubic'", "float32[1] 5 | _ | float32[1] 3", "float32[3] 5 5 5"),
        OP_CASE("Resize", 13, "mode='cubic'", "uint8[4] 0 0 255 255 | _ | float32[1] 2", "uint8[8] 0 0 0 57 197 255 255 255"),
        OP_CASE("Resize", 13, "mode='cubic' cubic_coeff_a=-0.5 exclude_outside=1", "float64[2] 0 4 | _ | float32[1] 2",
                "float64[4] -0.352941176 0.828571429 3.171428571 4.352941176"),
    };
    OP_CASES_RUN(cases);
}

static void sizes(void **state) {
    (void)state;
    static const op_case cases[] = {
        // 0.7 is less than 7/10, but in float 10 * 0.7 is 7.
        OP_CASE("Resize", 13, "", "int32[10] 3 | _ | float32[1] 0.7", "int32[7] 3"),
        OP_CASE("Resize", 18, "axes=[-1]", "float32[2x2] 1 2 3 4 | _ | float32[1] 2", "float32[2x4] 1 1 2 2 3 3 4 4"),
        OP_CASE("Resize", 18, "axes=[1,0]", "float32[1x2] 1 2 | _ | _ | int64[2] 4 2", "float32[2x4] 1 1 2 2 1 1 2 2"),
        OP_CASE("Resize", 18, "keep_aspect_ratio_policy='not_larger'", "float32[2x4] 1 | _ | _ | int64[2] 7 7",
                "float32[4x7] 1"),
        OP_CASE("Resize", 18, "keep_aspect_ratio_policy='not_smaller'", "float32[2x4] 1 | _ | _ | int64[2] 7 7",
                "float32[7x14] 1"),
        OP_CASE("Resize", 13, "", "float32[0x2] | _ | float32[2] 3 2", "float32[0x4]"),
        OP_CASE("Resize", 13, "", "float32[2] 1 | _ | float32[1] 0.1", "float32[0]"),
        OP_CASE("Resize", 11, "", "float32[2] 1 | float32[0] | float32[0] | int64[1] 3", "float32[3] 1"),
    };
    OP_CASES_RUN(cases);
}

static void bad_use(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Resize", 13, "", "float32[2] 1", "! neither"),
        OP_CASE("Resize", 13, "", "float32[2] 1 | _ | float32[1] 2 | int64[1] 2", "! both"),
        OP_CASE("Resize", 13, "", "float32[2] 1 | _ | float32[1] 0", "! positive"),
        OP_CASE("Resize", 13, "", "float32[2] 1 | _ | float32[1] nan", "! positive"),
        OP_CASE("Resize", 13, "", "float32[2] 1 | _ | float32[2] 1", "! length"),
        OP_CASE("Resize", 13, "", "float32[2] 1 | _ | _ | int64[1] -2", "! negative"),
        OP_CASE("Resize", 13, "", "float32[0] | _ | _ | int64[1] 2", "! cannot grow"),
        OP_CASE("Resize", 18, "axes=[0,0]", "float32[2] 1 | _ | float32[2] 1", "! repeated"),
        OP_CASE("Resize", 18, "axes=[1]", "float32[2] 1 | _ | float32[1] 1", "! out of range"),
        OP_CASE("Resize", 13, "axes=[0]", "float32[2] 1 | _ | float32[1] 1", "! attribute"),
        OP_CASE("Resize", 13, "mode='lanczos'", "float32[2] 1 | _ | float32[1] 2", "! mode"),
        OP_CASE("Resize", 13, "coordinate_transformation_mode='half'", "float32[2] 1 | _ | float32[1] 2",
                "! coordinate_transformation_mode"),
        OP_CASE("Resize", 13, "coordinate_transformation_mode='tf_crop_and_resize'", "float32[2] 1 | _ | float32[1] 2",
                "! roi"),
        OP_CASE("Resize", 13, "coordinate_transformation_mode='tf_crop_and_resize'",
                "float32[2] 1 | float32[1] 0 | float32[1] 2", "! roi"),
        OP_CASE("Resize", 13, "coordinate_transformation_mode='tf_crop_and_resize'",
                "float32[2] 1 | string[2] 'a' | float32[1] 2", "! roi is string"),
        OP_CASE("Resize", 18, "mode='linear' antialias=1 coordinate_transformation_mode='tf_crop_and_resize'",
                "float32[2] 1 | float32[2] 0 1e8 | float32[1] 1e-8", "! too small"),
        OP_CASE("Resize", 13, "mode='linear'", "string[2] 'a' | _ | float32[1] 2", "!? nearest"),
        OP_CASE("Resize", 13, "", "float32[2] 1 | _ | float32[1] 3e18", "!? large"),
        OP_CASE("Upsample", 1, "height_scale=2.0 width_scale=1.0", "float32[1x1x2] 1", "! length"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nearest), cmocka_unit_test(linear), cmocka_unit_test(cubic),
                                       cmocka_unit_test(sizes), cmocka_unit_test(bad_use)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
