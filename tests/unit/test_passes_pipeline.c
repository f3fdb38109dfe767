// test_passes_pipeline.c: the driver of the passes: order, levels, leaving out, stopping after a pass or a rewrite, counts,
// errors. May assume: lab.h. Never looks at what a single pass matches; tests/passes does.
#include "graph/edit.h"
#include "support/graph_text.h"
#include "support/lab.h"

#include "support/cmocka.h"

#include <string.h>

static const char *const text = "input x: float32[n x 16 x 4 x 4]\n"
                                "const w: float32[16 x 16 x 1 x 1] = seed 1\n"
                                "const k: float32[16] = 2\n"
                                "const m: float32[16] = seed 2\n"
                                "i = Identity(x)\n"
                                "k2 = Mul(k, k)\n"
                                "k4 = Mul(k2, k2)\n"
                                "c = Conv(i, w)\n"
                                "b = BatchNormalization(c, k4, m, m, k)\n"
                                "y = Relu(b)\n"
                                "unused = Neg(y)\n"
                                "output y\n";

static onr_graph *fresh(lab *l, const char *words) {
    onr_graph *g = graph_text_read("pipeline", words, l->arena);
    assert_int_equal(onr_graph_order(g, &l->err), ONR_OK);
    return g;
}

static onr_status run(lab *l, onr_graph *g, const char *const *disable, const char *stop_after, onr_pass_count *counts,
                      int32_t *n) {
    onr_pipeline_options o = {.disable = disable, .stop_after = stop_after, .verify = true};
    l->err = (onr_err){0};
    return onr_optimize(g, &l->target, l->arena, &l->env, NULL, &o, counts, n, &l->err);
}

static int64_t count_of(const onr_pass_count *counts, int32_t n, const char *name) {
    for (int32_t i = 0; i < n; i++)
        if (strcmp(counts[i].name, name) == 0) return counts[i].count;
    return -1;
}

static bool has_op(const onr_graph *g, const char *op) {
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i]->dead && strcmp(g->nodes[i]->op_type, op) == 0) return true;
    return false;
}

// ---- levels and order
// -----------------------------------------------------------------------------------------------------------

static void the_list_is_sound(void **state) {
    (void)state;
    size_t n = 0;
    for (; onr_pass_at(n); n++) {
        const onr_pass *p = onr_pass_at(n);
        assert_true(p->name && *p->name && p->why && *p->why && p->run);
        assert_in_range(p->min_level, 0, 2);
        for (size_t k = 0; k < n; k++) assert_string_not_equal(p->name, onr_pass_at(k)->name);
        assert_null(strchr(p->name, ':')); // "fold:3"
    }
    assert_true(n > 5 && n <= ONR_MAX_PASSES);
    assert_null(onr_pass_at(n + 100));
    assert_string_equal(onr_pass_at(0)->name, "resolve");
}

static void levels(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++) {
        lab *l = lab_new(level, "native", 1);
        onr_pass_count counts[ONR_MAX_PASSES];
        int32_t n = 0, expected = 0;
        onr_graph *g = fresh(l, text);
        if (run(l, g, NULL, NULL, counts, &n) != ONR_OK) fail_msg("%s", l->err.text);
        for (size_t i = 0; onr_pass_at(i); i++)
            if (onr_pass_at(i)->min_level <= level) assert_string_equal(counts[expected++].name, onr_pass_at(i)->name);
        assert_int_equal(n, expected);
        assert_int_equal(has_op(g, "Identity"), level == 0);
        assert_int_equal(has_op(g, "BatchNormalization"), level < 2); // not the same bits
        assert_int_equal(has_op(g, "Neg"), level == 0);
        for (int32_t i = 0; i < g->n_values; i++)
            if (g->values[i]->n_uses) assert_int_not_equal(g->values[i]->type.kind, ONR_KIND_UNKNOWN);
        lab_free(l);
    }
}

static void counts_count(void **state) {
    (void)state;
    lab *l = lab_new(2, "native", 1);
    onr_pass_count counts[ONR_MAX_PASSES];
    int32_t n = 0;
    if (run(l, fresh(l, text), NULL, NULL, counts, &n) != ONR_OK) fail_msg("%s", l->err.text);
    assert_int_equal(count_of(counts, n, "fold"), 2);
    assert_int_equal(count_of(counts, n, "identity"), 1);
    assert_int_equal(count_of(counts, n, "dead"), 1);
    assert_int_equal(count_of(counts, n, "lower_conv"), 1);
    assert_int_equal(count_of(counts, n, "conv_bn"), 1);
    assert_int_equal(count_of(counts, n, "conv_add_act"), 1);
    assert_int_equal(count_of(counts, n, "layout"), 1);
    assert_int_equal(run(l, fresh(l, text), NULL, NULL, NULL, NULL), ONR_OK); // nobody asks
    lab_free(l);
}

// ---- leaving out and stopping
// ---------------------------------------------------------------------------------------------------

static void disabled_passes_do_not_run(void **state) {
    (void)state;
    lab *l = lab_new(2, "native", 1);
    onr_pass_count counts[ONR_MAX_PASSES];
    int32_t n = 0;
    onr_graph *g = fresh(l, text);
    if (run(l, g, (const char *[]){"fold", "conv_bn", NULL}, NULL, counts, &n) != ONR_OK) fail_msg("%s", l->err.text);
    assert_int_equal(count_of(counts, n, "fold"), -1);
    assert_true(has_op(g, "Mul") && has_op(g, "BatchNormalization") && !has_op(g, "Identity"));
    g = fresh(l, text); // what always runs cannot be left out: without it there is no plan
    if (run(l, g, (const char *[]){"resolve", "infer", NULL}, NULL, counts, &n) != ONR_OK) fail_msg("%s", l->err.text);
    assert_int_equal(count_of(counts, n, "resolve"), 0);
    lab_free(l);
}

