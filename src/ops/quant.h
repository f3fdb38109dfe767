// quant.h: how scales and zero points lie over a tensor, and the rounding that quantized operators share.
// May assume: included by the families of quantized operators. Never allocates.
#ifndef ONR_OPS_QUANT_H
#define ONR_OPS_QUANT_H

#include "ops/op.h"

/// A tensor as `rows` pieces of memory in each of which scale and zero point are one number or go along with the elements.
typedef struct onr_quant_rows {
    int64_t n;                            ///< rows
    int64_t length;                       ///< elements of a row (blocks may be cut short, see onr_quant_row_at)
    int64_t n_scale;                      ///< scales in all
    bool along;                           ///< every element of a row has a scale of its own
    int64_t size, inner, block, per_line; ///< per_line: scales along the axis
    bool blocked;
} onr_quant_rows;

/// One row: where it begins, how long it is, and the index of its (first) scale.
typedef struct onr_quant_row {
    int64_t at, n, scale;
} onr_quant_row;

/// The rows for x of a shape, scales of a shape, the attributes axis and block_size (0: none). All shapes are known. On a
/// mistake *why is a constant text and false is returned.
bool onr_quant_rows_of(const onr_shape *x, const onr_shape *scale, int64_t axis, int64_t block_size, onr_quant_rows *out,
                       const char **why);
onr_quant_row onr_quant_row_at(const onr_quant_rows *q, int64_t i);

/// The range of an integer type of at most 16 bits (2 and 4 bits included); false for other types.
bool onr_quant_range(onr_dtype t, int32_t *lo, int32_t *hi);
/// x rounded half to even, moved by the zero point, kept within [lo, hi]; NaN gives lo.
static inline double onr_quant_clamp(double x, double lo, double hi) { return x > hi ? hi : x >= lo ? x : lo; }

/// x as a number of that precision: float16 and bfloat16 are rounded to, anything else is float.
float onr_quant_round_to(onr_dtype precision, float x);
/// n integers into a quantized integer type of at most 16 bits, where they fit.
void onr_quant_store(onr_dtype t, const int32_t *v, int64_t n, void *dst);

#endif
