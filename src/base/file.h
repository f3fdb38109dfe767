// file.h: whole files, mapped read-only, and files written all or nothing.
#ifndef ONR_BASE_FILE_H
#define ONR_BASE_FILE_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/// A read-only view of a file. `data` is NULL for an empty file.
typedef struct onr_map_file {
    const uint8_t *data;
    size_t bytes;
    bool mapped; ///< false: read into memory (a pipe, a special file)
} onr_map_file;

/// Maps `path` ("-" reads standard input to its end). Errors: missing, a directory, not readable, no memory.
onr_status onr_file_map(const char *path, onr_map_file *out, onr_err *err);
/// Reads `path` into memory instead, at most `max_bytes` (0: no limit; more is ONR_LIMIT): what a map does not give is that the
/// bytes stay as they are when somebody writes to the file or shortens it.
onr_status onr_file_read(const char *path, size_t max_bytes, onr_map_file *out, onr_err *err);
/// Maps `length` bytes from `offset` of a file that must lie beneath the folder `dir`: `rel` must be relative, without "..",
/// and every symlink's target must stay beneath. The descriptor that was opened is the one that is checked: a regular file,
/// long enough. length < 0 means "to the end". The view's data points at `offset`.
onr_status onr_file_map_beneath(const char *dir, const char *rel, int64_t offset, int64_t length, onr_map_file *out,
                                onr_err *err);
void onr_file_unmap(onr_map_file *f);
/// Tells the OS that these pages are not needed any more (after weights were packed from them). Safe on any range of the view.
void onr_file_drop_pages(const onr_map_file *f, const void *start, size_t bytes);
/// "cannot VERB 'path': why" from an errno value. A lack of space or memory is ONR_LIMIT; anything else is `code`.
onr_status onr_fail_errno(onr_err *err, onr_status code, const char *verb, const char *path, int number);

/// A file that is being written in pieces: whole or absent. "-" is standard output; pipes and devices are written to.
typedef struct onr_file_out onr_file_out;
/// Opens a temporary file beside `path`, which close makes `path`.
onr_status onr_file_out_open(const char *path, onr_file_out **out, onr_err *err);
/// Adds a piece. false: it failed; nothing more is written, and close tells why.
bool onr_file_out_add(onr_file_out *f, const void *data, size_t bytes);
bool onr_file_out_failed(const onr_file_out *f);
/// Ends the file: with `keep` and no failure so far it is there now, else as before. Frees f. NULL is allowed.
onr_status onr_file_out_close(onr_file_out *f, bool keep, onr_err *err);
/// Writes to a temporary file beside `path` and renames it: the file is whole or absent. "-" writes to standard output.
onr_status onr_file_write(const char *path, const void *data, size_t bytes, onr_err *err);

#endif
