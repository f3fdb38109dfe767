// suite.c: runs one backend test: all its data sets on one session, outputs compared.
// May assume: a folder with a model.onnx. Never lets a test that was not really judged count as passed.
#include "cli/suite.h"

#include "cli/compare.h"
#include "cli/open.h"
#include "io/file.h"
#include "io/pb.h"
#include "io/sidecar.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PATH = 4096, MAX_SETS = 10000 };

typedef struct trial {
    const onr_args *args;
    const struct onr_case *c;
    onnxrun_model *model;
    onnxrun_session *session;
    onr_tolerance tol;
    onnxrun_value **in, **out;
    size_t n_in, n_out;
    size_t n_judged; // outputs that were compared
    char *detail;
    double *ulp;
} trial;

static bool path_of(const trial *t, size_t set, const char *what, size_t i, char out[MAX_PATH]) {
    int n = snprintf(out, MAX_PATH, "%s/test_data_set_%zu/%s_%zu.pb", t->c->path, set, what, i);
    return n < MAX_PATH && access(out, F_OK) == 0;
}

static void free_values(onnxrun_value **v, size_t n) {
    for (size_t i = 0; v && i < n; i++) {
        onnxrun_value_free(v[i]);
        v[i] = NULL;
    }
}

// Older test data of ONNX holds bfloat16 as uint16 of the same bits: where the model declares bfloat16, that is what is meant.
static onnxrun_status as_declared(const onnxrun_type *declared, onnxrun_value **v, onnxrun_error *err) {
    if (onnxrun_value_kind(*v) != ONNXRUN_TENSOR || onnxrun_value_dtype(*v) != ONNXRUN_UINT16) return ONNXRUN_OK;
    if (declared->kind != ONNXRUN_TENSOR || declared->dtype != ONNXRUN_BFLOAT16) return ONNXRUN_OK;
    onnxrun_value *old = *v;
    *v = NULL;
    onnxrun_status st = onnxrun_value_tensor(ONNXRUN_BFLOAT16, onnxrun_value_rank(old), onnxrun_value_dims(old),
                                             onnxrun_value_data(old), onnxrun_value_bytes(old), v, err);
    onnxrun_value_free(old);
    return st;
}

static onnxrun_status read_value(const char *path, const onnxrun_type *declared, onnxrun_kind kind, onnxrun_value **out,
                                 onnxrun_error *err) {
    onnxrun_status st = onr_pb_read(path, kind, out, err);
    return st == ONNXRUN_OK ? as_declared(declared, out, err) : st;
}

static onnxrun_status read_inputs(trial *t, size_t set, onnxrun_error *err) {
    char path[MAX_PATH];
    for (size_t i = 0; i < t->n_in; i++) {
        onnxrun_type type;
        onnxrun_model_input_type(t->model, i, &type);
        if (!path_of(t, set, "input", i, path)) continue;
        onnxrun_status st = read_value(path, &type, type.kind, &t->in[i], err);
        if (st != ONNXRUN_OK) return st;
    }
    return ONNXRUN_OK;
}

// Compares the outputs whose files are there. False, with the detail set, at the first that differs.
static bool judge(trial *t, size_t set, onnxrun_error *err) {
    char path[MAX_PATH], why[ONR_DETAIL - 200];
    for (size_t i = 0; i < t->n_out; i++) {
        onnxrun_value *want;
        onnxrun_type type;
        onnxrun_model_output_type(t->model, i, &type);
        if (!path_of(t, set, "output", i, path)) continue;
        // The value that came out tells the kind better than a declaration, which may be missing.
        if (read_value(path, &type, onnxrun_value_kind(t->out[i]), &want, err) != ONNXRUN_OK) {
            snprintf(t->detail, ONR_DETAIL, "%s", err->text);
            return false;
        }
        bool same = onr_compare(want, t->out[i], &t->tol, why, sizeof why);
        onnxrun_value_free(want);
        t->n_judged++;
        if (same) continue;
        snprintf(t->detail, ONR_DETAIL, "test_data_set_%zu: output '%s' %s", set, onnxrun_model_output_name(t->model, i), why);
        return false;
    }
    return true;
}

