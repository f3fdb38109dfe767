// tensor_pb.c: turns TensorProto messages into tensors: raw bytes, typed lists, texts, external files, packed small types.
// May assume: the wire scan checked every span. Never allocates before the contents were found to have the right size.
// Source: ONNX IR, TensorProto: which list holds which type.
#include "onnx/tensor_pb.h"

#include "base/mathx.h"

#include <string.h>

enum { FLOAT_DATA = 4, INT32_DATA = 5, STRING_DATA = 6, INT64_DATA = 7, RAW_DATA = 9, DOUBLE_DATA = 10, UINT64_DATA = 11 };
enum { DATA_ALIGN = 64, DROP_BYTES = 256 << 10 };

// What type and dims say about a tensor.
typedef struct head {
    onr_dtype dtype;
    onr_shape shape;
    size_t numel;
    size_t file_bytes; // as raw_data holds it; 0 for strings
    size_t bytes;      // in memory
} head;

static onr_status read_head(const onr_tensor_source *from, int32_t data_type, const int64_t *dims, size_t n_dims, head *h,
                            onr_err *err) {
    memset(h, 0, sizeof *h);
    if (data_type == ONR_UNDEFINED) return onr_fail(err, ONR_INVALID, "no element type");
    if (data_type < 0 || data_type >= ONR_N_DTYPES)
        return onr_fail(err, ONR_UNSUPPORTED, "element type number %d is not known", (int)data_type);
    int max_rank = from->max_rank && from->max_rank < ONR_MAX_RANK ? from->max_rank : ONR_MAX_RANK;
    if (n_dims > (size_t)max_rank) return onr_fail(err, ONR_LIMIT, "rank %zu is above the limit of %d", n_dims, max_rank);
    h->dtype = (onr_dtype)data_type;
    h->shape = onr_shape_make((int32_t)n_dims, dims);
    for (size_t i = 0; i < n_dims; i++)
        if (dims[i] < 0) return onr_fail(err, ONR_INVALID, "dimension %zu is negative (%lld)", i, (long long)dims[i]);
    int64_t n;
    if (!onr_shape_numel(&h->shape, &n)) return onr_fail(err, ONR_INVALID, "the shape has too many elements to count");
    size_t n_bits;
    h->numel = (size_t)n;
    if (from->max_elements && h->numel > (size_t)from->max_elements)
        return onr_fail(err, ONR_LIMIT, "it has %zu elements, the limit is %lld", h->numel, (long long)from->max_elements);
    if (!onr_mul_size(h->numel, onr_dtype_size(h->dtype), &h->bytes) ||
        !onr_mul_size(h->numel, (size_t)onr_dtype_bits(h->dtype), &n_bits) || n_bits > SIZE_MAX - 7 || h->bytes > INT64_MAX)
        return onr_fail(err, ONR_INVALID, "the shape has too many bytes to count");
    h->file_bytes = (n_bits + 7) / 8;
    return ONR_OK;
}

// ---- memory for contents ------------------------------------------------------------------------------------------------

static onr_status new_contents(const onr_tensor_source *from, const head *h, onr_datum *out, onr_err *err) {
    if (!from->arena) return onr_datum_new(h->dtype, &h->shape, out, err);
    void *p = onr_arena_alloc_aligned(from->arena, h->bytes, DATA_ALIGN);
    if (!p) return onr_no_memory(err, h->bytes);
    *out = onr_datum_borrow(h->dtype, &h->shape, p);
    return ONR_OK;
}

static onr_status new_strings(const onr_tensor_source *from, const head *h, const onr_string *strings, onr_datum *out,
                              onr_err *err) {
    if (!from->arena) return onr_datum_new_strings(&h->shape, strings, out, err);
    ONR_TRY(new_contents(from, h, out, err));
    onr_string *to = out->t.data;
    for (size_t i = 0; i < h->numel; i++) {
        char *s = onr_arena_alloc(from->arena, strings[i].n);
        if (!s) return onr_no_memory(err, strings[i].n);
        if (strings[i].n) memcpy(s, strings[i].s, strings[i].n);
        to[i] = (onr_string){s, strings[i].n};
    }
    return ONR_OK;
}

// ---- contiguous contents ------------------------------------------------------------------------------------------------

