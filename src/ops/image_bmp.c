// image_bmp.c: Windows bitmaps of 1, 4, 8, 16, 24 and 32 bits a pixel, plain, with bit masks, and run-length coded.
// May assume: the file begins with BM. Never reads behind its end; alpha is dropped.
// Source: the BITMAPFILEHEADER, BITMAPCOREHEADER and BITMAPINFOHEADER structures as Microsoft documents them.
#include "ops/image.h"

#include <string.h>

typedef struct bmp_reader {
    const uint8_t *data;
    size_t n;
    int64_t width, height;
    bool top_down;
    int bits, compression;
    uint32_t mask[3];
    const uint8_t *palette; // blue, green, red[, 0]
    uint32_t n_colours;
    int colour_bytes;
    size_t pixels_at;
} bmp_reader;

enum { BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_ALPHABITFIELDS = 6 };

static uint32_t u16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const uint8_t *p) { return u16(p) | u16(p + 2) << 16; }

// ---- header
// ------------------------------------------------------------------------------------------------------------------

static bool read_info(bmp_reader *r, const uint8_t *h, uint32_t size) {
    r->width = (int32_t)u32(h + 4);
    r->height = (int32_t)u32(h + 8);
    r->bits = (int)u16(h + 14);
    r->compression = (int)u32(h + 16);
    r->n_colours = u32(h + 32);
    r->colour_bytes = 4;
    size_t at = 14 + (size_t)size;
    if (r->compression == BI_BITFIELDS || r->compression == BI_ALPHABITFIELDS) {
        if (14 + 40 + 12 > r->n) return false; // masks stand behind 40 bytes, within a longer header or after it
        for (int c = 0; c < 3; c++) r->mask[c] = u32(h + 40 + 4 * c);
        if (size == 40) at += r->compression == BI_BITFIELDS ? 12 : 16;
        r->compression = BI_BITFIELDS;
    } else if (r->bits == 16) {
        r->mask[0] = 0x7c00, r->mask[1] = 0x3e0, r->mask[2] = 0x1f;
    } else {
        r->mask[0] = 0xff0000, r->mask[1] = 0xff00, r->mask[2] = 0xff;
    }
    r->palette = r->data + (at < r->n ? at : r->n);
    return true;
}

static bool check_header(bmp_reader *r) {
    bool packed = r->bits == 1 || r->bits == 4 || r->bits == 8;
    if (r->height < 0) r->top_down = true, r->height = -r->height;
    if (r->width <= 0 || r->height <= 0) return false;
    if (!packed && r->bits != 16 && r->bits != 24 && r->bits != 32) return false;
    if (packed) {
        size_t room = (size_t)(r->data + r->n - r->palette) / (size_t)r->colour_bytes;
        if (r->n_colours == 0 || r->n_colours > 1u << r->bits) r->n_colours = 1u << r->bits;
        if (r->n_colours > room) return false;
    }
    switch (r->compression) {
    case BI_RGB: return true;
    case BI_RLE8: return r->bits == 8 && !r->top_down;
    case BI_RLE4: return r->bits == 4 && !r->top_down;
    case BI_BITFIELDS: return r->bits == 16 || r->bits == 32;
    default: return false;
    }
}

static bool read_header(bmp_reader *r) {
    if (r->n < 26) return false;
    const uint8_t *h = r->data + 14;
    uint32_t size = u32(h);
    r->pixels_at = u32(r->data + 10);
    if (r->pixels_at > r->n) return false;
    if (size == 12) { // OS/2
        r->width = u16(h + 4);
        r->height = u16(h + 6);
        r->bits = (int)u16(h + 10);
        r->colour_bytes = 3;
        r->palette = h + 12;
        r->mask[0] = 0xff0000, r->mask[1] = 0xff00, r->mask[2] = 0xff;
    } else if (size < 40 || size > r->n - 14 || !read_info(r, h, size)) {
        return false;
    }
    return check_header(r);
}

// ---- pixels
// ------------------------------------------------------------------------------------------------------------------

static uint8_t *pixel(const bmp_reader *r, const onr_pixels *p, int64_t x, int64_t y) {
    int64_t row = r->top_down ? y : r->height - 1 - y; // rows stand bottom up
    return p->v + 3 * (row * r->width + x);
}