static bool run_set(trial *t, size_t set) {
    onnxrun_error err;
    onnxrun_status st = read_inputs(t, set, &err);
    if (st == ONNXRUN_OK) st = onnxrun_run(t->session, (const onnxrun_value *const *)t->in, t->n_in, t->out, t->n_out, &err);
    bool ok = st == ONNXRUN_OK && judge(t, set, &err);
    if (st != ONNXRUN_OK) snprintf(t->detail, ONR_DETAIL, "test_data_set_%zu: %s", set, err.text);
    free_values(t->in, t->n_in);
    free_values(t->out, t->n_out);
    return ok;
}

static onnxrun_status open_trial(trial *t, onnxrun_error *err) {
    char path[MAX_PATH];
    t->tol = (onr_tolerance){.rtol = 1e-3, .atol = 1e-7, .ulp = t->ulp};
    snprintf(path, sizeof path, "%s/data.json", t->c->path);
    onnxrun_status st = onr_tolerance_read(path, &t->tol.rtol, &t->tol.atol, err);
    if (!isnan(t->args->rtol)) t->tol.rtol = t->args->rtol;
    if (!isnan(t->args->atol)) t->tol.atol = t->args->atol;
    for (size_t i = 0; i < t->args->shape_only.n; i++) {
        const char *slash = strrchr(t->c->name, '/'), *glob = t->args->shape_only.item[i];
        if (fnmatch(glob, t->c->name, 0) == 0 || (slash && fnmatch(glob, slash + 1, 0) == 0)) t->tol.shape_only = true;
    }
    snprintf(path, sizeof path, "%s/model.onnx", t->c->path);
    if (st == ONNXRUN_OK) st = onr_open_model(t->args, path, &t->model, err);
    if (st == ONNXRUN_OK) st = onr_open_session(t->args, t->model, &t->session, err);
    if (st != ONNXRUN_OK) return st;
    t->n_in = onnxrun_model_n_inputs(t->model);
    t->n_out = onnxrun_model_n_outputs(t->model);
    t->in = onr_io_alloc(t->n_in, sizeof *t->in);
    t->out = onr_io_alloc(t->n_out, sizeof *t->out);
    return t->in && t->out ? ONNXRUN_OK : onr_io_no_memory(err, (t->n_in + t->n_out) * sizeof *t->in);
}

static bool has_set(const trial *t, size_t set) {
    char path[MAX_PATH];
    return snprintf(path, sizeof path, "%s/test_data_set_%zu", t->c->path, set) < MAX_PATH && access(path, F_OK) == 0;
}

onr_verdict onr_case_run(const onr_args *args, const struct onr_case *c, char detail[ONR_DETAIL], double *ulp) {
    onnxrun_error err;
    trial t = {.args = args, .c = c, .detail = detail, .ulp = ulp};
    onr_verdict verdict = ONR_PASSED;
    detail[0] = '\0';
    *ulp = 0;
    if (!has_set(&t, 0)) {
        snprintf(detail, ONR_DETAIL, "no test_data_set_0");
        return ONR_SKIPPED;
    }
    if (open_trial(&t, &err) != ONNXRUN_OK) {
        snprintf(detail, ONR_DETAIL, "%s", err.text);
        verdict = ONR_FAILED;
    }
    for (size_t set = 0; verdict == ONR_PASSED && set < MAX_SETS && has_set(&t, set); set++) {
        if (!run_set(&t, set)) verdict = ONR_FAILED;
    }
    if (verdict == ONR_PASSED && t.n_judged == 0 && t.n_out > 0) {
        snprintf(detail, ONR_DETAIL, "no output_N.pb to compare with");
        verdict = ONR_SKIPPED;
    }
    onr_io_free(t.in);
    onr_io_free(t.out);
    onnxrun_session_free(t.session);
    onnxrun_model_free(t.model);
    return verdict;
}
