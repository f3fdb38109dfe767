// image.h: decoders of picture formats, for ImageDecoder: encoded bytes in, rows of 8-bit pixels out.
// May assume: included by files of ops/ only. Never trusts a size that a file states.
#ifndef ONR_OPS_IMAGE_H
#define ONR_OPS_IMAGE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct onr_pixels {
    uint8_t *v; ///< [height][width][3], red first; freed with onr_free
    int64_t width, height;
} onr_pixels;

/// Memory for a picture: ONR_INVALID for an empty one, ONR_LIMIT for more than 2^28 pixels or when memory lacks.
onr_status onr_pixels_new(onr_pixels *p, uint64_t width, uint64_t height, onr_err *err);

/// A format: what its files begin with, and how to read them. Decoders return ONR_INVALID for broken files (leaving nothing
/// behind), ONR_LIMIT, and ONR_UNSUPPORTED where this build lacks the library.
typedef onr_status (*onr_image_fn)(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err);
onr_status onr_image_jpeg(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err);
onr_status onr_image_png(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err);
onr_status onr_image_webp(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err);
onr_status onr_image_tiff(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err);
onr_status onr_image_jp2(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err);
onr_status onr_image_bmp(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err);
onr_status onr_image_pnm(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err);

#endif
