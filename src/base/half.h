// half.h: conversions between fp32 and the small float formats, one value at a time. Pure bit arithmetic, any CPU.
// Sources: IEEE 754-2019 binary16; bfloat16; "FP8 Formats for Deep Learning" (arXiv 2209.05433) and ONNX "Float stored in 8
// bits"; OCP Microscaling formats (MX) 1.0 for E8M0 and E2M1.
#ifndef ONR_BASE_HALF_H
#define ONR_BASE_HALF_H

#include <stdbool.h>
#include <stdint.h>

float onr_f16_to_f32(uint16_t h);
uint16_t onr_f32_to_f16(float f);  ///< round to nearest even, overflow to infinity
uint16_t onr_f64_to_f16(double f); ///< one rounding, from the double
float onr_bf16_to_f32(uint16_t h);
uint16_t onr_f32_to_bf16(float f); ///< round to nearest even, NaN stays NaN

typedef enum onr_f8_kind { ONR_F8_E4M3FN, ONR_F8_E4M3FNUZ, ONR_F8_E5M2, ONR_F8_E5M2FNUZ } onr_f8_kind;
float onr_f8_to_f32(uint8_t v, onr_f8_kind kind);
/// Round to nearest even; out of range: the largest finite value when `saturate`, else NaN (or infinity for E5M2), as the ONNX
/// Cast table says.
uint8_t onr_f32_to_f8(float f, onr_f8_kind kind, bool saturate);

float onr_e8m0_to_f32(uint8_t v); ///< 2^(v-127); 255 is NaN
typedef enum onr_e8m0_round { ONR_E8M0_UP, ONR_E8M0_DOWN, ONR_E8M0_NEAREST } onr_e8m0_round;
uint8_t onr_f32_to_e8m0(float f, onr_e8m0_round mode, bool saturate);
float onr_e2m1_to_f32(uint8_t nibble);
uint8_t onr_f32_to_e2m1(float f); ///< always saturates; round to nearest even

#endif
