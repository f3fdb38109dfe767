// text.h: UTF-8 strings: reading characters, and changing their case.
// May assume: included by files of ops/ only. Never changes the process's locale.
#ifndef ONR_OPS_TEXT_H
#define ONR_OPS_TEXT_H

#include "ops/op.h"

/// The character at s (end > s) and the bytes that it takes, in *n. A byte that is no UTF-8 is returned as it is, alone.
uint32_t onr_text_next(const char *s, const char *end, int *n);
/// What Python's str.split takes for white space.
bool onr_text_is_space(uint32_t c);

typedef enum onr_text_case { ONR_TEXT_LOWER, ONR_TEXT_UPPER, ONR_TEXT_FOLD } onr_text_case;
/// s in another case, in the arena; FOLD is for comparing. `locale` ("en_US", "tr") matters to a few languages; empty: none.
/// ONR_INVALID when s is no UTF-8; ONR_UNSUPPORTED beyond ASCII in a build without libunistring.
onr_status onr_text_change(onr_string s, onr_text_case how, onr_string locale, onr_arena *a, onr_string *out, onr_err *err);

#endif
