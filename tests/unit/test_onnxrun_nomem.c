// test_onnxrun_nomem.c: the public interface with the n-th allocation failing, for every n: a clean error, nothing lost, and a
// session that works afterwards. May assume: linked with the failing allocator. Never checks what succeeds without failures.
#include "onnxrun.h"
#include "support/failing_alloc.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <string.h>

static const void *model_bytes;
static size_t n_model_bytes;
static onr_arena *arena;

enum { CHANNELS = 4, SIDE = 6, PIXELS = CHANNELS * SIDE * SIDE };

static void add_weights(Onnx__GraphProto *g, const char *name, size_t rank, const int64_t *dims) {
    size_t n = 1;
    for (size_t i = 0; i < rank; i++) n *= (size_t)dims[i];
    float *w = onr_arena_calloc(arena, n, sizeof *w);
    for (size_t i = 0; i < n; i++) w[i] = 0.25f * (float)(i % 7 + 1);
    MK_ADD(arena, g, initializer, mk_raw(arena, name, ONNXRUN_FLOAT, rank, dims, w, n * sizeof *w));
}

static Onnx__AttributeProto *ints(const char *name, const int64_t *v, size_t n) {
    Onnx__AttributeProto *a = mk_attr(arena, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    for (size_t i = 0; i < n; i++) MK_ADD(arena, a, ints, v[i]);
    return a;
}

/// A branch that captures the value `from`.
static Onnx__GraphProto *branch(const char *op, const char *from) {
    Onnx__GraphProto *g = mk_graph(arena, op);
    MK_ADD(arena, g, node, mk_node(arena, op, op, from, "branch_out"));
    MK_ADD(arena, g, output, mk_info(arena, "branch_out", ONNXRUN_FLOAT, 0, NULL));
    return g;
}

/// Something of everything that a session does: a residual block to fuse and to block, constants to fold, shapes that follow
/// the batch, control flow (a dynamic step that captures), and a step whose shape only running tells.
static void make_model(void) {
    const int64_t x_dims[] = {-1, CHANNELS, SIDE, SIDE}, w_dims[] = {CHANNELS, CHANNELS, 3, 3}, c_dims[] = {CHANNELS},
                  fc_dims[] = {3, CHANNELS}, pads[] = {1, 1, 1, 1};
    const uint8_t yes = 1;
    Onnx__GraphProto *g = mk_graph(arena, "small");
    MK_ADD(arena, g, input, mk_info(arena, "x", ONNXRUN_FLOAT, 4, x_dims));
    add_weights(g, "w", 4, w_dims);
    add_weights(g, "scale", 1, c_dims);
    add_weights(g, "shift", 1, c_dims);
    add_weights(g, "mean", 1, c_dims);
    add_weights(g, "var", 1, c_dims);
    add_weights(g, "fc", 2, fc_dims);
    MK_ADD(arena, g, initializer, mk_raw(arena, "yes", ONNXRUN_BOOL, 0, NULL, &yes, 1));
    Onnx__NodeProto *conv = mk_node(arena, "conv", "Conv", "x,w", "c");
    MK_ADD(arena, conv, attribute, ints("pads", pads, 4));
    MK_ADD(arena, g, node, conv);
    MK_ADD(arena, g, node, mk_node(arena, "bn", "BatchNormalization", "c,scale,shift,mean,var", "n"));
    MK_ADD(arena, g, node, mk_node(arena, "add", "Add", "n,x", "s"));
    MK_ADD(arena, g, node, mk_node(arena, "relu", "Relu", "s", "r"));
    MK_ADD(arena, g, node, mk_node(arena, "pool", "GlobalAveragePool", "r", "p"));
    MK_ADD(arena, g, node, mk_node(arena, "flatten", "Flatten", "p", "f"));
    MK_ADD(arena, g, node, mk_node(arena, "fold", "Mul", "fc,fc", "fc2"));
    Onnx__NodeProto *gemm = mk_node(arena, "gemm", "Gemm", "f,fc2", "y");
    MK_ADD(arena, gemm, attribute, mk_attr_int(arena, "transB", 1));
    MK_ADD(arena, g, node, gemm);
    Onnx__NodeProto *choice = mk_node(arena, "if", "If", "yes", "z");
    MK_ADD(arena, choice, attribute, mk_attr_graph(arena, "then_branch", branch("Exp", "y")));
    MK_ADD(arena, choice, attribute, mk_attr_graph(arena, "else_branch", branch("Neg", "y")));
    MK_ADD(arena, g, node, choice);
    MK_ADD(arena, g, node, mk_node(arena, "where", "NonZero", "y", "nz"));
    MK_ADD(arena, g, output, mk_info(arena, "y", ONNXRUN_FLOAT, 0, NULL));
    MK_ADD(arena, g, output, mk_info(arena, "z", ONNXRUN_FLOAT, 0, NULL));
    MK_ADD(arena, g, output, mk_info(arena, "nz", ONNXRUN_INT64, 0, NULL));
    for (size_t i = 0; i < g->n_output; i++) g->output[i]->type->tensor_type->shape = NULL; // any shape
    for (size_t i = 0; i < 2; i++) choice->attribute[i]->g->output[0]->type->tensor_type->shape = NULL;
    model_bytes = mk_pack(arena, mk_model(arena, g), &n_model_bytes);
}

static float pixels[3 * PIXELS];

static onnxrun_value *input(int64_t batch) {
    const int64_t dims[] = {batch, CHANNELS, SIDE, SIDE};
    return onnxrun_value_borrow(ONNXRUN_FLOAT, 4, dims, pixels);
}

static onnxrun_session_options options(int level) {
    onnxrun_session_options o = onnxrun_session_options_default();
    o.opt_level = level;
    o.n_threads = 1;
    return o;
}

static bool is_clean(onnxrun_status s, const onnxrun_error *err) {
    return s == ONNXRUN_LIMIT && err->status == s && strstr(err->text, "memory");
}

/// Runs `fn` with each allocation failing in turn: alone, or with all that follow it.
static void fail_each(onnxrun_status (*fn)(int level, onnxrun_error *err), int level) {
    for (int forever = 0; forever < 2; forever++) {
        bool done = false;
        for (size_t n = 1; !done; n++) {
            onnxrun_error err = {0};
            long before = failing_alloc_live();
            failing_alloc_start(n, forever);
            onnxrun_status s = fn(level, &err);
            done = failing_alloc_stop() < n; // none failed
            if (failing_alloc_live() != before)
                fail_msg("-O%d, allocation %zu of %s: %ld blocks are lost", level, n, forever ? "all" : "one",
                         failing_alloc_live() - before);
            if (s != ONNXRUN_OK && !is_clean(s, &err)) fail_msg("-O%d, allocation %zu: status %d, '%s'", level, n, s, err.text);
            if (done) assert_int_equal(s, ONNXRUN_OK);
            assert_true(n < 20000);
        }
    }
}

// ---- everything from bytes to outputs
// -----------------------------------------------------------------------------------------

static onnxrun_status everything(int level, onnxrun_error *err) {
    onnxrun_session_options o = options(level);
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    onnxrun_value *x = input(2), *y[3] = {NULL};
    onnxrun_status status = x ? ONNXRUN_OK : ONNXRUN_LIMIT;
    if (!x) strcpy(err->text, "a value: no memory"), err->status = status; // this one has no error to fill
    if (status == ONNXRUN_OK) status = onnxrun_model_load_memory(model_bytes, n_model_bytes, NULL, &m, err);
    if (status == ONNXRUN_OK) status = onnxrun_session_new(m, &o, &s, err);
    if (status == ONNXRUN_OK) status = onnxrun_session_plan(s, (const onnxrun_value *[]){x}, 1, err);
    if (status == ONNXRUN_OK) status = onnxrun_run(s, (const onnxrun_value *[]){x}, 1, y, 3, err);
    for (int i = 0; i < 3; i++) {
        if (status != ONNXRUN_OK) assert_null(y[i]); // on failure no new value is made
        onnxrun_value_free(y[i]);
    }
    onnxrun_value_free(x);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return status;
}

static void from_bytes_to_outputs(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++) fail_each(everything, level);
}

