// write_pb.c: tensors, sequences, optionals and maps to protobuf messages, and to bytes.
// May assume: values are sound. Never copies a tensor's contents before they are packed.
#include "onnx/write_pb.h"

#include "onnx/tensor_pb.h"
#include "onnx/value_pb.h"

#include <assert.h>
#include <string.h>

enum { ELEM_UNDEFINED = 0, ELEM_TENSOR, ELEM_SPARSE, ELEM_SEQUENCE, ELEM_MAP, ELEM_OPTIONAL }; // SequenceProto.DataType

// A new message in the arena, a copy of its initial state.
static void *new_message(onr_arena *a, const void *init, size_t size, onr_err *err) {
    void *p = onr_arena_alloc(a, size);
    if (p)
        memcpy(p, init, size);
    else
        onr_no_memory(err, size);
    return p;
}

static onr_status write_strings(onr_arena *a, const onr_tensor *t, Onnx__TensorProto *pb, onr_err *err) {
    size_t n = (size_t)onr_tensor_numel(t);
    const onr_string *strings = t->data;
    pb->string_data = onr_arena_calloc(a, n, sizeof *pb->string_data);
    if (!pb->string_data) return onr_no_memory(err, 0);
    for (size_t i = 0; i < n; i++) pb->string_data[i] = (ProtobufCBinaryData){strings[i].n, (uint8_t *)(uintptr_t)strings[i].s};
    pb->n_string_data = n;
    return ONR_OK;
}

static onr_status write_raw(onr_arena *a, const onr_tensor *t, Onnx__TensorProto *pb, onr_err *err) {
    size_t bytes = onr_tensor_bytes(t), n = (size_t)onr_tensor_numel(t);
    int bits = onr_dtype_bits(t->dtype);
    pb->has_raw_data = 1;
    pb->raw_data = (ProtobufCBinaryData){bytes, bytes ? t->data : NULL};
    if (bits >= 8) return ONR_OK;
    size_t packed_bytes = (n * (size_t)bits + 7) / 8; // n bytes are in memory: no overflow
    uint8_t *packed = onr_arena_alloc(a, packed_bytes);
    if (!packed) return onr_no_memory(err, packed_bytes);
    onr_subbyte_pack(t->dtype, t->data, n, packed);
    pb->raw_data = (ProtobufCBinaryData){packed_bytes, packed};
    return ONR_OK;
}

onr_status onr_tensor_write(onr_arena *a, const onr_tensor *t, const char *name, Onnx__TensorProto **out, onr_err *err) {
    static const Onnx__TensorProto init = ONNX__TENSOR_PROTO__INIT;
    if (t->block) return onr_fail(err, ONR_INTERNAL, "a tensor in a blocked layout cannot be written");
    Onnx__TensorProto *pb = new_message(a, &init, sizeof init, err);
    int64_t *dims = onr_arena_calloc(a, (size_t)t->shape.rank, sizeof *dims);
    if (!pb || !dims) return onr_no_memory(err, sizeof init);
    for (int32_t i = 0; i < t->shape.rank; i++) dims[i] = t->shape.dim[i];
    pb->dims = dims;
    pb->n_dims = (size_t)t->shape.rank;
    pb->has_data_type = 1;
    pb->data_type = (int32_t)t->dtype;
    pb->name = (char *)(uintptr_t)name;
    *out = pb;
    return t->dtype == ONR_STRING ? write_strings(a, t, pb, err) : write_raw(a, t, pb, err);
}

static int elem_of(const onr_datum *d) {
    onr_kind kind = d->n ? d->item[0].kind : d->elem ? d->elem->kind : ONR_KIND_UNKNOWN;
    switch (kind) {
    case ONR_TENSOR: return ELEM_TENSOR;
    case ONR_SEQUENCE: return ELEM_SEQUENCE;
    case ONR_OPTIONAL: return ELEM_OPTIONAL;
    case ONR_MAP: return ELEM_MAP;
    case ONR_KIND_UNKNOWN: break;
    }
    return ELEM_UNDEFINED;
}

static onr_status write_sequence(onr_arena *a, const onr_datum *d, const char *name, Onnx__SequenceProto **out, onr_err *err) {
    static const Onnx__SequenceProto init = ONNX__SEQUENCE_PROTO__INIT;
    Onnx__SequenceProto *pb = new_message(a, &init, sizeof init, err);
    ProtobufCMessage **items = onr_arena_calloc(a, d->n, sizeof(ProtobufCMessage *));
    if (!pb || !items) return onr_no_memory(err, sizeof init);
    pb->name = (char *)(uintptr_t)name;
    pb->has_elem_type = 1;
    pb->elem_type = elem_of(d);
    for (size_t i = 0; i < d->n; i++) {
        if (d->item[i].kind != d->item[0].kind)
            return onr_fail(err, ONR_INVALID, "the items of a sequence are of several kinds");
        ONR_TRY(onr_datum_write(a, &d->item[i], NULL, &items[i], err));
    }
    *out = pb;
    switch (pb->elem_type) {
    case ELEM_TENSOR: pb->n_tensor_values = d->n, pb->tensor_values = (Onnx__TensorProto **)items; break;
    case ELEM_SEQUENCE: pb->n_sequence_values = d->n, pb->sequence_values = (Onnx__SequenceProto **)items; break;
    case ELEM_OPTIONAL: pb->n_optional_values = d->n, pb->optional_values = (Onnx__OptionalProto **)items; break;
    case ELEM_MAP: pb->n_map_values = d->n, pb->map_values = (Onnx__MapProto **)items; break;
    default: break;
    }
    return ONR_OK;
}

