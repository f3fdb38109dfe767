// observe.c: hooks of `onnxrun run` that save, print and count tensors.
// May assume: one session, one run. Never keeps a tensor longer than its hook.
#include "cli/observe.h"

#include "cli/numbers.h"
#include "cli/open.h"
#include "cli/term.h"
#include "cli/text.h"
#include "io/names.h"
#include "io/steps.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_PRINT = 16 };

/// One line of the table of statistics.
typedef struct row {
    const char *tensor, *node, *op, *type;
    onr_stats stats;
} row;

struct onr_observer {
    const onr_args *args;
    onr_names *names; // texts of the tables; numbers: places in `known`
    regex_t regex;
    bool has_regex;
    const char **unfuse; // names that only a second session makes
    size_t n_unfuse, cap_unfuse;
    onr_steps_out *out;
    size_t n_saved;
    row *rows;
    size_t n_rows, cap_rows;
    onr_stats *known; // --check-nan: of each named value, as it was made last; the first place is nobody's
    size_t n_known, cap_known;
    onr_str nan_text; // the report, once a node has made one
    onr_str nan_json;
    onnxrun_error err; // what went wrong in a hook
    bool failed;
};

static bool fail_no_memory(onr_observer *o) {
    onr_io_no_memory(&o->err, 0);
    o->failed = true;
    return false;
}

static bool matches(const onr_observer *o, const char *name) {
    return !o->has_regex || regexec(&o->regex, name, 0, NULL, 0) == 0;
}

// ---- what each tensor gets --------------------------------------------------------------------------------------------------

static bool save(onr_observer *o, const char *name, const onnxrun_value *v) {
    onnxrun_status st = onr_steps_add(o->out, name, v, &o->err);
    o->n_saved += st == ONNXRUN_OK;
    if (st == ONNXRUN_UNSUPPORTED) onr_term_say("not saved: '%s': %s", name, o->err.text);
    o->failed = st != ONNXRUN_OK && st != ONNXRUN_UNSUPPORTED;
    return !o->failed;
}

static bool add_row(onr_observer *o, const char *name, const onnxrun_step_info *info, const onnxrun_value *v) {
    char type[256];
    if (!onr_io_grow((void **)&o->rows, o->n_rows, &o->cap_rows, sizeof *o->rows)) return fail_no_memory(o);
    row *r = &o->rows[o->n_rows];
    *r = (row){.tensor = onr_names_copy(o->names, name),
               .node = onr_names_copy(o->names, info->node),
               .op = onr_names_copy(o->names, info->op),
               .type = onr_names_copy(o->names, onr_value_text(v, type)),
               .stats = onr_stats_of(v)};
    if (!r->tensor || !r->node || !r->op || !r->type) return fail_no_memory(o);
    o->n_rows++;
    return true;
}

static bool observe(onr_observer *o, const char *name, const onnxrun_step_info *info, const onnxrun_value *v) {
    const onr_args *args = o->args;
    bool print = args->dump_tensors && !args->save_steps && !args->stats && !args->json;
    if (!matches(o, name)) return true;
    if (o->out && !save(o, name, v)) return false;
    if (args->stats && !add_row(o, name, info, v)) return false;
    if (print) onr_value_print(name, v, args->print < 0 ? DEFAULT_PRINT : args->print);
    return true;
}

// ---- --check-nan ------------------------------------------------------------------------------------------------------------

static bool is_dirty(const onr_stats *s) { return s->nan > 0 || s->inf > 0; }

static const onr_stats *learn(onr_observer *o, const char *name, const onnxrun_value *v) {
    if (o->n_known == 0) o->n_known = 1;
    int64_t *place = onr_names_add(o->names, name);
    if (!place || !onr_io_grow((void **)&o->known, o->n_known, &o->cap_known, sizeof *o->known)) return NULL;
    if (*place == 0) *place = (int64_t)o->n_known++;
    o->known[*place] = onr_stats_of(v);
    return &o->known[*place];
}

