// image_jpeg.c: JPEG by libjpeg where it was built in (option ONR_JPEG): exact integer transform, smooth chroma upsampling.
// May assume: nothing of the bytes. Never lets libjpeg print or exit: its error becomes the status.
#include "ops/image.h"

#ifdef ONR_HAVE_JPEG
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

typedef struct jpeg_job {
    struct jpeg_error_mgr errors; // first: libjpeg hands back a pointer to it
    jmp_buf back;
    char why[JMSG_LENGTH_MAX];
    onr_pixels pixels;
    uint8_t *row; // of CMYK
} jpeg_job;

static void on_error(j_common_ptr c) {
    jpeg_job *job = (jpeg_job *)(void *)c->err;
    c->err->format_message(c, job->why);
    longjmp(job->back, 1);
}

/// Level -1 is a warning: damage that libjpeg would fill with grey. Bytes between markers are harmless.
static void on_message(j_common_ptr c, int level) {
    if (level < 0 && c->err->msg_code != JWRN_EXTRANEOUS_DATA) on_error(c);
}

/// Four inks, written inverted by Adobe's programs (which is what all readers expect).
static void from_cmyk(const uint8_t *cmyk, uint8_t *rgb, uint32_t n, bool inverted) {
    for (uint32_t i = 0; i < n; i++, cmyk += 4, rgb += 3)
        for (int c = 0; c < 3; c++) {
            int ink = inverted ? cmyk[c] : 255 - cmyk[c], black = inverted ? cmyk[3] : 255 - cmyk[3];
            rgb[c] = (uint8_t)((ink * black + 127) / 255);
        }
}

/// Everything that may jump back to the caller's setjmp.
static onr_status decode(struct jpeg_decompress_struct *d, jpeg_job *job, const uint8_t *data, size_t n, onr_err *err) {
    jpeg_mem_src(d, data, (unsigned long)n);
    jpeg_read_header(d, TRUE);
    bool inks = d->num_components == 4;
    d->out_color_space = inks ? JCS_CMYK : JCS_RGB;
    d->dct_method = JDCT_ISLOW;
    ONR_TRY(onr_pixels_new(&job->pixels, d->image_width, d->image_height, err));
    jpeg_start_decompress(d);
    if (inks) job->row = onr_malloc((size_t)d->output_width * 4);
    if (inks && !job->row) return onr_no_memory(err, (size_t)d->output_width * 4);
    while (d->output_scanline < d->output_height) {
        uint8_t *to = job->pixels.v + (size_t)d->output_scanline * d->output_width * 3;
        JSAMPROW row = inks ? job->row : to;
        jpeg_read_scanlines(d, &row, 1);
        if (inks) from_cmyk(job->row, to, d->output_width, d->saw_Adobe_marker);
    }
    jpeg_finish_decompress(d);
    return ONR_OK;
}

onr_status onr_image_jpeg(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    jpeg_job job;
    struct jpeg_decompress_struct d;
    onr_status s;
    memset(&job, 0, sizeof job);
    memset(&d, 0, sizeof d);
    d.err = jpeg_std_error(&job.errors);
    job.errors.error_exit = on_error;
    job.errors.emit_message = on_message;
    if (setjmp(job.back)) {
        s = onr_fail(err, ONR_INVALID, "jpeg: %s", job.why);
    } else {
        jpeg_create_decompress(&d);
        s = decode(&d, &job, data, n, err);
    }
    jpeg_destroy_decompress(&d);
    onr_free(job.row);
    if (s == ONR_OK)
        *out = job.pixels;
    else
        onr_free(job.pixels.v);
    return s;
}
#else
onr_status onr_image_jpeg(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    (void)data, (void)n, (void)out;
    return onr_fail(err, ONR_UNSUPPORTED, "JPEG needs libjpeg; this build was made with -DONR_JPEG=OFF");
}
#endif
