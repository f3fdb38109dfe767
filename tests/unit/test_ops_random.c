// test_ops_random.c: seeded random numbers equal NumPy's RandomState of the same seed; types and shapes; wrong use.
// May assume: support/op_case.h for the syntax of the tables. Never tests numbers that no seed fixes.
#include "support/op_case.h"

#include "support/cmocka.h"

static void seeded(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("RandomUniform", 1, "shape=[2,2] seed=7.", "", "float32[2x2] 0.07630829 0.77991879 0.43840923 0.72346518"),
        OP_CASE("RandomUniform", 22, "shape=[2] seed=7. low=-1. high=3. dtype=11", "", "float64[2] -0.69476684 2.11967517"),
        OP_CASE("RandomNormal", 1, "shape=[4] seed=7.", "", "float32[4] 1.6905257 -0.46593737 0.03282016 0.40751628"),
        OP_NEAR("RandomNormal", 22, "shape=[1,2] seed=7. mean=1. scale=2. dtype=16", "", "bfloat16[1x2] 4.375 0.068", 4e-3),
        OP_CASE("RandomUniformLike", 1, "seed=7.", "float64[2] 0", "float64[2] 0.07630829 0.77991879"),
        OP_CASE("RandomNormalLike", 22, "seed=7. dtype=1", "string[1x1] ''", "float32[1x1] 1.6905257"),
        OP_NEAR("RandomUniformLike", 1, "seed=7.", "float16[2] 0", "float16[2] 0.07630829 0.77991879", 5e-4),
        OP_CASE("Bernoulli", 15, "seed=7. dtype=7", "float32[10] 0.1 0.3 0.5 0.7 0.9 0.2 0.8 0 1 0.6",
                "int64[10] 0 1 0 0 0 0 1 0 1 1"),
        OP_CASE("Bernoulli", 22, "seed=7.", "bfloat16[3] 0 1 1", "bfloat16[3] 0 1 1"),
        OP_CASE("Bernoulli", 15, "dtype=9", "float64[2x2] 0 1 1 0", "bool[2x2] 0 1 1 0"),
        OP_CASE("Multinomial", 7, "seed=7. sample_size=6", "float32[1x3] 0 1 2", "int32[1x6] 0 2 2 2 2 2"),
        OP_CASE("Multinomial", 22, "dtype=7 sample_size=2", "float16[2x3] -inf 0 -inf 1 -inf -inf", "int64[2x2] 1 1 0 0"),
        OP_CASE("RandomUniform", 1, "shape=[2] low=3. high=3.", "", "float32[2] 3"),
        OP_CASE("RandomUniform", 1, "shape=[0,2]", "", "float32[0x2]"),
    };
    OP_CASES_RUN(cases);
}

static void wrong(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("RandomUniform", 1, "shape=[-1]", "", "! shape[0] is -1"),
        OP_CASE("RandomUniform", 1, "", "", "! 'shape'"),
        OP_CASE("RandomNormal", 1, "shape=[1] dtype=6", "", "! dtype 6"),
        OP_CASE("RandomNormal", 1, "shape=[1] dtype=16", "", "! dtype 16"),
        OP_CASE("RandomNormalLike", 1, "", "int32[1] 0", "! dtype 6"),
        OP_CASE("Bernoulli", 15, "", "float32[2] 0.5 1.5", "! element 1 is 1.5"),
        OP_CASE("Multinomial", 7, "sample_size=-1", "float32[1x3] 0 1 2", "! sample_size is -1"),
        OP_CASE("Multinomial", 7, "", "float32[3] 0 1 2", "! rank 1"),
        OP_CASE("Multinomial", 7, "", "float32[1x2] nan 0", "! row 0"),
        OP_CASE("Multinomial", 7, "", "float32[1x2] -inf -inf", "! row 0"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(seeded), cmocka_unit_test(wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
