// text.c: prints values.
// May assume: values that the library made. Never prints more than it was asked for.
#include "cli/text.h"

#include "cli/term.h"
#include "io/raw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void string_text(const char *s, size_t n, char out[ONR_ELEMENT_TEXT]) {
    size_t at = 0, i = 0;
    out[at++] = '"';
    for (; i < n && at < ONR_ELEMENT_TEXT - 12; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\') {
            out[at++] = '\\';
            out[at++] = (char)c;
        } else if (c < 0x20 || c == 0x7F) {
            at += (size_t)snprintf(out + at, 5, "\\x%02x", c);
        } else {
            out[at++] = (char)c;
        }
    }
    strcpy(out + at, i < n ? "...\"" : "\"");
}

const char *onr_element_text(const onnxrun_value *v, int64_t i, int digits, char out[ONR_ELEMENT_TEXT]) {
    const void *data = onnxrun_value_data(v);
    size_t n;
    switch (onnxrun_value_dtype(v)) {
    case ONNXRUN_STRING: {
        const char *s = onnxrun_value_string(v, i, &n);
        string_text(s, n, out);
        break;
    }
    case ONNXRUN_BOOL: strcpy(out, onnxrun_value_number(v, i) != 0 ? "true" : "false"); break;
    case ONNXRUN_INT64: snprintf(out, ONR_ELEMENT_TEXT, "%" PRId64, ((const int64_t *)data)[i]); break;
    case ONNXRUN_UINT64: snprintf(out, ONR_ELEMENT_TEXT, "%" PRIu64, ((const uint64_t *)data)[i]); break;
    case ONNXRUN_COMPLEX64: {
        const float *c = (const float *)data + 2 * i;
        snprintf(out, ONR_ELEMENT_TEXT, "%.*g%+.*gj", digits, (double)c[0], digits, (double)c[1]);
        break;
    }
    case ONNXRUN_COMPLEX128: {
        const double *c = (const double *)data + 2 * i;
        snprintf(out, ONR_ELEMENT_TEXT, "%.*g%+.*gj", digits, c[0], digits, c[1]);
        break;
    }
    default: {
        double x = onnxrun_value_number(v, i);
        bool whole = x == floor(x) && fabs(x) < 1e15;
        // The C library may print the sign of a NaN, which means nothing.
        if (isnan(x)) {
            strcpy(out, "nan");
        } else {
            snprintf(out, ONR_ELEMENT_TEXT, "%.*g", whole && fabs(x) >= pow(10, digits) ? 17 : digits, x);
        }
    }
    }
    return out;
}

const char *onr_value_text(const onnxrun_value *v, char out[256]) {
    size_t n = onnxrun_value_kind(v) == ONNXRUN_TENSOR ? 0 : onnxrun_value_count(v);
    switch (onnxrun_value_kind(v)) {
    case ONNXRUN_TENSOR: onr_io_type_text(onnxrun_value_dtype(v), onnxrun_value_rank(v), onnxrun_value_dims(v), out); break;
    case ONNXRUN_SEQUENCE: snprintf(out, 256, "sequence of %zu", n); break;
    case ONNXRUN_OPTIONAL: snprintf(out, 256, "optional, %s", n ? "present" : "empty"); break;
    case ONNXRUN_MAP: snprintf(out, 256, "map"); break;
    default: snprintf(out, 256, "nothing");
    }
    return out;
}

// ---- arrays
// -----------------------------------------------------------------------------------------------------------------------

typedef struct printer {
    const onnxrun_value *v;
    int64_t left; // elements that may still be printed
    int64_t next; // the next element
    int width;    // of the widest element that will be printed
} printer;

enum { DIGITS = 6 };

static void print_row(printer *p, int64_t n, size_t indent) {
    char text[ONR_ELEMENT_TEXT];
    size_t at = indent;
    for (int64_t k = 0; k < n; k++) {
        if (p->left == 0) {
            printf(" ...");
            return;
        }
        onr_element_text(p->v, p->next++, DIGITS, text);
        p->left--;
        if (k > 0 && at + 1 + (size_t)p->width > ONR_TERM_WIDTH - 2) {
            printf("\n%*s", (int)indent, "");
            at = indent;
        } else if (k > 0) {
            at += (size_t)printf(" ");
        }
        at += (size_t)printf("%*s", p->width, text);
    }
}

