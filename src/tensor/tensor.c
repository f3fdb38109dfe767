// tensor.c: static types and the contents that flow along edges.
// May assume: shapes of data are known. Never converts elements (ops/cast.c does).
#include "tensor/tensor.h"

#include "base/half.h"
#include "base/mathx.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// ---- static types -----------------------------------------------------------------------------------------------------------

onr_type onr_type_tensor(onr_dtype dtype, onr_shape shape) {
    return (onr_type){.kind = ONR_TENSOR, .dtype = dtype, .shape = shape};
}

onr_type onr_type_unknown(void) { return (onr_type){.kind = ONR_KIND_UNKNOWN, .shape = {.rank = -1}}; }

bool onr_type_equal(const onr_type *a, const onr_type *b) {
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case ONR_KIND_UNKNOWN: return true;
    case ONR_TENSOR: return a->dtype == b->dtype && a->block == b->block && onr_shape_equal(&a->shape, &b->shape);
    case ONR_MAP:
        if (a->dtype != b->dtype) return false;
        break;
    case ONR_SEQUENCE:
    case ONR_OPTIONAL: break;
    }
    if (!a->elem || !b->elem) return a->elem == b->elem;
    return onr_type_equal(a->elem, b->elem);
}

bool onr_type_contradicts(const onr_type *a, const onr_type *b) {
    if (a->kind == ONR_KIND_UNKNOWN || b->kind == ONR_KIND_UNKNOWN) return false;
    if (a->kind != b->kind) return true;
    if (a->kind != ONR_TENSOR) return false;
    if (a->dtype && b->dtype && a->dtype != b->dtype) return true;
    if (a->shape.rank < 0 || b->shape.rank < 0) return false;
    if (a->shape.rank != b->shape.rank) return true;
    for (int32_t i = 0; i < a->shape.rank; i++) {
        int64_t x = a->shape.dim[i], y = b->shape.dim[i];
        if (onr_dim_known(x) && onr_dim_known(y) && x != y) return true;
    }
    return false;
}

const char *onr_type_text(const onr_type *t, const onr_symbols *symbols, char out[ONR_TYPE_TEXT]) {
    char inner[ONR_TYPE_TEXT] = "?";
    char shape[ONR_SHAPE_TEXT];
    if (t->kind != ONR_TENSOR && t->elem) onr_type_text(t->elem, symbols, inner);
    const int most = ONR_TYPE_TEXT - 32; // leaves room for the words around it
    switch (t->kind) {
    case ONR_KIND_UNKNOWN: snprintf(out, ONR_TYPE_TEXT, "?"); break;
    case ONR_TENSOR: {
        char layout[16] = "";
        if (t->block) snprintf(layout, sizeof layout, ", c%d", t->block);
        const char *dims = t->shape.rank == 0 ? "" : onr_shape_text(&t->shape, symbols, shape);
        snprintf(out, ONR_TYPE_TEXT, "%s[%s%s]", onr_dtype_name(t->dtype), dims, layout);
        break;
    }
    case ONR_SEQUENCE: snprintf(out, ONR_TYPE_TEXT, "seq(%.*s)", most, inner); break;
    case ONR_OPTIONAL: snprintf(out, ONR_TYPE_TEXT, "optional(%.*s)", most, inner); break;
    case ONR_MAP: snprintf(out, ONR_TYPE_TEXT, "map(%s, %.*s)", onr_dtype_name(t->dtype), most, inner); break;
    }
    return out;
}

static bool tensor_bytes(onr_dtype dtype, int32_t block, const onr_shape *shape, size_t *bytes) {
    onr_shape padded = *shape;
    if (block && padded.rank >= 2 && onr_dim_known(padded.dim[1])) padded.dim[1] = onr_round_up(padded.dim[1], block);
    int64_t n;
    return onr_shape_numel(&padded, &n) && onr_mul_size((size_t)n, onr_dtype_size(dtype), bytes) && *bytes <= (size_t)INT64_MAX;
}

bool onr_type_bytes(const onr_type *t, size_t *bytes) {
    return t->kind == ONR_TENSOR && tensor_bytes(t->dtype, t->block, &t->shape, bytes);
}

// ---- tensors ----------------------------------------------------------------------------------------------------------------

int64_t onr_tensor_numel(const onr_tensor *t) {
    int64_t n = 0;
    bool ok = onr_shape_numel(&t->shape, &n);
    assert(ok);
    (void)ok;
    return n;
}

size_t onr_tensor_bytes(const onr_tensor *t) {
    size_t bytes = 0;
    bool ok = tensor_bytes(t->dtype, t->block, &t->shape, &bytes);
    assert(ok);
    (void)ok;
    return bytes;
}

