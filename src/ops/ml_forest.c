// ml_forest.c: builds forests from both ways that ONNX writes trees, checks them, and walks them.
// May assume: attributes have their right kinds. Never trusts an index of the model, and never builds a tree that does not end.
#include "ops/ml_forest.h"

#include "base/mathx.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t onr_tree_numbers_n(const onr_tree_numbers *v) {
    return v->tensor ? onr_tensor_numel(&v->tensor->t) : (int64_t)v->list.n;
}

double onr_tree_number(const onr_tree_numbers *v, int64_t i) {
    return v->tensor ? onr_tensor_num(&v->tensor->t, i) : (double)v->list.v[i];
}

static onr_status same_length(const char *name, int64_t n, int64_t wanted, bool may_be_absent, onr_err *err) {
    if (n == wanted || (n == 0 && may_be_absent)) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "%s has %" PRId64 " entries, expected %" PRId64, name, n, wanted);
}

static onr_status numeric(const char *name, const onr_datum *d, onr_err *err) {
    if (!d || d->t.dtype != ONR_STRING) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "%s are strings, not numbers", name);
}

static onr_status new_forest(onr_forest *f, int64_t n_nodes, int64_t n_roots, int64_t n_votes, onr_arena *a, onr_err *err) {
    if (n_nodes > INT32_MAX || n_votes > INT32_MAX) return onr_fail(err, ONR_LIMIT, "too many nodes in the trees");
    *f = (onr_forest){.n_nodes = n_nodes, .n_roots = n_roots, .n_votes = n_votes};
    f->node = onr_arena_calloc(a, (size_t)n_nodes, sizeof *f->node);
    f->root = onr_arena_calloc(a, (size_t)n_roots, sizeof *f->root);
    f->vote = onr_arena_calloc(a, (size_t)n_votes, sizeof *f->vote);
    return f->node && f->root && f->vote ? ONR_OK : onr_no_memory(err, (size_t)n_nodes * sizeof *f->node);
}

static onr_status set_feature(onr_forest *f, int64_t i, int64_t feature, onr_err *err) {
    if (feature < 0 || feature >= INT32_MAX)
        return onr_fail(err, ONR_INVALID, "tree node %" PRId64 " looks at feature %" PRId64, i, feature);
    f->node[i].feature = (int32_t)feature;
    f->n_features = onr_max_i64(f->n_features, feature + 1);
    return ONR_OK;
}

static onr_status set_target(onr_forest *f, int64_t i, int64_t target, onr_err *err) {
    if (target < 0 || target >= f->n_targets)
        return onr_fail(err, ONR_INVALID, "a leaf votes for target %" PRId64 " of %" PRId64, target, f->n_targets);
    f->vote[i].target = (int32_t)target;
    return ONR_OK;
}

// ---- every path ends
// ---------------------------------------------------------------------------------------------------------

/// Depth first from all roots, without recursion: a node that is met again while it is on the path closes a cycle.
static onr_status check_paths(const onr_forest *f, onr_err *err) {
    enum { NEW, OPEN, DONE };
    size_t n = (size_t)f->n_nodes;
    uint8_t *seen = onr_malloc(n + 1);
    int32_t *path = onr_malloc((n + 1) * sizeof *path);
    onr_status status = seen && path ? ONR_OK : onr_no_memory(err, n * sizeof *path);
    if (seen) memset(seen, NEW, n);
    for (int64_t r = 0; r < f->n_roots && status == ONR_OK; r++) {
        size_t depth = 0;
        if (seen[f->root[r]] == NEW) path[depth++] = f->root[r];
        while (depth && status == ONR_OK) {
            const onr_tree_node *at = &f->node[path[depth - 1]];
            uint8_t *mine = &seen[path[depth - 1]];
            bool was_new = *mine == NEW;
            *mine = at->mode == ONR_TREE_LEAF ? DONE : OPEN;
            int32_t next = *mine == DONE ? -1 : was_new || seen[at->yes] == NEW ? at->yes : at->no;
            if (next >= 0 && seen[next] == DONE) next = next == at->yes && seen[at->no] != DONE ? at->no : -1;
            if (next < 0) {
                *mine = DONE;
                depth--;
            } else if (seen[next] == OPEN) {
                status = onr_fail(err, ONR_INVALID, "tree node %d is its own descendant", next);
            } else {
                path[depth++] = next;
            }
        }
    }
    onr_free(seen);
    onr_free(path);
    return status;
}

