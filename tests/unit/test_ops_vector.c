// test_ops_vector.c: vector kernels on blocked channels: the lanes beyond the last channel are zero after every function.
// May assume: values are checked elsewhere (operators' tables, passes); here is the layout.
// Never runs a graph: the operators' contexts are made by hand.
#include "ops/vector.h"

#include "support/cmocka.h"

enum { C = 5, PIXELS = 3, BLOCK = 8, LANES = PIXELS * BLOCK };

typedef struct bench {
    onr_target target;
    onr_env env;
    onr_datum x, s, y;
    const onr_datum *in[2];
    onr_datum *out[1];
    float x_data[2 * LANES], s_data[BLOCK], y_data[2 * LANES];
    onr_run run;
} bench;

static onr_datum blocked(int64_t n, int64_t pixels, float *data) {
    onr_shape shape = onr_shape_make(3, (const int64_t[]){n, C, pixels});
    onr_datum d = onr_datum_borrow(ONR_FLOAT, &shape, data);
    d.t.block = BLOCK;
    return d;
}

/// X is 2 x 5 x 3 with element k holding k + 1 and zero padding; s is 1 x 5 x 1.
static void set_up(bench *b) {
    *b = (bench){.target = {.opt_level = 2}};
    onr_cpu_detect(&b->target.cpu);
    for (int k = 0; k < 2 * LANES; k++) b->x_data[k] = k % BLOCK < C ? (float)k + 1 : 0;
    for (int k = 0; k < BLOCK; k++) b->s_data[k] = k < C ? 2 : 0;
    for (int k = 0; k < 2 * LANES; k++) b->y_data[k] = 77;
    b->x = blocked(2, PIXELS, b->x_data);
    b->s = blocked(1, 1, b->s_data);
    b->y = blocked(2, PIXELS, b->y_data);
    b->env = (onr_env){.target = &b->target};
    b->in[0] = &b->x;
    b->in[1] = &b->s;
    b->out[0] = &b->y;
    b->run = (onr_run){.n_in = 2, .n_out = 1, .in = b->in, .out = b->out, .env = &b->env};
}

/// Every channel satisfies f, every lane beyond is zero.
static void check(const bench *b, float (*f)(float x)) {
    for (int k = 0; k < 2 * LANES; k++) {
        if (k % BLOCK < C)
            assert_float_equal(b->y_data[k], f(b->x_data[k]), 1e-5);
        else
            assert_true(b->y_data[k] == 0);
    }
}

static float reciprocal(float x) { return 1 / x; }
static float half_less(float x) { return x * 0.5f + 7; }
static float twice(float x) { return 2 * x; }
static float one(float x) { return x == x ? 1 : 0; }
static float more(float x) { return x + 3; }

static void unary(void **state) {
    bench b;
    (void)state;
    set_up(&b);
    assert_true(onr_vector_unary(&b.run, ONR_UNARY_RECIPROCAL, 0, 0)); // infinite at 0
    check(&b, reciprocal);
    set_up(&b);
    assert_true(onr_vector_unary(&b.run, ONR_UNARY_AFFINE, 0.5f, 7));
    check(&b, half_less);
    set_up(&b);
    b.target.reference = true;
    assert_false(onr_vector_unary(&b.run, ONR_UNARY_AFFINE, 0.5f, 7));
    assert_true(b.y_data[0] == 77);
}

static void binary(void **state) {
    bench b;
    const float three = 3;
    const onr_shape scalar = onr_shape_make(0, NULL);
    onr_datum number = onr_datum_borrow(ONR_FLOAT, &scalar, &three);
    (void)state;
    set_up(&b);
    assert_true(onr_vector_binary(&b.run, ONR_BINARY_MUL, NULL)); // one number per channel
    check(&b, twice);
    set_up(&b);
    b.in[1] = &b.x;
    assert_true(onr_vector_binary(&b.run, ONR_BINARY_DIV, NULL)); // 0 / 0 in the padding
    check(&b, one);
    set_up(&b);
    b.in[0] = &number;
    b.in[1] = &b.x;
    assert_true(onr_vector_binary(&b.run, ONR_BINARY_ADD, NULL)); // a number on the left
    check(&b, more);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(unary), cmocka_unit_test(binary)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
