// test_passes_story.c: what the passes say of what they did and nearly did, and that its numbers are those of stop_after.
// May assume: lab.h. Never looks at the graphs that come out; tests/passes does.
#include "graph/edit.h"
#include "support/graph_text.h"
#include "support/lab.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

static onr_story *tell(lab *l, const char *words, const char *keep, const char *stop_after) {
    onr_story *story = onr_arena_alloc(l->arena, sizeof *story);
    onr_graph *g = graph_text_read("story", words, l->arena);
    onr_story_init(story, l->arena);
    assert_int_equal(onr_graph_order(g, &l->err), ONR_OK);
    if (keep) onr_graph_find(g, keep)->kept = true;
    onr_pipeline_options o = {.verify = true, .stop_after = stop_after, .story = story};
    if (onr_optimize(g, &l->target, l->arena, &l->env, NULL, &o, NULL, NULL, &l->err) != ONR_OK) fail_msg("%s", l->err.text);
    assert_false(story->failed);
    return story;
}

/// The event that the pass tells of a node must be this; number -1: any but 0.
static void expect_in(const onr_story *s, const char *pass, const char *node, int64_t number, const char *text) {
    for (size_t i = 0; i < s->n; i++) {
        const onr_story_event *e = &s->of[i];
        if (strcmp(e->pass, pass) != 0 || !e->node || strcmp(e->node, node) != 0) continue;
        if (!strstr(e->text, text) || (number < 0 ? e->number == 0 : e->number != number)) continue;
        return;
    }
    for (size_t i = 0; i < s->n; i++)
        print_message("%s %lld %s: %s\n", s->of[i].pass, (long long)s->of[i].number, s->of[i].node ? s->of[i].node : "",
                      s->of[i].text);
    fail_msg("not told: %s %lld %s: %s", pass, (long long)number, node, text);
}

#define HEAD                                     \
    "input x: float32[1 x 2 x 5 x 5]\n"          \
    "input bound: float32[]\n"                   \
    "input u: float32[2 x 2 x 3 x 3]\n"          \
    "const w: float32[2 x 2 x 3 x 3] = seed 1\n" \
    "const k: float32[2] = 2 3\n"                \
    "const one: float32[] = 1\n"                 \
    "const zero: float32[] = 0\n"

static void expect_on(int level, const char *words, const char *keep, const char *pass, const char *node, int64_t number,
                      const char *text) {
    lab *l = lab_new(level, "native", 1);
    expect_in(tell(l, words, keep, NULL), pass, node, number, text);
    lab_free(l);
}

static void expect(const char *words, const char *pass, const char *node, int64_t number, const char *text) {
    expect_on(2, words, NULL, pass, node, number, text);
}

static void batch_normalization(void **state) {
    (void)state;
    const char *bn = "conv_bn", *node = "BatchNormalization_1";
    expect(HEAD "c = Conv(x, w)\ny = BatchNormalization(c, k, k, k, k)\noutput y\n", bn, node, 1,
           "scale and bias of Conv 'Conv_0'");
    expect(HEAD "c = Conv(x, w)\ny = BatchNormalization(c, k, k, k, k)\nz = Neg(c)\noutput y, z\n", bn, node, 0,
           "Conv+BatchNormalization not fused: Conv's output 'c' has 2 consumers");
    expect(HEAD "c = Conv(x, w)\ny = BatchNormalization(c, k, k, k, k)\noutput y, c\n", bn, node, 0,
           "'c' is an output of the graph");
    expect_on(2, HEAD "c = Conv(x, w)\ny = BatchNormalization(c, k, k, k, k)\noutput y\n", "c", bn, node, 0,
              "'c' is kept to be looked at");
    expect(HEAD "c = Conv(x, u)\ny = BatchNormalization(c, k, k, k, k)\noutput y\n", bn, node, 0,
           "Conv 'Conv_0' was not lowered");
    expect(HEAD "c = Relu(x)\ny = BatchNormalization(c, k, k, k, k)\noutput y\n", bn, node, 0,
           "made by Relu 'Relu_0', no Conv");
    expect(HEAD "y = BatchNormalization(x, k, k, k, k)\noutput y\n", bn, "BatchNormalization_0", 0, "'x' is made by no node");
    expect(HEAD "input m: float32[2]\nc = Conv(x, w)\ny = BatchNormalization(c, k, k, m, k)\noutput y\n", bn, node, 0,
           "'m' is no constant of 2 float32");
    expect(HEAD "opset 15\nc = Conv(x, w)\ny, a, b = BatchNormalization(c, k, k, k, k) training_mode=1\noutput y\n", bn, node,
           0, "it is in training mode");
    expect(HEAD "c = Conv(x, w)\nb = BatchNormalization(c, k, k, k, k)\ny = BatchNormalization(b, k, k, k, k)\noutput y\n", bn,
           "BatchNormalization_2", 0, "Conv has taken one already");
}

