// resize_axis.c: coordinates, weights and passes of Resize along one axis.
// May assume: sizes are positive. Never reads outside of the input: indices are clamped, which repeats the border.
// Source: the formulas of ONNX Resize (19); scale * size stays fractional in them, as the standard's tests have it.
#include "ops/resize_axis.h"

#include "base/mathx.h"

#include <math.h>
#include <string.h>

// ---- coordinates ------------------------------------------------------------------------------------------------------------

static double original(onr_resize_transform t, const onr_resize_axis *a, double x) {
    const double in = (double)a->in, resized = a->scale * in;
    switch (t) {
    case ONR_RESIZE_ASYMMETRIC: return x / a->scale;
    case ONR_RESIZE_ALIGN_CORNERS: return resized == 1 ? 0 : x * (in - 1) / (resized - 1);
    case ONR_RESIZE_CROP:
        if (a->out == 1) return 0.5 * (a->begin + a->finish) * (in - 1);
        return a->begin * (in - 1) + x * (a->finish - a->begin) * (in - 1) / (double)(a->out - 1);
    case ONR_RESIZE_PYTORCH_HALF_PIXEL: return a->out == 1 ? 0 : (x + 0.5) / a->scale - 0.5;
    case ONR_RESIZE_HALF_PIXEL_FOR_NN: return (x + 0.5) / a->scale;
    case ONR_RESIZE_HALF_PIXEL_SYMMETRIC: return in / 2 * (1 - (double)a->out / resized) + (x + 0.5) / a->scale - 0.5;
    default: return (x + 0.5) / a->scale - 0.5;
    }
}

// ---- weights ----------------------------------------------------------------------------------------------------------------

