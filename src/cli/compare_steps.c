// compare_steps.c: `onnxrun compare`: every tensor of a run against a reference; the first that differs is named, then replaced
// by the reference, so that what follows is judged by itself. May assume: parsed options. Never keeps a tensor longer than its
// step.
#include "cli/commands.h"
#include "cli/compare.h"
#include "cli/distance.h"
#include "cli/inputs.h"
#include "cli/numbers.h"
#include "cli/open.h"
#include "cli/reference.h"
#include "cli/refuse.h"
#include "cli/repro.h"
#include "cli/term.h"
#include "io/names.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct job {
    const onr_args *args;
    onr_criterion criterion;
    onnxrun_model *model;
    onnxrun_session *session;
    onr_inputs inputs;
    onr_reference *reference;
    onr_repro repro;
    onr_names *made; // how often each tensor was
    onr_str json;
    onr_str first, first_json;                      // the first divergent node
    size_t n_compared, n_differ, n_unknown, n_done; // n_done: of the run's own steps
    onnxrun_error err;
    bool failed;
} job;

/// One comparison. `why` says what is different where that is no distance.
typedef struct finding {
    const char *name;
    const onnxrun_step_info *info;
    bool numbers, differs;
    onr_distance d;
    char why[256];
} finding;

// ---- words ------------------------------------------------------------------------------------------------------------------

// "0", or "got/reference" where there are any.
static const char *count_text(int64_t got, int64_t reference, char out[48]) {
    if (got || reference)
        snprintf(out, 48, "%" PRId64 "/%" PRId64, got, reference);
    else
        strcpy(out, "0");
    return out;
}

static const char *ulp_text(double ulp, char out[32]) {
    snprintf(out, 32, ulp < 1e8 ? "%.0f" : "%.2g", ulp);
    return out;
}

static void print_head(void) {
    printf("%-7s %9s %9s %8s %10s %5s %5s  tensor (node)\n", "", "max abs", "max rel", "max ULP", "cosine", "NaN", "Inf");
}

static void print_line(const job *j, const finding *f) {
    char nan[48], inf[48], ulp[32];
    const onr_distance *d = &f->d;
    const char *word = !f->differs ? "ok" : j->n_differ == 1 ? "FIRST" : "differs";
    if (f->numbers)
        printf("%-7s %9.3g %9.3g %8s %10.7f %5s %5s  ", word, d->max_abs, d->max_rel, ulp_text(d->max_ulp, ulp), d->cosine,
               count_text(d->nan, d->reference_nan, nan), count_text(d->inf, d->reference_inf, inf));
    else
        printf("%-7s %9s %9s %8s %10s %5s %5s  ", word, "-", "-", "-", "-", "-", "-");
    if (f->info)
        printf("%s (%s %s)", f->name, f->info->op, f->info->node);
    else
        printf("%s (an output)", f->name);
    printf("%s%s\n", *f->why ? ": " : "", f->why);
}

static void add_figure(onr_str *s, const char *key, double x) {
    onr_str_printf(s, ", \"%s\": ", key);
    onr_str_json_num(s, x);
}

static void add_json(onr_str *s, const finding *f) {
    const onr_distance *d = &f->d;
    onr_str_add(s, s->n ? ",\n  {\"name\": " : "\n  {\"name\": ");
    onr_str_json(s, f->name);
    onr_str_add(s, ", \"node\": ");
    onr_str_json(s, f->info ? f->info->node : NULL);
    onr_str_printf(s, ", \"same\": %s", f->differs ? "false" : "true");
    if (f->numbers) {
        add_figure(s, "max_abs", d->max_abs);
        add_figure(s, "max_rel", d->max_rel);
        add_figure(s, "max_ulp", d->max_ulp);
        add_figure(s, "cosine", d->cosine);
        onr_str_printf(s,
                       ", \"elements\": %" PRId64 ", \"differing\": %" PRId64 ", \"odd\": %" PRId64 ", \"nan\": %" PRId64
                       ", \"inf\": %" PRId64 ", \"reference_nan\": %" PRId64 ", \"reference_inf\": %" PRId64,
                       d->n, d->n_differ, d->odd, d->nan, d->inf, d->reference_nan, d->reference_inf);
    }
    if (*f->why) {
        onr_str_add(s, ", \"why\": ");
        onr_str_json(s, f->why);
    }
    onr_str_add(s, "}");
}

