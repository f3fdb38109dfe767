// test_run_random.c: random graphs of elementwise operators, views, convolutions, pooling and sums, run in every way: a plan
// that shares memory wrongly, or a pass that matches too much, shows as a wrong number. May assume: lab.h; seeded. Never
// compares with anything but the reference interpreter.
#include "base/str.h"
#include "graph/edit.h"
#include "support/graph_text.h"
#include "support/lab.h"
#include "support/rng.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { MOST_OUT = 6, MOST_VALUES = 80 };

/// Values of two shapes: maps [n x 16 x 4 x 4] and rows [n x 256].
typedef struct writer {
    rng r;
    onr_str text;
    int map[MOST_VALUES], row[MOST_VALUES];
    int n_maps, n_rows, n_values;
} writer;

static const char *const unary[] = {"Relu", "Sigmoid", "Tanh", "Neg", "Abs", "Identity", "Sin"};
static const char *const binary[] = {"Add", "Add", "Add", "Sub", "Mul", "Max"};

/// Mostly one of the newest, so that chains grow; sometimes an old one, so that it lives long.
static int pick(writer *w, const int *of, int n) {
    int back = (int)rng_below(&w->r, rng_below(&w->r, 3) ? 3 : (uint64_t)n);
    return of[back < n ? n - 1 - back : 0];
}

static int add(writer *w, int *list, int *n) { return list[(*n)++] = w->n_values++; }

static void write_unary(writer *w, int *list, int *n) {
    int x = pick(w, list, *n);
    onr_str_printf(&w->text, "v%d = %s(v%d)\n", add(w, list, n), unary[rng_below(&w->r, sizeof unary / sizeof unary[0])], x);
}

static void write_binary(writer *w, int *list, int *n) {
    int x = pick(w, list, *n), y = pick(w, list, *n);
    onr_str_printf(&w->text, "v%d = %s(v%d, v%d)\n", add(w, list, n),
                   binary[rng_below(&w->r, sizeof binary / sizeof binary[0])], x, y);
}

/// A convolution, most often followed by what can be fused into it.
static void write_conv(writer *w) {
    int x = pick(w, w->map, w->n_maps);
    static const char *const kinds[] = {"w3, b) pads=[1,1,1,1]", "w1)", "w3) pads=[1,1,1,1]", "wd) pads=[1,1,1,1] group=16"};
    onr_str_printf(&w->text, "v%d = Conv(v%d, %s\n", add(w, w->map, &w->n_maps), x, kinds[rng_below(&w->r, 4)]);
    if (rng_below(&w->r, 2))
        onr_str_printf(&w->text, "v%d = BatchNormalization(v%d, s, t, m, u)\n", w->n_values, w->n_values - 1),
            add(w, w->map, &w->n_maps);
    if (rng_below(&w->r, 2)) {
        int y = pick(w, w->map, w->n_maps);
        onr_str_printf(&w->text, "v%d = Add(v%d, v%d)\n", w->n_values, w->n_values - 1, y), add(w, w->map, &w->n_maps);
    }
    if (rng_below(&w->r, 2))
        onr_str_printf(&w->text, "v%d = Relu(v%d)\n", w->n_values, w->n_values - 1), add(w, w->map, &w->n_maps);
}

static void write_step(writer *w) {
    switch (rng_below(&w->r, 11)) {
    case 0:
    case 1: write_unary(w, w->map, &w->n_maps); break;
    case 2: write_binary(w, w->map, &w->n_maps); break;
    case 3: write_conv(w); break;
    case 4: {
        int x = pick(w, w->map, w->n_maps);
        onr_str_printf(&w->text, "v%d = MaxPool(v%d) kernel_shape=[3,3] pads=[1,1,1,1]\n", add(w, w->map, &w->n_maps), x);
        break;
    }
    case 5: {
        int x = pick(w, w->map, w->n_maps);
        onr_str_printf(&w->text, "v%d = Flatten(v%d)\n", add(w, w->row, &w->n_rows), x);
        break;
    }
    case 6: {
        int x = pick(w, w->row, w->n_rows);
        onr_str_printf(&w->text, "v%d = Reshape(v%d, to_map)\n", add(w, w->map, &w->n_maps), x);
        break;
    }
    case 7: write_unary(w, w->row, &w->n_rows); break;
    case 8: { // joined and brought back to the channels it had
        int x = pick(w, w->map, w->n_maps), y = pick(w, w->map, w->n_maps), joined = w->n_values++;
        onr_str_printf(&w->text, "v%d = Concat(v%d, v%d) axis=1\n", joined, x, y);
        onr_str_printf(&w->text, "v%d = Conv(v%d, w2)\n", add(w, w->map, &w->n_maps), joined);
        break;
    }
    case 9: {
        int x = pick(w, w->map, w->n_maps);
        static const char *const kinds[] = {"Mul(v%d, half)", "Sub(half, v%d)", "Div(v%d, half)", "Add(v%d, bias)"};
        onr_str_printf(&w->text, "v%d = ", add(w, w->map, &w->n_maps));
        onr_str_printf(&w->text, kinds[rng_below(&w->r, 4)], x);
        onr_str_add(&w->text, "\n");
        break;
    }
    default: write_binary(w, w->row, &w->n_rows);
    }
}

