// test_base_half.c: every code of every small format, and every boundary between two neighbours, against a search by value.
// May assume: double holds all values of these formats exactly. Never uses the code under test to make the expected rounding.
#include "base/half.h"

#include "support/cmocka.h"

#include <math.h>
#include <string.h>

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

// The value of a code from the formula in the standards: (-1)^s 2^(e-bias) 1.m, or 2^(1-bias) 0.m.
static double formula(uint32_t code, int mant_bits, int bias) {
    int e = (int)(code >> mant_bits);
    double m = (double)(code & ((1u << mant_bits) - 1)) / (1u << mant_bits);
    return e ? ldexp(1 + m, e - bias) : ldexp(m, 1 - bias);
}

static void f16_to_f32_all(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x8000; h++) {
        float pos = onr_f16_to_f32((uint16_t)h), neg = onr_f16_to_f32((uint16_t)(h | 0x8000));
        assert_int_equal(bits_of(neg), bits_of(pos) | 0x80000000u);
        if (h > 0x7c00) {
            assert_true(isnan(pos));
            assert_int_equal(bits_of(pos) >> 13 & 0x1ff, h & 0x1ff); // payload
        } else if (h == 0x7c00) {
            assert_true(isinf(pos));
        } else {
            assert_true(pos == formula(h, 10, 15));
        }
        if (h <= 0x7c00) assert_int_equal(onr_f32_to_f16(pos), h);
        if (h <= 0x7c00) assert_int_equal(onr_f64_to_f16(neg), h | 0x8000);
    }
}

// Between neighbours a < b: the middle goes to the even code, and the floats next to it to the nearer one.
static void f16_rounding_all(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x7c00; h++) {
        double a = formula(h, 10, 15), b = h == 0x7bff ? 65536.0 : formula(h + 1, 10, 15);
        float mid = (float)((a + b) / 2); // exact in fp32: 12 significant bits
        uint32_t even = h & 1 ? h + 1 : h;
        assert_int_equal(onr_f32_to_f16(mid), even);
        assert_int_equal(onr_f32_to_f16(nextafterf(mid, 0)), h);
        assert_int_equal(onr_f32_to_f16(nextafterf(mid, INFINITY)), h + 1);
        assert_int_equal(onr_f32_to_f16(-mid), even | 0x8000);
        assert_int_equal(onr_f64_to_f16(mid), even);
        assert_int_equal(onr_f64_to_f16(nextafter(mid, 0)), h);
        assert_int_equal(onr_f64_to_f16(nextafter(mid, INFINITY)), h + 1);
        assert_int_equal(onr_f64_to_f16(-nextafter(mid, INFINITY)), (h + 1) | 0x8000);
    }
}

static void f16_special_values(void **state) {
    (void)state;
    assert_int_equal(onr_f32_to_f16(1.0f), 0x3c00);
    assert_int_equal(onr_f32_to_f16(-2.0f), 0xc000);
    assert_int_equal(onr_f32_to_f16(65504.0f), 0x7bff);
    assert_int_equal(onr_f32_to_f16(65519.996f), 0x7bff);
    assert_int_equal(onr_f32_to_f16(65520.0f), 0x7c00);
    assert_int_equal(onr_f32_to_f16(1e30f), 0x7c00);
    assert_int_equal(onr_f32_to_f16(-INFINITY), 0xfc00);
    assert_int_equal(onr_f32_to_f16(5.9604645e-8f), 0x0001);
    assert_int_equal(onr_f32_to_f16(float_of(1)), 0);
    assert_int_equal(onr_f32_to_f16(-0.0f), 0x8000);
    assert_int_equal(onr_f64_to_f16(1e300), 0x7c00);
    assert_int_equal(onr_f64_to_f16(-INFINITY), 0xfc00);
    assert_int_equal(onr_f64_to_f16(5e-324), 0);
    assert_true(isnan(onr_f16_to_f32(onr_f32_to_f16(NAN))));
    assert_true(isnan(onr_f16_to_f32(onr_f64_to_f16(NAN))));
    assert_true(isnan(onr_f16_to_f32(onr_f32_to_f16(float_of(0x7f800001))))); // a payload that half cannot hold
    // One rounding, not two: through fp32 this would land on the tie and go down to even.
    double twice = 1.0 + ldexp(1, -11) + ldexp(1, -40);
    assert_int_equal(onr_f64_to_f16(twice), 0x3c01);
    assert_int_equal(onr_f32_to_f16((float)twice), 0x3c00);
}

