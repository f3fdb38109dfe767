// random.h: tensors of random numbers, the same for the same seed on every machine.
#ifndef ONR_IO_RANDOM_H
#define ONR_IO_RANDOM_H

#include "io/file.h"

/// A new tensor. Floats: uniform in [-1, 1); bool and integers of 16 bits and more: 0 or 1 (they are often indices); integers
/// of 8 bits and less: all values. Strings are ONNXRUN_UNSUPPORTED. Source of the generator: splitmix64 (Steele, Lea, Flood
/// 2014).
onnxrun_status onr_random_value(onnxrun_dtype dtype, int rank, const int64_t *dims, uint64_t seed, onnxrun_value **out,
                                onnxrun_error *err);

#endif
