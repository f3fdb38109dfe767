// test_onnxrun_api.c: the public interface as its header promises it: ownership, buffers, messages, plans, cancelling, steps.
// May assume: models made here and the shipped one. Never looks behind the header.
#include "onnxrun.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static onr_arena *arena;
static const void *two_bytes, *loop_bytes;
static size_t n_two_bytes, n_loop_bytes;

// ---- models
// ---------------------------------------------------------------------------------------------------------------------

/// sum = a + b, shape = Shape(a): a float32[n x 3], b float32[n x 3].
static void make_two(void) {
    const int64_t dims[] = {-1, 3}, rank[] = {2};
    Onnx__GraphProto *g = mk_graph(arena, "two");
    MK_ADD(arena, g, input, mk_info(arena, "a", ONNXRUN_FLOAT, 2, dims));
    MK_ADD(arena, g, input, mk_info(arena, "b", ONNXRUN_FLOAT, 2, dims));
    MK_ADD(arena, g, node, mk_node(arena, "add", "Add", "a,b", "sum"));
    MK_ADD(arena, g, node, mk_node(arena, "shape", "Shape", "a", "size"));
    MK_ADD(arena, g, output, mk_info(arena, "sum", ONNXRUN_FLOAT, 2, dims));
    MK_ADD(arena, g, output, mk_info(arena, "size", ONNXRUN_INT64, 1, rank));
    two_bytes = mk_pack(arena, mk_model(arena, g), &n_two_bytes);
}

/// x is negated as often as `times` says.
static void make_loop(void) {
    const int64_t dims[] = {4};
    const uint8_t yes = 1;
    Onnx__GraphProto *body = mk_graph(arena, "body"), *g = mk_graph(arena, "loop");
    MK_ADD(arena, body, input, mk_info(arena, "i", ONNXRUN_INT64, 0, NULL));
    MK_ADD(arena, body, input, mk_info(arena, "go", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(arena, body, input, mk_info(arena, "v", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(arena, body, node, mk_node(arena, "neg", "Neg", "v", "w"));
    MK_ADD(arena, body, node, mk_node(arena, "on", "Identity", "go", "go_on"));
    MK_ADD(arena, body, output, mk_info(arena, "go_on", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(arena, body, output, mk_info(arena, "w", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(arena, g, input, mk_info(arena, "times", ONNXRUN_INT64, 0, NULL));
    MK_ADD(arena, g, input, mk_info(arena, "x", ONNXRUN_FLOAT, 1, dims));
    MK_ADD(arena, g, initializer, mk_raw(arena, "yes", ONNXRUN_BOOL, 0, NULL, &yes, 1));
    Onnx__NodeProto *loop = mk_node(arena, "turn", "Loop", "times,yes,x", "y");
    MK_ADD(arena, loop, attribute, mk_attr_graph(arena, "body", body));
    MK_ADD(arena, g, node, loop);
    MK_ADD(arena, g, output, mk_info(arena, "y", ONNXRUN_FLOAT, 1, dims));
    loop_bytes = mk_pack(arena, mk_model(arena, g), &n_loop_bytes);
}

typedef struct opened {
    onnxrun_model *m;
    onnxrun_session *s;
} opened;

static opened open_bytes(const void *bytes, size_t n, const onnxrun_session_options *o) {
    opened x = {0};
    onnxrun_error err;
    if (onnxrun_model_load_memory(bytes, n, NULL, &x.m, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    if (onnxrun_session_new(x.m, o, &x.s, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    return x;
}

static opened open_two(int level) {
    onnxrun_session_options o = onnxrun_session_options_default();
    o.opt_level = level;
    o.n_threads = 2;
    return open_bytes(two_bytes, n_two_bytes, &o);
}

static void close_all(opened *x) {
    onnxrun_session_free(x->s);
    onnxrun_model_free(x->m);
}

static onnxrun_value *floats(int64_t rows, int64_t columns, const float *data) {
    const int64_t dims[] = {rows, columns};
    onnxrun_value *v = onnxrun_value_borrow(ONNXRUN_FLOAT, 2, dims, data);
    assert_non_null(v);
    return v;
}

static const float some[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

// ---- ownership
// ------------------------------------------------------------------------------------------------------------------

static void free_accepts_null(void **state) {
    (void)state;
    onnxrun_value_free(NULL);
    onnxrun_session_free(NULL);
    onnxrun_model_free(NULL);
    onnxrun_string_free(NULL);
}

static void outputs_outlive_their_session(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++) {
        opened x = open_two(level);
        onnxrun_value *a = floats(2, 3, some), *y[2] = {NULL};
        assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){a, a}, 2, y, 2, NULL), ONNXRUN_OK);
        close_all(&x);
        onnxrun_value_free(a);
        const float *sum = onnxrun_value_data(y[0]);
        const int64_t *size = onnxrun_value_data(y[1]);
        for (int i = 0; i < 6; i++) assert_true(sum[i] == 2 * some[i]);
        assert_true(size[0] == 2 && size[1] == 3);
        onnxrun_value_free(y[0]);
        onnxrun_value_free(y[1]);
    }
}

/// A later run must not change what an earlier one gave, though the session's memory is the same.
static void outputs_are_not_overwritten(void **state) {
    (void)state;
    opened x = open_two(2);
    onnxrun_value *a = floats(2, 3, some), *b = floats(2, 3, some + 6), *first[2] = {NULL}, *second[2] = {NULL};
    assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){a, a}, 2, first, 2, NULL), ONNXRUN_OK);
    assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){b, b}, 2, second, 2, NULL), ONNXRUN_OK);
    assert_true(((const float *)onnxrun_value_data(first[0]))[5] == 12);
    assert_true(((const float *)onnxrun_value_data(second[0]))[5] == 24);
    for (int i = 0; i < 2; i++) onnxrun_value_free(first[i]), onnxrun_value_free(second[i]);
    onnxrun_value_free(a);
    onnxrun_value_free(b);
    close_all(&x);
}

static void fewer_outputs(void **state) {
    (void)state;
    opened x = open_two(2);
    onnxrun_value *a = floats(2, 3, some), *y[1] = {NULL};
    assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){a, a}, 2, y, 1, NULL), ONNXRUN_OK);
    assert_non_null(y[0]);
    onnxrun_value_free(y[0]);
    assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){a, a}, 2, NULL, 0, NULL), ONNXRUN_OK);
    onnxrun_value_free(a);
    close_all(&x);
}

