// npy.h: NumPy's .npy files, versions 1 to 3 (source: NumPy's "NEP 1" and numpy.lib.format's documentation).
#ifndef ONR_IO_NPY_H
#define ONR_IO_NPY_H

#include "io/file.h"

/// Parses a whole .npy file held in memory: either byte order, C or Fortran order, bool, integers, floats, complex, and strings
/// (S and U; U becomes UTF-8). NumPy has no name for bfloat16 and the 8-bit floats and stores them as V2 and V1: `like` says
/// which one is meant (ONNXRUN_UNDEFINED: V2 is bfloat16, V1 an error). Python objects, dates, structured and 16-byte floats
/// are ONNXRUN_UNSUPPORTED; a header that lies is ONNXRUN_INVALID.
onnxrun_status onr_npy_parse(const void *data, size_t bytes, onnxrun_dtype like, onnxrun_value **out, onnxrun_error *err);

/// Appends the file of a tensor to `out` (version 1.0, little-endian, C order; strings as U). 2- and 4-bit types and values
/// that are not tensors are ONNXRUN_UNSUPPORTED.
onnxrun_status onr_npy_write(const onnxrun_value *v, onr_str *out, onnxrun_error *err);

#endif
