// test_ops_ml_tree.c: decision trees: modes, missing values, aggregates, transforms, two classes, and broken trees.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

// One split of feature 0 at 1.5, yes to leaf 1, no to leaf 2.
#define STUMP(mode)                                                                                   \
    "nodes_treeids=[0,0,0] nodes_nodeids=[0,1,2] nodes_featureids=[0,0,0] nodes_truenodeids=[1,0,0] " \
    "nodes_falsenodeids=[2,0,0] nodes_values=[1.5,0.,0.] nodes_modes=['" mode "','LEAF','LEAF'] "
#define VOTES "target_treeids=[0,0] target_nodeids=[1,2] target_ids=[0,0] target_weights=[10.,20.] n_targets=1 "
#define REGRESSOR "ai.onnx.ml.TreeEnsembleRegressor"
#define CLASSIFIER "ai.onnx.ml.TreeEnsembleClassifier"
#define ENSEMBLE "ai.onnx.ml.TreeEnsemble"

// Two stumps with the same split; leaves vote 1 or 3, and 4 or -6.
#define TWO                                                                                                                \
    "nodes_treeids=[0,0,0,7,7,7] nodes_nodeids=[0,1,2,0,1,2] nodes_featureids=[0,0,0,0,0,0] "                              \
    "nodes_truenodeids=[1,0,0,1,0,0] nodes_falsenodeids=[2,0,0,2,0,0] nodes_values=[0.,0.,0.,0.,0.,0.] "                   \
    "nodes_modes=['BRANCH_LT','LEAF','LEAF','BRANCH_LT','LEAF','LEAF'] target_treeids=[0,0,7,7] target_nodeids=[1,2,1,2] " \
    "target_ids=[0,0,0,0] target_weights=[1.,3.,4.,-6.] n_targets=1 "

static void modes(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(REGRESSOR, 1, STUMP("BRANCH_LEQ") VOTES, "float32[3x1] 1 1.5 2", "float32[3x1] 10 10 20"),
        OP_CASE(REGRESSOR, 1, STUMP("BRANCH_LT") VOTES, "float32[3x1] 1 1.5 2", "float32[3x1] 10 20 20"),
        OP_CASE(REGRESSOR, 1, STUMP("BRANCH_GTE") VOTES, "float64[3x1] 1 1.5 2", "float32[3x1] 20 10 10"),
        OP_CASE(REGRESSOR, 1, STUMP("BRANCH_GT") VOTES, "int32[2x1] 1 2", "float32[2x1] 20 10"),
        OP_CASE(REGRESSOR, 1, STUMP("BRANCH_EQ") VOTES, "float32[2x1] 1 1.5", "float32[2x1] 20 10"),
        OP_CASE(REGRESSOR, 3, STUMP("BRANCH_NEQ") VOTES, "int64[2x1] 1 2", "float32[2x1] 10 10"),
        OP_CASE(REGRESSOR, 3, STUMP("BRANCH_NEQ") VOTES, "float32[1x1] nan", "float32[1x1] 20"),
        OP_CASE(REGRESSOR, 3, STUMP("BRANCH_LT") VOTES "nodes_missing_value_tracks_true=[1,0,0]", "float32[2x1] nan inf",
                "float32[2x1] 10 20"),
        OP_CASE(REGRESSOR, 3, STUMP("BRANCH_LT") VOTES, "float32[3] 0 9 9", "float32[1x1] 10"),
        OP_CASE(REGRESSOR, 3, STUMP("BRANCH_LT") VOTES, "float32[0x1]", "float32[0x1]"),
    };
    OP_CASES_RUN(cases);
}

static void aggregates(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(REGRESSOR, 1, TWO, "float32[2x1] -1 1", "float32[2x1] 5 -3"),
        OP_CASE(REGRESSOR, 1, TWO "aggregate_function='AVERAGE' base_values=[100.]", "float32[2x1] -1 1",
                "float32[2x1] 102.5 98.5"),
        OP_CASE(REGRESSOR, 1, TWO "aggregate_function='MIN'", "float32[2x1] -1 1", "float32[2x1] 1 -6"),
        OP_CASE(REGRESSOR, 1, TWO "aggregate_function='MAX'", "float32[2x1] -1 1", "float32[2x1] 4 3"),
        OP_CASE(REGRESSOR, 3, TWO "post_transform='LOGISTIC' base_values_as_tensor=(float64[1] 3)", "float32[1x1] 1",
                "float32[1x1] 0.5"),
        OP_CASE(REGRESSOR, 3, TWO "base_values_as_tensor=(string[1] 'x')", "float32[1x1] 1", "! base_values are strings"),
        OP_CASE(REGRESSOR, 3, TWO "aggregate_function='MEAN'", "float32[1x1] 1", "! aggregate_function"),
        OP_CASE(REGRESSOR, 3, TWO "base_values=[1.,2.]", "float32[1x1] 1", "! base_values"),
    };
    OP_CASES_RUN(cases);
}

