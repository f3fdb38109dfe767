// fuzz_infer.c: loads a model, finds its operators and infers all types.
// May assume: nothing. Never optimizes or runs.
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    onnxrun_model *m = fuzz_load(data, bytes);
    onnxrun_session *s = m ? fuzz_session(m, 2, "check_declared", "scalar") : NULL;
    onnxrun_error err;
    if (s) fuzz_expect_clean(onnxrun_dump(m, s, "optimized", "text", fuzz_drop_text, NULL, &err), &err);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return 0;
}
