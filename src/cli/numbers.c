// numbers.c: tensors as numbers, and their statistics.
// May assume: values that the library made. Never prints.
#include "cli/numbers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { BLOCK = 1024 };

int64_t onr_numbers_count(const onnxrun_value *v) {
    onnxrun_dtype t = onnxrun_value_dtype(v);
    if (onnxrun_value_kind(v) != ONNXRUN_TENSOR || t == ONNXRUN_STRING) return 0;
    return onnxrun_value_numel(v) * (t == ONNXRUN_COMPLEX64 || t == ONNXRUN_COMPLEX128 ? 2 : 1);
}

void onr_numbers_read(const onnxrun_value *v, int64_t first, int64_t n, double *out) {
    const void *data = onnxrun_value_data(v);
    switch (onnxrun_value_dtype(v)) {
    case ONNXRUN_FLOAT:
    case ONNXRUN_COMPLEX64:
        for (int64_t i = 0; i < n; i++) out[i] = ((const float *)data)[first + i];
        break;
    case ONNXRUN_DOUBLE:
    case ONNXRUN_COMPLEX128:
        for (int64_t i = 0; i < n; i++) out[i] = ((const double *)data)[first + i];
        break;
    case ONNXRUN_UINT8:
        for (int64_t i = 0; i < n; i++) out[i] = ((const uint8_t *)data)[first + i];
        break;
    default:
        for (int64_t i = 0; i < n; i++) out[i] = onnxrun_value_number(v, first + i);
    }
}

onr_float_form onr_float_form_of(onnxrun_dtype t) {
    switch (t) {
    case ONNXRUN_FLOAT:
    case ONNXRUN_COMPLEX64: return (onr_float_form){23, -126};
    case ONNXRUN_DOUBLE:
    case ONNXRUN_COMPLEX128: return (onr_float_form){52, -1022};
    case ONNXRUN_FLOAT16: return (onr_float_form){10, -14};
    case ONNXRUN_BFLOAT16: return (onr_float_form){7, -126};
    case ONNXRUN_FLOAT8E4M3FN: return (onr_float_form){3, -6};
    case ONNXRUN_FLOAT8E4M3FNUZ: return (onr_float_form){3, -7};
    case ONNXRUN_FLOAT8E5M2: return (onr_float_form){2, -14};
    case ONNXRUN_FLOAT8E5M2FNUZ: return (onr_float_form){2, -15};
    case ONNXRUN_FLOAT4E2M1: return (onr_float_form){1, 0};
    default: return (onr_float_form){0, 0};
    }
}

// Adds a block to the counts and sums; `sum` and `squares` are of the differences from `center`, which keeps them accurate.
static void add_block(onr_stats *s, const double *x, int64_t n, double center, double smallest, double *sum, double *squares) {
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) {
            s->nan++;
        } else if (isinf(x[i])) {
            s->inf++;
        } else {
            double d = x[i] - center, size = fabs(x[i]);
            s->zeros += size == 0;
            s->denormal += size > 0 && size < smallest;
            if (!(x[i] >= s->min)) s->min = x[i]; // true when min is still NaN
            if (!(x[i] <= s->max)) s->max = x[i];
            *sum += d;
            *squares += d * d;
        }
    }
}

static double first_finite(const onnxrun_value *v, int64_t n) {
    double x;
    for (int64_t i = 0; i < n; i++) {
        onr_numbers_read(v, i, 1, &x);
        if (isfinite(x)) return x;
    }
    return 0;
}

onr_stats onr_stats_of(const onnxrun_value *v) {
    onr_stats s = {.n = onr_numbers_count(v), .min = NAN, .max = NAN, .mean = NAN, .std = NAN};
    onr_float_form form = onr_float_form_of(onnxrun_value_dtype(v));
    double smallest = form.bits ? ldexp(1, form.exponent) : 0, center = first_finite(v, s.n), sum = 0, squares = 0;
    double block[BLOCK];
    for (int64_t i = 0; i < s.n; i += BLOCK) {
        int64_t n = s.n - i < BLOCK ? s.n - i : BLOCK;
        onr_numbers_read(v, i, n, block);
        add_block(&s, block, n, center, smallest, &sum, &squares);
    }
    int64_t finite = s.n - s.nan - s.inf;
    if (finite == 0) return s;
    double shift = sum / (double)finite, variance = squares / (double)finite - shift * shift;
    s.mean = center + shift;
    s.std = variance > 0 ? sqrt(variance) : 0;
    return s;
}

static void add_number(onr_str *out, const char *key, double x) {
    onr_str_printf(out, ", \"%s\": ", key);
    if (isnan(x))
        onr_str_add(out, "null");
    else
        onr_str_json_num(out, x);
}

void onr_stats_json(const onr_stats *s, onr_str *out) {
    onr_str_printf(out, "\"n\": %" PRId64, s->n);
    add_number(out, "min", s->min);
    add_number(out, "max", s->max);
    add_number(out, "mean", s->mean);
    add_number(out, "std", s->std);
    onr_str_printf(out, ", \"zeros\": %" PRId64 ", \"nan\": %" PRId64 ", \"inf\": %" PRId64 ", \"denormal\": %" PRId64,
                   s->zeros, s->nan, s->inf, s->denormal);
}

const char *onr_stats_text(const onr_stats *s, char out[ONR_STATS_TEXT]) {
    const struct {
        int64_t n;
        const char *what;
    } counts[] = {{s->zeros, "zeros"}, {s->denormal, "denormal"}, {s->nan, "NaN"}, {s->inf, "Inf"}};
    int at = snprintf(out, ONR_STATS_TEXT, "min %.6g  max %.6g  mean %.6g  std %.6g", s->min, s->max, s->mean, s->std);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].n) at += snprintf(out + at, (size_t)(ONR_STATS_TEXT - at), "  %s %" PRId64, counts[i].what, counts[i].n);
    }
    return out;
}
