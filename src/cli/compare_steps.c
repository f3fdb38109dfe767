// compare_steps.c: `onnxrun compare`: every tensor of a run against a reference; the first that differs is named, then replaced
// by the reference, so that what follows is judged by itself. May assume: parsed options. Never holds more than one tensor of
// either side: a reference that is computed goes through a file.
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/numbers.h"
#include "cli/open.h"
#include "cli/term.h"
#include "cli/text.h"
#include "io/names.h"
#include "io/steps.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct job {
    const onr_args *args;
    onnxrun_model *model;
    onr_inputs inputs;
    onr_steps_out *save; // the reference run writes
    onr_steps_in *want;  // the judged run reads
    onr_names *made;     // and how often
    onr_str temp;        // the reference's file, empty when it was given
    onr_str json;
    size_t n_compared, n_differ, n_unknown;
    onnxrun_error err;
    bool failed;
} job;

/// How far a tensor is from its reference.
typedef struct distance {
    double max_abs, max_rel, max_ulp, cosine;
    int64_t n, n_differ, odd; // odd: NaN or Inf where the reference has none, or the other way round
} distance;

// The place of a number in the list of all numbers of its format.
static double ordinal(double x, onr_float_form form) {
    int e;
    double size = fabs(x);
    frexp(size, &e);
    e = size == 0 || e - 1 < form.exponent ? form.exponent : e - 1;
    double place = ldexp(size, form.bits - e) + ldexp((double)(e - form.exponent), form.bits);
    return x < 0 ? -place : place;
}

static double largest(const onnxrun_value *v) {
    onr_stats s = onr_stats_of(v);
    return isnan(s.min) ? 0 : fmax(fabs(s.min), fabs(s.max));
}

static distance measure(const job *j, const onnxrun_value *want, const onnxrun_value *got) {
    enum { BLOCK = 512 };
    onr_float_form form = onr_float_form_of(onnxrun_value_dtype(want));
    double rtol = !isnan(j->args->rtol) ? j->args->rtol : form.bits ? 1e-3 : 0;
    double atol = !isnan(j->args->atol) ? j->args->atol : form.bits ? 1e-5 * largest(want) : 0;
    double a[BLOCK], b[BLOCK], ab = 0, aa = 0, bb = 0;
    distance d = {.n = onr_numbers_count(want)};
    for (int64_t at = 0; at < d.n; at += BLOCK) {
        int64_t n = d.n - at < BLOCK ? d.n - at : BLOCK;
        onr_numbers_read(want, at, n, a);
        onr_numbers_read(got, at, n, b);
        for (int64_t i = 0; i < n; i++) {
            if (!isfinite(a[i]) || !isfinite(b[i])) {
                bool same = (isnan(a[i]) && isnan(b[i])) || a[i] == b[i];
                d.odd += !same;
                d.n_differ += !same;
                continue;
            }
            double far = fabs(a[i] - b[i]);
            d.n_differ += far > atol + rtol * fabs(a[i]);
            d.max_abs = fmax(d.max_abs, far);
            if (a[i] != 0) d.max_rel = fmax(d.max_rel, far / fabs(a[i]));
            if (form.bits && far > 0) d.max_ulp = fmax(d.max_ulp, fabs(ordinal(a[i], form) - ordinal(b[i], form)));
            ab += a[i] * b[i];
            aa += a[i] * a[i];
            bb += b[i] * b[i];
        }
    }
    d.cosine = aa > 0 && bb > 0 ? ab / (sqrt(aa) * sqrt(bb)) : aa == bb ? 1 : 0;
    return d;
}

static bool same_type(const onnxrun_value *a, const onnxrun_value *b) {
    int rank = onnxrun_value_rank(a);
    return onnxrun_value_kind(a) == onnxrun_value_kind(b) && onnxrun_value_dtype(a) == onnxrun_value_dtype(b) &&
           rank == onnxrun_value_rank(b) &&
           memcmp(onnxrun_value_dims(a), onnxrun_value_dims(b), (size_t)rank * sizeof(int64_t)) == 0;
}

