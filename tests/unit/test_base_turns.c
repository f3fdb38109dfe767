// test_base_turns.c: two threads take turns, and the second one comes to its end whenever it is told to.
// May assume: cmocka. Never sleeps.
#include "base/turns.h"

#include "support/cmocka.h"

typedef struct counter {
    int n, most;
    bool told;
} counter;

static void count(onr_turns *t, void *user) {
    counter *c = user;
    while (c->n < c->most) {
        c->n++;
        if (onr_turns_stand(t)) continue;
        c->told = true;
        return;
    }
}

static void one_works_at_a_time(void **state) {
    (void)state;
    counter c = {.most = 1000};
    onr_turns *t = onr_turns_new(count, &c);
    assert_non_null(t);
    assert_int_equal(c.n, 0);
    for (int i = 1; i <= 1000; i++) {
        onr_turns_go(t);
        assert_int_equal(c.n, i);
        assert_false(onr_turns_ended(t));
    }
    for (int i = 0; i < 3; i++) {
        onr_turns_go(t);
        assert_true(onr_turns_ended(t));
    }
    onr_turns_free(t);
    assert_false(c.told);
}

static void it_ends_when_told(void **state) {
    (void)state;
    for (int steps = 0; steps < 3; steps++) {
        counter c = {.most = 10};
        onr_turns *t = onr_turns_new(count, &c);
        for (int i = 0; i < steps; i++) onr_turns_go(t);
        onr_turns_free(t);
        assert_int_equal(c.n, steps);
        assert_int_equal(c.told, steps > 0);
    }
    onr_turns_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_works_at_a_time), cmocka_unit_test(it_ends_when_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
