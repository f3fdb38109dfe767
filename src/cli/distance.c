// distance.c: measures a tensor against its reference, block by block.
// May assume: tensors of numbers, of one type and shape. Never copies one.
#include "cli/distance.h"

#include "cli/numbers.h"

#include <math.h>
#include <string.h>

bool onr_same_type(const onnxrun_value *a, const onnxrun_value *b) {
    int rank = onnxrun_value_rank(a);
    return onnxrun_value_kind(a) == onnxrun_value_kind(b) && onnxrun_value_dtype(a) == onnxrun_value_dtype(b) &&
           rank == onnxrun_value_rank(b) &&
           memcmp(onnxrun_value_dims(a), onnxrun_value_dims(b), (size_t)rank * sizeof(int64_t)) == 0;
}

// The place of a number in the list of all numbers of its format.
static double ordinal(double x, onr_float_form form) {
    int e;
    double size = fabs(x);
    frexp(size, &e);
    e = size == 0 || e - 1 < form.exponent ? form.exponent : e - 1;
    double place = ldexp(size, form.bits - e) + ldexp((double)(e - form.exponent), form.bits);
    return x < 0 ? -place : place;
}

static double largest(const onnxrun_value *v) {
    onr_stats s = onr_stats_of(v);
    return isnan(s.min) ? 0 : fmax(fabs(s.min), fabs(s.max));
}

// The criterion with its defaults for this tensor.
static onr_criterion settle(const onr_criterion *c, const onnxrun_value *want, onr_float_form form) {
    bool loose = form.bits && isnan(c->max_ulp);
    return (onr_criterion){.rtol = !isnan(c->rtol) ? c->rtol
                                   : loose         ? 1e-3
                                                   : 0,
                           .atol = !isnan(c->atol) ? c->atol
                                   : loose         ? 1e-5 * largest(want)
                                                   : 0,
                           .max_ulp = form.bits && !isnan(c->max_ulp) ? c->max_ulp : 0};
}

typedef struct sums {
    double ab, aa, bb;
} sums;

static void add_odd(onr_distance *d, double a, double b) {
    bool same = (isnan(a) && isnan(b)) || a == b;
    d->reference_nan += isnan(a);
    d->reference_inf += isinf(a);
    d->nan += isnan(b);
    d->inf += isinf(b);
    d->odd += !same;
    d->n_differ += !same;
}

static void add_block(onr_distance *d, sums *s, const onr_criterion *c, onr_float_form form, const double *a, const double *b,
                      int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) {
            add_odd(d, a[i], b[i]);
            continue;
        }
        double far = fabs(a[i] - b[i]), ulp = form.bits && far > 0 ? fabs(ordinal(a[i], form) - ordinal(b[i], form)) : 0;
        d->n_differ += far > c->atol + c->rtol * fabs(a[i]) && !(form.bits && ulp <= c->max_ulp);
        d->max_abs = fmax(d->max_abs, far);
        d->max_ulp = fmax(d->max_ulp, ulp);
        if (a[i] != 0) d->max_rel = fmax(d->max_rel, far / fabs(a[i]));
        s->ab += a[i] * b[i];
        s->aa += a[i] * a[i];
        s->bb += b[i] * b[i];
    }
}

onr_distance onr_distance_of(const onr_criterion *given, const onnxrun_value *want, const onnxrun_value *got) {
    enum { BLOCK = 512 };
    onr_float_form form = onr_float_form_of(onnxrun_value_dtype(want));
    onr_criterion c = settle(given, want, form);
    double a[BLOCK], b[BLOCK];
    sums s = {0};
    onr_distance d = {.n = onr_numbers_count(want)};
    for (int64_t at = 0; at < d.n; at += BLOCK) {
        int64_t n = d.n - at < BLOCK ? d.n - at : BLOCK;
        onr_numbers_read(want, at, n, a);
        onr_numbers_read(got, at, n, b);
        add_block(&d, &s, &c, form, a, b, n);
    }
    d.cosine = s.aa > 0 && s.bb > 0 ? fmax(-1, fmin(1, s.ab / (sqrt(s.aa) * sqrt(s.bb)))) : s.aa == s.bb ? 1 : 0;
    return d;
}
