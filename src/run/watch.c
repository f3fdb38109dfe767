// watch.c: tells a watcher of a run's steps.
// May assume: events point at living data. Never changes an event's tensors.
#include "run/watch.h"

#include "base/time.h"

/// Bytes of the tensors of a step, inputs and outputs once each; 0 for a view, which moves nothing.
static double tensor_bytes(const onr_event *e) {
    double bytes = 0;
    const onr_datum *x = e->node->n_in > 0 ? e->in[0] : NULL, *y = e->out[0];
    if ((e->node->op->flags & ONR_OP_VIEW) && x && y && x->kind == ONR_TENSOR && x->t.data == y->t.data) return 0;
    for (int32_t k = 0; k < e->node->n_in; k++)
        if (e->in[k] && e->in[k]->kind == ONR_TENSOR) bytes += (double)onr_tensor_bytes(&e->in[k]->t);
    for (int32_t k = 0; k < e->node->n_out; k++)
        if (e->out[k] && e->out[k]->kind == ONR_TENSOR) bytes += (double)onr_tensor_bytes(&e->out[k]->t);
    return bytes;
}

static onr_status stopped(const onr_event *e, onr_err *err) {
    return onr_fail(err, ONR_LIMIT, "stopped at node '%s' by the caller", e->node->name);
}

onr_status onr_watch_before(const onr_watch *watch, onr_event *event, onr_err *err) {
    if (!watch || !watch->before) return ONR_OK;
    event->start_ns = onr_time_ns() - watch->start_ns;
    return watch->before(watch->user, event) ? ONR_OK : stopped(event, err);
}

onr_status onr_watch_after(const onr_watch *watch, onr_event *event, uint64_t start_ns, onr_err *err) {
    if (!watch || !watch->after) return ONR_OK;
    event->start_ns = start_ns - watch->start_ns;
    event->ns = onr_time_ns() - start_ns;
    if (event->bytes == 0) event->bytes = tensor_bytes(event);
    return watch->after(watch->user, event) ? ONR_OK : stopped(event, err);
}
