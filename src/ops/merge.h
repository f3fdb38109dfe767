// merge.h: one type for what may have come from two places: branches of an If, iterations of a loop.
// May assume: types of one inference. Never claims more than both say.
#ifndef ONR_OPS_MERGE_H
#define ONR_OPS_MERGE_H

#include "ops/op.h"

/// What a and b have in common: equal dimensions stay, others become fresh symbols, other ranks an unknown shape. A kind or
/// element type that only one of them knows is taken over. ONR_INVALID when kinds or element types contradict each other.
onr_status onr_merge_types(const onr_infer *c, const onr_type *a, const onr_type *b, onr_type *out);

/// For a value carried through a loop that begins as `init` and was `acc` before the body and `next` after it: widens acc until
/// it holds both. *changed is set when it had to be widened. init NULL: any difference of shapes makes the shape unknown.
onr_status onr_merge_carried(const onr_infer *c, const onr_type *init, const onr_type *next, onr_type *acc, bool *changed);

/// The list type of items of this type; NULL elements mean that nothing is known. The element's type is copied to the arena.
onr_type onr_merge_container(const onr_infer *c, onr_kind kind, const onr_type *elem);

#endif
