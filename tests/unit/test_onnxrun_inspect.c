// test_onnxrun_inspect.c: dumps in every stage and format, info and the list of operators: JSON that Python reads, DOT that
// Graphviz draws. May assume: ONR_PYTHON; without Graphviz its test is skipped. Never compares whole texts: tests/cli does.
#include "base/str.h"
#include "onnxrun.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const stages[] = {"model", "graph", "optimized", "plan"}, *const formats[] = {"text", "dot", "json"};
enum { N_STAGES = 4, N_FORMATS = 3 };

static onr_arena *arena;
static const void *odd_bytes;
static size_t n_odd_bytes;

/// Names and texts that a careless writer would trip over, a subgraph, and an operator that nobody knows.
static void make_odd(void) {
    const int64_t dims[] = {-1, 2};
    const uint8_t yes = 1;
    const char *odd = "a\"b\\c\n<d>&{e}|\xc3\xa9\xff";
    Onnx__GraphProto *g = mk_graph(arena, odd), *body = mk_graph(arena, "then");
    MK_ADD(arena, g, input, mk_info(arena, odd, ONNXRUN_FLOAT, 2, dims));
    MK_ADD(arena, g, initializer, mk_raw(arena, "yes", ONNXRUN_BOOL, 0, NULL, &yes, 1));
    MK_ADD(arena, g, node, mk_node(arena, odd, "Relu", odd, "r"));
    MK_ADD(arena, body, node, mk_node(arena, "neg", "Neg", "r", "t"));
    MK_ADD(arena, body, output, mk_info(arena, "t", ONNXRUN_FLOAT, 2, dims));
    Onnx__NodeProto *choice = mk_node(arena, "choice", "If", "yes", "y");
    MK_ADD(arena, choice, attribute, mk_attr_graph(arena, "then_branch", body));
    MK_ADD(arena, choice, attribute, mk_attr_graph(arena, "else_branch", body));
    MK_ADD(arena, g, node, choice);
    MK_ADD(arena, g, output, mk_info(arena, "y", ONNXRUN_FLOAT, 2, dims));
    odd_bytes = mk_pack(arena, mk_model(arena, g), &n_odd_bytes);
}

static bool collect(void *user, const char *text, size_t bytes) {
    onr_str_addn(user, text, bytes);
    return true;
}

typedef struct opened {
    onnxrun_model *m;
    onnxrun_session *s;
} opened;

