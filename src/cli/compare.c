// compare.c: compares values.
// May assume: values that the library made. Never reads an element of one without having compared types and shapes.
#include "cli/compare.h"

#include "cli/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_exact(onnxrun_dtype t) {
    switch (t) {
    case ONNXRUN_BOOL:
    case ONNXRUN_INT8:
    case ONNXRUN_UINT8:
    case ONNXRUN_INT16:
    case ONNXRUN_UINT16:
    case ONNXRUN_INT32:
    case ONNXRUN_UINT32:
    case ONNXRUN_INT4:
    case ONNXRUN_UINT4:
    case ONNXRUN_INT2:
    case ONNXRUN_UINT2: return true;
    default: return false;
    }
}

static bool close(double want, double got, const onr_tolerance *tol) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return want == got;
    return fabs(got - want) <= tol->atol + tol->rtol * fabs(want);
}

static bool strings_equal(const onnxrun_value *a, int64_t i, const onnxrun_value *b, int64_t k) {
    size_t na, nb;
    const char *sa = onnxrun_value_string(a, i, &na), *sb = onnxrun_value_string(b, k, &nb);
    return na == nb && memcmp(sa, sb, na) == 0;
}

// Element i of want and element k of got.
static bool elements_equal(const onnxrun_value *want, int64_t i, const onnxrun_value *got, int64_t k,
                           const onr_tolerance *tol) {
    onnxrun_dtype t = onnxrun_value_dtype(want);
    const void *w = onnxrun_value_data(want), *g = onnxrun_value_data(got);
    switch (t) {
    case ONNXRUN_STRING: return strings_equal(want, i, got, k);
    case ONNXRUN_INT64:
    case ONNXRUN_UINT64: return ((const uint64_t *)w)[i] == ((const uint64_t *)g)[k];
    case ONNXRUN_COMPLEX64: {
        const float *a = (const float *)w + 2 * i, *b = (const float *)g + 2 * k;
        return close(a[0], b[0], tol) && close(a[1], b[1], tol);
    }
    case ONNXRUN_COMPLEX128: {
        const double *a = (const double *)w + 2 * i, *b = (const double *)g + 2 * k;
        return close(a[0], b[0], tol) && close(a[1], b[1], tol);
    }
    default: break;
    }
    double a = onnxrun_value_number(want, i), b = onnxrun_value_number(got, k);
    return is_exact(t) ? a == b : close(a, b, tol);
}

// "[0, 3]", or "" for a scalar.
static void index_text(const onnxrun_value *v, int64_t flat, char *out, size_t cap) {
    int rank = onnxrun_value_rank(v);
    int64_t index[16];
    size_t at = 0;
    for (int d = rank - 1; d >= 0; d--) {
        index[d] = flat % onnxrun_value_dims(v)[d];
        flat /= onnxrun_value_dims(v)[d];
    }
    out[0] = '\0';
    for (int d = 0; d < rank && at < cap; d++) {
        at += (size_t)snprintf(out + at, cap - at, "%s%" PRId64 "%s", d ? ", " : "[", index[d], d == rank - 1 ? "]: " : "");
    }
}

static bool same_type(const onnxrun_value *want, const onnxrun_value *got, char *why, size_t cap) {
    char a[256], b[256];
    int rank = onnxrun_value_rank(want);
    bool same = onnxrun_value_dtype(want) == onnxrun_value_dtype(got) && rank == onnxrun_value_rank(got) &&
                memcmp(onnxrun_value_dims(want), onnxrun_value_dims(got), (size_t)rank * sizeof(int64_t)) == 0;
    if (!same) snprintf(why, cap, "expected %s, got %s", onr_value_text(want, a), onr_value_text(got, b));
    return same;
}

// Units in the last place of the expected number, in its own type: a distance of 2^-bits relative to its power of two.
static double ulp_between(onnxrun_dtype t, double want, double got) {
    int bits = t == ONNXRUN_DOUBLE ? 52 : t == ONNXRUN_FLOAT ? 23 : t == ONNXRUN_FLOAT16 ? 10 : 7, exponent;
    int lowest = t == ONNXRUN_DOUBLE ? -1021 : t == ONNXRUN_FLOAT16 ? -13 : -125; // of numbers that are not subnormal
    if (want == got || !isfinite(want) || !isfinite(got)) return 0;
    frexp(want, &exponent);
    return ldexp(fabs(got - want), bits + 1 - (exponent < lowest ? lowest : exponent));
}

static void note_ulp(const onnxrun_value *want, const onnxrun_value *got, const onr_tolerance *tol) {
    onnxrun_dtype t = onnxrun_value_dtype(want);
    if (t != ONNXRUN_FLOAT && t != ONNXRUN_DOUBLE && t != ONNXRUN_FLOAT16 && t != ONNXRUN_BFLOAT16) return;
    int64_t n = onnxrun_value_numel(want);
    for (int64_t i = 0; i < n; i++) {
        double expected = onnxrun_value_number(want, i);
        if (tol->rtol * fabs(expected) < tol->atol) continue; // next to zero the last place says nothing
        double u = ulp_between(t, expected, onnxrun_value_number(got, i));
        if (u > *tol->ulp) *tol->ulp = u;
    }
}

