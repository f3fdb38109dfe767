// net.c: whole models through the public interface, for tests.
// May assume: the model has one input and one output where net.h says so. Never looks inside the library.
#include "models/net.h"

#include "io/random.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

net net_open(const char *path, int level, int n_threads) {
    net n = {0};
    onnxrun_error err;
    const char *slash = strrchr(path, '/');
    snprintf(n.name, sizeof n.name, "%.100s -O%d, %d threads", slash ? slash + 1 : path, level, n_threads);
    onnxrun_session_options o = onnxrun_session_options_default();
    o.opt_level = level;
    o.n_threads = n_threads;
    if (onnxrun_model_load(path, NULL, &n.model, &err) != ONNXRUN_OK) fail_msg("%s: %s", n.name, err.text);
    if (onnxrun_session_new(n.model, &o, &n.session, &err) != ONNXRUN_OK) fail_msg("%s: %s", n.name, err.text);
    return n;
}

void net_close(net *n) {
    onnxrun_session_free(n->session);
    onnxrun_model_free(n->model);
    *n = (net){0};
}

onnxrun_value *net_run(const net *n, const onnxrun_value *x) {
    onnxrun_error err;
    onnxrun_value *y = NULL;
    if (onnxrun_run(n->session, &x, 1, &y, 1, &err) != ONNXRUN_OK) fail_msg("%s: %s", n->name, err.text);
    assert_non_null(y);
    return y;
}

onnxrun_value *net_input(const net *n, int64_t batch, uint64_t seed) {
    onnxrun_error err;
    onnxrun_type t;
    onnxrun_value *x = NULL;
    onnxrun_model_input_type(n->model, 0, &t);
    assert_int_equal(t.kind, ONNXRUN_TENSOR);
    for (int i = 0; i < t.rank; i++)
        if (t.dims[i] < 0) t.dims[i] = batch;
    if (onr_random_value(t.dtype, t.rank, t.dims, seed, &x, &err) != ONNXRUN_OK) fail_msg("%s: %s", n->name, err.text);
    return x;
}

static void assert_same_type(const char *what, const onnxrun_value *got, const onnxrun_value *want) {
    int rank = onnxrun_value_rank(want);
    if (onnxrun_value_dtype(got) != onnxrun_value_dtype(want) || onnxrun_value_rank(got) != rank ||
        memcmp(onnxrun_value_dims(got), onnxrun_value_dims(want), (size_t)rank * sizeof(int64_t)) != 0)
        fail_msg("%s: element types or shapes differ", what);
}

void net_assert_near(const char *what, const onnxrun_value *got, const onnxrun_value *want, double tolerance) {
    double largest = 0, worst = 0;
    int64_t n = onnxrun_value_numel(want);
    assert_same_type(what, got, want);
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(onnxrun_value_number(want, i)));
    for (int64_t i = 0; i < n; i++) {
        double d = fabs(onnxrun_value_number(got, i) - onnxrun_value_number(want, i));
        if (!(d <= worst)) worst = d; // NaN stays
    }
    if (!(worst <= tolerance * largest))
        fail_msg("%s: differs by %g of the largest magnitude %g", what, worst / largest, largest);
}

void net_assert_same(const char *what, const onnxrun_value *got, const onnxrun_value *want) {
    assert_same_type(what, got, want);
    if (memcmp(onnxrun_value_data(got), onnxrun_value_data(want), onnxrun_value_bytes(want)) != 0)
        fail_msg("%s: not the same bits", what);
}
