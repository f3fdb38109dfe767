// info.c: `onnxrun info`: what a model is, and whether it can run.
// May assume: parsed options. Never runs the model.
#include "cli/commands.h"
#include "cli/dryplan.h"
#include "cli/open.h"
#include "cli/term.h"

static int command(const onr_args *args) {
    onnxrun_error err, why;
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    onnxrun_status st = onr_open_model(args, args->pos[0], &m, &err);
    if (st == ONNXRUN_OK) {
        // What cannot run is part of the answer, not a failure of it; a wrong option is a failure.
        onnxrun_status planned = onr_dryplan(args, m, &s, NULL, &why);
        if (planned == ONNXRUN_USAGE || planned == ONNXRUN_LIMIT || planned == ONNXRUN_INTERNAL) {
            st = planned;
            err = why;
        } else if (planned != ONNXRUN_OK) {
            onr_term_detail("%s", why.text);
        }
    }
    if (st == ONNXRUN_OK) st = onnxrun_info(m, s, args->json ? "json" : "text", onr_print_piece, NULL, &err);
    int code = st == ONNXRUN_OK ? 0 : onr_report(&err);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return code;
}

const onr_command onr_command_info = {
    .name = "info",
    .usage = "MODEL [OPTIONS]",
    .summary = "what a model is: inputs, outputs, operators, sizes, and what cannot run",
    .about = "Prints producer, IR and opset versions, inputs, outputs, parameters, multiply-adds, operators with counts, the "
             "bytes of arena "
             "and weights, and everything that this build cannot run, all at once.",
    .options =
        "json free-dim input-shape batch threads cpu optimize disable-pass stop-after prefer max-memory " ONR_LIMIT_OPTIONS
        "verbose quiet help",
    .min_pos = 1,
    .max_pos = 1,
    .run = command,
};
