// test_ops_ml_linear.c: linear models and support vector machines: kernels, pairs of classes, probabilities, transforms.
// May assume: support/op_case.h. Expected numbers were computed from the formulas in NumPy (the coupled probabilities by
// solving their linear system). Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

#define LR "ai.onnx.ml.LinearRegressor"
#define LC "ai.onnx.ml.LinearClassifier"
#define SR "ai.onnx.ml.SVMRegressor"
#define SC "ai.onnx.ml.SVMClassifier"

static void linear(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(LR, 1, "coefficients=[1.,2.] intercepts=[0.5]", "float32[2x2] 1 1 -1 3", "float32[2x1] 3.5 5.5"),
        OP_CASE(LR, 1, "coefficients=[1.,2.,3.,4.] targets=2", "int64[2] 1 -1", "float32[1x2] -1 -1"),
        OP_CASE(LR, 1, "coefficients=[1.,2.,3.,4.] targets=2 post_transform='SOFTMAX'", "int32[1x2] 1 -1", "float32[1x2] 0.5"),
        OP_CASE(LR, 1, "coefficients=[1.,2.] post_transform='PROBIT'", "float64[4x2] 0.5 0 0.975 0 0 0 1 0",
                "float32[4x1] 0 1.95996398 -inf inf"),
        OP_NEAR(LR, 1, "coefficients=[1.,0.] post_transform='PROBIT'", "float64[2x2] 1e-10 0 1.5 0",
                "float32[2x1] -6.3613409 nan", 1e-6),
        OP_NEAR(LR, 1, "coefficients=[1.,0.,0.,1.,1.,1.] targets=3 post_transform='SOFTMAX_ZERO'", "float32[1x2] 1 -1",
                "float32[1x3] 0.88079708 0.11920292 0", 1e-6),
        OP_CASE(LR, 1, "coefficients=[1.,2.]", "float32[1x3] 0", "! 3 features"),
        OP_CASE(LR, 1, "coefficients=[1.,2.,3.] targets=2", "float32[1x3] 0", "! 3 coefficients"),
        OP_CASE(LR, 1, "coefficients=[1.,2.] intercepts=[1.,2.]", "float32[1x2] 0", "! intercepts"),
        OP_CASE(LC, 1, "coefficients=[1.,0.,0.,1.,-1.,-1.] intercepts=[0.,0.,1.] classlabels_ints=[7,8,9]",
                "float32[3x2] 2 1 1 2 -3 -3", "int64[3] 7 8 9 | float32[3x3] 2 1 -2 1 2 -2 -3 -3 7"),
        OP_NEAR(LC, 1, "coefficients=[1.,1.] intercepts=[1.] classlabels_strings=['no','yes'] post_transform='LOGISTIC'",
                "float32[2x2] 0 0 -1 -1", "string[2] 'yes' 'no' | float32[2x2] 0.26894143 0.73105860 0.73105860 0.26894143",
                1e-6),
        OP_CASE(LC, 1, "coefficients=[1.,1.] classlabels_ints=[0,1] multi_class=1", "float32[1x2] 1 1",
                "int64[1] 1 | float32[1x2] -2 2"),
        OP_CASE(LC, 1, "coefficients=[1.,1.] classlabels_ints=[0,1]", "float32[1x1] 3", "int64[1] 0 | float32[1x2] 3 3"),
        OP_CASE(LC, 1, "coefficients=[1.,1.]", "float32[1x1] 3", "! class labels"),
        OP_CASE(LC, 1, "coefficients=[1.,1.] classlabels_ints=[0,1,2]", "float32[1x1] 3", "! 2 coefficients"),
    };
    OP_CASES_RUN(cases);
}

