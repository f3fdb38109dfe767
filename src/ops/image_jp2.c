// image_jp2.c: JPEG 2000, boxed or a bare codestream, by OpenJPEG where it was built in (option ONR_OPENJPEG).
// May assume: nothing of the bytes. Never lets OpenJPEG print: it has no handlers but ours.
#include "ops/image.h"

#ifdef ONR_HAVE_OPENJPEG
#include <openjpeg.h>
#include <string.h>

typedef struct jp2_job {
    const uint8_t *data;
    size_t n, at;
} jp2_job;

static void on_message(const char *text, void *unused) { (void)text, (void)unused; }

static OPJ_SIZE_T on_read(void *to, OPJ_SIZE_T n, void *user) {
    jp2_job *j = user;
    size_t left = j->n - j->at;
    if (left == 0) return (OPJ_SIZE_T)-1;
    if (n > left) n = left;
    memcpy(to, j->data + j->at, n);
    j->at += n;
    return n;
}
static OPJ_OFF_T on_skip(OPJ_OFF_T n, void *user) {
    jp2_job *j = user;
    if (n < 0 || (uint64_t)n > j->n - j->at) return -1;
    j->at += (size_t)n;
    return n;
}
static OPJ_BOOL on_seek(OPJ_OFF_T to, void *user) {
    jp2_job *j = user;
    if (to < 0 || (uint64_t)to > j->n) return OPJ_FALSE;
    j->at = (size_t)to;
    return OPJ_TRUE;
}

/// Sample (x, y) of a component of any precision, as 0 to 255; components may be smaller than the picture.
static int sample(const opj_image_comp_t *c, int64_t x, int64_t y, int64_t width, int64_t height) {
    int64_t v = c->data[y * c->h / height * c->w + x * c->w / width];
    if (c->sgnd) v += (int64_t)1 << (c->prec - 1);
    v = c->prec > 8 ? v >> (c->prec - 8) : c->prec < 8 ? v * 255 / (((int64_t)1 << c->prec) - 1) : v;
    return v < 0 ? 0 : v > 255 ? 255 : (int)v;
}

static uint8_t clamp(double v) { return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)(v + 0.5); }

static onr_status check_components(const opj_image_t *img, onr_err *err) {
    if (img->numcomps < 1) return onr_fail(err, ONR_INVALID, "jpeg2000: no components");
    uint32_t used = img->numcomps < 3 ? 1 : 3;
    for (uint32_t c = 0; c < used; c++) {
        const opj_image_comp_t *k = &img->comps[c];
        if (!k->data || !k->w || !k->h || k->prec < 1 || k->prec > 31)
            return onr_fail(err, ONR_INVALID, "jpeg2000: component %u is broken", c);
    }
    return ONR_OK;
}

static onr_status convert(const opj_image_t *img, onr_pixels *out, onr_err *err) {
    ONR_TRY(check_components(img, err));
    const opj_image_comp_t *c = img->comps;
    onr_pixels p;
    ONR_TRY(onr_pixels_new(&p, c[0].w, c[0].h, err));
    for (int64_t y = 0; y < p.height; y++)
        for (int64_t x = 0; x < p.width; x++) {
            uint8_t *to = p.v + 3 * (y * p.width + x);
            int v[3];
            for (int k = 0; k < 3; k++) v[k] = img->numcomps < 3 && k ? v[0] : sample(&c[k], x, y, p.width, p.height);
            for (int k = 0; k < 3; k++) to[k] = (uint8_t)v[k];
            if (img->color_space != OPJ_CLRSPC_SYCC || img->numcomps < 3) continue;
            to[0] = clamp(v[0] + 1.402 * (v[2] - 128)); // ITU-R 601
            to[1] = clamp(v[0] - 0.344136 * (v[1] - 128) - 0.714136 * (v[2] - 128));
            to[2] = clamp(v[0] + 1.772 * (v[1] - 128));
        }
    *out = p;
    return ONR_OK;
}

static onr_status decode(opj_codec_t *codec, opj_stream_t *stream, onr_pixels *out, onr_err *err) {
    opj_dparameters_t how;
    opj_image_t *img = NULL;
    onr_pixels fits = {.v = NULL};
    opj_set_default_decoder_parameters(&how);
    opj_set_info_handler(codec, on_message, NULL);
    opj_set_warning_handler(codec, on_message, NULL);
    opj_set_error_handler(codec, on_message, NULL);
    onr_status s = ONR_OK;
    if (!opj_setup_decoder(codec, &how) || !opj_read_header(stream, codec, &img))
        s = onr_fail(err, ONR_INVALID, "jpeg2000: the header is broken");
    if (s == ONR_OK) // before anything is decoded: is the size that the header states reasonable?
        s = onr_pixels_new(&fits, (uint64_t)img->x1 - img->x0, (uint64_t)img->y1 - img->y0, err);
    onr_free(fits.v);
    if (s == ONR_OK && (!opj_decode(codec, stream, img) || !opj_end_decompress(codec, stream)))
        s = onr_fail(err, ONR_INVALID, "jpeg2000: the file is broken");
    if (s == ONR_OK) s = convert(img, out, err);
    opj_image_destroy(img);
    return s;
}

onr_status onr_image_jp2(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    jp2_job job = {.data = data, .n = n};
    opj_codec_t *codec = opj_create_decompress(data[0] == 0xff ? OPJ_CODEC_J2K : OPJ_CODEC_JP2);
    opj_stream_t *stream = opj_stream_default_create(OPJ_TRUE);
    onr_status s = codec && stream ? ONR_OK : onr_no_memory(err, 0);
    if (s == ONR_OK) {
        opj_stream_set_user_data(stream, &job, NULL);
        opj_stream_set_user_data_length(stream, n);
        opj_stream_set_read_function(stream, on_read);
        opj_stream_set_skip_function(stream, on_skip);
        opj_stream_set_seek_function(stream, on_seek);
        s = decode(codec, stream, out, err);
    }
    if (stream) opj_stream_destroy(stream);
    if (codec) opj_destroy_codec(codec);
    return s;
}
#else
onr_status onr_image_jp2(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    (void)data, (void)n, (void)out;
    return onr_fail(err, ONR_UNSUPPORTED, "JPEG 2000 needs OpenJPEG; this build was made with -DONR_OPENJPEG=OFF");
}
#endif