static void bf16_all(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = onr_bf16_to_f32((uint16_t)h);
        assert_int_equal(bits_of(f), h << 16);
        uint16_t back = onr_f32_to_bf16(f);
        if (isnan(f)) {
            assert_true(isnan(onr_bf16_to_f32(back)));
        } else {
            assert_int_equal(back, h);
        }
        uint32_t magnitude = h & 0x7fff;
        if (magnitude >= 0x7f80) continue;
        uint32_t tie = h << 16 | 0x8000; // halfway to the next code
        assert_int_equal(onr_f32_to_bf16(float_of(tie)), h + (h & 1));
        assert_int_equal(onr_f32_to_bf16(float_of(tie - 1)), h);
        assert_int_equal(onr_f32_to_bf16(float_of(tie + 1)), h + 1);
    }
    assert_true(isnan(onr_bf16_to_f32(onr_f32_to_bf16(float_of(0x7fffffff)))));
    assert_true(isnan(onr_bf16_to_f32(onr_f32_to_bf16(float_of(0xff800001)))));
    assert_int_equal(onr_f32_to_bf16(3.4028235e38f), 0x7f80);
}

typedef struct f8_case {
    onr_f8_kind kind;
    int mant_bits, bias, max_code, nan_code, overflow_code; // overflow and NaN as ONNX's Cast gives them, positive
    bool fnuz;
} f8_case;

static const f8_case f8_cases[] = {
    {ONR_F8_E4M3FN, 3, 7, 0x7e, 0x7f, 0x7f, false},
    {ONR_F8_E4M3FNUZ, 3, 8, 0x7f, 0x80, 0x80, true},
    {ONR_F8_E5M2, 2, 15, 0x7b, 0x7e, 0x7c, false},
    {ONR_F8_E5M2FNUZ, 2, 16, 0x7f, 0x80, 0x80, true},
};

static void f8_decode_all(void **state) {
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const f8_case *c = &f8_cases[k];
        for (int v = 0; v < 256; v++) {
            float f = onr_f8_to_f32((uint8_t)v, c->kind);
            int code = v & 0x7f;
            if (c->fnuz && v == 0x80) {
                assert_true(isnan(f));
            } else if (code <= c->max_code) {
                assert_true(f == (v & 0x80 ? -1 : 1) * formula((uint32_t)code, c->mant_bits, c->bias));
                assert_int_equal(signbit(f) != 0, v >> 7);
            } else if (c->kind == ONR_F8_E5M2 && code == 0x7c) {
                assert_true(isinf(f) && (f < 0) == (v >> 7));
            } else {
                assert_true(isnan(f));
            }
        }
    }
    assert_true(onr_f8_to_f32(0x7e, ONR_F8_E4M3FN) == 448.0f);
    assert_true(onr_f8_to_f32(0x7f, ONR_F8_E4M3FNUZ) == 240.0f);
    assert_true(onr_f8_to_f32(0x7b, ONR_F8_E5M2) == 57344.0f);
    assert_true(onr_f8_to_f32(0x7f, ONR_F8_E5M2FNUZ) == 57344.0f);
}

static void f8_encode_all(void **state) {
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const f8_case *c = &f8_cases[k];
        for (int code = 0; code <= c->max_code; code++) {
            double a = formula((uint32_t)code, c->mant_bits, c->bias), b = formula((uint32_t)code + 1, c->mant_bits, c->bias);
            int neg = c->fnuz && code == 0 ? 0 : code | 0x80;
            assert_int_equal(onr_f32_to_f8((float)a, c->kind, false), code);
            assert_int_equal(onr_f32_to_f8((float)-a, c->kind, true), neg);
            float mid = (float)((a + b) / 2);
            for (int saturate = 0; saturate < 2; saturate++) {
                int up = code < c->max_code ? code + 1 : saturate ? c->max_code : c->overflow_code;
                assert_int_equal(onr_f32_to_f8(nextafterf(mid, 0), c->kind, saturate), code);
                assert_int_equal(onr_f32_to_f8(mid, c->kind, saturate), code & 1 ? up : code);
                assert_int_equal(onr_f32_to_f8(nextafterf(mid, INFINITY), c->kind, saturate), up);
            }
        }
    }
}

