// run.c: `onnxrun run`: inputs in, results out.
// May assume: parsed options. Never prints a result before the run has succeeded.
#include "cli/classes.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/inputs.h"
#include "cli/limits.h"
#include "cli/observe.h"
#include "cli/open.h"
#include "cli/outputs.h"
#include "cli/profile.h"
#include "cli/refuse.h"
#include "cli/sweep.h"
#include "cli/term.h"
#include "cli/text.h"
#include "io/checksum.h"
#include "io/labels.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_PRINT = 16, DEFAULT_TOP = 3 };

typedef struct job {
    const onr_args *args;
    onnxrun_model *model;
    onnxrun_session *session;
    onr_observer *observer;
    onr_sidecar sidecar;
    onr_labels labels;
    onr_inputs inputs;
    onnxrun_value **outputs;
    size_t n_outputs;
    double run_ms;
    onr_profile profile; // --profile
} job;

static onnxrun_status prepare_inputs(job *j, onnxrun_error *err) {
    const onr_args *args = j->args;
    const char *path = args->pos[0];
    onnxrun_status st = onr_open_model(args, path, &j->model, err);
    if (st != ONNXRUN_OK) return st;
    j->n_outputs = onnxrun_model_n_outputs(j->model);
    j->outputs = onr_io_alloc(j->n_outputs, sizeof *j->outputs);
    if (!j->outputs) return onr_io_no_memory(err, j->n_outputs * sizeof *j->outputs);
    st = onr_outputs_check(args, j->n_outputs, err);
    if (st == ONNXRUN_OK) st = onr_sidecar_read(path, &j->sidecar, err);
    const char *labels = args->labels ? args->labels : j->sidecar.labels;
    if (st == ONNXRUN_OK && labels) st = onr_labels_read(labels, &j->labels, err);
    if (st == ONNXRUN_OK) {
        st = onr_inputs_read(args, j->model, &j->sidecar, args->pos + 1, args->n_pos - 1, args->random, &j->inputs, err);
    }
    return st;
}

static onnxrun_status prepare(job *j, onnxrun_error *err) {
    onr_checksum none;
    onnxrun_status st = prepare_inputs(j, err);
    if (st == ONNXRUN_OK && j->args->checksum) st = onr_checksum_bytes("", 0, &none, err); // told before time is lost
    if (st == ONNXRUN_OK) st = onr_observe_open(j->args, j->model, &j->observer, &j->session, err);
    return st == ONNXRUN_OK ? onr_explain_print(j->args, j->session, stderr, err) : st;
}

static onnxrun_status run(job *j, onnxrun_error *err) {
    const onnxrun_value *const *inputs = (const onnxrun_value *const *)j->inputs.value;
    onnxrun_status st = ONNXRUN_OK;
    if (j->args->profile) { // planning is no step
        st = onnxrun_session_plan(j->session, inputs, j->inputs.n, err);
        onr_profile_start(&j->profile, j->session, j->args->pos[0]);
        onr_profile_begin(&j->profile);
    }
    double start = onr_now_ms();
    if (st == ONNXRUN_OK) st = onnxrun_run(j->session, inputs, j->inputs.n, j->outputs, j->n_outputs, err);
    j->run_ms = onr_now_ms() - start;
    if (j->args->profile && (st == ONNXRUN_OK || j->profile.failed)) st = onr_profile_end(&j->profile, j->run_ms, err);
    if (j->args->profile && st == ONNXRUN_OK) st = onr_profile_finish(&j->profile, j->args, err);
    return st;
}

// "1f...  y: float32[1 x 3]" for each output, as sha256sum writes it.
static onnxrun_status show_checksums(const job *j, onnxrun_error *err) {
    for (size_t i = 0; i < j->n_outputs; i++) {
        onr_checksum c;
        char digits[ONR_CHECKSUM_TEXT], type[256];
        onnxrun_status st = onr_checksum_of(j->outputs[i], &c, err);
        if (st != ONNXRUN_OK) return st;
        printf("%s  %s: %s\n", onr_checksum_text(c, digits), onnxrun_model_output_name(j->model, i),
               onr_value_text(j->outputs[i], type));
    }
    return ONNXRUN_OK;
}

