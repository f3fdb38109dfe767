// test_ops_movement.c: Concat, Split, Slice, Gather*, Scatter*, Transpose, Expand, Tile, Pad: shapes that hurt and indices that
// lie. May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases
// beyond them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void concat(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Concat", 13, "axis=-1", "float32[2x1] 1 2 | float32[2x2] 3 4 5 6", "float32[2x3] 1 3 4 2 5 6"),
        OP_CASE("Concat", 13, "axis=0", "string[1] 'a' | string[0] | string[2] 'b' 'c'", "string[3] 'a' 'b' 'c'"),
        OP_CASE("Concat", 1, "", "float32[1x1] 1 | float32[1x1] 2", "float32[1x2] 1 2"),
        OP_CASE("Concat", 13, "axis=1", "int4[2x0] | int4[2x1] 1 2", "! not allowed"),
        OP_CASE("Concat", 13, "axis=1", "int8[2x0] | int8[2x1] 1 2", "int8[2x1] 1 2"),
        OP_CASE("Concat", 4, "", "float32[1] 1", "! axis"),
        OP_CASE("Concat", 13, "axis=1", "float32[1x1] 1 | float32[1] 1", "! shapes"),
        OP_CASE("Concat", 13, "axis=1", "float32[1x1] 1 | float32[2x1] 1", "! differ"),
        OP_CASE("Concat", 13, "axis=2", "float32[1x1] 1 | float32[1x1] 1", "! out of range"),
        OP_CASE("Concat", 13, "axis=0", "float32[1] 1 | int32[1] 1", "! different element types"),
    };
    OP_CASES_RUN(cases);
}

static void split(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Split", 13, "", "float32[4] 1 2 3 4 | int64[2] 1 3", "float32[1] 1 | float32[3] 2 3 4"),
        OP_CASE("Split", 18, "num_outputs=2 axis=1", "float32[1x3] 1 2 3", "float32[1x2] 1 2 | float32[1x1] 3"),
        OP_CASE("Split", 18, "num_outputs=3", "float32[1] 1", "float32[1] 1 | float32[0] | float32[0]"),
        OP_CASE("Split", 2, "axis=-1 split=[1,2]", "string[3] 'a' 'b' 'c'", "string[1] 'a' | string[2] 'b' 'c'"),
        OP_CASE("Split", 13, "", "float32[4] 1 2 3 4", "float32[2] 1 2 | _"),
        OP_CASE("Split", 13, "", "float32[4] 1 | int64[2] 1 2", "! entries"),
        OP_CASE("Split", 18, "", "float32[4] 1 | int64[1] 3", "! adds up"),
        OP_CASE("Split", 13, "", "float32[4] 1 | int64[1] -1", "! split[0]"),
    };
    OP_CASES_RUN(cases);
}

static void slice(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Slice", 13, "", "float32[4] 1 2 3 4 | int64[1] -1 | int64[1] -9223372036854775808 | int64[1] 0 | int64[1] -1",
                "float32[4] 4 3 2 1"),
        OP_CASE("Slice", 13, "",
                "float32[4] 1 2 3 4 | int64[1] -1 | int64[1] -9223372036854775808 | _ | int64[1] -9223372036854775808",
                "float32[1] 4"),
        OP_CASE("Slice", 13, "", "float32[4] 1 2 3 4 | int32[1] 1 | int32[1] 2147483647 | int32[1] -1 | int32[1] 2",
                "float32[2] 2 4"),
        OP_CASE("Slice", 13, "", "float32[2x3] 1 2 3 4 5 6 | int64[2] 1 -2 | int64[2] 9 9", "float32[1x2] 5 6"),
        OP_CASE("Slice", 13, "", "float32[3] 1 2 3 | int64[1] 3 | int64[1] 1", "float32[0]"),
        OP_CASE("Slice", 13, "", "float32[3] 1 2 3 | int64[1] 100 | int64[1] -100 | _ | int64[1] -2", "float32[2] 3 1"),
        OP_CASE("Slice", 1, "starts=[1] ends=[3]", "string[3] 'a' 'b' 'c'", "string[2] 'b' 'c'"),
        OP_CASE("Slice", 1, "starts=[0] ends=[-1] axes=[1]", "float32[1x3] 1 2 3", "float32[1x2] 1 2"),
        OP_CASE("Slice", 10, "", "complex64[2] 1,2 3,4 | int64[1] 1 | int64[1] 2", "complex64[1] 3,4"),
        OP_CASE("Slice", 13, "", "float32[3] 1 | int64[1] 0 | int64[1] 1 | _ | int64[1] 0", "! is 0"),
        OP_CASE("Slice", 13, "", "float32[3] 1 | int64[1] 0 | int64[1] 1 | int64[1] 1", "! out of range"),
        OP_CASE("Slice", 13, "", "float32[3x3] 1 | int64[2] 0 0 | int64[2] 1 1 | int64[2] 0 -2", "! given twice"),
        OP_CASE("Slice", 13, "", "float32[3] 1 | int64[2] 0 0 | int64[1] 1", "! entries"),
    };
    OP_CASES_RUN(cases);
}

