// test_onnxrun_hooks.c: hooks as the header promises them: what they see, that they may stop a run or change it, and that
// nothing is hidden from whoever asks to keep it. May assume: models made here and the shipped one. Never looks behind the
// header.
#include "onnxrun.h"
#include "support/onnx_build.h"
#include "support/rng.h"

#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { C = 20, HW = 25, MAX_SEEN = 400 }; // 20 channels: a full block and a part of one, whatever the block
static const char *const LEVELS[] = {"scalar", "avx2", NULL};

static onr_arena *arena;
static const void *net_bytes, *loop_bytes, *view_bytes;
static size_t n_net, n_loop, n_view;

// ---- models -----------------------------------------------------------------------------------------------------------------

static Onnx__TensorProto *random_floats(rng *r, const char *name, size_t rank, const int64_t *dims, float lo, float hi) {
    size_t n = 1;
    for (size_t i = 0; i < rank; i++) n *= (size_t)dims[i];
    float *data = onr_arena_alloc(arena, n * sizeof *data);
    rng_fill_f32(r, data, n, lo, hi);
    return mk_raw(arena, name, ONNXRUN_FLOAT, rank, dims, data, n * sizeof *data);
}

static void add_conv(Onnx__GraphProto *g, rng *r, const char *name, const char *in, const char *out) {
    const int64_t w[] = {C, C, 1, 1}, b[] = {C};
    char weights[40], bias[40], inputs[160];
    snprintf(weights, sizeof weights, "%s_w", name);
    snprintf(bias, sizeof bias, "%s_b", name);
    snprintf(inputs, sizeof inputs, "%s,%s,%s", in, weights, bias);
    MK_ADD(arena, g, initializer, random_floats(r, weights, 4, w, -0.3f, 0.3f));
    MK_ADD(arena, g, initializer, random_floats(r, bias, 1, b, -0.3f, 0.3f));
    MK_ADD(arena, g, node, mk_node(arena, name, "Conv", inputs, out));
}

/// conv1 -> bn -> relu1 -> Dropout -> conv2 -> add (with relu1's output) -> relu2 -> Sigmoid; and a shape that nobody but an
/// output reads.
static void make_net(void) {
    const int64_t dims[] = {1, C, 5, 5}, channels[] = {C}, four[] = {4};
    static const char *const bn[] = {"gamma", "beta", "mean", "var"};
    rng r;
    rng_seed(&r, 7);
    Onnx__GraphProto *g = mk_graph(arena, "net");
    MK_ADD(arena, g, input, mk_info(arena, "x", ONNXRUN_FLOAT, 4, dims));
    for (int i = 0; i < 4; i++) MK_ADD(arena, g, initializer, random_floats(&r, bn[i], 1, channels, 0.5f, 1.5f));
    add_conv(g, &r, "conv1", "x", "c1");
    MK_ADD(arena, g, node, mk_node(arena, "bn", "BatchNormalization", "c1,gamma,beta,mean,var", "b1"));
    MK_ADD(arena, g, node, mk_node(arena, "relu1", "Relu", "b1", "r1"));
    MK_ADD(arena, g, node, mk_node(arena, "drop", "Dropout", "r1", "d1"));
    add_conv(g, &r, "conv2", "d1", "c2");
    MK_ADD(arena, g, node, mk_node(arena, "add", "Add", "c2,r1", "a2"));
    MK_ADD(arena, g, node, mk_node(arena, "relu2", "Relu", "a2", "r2"));
    MK_ADD(arena, g, node, mk_node(arena, "sigmoid", "Sigmoid", "r2", "y"));
    MK_ADD(arena, g, node, mk_node(arena, "shape", "Shape", "r2", "size"));
    MK_ADD(arena, g, output, mk_info(arena, "y", ONNXRUN_FLOAT, 4, dims));
    MK_ADD(arena, g, output, mk_info(arena, "size", ONNXRUN_INT64, 1, four));
    net_bytes = mk_pack(arena, mk_model(arena, g), &n_net);
}

