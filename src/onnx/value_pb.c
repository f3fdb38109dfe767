// value_pb.c: sequences, optionals and maps from protobuf messages.
// May assume: nesting was limited by the wire scan. Never shares memory with the message.
// Source: onnx-data.proto's messages, as proto/onnx.proto describes them.
#include "onnx/value_pb.h"

#include "onnx/tensor_pb.h"

#include <string.h>

enum { ELEM_UNDEFINED = 0, ELEM_TENSOR, ELEM_SPARSE, ELEM_SEQUENCE, ELEM_MAP, ELEM_OPTIONAL }; // SequenceProto.DataType

static const onr_type any_tensor = {.kind = ONR_TENSOR, .shape = {.rank = -1}};
static const onr_type any_sequence = {.kind = ONR_SEQUENCE, .shape = {.rank = -1}};
static const onr_type any_optional = {.kind = ONR_OPTIONAL, .shape = {.rank = -1}};
static const onr_type any_map = {.kind = ONR_MAP, .shape = {.rank = -1}};

// The type of the elements of an empty container, as far as the message tells.
static const onr_type *elem_type(int32_t elem) {
    switch (elem) {
    case ELEM_TENSOR:
    case ELEM_SPARSE: return &any_tensor;
    case ELEM_SEQUENCE: return &any_sequence;
    case ELEM_MAP: return &any_map;
    case ELEM_OPTIONAL: return &any_optional;
    default: return NULL;
    }
}

static onr_status parse_sequence(const onr_tensor_source *from, const Onnx__SequenceProto *pb, onr_datum *out, onr_err *err);
static onr_status parse_optional(const onr_tensor_source *from, const Onnx__OptionalProto *pb, onr_datum *out, onr_err *err);
static onr_status parse_map(const onr_tensor_source *from, const Onnx__MapProto *pb, onr_datum *out, onr_err *err);

static onr_status parse_item(const onr_tensor_source *from, const ProtobufCMessage *m, onr_datum *out, onr_err *err) {
    if (m->descriptor == &onnx__tensor_proto__descriptor) return onr_tensor_read(from, (const Onnx__TensorProto *)m, out, err);
    if (m->descriptor == &onnx__sparse_tensor_proto__descriptor)
        return onr_sparse_read(from, (const Onnx__SparseTensorProto *)m, out, err);
    if (m->descriptor == &onnx__sequence_proto__descriptor)
        return parse_sequence(from, (const Onnx__SequenceProto *)m, out, err);
    if (m->descriptor == &onnx__optional_proto__descriptor)
        return parse_optional(from, (const Onnx__OptionalProto *)m, out, err);
    return parse_map(from, (const Onnx__MapProto *)m, out, err);
}

// The list that elem_type selects; items in another list contradict it.
static onr_status sequence_items(const Onnx__SequenceProto *pb, ProtobufCMessage *const **items, size_t *n, onr_err *err) {
    ProtobufCMessage *const *lists[] = {[ELEM_TENSOR] = (ProtobufCMessage *const *)pb->tensor_values,
                                        [ELEM_SPARSE] = (ProtobufCMessage *const *)pb->sparse_tensor_values,
                                        [ELEM_SEQUENCE] = (ProtobufCMessage *const *)pb->sequence_values,
                                        [ELEM_MAP] = (ProtobufCMessage *const *)pb->map_values,
                                        [ELEM_OPTIONAL] = (ProtobufCMessage *const *)pb->optional_values};
    const size_t counts[] = {[ELEM_TENSOR] = pb->n_tensor_values,
                             [ELEM_SPARSE] = pb->n_sparse_tensor_values,
                             [ELEM_SEQUENCE] = pb->n_sequence_values,
                             [ELEM_MAP] = pb->n_map_values,
                             [ELEM_OPTIONAL] = pb->n_optional_values};
    if (pb->elem_type < ELEM_UNDEFINED || pb->elem_type > ELEM_OPTIONAL)
        return onr_fail(err, ONR_UNSUPPORTED, "sequence elements of type number %d are not known", (int)pb->elem_type);
    for (int i = ELEM_TENSOR; i <= ELEM_OPTIONAL; i++)
        if (i != pb->elem_type && counts[i])
            return onr_fail(err, ONR_INVALID, "a sequence of elem_type %d has items of kind %d", (int)pb->elem_type, i);
    *items = pb->elem_type ? lists[pb->elem_type] : NULL;
    *n = pb->elem_type ? counts[pb->elem_type] : 0;
    return ONR_OK;
}

