// known.h: which values of a plan are known before anything runs: what the sizes of the inputs alone determine.
// May assume: nodes come in order, each after it was inferred. Never computes what depends on an input's content.
#ifndef ONR_PLAN_KNOWN_H
#define ONR_PLAN_KNOWN_H

#include "ops/eval.h"

typedef struct onr_plan_known {
    onr_typing *typing; ///< gets the constants and their types
    const onr_target *target;
    onr_arena *arena; ///< the plan's: for the constants
    size_t bytes;     ///< of constants so far
    onr_err *err;
} onr_plan_known;

/// Makes the outputs of n constants of the plan where the node's inputs are known: integers that inference followed (Shape,
/// Gather, Concat, ...) and, above level 0, whatever else a pure node makes of constants, up to some size: masks and index
/// tables that exporters compute from Shape. What fails is left to fail when it runs. Values that are kept to be looked at stay
/// steps.
onr_status onr_plan_known_node(onr_plan_known *k, const onr_node *n);

#endif
