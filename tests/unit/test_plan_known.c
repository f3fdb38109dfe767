// test_plan_known.c: what sizes alone determine is computed while planning, within limits, with the same results.
// gives. May assume: lab.h. Never compares with stored numbers.
#include "support/graph_text.h"
#include "support/lab.h"

#include "support/cmocka.h"

#include <string.h>

// A mask as exporters write it: zeros of x's size, where every other row is set to the row's number, and a slice by it.
static const char mask[] = "input x: float32[n x 6]\n"
                           "const zero: int64[] = 0\n"
                           "const two: int64[] = 2\n"
                           "const axis: int64[1] = 1\n"
                           "shape = Shape(x)\n"
                           "n = Gather(shape, zero) axis=0\n"
                           "zeros = ConstantOfShape(shape)\n"
                           "rows = Range(zero, n, two)\n"
                           "where = Unsqueeze(rows, axis)\n"
                           "picked = Gather(x, rows) axis=0\n"
                           "values = ConstantOfShape(shape)\n"
                           "part = Gather(values, rows) axis=0\n"
                           "one = Cos(part)\n"
                           "set = ScatterND(zeros, where, one)\n"
                           "late = NonZero(set)\n"
                           "sum = Add(x, set)\n"
                           "output sum, late, picked\n";

// Depends on what x holds: nothing to know beforehand.
static const char content[] = "input x: float32[n x 6]\n"
                              "at = NonZero(x)\n"
                              "y = Cast(at) to=1\n"
                              "output y\n";

// Four times more than a node may take.
static const char large[] = "input x: float32[n x 1024]\n"
                            "shape = Shape(x)\n"
                            "zeros = ConstantOfShape(shape)\n"
                            "one = Cos(zeros)\n"
                            "y = Add(x, one)\n"
                            "output y\n";

/// The number of steps of a plan of `text` for n rows; its results must be those of the interpreter.
static int32_t steps_of(const char *text, int level, int64_t n, bool keep_all) {
    lab *l = lab_new(level, "native", 2);
    onr_graph *g = graph_text_read("known", text, l->arena);
    lab_optimize(l, "known", g, NULL, NULL, NULL, NULL);
    for (int32_t i = 0; keep_all && i < g->n_values; i++) g->values[i]->kept = true;
    onr_datum x, got[3], want[3];
    lab_inputs(l, g, n, (uint64_t)n, &x);
    const onr_type type = onr_datum_type(&x);
    onr_plan *p = NULL;
    if (onr_plan_new(g, &type, &l->target, l->packs, l->pool, 0, false, &p, &l->err) != ONR_OK) fail_msg("%s", l->err.text);
    const int32_t steps = p->n_steps;
    onr_plan_free(p);
    if (lab_interpret(l, g, &x, want) != ONR_OK || lab_plan(l, "known", g, &x, got) != ONR_OK) fail_msg("%s", l->err.text);
    lab_assert_near("known", g, got, want, 0);
    lab_release(g, got);
    lab_release(g, want);
    lab_free(l);
    return steps;
}

static void only_what_reads_x_is_left(void **state) {
    (void)state;
    for (int64_t n = 1; n <= 5; n++) {
        assert_int_equal(steps_of(mask, 1, n, false), 2); // Gather and Add; NonZero's result is constant too
        assert_int_equal(steps_of(mask, 2, n, false), 2);
    }
}

static void level_0_and_kept_values_are_run(void **state) {
    (void)state;
    assert_true(steps_of(mask, 0, 3, false) >= 8);
    assert_int_equal(steps_of(mask, 2, 3, true), 12);
}

static void contents_and_large_results_are_run(void **state) {
    (void)state;
    assert_int_equal(steps_of(content, 2, 4, false), 2);
    assert_int_equal(steps_of(large, 2, 1024, false), 3); // 4 MB
    assert_int_equal(steps_of(large, 2, 256, false), 1);  // 1 MB
}

// Gather fails for two rows, and says so when it is run, not while planning.
static void failures_are_left_to_the_run(void **state) {
    (void)state;
    static const char text[] = "input x: float32[n x 6]\n"
                               "const first: int64[1] = 2\n"
                               "shape = Shape(x)\n"
                               "zeros = ConstantOfShape(shape)\n"
                               "row = Gather(zeros, first) axis=0\n"
                               "y = Add(x, row)\n"
                               "output y\n";
    lab *l = lab_new(2, "native", 1);
    onr_graph *g = graph_text_read("failing", text, l->arena);
    lab_optimize(l, "failing", g, NULL, NULL, NULL, NULL);
    onr_datum x, y;
    lab_inputs(l, g, 2, 1, &x);
    assert_int_equal(lab_plan(l, "failing", g, &x, &y), ONR_INVALID);
    assert_non_null(strstr(l->err.text, "Gather"));
    lab_free(l);
    assert_int_equal(steps_of(text, 2, 3, false), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_reads_x_is_left),
        cmocka_unit_test(level_0_and_kept_values_are_run),
        cmocka_unit_test(contents_and_large_results_are_run),
        cmocka_unit_test(failures_are_left_to_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
