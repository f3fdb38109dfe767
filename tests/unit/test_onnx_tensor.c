// test_onnx_tensor.c: tensors in every encoding that ONNX allows, sparse and external ones, and the broken ones.
// May assume: a writable folder for temporary files. Never leaves files behind.
#include "graph/edit.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t two_by_three[] = {2, 3}, six[] = {6}, five[] = {5}, three[] = {3}, one[] = {1};

static int setup(void **state) { return (*state = onr_arena_new(0)) ? 0 : -1; }

static int teardown(void **state) {
    onr_arena_free(*state);
    return 0;
}

static Onnx__ModelProto *with_initializer(onr_arena *a, Onnx__TensorProto *t) {
    Onnx__GraphProto *g = mk_graph(a, "g");
    MK_ADD(a, g, initializer, t);
    return mk_model(a, g);
}

static Onnx__ModelProto *with_sparse(onr_arena *a, Onnx__SparseTensorProto *s) {
    Onnx__GraphProto *g = mk_graph(a, "g");
    MK_ADD(a, g, sparse_initializer, s);
    return mk_model(a, g);
}

// The tensor "t" must load and have these bytes.
static void gives(onr_arena *a, Onnx__ModelProto *pb, onr_dtype dtype, const void *data, size_t bytes) {
    onr_model *m;
    onr_err err = {0};
    if (mk_load(a, pb, NULL, NULL, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    const onr_datum *d = onr_graph_find(m->graph, "t")->constant;
    assert_int_equal(d->t.dtype, dtype);
    assert_int_equal(onr_tensor_bytes(&d->t), bytes);
    if (bytes) assert_memory_equal(d->t.data, data, bytes);
    onr_model_free(m);
}

static void fails(onr_arena *a, Onnx__ModelProto *pb, onr_status code, const char *words) {
    onr_model *m;
    onr_err err = {0};
    onr_status got = mk_load(a, pb, NULL, NULL, &m, &err);
    if (got != code || !strstr(err.text, words)) fail_msg("%s (%s), wanted '%s'", err.text, onr_status_name(got), words);
}

static void raw_data_at_any_alignment(void **state) {
    onr_arena *a = *state;
    const float values[] = {1, 2, 3, 4, 5, 6};
    for (size_t pad = 0; pad < 8; pad++) { // longer names move the contents
        char name[] = "tttttttt";
        name[pad] = '\0';
        Onnx__TensorProto *t = mk_raw(a, "t", ONR_FLOAT, 2, two_by_three, values, sizeof values);
        t->doc_string = pad ? name : NULL;
        gives(a, with_initializer(a, t), ONR_FLOAT, values, sizeof values);
    }
}

static void small_types_are_unpacked(void **state) {
    onr_arena *a = *state;
    const uint8_t packed[] = {0x21, 0xf8, 0x07};
    const uint8_t u4[] = {1, 2, 8, 15, 7};
    const int8_t i4[] = {1, 2, -8, -1, 7}, i2[] = {1, 0, -2, 0, 0};
    gives(a, with_initializer(a, mk_raw(a, "t", ONR_UINT4, 1, five, packed, 3)), ONR_UINT4, u4, 5);
    gives(a, with_initializer(a, mk_raw(a, "t", ONR_INT4, 1, five, packed, 3)), ONR_INT4, i4, 5);
    gives(a, with_initializer(a, mk_raw(a, "t", ONR_FLOAT4E2M1, 1, five, packed, 3)), ONR_FLOAT4E2M1, u4, 5);
    gives(a, with_initializer(a, mk_raw(a, "t", ONR_INT2, 1, five, packed, 2)), ONR_INT2, i2, 5);
    Onnx__TensorProto *t = mk_tensor(a, "t", ONR_INT4, 1, five);
    MK_ADD(a, t, int32_data, 0x21);
    MK_ADD(a, t, int32_data, 0xf8 - 256);
    MK_ADD(a, t, int32_data, 0x07);
    gives(a, with_initializer(a, t), ONR_INT4, i4, 5);
    fails(a, with_initializer(a, mk_raw(a, "t", ONR_INT4, 1, five, packed, 2)), ONR_INVALID, "2 bytes, type and shape need 3");
}

static void bools_are_zero_or_one(void **state) {
    onr_arena *a = *state;
    const uint8_t odd[] = {0, 2, 255}, plain[] = {0, 1, 1};
    gives(a, with_initializer(a, mk_raw(a, "t", ONR_BOOL, 1, three, odd, 3)), ONR_BOOL, plain, 3);
}

static Onnx__TensorProto *int32_list(onr_arena *a, int32_t dtype, int32_t x, int32_t y, int32_t z) {
    Onnx__TensorProto *t = mk_tensor(a, "t", dtype, 1, three);
    MK_ADD(a, t, int32_data, x);
    MK_ADD(a, t, int32_data, y);
    MK_ADD(a, t, int32_data, z);
    return t;
}

static void typed_lists(void **state) {
    onr_arena *a = *state;
    const int8_t i8[] = {-128, 0, 127};
    const uint16_t u16[] = {0, 1, 65535};
    const int32_t i32[] = {INT32_MIN, -1, INT32_MAX};
    gives(a, with_initializer(a, int32_list(a, ONR_INT8, -128, 0, 127)), ONR_INT8, i8, 3);
    gives(a, with_initializer(a, int32_list(a, ONR_UINT16, 0, 1, 65535)), ONR_UINT16, u16, 6);
    gives(a, with_initializer(a, int32_list(a, ONR_FLOAT16, 0, 1, 65535)), ONR_FLOAT16, u16, 6);
    gives(a, with_initializer(a, int32_list(a, ONR_BFLOAT16, 0, 1, -1)), ONR_BFLOAT16, u16, 6);
    gives(a, with_initializer(a, int32_list(a, ONR_INT32, INT32_MIN, -1, INT32_MAX)), ONR_INT32, i32, 12);
    fails(a, with_initializer(a, int32_list(a, ONR_INT8, 1, 2, 128)), ONR_INVALID, "int32_data[2] = 128 does not fit");
    fails(a, with_initializer(a, int32_list(a, ONR_UINT8, 1, -1, 3)), ONR_INVALID, "int32_data[1]");
    const int64_t i64[] = {INT64_MIN, -1, INT64_MAX};
    const uint32_t u32[] = {0, 7, UINT32_MAX};
    const float f[] = {1, -2, 3};
    const double d[] = {1, -2, 3};
    Onnx__TensorProto *t = mk_tensor(a, "t", ONR_INT64, 1, three);
    for (int i = 0; i < 3; i++) MK_ADD(a, t, int64_data, i64[i]);
    gives(a, with_initializer(a, t), ONR_INT64, i64, 24);
    t = mk_tensor(a, "t", ONR_UINT32, 1, three);
    for (int i = 0; i < 3; i++) MK_ADD(a, t, uint64_data, u32[i]);
    gives(a, with_initializer(a, t), ONR_UINT32, u32, 12);
    t = mk_tensor(a, "t", ONR_FLOAT, 1, three);
    for (int i = 0; i < 3; i++) MK_ADD(a, t, float_data, f[i]);
    gives(a, with_initializer(a, t), ONR_FLOAT, f, 12);
    t->data_type = ONR_DOUBLE;
    fails(a, with_initializer(a, t), ONR_INVALID, "float64 cannot be in float_data");
    t = mk_tensor(a, "t", ONR_DOUBLE, 1, three);
    for (int i = 0; i < 3; i++) MK_ADD(a, t, double_data, d[i]);
    gives(a, with_initializer(a, t), ONR_DOUBLE, d, 24);
    t->data_type = ONR_COMPLEX128;
    fails(a, with_initializer(a, t), ONR_INVALID, "");
    MK_ADD(a, t, double_data, 4.0);
    t->dims[0] = 2;
    const double z[] = {1, -2, 3, 4};
    gives(a, with_initializer(a, t), ONR_COMPLEX128, z, 32);
}

// Writers may leave lists unpacked, and cut them: two spans and a run of single numbers make one tensor.
static void lists_in_pieces(void **state) {
    onr_arena *a = *state;
    static const uint8_t bytes[] = {
        0x08, 8,                                                       // ModelProto.ir_version
        0x42, 2,    0x10, 17,                                          // opset_import
        0x3a, 0x1e,                                                    // graph
        0x2a, 0x1c,                                                    // initializer
        0x08, 4,    0x10, 6,    0x42, 1,    't',                       // dims, data_type INT32, name
        0x2a, 2,    5,    6,                                           // int32_data packed: 5, 6
        0x28, 7,                                                       // int32_data alone: 7
        0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, // -1 in ten bytes
        0x4a, 0,                                                       // an empty raw_data
        0x22, 0,                                                       // an empty float_data
    };
    const int32_t want[] = {5, 6, 7, -1};
    onr_model *m;
    onr_err err = {0};
    (void)a;
    if (onr_model_load_memory(bytes, sizeof bytes, NULL, NULL, NULL, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    assert_memory_equal(onr_graph_find(m->graph, "t")->constant->t.data, want, sizeof want);
    onr_model_free(m);
}

static void wrong_sizes(void **state) {
    onr_arena *a = *state;
    const float values[6] = {0};
    const int64_t negative[] = {-1, 3}, huge[] = {INT64_C(1) << 40, INT64_C(1) << 40}, empty_huge[] = {0, INT64_MAX, 2};
    const int64_t large[] = {INT64_C(1) << 62};
    for (size_t n = 0; n < 24; n++)
        fails(a, with_initializer(a, mk_raw(a, "t", ONR_FLOAT, 2, two_by_three, values, n)), ONR_INVALID, "tensor 't'");
    fails(a, with_initializer(a, mk_raw(a, "t", ONR_FLOAT, 2, negative, values, 24)), ONR_INVALID, "negative");
    fails(a, with_initializer(a, mk_raw(a, "t", ONR_FLOAT, 2, huge, values, 24)), ONR_INVALID, "too many");
    fails(a, with_initializer(a, mk_raw(a, "t", ONR_FLOAT, 1, large, values, 0)), ONR_INVALID, "too many");
    fails(a, with_initializer(a, mk_raw(a, "t", ONR_UINT8, 1, large, values, 0)), ONR_INVALID, "initializer #0");
    fails(a, with_initializer(a, mk_raw(a, "t", ONR_FLOAT, 3, empty_huge, values, 0)), ONR_INVALID, "too many");
    fails(a, with_initializer(a, mk_tensor(a, "t", ONR_FLOAT, 2, two_by_three)), ONR_INVALID, "no contents");
    fails(a, with_initializer(a, mk_tensor(a, "t", 0, 2, two_by_three)), ONR_INVALID, "no element type");
    fails(a, with_initializer(a, mk_tensor(a, "t", 1000, 2, two_by_three)), ONR_UNSUPPORTED, "1000");
    fails(a, with_initializer(a, mk_raw(a, "t", ONR_STRING, 0, NULL, values, 4)), ONR_INVALID, "raw_data");
    Onnx__TensorProto *both = mk_raw(a, "t", ONR_FLOAT, 1, one, values, 4);
    MK_ADD(a, both, float_data, 1.0f);
    fails(a, with_initializer(a, both), ONR_INVALID, "both");
    const int64_t none[] = {3, 0};
    gives(a, with_initializer(a, mk_tensor(a, "t", ONR_FLOAT, 2, none)), ONR_FLOAT, NULL, 0);
}

// ---- sparse -------------------------------------------------------------------------------------------------------------

static Onnx__SparseTensorProto *sparse(onr_arena *a, const float *values, size_t n, const int64_t *index, size_t index_rank) {
    Onnx__SparseTensorProto *s = onr_arena_alloc(a, sizeof *s);
    onnx__sparse_tensor_proto__init(s);
    const int64_t value_dims[] = {(int64_t)n}, index_dims[] = {(int64_t)n, 2};
    s->values = mk_raw(a, "t", ONR_FLOAT, 1, value_dims, values, n * sizeof *values);
    s->indices = mk_raw(a, NULL, ONR_INT64, index_rank, index_dims, index, n * index_rank * sizeof *index);
    MK_ADD(a, s, dims, 2);
    MK_ADD(a, s, dims, 3);
    return s;
}

static void sparse_becomes_dense(void **state) {
    onr_arena *a = *state;
    const float v[] = {7, 8};
    const int64_t linear[] = {1, 5}, pairs[] = {0, 1, 1, 2}, outside[] = {1, 6}, down[] = {5, 1}, bad_pair[] = {0, 3, 1, 2};
    const float want[] = {0, 7, 0, 0, 0, 8};
    gives(a, with_sparse(a, sparse(a, v, 2, linear, 1)), ONR_FLOAT, want, sizeof want);
    gives(a, with_sparse(a, sparse(a, v, 2, pairs, 2)), ONR_FLOAT, want, sizeof want);
    fails(a, with_sparse(a, sparse(a, v, 2, outside, 1)), ONR_INVALID, "outside");
    fails(a, with_sparse(a, sparse(a, v, 2, down, 1)), ONR_INVALID, "ascending");
    fails(a, with_sparse(a, sparse(a, v, 2, bad_pair, 2)), ONR_INVALID, "outside");
    Onnx__SparseTensorProto *s = sparse(a, v, 2, linear, 1);
    s->dims[0] = INT64_C(1) << 32;
    fails(a, with_sparse(a, s), ONR_LIMIT, "when dense");
    s = sparse(a, v, 2, linear, 1);
    s->indices->dims[0] = 1;
    s->indices->raw_data.len = 8;
    fails(a, with_sparse(a, s), ONR_INVALID, "do not fit");
    s = sparse(a, v, 2, linear, 1);
    s->values = NULL;
    fails(a, with_sparse(a, s), ONR_INVALID, "without values");
}

// ---- external files -----------------------------------------------------------------------------------------------------

static char folder[64];

static void write_file(const char *name, const void *data, size_t bytes) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    fclose(f);
}

static int make_folder(void **state) {
    strcpy(folder, "/tmp/onnxrun-test-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    char inside[100];
    snprintf(inside, sizeof inside, "%s/model", folder);
    return mkdir(inside, 0700) == 0 ? setup(state) : -1;
}

static int remove_folder(void **state) {
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? teardown(state) : -1;
}

static onr_status load_external(onr_arena *a, const char *location, const char *offset, const char *length, onr_model **m,
                                onr_err *err) {
    Onnx__TensorProto *t = mk_tensor(a, "t", ONR_FLOAT, 1, three);
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    if (location) MK_ADD(a, t, external_data, mk_pair(a, "location", location));
    if (offset) MK_ADD(a, t, external_data, mk_pair(a, "offset", offset));
    if (length) MK_ADD(a, t, external_data, mk_pair(a, "length", length));
    char inside[100];
    snprintf(inside, sizeof inside, "%s/model", folder);
    return mk_load(a, with_initializer(a, t), inside, NULL, m, err);
}

static void external_data_beneath_the_folder(void **state) {
    onr_arena *a = *state;
    const float values[] = {9, 1, 2, 3, 4};
    onr_model *m;
    onr_err err = {0};
    write_file("model/w.bin", values, sizeof values);
    write_file("secret", values, sizeof values);
    if (load_external(a, "w.bin", "4", "12", &m, &err) != ONR_OK) fail_msg("%s", err.text);
    assert_memory_equal(onr_graph_find(m->graph, "t")->constant->t.data, values + 1, 12);
    onr_model_free(m);
    if (load_external(a, "w.bin", NULL, NULL, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    onr_model_free(m);
    if (load_external(a, "w.bin", "3", NULL, &m, &err) != ONR_OK) fail_msg("%s", err.text); // not aligned: copied
    onr_model_free(m);
    static const char *const bad[][3] = {
        {"w.bin", "9", "12"},       {"w.bin", "4", "13"},
        {"w.bin", "-4", NULL},      {"w.bin", "99999999999999999999", NULL},
        {"w.bin", "0x4", NULL},     {"w.bin", "", NULL},
        {"../secret", NULL, NULL},  {"/etc/passwd", NULL, NULL},
        {"./../secret", "0", "12"}, {"none.bin", NULL, NULL},
        {"", NULL, NULL},           {NULL, NULL, NULL},
        {".", NULL, NULL},          {"w.bin", "9223372036854775807", "12"},
        {"escape", NULL, NULL},     {"out/secret", NULL, NULL},
    };
    char link[200];
    snprintf(link, sizeof link, "%s/model/escape", folder);
    assert_int_equal(symlink("../secret", link), 0);
    snprintf(link, sizeof link, "%s/model/out", folder);
    assert_int_equal(symlink("..", link), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        onr_status got = load_external(a, bad[i][0], bad[i][1], bad[i][2], &m, &err);
        if (got != ONR_INVALID) fail_msg("case %zu: %s", i, onr_status_name(got));
        assert_non_null(strstr(err.text, "tensor 't'"));
    }
    snprintf(link, sizeof link, "%s/model/friend", folder);
    assert_int_equal(symlink("w.bin", link), 0);
    if (load_external(a, "friend", "4", "12", &m, &err) != ONR_OK) fail_msg("%s", err.text);
    onr_model_free(m);
}

static void external_data_can_be_refused(void **state) {
    onr_arena *a = *state;
    Onnx__TensorProto *t = mk_tensor(a, "t", ONR_FLOAT, 1, six);
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    MK_ADD(a, t, external_data, mk_pair(a, "location", "w.bin"));
    fails(a, with_initializer(a, t), ONR_INVALID, "not allowed"); // from memory without a folder
    onr_load_options o = onr_load_options_default();
    o.no_external = true;
    onr_model *m;
    onr_err err = {0};
    assert_int_equal(mk_load(a, with_initializer(a, t), ".", &o, &m, &err), ONR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(raw_data_at_any_alignment, setup, teardown),
        cmocka_unit_test_setup_teardown(small_types_are_unpacked, setup, teardown),
        cmocka_unit_test_setup_teardown(bools_are_zero_or_one, setup, teardown),
        cmocka_unit_test_setup_teardown(typed_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(sparse_becomes_dense, setup, teardown),
        cmocka_unit_test_setup_teardown(external_data_beneath_the_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(external_data_can_be_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
