// dryplan.c: plans without running.
// May assume: a loaded model. Never runs it.
#include "cli/dryplan.h"

#include "cli/dims.h"
#include "cli/inputs.h"
#include "cli/open.h"
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

onnxrun_status onr_dryplan(const onr_args *args, const onnxrun_model *m, onnxrun_session **out, onnxrun_error *err) {
    onr_sidecar none = {0};
    onr_inputs inputs;
    bool fill = false;
    onnxrun_status st = onr_open_session(args, m, out, err);
    if (st == ONNXRUN_OK) st = can_fill(args, m, &fill, err);
    if (st == ONNXRUN_OK && fill) {
        st = onr_inputs_read(args, m, &none, NULL, 0, true, &inputs, err);
        if (st == ONNXRUN_OK) {
            st = onnxrun_session_plan(*out, (const onnxrun_value *const *)inputs.value, inputs.n, err);
            onr_inputs_free(&inputs);
        }
    } else if (st == ONNXRUN_OK) {
        onr_term_say("note: not planned, because an input's shape is not known; --input-shape gives it");
    }
    if (st != ONNXRUN_OK) {
        onnxrun_session_free(*out);
        *out = NULL;
    }
    return st;
}
