// sweep_batch.h: does a row give the same bits wherever it lies in a batch?
#ifndef ONR_CLI_SWEEP_BATCH_H
#define ONR_CLI_SWEEP_BATCH_H

#include "cli/args.h"
#include "cli/inputs.h"
#include "onnxrun.h"

/// What was found. `why`: why nothing was checked, else NULL.
typedef struct onr_batch_sweep {
    const char *why;
    int64_t batch;    ///< how many rows
    size_t n_outputs; ///< whose rows were compared
    bool differs;
    const char *tensor; ///< the first output that does
    int64_t position;
    int threads;
} onr_batch_sweep;

/// Rows made of the inputs go around through all positions of a batch on one thread, and through some on `most` threads. Where
/// rows depend on each other, as in a mean over the batch, nothing can be said.
onnxrun_status onr_sweep_batch(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs, int most,
                               onr_batch_sweep *out, onnxrun_error *err);

#endif
