// prepare.c: scaling, cutting, colour, normalisation.
// May assume: a picture that onr_image_parse made. Never changes the picture.
#include "io/prepare.h"

#include "base/half.h"

#include <math.h>
#include <string.h>

onr_prepare onr_prepare_default(void) { return (onr_prepare){.channels = 3, .scale = 1.0 / 255, .std = {1, 1, 1}}; }

// ---- scaling ----------------------------------------------------------------------------------------------------------------

// The source samples of every target sample along one direction: `taps` weights each, starting at first[i].
typedef struct filter {
    int taps;
    int *first;
    float *weight;
} filter;

static void filter_free(filter *f) {
    onr_io_free(f->first);
    onr_io_free(f->weight);
}

static bool filter_make(int from, int to, filter *f) {
    double scale = (double)from / to, support = scale < 1 ? 1 : scale;
    f->taps = (int)ceil(support) * 2 + 1;
    f->first = onr_io_alloc((size_t)to, sizeof *f->first);
    f->weight = onr_io_alloc((size_t)to * (size_t)f->taps, sizeof *f->weight);
    if (!f->first || !f->weight) return false;
    for (int i = 0; i < to; i++) {
        double centre = (i + 0.5) * scale, sum = 0;
        int begin = (int)fmax(0, floor(centre - support + 0.5)), end = (int)fmin(from, floor(centre + support + 0.5));
        float *w = f->weight + (size_t)i * (size_t)f->taps;
        f->first[i] = begin;
        for (int k = begin; k < end; k++) {
            double distance = fabs((k + 0.5 - centre) / support);
            w[k - begin] = (float)(distance < 1 ? 1 - distance : 0);
            sum += w[k - begin];
        }
        for (int k = begin; k < end; k++) w[k - begin] = (float)(w[k - begin] / sum);
    }
    return true;
}

static uint8_t to_byte(double x) { return (uint8_t)(x <= 0 ? 0 : x >= 255 ? 255 : x + 0.5); }

// One direction: `lines` lines of samples that lie `step` apart; lines lie `line_from`/`line_to` apart in source and target.
typedef struct direction {
    int lines, channels, from, to;
    size_t step, line_from, line_to;
} direction;

static void scale_lines(const direction *d, const filter *f, const uint8_t *from, uint8_t *to) {
    for (int line = 0; line < d->lines; line++) {
        const uint8_t *src = from + (size_t)line * d->line_from;
        uint8_t *dst = to + (size_t)line * d->line_to;
        for (int i = 0; i < d->to; i++) {
            const float *w = f->weight + (size_t)i * (size_t)f->taps;
            int n = f->taps < d->from - f->first[i] ? f->taps : d->from - f->first[i];
            for (int c = 0; c < d->channels; c++) {
                float sum = 0;
                for (int k = 0; k < n; k++) sum += w[k] * src[(size_t)(f->first[i] + k) * d->step + (size_t)c];
                dst[(size_t)i * d->step + (size_t)c] = to_byte(sum);
            }
        }
    }
}

onnxrun_status onr_image_resize(const onr_image *img, int width, int height, onr_image *out, onnxrun_error *err) {
    filter across = {0}, down = {0};
    onr_image wide = {0};
    int ch = img->channels;
    onnxrun_status st = onr_image_new((uint64_t)width, (uint64_t)img->height, ch, &wide, err);
    if (st == ONNXRUN_OK) st = onr_image_new((uint64_t)width, (uint64_t)height, ch, out, err);
    if (st == ONNXRUN_OK && (!filter_make(img->width, width, &across) || !filter_make(img->height, height, &down))) {
        st = onr_io_no_memory(err, (size_t)width * sizeof(float));
        onr_image_free(out);
    }
    if (st == ONNXRUN_OK) {
        size_t c = (size_t)ch, row_from = (size_t)img->width * c, row_to = (size_t)width * c;
        direction x = {img->height, ch, img->width, width, c, row_from, row_to};
        scale_lines(&x, &across, img->pixels, wide.pixels);
        // Columns are lines that lie one pixel apart and whose samples lie one row apart.
        direction y = {width, ch, img->height, height, row_to, c, c};
        scale_lines(&y, &down, wide.pixels, out->pixels);
    }
    filter_free(&across);
    filter_free(&down);
    onr_image_free(&wide);
    return st;
}

// ---- the whole way ----------------------------------------------------------------------------------------------------------

