// test_graph_part.c: a graph narrowed to what lies between values: nodes, inputs, outputs, and what cannot be cut.
// May assume: graph_text.h. Never looks at what operators mean.
#include "graph/edit.h"
#include "support/graph_text.h"

#include "support/cmocka.h"

#include <string.h>

static const char *const text = "input x: float32[batch x 2]\n"
                                "input c: bool[]\n"
                                "input far: float32[2]\n"
                                "const k: float32[2] = 1 2\n"
                                "a = Add(x, k)\n"
                                "side = Neg(a)\n"
                                "b = Mul(a, far)\n"
                                "d = If(c) then_branch={\n"
                                "    t = Add(b, k)\n"
                                "    u = Exp(t)\n"
                                "    output u\n"
                                "} else_branch={\n"
                                "    output a\n"
                                "}\n"
                                "y = Relu(d)\n"
                                "output y, side\n";

static onr_arena *arena;
static onr_graph *whole;

static onr_graph *copy(const onr_graph *g) {
    onr_graph *part = onr_graph_clone(g, arena);
    assert_non_null(part);
    return part;
}

static void sound(const onr_graph *g) {
    onr_err err;
    if (onr_graph_verify(g, &err) != ONR_OK) fail_msg("%s", err.text);
}

/// "x c > a b" for inputs, nodes' first outputs.
static void expect(const onr_graph *g, const char *want) {
    char got[200] = "";
    for (int32_t i = 0; i < g->n_inputs; i++) strcat(strcat(got, g->inputs[i]->name), " ");
    strcat(got, ">");
    for (int32_t i = 0; i < g->n_nodes; i++) strcat(strcat(got, " "), g->nodes[i]->out[0]->name);
    assert_string_equal(got, want);
}

static void between(void **state) {
    (void)state;
    const struct {
        const char *from[2];
        size_t n_from;
        const char *to, *want;
    } cases[] = {{{"a"}, 1, "b", "a far > b"},
                 {{"b", "c"}, 2, "y", "b c x > a d y"}, // `a` is captured, too
                 {{"d"}, 1, "y", "d > y"},
                 {{"x"}, 1, "side", "x > a side"},
                 {{"k", "x"}, 2, "a", "x > a"},
                 {{"y"}, 0, "y", "x c far > a b d y"},
                 {{"side", "a"}, 2, "b", "a far > b"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        onr_graph *g = copy(whole);
        onr_err err;
        if (onr_graph_narrow(g, cases[i].from, cases[i].n_from, &cases[i].to, 1, &err) != ONR_OK) fail_msg("%s", err.text);
        expect(g, cases[i].want);
        assert_int_equal(g->n_outputs, 1);
        assert_string_equal(g->outputs[0]->name, cases[i].to);
        sound(g);
    }
}

static void what_cannot_be(void **state) {
    (void)state;
    const char *const made = "b", *const none = "nobody", *const input = "x", *const body_out = "u", *const body_in = "t";
    onr_err err;
    assert_int_equal(onr_graph_narrow(copy(whole), &none, 1, &made, 1, &err), ONR_USAGE);
    assert_int_equal(onr_graph_narrow(copy(whole), &input, 1, &none, 1, &err), ONR_USAGE);
    assert_int_equal(onr_graph_narrow(copy(whole), NULL, 0, &input, 1, &err), ONR_USAGE);
    const onr_graph *body = onr_graph_find(whole, "d")->producer->attr[0].graph;
    onr_graph *part = copy(body);
    assert_int_equal(onr_graph_narrow(part, &body_in, 1, &body_out, 1, &err), ONR_OK);
    expect(part, "t > u");
    sound(part);
    assert_int_equal(onr_graph_narrow(copy(body), NULL, 0, &body_out, 1, &err), ONR_UNSUPPORTED); // `b` is the graph's around
    assert_non_null(strstr(err.text, "'b'"));
}

static int set_up(void **state) {
    (void)state;
    arena = onr_arena_new(0);
    whole = graph_text_read("part", text, arena);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    onr_arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(between), cmocka_unit_test(what_cannot_be)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
