// image.h: pictures as 8-bit grey or RGB pixels, from PNG (libpng), JPEG (libjpeg) and binary PGM/PPM files.
#ifndef ONR_IO_IMAGE_H
#define ONR_IO_IMAGE_H

#include "io/file.h"

typedef struct onr_image {
    int width, height;
    int channels;    ///< 1 (grey) or 3 (RGB)
    uint8_t *pixels; ///< row by row, channels last
} onr_image;

/// Whether the bytes start like a picture that onr_image_parse knows.
bool onr_image_is(const void *data, size_t bytes);
/// Decodes a whole file held in memory, told by its first bytes. Palettes are resolved, 16-bit samples scaled to 8 bits, alpha
/// is dropped, no gamma is applied. Broken: ONNXRUN_INVALID; more than 2^28 pixels: ONNXRUN_LIMIT.
onnxrun_status onr_image_parse(const void *data, size_t bytes, onr_image *out, onnxrun_error *err);
void onr_image_free(onr_image *img);

/// Memory for a picture whose sizes come from a file; for the decoders.
onnxrun_status onr_image_new(uint64_t width, uint64_t height, int channels, onr_image *out, onnxrun_error *err);
onnxrun_status onr_png_parse(const void *data, size_t bytes, onr_image *out, onnxrun_error *err);
onnxrun_status onr_jpeg_parse(const void *data, size_t bytes, onr_image *out, onnxrun_error *err);
/// P5 and P6, samples of 1 or 2 bytes.
onnxrun_status onr_pnm_parse(const void *data, size_t bytes, onr_image *out, onnxrun_error *err);

#endif