// Pixel (x, y) as grey or as channel c of three. Grey of a colour is ITU-R BT.601 luma, rounded as PIL's conversion to "L"
// does.
static uint8_t pixel(const onr_image *img, int x, int y, int channels, int c) {
    const uint8_t *p = img->pixels + ((size_t)y * (size_t)img->width + (size_t)x) * (size_t)img->channels;
    if (img->channels == 1) return p[0];
    return channels == 3 ? p[c] : (uint8_t)((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000u) >> 16);
}

// Writes element i of the tensor.
static void put(void *data, size_t i, onnxrun_dtype dtype, double x) {
    switch (dtype) {
    case ONNXRUN_FLOAT: ((float *)data)[i] = (float)x; break;
    case ONNXRUN_DOUBLE: ((double *)data)[i] = x; break;
    case ONNXRUN_FLOAT16: ((uint16_t *)data)[i] = onr_f64_to_f16(x); break;
    default: ((uint8_t *)data)[i] = to_byte(x); break;
    }
}

static onnxrun_status to_tensor(const onr_prepare *how, const onr_image *img, int height, int width, onnxrun_dtype dtype,
                                onnxrun_value **out, onnxrun_error *err) {
    size_t h = (size_t)height, w = (size_t)width, ch = (size_t)how->channels, size = (size_t)onnxrun_dtype_bits(dtype) / 8;
    void *data = onr_io_alloc(h * w * ch, size);
    if (!data) return onr_io_no_memory(err, h * w * ch * size);
    int left = (img->width - width) / 2, top = (img->height - height) / 2;
    for (size_t c = 0; c < ch; c++) {
        size_t place = how->bgr && ch == 3 ? 2 - c : c;
        for (size_t y = 0; y < h; y++) {
            for (size_t x = 0; x < w; x++) {
                uint8_t p = pixel(img, left + (int)x, top + (int)y, how->channels, (int)c);
                size_t at = how->nhwc ? (y * w + x) * ch + place : (place * h + y) * w + x;
                put(data, at, dtype, (p * how->scale - how->mean[place]) / how->std[place]);
            }
        }
    }
    int64_t nchw[4] = {1, how->channels, height, width}, nhwc[4] = {1, height, width, how->channels};
    onnxrun_status st = onnxrun_value_tensor(dtype, 4, how->nhwc ? nhwc : nchw, data, h * w * ch * size, out, err);
    onr_io_free(data);
    return st;
}

// The size to scale to before cutting.
static void scaled_size(const onr_prepare *how, const onr_image *img, int height, int width, int *to_height, int *to_width) {
    *to_height = height;
    *to_width = width;
    if (how->resize <= 0) return;
    bool tall = img->height > img->width;
    int64_t wide = (int64_t)how->resize * (tall ? img->height : img->width) / (tall ? img->width : img->height);
    int longer = wide < INT32_MAX ? (int)wide : INT32_MAX; // the picture's memory refuses such a size
    *to_height = tall ? longer : how->resize;
    *to_width = tall ? how->resize : longer;
}

onnxrun_status onr_prepare_run(const onr_prepare *how, const onr_image *img, onnxrun_dtype dtype, onnxrun_value **out,
                               onnxrun_error *err) {
    if (dtype != ONNXRUN_FLOAT && dtype != ONNXRUN_DOUBLE && dtype != ONNXRUN_FLOAT16 && dtype != ONNXRUN_UINT8) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "a picture cannot become a tensor of %s", onnxrun_dtype_name(dtype));
    }
    int height = how->height, width = how->width, to_height, to_width;
    if (height <= 0) height = how->resize > 0 && width > 0 ? width : img->height;
    if (width <= 0) width = how->height > 0 && how->resize > 0 ? height : img->width;
    scaled_size(how, img, height, width, &to_height, &to_width);
    if (to_height < height || to_width < width) {
        return onr_io_fail(err, ONNXRUN_USAGE, "a picture of %d x %d cannot be cut to %d x %d", to_height, to_width, height,
                           width);
    }
    if (to_height == img->height && to_width == img->width) return to_tensor(how, img, height, width, dtype, out, err);
    onr_image scaled = {0};
    onnxrun_status st = onr_image_resize(img, to_width, to_height, &scaled, err);
    if (st == ONNXRUN_OK) st = to_tensor(how, &scaled, height, width, dtype, out, err);
    onr_image_free(&scaled);
    return st;
}