static void print_dims(printer *p, int d) {
    int rank = onnxrun_value_rank(p->v);
    int64_t n = onnxrun_value_dims(p->v)[d];
    printf("[");
    if (d == rank - 1) {
        print_row(p, n, (size_t)rank + 2);
    } else {
        for (int64_t k = 0; k < n; k++) {
            if (k > 0) printf("\n%*s", d + 3, "");
            if (p->left == 0) {
                printf("...");
                break;
            }
            print_dims(p, d + 1);
        }
    }
    printf("]");
}

static void print_tensor(const onnxrun_value *v, int64_t limit) {
    char text[ONR_ELEMENT_TEXT];
    int64_t n = onnxrun_value_numel(v);
    printer p = {v, limit < n ? limit : n, 0, 0};
    for (int64_t i = 0; i < p.left; i++) {
        int len = (int)strlen(onr_element_text(v, i, DIGITS, text));
        if (len > p.width) p.width = len;
    }
    if (limit == 0) return;
    printf("  ");
    if (onnxrun_value_rank(v) == 0) {
        printf("%s", onr_element_text(v, 0, DIGITS, text));
    } else if (n == 0) {
        printf("[]");
    } else {
        print_dims(&p, 0);
    }
    printf("\n");
}

void onr_value_print(const char *name, const onnxrun_value *v, int64_t limit) {
    char text[256];
    printf("%s%s%s: %s\n", onr_term_bold(), name, onr_term_plain(), onr_value_text(v, text));
    if (onnxrun_value_kind(v) == ONNXRUN_TENSOR) {
        print_tensor(v, limit);
        return;
    }
    size_t n = onnxrun_value_count(v);
    for (size_t i = 0; i < n; i++) {
        onnxrun_value *item = onnxrun_value_item(v, i);
        if (!item) continue;
        char part[320];
        if (onnxrun_value_kind(v) == ONNXRUN_MAP) {
            snprintf(part, sizeof part, "%s.%s", name, i == 0 ? "keys" : "values");
        } else {
            snprintf(part, sizeof part, "%s[%zu]", name, i);
        }
        onr_value_print(part, item, limit);
        onnxrun_value_free(item);
    }
}

// ---- JSON -------------------------------------------------------------------------------------------------------------------

static void add_element(const onnxrun_value *v, int64_t i, onr_str *out) {
    char text[ONR_ELEMENT_TEXT];
    switch (onnxrun_value_dtype(v)) {
    case ONNXRUN_STRING:
    case ONNXRUN_COMPLEX64:
    case ONNXRUN_COMPLEX128: onr_str_json(out, onr_element_text(v, i, 17, text)); break;
    case ONNXRUN_INT64: onr_str_printf(out, "%" PRId64, ((const int64_t *)onnxrun_value_data(v))[i]); break;
    case ONNXRUN_UINT64: onr_str_printf(out, "%" PRIu64, ((const uint64_t *)onnxrun_value_data(v))[i]); break;
    default: onr_str_json_num(out, onnxrun_value_number(v, i));
    }
}

void onr_value_json(const char *name, const onnxrun_value *v, int64_t limit, onr_str *out) {
    char type[256];
    onr_str_add(out, "{\"name\": ");
    onr_str_json(out, name);
    onr_str_add(out, ", \"type\": ");
    bool tensor = onnxrun_value_kind(v) == ONNXRUN_TENSOR;
    onr_str_json(out, tensor ? onnxrun_dtype_name(onnxrun_value_dtype(v)) : onr_value_text(v, type));
    if (tensor) {
        onr_str_add(out, ", \"shape\": [");
        for (int d = 0; d < onnxrun_value_rank(v); d++)
            onr_str_printf(out, "%s%" PRId64, d ? ", " : "", onnxrun_value_dims(v)[d]);
        onr_str_add(out, "], \"values\": [");
        for (int64_t i = 0; i < onnxrun_value_numel(v) && i < limit; i++) {
            if (i) onr_str_add(out, ", ");
            add_element(v, i, out);
        }
        onr_str_add(out, "]");
    }
    onr_str_add(out, "}");
}
