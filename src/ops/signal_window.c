// signal_window.c: HannWindow, HammingWindow, BlackmanWindow and MelWeightMatrix (17): tables for spectra.
// May assume: values are computed in double, rounded to float and then to the output's type, as the standard's functions are.
// Never divides by the zero length of a symmetric window of one number: it is 1.
#include "base/mathx.h"
#include "ops/cast.h"
#include "ops/known.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

typedef struct window_params {
    int64_t output_datatype, periodic;
} window_params;

static onr_status check_output(const onr_infer *c, const window_params *p, onr_dtype *out) {
    int64_t t = p->output_datatype;
    if (t <= 0 || t >= ONR_N_DTYPES || !onr_dtype_in((onr_dtype)t, ONR_T_NUMERIC))
        return onr_infer_bad(c, "output_datatype %lld is not allowed", (long long)t);
    *out = (onr_dtype)t;
    return ONR_OK;
}

/// The one number of input i; a fresh symbol when it is not known.
static onr_status read_size(const onr_infer *c, int32_t i, const char *name, int64_t least, int64_t *out) {
    const onr_known *k = onr_known_in(c, i);
    onr_dtype t = onr_infer_dtype(c, i);
    if (t != ONR_UNDEFINED && t != ONR_INT32 && t != ONR_INT64) return onr_infer_bad(c, "%s must be int32 or int64", name);
    if (k && k->n != 1) return onr_infer_bad(c, "%s must be one number", name);
    *out = k ? k->v[0] : onr_infer_fresh(c);
    if (onr_dim_symbolic(*out) || (*out >= least && *out <= INT32_MAX)) return ONR_OK;
    return onr_infer_bad(c, "%s is %lld", name, (long long)*out);
}

/// Rounds n doubles into a table of any numeric type.
static void put(onr_tensor *y, int64_t at, const double *v, int64_t n) {
    char *dst = (char *)y->data + (size_t)at * onr_dtype_size(y->dtype);
    if (y->dtype == ONR_DOUBLE) {
        memcpy(dst, v, (size_t)n * sizeof *v);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        float f = (float)v[i];
        onr_cast_numbers(ONR_FLOAT, &f, y->dtype, dst + (size_t)i * onr_dtype_size(y->dtype), 1, true, ONR_E8M0_NEAREST, NULL);
    }
}

// ---- windows: sums of cosines
// ------------------------------------------------------------------------------------------------

static onr_status infer_window(onr_infer *c) {
    onr_dtype t;
    int64_t n;
    ONR_TRY(check_output(c, c->params, &t));
    ONR_TRY(read_size(c, 0, "size", 0, &n));
    onr_infer_set(c, 0, t, onr_shape_make(1, &n));
    return ONR_OK;
}

/// w[k] = a - b cos(2 pi k / period) + d cos(4 pi k / period)
static onr_status run_window(const onr_run *r, double a, double b, double d) {
    const window_params *p = r->params;
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = y->shape.dim[0], period = p->periodic ? n : n - 1;
    for (int64_t k = 0; k < n; k++) {
        double t = 2 * M_PI * (double)k / (double)period, w = period ? a - b * cos(t) + d * cos(2 * t) : 1;
        put(y, k, &w, 1);
    }
    return ONR_OK;
}

static onr_status run_hann(const onr_run *r) { return run_window(r, 0.5, 0.5, 0); }
static onr_status run_hamming(const onr_run *r) { return run_window(r, 25.0 / 46, 21.0 / 46, 0); }
static onr_status run_blackman(const onr_run *r) { return run_window(r, 0.42, 0.5, 0.08); }

// ---- MelWeightMatrix
// ---------------------------------------------------------------------------------------------------------