// "node 'conv1' (Conv), which does the work of conv1, bn1, relu1"
static void name_first(job *j, const finding *f) {
    const onnxrun_step_info *info = f->info;
    if (!info) {
        onr_str_printf(&j->first, "first divergent: the output '%s', which no node makes while running", f->name);
    } else {
        onr_str_printf(&j->first, "first divergent node: '%s' (%s), by its tensor '%s'", info->node, info->op, f->name);
        bool itself = info->n_origin == 1 && strcmp(info->origin[0], info->node) == 0;
        for (size_t i = 0; !itself && info->depth == 0 && i < info->n_origin; i++)
            onr_str_printf(&j->first, "%s%s", i ? ", " : "; it does the work of ", info->origin[i]);
    }
    onr_str_add(&j->first_json, "{\"tensor\": ");
    onr_str_json(&j->first_json, f->name);
    onr_str_add(&j->first_json, ", \"node\": ");
    onr_str_json(&j->first_json, info ? info->node : NULL);
    onr_str_add(&j->first_json, ", \"op\": ");
    onr_str_json(&j->first_json, info ? info->op : NULL);
    onr_str_add(&j->first_json, ", \"origin\": [");
    for (size_t i = 0; info && i < info->n_origin; i++) {
        if (i) onr_str_add(&j->first_json, ", ");
        onr_str_json(&j->first_json, info->origin[i]);
    }
    onr_str_add(&j->first_json, "]}");
}

// ---- judging ----------------------------------------------------------------------------------------------------------------

static void compare(const job *j, const onnxrun_value *want, const onnxrun_value *got, finding *f) {
    const onr_tolerance loose = {.rtol = isnan(j->args->rtol) ? 1e-3 : j->args->rtol,
                                 .atol = isnan(j->args->atol) ? 1e-5 : j->args->atol};
    f->numbers = onr_same_type(want, got) && onr_numbers_count(want) > 0;
    if (f->numbers) f->d = onr_distance_of(&j->criterion, want, got);
    f->differs = f->numbers ? f->d.n_differ > 0 : !onr_compare(want, got, &loose, f->why, sizeof f->why);
}

static onnxrun_status report(job *j, const finding *f, size_t nth, const onnxrun_value *want) {
    j->n_compared++;
    j->n_differ += f->differs;
    if (j->args->json)
        add_json(&j->json, f);
    else
        print_line(j, f);
    if (!f->differs || j->n_differ > 1) return ONNXRUN_OK;
    name_first(j, f);
    return j->args->repro && f->info ? onr_repro_expect(&j->repro, f->name, nth, f->info, want, &j->err) : ONNXRUN_OK;
}

// Judges output i of a step; false stops the run.
static bool judge(job *j, onnxrun_step *step, size_t i, const char *name, const onnxrun_value *got) {
    const onnxrun_value *want = NULL;
    finding f = {.name = name, .info = onnxrun_step_about(step)};
    int64_t *count = onr_names_add(j->made, name);
    size_t nth = count ? (size_t)++ * count : 0;
    onnxrun_status st = count ? onr_reference_get(j->reference, name, nth, got, &want, &j->err) : onr_io_no_memory(&j->err, 0);
    if (st == ONNXRUN_OK && !want) j->n_unknown++;
    if (st == ONNXRUN_OK && want) {
        compare(j, want, got, &f);
        st = report(j, &f, nth, want);
        if (st == ONNXRUN_OK && f.differs && f.numbers && onnxrun_step_replace(step, i, want, &j->err) == ONNXRUN_LIMIT)
            st = ONNXRUN_LIMIT;
    }
    j->failed = st != ONNXRUN_OK;
    return !j->failed && !(j->args->fail_fast && j->n_differ);
}

