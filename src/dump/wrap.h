// wrap.h: lines of at most 80 columns.
#ifndef ONR_DUMP_WRAP_H
#define ONR_DUMP_WRAP_H

#include "base/str.h"

/// Adds the words of `text` and ends the line. The first goes to column `at`, where out already is; further lines begin at
/// `indent`, which `at` must not be left of. A word that is too long stands alone.
void onr_wrap(size_t at, size_t indent, const char *text, onr_str *out);

#endif
