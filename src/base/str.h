// str.h: a string that is being built, growing on the heap; for dumps, tables and JSON.
#ifndef ONR_BASE_STR_H
#define ONR_BASE_STR_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct onr_str {
    char *s; ///< always terminated once something was added; NULL when empty
    size_t n, cap;
    bool failed; ///< an allocation failed: later additions are dropped, and the owner reports it once at the end
} onr_str;

void onr_str_free(onr_str *b);
void onr_str_add(onr_str *b, const char *s);
void onr_str_addn(onr_str *b, const char *s, size_t n);
void onr_str_printf(onr_str *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/// Adds s as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. NULL adds null.
void onr_str_json(onr_str *b, const char *s);
/// A number as JSON: integers short, NaN and infinities as strings ("nan", "inf", "-inf").
void onr_str_json_num(onr_str *b, double x);
/// 1234567 as "1,234,567" / 12582912 as "12.0 MiB", into a caller's buffer of at least 32 bytes, which is returned.
char *onr_str_count(char *out, int64_t n);
char *onr_str_bytes(char *out, uint64_t bytes);

#endif
