// image.c: tells pictures apart by their first bytes and gives them memory.
// May assume: nothing about the bytes. Never decodes by itself.
#include "io/image.h"

#include <string.h>

// Larger pictures are no input of a network, and a small file could ask for terabytes.
#define MAX_PIXELS (UINT64_C(1) << 28)

static bool starts_with(const void *data, size_t bytes, const char *magic, size_t n) {
    return bytes >= n && memcmp(data, magic, n) == 0;
}

static bool is_png(const void *data, size_t bytes) { return starts_with(data, bytes, "\x89PNG\r\n\x1a\n", 8); }
static bool is_jpeg(const void *data, size_t bytes) { return starts_with(data, bytes, "\xff\xd8\xff", 3); }
static bool is_pnm(const void *data, size_t bytes) {
    const char *p = data;
    return bytes >= 3 && p[0] == 'P' && (p[1] == '5' || p[1] == '6') && strchr(" \t\r\n#", p[2]) && p[2];
}

bool onr_image_is(const void *data, size_t bytes) { return is_png(data, bytes) || is_jpeg(data, bytes) || is_pnm(data, bytes); }

onnxrun_status onr_image_parse(const void *data, size_t bytes, onr_image *out, onnxrun_error *err) {
    memset(out, 0, sizeof *out);
    if (is_png(data, bytes)) return onr_png_parse(data, bytes, out, err);
    if (is_jpeg(data, bytes)) return onr_jpeg_parse(data, bytes, out, err);
    if (is_pnm(data, bytes)) return onr_pnm_parse(data, bytes, out, err);
    return onr_io_fail(err, ONNXRUN_INVALID, "not a PNG, JPEG or binary PGM/PPM picture");
}

onnxrun_status onr_image_new(uint64_t width, uint64_t height, int channels, onr_image *out, onnxrun_error *err) {
    if (width == 0 || height == 0) return onr_io_fail(err, ONNXRUN_INVALID, "the picture has no pixels");
    if (width > MAX_PIXELS || height > MAX_PIXELS || width * height > MAX_PIXELS) {
        return onr_io_fail(err, ONNXRUN_LIMIT, "the picture is larger than %llu pixels", (unsigned long long)MAX_PIXELS);
    }
    uint8_t *pixels = onr_io_alloc((size_t)(width * height), (size_t)channels);
    if (!pixels) return onr_io_no_memory(err, (size_t)(width * height) * (size_t)channels);
    *out = (onr_image){(int)width, (int)height, channels, pixels};
    return ONNXRUN_OK;
}

void onr_image_free(onr_image *img) {
    onr_io_free(img->pixels);
    memset(img, 0, sizeof *img);
}
