// join.h: tensors laid one after the other along an axis, for operators whose inputs come as a list of data.
// May assume: plain layouts. Never shares memory with the items: the result is new.
#ifndef ONR_OPS_JOIN_H
#define ONR_OPS_JOIN_H

#include "ops/op.h"

typedef struct onr_join {
    const onr_datum *item;
    size_t n;       ///< at least 1
    int64_t axis;   ///< may be negative; counted in the result's dimensions when new_axis
    bool new_axis;  ///< stacked along a dimension of its own
    bool backwards; ///< the last item comes first
} onr_join;

/// The joined tensor. ONR_INVALID when an item is no tensor, or types, ranks or other dimensions differ, or the axis is out of
/// range; the message begins with the operator's name.
onr_status onr_join_run(const onr_run *r, const onr_join *j, onr_datum *out);

/// Item k of a tensor along `axis`, which disappears: borrowed where it lies in one piece, else a copy.
onr_status onr_join_slice(const onr_tensor *t, int32_t axis, int64_t k, onr_datum *out, onr_err *err);

#endif
