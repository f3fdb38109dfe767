// sweep.c: the same bits for every run, number of threads and batch position, tensor by tensor, by their checksums.
// May assume: a loaded model and its inputs. Never keeps a tensor.
#include "cli/sweep.h"

#include "cli/open.h"
#include "cli/sweep_batch.h"
#include "cli/term.h"
#include "io/checksum.h"
#include "io/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LEAST_THREADS = 4, MOST_THREADS = 64, RUNS = 2 };

/// A tensor of the first run.
typedef struct mark {
    const char *name, *node, *op;
    onr_checksum sum;
} mark;

typedef struct sweep {
    const onr_args *args;
    const onnxrun_model *model;
    const onr_inputs *inputs;
    onr_names *names;
    mark *marks;
    size_t n_marks, cap_marks;
    size_t at; // the tensor that a later run makes next
    bool learn;
    int threads, run; // of what goes on now
    bool differs, failed;
    char first[400]; // who, in words
    const char *tensor, *node;
    onnxrun_error err;
} sweep;

// ---- one tensor after the other ---------------------------------------------------------------------------------------------

static bool learn(sweep *s, const char *name, const onnxrun_step_info *info, onr_checksum sum) {
    bool room = onr_io_grow((void **)&s->marks, s->n_marks, &s->cap_marks, sizeof *s->marks);
    mark m = {.name = room ? onr_names_copy(s->names, name) : NULL,
              .node = room ? onr_names_copy(s->names, info->node) : NULL,
              .op = room ? onr_names_copy(s->names, info->op) : NULL,
              .sum = sum};
    s->failed = !m.name || !m.node || !m.op;
    if (s->failed) return onr_io_no_memory(&s->err, 0), false;
    s->marks[s->n_marks++] = m;
    return true;
}

static bool expect(sweep *s, const char *name, const onnxrun_step_info *info, onr_checksum sum) {
    const mark *m = s->at < s->n_marks ? &s->marks[s->at++] : NULL;
    if (m && strcmp(m->name, name) == 0 && onr_checksum_equal(m->sum, sum)) return true;
    s->differs = true;
    s->tensor = m ? m->name : onr_names_copy(s->names, name);
    s->node = m ? m->node : onr_names_copy(s->names, info->node);
    snprintf(s->first, sizeof s->first, "'%s' of node '%s' (%s) is another in run %d with %d thread%s", name, info->node,
             info->op, s->run, s->threads, s->threads == 1 ? "" : "s");
    return false;
}

static bool after(void *user, onnxrun_step *step) {
    sweep *s = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    for (size_t i = 0; i < info->n_outputs; i++) {
        const char *name = onnxrun_step_output_name(step, i);
        const onnxrun_value *v = name ? onnxrun_step_output(step, i) : NULL;
        onr_checksum sum;
        if (!v) continue;
        s->failed = onr_checksum_of(v, &sum, &s->err) != ONNXRUN_OK;
        if (s->failed || !(s->learn ? learn(s, name, info, sum) : expect(s, name, info, sum))) return false;
    }
    return true;
}

// ---- runs -------------------------------------------------------------------------------------------------------------------

// One run; outputs that no hook sees are looked at behind it.
static onnxrun_status run_once(sweep *s, onnxrun_session *session, onnxrun_value **out, size_t n, onnxrun_error *err) {
    const onnxrun_step_info none = {.node = "", .op = "an output"};
    s->at = 0;
    onnxrun_status st = onnxrun_run(session, (const onnxrun_value *const *)s->inputs->value, s->inputs->n, out, n, err);
    for (size_t i = 0; i < n && st == ONNXRUN_OK && !s->differs; i++) {
        onr_checksum sum;
        const char *name = onnxrun_model_output_name(s->model, i);
        st = onr_checksum_of(out[i], &sum, err);
        if (st == ONNXRUN_OK && s->learn)
            learn(s, name, &none, sum);
        else if (st == ONNXRUN_OK)
            expect(s, name, &none, sum);
    }
    for (size_t i = 0; i < n; i++) {
        onnxrun_value_free(out[i]);
        out[i] = NULL;
    }
    if (s->failed) *err = s->err;
    if (s->failed) return s->err.status;
    return s->differs ? ONNXRUN_OK : st;
}

