// test_graph_verify.c: what onr_graph_verify finds: one broken promise at a time, in a graph that is sound without it.
// May assume: graph_text.h. Never tests what a model's meaning breaks; inference does.
#include "graph/edit.h"
#include "support/graph_text.h"

#include "support/cmocka.h"

#include <string.h>

static onr_arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = onr_arena_new(0);
    return arena ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    onr_arena_free(arena);
    return 0;
}

static void expect(const onr_graph *g, onr_status status, const char *words) {
    onr_err err = {0};
    onr_status s = onr_graph_verify(g, &err);
    if (s != status || !strstr(err.text, words))
        fail_msg("%s, '%s'; expected %s, '%s'", onr_status_name(s), err.text, onr_status_name(status), words);
    assert_int_equal(onr_graph_verify(g, NULL), status);
}

static const char *const text = "input x: float32[2]\n"
                                "input c: bool[]\n"
                                "const k: float32[2] = 1 2\n"
                                "a = F(x, k)\n"
                                "b = G(a)\n"
                                "y = If(c) then_branch={\n"
                                "    t = Add(a, a)\n"
                                "    output t\n"
                                "} else_branch={\n"
                                "    output x\n"
                                "}\n"
                                "output y, b\n";

static onr_graph *fresh(void) {
    onr_graph *g = graph_text_read("verify", text, arena);
    expect(g, ONR_OK, "");
    return g;
}

static onr_value *value(const onr_graph *g, const char *name) {
    onr_value *v = onr_graph_find(g, name);
    assert_non_null(v);
    return v;
}

// ---- what a model can do wrong
// --------------------------------------------------------------------------------------------------

static void sources(void **state) {
    (void)state;
    expect(graph_text_read("v", "a = F(nothing)\noutput a\n", arena), ONR_INVALID, "'nothing' is used but nothing produces it");
    expect(graph_text_read("v", "input x: float32[2]\ny = F(x)\noutput z\n", arena), ONR_INVALID, "'z' is used but nothing");
    onr_graph *g = fresh();
    value(g, "a")->is_input = true;
    expect(g, ONR_INVALID, "'a' has more than one source");
    g = fresh();
    value(g, "b")->constant = value(g, "k")->constant;
    expect(g, ONR_INVALID, "'b' has more than one source");
    g = fresh();
    value(g, "x")->constant = value(g, "k")->constant; // a default of an input
    expect(g, ONR_OK, "");
}

static void duplicate_names(void **state) {
    (void)state;
    onr_graph *g = fresh();
    value(g, "b")->name = "a";
    expect(g, ONR_INVALID, "two values are called 'a'");
}

static void unused_values_are_harmless(void **state) {
    (void)state;
    onr_graph *g = fresh();
    assert_non_null(onr_graph_add_value(g, "nobody"));
    expect(g, ONR_OK, "");
}

// ---- what an edit can do wrong
// --------------------------------------------------------------------------------------------------

static void ids(void **state) {
    (void)state;
    onr_graph *g = fresh();
    value(g, "a")->id = 0;
    expect(g, ONR_INTERNAL, "wrong id or graph");
    g = fresh();
    g->nodes[1]->id = 0;
    expect(g, ONR_INTERNAL, "wrong id or graph");
    g = fresh();
    value(g, "a")->graph = NULL;
    expect(g, ONR_INTERNAL, "wrong id or graph");
}

static void producers(void **state) {
    (void)state;
    onr_graph *g = fresh();
    value(g, "a")->slot = 3;
    expect(g, ONR_INTERNAL, "'a' is not an output of its producer");
    g = fresh();
    value(g, "a")->producer->dead = true;
    expect(g, ONR_INTERNAL, "is used by a removed node");
    g = fresh();
    value(g, "b")->producer->out[0] = value(g, "x");
    expect(g, ONR_INTERNAL, "is not an output of its producer");
}

static void uses(void **state) {
    (void)state;
    onr_graph *g = fresh();
    value(g, "k")->n_uses = 0; // F reads it
    expect(g, ONR_INTERNAL, "is not listed once");
    g = fresh();
    value(g, "x")->uses[0].slot = 1;
    expect(g, ONR_INTERNAL, "'x' lists a use that is none");
    g = fresh();
    onr_value *a = value(g, "a");
    a->uses = onr_arena_grow(arena, a->uses, (size_t)a->n_uses, (size_t)a->n_uses + 1, sizeof *a->uses);
    a->uses[a->n_uses++] = a->uses[0]; // twice
    expect(g, ONR_INTERNAL, "is not listed once");
    g = fresh();
    value(g, "b")->producer->in[0] = value(g, "x"); // unknown to both lists
    expect(g, ONR_INTERNAL, "lists a use that is none");
}

static void order(void **state) {
    (void)state;
    onr_graph *g = fresh();
    onr_node *f = g->nodes[0];
    g->nodes[0] = g->nodes[1];
    g->nodes[1] = f;
    g->nodes[0]->id = 0;
    g->nodes[1]->id = 1;
    expect(g, ONR_INTERNAL, "stands before");
}

static void subgraphs(void **state) {
    (void)state;
    onr_graph *g = fresh();
    onr_node *choice = value(g, "y")->producer;
    onr_graph *then = onr_node_attr(choice, "then_branch")->graph;
    then->owner = g->nodes[0];
    expect(g, ONR_INTERNAL, "has another owner");
    g = fresh();
    choice = value(g, "y")->producer;
    for (int32_t i = 0; i < choice->n_capture; i++)
        if (choice->capture[i] == value(g, "a")) choice->capture[i] = value(g, "c");
    expect(g, ONR_INTERNAL, "capture of 'a'");
    g = fresh();
    then = onr_node_attr(value(g, "y")->producer, "then_branch")->graph;
    value(then, "t")->producer->in[0] = value(g, "a"); // across graphs, past the capture
    expect(g, ONR_INTERNAL, "");
}

static void outputs(void **state) {
    (void)state;
    onr_graph *g = fresh();
    value(g, "b")->n_output = 0;
    expect(g, ONR_INTERNAL, "output 'b' does not count as one");
    g = fresh();
    value(g, "a")->n_output = 1;
    expect(g, ONR_INTERNAL, "lists 2 outputs, its values count 3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources), cmocka_unit_test(duplicate_names), cmocka_unit_test(unused_values_are_harmless),
        cmocka_unit_test(ids),     cmocka_unit_test(producers),       cmocka_unit_test(uses),
        cmocka_unit_test(order),   cmocka_unit_test(subgraphs),       cmocka_unit_test(outputs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
