// test_graph_edit.c: building and changing graphs: names, use lists, captures, replacing, removing; verified after every step.
// May assume: graph_text.h. Never looks at what operators mean.
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

static void sound(const onr_graph *g) {
    onr_err err;
    if (onr_graph_verify(g, &err) != ONR_OK) fail_msg("%s", err.text);
}

static onr_value *value(const onr_graph *g, const char *name) {
    onr_value *v = onr_graph_find(g, name);
    assert_non_null(v);
    return v;
}

static onr_node *maker(const onr_graph *g, const char *name) {
    assert_non_null(value(g, name)->producer);
    return value(g, name)->producer;
}

static int32_t n_captured(const onr_value *v) {
    int32_t n = 0;
    for (int32_t i = 0; i < v->n_uses; i++) n += v->uses[i].slot == -1;
    return n;
}

static const onr_graph *subgraph(const onr_node *n, const char *name) {
    const onr_attr *a = onr_node_attr(n, name);
    assert_non_null(a);
    assert_int_equal(a->kind, ONR_ATTR_GRAPH);
    return a->graph;
}

// ---- values and names
// -----------------------------------------------------------------------------------------------------------

static void names_are_unique(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("names", "input x: float32[2]\noutput x\n", arena);
    assert_null(onr_graph_add_value(g, "x"));
    onr_value *a = onr_graph_add_temp(g, "x"), *b = onr_graph_add_temp(g, "x"), *c = onr_graph_add_temp(g, "new");
    assert_true(a && b && c);
    assert_string_not_equal(a->name, "x");
    assert_string_not_equal(a->name, b->name);
    assert_string_equal(c->name, "new");
    assert_ptr_equal(onr_graph_find(g, a->name), a);
    assert_null(onr_graph_find(g, "absent"));
    for (int i = 0; i < 300; i++) assert_non_null(onr_graph_add_temp(g, "x"));
    for (int32_t i = 0; i < g->n_values; i++) assert_int_equal(g->values[i]->id, i);
    sound(g);
}

static void constants_lose_their_producer(void **state) {
    (void)state;
    static const float data[2] = {1, 2};
    const int64_t two[] = {2};
    onr_shape shape = onr_shape_make(1, two);
    onr_datum d = onr_datum_borrow(ONR_FLOAT, &shape, data);
    onr_graph *g = graph_text_read("constant", "input x: float32[2]\na, b = F(x)\ny = G(a, b)\noutput y\n", arena);
    onr_node *f = maker(g, "a");
    onr_value_set_constant(value(g, "a"), &d);
    assert_null(f->out[0]);
    assert_ptr_equal(f->out[1], value(g, "b"));
    assert_null(value(g, "a")->producer);
    assert_int_equal(value(g, "a")->type.dtype, ONR_FLOAT);
    sound(g);
}

// ---- nodes
// ----------------------------------------------------------------------------------------------------------------------

static void nodes_are_inserted_in_place(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("insert", "input x: float32[2]\na = F(x)\nb = G(a)\noutput b\n", arena);
    onr_value *in = value(g, "x"), *out = onr_graph_add_temp(g, "n");
    onr_node *n = onr_graph_add_node(g, maker(g, "b"), NULL, "H", 13, NULL, &in, 1, &out, 1);
    assert_non_null(n);
    assert_int_equal(n->id, 1);
    assert_int_equal(maker(g, "b")->id, 2);
    assert_ptr_equal(g->nodes[1], n);
    assert_true(strlen(n->name) > 0);
    assert_string_equal(n->domain, "");
    assert_int_equal(in->n_uses, 2);
    sound(g);
}

static void inputs_grow_and_change(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("inputs", "input x: float32[2]\ninput y: float32[2]\na = F(x, x)\noutput a\n", arena);
    onr_node *f = maker(g, "a");
    assert_true(onr_node_set_input(f, 4, value(g, "y")));
    assert_int_equal(f->n_in, 5);
    assert_null(f->in[2]);
    assert_null(f->in[3]);
    sound(g);
    assert_true(onr_node_set_input(f, 0, value(g, "y")));
    assert_int_equal(value(g, "x")->n_uses, 1);
    assert_int_equal(value(g, "y")->n_uses, 2);
    assert_true(onr_node_set_input(f, 1, NULL));
    assert_int_equal(value(g, "x")->n_uses, 0);
    sound(g);
    assert_true(onr_node_set_input(f, 0, value(g, "y"))); // the same again
    assert_int_equal(value(g, "y")->n_uses, 2);
    sound(g);
}