static void gather(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Gather", 13, "", "float32[3x2] 1 2 3 4 5 6 | int64[2] -1 0", "float32[2x2] 5 6 1 2"),
        OP_CASE("Gather", 13, "axis=1", "int8[2x3] 1 2 3 4 5 6 | int32[] 2", "int8[2] 3 6"),
        OP_CASE("Gather", 13, "axis=-1", "string[1x2] 'a' 'b' | int64[1x2] 1 1", "string[1x1x2] 'b' 'b'"),
        OP_CASE("Gather", 13, "", "float32[0x2] | int64[0]", "float32[0x2]"),
        OP_CASE("Gather", 13, "", "float32[3] 1 2 3 | int64[1] 3", "! out of range"),
        OP_CASE("Gather", 13, "", "float32[3] 1 2 3 | int64[1] -4", "! out of range"),
        OP_CASE("Gather", 13, "", "float32[0x2] | int64[1] 0", "! out of range"),
        OP_CASE("Gather", 13, "", "float32[3] 1 | int64[1] -9223372036854775808", "! out of range"),
        OP_CASE("Gather", 13, "", "float32[3] 1 | float32[1] 1", "! indices have type"),
        OP_CASE("GatherElements", 13, "axis=1", "float32[2x2] 1 2 3 4 | int32[2x3] 0 -1 0 1 1 0", "float32[2x3] 1 2 1 4 4 3"),
        OP_CASE("GatherElements", 11, "axis=0", "string[2x1] 'a' 'b' | int64[1x1] 1", "string[1x1] 'b'"),
        OP_CASE("GatherElements", 13, "", "float32[2x2] 1 | int64[2x3] 0", "! entries"),
        OP_CASE("GatherElements", 13, "", "float32[2x2] 1 | int64[2x2] 0 0 0 2", "! out of range"),
        OP_CASE("GatherND", 12, "batch_dims=1", "int32[2x2x2] 1 2 3 4 5 6 7 8 | int64[2x1] 1 0", "int32[2x2] 3 4 5 6"),
        OP_CASE("GatherND", 13, "", "float32[2x2] 1 2 3 4 | int64[2] -1 -1", "float32[] 4"),
        OP_CASE("GatherND", 13, "", "float32[2x2] 1 2 3 4 | int64[1x0]", "float32[1x2x2] 1 2 3 4"),
        OP_CASE("GatherND", 13, "", "float32[2x2] 1 | int64[1x3] 0", "! into data"),
        OP_CASE("GatherND", 13, "", "float32[2x2] 1 | int64[1x2] 0 2", "! out of range"),
    };
    OP_CASES_RUN(cases);
}

static void scatter(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ScatterElements", 18, "reduction='add' axis=0", "float32[3] 1 2 3 | int64[3] 0 0 -1 | float32[3] 10 20 30",
                "float32[3] 31 2 33"),
        OP_CASE("ScatterElements", 18, "reduction='mul'", "int8[2] 100 2 | int32[1] 0 | int8[1] 3", "int8[2] 44 2"),
        OP_CASE("ScatterElements", 18, "reduction='max'", "float16[2] 1 5 | int64[2] 0 1 | float16[2] 2 2", "float16[2] 2 5"),
        OP_CASE("ScatterElements", 18, "reduction='min'", "bool[2] 1 1 | int64[1] 0 | bool[1] 0", "bool[2] 0 1"),
        OP_CASE("ScatterElements", 11, "", "string[2] 'a' 'b' | int64[1] 1 | string[1] 'z'", "string[2] 'a' 'z'"),
        OP_CASE("Scatter", 9, "axis=1", "float32[1x3] 1 2 3 | int64[1x1] -1 | float32[1x1] 9", "float32[1x3] 1 2 9"),
        OP_CASE("Scatter", 11, "axis=0", "float32[2] 1 2 | int64[1] 0 | float32[1] 9", "float32[2] 9 2"),
        OP_CASE("ScatterElements", 16, "reduction='max'", "float32[1] 1 | int64[1] 0 | float32[1] 2", "! reduction"),
        OP_CASE("ScatterElements", 18, "reduction='add'", "string[1] 'a' | int64[1] 0 | string[1] 'b'",
                "! reduction of string"),
        OP_CASE("ScatterElements", 18, "", "float32[2] 1 | int64[1] 2 | float32[1] 1", "! out of range"),
        OP_CASE("ScatterElements", 18, "", "float32[2] 1 | int64[1] 0 | float32[2] 1", "! in indices and"),
        OP_CASE("ScatterND", 18, "reduction='add'", "float32[2x2] 0 | int64[3x1] 1 1 0 | float32[3x2] 1 2 3 4 5 6",
                "float32[2x2] 5 6 4 6"),
        OP_CASE("ScatterND", 13, "", "int64[2] 1 2 | int64[0x1] | int64[0]", "int64[2] 1 2"),
        OP_CASE("ScatterND", 18, "", "float32[2x2] 0 | int64[1x2] 0 -3 | float32[1] 1", "! out of range"),
        OP_CASE("ScatterND", 18, "", "float32[2x2] 0 | int64[1x3] 0 | float32[1] 1", "! into data"),
        OP_CASE("ScatterND", 18, "", "float32[2x2] 0 | int64[1x1] 0 | float32[1] 1", "! updates have rank"),
        OP_CASE("TensorScatter", 24, "mode='circular' axis=1", "float32[1x3] 0 | float32[1x2] 1 2 | int64[1] 2",
                "float32[1x3] 2 0 1"),
        OP_CASE("TensorScatter", 24, "axis=1", "float32[2x3] 0 | float32[2x1] 1 2 | int64[2] 0 2", "float32[2x3] 1 0 0 0 0 2"),
        OP_CASE("TensorScatter", 24, "axis=1", "float32[1x3] 0 | float32[1x2] 1 2 | int64[1] 2", "! do not fit"),
        OP_CASE("TensorScatter", 24, "axis=1", "float32[1x3] 0 | float32[1x2] 1 2 | int64[1] -1", "! do not fit"),
    };
    OP_CASES_RUN(cases);
}