// Who draws random bits has to draw bits: where only 0 and 1 are expected, nothing else may come.
static bool only_bits(const onnxrun_value *v) {
    if (onnxrun_value_dtype(v) == ONNXRUN_STRING || onnxrun_value_numel(v) == 0) return false;
    for (int64_t i = 0; i < onnxrun_value_numel(v); i++) {
        double x = onnxrun_value_number(v, i);
        if (x != 0 && x != 1) return false;
    }
    return true;
}

static bool compare_tensors(const onnxrun_value *want, const onnxrun_value *got, const onr_tolerance *tol, char *why,
                            size_t cap) {
    if (!same_type(want, got, why, cap)) return false;
    if (tol->shape_only && only_bits(want) && !only_bits(got)) {
        snprintf(why, cap, "expected zeros and ones, got other numbers");
        return false;
    }
    if (tol->ulp && !tol->shape_only) note_ulp(want, got, tol);
    int64_t n = onnxrun_value_numel(want), n_bad = 0, first = 0;
    for (int64_t i = 0; i < n && !tol->shape_only; i++) {
        if (elements_equal(want, i, got, i, tol)) continue;
        if (n_bad++ == 0) first = i;
    }
    if (n_bad == 0) return true;
    char place[160], a[ONR_ELEMENT_TEXT], b[ONR_ELEMENT_TEXT];
    index_text(want, first, place, sizeof place);
    snprintf(why, cap, "%sexpected %s, got %s (%" PRId64 " of %" PRId64 " differ)", place, onr_element_text(want, first, 9, a),
             onr_element_text(got, first, 9, b), n_bad, n);
    return false;
}

static bool compare_items(const onnxrun_value *want, const onnxrun_value *got, const onr_tolerance *tol, char *why,
                          size_t cap) {
    size_t n = onnxrun_value_count(want);
    if (n != onnxrun_value_count(got)) {
        char a[256], b[256];
        snprintf(why, cap, "expected %s, got %s", onr_value_text(want, a), onr_value_text(got, b));
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char inner[512];
        onnxrun_value *a = onnxrun_value_item(want, i), *b = onnxrun_value_item(got, i);
        bool same = a && b && onr_compare(a, b, tol, inner, sizeof inner);
        if (!a || !b) snprintf(inner, sizeof inner, "no memory");
        onnxrun_value_free(a);
        onnxrun_value_free(b);
        if (same) continue;
        snprintf(why, cap, "item %zu: %s", i, inner);
        return false;
    }
    return true;
}

// Maps have no order: each key is looked for.
static bool compare_entries(const onnxrun_value *wk, const onnxrun_value *wv, const onnxrun_value *gk, const onnxrun_value *gv,
                            const onr_tolerance *tol, char *why, size_t cap) {
    const onr_tolerance exact = {0};
    bool plain = onnxrun_value_kind(wv) == ONNXRUN_TENSOR && onnxrun_value_kind(gv) == ONNXRUN_TENSOR;
    if (!plain) return onr_compare(wk, gk, tol, why, cap) && onr_compare(wv, gv, tol, why, cap);
    if (!same_type(wk, gk, why, cap) || !same_type(wv, gv, why, cap)) return false;
    int64_t n = onnxrun_value_numel(wk);
    for (int64_t i = 0; i < n && !tol->shape_only; i++) {
        char key[ONR_ELEMENT_TEXT], a[ONR_ELEMENT_TEXT], b[ONR_ELEMENT_TEXT];
        int64_t k = 0;
        while (k < n && !elements_equal(wk, i, gk, k, &exact)) k++;
        if (k < n && elements_equal(wv, i, gv, k, tol)) continue;
        snprintf(why, cap, "key %s: expected %s, got %s", onr_element_text(wk, i, 9, key), onr_element_text(wv, i, 9, a),
                 k < n ? onr_element_text(gv, k, 9, b) : "nothing");
        return false;
    }
    return true;
}

static bool compare_maps(const onnxrun_value *want, const onnxrun_value *got, const onr_tolerance *tol, char *why, size_t cap) {
    onnxrun_value *wk = onnxrun_value_item(want, 0), *wv = onnxrun_value_item(want, 1), *gk = onnxrun_value_item(got, 0),
                  *gv = onnxrun_value_item(got, 1);
    bool same = wk && wv && gk && gv && compare_entries(wk, wv, gk, gv, tol, why, cap);
    if (!wk || !wv || !gk || !gv) snprintf(why, cap, "no memory");
    onnxrun_value_free(wk);
    onnxrun_value_free(wv);
    onnxrun_value_free(gk);
    onnxrun_value_free(gv);
    return same;
}

bool onr_compare(const onnxrun_value *want, const onnxrun_value *got, const onr_tolerance *tol, char *why, size_t cap) {
    if (onnxrun_value_kind(want) != onnxrun_value_kind(got)) {
        char a[256], b[256];
        snprintf(why, cap, "expected %s, got %s", onr_value_text(want, a), onr_value_text(got, b));
        return false;
    }
    switch (onnxrun_value_kind(want)) {
    case ONNXRUN_TENSOR: return compare_tensors(want, got, tol, why, cap);
    case ONNXRUN_MAP: return compare_maps(want, got, tol, why, cap);
    default: return compare_items(want, got, tol, why, cap);
    }
}
