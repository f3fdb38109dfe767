// test_onnx_value.c: values as protobuf messages: every kind there and back, and the values of ONNX's backend tests.
// May assume: nothing; the part over test data is skipped without Debian's libonnx-testdata. Never runs a model.
#include "base/file.h"
#include "onnx/model.h"
#include "onnx/value_pb.h"

#include "support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_tensor(const onr_tensor *a, const onr_tensor *b) {
    if (a->dtype != b->dtype || !onr_shape_equal(&a->shape, &b->shape)) return false;
    if (a->dtype != ONR_STRING) {
        size_t bytes = onr_tensor_bytes(a);
        return bytes == 0 || memcmp(a->data, b->data, bytes) == 0;
    }
    for (int64_t i = 0; i < onr_tensor_numel(a); i++) {
        onr_string x = ((onr_string *)a->data)[i], y = ((onr_string *)b->data)[i];
        if (x.n != y.n || (x.n && memcmp(x.s, y.s, x.n) != 0)) return false;
    }
    return true;
}

static bool same(const onr_datum *a, const onr_datum *b) {
    if (a->kind != b->kind || a->n != b->n) return false;
    if (a->kind == ONR_TENSOR) return same_tensor(&a->t, &b->t);
    for (size_t i = 0; i < a->n; i++)
        if (!same(&a->item[i], &b->item[i])) return false;
    return true;
}

static void check_round_trip(const onr_datum *d) {
    void *pb = NULL;
    size_t bytes = 0;
    onr_datum back;
    onr_err err = {0};
    if (onr_pb_serialize_value(d, "v", &pb, &bytes, &err) != ONR_OK) fail_msg("%s", err.text);
    if (onr_pb_parse_value(pb, bytes, d->kind, &back, &err) != ONR_OK) fail_msg("%s", err.text);
    assert_true(same(d, &back));
    onr_datum_release(&back);
    onr_free(pb);
}

// A tensor whose elements' bytes count up; small types get values that they can hold.
static onr_datum counting(onr_dtype dtype, int32_t rank, const int64_t *dims) {
    onr_datum d;
    onr_shape shape = onr_shape_make(rank, dims);
    assert_int_equal(onr_datum_new(dtype, &shape, &d, NULL), ONR_OK);
    uint8_t *p = d.t.data;
    int bits = onr_dtype_bits(dtype);
    for (size_t i = 0; i < onr_tensor_bytes(&d.t); i++) {
        int v = (int)i & (dtype == ONR_BOOL ? 1 : bits < 8 ? (1 << bits) - 1 : 255);
        if (bits < 8 && onr_dtype_is_signed(dtype) && v >= 1 << (bits - 1)) v -= 1 << bits;
        p[i] = (uint8_t)v;
    }
    return d;
}

static onr_datum text_tensor(void) {
    static const onr_string words[] = {{"one", 3}, {"", 0}, {"t\0wo", 4}};
    const int64_t dims[] = {3};
    onr_datum d;
    onr_shape shape = onr_shape_make(1, dims);
    assert_int_equal(onr_datum_new_strings(&shape, words, &d, NULL), ONR_OK);
    return d;
}

static void every_type_survives(void **state) {
    (void)state;
    const int64_t dims[] = {3, 5}, empty[] = {0, 7}; // 15 elements: the last byte of packed types is not full
    for (int t = ONR_UNDEFINED + 1; t < ONR_N_DTYPES; t++) {
        onr_datum some = t == ONR_STRING ? text_tensor() : counting((onr_dtype)t, 2, dims);
        onr_datum scalar = t == ONR_STRING ? text_tensor() : counting((onr_dtype)t, 0, NULL);
        onr_datum none = t == ONR_STRING ? text_tensor() : counting((onr_dtype)t, 2, empty);
        check_round_trip(&some);
        check_round_trip(&scalar);
        check_round_trip(&none);
        onr_datum_release(&some);
        onr_datum_release(&scalar);
        onr_datum_release(&none);
    }
}

static onr_datum container(onr_kind kind, size_t n) {
    onr_datum d;
    assert_int_equal(onr_datum_new_items(kind, n, &d, NULL), ONR_OK);
    return d;
}

