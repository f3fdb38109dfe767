// fuzz_npz.c: .npz archives (libzip, then npy).
// May assume: nothing. Never touches a file.
#include "target.h"

#include "io/npz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    onr_named *items = NULL;
    size_t n = 0;
    onnxrun_error err = {0};
    onnxrun_status s = onr_npz_parse(data, bytes, &items, &n, &err);
    fuzz_expect_clean(s, &err);
    if (s == ONNXRUN_OK) onr_named_free(items, n);
    return 0;
}