// Elements at any address: a constant lies in its file where the fields before it end.
typedef int64_t askew_i64 __attribute__((aligned(1)));
typedef int32_t askew_i32 __attribute__((aligned(1)));
typedef int16_t askew_i16 __attribute__((aligned(1)));
typedef uint64_t askew_u64 __attribute__((aligned(1)));
typedef uint32_t askew_u32 __attribute__((aligned(1)));
typedef uint16_t askew_u16 __attribute__((aligned(1)));
typedef float askew_float __attribute__((aligned(1)));
typedef double askew_double __attribute__((aligned(1)));

int64_t onr_tensor_int(const onr_tensor *t, int64_t i) {
    switch (t->dtype) {
    case ONR_INT64: return ((const askew_i64 *)t->data)[i];
    case ONR_INT32: return ((const askew_i32 *)t->data)[i];
    case ONR_INT16: return ((const askew_i16 *)t->data)[i];
    case ONR_INT8:
    case ONR_INT4:
    case ONR_INT2: return ((const int8_t *)t->data)[i];
    case ONR_UINT64: return (int64_t)((const askew_u64 *)t->data)[i];
    case ONR_UINT32: return ((const askew_u32 *)t->data)[i];
    case ONR_UINT16: return ((const askew_u16 *)t->data)[i];
    case ONR_UINT8:
    case ONR_BOOL:
    case ONR_UINT4:
    case ONR_UINT2: return ((const uint8_t *)t->data)[i];
    default: assert(!"an integer tensor"); return 0;
    }
}

double onr_tensor_num(const onr_tensor *t, int64_t i) {
    switch (t->dtype) {
    case ONR_FLOAT: return ((const askew_float *)t->data)[i];
    case ONR_DOUBLE: return ((const askew_double *)t->data)[i];
    case ONR_FLOAT16: return onr_f16_to_f32(((const askew_u16 *)t->data)[i]);
    case ONR_BFLOAT16: return onr_bf16_to_f32(((const askew_u16 *)t->data)[i]);
    case ONR_FLOAT8E4M3FN: return onr_f8_to_f32(((const uint8_t *)t->data)[i], ONR_F8_E4M3FN);
    case ONR_FLOAT8E4M3FNUZ: return onr_f8_to_f32(((const uint8_t *)t->data)[i], ONR_F8_E4M3FNUZ);
    case ONR_FLOAT8E5M2: return onr_f8_to_f32(((const uint8_t *)t->data)[i], ONR_F8_E5M2);
    case ONR_FLOAT8E5M2FNUZ: return onr_f8_to_f32(((const uint8_t *)t->data)[i], ONR_F8_E5M2FNUZ);
    case ONR_FLOAT8E8M0: return onr_e8m0_to_f32(((const uint8_t *)t->data)[i]);
    case ONR_FLOAT4E2M1: return onr_e2m1_to_f32(((const uint8_t *)t->data)[i]);
    case ONR_COMPLEX64: return ((const askew_float *)t->data)[2 * i];
    case ONR_COMPLEX128: return ((const askew_double *)t->data)[2 * i];
    case ONR_UINT64: return (double)((const askew_u64 *)t->data)[i];
    case ONR_STRING: return NAN; // no number: no check of a range lets it pass
    default: return (double)onr_tensor_int(t, i);
    }
}

// ---- data -------------------------------------------------------------------------------------------------------------------

onr_status onr_datum_new(onr_dtype dtype, const onr_shape *shape, onr_datum *out, onr_err *err) {
    size_t bytes;
    if (!tensor_bytes(dtype, 0, shape, &bytes)) {
        char text[ONR_SHAPE_TEXT];
        return onr_fail(err, ONR_LIMIT, "a tensor %s[%s] is too large", onr_dtype_name(dtype),
                        onr_shape_text(shape, NULL, text));
    }
    onr_buf *buf = onr_buf_new(bytes);
    if (!buf) return onr_no_memory(err, bytes);
    if (dtype == ONR_STRING) memset(buf->data, 0, bytes);
    *out = (onr_datum){.kind = ONR_TENSOR, .t = {.dtype = dtype, .shape = *shape, .data = buf->data}, .buf = buf};
    return ONR_OK;
}

onr_datum onr_datum_borrow(onr_dtype dtype, const onr_shape *shape, const void *data) {
    return (onr_datum){.kind = ONR_TENSOR, .t = {.dtype = dtype, .shape = *shape, .data = (void *)(uintptr_t)data}};
}

