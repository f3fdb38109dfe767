// fuzz_npy.c: .npy files; what was read is written and read again.
// May assume: nothing. Never touches a file.
#include "target.h"

#include "io/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    onnxrun_value *v = NULL, *again = NULL;
    onnxrun_error err = {0};
    onnxrun_status s = onr_npy_parse(data, bytes, ONNXRUN_UNDEFINED, &v, &err);
    fuzz_expect_clean(s, &err);
    if (s != ONNXRUN_OK) return 0;
    onr_str out = {0};
    s = onr_npy_write(v, &out, &err);
    fuzz_expect_clean(s, &err);
    if (s == ONNXRUN_OK) {
        s = onr_npy_parse(out.s, out.n, onnxrun_value_dtype(v), &again, &err);
        if (s != ONNXRUN_OK) fuzz_defect("written, but not readable: %s", err.text);
        if (onnxrun_value_numel(again) != onnxrun_value_numel(v)) fuzz_defect("another size after writing");
    }
    onr_str_free(&out);
    onnxrun_value_free(again);
    onnxrun_value_free(v);
    return 0;
}
