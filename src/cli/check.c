// check.c: `onnxrun check`: everything that is wrong or odd in a model, all at once.
// May assume: parsed options. Never runs the model.
#include "cli/commands.h"
#include "cli/open.h"

static int exit_code(const onnxrun_verdict *v) {
    if (v->n_errors) return (int)v->status;
    return v->n_warnings ? ONR_EXIT_DIFFERENT : 0;
}

static int command(const onr_args *args) {
    onnxrun_error err;
    onnxrun_verdict verdict = {.size = sizeof verdict};
    onnxrun_status st = onnxrun_check(args->pos[0], args->json ? "json" : "text", onr_print_piece, NULL, &verdict, &err);
    return st == ONNXRUN_OK ? exit_code(&verdict) : onr_report(&err);
}

const onr_command onr_command_check = {
    .name = "check",
    .usage = "MODEL [--json]",
    .summary = "find everything that is wrong or odd in a model",
    .about =
        "Tells all problems of MODEL at once, each with node, reason and a hint. Errors cannot run: names without a source or "
        "with two, broken tensors, operators, types and attributes that are not supported, shapes that do not fit (with where "
        "both come from). Warnings run but are probably not meant: nodes out of order, declared types that are wrong, a batch "
        "size baked into a Reshape, NaN or infinite weights. Notes are good to know: denormal weights, weights that float16 "
        "cannot hold, initializers that nobody uses.\n\n"
        "The exit code is 3 when the model is broken, 4 when all errors are things that this build cannot run, 1 when there "
        "are warnings only, else 0.",
    .options = "json quiet help",
    .min_pos = 1,
    .max_pos = 1,
    .run = command,
};
