// pb.h: the .pb files of ONNX test data: a TensorProto, SequenceProto, OptionalProto or MapProto each.
#ifndef ONR_IO_PB_H
#define ONR_IO_PB_H

#include "io/file.h"

/// Reads a file; `like` tells which message it holds (ONNXRUN_KIND_UNKNOWN: a tensor). Errors name the file.
onnxrun_status onr_pb_read(const char *path, onnxrun_kind like, onnxrun_value **out, onnxrun_error *err);
/// Appends a value's message, with `name` in it (may be NULL).
onnxrun_status onr_pb_write(const onnxrun_value *v, const char *name, onr_str *out, onnxrun_error *err);

#endif
