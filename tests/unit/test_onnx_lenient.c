// test_onnx_lenient.c: loads that collect what is wrong instead of ending at the first.
// May assume: support/onnx_build.h. Never reads files.
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <string.h>

static const int64_t dims[] = {2, 3};

static int setup(void **state) { return (*state = onr_arena_new(0)) ? 0 : -1; }

static int teardown(void **state) {
    onr_arena_free(*state);
    return 0;
}

static onr_model *load(onr_arena *a, Onnx__GraphProto *g, onr_findings *found) {
    onr_load_options o = onr_load_options_default();
    onr_model *m;
    onr_err err = {0};
    onr_findings_init(found, a);
    o.findings = found;
    if (mk_load(a, mk_model(a, g), NULL, &o, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    return m;
}

static const onr_finding *the(const onr_findings *list, const char *kind, const char *value) {
    const onr_finding *found = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const onr_finding *f = &list->of[i];
        if (strcmp(f->kind, kind) != 0 || (value && (!f->value || strcmp(f->value, value) != 0))) continue;
        if (found) fail_msg("'%s' was found twice", kind);
        found = f;
    }
    if (!found) fail_msg("'%s' was not found among %zu", kind, list->n);
    return found;
}

static Onnx__GraphProto *graph(onr_arena *a) {
    Onnx__GraphProto *g = mk_graph(a, "g");
    MK_ADD(a, g, input, mk_info(a, "x", ONR_FLOAT, 2, dims));
    MK_ADD(a, g, output, mk_info(a, "y", ONR_FLOAT, 2, dims));
    return g;
}

static void a_sound_model_has_nothing(void **state) {
    onr_findings found;
    Onnx__GraphProto *g = graph(*state);
    MK_ADD(*state, g, node, mk_node(*state, "n", "Relu", "x", "y"));
    onr_model_free(load(*state, g, &found));
    assert_int_equal(found.n, 0);
}

static void a_missing_value_is_told_once(void **state) {
    onr_arena *a = *state;
    onr_findings found;
    Onnx__GraphProto *g = graph(a);
    MK_ADD(a, g, node, mk_node(a, "n", "Add", "gone,gone", "z"));
    MK_ADD(a, g, node, mk_node(a, "m", "Add", "z,gone", "y"));
    onr_model *m = load(a, g, &found);
    const onr_finding *f = the(&found, "missing-value", "gone");
    assert_int_equal(found.n, 1);
    assert_int_equal(f->severity, ONR_ERROR);
    assert_int_equal(f->code, ONR_INVALID);
    assert_string_equal(f->node, "n");
    assert_int_equal(m->graph->n_nodes, 2);
    assert_ptr_equal(m->graph->nodes[0]->in[0], m->graph->nodes[1]->in[1]);
    onr_model_free(m);
}

static void two_sources_become_two_values(void **state) {
    onr_arena *a = *state;
    onr_findings found;
    Onnx__GraphProto *g = graph(a);
    MK_ADD(a, g, node, mk_node(a, "n", "Split", "x", "y,y"));
    MK_ADD(a, g, node, mk_node(a, "m", "Relu", "x", "y"));
    MK_ADD(a, g, node, mk_node(a, "o", "Relu", "x", "x"));
    onr_model *m = load(a, g, &found);
    assert_int_equal(found.n, 3);
    assert_non_null(strstr(found.of[0].text, "another output"));
    assert_non_null(strstr(found.of[1].text, "node 'n' (#0)"));
    assert_non_null(strstr(found.of[2].text, "an input of the graph"));
    for (size_t i = 0; i < found.n; i++) assert_string_equal(found.of[i].kind, "duplicate-name");
    assert_ptr_equal(m->graph->outputs[0]->producer, m->graph->nodes[0]);
    for (int32_t i = 0; i < m->graph->n_nodes; i++) assert_ptr_equal(m->graph->nodes[i]->out[0]->producer, m->graph->nodes[i]);
    onr_model_free(m);
}

static void broken_parts_are_stepped_over(void **state) {
    onr_arena *a = *state;
    onr_findings found;
    Onnx__GraphProto *g = graph(a);
    Onnx__NodeProto *n = mk_node(a, "n", "Concat", "x,w", "y");
    MK_ADD(a, n, attribute, mk_attr(a, "axis", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR)); // without a tensor
    MK_ADD(a, g, initializer, mk_raw(a, "w", ONR_FLOAT, 2, dims, dims, 4));
    MK_ADD(a, g, node, n);
    MK_ADD(a, g, node, mk_node(a, "nothing", "", "x", "z"));
    MK_ADD(a, g, node, mk_node(a, "p", "Relu", "q", "r"));
    MK_ADD(a, g, node, mk_node(a, "s", "Relu", "x", "q"));
    onr_model_free(load(a, g, &found));
    the(&found, "broken-initializer", "w");
    assert_string_equal(the(&found, "broken-attribute", NULL)->node, "n");
    assert_string_equal(the(&found, "broken-node", NULL)->node, "nothing");
    assert_int_equal(the(&found, "unsorted", NULL)->severity, ONR_WARNING);
    assert_int_equal(found.n, 4);
}

static void a_cycle_is_a_finding(void **state) {
    onr_arena *a = *state;
    onr_findings found;
    Onnx__GraphProto *g = graph(a);
    MK_ADD(a, g, node, mk_node(a, "n", "Add", "x,q", "y"));
    MK_ADD(a, g, node, mk_node(a, "m", "Relu", "y", "q"));
    onr_model *m = load(a, g, &found);
    assert_non_null(strstr(the(&found, "cycle", NULL)->text, "n -> m -> n"));
    assert_int_equal(m->graph->n_nodes, 2);
    onr_model_free(m);
}

static void what_is_no_model_still_fails(void **state) {
    onr_findings found;
    onr_load_options o = onr_load_options_default();
    onr_model *m;
    onr_err err = {0};
    onr_findings_init(&found, *state);
    o.findings = &found;
    assert_int_equal(onr_model_load_memory("nonsense", 8, "bad.onnx", NULL, &o, &m, &err), ONR_INVALID);
    assert_non_null(strstr(err.text, "bad.onnx: "));
    assert_int_equal(found.n, 0);
}

static void the_worst_come_first(void **state) {
    onr_findings list;
    onr_findings_init(&list, *state);
    for (int i = 0; i < 40; i++)
        onr_findings_add(&list, &(onr_finding){.severity = (onr_severity)(i % 3), .number = i, .kind = "k", .text = "t"});
    onr_findings_sort(&list);
    assert_int_equal(onr_findings_count(&list, ONR_ERROR), 13);
    assert_int_equal(list.of[0].number, 2);
    assert_int_equal(list.of[12].number, 38);
    assert_int_equal(list.of[13].severity, ONR_WARNING);
    assert_int_equal(list.of[39].number, 39);
    assert_false(list.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_model_has_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_value_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(two_sources_become_two_values, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_parts_are_stepped_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cycle_is_a_finding, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_model_still_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(the_worst_come_first, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