static double cubic(double x, double a) {
    x = fabs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

/// First tap relative to the pixel left of the place, for filters stretched by a scale below 1.
static int64_t first_tap(const onr_resize_how *how, double scale) {
    double reach = how->mode == ONR_RESIZE_CUBIC ? 2 : 1;
    if (!how->antialias || scale >= 1) return 1 - (int64_t)reach;
    return (int64_t)floor(-reach / scale) + 1;
}

static double tap_weight(const onr_resize_how *how, double scale, double distance) {
    if (how->antialias && scale < 1) distance *= scale;
    if (how->mode == ONR_RESIZE_CUBIC) return cubic(distance, how->cubic_a);
    return fmax(0, 1 - fabs(distance));
}

static int64_t nearest_index(onr_resize_nearest mode, double x) {
    double low = floor(x), part = x - low;
    if (part == 0) return (int64_t)low;
    bool up = mode == ONR_RESIZE_CEIL || (mode == ONR_RESIZE_PREFER_FLOOR && part > 0.5) ||
              (mode == ONR_RESIZE_PREFER_CEIL && part >= 0.5);
    return (int64_t)low + up;
}

/// Weights of one output around place x; what lies outside repeats the border, or is left out.
static void fill_weights(const onr_resize_how *how, const onr_resize_axis *a, const onr_resize_taps *t, double x,
                         int64_t *index, double *weight) {
    double low = floor(x), part = x - low, sum = 0;
    if (part == 0) { // the pixel left of the place is never the place itself
        low -= 1;
        part = 1;
    }
    const int64_t first = first_tap(how, a->scale);
    for (int64_t k = 0; k < t->n; k++) {
        int64_t i = (int64_t)low + first + k;
        double w = tap_weight(how, a->scale, (double)(first + k) - part);
        if (how->exclude_outside && (i < 0 || i >= a->in)) w = 0;
        index[k] = onr_min_i64(onr_max_i64(i, 0), a->in - 1);
        weight[k] = w;
        sum += w;
    }
    if (sum == 0) return;
    for (int64_t k = 0; k < t->n; k++) weight[k] /= sum;
}

onr_status onr_resize_taps_new(const onr_resize_how *how, const onr_resize_axis *a, onr_resize_taps *t, onr_err *err) {
    size_t count, bytes;
    *t = (onr_resize_taps){.in = a->in, .out = a->out, .n = 1, .identity = a->in == a->out};
    if (how->mode != ONR_RESIZE_NEAREST) {
        if (how->antialias && a->scale < 1e-6) return onr_fail(err, ONR_INVALID, "scale %g is too small", a->scale);
        t->n = 2 - 2 * first_tap(how, a->scale);
    }
    if (!onr_mul_size((size_t)t->n, (size_t)a->out, &count) || !onr_mul_size(count, 20, &bytes))
        return onr_no_memory(err, SIZE_MAX);
    t->memory = onr_malloc(bytes);
    if (!t->memory) return onr_no_memory(err, bytes);
    t->index = t->memory;
    t->weight = (double *)(t->index + count);
    t->weight32 = (float *)(t->weight + count);
    for (int64_t o = 0; o < a->out; o++) {
        int64_t *index = t->index + o * t->n;
        double *weight = t->weight + o * t->n;
        // Places far outside of the input are all the same: the border, or the extrapolation value.
        double x = original(how->transform, a, (double)o), far = 4.0 * (double)a->in + 4.0 * (double)t->n;
        bool outside = how->transform == ONR_RESIZE_CROP && !(x >= 0 && x <= (double)(a->in - 1));
        x = x != x ? 0 : fmin(fmax(x, -far), far);
        if (how->mode == ONR_RESIZE_NEAREST) {
            index[0] = onr_min_i64(onr_max_i64(nearest_index(how->nearest, x), 0), a->in - 1);
            weight[0] = 1;
        } else {
            fill_weights(how, a, t, x, index, weight);
        }
        if (outside) index[0] = -1;
        for (int64_t k = 0; k < t->n; k++) {
            t->weight32[o * t->n + k] = (float)weight[k];
            t->identity = t->identity && (weight[k] == 0 || (weight[k] == 1 && index[k] == o));
        }
        t->identity = t->identity && !outside;
    }
    return ONR_OK;
}

void onr_resize_taps_free(onr_resize_taps *t) {
    onr_free(t->memory);
    t->memory = NULL;
}

// ---- passes -----------------------------------------------------------------------------------------------------------------

typedef struct pass_job {
    const onr_resize_taps *t;
    int64_t inner;
    double extrapolation;
    const void *x;
    void *y;
} pass_job;

// Lines: the axis is innermost, each output gathers its taps. Rows: each output row is a sum of whole input rows.
#define PASS(T, WEIGHT, name)                                                                     \
    static void name##_lines(void *ctx, size_t begin, size_t end) {                               \
        const pass_job *j = ctx;                                                                  \
        const onr_resize_taps *t = j->t;                                                          \
        const int64_t n = t->n, *index = t->index;                                                \
        const T *weight = t->WEIGHT;                                                              \
        for (int64_t r = (int64_t)begin; r < (int64_t)end; r++) {                                 \
            const T *x = (const T *)j->x + r * t->in;                                             \
            T *y = (T *)j->y + r * t->out;                                                        \
            for (int64_t o = 0; o < t->out; o++) {                                                \
                const int64_t *i = index + o * n;                                                 \
                const T *w = weight + o * n;                                                      \
                if (i[0] < 0) {                                                                   \
                    y[o] = (T)j->extrapolation;                                                   \
                    continue;                                                                     \
                }                                                                                 \
                T sum = w[0] * x[i[0]] + w[1] * x[i[1]];                                          \
                for (int64_t k = 2; k < n; k++) sum += w[k] * x[i[k]];                            \
                y[o] = sum;                                                                       \
            }                                                                                     \
        }                                                                                         \
    }                                                                                             \
    static void name##_rows(void *ctx, size_t begin, size_t end) {                                \
        const pass_job *j = ctx;                                                                  \
        const onr_resize_taps *t = j->t;                                                          \
        const int64_t inner = j->inner;                                                           \
        for (int64_t u = (int64_t)begin; u < (int64_t)end; u++) {                                 \
            const int64_t o = u % t->out, *i = t->index + o * t->n;                               \
            const T *w = t->WEIGHT + o * t->n, *x = (const T *)j->x + u / t->out * t->in * inner; \
            T *restrict y = (T *)j->y + u * inner;                                                \
            if (i[0] < 0) {                                                                       \
                for (int64_t q = 0; q < inner; q++) y[q] = (T)j->extrapolation;                   \
                continue;                                                                         \
            }                                                                                     \
            const T *a = x + i[0] * inner, *b = x + i[1] * inner, wa = w[0], wb = w[1];           \
            for (int64_t q = 0; q < inner; q++) y[q] = wa * a[q] + wb * b[q];                     \
            for (int64_t k = 2; k < t->n; k++) {                                                  \
                const T *c = x + i[k] * inner, wc = w[k];                                         \
                for (int64_t q = 0; q < inner; q++) y[q] += wc * c[q];                            \
            }                                                                                     \
        }                                                                                         \
    }                                                                                             \
    static void name(const pass_job *j, int64_t outer, onr_pool *pool) {                          \
        const int64_t work = onr_max_i64(1, (j->inner == 1 ? j->t->out : j->inner) * j->t->n);    \
        const size_t grain = (size_t)onr_max_i64(1, 16384 / work);                                \
        if (j->inner == 1)                                                                        \
            onr_pool_for(pool, (size_t)outer, grain, name##_lines, (void *)j);                    \
        else                                                                                      \
            onr_pool_for(pool, (size_t)(outer * j->t->out), grain, name##_rows, (void *)j);       \
    }
PASS(float, weight32, pass_f32)
PASS(double, weight, pass_f64)

void onr_resize_pass_f32(const onr_resize_taps *t, int64_t outer, int64_t inner, float extrapolation, const float *x, float *y,
                         onr_pool *pool) {
    pass_f32(&(pass_job){.t = t, .inner = inner, .extrapolation = (double)extrapolation, .x = x, .y = y}, outer, pool);
}

void onr_resize_pass_f64(const onr_resize_taps *t, int64_t outer, int64_t inner, double extrapolation, const double *x,
                         double *y, onr_pool *pool) {
    pass_f64(&(pass_job){.t = t, .inner = inner, .extrapolation = extrapolation, .x = x, .y = y}, outer, pool);
}

// ---- nearest ----------------------------------------------------------------------------------------------------------------

typedef struct gather_job {
    const onr_resize_taps *t;
    int32_t rank; // dimensions left; the last is gathered element by element
    size_t elem;
    const void *outside;
    const char *x;
    char *y;
} gather_job;

#define GATHER_ROW(T)                                                                        \
    for (int64_t o = 0; o < t->out; o++) {                                                   \
        const char *from = t->index[o] < 0 ? outside : x + t->index[o] * (int64_t)sizeof(T); \
        memcpy(y + o * (int64_t)sizeof(T), from, sizeof(T));                                 \
    }

static void gather_row(const onr_resize_taps *t, size_t elem, const char *outside, const char *x, char *y) {
    typedef struct {
        uint64_t a, b;
    } wide;
    switch (elem) {
    case 1: GATHER_ROW(uint8_t) break;
    case 2: GATHER_ROW(uint16_t) break;
    case 4: GATHER_ROW(uint32_t) break;
    case 8: GATHER_ROW(uint64_t) break;
    case 16: GATHER_ROW(wide) break;
    default:
        for (int64_t o = 0; o < t->out; o++) {
            if (t->index[o] >= 0)
                memcpy(y + (size_t)o * elem, x + (size_t)t->index[o] * elem, elem);
            else
                memcpy(y + (size_t)o * elem, outside, elem);
        }
    }
}

/// Row of the output to the row of the input, or -1.
static int64_t source_row(const gather_job *j, int64_t row) {
    int64_t at = 0, scale = 1;
    for (int32_t d = j->rank - 2; d >= 0; d--) {
        int64_t i = j->t[d].index[row % j->t[d].out];
        if (i < 0) return -1;
        at += i * scale;
        scale *= j->t[d].in;
        row /= j->t[d].out;
    }
    return at;
}

static void gather_task(void *ctx, size_t begin, size_t end) {
    const gather_job *j = ctx;
    const onr_resize_taps *t = &j->t[j->rank - 1];
    const size_t row_bytes = (size_t)t->out * j->elem;
    int64_t before = -1;
    for (size_t row = begin; row < end; row++) {
        char *y = j->y + row * row_bytes;
        int64_t from = source_row(j, (int64_t)row);
        if (from < 0)
            for (int64_t o = 0; o < t->out; o++) memcpy(y + (size_t)o * j->elem, j->outside, j->elem);
        else if (from == before)
            memcpy(y, y - row_bytes, row_bytes);
        else
            gather_row(t, j->elem, j->outside, j->x + (size_t)(from * t->in) * j->elem, y);
        before = from;
    }
}

void onr_resize_gather(const onr_resize_taps *t, int32_t rank, size_t elem, const void *outside, const void *x, void *y,
                       onr_pool *pool) {
    gather_job j = {.t = t, .rank = rank, .elem = elem, .outside = outside, .x = x, .y = y};
    int64_t rows = 1;
    for (int32_t d = 0; d + 1 < rank; d++) rows *= t[d].out;
    int64_t bytes = onr_max_i64(1, t[rank - 1].out * (int64_t)elem);
    onr_pool_for(pool, (size_t)rows, (size_t)onr_max_i64(1, 65536 / bytes), gather_task, &j);
}
