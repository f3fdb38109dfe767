// npy.c: reads and writes .npy.
// May assume: nothing about the bytes. Never trusts a size of the header before it agrees with the file's length.
#include "io/npy.h"

#include "base/mathx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_RANK = 16, MAGIC_BYTES = 6, ALIGN = 64 };
static const char MAGIC[] = "\x93NUMPY";

typedef struct npy_header {
    char order, kind; // '<' '>' '|' '=' and NumPy's letter: b i u f c S U V
    size_t item_bytes;
    bool fortran;
    int rank;
    int64_t dims[MAX_RANK];
    size_t n;    // elements
    size_t data; // where they start
} npy_header;

// ---- the header: a Python dictionary literal --------------------------------------------------------------------------------

typedef struct cursor {
    const char *p, *end;
} cursor;

static void skip_space(cursor *c) {
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r')) c->p++;
}

static bool take(cursor *c, char what) {
    skip_space(c);
    if (c->p == c->end || *c->p != what) return false;
    c->p++;
    return true;
}

static bool take_word(cursor *c, const char *word) {
    skip_space(c);
    size_t n = strlen(word);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0) return false;
    c->p += n;
    return true;
}

// A quoted string without escapes; NumPy writes no other.
static bool take_string(cursor *c, const char **s, size_t *n) {
    skip_space(c);
    if (c->p == c->end || (*c->p != '\'' && *c->p != '"')) return false;
    char quote = *c->p++;
    *s = c->p;
    while (c->p < c->end && *c->p != quote) c->p++;
    if (c->p == c->end) return false;
    *n = (size_t)(c->p++ - *s);
    return true;
}

// A decimal number that fits int64; Python 2 wrote an L behind.
static bool take_number(cursor *c, int64_t *out) {
    skip_space(c);
    const char *start = c->p;
    int64_t x = 0;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9') {
        if (!onr_mul_i64(x, 10, &x) || !onr_add_i64(x, *c->p - '0', &x)) return false;
        c->p++;
    }
    if (c->p == start) return false;
    if (c->p < c->end && *c->p == 'L') c->p++;
    *out = x;
    return true;
}

static onnxrun_status parse_descr(cursor *c, npy_header *h, onnxrun_error *err) {
    const char *s;
    size_t n;
    if (take(c, '[')) return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npy: structured arrays cannot be tensors");
    if (!take_string(c, &s, &n) || n < 2) return onr_io_fail(err, ONNXRUN_INVALID, "npy: header has no readable 'descr'");
    cursor d = {s, s + n};
    h->order = '|';
    if (strchr("<>|=", *d.p)) h->order = *d.p++;
    if (d.p < d.end) h->kind = *d.p++;
    int64_t size = 0;
    bool sized = take_number(&d, &size) && d.p == d.end && size <= INT32_MAX;
    if (h->kind == 'O') return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npy: arrays of Python objects are not read");
    if (!h->kind || !strchr("biufcSUV", h->kind) || !sized) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npy: element type '%.*s' has no ONNX type", (int)(n < 40 ? n : 40), s);
    }
    h->item_bytes = (size_t)size * (h->kind == 'U' ? 4 : 1);
    return ONNXRUN_OK;
}

static onnxrun_status parse_shape(cursor *c, npy_header *h, onnxrun_error *err) {
    h->rank = 0;
    h->n = 1;
    if (!take(c, '(')) return onr_io_fail(err, ONNXRUN_INVALID, "npy: header has no readable 'shape'");
    while (!take(c, ')')) {
        int64_t d;
        if (!take_number(c, &d)) return onr_io_fail(err, ONNXRUN_INVALID, "npy: header has no readable 'shape'");
        if (h->rank == MAX_RANK) return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npy: more than %d dimensions", MAX_RANK);
        h->dims[h->rank++] = d;
        if (!onr_mul_size(h->n, (size_t)d, &h->n)) return onr_io_fail(err, ONNXRUN_INVALID, "npy: the shape is too large");
        if (!take(c, ',')) {
            if (!take(c, ')')) return onr_io_fail(err, ONNXRUN_INVALID, "npy: header has no readable 'shape'");
            break;
        }
    }
    return ONNXRUN_OK;
}

