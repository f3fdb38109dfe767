// test_graph_order.c: topological order: stable, through subgraphs, with captures as edges; cycles named; deep chains.
// May assume: graph_text.h, whose reader takes nodes in any order. Never looks at what operators mean.
#include "graph/edit.h"
#include "support/graph_text.h"
#include "support/rng.h"

#include "support/cmocka.h"

#include <stdio.h>
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

static onr_graph *ordered(const char *text) {
    onr_err err;
    onr_graph *g = graph_text_read("order", text, arena);
    if (onr_graph_order(g, &err) != ONR_OK || onr_graph_verify(g, &err) != ONR_OK) fail_msg("%s", err.text);
    return g;
}

/// The operators in order, as one word.
static const char *operators(const onr_graph *g) {
    static char word[64];
    size_t at = 0;
    for (int32_t i = 0; i < g->n_nodes && at + 2 < sizeof word; i++) word[at++] = g->nodes[i]->op_type[0];
    word[at] = 0;
    return word;
}

static void a_valid_order_is_kept(void **state) {
    (void)state;
    assert_string_equal(
        operators(ordered("input x: float32[2]\na = A(x)\nb = B(x)\nc = C(b)\nd = D(a)\ne = E(c, d)\noutput e\n")), "ABCDE");
}

static void late_producers_move_up(void **state) {
    (void)state;
    assert_string_equal(operators(ordered("input x: float32[2]\nc = C(b)\nd = D(x)\nb = B(a)\na = A(x)\noutput c, d\n")),
                        "ABCD");
}

static void captures_are_edges(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("captures",
                                   "input c: bool[]\ninput x: float32[2]\n"
                                   "a = A(x)\n"
                                   "y = If(c) then_branch={\n"
                                   "    t = T(a)\n"
                                   "    output t\n"
                                   "} else_branch={\n"
                                   "    output a\n"
                                   "}\n"
                                   "output y\n",
                                   arena);
    onr_node *swap = g->nodes[0]; // the If first
    g->nodes[0] = g->nodes[1];
    g->nodes[1] = swap;
    g->nodes[0]->id = 0;
    g->nodes[1]->id = 1;
    onr_err err;
    assert_int_equal(onr_graph_verify(g, &err), ONR_INTERNAL);
    assert_non_null(strstr(err.text, "stands before"));
    assert_int_equal(onr_graph_order(g, &err), ONR_OK);
    assert_int_equal(onr_graph_verify(g, &err), ONR_OK);
    assert_string_equal(operators(g), "AI");
}

static void subgraphs_are_ordered(void **state) {
    (void)state;
    onr_graph *g = ordered("input c: bool[]\ninput x: float32[2]\n"
                           "y = If(c) then_branch={\n"
                           "    t = T(s)\n"
                           "    s = S(r)\n"
                           "    r = R(x)\n"
                           "    output t\n"
                           "} else_branch={\n"
                           "    output x\n"
                           "}\n"
                           "output y\n");
    assert_string_equal(operators(onr_node_attr(g->nodes[0], "then_branch")->graph), "RST");
}

static void expect_cycle(const char *text, const char *const *names, int n) {
    onr_err err;
    onr_graph *g = graph_text_read("cycle", text, arena);
    assert_int_equal(onr_graph_order(g, &err), ONR_INVALID);
    assert_non_null(strstr(err.text, "cycle"));
    for (int i = 0; i < n; i++)
        if (!strstr(err.text, names[i])) fail_msg("'%s' does not name %s", err.text, names[i]);
    if (strstr(err.text, "Outside")) fail_msg("'%s' names a node that is in no cycle", err.text);
}

static void cycles_are_named(void **state) {
    (void)state;
    expect_cycle("x = Self(x)\noutput x\n", (const char *[]){"Self_0 -> Self_0"}, 1);
    expect_cycle("input i: float32[2]\no = Outside(i)\na = A(c, o)\nb = B(a)\nc = C(b)\noutput c\n",
                 (const char *[]){"A_1", "B_2", "C_3"}, 3);
    expect_cycle(
        "input c: bool[]\na = A(y)\ny = If(c) then_branch={\n    t = T(a)\n    output t\n} else_branch={\n    output a\n}\n"
        "output y\n",
        (const char *[]){"A_0", "If_1"}, 2);
    expect_cycle("input c: bool[]\ny = If(c) then_branch={\n    p = P(q)\n    q = Q(p)\n    output q\n} else_branch={\n"
                 "    output c\n}\noutput y\n",
                 (const char *[]){"P_0", "Q_1"}, 2);
}

/// Long enough that recursion would end the process.
static void deep_chains(void **state) {
    (void)state;
    enum { N = 200000 };
    onr_symbols *symbols = onr_arena_alloc(arena, sizeof *symbols);
    onr_symbols_init(symbols, arena);
    onr_graph *g = onr_graph_new(arena, "deep", symbols);
    onr_value **v = onr_arena_calloc(arena, N + 1, sizeof *v);
    char name[32];
    for (int i = 0; i <= N; i++) {
        snprintf(name, sizeof name, "v%d", i);
        v[i] = onr_graph_add_value(g, name);
        assert_non_null(v[i]);
    }
    assert_true(onr_graph_add_input(g, v[0]));
    for (int i = N - 1; i >= 0; i--) // the last first
        assert_non_null(onr_graph_add_node(g, NULL, NULL, "F", 13, "n", &v[i], 1, &v[i + 1], 1));
    assert_true(onr_graph_add_output(g, v[N]));
    onr_err err;
    assert_int_equal(onr_graph_order(g, &err), ONR_OK);
    assert_int_equal(onr_graph_verify(g, &err), ONR_OK);
    assert_ptr_equal(g->nodes[0]->in[0], v[0]);
}

static void random_graphs(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        rng r;
        rng_seed(&r, seed);
        char text[8192] = "input v0: float32[2]\n", line[64];
        int n = 2 + (int)rng_below(&r, 40), at[64];
        for (int i = 0; i < n; i++) at[i] = i + 1;
        for (int i = n - 1; i > 0; i--) { // written in any order
            int k = (int)rng_below(&r, (uint64_t)i + 1), swap = at[i];
            at[i] = at[k];
            at[k] = swap;
        }
        for (int i = 0; i < n; i++) {
            snprintf(line, sizeof line, "v%d = F(v%d, v%d)\n", at[i], (int)rng_below(&r, (uint64_t)at[i]),
                     (int)rng_below(&r, (uint64_t)at[i]));
            strcat(text, line);
        }
        snprintf(line, sizeof line, "output v%d\n", n);
        strcat(text, line);
        ordered(text); // verifies the order
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_order_is_kept), cmocka_unit_test(late_producers_move_up), cmocka_unit_test(captures_are_edges),
        cmocka_unit_test(subgraphs_are_ordered), cmocka_unit_test(cycles_are_named),       cmocka_unit_test(deep_chains),
        cmocka_unit_test(random_graphs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
