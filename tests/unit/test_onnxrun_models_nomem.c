// test_onnxrun_models_nomem.c: the models of tests/data/models from file to outputs with the n-th allocation failing, for every
// n: a clean error, nothing lost, and a session that gives the right bits afterwards.
// May assume: linked with the failing allocator. Never checks what succeeds without failures.
#include "onnxrun.h"
#include "support/failing_alloc.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { MAX_OUT = 10, BATCHES = 2, ELEMENTS = 2 * 3 * 12 * 12, MAX_ALLOCATIONS = 50000 };

static const struct {
    const char *name;
    int rank;
    int64_t dims[4];
} MODELS[] = {{"conv", 4, {0, 3, 12, 12}}, {"control", 2, {0, 4}},      {"sequence", 2, {0, 3}}, {"quantized", 4, {0, 3, 8, 8}},
              {"trees", 2, {0, 3}},        {"recurrent", 3, {0, 6, 4}}, {"external", 2, {0, 24}}};
enum { N_MODELS = sizeof MODELS / sizeof *MODELS };

static float data[ELEMENTS];
static int which, level; // of what runs now
static onnxrun_model *model;
static onnxrun_session *session;
static onnxrun_value *wanted[BATCHES + 1][MAX_OUT];

static onnxrun_session_options options(void) {
    onnxrun_session_options o = onnxrun_session_options_default();
    o.opt_level = level;
    o.n_threads = 1;
    o.max_plans = 1; // so that each batch plans anew
    return o;
}

static onnxrun_status load(onnxrun_model **m, onnxrun_error *err) {
    char path[300];
    snprintf(path, sizeof path, ONR_SOURCE_DIR "/tests/data/models/%s.onnx", MODELS[which].name);
    return onnxrun_model_load(path, NULL, m, err);
}

static onnxrun_status make_input(int64_t batch, onnxrun_value **x, onnxrun_error *err) {
    int64_t dims[4];
    memcpy(dims, MODELS[which].dims, sizeof dims);
    dims[0] = batch;
    *x = onnxrun_value_borrow(ONNXRUN_FLOAT, MODELS[which].rank, dims, data);
    if (*x) return ONNXRUN_OK;
    strcpy(err->text, "a value: no memory"); // this one has no error to fill
    return err->status = ONNXRUN_LIMIT;
}

static void drop(onnxrun_value **y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        onnxrun_value_free(y[i]);
        y[i] = NULL;
    }
}

static onnxrun_status run(onnxrun_session *s, int64_t batch, onnxrun_value **y, size_t n, onnxrun_error *err) {
    onnxrun_value *x = NULL;
    onnxrun_status st = make_input(batch, &x, err);
    if (st == ONNXRUN_OK) st = onnxrun_run(s, (const onnxrun_value *[]){x}, 1, y, n, err);
    for (size_t i = 0; i < n && st != ONNXRUN_OK; i++) assert_null(y[i]);
    onnxrun_value_free(x);
    return st;
}

/// From the file to outputs, twice.
static onnxrun_status everything(onnxrun_error *err) {
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    onnxrun_value *y[MAX_OUT] = {NULL};
    const onnxrun_session_options o = options();
    onnxrun_status st = load(&m, err);
    size_t n = m ? onnxrun_model_n_outputs(m) : 0;
    if (st == ONNXRUN_OK) st = onnxrun_session_new(m, &o, &s, err);
    for (int64_t batch = 1; batch <= BATCHES && st == ONNXRUN_OK; batch++) {
        st = run(s, batch, y, n, err);
        drop(y, n);
    }
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return st;
}

