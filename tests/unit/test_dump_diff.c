// test_dump_diff.c: what is found to differ between two graphs: one change at a time, under other names, and several at once.
// May assume: lab.h. Never compares whole texts; tests/cli does.
#include "dump/diff.h"
#include "graph/edit.h"
#include "support/graph_text.h"
#include "support/lab.h"

#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HEAD                                     \
    "input x: float32[n x 2 x 5 x 5]\n"          \
    "const w: float32[2 x 2 x 3 x 3] = seed 1\n" \
    "const k: float32[2] = 2 3\n"
#define BLOCK                                 \
    "c = Conv(x, w) pads=[1,1,1,1]\n"         \
    "b = BatchNormalization(c, k, k, k, k)\n" \
    "s = Add(b, x)\n"                         \
    "y = Relu(s)\n"                           \
    "output y\n"

typedef struct both {
    lab *l;
    onr_diff d;
} both;

static onr_graph *typed(lab *l, const char *words) {
    onr_graph *g = graph_text_read("diff", words, l->arena);
    onr_pipeline_options o = {.stop_after = "infer"};
    assert_int_equal(onr_graph_order(g, &l->err), ONR_OK);
    if (onr_optimize(g, &l->target, l->arena, &l->env, NULL, &o, NULL, NULL, &l->err) != ONR_OK) fail_msg("%s", l->err.text);
    return g;
}

static void say(const onr_diff *d) {
    onr_str text = {0};
    onr_diff_text(d, &text);
    print_message("%s", text.s);
    onr_str_free(&text);
}

/// The two graphs have `n` differences. The text keeps to 80 columns, and the JSON ends.
static both compare(const char *a, const char *b, size_t n) {
    static const onr_dump_model model_a = {.path = "a.onnx"}, model_b = {.path = "b.onnx"};
    both t = {.l = lab_new(0, "native", 1)};
    onr_err err;
    if (onr_diff_graphs(&model_a, typed(t.l, a), &model_b, typed(t.l, b), t.l->arena, &t.d, &err) != ONR_OK)
        fail_msg("%s", err.text);
    if (t.d.n != n) {
        say(&t.d);
        fail_msg("%zu differences, expected %zu", t.d.n, n);
    }
    onr_str text = {0}, json = {0};
    onr_diff_text(&t.d, &text);
    onr_diff_json(&t.d, &json);
    for (const char *p = text.s; *p; p += strcspn(p, "\n") + 1) assert_true(strcspn(p, "\n") <= 80);
    assert_string_equal(json.s + json.n - 3, "]}\n");
    onr_str_free(&text);
    onr_str_free(&json);
    return t;
}

static const onr_difference *one(const both *t, onr_diff_kind kind) {
    for (size_t i = 0; i < t->d.n; i++)
        if (t->d.of[i].kind == kind) return &t->d.of[i];
    say(&t->d);
    fail_msg("no difference of kind %d", (int)kind);
    return NULL;
}

static void done(both *t) { lab_free(t->l); }

static void the_same(void **state) {
    (void)state;
    both t = compare(HEAD BLOCK, HEAD BLOCK, 0);
    assert_int_equal(t.d.n_matched, 4);
    assert_int_equal(t.d.n_renamed, 0);
    done(&t);
    // Other names within, other order in the file (names of nodes are made of their place), unused constants.
    t = compare(HEAD "c = Conv(x, w) pads=[1,1,1,1]\nd = Relu(x)\ny = Add(c, d)\noutput y\n",
                HEAD "const more: float32[1] = 1\nd2 = Relu(x)\nc2 = Conv(x, w) pads=[1,1,1,1]\ny = Add(c2, d2)\noutput y\n",
                0);
    assert_int_equal(t.d.n_matched, 3);
    assert_int_equal(t.d.n_renamed, 2);
    done(&t);
}

