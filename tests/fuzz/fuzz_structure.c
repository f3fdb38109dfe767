// fuzz_structure.c: as fuzz_run, but models are changed node by node, so that most of them still load and reach the operators.
// May assume: seeds are models. Never changes bytes blindly.
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    fuzz_run_model(data, bytes);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed) {
    return fuzz_mutate_model(data, bytes, most, seed);
}
