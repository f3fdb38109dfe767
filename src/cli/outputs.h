// outputs.h: results into files and folders.
#ifndef ONR_CLI_OUTPUTS_H
#define ONR_CLI_OUTPUTS_H

#include "cli/args.h"
#include "onnxrun.h"

/// Whether -o and --format can be served for so many outputs: told before the run, so that no time is lost. ONNXRUN_USAGE
/// otherwise.
onnxrun_status onr_outputs_check(const onr_args *args, size_t n, onnxrun_error *err);
/// Writes all outputs as -o and --format say: a folder (an existing one, a path that ends with '/', or several outputs in a
/// form that holds one) gets output_0.pb, ...; npz holds all in one file. Every file is whole or absent, and none is written
/// before all could be made.
onnxrun_status onr_outputs_write(const onr_args *args, const onnxrun_model *m, onnxrun_value *const *values, size_t n,
                                 onnxrun_error *err);

#endif
