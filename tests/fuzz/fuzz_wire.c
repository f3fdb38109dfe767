// fuzz_wire.c: the wire scan and protobuf-c behind it; the first byte chooses the message type.
// May assume: nothing. Never looks at what a message means.
#include "target.h"

#include "onnx/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static const ProtobufCMessageDescriptor *const roots[] = {
        &onnx__model_proto__descriptor,    &onnx__tensor_proto__descriptor, &onnx__sequence_proto__descriptor,
        &onnx__optional_proto__descriptor, &onnx__map_proto__descriptor,    &onnx__sparse_tensor_proto__descriptor,
        &onnx__type_proto__descriptor,     &onnx__node_proto__descriptor,
    };
    if (!bytes) return 0;
    onr_wire_limits limits = onr_wire_limits_default();
    onr_pb pb;
    onr_err err = {0};
    const ProtobufCMessageDescriptor *root = roots[data[0] % (sizeof roots / sizeof *roots)];
    onr_status s = onr_pb_parse(root, data + 1, bytes - 1, &limits, &pb, &err);
    if (s != ONR_OK) {
        fuzz_expect_clean((onnxrun_status)s, (const onnxrun_error *)&err);
        return 0;
    }
    for (size_t i = 0; i < pb.wire.n_spans; i++) { // spans lie in the input
        const onr_span *span = &pb.wire.spans[i];
        if (span->data < data || span->bytes > (size_t)(data + bytes - span->data)) fuzz_defect("span %zu lies outside", i);
    }
    void *again = NULL; // what was parsed can be packed
    size_t n = 0;
    s = onr_pb_pack(pb.message, &again, &n, &err);
    if (s != ONR_OK) fuzz_defect("packing: %s", err.text);
    onr_free(again);
    onr_pb_free(&pb);
    return 0;
}
