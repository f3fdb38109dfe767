// liveness.h: who shares memory with whom, and from when to when it is needed.
#ifndef ONR_PLAN_LIVENESS_H
#define ONR_PLAN_LIVENESS_H

#include "plan/plan.h"

/// Sets first, last, root and interval of the plan's slots, in-place and release decisions of its steps, and the intervals.
/// Steps must be prepared (scratch sizes, with worker_bytes for each of n_threads) and slots have type and place. ONR_LIMIT
/// when there is no memory.
onr_status onr_plan_liveness(onr_plan *p, int n_threads, onr_err *err);

#endif
