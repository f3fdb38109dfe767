// plan.c: `onnxrun plan`: how much memory a model will take, and why, before anything runs.
// May assume: parsed options. Never runs the model.
#include "cli/commands.h"
#include "cli/dryplan.h"
#include "cli/open.h"
#include "cli/refuse.h"
#include "io/file.h"

static bool collect(void *user, const char *text, size_t bytes) {
    onr_str_addn(user, text, bytes);
    return true;
}

// The picture, written whole or not at all.
static onnxrun_status draw(const onr_args *args, const onnxrun_model *m, const onnxrun_session *s, onnxrun_error *err) {
    onr_str text = {0};
    onnxrun_status st = onnxrun_dump(m, s, "memory", "svg", collect, &text, err);
    if (st == ONNXRUN_OK && text.failed) st = onr_io_no_memory(err, text.n);
    if (st == ONNXRUN_OK) st = onr_io_write(args->svg, text.s, text.n, err);
    onr_str_free(&text);
    return st;
}

static int command(const onr_args *args) {
    onnxrun_error err;
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    onr_inputs inputs = {0};
    onnxrun_status st = onr_open_model(args, args->pos[0], &m, &err);
    if (st == ONNXRUN_OK) st = onr_dryplan(args, m, &s, &inputs, &err);
    if (st == ONNXRUN_OK && args->svg) st = draw(args, m, s, &err);
    if (st == ONNXRUN_OK) st = onnxrun_dump(m, s, "memory", args->json ? "json" : "text", onr_print_piece, NULL, &err);
    onnxrun_status fits = st == ONNXRUN_OK ? onr_refuse_plan(args, s, &err) : st;
    int code = fits == ONNXRUN_OK ? 0 : onr_report(&err);
    if (st == ONNXRUN_OK && fits != ONNXRUN_OK) {
        onnxrun_stats stats = {.size = sizeof stats};
        onnxrun_session_stats(s, &stats);
        onr_refuse_hint(args, m, &inputs, stats.arena_bytes + stats.packed_bytes);
    }
    onr_inputs_free(&inputs);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return code;
}

const onr_command onr_command_plan = {
    .name = "plan",
    .usage = "MODEL [-f NAME=N] [--json] [--svg FILE] [OPTIONS]",
    .summary = "how much memory a run will take, and what for, before it runs",
    .about =
        "Plans MODEL for the given shapes (free dimensions are 1) and tells the peak of its memory, which tensors are alive "
        "there, what works in place or is a view, and what the weights take. --svg draws the arena over time: steps to the "
        "right, offsets upwards. With --max-memory, exit code 5 when it takes more, and a hint what takes less.",
    .options =
        "json svg free-dim input-shape batch threads cpu optimize disable-pass stop-after prefer max-memory verbose quiet "
        "help",
    .min_pos = 1,
    .max_pos = 1,
    .run = command,
};
