// status.h: how every fallible function of onnxrun reports failure: a code and one line of text.
// May assume: nothing. Never prints, exits or allocates.
#ifndef ONR_BASE_STATUS_H
#define ONR_BASE_STATUS_H

#include <stdarg.h>
#include <stddef.h>

/// The codes are the exit codes of the command line tool (docs/cli.md); 1 is the tool's own "mismatch".
typedef enum onr_status {
    ONR_OK = 0,
    ONR_USAGE = 2,       ///< the caller asked for something that does not exist (unknown input name, bad option)
    ONR_INVALID = 3,     ///< a model or an input is broken or contradicts itself
    ONR_UNSUPPORTED = 4, ///< valid ONNX that this build cannot run; never used for a wrong model
    ONR_LIMIT = 5,       ///< out of memory, or a configured limit was reached
    ONR_INTERNAL = 6     ///< a defect of onnxrun itself
} onr_status;

enum { ONR_ERR_TEXT = 1024 };

/// Where a failure's text goes. The caller owns it; `text` is empty until a failure is reported.
/// `err` may be NULL in every function that takes one: the code alone is returned then.
typedef struct onr_err {
    onr_status code;
    char text[ONR_ERR_TEXT];
} onr_err;

/// Sets code and text (truncated with "..." when too long) and returns `code`, so that callers write
/// `return onr_fail(err, ONR_INVALID, "...", ...)`.
onr_status onr_fail(onr_err *err, onr_status code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
onr_status onr_vfail(onr_err *err, onr_status code, const char *fmt, va_list ap);

/// Puts "prefix: " before the text that is already there: a failure gains its place on the way up. Returns err's code
/// (ONR_INTERNAL when err is NULL).
onr_status onr_err_prefix(onr_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/// The same text for every failed allocation.
onr_status onr_no_memory(onr_err *err, size_t bytes);

/// "ok", "usage", "invalid", "unsupported", "limit", "internal".
const char *onr_status_name(onr_status code);

#define ONR_TRY(expr)                                          \
    do {                                                       \
        onr_status onr_try_status_ = (expr);                   \
        if (onr_try_status_ != ONR_OK) return onr_try_status_; \
    } while (0)

#endif