/// y = x times -1 as often as `times` says: node "turn" with body nodes "neg" and "on".
static void make_loop(void) {
    const int64_t dims[] = {4};
    const uint8_t yes = 1;
    Onnx__GraphProto *body = mk_graph(arena, "whatever"), *g = mk_graph(arena, "loop");
    MK_ADD(arena, body, input, mk_info(arena, "i", ONNXRUN_INT64, 0, NULL));
    MK_ADD(arena, body, input, mk_info(arena, "go", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(arena, body, input, mk_info(arena, "v", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(arena, body, node, mk_node(arena, "neg", "Mul", "v,factor", "w"));
    MK_ADD(arena, body, node, mk_node(arena, "on", "Identity", "go", "go_on"));
    MK_ADD(arena, body, output, mk_info(arena, "go_on", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(arena, body, output, mk_info(arena, "w", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(arena, g, input, mk_info(arena, "times", ONNXRUN_INT64, 0, NULL));
    MK_ADD(arena, g, input, mk_info(arena, "x", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(arena, g, initializer, mk_raw(arena, "yes", ONNXRUN_BOOL, 0, NULL, &yes, 1));
    MK_ADD(arena, g, node, mk_node(arena, "sub", "Sub", "x,x", "zero"));
    MK_ADD(arena, g, node, mk_node(arena, "cos", "Cos", "zero", "one"));
    MK_ADD(arena, g, node, mk_node(arena, "minus", "Neg", "one", "factor"));
    Onnx__NodeProto *loop = mk_node(arena, "turn", "Loop", "times,yes,x", "y");
    MK_ADD(arena, loop, attribute, mk_attr_graph(arena, "body", body));
    MK_ADD(arena, g, node, loop);
    MK_ADD(arena, g, output, mk_info(arena, "y", ONNXRUN_FLOAT, 1, dims));
    loop_bytes = mk_pack(arena, mk_model(arena, g), &n_loop);
}

/// flat = Flatten(x), y = Neg(flat).
static void make_view(void) {
    const int64_t dims[] = {2, 3, 4}, flat[] = {2, 12};
    Onnx__GraphProto *g = mk_graph(arena, "view");
    MK_ADD(arena, g, input, mk_info(arena, "x", ONNXRUN_FLOAT, 3, dims));
    MK_ADD(arena, g, node, mk_node(arena, "flatten", "Flatten", "x", "flat"));
    MK_ADD(arena, g, node, mk_node(arena, "neg", "Neg", "flat", "y"));
    MK_ADD(arena, g, output, mk_info(arena, "y", ONNXRUN_FLOAT, 2, flat));
    view_bytes = mk_pack(arena, mk_model(arena, g), &n_view);
}

// ---- sessions ---------------------------------------------------------------------------------------------------------------

typedef struct opened {
    onnxrun_model *m;
    onnxrun_session *s;
} opened;

static opened open_as(const void *bytes, size_t n, int level, const char *cpu, bool (*keep)(void *, const char *)) {
    onnxrun_session_options o = onnxrun_session_options_default();
    opened x = {0};
    onnxrun_error err;
    o.opt_level = level;
    o.cpu = cpu;
    o.n_threads = 2;
    o.keep = keep;
    if (onnxrun_model_load_memory(bytes, n, NULL, &x.m, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    if (onnxrun_session_new(x.m, &o, &x.s, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    return x;
}

static void close_all(opened *x) {
    onnxrun_session_free(x->s);
    onnxrun_model_free(x->m);
}

static onnxrun_value *net_input(void) {
    static float data[C * HW];
    const int64_t dims[] = {1, C, 5, 5};
    rng r;
    rng_seed(&r, 3);
    rng_fill_f32(&r, data, C * HW, -1, 1);
    return onnxrun_value_borrow(ONNXRUN_FLOAT, 4, dims, data);
}

static onnxrun_status run_net(opened *x, onnxrun_value **y, onnxrun_error *err) {
    onnxrun_value *in = net_input(), *out[2] = {NULL};
    onnxrun_status st = onnxrun_run(x->s, (const onnxrun_value *[]){in}, 1, out, 2, err);
    onnxrun_value_free(in);
    onnxrun_value_free(out[1]);
    if (y)
        *y = out[0];
    else
        onnxrun_value_free(out[0]);
    return st;
}

// ---- what a run shows -------------------------------------------------------------------------------------------------------

/// Everything that the hooks of a run saw.
typedef struct diary {
    struct {
        char name[64];
        onnxrun_value *value;
        size_t n_origin;
    } of[MAX_SEEN];
    size_t n, n_before;
    char about_to[64];
} diary;

static bool note_before(void *user, onnxrun_step *step) {
    diary *d = user;
    snprintf(d->about_to, sizeof d->about_to, "%s", onnxrun_step_about(step)->node);
    assert_null(onnxrun_step_output(step, 0));
    assert_int_equal(onnxrun_step_about(step)->ns, 0);
    d->n_before++;
    return true;
}

static bool note_after(void *user, onnxrun_step *step) {
    diary *d = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    if (info->depth == 0 && strcmp(info->op, "Loop") != 0) assert_string_equal(info->node, d->about_to);
    for (size_t i = 0; i < info->n_outputs; i++) {
        if (!onnxrun_step_output_name(step, i)) continue;
        assert_true(d->n < MAX_SEEN);
        snprintf(d->of[d->n].name, sizeof d->of[d->n].name, "%s", onnxrun_step_output_name(step, i));
        assert_int_equal(onnxrun_value_copy(onnxrun_step_output(step, i), &d->of[d->n].value, NULL), ONNXRUN_OK);
        d->of[d->n++].n_origin = info->n_origin;
    }
    assert_null(onnxrun_step_output_name(step, info->n_outputs));
    assert_null(onnxrun_step_output(step, info->n_outputs));
    assert_null(onnxrun_step_input(step, info->n_inputs));
    return true;
}

static void watch(onnxrun_session *s, diary *d) {
    const onnxrun_hooks hooks = {.before = note_before, .after = note_after, .user = d};
    *d = (diary){.n = 0};
    onnxrun_session_set_hooks(s, &hooks);
}

static void diary_free(diary *d) {
    for (size_t i = 0; i < d->n; i++) onnxrun_value_free(d->of[i].value);
}

static const onnxrun_value *seen(const diary *d, const char *name) {
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->of[i].name, name) == 0) return d->of[i].value;
    return NULL;
}

static void expect_near(const onnxrun_value *a, const onnxrun_value *b, const char *name) {
    assert_int_equal(onnxrun_value_numel(a), onnxrun_value_numel(b));
    for (int64_t i = 0; i < onnxrun_value_numel(a); i++) {
        double x = onnxrun_value_number(a, i), y = onnxrun_value_number(b, i);
        if (fabs(x - y) > 1e-4 * (1 + fabs(x))) fail_msg("%s[%d]: %g and %g", name, (int)i, x, y);
    }
}

/// The heart of comparing: under every level and instruction set, a value of some name holds what the model's value of that
/// name holds, whatever was fused and however it lies in memory.
static void names_stay_true(void **state) {
    (void)state;
    diary want, got;
    opened ref = open_as(net_bytes, n_net, 0, NULL, NULL);
    watch(ref.s, &want);
    assert_int_equal(run_net(&ref, NULL, NULL), ONNXRUN_OK);
    assert_int_equal(want.n, 9); // each of the model's nodes
    assert_int_equal(want.n_before, 9);
    for (int level = 1; level <= 2; level++)
        for (int c = 0; c < 3; c++) {
            opened x = open_as(net_bytes, n_net, level, LEVELS[c], NULL);
            watch(x.s, &got);
            assert_int_equal(run_net(&x, NULL, NULL), ONNXRUN_OK);
            assert_true(got.n < want.n + 3); // fused, though Reorders may have come
            assert_int_equal(got.n_before, got.n);
            for (size_t i = 0; i < got.n; i++) {
                const onnxrun_value *v = seen(&want, got.of[i].name);
                if (strcmp(got.of[i].name, "x") == 0) continue; // the input, in another layout
                if (!v) fail_msg("nothing is called %s in the model", got.of[i].name);
                expect_near(v, got.of[i].value, got.of[i].name);
            }
            assert_non_null(seen(&got, "r1"));
            assert_non_null(seen(&got, "y"));
            assert_null(seen(&got, "a2")); // inside conv2
            assert_int_equal(onnxrun_session_makes(x.s, "a2"), false);
            assert_int_equal(onnxrun_session_makes(x.s, "r2"), true);
            assert_int_equal(onnxrun_session_makes(x.s, "x"), false);
            diary_free(&got);
            close_all(&x);
        }
    diary_free(&want);
    close_all(&ref);
}

/// A fused node tells which nodes of the model it is.
static bool check_origin(void *user, onnxrun_step *step) {
    const onnxrun_step_info *info = onnxrun_step_about(step);
    if (strcmp(info->node, "conv1") != 0) return true;
    *(int *)user += 1;
    assert_int_equal(info->n_origin, 3);
    assert_string_equal(info->origin[0], "conv1");
    assert_string_equal(info->origin[1], "bn");
    assert_string_equal(info->origin[2], "relu1");
    assert_string_equal(onnxrun_step_input_name(step, 0), "x");
    assert_non_null(onnxrun_step_input(step, 1)); // the weights, though packed ones are used
    return true;
}

static void a_fused_node_tells_its_origin(void **state) {
    (void)state;
    int n = 0;
    opened x = open_as(net_bytes, n_net, 2, NULL, NULL);
    const onnxrun_hooks hooks = {.after = check_origin, .user = &n};
    onnxrun_session_set_hooks(x.s, &hooks);
    assert_int_equal(run_net(&x, NULL, NULL), ONNXRUN_OK);
    assert_int_equal(n, 1);
    onnxrun_session_set_hooks(x.s, NULL);
    assert_int_equal(run_net(&x, NULL, NULL), ONNXRUN_OK);
    assert_int_equal(n, 1);
    close_all(&x);
}

// ---- keeping ----------------------------------------------------------------------------------------------------------------

static bool keep_b1(void *user, const char *value) {
    (void)user;
    return strcmp(value, "b1") == 0;
}
static bool keep_c1_d1_size(void *user, const char *value) {
    (void)user;
    return strcmp(value, "c1") == 0 || strcmp(value, "d1") == 0 || strcmp(value, "size") == 0;
}
static bool keep_all(void *user, const char *value) {
    (void)user;
    return value != NULL;
}

/// Only the place that was asked for is un-fused.
static void what_is_kept_is_seen(void **state) {
    (void)state;
    diary want, got;
    opened ref = open_as(net_bytes, n_net, 0, NULL, NULL);
    watch(ref.s, &want);
    assert_int_equal(run_net(&ref, NULL, NULL), ONNXRUN_OK);
    static bool (*const keeps[])(void *, const char *) = {keep_b1, keep_c1_d1_size, keep_all};
    static const char *const there[][4] = {{"b1"}, {"c1", "d1", "size"}, {"c1", "b1", "a2", "size"}};
    static const char *const gone[][3] = {{"c1", "c2", "a2"}, {"c2", "a2"}, {NULL}};
    for (int k = 0; k < 3; k++)
        for (int c = 0; c < 3; c++) {
            opened x = open_as(net_bytes, n_net, 2, LEVELS[c], keeps[k]);
            watch(x.s, &got);
            assert_int_equal(run_net(&x, NULL, NULL), ONNXRUN_OK);
            for (int i = 0; i < 4 && there[k][i]; i++) {
                if (!seen(&got, there[k][i])) fail_msg("%s was not kept", there[k][i]);
                expect_near(seen(&want, there[k][i]), seen(&got, there[k][i]), there[k][i]);
                assert_int_equal(onnxrun_session_makes(x.s, there[k][i]), true);
            }
            for (int i = 0; i < 3 && gone[k][i]; i++) assert_null(seen(&got, gone[k][i]));
            diary_free(&got);
            close_all(&x);
        }
    diary_free(&want);
    close_all(&ref);
}

// ---- stopping ---------------------------------------------------------------------------------------------------------------

static bool stop_at_conv2(void *user, onnxrun_step *step) {
    (void)user;
    return strcmp(onnxrun_step_about(step)->node, "conv2") != 0;
}

static void a_hook_may_stop_the_run(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level += 2)
        for (int late = 0; late < 2; late++) {
            opened x = open_as(net_bytes, n_net, level, NULL, NULL);
            const onnxrun_hooks hooks = {late ? NULL : stop_at_conv2, late ? stop_at_conv2 : NULL, NULL};
            onnxrun_error err;
            onnxrun_value *y = NULL;
            onnxrun_session_set_hooks(x.s, &hooks);
            assert_int_equal(run_net(&x, &y, &err), ONNXRUN_LIMIT);
            assert_null(y);
            assert_non_null(strstr(err.text, "stopped at node 'conv2' by the caller"));
            onnxrun_session_set_hooks(x.s, NULL);
            assert_int_equal(run_net(&x, NULL, NULL), ONNXRUN_OK);
            close_all(&x);
        }
}

// ---- bodies -----------------------------------------------------------------------------------------------------------------

static onnxrun_status run_loop(opened *x, int64_t times, onnxrun_value **y) {
    static const float data[] = {1, 2, 3, 4};
    const int64_t dims[] = {4};
    onnxrun_value *n = onnxrun_value_borrow(ONNXRUN_INT64, 0, NULL, &times);
    onnxrun_value *v = onnxrun_value_borrow(ONNXRUN_FLOAT, 1, dims, data);
    onnxrun_status st = onnxrun_run(x->s, (const onnxrun_value *[]){n, v}, 2, y, 1, NULL);
    onnxrun_value_free(n);
    onnxrun_value_free(v);
    return st;
}

static bool check_body(void *user, onnxrun_step *step) {
    const onnxrun_step_info *info = onnxrun_step_about(step);
    if (strcmp(info->node, "turn/body/neg") != 0) return true;
    *(int *)user += 1;
    assert_int_equal(info->depth, 1);
    assert_string_equal(onnxrun_step_input_name(step, 0), "turn/body/v");
    assert_string_equal(onnxrun_step_input_name(step, 1), "factor"); // captured: the enclosing graph's
    assert_string_equal(onnxrun_step_output_name(step, 0), "turn/body/w");
    return true;
}

static bool only_top_steps(void *user, const onnxrun_step_info *step) {
    *(int *)user += 1;
    return strcmp(step->op, "Mul") != 0;
}

static void bodies_are_seen_in_every_iteration(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++) {
        int n_body = 0, n_top = 0;
        onnxrun_value *y = NULL;
        opened x = open_as(loop_bytes, n_loop, level, NULL, NULL);
        const onnxrun_hooks hooks = {.after = check_body, .user = &n_body};
        onnxrun_session_set_hooks(x.s, &hooks);
        onnxrun_session_on_step(x.s, only_top_steps, &n_top);
        assert_int_equal(run_loop(&x, 3, &y), ONNXRUN_OK);
        assert_true(((const float *)onnxrun_value_data(y))[1] == -2);
        assert_int_equal(n_body, 3);
        assert_int_equal(n_top, 4);
        assert_true(onnxrun_session_makes(x.s, "turn/body/w"));
        onnxrun_value_free(y);
        close_all(&x);
    }
}

// ---- replacing --------------------------------------------------------------------------------------------------------------

typedef struct change {
    const char *value;
    float to;
    onnxrun_status status; // of replacing
    int n;
} change;

/// Gives the value of that name other content.
static bool replace_it(void *user, onnxrun_step *step) {
    change *ch = user;
    const char *name = onnxrun_step_output_name(step, 0);
    if (!name || strcmp(name, ch->value) != 0 || onnxrun_step_about(step)->n_origin == 0) return true;
    const onnxrun_value *old = onnxrun_step_output(step, 0);
    size_t n = (size_t)onnxrun_value_numel(old);
    float *data = malloc(n * sizeof *data);
    for (size_t i = 0; i < n; i++) data[i] = ch->to;
    onnxrun_value *v = onnxrun_value_borrow(ONNXRUN_FLOAT, onnxrun_value_rank(old), onnxrun_value_dims(old), data);
    ch->status = onnxrun_step_replace(step, 0, v, NULL);
    ch->n++;
    onnxrun_value_free(v);
    const onnxrun_value *now = onnxrun_step_output(step, 0);
    for (size_t i = 0; i < n && ch->status == ONNXRUN_OK; i++) assert_true(onnxrun_value_number(now, (int64_t)i) == ch->to);
    const int64_t one = 1;
    onnxrun_value *wrong = onnxrun_value_borrow(ONNXRUN_FLOAT, 1, &one, data);
    assert_int_equal(onnxrun_step_replace(step, 0, wrong, NULL), ONNXRUN_USAGE);
    assert_int_equal(onnxrun_step_replace(step, 9, wrong, NULL), ONNXRUN_USAGE);
    onnxrun_value_free(wrong);
    free(data);
    return true;
}

static void an_output_may_be_replaced(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++)
        for (int c = 0; c < 3; c++) {
            change ch = {.value = "r2", .to = 0.5f};
            onnxrun_value *y = NULL;
            opened x = open_as(net_bytes, n_net, level, LEVELS[c], NULL);
            const onnxrun_hooks hooks = {.after = replace_it, .user = &ch};
            onnxrun_session_set_hooks(x.s, &hooks);
            assert_int_equal(run_net(&x, &y, NULL), ONNXRUN_OK);
            assert_int_equal(ch.n, 1);
            assert_int_equal(ch.status, ONNXRUN_OK);
            for (int64_t i = 0; i < C * HW; i++) assert_true(fabs(onnxrun_value_number(y, i) - 1 / (1 + exp(-0.5))) < 1e-5);
            onnxrun_value_free(y);
            close_all(&x);
        }
}

static void an_output_of_a_body_may_be_replaced(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++) {
        change ch = {.value = "turn/body/w", .to = 7};
        onnxrun_value *y = NULL;
        opened x = open_as(loop_bytes, n_loop, level, NULL, NULL);
        const onnxrun_hooks hooks = {.after = replace_it, .user = &ch};
        onnxrun_session_set_hooks(x.s, &hooks);
        assert_int_equal(run_loop(&x, 2, &y), ONNXRUN_OK);
        assert_int_equal(ch.n, 2);
        assert_true(((const float *)onnxrun_value_data(y))[3] == 7);
        onnxrun_value_free(y);
        close_all(&x);
    }
}

/// The caller's input is never written into, not even through a view of it.
static void the_callers_input_is_not_replaced(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level += 2) {
        float data[24] = {1, 2, 3};
        const int64_t dims[] = {2, 3, 4};
        change ch = {.value = "flat", .to = 5};
        onnxrun_value *v = onnxrun_value_borrow(ONNXRUN_FLOAT, 3, dims, data), *y = NULL;
        opened x = open_as(view_bytes, n_view, level, NULL, NULL);
        const onnxrun_hooks hooks = {.after = replace_it, .user = &ch};
        onnxrun_session_set_hooks(x.s, &hooks);
        assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){v}, 1, &y, 1, NULL), ONNXRUN_OK);
        assert_int_equal(ch.status, level ? ONNXRUN_UNSUPPORTED : ONNXRUN_OK);
        assert_true(data[1] == 2 && ((const float *)onnxrun_value_data(y))[1] == (level ? -2 : -5));
        onnxrun_value_free(y);
        onnxrun_value_free(v);
        close_all(&x);
    }
}

// ---- memory that was taken over ---------------------------------------------------------------------------------------------

static bool inputs_are_what_they_were(void *user, onnxrun_step *step) {
    const onnxrun_value *in = onnxrun_step_input(step, 0), *out = onnxrun_step_output(step, 0);
    if (!in) *(int *)user += 1;
    if (in && strcmp(onnxrun_step_about(step)->op, "Sigmoid") == 0)
        assert_true(fabs(onnxrun_value_number(out, 0) - 1 / (1 + exp(-onnxrun_value_number(in, 0)))) < 1e-5);
    return true;
}

static void overwritten_inputs_are_not_shown(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level += 2) {
        int overwritten = 0;
        opened x = open_as(net_bytes, n_net, level, NULL, NULL);
        const onnxrun_hooks hooks = {.after = inputs_are_what_they_were, .user = &overwritten};
        onnxrun_session_set_hooks(x.s, &hooks);
        assert_int_equal(run_net(&x, NULL, NULL), ONNXRUN_OK);
        assert_int_equal(overwritten > 0, level > 0);
        close_all(&x);
    }
}

static int setup(void **state) {
    (void)state;
    arena = onr_arena_new(0);
    make_net();
    make_loop();
    make_view();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    onr_arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_stay_true),
        cmocka_unit_test(a_fused_node_tells_its_origin),
        cmocka_unit_test(what_is_kept_is_seen),
        cmocka_unit_test(a_hook_may_stop_the_run),
        cmocka_unit_test(bodies_are_seen_in_every_iteration),
        cmocka_unit_test(an_output_may_be_replaced),
        cmocka_unit_test(an_output_of_a_body_may_be_replaced),
        cmocka_unit_test(the_callers_input_is_not_replaced),
        cmocka_unit_test(overwritten_inputs_are_not_shown),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
