// test_ops_cast.c: Cast, CastLike, BitCast: every kind of type, saturation, rounding, text.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests: these are the hard cases beyond
// them.
#include "support/op_case.h"

#include "support/cmocka.h"

static void integers(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Cast", 13, "to=3", "int32[4] 200 -129 127 -1", "int8[4] -56 127 127 -1"),
        OP_CASE("Cast", 13, "to=2", "int64[2] -1 256", "uint8[2] 255 0"),
        OP_CASE("Cast", 13, "to=13", "int8[1] -1", "uint64[1] 18446744073709551615"),
        OP_CASE("Cast", 13, "to=1", "uint64[1] 18446744073709551615", "float32[1] 18446744073709551615"),
        OP_NEAR("Cast", 13, "to=11", "int64[1] 9007199254740993", "float64[1] 9007199254740992", 1e-30),
        OP_CASE("Cast", 13, "to=9", "int32[3] 0 -5 256", "bool[3] 0 1 1"),
        OP_CASE("Cast", 13, "to=9", "float32[3] 0.1 -0.0 nan", "bool[3] 1 0 1"),
        OP_CASE("Cast", 13, "to=1", "bool[2] 1 0", "float32[2] 1 0"),
        OP_CASE("Cast", 13, "to=6", "float32[4] 1.9 -1.9 nan 100", "int32[4] 1 -1 0 100"),
        OP_CASE("Cast", 13, "to=7", "float64[3] 1e300 -1e300 -0.9", "int64[3] 9223372036854775807 -9223372036854775808 0"),
        OP_CASE("Cast", 13, "to=2", "float32[2] 300.7 -1", "uint8[2] 44 255"),
        OP_CASE("Cast", 13, "to=13", "float64[1] 1e19", "uint64[1] 10000000000000000000"),
        OP_CASE("Cast", 21, "to=22", "int32[3] 7 8 -9", "int4[3] 7 -8 7"),
        OP_CASE("Cast", 21, "to=21", "uint8[2] 15 17", "uint4[2] 15 1"),
        OP_CASE("Cast", 25, "to=26", "int8[4] 1 2 -2 -3", "int2[4] 1 -2 -2 1"),
        OP_CASE("Cast", 25, "to=1", "uint2[2] 3 1", "float32[2] 3 1"),
    };
    OP_CASES_RUN(cases);
}

static void floats(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Cast", 13, "to=10", "float32[5] 65504 65520 -70000 1e-8 nan", "float16[5] 65504 inf -inf 0 nan"),
        OP_NEAR("Cast", 13, "to=10", "float64[1] 1.000488281250001", "float16[1] 1.0009765625", 1e-09),
        OP_NEAR("Cast", 13, "to=16", "float32[3] 3.4e38 nan 1.00390625", "bfloat16[3] inf nan 1", 1e-09),
        OP_CASE("Cast", 13, "to=1", "float64[2] 1e300 1e-320", "float32[2] inf 0"),
        OP_CASE("Cast", 19, "to=17", "float32[4] 1000 -1000 nan 448", "float8e4m3fn[4] 448 -448 nan 448"),
        OP_CASE("Cast", 19, "to=17 saturate=0", "float32[2] 1000 448", "float8e4m3fn[2] nan 448"),
        OP_CASE("Cast", 19, "to=19 saturate=0", "float32[2] inf 1", "float8e5m2[2] inf 1"),
        OP_CASE("Cast", 19, "to=19", "float16[2] inf 1", "float8e5m2[2] 57344 1"),
        OP_CASE("Cast", 19, "to=18", "float32[2] -0.0 1", "float8e4m3fnuz[2] 0 1"),
        OP_CASE("Cast", 23, "to=23", "float32[5] 100 -7 0.3 2.5 5", "float4e2m1[5] 6 -6 0.5 2 4"),
        OP_CASE("Cast", 24, "to=24 round_mode='up'", "float32[2] 3 4", "float8e8m0[2] 4 4"),
        OP_CASE("Cast", 24, "to=24 round_mode='down'", "float32[2] 3 4", "float8e8m0[2] 2 4"),
        OP_CASE("Cast", 24, "to=24 round_mode='odd'", "float32[1] 3", "! round_mode"),
        OP_CASE("Cast", 1, "to='INT32'", "float32[1] 2.5", "int32[1] 2"),
        OP_CASE("Cast", 1, "to='THING'", "float32[1] 2.5", "! element type"),
        OP_CASE("Cast", 13, "to=17", "float32[1] 1", "! element type"),
        OP_CASE("Cast", 13, "to=99", "float32[1] 1", "! element type"),
        OP_CASE("Cast", 13, "to=14", "float32[1] 1", "! element type"),
    };
    OP_CASES_RUN(cases);
}

static void text(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Cast", 13, "to=8", "float32[7] 0.1 -2 1e-5 1e16 nan inf -inf",
                "string[7] '0.1' '-2.0' '1e-05' '1e+16' 'NaN' 'INF' '-INF'"),
        OP_CASE("Cast", 13, "to=8", "float64[2] 0.1 123456789.125", "string[2] '0.1' '123456789.125'"),
        OP_CASE("Cast", 13, "to=8", "float16[1] 0.0999755859375", "string[1] '0.099975586'"),
        OP_CASE("Cast", 13, "to=8", "uint64[1] 18446744073709551615", "string[1] '18446744073709551615'"),
        OP_CASE("Cast", 13, "to=8", "int8[1] -128", "string[1] '-128'"),
        OP_CASE("Cast", 13, "to=8", "string[1] 'same'", "string[1] 'same'"),
        OP_CASE("Cast", 13, "to=1", "string[6] '3.25' '1e3' '+INF' '-inf' 'nan' ' 7 '", "float32[6] 3.25 1000 inf -inf nan 7"),
        OP_CASE("Cast", 13, "to=7", "string[2] '-9223372036854775808' '100.5'", "int64[2] -9223372036854775808 100"),
        OP_CASE("Cast", 13, "to=13", "string[1] '18446744073709551615'", "uint64[1] 18446744073709551615"),
        OP_CASE("Cast", 13, "to=1", "string[1] 'Hello'", "! is not a number"),
        OP_CASE("Cast", 13, "to=6", "string[1] ''", "! is not a number"),
    };
    OP_CASES_RUN(cases);
}

static void like(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("CastLike", 15, "", "float32[2] 1.5 2.5 | int32[0]", "int32[2] 1 2"),
        OP_CASE("CastLike", 19, "saturate=0", "float32[1] 1000 | float8e4m3fn[1] 1", "float8e4m3fn[1] nan"),
        OP_CASE("CastLike", 15, "", "int64[1] 12 | string[1] 'x'", "string[1] '12'"),
        OP_CASE("CastLike", 15, "", "float32[1] 1 | complex64[1] 1,0", "! target type"),
        OP_CASE("BitCast", 26, "to=6", "float32[2] 1 -0.0", "int32[2] 1065353216 -2147483648"),
        OP_CASE("BitCast", 26, "to=22", "uint4[2] 15 7", "int4[2] -1 7"),
        OP_CASE("BitCast", 26, "to=25", "int2[2] -1 1", "uint2[2] 3 1"),
        OP_CASE("BitCast", 26, "to=7", "float32[2] 1 2", "! different widths"),
        OP_CASE("BitCast", 26, "to=8", "float32[2] 1 2", "! element type"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(floats),
        cmocka_unit_test(text),
        cmocka_unit_test(like),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