void onr_subbyte_unpack(onr_dtype dtype, const uint8_t *packed, size_t n, uint8_t *out) {
    int bits = onr_dtype_bits(dtype), per_byte = 8 / bits;
    uint8_t mask = (uint8_t)((1 << bits) - 1), sign = (uint8_t)(onr_dtype_is_signed(dtype) ? 1 << (bits - 1) : 0);
    for (size_t i = 0; i < n; i++) {
        uint8_t v = (uint8_t)(packed[i / (size_t)per_byte] >> (i % (size_t)per_byte * (size_t)bits)) & mask;
        out[i] = (uint8_t)((v ^ sign) - sign); // extends the sign bit
    }
}

void onr_subbyte_pack(onr_dtype dtype, const uint8_t *in, size_t n, uint8_t *packed) {
    int bits = onr_dtype_bits(dtype), per_byte = 8 / bits;
    uint8_t mask = (uint8_t)((1 << bits) - 1);
    memset(packed, 0, (n + (size_t)per_byte - 1) / (size_t)per_byte);
    for (size_t i = 0; i < n; i++)
        packed[i / (size_t)per_byte] |= (uint8_t)((in[i] & mask) << (i % (size_t)per_byte * (size_t)bits));
}

// A bool is one byte of 0 or 1 in memory; a file may hold others.
static bool is_plain_bool(const uint8_t *p, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) any |= p[i];
    return any <= 1;
}

// The contents are `bytes` bytes laid out as raw_data: borrowed where alignment allows, else copied. Large floats (weights) are
// borrowed as they lie: most are only read once more, to be packed, and ops/step.c aligns them for whoever reads them
// otherwise.
static onr_status read_contiguous(const onr_tensor_source *from, const head *h, const uint8_t *data, size_t bytes,
                                  onr_datum *out, onr_err *err) {
    if (bytes != h->file_bytes)
        return onr_fail(err, ONR_INVALID, "its contents have %zu bytes, type and shape need %zu", bytes, h->file_bytes);
    int bits = onr_dtype_bits(h->dtype);
    size_t align = h->dtype == ONR_COMPLEX64 ? 4 : bits > 64 ? 8 : bits < 8 ? 1 : (size_t)bits / 8;
    bool same = bits >= 8 && (h->dtype != ONR_BOOL || is_plain_bool(data, bytes));
    bool weights = h->dtype == ONR_FLOAT && bytes >= ONR_BORROW_BYTES;
    if (from->arena && same && ((uintptr_t)data % align == 0 || weights)) {
        *out = onr_datum_borrow(h->dtype, &h->shape, data);
        return ONR_OK;
    }
    ONR_TRY(new_contents(from, h, out, err));
    uint8_t *to = out->t.data;
    if (bits < 8) {
        onr_subbyte_unpack(h->dtype, data, h->numel, to);
    } else if (same) {
        if (bytes) memcpy(to, data, bytes);
        if (from->model && bytes >= DROP_BYTES) onr_model_drop_pages(from->model, data, bytes);
    } else {
        for (size_t i = 0; i < bytes; i++) to[i] = data[i] != 0;
    }
    return ONR_OK;
}

// ---- lists of numbers ---------------------------------------------------------------------------------------------------

static uint32_t list_of(onr_dtype dtype) {
    switch (dtype) {
    case ONR_FLOAT:
    case ONR_COMPLEX64: return FLOAT_DATA;
    case ONR_DOUBLE:
    case ONR_COMPLEX128: return DOUBLE_DATA;
    case ONR_INT64: return INT64_DATA;
    case ONR_UINT32:
    case ONR_UINT64: return UINT64_DATA;
    case ONR_STRING: return STRING_DATA;
    default: return INT32_DATA;
    }
}

static const char *list_name(uint32_t field) {
    switch (field) {
    case FLOAT_DATA: return "float_data";
    case DOUBLE_DATA: return "double_data";
    case INT64_DATA: return "int64_data";
    case UINT64_DATA: return "uint64_data";
    case STRING_DATA: return "string_data";
    case INT32_DATA: return "int32_data";
    default: return "raw_data";
    }
}

// Walks the numbers of one list over its spans, in file order.
typedef struct numbers {
    const onr_span *span, *end;
    uint32_t field;
    const uint8_t *p;
} numbers;