// ---- the caller's buffers
// -------------------------------------------------------------------------------------------------------

static void buffers_are_written(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++) {
        opened x = open_two(level);
        float out[8] = {0, 0, 0, 0, 0, 0, 77, 77};
        const int64_t dims[] = {2, 3};
        onnxrun_value *a = floats(2, 3, some), *y[2] = {onnxrun_value_buffer(ONNXRUN_FLOAT, 2, dims, out), NULL}, *mine = y[0];
        assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){a, a}, 2, y, 2, NULL), ONNXRUN_OK);
        assert_ptr_equal(y[0], mine);
        assert_non_null(y[1]);
        for (int i = 0; i < 6; i++) assert_true(out[i] == 2 * some[i]);
        assert_true(out[6] == 77 && out[7] == 77);
        onnxrun_value_free(y[0]);
        onnxrun_value_free(y[1]);
        onnxrun_value_free(a);
        close_all(&x);
    }
}

/// Fails with this status and words, and makes no value.
static void expect_run(onnxrun_session *s, const onnxrun_value *const *in, size_t n_in, onnxrun_value **out, size_t n_out,
                       onnxrun_status status, const char *words) {
    onnxrun_error err = {0};
    onnxrun_value *before[4] = {NULL};
    for (size_t i = 0; i < n_out && i < 4; i++) before[i] = out[i];
    onnxrun_status got = onnxrun_run(s, in, n_in, out, n_out, &err);
    if (got != status || err.status != status || !strstr(err.text, words))
        fail_msg("status %d, '%s'; expected %d, '%s'", got, err.text, status, words);
    for (size_t i = 0; i < n_out && i < 4; i++) assert_ptr_equal(out[i], before[i]);
}

