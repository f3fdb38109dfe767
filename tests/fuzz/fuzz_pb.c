// fuzz_pb.c: .pb test data: the first byte chooses tensor, sequence, optional or map; what was read is written and read again.
// May assume: nothing. Never touches a file.
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static const onnxrun_kind kinds[] = {ONNXRUN_TENSOR, ONNXRUN_SEQUENCE, ONNXRUN_OPTIONAL, ONNXRUN_MAP};
    if (!bytes) return 0;
    onnxrun_value *v = NULL, *again = NULL;
    onnxrun_error err = {0};
    onnxrun_kind kind = kinds[data[0] % 4];
    onnxrun_status s = onnxrun_value_parse(data + 1, bytes - 1, kind, &v, &err);
    fuzz_expect_clean(s, &err);
    if (s != ONNXRUN_OK) return 0;
    void *pb = NULL;
    size_t n = 0;
    s = onnxrun_value_serialize(v, "v", &pb, &n, &err);
    fuzz_expect_clean(s, &err);
    if (s == ONNXRUN_OK) {
        s = onnxrun_value_parse(pb, n, kind, &again, &err);
        if (s != ONNXRUN_OK) fuzz_defect("written, but not readable: %s", err.text);
        if (onnxrun_value_count(again) != onnxrun_value_count(v)) fuzz_defect("another size after writing");
    }
    onnxrun_string_free(pb);
    onnxrun_value_free(again);
    onnxrun_value_free(v);
    return 0;
}
