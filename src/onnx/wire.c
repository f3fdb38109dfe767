// wire.c: walks a protobuf message by its descriptor, checks every length, and writes a skeleton of it without tensor contents.
// May assume: the scanned bytes stay readable. Never recurses deeper than the limit, never trusts a count.
// Source: protobuf.dev "Encoding".
#include "onnx/wire.h"

#include "base/arena.h"
#include "base/mathx.h"
#include "onnx.pb-c.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_GROUP = 3, WIRE_END_GROUP = 4, WIRE_32 = 5 };
enum { LENGTH_BYTES = 5, PATH_TEXT = 200 }; // lengths of rewritten messages are varints padded to five bytes
enum { SPAN_FIRST = 20001, SPAN_COUNT = 20002 };

typedef struct scan {
    const uint8_t *begin; // of the file, for offsets in messages
    const onr_wire_limits *limits;
    onr_wire *out;
    size_t skeleton_cap, spans_cap;
    size_t n_fields;
    onr_err *err;
} scan;

// One message that is being walked, and the way to it.
typedef struct frame {
    const struct frame *up;
    const ProtobufCMessageDescriptor *type;
    const char *field; // name of the field that is being read
    int depth;
} frame;

// One field as it is in the file.
typedef struct item {
    const uint8_t *start; // of the tag
    const uint8_t *value; // after the tag, and after the length of WIRE_BYTES
    size_t bytes;         // of the value
    uint32_t number, wire;
    const ProtobufCFieldDescriptor *known; // NULL: not a field of this message
} item;

onr_wire_limits onr_wire_limits_default(void) {
    return (onr_wire_limits){.max_depth = 100, .max_fields = (size_t)32 << 20, .max_skeleton_bytes = (size_t)1 << 30};
}

bool onr_wire_varint(const uint8_t **p, const uint8_t *end, uint64_t *out) {
    uint64_t v = 0;
    const uint8_t *q = *p;
    for (int shift = 0; shift < 64; shift += 7) {
        if (q == end) return false;
        uint8_t b = *q++;
        if (shift == 63 && b > 1) return false;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            *p = q;
            *out = v;
            return true;
        }
    }
    return false;
}

// "graph.node.attribute", the innermost last; outer parts are left out when the text would be too long.
static const char *path_text(const frame *f, char out[PATH_TEXT]) {
    size_t at = PATH_TEXT - 1;
    out[at] = '\0';
    for (; f; f = f->up) {
        const char *name = f->field ? f->field : f->type->short_name;
        size_t n = strlen(name), dot = at < PATH_TEXT - 1;
        if (n + dot > at) break;
        if (dot) out[--at] = '.';
        at -= n;
        memcpy(out + at, name, n);
    }
    return out + at;
}

static onr_status bad(const scan *s, const frame *f, const uint8_t *at, const char *what) {
    char path[PATH_TEXT];
    return onr_fail(s->err, ONR_INVALID, "not a valid protobuf message: byte %zu, %s: %s", (size_t)(at - s->begin),
                    path_text(f, path), what);
}

// ---- what is written ----------------------------------------------------------------------------------------------------

static onr_status reserve(scan *s, size_t bytes) {
    size_t want;
    if (!onr_add_size(s->out->skeleton_bytes, bytes, &want) || want > s->limits->max_skeleton_bytes)
        return onr_fail(s->err, ONR_LIMIT, "the model without its tensors is larger than the limit of %zu bytes",
                        s->limits->max_skeleton_bytes);
    if (want <= s->skeleton_cap) return ONR_OK;
    size_t cap = s->skeleton_cap ? s->skeleton_cap : 4096;
    while (cap < want) cap *= 2;
    uint8_t *p = onr_realloc(s->out->skeleton, cap);
    if (!p) return onr_no_memory(s->err, cap);
    s->out->skeleton = p;
    s->skeleton_cap = cap;
    return ONR_OK;
}

static onr_status put_bytes(scan *s, const void *data, size_t bytes) {
    ONR_TRY(reserve(s, bytes));
    if (bytes) memcpy(s->out->skeleton + s->out->skeleton_bytes, data, bytes);
    s->out->skeleton_bytes += bytes;
    return ONR_OK;
}

static onr_status put_varint(scan *s, uint64_t v) {
    uint8_t b[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) b[n++] = (uint8_t)(v | 0x80);
    b[n++] = (uint8_t)v;
    return put_bytes(s, b, n);
}

static onr_status put_tag(scan *s, uint32_t number, uint32_t wire) { return put_varint(s, (uint64_t)number << 3 | wire); }

