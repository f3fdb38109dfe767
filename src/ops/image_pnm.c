// image_pnm.c: the portable formats PBM, PGM and PPM, as text and binary (P1 to P6), and PAM (P7).
// May assume: the file begins with P and a digit. Never reads behind its end; samples of 16 bits are big-endian.
#include "ops/image.h"

#include <string.h>

typedef struct pnm_reader {
    const uint8_t *at, *end;
    int kind;             // 1 to 7
    uint32_t depth, most; // samples of a pixel, and the largest
} pnm_reader;

static bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// White space and comments.
static void skip(pnm_reader *r) {
    while (r->at < r->end && (is_space(*r->at) || *r->at == '#')) {
        if (*r->at == '#')
            while (r->at < r->end && *r->at != '\n') r->at++;
        else
            r->at++;
    }
}

static bool read_number(pnm_reader *r, uint32_t *out) {
    uint32_t v = 0;
    int digits = 0;
    skip(r);
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && digits < 9; r->at++, digits++) v = v * 10 + (*r->at - '0');
    *out = v;
    return digits > 0;
}

/// PAM: lines of a word and a value, up to ENDHDR.
static bool read_pam(pnm_reader *r, uint32_t *width, uint32_t *height) {
    for (;;) {
        skip(r);
        const uint8_t *word = r->at;
        while (r->at < r->end && !is_space(*r->at)) r->at++;
        size_t n = (size_t)(r->at - word);
        uint32_t *to = n == 5 && !memcmp(word, "WIDTH", 5)    ? width
                       : n == 6 && !memcmp(word, "HEIGHT", 6) ? height
                       : n == 5 && !memcmp(word, "DEPTH", 5)  ? &r->depth
                       : n == 6 && !memcmp(word, "MAXVAL", 6) ? &r->most
                                                              : NULL;
        if (n == 6 && !memcmp(word, "ENDHDR", 6)) return true;
        if (n == 0 || (to && !read_number(r, to))) return false;
        while (!to && r->at < r->end && *r->at != '\n') r->at++; // TUPLTYPE and others
    }
}

static bool read_header(pnm_reader *r, uint32_t *width, uint32_t *height) {
    *width = *height = 0;
    r->kind = r->at[1] - '0';
    r->at += 2;
    r->depth = r->kind == 3 || r->kind == 6 ? 3 : r->kind == 7 ? 0 : 1;
    r->most = r->kind == 1 || r->kind == 4 ? 1 : 0;
    if (r->kind == 7) {
        if (!read_pam(r, width, height)) return false;
    } else {
        if (!read_number(r, width) || !read_number(r, height)) return false;
        if (!r->most && !read_number(r, &r->most)) return false;
    }
    if (r->depth < 1 || r->depth > 4 || r->most < 1 || r->most > 65535) return false;
    if (r->kind > 3 && r->at < r->end) r->at++; // one white space before binary data
    return true;
}

/// The next sample; false at the end of the file.
static bool read_sample(pnm_reader *r, uint32_t *v) {
    if (r->kind == 1) { // digits may stand together
        skip(r);
        if (r->at >= r->end || (*r->at != '0' && *r->at != '1')) return false;
        *v = *r->at++ - '0';
        return true;
    }
    if (r->kind <= 3) return read_number(r, v);
    int bytes = r->most > 255 ? 2 : 1;
    if (r->end - r->at < bytes) return false;
    *v = bytes == 2 ? (uint32_t)r->at[0] << 8 | r->at[1] : r->at[0];
    r->at += bytes;
    return true;
}

/// Eight pixels in a byte, rows padded; 1 is black.
static bool read_bits(pnm_reader *r, onr_pixels *p) {
    int64_t stride = (p->width + 7) / 8;
    if ((r->end - r->at) / stride < p->height) return false;
    for (int64_t y = 0; y < p->height; y++)
        for (int64_t x = 0; x < p->width; x++) {
            bool black = r->at[y * stride + x / 8] >> (7 - x % 8) & 1;
            memset(p->v + 3 * (y * p->width + x), black ? 0 : 255, 3);
        }
    return true;
}

static bool read_pixels(pnm_reader *r, onr_pixels *p) {
    if (r->kind == 4) return read_bits(r, p);
    for (int64_t i = 0; i < p->width * p->height; i++) {
        for (uint32_t k = 0; k < r->depth; k++) {
            uint32_t v;
            if (!read_sample(r, &v) || v > r->most) return false;
            if (r->kind == 1) v = !v;
            uint8_t scaled = (uint8_t)((v * 255 + r->most / 2) / r->most);
            if (r->depth < 3 && k == 0)
                memset(p->v + 3 * i, scaled, 3);
            else if (r->depth >= 3 && k < 3) // a fourth one is alpha, as is the second of two
                p->v[3 * i + k] = scaled;
        }
    }
    return true;
}

onr_status onr_image_pnm(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    pnm_reader r = {.at = data, .end = data + n};
    uint32_t width, height;
    onr_pixels p;
    if (!read_header(&r, &width, &height)) return onr_fail(err, ONR_INVALID, "pnm: the header is broken");
    // A pixel takes a bit or more: a size that the file cannot hold is refused before memory is asked for.
    if ((uint64_t)width * height / 8 > n) return onr_fail(err, ONR_INVALID, "pnm: the file ends too early");
    ONR_TRY(onr_pixels_new(&p, width, height, err));
    if (read_pixels(&r, &p)) return *out = p, ONR_OK;
    onr_free(p.v);
    return onr_fail(err, ONR_INVALID, "pnm: the samples are broken");
}
