// ml_tree.c: TreeEnsemble, TreeEnsembleRegressor and TreeEnsembleClassifier of ai.onnx.ml, all versions.
// May assume: ml_forest.c checked the trees; sums are made in double and rounded once.
// Never asks which of two equal classes is better: the first one wins.
#include "ops/ml_forest.h"

#include "base/mathx.h"
#include "ops/nd.h"

#include <math.h>
#include <string.h>

typedef enum aggregate { AVERAGE, SUM, MIN, MAX } aggregate; // numbers are those of TreeEnsemble-5

typedef struct tree_params {
    onr_forest_lists lists;
    onr_forest_tensors tensors;
    onr_string post_word, aggregate_word;
    int64_t post_number, aggregate_number;
    onr_tree_numbers base;
    onr_ml_labels labels;
    // made by check:
    onr_forest forest;
    onr_ml_post post;
    aggregate how;
    bool one_class;    // a classifier of two classes whose votes all name one
    bool all_positive; // no vote is negative
} tree_params;

// ---- attributes
// --------------------------------------------------------------------------------------------------------------

static onr_status check_common(tree_params *p, onr_err *err) {
    int64_t n = onr_tree_numbers_n(&p->base);
    if (p->base.tensor && p->base.tensor->t.dtype == ONR_STRING)
        return onr_fail(err, ONR_INVALID, "base_values are strings, not numbers");
    if (n != 0 && n != p->forest.n_targets && !(p->one_class && n == 1))
        return onr_fail(err, ONR_INVALID, "base_values has %lld entries, expected %lld", (long long)n,
                        (long long)p->forest.n_targets);
    return ONR_OK;
}

static onr_status check_regressor(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    static const char *const words[] = {"AVERAGE", "SUM", "MIN", "MAX"};
    tree_params *p = params;
    (void)node;
    ONR_TRY(onr_ml_post_parse(p->post_word, &p->post, err));
    unsigned how = 0;
    while (how < 4 && !onr_ml_is(p->aggregate_word, words[how])) how++;
    if (how == 4) return onr_fail(err, ONR_INVALID, "aggregate_function is not known");
    p->how = (aggregate)how;
    if (p->lists.n_targets < 0) return onr_fail(err, ONR_INVALID, "n_targets is negative");
    ONR_TRY(onr_forest_from_lists(&p->lists, &p->forest, a, err));
    return check_common(p, err);
}

static onr_status check_classifier(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    tree_params *p = params;
    (void)node;
    ONR_TRY(onr_ml_post_parse(p->post_word, &p->post, err));
    ONR_TRY(onr_ml_labels_check(&p->labels, err));
    p->how = SUM;
    p->lists.n_targets = onr_ml_labels_n(&p->labels);
    ONR_TRY(onr_forest_from_lists(&p->lists, &p->forest, a, err));
    const onr_forest *f = &p->forest;
    p->one_class = f->n_targets == 2 && f->n_votes > 0;
    p->all_positive = true;
    for (int64_t i = 0; i < f->n_votes; i++) {
        p->one_class = p->one_class && f->vote[i].target == f->vote[0].target;
        p->all_positive = p->all_positive && f->vote[i].weight >= 0;
    }
    return check_common(p, err);
}

static onr_status check_ensemble(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    tree_params *p = params;
    (void)node;
    if (p->post_number < 0 || p->post_number > ONR_ML_PROBIT) return onr_fail(err, ONR_INVALID, "post_transform is not known");
    if (p->aggregate_number < 0 || p->aggregate_number > MAX)
        return onr_fail(err, ONR_INVALID, "aggregate_function is not known");
    p->post = (onr_ml_post)p->post_number;
    p->how = (aggregate)p->aggregate_number;
    if (p->tensors.n_targets < 0) return onr_fail(err, ONR_INVALID, "n_targets is negative");
    return onr_forest_from_tensors(&p->tensors, &p->forest, a, err);
}

// ---- inference
// ---------------------------------------------------------------------------------------------------------------