static onr_status write_optional(onr_arena *a, const onr_datum *d, const char *name, Onnx__OptionalProto **out, onr_err *err) {
    static const Onnx__OptionalProto init = ONNX__OPTIONAL_PROTO__INIT;
    Onnx__OptionalProto *pb = new_message(a, &init, sizeof init, err);
    ProtobufCMessage *item = NULL;
    if (!pb) return ONR_LIMIT;
    pb->name = (char *)(uintptr_t)name;
    pb->has_elem_type = 1;
    pb->elem_type = elem_of(d);
    *out = pb;
    if (d->n == 0) return ONR_OK;
    ONR_TRY(onr_datum_write(a, &d->item[0], NULL, &item, err));
    switch (pb->elem_type) {
    case ELEM_TENSOR: pb->tensor_value = (Onnx__TensorProto *)item; break;
    case ELEM_SEQUENCE: pb->sequence_value = (Onnx__SequenceProto *)item; break;
    case ELEM_OPTIONAL: pb->optional_value = (Onnx__OptionalProto *)item; break;
    case ELEM_MAP: pb->map_value = (Onnx__MapProto *)item; break;
    default: break;
    }
    return ONR_OK;
}

// The scalars of a map's value tensor, as the sequence that MapProto wants.
static void split_scalars(const onr_datum *values, onr_datum *items, size_t n) {
    size_t size = onr_dtype_size(values->t.dtype);
    onr_shape scalar = onr_shape_make(0, NULL);
    for (size_t i = 0; i < n; i++)
        items[i] = onr_datum_borrow(values->t.dtype, &scalar, (const uint8_t *)values->t.data + i * size);
}

static onr_status write_map(onr_arena *a, const onr_datum *d, const char *name, Onnx__MapProto **out, onr_err *err) {
    static const Onnx__MapProto init = ONNX__MAP_PROTO__INIT;
    assert(d->n == 2 && d->item[0].kind == ONR_TENSOR);
    const onr_tensor *keys = &d->item[0].t;
    const onr_datum *values = &d->item[1];
    size_t n = (size_t)onr_tensor_numel(keys);
    Onnx__MapProto *pb = new_message(a, &init, sizeof init, err);
    *out = pb;
    int64_t *numbers = onr_arena_calloc(a, n, sizeof *numbers);
    ProtobufCBinaryData *texts = onr_arena_calloc(a, n, sizeof *texts);
    onr_datum *scalars = onr_arena_calloc(a, n, sizeof *scalars);
    if (!pb || !numbers || !texts || !scalars) return onr_no_memory(err, sizeof init);
    pb->name = (char *)(uintptr_t)name;
    pb->has_key_type = 1;
    pb->key_type = (int32_t)keys->dtype;
    bool text = keys->dtype == ONR_STRING;
    for (size_t i = 0; i < n; i++) {
        const onr_string *s = text ? &((const onr_string *)keys->data)[i] : NULL;
        if (text)
            texts[i] = (ProtobufCBinaryData){s->n, (uint8_t *)(uintptr_t)s->s};
        else
            numbers[i] = onr_tensor_int(keys, (int64_t)i);
    }
    pb->n_keys = text ? 0 : n, pb->keys = numbers;
    pb->n_string_keys = text ? n : 0, pb->string_keys = texts;
    onr_datum list = {.kind = ONR_SEQUENCE, .n = n, .item = scalars};
    if (values->kind == ONR_TENSOR) split_scalars(values, scalars, n);
    return write_sequence(a, values->kind == ONR_TENSOR ? &list : values, NULL, &pb->values, err);
}

onr_status onr_datum_write(onr_arena *a, const onr_datum *d, const char *name, ProtobufCMessage **out, onr_err *err) {
    switch (d->kind) {
    case ONR_TENSOR: return onr_tensor_write(a, &d->t, name, (Onnx__TensorProto **)out, err);
    case ONR_SEQUENCE: return write_sequence(a, d, name, (Onnx__SequenceProto **)out, err);
    case ONR_OPTIONAL: return write_optional(a, d, name, (Onnx__OptionalProto **)out, err);
    case ONR_MAP: return write_map(a, d, name, (Onnx__MapProto **)out, err);
    case ONR_KIND_UNKNOWN: break;
    }
    return onr_fail(err, ONR_INVALID, "an empty value cannot be written");
}

onr_status onr_pb_serialize_value(const onr_datum *d, const char *name, void **out, size_t *bytes, onr_err *err) {
    onr_arena *a = onr_arena_new(0);
    ProtobufCMessage *message = NULL;
    if (!a) return onr_no_memory(err, 0);
    onr_status status = onr_datum_write(a, d, name, &message, err);
    if (status == ONR_OK) status = onr_pb_pack(message, out, bytes, err);
    onr_arena_free(a);
    return status;
}
