// raw.h: tensors as bare bytes: little-endian, row-major, 2- and 4-bit types packed, nothing else in the file.
#ifndef ONR_IO_RAW_H
#define ONR_IO_RAW_H

#include "io/file.h"

/// "float32[1 x 3 x 32 x 32]"; cut to fit. Returns out.
enum { ONR_IO_TYPE_TEXT = 256 };
const char *onr_io_type_text(onnxrun_dtype dtype, int rank, const int64_t *dims, char out[ONR_IO_TYPE_TEXT]);

/// Bytes of such a tensor in a file; false for strings, negative dimensions and sizes that do not fit.
bool onr_raw_bytes(onnxrun_dtype dtype, int rank, const int64_t *dims, size_t *bytes);

/// A tensor with a copy of the bytes, which must be exactly its size: else ONNXRUN_INVALID with both sizes and the shape.
onnxrun_status onr_raw_parse(const void *data, size_t bytes, onnxrun_dtype dtype, int rank, const int64_t *dims,
                             onnxrun_value **out, onnxrun_error *err);

/// Appends a tensor's bytes. Strings and values that are not tensors are ONNXRUN_UNSUPPORTED.
onnxrun_status onr_raw_write(const onnxrun_value *v, onr_str *out, onnxrun_error *err);

#endif