static void residuals(void **state) {
    (void)state;
    const char *pass = "conv_add_act";
    const char *const shape = HEAD "input r: float32[1 x 2 x 3 x 3]\ninput s: float32[2 x 1 x 1]\n";
    char text[2000];
    const struct {
        const char *words, *node;
        int64_t number;
        const char *text;
    } cases[] = {
        {"c = Conv(x, w)\ny = Add(c, r)\noutput y\n", "Add_1", 1, "which adds 'r'"},
        {"c = Conv(x, w)\ny = Add(s, c)\noutput y\n", "Add_1", 0,
         "the addend 's' is float32[2 x 1 x 1], Conv's output float32[1 x 2 x 3 x 3]"},
        {"c = Conv(x, w)\ny = Add(c, c)\noutput y\n", "Add_1", 0, "has 2 consumers"},
        {"c = Conv(x, w)\na = Relu(c)\ny = Add(a, r)\noutput y\n", "Add_2", 0, "would come before the Add"},
        {"c = Conv(x, w)\na = Add(c, r)\ny = Add(a, r)\noutput y\n", "Add_2", 0, "Conv has taken an Add already"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "%s%s", shape, cases[i].words);
        expect(text, pass, cases[i].node, cases[i].number, cases[i].text);
    }
}

static void activations(void **state) {
    (void)state;
    const char *pass = "conv_add_act";
    expect(HEAD "c = Conv(x, w)\ny = Relu(c)\noutput y\n", pass, "Relu_1", 1, "moved into the store of Conv 'Conv_0'");
    expect(HEAD "c = Conv(x, w)\ny = Clip(c, bound)\noutput y\n", pass, "Clip_1", 0, "its bounds are no constant float32");
    expect(HEAD "c = Conv(x, w)\ny = Clip(c, one, zero)\noutput y\n", pass, "Clip_1", 0, "least bound is above");
    expect(HEAD "c = Conv(x, w)\ny = LeakyRelu(c)\noutput y\n", pass, "LeakyRelu_1", 0,
           "Conv+LeakyRelu not fused: it is neither Relu nor Clip");
    expect(HEAD "c = Conv(x, w)\nr = Relu(c)\ny = Clip(r, zero, one)\noutput y\n", pass, "Clip_2", 0,
           "Conv has taken one already");
    expect(HEAD "c = Conv(x, w)\ny = Relu(c)\noutput y, c\n", pass, "Relu_1", 0, "'c' is an output of the graph");
    expect(HEAD "input b: bool[]\nc = Conv(x, w)\nz = If(b) then_branch={\n    t = Neg(c)\n    output t\n} else_branch={\n"
                "    f = Relu(c)\n    output f\n}\ny = Relu(c)\noutput y, z\n",
           pass, "Relu_2", 0, "'c' has 2 consumers");
}

