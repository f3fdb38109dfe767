// test_graph_clone.c: a clone is the same graph in another place: nothing of the original is reached from it but constants.
// May assume: graph_text.h. Never looks at what operators mean.
#include "graph/edit.h"
#include "support/graph_text.h"

#include "support/cmocka.h"

#include <string.h>

static const char *const text = "input x: float32[batch x 2]\n"
                                "input c: bool[]\n"
                                "const k: float32[2] = 1 2\n"
                                "a, _ = F(x, _, k) axis=-1 ints=[1,2,3] floats=[0.5,1.5] mode='edge' value=(int64[1] 7)\n"
                                "y = If(c) then_branch={\n"
                                "    t = If(c) then_branch={\n"
                                "        u = Add(a, k)\n"
                                "        output u\n"
                                "    } else_branch={\n"
                                "        output x\n"
                                "    }\n"
                                "    output t\n"
                                "} else_branch={\n"
                                "    const inner: float32[2] = 5\n"
                                "    w = Mul(a, inner)\n"
                                "    output w\n"
                                "}\n"
                                "output y, a\n";

static char *written(const onr_graph *g) {
    onr_str s = {0};
    graph_text_write(g, &s);
    assert_false(s.failed);
    return s.s;
}

static void sound(const onr_graph *g) {
    onr_err err;
    if (onr_graph_verify(g, &err) != ONR_OK) fail_msg("%s", err.text);
}

/// Nothing of the clone may be the original's; checked from the clone's side, subgraphs too.
static void assert_apart(const onr_graph *g, const onr_graph *from) {
    assert_ptr_not_equal(g, from);
    assert_int_equal(g->n_nodes, from->n_nodes);
    assert_int_equal(g->n_values, from->n_values);
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *v = g->values[i], *w = from->values[i];
        assert_ptr_not_equal(v, w);
        assert_ptr_equal(v->graph, g);
        assert_ptr_equal(v->constant, w->constant); // shared
        assert_int_equal(v->n_uses, w->n_uses);
        assert_int_equal(v->n_output, w->n_output);
        if (v->n_uses) assert_ptr_not_equal(v->uses, w->uses);
        if (v->producer) assert_ptr_equal(v->producer->graph, g);
        if (v->outer) assert_ptr_equal(v->outer->graph, g->parent);
    }
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i], *m = from->nodes[i];
        assert_ptr_not_equal(n, m);
        assert_ptr_equal(n->graph, g);
        assert_int_equal(n->n_attr, m->n_attr);
        for (int32_t k = 0; k < n->n_attr; k++) {
            if (n->attr[k].kind != ONR_ATTR_GRAPH) continue;
            assert_ptr_equal(n->attr[k].graph->owner, n);
            assert_ptr_equal(n->attr[k].graph->parent, g);
            assert_apart(n->attr[k].graph, m->attr[k].graph);
        }
    }
}

static void the_same_graph(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0), *b = onr_arena_new(0);
    onr_graph *g = graph_text_read("clone", text, a), *copy = onr_graph_clone(g, b);
    assert_non_null(copy);
    sound(copy);
    assert_apart(copy, g);
    char *before = written(g), *after = written(copy);
    assert_string_equal(before, after);
    onr_free(before);
    onr_free(after);
    onr_arena_free(b);
    onr_arena_free(a);
}

/// Changing the clone leaves the original as it was, symbols included, and the other way round.
static void they_live_apart(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0), *b = onr_arena_new(0);
    onr_graph *g = graph_text_read("clone", text, a), *copy = onr_graph_clone(g, b);
    char *before = written(g);
    onr_value *value = onr_graph_find(copy, "a");
    assert_true(onr_graph_replace(copy, value, onr_graph_find(copy, "x")));
    onr_graph_remove_node(copy, value->producer);
    onr_graph_compact(copy);
    sound(copy);
    int64_t mine = onr_symbol(copy->symbols, "only mine");
    assert_null(onr_symbol_name(g->symbols, mine));
    assert_true(onr_symbol(g->symbols, "batch") == onr_symbol(copy->symbols, "batch"));
    char *after = written(g);
    assert_string_equal(before, after);
    sound(g);
    onr_arena_free(b); // the original does not need the clone
    sound(g);
    onr_free(before);
    onr_free(after);
    onr_arena_free(a);
}

static void subgraphs_share_the_symbols(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    onr_graph *copy = onr_graph_clone(graph_text_read("clone", text, a), a);
    const onr_graph *then = onr_node_attr(onr_graph_find(copy, "y")->producer, "then_branch")->graph;
    assert_ptr_equal(then->symbols, copy->symbols);
    assert_ptr_equal(onr_node_attr(then->nodes[0], "then_branch")->graph->symbols, copy->symbols);
    onr_arena_free(a);
}

static void a_clone_of_a_clone(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    onr_graph *g = graph_text_read("clone", text, a), *copy = onr_graph_clone(onr_graph_clone(g, a), a);
    char *before = written(g), *after = written(copy);
    sound(copy);
    assert_string_equal(before, after);
    onr_free(before);
    onr_free(after);
    onr_arena_free(a);
}

/// With too little memory there is no clone, and no crash, wherever it ends.
static void without_memory(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    const onr_graph *g = graph_text_read("clone", text, a);
    int failures = 0;
    for (size_t limit = 64;; limit += 48) {
        onr_arena *small = onr_arena_new(limit);
        bool done = onr_graph_clone(g, small) != NULL;
        onr_arena_free(small);
        if (done) break;
        failures++;
    }
    assert_true(failures > 20);
    sound(g);
    onr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_graph),     cmocka_unit_test(they_live_apart), cmocka_unit_test(subgraphs_share_the_symbols),
        cmocka_unit_test(a_clone_of_a_clone), cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