// ---- from lists: nodes are named by (tree, node)
// ------------------------------------------------------------------------------------

typedef struct named {
    int64_t tree, node;
    int32_t at;
} named;

static int compare_named(const void *p, const void *q) {
    const named *a = p, *b = q;
    if (a->tree != b->tree) return a->tree < b->tree ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

static onr_status find_named(const named *names, size_t n, int64_t tree, int64_t node, int32_t *at, onr_err *err) {
    named key = {.tree = tree, .node = node};
    const named *found = bsearch(&key, names, n, sizeof key, compare_named);
    if (!found) return onr_fail(err, ONR_INVALID, "tree %" PRId64 " has no node %" PRId64, tree, node);
    *at = found->at;
    return ONR_OK;
}

static onr_status parse_mode(onr_string s, uint8_t *mode, onr_err *err) {
    static const char *const words[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",    "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"};
    for (uint8_t i = 0; i < 8; i++)
        if (i != ONR_TREE_MEMBER && onr_ml_is(s, words[i])) return *mode = i, ONR_OK;
    return onr_fail(err, ONR_INVALID, "tree node mode '%.*s' is not known", (int)(s.n < 40 ? s.n : 40), s.s);
}

static onr_status check_lists(const onr_forest_lists *l, onr_err *err) {
    int64_t n = (int64_t)l->node.n, v = (int64_t)l->vote_node.n;
    ONR_TRY(same_length("nodes_treeids", (int64_t)l->tree.n, n, false, err));
    ONR_TRY(same_length("nodes_featureids", (int64_t)l->feature.n, n, false, err));
    ONR_TRY(same_length("nodes_truenodeids", (int64_t)l->yes.n, n, false, err));
    ONR_TRY(same_length("nodes_falsenodeids", (int64_t)l->no.n, n, false, err));
    ONR_TRY(same_length("nodes_modes", (int64_t)l->mode.n, n, false, err));
    ONR_TRY(same_length("nodes_values", onr_tree_numbers_n(&l->split), n, false, err));
    ONR_TRY(numeric("nodes_values", l->split.tensor, err));
    ONR_TRY(numeric("the votes' weights", l->vote_weight.tensor, err));
    ONR_TRY(same_length("nodes_missing_value_tracks_true", (int64_t)l->missing.n, n, true, err));
    ONR_TRY(same_length("nodes_hitrates", onr_tree_numbers_n(&l->hitrate), n, true, err));
    ONR_TRY(same_length("the votes' tree ids", (int64_t)l->vote_tree.n, v, false, err));
    ONR_TRY(same_length("the votes' targets", (int64_t)l->vote_target.n, v, false, err));
    return same_length("the votes' weights", onr_tree_numbers_n(&l->vote_weight), v, false, err);
}

static onr_status list_nodes(const onr_forest_lists *l, onr_forest *f, named *names, onr_err *err) {
    size_t n = l->node.n;
    for (size_t i = 0; i < n; i++) names[i] = (named){l->tree.v[i], l->node.v[i], (int32_t)i};
    qsort(names, n, sizeof *names, compare_named);
    for (size_t i = 1; i < n; i++)
        if (compare_named(&names[i - 1], &names[i]) == 0)
            return onr_fail(err, ONR_INVALID, "node %" PRId64 " of tree %" PRId64 " is there twice", names[i].node,
                            names[i].tree);
    for (size_t i = 0; i < n; i++) {
        onr_tree_node *to = &f->node[i];
        ONR_TRY(parse_mode(l->mode.v[i], &to->mode, err));
        if (to->mode == ONR_TREE_LEAF) continue;
        to->split = onr_tree_number(&l->split, (int64_t)i);
        to->missing = l->missing.n && l->missing.v[i] != 0;
        ONR_TRY(set_feature(f, (int64_t)i, l->feature.v[i], err));
        ONR_TRY(find_named(names, n, l->tree.v[i], l->yes.v[i], &to->yes, err));
        ONR_TRY(find_named(names, n, l->tree.v[i], l->no.v[i], &to->no, err));
    }
    return ONR_OK;
}

/// The votes sorted by their leaf, in the model's order within one.
static onr_status list_votes(const onr_forest_lists *l, onr_forest *f, const named *names, int32_t *of, onr_err *err) {
    for (size_t i = 0; i < l->vote_node.n; i++) {
        ONR_TRY(find_named(names, l->node.n, l->vote_tree.v[i], l->vote_node.v[i], &of[i], err));
        if (f->node[of[i]].mode == ONR_TREE_LEAF) f->node[of[i]].no++;
    }
    int32_t at = 0;
    for (int64_t i = 0; i < f->n_nodes; i++) {
        onr_tree_node *leaf = &f->node[i];
        if (leaf->mode != ONR_TREE_LEAF) continue;
        int32_t n = leaf->no;
        leaf->yes = leaf->no = at; // filled below, up to n further on
        at += n;
    }
    for (size_t i = 0; i < l->vote_node.n; i++) {
        onr_tree_node *leaf = &f->node[of[i]];
        if (leaf->mode != ONR_TREE_LEAF) continue; // votes of inner nodes do not count
        ONR_TRY(set_target(f, leaf->no, l->vote_target.v[i], err));
        f->vote[leaf->no++].weight = onr_tree_number(&l->vote_weight, (int64_t)i);
    }
    return ONR_OK;
}

/// A tree's root is its first node that is nobody's child. (ONNX names none; ids start at the root in all known writers.)
static onr_status find_roots(const named *names, onr_forest *f, uint8_t *is_child, onr_err *err) {
    for (int64_t i = 0; i < f->n_nodes; i++)
        if (f->node[i].mode != ONR_TREE_LEAF) is_child[f->node[i].yes] = is_child[f->node[i].no] = 1;
    f->n_roots = 0;
    for (int64_t i = 0, end; i < f->n_nodes; i = end) {
        int32_t root = INT32_MAX;
        for (end = i; end < f->n_nodes && names[end].tree == names[i].tree; end++)
            if (!is_child[names[end].at] && names[end].at < root) root = names[end].at;
        if (root == INT32_MAX) return onr_fail(err, ONR_INVALID, "tree %" PRId64 " has no root: a cycle", names[i].tree);
        f->root[f->n_roots++] = root;
    }
    return ONR_OK;
}

onr_status onr_forest_from_lists(const onr_forest_lists *l, onr_forest *f, onr_arena *a, onr_err *err) {
    ONR_TRY(check_lists(l, err));
    size_t n = l->node.n, n_votes = l->vote_node.n;
    ONR_TRY(new_forest(f, (int64_t)n, (int64_t)n, (int64_t)n_votes, a, err));
    f->n_targets = l->n_targets;
    for (size_t i = 0; i < n_votes && l->n_targets == 0; i++)
        f->n_targets = onr_max_i64(f->n_targets, l->vote_target.v[i] < INT32_MAX ? l->vote_target.v[i] + 1 : INT32_MAX);
    if (f->n_targets < 1 || f->n_targets > INT32_MAX) return onr_fail(err, ONR_INVALID, "the trees have no targets");
    named *names = onr_malloc((n + 1) * sizeof *names);
    int32_t *of = onr_malloc((n_votes + 1) * sizeof *of);
    uint8_t *is_child = onr_malloc(n + 1);
    onr_status s = names && of && is_child ? ONR_OK : onr_no_memory(err, n * sizeof *names);
    if (s == ONR_OK) memset(is_child, 0, n);
    if (s == ONR_OK) s = list_nodes(l, f, names, err);
    if (s == ONR_OK) s = list_votes(l, f, names, of, err);
    if (s == ONR_OK) s = find_roots(names, f, is_child, err);
    onr_free(is_child);
    onr_free(of);
    onr_free(names);
    return s == ONR_OK ? check_paths(f, err) : s;
}

// ---- from tensors: inner nodes, then leaves
// -------------------------------------------------------------------------------------------

static int64_t tensor_n(const onr_datum *d) { return d ? onr_tensor_numel(&d->t) : 0; }

static onr_status check_tensors(const onr_forest_tensors *t, onr_err *err) {
    int64_t n = (int64_t)t->feature.n;
    ONR_TRY(same_length("nodes_truenodeids", (int64_t)t->yes.n, n, false, err));
    ONR_TRY(same_length("nodes_falsenodeids", (int64_t)t->no.n, n, false, err));
    ONR_TRY(same_length("nodes_trueleafs", (int64_t)t->yes_leaf.n, n, false, err));
    ONR_TRY(same_length("nodes_falseleafs", (int64_t)t->no_leaf.n, n, false, err));
    ONR_TRY(same_length("nodes_modes", tensor_n(t->mode), n, false, err));
    ONR_TRY(same_length("nodes_splits", tensor_n(t->split), n, false, err));
    ONR_TRY(same_length("nodes_missing_value_tracks_true", (int64_t)t->missing.n, n, true, err));
    ONR_TRY(same_length("nodes_hitrates", tensor_n(t->hitrate), n, true, err));
    ONR_TRY(same_length("leaf_weights", tensor_n(t->leaf_weight), (int64_t)t->leaf_target.n, false, err));
    ONR_TRY(numeric("nodes_splits", t->split, err));
    ONR_TRY(numeric("leaf_weights", t->leaf_weight, err));
    ONR_TRY(numeric("membership_values", t->member, err));
    if (t->mode->t.dtype != ONR_UINT8) return onr_fail(err, ONR_INVALID, "nodes_modes must be of type uint8");
    return ONR_OK;
}

static onr_status child(const onr_forest_tensors *t, int64_t id, bool is_leaf, int32_t *out, onr_err *err) {
    int64_t n = (int64_t)t->feature.n, most = is_leaf ? (int64_t)t->leaf_target.n : n;
    if (id < 0 || id >= most)
        return onr_fail(err, ONR_INVALID, "there is no tree %s %" PRId64 " of %" PRId64, is_leaf ? "leaf" : "node", id, most);
    *out = (int32_t)(is_leaf ? n + id : id);
    return ONR_OK;
}

static int compare_doubles(const void *p, const void *q) {
    double a = *(const double *)p, b = *(const double *)q;
    return (a > b) - (a < b);
}

/// membership_values holds one list for each member node, in the nodes' order; each list ends with a NaN.
static onr_status read_sets(const onr_forest_tensors *t, onr_forest *f, onr_arena *a, onr_err *err) {
    int64_t n = tensor_n(t->member), first = 0;
    double *v = onr_arena_calloc(a, (size_t)n, sizeof *v);
    f->set = onr_arena_calloc(a, (size_t)f->n_nodes, sizeof *f->set);
    f->n_set = onr_arena_calloc(a, (size_t)f->n_nodes, sizeof *f->n_set);
    if (!v || !f->set || !f->n_set) return onr_no_memory(err, (size_t)n * sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = onr_tensor_num(&t->member->t, i);
    for (size_t i = 0; i < t->feature.n; i++) {
        if (f->node[i].mode != ONR_TREE_MEMBER) continue;
        if (first >= n) return onr_fail(err, ONR_INVALID, "membership_values has too few lists");
        int64_t end = first;
        while (end < n && !isnan(v[end])) end++;
        qsort(v + first, (size_t)(end - first), sizeof *v, compare_doubles);
        f->set[f->n_sets] = v + first;
        f->n_set[f->n_sets] = (int32_t)(end - first);
        f->node[i].set = (int32_t)f->n_sets++;
        first = end + 1;
    }
    return ONR_OK;
}

onr_status onr_forest_from_tensors(const onr_forest_tensors *t, onr_forest *f, onr_arena *a, onr_err *err) {
    ONR_TRY(check_tensors(t, err));
    int64_t n = (int64_t)t->feature.n, leaves = (int64_t)t->leaf_target.n;
    ONR_TRY(new_forest(f, n + leaves, (int64_t)t->root.n, leaves, a, err));
    f->n_targets = t->n_targets;
    for (int64_t i = 0; i < leaves && t->n_targets == 0; i++)
        f->n_targets = onr_max_i64(f->n_targets, t->leaf_target.v[i] < INT32_MAX ? t->leaf_target.v[i] + 1 : INT32_MAX);
    if (f->n_targets < 1 || f->n_targets > INT32_MAX) return onr_fail(err, ONR_INVALID, "the trees have no targets");
    for (int64_t i = 0; i < n; i++) {
        onr_tree_node *to = &f->node[i];
        to->mode = ((const uint8_t *)t->mode->t.data)[i];
        if (to->mode > ONR_TREE_MEMBER) return onr_fail(err, ONR_INVALID, "tree node mode %d is not known", to->mode);
        to->split = onr_tensor_num(&t->split->t, i);
        to->missing = t->missing.n && t->missing.v[i] != 0;
        ONR_TRY(set_feature(f, i, t->feature.v[i], err));
        ONR_TRY(child(t, t->yes.v[i], t->yes_leaf.v[i] != 0, &to->yes, err));
        ONR_TRY(child(t, t->no.v[i], t->no_leaf.v[i] != 0, &to->no, err));
    }
    for (int64_t i = 0; i < leaves; i++) {
        f->node[n + i] = (onr_tree_node){.mode = ONR_TREE_LEAF, .yes = (int32_t)i, .no = (int32_t)i + 1};
        f->vote[i].weight = onr_tensor_num(&t->leaf_weight->t, i);
        ONR_TRY(set_target(f, i, t->leaf_target.v[i], err));
    }
    for (size_t i = 0; i < t->root.n; i++) ONR_TRY(child(t, t->root.v[i], false, &f->root[i], err));
    ONR_TRY(read_sets(t, f, a, err));
    return check_paths(f, err);
}

// ---- walking
// -----------------------------------------------------------------------------------------------------------------

static bool is_member(const onr_forest *f, int32_t set, double x) {
    return f->n_set[set] && bsearch(&x, f->set[set], (size_t)f->n_set[set], sizeof x, compare_doubles) != NULL;
}

static bool goes_yes(const onr_forest *f, const onr_tree_node *n, double x) {
    if (isnan(x)) return n->missing;
    switch (n->mode) {
    case ONR_TREE_LEQ: return x <= n->split;
    case ONR_TREE_LT: return x < n->split;
    case ONR_TREE_GTE: return x >= n->split;
    case ONR_TREE_GT: return x > n->split;
    case ONR_TREE_EQ: return x == n->split;
    case ONR_TREE_NEQ: return x != n->split;
    default: return is_member(f, n->set, x);
    }
}

const onr_tree_node *onr_forest_leaf(const onr_forest *f, int32_t at, const double *x) {
    const onr_tree_node *n = &f->node[at];
    while (n->mode != ONR_TREE_LEAF) n = &f->node[goes_yes(f, n, x[n->feature]) ? n->yes : n->no];
    return n;
}
