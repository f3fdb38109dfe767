// test_ops_quant.c: QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, and products and convolutions of quantized
// tensors. May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

static void quantize(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("QuantizeLinear", 10, "", "float32[6] 0.5 1.5 2.5 -3 300 -inf | float32[] 1", "uint8[6] 0 2 2 0 255 0"),
        OP_CASE("QuantizeLinear", 10, "", "float32[3] 1 -1 0.5 | float32[] 1 | int8[] 127", "int8[3] 127 126 127"),
        OP_CASE("QuantizeLinear", 10, "", "int32[2] 300 -6 | float32[] 2 | int8[] 1", "int8[2] 127 -2"),
        OP_CASE("QuantizeLinear", 13, "axis=-1", "float32[2x2] 1 2 3 4 | float32[2] 1 2 | uint8[2] 0 10",
                "uint8[2x2] 1 11 3 12"),
        OP_CASE("QuantizeLinear", 13, "axis=0", "float32[2x3] 1 2 3 4 5 6 | float32[2] 1 2 | uint8[2] 0 1",
                "uint8[2x3] 1 2 3 3 3 4"),
        OP_CASE("QuantizeLinear", 21, "axis=1 block_size=2", "float32[1x3] 4 4 9 | float32[1x2] 2 3", "uint8[1x3] 2 2 3"),
        OP_CASE("QuantizeLinear", 21, "axis=0 block_size=2", "float32[3x2] 4 4 4 4 9 8 | float32[2x2] 2 4 3 8",
                "uint8[3x2] 2 1 2 1 3 1"),
        OP_CASE("QuantizeLinear", 21, "output_dtype=22", "float32[4] 20 -20 3.5 -0.5 | float32[] 1", "int4[4] 7 -8 4 0"),
        OP_CASE("QuantizeLinear", 21, "output_dtype=4", "float32[2] 70000 -1 | float32[] 1", "uint16[2] 65535 0"),
        OP_CASE("QuantizeLinear", 25, "output_dtype=26", "float32[3] 5 -5 0.6 | float32[] 1", "int2[3] 1 -2 1"),
        OP_CASE("QuantizeLinear", 19, "", "float32[2] 1000 -0.5 | float32[] 1 | float8e4m3fn[] 0", "float8e4m3fn[2] 448 -0.5"),
        OP_CASE("QuantizeLinear", 19, "saturate=0", "float32[1] 1000 | float32[] 1 | float8e4m3fn[] 0", "float8e4m3fn[1] nan"),
        OP_CASE("QuantizeLinear", 21, "", "float16[2] 3 5 | float16[] 2", "uint8[2] 2 2"),
        OP_CASE("QuantizeLinear", 23, "precision=1", "float16[2] 3 5 | float16[] 2", "uint8[2] 2 2"),
        OP_CASE("QuantizeLinear", 13, "", "float32[0x3] | float32[] 1", "uint8[0x3]"),
        OP_CASE("QuantizeLinear", 13, "", "float32[2x0] | float32[0] | uint8[0]", "uint8[2x0]"),
        OP_CASE("QuantizeLinear", 13, "", "float32[2x3] 1 | float32[2] 1 | uint8[2] 0", "! scale"),
        OP_CASE("QuantizeLinear", 13, "axis=2", "float32[2x3] 1 | float32[3] 1", "! axis"),
        OP_CASE("QuantizeLinear", 21, "block_size=2", "float32[2x3] 1 | float32[2x3] 1", "! blocks"),
        OP_CASE("QuantizeLinear", 21, "output_dtype=3", "float32[1] 1 | float32[] 1 | uint8[] 0", "! output_dtype"),
        OP_CASE("QuantizeLinear", 13, "", "float32[1] 1 | float32[] 1 | int16[] 0", "! int16"),
    };
    OP_CASES_RUN(cases);
}

static void dequantize(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("DequantizeLinear", 10, "", "uint8[3] 0 128 255 | float32[] 2 | uint8[] 128", "float32[3] -256 0 254"),
        OP_CASE("DequantizeLinear", 10, "", "int32[2] 2147483647 -5 | float32[] 1", "float32[2] 2147483648 -5"),
        OP_CASE("DequantizeLinear", 13, "axis=-2", "int8[2x2] 1 2 3 4 | float32[2] 1 10 | int8[2] 0 1",
                "float32[2x2] 1 2 20 30"),
        OP_CASE("DequantizeLinear", 13, "axis=0", "int8[3] 1 2 3 | float32[3] 1 10 100", "float32[3] 1 20 300"),
        OP_CASE("DequantizeLinear", 21, "axis=1 block_size=2", "int4[1x3] 1 -8 7 | float32[1x2] 2 3 | int4[1x2] 1 0",
                "float32[1x3] 0 -18 21"),
        OP_CASE("DequantizeLinear", 21, "", "uint4[2] 15 0 | float16[] 0.5", "float16[2] 7.5 0"),
        OP_CASE("DequantizeLinear", 23, "output_dtype=16", "float4e2m1[2] 6 -0.5 | float32[] 2", "bfloat16[2] 12 -1"),
        OP_CASE("DequantizeLinear", 25, "", "int2[4] -2 -1 0 1 | float32[] 3", "float32[4] -6 -3 0 3"),
        OP_CASE("DequantizeLinear", 24, "output_dtype=10", "int8[2] 3 -3 | float8e8m0[] 4", "float16[2] 12 -12"),
        OP_CASE("DequantizeLinear", 10, "", "uint8[0] | float32[] 2", "float32[0]"),
        OP_CASE("DequantizeLinear", 10, "", "uint8[1] 1 | float32[] 2 | int8[] 1", "! zero point"),
        OP_CASE("DynamicQuantizeLinear", 11, "", "float32[3] 0 0 0", "uint8[3] 0 0 0 | float32[] 1 | uint8[] 0"),
        OP_CASE("DynamicQuantizeLinear", 11, "", "float32[0]", "uint8[0] | float32[] 1 | uint8[] 0"),
        OP_CASE("DynamicQuantizeLinear", 11, "", "float32[3] -255 0 255", "uint8[3] 0 128 255 | float32[] 2 | uint8[] 128"),
    };
    OP_CASES_RUN(cases);
}

