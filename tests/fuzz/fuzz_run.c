// fuzz_run.c: loads, optimizes and runs a model within limits; libFuzzer changes its bytes.
// May assume: nothing. Never reads other files.
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    fuzz_run_model(data, bytes);
    return 0;
}
