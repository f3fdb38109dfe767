// npz.h: NumPy's .npz files: a zip archive with one .npy in it for each array. The zip itself is libzip's work.
#ifndef ONR_IO_NPZ_H
#define ONR_IO_NPZ_H

#include "io/file.h"

/// A value with its name; both owned by whoever holds the array.
typedef struct onr_named {
    char *name;
    onnxrun_value *value;
} onr_named;

/// Frees the array and all in it. NULL is allowed.
void onr_named_free(onr_named *items, size_t n);

/// Reads every array of an archive held in memory, in the archive's order, stored or compressed. Sizes are checked against what
/// the compressed bytes can hold before memory is taken, and checksums after.
onnxrun_status onr_npz_parse(const void *data, size_t bytes, onr_named **out, size_t *n, onnxrun_error *err);

/// An archive on disk, read one array at a time.
typedef struct onr_npz onr_npz;
onnxrun_status onr_npz_open(const char *path, onr_npz **out, onnxrun_error *err);
/// The array of that name; *out is NULL when there is none. `like` as in onr_npy_parse.
onnxrun_status onr_npz_get(onr_npz *z, const char *name, onnxrun_dtype like, onnxrun_value **out, onnxrun_error *err);
/// NULL is allowed.
void onr_npz_close(onr_npz *z);

/// Appends an archive of n tensors to `out`, compressed or stored (as numpy.savez does), always the same bytes for the same
/// tensors.
onnxrun_status onr_npz_write(const onr_named *items, size_t n, bool compress, onr_str *out, onnxrun_error *err);

#endif
