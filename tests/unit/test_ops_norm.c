// test_ops_norm.c: normalizations: broadcast scales, groups of both opsets, mixed types, zero norms, empty tensors, bad use.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void layer(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("LayerNormalization", 17, "epsilon=0.0", "float32[2x2] 1 3 5 5.5 | float32[2] 1 2",
                "float32[2x2] -1 2 -1 2 | float32[2x1] 2 5.25 | float32[2x1] 1 4"),
        OP_CASE("LayerNormalization", 17, "epsilon=0.0", "float64[2x2] 1 3 5 5.5 | float64[1] 2 | float64[2] 1 10",
                "float64[2x2] -1 12 -1 12 | float32[2x1] 2 5.25 | float32[2x1] 1 4"),
        OP_CASE("LayerNormalization", 17, "epsilon=0.0 axis=0", "float32[2x2] 1 3 1 3 | float32[2x1] 1 2 | float32[] 1",
                "float32[2x2] 0 2 -1 3 | float32[1x1] 2"),
        OP_CASE("LayerNormalization", 17, "epsilon=0.0 axis=1", "float32[2x2] 1 3 1 3 | float32[2x1] 1 2",
                "float32[2x2] -1 1 -2 2"),
        OP_CASE("LayerNormalization", 17, "epsilon=0.0", "float16[1x2] 1 3 | float16[2] 1 2 | float16[2] 0 1",
                "float16[1x2] -1 3 | float32[1x1] 2 | float32[1x1] 1"),
        OP_CASE("LayerNormalization", 17, "epsilon=0.0 stash_type=16", "bfloat16[1x2] 1 3 | bfloat16[2] 1 2",
                "bfloat16[1x2] -1 2 | bfloat16[1x1] 2 | bfloat16[1x1] 1"),
        OP_CASE("LayerNormalization", 17, "", "float32[0x3] | float32[3] 1", "float32[0x3]"),
        OP_CASE("LayerNormalization", 17, "", "float32[2x3] 1 | float32[2] 1", "! does not broadcast"),
        OP_CASE("LayerNormalization", 17, "", "float32[3] 1 | float32[1x3] 1", "! rank 2"),
        OP_CASE("LayerNormalization", 17, "axis=2", "float32[2x3] 1 | float32[3] 1", "! axis 2"),
        OP_CASE("LayerNormalization", 17, "stash_type=7", "float32[2x3] 1 | float32[3] 1", "! stash_type"),
        OP_CASE("RMSNormalization", 23, "epsilon=0.0", "float32[2x2] 3 3 -4 4 | float32[2] 1 2", "float32[2x2] 1 2 -1 2"),
        OP_CASE("RMSNormalization", 23, "epsilon=0.0", "float32[1x2] 3 3 | float64[2] 1 2", "float64[1x2] 1 2"),
        OP_CASE("RMSNormalization", 23, "epsilon=0.0 axis=0", "float64[1x2] 3 3 | float32[1] 2", "float32[1x2] 2 2"),
        OP_CASE("RMSNormalization", 23, "epsilon=0.0", "float16[1x2] 3 3 | float16[2] 1 2", "float16[1x2] 1 2"),
    };
    OP_CASES_RUN(cases);
}

