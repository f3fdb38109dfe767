// dryplan.c: plans without running.
// May assume: a loaded model. Never runs it.
#include "cli/dryplan.h"

#include "cli/dims.h"
#include "cli/inputs.h"
#include "cli/open.h"
#include "cli/refuse.h"
#include "cli/term.h"
#include "io/sidecar.h"

// Whether random numbers could fill every input.
static onnxrun_status can_fill(const onr_args *args, const onnxrun_model *m, bool *yes, onnxrun_error *err) {
    onr_dims d;
    onnxrun_status st = onr_dims_new(args, m, &d, err);
    if (st != ONNXRUN_OK) return st;
    *yes = true;
    for (size_t i = 0; i < d.n; i++) {
        int64_t dims[16];
        *yes = *yes && onr_dims_get(&d, i, dims) >= 0 && d.type[i].dtype != ONNXRUN_STRING;
    }
    onr_dims_free(&d);
    return ONNXRUN_OK;
}

static onnxrun_status open_session(const onr_args *args, const onnxrun_model *m, onnxrun_session **out, onnxrun_error *err) {
    onnxrun_session_options o;
    onnxrun_status st = onr_open_options(args, &o, err);
    o.plan_only = true;
    return st == ONNXRUN_OK ? onnxrun_session_new(m, &o, out, err) : st;
}

onnxrun_status onr_dryplan(const onr_args *args, const onnxrun_model *m, onnxrun_session **out, onr_inputs *keep,
                           onnxrun_error *err) {
    onr_sidecar none = {0};
    onr_inputs inputs = {0};
    bool fill = false;
    onnxrun_status st = open_session(args, m, out, err);
    if (st == ONNXRUN_OK) st = can_fill(args, m, &fill, err);
    if (st == ONNXRUN_OK && fill) {
        st = onr_inputs_read(args, m, &none, NULL, 0, true, &inputs, err);
        if (st == ONNXRUN_OK) st = onnxrun_session_plan(*out, (const onnxrun_value *const *)inputs.value, inputs.n, err);
        if (st == ONNXRUN_OK && !keep) st = onr_refuse_plan(args, *out, err);
    } else if (st == ONNXRUN_OK) {
        onr_term_say("note: not planned, because an input's shape is not known; --input-shape gives it");
    }
    if (keep && st == ONNXRUN_OK)
        *keep = inputs;
    else
        onr_inputs_free(&inputs);
    if (st != ONNXRUN_OK) {
        onnxrun_session_free(*out);
        *out = NULL;
    }
    return st;
}
