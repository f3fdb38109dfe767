// test_ops_rnn.c: RNN, LSTM and GRU: directions, lengths, states, peepholes, clips, activations, layouts.
// May assume: support/op_case.h for the syntax; expected numbers were worked out with NumPy from the operators' equations.
// Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

static void simple(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_NEAR("RNN", 7, "direction='reverse' hidden_size=2",
                "float32[3x2x2] -0.8 0.6 -0.1 0.4 1 0.1 0 -0.9 -0.5 -0 0.4 0.6 | "
                "float32[1x2x2] -0.2 -0.9 -0.4 0.8 | "
                "float32[1x2x2] -0.6 -0.1 0.9 -1 | "
                "float32[1x4] 0.2 0.9 -0.5 0.1 | "
                "_ | "
                "float32[1x2x2] 0.8 -0.7 0 0.5",
                "float32[3x1x2x2] -0.3843984 0.9732749 -0.756696 0.9924842 -0.3473872 -0.6635724 0.7122401 -0.7890478 "
                "-0.5441271 0.9894554 -0.7487043 0.6750699 | "
                "float32[1x2x2] -0.3843984 0.9732749 -0.756696 0.9924842",
                1e-05),
        OP_NEAR(
            "RNN", 14,
            "direction='bidirectional' activations=['Relu','Affine'] activation_alpha=[0.5] activation_beta=[0.25] layout=1",
            "float32[2x2x1] 0.3 -0.6 -0.1 -0 | "
            "float32[2x2x1] -0.3 -0 -0.3 0.7 | "
            "float32[2x2x2] 0.5 -0.4 0.1 -0.4 -0.1 -0.3 0.3 -0.3 | "
            "float32[2x4] -0.1 0.4 -0.2 0.8 -0.6 0.5 -0.2 -0.1 | "
            "_ | "
            "float32[2x2x2] 0.3 0 -0.8 0.4 -0.2 -1 0 0.4",
            "float32[2x2x2x2] 0 1.23 -0.2 0.534 0 0.708 -0.08 0.06 0.03 1.58 -0.183 0.325 0 0.571 -0.21 0.39 | "
            "float32[2x2x2] 0 0.708 -0.2 0.534 0 0.571 -0.183 0.325",
            1e-05),
        OP_NEAR("RNN", 22, "direction='bidirectional'",
                "float32[3x2x1] 0.9 0.4 -0.9 -0.4 0.2 -0.5 | "
                "float32[2x1x1] 0.9 0.9 | "
                "float32[2x1x1] 0.7 -0.1 | "
                "_ | "
                "int32[2] 1 3",
                "float32[3x2x2x1] 0.6695903 0.345214 0.6695903 0.3720088 0 -0.1178007 0 -0.3075255 0 -0.4872596 0 -0.421899 | "
                "float32[2x2x1] 0.6695903 -0.4872596 0.6695903 0.3720088",
                1e-05),
        OP_NEAR("RNN", 7, "clip=0.5",
                "float32[2x1x2] 0.7 -0.7 -0.4 -0.1 | "
                "float32[1x2x2] 0.5 -0 -0.7 -0.3 | "
                "float32[1x2x2] -0.4 -0.4 -0.7 -0.2 | "
                "float32[1x4] -0.1 0.5 0.6 0",
                "float32[2x1x1x2] 0.4621172 0.2165181 0.02853816 0.4163053 | "
                "float32[1x1x2] 0.02853816 0.4163053",
                1e-05),
    };
    OP_CASES_RUN(cases);
}