// ---- one session through all failures
// -----------------------------------------------------------------------------------------

static onnxrun_model *model;
static onnxrun_session *session;
static onnxrun_value *inputs[4], *wanted[4][3];

static onnxrun_status run_batch(int64_t batch, onnxrun_error *err) {
    onnxrun_value *y[3] = {NULL};
    onnxrun_status s = onnxrun_run(session, (const onnxrun_value *[]){inputs[batch]}, 1, y, 3, err);
    for (int i = 0; i < 3; i++) {
        if (s != ONNXRUN_OK) assert_null(y[i]);
        if (s == ONNXRUN_OK && onnxrun_value_bytes(y[i]))
            assert_memory_equal(onnxrun_value_data(y[i]), onnxrun_value_data(wanted[batch][i]), onnxrun_value_bytes(y[i]));
        onnxrun_value_free(y[i]);
    }
    return s;
}

/// One plan is kept, so that each batch plans anew. `level` is the session's already.
static onnxrun_status run_all(int level, onnxrun_error *err) {
    (void)level;
    for (int64_t batch = 1; batch <= 3; batch++) {
        onnxrun_status s = run_batch(batch, err);
        if (s != ONNXRUN_OK) return s;
    }
    return ONNXRUN_OK;
}

static void open_session(int level) {
    onnxrun_error err;
    onnxrun_session_options o = options(level);
    o.max_plans = 1;
    if (onnxrun_model_load_memory(model_bytes, n_model_bytes, NULL, &model, &err) != ONNXRUN_OK ||
        onnxrun_session_new(model, &o, &session, &err) != ONNXRUN_OK)
        fail_msg("%s", err.text);
    for (int64_t batch = 1; batch <= 3; batch++) {
        inputs[batch] = input(batch);
        for (int i = 0; i < 3; i++) wanted[batch][i] = NULL;
        if (onnxrun_run(session, (const onnxrun_value *[]){inputs[batch]}, 1, wanted[batch], 3, &err) != ONNXRUN_OK)
            fail_msg("%s", err.text);
    }
}

