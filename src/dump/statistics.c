// statistics.c: what the numbers of a constant are, for the page that shows a graph.
// May assume: constants lie in memory or in a mapped file, aligned or not. Never changes them.
#include "dump/statistics.h"

#include "dump/show.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { BLOCK = 512, MAX_ELEMENT = 16 };

typedef struct sums {
    int64_t n, zeros, nan, inf, denormal;
    double min, max, center, sum, squares; // sum and squares: of the differences from center, which keeps them accurate
} sums;

/// Below this a number of the type is denormal; narrow types' own denormals are ordinary numbers to what computes with them.
static double smallest_normal(onr_dtype t) { return t == ONR_FLOAT ? 0x1p-126 : t == ONR_DOUBLE ? 0x1p-1022 : 0; }

static void add(sums *s, double x, double smallest) {
    const double size = fabs(x);
    s->n++;
    if (isnan(x)) {
        s->nan++;
    } else if (isinf(x)) {
        s->inf++;
    } else {
        if (isnan(s->min)) s->min = s->max = s->center = x; // the first
        s->zeros += size == 0;
        s->denormal += size > 0 && size < smallest;
        if (x < s->min) s->min = x;
        if (x > s->max) s->max = x;
        s->sum += x - s->center;
        s->squares += (x - s->center) * (x - s->center);
    }
}

/// Copies blocks aside, where they are aligned.
static sums sum_up(const onr_tensor *t) {
    sums s = {.min = NAN, .max = NAN};
    _Alignas(MAX_ELEMENT) uint8_t block[BLOCK * MAX_ELEMENT];
    const size_t size = onr_dtype_size(t->dtype);
    const int64_t n = onr_tensor_numel(t);
    onr_tensor part = *t;
    part.data = block;
    for (int64_t i = 0; i < n; i += BLOCK) {
        const int64_t count = n - i < BLOCK ? n - i : BLOCK;
        memcpy(block, (const uint8_t *)t->data + (size_t)i * size, (size_t)count * size);
        for (int64_t k = 0; k < count; k++) add(&s, onr_tensor_num(&part, k), smallest_normal(t->dtype));
    }
    return s;
}

static void number(onr_str *out, const char *key, double x) {
    onr_str_printf(out, ", \"%s\": ", key);
    if (isnan(x))
        onr_str_add(out, "null");
    else
        onr_str_json_num(out, x);
}

void onr_statistics_json(const onr_datum *d, onr_str *out) {
    if (d->kind != ONR_TENSOR || d->t.dtype == ONR_STRING || !d->t.data) return;
    const sums s = sum_up(&d->t);
    const double finite = (double)(s.n - s.nan - s.inf), shift = finite > 0 ? s.sum / finite : NAN;
    const double variance = s.squares / finite - shift * shift;
    onr_str_printf(out, ", \"statistics\": {\"n\": %" PRId64, s.n);
    number(out, "min", s.min);
    number(out, "max", s.max);
    number(out, "mean", s.center + shift);
    number(out, "std", finite > 0 ? sqrt(variance > 0 ? variance : 0) : NAN);
    onr_str_printf(out, ", \"zeros\": %" PRId64 ", \"nan\": %" PRId64 ", \"inf\": %" PRId64 ", \"denormal\": %" PRId64, s.zeros,
                   s.nan, s.inf, s.denormal);
    onr_str text = {0};
    onr_show_tensor(&d->t, &text);
    onr_str_add(out, ", \"contents\": ");
    onr_str_json(out, text.s);
    onr_str_add(out, "}");
    out->failed |= text.failed;
    onr_str_free(&text);
}
