// onnxrun_value.c: the values that cross the public interface: tensors, strings, sequences, optionals and maps.
// May assume: the caller's pointers are what onnxrun.h asks for. Never lets a library type show.
#include "onnxrun_session.h"

#include "base/mathx.h"
#include "onnx/tensor_pb.h"
#include "onnx/value_pb.h"

#include <string.h>

onr_err *onr_err_inner(onnxrun_error *err) {
    if (err) *err = (onnxrun_error){0};
    return (onr_err *)err;
}

_Static_assert(sizeof(onnxrun_error) == sizeof(onr_err), "the public error is the inner one");
_Static_assert((int)ONNXRUN_INT2 == (int)ONR_INT2 && (int)ONNXRUN_BFLOAT16 == (int)ONR_BFLOAT16, "types have the same numbers");
_Static_assert((int)ONNXRUN_MAP == (int)ONR_MAP && (int)ONNXRUN_TENSOR == (int)ONR_TENSOR, "kinds have the same numbers");
_Static_assert((int)ONNXRUN_INTERNAL == (int)ONR_INTERNAL && (int)ONNXRUN_LIMIT == (int)ONR_LIMIT,
               "codes have the same numbers");

const char *onnxrun_dtype_name(onnxrun_dtype t) { return onr_dtype_name((onr_dtype)t); }
onnxrun_dtype onnxrun_dtype_parse(const char *name) { return (onnxrun_dtype)onr_dtype_parse(name); }
int onnxrun_dtype_bits(onnxrun_dtype t) { return onr_dtype_bits((onr_dtype)t); }

onnxrun_value *onr_value_wrap(onr_datum *d, bool is_buffer) {
    onnxrun_value *v = onr_malloc(sizeof *v);
    if (!v) return NULL;
    *v = (onnxrun_value){.d = *d, .is_buffer = is_buffer};
    *d = (onr_datum){0};
    return v;
}

onnxrun_status onnxrun_value_copy(const onnxrun_value *v, onnxrun_value **out, onnxrun_error *err) {
    onr_datum d;
    *out = NULL;
    onr_status s = onr_datum_copy(&v->d, &d, onr_err_inner(err));
    if (s != ONR_OK) return (onnxrun_status)s;
    *out = onr_value_wrap(&d, false);
    if (*out) return ONNXRUN_OK;
    onr_datum_release(&d);
    return (onnxrun_status)onr_no_memory(onr_err_inner(err), sizeof **out);
}

void onnxrun_value_free(onnxrun_value *v) {
    if (!v) return;
    onr_datum_release(&v->d);
    onr_free(v);
}

static bool make_shape(int rank, const int64_t *dims, onr_shape *out) {
    int64_t n;
    if (rank < 0 || rank > ONR_MAX_RANK || (rank && !dims)) return false;
    *out = onr_shape_make(rank, dims);
    return onr_shape_numel(out, &n);
}

static bool is_packed(onr_dtype t) { return onr_dtype_bits(t) > 0 && onr_dtype_bits(t) < 8; }

static onnxrun_value *borrow(onnxrun_dtype dtype, int rank, const int64_t *dims, const void *data, bool is_buffer) {
    onr_shape shape;
    if (onr_dtype_size((onr_dtype)dtype) == 0 || dtype == ONNXRUN_STRING || is_packed((onr_dtype)dtype)) return NULL;
    if (!make_shape(rank, dims, &shape)) return NULL;
    onr_datum d = onr_datum_borrow((onr_dtype)dtype, &shape, data);
    return onr_value_wrap(&d, is_buffer);
}

onnxrun_value *onnxrun_value_borrow(onnxrun_dtype dtype, int rank, const int64_t *dims, const void *data) {
    return borrow(dtype, rank, dims, data, false);
}

onnxrun_value *onnxrun_value_buffer(onnxrun_dtype dtype, int rank, const int64_t *dims, void *data) {
    return borrow(dtype, rank, dims, data, true);
}

