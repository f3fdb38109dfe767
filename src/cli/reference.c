// reference.c: the reference of a comparison, from files or from a second run in a thread of its own, which stands still after
// each tensor until the judged run has asked for what it needs.
// May assume: one judged run. Never keeps a tensor but those that the judged run makes later than the reference does.
#include "cli/reference.h"

#include "cli/open.h"
#include "io/names.h"
#include "io/pb.h"
#include "io/steps.h"
#include "io/turns.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_KEY = 4096 };

/// The second run, in turns with the judged one.
typedef struct twin {
    onnxrun_session *session, *judged;
    const onr_inputs *inputs;
    onr_turns *turns;
    const char *name; // of the value at which it stands
    size_t nth;
    const onnxrun_value *value;
    onr_names *made;      // how often each name was made
    onr_names *places;    // "name#nth" -> place in `kept`, from 1
    onnxrun_value **kept; // what was made before it was asked for
    size_t n_kept, cap_kept;
    onnxrun_value **outputs;
    size_t n_outputs;
    onnxrun_status status;
    onnxrun_error err;
} twin;

struct onr_reference {
    const onr_args *args;
    const onnxrun_model *model;
    onr_steps_in *files;
    onnxrun_value *held; // what the last call gave, when it is ours
    twin *twin;
    bool test_data; // the folder is ONNX's test data: its names are numbers
};

// ---- the second run, in its thread ------------------------------------------------------------------------------------------

// Stands at a value until the judged run wants to go on. False: it wants no more.
static bool stand(twin *t, const char *name, size_t nth, const onnxrun_value *v) {
    t->name = name;
    t->nth = nth;
    t->value = v;
    bool go_on = onr_turns_stand(t->turns);
    t->value = NULL;
    return go_on;
}

static bool after(void *user, onnxrun_step *step) {
    twin *t = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    for (size_t i = 0; info->n_origin && i < info->n_outputs; i++) {
        const char *name = onnxrun_step_output_name(step, i);
        const onnxrun_value *v = name ? onnxrun_step_output(step, i) : NULL;
        int64_t *nth = v ? onr_names_add(t->made, name) : NULL;
        if (v && !nth) return false;
        if (v && !stand(t, name, (size_t)++ * nth, v)) return false;
    }
    return true;
}

static void run_twin(onr_turns *turns, void *user) {
    twin *t = user;
    (void)turns;
    t->status = onnxrun_run(t->session, (const onnxrun_value *const *)t->inputs->value, t->inputs->n, t->outputs, t->n_outputs,
                            &t->err);
}

// ---- the second run, as the judged one sees it ------------------------------------------------------------------------------

static bool key_of(const char *name, size_t nth, char out[MAX_KEY]) {
    return snprintf(out, MAX_KEY, "%s#%zu", name, nth) < MAX_KEY;
}

// Puts the value aside at which the reference stands, when the judged run will come to it.
static onnxrun_status keep(twin *t, onnxrun_error *err) {
    char key[MAX_KEY];
    if (!t->value || !onnxrun_session_makes(t->judged, t->name) || !key_of(t->name, t->nth, key)) return ONNXRUN_OK;
    if (!onr_io_grow((void **)&t->kept, t->n_kept, &t->cap_kept, sizeof(onnxrun_value *)))
        return onr_io_no_memory(err, t->n_kept);
    int64_t *place = onr_names_add(t->places, key);
    if (!place) return onr_io_no_memory(err, 0);
    onnxrun_status st = onnxrun_value_copy(t->value, &t->kept[t->n_kept], err);
    if (st == ONNXRUN_OK) *place = (int64_t)++t->n_kept;
    return st;
}

static onnxrun_status fail_twin(const twin *t, onnxrun_error *err) {
    *err = t->err;
    return onr_io_prefix(err, "the reference");
}

// *held: a value that was kept and now goes over to the caller.
static onnxrun_status twin_get(twin *t, const char *name, size_t nth, const onnxrun_value **want, onnxrun_value **held,
                               onnxrun_error *err) {
    char key[MAX_KEY];
    int64_t *place = key_of(name, nth, key) ? onr_names_find(t->places, key) : NULL;
    if (place && *place && t->kept[*place - 1]) {
        *want = *held = t->kept[*place - 1];
        t->kept[*place - 1] = NULL;
        return ONNXRUN_OK;
    }
    if (!onnxrun_session_makes(t->session, name)) return ONNXRUN_OK;
    while (!onr_turns_ended(t->turns)) {
        if (t->value && t->nth == nth && strcmp(t->name, name) == 0) {
            *want = t->value;
            return ONNXRUN_OK;
        }
        onnxrun_status st = keep(t, err);
        if (st != ONNXRUN_OK) return st;
        onr_turns_go(t->turns);
    }
    return t->status == ONNXRUN_OK ? ONNXRUN_OK : fail_twin(t, err);
}

static onnxrun_status start(twin *t, onnxrun_error *err) {
    t->made = onr_names_new();
    t->places = onr_names_new();
    t->outputs = onr_io_alloc(t->n_outputs, sizeof(onnxrun_value *));
    if (!t->made || !t->places || !t->outputs) return onr_io_no_memory(err, 0);
    const onnxrun_hooks hooks = {.after = after, .user = t};
    onnxrun_session_set_hooks(t->session, &hooks);
    t->turns = onr_turns_new(run_twin, t);
    return t->turns ? ONNXRUN_OK : onr_io_fail(err, ONNXRUN_LIMIT, "no thread for the reference");
}