static bool next_number(numbers *it, uint64_t *out) {
    for (; it->span < it->end; it->span++, it->p = NULL) {
        const onr_span *s = it->span;
        if (s->field != it->field) continue;
        const uint8_t *end = s->data + s->bytes;
        if (!it->p) it->p = s->data;
        if (it->p == end) continue;
        uint64_t tag;
        if (!s->packed && !onr_wire_varint(&it->p, end, &tag)) return false; // the scan checked it: never
        if (it->field != FLOAT_DATA && it->field != DOUBLE_DATA) return onr_wire_varint(&it->p, end, out);
        size_t size = it->field == FLOAT_DATA ? 4 : 8;
        *out = 0;
        memcpy(out, it->p, size); // the low bytes: little-endian, as loading demands
        it->p += size;
        return true;
    }
    return false;
}

// Writes number i, whose bits are v, into memory of the given type; false when the type cannot hold it.
static bool store_number(onr_dtype dtype, uint64_t v, uint8_t *to, size_t i) {
    int64_t x = (int64_t)v;
    switch (dtype) {
    case ONR_FLOAT:
    case ONR_COMPLEX64: memcpy(to + 4 * i, &v, 4); return true;
    case ONR_DOUBLE:
    case ONR_COMPLEX128:
    case ONR_INT64:
    case ONR_UINT64: memcpy(to + 8 * i, &v, 8); return true;
    case ONR_UINT32: memcpy(to + 4 * i, &v, 4); return v <= UINT32_MAX;
    case ONR_BOOL: to[i] = v != 0; return true;
    default: break;
    }
    // int32_data: a negative number may be written with five or ten bytes.
    if (x > INT32_MAX && x <= UINT32_MAX) x = (int32_t)(uint32_t)v;
    size_t size = onr_dtype_bits(dtype) < 8 ? 1 : onr_dtype_size(dtype);
    int64_t high = (int64_t)1 << (8 * size - 1);
    bool is_signed = onr_dtype_is_signed(dtype) && onr_dtype_bits(dtype) >= 8;
    // Bits of small floats and packed bytes have no sign as numbers, but some writers take them from a signed type.
    bool unsigned_int = onr_dtype_is_integer(dtype) && onr_dtype_bits(dtype) >= 8 && !is_signed;
    if (x < (unsigned_int ? 0 : -high) || x > (is_signed ? high - 1 : 2 * high - 1)) return false;
    memcpy(to + size * i, &x, size);
    return true;
}

static onr_status read_list(const onr_tensor_source *from, const head *h, const onr_span *spans, size_t n_spans, onr_datum *out,
                            onr_err *err) {
    uint32_t field = list_of(h->dtype);
    bool complex = h->dtype == ONR_COMPLEX64 || h->dtype == ONR_COMPLEX128, small = onr_dtype_bits(h->dtype) < 8;
    size_t want = small ? h->file_bytes : complex ? 2 * h->numel : h->numel, n = 0; // 2 * numel: bytes did not overflow
    numbers it = {.span = spans, .end = spans + n_spans, .field = field};
    for (uint64_t v; next_number(&it, &v);) n++;
    if (n == 0 && want) return onr_fail(err, ONR_INVALID, "it has no contents");
    if (n != want) return onr_fail(err, ONR_INVALID, "%s has %zu numbers, type and shape need %zu", list_name(field), n, want);
    uint8_t *packed = NULL;
    if (small && !(packed = onr_malloc(want))) return onr_no_memory(err, want);
    onr_status status = new_contents(from, h, out, err);
    uint8_t *to = small ? packed : out->t.data;
    it = (numbers){.span = spans, .end = spans + n_spans, .field = field};
    uint64_t v;
    for (size_t i = 0; status == ONR_OK && next_number(&it, &v); i++)
        if (!store_number(h->dtype, v, to, i))
            status = onr_fail(err, ONR_INVALID, "%s[%zu] = %lld does not fit in %s", list_name(field), i, (long long)v,
                              onr_dtype_name(h->dtype));
    if (small && status == ONR_OK) onr_subbyte_unpack(h->dtype, packed, h->numel, out->t.data);
    onr_free(packed);
    if (status != ONR_OK) onr_datum_release(out);
    return status;
}

