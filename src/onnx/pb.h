// pb.h: protobuf messages in and out: a wire scan, then protobuf-c in an arena of its own; and packing.
// May assume: descriptors of proto/onnx.proto. Never hands protobuf-c bytes that the scan did not check.
#ifndef ONR_ONNX_PB_H
#define ONR_ONNX_PB_H

#include "base/arena.h"
#include "onnx.pb-c.h"
#include "onnx/sink.h"
#include "onnx/wire.h"

/// A parsed message. Its structs live in `arena`; contents of its tensors stay in the parsed bytes, see onr_wire.
typedef struct onr_pb {
    onr_arena *arena;
    const ProtobufCMessage *message;
    onr_wire wire; ///< only the spans are kept
} onr_pb;

/// Parses `bytes` bytes, which must outlive `out`, as a message of type `root`. ONR_INVALID or ONR_LIMIT; free with
/// onr_pb_free.
onr_status onr_pb_parse(const ProtobufCMessageDescriptor *root, const void *data, size_t bytes, const onr_wire_limits *limits,
                        onr_pb *out, onr_err *err);
void onr_pb_free(onr_pb *pb);

/// Packs a message into new memory (onr_malloc). ONR_LIMIT when it would take 2 GiB or more, protobuf's own limit.
onr_status onr_pb_pack(const ProtobufCMessage *message, void **out, size_t *bytes, onr_err *err);

/// The same into a sink, piece by piece: nothing large is copied. ONR_INTERNAL when the sink stops: it knows why.
onr_status onr_pb_pack_to(const ProtobufCMessage *message, onr_sink_fn sink, void *user, onr_err *err);

/// Strings of proto2 messages may be absent: "" then.
static inline const char *onr_pb_text(const char *s) { return s ? s : ""; }

#endif
