// test_onnx_import.c: graphs from messages: names, captures, attributes, defaults, and what is wrong with broken models.
// May assume: support/onnx_build.h. Never reads files.
#include "graph/edit.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

static const int64_t dims[] = {-1, 3};

static int setup(void **state) { return (*state = onr_arena_new(0)) ? 0 : -1; }

static int teardown(void **state) {
    onr_arena_free(*state);
    return 0;
}

// x -> node "first" -> y, a graph to add things to.
static Onnx__GraphProto *simple(onr_arena *a) {
    Onnx__GraphProto *g = mk_graph(a, "g");
    MK_ADD(a, g, input, mk_info(a, "x", ONR_FLOAT, 2, dims));
    MK_ADD(a, g, node, mk_node(a, "first", "Relu", "x", "y"));
    MK_ADD(a, g, output, mk_info(a, "y", ONR_FLOAT, 2, dims));
    return g;
}

static onr_model *load_ok(onr_arena *a, Onnx__ModelProto *m) {
    onr_model *out;
    onr_err err = {0};
    if (mk_load(a, m, NULL, NULL, &out, &err) != ONR_OK) fail_msg("%s", err.text);
    return out;
}

// The model must fail with `code`, and the message must contain `words`.
static void load_fails(onr_arena *a, Onnx__ModelProto *m, onr_status code, const char *words) {
    onr_model *out = (onr_model *)a;
    onr_err err = {0};
    onr_status got = mk_load(a, m, NULL, NULL, &out, &err);
    if (got != code || !strstr(err.text, words)) fail_msg("%s (%s), wanted '%s'", err.text, onr_status_name(got), words);
    assert_null(out);
    assert_ptr_equal(strstr(err.text, "test.onnx: "), err.text);
}

static void a_small_model(void **state) {
    onr_arena *a = *state;
    Onnx__ModelProto *pb = mk_model(a, simple(a));
    pb->producer_name = "me";
    MK_ADD(a, pb, metadata_props, mk_pair(a, "k", "v"));
    onr_model *m = load_ok(a, pb);
    const onr_graph *g = m->graph;
    assert_string_equal(m->producer_name, "me");
    assert_string_equal(m->metadata[0].value, "v");
    assert_int_equal(m->ir_version, 8);
    assert_int_equal(g->n_nodes, 1);
    assert_int_equal(g->n_inputs, 1);
    assert_string_equal(g->nodes[0]->name, "first");
    assert_int_equal(g->nodes[0]->opset, 17);
    assert_ptr_equal(g->nodes[0]->in[0], g->inputs[0]);
    assert_ptr_equal(g->outputs[0]->producer, g->nodes[0]);
    assert_true(onr_dim_symbolic(g->inputs[0]->type.shape.dim[0]));
    assert_string_equal(onr_symbol_name(m->symbols, g->inputs[0]->type.shape.dim[0]), "n");
    assert_int_equal(g->outputs[0]->declared->shape.dim[0], g->inputs[0]->type.shape.dim[0]);
    onr_model_free(m);
}

static void nodes_are_sorted_and_named(void **state) {
    onr_arena *a = *state;
    Onnx__GraphProto *g = mk_graph(a, "g");
    MK_ADD(a, g, input, mk_info(a, "x", ONR_FLOAT, 2, dims));
    MK_ADD(a, g, node, mk_node(a, NULL, "Last", "b,,x", "c,"));
    MK_ADD(a, g, node, mk_node(a, NULL, "First", "x", "b"));
    MK_ADD(a, g, output, mk_info(a, "c", ONR_FLOAT, 2, dims));
    onr_model *m = load_ok(a, mk_model(a, g));
    assert_string_equal(m->graph->nodes[0]->name, "First_1");
    assert_string_equal(m->graph->nodes[1]->name, "Last_0");
    assert_int_equal(m->graph->nodes[1]->number, 0);
    assert_null(m->graph->nodes[1]->in[1]);
    assert_null(m->graph->nodes[1]->out[1]);
    assert_int_equal(m->graph->nodes[1]->n_in, 3);
    onr_model_free(m);
}