static void wrong_buffers(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level += 2) {
        opened x = open_two(level);
        float out[12];
        const int64_t dims[] = {3, 3}, right[] = {2, 3};
        onnxrun_value *a = floats(2, 3, some), *in[] = {a, a};
        const onnxrun_value *const *inputs = (const onnxrun_value *const *)in;
        onnxrun_value *large = onnxrun_value_buffer(ONNXRUN_FLOAT, 2, dims, out), *y[2] = {large, NULL};
        expect_run(x.s, inputs, 2, y, 2, ONNXRUN_USAGE, "output 'sum' is float32[2 x 3], its buffer is float32[3 x 3]");
        onnxrun_value *ints = onnxrun_value_buffer(ONNXRUN_INT32, 2, right, out);
        y[0] = ints;
        expect_run(x.s, inputs, 2, y, 2, ONNXRUN_USAGE, "its buffer is int32[2 x 3]");
        y[0] = a;
        expect_run(x.s, inputs, 2, y, 2, ONNXRUN_USAGE, "no buffer");
        y[0] = NULL;
        onnxrun_value *three[3] = {NULL};
        expect_run(x.s, inputs, 2, three, 3, ONNXRUN_USAGE, "3 outputs are asked for, the model has 2");
        // The second output's buffer is wrong after the first output was made.
        y[1] = large;
        expect_run(x.s, inputs, 2, y, 2, ONNXRUN_USAGE, "output 'size' is int64[2]");
        onnxrun_value_free(a);
        onnxrun_value_free(ints);
        onnxrun_value_free(large);
        close_all(&x);
    }
}

// ---- wrong inputs
// ---------------------------------------------------------------------------------------------------------------

static void wrong_inputs(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level += 2) {
        opened x = open_two(level);
        const int64_t dims[] = {2, 3}, flat[] = {6}, packed[] = {4};
        onnxrun_value *good = floats(2, 3, some), *wide = floats(2, 4, some), *more = floats(3, 3, some), *y[2] = {NULL};
        onnxrun_value *doubles = onnxrun_value_borrow(ONNXRUN_DOUBLE, 2, dims, some), *seq = NULL;
        onnxrun_value *one = onnxrun_value_borrow(ONNXRUN_FLOAT, 1, flat, some);
        assert_int_equal(onnxrun_value_items(ONNXRUN_SEQUENCE, (const onnxrun_value *[]){good}, 1, &seq, NULL), ONNXRUN_OK);
        const onnxrun_value *in[3] = {good, wide, good};
        expect_run(x.s, in, 2, y, 2, ONNXRUN_INVALID, "input 'b': expected float32[n x 3], got float32[2 x 4]");
        in[1] = more;
        expect_run(x.s, in, 2, y, 2, ONNXRUN_INVALID, "input 'b': dimension 'n' is 3, but input 'a' made it 2");
        in[1] = doubles;
        expect_run(x.s, in, 2, y, 2, ONNXRUN_INVALID, "got float64[2 x 3]");
        in[1] = one;
        expect_run(x.s, in, 2, y, 2, ONNXRUN_INVALID, "got float32[6]");
        in[1] = seq;
        expect_run(x.s, in, 2, y, 2, ONNXRUN_INVALID, "got seq(");
        in[1] = NULL;
        expect_run(x.s, in, 2, y, 2, ONNXRUN_USAGE, "input 'b' is missing");
        in[1] = good;
        expect_run(x.s, in, 1, y, 2, ONNXRUN_USAGE, "input 'b' is missing");
        expect_run(x.s, in, 3, y, 2, ONNXRUN_USAGE, "3 inputs are given, the model has 2");
        assert_int_equal(onnxrun_run(x.s, in, 2, y, 2, NULL), ONNXRUN_OK); // none of it hurt the session
        assert_null(onnxrun_value_borrow(ONNXRUN_INT4, 1, packed, some));
        assert_null(onnxrun_value_borrow(ONNXRUN_STRING, 1, flat, some));
        assert_null(onnxrun_value_borrow(ONNXRUN_FLOAT, 17, dims, some));
        assert_null(onnxrun_value_borrow(ONNXRUN_FLOAT, 1, (const int64_t[]){-1}, some));
        onnxrun_value *all[] = {good, wide, more, doubles, seq, one, y[0], y[1]};
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) onnxrun_value_free(all[i]);
        close_all(&x);
    }
}