static onr_status infer_scores(onr_infer *c, onr_dtype dtype, int32_t out) {
    const tree_params *p = c->params;
    int64_t n, f;
    ONR_TRY(onr_ml_infer_rows(c, 0, &n, &f));
    ONR_TRY(onr_ml_infer_features(c, f, p->forest.n_features, false));
    onr_infer_set(c, out, dtype, onr_shape_make(2, (int64_t[]){n, p->forest.n_targets}));
    if (out) onr_infer_set(c, 0, onr_ml_labels_dtype(&p->labels), onr_shape_make(1, &n));
    return ONR_OK;
}

static onr_status infer_regressor(onr_infer *c) { return infer_scores(c, ONR_FLOAT, 0); }
static onr_status infer_classifier(onr_infer *c) { return infer_scores(c, ONR_FLOAT, 1); }
static onr_status infer_ensemble(onr_infer *c) { return infer_scores(c, onr_infer_dtype(c, 0), 0); }

// ---- one row
// -----------------------------------------------------------------------------------------------------------------

/// What the trees say about row x: acc[t] and whether any leaf voted for t.
static void gather_votes(const tree_params *p, const double *x, double *acc, double *voted) {
    const onr_forest *f = &p->forest;
    memset(acc, 0, (size_t)f->n_targets * sizeof *acc);
    memset(voted, 0, (size_t)f->n_targets * sizeof *voted);
    for (int64_t i = 0; i < f->n_roots; i++) {
        const onr_tree_node *leaf = onr_forest_leaf(f, f->root[i], x);
        for (int32_t k = leaf->yes; k < leaf->no; k++) {
            const onr_tree_vote *v = &f->vote[k];
            double *to = &acc[v->target];
            bool first = voted[v->target]++ == 0;
            if (p->how == MIN)
                *to = first || v->weight < *to ? v->weight : *to;
            else if (p->how == MAX)
                *to = first || v->weight > *to ? v->weight : *to;
            else
                *to += v->weight;
        }
    }
    if (p->how == AVERAGE && f->n_roots)
        for (int64_t t = 0; t < f->n_targets; t++) acc[t] /= (double)f->n_roots;
}

static void add_base(const tree_params *p, double *acc) {
    int64_t n = onr_tree_numbers_n(&p->base);
    for (int64_t t = 0; t < n; t++) acc[t] += onr_tree_number(&p->base, t);
}

/// Two classes, one score: ONNX leaves open what the other class gets. As in ONNX Runtime: the rest up to 1 when all weights
/// are positive (probabilities), the negated score when not (margins). A transform always sees the margin and its negative.
static int64_t decide_one_class(const tree_params *p, double *acc) {
    int64_t n_base = onr_tree_numbers_n(&p->base);
    double s = acc[p->forest.vote[0].target];
    if (n_base) s += onr_tree_number(&p->base, n_base - 1);
    bool transformed = p->post != ONR_ML_NONE && p->post != ONR_ML_PROBIT;
    bool probability = p->all_positive && !transformed;
    acc[0] = probability && n_base < 2 ? 1 - s : -s;
    acc[1] = s;
    return s > (probability ? 0.5 : 0);
}

// ---- all rows
// ----------------------------------------------------------------------------------------------------------------

typedef struct tree_job {
    const tree_params *p;
    const onr_tensor *x;
    int64_t n_features;
    onr_tensor *scores; // may be NULL
    void *labels;       // may be NULL
    bool classify;
} tree_job;

/// scratch: the row, and two numbers for each target.
static void tree_row(void *ctx, int64_t row, double *scratch) {
    const tree_job *j = ctx;
    const tree_params *p = j->p;
    int64_t n_targets = p->forest.n_targets, best = 0;
    double *acc = scratch + j->n_features;
    onr_ml_row(j->x, row * j->n_features, j->n_features, scratch);
    gather_votes(p, scratch, acc, acc + n_targets);
    if (p->one_class) {
        best = decide_one_class(p, acc);
    } else {
        add_base(p, acc);
        if (j->classify) best = onr_ml_argmax(acc, n_targets);
    }
    if (j->classify) onr_ml_labels_put(&p->labels, best, j->labels, row);
    onr_ml_post_apply(p->post, acc, n_targets);
    onr_ml_store(j->scores, row, n_targets, acc);
}