static void products(void **state) {
    (void)state;
    const char *const head =
        "input x: float32[3 x 2]\ninput r: float32[2]\ninput m: float32[2 x 2]\n"
        "const w: float32[2 x 2] = 1 2 3 4\nconst b: float32[2] = 5 6\n"
        "const d: float64[2 x 2] = 1 2 3 4\nconst s: float32[1 x 2 x 2] = 1 2 3 4\nconst rows: float32[3 x 1] = 1 2 3\n";
    const char *add = "matmul_add", *transposed = "matmul_transposed";
    const struct {
        const char *pass, *words, *node;
        int64_t number;
        const char *text;
    } cases[] = {
        {transposed, "t = Transpose(w)\ny = MatMul(x, t)\noutput y\n", "MatMul_1", 1,
         "reads 'w' as it lies, without Transpose 'Transpose_0'"},
        {transposed, "t = Transpose(w)\ny = MatMul(x, t)\noutput y, t\n", "MatMul_1", 0, "'t' is an output"},
        {transposed, "t = Transpose(w)\ny = MatMul(x, t)\nz = Neg(t)\noutput y, z\n", "MatMul_1", 0,
         "'t' is also read by Neg 'Neg_2'"},
        {transposed, "input u: float64[3 x 2]\nt = Transpose(d)\ny = MatMul(u, t)\noutput y\n", "MatMul_1", 0,
         "the matrix is float64, not float32"},
        {add, "p = MatMul(x, w)\ny = Add(b, p)\noutput y\n", "Add_1", 1, "moved into the store of MatMul 'MatMul_0'"},
        {add, "p = MatMul(x, w)\ny = Add(b, p)\noutput y, p\n", "Add_1", 0, "'p' is an output of the graph"},
        {add, "p = MatMul(x, w)\ny = Add(p, r)\noutput y\n", "Add_1", 0, "the addend 'r' is not constant"},
        {add, "p = MatMul(x, m)\ny = Add(p, b)\noutput y\n", "Add_1", 0, "MatMul's B 'm' is not constant"},
        {add, "p = MatMul(x, s)\ny = Add(p, b)\noutput y\n", "Add_1", 0, "MatMul's B has rank 3"},
        {add, "p = MatMul(x, w)\ny = Add(p, rows)\noutput y\n", "Add_1", 0, "the addend 'rows' is float32[3 x 1], no vector"},
        {add, "opset 6\np = MatMul(x, w)\ny = Add(p, b) broadcast=1 axis=1\noutput y\n", "Add_1", 0, "its axis says"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2000];
        snprintf(text, sizeof text, "%s%s", head, cases[i].words);
        expect(text, cases[i].pass, cases[i].node, cases[i].number, cases[i].text);
    }
}

/// One normalization, in which one node is another.
static void normalizations(void **state) {
    (void)state;
    static const char *const nodes[] = {"m = ReduceMean(x) axes=[-1]",
                                        "d = Sub(x, m)",
                                        "q = Pow(d, two)",
                                        "v = ReduceMean(q) axes=[-1]",
                                        "a = Add(v, e)",
                                        "r = Sqrt(a)",
                                        "n = Div(d, r)",
                                        "g = Mul(n, s)",
                                        "y = Add(g, b)"};
    const struct {
        size_t at;
        const char *node, *outputs;
        int64_t number;
        const char *text;
    } cases[] = {
        {8, "y = Add(g, b)", "y", 1, "became LayerNormalization, with all up to 'Add_8'"},
        {8, "y = Add(g, x)", "y", 1, "became LayerNormalization, with all up to 'Mul_7'"},
        {8, "y = Add(g, b)", "y, g", 1, "with all up to 'Mul_7'"},
        {8, "y = Add(g, b)", "y, m", 0, "'m' is an output of the graph"},
        {8, "y = Add(g, b)", "y, d", 0, "'d' is an output"},
        {8, "y = Add(g, d)", "y", 0, "'d' is also read by Add 'Add_8'"},
        {8, "y = Add(g, q)", "y", 0, "'q' has 2 consumers"},
        {2, "q = Pow(d, e)", "y", 0, "'d' is also read by Pow 'Pow_2'"},
        {2, "q = Mul(x, x)", "y", 0, "the difference is not both squared and divided"},
        {3, "v = ReduceMean(q) axes=[0]", "y", 0, "the squares' mean is not that of rows"},
        {3, "v = ReduceMax(q) axes=[-1]", "y", 0, "ReduceMax 'ReduceMax_3' stands where ReduceMean should"},
        {4, "a = Add(v, s)", "y", 0, "no constant number is added to the variance"},
        {6, "n = Div(x, r)", "y", 0, "the difference is not both squared and divided"},
        {7, "g = Mul(n, e)", "y", 0, "the factor 'e' is no vector of a row's length"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2000] = "input x: float32[4 x 4]\nconst two: float32[] = 2\nconst e: float32[] = 0.1\n"
                          "const s: float32[4] = 1 2 3 4\nconst b: float32[4] = 5 6 7 8\n";
        for (size_t k = 0; k < sizeof nodes / sizeof *nodes; k++) {
            strcat(text, k == cases[i].at ? cases[i].node : nodes[k]);
            strcat(text, "\n");
        }
        strcat(strcat(strcat(text, "output "), cases[i].outputs), "\n");
        expect(text, "layer_norm", "ReduceMean_0", cases[i].number, cases[i].text);
    }
}