static onr_status parse_sequence(const onr_tensor_source *from, const Onnx__SequenceProto *pb, onr_datum *out, onr_err *err) {
    ProtobufCMessage *const *items;
    size_t n;
    ONR_TRY(sequence_items(pb, &items, &n, err));
    ONR_TRY(onr_datum_new_items(ONR_SEQUENCE, n, out, err));
    out->elem = elem_type(pb->elem_type);
    for (size_t i = 0; i < n; i++) {
        if (parse_item(from, items[i], &out->item[i], err) == ONR_OK) continue;
        onr_datum_release(out);
        return onr_err_prefix(err, "sequence item %zu", i);
    }
    return ONR_OK;
}

static onr_status parse_optional(const onr_tensor_source *from, const Onnx__OptionalProto *pb, onr_datum *out, onr_err *err) {
    if (pb->elem_type < ELEM_UNDEFINED || pb->elem_type > ELEM_OPTIONAL)
        return onr_fail(err, ONR_UNSUPPORTED, "optional elements of type number %d are not known", (int)pb->elem_type);
    const void *const items[] = {NULL,          pb->tensor_value,  pb->sparse_tensor_value, pb->sequence_value,
                                 pb->map_value, pb->optional_value};
    const ProtobufCMessage *item = items[pb->elem_type];
    for (int i = ELEM_TENSOR; i <= ELEM_OPTIONAL; i++)
        if (items[i] && i != pb->elem_type)
            return onr_fail(err, ONR_INVALID, "an optional of elem_type %d has a value of kind %d", (int)pb->elem_type, i);
    ONR_TRY(onr_datum_new_items(ONR_OPTIONAL, item ? 1 : 0, out, err));
    out->elem = elem_type(pb->elem_type);
    if (!item || parse_item(from, item, &out->item[0], err) == ONR_OK) return ONR_OK;
    onr_datum_release(out);
    return onr_err_prefix(err, "optional");
}

// ---- maps ---------------------------------------------------------------------------------------------------------------

static bool store_key(onr_dtype dtype, int64_t v, void *keys, size_t i) {
    switch (dtype) {
    case ONR_INT64:
    case ONR_UINT64: ((int64_t *)keys)[i] = v; return true;
    case ONR_INT32: ((int32_t *)keys)[i] = (int32_t)v; return v == (int32_t)v;
    case ONR_UINT32: ((uint32_t *)keys)[i] = (uint32_t)v; return v == (uint32_t)v;
    case ONR_INT16: ((int16_t *)keys)[i] = (int16_t)v; return v == (int16_t)v;
    case ONR_UINT16: ((uint16_t *)keys)[i] = (uint16_t)v; return v == (uint16_t)v;
    case ONR_INT8: ((int8_t *)keys)[i] = (int8_t)v; return v == (int8_t)v;
    case ONR_UINT8: ((uint8_t *)keys)[i] = (uint8_t)v; return v == (uint8_t)v;
    default: return false;
    }
}

static onr_status parse_keys(const Onnx__MapProto *pb, onr_datum *out, onr_err *err) {
    bool text = pb->key_type == ONR_STRING;
    int64_t n = (int64_t)(text ? pb->n_string_keys : pb->n_keys);
    onr_shape shape = onr_shape_make(1, &n);
    if ((text ? pb->n_keys : pb->n_string_keys) > 0)
        return onr_fail(err, ONR_INVALID, "map keys of another type than key_type");
    if (text) {
        onr_string *strings = onr_malloc((size_t)n * sizeof *strings); // as many as were parsed: no overflow
        if (!strings) return onr_no_memory(err, (size_t)n * sizeof *strings);
        for (int64_t i = 0; i < n; i++)
            strings[i] = (onr_string){(const char *)pb->string_keys[i].data, pb->string_keys[i].len};
        onr_status status = onr_datum_new_strings(&shape, strings, out, err);
        onr_free(strings);
        return status;
    }
    if (pb->key_type <= 0 || pb->key_type >= ONR_N_DTYPES || !onr_dtype_in((onr_dtype)pb->key_type, ONR_T_INTS))
        return onr_fail(err, ONR_INVALID, "map keys cannot be of type number %d", (int)pb->key_type);
    ONR_TRY(onr_datum_new((onr_dtype)pb->key_type, &shape, out, err));
    for (int64_t i = 0; i < n; i++)
        if (!store_key(out->t.dtype, pb->keys[i], out->t.data, (size_t)i))
            return onr_fail(err, ONR_INVALID, "map key %lld does not fit in %s", (long long)pb->keys[i],
                            onr_dtype_name(out->t.dtype));
    return ONR_OK;
}