/// Gives a made datum to the caller.
static onnxrun_status give(onr_datum *d, onnxrun_value **out, onnxrun_error *err) {
    *out = onr_value_wrap(d, false);
    if (*out) return ONNXRUN_OK;
    onr_datum_release(d);
    return (onnxrun_status)onr_no_memory(onr_err_inner(err), sizeof **out);
}

static size_t packed_bytes(onr_dtype dtype, int64_t n) {
    int bits = onr_dtype_bits(dtype);
    return bits >= 8 ? (size_t)n * (size_t)(bits / 8) : ((size_t)n * (size_t)bits + 7) / 8;
}

onnxrun_status onnxrun_value_tensor(onnxrun_dtype dtype, int rank, const int64_t *dims, const void *data, size_t bytes,
                                    onnxrun_value **out, onnxrun_error *err) {
    onr_dtype t = (onr_dtype)dtype;
    onr_shape shape;
    onr_datum d;
    *out = NULL;
    if (onr_dtype_bits(t) == 0)
        return (onnxrun_status)onr_fail(onr_err_inner(err), ONR_USAGE, "no tensor of type %s can be made from bytes",
                                        onr_dtype_name(t));
    if (!make_shape(rank, dims, &shape))
        return (onnxrun_status)onr_fail(onr_err_inner(err), ONR_USAGE, "a tensor's rank or dimensions are out of range");
    onr_status s = onr_datum_new(t, &shape, &d, onr_err_inner(err));
    if (s != ONR_OK) return (onnxrun_status)s;
    int64_t n = onr_tensor_numel(&d.t);
    if (bytes != packed_bytes(t, n)) {
        char text[ONR_SHAPE_TEXT];
        onr_datum_release(&d);
        return (onnxrun_status)onr_fail(onr_err_inner(err), ONR_INVALID, "%s[%s] takes %zu bytes, %zu are given",
                                        onr_dtype_name(t), onr_shape_text(&shape, NULL, text), packed_bytes(t, n), bytes);
    }
    if (is_packed(t))
        onr_subbyte_unpack(t, data, (size_t)n, d.t.data);
    else if (bytes)
        memcpy(d.t.data, data, bytes);
    return give(&d, out, err);
}

onnxrun_status onnxrun_value_strings(int rank, const int64_t *dims, const char *const *strings, const size_t *lengths,
                                     onnxrun_value **out, onnxrun_error *err) {
    onr_shape shape;
    int64_t n = 0;
    *out = NULL;
    if (!make_shape(rank, dims, &shape) || !onr_shape_numel(&shape, &n))
        return (onnxrun_status)onr_fail(onr_err_inner(err), ONR_USAGE, "a tensor's rank or dimensions are out of range");
    onr_string *list = onr_malloc((size_t)n * sizeof *list + 1);
    if (!list) return (onnxrun_status)onr_no_memory(onr_err_inner(err), (size_t)n * sizeof *list);
    for (int64_t i = 0; i < n; i++) list[i] = (onr_string){strings[i], lengths[i]};
    onr_datum d;
    onr_status s = onr_datum_new_strings(&shape, list, &d, onr_err_inner(err));
    onr_free(list);
    return s == ONR_OK ? give(&d, out, err) : (onnxrun_status)s;
}

onnxrun_status onnxrun_value_items(onnxrun_kind kind, const onnxrun_value *const *items, size_t n, onnxrun_value **out,
                                   onnxrun_error *err) {
    onr_datum d;
    *out = NULL;
    bool right = kind == ONNXRUN_SEQUENCE || (kind == ONNXRUN_OPTIONAL && n <= 1) || (kind == ONNXRUN_MAP && n == 2);
    if (!right)
        return (onnxrun_status)onr_fail(onr_err_inner(err), ONR_USAGE, "%zu items do not make a value of kind %d", n,
                                        (int)kind);
    onr_status s = onr_datum_new_items((onr_kind)kind, n, &d, onr_err_inner(err));
    if (s != ONR_OK) return (onnxrun_status)s;
    for (size_t i = 0; i < n && s == ONR_OK; i++) s = onr_datum_hold(&items[i]->d, &d.item[i], onr_err_inner(err));
    if (s != ONR_OK) {
        onr_datum_release(&d);
        return (onnxrun_status)s;
    }
    return give(&d, out, err);
}

