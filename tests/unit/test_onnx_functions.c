// test_onnx_functions.c: calls of a model's own functions become plain nodes: names, attributes, nesting, and no endless
// growth. May assume: support/onnx_build.h. Never reads files.
#include "graph/edit.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define INT ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
#define GRAPH ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH

static const int64_t dims[] = {3};

static int setup(void **state) { return (*state = onr_arena_new(0)) ? 0 : -1; }

static int teardown(void **state) {
    onr_arena_free(*state);
    return 0;
}

static Onnx__NodeProto *call(onr_arena *a, const char *name, const char *function, const char *in, const char *out) {
    Onnx__NodeProto *n = mk_node(a, name, function, in, out);
    n->domain = "mine";
    return n;
}

// x -> call of function -> y
static Onnx__ModelProto *calling(onr_arena *a, Onnx__NodeProto *c) {
    Onnx__GraphProto *g = mk_graph(a, "g");
    MK_ADD(a, g, input, mk_info(a, "x", ONR_FLOAT, 1, dims));
    MK_ADD(a, g, node, c);
    MK_ADD(a, g, output, mk_info(a, "y", ONR_FLOAT, 1, dims));
    return mk_model(a, g);
}

static onr_model *load_ok(onr_arena *a, Onnx__ModelProto *pb) {
    onr_model *m;
    onr_err err = {0};
    if (mk_load(a, pb, NULL, NULL, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    return m;
}

static void load_fails(onr_arena *a, Onnx__ModelProto *pb, onr_status code, const char *words) {
    onr_model *m;
    onr_err err = {0};
    onr_status got = mk_load(a, pb, NULL, NULL, &m, &err);
    if (got != code || !strstr(err.text, words)) fail_msg("%s (%s), wanted '%s'", err.text, onr_status_name(got), words);
}

// f(a, b) = c: t = Add(a, b); c = Mul(t, t)
static Onnx__FunctionProto *square_of_sum(onr_arena *a) {
    Onnx__FunctionProto *f = mk_function(a, "mine", "F", "a,b", "c");
    MK_ADD(a, f, opset_import, mk_opset(a, "", 13));
    MK_ADD(a, f, node, mk_node(a, "sum", "Add", "a,b", "t"));
    MK_ADD(a, f, node, mk_node(a, "mul", "Mul", "t,t", "c"));
    return f;
}

static void a_call_becomes_nodes(void **state) {
    onr_arena *a = *state;
    Onnx__ModelProto *pb = calling(a, call(a, "one", "F", "x,x", "m"));
    MK_ADD(a, pb->graph, node, call(a, "two", "F", "m", "y")); // b is left out
    MK_ADD(a, pb->graph, node, mk_node(a, "taken", "Neg", "x", "one/t"));
    MK_ADD(a, pb, functions, square_of_sum(a));
    onr_model *m = load_ok(a, pb);
    const onr_graph *g = m->graph;
    assert_int_equal(g->n_nodes, 5);
    assert_int_equal(m->n_functions, 1);
    assert_int_equal(m->functions[0].n_calls, 2);
    assert_string_equal(g->nodes[0]->name, "one/sum");
    assert_int_equal(g->nodes[0]->opset, 13);
    assert_string_equal(g->nodes[1]->name, "one/mul");
    assert_string_equal(g->nodes[1]->out[0]->name, "m");
    assert_string_equal(g->nodes[2]->name, "two/sum");
    assert_int_equal(g->nodes[2]->number, 1);
    assert_null(g->nodes[2]->in[1]);
    assert_ptr_equal(g->outputs[0]->producer, g->nodes[3]);
    assert_string_not_equal(g->nodes[0]->out[0]->name, "one/t"); // the model has that name itself
    onr_model_free(m);
}

// g calls f; attributes travel through both, with a default in between.
static void attributes_are_bound(void **state) {
    onr_arena *a = *state;
    Onnx__FunctionProto *f = mk_function(a, "mine", "F", "a", "b"), *g = mk_function(a, "mine", "G", "a", "b");
    Onnx__NodeProto *leaf = mk_node(a, "leaf", "Leaf", "a", "b");
    MK_ADD(a, leaf, attribute, mk_attr_ref(a, "given", "p", INT));
    MK_ADD(a, leaf, attribute, mk_attr_ref(a, "dflt", "q", INT));
    MK_ADD(a, leaf, attribute, mk_attr_ref(a, "absent", "r", INT));
    MK_ADD(a, leaf, attribute, mk_attr_ref(a, "outer_dflt", "s", INT));
    MK_ADD(a, f, node, leaf);
    MK_ADD(a, f, attribute_proto, mk_attr_int(a, "q", 7));
    Onnx__NodeProto *inner = call(a, "inner", "F", "a", "b");
    MK_ADD(a, inner, attribute, mk_attr_ref(a, "p", "from_model", INT));
    MK_ADD(a, inner, attribute, mk_attr_ref(a, "q", "not_given", INT));
    MK_ADD(a, inner, attribute, mk_attr_ref(a, "s", "with_default", INT));
    MK_ADD(a, g, node, inner);
    MK_ADD(a, g, attribute_proto, mk_attr_int(a, "with_default", 9));
    Onnx__NodeProto *c = call(a, "c", "G", "x", "y");
    MK_ADD(a, c, attribute, mk_attr_int(a, "from_model", 5));
    Onnx__ModelProto *pb = calling(a, c);
    MK_ADD(a, pb, functions, f);
    MK_ADD(a, pb, functions, g);
    onr_model *m = load_ok(a, pb);
    const onr_node *n = m->graph->nodes[0];
    assert_string_equal(n->name, "c/inner/leaf");
    assert_int_equal(onr_node_attr(n, "given")->i, 5);
    assert_int_equal(onr_node_attr(n, "dflt")->i, 7);
    assert_null(onr_node_attr(n, "absent"));
    assert_int_equal(onr_node_attr(n, "outer_dflt")->i, 9);
    onr_model_free(m);
}

// A graph handed to a function sees the names of the graph where it was written, also when it ends up deeper.
static void graphs_as_attributes(void **state) {
    onr_arena *a = *state;
    Onnx__FunctionProto *f = mk_function(a, "mine", "F", "x", "b"); // its x is not the model's x
    Onnx__GraphProto *wrap = mk_graph(a, "wrap");
    Onnx__NodeProto *deep = mk_node(a, "deep", "If", "x", "w");
    MK_ADD(a, deep, attribute, mk_attr_ref(a, "body", "body", GRAPH));
    MK_ADD(a, deep, attribute, mk_attr_ref(a, "k", "k", INT)); // within a subgraph of the function
    MK_ADD(a, wrap, node, deep);
    MK_ADD(a, wrap, output, mk_info(a, "w", ONR_FLOAT, 1, dims));
    Onnx__NodeProto *hold = mk_node(a, "hold", "If", "x", "b");
    MK_ADD(a, hold, attribute, mk_attr_graph(a, "branch", wrap));
    MK_ADD(a, f, node, hold);
    Onnx__GraphProto *body = mk_graph(a, "body");
    MK_ADD(a, body, node, mk_node(a, "use", "Neg", "x", "r"));
    MK_ADD(a, body, output, mk_info(a, "r", ONR_FLOAT, 1, dims));
    Onnx__NodeProto *c = call(a, "c", "F", "other", "y");
    MK_ADD(a, c, attribute, mk_attr_graph(a, "body", body));
    MK_ADD(a, c, attribute, mk_attr_int(a, "k", 3));
    Onnx__ModelProto *pb = calling(a, c);
    MK_ADD(a, pb->graph, input, mk_info(a, "other", ONR_FLOAT, 1, dims));
    MK_ADD(a, pb, functions, f);
    onr_model *m = load_ok(a, pb);
    const onr_node *h = m->graph->nodes[0];
    assert_ptr_equal(h->in[0], onr_graph_find(m->graph, "other"));
    const onr_graph *w = onr_node_attr(h, "branch")->graph;
    const onr_node *d = w->nodes[0];
    assert_int_equal(onr_node_attr(d, "k")->i, 3);
    assert_ptr_equal(d->in[0]->outer, onr_graph_find(m->graph, "other"));
    const onr_graph *b = onr_node_attr(d, "body")->graph;
    assert_ptr_equal(b->nodes[0]->in[0]->outer->outer, onr_graph_find(m->graph, "x"));
    onr_model_free(m);
}

static void overloads_and_domains(void **state) {
    onr_arena *a = *state;
    Onnx__FunctionProto *f = square_of_sum(a), *other = mk_function(a, "mine", "F", "a", "b");
    other->overload = "second";
    MK_ADD(a, other, node, mk_node(a, "only", "Neg", "a", "b"));
    Onnx__NodeProto *c = call(a, "c", "F", "x", "y");
    c->overload = "second";
    Onnx__ModelProto *pb = calling(a, c);
    MK_ADD(a, pb, functions, f);
    MK_ADD(a, pb, functions, other);
    onr_model *m = load_ok(a, pb);
    assert_int_equal(m->graph->n_nodes, 1);
    assert_string_equal(m->graph->nodes[0]->op_type, "Neg");
    assert_int_equal(m->graph->nodes[0]->opset, 17); // the model's import: the function has none
    onr_model_free(m);
    MK_ADD(a, pb, functions, square_of_sum(a));
    load_fails(a, pb, ONR_INVALID, "two functions are called 'F'");
}

static onr_value *find_in(const onr_node *n, const char *name, onr_arena *a) {
    return onr_graph_find_in(n->graph, n->scope, (onr_string){name, strlen(name)}, a);
}

// What a name of the body means can still be asked when the call is gone: each call has its own scope, and the model's values
// with like names do not matter.
static void names_of_a_body(void **state) {
    onr_arena *a = *state;
    Onnx__ModelProto *pb = calling(a, call(a, "one", "F", "x,x", "m"));
    MK_ADD(a, pb->graph, node, call(a, "one", "F", "m,x", "o"));
    MK_ADD(a, pb->graph, node, call(a, "one.2", "F", "o,o", "y"));
    MK_ADD(a, pb->graph, node, mk_node(a, "taken", "Neg", "x", "one/t"));
    MK_ADD(a, pb->graph, node, mk_node(a, "like_a_formal_input", "Neg", "x", "a"));
    MK_ADD(a, pb, functions, square_of_sum(a));
    onr_model *m = load_ok(a, pb);
    const onr_graph *copy = onr_graph_clone(m->graph, a);
    for (int i = 0; i < 2; i++) {
        const onr_graph *g = i ? copy : m->graph;
        const onr_node *first = g->nodes[0], *second = g->nodes[2], *third = g->nodes[4];
        assert_string_equal(first->scope, "one/");
        assert_string_equal(second->scope, "one.2/");
        assert_string_equal(third->scope, "one.2.2/");
        assert_string_equal(g->nodes[6]->scope, "");
        assert_ptr_equal(find_in(first, "a", a), g->inputs[0]);
        assert_ptr_equal(find_in(first, "c", a), onr_graph_find(g, "m"));
        assert_ptr_equal(find_in(first, "t", a), first->out[0]);
        assert_ptr_equal(find_in(second, "a", a), onr_graph_find(g, "m"));
        assert_ptr_equal(find_in(second, "b", a), g->inputs[0]);
        assert_ptr_equal(find_in(second, "t", a), second->out[0]);
        assert_ptr_equal(find_in(third, "c", a), g->outputs[0]);
        assert_null(find_in(first, "x", a));
        assert_ptr_equal(find_in(g->nodes[6], "one/t", a), g->nodes[6]->out[0]);
    }
    onr_model_free(m);
}

// A body within the body: names of the function, under what stands for them there.
static void names_in_a_subgraph_of_a_body(void **state) {
    onr_arena *a = *state;
    Onnx__FunctionProto *f = mk_function(a, "mine", "F", "a", "b");
    Onnx__GraphProto *body = mk_graph(a, "body");
    MK_ADD(a, body, node, mk_node(a, "use", "Neg", "a", "r"));
    MK_ADD(a, body, output, mk_info(a, "r", ONR_FLOAT, 1, dims));
    Onnx__NodeProto *hold = mk_node(a, "hold", "If", "a", "b");
    MK_ADD(a, hold, attribute, mk_attr_graph(a, "branch", body));
    MK_ADD(a, f, node, hold);
    Onnx__ModelProto *pb = calling(a, call(a, "c", "F", "x", "y"));
    MK_ADD(a, pb, functions, f);
    onr_model *m = load_ok(a, pb);
    const onr_graph *g = onr_node_attr(m->graph->nodes[0], "branch")->graph;
    assert_ptr_equal(find_in(g->nodes[0], "a", a), g->nodes[0]->in[0]);
    assert_ptr_equal(find_in(g->nodes[0], "r", a), g->nodes[0]->out[0]);
    assert_null(find_in(g->nodes[0], "b", a)); // nothing stands for it here
    onr_model_free(m);
}

static void an_output_that_is_an_input(void **state) {
    onr_arena *a = *state;
    Onnx__ModelProto *pb = calling(a, call(a, "c", "F", "x", "y"));
    MK_ADD(a, pb, functions, mk_function(a, "mine", "F", "a", "a"));
    onr_model *m = load_ok(a, pb);
    assert_int_equal(m->graph->n_nodes, 1);
    assert_ptr_equal(m->graph->nodes[0]->in[0], m->graph->inputs[0]);
    assert_ptr_equal(m->graph->nodes[0]->out[0], m->graph->outputs[0]);
    onr_model_free(m);
}

static void broken_functions_are_named(void **state) {
    onr_arena *a = *state;
    Onnx__ModelProto *pb = calling(a, call(a, "c", "F", "x,x,x", "y"));
    MK_ADD(a, pb, functions, square_of_sum(a));
    load_fails(a, pb, ONR_INVALID, "node 'c' (#0): function 'F': it takes 2 inputs");
    pb = calling(a, call(a, "c", "F", "x,x", "y"));
    MK_ADD(a, pb, functions, square_of_sum(a));
    pb->functions[0]->n_node = 1;
    load_fails(a, pb, ONR_INVALID, "nothing in it provides its output 'c'");
    pb = calling(a, call(a, "c", "F", "x,x", "y"));
    MK_ADD(a, pb, functions, square_of_sum(a));
    pb->functions[0]->input[0] = "z"; // a is not defined any more
    load_fails(a, pb, ONR_INVALID, "node 'c/sum' (#0): 'a'");
    Onnx__FunctionProto *f = square_of_sum(a);
    pb = calling(a, call(a, "c", "F", "x,x", "y"));
    MK_ADD(a, f->node[0], attribute, mk_attr_ref(a, "k", "k", INT));
    MK_ADD(a, pb->graph->node[0], attribute, mk_attr_graph(a, "k", mk_graph(a, "")));
    MK_ADD(a, pb, functions, f);
    load_fails(a, pb, ONR_INVALID, "has another type");
}

static void growth_is_limited(void **state) {
    onr_arena *a = *state;
    Onnx__ModelProto *pb = calling(a, call(a, "c", "F", "x", "y"));
    Onnx__FunctionProto *f = mk_function(a, "mine", "F", "a", "b");
    MK_ADD(a, f, node, call(a, "again", "F", "a", "b"));
    MK_ADD(a, pb, functions, f);
    load_fails(a, pb, ONR_LIMIT, "function 'F': functions call each other more than 64 levels deep");
    // 40 functions, each calling the next one twice: 2^40 calls.
    pb = calling(a, call(a, "c", "F0", "x", "y"));
    for (int i = 0; i < 40; i++) {
        char name[16], next[16];
        snprintf(name, sizeof name, "F%d", i);
        snprintf(next, sizeof next, "F%d", i + 1);
        f = mk_function(a, "mine", name, "a", "b");
        MK_ADD(a, f, node, call(a, "l", next, "a", "m"));
        MK_ADD(a, f, node, call(a, "r", next, "m", "b"));
        MK_ADD(a, pb, functions, f);
    }
    onr_load_options o = onr_load_options_default();
    o.max_nodes = 10000;
    onr_model *m;
    onr_err err = {0};
    assert_int_equal(mk_load(a, pb, NULL, &o, &m, &err), ONR_LIMIT);
    assert_non_null(strstr(err.text, "more than 10000 nodes"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_becomes_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(attributes_are_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(graphs_as_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(overloads_and_domains, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_a_body, setup, teardown),
        cmocka_unit_test_setup_teardown(names_in_a_subgraph_of_a_body, setup, teardown),
        cmocka_unit_test_setup_teardown(an_output_that_is_an_input, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_functions_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(growth_is_limited, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
