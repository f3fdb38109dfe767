// wrap.c: breaks lines between words.
// May assume: one byte is one column. Never breaks a word.
#include "dump/wrap.h"

#include <string.h>

enum { WIDTH = 80 };

void onr_wrap(size_t at, size_t indent, const char *text, onr_str *out) {
    bool first = true; // of its line
    for (const char *p = text; *p; first = false) {
        size_t n = strcspn(p, " ");
        if (!first && at + 1 + n > WIDTH) {
            onr_str_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            onr_str_add(out, " ");
            at++;
        }
        onr_str_addn(out, p, n);
        at += n;
        p += n + strspn(p + n, " ");
    }
    onr_str_add(out, "\n");
}