static void put_colour(const bmp_reader *r, uint8_t *to, uint32_t index) {
    const uint8_t *c = r->palette + (size_t)(index < r->n_colours ? index : 0) * (size_t)r->colour_bytes;
    to[0] = c[2];
    to[1] = c[1];
    to[2] = c[0];
}

/// The bits under the mask, scaled to 0..255.
static uint8_t under_mask(uint32_t v, uint32_t mask) {
    if (!mask) return 0;
    int shift = __builtin_ctz(mask);
    uint32_t most = mask >> shift;
    return (uint8_t)(((uint64_t)((v & mask) >> shift) * 255 + most / 2) / most);
}

static bool read_plain(const bmp_reader *r, onr_pixels *p) {
    size_t stride = ((size_t)r->width * (size_t)r->bits + 31) / 32 * 4;
    if ((r->n - r->pixels_at) / stride < (size_t)r->height) return false;
    for (int64_t y = 0; y < r->height; y++) {
        const uint8_t *row = r->data + r->pixels_at + (size_t)y * stride;
        for (int64_t x = 0; x < r->width; x++) {
            uint8_t *to = pixel(r, p, x, y);
            if (r->bits <= 8) {
                int64_t bit = x * r->bits;
                put_colour(r, to, row[bit / 8] >> (8 - r->bits - bit % 8) & ((1u << r->bits) - 1));
            } else {
                uint32_t v = r->bits == 16 ? u16(row + 2 * x) : r->bits == 32 ? u32(row + 4 * x) : 0;
                if (r->bits == 24) v = row[3 * x] | (uint32_t)row[3 * x + 1] << 8 | (uint32_t)row[3 * x + 2] << 16;
                for (int c = 0; c < 3; c++) to[c] = under_mask(v, r->mask[c]);
            }
        }
    }
    return true;
}

/// Pairs of a count and a colour; a count of 0 is an escape: end of line, end of picture, a move, or literal pixels.
static bool read_runs(const bmp_reader *r, onr_pixels *p) {
    const uint8_t *at = r->data + r->pixels_at, *end = r->data + r->n;
    int per_byte = r->bits == 4 ? 2 : 1;
    int64_t x = 0, y = 0;
    for (int64_t i = 0; i < r->width * r->height; i++) put_colour(r, p->v + 3 * i, 0); // what no run covers
    while (end - at >= 2 && y < r->height) {
        uint32_t count = at[0], value = at[1];
        at += 2;
        if (count == 0 && value == 1) return true;
        if (count == 0 && value == 0) {
            x = 0;
            y++;
        } else if (count == 0 && value == 2) {
            if (end - at < 2) return false;
            x += at[0];
            y += at[1];
            at += 2;
        } else {
            bool literal = count == 0;
            uint32_t n = literal ? value : count, bytes = (n + (uint32_t)per_byte - 1) / (uint32_t)per_byte;
            if (literal && (uint32_t)(end - at) < bytes) return false;
            for (uint32_t i = 0; i < n && x < r->width; i++, x++) {
                uint32_t v = literal ? at[i / (uint32_t)per_byte] : value;
                put_colour(r, pixel(r, p, x, y), per_byte == 1 ? v : i % 2 ? v & 15 : v >> 4);
            }
            if (literal) at += (bytes + 1) / 2 * 2 < (uint32_t)(end - at) ? (bytes + 1) / 2 * 2 : (uint32_t)(end - at);
        }
    }
    return true;
}

onr_status onr_image_bmp(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    bmp_reader r = {.data = data, .n = n};
    onr_pixels p;
    if (!read_header(&r)) return onr_fail(err, ONR_INVALID, "bmp: the header is broken");
    ONR_TRY(onr_pixels_new(&p, (uint64_t)r.width, (uint64_t)r.height, err));
    bool runs = r.compression == BI_RLE8 || r.compression == BI_RLE4;
    if (runs ? read_runs(&r, &p) : read_plain(&r, &p)) return *out = p, ONR_OK;
    onr_free(p.v);
    return onr_fail(err, ONR_INVALID, "bmp: the file ends too early");
}
