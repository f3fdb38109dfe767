// test_onnxrun_part.c: every step of a run as a model of its own, which gives what the step gave.
// May assume: the shipped model, and a loop made here. Never looks behind the header.
#include "onnxrun.h"
#include "support/onnx_build.h"
#include "support/rng.h"

#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_IN = 8 };

/// The part of a step that runs now, and the values that it was given.
typedef struct page {
    void *onnx;
    size_t bytes, part_of[MAX_IN];
    onnxrun_value *in[MAX_IN];
} page;

typedef struct diary {
    bool exact;
    int n_parts, n_several;
    page of[2];                    // by depth: a loop runs around its body's steps
    const onnxrun_value *whole_in; // the model's input
} diary;

static bool cut(void *user, onnxrun_step *step) {
    diary *d = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    page *p = &d->of[info->depth];
    onnxrun_error err;
    if (info->n_origin == 0) return true;
    assert_true(info->n_inputs <= MAX_IN);
    if (onnxrun_step_part(step, 0, &p->onnx, &p->bytes, p->part_of, &err) != ONNXRUN_OK)
        fail_msg("%s: %s", info->node, err.text);
    for (size_t i = 0; i < info->n_inputs; i++) {
        p->in[i] = NULL;
        if (p->part_of[i] != SIZE_MAX)
            assert_int_equal(onnxrun_value_copy(onnxrun_step_input(step, i), &p->in[i], NULL), ONNXRUN_OK);
    }
    d->n_several += info->n_origin > 1;
    return true;
}

static void expect_same(const diary *d, const char *node, const onnxrun_value *want, const onnxrun_value *got) {
    assert_int_equal(onnxrun_value_bytes(want), onnxrun_value_bytes(got));
    if (d->exact) {
        assert_memory_equal(onnxrun_value_data(want), onnxrun_value_data(got), onnxrun_value_bytes(want));
        return;
    }
    for (int64_t i = 0; i < onnxrun_value_numel(want); i++) {
        double a = onnxrun_value_number(want, i), b = onnxrun_value_number(got, i);
        // Another layout around the step may be another kernel.
        if (fabs(a - b) > 1e-4 * (1 + fabs(a))) fail_msg("%s: element %d: %g, alone %g", node, (int)i, a, b);
    }
}

static bool run_part(void *user, onnxrun_step *step) {
    diary *d = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    page *p = &d->of[info->depth];
    if (info->n_origin == 0) return true;
    onnxrun_model *m;
    onnxrun_session *s;
    onnxrun_error err;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.n_threads = 1;
    o.opt_level = d->exact ? 0 : 2;
    if (onnxrun_model_load_memory(p->onnx, p->bytes, NULL, &m, &err) != ONNXRUN_OK) fail_msg("%s: %s", info->node, err.text);
    const onnxrun_value *in[MAX_IN] = {d->whole_in};
    for (size_t i = 0; i < info->n_inputs; i++)
        if (p->part_of[i] != SIZE_MAX) in[p->part_of[i]] = p->in[i];
    onnxrun_value *out = NULL;
    if (onnxrun_session_new(m, &o, &s, &err) != ONNXRUN_OK || onnxrun_model_n_outputs(m) != 1 ||
        onnxrun_run(s, in, onnxrun_model_n_inputs(m), &out, 1, &err) != ONNXRUN_OK)
        fail_msg("%s: %s", info->node, err.text);
    expect_same(d, info->node, onnxrun_step_output(step, 0), out);
    onnxrun_value_free(out);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    for (size_t i = 0; i < info->n_inputs; i++) onnxrun_value_free(p->in[i]);
    onnxrun_string_free(p->onnx);
    d->n_parts++;
    return true;
}

