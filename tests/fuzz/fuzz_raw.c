// fuzz_raw.c: raw tensors: the first bytes are element type, rank and dimensions, the rest is the file.
// May assume: nothing. Never touches a file.
#include "target.h"

#include "io/raw.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    int64_t dims[8] = {0};
    if (bytes < 2) return 0;
    onnxrun_dtype dtype = (onnxrun_dtype)(data[0] % 28);
    int rank = data[1] % 9, wide = data[1] >> 4 & 1;
    data += 2, bytes -= 2;
    size_t head = (size_t)rank * (wide ? 8 : 1);
    if (bytes < head) return 0;
    for (int i = 0; i < rank; i++)
        if (wide)
            memcpy(&dims[i], data + 8 * i, 8);
        else
            dims[i] = (int8_t)data[i];
    onnxrun_value *v = NULL;
    onnxrun_error err = {0};
    char text[ONR_IO_TYPE_TEXT];
    size_t want = 0;
    onr_io_type_text(dtype, rank, dims, text);
    bool sized = onr_raw_bytes(dtype, rank, dims, &want);
    onnxrun_status s = onr_raw_parse(data + head, bytes - head, dtype, rank, dims, &v, &err);
    fuzz_expect_clean(s, &err);
    if (s == ONNXRUN_OK && (!sized || want != bytes - head)) fuzz_defect("%s: %zu bytes were taken", text, bytes - head);
    onr_str out = {0};
    if (s == ONNXRUN_OK) {
        s = onr_raw_write(v, &out, &err);
        if (s != ONNXRUN_OK || out.n != want) fuzz_defect("%s: not written as it was read", text);
    }
    onr_str_free(&out);
    onnxrun_value_free(v);
    return 0;
}
