// control.h: what the operators with a body share: lists of results, and the outputs of a body that never ran.
// May assume: included by the families of control flow. Never keeps anything after a run.
#ifndef ONR_OPS_CONTROL_H
#define ONR_OPS_CONTROL_H

#include "ops/op.h"

/// A growing list of data that it owns.
typedef struct onr_pile {
    onr_datum *item;
    size_t n, cap;
} onr_pile;
/// Moves d to the end of the list.
onr_status onr_pile_add(onr_pile *p, onr_datum *d, onr_err *err);
/// Releases the items and the list.
void onr_pile_drop(onr_pile *p);

/// Releases n data (and not the array).
void onr_data_release(onr_datum *d, size_t n);

/// Runs the body once; ONR_LIMIT when the run was cancelled. `out`: n_outputs of g, owned by the caller.
onr_status onr_body_run(const onr_run *r, const onr_graph *g, const onr_datum *const *in, int32_t n_in, onr_datum *out);
/// A tensor as output i of body g would give it when joined n_front times (of which there is none): zero elements along `axis`,
/// dimensions that only running tells are 0.
onr_status onr_body_empty(const onr_run *r, const onr_graph *g, int32_t i, int64_t axis, onr_datum *out);
/// ONR_INVALID when the graph does not take n_in inputs or gives fewer than n_out outputs.
onr_status onr_body_check(const onr_node *n, const onr_graph *g, int32_t n_in, int32_t n_out, onr_err *err);

#endif
