// test_ops_attention.c: Attention, RotaryEmbedding, LinearAttention, CausalConvWithState.
// May assume: support/op_case.h for the syntax. Keys of zero give every visible value the same weight: means are easy to check.
// Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

#define QKV "float32[1x1x2x1] 1 | float32[1x1x3x1] 0 | float32[1x1x3x2] 1 10 2 20 6 60"

static void attention(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Attention", 23, "", QKV, "float32[1x1x2x2] 3 30 3 30"),
        OP_CASE("Attention", 23, "is_causal=1", QKV, "float32[1x1x2x2] 1 10 1.5 15"),
        OP_CASE("Attention", 23, "", QKV " | bool[2x3] 1 0 1 0 1 0", "float32[1x1x2x2] 3.5 35 2 20"),
        OP_CASE("Attention", 23, "", QKV " | bool[1x3] 1 0 1", "float32[1x1x2x2] 3.5 35 3.5 35"),
        OP_CASE("Attention", 23, "is_causal=1", QKV " | float32[2x3] 0 0 0 -inf 0 0", "float32[1x1x2x2] 1 10 2 20"),
        OP_CASE("Attention", 24, "", QKV " | bool[2x2] 1", "float32[1x1x2x2] 1.5 15 1.5 15"),
        OP_CASE("Attention", 24, "", QKV " | _ | _ | _ | int64[1] 2", "float32[1x1x2x2] 1.5 15 1.5 15"),
        OP_CASE("Attention", 24, "is_causal=1", QKV " | _ | _ | _ | int64[1] 3", "float32[1x1x2x2] 1.5 15 3 30"),
        OP_CASE("Attention", 24, "", QKV " | _ | _ | _ | int64[1] 4", "! nonpad_kv_seqlen"),
        OP_CASE("Attention", 23, "q_num_heads=1 kv_num_heads=1", "float32[1x2x1] 1 | float32[1x1x3x1] 0 | float32[1x1x3x1] 1",
                "! Q has rank 3, input 1 has rank 4"),
        OP_CASE("Attention", 23, "is_causal=1",
                "float64[1x1x2x1] 1 | float64[1x1x2x1] 0 | float64[1x1x2x1] 2 6 | _ | float64[1x1x1x1] 0 | float64[1x1x1x1] 4",
                "float64[1x1x2x1] 3 4 | float64[1x1x3x1] 0 | float64[1x1x3x1] 4 2 6"),
        OP_CASE("Attention", 23, "q_num_heads=4 kv_num_heads=2", "float32[1x1x4] 1 | float32[1x1x2] 1 | float32[1x1x2] 5 7",
                "float32[1x1x4] 5 5 7 7"),
        OP_CASE("Attention", 23, "qk_matmul_output_mode=1 softcap=2.0 scale=1.0",
                "float32[1x1x1x1] 1 | float32[1x1x1x1] 1000 | float32[1x1x1x1] 3",
                "float32[1x1x1x1] 3 | _ | _ | float32[1x1x1x1] 2"),
        OP_CASE("Attention", 23, "qk_matmul_output_mode=3", QKV " | bool[2x3] 1 1 0 1 0 0",
                "float32[1x1x2x2] 1.5 15 1 10 | _ | _ | float32[1x1x2x3] 0.5 0.5 0 1 0 0"),
        OP_NEAR("Attention", 23, "is_causal=1", "float32[2x3x300x16] 0.5 | float32[2x1x300x16] 0.25 | float32[2x1x300x24] 3",
                "float32[2x3x300x24] 3", 1e-5),
        OP_NEAR("Attention", 23, "q_num_heads=3 kv_num_heads=3",
                "float16[2x40x24] 0.5 | float16[2x50x24] 0.25 | float16[2x50x30] 2", "float16[2x40x30] 2", 1e-3),
        OP_CASE("Attention", 23, "", "float32[1x1x0x1] | float32[1x1x3x1] 0 | float32[1x1x3x2] 1", "float32[1x1x0x2]"),
        OP_CASE("Attention", 23, "", "float32[0x2x2x1] | float32[0x1x3x1] | float32[0x1x3x2]", "float32[0x2x2x2]"),
        OP_CASE("Attention", 23, "", "float32[1x2x4] 1 | float32[1x3x4] 1 | float32[1x3x4] 1", "! q_num_heads"),
        OP_CASE("Attention", 23, "", "float32[1x3x1x1] 1 | float32[1x2x1x1] 1 | float32[1x2x1x1] 1", "! evenly"),
        OP_CASE("Attention", 23, "", QKV " | bool[3x3] 1", "! mask"),
        OP_CASE("Attention", 23, "", QKV " | _ | float32[1x1x1x1] 0", "! together"),
        OP_CASE("Attention", 23, "qk_matmul_output_mode=4", QKV, "! qk_matmul_output_mode"),
    };
    OP_CASES_RUN(cases);
}