static onnxrun_status checksums_json(const job *j, onr_str *out, onnxrun_error *err) {
    onr_str_add(out, ",\n \"checksums\": [");
    for (size_t i = 0; i < j->n_outputs && j->outputs[i]; i++) {
        onr_checksum c;
        char digits[ONR_CHECKSUM_TEXT];
        onnxrun_status st = onr_checksum_of(j->outputs[i], &c, err);
        if (st != ONNXRUN_OK) return st;
        onr_str_printf(out, "%s\"%s\"", i ? ", " : "", onr_checksum_text(c, digits));
    }
    onr_str_add(out, "]");
    return ONNXRUN_OK;
}

// The results, and what was observed, for programs.
static onnxrun_status show_json(const job *j, onnxrun_error *err) {
    onr_str text = {0};
    onnxrun_stats stats = {.size = sizeof stats};
    onnxrun_session_stats(j->session, &stats);
    onr_str_printf(&text, "{\"version\": 1, \"ms\": ");
    onr_str_json_num(&text, j->run_ms);
    onr_str_printf(&text, ", \"threads\": %d, \"cpu\": ", stats.n_threads);
    onr_str_json(&text, stats.cpu);
    onr_str_add(&text, ",\n \"outputs\": [");
    for (size_t i = 0; i < j->n_outputs && j->outputs[i]; i++) {
        if (i) onr_str_add(&text, ",");
        onr_str_add(&text, "\n  ");
        onr_value_json(onnxrun_model_output_name(j->model, i), j->outputs[i],
                       j->args->print < 0 ? DEFAULT_PRINT : j->args->print, &text);
    }
    onr_str_add(&text, "]");
    onnxrun_status st = j->args->checksum ? checksums_json(j, &text, err) : ONNXRUN_OK;
    onr_observe_json(j->observer, &text);
    if (st == ONNXRUN_OK) st = onr_explain_member(j->args, j->session, &text, err);
    onr_str_add(&text, "}\n");
    if (st == ONNXRUN_OK && text.failed) st = onr_io_no_memory(err, text.n);
    if (st == ONNXRUN_OK) fwrite(text.s, 1, text.n, stdout);
    onr_str_free(&text);
    return st;
}

// Classes when they were asked for, or when a picture went into a model that has names for its classes.
static onnxrun_status show(job *j, onnxrun_error *err) {
    const onr_args *args = j->args;
    bool classes = args->top_k > 0 ||
                   (args->top_k < 0 && (args->labels || (j->sidecar.found && j->labels.n && j->inputs.n_pictures)));
    onnxrun_status st = args->checksum ? show_checksums(j, err) : ONNXRUN_OK;
    if (st != ONNXRUN_OK || j->n_outputs == 0) return st;
    if (classes && (args->top_k > 0 || !args->output)) {
        st = onr_classes_print(j->outputs[0], &j->labels, args->top_k > 0 ? args->top_k : DEFAULT_TOP, j->inputs.picture,
                               j->inputs.n_pictures, err);
        if (st != ONNXRUN_OK || args->print < 0) return st;
    }
    if (args->print < 0 && (args->output || args->checksum)) return ONNXRUN_OK;
    for (size_t i = 0; i < j->n_outputs; i++) {
        onr_value_print(onnxrun_model_output_name(j->model, i), j->outputs[i], args->print < 0 ? DEFAULT_PRINT : args->print);
    }
    return ONNXRUN_OK;
}

static void say_time(const job *j) {
    onnxrun_stats stats = {.size = sizeof stats};
    onnxrun_session_stats(j->session, &stats);
    onr_term_say("%.1f ms on %d thread%s (%s)", j->run_ms, stats.n_threads, stats.n_threads == 1 ? "" : "s", stats.cpu);
}

