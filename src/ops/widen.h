// widen.h: float16 and bfloat16 around operators that compute in float: widened before, rounded once after.
#ifndef ONR_OPS_WIDEN_H
#define ONR_OPS_WIDEN_H

#include "ops/op.h"

/// True for the types that a WIDEN operator computes in float.
static inline bool onr_is_narrow(onr_dtype t) { return t == ONR_FLOAT16 || t == ONR_BFLOAT16; }

/// n elements of a narrow type to float, and back with one rounding to nearest even.
void onr_widen(onr_dtype from, const void *src, float *dst, int64_t n, onr_pool *pool);
void onr_narrow(onr_dtype to, const float *src, void *dst, int64_t n, onr_pool *pool);
/// A float copy of a narrow tensor, with its own memory.
onr_status onr_widen_datum(const onr_datum *d, onr_pool *pool, onr_datum *out, onr_err *err);

#endif
