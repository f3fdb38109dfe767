// sweep.h: `onnxrun run --threads-sweep`: the determinism contract (docs/determinism.md), checked for one model.
#ifndef ONR_CLI_SWEEP_H
#define ONR_CLI_SWEEP_H

#include "cli/args.h"
#include "cli/inputs.h"
#include "onnxrun.h"

/// Runs the model on these inputs twice with each number of threads, from 1 to at least 4, and at every position of a batch
/// where the model has one; prints what was found (--json: as JSON). *same: every tensor had the same bits everywhere.
/// ONNXRUN_UNSUPPORTED: this build has no checksums.
onnxrun_status onr_sweep(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs, bool *same,
                         onnxrun_error *err);

#endif