static onr_status put_span(scan *s, size_t first, const item *it) {
    onr_wire *o = s->out;
    bool packed = it->wire == WIRE_BYTES;
    const uint8_t *data = packed ? it->value : it->start;
    size_t bytes = packed ? it->bytes : (size_t)(it->value + it->bytes - it->start);
    if (!packed && o->n_spans > first) { // the next of a run of single values
        onr_span *last = &o->spans[o->n_spans - 1];
        if (!last->packed && last->field == it->number && last->data + last->bytes == data) {
            last->bytes += bytes;
            return ONR_OK;
        }
    }
    if (o->n_spans == s->spans_cap) {
        size_t cap = s->spans_cap ? s->spans_cap * 2 : 64;
        onr_span *p = onr_realloc(o->spans, cap * sizeof *p); // cap is bounded by max_fields
        if (!p) return onr_no_memory(s->err, cap * sizeof *p);
        o->spans = p;
        s->spans_cap = cap;
    }
    o->spans[o->n_spans++] = (onr_span){.data = data, .bytes = bytes, .field = it->number, .packed = packed};
    return ONR_OK;
}

// ---- what is read -------------------------------------------------------------------------------------------------------

static onr_status read_item(scan *s, frame *f, const uint8_t **p, const uint8_t *end, item *it) {
    uint64_t tag, n = 0;
    it->start = *p;
    if (++s->n_fields > s->limits->max_fields)
        return onr_fail(s->err, ONR_LIMIT, "more than %zu fields", s->limits->max_fields);
    if (!onr_wire_varint(p, end, &tag)) return bad(s, f, it->start, "a tag is cut off or too long");
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff) return bad(s, f, it->start, "no field can have this number");
    it->number = (uint32_t)(tag >> 3);
    it->wire = (uint32_t)(tag & 7);
    it->value = *p;
    it->known = protobuf_c_message_descriptor_get_field(f->type, it->number);
    if (it->known) f->field = it->known->name;
    switch (it->wire) {
    case WIRE_VARINT:
        if (!onr_wire_varint(p, end, &n)) return bad(s, f, it->start, "a number is cut off or too long");
        it->bytes = (size_t)(*p - it->value);
        return ONR_OK;
    case WIRE_BYTES:
        if (!onr_wire_varint(p, end, &n)) return bad(s, f, it->start, "a length is cut off or too long");
        it->value = *p;
        break;
    case WIRE_64: n = 8; break;
    case WIRE_32: n = 4; break;
    case WIRE_GROUP:
    case WIRE_END_GROUP: return bad(s, f, it->start, "groups are not used by ONNX");
    default: return bad(s, f, it->start, "there is no such wire type");
    }
    if (n > (uint64_t)(end - *p)) return bad(s, f, it->start, "the field is longer than what is left");
    it->bytes = (size_t)n;
    *p += n;
    return ONR_OK;
}

static uint32_t wire_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return WIRE_64;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return WIRE_32;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return WIRE_BYTES;
    default: return WIRE_VARINT;
    }
}

static onr_status check_packed(scan *s, const frame *f, const item *it, uint32_t wire) {
    if (wire == WIRE_64 && it->bytes % 8) return bad(s, f, it->start, "a list of 8-byte numbers ends within one");
    if (wire == WIRE_32 && it->bytes % 4) return bad(s, f, it->start, "a list of 4-byte numbers ends within one");
    const uint8_t *p = it->value, *end = p + it->bytes;
    uint64_t v;
    while (wire == WIRE_VARINT && p < end)
        if (!onr_wire_varint(&p, end, &v)) return bad(s, f, it->start, "a list of numbers ends within one");
    return ONR_OK;
}

// Checks a field's wire type against the schema, and its contents as far as they are not messages.
static onr_status check_item(scan *s, const frame *f, const item *it, const ProtobufCFieldDescriptor *d) {
    uint32_t wire = wire_of(d->type);
    if (it->wire == wire) {
        if (d->type == PROTOBUF_C_TYPE_STRING && it->bytes && memchr(it->value, 0, it->bytes))
            return bad(s, f, it->start, "a text contains a zero byte");
        return ONR_OK;
    }
    if (it->wire == WIRE_BYTES && wire != WIRE_BYTES && d->label == PROTOBUF_C_LABEL_REPEATED)
        return check_packed(s, f, it, wire);
    return bad(s, f, it->start, "the field has another wire type than its type says");
}

// Numeric lists and raw_data of a tensor leave the message.
static bool is_lifted(const ProtobufCMessageDescriptor *type, uint32_t number) {
    if (type != &onnx__tensor_proto__descriptor) return false;
    return number == 4 || number == 5 || number == 7 || number == 9 || number == 10 || number == 11;
}

