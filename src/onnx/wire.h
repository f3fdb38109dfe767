// wire.h: a walk over protobuf's wire format that makes a file safe and small before protobuf-c sees it.
// May assume: the descriptors are those of proto/onnx.proto. Never follows the file's numbers without checking them.
#ifndef ONR_ONNX_WIRE_H
#define ONR_ONNX_WIRE_H

#include "base/status.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/// Where one field of a TensorProto that holds elements lies in the file (raw_data, float_data, ...).
typedef struct onr_span {
    const uint8_t *data;
    size_t bytes;
    uint32_t field; ///< number in TensorProto
    bool packed;    ///< the bytes are the contents; else a run of tag, value, tag, value, ...
} onr_span;

typedef struct onr_wire_limits {
    int max_depth;             ///< of nested messages
    size_t max_fields;         ///< fields in the whole file, list elements included
    size_t max_skeleton_bytes; ///< of what remains without tensor contents; at most INT32_MAX, protobuf-c's own limit
} onr_wire_limits;

/// 100 levels (a subgraph takes three), 32 million fields, 1 GiB.
onr_wire_limits onr_wire_limits_default(void);

/// What a scan yields. The skeleton is the same message without unknown fields and without the contents of its tensors, which
/// are listed in `spans`: TensorProto.span_first and span_count say which belong to which tensor. Whatever the file claims for
/// these two fields is dropped, so they can be trusted.
typedef struct onr_wire {
    uint8_t *skeleton; ///< onr_malloc
    size_t skeleton_bytes;
    onr_span *spans; ///< onr_malloc; point into the scanned bytes
    size_t n_spans;
} onr_wire;

/// Scans `bytes` bytes as a message of type `root`. Checked, with its own error text: varints, lengths, wire types, field
/// numbers, groups (refused), depth, number of fields, texts without NUL bytes, and that no single message or oneof occurs
/// twice (protobuf would merge them; no writer does that). ONR_INVALID or ONR_LIMIT; `out` needs no freeing then.
onr_status onr_wire_scan(const ProtobufCMessageDescriptor *root, const void *data, size_t bytes, const onr_wire_limits *limits,
                         onr_wire *out, onr_err *err);
void onr_wire_free(onr_wire *w);

/// Reads a varint at *p (before `end`) and moves *p past it; false when it is cut off or longer than 64 bits.
bool onr_wire_varint(const uint8_t **p, const uint8_t *end, uint64_t *out);

#endif