static void expect_equal(const onnxrun_value *a, const onnxrun_value *b) {
    assert_int_equal(onnxrun_value_kind(a), onnxrun_value_kind(b));
    if (onnxrun_value_kind(a) != ONNXRUN_TENSOR) {
        assert_int_equal(onnxrun_value_count(a), onnxrun_value_count(b));
    } else if (onnxrun_value_dtype(a) != ONNXRUN_STRING) {
        assert_int_equal(onnxrun_value_bytes(a), onnxrun_value_bytes(b));
        if (onnxrun_value_bytes(a)) assert_memory_equal(onnxrun_value_data(a), onnxrun_value_data(b), onnxrun_value_bytes(a));
    } else {
        assert_int_equal(onnxrun_value_numel(a), onnxrun_value_numel(b));
        for (int64_t i = 0; i < onnxrun_value_numel(a); i++) {
            size_t na, nb;
            const char *x = onnxrun_value_string(a, i, &na), *z = onnxrun_value_string(b, i, &nb);
            assert_int_equal(na, nb);
            assert_memory_equal(x, z, na);
        }
    }
}

/// Both batches on one session; what comes must be right.
static onnxrun_status run_both(onnxrun_error *err) {
    size_t n = onnxrun_model_n_outputs(model);
    for (int64_t batch = 1; batch <= BATCHES; batch++) {
        onnxrun_value *y[MAX_OUT] = {NULL};
        onnxrun_status st = run(session, batch, y, n, err);
        for (size_t i = 0; i < n && st == ONNXRUN_OK; i++) expect_equal(wanted[batch][i], y[i]);
        drop(y, n);
        if (st != ONNXRUN_OK) return st;
    }
    return ONNXRUN_OK;
}

static void expect_clean(onnxrun_status st, const onnxrun_error *err, size_t n) {
    if (st == ONNXRUN_OK || (st == ONNXRUN_LIMIT && err->status == st && strstr(err->text, "memory"))) return;
    fail_msg("%s -O%d, allocation %zu: status %d, '%s'", MODELS[which].name, level, n, st, err->text);
}

static void from_file_to_outputs(void **state) {
    (void)state;
    for (int i = 0; i < N_MODELS * 2; i++) {
        bool done = false;
        which = i / 2;
        level = i % 2 * 2;
        for (size_t n = 1; !done; n++) {
            onnxrun_error err = {0};
            const long before = failing_alloc_live();
            failing_alloc_start(n, n % 3 == 0); // every third time all that follow fail, too
            onnxrun_status st = everything(&err);
            done = failing_alloc_stop() < n; // none failed
            if (failing_alloc_live() != before)
                fail_msg("%s -O%d, allocation %zu: %ld blocks are lost", MODELS[which].name, level, n,
                         failing_alloc_live() - before);
            expect_clean(st, &err, n);
            if (done) assert_int_equal(st, ONNXRUN_OK);
            assert_true(n < MAX_ALLOCATIONS);
        }
    }
}