static const onr_stats *recall(const onr_observer *o, const char *name) {
    const int64_t *place = name ? onr_names_find(o->names, name) : NULL;
    return place ? &o->known[*place] : NULL;
}

// Before a node: its inputs, which it may overwrite. What a body gets changes with every iteration.
static bool before(void *user, onnxrun_step *step) {
    onr_observer *o = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    for (size_t i = 0; i < info->n_inputs; i++) {
        const char *name = onnxrun_step_input_name(step, i);
        if (!name || (info->depth == 0 && recall(o, name))) continue;
        const onnxrun_value *v = onnxrun_step_input(step, i);
        if (v && !learn(o, name, v)) return fail_no_memory(o);
    }
    return true;
}

static void report_value(onr_observer *o, const char *kind, const char *name, const onr_stats *s, const char *type) {
    char text[ONR_STATS_TEXT];
    onr_str_printf(&o->nan_text, "  %-4s %s%s%s  %s\n", kind, name, type ? ": " : "", type ? type : "",
                   onr_stats_text(s, text));
    onr_str_printf(&o->nan_json, "%s{\"kind\": \"%s\", \"name\": ", o->nan_json.s[o->nan_json.n - 1] == '[' ? "" : ", ",
                   strcmp(kind, "in") == 0 ? "input" : "output");
    onr_str_json(&o->nan_json, name);
    onr_str_add(&o->nan_json, ", ");
    onr_stats_json(s, &o->nan_json);
    onr_str_add(&o->nan_json, "}");
}

static void report(onr_observer *o, onnxrun_step *step, const onnxrun_step_info *info) {
    onr_str_printf(&o->nan_text, "node '%s' (%s) is the first to make NaN or Inf of inputs without\n", info->node, info->op);
    onr_str_add(&o->nan_json, "{\"node\": ");
    onr_str_json(&o->nan_json, info->node);
    onr_str_add(&o->nan_json, ", \"op\": ");
    onr_str_json(&o->nan_json, info->op);
    onr_str_add(&o->nan_json, ", \"values\": [");
    for (size_t i = 0; i < info->n_inputs; i++) {
        const char *name = onnxrun_step_input_name(step, i);
        if (recall(o, name)) report_value(o, "in", name, recall(o, name), NULL);
    }
    for (size_t i = 0; i < info->n_outputs; i++) {
        const char *name = onnxrun_step_output_name(step, i);
        const onnxrun_value *v = onnxrun_step_output(step, i);
        char type[256];
        if (name && v) report_value(o, "out", name, recall(o, name), onr_value_text(v, type));
    }
    onr_str_add(&o->nan_json, "]}");
}

// Looks at what the node made; true when it is the culprit.
static bool is_culprit(onr_observer *o, onnxrun_step *step, const onnxrun_step_info *info) {
    bool made = false, was = false;
    for (size_t i = 0; i < info->n_inputs; i++) {
        const onr_stats *s = recall(o, onnxrun_step_input_name(step, i));
        was = was || (s && is_dirty(s));
    }
    for (size_t i = 0; i < info->n_outputs; i++) {
        const char *name = onnxrun_step_output_name(step, i);
        const onnxrun_value *v = onnxrun_step_output(step, i);
        if (!name || !v) continue;
        const onr_stats *s = learn(o, name, v);
        if (!s) return fail_no_memory(o);
        made = made || is_dirty(s);
    }
    return made && !was;
}

// ---- hooks ------------------------------------------------------------------------------------------------------------------

static bool after(void *user, onnxrun_step *step) {
    onr_observer *o = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    if (info->n_origin == 0) return true; // a change of layout: the same values again
    for (size_t i = 0; i < info->n_outputs; i++) {
        const char *name = onnxrun_step_output_name(step, i);
        const onnxrun_value *v = name ? onnxrun_step_output(step, i) : NULL;
        if (v && !observe(o, name, info, v)) return false;
    }
    if (!o->args->check_nan) return true;
    bool culprit = is_culprit(o, step, info);
    if (culprit) report(o, step, info);
    return !culprit && !o->failed;
}