static onr_status infer_mel(onr_infer *c) {
    onr_dtype t;
    int64_t bins, length, rate;
    ONR_TRY(check_output(c, c->params, &t));
    ONR_TRY(read_size(c, 0, "num_mel_bins", 0, &bins));
    ONR_TRY(read_size(c, 1, "dft_length", 1, &length));
    ONR_TRY(read_size(c, 2, "sample_rate", 1, &rate));
    for (int32_t i = 3; i < 5; i++) {
        int64_t n;
        onr_shape s = onr_infer_shape(c, i);
        onr_dtype f = onr_infer_dtype(c, i);
        if (f != ONR_UNDEFINED && !onr_dtype_in(f, ONR_T_FLOATS)) return onr_infer_bad(c, "input %d must be a float", i);
        if (onr_shape_known(&s) && (!onr_shape_numel(&s, &n) || n != 1)) return onr_infer_bad(c, "input %d is no number", i);
    }
    int64_t rows = onr_dim_known(length) ? length / 2 + 1 : onr_infer_fresh(c);
    onr_infer_set(c, 0, t, onr_shape_make(2, (int64_t[]){rows, bins}));
    return ONR_OK;
}

static double mel(double hertz) { return 2595 * log10(1 + hertz / 700); }

/// Column `bin`: a triangle that rises from `left`, is 1 at `center` and falls to `right`, over rows of the spectrum.
static void triangle(onr_tensor *y, int64_t bin, int64_t left, int64_t center, int64_t right) {
    int64_t n = y->shape.dim[1];
    for (int64_t i = left; i < right; i++) {
        double w = i < center ? (double)(i - left) / (double)(center - left) : (double)(right - i) / (double)(right - center);
        put(y, i * n + bin, &w, 1);
    }
    const double one = 1;
    put(y, center * n + bin, &one, 1);
}

static onr_status run_mel(const onr_run *r) {
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = y->shape.dim[1], rows = y->shape.dim[0], point[3] = {0, 0, 0};
    double length = (double)onr_tensor_int(onr_run_in(r, 1), 0), rate = (double)onr_tensor_int(onr_run_in(r, 2), 0);
    double low = mel(onr_tensor_num(onr_run_in(r, 3), 0)), high = mel(onr_tensor_num(onr_run_in(r, 4), 0));
    const double step = (high - low) / (double)(n + 2);
    if (!(low <= high) || !isfinite(low) || !isfinite(high)) return onr_run_bad(r, "the edges are no range of frequencies");
    memset(y->data, 0, onr_tensor_bytes(y)); // zero bits are 0 in every numeric type
    for (int64_t k = 0; k < n + 2; k++) {
        double hertz = 700 * (pow(10, (low + (double)k * step) / 2595) - 1);
        double at = floor((length + 1) * hertz / rate);
        if (!(at >= 0 && at < (double)(rows + (k == n + 1))))
            return onr_run_bad(r, "%g Hz lies outside of the spectrum's %lld rows", hertz, (long long)rows);
        point[0] = point[1];
        point[1] = point[2];
        point[2] = (int64_t)at;
        if (k >= 2) triangle(y, k - 2, point[0], point[1], point[2]);
    }
    return ONR_OK;
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec window[] = {ONR_A_INT(window_params, output_datatype, ONR_FLOAT),
                                       ONR_A_INT(window_params, periodic, 1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec mel_matrix[] = {ONR_A_INT(window_params, output_datatype, ONR_FLOAT), ONR_ATTR_ARRAY_END};

#define ROW(op, inputs, table, inference, fn)                                                                         \
    {                                                                                                                 \
        ONR_AI(op, 17, 0), ONR_ARITY(inputs, inputs, 1, 1),                                                           \
            .flags = ONR_OP_PURE, .types = ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64), ONR_PARAMS(table, window_params), \
            .infer = inference, .run = fn                                                                             \
    }
static const onr_op rows[] = {
    ROW("HannWindow", 1, window, infer_window, run_hann),
    ROW("HammingWindow", 1, window, infer_window, run_hamming),
    ROW("BlackmanWindow", 1, window, infer_window, run_blackman),
    ROW("MelWeightMatrix", 5, mel_matrix, infer_mel, run_mel),
};
ONR_OP_FAMILY(signal_window);