// Single messages may occur once, and only one of a oneof: two would be merged, which protobuf-c does not do safely.
static onr_status check_once(scan *s, const frame *f, const item *it, const ProtobufCFieldDescriptor *d, uint64_t *seen) {
    bool oneof = d->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (d->label == PROTOBUF_C_LABEL_REPEATED || (d->type != PROTOBUF_C_TYPE_MESSAGE && !oneof)) return ONR_OK;
    unsigned index = (unsigned)(d - f->type->fields);
    if (oneof) // all of a oneof share the bit of its first field
        for (index = 0; f->type->fields[index].quantifier_offset != d->quantifier_offset;) index++;
    if (*seen >> index & 1) return bad(s, f, it->start, "the field occurs twice");
    *seen |= (uint64_t)1 << index;
    return ONR_OK;
}

static onr_status scan_message(scan *s, const frame *up, const ProtobufCMessageDescriptor *type, const uint8_t *p,
                               const uint8_t *end);

static onr_status put_message(scan *s, const frame *f, const item *it, const ProtobufCFieldDescriptor *d) {
    static const uint8_t room[LENGTH_BYTES];
    ONR_TRY(put_tag(s, it->number, WIRE_BYTES));
    size_t at = s->out->skeleton_bytes;
    ONR_TRY(put_bytes(s, room, LENGTH_BYTES));
    ONR_TRY(scan_message(s, f, d->descriptor, it->value, it->value + it->bytes));
    size_t n = s->out->skeleton_bytes - at - LENGTH_BYTES; // at most max_skeleton_bytes: fits in 35 bits
    uint8_t *length = s->out->skeleton + at;
    for (int i = 0; i < LENGTH_BYTES; i++) length[i] = (uint8_t)((n >> (7 * i) & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0));
    return ONR_OK;
}

static onr_status scan_item(scan *s, frame *f, const item *it, size_t first_span, uint64_t *seen) {
    const ProtobufCFieldDescriptor *d = it->known;
    bool ours = f->type == &onnx__tensor_proto__descriptor && (it->number == SPAN_FIRST || it->number == SPAN_COUNT);
    if (!d || ours) return ONR_OK; // unknown fields are skipped, as protobuf demands
    ONR_TRY(check_item(s, f, it, d));
    ONR_TRY(check_once(s, f, it, d, seen));
    if (is_lifted(f->type, it->number)) return put_span(s, first_span, it);
    if (d->type == PROTOBUF_C_TYPE_MESSAGE) return put_message(s, f, it, d);
    ONR_TRY(put_tag(s, it->number, it->wire));
    if (it->wire == WIRE_BYTES) ONR_TRY(put_varint(s, it->bytes));
    return put_bytes(s, it->value, it->bytes);
}

static onr_status scan_message(scan *s, const frame *up, const ProtobufCMessageDescriptor *type, const uint8_t *p,
                               const uint8_t *end) {
    frame f = {.up = up, .type = type, .depth = up ? up->depth + 1 : 1};
    if (f.depth > s->limits->max_depth)
        return onr_fail(s->err, ONR_LIMIT, "messages are nested more than %d levels deep", s->limits->max_depth);
    size_t first_span = s->out->n_spans;
    uint64_t seen = 0; // no message has more than 64 fields
    while (p < end) {
        item it = {0};
        f.field = NULL;
        ONR_TRY(read_item(s, &f, &p, end, &it));
        ONR_TRY(scan_item(s, &f, &it, first_span, &seen));
    }
    if (type != &onnx__tensor_proto__descriptor || s->out->n_spans == first_span) return ONR_OK;
    ONR_TRY(put_tag(s, SPAN_FIRST, WIRE_VARINT));
    ONR_TRY(put_varint(s, first_span));
    ONR_TRY(put_tag(s, SPAN_COUNT, WIRE_VARINT));
    return put_varint(s, s->out->n_spans - first_span);
}

onr_status onr_wire_scan(const ProtobufCMessageDescriptor *root, const void *data, size_t bytes, const onr_wire_limits *limits,
                         onr_wire *out, onr_err *err) {
    memset(out, 0, sizeof *out);
    onr_wire_limits l = *limits;
    if (l.max_skeleton_bytes > INT32_MAX) l.max_skeleton_bytes = INT32_MAX;
    if (l.max_fields > UINT32_MAX) l.max_fields = UINT32_MAX; // span numbers have 32 bits
    const uint8_t *begin = bytes ? data : (const uint8_t *)"";
    scan s = {.begin = begin, .limits = &l, .out = out, .err = err};
    onr_status status = scan_message(&s, NULL, root, begin, begin + bytes);
    if (status != ONR_OK) onr_wire_free(out);
    return status;
}

void onr_wire_free(onr_wire *w) {
    onr_free(w->skeleton);
    onr_free(w->spans);
    memset(w, 0, sizeof *w);
}
