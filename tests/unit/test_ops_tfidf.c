// test_ops_tfidf.c: n-grams: weights, strings, skips, pools that contradict themselves.
// May assume: support/op_case.h for the syntax of the tables. Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

#define SIZES(least, most, skip) "min_gram_length=" least " max_gram_length=" most " max_skip_count=" skip " "
#define POOL "ngram_counts=[0,2] ngram_indexes=[1,0,3] pool_int64s=[5,6,5,6] "

static void grams(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "2", "0") POOL "mode='TF'", "int64[5] 5 6 9 5 5", "float32[4] 1 3 0 1"),
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "2", "1") POOL "mode='TFIDF' weights=[2.,3.,0.5]", "int32[2x3] 5 9 6 6 6 6",
                "float32[2x4] 3 2 0 0.5 9 0 0 0"),
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "1", "7") POOL "mode='IDF' weights=[2.,3.,0.5]", "int64[3] 5 5 6",
                "float32[4] 3 2 0 0"),
        OP_CASE("TfIdfVectorizer", 9,
                SIZES("2", "3", "0") "ngram_counts=[0,0,2] ngram_indexes=[0,0] pool_strings=['a','b','b','b','a'] mode='TF'",
                "string[1x4] 'a' 'b' 'b' 'a'", "float32[1x1] 2"),
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "2", "0") POOL "mode='TF'", "int64[0]", "float32[4] 0"),
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "2", "9223372036854775807") POOL "mode='TF'", "int64[2] 5 6",
                "float32[4] 1 1 0 1"),
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "3", "0") POOL "mode='TF'", "int64[2] 5 6", "! pool of up to 2-grams"),
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "2", "0") POOL "mode='TF'", "string[1] '5'", "! X is string"),
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "2", "0") POOL "mode='TF' weights=[1.]", "int64[2] 5 6", "! 1 weights"),
        OP_CASE("TfIdfVectorizer", 9, SIZES("1", "2", "0") POOL "mode='TF'", "int64[1x1x1] 5", "! rank 3"),
        OP_CASE("TfIdfVectorizer", 9,
                SIZES("1", "2", "0") "ngram_counts=[0,9] ngram_indexes=[1,0,3] pool_int64s=[5,6,5,6] mode='TF'", "int64[1] 5",
                "! ngram_counts[0]"),
        OP_CASE("TfIdfVectorizer", 9,
                SIZES("1", "2", "0") "ngram_counts=[0,2] ngram_indexes=[1,0] pool_int64s=[5,6,5,6] mode='TF'", "int64[1] 5",
                "! fewer entries"),
        OP_CASE("TfIdfVectorizer", 9,
                SIZES("1", "2", "0") "ngram_counts=[0,2] ngram_indexes=[1,0,-3] pool_int64s=[5,6,5,6] mode='TF'", "int64[1] 5",
                "! ngram_indexes[2]"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(grams)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