static void write_text(writer *w, uint64_t seed) {
    *w = (writer){.map = {0}, .row = {1}, .n_maps = 1, .n_rows = 1, .n_values = 2};
    rng_seed(&w->r, seed);
    onr_str_add(&w->text,
                "input v0: float32[n x 16 x 4 x 4]\ninput v1: float32[n x 256]\n"
                "const w3: float32[16 x 16 x 3 x 3] = seed 1 -0.1 0.1\nconst w1: float32[16 x 16 x 1 x 1] = seed 2 -0.3 0.3\n"
                "const wd: float32[16 x 1 x 3 x 3] = seed 3 -0.4 0.4\nconst b: float32[16] = seed 4\n"
                "const s: float32[16] = seed 5\nconst t: float32[16] = seed 6\nconst m: float32[16] = seed 7\n"
                "const u: float32[16] = seed 8 0.5 2\nconst to_map: int64[4] = 0 16 4 4\n"
                "const w2: float32[16 x 32 x 1 x 1] = seed 9 -0.2 0.2\nconst half: float32[] = 0.5\n"
                "const bias: float32[16 x 1 x 1] = seed 10\n");
    int steps = 3 + (int)rng_below(&w->r, 14);
    for (int i = 0; i < steps; i++) write_step(w);
    onr_str_printf(&w->text, "output v%d", w->n_values - 1);
    for (uint64_t i = rng_below(&w->r, MOST_OUT - 1); i > 0; i--)
        onr_str_printf(&w->text, ", v%d", (int)rng_below(&w->r, (uint64_t)w->n_values));
    onr_str_add(&w->text, "\n");
    assert_false(w->text.failed);
    assert_true(w->n_values <= MOST_VALUES);
}

static onr_graph *fresh(const writer *w, const char *what, lab *l) {
    onr_graph *g = graph_text_read(what, w->text.s, l->arena);
    if (onr_graph_order(g, &l->err) != ONR_OK || onr_graph_verify(g, &l->err) != ONR_OK) fail_msg("%s: %s", what, l->err.text);
    return g;
}

static void check_seed(uint64_t seed) {
    writer w;
    char what[64];
    onr_datum in[2], want[MOST_OUT], got[MOST_OUT];
    snprintf(what, sizeof what, "seed %d", (int)seed);
    write_text(&w, seed);
    lab *plain = lab_new(0, "native", 1);
    onr_graph *g = fresh(&w, what, plain);
    lab_inputs(plain, g, 1 + (int64_t)seed % 3, seed, in);
    lab_optimize(plain, what, g, "", NULL, NULL, NULL);
    if (lab_interpret(plain, g, in, want) != ONR_OK) fail_msg("%s: %s\n%s", what, plain->err.text, w.text.s);
    static const char *const cpus[] = {"native", "scalar"};
    for (int i = 0; i < 4; i++) {
        lab *l = lab_new(1 + i % 2, cpus[i / 2], 1 + i % 2);
        onr_graph *fast = fresh(&w, what, l);
        lab_optimize(l, what, fast, NULL, NULL, NULL, NULL);
        if (lab_plan(l, what, fast, in, got) != ONR_OK) fail_msg("%s: %s\n%s", what, l->err.text, w.text.s);
        lab_assert_near(what, fast, got, want, 1e-4);
        lab_release(fast, got);
        lab_free(l);
    }
    lab_release(g, want);
    lab_free(plain);
    onr_str_free(&w.text);
}

static void every_way_gives_the_same(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) check_seed(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_way_gives_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
