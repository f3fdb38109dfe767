// tensor_text.c: tensors and attributes written as text.
// May assume: what tensor_text.h says of the syntax; a mistake in it fails the test. Never looks at an operator's meaning.
#include "support/tensor_text.h"

#include "ops/cast.h"
#include "support/cmocka.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void text_wrong(const text_reader *r, const char *at) { fail_msg("%s: cannot read '%.80s'", r->what, at); }

const char *text_blanks(const char *s) {
    while (*s == ' ' || *s == '\n') s++;
    return s;
}

// ---- types ------------------------------------------------------------------------------------------------------------------

/// A number, "?" (not known), or a name.
static const char *read_dim(const text_reader *r, const char *s, int64_t *out) {
    char *end;
    if (isdigit((unsigned char)*s)) {
        *out = strtoll(s, &end, 10);
        return end;
    }
    size_t n = strcspn(s, " ]");
    if (!n || !r->symbols) text_wrong(r, s);
    *out = onr_symbol(r->symbols, *s == '?' ? NULL : onr_arena_strndup(r->arena, s, n));
    return s + n;
}

static const char *read_shape(const text_reader *r, const char *s, onr_shape *out) {
    *out = (onr_shape){.rank = 0};
    for (s = text_blanks(s); *s != ']';) {
        if (out->rank == ONR_MAX_RANK) text_wrong(r, s);
        s = text_blanks(read_dim(r, s, &out->dim[out->rank++]));
        if (*s == 'x')
            s = text_blanks(s + 1);
        else if (*s != ']')
            text_wrong(r, s);
    }
    return s + 1;
}

static const char *read_container(const text_reader *r, const char *s, onr_kind kind, onr_type *out) {
    onr_type *elem = onr_arena_alloc(r->arena, sizeof *elem);
    assert_non_null(elem);
    s = text_type(r, s, elem);
    if (*s != ')') text_wrong(r, s);
    *out = (onr_type){.kind = kind, .shape = {.rank = -1}, .elem = elem};
    return s + 1;
}

const char *text_type(const text_reader *r, const char *s, onr_type *out) {
    char name[32];
    if (strncmp(s, "seq(", 4) == 0) return read_container(r, s + 4, ONR_SEQUENCE, out);
    if (strncmp(s, "optional(", 9) == 0) return read_container(r, s + 9, ONR_OPTIONAL, out);
    size_t n = 0;
    while (isalnum((unsigned char)s[n])) n++;
    if (n == 0 || n >= sizeof name) text_wrong(r, s);
    memcpy(name, s, n);
    name[n] = 0;
    *out = onr_type_tensor(onr_dtype_parse(name), onr_shape_unknown());
    if (!out->dtype) text_wrong(r, s);
    return s[n] == '[' ? read_shape(r, s + n + 1, &out->shape) : s + n;
}

// ---- elements ---------------------------------------------------------------------------------------------------------------

static const char *read_string(const text_reader *r, const char *s, onr_string *out) {
    s = text_blanks(s);
    if (*s != '\'') text_wrong(r, s);
    const char *end = strchr(s + 1, '\'');
    if (!end) text_wrong(r, s);
    *out = (onr_string){onr_arena_strndup(r->arena, s + 1, (size_t)(end - s - 1)), (size_t)(end - s - 1)};
    return end + 1;
}

static const char *read_number(const text_reader *r, const char *s, onr_dtype t, void *dst) {
    char *end;
    if (t == ONR_COMPLEX64 || t == ONR_COMPLEX128) { // "1,-2": real, imaginary
        double re = strtod(s, &end), im = *end == ',' ? strtod(end + 1, &end) : 0;
        if (t == ONR_COMPLEX64)
            ((float *)dst)[0] = (float)re, ((float *)dst)[1] = (float)im;
        else
            ((double *)dst)[0] = re, ((double *)dst)[1] = im;
    } else if (onr_dtype_is_float(t)) {
        double v = strtod(s, &end);
        onr_cast_numbers(ONR_DOUBLE, &v, t, dst, 1, false, ONR_E8M0_NEAREST, NULL);
    } else if (t == ONR_UINT64) {
        *(uint64_t *)dst = strtoull(s, &end, 10);
    } else {
        int64_t v = strtoll(s, &end, 10);
        onr_cast_numbers(ONR_INT64, &v, t, dst, 1, true, ONR_E8M0_UP, NULL);
    }
    if (end == s) text_wrong(r, s);
    return end;
}

