// interpreter.h: runs a graph node by node with onr_eval: level 0, and the bodies of control flow.
#ifndef ONR_RUN_INTERPRETER_H
#define ONR_RUN_INTERPRETER_H

#include "run/watch.h"

/// Runs `g` (resolved, in order). `inputs`: n_in of its inputs (NULL entries: left out); `capture`: parallel to
/// g->owner->capture, NULL for a graph without owner. `outputs` as in onr_frame_run. Values are released after their last use.
onr_status onr_interpret(const onr_graph *g, const onr_datum *const *inputs, int32_t n_in, const onr_datum *const *capture,
                         onr_datum *outputs, onr_env *env, const onr_watch *watch, onr_err *err);

/// onr_env.run_graph: onr_interpret, watched by env->run (an onr_watch, or NULL).
onr_status onr_interpret_subgraph(onr_env *env, const onr_graph *g, const onr_datum *const *in, int32_t n_in,
                                  const onr_datum *const *capture, onr_datum *out, onr_err *err);

#endif
