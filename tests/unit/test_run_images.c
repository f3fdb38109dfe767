// test_run_images.c: plans that walk a batch image by image: same bits as without, for every number of threads and images.
// May assume: lab.h, which checks the plan's memory and fills it with NaN before each run. Never compares with stored numbers.
#include "support/graph_text.h"
#include "support/lab.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { OUTPUTS = 3 };

// "early" and "sum" are of image steps, "y" comes after them. The first convolution's result is used by one image step only,
// the pooled one by two, and as an output.
static const char net[] = "input x: float32[n x 3 x 96 x 96]\n"
                          "const w1: float32[16 x 3 x 3 x 3] = seed 1\n"
                          "const b1: float32[16] = seed 2\n"
                          "const w2: float32[16 x 16 x 3 x 3] = seed 3\n"
                          "const w3: float32[24 x 16 x 1 x 1] = seed 4\n"
                          "const w4: float32[24 x 5] = seed 5\n"
                          "c1 = Conv(x, w1, b1) pads=[1,1,1,1]\n"
                          "r1 = Relu(c1)\n"
                          "early = MaxPool(r1) kernel_shape=[3,3] strides=[1,1] pads=[1,1,1,1]\n"
                          "c2 = Conv(early, w2) pads=[1,1,1,1]\n"
                          "s2 = Add(c2, early)\n"
                          "sum = Relu(s2)\n"
                          "c3 = Conv(sum, w3) strides=[2,2]\n"
                          "g = GlobalAveragePool(c3)\n"
                          "f = Flatten(g)\n"
                          "y = MatMul(f, w4)\n"
                          "output early, sum, y\n";

static onr_graph *optimized(lab *l) {
    onr_graph *g = graph_text_read("net", net, l->arena);
    lab_optimize(l, "net", g, NULL, NULL, NULL, NULL);
    return g;
}

/// What the plan decided: image steps and lanes.
static void ask_plan(lab *l, const onr_graph *g, const onr_datum *x, int32_t *steps, int32_t *lanes) {
    onr_plan *p = NULL;
    const onr_type type = onr_datum_type(x);
    assert_int_equal(onr_plan_new(g, &type, &l->target, l->packs, l->pool, 0, l->watched, &p, &l->err), ONR_OK);
    *steps = p->n_image_steps;
    *lanes = p->n_lanes;
    onr_plan_free(p);
}

static void run(int threads, bool watched, const onr_datum *x, onr_datum *out, int32_t *steps, int32_t *lanes) {
    lab *l = lab_new(2, "native", threads);
    l->watched = watched;
    onr_graph *g = optimized(l);
    ask_plan(l, g, x, steps, lanes);
    if (lab_plan(l, "net", g, x, out) != ONR_OK) fail_msg("%d threads: %s", threads, l->err.text);
    lab_free(l);
}

static void release(onr_datum *out) {
    for (int i = 0; i < OUTPUTS; i++) onr_datum_release(&out[i]);
}

static void same_bits(const char *what, const onr_datum *a, const onr_datum *b) {
    for (int i = 0; i < OUTPUTS; i++)
        if (memcmp(a[i].t.data, b[i].t.data, onr_tensor_bytes(&b[i].t)) != 0) fail_msg("%s: output %d differs", what, i);
}

static onr_datum batch_of(lab *l, int64_t n) {
    onr_datum x;
    lab_inputs(l, graph_text_read("net", net, l->arena), n, (uint64_t)n, &x);
    return x;
}

static void every_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    static const struct {
        int64_t images;
        int threads, lanes;
    } cases[] = {{2, 1, 1}, {2, 2, 2}, {3, 2, 1}, {8, 2, 2}, {8, 3, 1}, {9, 2, 2}, {12, 3, 3}, {5, 4, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        lab *l = lab_new(2, "native", 1);
        onr_datum x = batch_of(l, cases[k].images), want[OUTPUTS], got[OUTPUTS];
        int32_t steps, lanes;
        char what[64];
        snprintf(what, sizeof what, "%d images, %d threads", (int)cases[k].images, cases[k].threads);
        run(1, true, &x, want, &steps, &lanes);
        assert_true(steps >= 4);
        assert_int_equal(lanes, 0);
        for (int watched = 0; watched < 2; watched++) {
            run(cases[k].threads, watched, &x, got, &steps, &lanes);
            assert_true(steps >= 4);
            assert_int_equal(lanes, watched ? 0 : cases[k].lanes);
            same_bits(what, got, want);
            release(got);
        }
        release(want);
        lab_free(l);
    }
}

static void each_image_is_what_it_is_alone(void **state) {
    (void)state;
    enum { IMAGES = 4 };
    lab *l = lab_new(2, "native", 1);
    onr_datum x = batch_of(l, IMAGES), all[OUTPUTS], one[OUTPUTS];
    int32_t steps, lanes;
    run(2, false, &x, all, &steps, &lanes);
    for (int i = 0; i < IMAGES; i++) {
        onr_datum image = x;
        image.buf = NULL;
        image.t.shape.dim[0] = 1;
        image.t.data = (char *)x.t.data + (size_t)i * onr_tensor_bytes(&image.t);
        run(1, false, &image, one, &steps, &lanes);
        assert_int_equal(steps, 0);
        for (int k = 0; k < 2; k++) { // the image steps' results
            const size_t bytes = onr_tensor_bytes(&one[k].t);
            if (memcmp((char *)all[k].t.data + (size_t)i * bytes, one[k].t.data, bytes) != 0)
                fail_msg("image %d: output %d differs", i, k);
        }
        release(one);
    }
    release(all);
    lab_free(l);
}

/// Against the reference kernels, interpreted.
static void results_are_right(void **state) {
    (void)state;
    lab *plain = lab_new(0, "native", 1), *l = lab_new(2, "native", 2);
    onr_datum x = batch_of(plain, 6), want[OUTPUTS], got[OUTPUTS];
    onr_graph *reference = graph_text_read("net", net, plain->arena), *g = optimized(l);
    lab_optimize(plain, "net", reference, "", NULL, NULL, NULL);
    assert_int_equal(lab_interpret(plain, reference, &x, want), ONR_OK);
    assert_int_equal(lab_plan(l, "net", g, &x, got), ONR_OK);
    lab_assert_near("net", g, got, want, 1e-5);
    release(want);
    release(got);
    lab_free(l);
    lab_free(plain);
}

/// Too little to gain: one image, small maps.
static void small_batches_stay_whole(void **state) {
    (void)state;
    lab *l = lab_new(2, "native", 2);
    const char *text = "input x: float32[n x 3 x 8 x 8]\nconst w: float32[4 x 3 x 3 x 3] = seed 1\ny = Conv(x, w)\noutput y\n";
    onr_graph *g = graph_text_read("small", text, l->arena);
    onr_datum x;
    int32_t steps, lanes;
    lab_inputs(l, g, 8, 1, &x);
    lab_optimize(l, "small", g, NULL, NULL, NULL, NULL);
    ask_plan(l, g, &x, &steps, &lanes);
    assert_int_equal(steps, 0);
    lab_free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(each_image_is_what_it_is_alone),
        cmocka_unit_test(results_are_right),
        cmocka_unit_test(small_batches_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
