// repro.c: writes the step that first differs as a model, its inputs, what it should give, and the command that shows it.
// May assume: the session gives the same bits when it runs again. Never leaves half a file.
#include "cli/repro.h"

#include "cli/compare.h"
#include "cli/distance.h"
#include "cli/numbers.h"
#include "cli/open.h"
#include "io/names.h"
#include "io/pb.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_PATH = 4096 };

/// The second run, up to the step.
typedef struct search {
    onr_repro *r;
    onr_names *made; // how often each name was
    bool found;
    onnxrun_status status;
    onnxrun_error err;
} search;

// ---- files ------------------------------------------------------------------------------------------------------------------

static onnxrun_status path_in(const onr_repro *r, const char *name, char out[MAX_PATH], onnxrun_error *err) {
    return snprintf(out, MAX_PATH, "%s/%s", r->args->repro, name) < MAX_PATH
               ? ONNXRUN_OK
               : onr_io_fail(err, ONNXRUN_USAGE, "--repro: the path is too long");
}

static onnxrun_status make_folder(const onr_repro *r, const char *name, onnxrun_error *err) {
    char path[MAX_PATH];
    onnxrun_status st = path_in(r, name, path, err);
    if (st == ONNXRUN_OK && mkdir(path, 0777) != 0 && errno != EEXIST)
        return onr_io_fail(err, ONNXRUN_USAGE, "cannot make the folder '%s': %s", path, strerror(errno));
    return st;
}

static onnxrun_status write_file(const onr_repro *r, const char *name, const void *data, size_t bytes, onnxrun_error *err) {
    char path[MAX_PATH];
    onnxrun_status st = path_in(r, name, path, err);
    return st == ONNXRUN_OK ? onr_io_write(path, data, bytes, err) : st;
}

static onnxrun_status write_value(const onr_repro *r, const char *kind, size_t i, const char *name, const onnxrun_value *v,
                                  onnxrun_error *err) {
    char file[64];
    onr_str data = {0};
    snprintf(file, sizeof file, "test_data_set_0/%s_%zu.pb", kind, i);
    onnxrun_status st = onr_pb_write(v, name, &data, err);
    if (st == ONNXRUN_OK) st = write_file(r, file, data.s, data.n, err);
    onr_str_free(&data);
    return st;
}

onnxrun_status onr_repro_expect(onr_repro *r, const char *tensor, size_t nth, const onnxrun_step_info *info,
                                const onnxrun_value *want, onnxrun_error *err) {
    r->tensor = onr_io_strdup(tensor);
    r->node = onr_io_strdup(info->node);
    r->nth = nth;
    if (!r->tensor || !r->node) return onr_io_no_memory(err, 0);
    onnxrun_status st = make_folder(r, "", err);
    if (st == ONNXRUN_OK) st = make_folder(r, "test_data_set_0", err);
    return st == ONNXRUN_OK ? write_value(r, "output", 0, tensor, want, err) : st;
}

// ---- the command ------------------------------------------------------------------------------------------------------------

// A word for a shell, in single quotes.
static void quote(onr_str *s, const char *word) {
    onr_str_add(s, "'");
    for (; *word; word++) {
        if (*word == '\'')
            onr_str_add(s, "'\\''");
        else
            onr_str_addn(s, word, 1);
    }
    onr_str_add(s, "'");
}

static void add_text(onr_str *s, const char *option, const char *value) {
    if (!value || !*value) return;
    onr_str_printf(s, " %s ", option);
    quote(s, value);
}

static void add_number(onr_str *s, const char *option, double x) {
    if (!isnan(x)) onr_str_printf(s, " %s %.17g", option, x);
}

// Line ends in a name would end the remark.
static void add_plain(onr_str *s, const char *text) {
    for (; *text; text++) onr_str_addn(s, (unsigned char)*text < ' ' ? "?" : text, 1);
}