static onr_status run_trees(const onr_run *r, tree_job *j) {
    const onr_forest *f = &j->p->forest;
    int64_t n, scratch;
    j->x = onr_run_in(r, 0);
    onr_ml_rows(j->x, &n, &j->n_features);
    if (!onr_add_i64(j->n_features, 2 * f->n_targets, &scratch)) return onr_no_memory(r->err, SIZE_MAX);
    return onr_ml_for_rows(r, n, 50 * f->n_roots + 5 * scratch, scratch, tree_row, j);
}

static onr_status run_regressor(const onr_run *r) {
    tree_job j = {.p = r->params, .scores = onr_run_wants(r, 0) ? onr_run_out(r, 0) : NULL};
    return run_trees(r, &j);
}

static onr_status run_classifier(const onr_run *r) {
    const tree_params *p = r->params;
    tree_job j = {.p = p, .classify = true, .scores = onr_run_wants(r, 1) ? onr_run_out(r, 1) : NULL};
    int64_t n, f;
    onr_ml_rows(onr_run_in(r, 0), &n, &f);
    onr_shape shape = onr_shape_make(1, &n);
    onr_dtype dtype = onr_ml_labels_dtype(&p->labels);
    ONR_TRY(onr_nd_begin(r, 0, dtype, &shape, &j.labels));
    return onr_nd_end(r, 0, dtype, &shape, j.labels, run_trees(r, &j));
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

// clang-format off
#define LIST(attr, k, field) {.name = attr, .kind = k, .offset = offsetof(tree_params, field)}
#define NODES \
    LIST("nodes_treeids", ONR_ATTR_INTS, lists.tree), LIST("nodes_nodeids", ONR_ATTR_INTS, lists.node), \
    LIST("nodes_featureids", ONR_ATTR_INTS, lists.feature), LIST("nodes_truenodeids", ONR_ATTR_INTS, lists.yes), \
    LIST("nodes_falsenodeids", ONR_ATTR_INTS, lists.no), LIST("nodes_modes", ONR_ATTR_STRINGS, lists.mode), \
    LIST("nodes_missing_value_tracks_true", ONR_ATTR_INTS, lists.missing), \
    LIST("nodes_values", ONR_ATTR_FLOATS, lists.split.list), LIST("nodes_hitrates", ONR_ATTR_FLOATS, lists.hitrate.list), \
    LIST("base_values", ONR_ATTR_FLOATS, base.list), \
    {.name = "post_transform", .kind = ONR_ATTR_STRING, .offset = offsetof(tree_params, post_word), .s = "NONE"}
#define NODES3 \
    LIST("nodes_values_as_tensor", ONR_ATTR_TENSOR, lists.split.tensor), \
    LIST("nodes_hitrates_as_tensor", ONR_ATTR_TENSOR, lists.hitrate.tensor), \
    LIST("base_values_as_tensor", ONR_ATTR_TENSOR, base.tensor)
#define VOTES(p) \
    LIST(p "_ids", ONR_ATTR_INTS, lists.vote_target), LIST(p "_nodeids", ONR_ATTR_INTS, lists.vote_node), \
    LIST(p "_treeids", ONR_ATTR_INTS, lists.vote_tree), LIST(p "_weights", ONR_ATTR_FLOATS, lists.vote_weight.list)
#define REGRESSOR \
    LIST("n_targets", ONR_ATTR_INT, lists.n_targets), \
    {.name = "aggregate_function", .kind = ONR_ATTR_STRING, .offset = offsetof(tree_params, aggregate_word), .s = "SUM"}
#define LABELS \
    LIST("classlabels_int64s", ONR_ATTR_INTS, labels.ints), LIST("classlabels_strings", ONR_ATTR_STRINGS, labels.strings)
#define NEED(attr, k, field) {.name = attr, .kind = k, .offset = offsetof(tree_params, field), .required = true}
// clang-format on

static const onr_attr_spec classifier1[] = {NODES, VOTES("class"), LABELS, ONR_ATTR_ARRAY_END};
static const onr_attr_spec classifier3[] = {NODES,
                                            NODES3,
                                            VOTES("class"),
                                            LABELS,
                                            LIST("class_weights_as_tensor", ONR_ATTR_TENSOR, lists.vote_weight.tensor),
                                            ONR_ATTR_ARRAY_END};
static const onr_attr_spec regressor1[] = {NODES, VOTES("target"), REGRESSOR, ONR_ATTR_ARRAY_END};
static const onr_attr_spec regressor3[] = {NODES,
                                           NODES3,
                                           VOTES("target"),
                                           REGRESSOR,
                                           LIST("target_weights_as_tensor", ONR_ATTR_TENSOR, lists.vote_weight.tensor),
                                           ONR_ATTR_ARRAY_END};
static const onr_attr_spec ensemble5[] = {
    NEED("tree_roots", ONR_ATTR_INTS, tensors.root),
    NEED("nodes_featureids", ONR_ATTR_INTS, tensors.feature),
    NEED("nodes_truenodeids", ONR_ATTR_INTS, tensors.yes),
    NEED("nodes_falsenodeids", ONR_ATTR_INTS, tensors.no),
    NEED("nodes_trueleafs", ONR_ATTR_INTS, tensors.yes_leaf),
    NEED("nodes_falseleafs", ONR_ATTR_INTS, tensors.no_leaf),
    NEED("leaf_targetids", ONR_ATTR_INTS, tensors.leaf_target),
    NEED("nodes_modes", ONR_ATTR_TENSOR, tensors.mode),
    NEED("nodes_splits", ONR_ATTR_TENSOR, tensors.split),
    NEED("leaf_weights", ONR_ATTR_TENSOR, tensors.leaf_weight),
    LIST("membership_values", ONR_ATTR_TENSOR, tensors.member),
    LIST("nodes_hitrates", ONR_ATTR_TENSOR, tensors.hitrate),
    LIST("nodes_missing_value_tracks_true", ONR_ATTR_INTS, tensors.missing),
    LIST("n_targets", ONR_ATTR_INT, tensors.n_targets),
    LIST("post_transform", ONR_ATTR_INT, post_number),
    {.name = "aggregate_function", .kind = ONR_ATTR_INT, .offset = offsetof(tree_params, aggregate_number), .i = SUM},
    ONR_ATTR_ARRAY_END};

#define ROW(op, from, to, outs, set, table, fn, more)                                                        \
    {                                                                                                        \
        ONR_ML(op, from, to), ONR_ARITY(1, 1, 1, outs), .flags = ONR_OP_PURE | (more), .types = set,         \
                                                        ONR_PARAMS(table, tree_params), .check = check_##fn, \
                                                        .infer = infer_##fn, .run = run_##fn                 \
    }
static onr_status run_ensemble(const onr_run *r) { return run_regressor(r); }

static const onr_op rows[] = {
    ROW("TreeEnsembleClassifier", 1, 2, 2, ONR_T_ML, classifier1, classifier, 0),
    ROW("TreeEnsembleClassifier", 3, 0, 2, ONR_T_ML, classifier3, classifier, 0),
    ROW("TreeEnsembleRegressor", 1, 2, 1, ONR_T_ML, regressor1, regressor, 0),
    ROW("TreeEnsembleRegressor", 3, 0, 1, ONR_T_ML, regressor3, regressor, 0),
    ROW("TreeEnsemble", 5, 0, 1, ONR_T_FLOATS3, ensemble5, ensemble, ONR_OP_WIDEN),
};
ONR_OP_FAMILY(ml_tree);