// ---- looking at values
// -------------------------------------------------------------------------------------------------------------

onnxrun_kind onnxrun_value_kind(const onnxrun_value *v) { return (onnxrun_kind)v->d.kind; }
onnxrun_dtype onnxrun_value_dtype(const onnxrun_value *v) {
    return v->d.kind == ONR_TENSOR ? (onnxrun_dtype)v->d.t.dtype : ONNXRUN_UNDEFINED;
}
int onnxrun_value_rank(const onnxrun_value *v) { return v->d.kind == ONR_TENSOR ? v->d.t.shape.rank : 0; }
const int64_t *onnxrun_value_dims(const onnxrun_value *v) { return v->d.t.shape.dim; }
int64_t onnxrun_value_numel(const onnxrun_value *v) { return v->d.kind == ONR_TENSOR ? onr_tensor_numel(&v->d.t) : 0; }

const void *onnxrun_value_data(const onnxrun_value *v) {
    return v->d.kind == ONR_TENSOR && v->d.t.dtype != ONR_STRING ? v->d.t.data : NULL;
}

size_t onnxrun_value_bytes(const onnxrun_value *v) {
    return onnxrun_value_data(v) ? packed_bytes(v->d.t.dtype, onr_tensor_numel(&v->d.t)) : 0;
}

void onnxrun_value_read(const onnxrun_value *v, void *out) {
    size_t bytes = onnxrun_value_bytes(v);
    if (!bytes) return;
    if (is_packed(v->d.t.dtype))
        onr_subbyte_pack(v->d.t.dtype, v->d.t.data, (size_t)onr_tensor_numel(&v->d.t), out);
    else
        memcpy(out, v->d.t.data, bytes);
}

const char *onnxrun_value_string(const onnxrun_value *v, int64_t i, size_t *n) {
    if (v->d.kind != ONR_TENSOR || v->d.t.dtype != ONR_STRING || i < 0 || i >= onr_tensor_numel(&v->d.t)) return NULL;
    const onr_string *s = (const onr_string *)v->d.t.data + i;
    *n = s->n;
    return s->n ? s->s : "";
}

size_t onnxrun_value_count(const onnxrun_value *v) { return v->d.kind == ONR_TENSOR ? 0 : v->d.n; }

onnxrun_value *onnxrun_value_item(const onnxrun_value *v, size_t i) {
    if (i >= onnxrun_value_count(v)) return NULL;
    onr_datum d = onr_datum_ref(&v->d.item[i]);
    onnxrun_value *item = onr_value_wrap(&d, false);
    if (!item) onr_datum_release(&d);
    return item;
}

double onnxrun_value_number(const onnxrun_value *v, int64_t i) { return onr_tensor_num(&v->d.t, i); }

onnxrun_status onnxrun_value_parse(const void *pb, size_t bytes, onnxrun_kind like, onnxrun_value **out, onnxrun_error *err) {
    onr_datum d;
    *out = NULL;
    onr_status s = onr_pb_parse_value(pb, bytes, (onr_kind)like, &d, onr_err_inner(err));
    return s == ONR_OK ? give(&d, out, err) : (onnxrun_status)s;
}

onnxrun_status onnxrun_value_serialize(const onnxrun_value *v, const char *name, void **pb, size_t *bytes, onnxrun_error *err) {
    return (onnxrun_status)onr_pb_serialize_value(&v->d, name, pb, bytes, onr_err_inner(err));
}

void onnxrun_string_free(void *s) { onr_free(s); }
