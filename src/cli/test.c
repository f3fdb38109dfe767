// test.c: `onnxrun test`: ONNX backend tests.
// May assume: parsed options. Never lets one test hide another.
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/suite.h"
#include "cli/term.h"
#include "io/file.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

typedef struct totals {
    size_t passed, failed, skipped;
    onr_str names; // of those that passed
    onr_str json;  // the list of tests
} totals;

// A glob matches a whole name, or its last part.
static bool is_wanted(const onr_args *args, const char *name) {
    const char *slash = strrchr(name, '/');
    for (size_t i = 0; i < args->only.n; i++) {
        const char *glob = args->only.item[i];
        if (fnmatch(glob, name, 0) == 0 || (slash && fnmatch(glob, slash + 1, 0) == 0)) return true;
    }
    return args->only.n == 0;
}

static void add_json(totals *t, const char *name, const char *verdict, const char *detail, double ms, double ulp) {
    onr_str_add(&t->json, t->json.n ? ",\n  {\"name\": " : "\n  {\"name\": ");
    onr_str_json(&t->json, name);
    onr_str_printf(&t->json, ", \"result\": \"%s\", \"ms\": %.1f, \"ulp\": %.6g, \"detail\": ", verdict, ms, ulp);
    onr_str_json(&t->json, detail);
    onr_str_add(&t->json, "}");
}

static void run_one(const onr_args *args, const struct onr_case *c, totals *t) {
    static const char *const words[] = {"passed", "failed", "skipped"};
    char detail[ONR_DETAIL];
    double start = onr_now_ms(), ulp;
    onr_verdict verdict = onr_case_run_apart(args, c, detail, &ulp);
    double ms = onr_now_ms() - start;
    onr_term_progress(0, 0, "");
    if (verdict == ONR_PASSED) {
        t->passed++;
        onr_str_printf(&t->names, "%s\n", c->name);
        onr_term_detail("passed %s (%.0f ms)", c->name, ms);
    } else if (verdict == ONR_FAILED) {
        t->failed++;
        if (!args->json) printf("%sFAIL%s %s: %s\n", onr_term_red(), onr_term_plain(), c->name, detail);
    } else {
        t->skipped++;
        onr_term_say("skipped %s: %s", c->name, detail);
    }
    if (args->json) add_json(t, c->name, words[verdict], detail, ms, ulp);
}

static void print_totals(const onr_args *args, const totals *t) {
    if (args->json) {
        printf("{\"version\": 1, \"passed\": %zu, \"failed\": %zu, \"skipped\": %zu, \"tests\": [%s\n]}\n", t->passed,
               t->failed, t->skipped, t->json.s ? t->json.s : "");
    } else {
        printf("%zu passed, %zu failed, %zu skipped\n", t->passed, t->failed, t->skipped);
    }
}

static int finish(const onr_args *args, totals *t) {
    onnxrun_error err;
    onnxrun_status st = ONNXRUN_OK;
    print_totals(args, t);
    if (t->names.failed || t->json.failed) st = onr_io_no_memory(&err, t->names.n + t->json.n);
    if (st == ONNXRUN_OK && args->list_passed) st = onr_io_write(args->list_passed, t->names.s, t->names.n, &err);
    if (st != ONNXRUN_OK) return onr_report(&err);
    if (t->passed + t->failed + t->skipped == 0) {
        onr_term_error("test: no test found%s", args->only.n ? " that -k matches" : "");
        return ONR_EXIT_USAGE;
    }
    return t->failed ? ONR_EXIT_DIFFERENT : 0;
}

static int command(const onr_args *args) {
    onr_cases cases = {0};
    totals t = {0};
    bool found = true;
    for (size_t i = 0; i < args->n_pos && found; i++) found = onr_cases_find(args->pos[i], &cases);
    int code = ONNXRUN_INVALID;
    if (found) {
        onr_cases_sort(&cases);
        for (size_t i = 0; i < cases.n; i++) {
            if (!is_wanted(args, cases.item[i].name)) continue;
            onr_term_progress(i, cases.n, cases.item[i].name);
            run_one(args, &cases.item[i], &t);
        }
        code = finish(args, &t);
    }
    onr_str_free(&t.names);
    onr_str_free(&t.json);
    onr_cases_free(&cases);
    return code;
}

const onr_command onr_command_test = {
    .name = "test",
    .usage = "DIR... [OPTIONS]",
    .summary = "run ONNX backend tests: folders with model.onnx and test_data_set_N",
    .about =
        "Runs every test folder in and beneath each DIR: model.onnx on test_data_set_N/input_I.pb, outputs compared with "
        "output_I.pb. "
        "Element types and shapes must be equal; floats may differ by atol + rtol * |expected|; NaN equals NaN. Each test has "
        "a process "
        "of its own: a crash is one failure.\n\n"
        "Prints a line for each failure with the first element that differs, and the totals. Exit code 1 when a test failed.",
    .options = "rtol atol only shape-only timeout list-passed json threads cpu optimize disable-pass stop-after prefer ftz "
               "max-memory seed verbose "
               "quiet help",
    .min_pos = 1,
    .max_pos = SIZE_MAX,
    .run = command,
};