static void report(job *j, const char *name, const onnxrun_step_info *info, const distance *d, bool typed) {
    bool differs = !typed || d->n_differ > 0;
    const char *word = !differs ? "ok" : j->n_differ == 0 ? "FIRST" : "differs";
    j->n_compared++;
    j->n_differ += differs;
    if (!j->args->json) {
        printf("%-8s %10.3g %10.3g %8.0f %10.7f %6" PRId64 "  %s (%s %s)%s\n", word, d->max_abs, d->max_rel, d->max_ulp,
               d->cosine, d->odd, name, info->op, info->node, typed ? "" : ": another type or shape");
        return;
    }
    onr_str_add(&j->json, j->json.n ? ",\n  {\"name\": " : "\n  {\"name\": ");
    onr_str_json(&j->json, name);
    onr_str_add(&j->json, ", \"node\": ");
    onr_str_json(&j->json, info->node);
    onr_str_printf(&j->json, ", \"same\": %s, \"max_abs\": ", differs ? "false" : "true");
    onr_str_json_num(&j->json, d->max_abs);
    onr_str_add(&j->json, ", \"max_rel\": ");
    onr_str_json_num(&j->json, d->max_rel);
    onr_str_add(&j->json, ", \"max_ulp\": ");
    onr_str_json_num(&j->json, d->max_ulp);
    onr_str_add(&j->json, ", \"cosine\": ");
    onr_str_json_num(&j->json, d->cosine);
    onr_str_printf(&j->json, ", \"odd\": %" PRId64 "}", d->odd);
}

// Judges output i of a step; false stops the run.
static bool judge(job *j, onnxrun_step *step, size_t i, const char *name, const onnxrun_value *got) {
    onnxrun_value *want = NULL;
    int64_t *nth = onr_names_add(j->made, name);
    onnxrun_status st = nth ? onr_steps_get(j->want, name, (size_t)++ * nth, got, &want, &j->err)
                            : onr_io_no_memory(&j->err, 0);
    size_t before = j->n_differ;
    if (st == ONNXRUN_OK && !want) j->n_unknown++;
    if (st == ONNXRUN_OK && want) {
        bool typed = same_type(want, got);
        distance d = typed ? measure(j, want, got) : (distance){0};
        report(j, name, onnxrun_step_about(step), &d, typed);
        if (typed && j->n_differ > before && onnxrun_step_replace(step, i, want, &j->err) == ONNXRUN_LIMIT) st = ONNXRUN_LIMIT;
    }
    onnxrun_value_free(want);
    j->failed = st != ONNXRUN_OK;
    return !j->failed && !(j->args->fail_fast && j->n_differ);
}

static bool after(void *user, onnxrun_step *step) {
    job *j = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    for (size_t i = 0; info->n_origin && i < info->n_outputs; i++) {
        const char *name = onnxrun_step_output_name(step, i);
        const onnxrun_value *v = name ? onnxrun_step_output(step, i) : NULL;
        if (!v || onr_numbers_count(v) == 0) continue;
        if (!j->save) {
            if (!judge(j, step, i, name, v)) return false;
            continue;
        }
        onnxrun_status st = onr_steps_add(j->save, name, v, &j->err);
        j->failed = st != ONNXRUN_OK && st != ONNXRUN_UNSUPPORTED;
        if (j->failed) return false;
    }
    return true;
}

static onnxrun_status run_hooked(job *j, const onr_args *args, onnxrun_error *err) {
    onnxrun_session *s = NULL;
    size_t n = onnxrun_model_n_outputs(j->model);
    const onnxrun_hooks hooks = {.after = after, .user = j};
    onnxrun_value **out = onr_io_alloc(n, sizeof *out);
    onnxrun_status st = out ? onr_open_session(args, j->model, &s, err) : onr_io_no_memory(err, n * sizeof *out);
    if (st == ONNXRUN_OK) onnxrun_session_set_hooks(s, &hooks);
    if (st == ONNXRUN_OK) st = onnxrun_run(s, (const onnxrun_value *const *)j->inputs.value, j->inputs.n, out, n, err);
    for (size_t i = 0; out && i < n; i++) onnxrun_value_free(out[i]);
    onr_io_free(out);
    onnxrun_session_free(s);
    if (j->failed) *err = j->err;
    if (st == ONNXRUN_LIMIT && !j->failed && args->fail_fast && j->n_differ) return ONNXRUN_OK;
    return j->failed ? j->err.status : st;
}

