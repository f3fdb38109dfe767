// watch.h: what a run tells while it goes on: one event before each step and one after it.
#ifndef ONR_RUN_WATCH_H
#define ONR_RUN_WATCH_H

#include "plan/plan.h"

/// One step that is about to run or has run. Pointers are valid during the call.
typedef struct onr_event {
    const onr_node *node;
    const char *kernel;         ///< variant name, or ""
    const onr_datum *const *in; ///< n_in of the node. After the step, an input whose memory output 0 took over holds that
    onr_datum *const *out;      ///< n_out of the node, NULL where not wanted; the whole list is NULL before the step
    const onr_plan *plan;       ///< whose step it is; NULL: interpreted, and every output owns its memory or borrows it
    const onr_step *step;       ///< of the plan; NULL: interpreted
    uint64_t start_ns, ns;      ///< start relative to the run's start; ns 0 before the step
    double flops, bytes;        ///< of this step; bytes at least what its tensors hold
    bool fewer_flops;           ///< the kernel needs fewer than that
} onr_event;

/// Called on the thread that runs, also for the bodies of control flow. Returning false stops the run with ONR_LIMIT. A
/// function may be NULL. `after` may change the contents of outputs.
typedef struct onr_watch {
    bool (*before)(void *user, const onr_event *event);
    bool (*after)(void *user, const onr_event *event);
    void *user;
    uint64_t start_ns; ///< onr_time_ns at the run's start
} onr_watch;

/// Fills in what an event's step holds and tells the watcher; start_ns is the clock at the step's start. `watch` may be NULL.
onr_status onr_watch_before(const onr_watch *watch, onr_event *event, onr_err *err);
onr_status onr_watch_after(const onr_watch *watch, onr_event *event, uint64_t start_ns, onr_err *err);

#endif
