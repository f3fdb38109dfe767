// checksum.c: xxHash over types, shapes and contents.
// May assume: a little-endian machine, as the whole library. Never copies a tensor but one of 2- or 4-bit elements.
#include "io/checksum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool onr_checksum_equal(onr_checksum a, onr_checksum b) { return a.high == b.high && a.low == b.low; }

const char *onr_checksum_text(onr_checksum c, char out[ONR_CHECKSUM_TEXT]) {
    snprintf(out, ONR_CHECKSUM_TEXT, "%016" PRIx64 "%016" PRIx64, c.high, c.low);
    return out;
}

#ifdef ONR_HAVE_XXHASH
#include <xxhash.h>

// "float32[1x3]"
static void add_type(XXH3_state_t *state, const onnxrun_value *v) {
    char text[480]; // 16 dimensions of 20 digits
    int at = snprintf(text, sizeof text, "%s[", onnxrun_dtype_name(onnxrun_value_dtype(v)));
    for (int d = 0; d < onnxrun_value_rank(v); d++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%" PRId64, d ? "x" : "", onnxrun_value_dims(v)[d]);
    at += snprintf(text + at, sizeof text - (size_t)at, "]");
    XXH3_128bits_update(state, text, (size_t)at);
}

static onnxrun_status add_tensor(XXH3_state_t *state, const onnxrun_value *v, onnxrun_error *err) {
    size_t bytes = onnxrun_value_bytes(v);
    int bits = onnxrun_dtype_bits(onnxrun_value_dtype(v));
    add_type(state, v);
    if (onnxrun_value_dtype(v) == ONNXRUN_STRING) {
        for (int64_t i = 0; i < onnxrun_value_numel(v); i++) {
            size_t n = 0;
            const char *s = onnxrun_value_string(v, i, &n);
            uint64_t length = n;
            XXH3_128bits_update(state, &length, sizeof length);
            if (n) XXH3_128bits_update(state, s, n);
        }
    } else if (bits >= 8) {
        if (bytes) XXH3_128bits_update(state, onnxrun_value_data(v), bytes);
    } else if (bytes) {
        void *packed = onr_io_alloc(bytes, 1);
        if (!packed) return onr_io_no_memory(err, bytes);
        onnxrun_value_read(v, packed);
        XXH3_128bits_update(state, packed, bytes);
        onr_io_free(packed);
    }
    return ONNXRUN_OK;
}

static onnxrun_status add_items(XXH3_state_t *state, const onnxrun_value *v, onnxrun_error *err) {
    static const char *const kinds[] = {"unknown", "tensor", "sequence", "optional", "map"};
    char text[64];
    int at = snprintf(text, sizeof text, "%s[%zu]", kinds[onnxrun_value_kind(v)], onnxrun_value_count(v));
    XXH3_128bits_update(state, text, (size_t)at);
    for (size_t i = 0; i < onnxrun_value_count(v); i++) {
        onr_checksum c;
        onnxrun_value *item = onnxrun_value_item(v, i);
        onnxrun_status st = item ? onr_checksum_of(item, &c, err) : onr_io_no_memory(err, 0);
        onnxrun_value_free(item);
        if (st != ONNXRUN_OK) return st;
        XXH3_128bits_update(state, &c.high, sizeof c.high);
        XXH3_128bits_update(state, &c.low, sizeof c.low);
    }
    return ONNXRUN_OK;
}

onnxrun_status onr_checksum_of(const onnxrun_value *v, onr_checksum *out, onnxrun_error *err) {
    XXH3_state_t *state = XXH3_createState();
    if (!state) return onr_io_no_memory(err, 0);
    XXH3_128bits_reset(state);
    onnxrun_status st = onnxrun_value_kind(v) == ONNXRUN_TENSOR ? add_tensor(state, v, err) : add_items(state, v, err);
    XXH128_hash_t h = XXH3_128bits_digest(state);
    *out = (onr_checksum){h.high64, h.low64};
    XXH3_freeState(state);
    return st;
}

onnxrun_status onr_checksum_bytes(const void *data, size_t bytes, onr_checksum *out, onnxrun_error *err) {
    (void)err;
    XXH128_hash_t h = XXH3_128bits(data, bytes);
    *out = (onr_checksum){h.high64, h.low64};
    return ONNXRUN_OK;
}

#else

static onnxrun_status left_out(onnxrun_error *err) {
    return onr_io_fail(err, ONNXRUN_UNSUPPORTED,
                       "this build has no checksums: it was made without xxHash (-DONR_XXHASH=ON, Debian's libxxhash-dev)");
}

onnxrun_status onr_checksum_of(const onnxrun_value *v, onr_checksum *out, onnxrun_error *err) {
    (void)v;
    *out = (onr_checksum){0, 0};
    return left_out(err);
}

onnxrun_status onr_checksum_bytes(const void *data, size_t bytes, onr_checksum *out, onnxrun_error *err) {
    (void)data;
    (void)bytes;
    *out = (onr_checksum){0, 0};
    return left_out(err);
}

#endif