// How many of the run's steps are judged, on a terminal; the interpreter knows no number of steps.
static void show_progress(job *j, const onnxrun_step_info *info) {
    onnxrun_stats stats = {.size = sizeof stats};
    onnxrun_session_stats(j->session, &stats);
    j->n_done += info->depth == 0;
    if (j->n_done <= stats.n_steps) onr_term_progress(j->n_done, stats.n_steps, info->node);
}

static bool after(void *user, onnxrun_step *step) {
    const onnxrun_step_info *info = onnxrun_step_about(step);
    onr_term_progress(0, 0, ""); // lines of the table come
    for (size_t i = 0; info->n_origin && i < info->n_outputs; i++) {
        const char *name = onnxrun_step_output_name(step, i);
        const onnxrun_value *v = name ? onnxrun_step_output(step, i) : NULL;
        if (v && !judge(user, step, i, name, v)) return false;
    }
    show_progress(user, info);
    return true;
}

// Outputs that no hook saw: constants, inputs, and what was known before the run.
static onnxrun_status judge_outputs(job *j, onnxrun_value *const *out, size_t n, onnxrun_error *err) {
    for (size_t i = 0; i < n; i++) {
        const onnxrun_value *want = NULL;
        finding f = {.name = onnxrun_model_output_name(j->model, i)};
        if (onr_names_find(j->made, f.name)) continue;
        onnxrun_status st = onr_reference_output(j->reference, i, out[i], &want, err);
        if (st != ONNXRUN_OK) return st;
        if (!want) {
            j->n_unknown++;
            continue;
        }
        compare(j, want, out[i], &f);
        report(j, &f, 1, want);
    }
    return ONNXRUN_OK;
}

static onnxrun_status run_judged(job *j, onnxrun_error *err) {
    size_t n = onnxrun_model_n_outputs(j->model);
    const onnxrun_hooks hooks = {.after = after, .user = j};
    onnxrun_value **out = onr_io_alloc(n, sizeof *out);
    if (!out) return onr_io_no_memory(err, n * sizeof *out);
    onnxrun_session_set_hooks(j->session, &hooks);
    onnxrun_status st = onnxrun_run(j->session, (const onnxrun_value *const *)j->inputs.value, j->inputs.n, out, n, err);
    onr_term_progress(0, 0, "");
    if (st == ONNXRUN_OK) st = judge_outputs(j, out, n, err);
    for (size_t i = 0; i < n; i++) onnxrun_value_free(out[i]);
    onr_io_free(out);
    if (j->failed) *err = j->err;
    if (st == ONNXRUN_LIMIT && !j->failed && j->args->fail_fast && j->n_differ) return ONNXRUN_OK;
    return j->failed ? j->err.status : st;
}

// ---- the command ------------------------------------------------------------------------------------------------------------

static onnxrun_status prepare(job *j, onr_sidecar *sidecar, onnxrun_error *err) {
    const onr_args *args = j->args;
    if (!j->made) return onr_io_no_memory(err, 0);
    onnxrun_status st = onr_open_model(args, args->pos[0], &j->model, err);
    if (st == ONNXRUN_OK) st = onr_sidecar_read(args->pos[0], sidecar, err);
    if (st == ONNXRUN_OK)
        st = onr_inputs_read(args, j->model, sidecar, args->pos + 1, args->n_pos - 1, args->random, &j->inputs, err);
    if (st == ONNXRUN_OK) st = onr_open_session(args, j->model, &j->session, err);
    if (st == ONNXRUN_OK) st = onr_reference_open(args, j->model, &j->inputs, j->session, &j->reference, err);
    j->repro = (onr_repro){.args = args, .model = j->model, .inputs = &j->inputs};
    return st;
}

static onnxrun_status run(job *j, onnxrun_error *err) {
    if (!j->args->json) print_head();
    onnxrun_status st = run_judged(j, err);
    if (st == ONNXRUN_OK && j->n_compared == 0)
        return onr_io_fail(err, ONNXRUN_USAGE, "nothing was compared: the reference has none of this run's tensors");
    return st;
}