/// However many names there are, each must mean one size.
static void many_names(void **state) {
    (void)state;
    enum { N = 200 };
    char name[32];
    Onnx__GraphProto *g = mk_graph(arena, "many");
    onnxrun_value *in[N + 1], *y[1] = {NULL};
    for (int i = 0; i <= N; i++) {
        const int64_t dims[] = {-1};
        snprintf(name, sizeof name, "x%d", i);
        Onnx__ValueInfoProto *info = mk_info(arena, onr_arena_strdup(arena, name), ONNXRUN_FLOAT, 1, dims);
        snprintf(name, sizeof name, "n%d", i % N); // the last has the first one's
        info->type->tensor_type->shape->dim[0]->dim_param = onr_arena_strdup(arena, name);
        MK_ADD(arena, g, input, info);
        in[i] = onnxrun_value_borrow(ONNXRUN_FLOAT, 1, (const int64_t[]){i % 3 + 1}, some);
    }
    MK_ADD(arena, g, node, mk_node(arena, "add", "Add", "x0,x200", "y"));
    MK_ADD(arena, g, output, mk_info(arena, "y", ONNXRUN_FLOAT, 1, (const int64_t[]){-1}));
    size_t bytes;
    const void *packed = mk_pack(arena, mk_model(arena, g), &bytes);
    opened x = open_bytes(packed, bytes, NULL);
    expect_run(x.s, (const onnxrun_value *const *)in, N + 1, y, 1, ONNXRUN_INVALID,
               "input 'x200': dimension 'n0' is 3, but input 'x0' made it 1");
    for (int i = 0; i <= N; i++) onnxrun_value_free(in[i]);
    close_all(&x);
}

static void wrong_options(void **state) {
    (void)state;
    onnxrun_model *m;
    onnxrun_session *s = NULL;
    onnxrun_error err;
    assert_int_equal(onnxrun_model_load_memory(two_bytes, n_two_bytes, NULL, &m, NULL), ONNXRUN_OK);
    onnxrun_session_options o = onnxrun_session_options_default();
    o.opt_level = 3;
    assert_int_equal(onnxrun_session_new(m, &o, &s, &err), ONNXRUN_USAGE);
    assert_non_null(strstr(err.text, "level 3"));
    o = onnxrun_session_options_default();
    o.cpu = "abacus";
    assert_int_equal(onnxrun_session_new(m, &o, &s, &err), ONNXRUN_USAGE);
    o.cpu = NULL;
    o.disable_passes = (const char *[]){"fold", "polish", NULL};
    assert_int_equal(onnxrun_session_new(m, &o, &s, &err), ONNXRUN_USAGE);
    assert_non_null(strstr(err.text, "polish"));
    o.disable_passes = NULL;
    o.stop_after = "polish:3";
    assert_int_equal(onnxrun_session_new(m, &o, &s, &err), ONNXRUN_USAGE);
    assert_null(s);
    o.stop_after = "fold:1";
    assert_int_equal(onnxrun_session_new(m, &o, &s, &err), ONNXRUN_OK);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    assert_int_equal(onnxrun_model_load_memory("nothing", 7, NULL, &m, &err), ONNXRUN_INVALID);
    assert_null(m);
    assert_int_equal(onnxrun_model_load("/nowhere/model.onnx", NULL, &m, &err), ONNXRUN_INVALID);
    assert_non_null(strstr(err.text, "/nowhere/model.onnx"));
}

// ---- plans
// ----------------------------------------------------------------------------------------------------------------------

static void load_shipped(const onnxrun_session_options *o, opened *x) {
    onnxrun_error err;
    if (onnxrun_model_load(ONR_SOURCE_DIR "/models/residualnet16-fashion.onnx", NULL, &x->m, &err) != ONNXRUN_OK ||
        onnxrun_session_new(x->m, o, &x->s, &err) != ONNXRUN_OK)
        fail_msg("%s", err.text);
}

static float pictures[6 * 3 * 32 * 32];