static void transpose(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Transpose", 13, "", "float32[2x3] 1 2 3 4 5 6", "float32[3x2] 1 4 2 5 3 6"),
        OP_CASE("Transpose", 13, "perm=[1,2,0]", "int16[1x2x3] 1 2 3 4 5 6", "int16[2x3x1] 1 2 3 4 5 6"),
        OP_CASE("Transpose", 13, "perm=[0,2,1]", "string[1x2x2] 'a' 'b' 'c' 'd'", "string[1x2x2] 'a' 'c' 'b' 'd'"),
        OP_CASE("Transpose", 1, "", "complex128[1x2] 1,2 3,4", "complex128[2x1] 1,2 3,4"),
        OP_CASE("Transpose", 13, "", "float32[] 1", "float32[] 1"),
        OP_CASE("Transpose", 13, "perm=[1,0]", "float32[0x3]", "float32[3x0]"),
        OP_CASE("Transpose", 21, "", "int4[2x2] 1 -2 3 -4", "int4[2x2] 1 3 -2 -4"),
        OP_CASE("Transpose", 13, "perm=[0,0]", "float32[1x1] 1", "! not a permutation"),
        OP_CASE("Transpose", 13, "perm=[0]", "float32[1x1] 1", "! entries"),
        OP_CASE("DepthToSpace", 13, "blocksize=2 mode='CRD'", "uint8[1x4x1x1] 1 2 3 4", "uint8[1x1x2x2] 1 2 3 4"),
        OP_CASE("DepthToSpace", 13, "blocksize=2", "float32[1x3x1x1] 1", "! cannot be cut"),
        OP_CASE("DepthToSpace", 1, "blocksize=0", "float32[1x4x1x1] 1", "! blocksize"),
        OP_CASE("DepthToSpace", 13, "blocksize=1 mode='XYZ'", "float32[1x4x1x1] 1", "! mode"),
        OP_CASE("SpaceToDepth", 13, "blocksize=2", "float32[1x1x2x2] 1 2 3 4", "float32[1x4x1x1] 1 2 3 4"),
        OP_CASE("SpaceToDepth", 13, "blocksize=2", "float32[1x1x3x2] 1", "! not a multiple"),
    };
    OP_CASES_RUN(cases);
}

