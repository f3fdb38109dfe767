// profile.c: `onnxrun profile`: what each step of a run takes, and how far that is from what the machine can do.
// May assume: parsed options. Never counts a run that includes planning.
#include "cli/profile.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/limits.h"
#include "cli/open.h"
#include "cli/refuse.h"
#include "cli/term.h"

#include <stdlib.h>

enum { WARMUP = 2, ITERATIONS = 20 };
static const double TIME_LIMIT_MS = 5e3; // of all runs, when their number was not given

typedef struct job {
    const onr_args *args;
    onnxrun_model *model;
    onnxrun_session *session;
    onr_sidecar sidecar;
    onr_inputs inputs;
    onnxrun_value **outputs;
    size_t n_outputs;
    onr_profile profile;
} job;

static onnxrun_status open_all(job *j, onnxrun_error *err) {
    const onr_args *args = j->args;
    const char *path = args->pos[0];
    onnxrun_status st = onr_open_model(args, path, &j->model, err);
    if (st == ONNXRUN_OK) st = onr_open_session(args, j->model, &j->session, err);
    if (st == ONNXRUN_OK) st = onr_sidecar_read(path, &j->sidecar, err);
    if (st == ONNXRUN_OK)
        st = onr_inputs_read(args, j->model, &j->sidecar, args->pos + 1, args->n_pos - 1, true, &j->inputs, err);
    if (st != ONNXRUN_OK) return st;
    j->n_outputs = onnxrun_model_n_outputs(j->model);
    j->outputs = onr_io_alloc(j->n_outputs, sizeof *j->outputs);
    if (!j->outputs) return onr_io_no_memory(err, j->n_outputs * sizeof *j->outputs);
    return onnxrun_session_plan(j->session, (const onnxrun_value *const *)j->inputs.value, j->inputs.n, err);
}

static onnxrun_status run_once(job *j, double *ms, onnxrun_error *err) {
    const double start = onr_now_ms();
    onnxrun_status st = onnxrun_run(j->session, (const onnxrun_value *const *)j->inputs.value, j->inputs.n, j->outputs,
                                    j->n_outputs, err);
    *ms = onr_now_ms() - start;
    for (size_t i = 0; i < j->n_outputs; i++) {
        onnxrun_value_free(j->outputs[i]);
        j->outputs[i] = NULL;
    }
    return st;
}

static onnxrun_status run_all(job *j, onnxrun_error *err) {
    const onr_args *args = j->args;
    const size_t warm = args->warmup >= 0 ? (size_t)args->warmup : WARMUP;
    const size_t n = args->iterations > 0 ? (size_t)args->iterations : ITERATIONS;
    onnxrun_status st = ONNXRUN_OK;
    double ms, start = onr_now_ms();
    for (size_t i = 0; i < warm && st == ONNXRUN_OK; i++) st = run_once(j, &ms, err);
    onr_profile_start(&j->profile, j->session, args->pos[0]);
    for (size_t i = 0; i < n && st == ONNXRUN_OK; i++) {
        if (i > 0 && args->iterations <= 0 && onr_now_ms() - start > TIME_LIMIT_MS) break;
        onr_term_progress(i, n, "profiled runs");
        onr_profile_begin(&j->profile);
        st = run_once(j, &ms, err);
        if (st == ONNXRUN_OK || j->profile.failed) st = onr_profile_end(&j->profile, ms, err);
    }
    onr_term_progress(0, 0, "");
    if (st == ONNXRUN_OK) st = onr_profile_finish(&j->profile, args, err);
    return st == ONNXRUN_OK ? onr_profile_denormals(&j->profile, &j->inputs, err) : st;
}

static onnxrun_status write_text(const char *path, void (*make)(const onr_profile *p, onr_str *out), const onr_profile *p,
                                 onnxrun_error *err) {
    onr_str text = {0};
    make(p, &text);
    onnxrun_status st = text.failed ? onr_io_no_memory(err, text.n) : onr_io_write(path, text.s, text.n, err);
    onr_str_free(&text);
    return st;
}

static int command(const onr_args *args) {
    onnxrun_error err;
    job j = {.args = args};
    onnxrun_status st = open_all(&j, &err);
    if (st == ONNXRUN_OK) st = run_all(&j, &err);
    if (st == ONNXRUN_OK && args->trace) st = write_text(args->trace, onr_profile_trace, &j.profile, &err);
    if (st == ONNXRUN_OK && args->json) st = write_text("-", onr_profile_json, &j.profile, &err);
    if (st == ONNXRUN_OK && !args->json) onr_profile_text(&j.profile, stdout, onr_term_bold(), onr_term_plain());
    const int code = st == ONNXRUN_OK ? 0 : onr_report(&err);
    if (st != ONNXRUN_OK) onr_refuse_explain(args, j.model, &j.inputs, &err);
    onr_profile_free(&j.profile);
    for (size_t i = 0; j.outputs && i < j.n_outputs; i++) onnxrun_value_free(j.outputs[i]);
    onr_io_free(j.outputs);
    onr_inputs_free(&j.inputs);
    onr_sidecar_free(&j.sidecar);
    onnxrun_session_free(j.session);
    onnxrun_model_free(j.model);
    return code;
}

const onr_command onr_command_profile = {
    .name = "profile",
    .usage = "MODEL [INPUT...] [OPTIONS]",
    .summary = "what each step takes: time, kernel, FLOP/s, per cent of the machine's roof",
    .about =
        "Runs MODEL some times and prints the least time of each step, the work it does, and per cent of the roof: of the time "
        "that the machine's FLOP/s or its memory's GB/s allow for so much work, whichever is longer. Both are measured on the "
        "spot. Inputs that are not given are random.",
    .options = "json trace peak-gflops peak-gbytes iterations warmup batch free-dim input-shape random seed test-data-set "
               "threads cpu optimize disable-pass stop-after prefer ftz max-memory " ONR_LIMIT_OPTIONS "verbose quiet help",
    .min_pos = 1,
    .max_pos = SIZE_MAX,
    .run = command,
};