static opened open_model(const char *path, int level) {
    opened x = {0};
    onnxrun_error err;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.opt_level = level;
    onnxrun_status s = path ? onnxrun_model_load(path, NULL, &x.m, &err)
                            : onnxrun_model_load_memory(odd_bytes, n_odd_bytes, NULL, &x.m, &err);
    if (s != ONNXRUN_OK || onnxrun_session_new(x.m, &o, &x.s, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    return x;
}

static void plan_it(const opened *x) {
    onnxrun_type t;
    onnxrun_error err;
    static float zeros[3 * 32 * 32];
    onnxrun_model_input_type(x->m, 0, &t);
    for (int i = 0; i < t.rank; i++)
        if (t.dims[i] < 0) t.dims[i] = 1;
    onnxrun_value *in = onnxrun_value_borrow(t.dtype, t.rank, t.dims, zeros);
    if (onnxrun_session_plan(x->s, (const onnxrun_value *[]){in}, 1, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    onnxrun_value_free(in);
}

static void close_all(opened *x) {
    onnxrun_session_free(x->s);
    onnxrun_model_free(x->m);
}

/// Feeds the text to a program; returns its exit status.
static int feed(const char *command, const onr_str *text) {
    FILE *f = popen(command, "w");
    assert_non_null(f);
    fwrite(text->s, 1, text->n, f);
    return pclose(f);
}

static bool has_program(const char *test) { return system(test) == 0; }

/// Calls `look` with each dump of the shipped model and of the odd one.
static void each_dump(const char *format, void (*look)(const char *stage, const onr_str *text)) {
    static const char *const paths[] = {ONR_SOURCE_DIR "/models/residualnet16-fashion-bn.onnx", NULL};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        opened x = open_model(paths[i], 2);
        plan_it(&x);
        for (int stage = 0; stage < N_STAGES; stage++) {
            onr_str text = {0};
            onnxrun_error err;
            if (onnxrun_dump(x.m, x.s, stages[stage], format, collect, &text, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
            assert_true(text.n > 100 && !text.failed);
            look(stages[stage], &text);
            onr_str_free(&text);
        }
        close_all(&x);
    }
}

static void names_its_nodes(const char *stage, const onr_str *text) {
    if (!strstr(text->s, "Conv") && !strstr(text->s, "If")) fail_msg("stage %s does not show the nodes", stage);
}

static void as_text(void **state) {
    (void)state;
    each_dump("text", names_its_nodes);
}

static void is_json(const char *stage, const onr_str *text) {
    const char *command = ONR_PYTHON " -c 'import json, sys\nd = json.load(sys.stdin)\n"
                                     "assert d[\"version\"] == 1, d[\"version\"]'";
    if (feed(command, text) != 0) fail_msg("stage %s: this is no JSON with a version:\n%s", stage, text->s);
}

static void as_json(void **state) {
    (void)state;
    each_dump("json", is_json);
}

static void can_be_drawn(const char *stage, const onr_str *text) {
    if (feed("dot -Tsvg > /dev/null", text) != 0) fail_msg("stage %s: Graphviz cannot draw this:\n%s", stage, text->s);
}

static void as_dot(void **state) {
    (void)state;
    if (!has_program("command -v dot > /dev/null")) skip();
    each_dump("dot", can_be_drawn);
}

/// Nothing of the model's can end the script that it stands in.
static void is_page(const char *stage, const onr_str *text) {
    const char *at = strstr(text->s, "id=\"dump\">"), *end = at ? strstr(at, "</script>") : NULL, *script = "<script nonce=";
    if (!end || !strstr(end, "id=\"compare\"></script>") || !strstr(end, script) || strchr(at + 10, '<') != end)
        fail_msg("stage %s: this is no page with data in it", stage);
    if (strncmp(text->s, "<!DOCTYPE html>", 15) != 0 || strcmp(text->s + text->n - 8, "</html>\n") != 0 || strchr(text->s, '@'))
        fail_msg("stage %s: the page is not whole", stage);
}

static void as_page(void **state) {
    (void)state;
    each_dump("html", is_page);
}

/// Figures go along as they are, without '<'; constants have statistics.
static void page_with_figures(void **state) {
    (void)state;
    onnxrun_model *m;
    onnxrun_error err;
    onr_str text = {0};
    const onnxrun_figures figures = {.size = sizeof figures, .profile = "{\"a\": \"</script>\"}"};
    if (onnxrun_model_load(ONR_SOURCE_DIR "/tests/data/cli/linear.onnx", NULL, &m, &err) != ONNXRUN_OK)
        fail_msg("%s", err.text);
    assert_int_equal(onnxrun_draw(m, NULL, "graph", &figures, collect, &text, &err), ONNXRUN_OK);
    assert_non_null(strstr(text.s, "id=\"profile\">{\"a\": \"\\u003c/script>\"}</script>"));
    assert_non_null(strstr(text.s, "\"statistics\": {\"n\": 12, \"min\": -5, \"max\": 6, \"mean\": 0.5, "
                                   "\"std\": 3.452052529534663, \"zeros\": 1, \"nan\": 0, \"inf\": 0, \"denormal\": 0, "
                                   "\"contents\": \"{-5, -4, -3, -2, -1, 0, 1, 2, ...}\"}"));
    assert_int_equal(onnxrun_draw(m, NULL, "memory", NULL, collect, &text, &err), ONNXRUN_USAGE);
    onr_str_free(&text);
    onnxrun_model_free(m);
}

static void info_and_operators(void **state) {
    (void)state;
    opened x = open_model(NULL, 2);
    onnxrun_error err;
    for (int planned = 0; planned < 2; planned++) {
        if (planned) plan_it(&x);
        for (int with = 0; with < 2; with++) {
            onr_str text = {0}, json = {0};
            assert_int_equal(onnxrun_info(x.m, with ? x.s : NULL, "text", collect, &text, &err), ONNXRUN_OK);
            assert_int_equal(onnxrun_info(x.m, with ? x.s : NULL, "json", collect, &json, &err), ONNXRUN_OK);
            assert_true(text.n > 50);
            is_json("info", &json);
            onr_str_free(&text);
            onr_str_free(&json);
        }
    }
    close_all(&x);
    onr_str json = {0};
    assert_int_equal(onnxrun_list_ops("json", collect, &json, &err), ONNXRUN_OK);
    is_json("ops", &json);
    assert_non_null(strstr(json.s, "\"Conv\""));
    onr_str_free(&json);
}

// ---- what cannot be shown
// -------------------------------------------------------------------------------------------------------

static bool refuse(void *user, const char *text, size_t bytes) {
    (void)user, (void)text;
    return bytes == 0;
}

static void wrong_questions(void **state) {
    (void)state;
    opened x = open_model(NULL, 0);
    onnxrun_error err;
    onr_str text = {0};
    assert_int_equal(onnxrun_dump(x.m, x.s, "soup", "text", collect, &text, &err), ONNXRUN_USAGE);
    assert_non_null(strstr(err.text, "soup"));
    assert_int_equal(onnxrun_dump(x.m, x.s, "graph", "pdf", collect, &text, &err), ONNXRUN_USAGE);
    assert_non_null(strstr(err.text, "pdf"));
    assert_int_equal(onnxrun_dump(x.m, NULL, "optimized", "text", collect, &text, &err), ONNXRUN_USAGE);
    assert_non_null(strstr(err.text, "session"));
    assert_int_equal(onnxrun_dump(x.m, x.s, "plan", "text", collect, &text, &err), ONNXRUN_USAGE);
    assert_non_null(strstr(err.text, "plan"));
    assert_int_equal(onnxrun_info(x.m, NULL, "dot", collect, &text, &err), ONNXRUN_USAGE);
    assert_int_equal(onnxrun_list_ops("dot", collect, &text, &err), ONNXRUN_USAGE);
    assert_int_equal(text.n, 0);
    assert_int_equal(onnxrun_dump(x.m, x.s, "graph", "text", refuse, NULL, &err), ONNXRUN_LIMIT);
    assert_non_null(strstr(err.text, "receiver"));
    close_all(&x);
}

/// Info and dumps work on a model with an operator that nobody knows; a session does not.
static void unknown_operators(void **state) {
    (void)state;
    onnxrun_model *m;
    onnxrun_session *s = NULL;
    onnxrun_error err;
    onr_str info = {0};
    if (onnxrun_model_load(ONR_SOURCE_DIR "/tests/data/cli/unknown.onnx", NULL, &m, &err) != ONNXRUN_OK)
        fail_msg("%s", err.text);
    assert_int_equal(onnxrun_session_new(m, NULL, &s, &err), ONNXRUN_UNSUPPORTED);
    assert_non_null(strstr(err.text, "Frobnicate"));
    for (int format = 0; format < N_FORMATS; format++) {
        onr_str text = {0};
        if (onnxrun_dump(m, NULL, "model", formats[format], collect, &text, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
        assert_non_null(strstr(text.s, "Frobnicate"));
        onr_str_free(&text);
    }
    assert_int_equal(onnxrun_info(m, NULL, "text", collect, &info, &err), ONNXRUN_OK);
    assert_non_null(strstr(info.s, "Frobnicate"));
    assert_non_null(strstr(info.s, "Defenestrate")); // everything that cannot run, all at once
    onr_str_free(&info);
    onnxrun_model_free(m);
}

static int set_up(void **state) {
    (void)state;
    arena = onr_arena_new(0);
    make_odd();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    onr_arena_free(arena);
    return 0;
}

/// What the passes did, for those who asked for it when the session was made.
static void the_optimization_is_told(void **state) {
    (void)state;
    onnxrun_error err;
    onr_str text = {0}, json = {0};
    opened x = open_model(ONR_SOURCE_DIR "/models/residualnet16-fashion-bn.onnx", 2);
    assert_int_equal(onnxrun_explain(x.s, "text", collect, &text, &err), ONNXRUN_USAGE);
    assert_non_null(strstr(err.text, "explain"));
    onnxrun_session_free(x.s);
    onnxrun_session_options o = onnxrun_session_options_default();
    o.explain = true;
    if (onnxrun_session_new(x.m, &o, &x.s, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    assert_int_equal(onnxrun_explain(x.s, "dot", collect, &text, &err), ONNXRUN_USAGE);
    assert_int_equal(onnxrun_explain(x.s, "text", collect, &text, &err), ONNXRUN_OK);
    assert_int_equal(onnxrun_explain(x.s, "json", collect, &json, &err), ONNXRUN_OK);
    assert_non_null(strstr(json.s, "became scale and bias of Conv '/stem/stem.0/Conv'"));
    for (const char *p = text.s; *p; p += strcspn(p, "\n") + 1) assert_true(strcspn(p, "\n") <= 100); // long names aside
    int status = feed(ONR_PYTHON " -c 'import json, sys\nd = json.load(sys.stdin)\nassert d[\"version\"] == 1\n"
                                 "n = {p[\"name\"]: p[\"rewrites\"] for p in d[\"passes\"]}\n"
                                 "for k, v in n.items(): assert v == sum(r[\"pass\"] == k for r in d[\"rewrites\"]), k\n"
                                 "assert n[\"conv_bn\"] > 30'",
                      &json);
    assert_int_equal(status, 0);
    onr_str_free(&text);
    onr_str_free(&json);
    close_all(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_page),
        cmocka_unit_test(page_with_figures),
        cmocka_unit_test(as_text),
        cmocka_unit_test(as_json),
        cmocka_unit_test(as_dot),
        cmocka_unit_test(wrong_questions),
        cmocka_unit_test(unknown_operators),
        cmocka_unit_test(the_optimization_is_told),
        cmocka_unit_test(info_and_operators),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
