// png.c: PNG through libpng.
// May assume: nothing about the bytes. Never lets libpng print: its warnings are dropped, its error becomes the status.
#include "io/image.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

typedef struct png_job {
    const uint8_t *data;
    size_t bytes, at;
    char why[128];
    png_bytep *rows;
    onr_image img;
} png_job;

static void on_error(png_structp png, png_const_charp text) {
    png_job *job = png_get_error_ptr(png);
    strncpy(job->why, text, sizeof job->why - 1);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep to, png_size_t n) {
    png_job *job = png_get_io_ptr(png);
    if (n > job->bytes - job->at) png_error(png, "the file ends too early");
    memcpy(to, job->data + job->at, n);
    job->at += n;
}

// Everything that may jump back to the caller's setjmp.
static onnxrun_status decode(png_structp png, png_infop info, png_job *job, onnxrun_error *err) {
    png_read_info(png, info);
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    int channels = png_get_channels(png, info);
    if (channels != 1 && channels != 3) png_error(png, "unexpected number of channels");
    uint32_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    onnxrun_status st = onr_image_new(width, height, channels, &job->img, err);
    if (st != ONNXRUN_OK) return st;
    job->rows = onr_io_alloc(height, sizeof *job->rows);
    if (!job->rows) return onr_io_no_memory(err, height * sizeof *job->rows);
    size_t stride = (size_t)width * (size_t)channels;
    if (png_get_rowbytes(png, info) != stride) png_error(png, "unexpected size of a row");
    for (uint32_t y = 0; y < height; y++) job->rows[y] = job->img.pixels + y * stride;
    png_read_image(png, job->rows);
    png_read_end(png, NULL);
    return ONNXRUN_OK;
}

onnxrun_status onr_png_parse(const void *data, size_t bytes, onr_image *out, onnxrun_error *err) {
    png_job job = {.data = data, .bytes = bytes};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return onr_io_no_memory(err, sizeof job);
    }
    onnxrun_status st;
    if (setjmp(png_jmpbuf(png))) {
        st = onr_io_fail(err, ONNXRUN_INVALID, "png: %s", job.why);
    } else {
        png_set_read_fn(png, &job, on_read);
        st = decode(png, info, &job, err);
    }
    png_destroy_read_struct(&png, &info, NULL);
    onr_io_free(job.rows);
    if (st == ONNXRUN_OK) {
        *out = job.img;
    } else {
        onr_image_free(&job.img);
    }
    return st;
}