static void products(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("MatMulInteger", 10, "", "uint8[1x2] 255 255 | int8[2x1] -128 -128", "int32[1x1] -65280"),
        OP_CASE("MatMulInteger", 10, "", "uint8[2x2] 1 2 3 4 | uint8[2x2] 1 0 0 1 | uint8[] 1 | uint8[2] 1 0",
                "int32[2x2] -1 1 -3 3"),
        OP_CASE("MatMulInteger", 10, "", "uint8[2x2] 1 2 3 4 | uint8[2x1] 1 1 | uint8[2] 1 2", "int32[2x1] 1 3"),
        OP_CASE("MatMulInteger", 10, "", "uint8[3] 1 2 3 | uint8[3] 4 5 6", "int32[] 32"),
        OP_CASE("MatMulInteger", 10, "", "uint8[2x1x2] 1 2 3 4 | uint8[2x1] 1 1", "int32[2x1x1] 3 7"),
        OP_CASE("MatMulInteger", 10, "", "uint8[2x3000] 255 | uint8[3000x17] 255", "int32[2x17] 195075000"),
        OP_CASE("MatMulInteger", 10, "", "uint8[3x700] 0 | uint8[700x5] 255 | uint8[] 255", "int32[3x5] -45517500"),
        OP_CASE("MatMulInteger", 10, "", "uint8[2x0] | uint8[0x2]", "int32[2x2] 0"),
        OP_CASE("MatMulInteger", 10, "", "uint8[0x2] | uint8[2x2] 1", "int32[0x2]"),
        OP_CASE("MatMulInteger", 10, "", "uint8[1x2] 1 | uint8[3x1] 1", "! columns"),
        OP_CASE("MatMulInteger", 10, "", "uint8[1x2] 1 | uint8[2x1] 1 | uint8[3] 1", "! zero point"),
        OP_CASE(
            "QLinearMatMul", 10, "",
            "uint8[1x2] 3 5 | float32[] 1 | uint8[] 1 | uint8[2x1] 2 2 | float32[] 1 | uint8[] 0 | float32[] 8 | uint8[] 10",
            "uint8[1x1] 12"),
        OP_CASE(
            "QLinearMatMul", 10, "",
            "int8[1x2] 100 100 | float32[] 1 | int8[] 0 | int8[2x1] 100 100 | float32[] 1 | int8[] 0 | float32[] 1 | int8[] 0",
            "int8[1x1] 127"),
        OP_CASE(
            "QLinearMatMul", 10, "",
            "uint8[1x1] 2 | float32[] 1 | uint8[] 0 | uint8[1x2] 3 3 | float32[2] 1 2 | uint8[2] 0 1 | float32[] 1 | uint8[] 0",
            "uint8[1x2] 6 8"),
    };
    OP_CASES_RUN(cases);
}

static void convolutions(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("ConvInteger", 10, "pads=[1,1]", "uint8[1x1x2] 2 3 | uint8[1x1x3] 1 | uint8[] 1", "int32[1x1x2] 3 3"),
        OP_CASE("ConvInteger", 10, "group=2", "uint8[1x2x1] 2 3 | uint8[2x1x1] 4 5 | _ | uint8[2] 1 2", "int32[1x2x1] 6 9"),
        OP_CASE("ConvInteger", 10, "strides=[2,2] dilations=[2,1]", "uint8[1x1x3x3] 1 2 3 4 5 6 7 8 9 | uint8[1x1x2x1] 1 10",
                "int32[1x1x1x2] 71 93"),
        OP_CASE("ConvInteger", 10, "", "uint8[0x1x3] | uint8[1x1x3] 1", "int32[0x1x1]"),
        OP_CASE("ConvInteger", 10, "", "uint8[1x2x3] 1 | uint8[1x1x3] 1", "! channels"),
        OP_CASE(
            "QLinearConv", 10, "",
            "uint8[1x1x2] 10 20 | float32[] 0.5 | uint8[] 10 | int8[2x1x1] 1 -2 | float32[2] 1 2 | int8[] 0 | float32[] 2 | "
            "uint8[] 100 | int32[2] 6 0",
            "uint8[1x2x2] 102 104 100 90"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(quantize), cmocka_unit_test(dequantize), cmocka_unit_test(products),
                                       cmocka_unit_test(convolutions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