// ---- sessions ---------------------------------------------------------------------------------------------------------------

// Collects the names that match; nothing is kept yet.
static bool collect(void *user, const char *name) {
    onr_observer *o = user;
    if (!matches(o, name)) return false;
    if (!onr_io_grow((void **)&o->unfuse, o->n_unfuse, &o->cap_unfuse, sizeof *o->unfuse) ||
        !(o->unfuse[o->n_unfuse] = onr_names_copy(o->names, name)))
        o->failed = true;
    else
        o->n_unfuse++;
    return false;
}

static bool keep(void *user, const char *name) {
    const onr_observer *o = user;
    for (size_t i = 0; i < o->n_unfuse; i++)
        if (strcmp(o->unfuse[i], name) == 0) return true;
    return false;
}

// What the session does not make is un-fused in a second one.
static onnxrun_status unfuse(onr_observer *o, const onnxrun_model *m, onnxrun_session_options *options, onnxrun_session **s,
                             onnxrun_error *err) {
    size_t n = 0;
    if (o->failed) return onr_io_no_memory(err, 0);
    if (o->n_unfuse == 0)
        return onr_io_fail(err, ONNXRUN_USAGE, "--dump-tensors: no tensor that a node makes matches '%s'",
                           o->args->dump_tensors);
    for (size_t i = 0; i < o->n_unfuse; i++)
        if (!onnxrun_session_makes(*s, o->unfuse[i])) o->unfuse[n++] = o->unfuse[i];
    o->n_unfuse = n;
    if (n == 0) return ONNXRUN_OK;
    for (size_t i = 0; i < n; i++) onr_term_say("un-fused to be seen: %s", o->unfuse[i]);
    onnxrun_session_free(*s);
    *s = NULL;
    options->keep = keep;
    return onnxrun_session_new(m, options, s, err);
}

static onnxrun_status open_observer(const onr_args *args, onr_observer **out, onnxrun_error *err) {
    onr_observer *o = onr_io_alloc(1, sizeof *o);
    if (!o || !(o->names = onr_names_new())) {
        onr_io_free(o);
        return onr_io_no_memory(err, sizeof *o);
    }
    *out = o; // the caller frees it in any case
    o->args = args;
    int code = args->dump_tensors ? regcomp(&o->regex, args->dump_tensors, REG_EXTENDED | REG_NOSUB) : 0;
    if (code) {
        char why[128];
        regerror(code, &o->regex, why, sizeof why);
        return onr_io_fail(err, ONNXRUN_USAGE, "--dump-tensors: '%s': %s", args->dump_tensors, why);
    }
    o->has_regex = args->dump_tensors != NULL;
    return args->save_steps ? onr_steps_create(args->save_steps, &o->out, err) : ONNXRUN_OK;
}

onnxrun_status onr_observe_open(const onr_args *args, const onnxrun_model *m, onr_observer **out, onnxrun_session **s,
                                onnxrun_error *err) {
    *out = NULL;
    if (!args->save_steps && !args->dump_tensors && !args->stats && !args->check_nan) return onr_open_session(args, m, s, err);
    onnxrun_session_options options;
    onnxrun_status st = open_observer(args, out, err);
    onr_observer *o = *out;
    if (st == ONNXRUN_OK) st = onr_open_options(args, &options, err);
    if (st != ONNXRUN_OK) return st;
    options.keep = o->has_regex ? collect : NULL;
    options.keep_user = o;
    st = onnxrun_session_new(m, &options, s, err);
    if (st == ONNXRUN_OK && o->has_regex) st = unfuse(o, m, &options, s, err);
    if (st != ONNXRUN_OK) return st;
    const onnxrun_hooks hooks = {.before = args->check_nan ? before : NULL, .after = after, .user = o};
    onnxrun_session_set_hooks(*s, &hooks);
    return ONNXRUN_OK;
}

