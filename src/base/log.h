// log.h: messages that are not failures (warnings, what a pass did), handed to a callback. The library itself never prints.
#ifndef ONR_BASE_LOG_H
#define ONR_BASE_LOG_H

typedef enum onr_log_level { ONR_LOG_WARN = 0, ONR_LOG_INFO = 1, ONR_LOG_DEBUG = 2 } onr_log_level;

/// `fn` NULL drops everything. Calls may come from whichever thread calls the library.
typedef struct onr_log {
    void (*fn)(void *user, onr_log_level level, const char *text);
    void *user;
    onr_log_level max_level;
} onr_log;

void onr_log_at(const onr_log *log, onr_log_level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