static onnxrun_value *picture_batch(int64_t n) {
    const int64_t dims[] = {n, 3, 32, 32};
    return onnxrun_value_borrow(ONNXRUN_FLOAT, 4, dims, pictures);
}

static onnxrun_stats stats_of(const onnxrun_session *s) {
    onnxrun_stats t = {.size = sizeof t};
    onnxrun_session_stats(s, &t);
    return t;
}

/// Packed weights are shared by all plans, plans are dropped when there are too many, and results do not depend on any of it.
static void plans_are_bounded(void **state) {
    (void)state;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.max_plans = 2;
    o.n_threads = 1;
    opened x;
    load_shipped(&o, &x);
    onnxrun_value *first[7] = {NULL};
    size_t packed_after_all = 0;
    for (int round = 0; round < 3; round++) {
        for (int64_t n = 1; n <= 6; n++) {
            onnxrun_value *in = picture_batch(n), *y = NULL;
            assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){in}, 1, &y, 1, NULL), ONNXRUN_OK);
            if (round == 0)
                first[n] = y;
            else
                assert_memory_equal(onnxrun_value_data(y), onnxrun_value_data(first[n]), onnxrun_value_bytes(y));
            if (round) onnxrun_value_free(y);
            onnxrun_value_free(in);
        }
        if (round == 0) packed_after_all = stats_of(x.s).packed_bytes;
        assert_int_equal(stats_of(x.s).packed_bytes, packed_after_all); // planning again packs nothing again
    }
    for (int n = 1; n <= 6; n++) onnxrun_value_free(first[n]);
    close_all(&x);
}

static void stats_and_limits(void **state) {
    (void)state;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.n_threads = 1;
    opened x;
    onnxrun_error err;
    load_shipped(&o, &x);
    onnxrun_value *in = picture_batch(4);
    assert_int_equal(stats_of(x.s).arena_bytes, 0);
    assert_int_equal(onnxrun_session_plan(x.s, (const onnxrun_value *[]){in}, 1, &err), ONNXRUN_OK);
    onnxrun_stats t = stats_of(x.s);
    assert_true(t.arena_bytes >= t.live_peak_bytes && t.live_peak_bytes > 0);
    assert_true(t.weight_bytes >= t.packed_bytes && t.packed_bytes > 1000000);
    assert_true(t.n_steps > 30 && t.n_threads == 1 && strlen(t.cpu) > 0);
    onnxrun_stats part = {.size = offsetof(onnxrun_stats, weight_bytes), .weight_bytes = 5};
    onnxrun_session_stats(x.s, &part); // an older caller's struct ends there
    assert_int_equal(part.weight_bytes, 5);
    assert_int_equal(part.arena_bytes, t.arena_bytes);
    close_all(&x);
    onnxrun_value_free(in);
}

/// A small batch fits, a larger one is refused before anything runs, and the session goes on.
static void memory_is_limited(void **state) {
    (void)state;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.n_threads = 1;
    opened x;
    onnxrun_error err;
    onnxrun_value *one = picture_batch(1), *six = picture_batch(6), *y = NULL;
    load_shipped(&o, &x);
    assert_int_equal(onnxrun_session_plan(x.s, (const onnxrun_value *[]){one}, 1, &err), ONNXRUN_OK);
    onnxrun_stats t = stats_of(x.s);
    close_all(&x);
    o.max_memory = t.arena_bytes + t.packed_bytes + t.packed_bytes / 16; // the packing's own records take a little
    load_shipped(&o, &x);
    for (int i = 0; i < 3; i++) {
        onnxrun_status s = onnxrun_run(x.s, (const onnxrun_value *[]){one}, 1, &y, 1, &err);
        if (s != ONNXRUN_OK) fail_msg("%s", err.text);
        onnxrun_value_free(y);
        y = NULL;
        assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){six}, 1, &y, 1, &err), ONNXRUN_LIMIT);
        assert_non_null(strstr(err.text, "more than the limit"));
        assert_null(y);
    }
    close_all(&x);
    o.max_memory = 1000; // not even the weights
    load_shipped(&o, &x);
    assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){one}, 1, &y, 1, &err), ONNXRUN_LIMIT);
    assert_non_null(strstr(err.text, "more than the limit"));
    onnxrun_value_free(one);
    onnxrun_value_free(six);
    close_all(&x);
}

