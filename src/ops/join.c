// join.c: joining and slicing of tensors along an axis for sequences and loops.
// May assume: plain layouts. Movement only: elements are bytes, strings are copied by their descriptors and then made own.
// Never allocates before all items were found to fit.
#include "ops/join.h"

#include "base/arena.h"
#include "base/mathx.h"
#include "ops/nd.h"

#include <string.h>

/// The joined shape, with axis resolved.
static onr_status joined_shape(const onr_run *r, const onr_join *j, onr_shape *shape, int32_t *axis) {
    char a[ONR_SHAPE_TEXT], b[ONR_SHAPE_TEXT];
    const onr_tensor *first = &j->item[0].t;
    if (j->item[0].kind != ONR_TENSOR) return onr_run_bad(r, "joins tensors, item 0 is none");
    int32_t rank = first->shape.rank + j->new_axis;
    *axis = onr_axis(j->axis, rank);
    if (*axis < 0 || rank > ONR_MAX_RANK)
        return onr_run_bad(r, "axis %lld is out of range for rank %d", (long long)j->axis, rank);
    int64_t sum = 0;
    for (size_t i = 0; i < j->n; i++) {
        const onr_tensor *t = &j->item[i].t;
        bool fits = j->item[i].kind == ONR_TENSOR && t->dtype == first->dtype && t->shape.rank == first->shape.rank;
        for (int32_t d = 0; fits && d < t->shape.rank; d++)
            fits = t->shape.dim[d] == first->shape.dim[d] || (d == *axis && !j->new_axis);
        if (!fits)
            return onr_run_bad(r, "item %zu is %s[%s], item 0 is %s[%s]: they cannot be joined", i, onr_dtype_name(t->dtype),
                               onr_shape_text(&t->shape, NULL, a), onr_dtype_name(first->dtype),
                               onr_shape_text(&first->shape, NULL, b));
        if (!onr_add_i64(sum, j->new_axis ? 1 : t->shape.dim[*axis], &sum)) return onr_run_bad(r, "the result is too large");
    }
    shape->rank = rank;
    for (int32_t d = 0, from = 0; d < rank; d++) {
        if (d == *axis)
            shape->dim[d] = sum, from += !j->new_axis;
        else
            shape->dim[d] = first->shape.dim[from++];
    }
    return ONR_OK;
}

static void move(const onr_run *r, const onr_join *j, const onr_shape *shape, int32_t axis, size_t elem, char *dst) {
    int64_t outer = onr_shape_span(shape, 0, axis), at = 0;
    int64_t stride = onr_shape_span(shape, axis, shape->rank) * (int64_t)elem;
    for (size_t i = 0; i < j->n; i++) {
        const onr_tensor *t = &j->item[j->backwards ? j->n - 1 - i : i].t;
        int64_t run = onr_shape_span(&t->shape, axis, t->shape.rank) * (int64_t)elem;
        onr_nd_box box = {.rank = 1, .dim = {outer}, .src = {run}, .dst = {stride}};
        if (run) onr_nd_copy(r->pool, (size_t)run, &box, t->data, dst + at);
        at += run;
    }
}

onr_status onr_join_run(const onr_run *r, const onr_join *j, onr_datum *out) {
    onr_shape shape;
    int32_t axis;
    ONR_TRY(joined_shape(r, j, &shape, &axis));
    onr_dtype t = j->item[0].t.dtype;
    onr_datum made;
    ONR_TRY(onr_datum_new(t, &shape, &made, r->err));
    move(r, j, &shape, axis, onr_dtype_size(t), made.t.data);
    if (t != ONR_STRING) return *out = made, ONR_OK;
    onr_status s = onr_datum_new_strings(&shape, made.t.data, out, r->err); // their characters still belong to the items
    onr_datum_release(&made);
    return s;
}

onr_status onr_join_slice(const onr_tensor *t, int32_t axis, int64_t k, onr_datum *out, onr_err *err) {
    onr_shape shape = {.rank = t->shape.rank - 1};
    for (int32_t d = 0; d < shape.rank; d++) shape.dim[d] = t->shape.dim[d + (d >= axis)];
    size_t elem = onr_dtype_size(t->dtype), inner = (size_t)onr_shape_span(&t->shape, axis + 1, t->shape.rank) * elem;
    int64_t outer = onr_shape_span(&t->shape, 0, axis), size = t->shape.dim[axis];
    const char *src = (const char *)t->data + (size_t)k * inner;
    if (outer == 1) return *out = onr_datum_borrow(t->dtype, &shape, src), ONR_OK;
    onr_datum made;
    ONR_TRY(onr_datum_new(t->dtype, &shape, &made, err));
    for (int64_t o = 0; o < outer && inner; o++)
        memcpy((char *)made.t.data + (size_t)o * inner, src + (size_t)(o * size) * inner, inner);
    if (t->dtype != ONR_STRING) return *out = made, ONR_OK;
    onr_status s = onr_datum_new_strings(&shape, made.t.data, out, err);
    onr_datum_release(&made);
    return s;
}
