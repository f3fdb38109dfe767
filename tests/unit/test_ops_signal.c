// test_ops_signal.c: lengths, axes, half spectra and frames beyond the backend tests; windows of odd sizes; wrong use.
// May assume: support/op_case.h for the syntax of the tables. Never repeats those. Expected numbers are NumPy's.
#include "support/op_case.h"

#include "support/cmocka.h"

#define X7 "float32[1x7x1] 1 2 -1 0.5 3 7 -2"
#define Y7                                                                                                         \
    " 10.5 0 -3.488516641 5.756806715 -2.223598901 -9.325360268 3.962115542 -5.552867036 3.962115542 5.552867036 " \
    "-2.223598901 "                                                                                                \
    "9.325360268 -3.488516641 -5.756806715"

static void transforms(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("DFT", 17, "", X7, "float32[1x7x2]" Y7),
        OP_CASE("DFT", 20, "", "float64[7x1] 1 2 -1 0.5 3 7 -2", "float64[7x2]" Y7),
        OP_CASE("DFT", 20, "", "float64[7x1x1] 1 2 -1 0.5 3 7 -2 | _ | int64[] 0", "float64[7x1x2]" Y7),
        OP_CASE("DFT", 17, "axis=-3", "float32[7x1x1] 1 2 -1 0.5 3 7 -2", "float32[7x1x2]" Y7),
        // padded with zeros, and cut
        OP_CASE("DFT", 17, "onesided=1", "float32[1x5x1] 1 2 -1 0.5 3 | int64[] 8",
                "float32[1x5x2] 5.5 0 -0.939339828 -0.767766953 5 -1.5 -3.060660172 -2.767766953 0.5 0"),
        OP_CASE("DFT", 20, "", "float32[1x3x1] 1 2 7 | int32[] 2 | int64[1] 1", "float32[1x2x2] 3 0 -1 0"),
        OP_CASE("DFT", 20, "inverse=1", "float32[1x3x2] 1 2 3 -1 0.5 1",
                "float32[1x3x2] 1.5 0.666666667 0.327350269 1.388354503 -0.827350269 -0.05502117"),
        OP_CASE("DFT", 20, "inverse=1 onesided=1", "float32[1x3x2] 1 2 3 -1 0.5 1", "float32[1x4x1] 1.875 0.625 -1.125 -0.375"),
        OP_CASE("DFT", 20, "inverse=1 onesided=1", "float32[1x3x2] 1 2 3 -1 0.5 1 | int64[] 5",
                "float32[1x5x1] 1.6 0.5543255 -0.093480287 -1.324553702 0.263708489"),
        OP_CASE("DFT", 17, "inverse=1 onesided=1", "float32[1x3x2] 1 2 3 -1 0.5 1 | int64[] 8",
                "float32[1x8x1] 1 0.582106781 0.25 0.021446609 -0.5 -0.832106781 -0.25 0.728553391"),
        OP_CASE("DFT", 20, "", "float32[0x3x1]", "float32[0x3x2]"),
        OP_NEAR("DFT", 20, "", "bfloat16[1x2x1] 1 2", "bfloat16[1x2x2] 3 0 -1 0", 1e-2),
        OP_CASE("DFT", 20, "onesided=1", "float32[1x3x2] 0", "! onesided needs a real input"),
        OP_CASE("DFT", 20, "onesided=1 inverse=1", "float32[1x3x1] 0", "! need a complex input"),
        OP_CASE("DFT", 20, "", "float32[1x3x3] 0", "! the last dimension is 3"),
        OP_CASE("DFT", 20, "", "float32[1x3x1] 0 | _ | int64[] 2", "! axis 2"),
        OP_CASE("DFT", 20, "", "float32[1x3x1] 0 | int64[] -4", "! transform of -4"),
        OP_CASE("DFT", 20, "", "float32[1x3x1] 0 | int64[] 9223372036854775807", "! transform of 9223372036854775807"),
        OP_CASE("DFT", 20, "", "float32[1x0x1]", "! transform of 0"),
        OP_CASE("DFT", 20, "inverse=1 onesided=1", "float32[1x1x2] 0", "! transform of 0"),
    };
    OP_CASES_RUN(cases);
}