static onnxrun_status run_threads(sweep *s, int threads, onnxrun_error *err) {
    onnxrun_session *session = NULL;
    onnxrun_session_options o;
    const onnxrun_hooks hooks = {.after = after, .user = s};
    size_t n = onnxrun_model_n_outputs(s->model);
    onnxrun_value **out = onr_io_alloc(n, sizeof *out);
    onnxrun_status st = out ? onr_open_options(s->args, &o, err) : onr_io_no_memory(err, n * sizeof *out);
    o.n_threads = s->threads = threads;
    if (st == ONNXRUN_OK) st = onnxrun_session_new(s->model, &o, &session, err);
    if (st == ONNXRUN_OK) onnxrun_session_set_hooks(session, &hooks);
    for (s->run = 1; s->run <= RUNS && st == ONNXRUN_OK && !s->differs; s->run++) {
        s->learn = threads == 1 && s->run == 1;
        st = run_once(s, session, out, n, err);
    }
    onr_io_free(out);
    onnxrun_session_free(session);
    return st;
}

static int n_cores(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > MOST_THREADS ? MOST_THREADS : (int)cores;
}

static int most_threads(const onr_args *args) {
    int n = args->threads > 0 ? args->threads : n_cores();
    return n < LEAST_THREADS ? LEAST_THREADS : n;
}

// ---- what is said -----------------------------------------------------------------------------------------------------------

static void print_text(const sweep *s, int most, const onr_batch_sweep *b) {
    if (s->differs)
        printf("threads          %s\n", s->first);
    else
        printf("threads          1 to %d, %d runs each: the same bits in %zu tensors\n", most, RUNS, s->n_marks);
    if (s->differs) return;
    if (b->why)
        printf("batch positions  not checked: %s\n", b->why);
    else if (b->differs)
        printf("batch positions  '%s' is another for the same row at position %" PRId64 " of %" PRId64 " with %d thread%s\n",
               b->tensor, b->position, b->batch, b->threads, b->threads == 1 ? "" : "s");
    else
        printf("batch positions  0 to %" PRId64 ": the same bits in %zu outputs\n", b->batch - 1, b->n_outputs);
}

static onnxrun_status print_json(const sweep *s, int most, const onr_batch_sweep *b, onnxrun_error *err) {
    onr_str text = {0};
    bool differs = s->differs || b->differs;
    onr_str_printf(&text, "{\"version\": 1, \"same\": %s, \"max_threads\": %d, \"runs\": %d, \"tensors\": %zu, \"batch\": ",
                   differs ? "false" : "true", most, RUNS, s->n_marks);
    onr_str_printf(&text, "%" PRId64 ", \"batch_outputs\": %zu, \"batch_not_checked\": ", b->why ? 0 : b->batch, b->n_outputs);
    onr_str_json(&text, b->why);
    onr_str_add(&text, ", \"first\": ");
    if (differs) {
        onr_str_add(&text, "{\"tensor\": ");
        onr_str_json(&text, s->differs ? s->tensor : b->tensor);
        onr_str_add(&text, ", \"node\": ");
        onr_str_json(&text, s->differs ? s->node : NULL);
        onr_str_printf(&text, ", \"threads\": %d, \"position\": ", s->differs ? s->threads : b->threads);
        if (s->differs)
            onr_str_add(&text, "null}");
        else
            onr_str_printf(&text, "%" PRId64 "}", b->position);
    } else {
        onr_str_add(&text, "null");
    }
    onr_str_add(&text, "}\n");
    onnxrun_status st = text.failed ? onr_io_no_memory(err, text.n) : ONNXRUN_OK;
    if (st == ONNXRUN_OK) fwrite(text.s, 1, text.n, stdout);
    onr_str_free(&text);
    return st;
}

onnxrun_status onr_sweep(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs, bool *same,
                         onnxrun_error *err) {
    int most = most_threads(args);
    sweep s = {.args = args, .model = m, .inputs = inputs, .names = onr_names_new()};
    onr_batch_sweep b = {.why = "threads differ already"};
    onnxrun_status st = s.names ? ONNXRUN_OK : onr_io_no_memory(err, 0);
    for (int t = 1; t <= most && st == ONNXRUN_OK && !s.differs; t++) {
        onr_term_progress((size_t)t - 1, (size_t)most, "threads");
        st = run_threads(&s, t, err);
    }
    onr_term_progress(0, 0, "");
    if (st == ONNXRUN_OK && !s.differs) st = onr_sweep_batch(args, m, inputs, n_cores() < most ? n_cores() : most, &b, err);
    *same = !s.differs && !b.differs;
    if (st == ONNXRUN_OK && args->json) st = print_json(&s, most, &b, err);
    if (st == ONNXRUN_OK && !args->json) print_text(&s, most, &b);
    onr_io_free(s.marks);
    onr_names_free(s.names);
    return st;
}
