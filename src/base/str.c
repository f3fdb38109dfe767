// str.c: growing text, JSON strings and numbers, and numbers for people.
// May assume: nothing about its bytes. Never reports a lack of memory at once: `failed` remembers it.
#include "base/str.h"

#include "base/arena.h"
#include "base/mathx.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

void onr_str_free(onr_str *b) {
    onr_free(b->s);
    memset(b, 0, sizeof *b);
}

// Makes room for n more bytes and the terminator.
static bool reserve(onr_str *b, size_t n) {
    size_t want;
    if (b->failed) return false;
    if (!onr_add_size(b->n, n, &want) || !onr_add_size(want, 1, &want)) {
        b->failed = true;
        return false;
    }
    if (want <= b->cap) return true;
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    while (cap < want) {
        if (!onr_mul_size(cap, 2, &cap)) cap = want;
    }
    char *s = onr_realloc(b->s, cap);
    if (!s) {
        b->failed = true;
        return false;
    }
    b->s = s;
    b->cap = cap;
    return true;
}

void onr_str_addn(onr_str *b, const char *s, size_t n) {
    if (!reserve(b, n)) return;
    if (n) memcpy(b->s + b->n, s, n);
    b->n += n;
    b->s[b->n] = '\0';
}

void onr_str_add(onr_str *b, const char *s) { onr_str_addn(b, s, strlen(s)); }

void onr_str_printf(onr_str *b, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) b->failed = true;
    if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->s + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

// Length of the valid UTF-8 sequence at p (Unicode 15, table 3-7: no overlong forms, no surrogates), or 0.
static size_t utf8_length(const unsigned char *p) {
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;
    unsigned char lo = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80, hi = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < n; i++) {
        if (p[i] < lo || p[i] > hi) return 0; // also stops at the terminator
        lo = 0x80;
        hi = 0xBF;
    }
    return n;
}

void onr_str_json(onr_str *b, const char *s) {
    if (!s) {
        onr_str_add(b, "null");
        return;
    }
    onr_str_addn(b, "\"", 1);
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        size_t n = utf8_length(p);
        if (n == 0) {
            onr_str_add(b, "\xEF\xBF\xBD"); // U+FFFD
            n = 1;
        } else if (*p == '"' || *p == '\\') {
            onr_str_printf(b, "\\%c", *p);
        } else if (*p == '\n') {
            onr_str_add(b, "\\n");
        } else if (*p == '\t') {
            onr_str_add(b, "\\t");
        } else if (*p < 0x20 || *p == 0x7F) {
            onr_str_printf(b, "\\u%04x", *p);
        } else {
            onr_str_addn(b, (const char *)p, n);
        }
        p += n;
    }
    onr_str_addn(b, "\"", 1);
}

void onr_str_json_num(onr_str *b, double x) {
    if (isnan(x)) {
        onr_str_add(b, "\"nan\"");
    } else if (isinf(x)) {
        onr_str_add(b, x > 0 ? "\"inf\"" : "\"-inf\"");
    } else if (x == floor(x) && fabs(x) < 1e15) {
        onr_str_printf(b, "%s%.0f", x == 0 && signbit(x) ? "-" : "", fabs(x) == 0 ? 0.0 : x);
    } else {
        // The shortest of the usual precisions that reads back as the same number.
        char text[40];
        for (int digits = 6; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, x);
            if (strtod(text, NULL) == x) break;
        }
        // The host program's locale may write another decimal point.
        for (char *p = text; *p; p++) {
            if (!strchr("0123456789+-e", *p)) *p = '.';
        }
        onr_str_add(b, text);
    }
}

char *onr_str_count(char *out, int64_t n) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRId64, n);
    char *to = out;
    for (int i = 0; i < len; i++) {
        if (i && digits[i - 1] != '-' && (len - i) % 3 == 0) *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

char *onr_str_bytes(char *out, uint64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double x = (double)bytes;
    size_t unit = 0;
    while (x >= 1023.95 && unit + 1 < sizeof units / sizeof *units) { // 1023.95 would print as 1024.0
        x /= 1024;
        unit++;
    }
    if (unit == 0) {
        snprintf(out, 32, "%u B", (unsigned)bytes);
    } else {
        snprintf(out, 32, "%.1f %s", x, units[unit]);
    }
    return out;
}