static void expand(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Expand", 13, "", "float32[2x1] 1 2 | int64[2] 1 3", "float32[2x3] 1 1 1 2 2 2"),
        OP_CASE("Expand", 13, "", "float32[3] 1 2 3 | int64[3] 2 1 1", "float32[2x1x3] 1 2 3 1 2 3"),
        OP_CASE("Expand", 8, "", "string[1] 'ab' | int64[1] 2", "string[2] 'ab' 'ab'"),
        OP_CASE("Expand", 13, "", "float32[] 5 | int64[1] 0", "float32[0]"),
        OP_CASE("Expand", 13, "", "float32[2] 1 | int64[1] 3", "! do not broadcast"),
        OP_CASE("Expand", 13, "", "float32[1] 1 | int64[1] -1", "! shape[0]"),
        OP_CASE("Expand", 13, "", "float32[1] 1 | int64[2] 4611686018427387904 4611686018427387904", "!? too large"),
        OP_CASE("Tile", 13, "", "float32[1x2] 1 2 | int64[2] 2 2", "float32[2x4] 1 2 1 2 1 2 1 2"),
        OP_CASE("Tile", 6, "", "string[2] 'a' 'b' | int64[1] 2", "string[4] 'a' 'b' 'a' 'b'"),
        OP_CASE("Tile", 13, "", "bool[2] 1 0 | int64[1] 0", "bool[0]"),
        OP_CASE("Tile", 1, "", "float32[2] 1 2 | float32[] 2 | float32[] 0", "float32[4] 1 2 1 2"),
        OP_CASE("Tile", 13, "", "float32[2] 1 | int64[1] -1", "! repeats[0]"),
        OP_CASE("Tile", 13, "", "float32[2] 1 | int64[2] 1 1", "! repeats for"),
        OP_CASE("Tile", 1, "", "float32[2] 1 | float32[] nan | float32[] 0", "! out of range"),
    };
    OP_CASES_RUN(cases);
}

static void pads(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Pad", 13, "", "int32[2] 1 2 | int64[2] 1 2 | int32[] 9", "int32[5] 9 1 2 9 9"),
        OP_CASE("Pad", 13, "", "string[1] 'a' | int64[2] 1 0 | string[] 'x'", "string[2] 'x' 'a'"),
        OP_CASE("Pad", 13, "", "string[1] 'a' | int64[2] 0 1", "string[2] 'a' ''"),
        OP_CASE("Pad", 11, "mode='reflect'", "float32[3] 1 2 3 | int64[2] 5 4", "float32[12] 2 1 2 3 2 1 2 3 2 1 2 3"),
        OP_CASE("Pad", 11, "mode='reflect'", "float32[1] 7 | int64[2] 1 1", "float32[3] 7"),
        OP_CASE("Pad", 11, "mode='edge'", "float32[2x2] 1 2 3 4 | int64[4] 1 0 0 1", "float32[3x3] 1 2 2 1 2 2 3 4 4"),
        OP_CASE("Pad", 19, "mode='wrap'", "float32[3] 1 2 3 | int64[2] 4 2", "float32[9] 3 1 2 3 1 2 3 1 2"),
        OP_CASE("Pad", 13, "", "float32[4] 1 2 3 4 | int64[2] -1 -2", "float32[1] 2"),
        OP_CASE("Pad", 13, "mode='edge'", "float32[4] 1 2 3 4 | int64[2] -1 2", "float32[5] 2 3 4 4 4"),
        OP_CASE("Pad", 13, "", "float32[2] 1 2 | int64[2] -1 1", "float32[2] 2 0"),
        OP_CASE("Pad", 18, "", "float32[1x2] 1 2 | int64[2] 1 0 | _ | int64[1] -1", "float32[1x3] 0 1 2"),
        OP_CASE("Pad", 2, "pads=[1,0] value=2.5", "float32[1] 1", "float32[2] 2.5 1"),
        OP_CASE("Pad", 1, "paddings=[0,1]", "float16[1] 1", "float16[2] 1 0"),
        OP_CASE("Pad", 13, "", "float32[0] | int64[2] 1 1", "float32[2] 0"),
        OP_CASE("Pad", 21, "", "int4[1] -3 | int64[2] 1 0 | int4[] 7", "int4[2] 7 -3"),
        OP_CASE("Pad", 13, "mode='edge'", "float32[0] | int64[2] 1 1", "! empty"),
        OP_CASE("Pad", 18, "mode='wrap'", "float32[1] 1 | int64[2] 1 1", "! mode"),
        OP_CASE("Pad", 13, "", "float32[2] 1 | int64[2] -2 -1", "! pads"),
        OP_CASE("Pad", 13, "", "float32[2] 1 | int64[3] 1 1 1", "! pads for"),
        OP_CASE("Pad", 18, "", "float32[2] 1 | int64[4] 1 | _ | int64[2] 0 0", "! given twice"),
        OP_CASE("Pad", 2, "pads=[1]", "float32[2] 1", "! pads for"),
        OP_CASE("CenterCropPad", 18, "", "float32[5] 1 2 3 4 5 | int64[1] 2", "float32[2] 2 3"),
        OP_CASE("CenterCropPad", 18, "axes=[-1]", "float32[1x2] 1 2 | int64[1] 5", "float32[1x5] 0 1 2 0 0"),
        OP_CASE("CenterCropPad", 18, "", "float32[2] 1 | int64[1] -1", "! shape[0]"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concat),  cmocka_unit_test(split),     cmocka_unit_test(slice),  cmocka_unit_test(gather),
        cmocka_unit_test(scatter), cmocka_unit_test(transpose), cmocka_unit_test(expand), cmocka_unit_test(pads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
