// target.h: what a fuzz target is, and what targets share.
// May assume: libFuzzer or replay.c calls the target. Never keeps anything between two inputs.
#ifndef ONR_TESTS_FUZZ_TARGET_H
#define ONR_TESTS_FUZZ_TARGET_H

#include "onnxrun.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The target: any bytes. Returns 0. A defect ends the program (a sanitizer, an assert, fuzz_defect).
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
/// Optional, of libFuzzer: changes an input of `bytes` bytes in place, up to `most`; returns its new size.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);

/// Prints the text and ends the program.
void fuzz_defect(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/// What every failure must be: a status that blames model, input or a limit, and a text. ONNXRUN_INTERNAL is a defect.
void fuzz_expect_clean(onnxrun_status s, const onnxrun_error *err);
/// An onnxrun_write_fn.
bool fuzz_drop_text(void *user, const char *text, size_t bytes);

/// Limits under which one input takes milliseconds.
onnxrun_limits fuzz_limits(void);
/// The model, or NULL when it was refused cleanly.
onnxrun_model *fuzz_load(const uint8_t *data, size_t bytes);
/// A session of one thread, or NULL when it was refused cleanly.
onnxrun_session *fuzz_session(const onnxrun_model *m, int level, const char *stop_after, const char *cpu);
/// Loads, optimizes and runs a model on random inputs, and again at -O0: both must yield the same types and shapes.
void fuzz_run_model(const uint8_t *data, size_t bytes);

/// mutator.c: changes a valid model's structure: nodes, edges, attributes, shapes, types, contents. `seed` decides all. Returns
/// the new size, at most `most`; what is no model stays as it is.
size_t fuzz_mutate_model(uint8_t *data, size_t bytes, size_t most, uint64_t seed);

#endif
