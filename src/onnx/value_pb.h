// value_pb.h: values as ONNX serializes them outside models: TensorProto, SequenceProto, OptionalProto, MapProto (.pb test data).
// May assume: nothing about the bytes. Never needs protobuf's headers from its users.
#ifndef ONR_ONNX_VALUE_PB_H
#define ONR_ONNX_VALUE_PB_H

#include "tensor/tensor.h"

/// Parses a message of the given kind (the format does not say it; ONR_KIND_UNKNOWN means a tensor) into a datum that owns its memory.
/// External data is refused. Values of a map that are all scalars of one type become one tensor, as operators make them; others
/// become a sequence. ONR_INVALID, ONR_LIMIT or ONR_UNSUPPORTED.
onr_status onr_pb_parse_value(const void *data, size_t bytes, onr_kind kind, onr_datum *out, onr_err *err);

/// The inverse: new bytes, freed with onr_free. `name` may be NULL. Blocked layouts must have been undone. ONR_LIMIT from 2 GiB on.
onr_status onr_pb_serialize_value(const onr_datum *d, const char *name, void **out, size_t *bytes, onr_err *err);

#endif
