// test_ops_string.c: joining, splitting, case and stop words beyond ASCII, regular expressions.
// May assume: support/op_case.h for the syntax of the tables; sources are UTF-8. Never repeats the backend tests.
#include "support/op_case.h"

#include "support/cmocka.h"

static void joining(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("StringConcat", 20, "", "string[2x1] 'a' 'b' | string[3] '1' '' '3'",
                "string[2x3] 'a1' 'a' 'a3' 'b1' 'b' 'b3'"),
        OP_CASE("StringConcat", 20, "", "string[] '' | string[] ''", "string[] ''"),
        OP_CASE("StringConcat", 20, "", "string[0x2] | string[2] 'a' 'b'", "string[0x2]"),
        OP_CASE("StringConcat", 20, "", "string[2] 'a' | string[3] 'b'", "! do not broadcast"),
        OP_CASE("StringConcat", 20, "", "string[2] 'a' | int64[2] 1", "! element types"),
    };
    OP_CASES_RUN(cases);
}

static void splitting(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("StringSplit", 20, "delimiter='-'", "string[3] 'a--b' '' '-'",
                "string[3x3] 'a' '' 'b' '' '' '' '' '' '' | int64[3] 3 1 2"),
        OP_CASE("StringSplit", 20, "delimiter='ab' maxsplit=1", "string[2] '1ab2ab3' 'aab'",
                "string[2x2] '1' '2ab3' 'a' '' | int64[2] 2 2"),
        OP_CASE("StringSplit", 20, "delimiter='-' maxsplit=0", "string[] 'a-b'", "string[1] 'a-b' | int64[] 1"),
        OP_CASE("StringSplit", 20, "maxsplit=1", "string[1] '  a  b c  '", "string[1x2] 'a' 'b c  ' | int64[1] 2"),
        OP_CASE("StringSplit", 20, "delimiter=''",
                "string[2] 'a\xe3\x80\x80\xc2\xa0"
                "b\t' ' \n '",
                "string[2x2] 'a' 'b' '' '' | int64[2] 2 0"),
        OP_CASE("StringSplit", 20, "", "string[1] '\xc3\xa0 \xe4\xb8\xad'",
                "string[1x2] '\xc3\xa0' '\xe4\xb8\xad' | int64[1] 2"),
        OP_CASE("StringSplit", 20, "", "string[2x0]", "string[2x0x0] | int64[2x0]"),
        OP_CASE("StringSplit", 20, "", "string[1] ' '", "string[1x0] | _"),
        OP_CASE("StringSplit", 20, "", "int64[1] 1", "! not allowed"),
    };
    OP_CASES_RUN(cases);
}

static void normalizing(void **state) {
    (void)state;
    static const op_case cases[] = {
        OP_CASE("StringNormalizer", 10, "stopwords=['B']", "string[3] 'a' 'b' 'C'", "string[2] 'a' 'C'"),
        OP_CASE("StringNormalizer", 10, "stopwords=['B'] is_case_sensitive=1", "string[1x3] 'a' 'b' 'B'",
                "string[1x2] 'a' 'b'"),
        OP_CASE("StringNormalizer", 10, "stopwords=['a'] case_change_action='UPPER'", "string[1x1] 'A'", "string[1x1] ''"),
        OP_CASE("StringNormalizer", 10, "case_change_action='LOWER'", "string[0]", "string[1] ''"),
        OP_CASE("StringNormalizer", 10, "", "string[2x1] 'a'", "! 2 rows"),
        OP_CASE("StringNormalizer", 10, "case_change_action='TITLE'", "string[1] 'a'", "! case_change_action"),
#ifdef ONR_HAVE_UNISTRING
        OP_CASE("StringNormalizer", 10, "case_change_action='UPPER'",
                "string[2] 'stra\xc3\x9f"
                "e' '\xc3\xa9t\xc3\xa9'",
                "string[2] 'STRASSE' '\xc3\x89T\xc3\x89'"),
        OP_CASE("StringNormalizer", 10, "case_change_action='LOWER' locale='tr_TR.UTF-8'", "string[1] 'I'",
                "string[1] '\xc4\xb1'"),
        OP_CASE("StringNormalizer", 10, "case_change_action='LOWER' locale='en_US'", "string[1] 'I\xc3\x80'",
                "string[1] 'i\xc3\xa0'"),
        OP_CASE("StringNormalizer", 10, "stopwords=['STRASSE']",
                "string[2] 'Stra\xc3\x9f"
                "e' 'x'",
                "string[1] 'x'"),
        OP_CASE("StringNormalizer", 10, "case_change_action='LOWER'", "string[1] '\xff\xfe'", "! no UTF-8"),
#else
        OP_CASE("StringNormalizer", 10, "case_change_action='LOWER'", "string[1] '\xc3\x80'", "!? ONR_UNISTRING"),
#endif
    };
    OP_CASES_RUN(cases);
}

static void matching(void **state) {
    (void)state;
    static const op_case cases[] = {
#ifdef ONR_HAVE_PCRE2
        OP_CASE("RegexFullMatch", 20, "pattern='a|ab'", "string[4] 'a' 'ab' 'abc' ''", "bool[4] 1 1 0 0"),
        OP_CASE("RegexFullMatch", 20, "pattern='a$'", "string[2] 'a' 'a\n'", "bool[2] 1 0"),
        OP_CASE("RegexFullMatch", 20, "pattern='.'", "string[2x1] '\xe4\xb8\xad' '\n'", "bool[2x1] 1 0"),
        OP_CASE("RegexFullMatch", 20, "pattern='(?i)\xc3\xa9\\w'", "string[2] '\xc3\x89_' '\xc3\xa9\xc3\xa9'", "bool[2] 1 0"),
        OP_CASE("RegexFullMatch", 20, "pattern=''", "string[2] '' 'a'", "bool[2] 1 0"),
        OP_CASE("RegexFullMatch", 20, "pattern='(a'", "string[1] 'a'", "! pattern, at byte 2"),
        OP_CASE("RegexFullMatch", 20, "pattern='(a)\\1'", "string[1] 'aa'", "! references back"),
        OP_CASE("RegexFullMatch", 20, "pattern='a'", "string[1] '\xff'", "! no UTF-8"),
        OP_CASE("RegexFullMatch", 20, "pattern='(a*)*(a*)*(a*)*b'",
                "string[1] 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc'", "!? match limit"),
        OP_CASE("RegexFullMatch", 20, "", "string[1] 'a'", "! 'pattern'"),
#else
        OP_CASE("RegexFullMatch", 20, "pattern='a'", "string[1] 'a'", "!? ONR_PCRE2"),
#endif
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(joining), cmocka_unit_test(splitting), cmocka_unit_test(normalizing),
                                       cmocka_unit_test(matching)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