static void an_initializer_beats_an_input(void **state) {
    onr_arena *a = *state;
    Onnx__GraphProto *g = simple(a);
    const float w[] = {1, 2, 3};
    const int64_t three[] = {3};
    MK_ADD(a, g, input, mk_info(a, "w", ONR_FLOAT, 1, three));
    MK_ADD(a, g, initializer, mk_raw(a, "w", ONR_FLOAT, 1, three, w, sizeof w));
    onr_model *m = load_ok(a, mk_model(a, g));
    assert_int_equal(m->graph->n_inputs, 1);
    assert_int_equal(m->n_default_inputs, 1);
    assert_string_equal(m->default_inputs[0], "w");
    assert_int_equal(m->n_parameters, 3);
    assert_int_equal(m->parameter_bytes, 12);
    const onr_value *v = onr_graph_find(m->graph, "w");
    assert_memory_equal(v->constant->t.data, w, sizeof w);
    onr_model_free(m);
}

// A branch within a branch that uses values of both graphs around it, one of them made by a later node.
static void captures_reach_through_levels(void **state) {
    onr_arena *a = *state;
    Onnx__GraphProto *inner = mk_graph(a, "inner"), *outer = mk_graph(a, "outer"), *g = simple(a);
    MK_ADD(a, inner, node, mk_node(a, "i", "Add", "x,late", "i_out"));
    MK_ADD(a, inner, output, mk_info(a, "i_out", ONR_FLOAT, 2, dims));
    Onnx__NodeProto *hold_inner = mk_node(a, "hold_inner", "If", "x", "o_out");
    MK_ADD(a, hold_inner, attribute, mk_attr_graph(a, "then_branch", inner));
    MK_ADD(a, outer, node, hold_inner);
    MK_ADD(a, outer, output, mk_info(a, "o_out", ONR_FLOAT, 2, dims));
    MK_ADD(a, outer, output, mk_info(a, "y", ONR_FLOAT, 2, dims)); // a captured value as output
    Onnx__NodeProto *hold_outer = mk_node(a, "hold_outer", "If", "x", "z");
    MK_ADD(a, hold_outer, attribute, mk_attr_graph(a, "then_branch", outer));
    MK_ADD(a, g, node, hold_outer);
    MK_ADD(a, g, node, mk_node(a, "make_late", "Neg", "x", "late"));
    MK_ADD(a, g, output, mk_info(a, "z", ONR_FLOAT, 2, dims));
    onr_model *m = load_ok(a, mk_model(a, g));
    onr_value *late = onr_graph_find(m->graph, "late"), *x = onr_graph_find(m->graph, "x");
    const onr_node *hold = onr_graph_find(m->graph, "z")->producer;
    assert_true(late->producer->id < hold->id);
    assert_int_equal(hold->n_capture, 3); // x, late, y
    const onr_graph *middle = onr_node_attr(hold, "then_branch")->graph;
    assert_ptr_equal(middle->owner, hold);
    const onr_graph *deep = onr_node_attr(middle->nodes[0], "then_branch")->graph;
    assert_ptr_equal(onr_graph_find(deep, "late")->outer, onr_graph_find(middle, "late"));
    assert_ptr_equal(onr_graph_find(middle, "late")->outer, late);
    assert_ptr_equal(onr_graph_find(middle, "x")->outer, x);
    assert_int_equal(middle->nodes[0]->n_capture, 2);
    assert_ptr_equal(middle->outputs[1]->outer, onr_graph_find(m->graph, "y"));
    onr_model_free(m);
}

static void inner_names_hide_outer_ones(void **state) {
    onr_arena *a = *state;
    Onnx__GraphProto *branch = mk_graph(a, "branch"), *g = simple(a);
    MK_ADD(a, branch, node, mk_node(a, "b", "Neg", "x", "y"));
    MK_ADD(a, branch, output, mk_info(a, "y", ONR_FLOAT, 2, dims));
    Onnx__NodeProto *hold = mk_node(a, "hold", "If", "x", "z");
    MK_ADD(a, hold, attribute, mk_attr_graph(a, "then_branch", branch));
    MK_ADD(a, g, node, hold);
    onr_model *m = load_ok(a, mk_model(a, g));
    const onr_node *n = onr_graph_find(m->graph, "z")->producer;
    assert_int_equal(n->n_capture, 1); // x alone
    assert_null(onr_node_attr(n, "then_branch")->graph->outputs[0]->outer);
    onr_model_free(m);
}