#define CLASS_VOTES(ids, weights) "class_treeids=[0,0] class_nodeids=[1,2] class_ids=" ids " class_weights=" weights " "

static void classes(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(CLASSIFIER, 1, STUMP("BRANCH_LT") CLASS_VOTES("[0,2]", "[1.,2.]") "classlabels_strings=['a','b','c']",
                "float32[2x1] 0 9", "string[2] 'a' 'c' | float32[2x3] 1 0 0 0 0 2"),
        OP_NEAR(CLASSIFIER, 3,
                STUMP("BRANCH_LT") CLASS_VOTES("[0,1]", "[1.,2.]") "classlabels_int64s=[5,-6] post_transform='SOFTMAX'",
                "float32[1x1] 9", "int64[1] -6 | float32[1x2] 0.11920292 0.88079708", 1e-6),
        // all votes for one of two classes: probabilities when positive, margins when not
        OP_CASE(CLASSIFIER, 1, STUMP("BRANCH_LT") CLASS_VOTES("[0,0]", "[0.25,0.75]") "classlabels_int64s=[0,1]",
                "float32[2x1] 0 9", "int64[2] 0 1 | float32[2x2] 0.75 0.25 0.25 0.75"),
        OP_CASE(CLASSIFIER, 1, STUMP("BRANCH_LT") CLASS_VOTES("[0,0]", "[-2.,0.25]") "classlabels_int64s=[0,1]",
                "float32[2x1] 0 9", "int64[2] 0 1 | float32[2x2] 2 -2 -0.25 0.25"),
        OP_NEAR(CLASSIFIER, 1,
                STUMP("BRANCH_LT") CLASS_VOTES("[0,0]", "[-2.,2.]") "classlabels_int64s=[0,1] post_transform='LOGISTIC'",
                "float32[2x1] 0 9", "int64[2] 0 1 | float32[2x2] 0.88079708 0.11920292 0.11920292 0.88079708", 1e-6),
        OP_CASE(CLASSIFIER, 1,
                STUMP("BRANCH_LT") CLASS_VOTES("[0,0]", "[-2.,0.25]") "classlabels_int64s=[0,1] base_values=[3.]",
                "float32[1x1] 0", "int64[1] 1 | float32[1x2] -1 1"),
        OP_CASE(CLASSIFIER, 1, STUMP("BRANCH_LT") CLASS_VOTES("[0,2]", "[1.,2.]"), "float32[1x1] 0", "! class labels"),
        OP_CASE(CLASSIFIER, 1, STUMP("BRANCH_LT") CLASS_VOTES("[0,2]", "[1.,2.]") "classlabels_int64s=[1,2]", "float32[1x1] 0",
                "! target 2 of 2"),
        OP_CASE(CLASSIFIER, 1,
                STUMP("BRANCH_LT") CLASS_VOTES("[0,1]", "[1.,2.]") "classlabels_int64s=[1,2] post_transform='SOFT'",
                "float32[1x1] 0", "! post_transform 'SOFT'"),
    };
    OP_CASES_RUN(cases);
}

#define ENSEMBLE_TREE(feature, yes, no, roots)                                                           \
    "nodes_featureids=" feature " nodes_truenodeids=" yes " nodes_falsenodeids=" no " tree_roots=" roots \
    " nodes_trueleafs=[0,1] nodes_falseleafs=[1,1] nodes_modes=(uint8[2] 6 1) leaf_targetids=[0,1,0] n_targets=2 "