static void containers_survive(void **state) {
    (void)state;
    const int64_t dims[] = {2};
    onr_datum seq = container(ONR_SEQUENCE, 2), outer = container(ONR_SEQUENCE, 1), opt = container(ONR_OPTIONAL, 1);
    seq.item[0] = counting(ONR_FLOAT, 1, dims);
    seq.item[1] = text_tensor();
    outer.item[0] = onr_datum_ref(&seq);
    opt.item[0] = onr_datum_ref(&outer);
    check_round_trip(&opt);
    onr_datum none = container(ONR_OPTIONAL, 0), empty = container(ONR_SEQUENCE, 0);
    check_round_trip(&none);
    check_round_trip(&empty);
    onr_datum_release(&seq);
    onr_datum_release(&outer);
    onr_datum_release(&opt);
    onr_datum_release(&none);
    onr_datum_release(&empty);
}

static void maps_survive(void **state) {
    (void)state;
    static const onr_dtype keys[] = {ONR_INT64, ONR_INT32, ONR_UINT8, ONR_INT16, ONR_STRING};
    const int64_t three[] = {3}, two[] = {2};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        onr_datum scalars = container(ONR_MAP, 2), lists = container(ONR_MAP, 2);
        scalars.item[0] = keys[i] == ONR_STRING ? text_tensor() : counting(keys[i], 1, three);
        scalars.item[1] = counting(ONR_FLOAT, 1, three);
        check_round_trip(&scalars);
        lists.item[0] = onr_datum_ref(&scalars.item[0]);
        lists.item[1] = container(ONR_SEQUENCE, 3);
        for (int k = 0; k < 3; k++) lists.item[1].item[k] = counting(ONR_INT64, 1, two);
        check_round_trip(&lists);
        onr_datum_release(&scalars);
        onr_datum_release(&lists);
    }
}

static void broken_messages_are_errors(void **state) {
    (void)state;
    onr_datum d, t = text_tensor();
    void *pb;
    size_t bytes;
    onr_err err = {0};
    assert_int_equal(onr_pb_serialize_value(&t, NULL, &pb, &bytes, &err), ONR_OK);
    for (size_t n = 0; n < bytes; n++) {
        onr_status s = onr_pb_parse_value(pb, n, ONR_TENSOR, &d, &err);
        assert_true(s == ONR_INVALID);
        assert_true(err.text[0] != '\0');
    }
    for (int kind = ONR_SEQUENCE; kind <= ONR_MAP; kind++) {
        onr_status s = onr_pb_parse_value(pb, bytes, (onr_kind)kind, &d, &err);
        assert_true(s == ONR_INVALID || s == ONR_UNSUPPORTED);
    }
    onr_free(pb);
    onr_datum_release(&t);
}

// ---- the values of the backend tests --------------------------------------------------------------------------------------

static int n_values;

static void check_file(const char *folder, const char *what, int i, const onr_value *v) {
    char path[4096];
    onr_map_file f;
    onr_datum d;
    onr_err err = {0};
    snprintf(path, sizeof path, "%s/test_data_set_0/%s_%d.pb", folder, what, i);
    if (onr_file_map(path, &f, NULL) != ONR_OK) return;
    if (onr_pb_parse_value(f.data, f.bytes, v->declared ? v->declared->kind : ONR_TENSOR, &d, &err) != ONR_OK)
        fail_msg("%s: %s", path, err.text);
    check_round_trip(&d);
    onr_datum_release(&d);
    onr_file_unmap(&f);
    n_values++;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    if (type != FTW_F || strcmp(path + at->base, "model.onnx") != 0) return 0;
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", at->base - 1, path);
    onr_model *m;
    onr_err err = {0};
    if (onr_model_load(path, NULL, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    for (int i = 0; i < m->graph->n_inputs; i++) check_file(folder, "input", i, m->graph->inputs[i]);
    for (int i = 0; i < m->graph->n_outputs; i++) check_file(folder, "output", i, m->graph->outputs[i]);
    onr_model_free(m);
    return 0;
}

static void backend_test_values_survive(void **state) {
    (void)state;
    nftw("/usr/share/libonnx-testdata/data", visit, 16, 0);
    print_message("%d values\n", n_values);
    if (n_values == 0) skip();
    assert_true(n_values > 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_survives),
        cmocka_unit_test(containers_survive),
        cmocka_unit_test(maps_survive),
        cmocka_unit_test(broken_messages_are_errors),
        cmocka_unit_test(backend_test_values_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
