// cast_string.c: numbers as text and back, for Cast.
// May assume: nothing about the process's locale: the decimal point is always a point. Never reads past a string's end.
#include "ops/cast.h"

#include "base/mathx.h"
#include "base/str.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// ---- to text
// ---------------------------------------------------------------------------------------------------------------------------

enum { TEXT = 48 };

/// Digits and exponent of the shortest decimal that reads back as x: "d.ddde+XX" in `out`.
static void shortest(double x, onr_dtype t, char out[TEXT]) {
    int most = t == ONR_DOUBLE ? 17 : 9;
    for (int digits = 1; digits <= most; digits++) {
        snprintf(out, TEXT, "%.*e", digits - 1, x);
        double back = strtod(out, NULL);
        if (t == ONR_DOUBLE ? back == x : (float)back == (float)x) return;
    }
}

/// Plain notation between 1e-4 and 1e16, scientific beyond, as NumPy writes numbers.
static void float_text(double x, onr_dtype t, char out[TEXT]) {
    if (isnan(x))
        snprintf(out, TEXT, "NaN");
    else if (isinf(x))
        snprintf(out, TEXT, x > 0 ? "INF" : "-INF");
    else {
        char sci[TEXT];
        shortest(x, t, sci);
        for (char *c = sci; *c; c++) // the process's locale may write a comma
            if (*c == ',') *c = '.';
        const char *e = strchr(sci, 'e');
        int exponent = atoi(e + 1), digits = 0;
        for (const char *c = sci; c < e; c++) digits += *c >= '0' && *c <= '9';
        if (x != 0 && (exponent < -4 || exponent >= 16)) {
            snprintf(out, TEXT, "%s", sci);
            return;
        }
        int decimals = digits - 1 - exponent;
        snprintf(out, TEXT, "%.*f", decimals < 1 ? 1 : decimals, x);
        for (char *c = out; *c; c++)
            if (*c == ',') *c = '.';
    }
}

static void number_text(const onr_tensor *x, int64_t i, char out[TEXT]) {
    if (x->dtype == ONR_UINT64)
        snprintf(out, TEXT, "%" PRIu64, ((const uint64_t *)x->data)[i]);
    else if (onr_dtype_is_float(x->dtype))
        float_text(onr_tensor_num(x, i), x->dtype, out);
    else
        snprintf(out, TEXT, "%" PRId64, onr_tensor_int(x, i));
}

onr_status onr_cast_to_strings(const onr_tensor *x, onr_datum *out, onr_err *err) {
    if (x->dtype == ONR_STRING) return onr_datum_new_strings(&x->shape, x->data, out, err);
    int64_t n = onr_tensor_numel(x);
    size_t bytes;
    if (!onr_mul_size((size_t)n, sizeof(onr_string) + TEXT, &bytes)) return onr_no_memory(err, SIZE_MAX);
    onr_string *s = onr_malloc(bytes + 1);
    if (!s) return onr_no_memory(err, bytes);
    char *chars = (char *)(s + n);
    for (int64_t i = 0; i < n; i++, chars += TEXT) {
        number_text(x, i, chars);
        s[i] = (onr_string){chars, strlen(chars)};
    }
    onr_status status = onr_datum_new_strings(&x->shape, s, out, err);
    onr_free(s);
    return status;
}

// ---- from text
// -------------------------------------------------------------------------------------------------------------------------

typedef struct number {
    double d;
    int64_t i;
    uint64_t u;
    bool is_int, is_big; // i is exact; u is exact and does not fit i
} number;

static bool parse(const char *text, locale_t c_locale, number *out) {
    char *end;
    *out = (number){0};
    out->d = strtod_l(text, &end, c_locale);
    if (end == text) return false;
    while (*end == ' ' || *end == '\t' || *end == '\n' || *end == '\r') end++;
    if (*end) return false;
    char *rest;
    if (out->d >= 9223372036854775808.0 && out->d < 18446744073709551616.0) {
        out->u = strtoull(text, &rest, 10);
        out->is_big = rest == end;
    } else if (fabs(out->d) < 9223372036854775808.0) {
        out->i = strtoll(text, &rest, 10);
        out->is_int = *rest == 0 || rest == end;
    }
    return true;
}

/// One string through the type that holds it best.
static onr_status convert(const char *text, size_t n, onr_dtype to, void *dst, bool saturate, onr_e8m0_round round,
                          locale_t loc, onr_err *err) {
    number v;
    if (strlen(text) != n || !parse(text, loc, &v)) return onr_fail(err, ONR_INVALID, "'%.60s' is not a number", text);
    if (!onr_dtype_is_float(to) && v.is_int)
        onr_cast_numbers(ONR_INT64, &v.i, to, dst, 1, saturate, round, NULL);
    else if (!onr_dtype_is_float(to) && v.is_big)
        onr_cast_numbers(ONR_UINT64, &v.u, to, dst, 1, saturate, round, NULL);
    else if (to == ONR_FLOAT)
        *(float *)dst = strtof_l(text, NULL, loc); // rounded once, from the text
    else
        onr_cast_numbers(ONR_DOUBLE, &v.d, to, dst, 1, saturate, round, NULL);
    return ONR_OK;
}

onr_status onr_cast_from_strings(const onr_tensor *x, onr_dtype to, void *dst, bool saturate, onr_e8m0_round round,
                                 onr_err *err) {
    const onr_string *s = x->data;
    int64_t n = onr_tensor_numel(x);
    size_t longest = 0, e = onr_dtype_size(to);
    for (int64_t i = 0; i < n; i++)
        if (s[i].n > longest) longest = s[i].n;
    char *text = onr_malloc(longest + 1);
    if (!text) return onr_no_memory(err, longest);
    locale_t loc = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    onr_status status = loc ? ONR_OK : onr_no_memory(err, 0);
    for (int64_t i = 0; i < n && status == ONR_OK; i++) {
        if (s[i].n) memcpy(text, s[i].s, s[i].n);
        text[s[i].n] = 0;
        status = convert(text, s[i].n, to, (char *)dst + (size_t)i * e, saturate, round, loc, err);
    }
    if (loc) freelocale(loc);
    onr_free(text);
    return status;
}
