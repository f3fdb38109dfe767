// repro.h: one step of a run as a folder that shows its fault: an ONNX backend test, and a script that compares.
#ifndef ONR_CLI_REPRO_H
#define ONR_CLI_REPRO_H

#include "cli/args.h"
#include "cli/inputs.h"
#include "io/file.h"
#include "onnxrun.h"

/// What the folder --repro gets: model.onnx, test_data_set_0/input_N.pb and output_0.pb (the reference's), repro.sh.
typedef struct onr_repro {
    const onr_args *args;
    const onnxrun_model *model;
    const onr_inputs *inputs;
    char *tensor, *node; ///< the first tensor that differs, and who made it; NULL: none so far
    size_t nth;          ///< how often it had been made, 1: for the first time
    bool shows;          ///< set by onr_repro_write: the part differs when it runs alone, too
} onr_repro;

/// The tensor and what it should be, which is written at once.
onnxrun_status onr_repro_expect(onr_repro *r, const char *tensor, size_t nth, const onnxrun_step_info *info,
                                const onnxrun_value *want, onnxrun_error *err);
/// Runs the session again up to the step, and writes the rest. ONNXRUN_UNSUPPORTED: the step cannot be cut out.
onnxrun_status onr_repro_write(onr_repro *r, onnxrun_session *s, onnxrun_error *err);
void onr_repro_free(onr_repro *r);

#endif