// A folder of our own for the computed reference, in TMPDIR, and the file's name in it.
static onnxrun_status make_temp(job *j, onnxrun_error *err) {
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder) folder = "/tmp";
    onr_str_printf(&j->temp, "%s/onnxrun-XXXXXX", folder);
    if (j->temp.failed) return onr_io_no_memory(err, strlen(folder));
    if (!mkdtemp(j->temp.s)) {
        onr_str_free(&j->temp);
        return onr_io_fail(err, ONNXRUN_USAGE, "no folder for the reference in '%s' (TMPDIR): %s", folder, strerror(errno));
    }
    onr_str_add(&j->temp, "/steps.npz");
    return j->temp.failed ? onr_io_no_memory(err, j->temp.n) : ONNXRUN_OK;
}

// "O0", "cpu=LEVEL": the reference is computed, into a file; anything else is a saved stream.
static onnxrun_status open_reference(job *j, onnxrun_error *err) {
    const char *against = j->args->against ? j->args->against : "O0", *path = against;
    onr_args reference = *j->args;
    bool level = against[0] == 'O' && against[1] >= '0' && against[1] <= '2' && !against[2];
    if (level) reference.opt_level = against[1] - '0';
    if (strncmp(against, "cpu=", 4) == 0) reference.cpu = against + 4;
    if (level || reference.cpu == against + 4) {
        onnxrun_status st = make_temp(j, err);
        if (st != ONNXRUN_OK) return st;
        path = j->temp.s;
        st = onr_steps_create(path, &j->save, err);
        if (st == ONNXRUN_OK) st = run_hooked(j, &reference, err);
        onr_steps_out *save = j->save;
        j->save = NULL;
        if (st != ONNXRUN_OK) return onr_steps_abandon(save), st;
        if ((st = onr_steps_finish(save, err)) != ONNXRUN_OK) return st;
    }
    return onr_steps_open(path, &j->want, err);
}

static void job_free(job *j) {
    onr_steps_close(j->want);
    if (j->temp.s) {
        unlink(j->temp.s);
        *strrchr(j->temp.s, '/') = '\0';
        rmdir(j->temp.s);
        onr_str_free(&j->temp);
    }
    onr_str_free(&j->json);
    onr_names_free(j->made);
    onr_inputs_free(&j->inputs);
    onnxrun_model_free(j->model);
}

static int command(const onr_args *args) {
    onnxrun_error err;
    job j = {.args = args, .made = onr_names_new()};
    onr_sidecar sidecar = {0};
    onnxrun_status st = j.made ? onr_open_model(args, args->pos[0], &j.model, &err) : onr_io_no_memory(&err, 0);
    if (st == ONNXRUN_OK) st = onr_sidecar_read(args->pos[0], &sidecar, &err);
    if (st == ONNXRUN_OK)
        st = onr_inputs_read(args, j.model, &sidecar, args->pos + 1, args->n_pos - 1, args->random, &j.inputs, &err);
    if (st == ONNXRUN_OK) st = open_reference(&j, &err);
    if (st == ONNXRUN_OK && !args->json)
        printf("%-8s %10s %10s %8s %10s %6s  tensor (node)\n", "", "max abs", "max rel", "max ULP", "cosine", "odd");
    if (st == ONNXRUN_OK) st = run_hooked(&j, args, &err);
    if (st == ONNXRUN_OK && j.n_compared == 0)
        st = onr_io_fail(&err, ONNXRUN_USAGE, "nothing was compared: the reference has none of this run's tensors");
    int code = st != ONNXRUN_OK ? onr_report(&err) : j.n_differ ? ONR_EXIT_DIFFERENT : 0;
    if (st == ONNXRUN_OK && args->json)
        printf("{\"version\": 1, \"compared\": %zu, \"differ\": %zu, \"unknown\": %zu, \"tensors\": [%s]}\n", j.n_compared,
               j.n_differ, j.n_unknown, j.json.s ? j.json.s : "");
    if (st == ONNXRUN_OK && !args->json)
        printf("%zu tensors compared, %zu differ, %zu without a reference\n", j.n_compared, j.n_differ, j.n_unknown);
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
        "Without --atol, 1e-5 times the reference's largest number; without --rtol 1e-3; integers exactly. Exit code 1 when a "
        "tensor differs.",
    .options = "against rtol atol fail-fast json test-data-set random seed free-dim input-shape batch threads cpu optimize "
               "disable-pass "
               "stop-after prefer max-memory verbose quiet help",
    .min_pos = 1,
    .max_pos = SIZE_MAX,
    .run = command,
};