static void say_profile(const job *j) {
    fflush(stdout);
    onr_profile_text(&j->profile, stderr, "", "");
}

static void job_free(job *j) {
    onr_profile_free(&j->profile);
    for (size_t i = 0; j->outputs && i < j->n_outputs; i++) onnxrun_value_free(j->outputs[i]);
    onr_io_free(j->outputs);
    onr_inputs_free(&j->inputs);
    onr_labels_free(&j->labels);
    onr_sidecar_free(&j->sidecar);
    onnxrun_session_free(j->session);
    onr_observe_free(j->observer);
    onnxrun_model_free(j->model);
}

// --threads-sweep takes the place of the run.
static int sweep(const onr_args *args) {
    onnxrun_error err;
    job j = {.args = args};
    bool same = false;
    onnxrun_status st = prepare_inputs(&j, &err);
    if (st == ONNXRUN_OK) st = onr_sweep(args, j.model, &j.inputs, &same, &err);
    onr_limits_stop_watch();
    int code = st != ONNXRUN_OK ? onr_report(&err) : same ? 0 : ONR_EXIT_DIFFERENT;
    job_free(&j);
    return code;
}

static int command(const onr_args *args) {
    if (args->threads_sweep) return sweep(args);
    onnxrun_error err;
    job j = {.args = args};
    onnxrun_status st = prepare(&j, &err);
    bool found_nan = false;
    if (st == ONNXRUN_OK) st = onr_observe_finish(j.observer, run(&j, &err), &found_nan, &err);
    onr_limits_stop_watch();
    bool whole = st == ONNXRUN_OK && !found_nan;
    if (whole && args->output) st = onr_outputs_write(args, j.model, j.outputs, j.n_outputs, &err);
    if (st == ONNXRUN_OK && args->json) st = show_json(&j, &err);
    if (st == ONNXRUN_OK && whole && !args->json) st = show(&j, &err);
    if (st == ONNXRUN_OK && whole) say_time(&j);
    if (st == ONNXRUN_OK && whole && args->profile) say_profile(&j);
    int code = st != ONNXRUN_OK ? onr_report(&err) : found_nan ? ONR_EXIT_DIFFERENT : 0;
    if (st != ONNXRUN_OK) onr_refuse_explain(args, j.model, &j.inputs, &err);
    job_free(&j);
    return code;
}

const onr_command onr_command_run = {
    .name = "run",
    .usage = "MODEL [INPUT...] [OPTIONS]",
    .summary = "run a model on files, pictures, test data or random numbers",
    .about =
        "Runs MODEL once and prints the first values of each output, or the most probable classes when a picture goes into a "
        "model "
        "that has class names in its sidecar file (MODEL.json).\n\n"
        "INPUT is a file for the next input, or NAME=FILE for the input of that name; - is standard input. Forms, by the "
        "name's "
        "ending: .npy and .npz (NumPy), .pb (ONNX TensorProto; for sequences and optionals SequenceProto and OptionalProto), "
        ".png "
        ".jpg .ppm (pictures; several for the only input become a batch), .bin (raw little-endian bytes of exactly the right "
        "size).\n\n"
        "--format is pb, npy, npz or bin; without it, -o goes by the ending of its file, and a folder gets output_0.pb, ...",
    .options = "output format print json checksum threads-sweep save-steps dump-tensors stats check-nan top-k labels "
               "test-data-set random seed "
               "free-dim input-shape batch mean std scale profile threads cpu optimize "
               "disable-pass stop-after explain-opt prefer ftz max-memory " ONR_LIMIT_OPTIONS "verbose quiet help",
    .formats = "pb|npy|npz|bin",
    .min_pos = 1,
    .max_pos = SIZE_MAX,
    .run = command,
};