static void groups(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("InstanceNormalization", 1, "epsilon=0.0 consumed_inputs=[0]",
                "float32[1x2x2] 1 3 5 6 | float32[2] 1 2 | float32[2] 0 10", "float32[1x2x2] -1 1 8 12"),
        OP_CASE("InstanceNormalization", 6, "epsilon=0.0", "float64[1x2x2] 1 3 5 6 | float64[2] 1 2 | float64[2] 0 10",
                "float64[1x2x2] -1 1 8 12"),
        OP_CASE("InstanceNormalization", 22, "epsilon=0.0", "bfloat16[1x1x2] 1 3 | bfloat16[1] 1 | bfloat16[1] 0",
                "bfloat16[1x1x2] -1 1"),
        OP_CASE("InstanceNormalization", 6, "", "bfloat16[1x1x2] 1 3 | bfloat16[1] 1 | bfloat16[1] 0", "! not allowed"),
        OP_CASE("InstanceNormalization", 6, "", "float32[1x2x2] 1 | float32[3] 1 | float32[2] 0", "! scale holds 3"),
        OP_CASE("InstanceNormalization", 6, "", "float32[1x2x0] | float32[2] 1 | float32[2] 0", "float32[1x2x0]"),
        OP_CASE("GroupNormalization", 18, "epsilon=0.0 num_groups=1", "float32[1x2x1] 1 3 | float32[1] 2 | float32[1] 5",
                "float32[1x2x1] 3 7"),
        OP_CASE("GroupNormalization", 18, "epsilon=0.0 num_groups=2",
                "float64[1x4x1] 1 3 4 8 | float64[2] 1 2 | float64[2] 0 5", "float64[1x4x1] -1 1 3 7"),
        OP_CASE("GroupNormalization", 21, "epsilon=0.0 num_groups=2",
                "float32[1x4x1] 1 3 4 8 | float32[4] 1 2 3 4 | float32[4] 0 5 0 1", "float32[1x4x1] -1 7 -3 5"),
        OP_CASE("GroupNormalization", 21, "epsilon=0.0 num_groups=2",
                "float16[1x4] 1 3 4 8 | float16[4] 1 2 3 4 | float16[4] 0 5 0 1", "float16[1x4] -1 7 -3 5"),
        OP_CASE("GroupNormalization", 21, "num_groups=3", "float32[1x4x1] 1 | float32[4] 1 | float32[4] 0", "! divide"),
        OP_CASE("GroupNormalization", 21, "num_groups=2", "float32[1x4x1] 1 | float32[2] 1 | float32[4] 0", "! scale holds 2"),
        OP_CASE("GroupNormalization", 18, "num_groups=2", "float32[1x4x1] 1 | float32[4] 1 | float32[4] 0", "! for 2 groups"),
        OP_CASE("GroupNormalization", 21, "num_groups=0", "float32[1x4x1] 1 | float32[4] 1 | float32[4] 0", "! num_groups"),
    };
    OP_CASES_RUN(cases);
}

static void others(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("LRN", 13, "size=1 alpha=1.0 beta=1.0", "float32[1x2x1] 1 2", "float32[1x2x1] 0.5 0.4"),
        OP_CASE("LRN", 1, "size=2 alpha=2.0 beta=1.0", "float64[1x3x1] 1 2 3", "float64[1x3x1] 0.16666667 0.14285714 0.3"),
        OP_CASE("LRN", 13, "size=3 alpha=3.0 beta=0.75", "float32[1x3] 0 0 15", "float32[1x3] 0 0 0.257341558"),
        OP_CASE("LRN", 13, "size=3", "float32[1x0x3]", "float32[1x0x3]"),
        OP_CASE("LRN", 13, "size=0", "float32[1x1x3] 0", "! size"),
        OP_CASE("LRN", 13, "", "float32[1x1x3] 0", "! size"),
        OP_CASE("LpNormalization", 1, "p=1", "float32[2x2] 1 -3 0 0", "float32[2x2] 0.25 -0.75 0 0"),
        OP_CASE("LpNormalization", 22, "axis=0", "float64[2x2] 3 0 4 0", "float64[2x2] 0.6 0 0.8 0"),
        OP_CASE("LpNormalization", 22, "", "float16[2] 3 4", "float16[2] 0.60009765625 0.7998046875"),
        OP_CASE("LpNormalization", 22, "p=3", "float32[2] 3 4", "! p is 3"),
        OP_CASE("LpNormalization", 22, "axis=1", "float32[2] 3 4", "! axis 1"),
        OP_CASE("MeanVarianceNormalization", 13, "axes=[-1]", "float32[2x2] 1 3 5 5", "float32[2x2] -1 1 0 0"),
        OP_CASE("MeanVarianceNormalization", 9, "axes=[0]", "float64[2x2] 1 3 5 5", "float64[2x2] -1 -1 1 1"),
        OP_CASE("MeanVarianceNormalization", 9, "", "float32[2x1x1x1] 1 3", "float32[2x1x1x1] -1 1"),
        OP_CASE("MeanVarianceNormalization", 9, "", "float32[2x1] 1 3", "! axis 2"),
        OP_CASE("MeanVarianceNormalization", 13, "axes=[1]", "float32[2x0]", "float32[2x0]"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(layer), cmocka_unit_test(groups), cmocka_unit_test(others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