const char *text_elements(const text_reader *r, const char *s, const onr_type *type, onr_datum *out) {
    int64_t n = 0;
    size_t e = onr_dtype_size(type->dtype);
    if (!onr_shape_numel(&type->shape, &n)) text_wrong(r, s);
    char *data = onr_arena_alloc(r->arena, (size_t)n * e + 16);
    assert_non_null(data);
    s = text_blanks(s);
    for (int64_t i = 0; i < n; i++) {
        if (i == 1 && strchr("|):;}>", *s)) { // one value fills all
            for (int64_t k = 1; k < n; k++) memcpy(data + (size_t)k * e, data, e);
            break;
        }
        s = text_blanks(type->dtype == ONR_STRING ? read_string(r, s, (onr_string *)(void *)data + i)
                                                  : read_number(r, s, type->dtype, data + (size_t)i * e));
    }
    *out = onr_datum_borrow(type->dtype, &type->shape, data);
    return s;
}

const char *text_tensor(const text_reader *r, const char *s, onr_datum *out) {
    onr_type type;
    s = text_type(r, text_blanks(s), &type);
    return text_elements(r, s, &type, out);
}

// ---- attributes -------------------------------------------------------------------------------------------------------------

static bool is_float_text(const char *s) {
    size_t n = strcspn(s, " ,]\n");
    for (size_t i = 0; i < n; i++)
        if (s[i] == '.' || s[i] == 'n') return true;
    return false;
}

static const char *read_list(const text_reader *r, const char *s, onr_attr *a) {
    enum { LONGEST = 64 };
    int64_t *ints = onr_arena_calloc(r->arena, LONGEST, sizeof *ints);
    float *floats = onr_arena_calloc(r->arena, LONGEST, sizeof *floats);
    onr_string *strings = onr_arena_calloc(r->arena, LONGEST, sizeof *strings);
    a->kind = *text_blanks(s) == '\'' ? ONR_ATTR_STRINGS : is_float_text(s) ? ONR_ATTR_FLOATS : ONR_ATTR_INTS;
    while (*(s = text_blanks(s)) != ']') {
        char *end = NULL;
        if (a->n == LONGEST) text_wrong(r, s);
        if (a->kind == ONR_ATTR_STRINGS)
            s = read_string(r, s, &strings[a->n]);
        else if (a->kind == ONR_ATTR_FLOATS)
            floats[a->n] = strtof(s, &end);
        else
            ints[a->n] = strtoll(s, &end, 10);
        if (end == s) text_wrong(r, s);
        if (end) s = end;
        if (*s == ',') s++;
        a->n++;
    }
    if (a->kind == ONR_ATTR_STRINGS)
        a->strings = strings;
    else if (a->kind == ONR_ATTR_FLOATS)
        a->floats = floats;
    else
        a->ints = ints;
    return s + 1;
}

static const char *read_one(const text_reader *r, const char *s, onr_attr *a) {
    char *end = NULL;
    if (is_float_text(s)) {
        a->kind = ONR_ATTR_FLOAT;
        a->f = strtof(s, &end);
    } else {
        a->kind = ONR_ATTR_INT;
        a->i = strtoll(s, &end, 10);
    }
    if (end == s) text_wrong(r, s);
    return end;
}

const char *text_attr(const text_reader *r, const char *s, onr_attr *out) {
    size_t n = strcspn(s, "= \n");
    if (s[n] != '=') text_wrong(r, s);
    *out = (onr_attr){.name = onr_arena_strndup(r->arena, s, n)};
    s += n + 1;
    if (*s == '\'') {
        out->kind = ONR_ATTR_STRING;
        return read_string(r, s, &out->s);
    }
    if (*s == '[') return read_list(r, s + 1, out);
    if (*s != '(') return read_one(r, s, out);
    onr_datum *d = onr_arena_alloc(r->arena, sizeof *d);
    out->kind = ONR_ATTR_TENSOR;
    s = text_tensor(r, s + 1, d);
    if (*s != ')') text_wrong(r, s);
    out->tensor = d;
    return s + 1;
}
