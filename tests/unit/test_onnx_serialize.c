// test_onnx_serialize.c: a loaded model written and loaded again is the same graph, for a rich model and all of ONNX's backend
// tests. May assume: nothing; the part over test data is skipped without Debian's libonnx-testdata. Never runs a model.
#include "graph/edit.h"
#include "onnx/serialize.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void same_graph(const onr_graph *a, const onr_graph *b);

static void same_tensor(const onr_datum *a, const onr_datum *b) {
    assert_int_equal(a->t.dtype, b->t.dtype);
    assert_true(onr_shape_equal(&a->t.shape, &b->t.shape));
    if (a->t.dtype != ONR_STRING && onr_tensor_bytes(&a->t)) assert_memory_equal(a->t.data, b->t.data, onr_tensor_bytes(&a->t));
}

static void same_attr(const onr_attr *a, const onr_attr *b) {
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->n, b->n);
    switch (a->kind) {
    case ONR_ATTR_FLOAT: assert_memory_equal(&a->f, &b->f, 4); break;
    case ONR_ATTR_INT: assert_true(a->i == b->i); break;
    case ONR_ATTR_STRING:
        assert_int_equal(a->s.n, b->s.n);
        if (a->s.n) assert_memory_equal(a->s.s, b->s.s, a->s.n);
        break;
    case ONR_ATTR_INTS:
        if (a->n) assert_memory_equal(a->ints, b->ints, a->n * sizeof *a->ints);
        break;
    case ONR_ATTR_FLOATS:
        if (a->n) assert_memory_equal(a->floats, b->floats, a->n * sizeof *a->floats);
        break;
    case ONR_ATTR_TENSOR:
    case ONR_ATTR_SPARSE_TENSOR: same_tensor(a->tensor, b->tensor); break;
    case ONR_ATTR_GRAPH: same_graph(a->graph, b->graph); break;
    case ONR_ATTR_TYPE: assert_int_equal(a->type->kind, b->type->kind); break;
    default: break;
    }
}

// Trailing left-out inputs need not be written.
static int32_t n_used(onr_value *const *list, int32_t n) {
    while (n && !list[n - 1]) n--;
    return n;
}

static void same_names(onr_value *const *a, int32_t n_a, onr_value *const *b, int32_t n_b) {
    n_a = n_used(a, n_a), n_b = n_used(b, n_b);
    assert_int_equal(n_a, n_b);
    for (int32_t i = 0; i < n_a; i++) {
        assert_int_equal(a[i] == NULL, b[i] == NULL);
        if (!a[i]) continue;
        assert_string_equal(a[i]->name, b[i]->name);
        assert_int_equal(a[i]->outer == NULL, b[i]->outer == NULL);
        assert_int_equal(a[i]->constant == NULL, b[i]->constant == NULL);
        if (a[i]->constant) same_tensor(a[i]->constant, b[i]->constant);
    }
}

static void same_graph(const onr_graph *a, const onr_graph *b) {
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->n_nodes, b->n_nodes);
    same_names(a->inputs, a->n_inputs, b->inputs, b->n_inputs);
    same_names(a->outputs, a->n_outputs, b->outputs, b->n_outputs);
    for (int32_t i = 0; i < a->n_nodes; i++) {
        const onr_node *x = a->nodes[i], *y = b->nodes[i];
        assert_string_equal(x->name, y->name);
        assert_string_equal(x->op_type, y->op_type);
        assert_string_equal(x->domain, y->domain);
        assert_int_equal(x->opset, y->opset);
        assert_int_equal(x->n_attr, y->n_attr);
        same_names(x->in, x->n_in, y->in, y->n_in);
        same_names(x->out, x->n_out, y->out, y->n_out);
        for (int32_t k = 0; k < x->n_attr; k++) same_attr(&x->attr[k], &y->attr[k]);
    }
}

