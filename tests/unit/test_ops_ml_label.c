// test_ops_ml_label.c: lists that map elements, dictionaries made and taken apart.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

#define LE "ai.onnx.ml.LabelEncoder"
#define CM "ai.onnx.ml.CategoryMapper"
#define ZM "ai.onnx.ml.ZipMap"
#define DV "ai.onnx.ml.DictVectorizer"
#define CAST "ai.onnx.ml.CastMap"

static void encoders(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(LE, 1, "classes_strings=['a','b']", "string[3] 'b' 'a' 'z'", "int64[3] 1 0 -1"),
        OP_CASE(LE, 1, "classes_strings=['a','b'] default_string='?'", "int64[2x2] 1 0 2 -1", "string[2x2] 'b' 'a' '?' '?'"),
        OP_CASE(LE, 2, "keys_strings=['Amy','Sally'] values_int64s=[5,6]", "string[3] 'Dori' 'Amy' 'Sally'", "int64[3] -1 5 6"),
        OP_CASE(LE, 2, "keys_int64s=[1,2] values_strings=['x','y']", "int64[3] 2 3 1", "string[3] 'y' '_Unused' 'x'"),
        OP_CASE(LE, 3, "keys_floats=[1.5,nan,0.] values_floats=[7.,8.,9.] default_float=0.5", "float32[4] nan 1.5 -0.0 0",
                "float32[4] 8 7 0.5 9"),
        OP_CASE(LE, 4, "keys_floats=[1.5,nan,0.] values_int64s=[7,8,9]", "float32[4] -nan 1.5 -0.0 3", "int64[4] 8 7 9 -1"),
        OP_CASE(LE, 4, "keys_tensor=(int16[3] 1 2 1) values_tensor=(int32[3] 10 20 30)", "int16[3] 1 2 3", "int32[3] 30 20 -1"),
        OP_CASE(LE, 4, "keys_int64s=[5] values_tensor=(string[1] 'five') default_tensor=(string[1] 'other')", "int64[2x1] 5 6",
                "string[2x1] 'five' 'other'"),
        OP_CASE(LE, 4, "keys_int64s=[5] values_tensor=(float32[1] 1)", "int64[0]", "float32[0]"),
        OP_CASE(LE, 2, "keys_int64s=[1,2] values_strings=['x']", "int64[1] 2", "! 2 keys and 1 values"),
        OP_CASE(LE, 2, "keys_int64s=[1] keys_strings=['a'] values_int64s=[1]", "int64[1] 2", "! 2 are given"),
        OP_CASE(LE, 2, "keys_int64s=[1] values_int64s=[1]", "string[1] 'a'", "! the keys are int64"),
        OP_CASE(LE, 4, "keys_int64s=[1] values_int64s=[1] default_tensor=(float32[1] 1)", "int64[1] 1", "! default_tensor"),
        OP_CASE(CM, 1, "cats_strings=['a','b'] cats_int64s=[10,20]", "string[2] 'b' 'c'", "int64[2] 20 -1"),
        OP_CASE(CM, 1, "cats_strings=['a','b'] cats_int64s=[10,20]", "int64[1x2] 10 11", "string[1x2] 'a' '_Unused'"),
        OP_CASE(CM, 1, "cats_strings=['a','b'] cats_int64s=[10]", "int64[1] 10", "! 2 strings and 1 integers"),
    };
    OP_CASES_RUN(cases);
}

static void maps(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE(ZM, 1, "classlabels_int64s=[4,2]", "float32[2x2] 1 2 3 4",
                "<{int64[2] 4 2 : float32[2] 1 2} ; {int64[2] 4 2 : float32[2] 3 4}>"),
        OP_CASE(ZM, 1, "classlabels_strings=['a','']", "float32[2] 1 2", "<{string[2] 'a' '' : float32[2] 1 2}>"),
        OP_CASE(ZM, 1, "classlabels_strings=['a']", "float32[0x1]", "<>"),
        OP_CASE(ZM, 1, "classlabels_strings=['a']", "float32[2x3] 0", "! 3 features"),
        OP_CASE(DV, 1, "string_vocabulary=['a','c','b','z']", "{string[2] 'a' 'c' : int64[2] 4 8}", "int64[1x4] 4 8 0 0"),
        OP_CASE(DV, 1, "int64_vocabulary=[1,3]", "{int64[1] 3 : string[1] 'x'}", "string[1x2] '' 'x'"),
        OP_CASE(DV, 1, "int64_vocabulary=[1,3]", "{int64[1] 1 : float64[1] 0.1}", "float64[1x2] 0.1 0"),
        OP_CASE(DV, 1, "int64_vocabulary=[1,3]", "{int64[1] 2 : float64[1] 0.1}", "! not in the vocabulary"),
        OP_CASE(DV, 1, "int64_vocabulary=[1,3]", "{string[1] '2' : float64[1] 0.1}", "! the keys are string"),
        OP_CASE(DV, 1, "int64_vocabulary=[1,3]", "float32[1] 0", "! X is no map"),
        OP_CASE(DV, 1, "", "{int64[1] 1 : float64[1] 0.1}", "! a vocabulary"),
        OP_CASE(CAST, 1, "", "{int64[3] 5 -1 3 : float32[3] 50 10 30}", "float32[3] 10 30 50"),
        OP_CASE(CAST, 1, "map_form='SPARSE' max_map=4", "{int64[2] 3 1 : string[2] '30' '10.5'}", "float32[4] 0 10.5 0 30"),
        OP_CASE(CAST, 1, "cast_to='TO_INT64'", "{int64[2] 3 1 : string[2] '-7' '9'}", "int64[2] 9 -7"),
        OP_CASE(CAST, 1, "cast_to='TO_STRING' map_form='SPARSE' max_map=3", "{int64[2] 2 1 : float32[2] 1.5 -2}",
                "string[3] '' '-2.0' '1.5'"),
        OP_CASE(CAST, 1, "map_form='SPARSE' max_map=3", "{int64[1] 3 : float32[1] 1}", "! max_map"),
        OP_CASE(CAST, 1, "map_form='SPARSE' max_map=3", "{int64[1] -1 : float32[1] 1}", "! key -1"),
        OP_CASE(CAST, 1, "", "{int64[1] 3 : string[1] 'abc'}", "! abc"),
        OP_CASE(CAST, 1, "", "{int64[2] 3 4 : float32[1] 1}", "! not one number"),
        OP_CASE(CAST, 1, "cast_to='FLOAT'", "{int64[1] 3 : float32[1] 1}", "! cast_to"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(encoders), cmocka_unit_test(maps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
