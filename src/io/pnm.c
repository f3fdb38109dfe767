// pnm.c: binary PGM (P5) and PPM (P6), after the netpbm manual pages pgm(5) and ppm(5).
// May assume: nothing about the bytes. Never reads the ASCII forms.
#include "io/image.h"

typedef struct text_cursor {
    const uint8_t *p, *end;
} text_cursor;

static bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// A decimal number of the header, after white space and comments. 0: none, or too large.
static uint64_t take_number(text_cursor *c) {
    while (c->p < c->end && (is_space(*c->p) || *c->p == '#')) {
        if (*c->p == '#') {
            while (c->p < c->end && *c->p != '\n') c->p++;
        } else {
            c->p++;
        }
    }
    uint64_t x = 0;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9') {
        x = x * 10 + (uint64_t)(*c->p++ - '0');
        if (x > UINT32_MAX) return 0;
    }
    return x;
}

onnxrun_status onr_pnm_parse(const void *data, size_t bytes, onr_image *out, onnxrun_error *err) {
    const uint8_t *start = data;
    text_cursor c = {start + 2, start + bytes};
    int channels = start[1] == '6' ? 3 : 1;
    uint64_t width = take_number(&c), height = take_number(&c), top = take_number(&c);
    // One white space ends the header.
    if (!width || !height || !top || top > 65535 || c.p == c.end || !is_space(*c.p++)) {
        return onr_io_fail(err, ONNXRUN_INVALID, "pnm: the header is broken");
    }
    uint64_t unit = top > 255 ? 2 : 1, left = (uint64_t)(c.end - c.p);
    // Both sizes are below 2^32, so the quotient is the safe side of the comparison.
    if (left / unit / (unsigned)channels / width < height)
        return onr_io_fail(err, ONNXRUN_INVALID, "pnm: the file ends too early");
    onnxrun_status st = onr_image_new(width, height, channels, out, err);
    if (st != ONNXRUN_OK) return st;
    size_t n = (size_t)(width * height) * (size_t)channels;
    for (size_t i = 0; i < n; i++) {
        uint64_t x = unit == 2 ? (uint64_t)c.p[2 * i] << 8 | c.p[2 * i + 1] : c.p[i];
        out->pixels[i] = (uint8_t)(x >= top ? 255 : (x * 255 + top / 2) / top);
    }
    return ONNXRUN_OK;
}