static void written_out(void **state) {
    (void)state;
    expect(HEAD "s = Sigmoid(x)\ny = Mul(x, s)\noutput y\n", "activation", "Sigmoid_0", 1, "became a part of Swish 'Mul_1'");
    expect(HEAD "s = Sigmoid(x)\ny = Mul(x, s)\noutput y, s\n", "activation", "Sigmoid_0", 0,
           "no part of a Swish: Sigmoid's output 's' is an output of the graph");
    expect(HEAD "y = Erf(x)\noutput y\n", "activation", "Erf_0", 0, "its input is no float32 divided by sqrt(2)");
}

static void single_nodes(void **state) {
    (void)state;
    expect(HEAD "y = Conv(x, u)\noutput y\n", "lower_conv", "Conv_0", 0, "its weights 'u' are not constant");
    expect("input x: float32[1 x 1 x 3 x 3 x 3]\nconst w: float32[1 x 1 x 1 x 1 x 1] = 1\ny = Conv(x, w)\noutput y\n",
           "lower_conv", "Conv_0", 0, "its window has 3 dimensions");
    expect("input x: float64[1 x 1 x 3]\nconst w: float64[1 x 1 x 1] = 1\ny = Conv(x, w)\noutput y\n", "lower_conv", "Conv_0",
           0, "its weights are float64, not float32");
    expect(HEAD "i = Identity(x)\ny = Neg(i)\noutput y\n", "identity", "Identity_0", 1, "it hands on 'x'");
    expect_on(2, HEAD "i = Identity(x)\ny = Neg(i)\noutput y\n", "i", "identity", "Identity_0", 0, "kept to be looked at");
    expect(HEAD "opset 10\nd, m = Dropout(x)\ny = Neg(d)\noutput y, m\n", "identity", "Dropout_0", 0,
           "its output 'm' is wanted too");
    expect(HEAD "t = Mul(k, k)\ny = Add(t, bound)\noutput y\n", "fold", "Mul_0", 1, "its inputs are constant");
    expect_on(2, HEAD "t = Mul(k, k)\ny = Add(t, bound)\noutput y\n", "t", "fold", "Mul_0", 0, "its output is kept");
    expect(HEAD "t = RandomNormalLike(k)\ny = Add(t, bound)\noutput y\n", "fold", "RandomNormalLike_0", 0,
           "something else each time");
    expect(HEAD "s = Shape(w)\ny = Add(s, s)\noutput y\n", "fold", "Shape_0", -1, "sizes that are known");
    expect(HEAD "y = Neg(x)\nz = Relu(x)\noutput y\n", "dead", "Relu_1", 1, "nobody reads what it makes");
}