static void print_end(const job *j) {
    const onr_args *args = j->args;
    if (args->json) {
        printf("{\"version\": 1, \"compared\": %zu, \"differ\": %zu, \"unknown\": %zu, \"first\": %s, \"tensors\": [%s]}\n",
               j->n_compared, j->n_differ, j->n_unknown, j->first_json.s ? j->first_json.s : "null",
               j->json.s ? j->json.s : "");
    } else {
        printf("%zu tensors compared, %zu differ, %zu without a reference\n", j->n_compared, j->n_differ, j->n_unknown);
        if (j->first.s) printf("%s\n", j->first.s);
    }
}

// After the results: what --repro asks for, when there is something to show.
static onnxrun_status write_repro(job *j, onnxrun_error *err) {
    if (!j->args->repro || !j->n_differ) return ONNXRUN_OK;
    if (!j->repro.tensor) return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "--repro: no node makes the output while running");
    onr_reference_close(j->reference); // its memory is not needed any more
    j->reference = NULL;
    onnxrun_status st = onr_repro_write(&j->repro, j->session, err);
    if (st == ONNXRUN_OK)
        onr_term_say("%s/repro.sh: the part alone %s", j->args->repro,
                     j->repro.shows ? "differs, too" : "is within the tolerance; what is around it makes the difference");
    return st;
}

static void job_free(job *j) {
    onr_reference_close(j->reference);
    onr_repro_free(&j->repro);
    onr_str_free(&j->json);
    onr_str_free(&j->first);
    onr_str_free(&j->first_json);
    onr_names_free(j->made);
    onnxrun_session_free(j->session);
    onr_inputs_free(&j->inputs);
    onnxrun_model_free(j->model);
}

static int command(const onr_args *args) {
    onnxrun_error err;
    job j = {.args = args, .criterion = {args->rtol, args->atol, args->max_ulp}, .made = onr_names_new()};
    onr_sidecar sidecar = {0};
    onnxrun_status st = prepare(&j, &sidecar, &err);
    if (st == ONNXRUN_OK) st = run(&j, &err);
    if (st == ONNXRUN_OK && (j.json.failed || j.first.failed || j.first_json.failed)) st = onr_io_no_memory(&err, j.json.n);
    if (st == ONNXRUN_OK) print_end(&j);
    if (st == ONNXRUN_OK) st = write_repro(&j, &err);
    int code = st != ONNXRUN_OK ? onr_report(&err) : j.n_differ ? ONR_EXIT_DIFFERENT : 0;
    if (st != ONNXRUN_OK) onr_refuse_explain(args, j.model, &j.inputs, &err);
    onr_sidecar_free(&sidecar);
    job_free(&j);
    return code;
}

const onr_command onr_command_compare = {
    .name = "compare",
    .usage = "MODEL [INPUT...] [OPTIONS]",
    .summary = "compare every tensor of a run with a reference, and name the first that differs",
    .about =
        "Runs MODEL and compares every tensor that a node makes with the reference of the same name. One that differs is "
        "replaced by the reference before the run goes on, so that what follows is judged by itself. INPUT as for run.\n\n"
        "WHAT is one or more of O0 (default), O1, O2, cpu=LEVEL, threads=N, with commas between them: the model runs a second "
        "time, so, in step with the first. Or it is a file or folder that holds tensors: what run --save-steps wrote, or "
        "output_N.pb of ONNX's test data.\n\n"
        "Floats may differ by atol + rtol * |reference|: without --atol, 1e-5 times the reference's largest number; without "
        "--rtol 1e-3. With --max-ulp N, by N units in the last place, or by --atol and --rtol where they are given. Integers "
        "exactly. Exit code 1 when a tensor differs.",
    .options =
        "against rtol atol max-ulp fail-fast repro json test-data-set random seed free-dim input-shape batch threads cpu "
        "optimize disable-pass stop-after prefer ftz max-memory verbose quiet help",
    .min_pos = 1,
    .max_pos = SIZE_MAX,
    .run = command,
};
