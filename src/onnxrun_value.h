// onnxrun_value.h: what onnxrun.c and onnxrun_value.c share: the inside of a public value.
#ifndef ONR_ONNXRUN_VALUE_H
#define ONR_ONNXRUN_VALUE_H

#include "onnxrun.h"
#include "tensor/tensor.h"

struct onnxrun_value {
    onr_datum d;
    bool is_buffer; ///< made by onnxrun_value_buffer: an output slot over the caller's memory
};

/// A public handle that takes the datum over (which is emptied). NULL: no memory, and the datum stays the caller's.
onnxrun_value *onr_value_wrap(onr_datum *d, bool is_buffer);

#endif