static void lstm(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_NEAR("LSTM", 7, "clip=0.4 input_forget=1",
                "float32[2x1x2] -0.1 0.6 0.8 0.3 | "
                "float32[1x8x2] 0.6 0.9 -0.9 0.8 -0.4 -0 0.6 0.4 -0.7 0.3 -0.9 -0.3 0.6 -0.1 0.2 0.5 | "
                "float32[1x8x2] 0.6 0.5 -1 -0.2 -0.1 -0.9 0.1 0.2 0.7 0.9 -0.7 -0.5 0.3 -0.7 -0.6 0.1 | "
                "float32[1x16] -0.7 0.6 0.7 -0.9 0.1 0.6 1 -0.5 -0.7 0.8 0.8 -0.6 -0.1 0.4 0.7 -0.7 | "
                "_ | "
                "_ | "
                "float32[1x1x2] 0.3 0.6",
                "float32[2x1x1x2] 0.1918151 0.00534382 0.2020702 -0.08770442 | "
                "float32[1x1x2] 0.2020702 -0.08770442 | "
                "float32[1x1x2] 0.3512931 -0.2221266",
                1e-05),
        OP_NEAR("LSTM", 14, "layout=1 direction='reverse'",
                "float32[2x2x1] 0.1 -0.9 -0.7 -0.4 | "
                "float32[1x4x1] 0.6 -0.9 -1 -0.3 | "
                "float32[1x4x1] -0.9 -0.7 -1 0 | "
                "float32[1x8] 0.4 -0.1 -0.7 -0.3 0.2 0.9 1 -0.5 | "
                "int32[2] 2 1 | "
                "float32[2x1x1] -1 0.7 | "
                "float32[2x1x1] 0.9 -0.1 | "
                "float32[1x3] 0.5 0.7 0.2",
                "float32[2x2x1x1] -0.1250405 0.3804697 -0.1713644 0 | "
                "float32[2x1x1] -0.1250405 -0.1713644 | "
                "float32[2x1x1] -0.2223859 -0.2570118",
                1e-05),
        OP_NEAR("LSTM", 7,
                "activations=['HardSigmoid','Softsign','ScaledTanh'] activation_alpha=[0.25,1.5] activation_beta=[0.4,0.5]",
                "float32[2x1x1] 0.7 -1 | "
                "float32[1x4x1] -0.5 -0.4 -0.8 0.8 | "
                "float32[1x4x1] -0.9 0.3 -0.9 -0.3 | "
                "float32[1x8] -0.2 -0.6 0 0.1 -0.4 0.5 -0.7 -0.6 | "
                "_ | "
                "_ | "
                "_ | "
                "float32[1x3] -0.3 -0.2 -0.6",
                "float32[2x1x1x1] 0.002100881 -0.07527331 | "
                "float32[1x1x1] -0.07527331 | "
                "float32[1x1x1] -0.2074518",
                1e-05),
        OP_NEAR("LSTM", 22, "direction='bidirectional'",
                "float64[2x3x1] 0.8 0.7 -0.8 -0.3 -0.5 -0.1 | "
                "float64[2x4x1] -0.4 0 0.8 -0.2 0.3 0.2 0.5 -0.9 | "
                "float64[2x4x1] 0.5 0.9 0.2 -0.4 0.3 0.4 0.3 -0.7 | "
                "float64[2x8] 0.9 0.9 -0.2 0.2 -0.9 1 0.6 0.3 0.5 -0.6 -0.4 -0.5 0.2 -0.8 0.8 -0.1",
                "float64[2x2x3x1] 0.1190854 0.1283216 0.2810272 -0.1419506 -0.1273223 -0.009672653 0.2825384 0.3029203 "
                "0.3475008 -0.03835338 -0.0171724 -0.05863763 | "
                "float64[2x3x1] 0.2825384 0.3029203 0.3475008 -0.1419506 -0.1273223 -0.009672653 | "
                "float64[2x3x1] 0.3322069 0.3578127 0.4092797 -0.7582757 -0.6613798 -0.05685667",
                1e-05),
    };
    OP_CASES_RUN(cases);
}

static void gru(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_NEAR("GRU", 7, "linear_before_reset=1",
                "float32[2x2x2] -0.1 -0.8 0.4 0.6 0.3 -0.5 0.6 -0.7 | "
                "float32[1x6x2] 0.7 0.2 -0.4 0 0.3 -0.5 0.7 -0.2 0.8 0.7 -0.8 0.3 | "
                "float32[1x6x2] -0.4 0.5 0.1 -0.1 0.8 -0.9 0.1 -0.3 -0.9 0.5 0.1 0.8 | "
                "float32[1x12] 0.2 -0.3 1 -0.8 -0.9 0.5 -0.3 -0.3 0.8 -0.3 0.8 0.3 | "
                "_ | "
                "float32[1x2x2] -0.3 -0.9 -0.5 0.9",
                "float32[2x1x2x2] -0.5921887 -0.2183742 -0.1661165 0.6288033 -0.2934944 0.01877912 -0.05271063 0.2243132 | "
                "float32[1x2x2] -0.2934944 0.01877912 -0.05271063 0.2243132",
                1e-05),
        OP_NEAR("GRU", 14, "direction='reverse' layout=1",
                "float32[2x3x1] -0.2 -0.4 -0.7 -0.7 0.8 0.6 | "
                "float32[1x6x1] -0.7 0.9 0.1 -0.9 0.9 -0.3 | "
                "float32[1x6x2] 0.5 0 -0.8 -0.8 -0.7 -0.7 -0.9 -0.9 0.9 -0.8 0 -0.8 | "
                "float32[1x12] -0.6 0.5 0.9 -0.1 -1 1 -0.9 -0.2 0.1 0.8 0.6 0.2 | "
                "int32[2] 3 1 | "
                "float32[2x1x2] -0.2 0.7 0.7 0.7",
                "float32[2x3x1x2] -0.9205439 0.705948 -0.8994049 0.7248083 -0.7357595 0.7455394 -0.2670452 0.7871881 0 0 0 0 | "
                "float32[2x1x2] -0.9205439 0.705948 -0.2670452 0.7871881",
                1e-05),
        OP_NEAR("GRU", 3, "clip=0.3 activations=['Sigmoid','LeakyRelu']",
                "float32[2x1x1] 0.4 -0.8 | "
                "float32[1x6x1] -0.4 -0 0 0.7 -0.5 0.3 | "
                "float32[1x6x2] -0.3 0.6 -0.6 -0 -0.8 -0.6 0.9 -0.4 0.8 0 -0.9 0.6 | "
                "float32[1x12] -0.9 0.7 -1 0.3 -0.7 -0.3 0.9 -0 0.3 0.5 -0.8 0.7",
                "float32[2x1x1x2] -0.001619745 0.1276672 -0.002207123 0.159513 | "
                "float32[1x1x2] -0.002207123 0.159513",
                1e-05),
        OP_NEAR("GRU", 1, "direction='foward'",
                "float32[2x1x1] 0.8 -0.7 | "
                "float32[1x3x1] 0.1 -0.4 0.5 | "
                "float32[1x3x1] -0.9 0 0.6",
                "float32[2x1x1x1] 0.1823796 -0.07574962 | "
                "float32[1x1x1] -0.07574962",
                1e-05),
    };
    OP_CASES_RUN(cases);
}