static onnxrun_status write_script(const onr_repro *r, onnxrun_error *err) {
    const onr_args *a = r->args;
    onr_str s = {0};
    onr_str_add(&s, "#!/bin/sh\n# Node '");
    add_plain(&s, r->node);
    onr_str_add(&s, "' of ");
    add_plain(&s, a->pos[0]);
    onr_str_add(&s, ": its tensor '");
    add_plain(&s, r->tensor);
    onr_str_add(&s, "' differed from the reference, ");
    add_plain(&s, a->against ? a->against : "O0");
    onr_str_add(&s, ".\n# Ends with 1 as long as it does. ONNXRUN names the program, when it is not on the PATH.\n"
                    "cd \"$(dirname \"$0\")\" || exit 2\n"
                    "exec \"${ONNXRUN:-onnxrun}\" compare model.onnx --test-data-set test_data_set_0 \\\n"
                    "    --against test_data_set_0");
    onr_str_printf(&s, " -O%d", a->opt_level);
    if (a->threads >= 0) onr_str_printf(&s, " --threads %d", a->threads);
    add_text(&s, "--cpu", a->cpu ? a->cpu : getenv("ONNXRUN_CPU"));
    for (size_t i = 0; i < a->disable_pass.n; i++) add_text(&s, "--disable-pass", a->disable_pass.item[i]);
    add_text(&s, "--stop-after", a->stop_after);
    add_text(&s, "--prefer", a->prefer);
    if (a->ftz) onr_str_add(&s, " --ftz");
    add_number(&s, "--rtol", a->rtol);
    add_number(&s, "--atol", a->atol);
    add_number(&s, "--max-ulp", a->max_ulp);
    onr_str_add(&s, " \"$@\"\n");
    onnxrun_status st = s.failed ? onr_io_no_memory(err, s.n) : write_file(r, "repro.sh", s.s, s.n, err);
    onr_str_free(&s);
    return st;
}

// ---- the step ---------------------------------------------------------------------------------------------------------------

// What the part's input i is: an input of the step, or of the whole model.
static const onnxrun_value *input_of(const onr_repro *r, onnxrun_step *step, const size_t *part_of, size_t i,
                                     const char *name) {
    for (size_t k = 0; k < onnxrun_step_about(step)->n_inputs; k++)
        if (part_of[k] == i) return onnxrun_step_input(step, k);
    for (size_t k = 0; k < r->inputs->n; k++)
        if (strcmp(onnxrun_model_input_name(r->model, k), name) == 0) return r->inputs->value[k];
    return NULL;
}

// Does the part alone give what it should not?
static onnxrun_status try_part(onr_repro *r, const onnxrun_model *part, const onnxrun_value *const *in, onnxrun_error *err) {
    char path[MAX_PATH], why[256];
    onnxrun_session *s = NULL;
    onnxrun_value *got = NULL, *want = NULL;
    onnxrun_status st = onr_open_session(r->args, part, &s, err);
    if (st == ONNXRUN_OK) st = onnxrun_run(s, in, onnxrun_model_n_inputs(part), &got, 1, err);
    if (st == ONNXRUN_OK) st = path_in(r, "test_data_set_0/output_0.pb", path, err);
    if (st == ONNXRUN_OK) st = onr_pb_read(path, onnxrun_value_kind(got), &want, err);
    if (st == ONNXRUN_OK) {
        const onr_criterion c = {r->args->rtol, r->args->atol, r->args->max_ulp};
        const onr_tolerance loose = {.rtol = 1e-3, .atol = 1e-5};
        bool numbers = onr_same_type(want, got) && onr_numbers_count(want) > 0;
        r->shows = numbers ? onr_distance_of(&c, want, got).n_differ > 0 : !onr_compare(want, got, &loose, why, sizeof why);
    }
    onnxrun_value_free(want);
    onnxrun_value_free(got);
    onnxrun_session_free(s);
    return st;
}

