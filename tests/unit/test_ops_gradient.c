// test_ops_gradient.c: Gradient beyond single operators (tests/spec compares those with differences): inputs that stand for
// other values, second derivatives, what does not depend, bodies, and what cannot be differentiated. May assume: lab.h.
// Derivatives of polynomials, by hand. Never runs below level 0: the nodes are replaced at every level.
#include "graph/edit.h"
#include "support/graph_text.h"
#include "support/lab.h"

#include "support/cmocka.h"

#include <math.h>
#include <string.h>

#define GRADIENT "ai.onnx.preview.training.Gradient"

/// Runs the graph on inputs that hold 2, 3, 5, ... in every element; `want` are its outputs' elements one after the other.
static void check(const char *text, size_t n_want, const double *want) {
    static const double primes[] = {2, 3, 5, 7};
    for (int level = 0; level <= 2; level += 2) {
        lab *l = lab_new(level, "native", 1);
        onr_graph *g = graph_text_read("gradient", text, l->arena);
        onr_datum in[4], out[8];
        size_t n = 0;
        assert_int_equal(onr_graph_order(g, &l->err), ONR_OK);
        lab_inputs(l, g, 2, 1, in);
        for (int32_t i = 0; i < g->n_inputs; i++)
            for (int64_t k = 0; k < onr_tensor_numel(&in[i].t); k++) ((float *)in[i].t.data)[k] = (float)primes[i];
        lab_optimize(l, text, g, NULL, NULL, NULL, NULL);
        if (lab_plan(l, text, g, in, out) != ONR_OK) fail_msg("%s: %s", text, l->err.text);
        for (int32_t i = 0; i < g->n_outputs; i++)
            for (int64_t k = 0; k < onr_tensor_numel(&out[i].t); k++, n++) {
                double v = onr_tensor_num(&out[i].t, k);
                if (n >= n_want || !(fabs(v - want[n]) < 1e-4)) fail_msg("%s: output %d is %g at %d", text, i, v, (int)k);
            }
        assert_int_equal(n, n_want);
        lab_release(g, out);
        lab_free(l);
    }
}
#define CHECK(text, ...) check(text, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

static void values(void **state) {
    (void)state;
    // y = a^2 b: dy/da = 2 a b = 12, dy/db = a^2 = 4
    CHECK("input a: float32[]\ninput b: float32[]\n"
          "da, db = " GRADIENT "(a, b) xs=['a','b'] y='y'\n"
          "s = Mul(a, a)\ny = Mul(s, b)\noutput da, db\n",
          12, 4);
    // Only what xs names has a derivative; the second one is not asked for.
    CHECK("input a: float32[]\ninput b: float32[]\n"
          "y = Mul(a, b)\nd = " GRADIENT "(b, a) xs=['b'] zs=['a'] y='y'\noutput d\n",
          2);
    CHECK("input a: float32[]\ninput b: float32[]\n"
          "y = Mul(a, b)\n_, d = " GRADIENT "(b, a) xs=['b','a'] y='y'\noutput d\n",
          3);
    // The sum over y's elements; an input that y does not depend on.
    CHECK("input a: float32[2]\ninput b: float32[3]\n"
          "y = Mul(a, a)\nda, db = " GRADIENT "(a, b) xs=['a','b'] y='y'\noutput da, db\n",
          4, 4, 0, 0, 0);
    // y is x itself.
    CHECK("input a: float32[2]\nda = " GRADIENT "(a) xs=['a'] y='a'\noutput da\n", 1, 1);
    // An inner value as x: what is before it does not matter.
    CHECK("input a: float32[]\ns = Mul(a, a)\ny = Mul(s, s)\nd = " GRADIENT "(s) xs=['s'] y='y'\noutput d\n", 8);
}

static void other_inputs(void **state) {
    (void)state;
    // The derivative of a^2 b at other values: 2 c b = 30, c^2 = 25; y itself is as it was.
    CHECK("input a: float32[]\ninput b: float32[]\ninput c: float32[]\n"
          "s = Mul(a, a)\ny = Mul(s, b)\n"
          "da, db = " GRADIENT "(c, b) xs=['a','b'] y='y'\noutput da, db, y\n",
          30, 25, 12);
    // A value that zs names is replaced too: 2 a c = 20.
    CHECK("input a: float32[]\ninput b: float32[]\ninput c: float32[]\n"
          "s = Mul(a, a)\ny = Mul(s, b)\n"
          "da = " GRADIENT "(a, c) xs=['a'] zs=['b'] y='y'\noutput da\n",
          20);
    // Of another shape.
    CHECK("input a: float32[]\ninput b: float32[2]\n"
          "y = Mul(a, a)\nda = " GRADIENT "(b) xs=['a'] y='y'\noutput da\n",
          6, 6);
}