static void stopping(void **state) {
    (void)state;
    lab *l = lab_new(2, "native", 1);
    onr_pass_count counts[ONR_MAX_PASSES];
    int32_t n = 0;
    onr_graph *g = fresh(l, text);
    assert_int_equal(run(l, g, NULL, "fold", counts, &n), ONR_OK);
    assert_int_equal(count_of(counts, n, "fold"), 2);
    assert_int_equal(count_of(counts, n, "identity"), -1);
    assert_true(has_op(g, "Identity") && !has_op(g, "Mul"));
    for (int limit = 0; limit <= 3; limit++) {
        const char *const stops[] = {"fold:0", "fold:1", "fold:2", "fold:3"};
        g = fresh(l, text);
        assert_int_equal(run(l, g, NULL, stops[limit], counts, &n), ONR_OK);
        assert_int_equal(count_of(counts, n, "fold"), limit < 2 ? limit : 2);
        assert_int_equal(has_op(g, "Mul"), limit < 2);
    }
    // Stopping within the first passes still gives a graph that runs.
    g = fresh(l, text);
    assert_int_equal(run(l, g, NULL, "resolve", counts, &n), ONR_OK);
    lab_free(l);
}

static void unknown_names(void **state) {
    (void)state;
    lab *l = lab_new(2, "native", 1);
    const char *const stops[] = {"", ":", "fol", "folds", "fold2:1", "FOLD"};
    assert_int_equal(run(l, fresh(l, text), (const char *[]){"fold", "polish", NULL}, NULL, NULL, NULL), ONR_USAGE);
    assert_string_equal(l->err.text, "there is no pass 'polish'");
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++)
        assert_int_equal(run(l, fresh(l, text), NULL, stops[i], NULL, NULL), ONR_USAGE);
    lab_free(l);
}

// ---- errors
// ---------------------------------------------------------------------------------------------------------------------

static void expect(const char *words, onr_status status, const char *message) {
    lab *l = lab_new(2, "native", 1);
    onr_status s = run(l, fresh(l, words), NULL, NULL, NULL, NULL);
    if (s != status || !strstr(l->err.text, message))
        fail_msg("%s, '%s'; expected %s, '%s'", onr_status_name(s), l->err.text, onr_status_name(status), message);
    lab_free(l);
}

static void errors_name_their_pass(void **state) {
    (void)state;
    expect("input x: float32[2]\ny = Frobnicate(x)\noutput y\n", ONR_UNSUPPORTED,
           "resolve: node 'Frobnicate_0' (#0): operator Frobnicate");
    expect("input x: float32[2]\ny = Relu(x) sharpness=3\noutput y\n", ONR_INVALID, "resolve: node 'Relu_0'");
    expect("input x: float32[2]\ny = Relu(x, x)\noutput y\n", ONR_INVALID, "resolve: node 'Relu_0'");
    expect("input x: float32[2]\ny = onnxrun.Reorder(x) block=8\noutput y\n", ONR_INVALID, "the domain 'onnxrun' is reserved");
    expect("input x: float32[2]\ninput c: bool[]\ny = If(c) then_branch={\n    t = onnxrun.Conv(x, x)\n    output t\n"
           "} else_branch={\n    output x\n}\noutput y\n",
           ONR_INVALID, "the domain 'onnxrun' is reserved");
    expect("input a: float32[2 x 3]\ninput b: float32[4 x 5]\ny = MatMul(a, b)\noutput y\n", ONR_INVALID,
           "infer: node 'MatMul_0' (#0): MatMul: ");
}

typedef struct heard {
    char text[2000];
} heard;

static void listen(void *user, onr_log_level level, const char *words) {
    heard *h = user;
    if (level != ONR_LOG_WARN) return;
    strncat(h->text, words, sizeof h->text - strlen(h->text) - 1);
}

/// A declaration that contradicts inference is told, with both types, and not believed.
static void declarations_are_checked(void **state) {
    (void)state;
    lab *l = lab_new(2, "native", 1);
    heard h = {""};
    onr_log log = {.fn = listen, .user = &h, .max_level = ONR_LOG_WARN};
    onr_graph *g = fresh(l, "input x: float32[n x 3]\nvalue t: float32[n x 5]\nt = Relu(x)\ny = Neg(t)\noutput y\n");
    onr_pipeline_options o = {.verify = true};
    if (onr_optimize(g, &l->target, l->arena, &l->env, &log, &o, NULL, NULL, &l->err) != ONR_OK) fail_msg("%s", l->err.text);
    if (!strstr(h.text, "'t' is declared as float32[n x 5]") || !strstr(h.text, "float32[n x 3], which is used"))
        fail_msg("heard: '%s'", h.text);
    lab_free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_sound),
        cmocka_unit_test(levels),
        cmocka_unit_test(counts_count),
        cmocka_unit_test(disabled_passes_do_not_run),
        cmocka_unit_test(stopping),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(errors_name_their_pass),
        cmocka_unit_test(declarations_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
