// test_base_nearest.c: the name that was probably meant.
// May assume: nothing. Never looks at models.
#include "base/nearest.h"

#include "support/cmocka.h"

#include <string.h>

static const char *nearest(const char *word) {
    static char longest[400];
    memset(longest, 'x', sizeof longest - 1);
    const char *const names[] = {"a1",    "conv1", "/stem/conv2/Conv_output_0", "/stem/conv2/Conv_output_0_quantized",
                                 longest, ""};
    onr_nearest_name n = {.word = word};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) onr_nearest_try(&n, names[i]);
    return n.best;
}

static void names(void **state) {
    (void)state;
    assert_string_equal(nearest("conv3"), "conv1");
    assert_string_equal(nearest("a2"), "a1");
    assert_string_equal(nearest("/stem/conv2/conv_output_0"), "/stem/conv2/Conv_output_0");
    assert_string_equal(nearest("conv2/Conv"), "/stem/conv2/Conv_output_0"); // within a name: the shorter one
    assert_string_equal(nearest("xxxxxxxxxxxxxxxxxxxx") + 390, "xxxxxxxxx");
    assert_null(nearest("something else altogether"));
    assert_null(nearest(""));
    assert_null(nearest("zz9"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
