// term.c: prints for people.
// May assume: one thread. Never prints colour or progress into a pipe or file.
#include "cli/term.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The tool's own state; the library has none.
static struct {
    bool color_out, color_err, bar, quiet, bar_shown;
    int verbose;
} term;

void onr_term_start(void) {
    const char *no_color = getenv("NO_COLOR"), *name = getenv("TERM");
    bool smart = name && strcmp(name, "dumb") != 0, color = smart && !(no_color && *no_color);
    term.color_out = color && isatty(STDOUT_FILENO);
    term.color_err = color && isatty(STDERR_FILENO);
    term.bar = smart && isatty(STDERR_FILENO);
}

void onr_term_level(bool quiet, int verbose) {
    term.quiet = quiet;
    term.verbose = verbose;
}

static void clear_bar(void) {
    if (!term.bar_shown) return;
    fputs("\r\x1b[K", stderr);
    term.bar_shown = false;
}

static void print_line(const char *before, const char *fmt, va_list ap, const char *after) {
    clear_bar();
    fflush(stdout); // keeps the order of results and words on a terminal
    fputs(before, stderr);
    vfprintf(stderr, fmt, ap);
    fputs(after, stderr);
    fputc('\n', stderr);
}

void onr_term_error(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    print_line(term.color_err ? "\x1b[31monnxrun:\x1b[0m " : "onnxrun: ", fmt, ap, "");
    va_end(ap);
}

void onr_term_say(const char *fmt, ...) {
    if (term.quiet) return;
    va_list ap;
    va_start(ap, fmt);
    print_line("", fmt, ap, "");
    va_end(ap);
}

void onr_term_detail(const char *fmt, ...) {
    if (term.quiet || term.verbose == 0) return;
    va_list ap;
    va_start(ap, fmt);
    print_line(term.color_err ? "\x1b[2m" : "", fmt, ap, term.color_err ? "\x1b[0m" : "");
    va_end(ap);
}

void onr_term_progress(size_t done, size_t total, const char *what) {
    enum { BAR = 24 };
    if (!term.bar || term.quiet) return;
    clear_bar();
    if (total == 0) {
        fflush(stderr);
        return;
    }
    char bar[BAR + 1];
    size_t full = done * BAR / total;
    for (size_t i = 0; i < BAR; i++) bar[i] = i < full ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr, "%s %zu/%zu %.40s", bar, done, total, what);
    fflush(stderr);
    term.bar_shown = true;
}

// Prints words from column `at` on, indented to `indent` on each further line.
static void wrap_from(size_t at, size_t indent, const char *text) {
    bool first = true;
    for (const char *p = text; *p;) {
        if (*p == '\n') {
            putchar('\n');
            at = 0;
            first = true;
            p++;
            continue;
        }
        size_t spaces = strspn(p, " "), n = strcspn(p + spaces, " \n");
        if (!first && at + 1 + n > ONR_TERM_WIDTH) {
            putchar('\n');
            at = 0;
            first = true;
        }
        if (at == 0) at = (size_t)printf("%*s", (int)indent, "");
        // Leading spaces of a line are kept: examples in help texts are indented.
        at += (size_t)printf("%*s%.*s", (int)(first ? (p == text || p[-1] == '\n' ? spaces : 0) : 1), "", (int)n, p + spaces);
        first = false;
        p += spaces + n;
    }
    putchar('\n');
}

void onr_term_wrap(size_t indent, const char *text) { wrap_from(0, indent, text); }

void onr_term_item(size_t indent, size_t column, const char *left, const char *text) {
    size_t at = (size_t)printf("%*s%s", (int)indent, "", left);
    if (at + 2 > column) {
        putchar('\n');
        at = 0;
    }
    at += (size_t)printf("%*s", (int)(column - at), "");
    wrap_from(at, column, text);
}

const char *onr_term_bold(void) { return term.color_out ? "\x1b[1m" : ""; }
const char *onr_term_green(void) { return term.color_out ? "\x1b[32m" : ""; }
const char *onr_term_red(void) { return term.color_out ? "\x1b[31m" : ""; }
const char *onr_term_plain(void) { return term.color_out ? "\x1b[0m" : ""; }

bool onr_term_finish(bool *full) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    *full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    onr_term_error("cannot write standard output: %s", errno ? strerror(errno) : "earlier failure");
    return false;
}
