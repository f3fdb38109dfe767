// image_png.c: PNG by libpng where it was built in (option ONR_PNG). Palettes and grey become RGB, alpha is dropped, 16-bit
// samples keep their high byte, no gamma is applied.
// May assume: nothing of the bytes. Never lets libpng print: its warnings are dropped, its error becomes the status.
#include "ops/image.h"

#ifdef ONR_HAVE_PNG
#include <png.h>
#include <setjmp.h>
#include <string.h>

typedef struct png_job {
    const uint8_t *data;
    size_t n, at;
    char why[128];
    onr_pixels pixels;
} png_job;

static void on_error(png_structp png, png_const_charp text) {
    png_job *job = png_get_error_ptr(png);
    strncpy(job->why, text, sizeof job->why - 1);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void on_read(png_structp png, png_bytep to, png_size_t n) {
    png_job *job = png_get_io_ptr(png);
    if (n > job->n - job->at) png_error(png, "the file ends too early");
    memcpy(to, job->data + job->at, n);
    job->at += n;
}

/// Everything that may jump back to the caller's setjmp.
static onr_status decode(png_structp png, png_infop info, png_job *job, onr_err *err) {
    png_read_info(png, info);
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    uint32_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    ONR_TRY(onr_pixels_new(&job->pixels, width, height, err));
    if (png_get_rowbytes(png, info) != (size_t)width * 3) png_error(png, "unexpected size of a row");
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++) png_read_row(png, job->pixels.v + (size_t)y * width * 3, NULL);
    png_read_end(png, NULL);
    return ONR_OK;
}

onr_status onr_image_png(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    png_job job = {.data = data, .n = n};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    onr_status s;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return onr_no_memory(err, sizeof job);
    }
    if (setjmp(png_jmpbuf(png))) {
        s = onr_fail(err, ONR_INVALID, "png: %s", job.why);
    } else {
        png_set_read_fn(png, &job, on_read);
        s = decode(png, info, &job, err);
    }
    png_destroy_read_struct(&png, &info, NULL);
    if (s == ONR_OK)
        *out = job.pixels;
    else
        onr_free(job.pixels.v);
    return s;
}
#else
onr_status onr_image_png(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    (void)data, (void)n, (void)out;
    return onr_fail(err, ONR_UNSUPPORTED, "PNG needs libpng; this build was made with -DONR_PNG=OFF");
}
#endif
