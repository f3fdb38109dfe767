// half.c: small float formats to and from fp32, by integer arithmetic on their bits.
// May assume: float and double are IEEE 754. Never depends on the rounding mode or on the CPU's float instructions.
#include "base/half.h"

#include <string.h>

enum { F32_INF = 0x7f800000 };

static uint32_t bits_of(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static float float_of(uint32_t u) {
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

// m / 2^shift rounded to nearest, ties to even.
static uint64_t shift_round(uint64_t m, int shift) {
    if (shift <= 0) return m << -shift;
    if (shift > 63) return 0; // all callers' m have at most 53 bits: less than one half
    uint64_t q = m >> shift, rest = m & ((UINT64_C(1) << shift) - 1), half = UINT64_C(1) << (shift - 1);
    return q + (rest > half || (rest == half && (q & 1)));
}

// The magnitude code of m * 2^exp in a format with `mant_bits` and smallest normal exponent `min_exp`, as if its exponents had
// no upper end: codes of positive floats count up without gaps, so the caller compares with the largest finite code.
static uint64_t encode(uint64_t m, int exp, int mant_bits, int min_exp) {
    if (m == 0) return 0;
    int lead = exp + 63 - __builtin_clzll(m); // exponent of the leading bit
    bool normal = lead >= min_exp;
    uint64_t q = shift_round(m, (normal ? lead : min_exp) - mant_bits - exp);
    // A subnormal's code is q itself; a q rounded up to the next power of two carries into the exponent as it should.
    return normal ? q + ((uint64_t)(lead - min_exp) << mant_bits) : q;
}

// A finite magnitude's significand and exponent.
static uint64_t split_f32(uint32_t magnitude, int *exp) {
    int e = (int)(magnitude >> 23);
    *exp = (e ? e : 1) - 150;
    return (magnitude & 0x7fffff) | (e ? 0x800000u : 0u);
}

// The inverse: a code without sign, with `mant_bits` and exponent bias `bias`, every code read as a finite number.
static float decode(uint32_t code, int mant_bits, int bias) {
    uint32_t e = code >> mant_bits, m = code & ((1u << mant_bits) - 1);
    if (e == 0) {
        if (m == 0) return 0.0f;
        // Normalize: the leading bit of m becomes the implicit one.
        int up = mant_bits - (31 - __builtin_clz(m));
        m = (m << up) & ((1u << mant_bits) - 1);
        return float_of((uint32_t)(1 - up + 127 - bias) << 23 | m << (23 - mant_bits));
    }
    return float_of((uint32_t)((int)e + 127 - bias) << 23 | m << (23 - mant_bits));
}

float onr_f16_to_f32(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fff;
    if (magnitude >= 0x7c00) { // infinity, NaN with its payload, quiet
        uint32_t payload = (magnitude & 0x3ff) << 13;
        return float_of(sign | F32_INF | payload | (payload ? 0x400000u : 0u));
    }
    return float_of(sign | bits_of(decode(magnitude, 10, 15)));
}

uint16_t onr_f32_to_f16(float f) {
    uint32_t u = bits_of(f), a = u & 0x7fffffff;
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
    if (a > F32_INF) return (uint16_t)(sign | 0x7e00 | (a >> 13 & 0x3ff));
    if (a >= 0x47800000) return (uint16_t)(sign | 0x7c00); // 2^16 and above
    if (a >= 0x38800000) {                                 // normal halves: rebias and round in one addition, up to infinity
        return (uint16_t)(sign | ((a - (112u << 23) + 0xfff + (a >> 13 & 1)) >> 13));
    }
    int exp;
    uint64_t m = split_f32(a, &exp);
    return (uint16_t)(sign | encode(m, exp, 10, -14));
}

uint16_t onr_f64_to_f16(double f) {
    uint64_t u;
    memcpy(&u, &f, sizeof u);
    uint64_t a = u & ~(UINT64_C(1) << 63), inf = UINT64_C(0x7ff) << 52;
    uint16_t sign = (uint16_t)(u >> 48 & 0x8000);
    if (a > inf) return (uint16_t)(sign | 0x7e00 | (a >> 42 & 0x3ff));
    int e = (int)(a >> 52);
    uint64_t m = (a & ((UINT64_C(1) << 52) - 1)) | (e ? UINT64_C(1) << 52 : 0);
    uint64_t code = a == inf ? 0x7c00 : encode(m, (e ? e : 1) - 1075, 10, -14);
    return (uint16_t)(sign | (code < 0x7c00 ? code : 0x7c00));
}

float onr_bf16_to_f32(uint16_t h) { return float_of((uint32_t)h << 16); }

uint16_t onr_f32_to_bf16(float f) {
    uint32_t u = bits_of(f);
    if ((u & 0x7fffffff) > F32_INF) return (uint16_t)(u >> 16 | 0x40); // quiet, so that no payload rounds to infinity
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

// What sets the four 8-bit formats apart. In the FNUZ ones the code of -0 is the only NaN; E4M3FN has no infinity.
typedef struct f8_format {
    uint8_t mant_bits, bias, max_finite, nan, overflow; // nan and overflow (when not saturating) are without sign
    bool fnuz;
} f8_format;

static const f8_format f8_formats[] = {
    [ONR_F8_E4M3FN] = {3, 7, 0x7e, 0x7f, 0x7f, false},
    [ONR_F8_E4M3FNUZ] = {3, 8, 0x7f, 0x80, 0x80, true},
    [ONR_F8_E5M2] = {2, 15, 0x7b, 0x7e, 0x7c, false},
    [ONR_F8_E5M2FNUZ] = {2, 16, 0x7f, 0x80, 0x80, true},
};

float onr_f8_to_f32(uint8_t v, onr_f8_kind kind) {
    const f8_format *k = &f8_formats[kind];
    uint32_t sign = (uint32_t)(v & 0x80) << 24;
    uint8_t code = v & 0x7f;
    if (k->fnuz && v == 0x80) return float_of(F32_INF | 0x400000);
    if (code > k->max_finite) return float_of(sign | F32_INF | (kind == ONR_F8_E5M2 && code == 0x7c ? 0 : 0x400000u));
    return float_of(sign | bits_of(decode(code, k->mant_bits, k->bias)));
}

uint8_t onr_f32_to_f8(float f, onr_f8_kind kind, bool saturate) {
    const f8_format *k = &f8_formats[kind];
    uint32_t u = bits_of(f), a = u & 0x7fffffff;
    uint8_t sign = (uint8_t)(u >> 24 & 0x80);
    if (a > F32_INF) return sign | k->nan;
    uint64_t code = 0x100; // infinity is out of range
    if (a < F32_INF) {
        int exp;
        uint64_t m = split_f32(a, &exp);
        code = encode(m, exp, k->mant_bits, 1 - k->bias);
    }
    if (code > k->max_finite) return sign | (saturate ? k->max_finite : k->overflow);
    if (k->fnuz && code == 0) return 0; // there is no -0
    return (uint8_t)(sign | code);
}

float onr_e8m0_to_f32(uint8_t v) {
    if (v == 255) return float_of(F32_INF | 0x400000);
    return float_of(v ? (uint32_t)v << 23 : 0x400000u); // 2^-127 is subnormal in fp32
}

uint8_t onr_f32_to_e8m0(float f, onr_e8m0_round mode, bool saturate) {
    uint32_t a = bits_of(f) & 0x7fffffff;
    if (a >= F32_INF) return 255;
    uint32_t code = a >> 23, mant = a & 0x7fffff;
    uint32_t tie = 0x400000;
    if (code == 0) { // fp32 subnormals: the step from 2^-127 (code 0, bits 0x400000) to 2^-126 (code 1) has half its width
        if (mant <= 0x400000) return 0;
        mant -= 0x400000;
        tie = 0x200000;
    }
    if (mant && (mode == ONR_E8M0_UP || (mode == ONR_E8M0_NEAREST && mant >= tie))) code++;
    return (uint8_t)(code == 255 && saturate ? 254 : code);
}

float onr_e2m1_to_f32(uint8_t nibble) { return float_of((uint32_t)(nibble & 8) << 28 | bits_of(decode(nibble & 7, 1, 1))); }

uint8_t onr_f32_to_e2m1(float f) {
    uint32_t u = bits_of(f), a = u & 0x7fffffff;
    uint8_t sign = (uint8_t)(u >> 28 & 8);
    if (a >= F32_INF) return sign | 7; // the format has neither; NaN becomes the largest value, like every value out of range
    int exp;
    uint64_t m = split_f32(a, &exp), code = encode(m, exp, 1, 0);
    return (uint8_t)(sign | (code > 7 ? 7 : code));
}