static void rotary(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("RotaryEmbedding", 23, "", "float32[1x1x1x4] 1 2 3 4 | float32[1x1x2] 0 1 | float32[1x1x2] 1 0",
                "float32[1x1x1x4] -3 2 1 4"),
        OP_CASE("RotaryEmbedding", 23, "interleaved=1", "float32[1x1x1x4] 1 2 3 4 | float32[1x1x2] 0 1 | float32[1x1x2] 1 0",
                "float32[1x1x1x4] -2 1 3 4"),
        OP_CASE("RotaryEmbedding", 23, "num_heads=2 rotary_embedding_dim=2",
                "float32[1x2x6] 1 2 3 4 5 6 1 2 3 4 5 6 | float32[2x1] 1 0 | float32[2x1] 0 1 | int64[1x2] 1 0",
                "float32[1x2x6] -2 1 3 -5 4 6 1 2 3 4 5 6"),
        OP_CASE("RotaryEmbedding", 23, "", "float32[1x2x0x4] | float32[1x0x2] | float32[1x0x2]", "float32[1x2x0x4]"),
        OP_CASE("RotaryEmbedding", 23, "", "float32[1x1x1x2] 1 | float32[2x1] 1 | float32[2x1] 1 | int64[1x1] 2",
                "! position 2"),
        OP_CASE("RotaryEmbedding", 23, "", "float32[1x1x1x2] 1 | float32[2x1] 1 | float32[2x1] 1 | int64[1x1] -1",
                "! position -1"),
        OP_CASE("RotaryEmbedding", 23, "", "float32[1x1x1x3] 1 | float32[1x1x1] 1 | float32[1x1x1] 1", "! even"),
        OP_CASE("RotaryEmbedding", 23, "", "float32[1x1x2] 1 | float32[1x1x1] 1 | float32[1x1x1] 1", "! num_heads"),
    };
    OP_CASES_RUN(cases);
}

static void recurrent(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("LinearAttention", 27, "q_num_heads=2 kv_num_heads=1 update_rule='linear' scale=1.0",
                "float32[1x2x2] 1 2 1 2 | float32[1x2x1] 3 1 | float32[1x2x1] 5 7",
                "float32[1x2x2] 15 30 22 44 | float32[1x1x1x1] 22"),
        OP_CASE("LinearAttention", 27, "q_num_heads=1 kv_num_heads=1 update_rule='delta' scale=2.0",
                "float64[1x2x1] 1 1 | float64[1x2x1] 1 2 | float64[1x2x1] 5 7 | float64[1x1x1x1] 1 | _ | float64[1x2x1] 0.5 1",
                "float64[1x2x1] 6 10 | float64[1x1x1x1] 5"),
        OP_CASE("LinearAttention", 27, "q_num_heads=1 kv_num_heads=1 update_rule='gated'",
                "float32[1x0x1] | float32[1x0x1] | float32[1x0x2] | float32[1x1x1x2] 3 4 | float32[1x0x1]",
                "float32[1x0x2] | float32[1x1x1x2] 3 4"),
        OP_CASE("LinearAttention", 27, "q_num_heads=1 kv_num_heads=1 update_rule='linear'",
                "float16[1x1x1] 1 | float16[1x1x1] 1 | float16[1x1x1] 2 | float32[1x1x1x1] 1",
                "float16[1x1x1] 3 | float32[1x1x1x1] 3"),
        OP_CASE("LinearAttention", 27, "q_num_heads=3 kv_num_heads=2", "float32[1x1x3] 1 | float32[1x1x2] 1 | float32[1x1x2] 1",
                "! multiple"),
        OP_CASE("LinearAttention", 27, "q_num_heads=1 kv_num_heads=1", "float32[1x1x1] 1 | float32[1x1x1] 1 | float32[1x1x1] 1",
                "! decay"),
        OP_CASE("CausalConvWithState", 27, "", "float32[1x1x3] 1 2 3 | float32[1x1x2] 10 1 | float32[1] 100 | float32[1x1x1] 5",
                "float32[1x1x3] 151 112 123 | float32[1x1x1] 3"),
        OP_CASE("CausalConvWithState", 27, "", "float64[1x1x1] 4 | float64[1x1x3] 1 | _ | float64[1x1x2] 2 3",
                "float64[1x1x1] 9 | float64[1x1x2] 3 4"),
        OP_CASE("CausalConvWithState", 27, "", "float32[1x2x0] | float32[2x1x3] 1", "float32[1x2x0] | float32[1x2x2] 0"),
        OP_CASE("CausalConvWithState", 27, "activation='relu'", "float32[1x1x1] 1 | float32[1x1x1] 1", "! activation"),
        OP_CASE("CausalConvWithState", 27, "", "float32[1x2x1] 1 | float32[1x1x1] 1", "! fit"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(attention), cmocka_unit_test(rotary), cmocka_unit_test(recurrent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