static onr_status read_strings(const onr_tensor_source *from, const head *h, const Onnx__TensorProto *t, onr_datum *out,
                               onr_err *err) {
    if (t->n_string_data != h->numel)
        return onr_fail(err, ONR_INVALID, "string_data has %zu strings, the shape needs %zu", t->n_string_data, h->numel);
    onr_string *strings = onr_malloc(h->bytes); // the count was checked against what the file really holds
    if (!strings) return onr_no_memory(err, h->bytes);
    for (size_t i = 0; i < h->numel; i++)
        strings[i] = (onr_string){(const char *)t->string_data[i].data, t->string_data[i].len};
    onr_status status = new_strings(from, h, strings, out, err);
    onr_free(strings);
    return status;
}

// ---- whole tensors ------------------------------------------------------------------------------------------------------

// The last raw_data, and how many bytes the other lists hold; a list that is not for this type is an error.
static onr_status look_at_spans(const head *h, const onr_span *spans, size_t n, const onr_span **raw, const onr_span **list,
                                size_t *n_list, onr_err *err) {
    for (size_t i = 0; i < n; i++) {
        if (spans[i].field == RAW_DATA) {
            *raw = &spans[i];
        } else if (spans[i].bytes) {
            if (spans[i].field != list_of(h->dtype))
                return onr_fail(err, ONR_INVALID, "elements of type %s cannot be in %s", onr_dtype_name(h->dtype),
                                list_name(spans[i].field));
            *list = &spans[i];
            ++*n_list;
        }
    }
    if (*raw && !(*raw)->bytes && *list) *raw = NULL; // an empty raw_data beside a list says nothing
    if (*raw && *list) return onr_fail(err, ONR_INVALID, "contents in both raw_data and %s", list_name((*list)->field));
    return ONR_OK;
}

static onr_status read_contents(const onr_tensor_source *from, const head *h, const Onnx__TensorProto *t, onr_datum *out,
                                onr_err *err) {
    if (t->segment) return onr_fail(err, ONR_UNSUPPORTED, "tensors in segments");
    size_t first = t->span_first, n = t->span_count, n_list = 0;
    if (first > from->n_spans || n > from->n_spans - first) return onr_fail(err, ONR_INTERNAL, "spans out of range");
    const onr_span none = {0};
    const onr_span *spans = n ? from->spans + first : &none, *raw = NULL, *list = NULL;
    ONR_TRY(look_at_spans(h, spans, n, &raw, &list, &n_list, err));
    if (t->has_data_location && t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        const uint8_t *data = NULL;
        if (h->dtype == ONR_STRING || raw || list || t->n_string_data)
            return onr_fail(err, ONR_INVALID, "external data %s", h->dtype == ONR_STRING ? "of strings" : "beside contents");
        ONR_TRY(onr_external_find(from->external, t, h->file_bytes, &data, err));
        return read_contiguous(from, h, data, h->file_bytes, out, err);
    }
    if (h->dtype == ONR_STRING) {
        if (raw && raw->bytes) return onr_fail(err, ONR_INVALID, "strings cannot be in raw_data");
        return read_strings(from, h, t, out, err);
    }
    if (t->n_string_data) return onr_fail(err, ONR_INVALID, "%s cannot be in string_data", onr_dtype_name(h->dtype));
    if (raw) return read_contiguous(from, h, raw->data, raw->bytes, out, err);
    bool whole = n_list == 1 && list->packed && (list->field == FLOAT_DATA || list->field == DOUBLE_DATA);
    if (whole) return read_contiguous(from, h, list->data, list->bytes, out, err);
    return read_list(from, h, spans, n, out, err);
}

onr_status onr_tensor_read(const onr_tensor_source *from, const Onnx__TensorProto *t, onr_datum *out, onr_err *err) {
    memset(out, 0, sizeof *out);
    head h;
    onr_status status = read_head(from, t->data_type, t->dims, t->n_dims, &h, err);
    if (status == ONR_OK) status = read_contents(from, &h, t, out, err);
    if (status != ONR_OK && err && t->name && *t->name) onr_err_prefix(err, "tensor '%.200s'", t->name);
    return status;
}

// ---- sparse tensors -----------------------------------------------------------------------------------------------------