static void ensembles(void **state) {
    (void)state;
    static const op_case cases[] = {
        // membership of {1, 3}, then feature 1 < 0.5; leaves 0: 1 to target 0, 1: 2 to target 1, 2: 4 to target 0
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,1]", "[1,1]", "[0,2]", "[0,0]") "nodes_splits=(float32[2] 0 0.5) "
                                                                  "leaf_weights=(float32[3] 1 2 4) "
                                                                  "membership_values=(float32[3] 3 1 nan)",
                "float32[4x2] 3 0 1 1 2 0 nan 0", "float32[4x2] 0 4 8 0 2 0 2 0"),
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,1]", "[1,1]", "[0,2]", "[1]") "nodes_splits=(float64[2] 0 0.5) "
                                                                "leaf_weights=(float64[3] 1 0.1 4) "
                                                                "membership_values=(float64[1] nan)",
                "float64[1x2] 3 0", "float64[1x2] 0 0.1"),
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,1]", "[1,1]", "[0,2]", "[1]") "nodes_splits=(float16[2] 0 0.5) aggregate_function=0 "
                                                                "leaf_weights=(float16[3] 1 2 4) post_transform=1 "
                                                                "membership_values=(float16[1] nan)",
                "float16[1x2] 3 0", "float16[1x2] 0.11920292 0.88079708"),
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,1]", "[0,1]", "[0,2]", "[0]") "nodes_splits=(float32[2] 0 0.5) "
                                                                "leaf_weights=(float32[3] 1 2 4) "
                                                                "membership_values=(float32[1] nan)",
                "float32[1x2] 0", "! its own descendant"),
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,1]", "[1,1]", "[0,3]", "[0]") "nodes_splits=(float32[2] 0 0.5) "
                                                                "leaf_weights=(float32[3] 1 2 4)",
                "float32[1x2] 0", "! no tree leaf 3"),
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,1]", "[1,1]", "[0,2]", "[-1]") "nodes_splits=(float32[2] 0 0.5) "
                                                                 "leaf_weights=(float32[3] 1 2 4)",
                "float32[1x2] 0", "! no tree node -1"),
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,1]", "[1,1]", "[0,2]", "[0]") "nodes_splits=(float32[2] 0 0.5) "
                                                                "leaf_weights=(float32[3] 1 2 4)",
                "float32[1x2] 0", "! membership_values"),
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,9]", "[1,1]", "[0,2]", "[0]") "nodes_splits=(float32[2] 0 0.5) "
                                                                "leaf_weights=(float32[3] 1 2 4) "
                                                                "membership_values=(float32[1] nan)",
                "float32[1x2] 0", "! at least 10"),
        OP_CASE(ENSEMBLE, 5,
                ENSEMBLE_TREE("[0,1]", "[1,1]", "[0,2]", "[1]") "nodes_splits=(string[2] 'a') "
                                                                "leaf_weights=(float32[3] 1 2 4)",
                "float32[1x2] 0", "! nodes_splits are strings"),
    };
    OP_CASES_RUN(cases);
}

#define BROKEN(ids, yes, no, modes)                                                                                         \
    "nodes_treeids=[0,0,0] nodes_nodeids=" ids " nodes_featureids=[0,0,0] nodes_truenodeids=" yes " nodes_falsenodeids=" no \
    " nodes_values=[1.5,0.,0.] nodes_modes=" modes " " VOTES

static void broken(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(REGRESSOR, 1, BROKEN("[0,1,2]", "[1,0,0]", "[2,0,0]", "['BRANCH_LT','BRANCH_LT','LEAF']"), "float32[1x1] 0",
                "! no root"),
        OP_CASE(REGRESSOR, 1, BROKEN("[0,1,2]", "[1,1,0]", "[2,2,0]", "['BRANCH_LT','BRANCH_LT','LEAF']"), "float32[1x1] 0",
                "! its own descendant"),
        OP_CASE(REGRESSOR, 1, BROKEN("[0,1,2]", "[5,0,0]", "[2,0,0]", "['BRANCH_LT','LEAF','LEAF']"), "float32[1x1] 0",
                "! no node 5"),
        OP_CASE(REGRESSOR, 1, BROKEN("[0,1,1]", "[1,0,0]", "[1,0,0]", "['BRANCH_LT','LEAF','LEAF']"), "float32[1x1] 0",
                "! there twice"),
        OP_CASE(REGRESSOR, 1, BROKEN("[0,1,2]", "[1,0,0]", "[2,0,0]", "['BRANCH','LEAF','LEAF']"), "float32[1x1] 0",
                "! 'BRANCH' is not known"),
        OP_CASE(REGRESSOR, 1, BROKEN("[0,1,2]", "[1,0]", "[2,0,0]", "['BRANCH_LT','LEAF','LEAF']"), "float32[1x1] 0",
                "! nodes_truenodeids has 2"),
        OP_CASE(REGRESSOR, 1, STUMP("BRANCH_LT") VOTES, "float32[1x0]", "! features"),
        OP_CASE(REGRESSOR, 1, STUMP("BRANCH_LT") VOTES, "float32[1x1x1] 0", "! rank 3"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(modes), cmocka_unit_test(aggregates), cmocka_unit_test(classes),
                                       cmocka_unit_test(ensembles), cmocka_unit_test(broken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