static onnxrun_status parse_dict(cursor *c, npy_header *h, onnxrun_error *err) {
    enum { DESCR = 1, ORDER = 2, SHAPE = 4 };
    int seen = 0;
    onnxrun_status st = ONNXRUN_OK;
    if (!take(c, '{')) return onr_io_fail(err, ONNXRUN_INVALID, "npy: header is not a dictionary");
    while (!take(c, '}')) {
        const char *key;
        size_t n;
        if (!take_string(c, &key, &n) || !take(c, ':')) return onr_io_fail(err, ONNXRUN_INVALID, "npy: header is broken");
        if (n == 5 && memcmp(key, "descr", n) == 0) {
            st = parse_descr(c, h, err);
            seen |= DESCR;
        } else if (n == 13 && memcmp(key, "fortran_order", n) == 0) {
            h->fortran = take_word(c, "True");
            if (!h->fortran && !take_word(c, "False"))
                st = onr_io_fail(err, ONNXRUN_INVALID, "npy: 'fortran_order' is not a bool");
            seen |= ORDER;
        } else if (n == 5 && memcmp(key, "shape", n) == 0) {
            st = parse_shape(c, h, err);
            seen |= SHAPE;
        } else {
            st = onr_io_fail(err, ONNXRUN_INVALID, "npy: header has an unknown key '%.*s'", (int)(n < 40 ? n : 40), key);
        }
        if (st != ONNXRUN_OK) return st;
        if (!take(c, ',')) {
            if (!take(c, '}')) return onr_io_fail(err, ONNXRUN_INVALID, "npy: header is broken");
            break;
        }
    }
    skip_space(c);
    if (c->p != c->end || seen != (DESCR | ORDER | SHAPE))
        return onr_io_fail(err, ONNXRUN_INVALID, "npy: header is incomplete");
    return ONNXRUN_OK;
}

static onnxrun_status parse_header(const uint8_t *data, size_t bytes, npy_header *h, onnxrun_error *err) {
    memset(h, 0, sizeof *h);
    if (bytes < MAGIC_BYTES + 4 || memcmp(data, MAGIC, MAGIC_BYTES) != 0)
        return onr_io_fail(err, ONNXRUN_INVALID, "not an npy file");
    unsigned major = data[6];
    if (major < 1 || major > 3) return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npy: format version %u is not known", major);
    size_t at = major == 1 ? 10 : 12;
    if (bytes < at) return onr_io_fail(err, ONNXRUN_INVALID, "npy: the file ends in its header");
    size_t length = (size_t)data[8] | (size_t)data[9] << 8;
    if (major > 1) length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
    if (length > bytes - at) return onr_io_fail(err, ONNXRUN_INVALID, "npy: the file ends in its header");
    cursor c = {(const char *)data + at, (const char *)data + at + length};
    onnxrun_status st = parse_dict(&c, h, err);
    if (st != ONNXRUN_OK) return st;
    h->data = at + length;
    size_t want;
    // Elements of no bytes would let a tiny file ask for any number of them.
    if (h->item_bytes == 0 && h->n > 0) return onr_io_fail(err, ONNXRUN_INVALID, "npy: elements of no size");
    if (!onr_mul_size(h->n, h->item_bytes, &want) || want != bytes - h->data) {
        return onr_io_fail(err, ONNXRUN_INVALID, "npy: the header promises %zu elements of %zu bytes, %zu bytes follow", h->n,
                           h->item_bytes, bytes - h->data);
    }
    return ONNXRUN_OK;
}

// ---- elements ---------------------------------------------------------------------------------------------------------------

// Swaps the bytes of n units of `unit` bytes in place.
static void swap_units(uint8_t *p, size_t n, size_t unit) {
    for (size_t i = 0; i < n; i++, p += unit) {
        for (size_t a = 0, b = unit - 1; a < b; a++, b--) {
            uint8_t t = p[a];
            p[a] = p[b];
            p[b] = t;
        }
    }
}

// Copies elements into row-major order.
static void copy_elements(const npy_header *h, const uint8_t *from, uint8_t *to) {
    if (!h->fortran || h->rank < 2) {
        memcpy(to, from, h->n * h->item_bytes);
        return;
    }
    int64_t index[MAX_RANK] = {0};
    size_t stride[MAX_RANK], at = 0;
    for (int d = 0; d < h->rank; d++) stride[d] = d ? stride[d - 1] * (size_t)h->dims[d - 1] : h->item_bytes;
    for (size_t i = 0; i < h->n; i++) {
        memcpy(to + i * h->item_bytes, from + at, h->item_bytes);
        for (int d = h->rank - 1; d >= 0; d--) {
            at += stride[d];
            if (++index[d] < h->dims[d]) break;
            at -= stride[d] * (size_t)h->dims[d];
            index[d] = 0;
        }
    }
}

