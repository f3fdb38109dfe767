// guard.h: what a model may take while it is prepared and run: sizes and time. Carried by the session's target.
// May assume: limits are set before the work starts. Never stops anything itself: those who work ask.
#ifndef ONR_BASE_GUARD_H
#define ONR_BASE_GUARD_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/// 0 and NULL mean "no limit" everywhere.
typedef struct onr_guard {
    int32_t max_rank;             ///< of any value
    int64_t max_elements;         ///< of any tensor
    size_t max_fold_bytes;        ///< constants that folding may make
    uint64_t deadline_ns;         ///< on onr_time_ns's clock
    double max_seconds;           ///< what the deadline was made from, for messages
    const char *const *allow_ops; ///< ends with NULL: "Conv", or "domain.Name"
} onr_guard;

/// Sets the deadline from max_seconds, counted from now.
void onr_guard_start(onr_guard *g);
/// Is the time over? g may be NULL.
bool onr_guard_expired(const onr_guard *g);
/// ONR_LIMIT when the time is over, saying before which node; g may be NULL.
onr_status onr_guard_time(const onr_guard *g, const char *before, onr_err *err);
/// ONR_LIMIT when a tensor of these dimensions breaks a limit; negative dimensions are not known and count as 1. g may be NULL.
onr_status onr_guard_shape(const onr_guard *g, int32_t rank, const int64_t *dims, onr_err *err);
/// ONR_LIMIT when there is a list of operators and this one is not on it; g may be NULL. domain "": ai.onnx.
onr_status onr_guard_op(const onr_guard *g, const char *domain, const char *name, onr_err *err);

#endif
