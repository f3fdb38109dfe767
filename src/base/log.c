// log.c: formats a message and hands it to the caller's function.
// May assume: nothing. Never prints, allocates or fails; a long text is cut.
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LOG_TEXT = 2048 };

void onr_log_at(const onr_log *log, onr_log_level level, const char *fmt, ...) {
    if (!log || !log->fn || level > log->max_level) return;
    char text[LOG_TEXT];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= 0) log->fn(log->user, level, text);
}
