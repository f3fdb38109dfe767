// test_onnx_wire.c: the walk over protobuf's wire format: what it takes out, what it drops, what it refuses.
// May assume: support/onnx_build.h. Never parses with protobuf-c what the walk refused.
#include "onnx/pb.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define MODEL &onnx__model_proto__descriptor

// Bytes in a block of their own, so that a read past the end is found.
static onr_status scan_limited(const void *data, size_t bytes, const onr_wire_limits *limits, onr_wire *out, onr_err *err) {
    void *copy = malloc(bytes ? bytes : 1);
    memcpy(copy, data, bytes);
    onr_status s = onr_wire_scan(MODEL, copy, bytes, limits, out, err);
    free(copy);
    return s;
}

static void refuses(const void *data, size_t bytes, const char *words) {
    onr_wire w;
    onr_err err = {0};
    onr_wire_limits l = onr_wire_limits_default();
    onr_status got = scan_limited(data, bytes, &l, &w, &err);
    if (got != ONR_INVALID || !strstr(err.text, words)) fail_msg("%s (%s), wanted '%s'", err.text, onr_status_name(got), words);
    assert_null(w.skeleton);
    assert_null(w.spans);
}

#define REFUSES(words, ...)                            \
    do {                                               \
        static const uint8_t bytes_[] = {__VA_ARGS__}; \
        refuses(bytes_, sizeof bytes_, words);         \
    } while (0)

