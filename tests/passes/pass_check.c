// pass_check.c: graph text before and after named passes; the rewritten graph must also compute what the original does.
// May assume: files NAME.before.txt on the command line; NAME.after.txt lies beside each and is written by --update.
// Never runs a pass that the file does not name, but for those that always run (resolve, infer, expand, check_declared).
#include "graph/edit.h"
#include "io/file.h"
#include "support/graph_text.h"
#include "support/lab.h"

#include "support/cmocka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OUT = 16 };

/// One case. Lines "# passes: fold dead", "# level: 1", "# cpu: avx512", "# batch: 3", "# tolerance: 1e-4",
/// "# run: no" steer it.
typedef struct pass_case {
    const char *path, *text;
    char passes[256], cpu[16];
    int level;
    int64_t batch;
    double tolerance;
    bool run;
} pass_case;

static bool update;

static bool directive(const char *text, const char *key, char *out, size_t n) {
    const char *at = strstr(text, key);
    if (!at) return false;
    at += strlen(key);
    while (*at == ' ') at++;
    size_t length = strcspn(at, "\n");
    assert_true(length < n);
    memcpy(out, at, length);
    out[length] = 0;
    return true;
}

static void read_directives(pass_case *c) {
    char word[64];
    c->level = directive(c->text, "# level:", word, sizeof word) ? atoi(word) : 2;
    c->batch = directive(c->text, "# batch:", word, sizeof word) ? atoi(word) : 2;
    c->tolerance = directive(c->text, "# tolerance:", word, sizeof word) ? atof(word) : 2e-6;
    c->run = !directive(c->text, "# run: no", word, sizeof word);
    if (!directive(c->text, "# passes:", c->passes, sizeof c->passes)) fail_msg("%s: no line '# passes:'", c->path);
    // Folding computes, and so needs what the machine really has; it does not depend on it otherwise.
    if (!directive(c->text, "# cpu:", c->cpu, sizeof c->cpu))
        strcpy(c->cpu, lab_lists(c->passes, "fold") ? "scalar" : "avx512");
}

static onr_graph *fresh(const pass_case *c, lab *l) {
    onr_graph *g = graph_text_read(c->path, c->text, l->arena);
    if (onr_graph_order(g, &l->err) != ONR_OK || onr_graph_verify(g, &l->err) != ONR_OK)
        fail_msg("%s: %s", c->path, l->err.text);
    assert_true(g->n_outputs <= MOST_OUT);
    return g;
}

// ---- the text ---------------------------------------------------------------------------------------------------------------

/// What the passes make of the graph on a CPU of the case's choice, whatever the machine has: layouts have one answer then.
static void rewrite(const pass_case *c, onr_str *out) {
    lab *l = lab_new(c->level, "scalar", 1);
    onr_pass_count counts[ONR_MAX_PASSES];
    int32_t n = 0;
    if (strcmp(c->cpu, "avx512") == 0) l->target.cpu.features = ONR_CPU_AVX2 | ONR_CPU_AVX512;
    if (strcmp(c->cpu, "avx2") == 0) l->target.cpu.features = ONR_CPU_AVX2;
    onr_graph *g = fresh(c, l);
    lab_optimize(l, c->path, g, c->passes, NULL, counts, &n);
    onr_str_add(out, "# rewrites:");
    for (int32_t i = 0; i < n; i++)
        if (lab_lists(c->passes, counts[i].name)) onr_str_printf(out, " %s %" PRId64, counts[i].name, counts[i].count);
    onr_str_add(out, "\n");
    graph_text_write(g, out);
    lab_free(l);
}

static void check_text(const pass_case *c) {
    char path[1024];
    onnxrun_error err;
    onr_str got = {0};
    snprintf(path, sizeof path, "%.*s.after.txt", (int)(strlen(c->path) - strlen(".before.txt")), c->path);
    rewrite(c, &got);
    assert_false(got.failed);
    if (update) {
        if (onr_io_write(path, got.s, got.n, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    } else {
        onr_map_file f;
        if (onr_io_open(path, &f, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
        if (f.bytes != got.n || memcmp(f.data, got.s, got.n) != 0)
            fail_msg("%s is not what the passes make (--update writes it):\n%s", path, got.s);
        onr_io_close(&f);
    }
    onr_str_free(&got);
}

// ---- the meaning ------------------------------------------------------------------------------------------------------------

/// Optimizes up to `stop_after` and compares both ways of running with the reference.
static void compare(const pass_case *c, lab *l, const char *stop_after, const onr_datum *in, const onr_datum *want,
                    onr_pass_count *counts, int32_t *n) {
    char what[1200];
    onr_datum got[MOST_OUT];
    onr_graph *g = fresh(c, l);
    lab_optimize(l, c->path, g, c->passes, stop_after, counts, n);
    snprintf(what, sizeof what, "%s after %s, interpreted", c->path, stop_after ? stop_after : "all");
    if (lab_interpret(l, g, in, got) != ONR_OK) fail_msg("%s: %s", what, l->err.text);
    lab_assert_near(what, g, got, want, c->tolerance);
    lab_release(g, got);
    snprintf(what, sizeof what, "%s after %s, planned", c->path, stop_after ? stop_after : "all");
    if (lab_plan(l, what, g, in, got) != ONR_OK) fail_msg("%s: %s", what, l->err.text);
    lab_assert_near(what, g, got, want, c->tolerance);
    lab_release(g, got);
}

/// The rewritten graph computes the same on this CPU: after all passes, and after every single rewrite.
static void check_results(const pass_case *c, uint64_t seed) {
    lab *plain = lab_new(0, "native", 1), *l = lab_new(c->level, "native", 2);
    onr_datum in[32], want[MOST_OUT];
    onr_pass_count counts[ONR_MAX_PASSES];
    int32_t n = 0;
    onr_graph *g = fresh(c, plain);
    lab_inputs(plain, g, c->batch, seed, in);
    lab_optimize(plain, c->path, g, "", NULL, NULL, NULL);
    if (lab_interpret(plain, g, in, want) != ONR_OK) fail_msg("%s: %s", c->path, plain->err.text);
    compare(c, l, NULL, in, want, counts, &n);
    for (int32_t i = 0; i < n; i++)
        for (int64_t k = 0; k < counts[i].count; k++) {
            char stop_after[64];
            snprintf(stop_after, sizeof stop_after, "%s:%" PRId64, counts[i].name, k);
            compare(c, l, stop_after, in, want, NULL, NULL);
        }
    lab_release(g, want);
    lab_free(l);
    lab_free(plain);
}

static void pass_case_run(void **state) {
    pass_case c = {.path = *state};
    onr_map_file f;
    onnxrun_error err;
    if (onr_io_open(c.path, &f, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    onr_arena *a = onr_arena_new(0);
    c.text = onr_arena_strndup(a, (const char *)f.data, f.bytes);
    onr_io_close(&f);
    assert_non_null(c.text);
    read_directives(&c);
    check_text(&c);
    for (uint64_t seed = 1; seed <= 3 && c.run; seed++) check_results(&c, seed);
    onr_arena_free(a);
}

int main(int argc, char **argv) {
    static struct CMUnitTest tests[256];
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        if (strcmp(argv[i], "--update") == 0)
            update = true;
        else if (n < sizeof tests / sizeof tests[0])
            tests[n++] = (struct CMUnitTest){slash ? slash + 1 : argv[i], pass_case_run, NULL, NULL, argv[i]};
    }
    if (n == 0) return fprintf(stderr, "usage: pass_check [--update] NAME.before.txt...\n"), 2;
    return _cmocka_run_group_tests("passes", tests, n, NULL, NULL);
}
