// dump.c: `onnxrun dump`: every stage from model to plan, as text, DOT or JSON.
// May assume: parsed options. Never runs the model.
#include "cli/commands.h"
#include "cli/dryplan.h"
#include "cli/explain.h"
#include "cli/open.h"
#include "io/file.h"

#include <string.h>

static bool collect(void *user, const char *text, size_t bytes) {
    onr_str_addn(user, text, bytes);
    return true;
}

static onnxrun_status dump(const onr_args *args, onnxrun_error *err) {
    const char *stage = args->stage ? args->stage : "graph", *format = args->format ? args->format : "text";
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    onr_str text = {0};
    onnxrun_status st = onr_open_model(args, args->pos[0], &m, err);
    bool session = strcmp(stage, "optimized") == 0 || strcmp(stage, "plan") == 0;
    if (st == ONNXRUN_OK && session) st = onr_dryplan(args, m, &s, NULL, err);
    if (st == ONNXRUN_OK && session) st = onr_explain_print(args, s, stderr, err);
    if (st == ONNXRUN_OK) st = onnxrun_dump(m, s, stage, format, collect, &text, err);
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
    .about = "Prints one stage of the way from bytes to steps: model (as the file says it), graph (imported, with types), "
             "optimized (after "
             "the passes for this CPU), plan (steps, kernels, offsets in the arena).\n\n"
             "--format is text (default), dot (for Graphviz) or json.",
    .options = "stage format output free-dim input-shape batch threads cpu optimize disable-pass stop-after explain-opt prefer "
               "max-memory " ONR_LIMIT_OPTIONS "verbose quiet "
               "help",
    .min_pos = 1,
    .max_pos = 1,
    .run = command,
};
