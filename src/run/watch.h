// watch.h: what a run tells while it goes on: one event per step.
#ifndef ONR_RUN_WATCH_H
#define ONR_RUN_WATCH_H

#include "ops/eval.h"

/// One finished step. Pointers are valid during the call.
typedef struct onr_event {
    const onr_node *node;
    const char *kernel;          ///< variant name, or ""
    const onr_datum *const *in;  ///< n_in of the node
    const onr_datum *const *out; ///< n_out of the node; NULL where not wanted
    uint64_t start_ns, ns;       ///< start relative to the run's start
    double flops, bytes;         ///< of this step; bytes at least what its tensors hold
} onr_event;

/// Called after each step, on the thread that runs. Returning false stops the run with ONR_LIMIT.
typedef struct onr_watch {
    bool (*fn)(void *user, const onr_event *event);
    void *user;
} onr_watch;

/// Bytes of the tensors of a step, inputs and outputs once each.
double onr_event_bytes(const onr_node *n, const onr_datum *const *in, const onr_datum *const *out);

#endif