// Position of nonzero k in the dense tensor, or -1 when it lies outside.
static int64_t sparse_position(const head *h, const onr_tensor *indices, size_t k) {
    const int64_t *index = indices->data;
    if (indices->shape.rank == 1) return index[k] >= 0 && (uint64_t)index[k] < h->numel ? index[k] : -1;
    int64_t at = 0;
    for (int32_t a = 0; a < h->shape.rank; a++) {
        int64_t i = index[k * (size_t)h->shape.rank + (size_t)a];
        if (i < 0 || i >= h->shape.dim[a]) return -1;
        at = at * h->shape.dim[a] + i; // below numel
    }
    return at;
}

static onr_status check_sparse(const head *h, const onr_tensor *values, const onr_tensor *indices, onr_err *err) {
    if (values->shape.rank != 1)
        return onr_fail(err, ONR_INVALID, "sparse values have rank %d, not 1", (int)values->shape.rank);
    if (indices->dtype != ONR_INT64) return onr_fail(err, ONR_INVALID, "sparse indices are not int64");
    int32_t rank = indices->shape.rank;
    bool fits = (rank == 1 || (rank == 2 && indices->shape.dim[1] == h->shape.rank)) &&
                indices->shape.dim[0] == values->shape.dim[0];
    if (!fits) return onr_fail(err, ONR_INVALID, "the shapes of sparse indices, values and dims do not fit");
    return ONR_OK;
}

// Puts the nonzeros in their places. `to` is the zeroed dense tensor.
static onr_status scatter(const head *h, const onr_tensor *values, const onr_tensor *indices, uint8_t *to, onr_err *err) {
    size_t size = onr_dtype_size(h->dtype), n = (size_t)values->shape.dim[0];
    int64_t last = -1;
    for (size_t k = 0; k < n; k++) {
        int64_t at = sparse_position(h, indices, k);
        if (at < 0) return onr_fail(err, ONR_INVALID, "sparse index %zu lies outside of dims", k);
        if (at <= last) return onr_fail(err, ONR_INVALID, "sparse index %zu is not in ascending order", k);
        last = at;
        memcpy(to + (size_t)at * size, (const uint8_t *)values->data + k * size, size);
    }
    return ONR_OK;
}

static onr_status expand(const onr_tensor_source *from, const head *h, const onr_tensor *values, const onr_tensor *indices,
                         onr_datum *out, onr_err *err) {
    ONR_TRY(check_sparse(h, values, indices, err));
    if (h->bytes > from->max_dense_bytes)
        return onr_fail(err, ONR_LIMIT, "sparse tensor takes %zu bytes when dense, the limit is %zu", h->bytes,
                        from->max_dense_bytes);
    if (h->dtype == ONR_STRING) {
        onr_string *strings = onr_malloc(h->bytes);
        if (!strings) return onr_no_memory(err, h->bytes);
        for (size_t i = 0; i < h->numel; i++) strings[i] = (onr_string){"", 0};
        onr_status status = scatter(h, values, indices, (uint8_t *)strings, err);
        if (status == ONR_OK) status = new_strings(from, h, strings, out, err);
        onr_free(strings);
        return status;
    }
    ONR_TRY(new_contents(from, h, out, err));
    if (h->bytes) memset(out->t.data, 0, h->bytes);
    onr_status status = scatter(h, values, indices, out->t.data, err);
    if (status != ONR_OK) onr_datum_release(out);
    return status;
}

onr_status onr_sparse_read(const onr_tensor_source *from, const Onnx__SparseTensorProto *s, onr_datum *out, onr_err *err) {
    memset(out, 0, sizeof *out);
    if (!s->values || !s->indices) return onr_fail(err, ONR_INVALID, "sparse tensor without values or indices");
    onr_tensor_source own = *from; // the parts are only needed here
    own.arena = NULL;
    head h;
    onr_datum values = {0}, indices = {0};
    onr_status status = read_head(from, s->values->data_type, s->dims, s->n_dims, &h, err);
    if (status == ONR_OK) status = onr_tensor_read(&own, s->values, &values, err);
    if (status == ONR_OK) status = onr_tensor_read(&own, s->indices, &indices, err);
    if (status == ONR_OK) status = expand(from, &h, &values.t, &indices.t, out, err);
    onr_datum_release(&values);
    onr_datum_release(&indices);
    if (status != ONR_OK && err && s->values->name && *s->values->name)
        onr_err_prefix(err, "sparse tensor '%.200s'", s->values->name);
    return status;
}
