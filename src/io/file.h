// file.h: what every file of io shares: failures of the public kind, and whole files in and out.
// io speaks the public interface's errors and values, so that the command line tool needs nothing else.
#ifndef ONR_IO_FILE_H
#define ONR_IO_FILE_H

#include "base/file.h"
#include "base/str.h"
#include "onnxrun.h"

/// Sets status and text (cut to fit) and returns `status`. err may be NULL.
onnxrun_status onr_io_fail(onnxrun_error *err, onnxrun_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/// Puts "prefix: " before the text that is already there; returns the status that err holds (ONNXRUN_INTERNAL when err is
/// NULL).
onnxrun_status onr_io_prefix(onnxrun_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
onnxrun_status onr_io_no_memory(onnxrun_error *err, size_t bytes);

/// Maps a file ("-": reads standard input). Missing or not readable is ONNXRUN_INVALID. Close with onr_io_close.
onnxrun_status onr_io_open(const char *path, onr_map_file *out, onnxrun_error *err);
void onr_io_close(onr_map_file *f);
/// Writes aside and renames: the file is whole or absent. "-" is standard output. Not writable is ONNXRUN_USAGE.
onnxrun_status onr_io_write(const char *path, const void *data, size_t bytes, onnxrun_error *err);

/// Plain memory of io and the tool; NULL when there is none. Freed with onr_io_free.
void *onr_io_alloc(size_t n, size_t size);
/// Grows an array that had `*cap` places so that it has room for `n + 1`; false: no memory, and *items is as before.
bool onr_io_grow(void **items, size_t n, size_t *cap, size_t size);
char *onr_io_strdup(const char *s);
void onr_io_free(void *p);

#endif
