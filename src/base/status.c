// status.c: writes a failure's code and text into the caller's onr_err.
// May assume: err may be NULL. Never allocates, prints or exits.
#include "base/status.h"

#include <stdio.h>
#include <string.h>

// Replaces the end of a text that did not fit by "...", without leaving half of a UTF-8 character before it.
static void mark_truncated(char *text, size_t cap) {
    size_t end = cap - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) end--;
    memcpy(text + end, "...", 4);
}

onr_status onr_vfail(onr_err *err, onr_status code, const char *fmt, va_list ap) {
    if (!err) return code;
    err->code = code;
    // The arguments may point into err->text itself (a text being wrapped), so it is written aside first.
    char text[ONR_ERR_TEXT];
    int n = vsnprintf(text, sizeof text, fmt, ap);
    if (n < 0) snprintf(text, sizeof text, "(message could not be formatted)");
    if (n >= (int)sizeof text) mark_truncated(text, sizeof text);
    memcpy(err->text, text, strlen(text) + 1);
    return code;
}

onr_status onr_fail(onr_err *err, onr_status code, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    onr_vfail(err, code, fmt, ap);
    va_end(ap);
    return code;
}

onr_status onr_err_prefix(onr_err *err, const char *fmt, ...) {
    if (!err) return ONR_INTERNAL;
    char old[ONR_ERR_TEXT], prefix[ONR_ERR_TEXT];
    memcpy(old, err->text, sizeof old);
    old[sizeof old - 1] = '\0';
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(prefix, sizeof prefix, fmt, ap);
    va_end(ap);
    if (n < 0) prefix[0] = '\0';
    if (n >= (int)sizeof prefix) mark_truncated(prefix, sizeof prefix);
    return onr_fail(err, err->code, "%s: %s", prefix, old);
}

onr_status onr_no_memory(onr_err *err, size_t bytes) {
    return onr_fail(err, ONR_LIMIT, "out of memory (%zu bytes wanted)", bytes);
}

const char *onr_status_name(onr_status code) {
    switch (code) {
    case ONR_OK: return "ok";
    case ONR_USAGE: return "usage";
    case ONR_INVALID: return "invalid";
    case ONR_UNSUPPORTED: return "unsupported";
    case ONR_LIMIT: return "limit";
    case ONR_INTERNAL: return "internal";
    }
    return "unknown";
}
