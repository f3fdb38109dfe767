// reference.h: what `onnxrun compare` compares with: another run of the model, made in step with the judged one, or files.
#ifndef ONR_CLI_REFERENCE_H
#define ONR_CLI_REFERENCE_H

#include "cli/args.h"
#include "cli/inputs.h"
#include "onnxrun.h"

typedef struct onr_reference onr_reference;

/// Opens what --against says: "O0", "O1", "O2", "cpu=LEVEL", "threads=N" or some of them with commas is another session; any
/// other word is an .npz, or a folder of .npy and .pb files, where output_N.pb is the model's N-th output. `judged` is the
/// session that will be judged; all that is given must outlive the reference.
onnxrun_status onr_reference_open(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs,
                                  onnxrun_session *judged, onr_reference **out, onnxrun_error *err);
/// The value of that name, made for the nth time (from 1); NULL when there is none. Valid until the next call. `like` is the
/// judged value. To be called in the judged run's hooks, in the order of its run.
onnxrun_status onr_reference_get(onr_reference *r, const char *name, size_t nth, const onnxrun_value *like,
                                 const onnxrun_value **want, onnxrun_error *err);
/// The model's output i, after the judged run; NULL when there is none. Valid until the next call.
onnxrun_status onr_reference_output(onr_reference *r, size_t i, const onnxrun_value *like, const onnxrun_value **want,
                                    onnxrun_error *err);
/// Ends the other run, when it still goes on. NULL is allowed.
void onr_reference_close(onr_reference *r);

#endif
