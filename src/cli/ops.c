// ops.c: `onnxrun ops`: the supported operators.
// May assume: parsed options. Never knows an operator.
#include "cli/commands.h"
#include "cli/open.h"

static int command(const onr_args *args) {
    onnxrun_error err;
    onnxrun_status st = onnxrun_list_ops(args->json ? "json" : "text", onr_print_piece, NULL, &err);
    return st == ONNXRUN_OK ? 0 : onr_report(&err);
}

const onr_command onr_command_ops = {
    .name = "ops",
    .usage = "[--json]",
    .summary = "list the supported operators with opsets and types",
    .about = "Lists every operator that this build can run, with the opset versions and the element types it takes.",
    .options = "json quiet help",
    .min_pos = 0,
    .max_pos = 0,
    .run = command,
};