static void svm_regression(void **state) {
    (void)state;
#define VECTORS "support_vectors=[0.,1.,1.,1.,2.,0.,3.,1.] coefficients=[1.,-0.5,0.25,0.75] n_supports=4 rho=[0.1] "
    static const op_case cases[] = {
        OP_CASE(SR, 1, VECTORS "kernel_type='RBF' kernel_params=[0.5,0.,0.]", "float32[1x2] 1 2", "float32[1x1] 0.24669911"),
        OP_CASE(SR, 1, VECTORS, "float64[2] 1 2", "float32[1x1] 4.85"),
        OP_CASE(SR, 1, VECTORS "one_class=1", "float32[2x2] 1 2 0 -2", "float32[2x1] 1 -1"),
        OP_CASE(SR, 1, "coefficients=[2.,-1.] rho=[0.5]", "int32[1x2] 3 4", "float32[1x1] 2.5"),
        OP_CASE(SR, 1, "coefficients=[2.,-1.] rho=[0.5] n_supports=3 support_vectors=[1.,2.]", "int32[1x2] 3 4",
                "! support vectors"),
        OP_CASE(SR, 1, "coefficients=[2.,-1.]", "int32[1x2] 3 4", "! rho"),
        OP_CASE(SR, 1, VECTORS "kernel_type='COSINE'", "float32[1x2] 1 2", "! kernel_type"),
    };
    OP_CASES_RUN(cases);
}

static void svm_classes(void **state) {
    (void)state;
#define THREE                                                                                                              \
    "support_vectors=[0.,1.,1.,1.,2.,0.,3.,1.] coefficients=[1.,-0.5,0.25,0.75,0.5,1.,-1.,0.5] vectors_per_class=[2,1,1] " \
    "rho=[0.1,-0.2,0.3] classlabels_ints=[5,6,7] "
#define PARAMS "kernel_params=[0.5,1.,2.] "
#define PROB "prob_a=[-1.,-0.5,-2.] prob_b=[0.,0.1,0.2] "
    static const op_case cases[] = {
        OP_CASE(SC, 1, THREE, "float32[1x2] 1 2", "int64[1] 5 | float32[1x3] 1.1 7.55 0.8"),
        OP_CASE(SC, 1, THREE PARAMS "kernel_type='POLY'", "float32[1x2] 1 2", "int64[1] 5 | float32[1x3] 1.975 17.2375 2.425"),
        OP_CASE(SC, 1, THREE PARAMS "kernel_type='RBF'", "float32[1x2] 1 2",
                "int64[1] 5 | float32[1x3] 0.18513536 0.65203413 0.2589575"),
        OP_CASE(SC, 1, THREE PARAMS "kernel_type='SIGMOID'", "float32[1x2] 1 2",
                "int64[1] 5 | float32[1x3] 0.81172733 2.01726151 -0.16493863"),
        OP_NEAR(SC, 1, THREE PROB, "float32[1x2] 1 2", "int64[1] 5 | float32[1x3] 0.72813576 0.23688706 0.03497717", 2e-3),
        OP_NEAR(SC, 1, THREE PROB PARAMS "kernel_type='SIGMOID'", "float32[1x2] 1 2",
                "int64[1] 5 | float32[1x3] 0.54694872 0.20251556 0.25053573", 2e-3),
        // two classes: a positive score is a vote for the first
        OP_CASE(SC, 1,
                "support_vectors=[1.,-1.] coefficients=[1.,-1.] vectors_per_class=[1,1] rho=[0.] "
                "classlabels_strings=['a','b']",
                "float32[2x1] 3 -2", "string[2] 'a' 'b' | float32[2x2] -6 6 4 -4"),
        OP_CASE(SC, 1, "coefficients=[1.,2.,-1.,0.] rho=[0.5] classlabels_ints=[3,4]", "float32[2x2] 1 1 -2 0",
                "int64[2] 3 4 | float32[2x2] 3.5 -0.5 -1.5 2.5"),
        OP_CASE(SC, 1, THREE "prob_a=[1.] prob_b=[1.]", "float32[1x2] 1 2", "! prob_a"),
        OP_CASE(SC, 1, "coefficients=[1.] rho=[0.5] vectors_per_class=[-1,2] support_vectors=[1.] classlabels_ints=[3,4]",
                "float32[1x1] 1", "! vectors_per_class[0]"),
        OP_CASE(SC, 1, "coefficients=[1.] rho=[0.5] vectors_per_class=[1,1] support_vectors=[1.,2.] classlabels_ints=[3,4]",
                "float32[1x1] 1", "! coefficients"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(linear), cmocka_unit_test(svm_regression),
                                       cmocka_unit_test(svm_classes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
