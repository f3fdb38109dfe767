// refuse.h: what is said when a model takes more memory than it may.
#ifndef ONR_CLI_REFUSE_H
#define ONR_CLI_REFUSE_H

#include "cli/args.h"
#include "cli/inputs.h"
#include "onnxrun.h"

/// ONNXRUN_LIMIT when what a plan-only session has planned is more than --max-memory and the model's limit allow.
onnxrun_status onr_refuse_plan(const onr_args *args, const onnxrun_session *s, onnxrun_error *err);
/// After a failure: when its reason is the limit of memory, tells on standard error what these inputs take and what for, as
/// `onnxrun plan` does, and what would take less. Nothing is packed or run for that. -q drops it.
void onr_refuse_explain(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs, const onnxrun_error *err);
/// The hint alone: what would take less than `bytes`.
void onr_refuse_hint(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs, size_t bytes);

#endif