static onnxrun_dtype to_dtype(const npy_header *h, onnxrun_dtype like) {
    static const struct {
        char kind;
        uint8_t bytes, dtype;
    } table[] = {{'b', 1, ONNXRUN_BOOL},      {'i', 1, ONNXRUN_INT8},       {'i', 2, ONNXRUN_INT16},  {'i', 4, ONNXRUN_INT32},
                 {'i', 8, ONNXRUN_INT64},     {'u', 1, ONNXRUN_UINT8},      {'u', 2, ONNXRUN_UINT16}, {'u', 4, ONNXRUN_UINT32},
                 {'u', 8, ONNXRUN_UINT64},    {'f', 2, ONNXRUN_FLOAT16},    {'f', 4, ONNXRUN_FLOAT},  {'f', 8, ONNXRUN_DOUBLE},
                 {'c', 8, ONNXRUN_COMPLEX64}, {'c', 16, ONNXRUN_COMPLEX128}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].kind == h->kind && table[i].bytes == h->item_bytes) return (onnxrun_dtype)table[i].dtype;
    }
    bool small = (like >= ONNXRUN_FLOAT8E4M3FN && like <= ONNXRUN_FLOAT8E5M2FNUZ) || like == ONNXRUN_FLOAT8E8M0;
    if (h->kind == 'V' && h->item_bytes == 1 && small) return like;
    if (h->kind == 'V' && h->item_bytes == 2 && (like == ONNXRUN_BFLOAT16 || like == ONNXRUN_UNDEFINED))
        return ONNXRUN_BFLOAT16;
    return ONNXRUN_UNDEFINED;
}

// One UTF-32 code point as UTF-8; bytes written (at most 4). What is no code point becomes U+FFFD.
static size_t put_utf8(uint32_t c, char *to) {
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6) to[i] = (char)(0x80 | (c & 0x3F));
    to[0] = (char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | c);
    return n;
}

// Fixed-length strings, padded with zeros that are not part of them.
static onnxrun_status make_strings(const npy_header *h, const uint8_t *items, onnxrun_value **out, onnxrun_error *err) {
    const char **strings = onr_io_alloc(h->n, sizeof *strings);
    size_t *lengths = onr_io_alloc(h->n, sizeof *lengths);
    char *text = onr_io_alloc(h->n, h->item_bytes); // UTF-8 is never longer than UTF-32
    onnxrun_status st = ONNXRUN_OK;
    if (!strings || !lengths || !text) {
        st = onr_io_no_memory(err, h->n * (sizeof *strings + sizeof *lengths + h->item_bytes));
    } else {
        for (size_t i = 0; i < h->n; i++) {
            const uint8_t *item = items + i * h->item_bytes;
            char *to = text + i * h->item_bytes;
            size_t unit = h->kind == 'U' ? 4 : 1, n = h->item_bytes / unit;
            uint32_t c = 0;
            while (n > 0 && memcmp(item + (n - 1) * unit, &c, unit) == 0) n--;
            strings[i] = to;
            for (size_t k = 0; k < n; k++) {
                if (unit == 1) {
                    *to++ = (char)item[k];
                } else {
                    memcpy(&c, item + k * unit, unit);
                    to += put_utf8(c, to);
                }
            }
            lengths[i] = (size_t)(to - strings[i]);
        }
        st = onnxrun_value_strings(h->rank, h->dims, strings, lengths, out, err);
    }
    onr_io_free(strings);
    onr_io_free(lengths);
    onr_io_free(text);
    return st;
}

onnxrun_status onr_npy_parse(const void *data, size_t bytes, onnxrun_dtype like, onnxrun_value **out, onnxrun_error *err) {
    npy_header h;
    onnxrun_status st = parse_header(data, bytes, &h, err);
    if (st != ONNXRUN_OK) return st;
    bool strings = h.kind == 'S' || h.kind == 'U';
    onnxrun_dtype dtype = strings ? ONNXRUN_STRING : to_dtype(&h, like);
    if (dtype == ONNXRUN_UNDEFINED) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npy: element type '%c%zu' has no ONNX type", h.kind, h.item_bytes);
    }
    size_t total = h.n * h.item_bytes; // checked against the file's length
    uint8_t *items = onr_io_alloc(total, 1);
    if (!items) return onr_io_no_memory(err, total);
    if (total) copy_elements(&h, (const uint8_t *)data + h.data, items);
    if (h.order == '>') {
        size_t unit = h.kind == 'c' ? h.item_bytes / 2 : h.kind == 'U' ? 4 : h.kind == 'S' ? 1 : h.item_bytes;
        if (unit > 1) swap_units(items, total / unit, unit);
    }
    for (size_t i = 0; dtype == ONNXRUN_BOOL && i < total; i++) items[i] = items[i] != 0;
    st = strings ? make_strings(&h, items, out, err) : onnxrun_value_tensor(dtype, h.rank, h.dims, items, total, out, err);
    onr_io_free(items);
    return st;
}

// ---- writing ----------------------------------------------------------------------------------------------------------------