static void attributes_are_replaced(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("attrs", "input x: float32[2]\na = F(x) axis=1 mode='old'\noutput a\n", arena);
    onr_node *f = maker(g, "a");
    assert_int_equal(f->n_attr, 2);
    assert_true(onr_node_set_int(f, "axis", 7));
    assert_true(onr_node_set_float(f, "mode", 0.5f));
    assert_true(onr_node_set_int(f, "more", -1));
    assert_int_equal(f->n_attr, 3);
    assert_int_equal(onr_node_attr(f, "axis")->i, 7);
    assert_int_equal(onr_node_attr(f, "mode")->kind, ONR_ATTR_FLOAT);
    assert_null(onr_node_attr(f, "absent"));
}

static void outputs_change_hands(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("outputs", "input x: float32[2]\na = F(x)\nb = G(x)\ny = H(a, b)\noutput y\n", arena);
    onr_node *f = maker(g, "a"), *b = maker(g, "b");
    onr_node_set_output(b, 0, value(g, "a")); // G makes what F made
    assert_null(f->out[0]);
    assert_ptr_equal(value(g, "a")->producer, b);
    assert_null(value(g, "b")->producer);
    onr_err err;
    assert_int_equal(onr_graph_verify(g, &err), ONR_INVALID); // b is read and nothing makes it
    assert_non_null(strstr(err.text, "'b' is used but nothing produces it"));
}

static void removing_and_compacting(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("remove", "input x: float32[2]\na = F(x)\nb, c = G(x, a)\ny = H(x)\noutput y\n", arena);
    onr_node *h = maker(g, "y");
    onr_node *dead = maker(g, "b");
    onr_graph_remove_node(g, dead);
    assert_true(dead->dead);
    assert_int_equal(value(g, "a")->n_uses, 0);
    assert_int_equal(value(g, "x")->n_uses, 2);
    assert_null(value(g, "b")->producer);
    sound(g);
    onr_graph_remove_node(g, maker(g, "a"));
    onr_graph_compact(g);
    assert_int_equal(g->n_nodes, 1);
    assert_ptr_equal(g->nodes[0], h);
    assert_int_equal(h->id, 0);
    sound(g);
}

static void origins_add_up(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("origin", "input x: float32[2]\na = F(x)\nb = G(a)\ny = H(b)\noutput y\n", arena);
    onr_node *f = maker(g, "a");
    assert_int_equal(f->n_origin, 1);
    assert_true(onr_node_add_origin(f, maker(g, "b")));
    assert_true(onr_node_add_origin(f, maker(g, "y")));
    assert_int_equal(f->n_origin, 3);
    assert_string_equal(f->origin[0], f->name);
    assert_string_equal(f->origin[2], maker(g, "y")->name);
}

// ---- replacing
// ------------------------------------------------------------------------------------------------------------------

static void every_use_is_replaced(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("replace", "input x: float32[2]\na = F(x)\nb = G(a, x, a)\nc = H(a)\noutput a, b, a, c\n",
                                   arena);
    onr_value *a = value(g, "a"), *x = value(g, "x");
    assert_true(onr_graph_replace(g, a, x));
    assert_int_equal(a->n_uses, 0);
    assert_int_equal(a->n_output, 0);
    assert_int_equal(x->n_output, 2);
    assert_int_equal(x->n_uses, 5);
    assert_ptr_equal(g->outputs[0], x);
    assert_ptr_equal(g->outputs[2], x);
    sound(g);
    onr_graph_remove_node(g, a->producer);
    onr_graph_compact(g);
    sound(g);
}

static const char *const two_deep = "input x: float32[2]\n"
                                    "input c: bool[]\n"
                                    "a = F(x)\n"
                                    "y = If(c) then_branch={\n"
                                    "    t = If(c) then_branch={\n"
                                    "        u = Add(a, a)\n"
                                    "        output u\n"
                                    "    } else_branch={\n"
                                    "        output x\n"
                                    "    }\n"
                                    "    output t\n"
                                    "} else_branch={\n"
                                    "    w = Neg(a)\n"
                                    "    output w\n"
                                    "}\n"
                                    "output y\n";

static void captures_are_replaced(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("captures", two_deep, arena);
    sound(g);
    onr_value *a = value(g, "a"), *x = value(g, "x");
    onr_node *choice = maker(g, "y");
    assert_int_equal(choice->n_capture, 3); // c, a and x
    assert_int_equal(n_captured(a), 1);
    assert_true(onr_graph_replace(g, a, x));
    sound(g);
    assert_int_equal(choice->n_capture, 2); // x was captured already
    assert_int_equal(n_captured(x), 1);
    assert_int_equal(a->n_uses, 0);
    const onr_graph *then = subgraph(choice, "then_branch"), *other = subgraph(choice, "else_branch");
    assert_ptr_equal(value(then, "a")->outer, x);
    assert_ptr_equal(value(other, "a")->outer, x);
    // One level further down the inner graph still stands for the value of the graph around it.
    assert_ptr_equal(value(subgraph(maker(then, "t"), "then_branch"), "a")->outer, value(then, "a"));
}

