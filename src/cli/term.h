// term.h: words for people: errors, notes, progress, wrapped text. Results go to standard output, words to standard error.
#ifndef ONR_CLI_TERM_H
#define ONR_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

enum { ONR_TERM_WIDTH = 80 };

/// Decides once whether standard error and output are terminals that take colour (NO_COLOR and TERM=dumb: no).
void onr_term_start(void);
/// -q and -v of the command that runs.
void onr_term_level(bool quiet, int verbose);

/// "onnxrun: ..." on standard error, in red on a terminal. Always printed.
void onr_term_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/// A warning or note on standard error; dropped by -q.
void onr_term_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/// As onr_term_say, only with -v.
void onr_term_detail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/// A bar on standard error for long work, on a terminal only and not with -q; total 0 removes it.
void onr_term_progress(size_t done, size_t total, const char *what);

/// Prints text on standard output, wrapped at ONR_TERM_WIDTH and indented; "\n" starts a new line.
void onr_term_wrap(size_t indent, const char *text);
/// "left   text", text wrapped in a column of its own.
void onr_term_item(size_t indent, size_t column, const char *left, const char *text);

/// Escape codes around text on standard output: empty when it takes no colour.
const char *onr_term_bold(void);
const char *onr_term_green(void);
const char *onr_term_red(void);
const char *onr_term_plain(void);

/// Flushes standard output; false (after an error line) when something could not be written. *full: for lack of space.
bool onr_term_finish(bool *full);

#endif