static void check_round_trip(const onr_model *m) {
    void *first, *second;
    size_t n_first, n_second;
    onr_model *again;
    onr_err err = {0};
    if (onr_model_serialize(m, m->graph, &first, &n_first, &err) != ONR_OK) fail_msg("%s: %s", m->path, err.text);
    if (onr_model_load_memory(first, n_first, NULL, NULL, NULL, &again, &err) != ONR_OK) fail_msg("%s: %s", m->path, err.text);
    same_graph(m->graph, again->graph);
    assert_int_equal(onr_model_serialize(again, again->graph, &second, &n_second, &err), ONR_OK);
    assert_int_equal(n_first, n_second);
    assert_memory_equal(first, second, n_first);
    onr_model_free(again);
    onr_free(first);
    onr_free(second);
}

static void a_rich_model_survives(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    onr_model *m;
    onr_err err = {0};
    if (mk_load(a, mk_rich(a), NULL, NULL, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    check_round_trip(m);
    onr_model_free(m);
    onr_arena_free(a);
}

static const int64_t dims[] = {2};

// then_branch makes a value that is called like one of the outer graph, and also captures another.
static void hidden_names_are_changed(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    Onnx__GraphProto *branch = mk_graph(a, "b"), *g = mk_graph(a, "g");
    MK_ADD(a, branch, node, mk_node(a, "inner", "Neg", "x", "y"));
    MK_ADD(a, branch, output, mk_info(a, "y", ONR_FLOAT, 1, dims));
    Onnx__NodeProto *hold = mk_node(a, "hold", "If", "x", "z");
    MK_ADD(a, hold, attribute, mk_attr_graph(a, "then_branch", branch));
    MK_ADD(a, g, input, mk_info(a, "x", ONR_FLOAT, 1, dims));
    MK_ADD(a, g, node, mk_node(a, "outer", "Relu", "x", "y"));
    MK_ADD(a, g, node, hold);
    MK_ADD(a, g, output, mk_info(a, "y", ONR_FLOAT, 1, dims));
    MK_ADD(a, g, output, mk_info(a, "z", ONR_FLOAT, 1, dims));
    onr_model *m, *again;
    onr_err err = {0};
    void *bytes;
    size_t n;
    assert_int_equal(mk_load(a, mk_model(a, g), NULL, NULL, &m, &err), ONR_OK);
    assert_int_equal(onr_model_serialize(m, m->graph, &bytes, &n, &err), ONR_OK);
    assert_int_equal(onr_model_load_memory(bytes, n, NULL, NULL, NULL, &again, &err), ONR_OK);
    const onr_graph *b = onr_node_attr(onr_graph_find(again->graph, "z")->producer, "then_branch")->graph;
    assert_string_equal(b->outputs[0]->name, "hold/y");
    assert_ptr_equal(b->nodes[0]->in[0]->outer, onr_graph_find(again->graph, "x"));
    onr_model_free(m);
    onr_model_free(again);
    onr_free(bytes);
    onr_arena_free(a);
}

static void two_opsets_of_a_domain_are_refused(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    Onnx__ModelProto *pb = mk_rich(a);
    pb->functions[0]->opset_import[0]->version = 13;
    onr_model *m;
    onr_err err = {0};
    void *bytes;
    size_t n;
    assert_int_equal(mk_load(a, pb, NULL, NULL, &m, &err), ONR_OK);
    assert_int_equal(onr_model_serialize(m, m->graph, &bytes, &n, &err), ONR_UNSUPPORTED);
    onr_model_free(m);
    onr_arena_free(a);
}

static int n_models;

static int visit(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    if (type != FTW_F || strcmp(path + at->base, "model.onnx") != 0) return 0;
    onr_model *m;
    onr_err err = {0};
    if (onr_model_load(path, NULL, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    check_round_trip(m);
    onr_model_free(m);
    n_models++;
    return 0;
}

static void backend_models_survive(void **state) {
    (void)state;
    nftw("/usr/share/libonnx-testdata/data/node", visit, 16, 0);
    nftw("/usr/share/libonnx-testdata/data/simple", visit, 16, 0);
    nftw("/usr/share/libonnx-testdata/data/pytorch-operator", visit, 16, 0);
    print_message("%d models\n", n_models);
    if (n_models == 0) skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rich_model_survives),
        cmocka_unit_test(hidden_names_are_changed),
        cmocka_unit_test(two_opsets_of_a_domain_are_refused),
        cmocka_unit_test(backend_models_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