/// An empty batch is a batch.
static void batch_of_none(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++) {
        onnxrun_session_options o = onnxrun_session_options_default();
        onnxrun_error err;
        o.opt_level = level;
        opened x;
        load_shipped(&o, &x);
        onnxrun_value *in = picture_batch(0), *y = NULL;
        if (onnxrun_run(x.s, (const onnxrun_value *[]){in}, 1, &y, 1, &err) != ONNXRUN_OK)
            fail_msg("-O%d: %s", level, err.text);
        assert_int_equal(onnxrun_value_numel(y), 0);
        assert_int_equal(onnxrun_value_dims(y)[1], 10);
        onnxrun_value_free(in);
        onnxrun_value_free(y);
        close_all(&x);
    }
}

// ---- steps and cancelling
// -------------------------------------------------------------------------------------------------------

typedef struct seen {
    onnxrun_session *s;
    size_t n, stop_at;
    uint64_t last_start;
    bool cancel_in_thread;
} seen;

static void *cancel_now(void *session) {
    onnxrun_cancel(session);
    return NULL;
}

static bool count_step(void *user, const onnxrun_step_info *step) {
    seen *t = user;
    assert_true(step->node && *step->node && step->op && *step->op && step->kernel);
    // Only views move nothing; -O0 has the Identity nodes of the file too.
    const bool view = strcmp(step->op, "Flatten") == 0 || strcmp(step->op, "Identity") == 0;
    assert_true(step->start_ns >= t->last_start && (view ? step->bytes >= 0 : step->bytes > 0));
    t->last_start = step->start_ns;
    if (t->cancel_in_thread && t->n == 0) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, cancel_now, t->s), 0);
        pthread_join(thread, NULL);
    }
    return ++t->n != t->stop_at;
}

static void steps_are_told(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level += 2) {
        onnxrun_session_options o = onnxrun_session_options_default();
        o.opt_level = level;
        opened x;
        load_shipped(&o, &x);
        onnxrun_value *in = picture_batch(1), *y = NULL;
        seen all = {.s = x.s};
        onnxrun_session_on_step(x.s, count_step, &all);
        assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){in}, 1, &y, 1, NULL), ONNXRUN_OK);
        if (level) assert_int_equal(all.n, stats_of(x.s).n_steps);
        assert_true(all.n > 30);
        onnxrun_value_free(y);
        y = NULL;
        seen some_steps = {.s = x.s, .stop_at = 5};
        onnxrun_session_on_step(x.s, count_step, &some_steps);
        expect_run(x.s, (const onnxrun_value *[]){in}, 1, &y, 1, ONNXRUN_LIMIT, "by the caller");
        assert_int_equal(some_steps.n, 5);
        onnxrun_session_on_step(x.s, NULL, NULL);
        assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){in}, 1, &y, 1, NULL), ONNXRUN_OK);
        assert_int_equal(some_steps.n, 5);
        onnxrun_value_free(y);
        onnxrun_value_free(in);
        close_all(&x);
    }
}

static void cancelled_by_another_thread(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level += 2) {
        onnxrun_session_options o = onnxrun_session_options_default();
        o.opt_level = level;
        opened x;
        load_shipped(&o, &x);
        onnxrun_value *in = picture_batch(1), *y = NULL;
        seen t = {.s = x.s, .cancel_in_thread = true};
        onnxrun_session_on_step(x.s, count_step, &t);
        expect_run(x.s, (const onnxrun_value *[]){in}, 1, &y, 1, ONNXRUN_LIMIT, "cancelled before node");
        assert_int_equal(t.n, 1);
        onnxrun_session_on_step(x.s, NULL, NULL);
        assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){in}, 1, &y, 1, NULL), ONNXRUN_OK); // starts afresh
        onnxrun_value_free(y);
        onnxrun_value_free(in);
        close_all(&x);
    }
}

typedef struct stopper {
    onnxrun_session *s;
    int done;
} stopper;

