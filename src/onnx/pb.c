// pb.c: calls protobuf-c with an arena as its allocator.
// May assume: the wire scan makes a skeleton that protobuf-c can parse. Never frees a struct alone: the arena goes at once.
#include "onnx/pb.h"

#include "base/mathx.h"

#include <string.h>

typedef struct arena_allocator {
    ProtobufCAllocator base;
    onr_arena *arena;
    bool failed;
    size_t wanted;
} arena_allocator;

static void *allocate(void *data, size_t bytes) {
    arena_allocator *a = data;
    void *p = onr_arena_alloc(a->arena, bytes);
    if (!p) {
        a->failed = true;
        a->wanted = bytes;
    }
    return p;
}

static void keep(void *data, void *p) {
    (void)data;
    (void)p;
}

onr_status onr_pb_parse(const ProtobufCMessageDescriptor *root, const void *data, size_t bytes, const onr_wire_limits *limits,
                        onr_pb *out, onr_err *err) {
    memset(out, 0, sizeof *out);
    ONR_TRY(onr_wire_scan(root, data, bytes, limits, &out->wire, err));
    out->arena = onr_arena_new(0);
    arena_allocator a = {.base = {.alloc = allocate, .free = keep}, .arena = out->arena};
    a.base.allocator_data = &a;
    if (out->arena)
        out->message = protobuf_c_message_unpack(root, &a.base, out->wire.skeleton_bytes,
                                                 out->wire.skeleton ? out->wire.skeleton : (const uint8_t *)"");
    onr_free(out->wire.skeleton);
    out->wire.skeleton = NULL;
    if (out->message) return ONR_OK;
    bool no_memory = !out->arena || a.failed;
    onr_pb_free(out);
    if (no_memory) return onr_no_memory(err, a.wanted);
    return onr_fail(err, ONR_INVALID, "protobuf-c cannot parse this message");
}

void onr_pb_free(onr_pb *pb) {
    onr_wire_free(&pb->wire);
    onr_arena_free(pb->arena);
    memset(pb, 0, sizeof *pb);
}

static onr_status packed_size(const ProtobufCMessage *message, size_t *bytes, onr_err *err) {
    *bytes = protobuf_c_message_get_packed_size(message);
    if (*bytes <= INT32_MAX) return ONR_OK;
    return onr_fail(err, ONR_LIMIT, "a protobuf message cannot have %zu bytes (2 GiB is the limit)", *bytes);
}

onr_status onr_pb_pack(const ProtobufCMessage *message, void **out, size_t *bytes, onr_err *err) {
    size_t n;
    ONR_TRY(packed_size(message, &n, err));
    void *p = onr_malloc(n);
    if (!p) return onr_no_memory(err, n);
    *bytes = protobuf_c_message_pack(message, p);
    *out = p;
    return ONR_OK;
}

typedef struct sink_buffer {
    ProtobufCBuffer base;
    onr_sink_fn sink;
    void *user;
    bool stopped;
} sink_buffer;

static void append(ProtobufCBuffer *base, size_t bytes, const uint8_t *data) {
    sink_buffer *b = (sink_buffer *)base;
    if (!b->stopped && bytes) b->stopped = !b->sink(b->user, data, bytes);
}

onr_status onr_pb_pack_to(const ProtobufCMessage *message, onr_sink_fn sink, void *user, onr_err *err) {
    sink_buffer b = {.base = {.append = append}, .sink = sink, .user = user};
    size_t n;
    ONR_TRY(packed_size(message, &n, err));
    protobuf_c_message_pack_to_buffer(message, &b.base);
    return b.stopped ? onr_fail(err, ONR_INTERNAL, "the receiver of a message stopped") : ONR_OK;
}