static void blocks(void **state) {
    (void)state;
    const char *const words = "input x: float32[1 x 16 x 6 x 6]\nconst w: float32[16 x 16 x 3 x 3] = seed 1\nc = Conv(x, w)\n"
                              "p = MaxPool(c) kernel_shape=[2,2]\ny = Softmax(p) axis=3\noutput y\n";
    lab *l = lab_new(2, "native", 1);
    char text[64];
    snprintf(text, sizeof text, "works on blocks of %d channels", (int)onr_target_block(&l->target));
    const onr_story *s = tell(l, words, NULL, NULL);
    expect_in(s, "layout", "Conv_0", 1, text);
    expect_in(s, "layout", "MaxPool_1", 2, text);
    expect_in(s, "layout", "Softmax_2", 0, "works on plain channels, and 'p' is reordered for it");
    lab_free(l);
}

/// Passes that were left out are part of the story.
static void left_out(void **state) {
    (void)state;
    lab *l = lab_new(1, "native", 1);
    const onr_story *s = tell(l, HEAD "y = Neg(x)\noutput y\n", NULL, NULL);
    const char *const passes[] = {"layer_norm", "activation", "conv_bn"};
    assert_int_equal(s->n, sizeof passes / sizeof *passes);
    for (size_t i = 0; i < s->n; i++) {
        assert_string_equal(s->of[i].pass, passes[i]);
        assert_null(s->of[i].node);
        assert_non_null(strstr(s->of[i].text, "needs -O2"));
    }
    lab_free(l);
}

/// Stopping after rewrite N of a pass makes just the rewrites that the whole story numbers 1 to N, whatever N is.
static void numbers_bisect(void **state) {
    (void)state;
    const char *const words = HEAD
        "input r: float32[1 x 2 x 3 x 3]\ninput b: bool[]\nk2 = Mul(k, k)\nk4 = Mul(k2, k2)\n"
        "const past: int64[1] = 7\nbad = Gather(k, past)\n" // cannot be computed: not counted
        "i = Identity(x)\nc1 = Conv(i, w)\nb1 = BatchNormalization(c1, k4, k, k, k)\na1 = Add(b1, r)\n"
        "y1 = Relu(a1)\nc2 = Conv(i, w)\nb2 = BatchNormalization(c2, k, k, k2, k)\ny2 = Relu(b2)\n"
        "dead = Neg(bad)\nz = If(b) then_branch={\n    t = Mul(k, k)\n    output t\n} else_branch={\n"
        "    f = Add(k, k)\n    output f\n}\noutput y1, y2, z\n";
    lab *l = lab_new(2, "native", 1);
    const onr_story *whole = tell(l, words, NULL, NULL);
    int n_tried = 0;
    for (size_t i = 0; i < whole->n; i++) {
        const onr_story_event *last = &whole->of[i];
        char stop[64];
        if (!last->number) continue;
        snprintf(stop, sizeof stop, "%s:%lld", last->pass, (long long)last->number);
        const onr_story *part = tell(l, words, NULL, stop);
        const onr_story_event *end = NULL;
        size_t k = 0;
        for (size_t p = 0; p < part->n; p++) {
            if (!part->of[p].number) continue;
            while (!whole->of[k].number) k++;
            assert_string_equal(part->of[p].pass, whole->of[k].pass);
            assert_int_equal(part->of[p].number, whole->of[k].number);
            assert_string_equal(part->of[p].node, whole->of[k].node);
            assert_string_equal(part->of[p].text, whole->of[k++].text);
            end = &part->of[p];
        }
        assert_non_null(end);
        assert_string_equal(end->pass, last->pass);
        assert_int_equal(end->number, last->number);
        n_tried++;
    }
    assert_true(n_tried >= 12);
    lab_free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_normalization),
        cmocka_unit_test(residuals),
        cmocka_unit_test(activations),
        cmocka_unit_test(products),
        cmocka_unit_test(normalizations),
        cmocka_unit_test(single_nodes),
        cmocka_unit_test(blocks),
        cmocka_unit_test(written_out),
        cmocka_unit_test(left_out),
        cmocka_unit_test(numbers_bisect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
