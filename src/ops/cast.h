// cast.h: conversion of arrays between element types, for Cast and for operators that convert on the way.
// May assume: element types as kept at run time (dtype.h). Never fails on numbers; strings that are no numbers are an error.
#ifndef ONR_OPS_CAST_H
#define ONR_OPS_CAST_H

#include "base/half.h"
#include "ops/op.h"

/// n elements of one numeric type as another (no complex numbers). saturate and round concern the 8-bit floats only.
/// Each value is rounded once (double to float8 or bfloat16: by way of float).
void onr_cast_numbers(onr_dtype from, const void *src, onr_dtype to, void *dst, int64_t n, bool saturate, onr_e8m0_round round,
                      onr_pool *pool);
/// n doubles as a numeric type, integers kept within their range and cut toward zero: for what interpolates. Changes `from`.
void onr_cast_doubles(onr_dtype to, double *from, void *dst, int64_t n, onr_pool *pool);
/// Numbers as the shortest text that reads back as the same number: "1.5", "-3", "NaN", "INF". A copy when x is strings
/// already.
onr_status onr_cast_to_strings(const onr_tensor *x, onr_datum *out, onr_err *err);
/// The inverse, into n elements of a numeric type: plain or scientific, "INF", "+INF", "-INF", "NaN" in any case.
onr_status onr_cast_from_strings(const onr_tensor *x, onr_dtype to, void *dst, bool saturate, onr_e8m0_round round,
                                 onr_err *err);

#endif
