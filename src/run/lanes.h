// lanes.h: runs a plan's image steps: image by image through all of them, or all images through one.
#ifndef ONR_RUN_LANES_H
#define ONR_RUN_LANES_H

#include "plan/images.h"
#include "plan/plan.h"

/// The operand tables of a plan's image steps, once for each lane. One run at a time.
typedef struct onr_lanes onr_lanes;

/// In `arena`; NULL in *out when the plan has no image steps. The plan must outlive it.
onr_status onr_lanes_new(const onr_plan *p, onr_arena *arena, onr_lanes **out, onr_err *err);
/// The run's memory (plan->arena_bytes), whenever it is another than before.
void onr_lanes_bind(onr_lanes *l, char *memory);
/// Runs all image steps for all images. `data`: the run's values by id, bound; whole batches are read from and written to
/// there.
onr_status onr_lanes_run(onr_lanes *l, const onr_datum *data, const onr_env *env, onr_err *err);
/// Runs image step s for all images (a plan without lanes).
onr_status onr_lanes_run_step(onr_lanes *l, int32_t s, const onr_datum *data, const onr_env *env, onr_err *err);

#endif
