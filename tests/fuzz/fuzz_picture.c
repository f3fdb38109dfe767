// fuzz_picture.c: pictures (PNG, JPEG, PGM, PPM) as the tool reads them, and the way to a tensor.
// May assume: nothing. Never touches a file. Large pictures are not prepared: scaling them is slow, and no other code.
#include "target.h"

#include "io/prepare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    enum { MOST_PIXELS = 1 << 16 };
    onr_image img = {0};
    onnxrun_error err = {0};
    onnxrun_status s = onr_image_parse(data, bytes, &img, &err);
    fuzz_expect_clean(s, &err);
    if (s != ONNXRUN_OK) return 0;
    if ((int64_t)img.width * img.height <= MOST_PIXELS) {
        onr_prepare how = onr_prepare_default();
        how.height = how.width = 1 + data[bytes / 2] % 40;
        how.resize = data[bytes - 1] % 2 ? 0 : how.height + 3;
        how.nhwc = data[bytes - 1] & 2;
        how.channels = data[bytes - 1] & 4 ? 1 : 3;
        onnxrun_value *v = NULL;
        s = onr_prepare_run(&how, &img, data[bytes - 1] & 8 ? ONNXRUN_UINT8 : ONNXRUN_FLOAT, &v, &err);
        fuzz_expect_clean(s, &err);
        onnxrun_value_free(v);
    }
    onr_image_free(&img);
    return 0;
}