static void frames(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("STFT", 17, "", X7 " | int64[] 2 | _ | int64[] 4", "float32[1x2x3x2] 2.5 0 2 -1.5 -2.5 0 9.5 0 -4 6.5 -5.5 0"),
        OP_CASE("STFT", 17, "onesided=0", X7 " | int32[] 3 | float32[3] 0.5 1 0.5 | int64[] 4",
                "float32[1x2x4x2] 2 0 1 -2 -2 0 1 2 6.75 0 -3.25 -3 0.75 0 -3.25 3"),
        OP_CASE("STFT", 17, "", "float64[2x2x1] 1 2 3 5 | int64[] 9", "float64[2x1x2x2] 3 0 -1 0 8 0 -2 0"),
        OP_CASE("STFT", 17, "onesided=0", "float32[1x2x2] 1 2 3 4 | int64[] 1", "float32[1x1x2x2] 4 6 -2 -2"),
        OP_CASE("STFT", 17, "", "float32[1x2x2] 1 2 3 4 | int64[] 1", "! onesided needs a real input"),
        OP_CASE("STFT", 17, "", X7 " | int64[] 0 | _ | int64[] 4", "! frame_step is 0"),
        OP_CASE("STFT", 17, "", X7 " | int64[] 1 | _ | int64[] 8", "! no frame of 8"),
        OP_CASE("STFT", 17, "", X7 " | int64[] 1 | float32[5] 1 | int64[] 4", "! a window of 5"),
        OP_CASE("STFT", 17, "", X7 " | int64[] 1 | float64[4] 1 | int64[] 4", "! different types"),
        OP_CASE("STFT", 17, "", "float32[7x1] 1 | int64[] 1", "! rank 2"),
    };
    OP_CASES_RUN(cases);
}

static void windows(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("HannWindow", 17, "", "int32[] 4", "float32[4] 0 0.5 1 0.5"),
        OP_CASE("HannWindow", 17, "periodic=0 output_datatype=11", "int64[1] 3", "float64[3] 0 1 0"),
        OP_CASE("HannWindow", 17, "periodic=0", "int64[] 1", "float32[1] 1"),
        OP_CASE("HannWindow", 17, "", "int64[] 0", "float32[0]"),
        OP_CASE("HannWindow", 17, "output_datatype=2", "int64[] 4", "uint8[4] 0 0 1 0"),
        OP_CASE("HammingWindow", 17, "periodic=0", "int64[] 3", "float32[3] 0.08695652 1 0.08695652"),
        OP_CASE("BlackmanWindow", 17, "", "int64[] 4", "float32[4] 0 0.34 1 0.34"),
        OP_NEAR("BlackmanWindow", 17, "output_datatype=10", "int64[] 4", "float16[4] 0 0.34 1 0.34", 1e-3),
        OP_CASE("HannWindow", 17, "", "int64[] -1", "! size is -1"),
        OP_CASE("HannWindow", 17, "", "int64[2] 1 2", "! one number"),
        OP_CASE("HannWindow", 17, "output_datatype=8", "int64[] 4", "! output_datatype 8"),
        OP_CASE("MelWeightMatrix", 17, "", "int64[] 2 | int64[] 8 | int64[] 8000 | float32[] 0 | float32[] 4000",
                "float32[5x2] 1 0 0 1 0 0 0 0 0 0"),
        OP_CASE("MelWeightMatrix", 17, "output_datatype=6",
                "int64[] 1 | int64[] 8 | int32[] 8000 | float64[] 0 | float64[] 4000", "int32[5x1] 1 0 0 0 0"),
        OP_CASE("MelWeightMatrix", 17, "", "int64[] 2 | int64[] 8 | int64[] 8000 | float32[] 0 | float32[] 40000",
                "! outside of the spectrum"),
        OP_CASE("MelWeightMatrix", 17, "", "int64[] 2 | int64[] 8 | int64[] 8000 | float32[] 9 | float32[] 4", "! no range"),
        OP_CASE("MelWeightMatrix", 17, "", "int64[] 2 | int64[] 8 | int64[] 0 | float32[] 9 | float32[] 4",
                "! sample_rate is 0"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(transforms), cmocka_unit_test(frames), cmocka_unit_test(windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
