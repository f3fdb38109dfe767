// image.c: ImageDecoder (20): finds the format by its first bytes, decodes, and orders the channels.
// May assume: decoders give RGB. Never fails on a broken picture: the standard wants an empty one.
#include "ops/image.h"

#include "base/mathx.h"
#include "ops/rows.h"

#include <string.h>

onr_status onr_pixels_new(onr_pixels *p, uint64_t width, uint64_t height, onr_err *err) {
    enum { MOST = 1 << 28 };
    *p = (onr_pixels){.v = NULL};
    if (width == 0 || height == 0) return onr_fail(err, ONR_INVALID, "the picture is empty");
    if (width > MOST || height > MOST || width * height > MOST)
        return onr_fail(err, ONR_LIMIT, "a picture of %llu x %llu pixels is too large", (unsigned long long)width,
                        (unsigned long long)height);
    size_t bytes = (size_t)(width * height) * 3;
    p->v = onr_malloc(bytes);
    if (!p->v) return onr_no_memory(err, bytes);
    memset(p->v, 0, bytes);
    p->width = (int64_t)width;
    p->height = (int64_t)height;
    return ONR_OK;
}

// ---- formats
// -----------------------------------------------------------------------------------------------------------------

typedef struct image_format {
    size_t at, n; // where the mark stands
    const char *mark;
    onr_image_fn decode;
} image_format;

static const image_format formats[] = {
    {0, 3, "\xff\xd8\xff", onr_image_jpeg},
    {0, 8, "\x89PNG\r\n\x1a\n", onr_image_png},
    {8, 4, "WEBP", onr_image_webp}, // after RIFF and a length
    {0, 4, "II*\0", onr_image_tiff},
    {0, 4, "MM\0*", onr_image_tiff},
    {0, 4, "II+\0", onr_image_tiff}, // BigTIFF
    {0, 4, "MM\0+", onr_image_tiff},
    {0, 12, "\0\0\0\x0cjP  \r\n\x87\n", onr_image_jp2},
    {0, 4, "\xff\x4f\xff\x51", onr_image_jp2}, // a bare codestream
    {0, 2, "BM", onr_image_bmp},
};

static onr_image_fn find_format(const uint8_t *data, size_t n) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const image_format *f = &formats[i];
        if (n >= f->at + f->n && memcmp(data + f->at, f->mark, f->n) == 0) return f->decode;
    }
    if (n > 2 && data[0] == 'P' && data[1] >= '1' && data[1] <= '7') return onr_image_pnm;
    return NULL;
}

// ---- the operator
// ------------------------------------------------------------------------------------------------------------

typedef enum pixel_format { RGB, BGR, GREY } pixel_format;

typedef struct image_params {
    onr_string pixel_format;
    pixel_format format; // made by check
} image_params;

static onr_status check_decoder(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    static const char *const words[] = {"RGB", "BGR", "Grayscale"};
    image_params *p = params;
    (void)node, (void)a;
    for (int i = 0; i < 3; i++)
        if (p->pixel_format.n == strlen(words[i]) && memcmp(p->pixel_format.s, words[i], p->pixel_format.n) == 0)
            return p->format = (pixel_format)i, ONR_OK;
    return onr_fail(err, ONR_INVALID, "pixel_format is RGB, BGR or Grayscale");
}

static onr_status infer_decoder(onr_infer *c) {
    const image_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    if (s.rank >= 0 && s.rank != 1) return onr_infer_bad(c, "the encoded stream has rank %d, expected 1", s.rank);
    int64_t dims[] = {onr_infer_fresh(c), onr_infer_fresh(c), p->format == GREY ? 1 : 3};
    onr_infer_set(c, 0, ONR_UINT8, onr_shape_make(3, dims));
    return ONR_OK;
}

/// Luma by ITU-R 601-2, in 16 fractional bits.
static uint8_t grey(const uint8_t *rgb) { return (uint8_t)((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16); }

static void order(const onr_pixels *p, pixel_format format, uint8_t *dst) {
    int64_t n = p->width * p->height;
    if (format == RGB) memcpy(dst, p->v, (size_t)n * 3);
    for (int64_t i = 0; i < n && format == BGR; i++) {
        dst[3 * i] = p->v[3 * i + 2];
        dst[3 * i + 1] = p->v[3 * i + 1];
        dst[3 * i + 2] = p->v[3 * i];
    }
    for (int64_t i = 0; i < n && format == GREY; i++) dst[i] = grey(p->v + 3 * i);
}

static onr_status run_decoder(const onr_run *r) {
    const image_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_pixels pixels = {.v = NULL};
    size_t n = (size_t)onr_tensor_numel(x);
    onr_image_fn decode = find_format(x->data, n);
    onr_status s = decode ? decode(x->data, n, &pixels, r->err) : ONR_OK;
    if (s == ONR_INVALID) s = ONR_OK; // broken: an empty picture
    if (s != ONR_OK) return onr_err_prefix(r->err, "ImageDecoder");
    onr_shape shape = onr_shape_make(3, (int64_t[]){pixels.height, pixels.width, p->format == GREY ? 1 : 3});
    s = onr_run_output(r, 0, ONR_UINT8, &shape);
    if (s == ONR_OK && onr_run_wants(r, 0) && pixels.v) order(&pixels, p->format, onr_run_out(r, 0)->data);
    onr_free(pixels.v);
    return s;
}

static const onr_attr_spec decoder[] = {ONR_A_STRING(image_params, pixel_format, "RGB"), ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_AI("ImageDecoder", 20, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC, .types = ONR_BIT(ONR_UINT8),
     ONR_PARAMS(decoder, image_params), .check = check_decoder, .infer = infer_decoder, .run = run_decoder},
};
ONR_OP_FAMILY(image);
