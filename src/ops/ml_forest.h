// ml_forest.h: decision trees as arrays of nodes, built once from a model's attributes and checked, then walked.
// May assume: included by ml_forest.c and ml_tree.c only. Never writes to a forest after it was built.
#ifndef ONR_OPS_ML_FOREST_H
#define ONR_OPS_ML_FOREST_H

#include "ops/ml.h"

typedef enum onr_tree_mode { // numbers up to 6 are those of TreeEnsemble-5
    ONR_TREE_LEQ,
    ONR_TREE_LT,
    ONR_TREE_GTE,
    ONR_TREE_GT,
    ONR_TREE_EQ,
    ONR_TREE_NEQ,
    ONR_TREE_MEMBER,
    ONR_TREE_LEAF
} onr_tree_mode;

typedef struct onr_tree_node {
    double split;
    int32_t feature;
    int32_t yes, no; ///< next nodes; of a leaf: its votes are [yes, no); of a member node: see `set`
    int32_t set;     ///< member node: index in forest->set
    uint8_t mode;
    uint8_t missing; ///< a NaN takes the yes branch
} onr_tree_node;

typedef struct onr_tree_vote {
    double weight;
    int32_t target;
} onr_tree_vote;

/// All trees of a model. Every node that can be reached is there, leads to a leaf, and names features below n_features.
typedef struct onr_forest {
    onr_tree_node *node;
    int32_t *root;
    onr_tree_vote *vote;
    const double **set; ///< set[k]: members, n_set[k] of them
    int32_t *n_set;
    int64_t n_nodes, n_roots, n_votes, n_sets;
    int64_t n_targets, n_features; ///< features that are looked at: highest number + 1
} onr_forest;

/// Numbers that a model gives as a list of floats or as a tensor.
typedef struct onr_tree_numbers {
    onr_floats list;
    const onr_datum *tensor;
} onr_tree_numbers;
int64_t onr_tree_numbers_n(const onr_tree_numbers *v);
double onr_tree_number(const onr_tree_numbers *v, int64_t i);

/// The nodes as TreeEnsembleClassifier and TreeEnsembleRegressor write them.
typedef struct onr_forest_lists {
    onr_ints tree, node, feature, yes, no, missing;
    onr_strings mode;
    onr_tree_numbers split, hitrate;
    onr_ints vote_tree, vote_node, vote_target;
    onr_tree_numbers vote_weight;
    int64_t n_targets; ///< 0: as many as votes name
} onr_forest_lists;
onr_status onr_forest_from_lists(const onr_forest_lists *l, onr_forest *f, onr_arena *a, onr_err *err);

/// The nodes as TreeEnsemble-5 writes them: inner nodes and leaves apart.
typedef struct onr_forest_tensors {
    onr_ints root, feature, yes, no, yes_leaf, no_leaf, missing, leaf_target;
    const onr_datum *mode, *split, *leaf_weight, *member, *hitrate;
    int64_t n_targets;
} onr_forest_tensors;
onr_status onr_forest_from_tensors(const onr_forest_tensors *t, onr_forest *f, onr_arena *a, onr_err *err);

/// The leaf where row x (f->n_features numbers or more) ends, starting from node `at`.
const onr_tree_node *onr_forest_leaf(const onr_forest *f, int32_t at, const double *x);

#endif