// Scalars of one type: a map as operators make it, whose values are one tensor.
static bool are_scalars(const onr_datum *seq) {
    for (size_t i = 0; i < seq->n; i++) {
        const onr_datum *d = &seq->item[i];
        if (d->kind != ONR_TENSOR || d->t.shape.rank != 0 || d->t.dtype != seq->item[0].t.dtype) return false;
    }
    return seq->n > 0;
}

static onr_status join_scalars(onr_datum *seq, onr_err *err) {
    onr_datum joined;
    onr_dtype dtype = seq->item[0].t.dtype;
    int64_t n = (int64_t)seq->n;
    onr_shape shape = onr_shape_make(1, &n);
    if (dtype == ONR_STRING) {
        onr_string *strings = onr_malloc(seq->n * sizeof *strings);
        if (!strings) return onr_no_memory(err, seq->n * sizeof *strings);
        for (size_t i = 0; i < seq->n; i++) strings[i] = *(const onr_string *)seq->item[i].t.data;
        onr_status status = onr_datum_new_strings(&shape, strings, &joined, err);
        onr_free(strings);
        if (status != ONR_OK) return status;
    } else {
        ONR_TRY(onr_datum_new(dtype, &shape, &joined, err));
        size_t size = onr_dtype_size(dtype);
        for (size_t i = 0; i < seq->n; i++) memcpy((uint8_t *)joined.t.data + i * size, seq->item[i].t.data, size);
    }
    onr_datum_release(seq);
    *seq = joined;
    return ONR_OK;
}

static onr_status parse_map(const onr_tensor_source *from, const Onnx__MapProto *pb, onr_datum *out, onr_err *err) {
    static const Onnx__SequenceProto none = ONNX__SEQUENCE_PROTO__INIT;
    ONR_TRY(onr_datum_new_items(ONR_MAP, 2, out, err));
    onr_datum *keys = &out->item[0], *values = &out->item[1];
    onr_status status = parse_keys(pb, keys, err);
    if (status == ONR_OK) status = parse_sequence(from, pb->values ? pb->values : &none, values, err);
    if (status == ONR_OK && (int64_t)values->n != keys->t.shape.dim[0])
        status = onr_fail(err, ONR_INVALID, "a map of %lld keys has %zu values", (long long)keys->t.shape.dim[0], values->n);
    if (status == ONR_OK) {
        out->elem = values->elem;
        if (are_scalars(values)) status = join_scalars(values, err);
    }
    if (status == ONR_OK) return ONR_OK;
    onr_datum_release(out);
    return onr_err_prefix(err, "map");
}

// ---- the entry ----------------------------------------------------------------------------------------------------------

onr_status onr_pb_parse_value(const void *data, size_t bytes, onr_kind kind, onr_datum *out, onr_err *err) {
    const ProtobufCMessageDescriptor *root = kind == ONR_SEQUENCE   ? &onnx__sequence_proto__descriptor
                                             : kind == ONR_OPTIONAL ? &onnx__optional_proto__descriptor
                                             : kind == ONR_MAP      ? &onnx__map_proto__descriptor
                                                                    : &onnx__tensor_proto__descriptor;
    onr_err own;
    if (!err) err = &own;
    memset(out, 0, sizeof *out);
    onr_wire_limits limits = onr_wire_limits_default();
    onr_pb pb;
    ONR_TRY(onr_pb_parse(root, data, bytes, &limits, &pb, err));
    onr_tensor_source from = {.spans = pb.wire.spans, .n_spans = pb.wire.n_spans, .max_dense_bytes = (size_t)1 << 30};
    onr_status status = parse_item(&from, pb.message, out, err);
    onr_pb_free(&pb);
    return status;
}