static const char *descr_of(onnxrun_dtype t) {
    switch (t) {
    case ONNXRUN_BOOL: return "|b1";
    case ONNXRUN_INT8: return "|i1";
    case ONNXRUN_UINT8: return "|u1";
    case ONNXRUN_INT16: return "<i2";
    case ONNXRUN_UINT16: return "<u2";
    case ONNXRUN_INT32: return "<i4";
    case ONNXRUN_UINT32: return "<u4";
    case ONNXRUN_INT64: return "<i8";
    case ONNXRUN_UINT64: return "<u8";
    case ONNXRUN_FLOAT16: return "<f2";
    case ONNXRUN_FLOAT: return "<f4";
    case ONNXRUN_DOUBLE: return "<f8";
    case ONNXRUN_COMPLEX64: return "<c8";
    case ONNXRUN_COMPLEX128: return "<c16";
    case ONNXRUN_BFLOAT16: return "<V2";
    case ONNXRUN_FLOAT8E4M3FN:
    case ONNXRUN_FLOAT8E4M3FNUZ:
    case ONNXRUN_FLOAT8E5M2:
    case ONNXRUN_FLOAT8E5M2FNUZ:
    case ONNXRUN_FLOAT8E8M0: return "|V1";
    default: return NULL;
    }
}

// Magic, version, length, and the dictionary padded so that the elements start at a multiple of 64.
static void write_header(const onnxrun_value *v, const char *descr, onr_str *out) {
    char text[128 + MAX_RANK * 24];
    int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    int rank = onnxrun_value_rank(v);
    for (int i = 0; i < rank; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%" PRId64 "%s", onnxrun_value_dims(v)[i],
                      i + 1 < rank ? ", "
                      : rank == 1  ? ","
                                   : "");
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "), }");
    size_t length = onr_align_up(MAGIC_BYTES + 4 + (size_t)n + 1, ALIGN) - MAGIC_BYTES - 4;
    const char head[4] = {1, 0, (char)(length & 0xFF), (char)(length >> 8)};
    onr_str_addn(out, MAGIC, MAGIC_BYTES);
    onr_str_addn(out, head, sizeof head);
    onr_str_printf(out, "%-*s\n", (int)length - 1, text);
}

// The next code point of UTF-8 text; bytes that are none become U+FFFD.
static uint32_t take_utf8(const unsigned char **p, const unsigned char *end) {
    unsigned char first = *(*p)++;
    int more = first >= 0xF0 && first < 0xF5 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0x80) return first;
    if (first < 0xC2 || first > 0xF4) return 0xFFFD;
    uint32_t c = first & (0x3Fu >> more);
    const unsigned char *q = *p;
    for (; more > 0; more--, q++) {
        if (q == end || (*q & 0xC0) != 0x80) return 0xFFFD;
        c = c << 6 | (*q & 0x3Fu);
    }
    *p = q;
    return c;
}

static size_t utf32_length(const char *s, size_t n) {
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    size_t count = 0;
    for (; p < end; count++) take_utf8(&p, end);
    return count;
}

static void write_strings(const onnxrun_value *v, onr_str *out) {
    int64_t n = onnxrun_value_numel(v);
    size_t longest = 1, length;
    for (int64_t i = 0; i < n; i++) {
        const char *s = onnxrun_value_string(v, i, &length);
        size_t points = utf32_length(s, length);
        if (points > longest) longest = points;
    }
    char descr[32];
    snprintf(descr, sizeof descr, "<U%zu", longest);
    write_header(v, descr, out);
    for (int64_t i = 0; i < n; i++) {
        const unsigned char *p = (const unsigned char *)onnxrun_value_string(v, i, &length), *end = p + length;
        for (size_t k = 0; k < longest; k++) {
            uint32_t c = p < end ? take_utf8(&p, end) : 0;
            onr_str_addn(out, (const char *)&c, sizeof c);
        }
    }
}

onnxrun_status onr_npy_write(const onnxrun_value *v, onr_str *out, onnxrun_error *err) {
    if (onnxrun_value_kind(v) != ONNXRUN_TENSOR)
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npy holds tensors only: use the format pb");
    onnxrun_dtype dtype = onnxrun_value_dtype(v);
    const char *descr = descr_of(dtype);
    if (!descr && dtype != ONNXRUN_STRING) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npy has no type for %s: use the format pb or bin",
                           onnxrun_dtype_name(dtype));
    }
    if (dtype == ONNXRUN_STRING) {
        write_strings(v, out);
    } else {
        write_header(v, descr, out);
        onr_str_addn(out, onnxrun_value_data(v), onnxrun_value_bytes(v));
    }
    return out->failed ? onr_io_no_memory(err, onnxrun_value_bytes(v)) : ONNXRUN_OK;
}