// The expected codes are those of ONNX's backend tests cast_*_to_FLOAT8* and cast_no_saturate_*.
static void f8_special_values(void **state) {
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const f8_case *c = &f8_cases[k];
        int sign = c->fnuz ? 0 : 0x80;
        assert_int_equal(onr_f32_to_f8(1e6f, c->kind, true), c->max_code);
        assert_int_equal(onr_f32_to_f8(-1e6f, c->kind, true), c->max_code | 0x80);
        assert_int_equal(onr_f32_to_f8(INFINITY, c->kind, true), c->max_code);
        assert_int_equal(onr_f32_to_f8(-INFINITY, c->kind, true), c->max_code | 0x80);
        assert_int_equal(onr_f32_to_f8(1e6f, c->kind, false), c->overflow_code);
        assert_int_equal(onr_f32_to_f8(INFINITY, c->kind, false), c->overflow_code);
        assert_int_equal(onr_f32_to_f8(-INFINITY, c->kind, false), c->overflow_code | 0x80);
        assert_int_equal(onr_f32_to_f8(float_of(0x7fc00000), c->kind, true), c->nan_code);
        assert_int_equal(onr_f32_to_f8(float_of(0x7fc00000), c->kind, false), c->nan_code);
        assert_int_equal(onr_f32_to_f8(1e-7f, c->kind, true), 0);
        assert_int_equal(onr_f32_to_f8(-1e-7f, c->kind, true), sign);
        assert_int_equal(onr_f32_to_f8(-0.0f, c->kind, true), sign);
    }
    assert_int_equal(onr_f32_to_f8(0.47892547f, ONR_F8_E4M3FN, true), 0x2f);
    assert_int_equal(onr_f32_to_f8(0.8191054f, ONR_F8_E5M2, true), 0x3b);
    assert_int_equal(onr_f32_to_f8(0.8191054f, ONR_F8_E5M2FNUZ, true), 0x3f);
    assert_int_equal(onr_f32_to_f8(0.47031248f, ONR_F8_E4M3FNUZ, true), 0x37);
}

static void e8m0_all(void **state) {
    (void)state;
    for (int v = 0; v < 255; v++) {
        float f = onr_e8m0_to_f32((uint8_t)v);
        assert_true(f == ldexp(1, v - 127));
        int next = v + 1;
        for (int mode = ONR_E8M0_UP; mode <= ONR_E8M0_NEAREST; mode++) {
            for (int saturate = 0; saturate < 2; saturate++) {
                int up = next == 255 && saturate ? 254 : next;
                assert_int_equal(onr_f32_to_e8m0(f, mode, saturate), v);
                assert_int_equal(onr_f32_to_e8m0(-f, mode, saturate), v); // the format has no sign
                float above = nextafterf(f, INFINITY), middle = f * 1.5f, below_middle = nextafterf(middle, 0);
                assert_int_equal(onr_f32_to_e8m0(above, mode, saturate), mode == ONR_E8M0_UP ? up : v);
                assert_int_equal(onr_f32_to_e8m0(below_middle, mode, saturate), mode == ONR_E8M0_UP ? up : v);
                assert_int_equal(onr_f32_to_e8m0(middle, mode, saturate), mode == ONR_E8M0_DOWN ? v : up);
            }
        }
    }
    assert_true(isnan(onr_e8m0_to_f32(255)));
    assert_int_equal(onr_f32_to_e8m0(NAN, ONR_E8M0_UP, true), 255);
    assert_int_equal(onr_f32_to_e8m0(INFINITY, ONR_E8M0_UP, true), 255);
    assert_int_equal(onr_f32_to_e8m0(0, ONR_E8M0_UP, true), 0);
    assert_int_equal(onr_f32_to_e8m0(0.124f, ONR_E8M0_UP, true), 0x7c);
    assert_int_equal(onr_f32_to_e8m0(1.0996f, ONR_E8M0_UP, true), 0x80);
}

static void e2m1_all(void **state) {
    (void)state;
    static const float values[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    for (int v = 0; v < 8; v++) {
        assert_true(onr_e2m1_to_f32((uint8_t)v) == values[v]);
        assert_true(onr_e2m1_to_f32((uint8_t)(v | 8)) == -values[v]);
        assert_int_equal(onr_f32_to_e2m1(values[v]), v);
        assert_int_equal(onr_f32_to_e2m1(-values[v]), v | 8);
        if (v == 7) break;
        float mid = (values[v] + values[v + 1]) / 2;
        assert_int_equal(onr_f32_to_e2m1(mid), v & 1 ? v + 1 : v);
        assert_int_equal(onr_f32_to_e2m1(nextafterf(mid, 0)), v);
        assert_int_equal(onr_f32_to_e2m1(nextafterf(mid, 9)), v + 1);
    }
    assert_int_equal(onr_f32_to_e2m1(1e9f), 7);
    assert_int_equal(onr_f32_to_e2m1(-INFINITY), 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f16_to_f32_all),    cmocka_unit_test(f16_rounding_all), cmocka_unit_test(f16_special_values),
        cmocka_unit_test(bf16_all),          cmocka_unit_test(f8_decode_all),    cmocka_unit_test(f8_encode_all),
        cmocka_unit_test(f8_special_values), cmocka_unit_test(e8m0_all),         cmocka_unit_test(e2m1_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