// ---- the end ----------------------------------------------------------------------------------------------------------------

static void print_table(const onr_observer *o) {
    int name = 6, type = 4;
    for (size_t i = 0; i < o->n_rows; i++) {
        if ((int)strlen(o->rows[i].tensor) > name) name = (int)strlen(o->rows[i].tensor);
        if ((int)strlen(o->rows[i].type) > type) type = (int)strlen(o->rows[i].type);
    }
    printf("%-*s  %-*s  %10s %10s %10s %10s %9s %7s %7s %9s\n", name, "tensor", type, "type", "min", "max", "mean", "std",
           "zeros", "NaN", "Inf", "denormal");
    for (size_t i = 0; i < o->n_rows; i++) {
        const row *r = &o->rows[i];
        const onr_stats *s = &r->stats;
        printf("%-*s  %-*s  %10.4g %10.4g %10.4g %10.4g %9" PRId64 " %7" PRId64 " %7" PRId64 " %9" PRId64 "\n", name, r->tensor,
               type, r->type, s->min, s->max, s->mean, s->std, s->zeros, s->nan, s->inf, s->denormal);
    }
}

onnxrun_status onr_observe_finish(onr_observer *o, onnxrun_status run, bool *found_nan, onnxrun_error *err) {
    *found_nan = false;
    if (!o) return run;
    if (o->failed) {
        *err = o->err;
        return o->err.status;
    }
    *found_nan = o->nan_text.n > 0;
    if (run != ONNXRUN_OK && !*found_nan) return run;
    onnxrun_status st = ONNXRUN_OK;
    if (o->out) {
        st = onr_steps_finish(o->out, err);
        o->out = NULL;
        if (st == ONNXRUN_OK) onr_term_say("%zu tensors saved in %s", o->n_saved, o->args->save_steps);
    }
    if (o->nan_text.failed || o->nan_json.failed) return onr_io_no_memory(err, o->nan_text.n);
    if (o->args->stats && !o->args->json) print_table(o);
    if (*found_nan && !o->args->json) printf("%s", o->nan_text.s);
    if (o->args->check_nan && !*found_nan) onr_term_say("no node made NaN or Inf");
    return st;
}

void onr_observe_json(const onr_observer *o, onr_str *out) {
    if (!o) return;
    if (o->args->stats) onr_str_add(out, ",\n \"tensors\": [");
    for (size_t i = 0; i < o->n_rows; i++) {
        const row *r = &o->rows[i];
        onr_str_add(out, i ? ",\n  {\"name\": " : "\n  {\"name\": ");
        onr_str_json(out, r->tensor);
        onr_str_add(out, ", \"node\": ");
        onr_str_json(out, r->node);
        onr_str_add(out, ", \"op\": ");
        onr_str_json(out, r->op);
        onr_str_add(out, ", \"type\": ");
        onr_str_json(out, r->type);
        onr_str_add(out, ", ");
        onr_stats_json(&r->stats, out);
        onr_str_add(out, "}");
    }
    if (o->args->stats) onr_str_add(out, "]");
    if (o->args->check_nan) onr_str_printf(out, ",\n \"nan\": %s", o->nan_json.n ? o->nan_json.s : "null");
}

void onr_observe_free(onr_observer *o) {
    if (!o) return;
    if (o->has_regex) regfree(&o->regex);
    onr_steps_abandon(o->out);
    onr_str_free(&o->nan_text);
    onr_str_free(&o->nan_json);
    onr_io_free(o->rows);
    onr_io_free((void *)(uintptr_t)o->unfuse);
    onr_io_free(o->known);
    onr_names_free(o->names);
    onr_io_free(o);
}
