// image_tiff.c: the first page of a TIFF by libtiff where it was built in (option ONR_TIFF), whatever its samples are.
// May assume: nothing of the bytes. Never lets libtiff print: its messages are dropped, for this file only.
#include "ops/image.h"

#ifdef ONR_HAVE_TIFF
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

typedef struct tiff_job {
    const uint8_t *data;
    uint64_t n, at;
} tiff_job;

static tmsize_t on_read(thandle_t h, void *to, tmsize_t n) {
    tiff_job *j = h;
    if (n < 0 || j->at >= j->n) return 0;
    if ((uint64_t)n > j->n - j->at) n = (tmsize_t)(j->n - j->at);
    memcpy(to, j->data + j->at, (size_t)n);
    j->at += (uint64_t)n;
    return n;
}
static tmsize_t on_write(thandle_t h, void *from, tmsize_t n) { return (void)h, (void)from, (void)n, -1; }
static toff_t on_seek(thandle_t h, toff_t to, int whence) {
    tiff_job *j = h;
    return j->at = whence == SEEK_SET ? to : (whence == SEEK_CUR ? j->at : j->n) + to;
}
static int on_close(thandle_t h) { return (void)h, 0; }
static toff_t on_size(thandle_t h) { return ((tiff_job *)h)->n; }
static int on_message(TIFF *t, void *unused, const char *module, const char *fmt, va_list ap) {
    return (void)t, (void)unused, (void)module, (void)fmt, (void)ap, 1;
}

/// libtiff gives 32-bit pixels, red in the low byte.
static onr_status decode(TIFF *t, onr_pixels *out, onr_err *err) {
    uint32_t width = 0, height = 0;
    onr_pixels p;
    TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(t, TIFFTAG_IMAGELENGTH, &height);
    ONR_TRY(onr_pixels_new(&p, width, height, err));
    size_t n = (size_t)(p.width * p.height);
    uint32_t *raster = onr_malloc(n * sizeof *raster);
    onr_status s = raster ? ONR_OK : onr_no_memory(err, n * sizeof *raster);
    if (s == ONR_OK && !TIFFReadRGBAImageOriented(t, width, height, raster, ORIENTATION_TOPLEFT, 1))
        s = onr_fail(err, ONR_INVALID, "tiff: the file is broken");
    for (size_t i = 0; i < n && s == ONR_OK; i++) {
        p.v[3 * i] = (uint8_t)TIFFGetR(raster[i]);
        p.v[3 * i + 1] = (uint8_t)TIFFGetG(raster[i]);
        p.v[3 * i + 2] = (uint8_t)TIFFGetB(raster[i]);
    }
    onr_free(raster);
    if (s == ONR_OK)
        *out = p;
    else
        onr_free(p.v);
    return s;
}

onr_status onr_image_tiff(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    tiff_job job = {.data = data, .n = n};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return onr_no_memory(err, 0);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_message, NULL);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_message, NULL);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)1 << 31);
    TIFF *t = TIFFClientOpenExt("picture", "rm", &job, on_read, on_write, on_seek, on_close, on_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    if (!t) return onr_fail(err, ONR_INVALID, "tiff: no header");
    onr_status s = decode(t, out, err);
    TIFFClose(t);
    return s;
}
#else
onr_status onr_image_tiff(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    (void)data, (void)n, (void)out;
    return onr_fail(err, ONR_UNSUPPORTED, "TIFF needs libtiff; this build was made with -DONR_TIFF=OFF");
}
#endif