static void broken_wire_is_refused(void **state) {
    (void)state;
    REFUSES("a tag is cut off", 0x80);
    REFUSES("a tag is cut off or too long", 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
    REFUSES("no field can have this number", 0x00, 0x00);
    REFUSES("no field can have this number", 0x80, 0x80, 0x80, 0x80, 0x10, 0x00);
    REFUSES("ir_version: a number is cut off", 0x08, 0xff);
    REFUSES("a number is cut off or too long", 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02);
    REFUSES("longer than what is left", 0x12, 0x05, 'a');
    REFUSES("longer than what is left", 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
    REFUSES("a length is cut off", 0x3a, 0x80, 0x80);
    REFUSES("groups", 0x0b, 0x0c);
    REFUSES("groups", 0x0c);
    REFUSES("no such wire type", 0x0e, 0x00);
    REFUSES("longer than what is left", 0x09, 1, 2, 3, 4, 5, 6, 7);
    REFUSES("longer than what is left", 0x0d, 1, 2, 3);
    REFUSES("ir_version: the field has another wire type", 0x09, 1, 2, 3, 4, 5, 6, 7, 8);
    REFUSES("ir_version: the field has another wire type", 0x0a, 1, 1);
    REFUSES("graph: the field has another wire type", 0x38, 1);
    REFUSES("producer_name: a text contains a zero byte", 0x12, 3, 'a', 0, 'b');
    REFUSES("graph: the field occurs twice", 0x3a, 0, 0x3a, 0);
    REFUSES("graph.node: the field is longer", 0x3a, 2, 0x0a, 9); // within its parent, though the file goes on
}

static void packed_lists_are_checked(void **state) {
    (void)state;
    // graph.node.attribute: ints packed and cut off; floats packed in five bytes
    REFUSES("graph.node.attribute.ints: a list of numbers ends within one", 0x3a, 7, 0x0a, 5, 0x2a, 3, 0x42, 1, 0x80);
    REFUSES("a list of 4-byte numbers ends within one", 0x3a, 11, 0x0a, 9, 0x2a, 7, 0x3a, 5, 1, 2, 3, 4, 5);
    // graph.initializer: float_data in five bytes
    REFUSES("graph.initializer.float_data: a list of 4-byte numbers", 0x3a, 9, 0x2a, 7, 0x22, 5, 1, 2, 3, 4, 5);
    // graph.value_info.type: two members of a oneof
    REFUSES("the field occurs twice", 0x3a, 8, 0x6a, 6, 0x12, 4, 0x0a, 0, 0x22, 0);
}

static void an_empty_message_is_a_message(void **state) {
    (void)state;
    onr_wire w;
    onr_wire_limits l = onr_wire_limits_default();
    assert_int_equal(scan_limited("", 0, &l, &w, NULL), ONR_OK);
    assert_int_equal(w.skeleton_bytes, 0);
    onr_wire_free(&w);
    assert_int_equal(onr_wire_scan(MODEL, NULL, 0, &l, &w, NULL), ONR_OK);
    onr_wire_free(&w);
}

static void contents_leave_the_message(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    Onnx__GraphProto *g = mk_graph(a, "g");
    const size_t large = 1 << 20;
    const int64_t dims[] = {(int64_t)large};
    void *zeros = calloc(1, large);
    for (int i = 0; i < 3; i++) {
        Onnx__TensorProto *t = mk_raw(a, "t", ONR_UINT8, 1, dims, zeros, i == 1 ? 1 : large);
        t->has_span_first = t->has_span_count = 1; // what a hostile file might say
        t->span_first = 4000000000u;
        t->span_count = 12;
        MK_ADD(a, g, initializer, t);
    }
    MK_ADD(a, g, initializer, mk_tensor(a, "none", ONR_FLOAT, 0, NULL));
    g->initializer[3]->has_span_first = g->initializer[3]->has_span_count = 1;
    g->initializer[3]->span_count = 2;
    size_t bytes;
    uint8_t *packed = mk_pack(a, mk_model(a, g), &bytes);
    onr_wire_limits l = onr_wire_limits_default();
    onr_pb pb;
    assert_int_equal(onr_pb_parse(MODEL, packed, bytes, &l, &pb, NULL), ONR_OK);
    assert_int_equal(pb.wire.n_spans, 3);
    assert_true(onr_arena_bytes(pb.arena) < 20000);
    const Onnx__GraphProto *got = ((const Onnx__ModelProto *)pb.message)->graph;
    for (uint32_t i = 0; i < 3; i++) {
        assert_false(got->initializer[i]->has_raw_data);
        assert_int_equal(got->initializer[i]->span_first, i);
        assert_int_equal(got->initializer[i]->span_count, 1);
        const onr_span *s = &pb.wire.spans[i];
        assert_true(s->data > packed && s->data + s->bytes <= packed + bytes);
        assert_int_equal(s->bytes, i == 1 ? 1 : large);
    }
    assert_false(got->initializer[3]->has_span_count);
    onr_pb_free(&pb);
    free(zeros);
    onr_arena_free(a);
}

static void unknown_fields_are_dropped(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0x08, 7, 0xf8, 0x7f, 1, 0xfa, 0x7f, 2, 1, 2, 0xfd, 0x7f, 1, 2, 3, 4};
    onr_pb pb;
    onr_wire_limits l = onr_wire_limits_default();
    assert_int_equal(onr_pb_parse(MODEL, bytes, sizeof bytes, &l, &pb, NULL), ONR_OK);
    assert_int_equal(((const Onnx__ModelProto *)pb.message)->ir_version, 7);
    assert_int_equal(pb.message->n_unknown_fields, 0);
    onr_pb_free(&pb);
}

static void limits_hold(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    Onnx__GraphProto *g = mk_graph(a, "g");
    for (int i = 0; i < 200; i++) MK_ADD(a, g, node, mk_node(a, "a name that takes some room", "Op", "x", "y"));
    size_t bytes;
    void *packed = mk_pack(a, mk_model(a, g), &bytes);
    onr_wire w;
    onr_err err = {0};
    onr_wire_limits l = onr_wire_limits_default();
    l.max_fields = 500;
    assert_int_equal(scan_limited(packed, bytes, &l, &w, &err), ONR_LIMIT);
    l = onr_wire_limits_default();
    l.max_depth = 2;
    assert_int_equal(scan_limited(packed, bytes, &l, &w, &err), ONR_LIMIT);
    l.max_depth = 3;
    assert_int_equal(scan_limited(packed, bytes, &l, &w, &err), ONR_OK);
    onr_wire_free(&w);
    l.max_skeleton_bytes = 5000;
    assert_int_equal(scan_limited(packed, bytes, &l, &w, &err), ONR_LIMIT);
    onr_arena_free(a);
}

// A sequence of a sequence of ... 100,000 levels: the file is small, a stack would not be enough.
static void depth_is_limited(void **state) {
    (void)state;
    enum { LEVELS = 100000, HEAD = 12 };
    size_t cap = (size_t)LEVELS * HEAD, n = 0;
    uint8_t *bytes = malloc(cap);
    uint8_t *at = bytes + cap;
    for (int i = 0; i < LEVELS; i++) { // inside out: elem_type (1) within sequence_type (4)
        uint8_t tag = i % 2 ? 0x22 : 0x0a, head[HEAD];
        size_t h = 0, v = n;
        head[h++] = tag;
        for (; v >= 0x80; v >>= 7) head[h++] = (uint8_t)(v | 0x80);
        head[h++] = (uint8_t)v;
        at -= h;
        memcpy(at, head, h);
        n += h;
    }
    onr_wire w;
    onr_err err = {0};
    onr_wire_limits l = onr_wire_limits_default();
    assert_int_equal(onr_wire_scan(&onnx__type_proto__descriptor, at, n, &l, &w, &err), ONR_LIMIT);
    assert_non_null(strstr(err.text, "100 levels"));
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_wire_is_refused),
        cmocka_unit_test(packed_lists_are_checked),
        cmocka_unit_test(an_empty_message_is_a_message),
        cmocka_unit_test(contents_leave_the_message),
        cmocka_unit_test(unknown_fields_are_dropped),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(depth_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