onr_status onr_datum_new_strings(const onr_shape *shape, const onr_string *strings, onr_datum *out, onr_err *err) {
    int64_t n = 0;
    if (!onr_shape_numel(shape, &n)) return onr_fail(err, ONR_LIMIT, "a string tensor is too large");
    size_t bytes, head;
    if (!onr_mul_size((size_t)n, sizeof(onr_string), &head)) return onr_no_memory(err, SIZE_MAX);
    bytes = head;
    for (int64_t i = 0; i < n; i++)
        if (!onr_add_size(bytes, strings[i].n, &bytes)) return onr_no_memory(err, SIZE_MAX);
    onr_buf *buf = onr_buf_new(bytes);
    if (!buf) return onr_no_memory(err, bytes);
    onr_string *to = buf->data;
    char *chars = (char *)buf->data + head;
    for (int64_t i = 0; i < n; i++) {
        to[i] = (onr_string){chars, strings[i].n};
        if (strings[i].n) memcpy(chars, strings[i].s, strings[i].n);
        chars += strings[i].n;
    }
    *out = (onr_datum){.kind = ONR_TENSOR, .t = {.dtype = ONR_STRING, .shape = *shape, .data = to}, .buf = buf};
    return ONR_OK;
}

static void release_items(onr_buf *b) {
    onr_datum *item = b->data;
    for (size_t i = 0; i < b->n_owned; i++) onr_datum_release(&item[i]);
}

enum { ELEM_LEVELS = 2 }; // optional(seq(tensor))

onr_status onr_datum_new_items(onr_kind kind, size_t n, onr_datum *out, onr_err *err) {
    assert(kind == ONR_SEQUENCE || kind == ONR_OPTIONAL || kind == ONR_MAP);
    size_t bytes; // the items, and behind them the types that onr_datum_set_elem copies
    if (!onr_mul_size(n, sizeof(onr_datum), &bytes) || !onr_add_size(bytes, ELEM_LEVELS * sizeof(onr_type), &bytes))
        return onr_no_memory(err, SIZE_MAX);
    onr_buf *buf = onr_buf_new(bytes);
    if (!buf) return onr_no_memory(err, bytes);
    memset(buf->data, 0, bytes);
    buf->n_owned = n;
    buf->on_free = release_items;
    *out = (onr_datum){.kind = kind, .buf = buf, .n = n, .item = buf->data};
    return ONR_OK;
}

void onr_datum_set_elem(onr_datum *d, const onr_type *elem) {
    onr_type *to = (onr_type *)(void *)((char *)d->buf->data + d->buf->n_owned * sizeof(onr_datum));
    d->elem = elem ? to : NULL;
    for (int level = 0; elem && level < ELEM_LEVELS; level++, elem = elem->elem) {
        to[level] = *elem;
        to[level].elem = elem->elem && level + 1 < ELEM_LEVELS ? &to[level + 1] : NULL;
    }
}

onr_datum onr_datum_ref(const onr_datum *d) {
    onr_datum copy = *d;
    onr_buf_ref(copy.buf);
    return copy;
}

onr_status onr_datum_hold(const onr_datum *d, onr_datum *out, onr_err *err) {
    if (!d->buf) return onr_datum_copy(d, out, err);
    *out = onr_datum_ref(d);
    return ONR_OK;
}

static onr_status copy_items(const onr_datum *d, onr_datum *out, onr_err *err) {
    onr_datum made;
    ONR_TRY(onr_datum_new_items(d->kind, d->n, &made, err));
    onr_datum_set_elem(&made, d->elem);
    for (size_t i = 0; i < d->n; i++) {
        onr_status s = onr_datum_copy(&d->item[i], &made.item[i], err);
        if (s != ONR_OK) return onr_datum_release(&made), s;
    }
    *out = made;
    return ONR_OK;
}

onr_status onr_datum_copy(const onr_datum *d, onr_datum *out, onr_err *err) {
    if (d->kind == ONR_KIND_UNKNOWN) return *out = *d, ONR_OK;
    if (d->kind != ONR_TENSOR) return copy_items(d, out, err);
    if (d->t.dtype == ONR_STRING) return onr_datum_new_strings(&d->t.shape, d->t.data, out, err);
    size_t bytes = onr_tensor_bytes(&d->t);
    onr_buf *buf = onr_buf_new(bytes);
    if (!buf) return onr_no_memory(err, bytes);
    if (bytes) memcpy(buf->data, d->t.data, bytes);
    *out = (onr_datum){.kind = ONR_TENSOR, .t = d->t, .buf = buf};
    out->t.data = buf->data;
    return ONR_OK;
}

void onr_datum_release(onr_datum *d) {
    if (!d) return;
    onr_buf_unref(d->buf);
    *d = (onr_datum){0};
}

onr_type onr_datum_type(const onr_datum *d) {
    onr_type t = onr_type_unknown();
    t.kind = d->kind;
    if (d->kind == ONR_TENSOR) {
        t.dtype = d->t.dtype;
        t.block = d->t.block;
        t.shape = d->t.shape;
    } else {
        t.elem = d->elem;
        if (d->kind == ONR_MAP && d->n == 2) t.dtype = d->item[0].t.dtype;
    }
    return t;
}