static void wide(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_NEAR("RNN", 14, "", "float32[4x1x19] 0.5 | float32[1x33x19] 0.01 | float32[1x33x33] 0.02 | float32[1x66] 0.1",
                "_ | float32[1x1x33] 0.56867689", 1e-5),
        OP_NEAR("RNN", 14, "", "float32[4x5x19] 0.5 | float32[1x33x19] 0.01 | float32[1x33x33] 0.02 | float32[1x66] 0.1",
                "_ | float32[1x5x33] 0.56867689", 1e-5),
        OP_NEAR("LSTM", 14, "", "float32[4x1x19] 0.5 | float32[1x132x19] 0.01 | float32[1x132x33] 0.02 | float32[1x264] 0.1",
                "_ | float32[1x1x33] 0.28592293", 1e-5),
        OP_NEAR("LSTM", 14, "", "float32[4x5x19] 0.5 | float32[1x132x19] 0.01 | float32[1x132x33] 0.02 | float32[1x264] 0.1",
                "_ | float32[1x5x33] 0.28592293", 1e-5),
        OP_NEAR("GRU", 14, "", "float32[4x1x19] 0.5 | float32[1x99x19] 0.01 | float32[1x99x33] 0.02 | float32[1x198] 0.1",
                "_ | float32[1x1x33] 0.31193488", 1e-5),
        OP_NEAR("GRU", 14, "", "float32[4x5x19] 0.5 | float32[1x99x19] 0.01 | float32[1x99x33] 0.02 | float32[1x198] 0.1",
                "_ | float32[1x5x33] 0.31193488", 1e-5),
        OP_NEAR("GRU", 14, "linear_before_reset=1",
                "float32[3x7x8] 0.5 | float32[1x51x8] 0.01 | float32[1x51x17] 0.02 | float32[1x102] 0.1",
                "_ | float32[1x7x17] 0.17406513", 1e-5),
    };
    OP_CASES_RUN(cases);
}

static void edges(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("RNN", 14, "", "float32[0x2x3] | float32[1x2x3] 1 | float32[1x2x2] 1", "float32[0x1x2x2] | float32[1x2x2] 0"),
        OP_CASE("RNN", 14, "", "float32[2x0x3] | float32[1x2x3] 1 | float32[1x2x2] 1", "float32[2x1x0x2] | float32[1x0x2]"),
        OP_CASE("LSTM", 14, "", "float32[1x1x0] | float32[1x4x0] | float32[1x4x1] 1", "float32[1x1x1x1] 0 | float32[1x1x1] 0"),
        OP_CASE("RNN", 14, "", "float32[2x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1 | _ | int32[1] 3",
                "! sequence_lens[0] is 3"),
        OP_CASE("RNN", 14, "", "float32[2x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1 | _ | int32[1] -1",
                "! sequence_lens[0] is -1"),
        OP_CASE("RNN", 14, "direction='sideways'", "float32[1x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1", "! direction"),
        OP_CASE("RNN", 14, "activations=['Sine']", "float32[1x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1", "! Sine"),
        OP_CASE("RNN", 14, "direction='bidirectional'", "float32[1x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1", "! shape"),
        OP_CASE("LSTM", 14, "", "float32[1x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1", "! shape"),
        OP_CASE("GRU", 14, "hidden_size=2", "float32[1x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1", "! hidden_size"),
        OP_CASE("LSTM", 14, "activations=['Tanh','Tanh']", "float32[1x1x1] 1 | float32[1x4x1] 1 | float32[1x4x1] 1",
                "! activations"),
        OP_CASE("RNN", 14, "", "float32[1x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1 | float32[1x3] 1", "! B has shape"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(simple), cmocka_unit_test(lstm), cmocka_unit_test(gru),
                                       cmocka_unit_test(wide), cmocka_unit_test(edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