static void attributes_of_every_kind(void **state) {
    onr_arena *a = *state;
    Onnx__GraphProto *g = simple(a);
    Onnx__NodeProto *n = g->node[0];
    const int64_t two[] = {2};
    const float values[] = {1.5f, -2};
    Onnx__AttributeProto *f = mk_attr(a, "f", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    f->has_f = 1, f->f = 0.5f;
    Onnx__AttributeProto *s = mk_attr(a, "s", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    s->has_s = 1, s->s = (ProtobufCBinaryData){3, (uint8_t *)"a\0b"};
    Onnx__AttributeProto *t = mk_attr(a, "t", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR);
    t->t = mk_raw(a, NULL, ONR_FLOAT, 1, two, values, sizeof values);
    Onnx__AttributeProto *ints = mk_attr(a, "ints", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    MK_ADD(a, ints, ints, -7);
    MK_ADD(a, ints, ints, INT64_MAX);
    Onnx__AttributeProto *floats = mk_attr(a, "floats", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);
    MK_ADD(a, floats, floats, 3.0f);
    Onnx__AttributeProto *strings = mk_attr(a, "strings", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS);
    MK_ADD(a, strings, strings, s->s);
    Onnx__AttributeProto *tp = mk_attr(a, "tp", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TYPE_PROTO);
    tp->tp = mk_info(a, "", ONR_INT64, 2, dims)->type;
    Onnx__AttributeProto *tensors = mk_attr(a, "tensors", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSORS);
    MK_ADD(a, tensors, tensors, t->t);
    Onnx__AttributeProto *old = mk_attr_int(a, "old", 5); // IR 1: no type
    old->has_type = 0;
    Onnx__AttributeProto *empty = mk_attr(a, "empty", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    Onnx__AttributeProto *all[] = {f, s, t, ints, floats, strings, tp, tensors, old, empty};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) MK_ADD(a, n, attribute, all[i]);
    onr_model *m = load_ok(a, mk_model(a, g));
    const onr_node *got = m->graph->nodes[0];
    assert_true(onr_node_attr(got, "f")->f == 0.5f);
    assert_int_equal(onr_node_attr(got, "s")->s.n, 3);
    assert_memory_equal(onr_node_attr(got, "s")->s.s, "a\0b", 3);
    assert_memory_equal(onr_node_attr(got, "t")->tensor->t.data, values, sizeof values);
    assert_int_equal(onr_node_attr(got, "ints")->n, 2);
    assert_true(onr_node_attr(got, "ints")->ints[1] == INT64_MAX);
    assert_true(onr_node_attr(got, "floats")->floats[0] == 3.0f);
    assert_int_equal(onr_node_attr(got, "strings")->strings[0].n, 3);
    assert_int_equal(onr_node_attr(got, "tp")->type->dtype, ONR_INT64);
    assert_memory_equal(onr_node_attr(got, "tensors")->tensors[0]->t.data, values, sizeof values);
    assert_int_equal(onr_node_attr(got, "old")->kind, ONR_ATTR_INT);
    assert_int_equal(onr_node_attr(got, "old")->i, 5);
    assert_int_equal(onr_node_attr(got, "empty")->n, 0);
    assert_non_null(onr_node_attr(got, "empty")->ints);
    onr_model_free(m);
}

static void broken_graphs_are_named(void **state) {
    onr_arena *a = *state;
    Onnx__GraphProto *g = simple(a);
    MK_ADD(a, g, node, mk_node(a, "conv_1", "Conv", "nowhere", "c"));
    load_fails(a, mk_model(a, g), ONR_INVALID, "node 'conv_1' (#1): 'nowhere'");
    g = simple(a);
    MK_ADD(a, g, node, mk_node(a, NULL, "Conv", "x", "y"));
    load_fails(a, mk_model(a, g), ONR_INVALID, "node 'Conv_1' (#1): output 'y': the name is already taken");
    g = simple(a);
    MK_ADD(a, g, node, mk_node(a, "a", "A", "b_out", "a_out"));
    MK_ADD(a, g, node, mk_node(a, "b", "B", "a_out", "b_out"));
    load_fails(a, mk_model(a, g), ONR_INVALID, "cycle");
    g = simple(a);
    MK_ADD(a, g, output, mk_info(a, "missing", ONR_FLOAT, 2, dims));
    load_fails(a, mk_model(a, g), ONR_INVALID, "output #1: 'missing'");
    g = simple(a);
    MK_ADD(a, g, input, mk_info(a, "x", ONR_FLOAT, 2, dims));
    load_fails(a, mk_model(a, g), ONR_INVALID, "input 'x'");
    g = simple(a);
    g->input[0]->type = NULL;
    load_fails(a, mk_model(a, g), ONR_INVALID, "input 'x' has no type");
    g = simple(a);
    g->input[0] = mk_info(a, "x", 99, 2, dims);
    load_fails(a, mk_model(a, g), ONR_UNSUPPORTED, "input 'x'");
    g = simple(a);
    g->node[0]->op_type = NULL;
    load_fails(a, mk_model(a, g), ONR_INVALID, "no op_type");
    g = simple(a);
    g->input[0]->name = "";
    load_fails(a, mk_model(a, g), ONR_INVALID, "input without a name");
    load_fails(a, mk_model(a, NULL), ONR_INVALID, "no graph");
}

static void broken_attributes_are_named(void **state) {
    onr_arena *a = *state;
    Onnx__GraphProto *g = simple(a);
    MK_ADD(a, g->node[0], attribute, mk_attr_int(a, "axis", 1));
    MK_ADD(a, g->node[0], attribute, mk_attr_int(a, "axis", 2));
    load_fails(a, mk_model(a, g), ONR_INVALID, "node 'first' (#0): attribute 'axis' occurs twice");
    g = simple(a);
    MK_ADD(a, g->node[0], attribute, mk_attr(a, "t", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR));
    load_fails(a, mk_model(a, g), ONR_INVALID, "attribute 't'");
    g = simple(a);
    MK_ADD(a, g->node[0], attribute, mk_attr(a, "new", (Onnx__AttributeProto__AttributeType)77));
    load_fails(a, mk_model(a, g), ONR_UNSUPPORTED, "77");
    g = simple(a);
    MK_ADD(a, g->node[0], attribute, mk_attr_ref(a, "r", "q", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT));
    load_fails(a, mk_model(a, g), ONR_INVALID, "'q' of an enclosing function");
    g = simple(a);
    MK_ADD(a, g->node[0], attribute, mk_attr_int(a, "", 1));
    load_fails(a, mk_model(a, g), ONR_INVALID, "attribute #0 has no name");
}

typedef struct warnings {
    int n;
    char last[300];
} warnings;

static void on_log(void *user, onr_log_level level, const char *line) {
    warnings *w = user;
    assert_int_equal(level, ONR_LOG_WARN);
    w->n++;
    snprintf(w->last, sizeof w->last, "%s", line);
}

static void versions(void **state) {
    onr_arena *a = *state;
    warnings w = {0};
    onr_load_options o = onr_load_options_default();
    o.log = (onr_log){.fn = on_log, .user = &w, .max_level = ONR_LOG_WARN};
    Onnx__ModelProto *pb = mk_model(a, simple(a));
    pb->ir_version = 99;
    pb->opset_import[0] = mk_opset(a, "ai.onnx", 400);
    onr_model *m;
    onr_err err = {0};
    assert_int_equal(mk_load(a, pb, NULL, &o, &m, &err), ONR_OK);
    assert_int_equal(w.n, 2);
    assert_non_null(strstr(w.last, "opset 400"));
    assert_int_equal(m->graph->nodes[0]->opset, 400);
    onr_model_free(m);
    pb->n_opset_import = 0;
    load_fails(a, pb, ONR_INVALID, "which opset");
    pb->ir_version = 2;
    m = load_ok(a, pb);
    assert_int_equal(m->graph->nodes[0]->opset, 1);
    onr_model_free(m);
    pb = mk_model(a, simple(a));
    pb->opset_import[0]->version = -3;
    load_fails(a, pb, ONR_INVALID, "opset version -3");
}

static void limits(void **state) {
    onr_arena *a = *state;
    onr_load_options o = onr_load_options_default();
    onr_model *m;
    onr_err err = {0};
    Onnx__GraphProto *g = simple(a);
    MK_ADD(a, g, node, mk_node(a, "second", "Relu", "y", "z"));
    o.max_nodes = 1;
    assert_int_equal(mk_load(a, mk_model(a, g), NULL, &o, &m, &err), ONR_LIMIT);
    o = onr_load_options_default();
    o.max_fields = 5;
    assert_int_equal(mk_load(a, mk_model(a, g), NULL, &o, &m, &err), ONR_LIMIT);
    o = onr_load_options_default();
    o.max_file_bytes = 10;
    assert_int_equal(mk_load(a, mk_model(a, g), NULL, &o, &m, &err), ONR_LIMIT);
    const int64_t ones[17] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    g->input[0] = mk_info(a, "x", ONR_FLOAT, 17, ones);
    load_fails(a, mk_model(a, g), ONR_LIMIT, "rank 17");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_model, setup, teardown),
        cmocka_unit_test_setup_teardown(nodes_are_sorted_and_named, setup, teardown),
        cmocka_unit_test_setup_teardown(an_initializer_beats_an_input, setup, teardown),
        cmocka_unit_test_setup_teardown(captures_reach_through_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(inner_names_hide_outer_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(attributes_of_every_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_graphs_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_attributes_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(versions, setup, teardown),
        cmocka_unit_test_setup_teardown(limits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
