// quant.c: geometry and rounding of quantization.
// May assume: quant.h. Never allocates.
#include "ops/quant.h"

#include "base/half.h"
#include "base/mathx.h"

bool onr_quant_rows_of(const onr_shape *x, const onr_shape *scale, int64_t axis, int64_t block_size, onr_quant_rows *out,
                       const char **why) {
    *out = (onr_quant_rows){.n = 1, .length = onr_shape_span(x, 0, x->rank), .n_scale = onr_shape_span(scale, 0, scale->rank)};
    if (block_size < 0) return *why = "block_size is negative", false;
    bool blocked = block_size > 0 && scale->rank == x->rank && x->rank > 0;
    if (!blocked && out->n_scale == 1) return true; // one scale for all
    int32_t at = x->rank == 1 ? 0 : onr_axis(axis, x->rank);
    if (at < 0) return *why = "axis is out of range", false;
    int64_t outer = onr_shape_span(x, 0, at);
    out->size = x->dim[at];
    out->inner = onr_shape_span(x, at + 1, x->rank);
    if (blocked) {
        for (int32_t d = 0; d < x->rank; d++)
            if (scale->dim[d] != (d == at ? onr_ceil_div(x->dim[d], block_size) : x->dim[d]))
                return *why = "the scale's shape does not fit the blocks", false;
        out->blocked = true;
        out->block = block_size;
        out->per_line = scale->dim[at];
        out->along = out->inner > 1;
        out->n = outer * (out->along ? out->size : out->per_line);
        out->length = out->along ? out->inner : onr_min_i64(block_size, out->size);
        return true;
    }
    if (scale->rank != 1 || scale->dim[0] != out->size)
        return *why =
                   "the scale must be one number, or one for each element of the axis, or (with block_size) one for each block",
               false;
    out->along = out->inner == 1;
    out->n = out->along ? outer : outer * out->size;
    out->length = out->along ? out->size : out->inner;
    return true;
}

onr_quant_row onr_quant_row_at(const onr_quant_rows *q, int64_t i) {
    onr_quant_row r = {.at = i * q->length, .n = q->length};
    if (!q->blocked) {
        r.scale = q->along || !q->size ? 0 : i % q->size;
        return r;
    }
    if (q->along) { // a line of `inner` elements at one place of the axis
        int64_t line = i / q->size, d = i % q->size;
        r.scale = (line * q->per_line + d / q->block) * q->inner;
        return r;
    }
    int64_t line = i / q->per_line, b = i % q->per_line;
    r.at = line * q->size + b * q->block;
    r.n = onr_min_i64(q->block, q->size - b * q->block);
    r.scale = i;
    return r;
}

bool onr_quant_range(onr_dtype t, int32_t *lo, int32_t *hi) {
    switch (t) {
    case ONR_UINT8: return *lo = 0, *hi = 255, true;
    case ONR_INT8: return *lo = -128, *hi = 127, true;
    case ONR_UINT16: return *lo = 0, *hi = 65535, true;
    case ONR_INT16: return *lo = -32768, *hi = 32767, true;
    case ONR_UINT4: return *lo = 0, *hi = 15, true;
    case ONR_INT4: return *lo = -8, *hi = 7, true;
    case ONR_UINT2: return *lo = 0, *hi = 3, true;
    case ONR_INT2: return *lo = -2, *hi = 1, true;
    default: return false;
    }
}

float onr_quant_round_to(onr_dtype precision, float x) {
    if (precision == ONR_FLOAT16) return onr_f16_to_f32(onr_f32_to_f16(x));
    if (precision == ONR_BFLOAT16) return onr_bf16_to_f32(onr_f32_to_bf16(x));
    return x;
}

void onr_quant_store(onr_dtype t, const int32_t *v, int64_t n, void *dst) {
    if (t == ONR_INT16 || t == ONR_UINT16)
        for (int64_t i = 0; i < n; i++) ((uint16_t *)dst)[i] = (uint16_t)v[i];
    else
        for (int64_t i = 0; i < n; i++) ((uint8_t *)dst)[i] = (uint8_t)v[i];
}
