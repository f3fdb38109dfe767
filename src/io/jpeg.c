// jpeg.c: JPEG through libjpeg.
// May assume: nothing about the bytes. Never lets libjpeg print or exit: its error becomes the status.
#include "io/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

typedef struct jpeg_job {
    struct jpeg_error_mgr errors; // first: libjpeg hands back a pointer to it
    jmp_buf back;
    char why[JMSG_LENGTH_MAX];
    onr_image img;
} jpeg_job;

static void on_error(j_common_ptr cinfo) {
    jpeg_job *job = (jpeg_job *)cinfo->err;
    cinfo->err->format_message(cinfo, job->why);
    longjmp(job->back, 1);
}

// Level -1 is a warning: corrupt data that libjpeg would fill with grey. Here it is an error.
static void on_message(j_common_ptr cinfo, int level) {
    if (level < 0) on_error(cinfo);
}

// Everything that may jump back to the caller's setjmp.
static onnxrun_status decode(struct jpeg_decompress_struct *d, jpeg_job *job, const void *data, size_t bytes,
                             onnxrun_error *err) {
    jpeg_mem_src(d, data, (unsigned long)bytes);
    jpeg_read_header(d, TRUE);
    if (d->num_components != 1 && d->num_components != 3) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "jpeg: %d colour components (grey and colour pictures are read)",
                           d->num_components);
    }
    d->out_color_space = d->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    d->dct_method = JDCT_ISLOW;
    onnxrun_status st = onr_image_new(d->image_width, d->image_height, d->num_components, &job->img, err);
    if (st != ONNXRUN_OK) return st;
    jpeg_start_decompress(d);
    size_t stride = (size_t)job->img.width * (size_t)job->img.channels;
    while (d->output_scanline < d->output_height) {
        JSAMPROW row = job->img.pixels + d->output_scanline * stride;
        jpeg_read_scanlines(d, &row, 1);
    }
    jpeg_finish_decompress(d);
    return ONNXRUN_OK;
}

onnxrun_status onr_jpeg_parse(const void *data, size_t bytes, onr_image *out, onnxrun_error *err) {
    jpeg_job job;
    struct jpeg_decompress_struct d;
    memset(&job, 0, sizeof job);
    memset(&d, 0, sizeof d);
    d.err = jpeg_std_error(&job.errors);
    job.errors.error_exit = on_error;
    job.errors.emit_message = on_message;
    onnxrun_status st;
    if (setjmp(job.back)) {
        st = onr_io_fail(err, ONNXRUN_INVALID, "jpeg: %s", job.why);
    } else {
        jpeg_create_decompress(&d);
        st = decode(&d, &job, data, bytes, err);
    }
    jpeg_destroy_decompress(&d);
    if (st == ONNXRUN_OK) {
        *out = job.img;
    } else {
        onr_image_free(&job.img);
    }
    return st;
}
