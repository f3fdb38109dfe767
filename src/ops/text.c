// text.c: UTF-8, and case by libunistring's tables where it was built in (option ONR_UNISTRING).
// May assume: nothing of the bytes. Never maps characters beyond ASCII by guessing.
#include "ops/text.h"

#include <string.h>

#ifdef ONR_HAVE_UNISTRING
#include <unicase.h>
#include <unistr.h>
#endif

uint32_t onr_text_next(const char *s, const char *end, int *n) {
    const unsigned char *p = (const unsigned char *)s;
    int more = p[0] < 0x80 ? 0 : p[0] >= 0xc2 && p[0] < 0xe0 ? 1 : p[0] >= 0xe0 && p[0] < 0xf0 ? 2 : p[0] < 0xf5 ? 3 : 0;
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);
    *n = 1;
    if (p[0] >= 0x80 && p[0] < 0xc2) return p[0]; // a continuation without its beginning
    for (int i = 1; i <= more; i++) {
        if (s + i >= end || (p[i] & 0xc0) != 0x80) return p[0];
        c = c << 6 | (p[i] & 0x3f);
    }
    *n = 1 + more;
    return c;
}

bool onr_text_is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static bool is_ascii(onr_string s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.s[i] >= 0x80) return false;
    return true;
}

static onr_status change_ascii(onr_string s, bool upper, onr_arena *a, onr_string *out, onr_err *err) {
    char *to = onr_arena_strndup(a, s.s ? s.s : "", s.n);
    if (!to) return onr_no_memory(err, s.n);
    for (size_t i = 0; i < s.n; i++) {
        if (upper && to[i] >= 'a' && to[i] <= 'z') to[i] = (char)(to[i] - 'a' + 'A');
        if (!upper && to[i] >= 'A' && to[i] <= 'Z') to[i] = (char)(to[i] - 'A' + 'a');
    }
    *out = (onr_string){to, s.n};
    return ONR_OK;
}

/// Turkish and Azeri have an i without a dot, Lithuanian keeps the dot under accents.
static const char *language_of(onr_string locale) {
    static const char *const special[] = {"tr", "az", "lt"};
    for (int i = 0; i < 3; i++)
        if (locale.n >= 2 && memcmp(locale.s, special[i], 2) == 0 && (locale.n == 2 || strchr("_-.@", locale.s[2])))
            return special[i];
    return NULL;
}

onr_status onr_text_change(onr_string s, onr_text_case how, onr_string locale, onr_arena *a, onr_string *out, onr_err *err) {
    const char *language = language_of(locale);
    if (is_ascii(s) && !language) return change_ascii(s, how == ONR_TEXT_UPPER, a, out, err);
#ifdef ONR_HAVE_UNISTRING
    size_t n = 0;
    const uint8_t *from = (const uint8_t *)s.s;
    if (u8_check(from, s.n)) return onr_fail(err, ONR_INVALID, "a string is no UTF-8");
    uint8_t *to = how == ONR_TEXT_UPPER   ? u8_toupper(from, s.n, language, NULL, NULL, &n)
                  : how == ONR_TEXT_LOWER ? u8_tolower(from, s.n, language, NULL, NULL, &n)
                                          : u8_casefold(from, s.n, language, NULL, NULL, &n);
    if (!to) return onr_no_memory(err, s.n);
    const char *copy = onr_arena_strndup(a, (const char *)to, n);
    onr_free(to); // allocated by libunistring, with malloc
    if (!copy) return onr_no_memory(err, n);
    *out = (onr_string){copy, n};
    return ONR_OK;
#else
    return onr_fail(err, ONR_UNSUPPORTED,
                    "the case of text beyond ASCII%s%s needs libunistring; this build was made with -DONR_UNISTRING=OFF",
                    language ? " or in language " : "", language ? language : "");
#endif
}