static void run_with(diary *d, onnxrun_model *m, int level, const onnxrun_value *const *in, size_t n) {
    onnxrun_session *s;
    onnxrun_error err;
    onnxrun_session_options o = onnxrun_session_options_default();
    const onnxrun_hooks hooks = {.before = cut, .after = run_part, .user = d};
    o.n_threads = 1;
    o.opt_level = level;
    d->exact = level == 0;
    assert_int_equal(onnxrun_session_new(m, &o, &s, &err), ONNXRUN_OK);
    onnxrun_session_set_hooks(s, &hooks);
    onnxrun_value *out = NULL;
    if (onnxrun_run(s, in, n, &out, 1, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    onnxrun_value_free(out);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
}

static void every_step_of_a_net(void **state) {
    (void)state;
    static float pixels[2 * 3 * 32 * 32];
    const int64_t dims[] = {2, 3, 32, 32};
    rng r;
    rng_seed(&r, 5);
    rng_fill_f32(&r, pixels, sizeof pixels / sizeof *pixels, -1, 1);
    for (int level = 0; level <= 2; level += 2) {
        onnxrun_model *m;
        onnxrun_error err;
        diary d = {0};
        if (onnxrun_model_load(ONR_SOURCE_DIR "/models/residualnet16-fashion-bn.onnx", NULL, &m, &err) != ONNXRUN_OK)
            fail_msg("%s", err.text);
        onnxrun_value *x = onnxrun_value_borrow(ONNXRUN_FLOAT, 4, dims, pixels);
        run_with(&d, m, level, (const onnxrun_value *[]){x}, 1);
        onnxrun_value_free(x);
        assert_true(d.n_parts > 30);
        assert_int_equal(d.n_several > 0, level > 0);
    }
}

/// v = v * v + c, three times; `c` is captured.
static void every_step_of_a_body(void **state) {
    (void)state;
    const int64_t dims[] = {4}, times = 3;
    const uint8_t yes = 1;
    float x[4] = {0.5f, -1, 0.25f, 2};
    onr_arena *a = onr_arena_new(0);
    Onnx__GraphProto *body = mk_graph(a, "body"), *g = mk_graph(a, "loop");
    MK_ADD(a, body, input, mk_info(a, "i", ONNXRUN_INT64, 0, NULL));
    MK_ADD(a, body, input, mk_info(a, "go", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(a, body, input, mk_info(a, "v", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(a, body, node, mk_node(a, "square", "Mul", "v,v", "vv"));
    MK_ADD(a, body, node, mk_node(a, "plus", "Add", "vv,c", "w"));
    MK_ADD(a, body, node, mk_node(a, "on", "Identity", "go", "go_on"));
    MK_ADD(a, body, output, mk_info(a, "go_on", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(a, body, output, mk_info(a, "w", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(a, g, initializer, mk_raw(a, "times", ONNXRUN_INT64, 0, NULL, &times, 8));
    MK_ADD(a, g, initializer, mk_raw(a, "yes", ONNXRUN_BOOL, 0, NULL, &yes, 1));
    MK_ADD(a, g, node, mk_node(a, "minus", "Neg", "x", "c"));
    Onnx__NodeProto *loop = mk_node(a, "turn", "Loop", "times,yes,x", "y");
    MK_ADD(a, loop, attribute, mk_attr_graph(a, "body", body));
    MK_ADD(a, g, node, loop);
    MK_ADD(a, g, output, mk_info(a, "y", ONNXRUN_FLOAT, 1, dims));
    size_t bytes;
    const void *onnx = mk_pack(a, mk_model(a, g), &bytes);
    for (int level = 0; level <= 2; level++) {
        onnxrun_model *m;
        assert_int_equal(onnxrun_model_load_memory(onnx, bytes, NULL, &m, NULL), ONNXRUN_OK);
        onnxrun_value *v = onnxrun_value_borrow(ONNXRUN_FLOAT, 1, dims, x);
        diary d = {.whole_in = v};
        run_with(&d, m, level, (const onnxrun_value *[]){v}, 1);
        onnxrun_value_free(v);
        assert_true(d.n_parts >= 2 + 3 * 2);
    }
    onr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_step_of_a_net), cmocka_unit_test(every_step_of_a_body)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
