// zip_out.h: a zip archive written entry by entry, so that only one entry is in memory at a time. (libzip, which reads
// archives here, keeps all contents until it closes one.)
#ifndef ONR_IO_ZIP_OUT_H
#define ONR_IO_ZIP_OUT_H

#include "io/file.h"

typedef struct onr_zip_out onr_zip_out;

/// Starts an archive aside of `path`. ONNXRUN_USAGE when it cannot be written.
onnxrun_status onr_zip_create(const char *path, onr_zip_out **out, onnxrun_error *err);
/// Adds an entry, stored as it is. Names must differ and be shorter than 64 KiB.
onnxrun_status onr_zip_add(onr_zip_out *z, const char *name, const void *data, size_t bytes, onnxrun_error *err);
/// Writes the list of entries and gives the archive its name; frees z in any case.
onnxrun_status onr_zip_finish(onr_zip_out *z, onnxrun_error *err);
/// Frees z and leaves no file. NULL is allowed.
void onr_zip_abandon(onr_zip_out *z);

#endif