static onnxrun_status write_part(onr_repro *r, onnxrun_step *step, const onnxrun_model *part, const size_t *part_of,
                                 onnxrun_error *err) {
    size_t n = onnxrun_model_n_inputs(part);
    const onnxrun_value **in = onr_io_alloc(n, sizeof *in);
    onnxrun_status st = in ? ONNXRUN_OK : onr_io_no_memory(err, n * sizeof *in);
    for (size_t i = 0; i < n && st == ONNXRUN_OK; i++) {
        const char *name = onnxrun_model_input_name(part, i);
        in[i] = input_of(r, step, part_of, i, name);
        st = in[i] ? write_value(r, "input", i, name, in[i], err)
                   : onr_io_fail(err, ONNXRUN_UNSUPPORTED, "--repro: the part of node '%s' needs '%s', which is not at hand",
                                 r->node, name);
    }
    if (st == ONNXRUN_OK) st = write_script(r, err);
    if (st == ONNXRUN_OK) st = try_part(r, part, in, err);
    onr_io_free((void *)(uintptr_t)in);
    return st;
}

static onnxrun_status write_step(onr_repro *r, onnxrun_step *step, size_t output, onnxrun_error *err) {
    void *onnx = NULL;
    size_t bytes, n = onnxrun_step_about(step)->n_inputs, *part_of = onr_io_alloc(n, sizeof *part_of);
    onnxrun_model *part = NULL;
    onnxrun_status st = part_of ? onnxrun_step_part(step, output, &onnx, &bytes, part_of, err) : onr_io_no_memory(err, n);
    if (st == ONNXRUN_OK) st = onnxrun_model_load_memory(onnx, bytes, NULL, &part, err);
    if (st == ONNXRUN_OK) st = write_file(r, "model.onnx", onnx, bytes, err);
    if (st == ONNXRUN_OK) st = write_part(r, step, part, part_of, err);
    onnxrun_model_free(part);
    onnxrun_string_free(onnx);
    onr_io_free(part_of);
    return st;
}

static bool before(void *user, onnxrun_step *step) {
    search *find = user;
    for (size_t i = 0; i < onnxrun_step_about(step)->n_outputs; i++) {
        const char *name = onnxrun_step_about(step)->n_origin ? onnxrun_step_output_name(step, i) : NULL;
        if (!name || strcmp(name, find->r->tensor) != 0) continue;
        int64_t *nth = onr_names_add(find->made, name);
        if (!nth) return false;
        if ((size_t)++ * nth != find->r->nth) continue;
        find->found = true;
        find->status = write_step(find->r, step, i, &find->err);
        return false;
    }
    return true;
}

onnxrun_status onr_repro_write(onr_repro *r, onnxrun_session *s, onnxrun_error *err) {
    size_t n = onnxrun_model_n_outputs(r->model);
    search find = {.r = r, .made = onr_names_new()};
    onnxrun_value **out = onr_io_alloc(n, sizeof *out);
    onnxrun_status st = ONNXRUN_OK;
    const onnxrun_hooks hooks = {.before = before, .user = &find};
    onnxrun_session_set_hooks(s, &hooks);
    if (!out || !find.made)
        st = onr_io_no_memory(err, n * sizeof *out);
    else
        st = onnxrun_run(s, (const onnxrun_value *const *)r->inputs->value, r->inputs->n, out, n, err);
    if (find.found) {
        st = find.status;
        *err = find.err;
    } else if (st == ONNXRUN_OK) {
        st = onr_io_fail(err, ONNXRUN_UNSUPPORTED, "--repro: the run does not make '%s' again", r->tensor);
    }
    for (size_t i = 0; out && i < n; i++) onnxrun_value_free(out[i]);
    onr_io_free(out);
    onr_names_free(find.made);
    onnxrun_session_set_hooks(s, NULL);
    return st;
}

void onr_repro_free(onr_repro *r) {
    onr_io_free(r->tensor);
    onr_io_free(r->node);
}
