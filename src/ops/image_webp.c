// image_webp.c: WebP by libwebp where it was built in (option ONR_WEBP). Alpha is dropped; of an animation, nothing is read.
// May assume: nothing of the bytes. Never lets libwebp allocate the picture: it writes into ours.
#include "ops/image.h"

#ifdef ONR_HAVE_WEBP
#include <webp/decode.h>

onr_status onr_image_webp(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    int width = 0, height = 0;
    if (!WebPGetInfo(data, n, &width, &height)) return onr_fail(err, ONR_INVALID, "webp: no header");
    onr_pixels p;
    ONR_TRY(onr_pixels_new(&p, (uint64_t)width, (uint64_t)height, err));
    size_t stride = (size_t)width * 3;
    if (stride > INT32_MAX || !WebPDecodeRGBInto(data, n, p.v, stride * (size_t)height, (int)stride)) {
        onr_free(p.v);
        return onr_fail(err, ONR_INVALID, "webp: the file is broken");
    }
    *out = p;
    return ONR_OK;
}
#else
onr_status onr_image_webp(const uint8_t *data, size_t n, onr_pixels *out, onr_err *err) {
    (void)data, (void)n, (void)out;
    return onr_fail(err, ONR_UNSUPPORTED, "WebP needs libwebp; this build was made with -DONR_WEBP=OFF");
}
#endif
