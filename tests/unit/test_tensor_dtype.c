// test_tensor_dtype.c: the table of element types against ONNX's numbers, names and sizes.
// May assume: nothing. Never converts elements.
#include "tensor/dtype.h"
#include "tensor/tensor.h"

#include "support/cmocka.h"

typedef struct row {
    int number; // TensorProto.DataType
    const char *name;
    size_t bytes;
    int bits;
    char kind; // f: float, s: signed, u: unsigned, o: other
} row;

static const row rows[] = {
    {1, "float32", 4, 32, 'f'},       {2, "uint8", 1, 8, 'u'},
    {3, "int8", 1, 8, 's'},           {4, "uint16", 2, 16, 'u'},
    {5, "int16", 2, 16, 's'},         {6, "int32", 4, 32, 's'},
    {7, "int64", 8, 64, 's'},         {8, "string", sizeof(onr_string), 0, 'o'},
    {9, "bool", 1, 8, 'o'},           {10, "float16", 2, 16, 'f'},
    {11, "float64", 8, 64, 'f'},      {12, "uint32", 4, 32, 'u'},
    {13, "uint64", 8, 64, 'u'},       {14, "complex64", 8, 64, 'o'},
    {15, "complex128", 16, 128, 'o'}, {16, "bfloat16", 2, 16, 'f'},
    {17, "float8e4m3fn", 1, 8, 'f'},  {18, "float8e4m3fnuz", 1, 8, 'f'},
    {19, "float8e5m2", 1, 8, 'f'},    {20, "float8e5m2fnuz", 1, 8, 'f'},
    {21, "uint4", 1, 4, 'u'},         {22, "int4", 1, 4, 's'},
    {23, "float4e2m1", 1, 4, 'f'},    {24, "float8e8m0", 1, 8, 'f'},
    {25, "uint2", 1, 2, 'u'},         {26, "int2", 1, 2, 's'},
};

enum { N_ROWS = sizeof rows / sizeof rows[0] };

static void the_table(void **state) {
    (void)state;
    assert_int_equal(N_ROWS, ONR_N_DTYPES - 1);
    for (size_t i = 0; i < N_ROWS; i++) {
        onr_dtype t = (onr_dtype)rows[i].number;
        assert_string_equal(onr_dtype_name(t), rows[i].name);
        assert_int_equal(onr_dtype_parse(rows[i].name), t);
        assert_int_equal(onr_dtype_size(t), rows[i].bytes);
        assert_int_equal(onr_dtype_bits(t), rows[i].bits);
        assert_int_equal(onr_dtype_is_float(t), rows[i].kind == 'f');
        assert_int_equal(onr_dtype_is_signed(t), rows[i].kind == 's');
        assert_int_equal(onr_dtype_is_integer(t), rows[i].kind == 's' || rows[i].kind == 'u');
    }
}

static void other_names(void **state) {
    (void)state;
    assert_int_equal(onr_dtype_parse("float"), ONR_FLOAT);
    assert_int_equal(onr_dtype_parse("double"), ONR_DOUBLE);
    assert_int_equal(onr_dtype_parse("undefined"), ONR_UNDEFINED);
    assert_int_equal(onr_dtype_parse("Float32"), ONR_UNDEFINED);
    assert_int_equal(onr_dtype_parse("float32 "), ONR_UNDEFINED);
    assert_int_equal(onr_dtype_parse(""), ONR_UNDEFINED);
    assert_int_equal(onr_dtype_parse(NULL), ONR_UNDEFINED);
}

static void unknown_numbers(void **state) {
    (void)state;
    const int numbers[] = {-1, 0, ONR_N_DTYPES, 1000, 1 << 30};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        onr_dtype t = (onr_dtype)numbers[i];
        assert_string_equal(onr_dtype_name(t), "undefined");
        assert_int_equal(onr_dtype_size(t), 0);
        assert_int_equal(onr_dtype_bits(t), 0);
        assert_false(onr_dtype_is_float(t) || onr_dtype_is_integer(t) || onr_dtype_is_signed(t));
    }
}

static void sets(void **state) {
    (void)state;
    for (int t = 1; t < ONR_N_DTYPES; t++) {
        assert_true(onr_dtype_in((onr_dtype)t, ONR_T_ALL));
        assert_int_equal(onr_dtype_in((onr_dtype)t, ONR_T_SUBBYTE),
                         onr_dtype_bits((onr_dtype)t) > 0 && onr_dtype_bits((onr_dtype)t) < 8);
        if (onr_dtype_in((onr_dtype)t, ONR_T_SIGNED)) assert_true(onr_dtype_is_signed((onr_dtype)t));
        if (onr_dtype_in((onr_dtype)t, ONR_T_UNSIGNED))
            assert_true(onr_dtype_is_integer((onr_dtype)t) && !onr_dtype_is_signed((onr_dtype)t));
        if (onr_dtype_in((onr_dtype)t, ONR_T_FLOATS | ONR_T_FLOAT8)) assert_true(onr_dtype_is_float((onr_dtype)t));
    }
    assert_false(onr_dtype_in(ONR_UNDEFINED, ONR_T_ALL));
    assert_false(onr_dtype_in(ONR_BOOL, ONR_T_NUMERIC));
    assert_false(onr_dtype_in(ONR_STRING, ONR_T_NUMERIC | ONR_T_COMPLEX));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table), cmocka_unit_test(other_names),
                                       cmocka_unit_test(unknown_numbers), cmocka_unit_test(sets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
