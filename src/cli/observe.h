// observe.h: looking into a run: tensors saved, printed and counted as they are made, and a stop at the first NaN.
// Only the tensors of one node are in memory besides those of the run itself.
#ifndef ONR_CLI_OBSERVE_H
#define ONR_CLI_OBSERVE_H

#include "cli/args.h"
#include "io/file.h"
#include "onnxrun.h"

typedef struct onr_observer onr_observer;

/// Opens the session as the options say and, where --save-steps, --dump-tensors, --stats or --check-nan want it, an observer
/// of its runs (else *o stays NULL). Tensors that --dump-tensors names and that were fused away are un-fused, and a word says
/// so. ONNXRUN_USAGE: a bad expression, nothing matches, a file that cannot be written.
onnxrun_status onr_observe_open(const onr_args *args, const onnxrun_model *m, onr_observer **o, onnxrun_session **s,
                                onnxrun_error *err);
/// After the run: `run` is its status and err its text. Completes what was saved and prints tables (with --json nothing). What
/// went wrong inside the observer takes the place of the run's "stopped". *found_nan: --check-nan stopped the run, which is
/// then no failure. NULL is allowed.
onnxrun_status onr_observe_finish(onr_observer *o, onnxrun_status run, bool *found_nan, onnxrun_error *err);
/// Adds `, "tensors": [...]` and `, "nan": ...` as far as they were asked for. NULL is allowed.
void onr_observe_json(const onr_observer *o, onr_str *out);
/// NULL is allowed.
void onr_observe_free(onr_observer *o);

#endif
