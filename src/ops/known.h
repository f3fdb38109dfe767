// known.h: arithmetic on integer contents that are known while inferring, numbers or symbols: shape data.
// May assume: entries are integers or symbolic dimensions, which stand for sizes (not negative).
// Never claims a number or an equality that could be wrong: what is not exact becomes a fresh symbol or stays unknown.
#ifndef ONR_OPS_KNOWN_H
#define ONR_OPS_KNOWN_H

#include "ops/op.h"

/// The integers of input i when its type is int32 or int64, else NULL.
const onr_known *onr_known_in(const onr_infer *c, int32_t i);
/// Sets output 0's contents to the result of '+', '-', '*' or '/' on inputs 0 and 1 when both are known (broadcast: equal
/// length or one entry).
void onr_known_binary(onr_infer *c, char op);
/// Output i's contents are input j's.
void onr_known_pass(onr_infer *c, int32_t i, int32_t j);
/// True when every entry is a number (no symbols).
bool onr_known_numbers(const onr_known *k);
/// Sets output i's contents; nothing when the output is not wanted or k is NULL.
void onr_known_set(onr_infer *c, int32_t i, const onr_known *k);

#endif
