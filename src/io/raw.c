// raw.c: bare bytes to tensors and back.
// May assume: a little-endian machine, as all of onnxrun does. Never guesses a shape.
#include "io/raw.h"

#include "base/mathx.h"

#include <inttypes.h>
#include <stdio.h>

const char *onr_io_type_text(onnxrun_dtype dtype, int rank, const int64_t *dims, char out[ONR_IO_TYPE_TEXT]) {
    size_t n = (size_t)snprintf(out, ONR_IO_TYPE_TEXT, "%s[", onnxrun_dtype_name(dtype));
    if (rank == 0) n += (size_t)snprintf(out + n, ONR_IO_TYPE_TEXT - n, "scalar");
    for (int i = 0; i < rank && n < ONR_IO_TYPE_TEXT - 32; i++) {
        n += (size_t)snprintf(out + n, ONR_IO_TYPE_TEXT - n, "%s%" PRId64, i ? " x " : "", dims[i]);
    }
    snprintf(out + n, ONR_IO_TYPE_TEXT - n, "]");
    return out;
}

bool onr_raw_bytes(onnxrun_dtype dtype, int rank, const int64_t *dims, size_t *bytes) {
    size_t n = 1, bits = (size_t)onnxrun_dtype_bits(dtype);
    if (bits == 0) return false;
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 0 || !onr_mul_size(n, (size_t)dims[i], &n)) return false;
    }
    if (bits >= 8) return onr_mul_size(n, bits / 8, bytes);
    size_t per_byte = 8 / bits;
    *bytes = n / per_byte + (n % per_byte != 0);
    return true;
}

onnxrun_status onr_raw_parse(const void *data, size_t bytes, onnxrun_dtype dtype, int rank, const int64_t *dims,
                             onnxrun_value **out, onnxrun_error *err) {
    char text[ONR_IO_TYPE_TEXT];
    size_t want;
    if (!onr_raw_bytes(dtype, rank, dims, &want)) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "%s cannot be read from raw bytes",
                           onr_io_type_text(dtype, rank, dims, text));
    }
    if (want != bytes) {
        return onr_io_fail(err, ONNXRUN_INVALID, "%zu bytes expected for %s, %zu bytes given", want,
                           onr_io_type_text(dtype, rank, dims, text), bytes);
    }
    return onnxrun_value_tensor(dtype, rank, dims, data, bytes, out, err);
}

onnxrun_status onr_raw_write(const onnxrun_value *v, onr_str *out, onnxrun_error *err) {
    if (onnxrun_value_kind(v) != ONNXRUN_TENSOR || onnxrun_value_dtype(v) == ONNXRUN_STRING) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "only tensors of numbers can be written as raw bytes: use the format pb");
    }
    size_t bytes = onnxrun_value_bytes(v);
    void *packed = onr_io_alloc(bytes, 1);
    if (!packed) return onr_io_no_memory(err, bytes);
    onnxrun_value_read(v, packed);
    onr_str_addn(out, packed, bytes);
    onr_io_free(packed);
    return out->failed ? onr_io_no_memory(err, bytes) : ONNXRUN_OK;
}
