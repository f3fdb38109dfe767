// optimize.c: `onnxrun optimize`: the optimized graph as an ONNX model.
// May assume: parsed options. Never runs the model.
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/open.h"

#include <string.h>

static onnxrun_status show_json(const onr_args *args, const onnxrun_session *s, onnxrun_error *err) {
    onr_str text = {0};
    onr_str_add(&text, "{\"version\": 1, \"model\": ");
    onr_str_json(&text, args->pos[0]);
    onr_str_add(&text, ", \"output\": ");
    onr_str_json(&text, args->output);
    onnxrun_status st = onr_explain_member(args, s, &text, err);
    onr_str_add(&text, "}\n");
    if (st == ONNXRUN_OK && text.failed) st = onr_io_no_memory(err, text.n);
    if (st == ONNXRUN_OK) fwrite(text.s, 1, text.n, stdout);
    onr_str_free(&text);
    return st;
}

static onnxrun_status optimize(const onr_args *args, onnxrun_error *err) {
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    bool standard = args->output && strcmp(args->output, "-") == 0;
    if (!args->output) return onr_io_fail(err, ONNXRUN_USAGE, "optimize: -o OUT.onnx says where the model goes");
    if (standard && args->json)
        return onr_io_fail(err, ONNXRUN_USAGE, "optimize: --json and the model cannot both go to standard output");
    onnxrun_status st = onr_open_model(args, args->pos[0], &m, err);
    if (st == ONNXRUN_OK) st = onr_open_session(args, m, &s, err);
    if (st == ONNXRUN_OK) st = onnxrun_session_save(s, args->output, args->external_data, err);
    if (st == ONNXRUN_OK) st = onr_explain_print(args, s, standard ? stderr : stdout, err);
    if (st == ONNXRUN_OK && args->json) st = show_json(args, s, err);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return st;
}

static int command(const onr_args *args) {
    onnxrun_error err;
    return optimize(args, &err) == ONNXRUN_OK ? 0 : onr_report(&err);
}

const onr_command onr_command_optimize = {
    .name = "optimize",
    .usage = "MODEL -o OUT.onnx [OPTIONS]",
    .summary = "write the optimized graph as an ONNX model",
    .about =
        "Writes MODEL as onnxrun would run it, in standard operators that any runtime knows: constants computed, "
        "BatchNormalization in the weights of convolutions, identities and dead nodes gone, functions expanded. What only our "
        "kernels understand is not written: fused convolutions become Conv, Add and Relu or Clip again, and channels are not "
        "in blocks. Names are those of MODEL.\n\n"
        "-O1 makes bit-exact rewrites only; --disable-pass and --stop-after as everywhere.",
    .options = "output external-data explain-opt json optimize disable-pass stop-after threads cpu " ONR_LIMIT_OPTIONS
               "verbose quiet help",
    .min_pos = 1,
    .max_pos = 1,
    .run = command,
};