/// Asks again and again, since a run that only begins now forgets what was asked before.
static void *cancel_until_done(void *user) {
    stopper *t = user;
    while (!__atomic_load_n(&t->done, __ATOMIC_ACQUIRE)) {
        onnxrun_cancel(t->s);
        sched_yield();
    }
    return NULL;
}

/// One node that would run for years.
static void a_loop_can_be_cancelled(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level += 2) {
        onnxrun_session_options o = onnxrun_session_options_default();
        o.opt_level = level;
        opened x = open_bytes(loop_bytes, n_loop_bytes, &o);
        int64_t times = INT64_MAX, three = 3;
        const int64_t dims[] = {4};
        onnxrun_value *n = onnxrun_value_borrow(ONNXRUN_INT64, 0, NULL, &times),
                      *v = onnxrun_value_borrow(ONNXRUN_FLOAT, 1, dims, some);
        onnxrun_value *few = onnxrun_value_borrow(ONNXRUN_INT64, 0, NULL, &three), *y = NULL;
        stopper t = {.s = x.s};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, cancel_until_done, &t), 0);
        expect_run(x.s, (const onnxrun_value *[]){n, v}, 2, &y, 1, ONNXRUN_LIMIT, "cancelled");
        __atomic_store_n(&t.done, 1, __ATOMIC_RELEASE);
        pthread_join(thread, NULL);
        assert_int_equal(onnxrun_run(x.s, (const onnxrun_value *[]){few, v}, 2, &y, 1, NULL), ONNXRUN_OK);
        assert_true(((const float *)onnxrun_value_data(y))[1] == -2);
        onnxrun_value_free(n);
        onnxrun_value_free(v);
        onnxrun_value_free(few);
        onnxrun_value_free(y);
        close_all(&x);
    }
}

// ---- one model, many sessions
// ---------------------------------------------------------------------------------------------------

typedef struct worker {
    const onnxrun_model *m;
    float first;
    bool ok;
} worker;

static void *work(void *user) {
    worker *w = user;
    onnxrun_session_options o = onnxrun_session_options_default();
    o.n_threads = 1;
    onnxrun_session *s = NULL;
    onnxrun_value *in = picture_batch(1);
    w->ok = in && onnxrun_session_new(w->m, &o, &s, NULL) == ONNXRUN_OK;
    for (int i = 0; i < 3 && w->ok; i++) {
        onnxrun_value *y = NULL;
        w->ok = onnxrun_run(s, (const onnxrun_value *[]){in}, 1, &y, 1, NULL) == ONNXRUN_OK;
        if (w->ok) w->first = ((const float *)onnxrun_value_data(y))[0];
        onnxrun_value_free(y);
    }
    onnxrun_value_free(in);
    onnxrun_session_free(s);
    return NULL;
}

static void a_model_is_shared_by_threads(void **state) {
    (void)state;
    enum { N = 4 };
    opened x;
    load_shipped(NULL, &x);
    worker w[N];
    pthread_t thread[N];
    for (int i = 0; i < N; i++) {
        w[i] = (worker){.m = x.m};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
    }
    for (int i = 0; i < N; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < N; i++) assert_true(w[i].ok && w[i].first == w[0].first);
    close_all(&x);
}

static int set_up(void **state) {
    (void)state;
    arena = onr_arena_new(0);
    make_two();
    make_loop();
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) pictures[i] = (float)(i * 37 % 101) / 50 - 1;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    onr_arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_accepts_null),
        cmocka_unit_test(outputs_outlive_their_session),
        cmocka_unit_test(outputs_are_not_overwritten),
        cmocka_unit_test(fewer_outputs),
        cmocka_unit_test(buffers_are_written),
        cmocka_unit_test(wrong_buffers),
        cmocka_unit_test(wrong_inputs),
        cmocka_unit_test(many_names),
        cmocka_unit_test(wrong_options),
        cmocka_unit_test(plans_are_bounded),
        cmocka_unit_test(stats_and_limits),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(batch_of_none),
        cmocka_unit_test(steps_are_told),
        cmocka_unit_test(cancelled_by_another_thread),
        cmocka_unit_test(a_loop_can_be_cancelled),
        cmocka_unit_test(a_model_is_shared_by_threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