static void twice(void **state) {
    (void)state;
    // y = a^3: 12, then 6 a = 12, then 6
    CHECK("input a: float32[]\n"
          "s = Mul(a, a)\ny = Mul(s, a)\n"
          "d = " GRADIENT "(a) xs=['a'] y='y'\n"
          "dd = " GRADIENT "(a) xs=['a'] y='d'\n"
          "ddd = " GRADIENT "(a) xs=['a'] y='dd'\noutput d, dd, ddd\n",
          12, 12, 6);
    // The same in the other order of the file; and through a broadcast: y = a * b, sums over b's two elements.
    CHECK("input a: float32[]\ninput b: float32[2]\n"
          "dd = " GRADIENT "(a) xs=['a'] y='d'\n"
          "d = " GRADIENT "(a, b) xs=['a'] zs=['b'] y='y'\n"
          "s = Mul(a, a)\ny = Mul(s, b)\noutput d, dd\n",
          24, 12);
}

static void in_a_body(void **state) {
    (void)state;
    CHECK("input a: float32[]\nconst yes: bool[] = 1\n"
          "d = If(yes) then_branch={\n"
          "    s = Mul(a, a)\n"
          "    t = " GRADIENT "(a) xs=['a'] y='s'\n"
          "    output t\n"
          "} else_branch={\n"
          "    u = Neg(a)\n"
          "    output u\n"
          "}\noutput d\n",
          4);
}

// ---- what cannot be ---------------------------------------------------------------------------------------------------------

static void fails(const char *text, onr_status status, const char *words) {
    lab *l = lab_new(0, "native", 1);
    onr_graph *g = graph_text_read("gradient", text, l->arena);
    onr_pipeline_options o = {.verify = true};
    onr_status s = onr_graph_order(g, &l->err);
    if (s == ONR_OK) s = onr_optimize(g, &l->target, l->arena, &l->env, NULL, &o, NULL, NULL, &l->err);
    if (s != status || !strstr(l->err.text, words)) fail_msg("%s: status %d: %s", text, (int)s, l->err.text);
    lab_free(l);
}

static void wrong_use(void **state) {
    (void)state;
    fails("input a: float32[]\nd = " GRADIENT "(a) xs=['a'] y='z'\noutput d\n", ONR_INVALID, "no value 'z'");
    fails("input a: float32[]\nd = " GRADIENT "(a) xs=['b'] y='a'\noutput d\n", ONR_INVALID, "no value 'b'");
    fails("input a: float32[]\nd = " GRADIENT "(a, a) xs=['a'] y='a'\noutput d\n", ONR_INVALID, "2 inputs are given");
    fails("input a: float32[]\nd, e = " GRADIENT "(a) xs=['a'] y='a'\noutput d, e\n", ONR_INVALID, "2 are asked for");
    fails("input a: float32[]\ny = Mul(a, d)\nd = " GRADIENT "(a) xs=['a'] y='y'\noutput d\n", ONR_INVALID, "the node itself");
    fails("input a: float32[2]\ny = Selu(a)\nd = " GRADIENT "(a) xs=['a'] y='y'\noutput d\n", ONR_UNSUPPORTED,
          "Selu (opset 13) has no derivative");
    fails("opset 6\ninput a: float32[2]\ny = Mul(a, a)\nd = " GRADIENT "(a) xs=['a'] y='y'\noutput d\n", ONR_UNSUPPORTED,
          "Mul (opset 6) has no derivative");
    fails("input a: float32[1 x 1 x n x 4]\ninput w: float32[1 x 1 x 2 x 2]\ny = Conv(a, w)\nd = " GRADIENT
          "(a, w) xs=['a'] zs=['w'] y='y'\noutput d\n",
          ONR_UNSUPPORTED, "sizes besides the batch are not known");
    fails("input a: float32\ny = MatMul(a, a)\nd = " GRADIENT "(a) xs=['a'] y='y'\noutput d\n", ONR_UNSUPPORTED, "the rank");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),    cmocka_unit_test(other_inputs), cmocka_unit_test(twice),
        cmocka_unit_test(in_a_body), cmocka_unit_test(wrong_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