static void attributes(void **state) {
    (void)state;
    both t = compare(HEAD "c = Conv(x, w) pads=[1,1,1,1]\ny = Relu(c)\noutput y\n",
                     HEAD "c = Conv(x, w) pads=[1,1,1,1] group=1\ny = Relu(c)\noutput y\n", 1);
    const onr_difference *e = one(&t, ONR_DIFF_ATTRIBUTE);
    assert_string_equal(e->what, "group");
    assert_null(e->a);
    assert_string_equal(e->b, "1");
    done(&t);
    // One that changes a shape: told where it begins; what follows is counted.
    t = compare(HEAD "c = Conv(x, w) pads=[1,1,1,1]\nr = Relu(c)\ny = Neg(r)\noutput y\n",
                HEAD "c = Conv(x, w)\nr = Relu(c)\ny = Neg(r)\noutput y\n", 3);
    assert_string_equal(one(&t, ONR_DIFF_ATTRIBUTE)->a, "[1, 1, 1, 1]");
    assert_string_equal(one(&t, ONR_DIFF_TYPE)->what, "c");
    assert_string_equal(one(&t, ONR_DIFF_TYPE)->b, "float32[n x 2 x 3 x 3]");
    assert_string_equal(one(&t, ONR_DIFF_OUTPUT)->what, "y");
    assert_int_equal(t.d.n_consequences, 2);
    done(&t);
}

static void weights(void **state) {
    (void)state;
    both t = compare(HEAD "const v: float32[2] = 1 0\nc = Mul(k, v)\ny = Add(c, k)\noutput y\n",
                     HEAD "const v: float32[2] = 1 1\nc = Mul(k, v)\ny = Add(c, k)\noutput y\n", 1);
    const onr_difference *e = one(&t, ONR_DIFF_WEIGHT);
    assert_string_equal(e->what, "v");
    assert_int_equal(e->slot, 1);
    assert_int_equal(e->elements, 2);
    assert_int_equal(e->different, 1);
    assert_float_equal(e->max_abs, 1, 0);
    assert_float_equal(e->cosine, sqrt(0.5), 1e-12);
    done(&t);
    // A constant that several read is told once; one of another shape has no statistics.
    t = compare(HEAD "const v: float32[2] = 1 2\na = Mul(k, v)\nb = Add(a, v)\ny = Sub(b, v)\noutput y\n",
                HEAD "const v: float32[1] = 1\na = Mul(k, v)\nb = Add(a, v)\ny = Sub(b, v)\noutput y\n", 1);
    assert_int_equal(one(&t, ONR_DIFF_WEIGHT)->elements, 0);
    assert_string_equal(one(&t, ONR_DIFF_WEIGHT)->b, "float32[1]");
    done(&t);
    // Trained anew: every weight, and other names; the graph is found by its structure.
    t = compare(HEAD BLOCK,
                "input x: float32[n x 2 x 5 x 5]\nconst u: float32[2 x 2 x 3 x 3] = seed 7\nconst j: float32[2] = 4 5\n"
                "q = Conv(x, u) pads=[1,1,1,1]\nr = BatchNormalization(q, j, j, j, j)\nt = Add(r, x)\ny = Relu(t)\noutput y\n",
                2);
    assert_int_equal(t.d.n_matched, 4);
    assert_int_equal(t.d.of[0].different, 36);
    done(&t);
}

static void nodes(void **state) {
    (void)state;
    // Put in: the node behind it reads something else.
    const char *const with = HEAD "c = Conv(x, w) pads=[1,1,1,1]\nb = BatchNormalization(c, k, k, k, k)\ng = Sigmoid(b)\n"
                                  "s = Add(g, x)\ny = Relu(s)\noutput y\n";
    both t = compare(HEAD BLOCK, with, 2);
    assert_string_equal(one(&t, ONR_DIFF_ONLY_B)->op, "Sigmoid");
    assert_string_equal(one(&t, ONR_DIFF_SOURCE)->op, "Add");
    assert_non_null(strstr(one(&t, ONR_DIFF_SOURCE)->b, "'g' of Sigmoid"));
    assert_int_equal(t.d.n_matched, 4);
    done(&t);
    t = compare(with, HEAD BLOCK, 2);
    assert_string_equal(one(&t, ONR_DIFF_ONLY_A)->op, "Sigmoid");
    done(&t);
    // Put in, while all weights are others: there is no equal part to begin with.
    t = compare(
        HEAD BLOCK,
        "input x: float32[n x 2 x 5 x 5]\nconst u: float32[2 x 2 x 3 x 3] = seed 7\nconst j: float32[2] = 4 5\n"
        "q = Conv(x, u) pads=[1,1,1,1]\np = Sigmoid(q)\nr = BatchNormalization(p, j, j, j, j)\nt = Add(r, x)\ny = Relu(t)\n"
        "output y\n",
        4);
    assert_string_equal(one(&t, ONR_DIFF_ONLY_B)->op, "Sigmoid");
    assert_int_equal(t.d.n_matched, 4);
    done(&t);
    // Another operator in the same place is no node less and one more.
    t = compare(HEAD "c = Conv(x, w)\nr = Relu(c)\ny = Neg(r)\noutput y\n",
                HEAD "c = Conv(x, w)\nr = Tanh(c)\ny = Neg(r)\noutput y\n", 1);
    assert_string_equal(one(&t, ONR_DIFF_OPERATOR)->a, "Relu");
    assert_string_equal(one(&t, ONR_DIFF_OPERATOR)->b, "Tanh");
    done(&t);
    // Inputs swapped.
    t = compare(HEAD "c = Conv(x, w)\nr = Relu(c)\ny = Sub(c, r)\noutput y\n",
                HEAD "c = Conv(x, w)\nr = Relu(c)\ny = Sub(r, c)\noutput y\n", 2);
    assert_int_equal(t.d.of[0].kind, ONR_DIFF_SOURCE);
    assert_int_equal(t.d.of[1].slot, 1);
    done(&t);
}

