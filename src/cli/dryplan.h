// dryplan.h: a session that is planned for the shapes of the options, without inputs: for info, dump and bench.
#ifndef ONR_CLI_DRYPLAN_H
#define ONR_CLI_DRYPLAN_H

#include "cli/inputs.h"
#include "onnxrun.h"

/// Makes a session and plans it for inputs of the options' shapes (free dimensions taken as 1). A model whose inputs' ranks are
/// not known, or that has inputs other than tensors, keeps its session unplanned: that is no failure. The session packs nothing
/// and cannot run. `keep` gets the inputs, and the limit of memory is the caller's business; without it, more than that limit
/// is ONNXRUN_LIMIT.
onnxrun_status onr_dryplan(const onr_args *args, const onnxrun_model *m, onnxrun_session **out, onr_inputs *keep,
                           onnxrun_error *err);

#endif
