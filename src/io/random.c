// random.c: fills tensors with numbers of a seeded generator.
// May assume: nothing. Never uses the clock or the C library's generator.
#include "io/random.h"

#include "base/half.h"
#include "io/raw.h"

#include <string.h>

static uint64_t next(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

// Uniform in [-1, 1), exact in a float.
static float next_float(uint64_t *state) { return (float)(next(state) >> 40) * 0x1p-23f - 1; }

static bool is_complex(onnxrun_dtype t) { return t == ONNXRUN_COMPLEX64 || t == ONNXRUN_COMPLEX128; }

// Fills `bytes` bytes with items of a type of at least 8 bits, or with random bits.
static void fill(onnxrun_dtype dtype, void *data, size_t bytes, uint64_t *s) {
    size_t unit = (size_t)onnxrun_dtype_bits(dtype) / 8;
    if (is_complex(dtype)) unit /= 2;
    uint8_t *p = data;
    for (size_t at = 0; at < bytes; at += unit ? unit : 1) {
        float f;
        double d;
        uint64_t x;
        uint16_t h;
        switch (dtype) {
        case ONNXRUN_FLOAT:
        case ONNXRUN_COMPLEX64:
            f = next_float(s);
            memcpy(p + at, &f, sizeof f);
            break;
        case ONNXRUN_DOUBLE:
        case ONNXRUN_COMPLEX128:
            d = next_float(s);
            memcpy(p + at, &d, sizeof d);
            break;
        case ONNXRUN_FLOAT16:
        case ONNXRUN_BFLOAT16:
            f = next_float(s);
            h = dtype == ONNXRUN_FLOAT16 ? onr_f32_to_f16(f) : onr_f32_to_bf16(f);
            memcpy(p + at, &h, sizeof h);
            break;
        case ONNXRUN_FLOAT8E4M3FN:
        case ONNXRUN_FLOAT8E4M3FNUZ:
        case ONNXRUN_FLOAT8E5M2:
        case ONNXRUN_FLOAT8E5M2FNUZ:
            p[at] = onr_f32_to_f8(next_float(s), (onr_f8_kind)(ONR_F8_E4M3FN + (dtype - ONNXRUN_FLOAT8E4M3FN)), true);
            break;
        case ONNXRUN_FLOAT8E8M0: p[at] = (uint8_t)(120 + next(s) % 8); break; // 2^-7 ... 1
        case ONNXRUN_BOOL: p[at] = (uint8_t)(next(s) >> 63); break;
        default: x = unit <= 1 ? next(s) >> 56 : next(s) >> 63; memcpy(p + at, &x, unit ? unit : 1);
        }
    }
}

onnxrun_status onr_random_value(onnxrun_dtype dtype, int rank, const int64_t *dims, uint64_t seed, onnxrun_value **out,
                                onnxrun_error *err) {
    char text[ONR_IO_TYPE_TEXT];
    size_t bytes;
    if (!onr_raw_bytes(dtype, rank, dims, &bytes)) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "no random numbers for %s", onr_io_type_text(dtype, rank, dims, text));
    }
    void *data = onr_io_alloc(bytes, 1);
    if (!data) return onr_io_no_memory(err, bytes);
    fill(dtype, data, bytes, &seed);
    onnxrun_status st = onnxrun_value_tensor(dtype, rank, dims, data, bytes, out, err);
    onr_io_free(data);
    return st;
}
