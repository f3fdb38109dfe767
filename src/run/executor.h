// executor.h: runs a plan: one loop over its steps.
#ifndef ONR_RUN_EXECUTOR_H
#define ONR_RUN_EXECUTOR_H

#include "plan/plan.h"
#include "run/watch.h"

/// A plan's operand tables, bound to memory. One thread at a time.
typedef struct onr_frame onr_frame;

/// The plan must outlive the frame.
onr_status onr_frame_new(const onr_plan *p, onr_frame **out, onr_err *err);
void onr_frame_free(onr_frame *f);

/// Runs the plan in `memory` (plan->arena_bytes, aligned to ONR_PLAN_ALIGN; may be another block than last time). `inputs`: the
/// graph's inputs, of the plan's signature. `outputs`: the graph's outputs; an entry that is a tensor with memory is written
/// into when type and shape match (else ONR_USAGE), an empty one gets a datum that owns its memory. On failure no output is
/// made. watch may be NULL; a plan with lanes does not tell it of image steps (onr_plan_new).
onr_status onr_frame_run(onr_frame *f, void *memory, const onr_datum *const *inputs, onr_datum *outputs, onr_env *env,
                         const onr_watch *watch, onr_err *err);

/// Hands a result over: a copy into `to` when that is a tensor with memory, else a datum of its own (moved when `from` owns it
/// and `may_move`). Shared with the interpreter.
onr_status onr_deliver(onr_datum *from, bool may_move, const char *name, onr_datum *to, onr_err *err);

#endif
