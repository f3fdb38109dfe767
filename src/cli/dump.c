// dump.c: `onnxrun dump`: every stage from model to plan, as text, DOT, JSON or a page to look at.
// May assume: parsed options. Never runs the model.
#include "cli/commands.h"
#include "cli/dryplan.h"
#include "cli/explain.h"
#include "cli/open.h"
#include "io/figures.h"
#include "io/file.h"

#include <string.h>

static bool collect(void *user, const char *text, size_t bytes) {
    onr_str_addn(user, text, bytes);
    return true;
}

// The files that colour a page.
static onnxrun_status draw(const onr_args *args, const onnxrun_model *m, const onnxrun_session *s, const char *stage,
                           onr_str *text, onnxrun_error *err) {
    char *profile = NULL, *compare = NULL;
    onnxrun_status st = ONNXRUN_OK;
    if (args->with_profile) st = onr_figures_read(args->with_profile, ONR_FIGURES_PROFILE, &profile, err);
    if (st == ONNXRUN_OK && args->with_compare) st = onr_figures_read(args->with_compare, ONR_FIGURES_COMPARE, &compare, err);
    onnxrun_figures figures = {.size = sizeof figures, .profile = profile, .compare = compare};
    if (st == ONNXRUN_OK) st = onnxrun_draw(m, s, stage, &figures, collect, text, err);
    onr_io_free(profile);
    onr_io_free(compare);
    return st;
}

static onnxrun_status dump(const onr_args *args, onnxrun_error *err) {
    const char *stage = args->stage ? args->stage : "graph", *format = args->format ? args->format : "text";
    const bool page = strcmp(format, "html") == 0, session = strcmp(stage, "optimized") == 0 || strcmp(stage, "plan") == 0;
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    onr_str text = {0};
    if (!page && (args->with_profile || args->with_compare))
        return onr_io_fail(err, ONNXRUN_USAGE,
                           "dump: --with-profile and --with-compare colour a page: they need --format html");
    onnxrun_status st = onr_open_model(args, args->pos[0], &m, err);
    if (st == ONNXRUN_OK && session) st = onr_dryplan(args, m, &s, NULL, err);
    if (st == ONNXRUN_OK && session) st = onr_explain_print(args, s, stderr, err);
    if (st == ONNXRUN_OK && page) st = draw(args, m, s, stage, &text, err);
    if (st == ONNXRUN_OK && !page) st = onnxrun_dump(m, s, stage, format, collect, &text, err);
    if (st == ONNXRUN_OK && text.failed) st = onr_io_no_memory(err, text.n);
    if (st == ONNXRUN_OK) st = onr_io_write(args->output ? args->output : "-", text.s, text.n, err);
    onr_str_free(&text);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return st;
}

static int command(const onr_args *args) {
    onnxrun_error err;
    return dump(args, &err) == ONNXRUN_OK ? 0 : onr_report(&err);
}

const onr_command onr_command_dump = {
    .name = "dump",
    .usage = "MODEL [--stage STAGE] [--format FORMAT] [OPTIONS]",
    .summary = "print a model as read, as graph, optimized, or as plan",
    .about =
        "Prints one stage of the way from bytes to steps: model (as the file says it), graph (imported, with types), "
        "optimized (after the passes for this CPU), plan (steps, kernels, offsets in the arena).\n\n"
        "--format is text (default), dot (for Graphviz), json, or html: a page that draws the graph in a browser, with blocks "
        "that open, a search, and all that is known of each node. It is one file that loads nothing. What was measured before "
        "can colour it: --with-profile takes what onnxrun profile --json printed, --with-compare what onnxrun compare --json "
        "did.",
    .options = "stage format output with-profile with-compare free-dim input-shape batch threads cpu optimize disable-pass "
               "stop-after explain-opt prefer "
               "max-memory " ONR_LIMIT_OPTIONS "verbose quiet "
               "help",
    .formats = "text|dot|json|html",
    .min_pos = 1,
    .max_pos = 1,
    .run = command,
};
