// fuzz_load.c: loads a model from memory, and dumps what was loaded.
// May assume: nothing. Never makes a session.
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static const char *const formats[] = {"text", "dot", "json"};
    onnxrun_error err;
    onnxrun_model *m = fuzz_load(data, bytes);
    if (!m) return 0;
    for (size_t i = 0; i < onnxrun_model_n_inputs(m); i++) {
        onnxrun_type t;
        onnxrun_model_input_type(m, i, &t);
    }
    for (int i = 0; i < 3; i++) {
        fuzz_expect_clean(onnxrun_dump(m, NULL, "model", formats[i], fuzz_drop_text, NULL, &err), &err);
        fuzz_expect_clean(onnxrun_dump(m, NULL, "graph", formats[i], fuzz_drop_text, NULL, &err), &err);
    }
    fuzz_expect_clean(onnxrun_info(m, NULL, "text", fuzz_drop_text, NULL, &err), &err);
    fuzz_expect_clean(onnxrun_info(m, NULL, "json", fuzz_drop_text, NULL, &err), &err);
    onnxrun_model_free(m);
    return 0;
}
