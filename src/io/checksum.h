// checksum.h: XXH3, 128 bits, of values: the same content gives the same digits everywhere.
#ifndef ONR_IO_CHECKSUM_H
#define ONR_IO_CHECKSUM_H

#include "io/file.h"

typedef struct onr_checksum {
    uint64_t high, low;
} onr_checksum;

/// Of a tensor: the bytes of "float32[1x3]" and of its contents, little-endian and row-major; small types packed as ONNX packs
/// them; of a string its length in 8 bytes, then its bytes. Of other values: "sequence[2]", "optional[0]" or "map[2]", and the
/// 16 bytes (high, low) of each item's checksum. ONNXRUN_UNSUPPORTED: this build has no xxHash.
onnxrun_status onr_checksum_of(const onnxrun_value *v, onr_checksum *out, onnxrun_error *err);
/// Of bytes alone.
onnxrun_status onr_checksum_bytes(const void *data, size_t bytes, onr_checksum *out, onnxrun_error *err);
/// 32 hexadecimal digits, the high half first. Returns out.
enum { ONR_CHECKSUM_TEXT = 33 };
const char *onr_checksum_text(onr_checksum c, char out[ONR_CHECKSUM_TEXT]);
bool onr_checksum_equal(onr_checksum a, onr_checksum b);

#endif