static void a_new_capture(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("new capture", two_deep, arena);
    onr_value *a = value(g, "a"), *fresh;
    onr_value *in = value(g, "x");
    fresh = onr_graph_add_temp(g, "fresh");
    assert_non_null(onr_graph_add_node(g, a->producer, NULL, "G", 13, NULL, &in, 1, &fresh, 1));
    assert_true(onr_graph_replace(g, a, fresh));
    sound(g);
    assert_int_equal(n_captured(fresh), 1);
    assert_int_equal(maker(g, "y")->n_capture, 3);
    assert_true(onr_node_add_capture(maker(g, "y"), fresh)); // listed already: no second entry
    assert_int_equal(n_captured(fresh), 1);
    sound(g);
}

static void removing_a_capturing_node(void **state) {
    (void)state;
    onr_graph *g = graph_text_read("remove capture", two_deep, arena);
    onr_value *a = value(g, "a"), *y = value(g, "y");
    assert_true(onr_graph_replace(g, y, a)); // the output is a itself
    onr_graph_remove_node(g, y->producer);
    assert_int_equal(a->n_uses, 0);
    assert_int_equal(value(g, "c")->n_uses, 0);
    onr_graph_compact(g);
    sound(g);
}

// ---- many random edits
// ----------------------------------------------------------------------------------------------------------

static onr_value *any_before(rng *r, const onr_graph *g, int32_t node) {
    for (;;) {
        onr_value *v = g->values[rng_below(r, (uint64_t)g->n_values)];
        if (v->is_input || (v->producer && v->producer->id < node)) return v;
    }
}

static void random_edit(rng *r, onr_graph *g) {
    onr_node *n = g->nodes[rng_below(r, (uint64_t)g->n_nodes)];
    onr_value *in[2] = {any_before(r, g, n->id), any_before(r, g, n->id)};
    switch (rng_below(r, 4)) {
    case 0: {
        onr_value *out = onr_graph_add_temp(g, "t");
        assert_non_null(onr_graph_add_node(g, n, NULL, "F", 13, NULL, in, 2, &out, 1));
        break;
    }
    case 1: assert_true(onr_node_set_input(n, (int32_t)rng_below(r, 4), rng_below(r, 3) ? in[0] : NULL)); break;
    case 2:
        if (n->out[0] && n->out[0] != g->outputs[0]) assert_true(onr_graph_replace(g, n->out[0], in[0]));
        break;
    default:
        if (n->out[0] && !n->out[0]->n_uses && !n->out[0]->n_output) {
            onr_graph_remove_node(g, n);
            onr_graph_compact(g);
        }
    }
}

static void random_edits_stay_sound(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        rng r;
        rng_seed(&r, seed);
        onr_graph *g = graph_text_read("random", "input x: float32[2]\ny = F(x)\noutput y\n", arena);
        for (int i = 0; i < 200; i++) {
            random_edit(&r, g);
            onr_err err;
            if (onr_graph_verify(g, &err) != ONR_OK) fail_msg("seed %d, edit %d: %s", (int)seed, i, err.text);
        }
        onr_err err;
        assert_int_equal(onr_graph_order(g, &err), ONR_OK); // the order was kept all along
    }
}

/// Lists grow by doubling: a file with very many inputs must not take memory by the square of their number.
static void many_inputs_and_outputs(void **state) {
    (void)state;
    enum { N = 20000 };
    onr_arena *own = onr_arena_new(0);
    onr_graph *g = graph_text_read("many", "output x\ninput x: float32[2]\n", own);
    for (int i = 0; i < N; i++) {
        onr_value *v = onr_graph_add_value(g, onr_arena_printf(own, "v%d", i));
        assert_true(v && onr_graph_add_input(g, v) && onr_graph_add_output(g, v));
    }
    assert_int_equal(g->n_inputs, N + 1);
    assert_ptr_equal(g->outputs[N], g->values[N]);
    assert_true(onr_arena_bytes(own) < 1000 * (size_t)N);
    sound(g);
    onr_arena_free(own);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(constants_lose_their_producer),
        cmocka_unit_test(nodes_are_inserted_in_place),
        cmocka_unit_test(inputs_grow_and_change),
        cmocka_unit_test(attributes_are_replaced),
        cmocka_unit_test(outputs_change_hands),
        cmocka_unit_test(removing_and_compacting),
        cmocka_unit_test(origins_add_up),
        cmocka_unit_test(every_use_is_replaced),
        cmocka_unit_test(captures_are_replaced),
        cmocka_unit_test(a_new_capture),
        cmocka_unit_test(removing_a_capturing_node),
        cmocka_unit_test(random_edits_stay_sound),
        cmocka_unit_test(many_inputs_and_outputs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