static void what_callers_see(void **state) {
    (void)state;
    both t = compare("input x: float32[n x 3]\ny = Neg(x)\noutput y\n", "input z: float32[n x 3]\ny = Neg(z)\noutput y\n", 1);
    assert_string_equal(one(&t, ONR_DIFF_INPUT)->b, "z: float32[n x 3]");
    done(&t);
    t = compare("input x: float32[n x 3]\nr = Relu(x)\ny = Neg(r)\noutput y\n",
                "input x: float32[4 x 3]\nr = Relu(x)\ny = Neg(r)\noutput y\n", 2);
    assert_string_equal(one(&t, ONR_DIFF_INPUT)->b, "x: float32[4 x 3]");
    assert_string_equal(one(&t, ONR_DIFF_OUTPUT)->a, "y: float32[n x 3]");
    assert_int_equal(t.d.n_consequences, 2);
    done(&t);
    t = compare("input x: float32[3]\na = Neg(x)\nb = Neg(x)\noutput a, b\n", "input x: float32[3]\na = Neg(x)\noutput a\n", 2);
    assert_null(one(&t, ONR_DIFF_OUTPUT)->b);
    assert_string_equal(one(&t, ONR_DIFF_ONLY_A)->op, "Neg");
    done(&t);
}

/// Differences in bodies of control flow, with the way to them.
static void bodies(void **state) {
    (void)state;
    const char *const a =
        "input x: float32[3]\ninput c: bool[]\ny = If(c) then_branch={\n    t = Neg(x)\n    output t\n} else_branch={\n"
        "    r = Relu(x)\n    e = Neg(r)\n    output e\n}\noutput y\n";
    const char *const b =
        "input x: float32[3]\ninput c: bool[]\ny = If(c) then_branch={\n    t2 = Neg(x)\n    output t2\n} else_branch={\n"
        "    r = Tanh(x)\n    e = Neg(r)\n    output e\n}\noutput y\n";
    both t = compare(a, a, 0);
    assert_int_equal(t.d.n_matched, 4);
    done(&t);
    t = compare(a, b, 1);
    assert_non_null(strstr(one(&t, ONR_DIFF_OPERATOR)->node_a, "If_0/else_branch/"));
    done(&t);
}

/// Many equal branches, written in another order: each is found, and none twice.
static void twins(void **state) {
    (void)state;
    onr_str a = {0}, b = {0};
    enum { N = 30 };
    onr_str_add(&a, "input x: float32[3]\n");
    onr_str_add(&b, "input x: float32[3]\n");
    for (int i = 0; i < N; i++) onr_str_printf(&a, "a%d = Relu(x)\nb%d = Neg(a%d)\n", i, i, i);
    for (int i = N - 1; i >= 0; i--) onr_str_printf(&b, "p%d = Relu(x)\nq%d = Neg(p%d)\n", i, i, i);
    for (int i = 0; i < N; i++) {
        onr_str_printf(&a, i ? ", b%d" : "y = Sum(b%d", i);
        onr_str_printf(&b, i ? ", q%d" : "y = Sum(q%d", i);
    }
    onr_str_add(&a, ")\noutput y\n");
    onr_str_add(&b, ")\noutput y\n");
    both t = compare(a.s, b.s, 0);
    assert_int_equal(t.d.n_matched, 2 * N + 1);
    done(&t);
    onr_str_free(&a);
    onr_str_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same), cmocka_unit_test(attributes),       cmocka_unit_test(weights), cmocka_unit_test(nodes),
        cmocka_unit_test(bodies),   cmocka_unit_test(what_callers_see), cmocka_unit_test(twins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