static void open_model(void) {
    onnxrun_error err;
    const onnxrun_session_options o = options();
    if (load(&model, &err) != ONNXRUN_OK || onnxrun_session_new(model, &o, &session, &err) != ONNXRUN_OK)
        fail_msg("%s", err.text);
    for (int64_t batch = 1; batch <= BATCHES; batch++)
        if (run(session, batch, wanted[batch], onnxrun_model_n_outputs(model), &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    onnxrun_session_free(session);
}

static void a_session_survives(void **state) {
    (void)state;
    for (int i = 0; i < N_MODELS * 2; i++) {
        bool done = false;
        which = i / 2;
        level = i % 2 * 2;
        open_model();
        const onnxrun_session_options o = options();
        for (size_t n = 1; !done; n++) {
            onnxrun_error err = {0};
            const long before = failing_alloc_live();
            assert_int_equal(onnxrun_session_new(model, &o, &session, NULL), ONNXRUN_OK);
            failing_alloc_start(n, n % 3 == 0);
            onnxrun_status st = run_both(&err);
            done = failing_alloc_stop() < n;
            expect_clean(st, &err, n);
            if (run_both(&err) != ONNXRUN_OK)
                fail_msg("%s -O%d after the failure of allocation %zu: %s", MODELS[which].name, level, n, err.text);
            onnxrun_session_free(session);
            assert_int_equal(failing_alloc_live(), before);
            assert_true(n < MAX_ALLOCATIONS);
        }
        for (int64_t batch = 1; batch <= BATCHES; batch++) drop(wanted[batch], MAX_OUT);
        onnxrun_model_free(model);
    }
}

// ---- looking at steps -------------------------------------------------------------------------------------------------------

/// What went wrong in a hook, whose run then ends as if it had been cancelled.
typedef struct looker {
    onnxrun_status status;
    onnxrun_error err;
} looker;

/// Every step's part, its names and its values.
static bool look(void *user, onnxrun_step *step) {
    looker *l = user;
    void *onnx;
    size_t n;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    for (size_t i = 0; i < info->n_inputs; i++) onnxrun_step_input_name(step, i), onnxrun_step_input(step, i);
    for (size_t i = 0; i < info->n_outputs && info->n_origin; i++) {
        onnxrun_value *copy = NULL;
        const onnxrun_value *v = onnxrun_step_output_name(step, i) ? onnxrun_step_output(step, i) : NULL;
        if (!v) continue;
        l->status = onnxrun_value_copy(v, &copy, &l->err);
        onnxrun_value_free(copy);
        if (l->status == ONNXRUN_OK) l->status = onnxrun_step_part(step, i, &onnx, &n, NULL, &l->err);
        if (l->status == ONNXRUN_UNSUPPORTED) l->status = ONNXRUN_OK; // more of the body is needed than the step reads
        if (l->status != ONNXRUN_OK) return false;
        onnxrun_string_free(onnx);
    }
    return true;
}

static onnxrun_status run_looked_at(onnxrun_error *err) {
    looker l = {.status = ONNXRUN_OK};
    const onnxrun_hooks hooks = {.after = look, .user = &l};
    onnxrun_value *y[MAX_OUT] = {NULL};
    onnxrun_session_set_hooks(session, &hooks);
    onnxrun_status st = run(session, 1, y, onnxrun_model_n_outputs(model), err);
    drop(y, MAX_OUT);
    onnxrun_session_set_hooks(session, NULL);
    if (l.status != ONNXRUN_OK) *err = l.err;
    return l.status != ONNXRUN_OK ? l.status : st;
}

static void hooks_that_look(void **state) {
    (void)state;
    for (which = 0; which < N_MODELS; which++) {
        bool done = false;
        level = 2;
        open_model();
        const onnxrun_session_options o = options();
        assert_int_equal(onnxrun_session_new(model, &o, &session, NULL), ONNXRUN_OK);
        onnxrun_error err = {0};
        assert_int_equal(run_looked_at(&err), ONNXRUN_OK); // plans
        for (size_t n = 1; !done; n += 3) {                // there are thousands
            const long before = failing_alloc_live();
            failing_alloc_start(n, n % 2);
            onnxrun_status st = run_looked_at(&err);
            done = failing_alloc_stop() < n;
            if (failing_alloc_live() != before)
                fail_msg("%s, allocation %zu: %ld blocks are lost", MODELS[which].name, n, failing_alloc_live() - before);
            expect_clean(st, &err, n);
            assert_true(n < MAX_ALLOCATIONS);
        }
        if (run_both(&err) != ONNXRUN_OK) fail_msg("%s", err.text);
        onnxrun_session_free(session);
        for (int64_t batch = 1; batch <= BATCHES; batch++) drop(wanted[batch], MAX_OUT);
        onnxrun_model_free(model);
    }
}

int main(void) {
    for (int i = 0; i < ELEMENTS; i++) data[i] = (float)(i % 13) / 6 - 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_file_to_outputs), cmocka_unit_test(a_session_survives),
                                       cmocka_unit_test(hooks_that_look)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
