// test_ops_einsum.c: Einsum beyond the backend tests.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

static void one_operand(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Einsum", 12, "equation='ii->i'", "float32[2x2] 1 2 3 4", "float32[2] 1 4"),
        OP_CASE("Einsum", 12, "equation='ii'", "float32[2x2] 1 2 3 4", "float32[] 5"),
        OP_CASE("Einsum", 12, "equation='ij->'", "int8[2x2] 100 100 100 100", "int8[] -112"),
        OP_CASE("Einsum", 12, "equation='ba'", "float32[2x3] 1 2 3 4 5 6", "float32[3x2] 1 4 2 5 3 6"),
        OP_CASE("Einsum", 12, "equation='...i->i...'", "float64[1x2x2] 1 2 3 4", "float64[2x1x2] 1 3 2 4"),
        OP_CASE("Einsum", 12, "equation='ij->i'", "float32[2x0]", "float32[2] 0 0"),
        OP_CASE("Einsum", 12, "equation='ij->j'", "float32[2x0]", "float32[0]"),
        OP_CASE("Einsum", 12, "equation=' A a -> a A '", "uint64[1x2] 18446744073709551615 1",
                "uint64[2x1] 18446744073709551615 1"),
    };
    OP_CASES_RUN(cases);
}

static void more_operands(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Einsum", 12, "equation='ij,jk'", "float32[2x2] 1 2 3 4 | float32[2x1] 5 6", "float32[2x1] 17 39"),
        OP_CASE("Einsum", 12, "equation='i,i'", "int32[3] 1 2 3 | int32[3] 4 5 6", "int32[] 32"),
        OP_CASE("Einsum", 12, "equation='i,j->ji'", "int16[2] 1 2 | int16[3] 3 4 5", "int16[3x2] 3 6 4 8 5 10"),
        OP_CASE("Einsum", 12, "equation='ij,ij->ij'", "float32[2x2] 1 2 3 4 | float32[2x2] 5 6 7 8", "float32[2x2] 5 12 21 32"),
        OP_CASE("Einsum", 12, "equation='ij,kl->k'", "float32[1x2] 1 2 | float32[2x2] 1 2 3 4", "float32[2] 9 21"),
        OP_CASE("Einsum", 12, "equation='ab,bc,cd->ad'", "float32[1x2] 1 2 | float32[2x2] 1 0 0 1 | float32[2x1] 3 4",
                "float32[1x1] 11"),
        OP_CASE("Einsum", 12, "equation='a,a,a->a'", "float64[2] 2 3 | float64[2] 5 7 | float64[2] 11 13",
                "float64[2] 110 273"),
        OP_CASE("Einsum", 12, "equation='...ij,...jk->...ik'", "float32[2x1x2] 1 2 3 4 | float32[2x1] 1 1",
                "float32[2x1x1] 3 7"),
        OP_CASE("Einsum", 12, "equation='ij,j->i'", "float32[2x1] 3 4 | float32[2] 1 10", "float32[2] 33 44"),
        OP_CASE("Einsum", 12, "equation='bij,bjk->bik'", "float32[0x2x3] | float32[0x3x4]", "float32[0x2x4]"),
        OP_CASE("Einsum", 12, "equation='ij,jk->ik'", "float32[2x0] | float32[0x2]", "float32[2x2] 0 0 0 0"),
        OP_CASE("Einsum", 12, "equation='bhqd,bhkd->bhqk'", "float32[1x2x8x8] 0.5 | float32[1x2x8x8] 0.25",
                "float32[1x2x8x8] 1"),
        OP_CASE("Einsum", 12, "equation='bqhd,bkhd->bhqk'", "float32[1x8x2x8] 0.5 | float32[1x8x2x8] 0.25",
                "float32[1x2x8x8] 1"),
    };
    OP_CASES_RUN(cases);
}

static void wrong(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("Einsum", 12, "equation='ij'", "float32[3] 1 2 3", "! letters"),
        OP_CASE("Einsum", 12, "equation='i,i->i'", "float32[3] 1 2 3 | float32[2] 1 2", "! stands for"),
        OP_CASE("Einsum", 12, "equation='i->j'", "float32[3] 1 2 3", "! no operand"),
        OP_CASE("Einsum", 12, "equation='i->ii'", "float32[3] 1 2 3", "! twice"),
        OP_CASE("Einsum", 12, "equation='i,j->ij'", "float32[3] 1 2 3", "! terms"),
        OP_CASE("Einsum", 12, "equation='i1->i'", "float32[3] 1 2 3", "! unexpected"),
        OP_CASE("Einsum", 12, "equation='i-i'", "float32[3] 1 2 3", "! unexpected"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_operand), cmocka_unit_test(more_operands), cmocka_unit_test(wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