static void close_session(void) {
    for (int64_t batch = 1; batch <= 3; batch++) {
        onnxrun_value_free(inputs[batch]);
        for (int i = 0; i < 3; i++) onnxrun_value_free(wanted[batch][i]);
    }
    onnxrun_session_free(session);
    onnxrun_model_free(model);
}

/// After any failure the same session must give the right bits: nothing half-made may stay in it.
static void a_session_survives(void **state) {
    (void)state;
    for (int level = 0; level <= 2; level++) {
        open_session(level);
        onnxrun_session *good = session;
        onnxrun_session_options o = options(level);
        o.max_plans = 1;
        bool done = false;
        for (size_t n = 1; !done; n++) {
            onnxrun_error err = {0};
            long before = failing_alloc_live();
            assert_int_equal(onnxrun_session_new(model, &o, &session, NULL), ONNXRUN_OK);
            failing_alloc_start(n, n % 2);
            onnxrun_status s = run_all(level, &err);
            done = failing_alloc_stop() < n;
            if (s != ONNXRUN_OK && !is_clean(s, &err)) fail_msg("-O%d, allocation %zu: status %d, '%s'", level, n, s, err.text);
            if (run_all(level, &err) != ONNXRUN_OK)
                fail_msg("-O%d after the failure of allocation %zu: %s", level, n, err.text);
            onnxrun_session_free(session);
            assert_int_equal(failing_alloc_live(), before);
        }
        session = good;
        close_session();
    }
}

// ---- looking inside
// -----------------------------------------------------------------------------------------------------------

static bool drop_text(void *user, const char *text, size_t bytes) {
    (void)user, (void)text;
    return bytes > 0;
}

static onnxrun_status look(int level, onnxrun_error *err) {
    static const char *const stages[] = {"model", "graph", "optimized", "plan"}, *const formats[] = {"text", "dot", "json",
                                                                                                     "html"};
    for (int i = 0; i < 16; i++) {
        if (level == 0 && i / 4 == 3) continue; // the interpreter has no plan
        onnxrun_status s = onnxrun_dump(model, session, stages[i / 4], formats[i % 4], drop_text, NULL, err);
        if (s != ONNXRUN_OK) return s;
    }
    onnxrun_status s = onnxrun_info(model, session, "text", drop_text, NULL, err);
    if (s == ONNXRUN_OK) s = onnxrun_info(model, session, "json", drop_text, NULL, err);
    if (s == ONNXRUN_OK) s = onnxrun_list_ops("json", drop_text, NULL, err);
    return s;
}

static void dumps(void **state) {
    (void)state;
    open_session(2);
    fail_each(look, 2);
    close_session();
}

// ---- values
// -------------------------------------------------------------------------------------------------------------------

static onnxrun_status make_values(int level, onnxrun_error *err) {
    (void)level;
    const int64_t two[] = {2};
    const float numbers[] = {1, 2};
    const uint8_t nibbles[] = {0x21};
    onnxrun_value *v[6] = {NULL};
    void *pb = NULL;
    size_t bytes = 0;
    onnxrun_status s = onnxrun_value_tensor(ONNXRUN_FLOAT, 1, two, numbers, sizeof numbers, &v[0], err);
    if (s == ONNXRUN_OK) s = onnxrun_value_tensor(ONNXRUN_INT4, 1, two, nibbles, 1, &v[1], err);
    if (s == ONNXRUN_OK) s = onnxrun_value_strings(1, two, (const char *[]){"a", "bc"}, (const size_t[]){1, 2}, &v[2], err);
    if (s == ONNXRUN_OK) s = onnxrun_value_items(ONNXRUN_SEQUENCE, (const onnxrun_value *[]){v[0], v[0]}, 2, &v[3], err);
    if (s == ONNXRUN_OK) s = onnxrun_value_items(ONNXRUN_MAP, (const onnxrun_value *[]){v[2], v[0]}, 2, &v[4], err);
    if (s == ONNXRUN_OK) s = onnxrun_value_serialize(v[3], "seq", &pb, &bytes, err);
    if (s == ONNXRUN_OK) s = onnxrun_value_parse(pb, bytes, ONNXRUN_SEQUENCE, &v[5], err);
    for (int i = 0; i < 6; i++) onnxrun_value_free(v[i]);
    onnxrun_string_free(pb);
    return s;
}

static void values(void **state) {
    (void)state;
    fail_each(make_values, 0);
}

static int set_up(void **state) {
    (void)state;
    arena = onr_arena_new(0);
    for (int i = 0; i < 3 * PIXELS; i++) pixels[i] = (float)(i % 13) / 6 - 1;
    make_model();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    onr_arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_bytes_to_outputs), cmocka_unit_test(a_session_survives),
                                       cmocka_unit_test(dumps), cmocka_unit_test(values)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