static void twin_free(twin *t) {
    if (!t) return;
    onr_turns_free(t->turns);
    for (size_t i = 0; i < t->n_kept; i++) onnxrun_value_free(t->kept[i]);
    for (size_t i = 0; t->outputs && i < t->n_outputs; i++) onnxrun_value_free(t->outputs[i]);
    onr_io_free(t->kept);
    onr_io_free(t->outputs);
    onr_names_free(t->made);
    onr_names_free(t->places);
    onnxrun_session_free(t->session);
    onr_io_free(t);
}

// ---- what --against means ---------------------------------------------------------------------------------------------------

// One word of a list; false when it is none that a session is asked for with. `cpu` must outlive the session's making.
static bool read_word(const char *word, char cpu[32], onr_args *args) {
    int64_t n;
    if (word[0] == 'O' && word[1] >= '0' && word[1] <= '2' && !word[2]) return args->opt_level = word[1] - '0', true;
    if (strncmp(word, "threads=", 8) == 0 && onr_parse_int(word + 8, &n) && n > 0 && n <= 1024)
        return args->threads = (int)n, true;
    if (strncmp(word, "cpu=", 4) != 0 || strlen(word + 4) >= 32) return false;
    strcpy(cpu, word + 4);
    args->cpu = cpu;
    return true;
}

// Does the whole text ask for a session? Then `args` says which.
static bool read_session(const char *text, char cpu[32], onr_args *args) {
    char word[64];
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, ",");
        if (n == 0 || n >= sizeof word) return false;
        memcpy(word, p, n);
        word[n] = '\0';
        if (!read_word(word, cpu, args)) return false;
        p += n;
        if (!*p) return true;
    }
}

static onnxrun_status open_twin(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs, onnxrun_session *judged,
                                twin **out, onnxrun_error *err) {
    twin *t = *out = onr_io_alloc(1, sizeof *t);
    if (!t) return onr_io_no_memory(err, sizeof *t);
    t->judged = judged;
    t->inputs = inputs;
    t->n_outputs = onnxrun_model_n_outputs(m);
    onnxrun_status st = onr_open_session(args, m, &t->session, err);
    return st == ONNXRUN_OK ? start(t, err) : st;
}

// A folder of numbered files; not one of tensors that happen to have such names.
static bool is_test_data(const onnxrun_model *m, const char *folder) {
    char path[MAX_KEY];
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode)) return false;
    int n = snprintf(path, sizeof path, "%s/input_0.pb", folder);
    if (n < (int)sizeof path && access(path, F_OK) == 0) return true;
    for (size_t i = 0; i < onnxrun_model_n_outputs(m); i++)
        if (strncmp(onnxrun_model_output_name(m, i), "output_", 7) == 0) return false;
    n = snprintf(path, sizeof path, "%s/output_0.pb", folder);
    return n < (int)sizeof path && access(path, F_OK) == 0;
}

onnxrun_status onr_reference_open(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs,
                                  onnxrun_session *judged, onr_reference **out, onnxrun_error *err) {
    const char *against = args->against ? args->against : "O0";
    char cpu[32];
    onr_args other = *args;
    onr_reference *r = *out = onr_io_alloc(1, sizeof *r);
    if (!r) return onr_io_no_memory(err, sizeof *r);
    r->args = args;
    r->model = m;
    onnxrun_status st = read_session(against, cpu, &other) ? open_twin(&other, m, inputs, judged, &r->twin, err)
                                                           : onr_steps_open(against, &r->files, err);
    r->test_data = r->files && is_test_data(m, against);
    if (st == ONNXRUN_OK) return st;
    onr_reference_close(r);
    *out = NULL;
    return st;
}

// DIR/output_N.pb of ONNX's test data.
static onnxrun_status get_output_file(onr_reference *r, const char *name, const onnxrun_value *like, onnxrun_error *err) {
    char path[MAX_KEY];
    for (size_t i = 0; r->test_data && i < onnxrun_model_n_outputs(r->model); i++) {
        if (strcmp(onnxrun_model_output_name(r->model, i), name) != 0) continue;
        int n = snprintf(path, sizeof path, "%s/output_%zu.pb", r->args->against, i);
        if (n >= (int)sizeof path || access(path, F_OK) != 0) continue;
        return onr_pb_read(path, onnxrun_value_kind(like), &r->held, err);
    }
    return ONNXRUN_OK;
}

onnxrun_status onr_reference_get(onr_reference *r, const char *name, size_t nth, const onnxrun_value *like,
                                 const onnxrun_value **want, onnxrun_error *err) {
    onnxrun_value_free(r->held);
    r->held = NULL;
    *want = NULL;
    if (r->twin) return twin_get(r->twin, name, nth, want, &r->held, err);
    onnxrun_status st = nth == 1 ? get_output_file(r, name, like, err) : ONNXRUN_OK;
    if (st == ONNXRUN_OK && !r->held) st = onr_steps_get(r->files, name, nth, like, &r->held, err);
    *want = r->held;
    return st;
}

onnxrun_status onr_reference_output(onr_reference *r, size_t i, const onnxrun_value *like, const onnxrun_value **want,
                                    onnxrun_error *err) {
    twin *t = r->twin;
    if (!t) return onr_reference_get(r, onnxrun_model_output_name(r->model, i), 1, like, want, err);
    *want = NULL;
    while (!onr_turns_ended(t->turns)) onr_turns_go(t->turns);
    if (t->status != ONNXRUN_OK) return fail_twin(t, err);
    *want = t->outputs[i];
    return ONNXRUN_OK;
}

void onr_reference_close(onr_reference *r) {
    if (!r) return;
    twin_free(r->twin);
    onnxrun_value_free(r->held);
    onr_steps_close(r->files);
    onr_io_free(r);
}
