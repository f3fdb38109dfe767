// write_pb.h: inside onnx/ only: tensors and other values as protobuf messages that protobuf-c can pack.
// May assume: the value outlives the message, which borrows contents and names. Never packs by itself.
#ifndef ONR_ONNX_WRITE_PB_H
#define ONR_ONNX_WRITE_PB_H

#include "onnx/pb.h"
#include "tensor/tensor.h"

/// A TensorProto in `a` whose raw_data (or string_data) points at the tensor's memory; 2- and 4-bit types are packed into `a`.
onr_status onr_tensor_write(onr_arena *a, const onr_tensor *t, const char *name, Onnx__TensorProto **out, onr_err *err);
/// The message for any kind of datum: TensorProto, SequenceProto, OptionalProto or MapProto.
onr_status onr_datum_write(onr_arena *a, const onr_datum *d, const char *name, ProtobufCMessage **out, onr_err *err);

#endif
