// test_ops_ml_feature.c: preparing features: missing values, zero norms, unknown categories, indices out of range.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

#define ML "ai.onnx.ml."

static void scaling(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(ML "Scaler", 1, "offset=[1.,2.] scale=[2.,0.5]", "float32[2x2] 1 2 3 4", "float32[2x2] 0 0 4 1"),
        OP_CASE(ML "Scaler", 1, "offset=[1.] scale=[2.]", "int64[2x1x2] 1 2 3 4", "float32[2x1x2] 0 2 4 6"),
        OP_CASE(ML "Scaler", 1, "scale=[0.5]", "float64[2] 1 2", "float32[2] 0.5 1"),
        OP_CASE(ML "Scaler", 1, "offset=[1.,2.,3.]", "float32[2x2] 1 2 3 4", "! 3 entries"),
        OP_CASE(ML "Normalizer", 1, "", "float32[2x2] 1 4 0 0", "float32[2x2] 0.25 1 0 0"),
        OP_CASE(ML "Normalizer", 1, "norm='MAX'", "float32[2] -4 2", "float32[2] -2 1"),
        OP_CASE(ML "Normalizer", 1, "norm='L1'", "int32[1x3] -1 1 2", "float32[1x3] -0.25 0.25 0.5"),
        OP_CASE(ML "Normalizer", 1, "norm='L2'", "float64[2x2] 3 -4 0 0", "float32[2x2] 0.6 -0.8 0 0"),
        OP_CASE(ML "Normalizer", 1, "norm='L3'", "float64[2] 3 -4", "! norm"),
        OP_CASE(ML "Normalizer", 1, "", "float32[2x0]", "float32[2x0]"),
    };
    OP_CASES_RUN(cases);
}

static void replacing(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(ML "Imputer", 1, "imputed_value_floats=[7.,8.]", "float32[2x2] 0 0 1 -0.0", "float32[2x2] 7 8 1 8"),
        OP_CASE(ML "Imputer", 1, "imputed_value_floats=[7.] replaced_value_float=nan", "float64[2] nan 0", "float64[2] 7 0"),
        OP_CASE(ML "Imputer", 1, "imputed_value_int64s=[7] replaced_value_int64=-1", "int32[2] -1 0", "int32[2] 7 0"),
        OP_CASE(ML "Imputer", 1, "imputed_value_int64s=[7] replaced_value_int64=-1", "int64[2] -1 0", "int64[2] 7 0"),
        OP_CASE(ML "Imputer", 1, "imputed_value_int64s=[7]", "float32[2] -1 0", "! imputed_value_floats"),
        OP_CASE(ML "Imputer", 1, "imputed_value_floats=[7.,8.]", "float32[3] -1 0 1", "! 2 entries"),
        OP_CASE(ML "Binarizer", 1, "threshold=1.5", "float32[4] 1 1.5 2 nan", "float32[4] 0 0 1 0"),
        OP_CASE(ML "Binarizer", 1, "", "int64[3] -1 0 1", "int64[3] 0 0 1"),
        OP_CASE(ML "Binarizer", 1, "", "int32[3] -1 0 1", "int32[3] 0 0 1"),
        OP_CASE(ML "Binarizer", 1, "", "float64[] 0.5", "float64[] 1"),
    };
    OP_CASES_RUN(cases);
}

static void categories(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(ML "OneHotEncoder", 1, "cats_int64s=[3,1,2]", "int64[2] 1 4", "float32[2x3] 0 1 0 0 0 0"),
        OP_CASE(ML "OneHotEncoder", 1, "cats_int64s=[3,1]", "float32[2x2] 1.9 nan inf 3", "float32[2x2x2] 0 1 0 0 0 0 1 0"),
        OP_CASE(ML "OneHotEncoder", 1, "cats_strings=['x','']", "string[2] '' 'x'", "float32[2x2] 0 1 1 0"),
        OP_CASE(ML "OneHotEncoder", 1, "cats_strings=['x'] zeros=0", "string[2] 'x' 'y'", "! element 1"),
        OP_CASE(ML "OneHotEncoder", 1, "cats_strings=['x']", "int64[1] 0", "! int64"),
        OP_CASE(ML "OneHotEncoder", 1, "", "int64[1] 0", "! categories"),
    };
    OP_CASES_RUN(cases);
}

static void joining(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(ML "FeatureVectorizer", 1, "inputdimensions=[2,1]", "float32[2x2] 1 2 3 4 | float32[2x1] 5 6",
                "float32[2x3] 1 2 5 3 4 6"),
        OP_CASE(ML "FeatureVectorizer", 1, "inputdimensions=[3,1]", "int32[2] 1 2 | int32[2] 5 6", "float32[1x4] 1 2 0 5"),
        OP_CASE(ML "FeatureVectorizer", 1, "", "float64[1x2] 1 2 | float64[1x1] 3", "float32[1x3] 1 2 3"),
        OP_CASE(ML "FeatureVectorizer", 1, "inputdimensions=[2]", "float32[1x2] 1 | float32[1x2] 2", "! 1 entries"),
        OP_CASE(ML "FeatureVectorizer", 1, "inputdimensions=[2,-1]", "float32[1x2] 1 | float32[1x2] 2", "! negative"),
        OP_CASE(ML "FeatureVectorizer", 1, "", "float32[1x2] 1 | float32[3x2] 2", "! 3 rows"),
        OP_CASE(ML "ArrayFeatureExtractor", 1, "", "float32[2x3] 1 2 3 4 5 6 | int64[1x2] 2 0", "float32[2x2] 3 1 6 4"),
        OP_CASE(ML "ArrayFeatureExtractor", 1, "", "string[3] 'a' 'b' 'c' | int64[3] 2 0 2", "string[1x3] 'c' 'a' 'c'"),
        OP_CASE(ML "ArrayFeatureExtractor", 1, "", "int32[1x1x2] 7 8 | int64[] 1", "int32[1x1x1] 8"),
        OP_CASE(ML "ArrayFeatureExtractor", 1, "", "int64[2] 7 8 | int64[1] 2", "! index 2"),
        OP_CASE(ML "ArrayFeatureExtractor", 1, "", "int64[2] 7 8 | int64[1] -1", "! index -1"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(scaling), cmocka_unit_test(replacing), cmocka_unit_test(categories),
                                       cmocka_unit_test(joining)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
