// test_tensor_datum.c: types and contents: equality and texts of types, sizes, element access, and who owns what.
// May assume: run under ASan in tools/test.sh, which finds what is freed twice or never. Never converts elements.
#include "tensor/tensor.h"

#include "support/cmocka.h"

#include <string.h>

static const int64_t two_three[] = {2, 3};

static onr_shape shape_2x3(void) { return onr_shape_make(2, two_three); }

// ---- types
// ----------------------------------------------------------------------------------------------------------------------

static void type_texts(void **state) {
    (void)state;
    char out[ONR_TYPE_TEXT];
    onr_type t = onr_type_tensor(ONR_FLOAT, shape_2x3()), u = onr_type_unknown();
    onr_type seq = {.kind = ONR_SEQUENCE, .elem = &t}, opt = {.kind = ONR_OPTIONAL, .elem = &seq},
             map = {.kind = ONR_MAP, .dtype = ONR_STRING, .elem = &t}, open = {.kind = ONR_SEQUENCE};
    assert_string_equal(onr_type_text(&t, NULL, out), "float32[2 x 3]");
    assert_string_equal(onr_type_text(&u, NULL, out), "?");
    assert_string_equal(onr_type_text(&seq, NULL, out), "seq(float32[2 x 3])");
    assert_string_equal(onr_type_text(&opt, NULL, out), "optional(seq(float32[2 x 3]))");
    assert_string_equal(onr_type_text(&map, NULL, out), "map(string, float32[2 x 3])");
    assert_string_equal(onr_type_text(&open, NULL, out), "seq(?)");
    t.block = 16;
    assert_string_equal(onr_type_text(&t, NULL, out), "float32[2 x 3, c16]");
    t = onr_type_tensor(ONR_INT64, onr_shape_unknown());
    assert_string_equal(onr_type_text(&t, NULL, out), "int64[?]");
    t.shape.rank = 0;
    assert_string_equal(onr_type_text(&t, NULL, out), "int64[]");
}

static void type_equality(void **state) {
    (void)state;
    onr_type a = onr_type_tensor(ONR_FLOAT, shape_2x3()), b = a, c = a, d = a;
    c.dtype = ONR_INT32;
    d.block = 8;
    onr_type sa = {.kind = ONR_SEQUENCE, .elem = &a}, sb = {.kind = ONR_SEQUENCE, .elem = &b},
             sc = {.kind = ONR_SEQUENCE, .elem = &c}, so = {.kind = ONR_SEQUENCE}, oa = {.kind = ONR_OPTIONAL, .elem = &a};
    onr_type ma = {.kind = ONR_MAP, .dtype = ONR_INT64, .elem = &a}, mb = ma;
    mb.dtype = ONR_STRING;
    assert_true(onr_type_equal(&a, &b) && onr_type_equal(&sa, &sb) && onr_type_equal(&so, &so) && onr_type_equal(&ma, &ma));
    assert_false(onr_type_equal(&a, &c) || onr_type_equal(&a, &d) || onr_type_equal(&sa, &sc) || onr_type_equal(&sa, &so));
    assert_false(onr_type_equal(&sa, &oa) || onr_type_equal(&ma, &mb) || onr_type_equal(&a, &sa));
}

static void type_bytes(void **state) {
    (void)state;
    size_t bytes = 7;
    const int64_t dims[] = {2, 20, 3}, large[] = {INT64_MAX, 1};
    onr_type t = onr_type_tensor(ONR_FLOAT, onr_shape_make(3, dims));
    assert_true(onr_type_bytes(&t, &bytes) && bytes == 2 * 20 * 3 * 4);
    t.block = 16;
    assert_true(onr_type_bytes(&t, &bytes) && bytes == 2 * 32 * 3 * 4); // whole blocks
    t.block = 8;
    assert_true(onr_type_bytes(&t, &bytes) && bytes == 2 * 24 * 3 * 4);
    t = onr_type_tensor(ONR_DOUBLE, onr_shape_make(2, large));
    assert_false(onr_type_bytes(&t, &bytes));
    t.dtype = ONR_UINT8;
    assert_false(onr_type_bytes(&t, &bytes)); // such a dimension is not countable, whatever its elements take
    t.shape.dim[0] = 1LL << 47;
    assert_true(onr_type_bytes(&t, &bytes) && bytes == 1LL << 47);
    t.shape.dim[0] = ONR_DIM_SYMBOL_BASE;
    assert_false(onr_type_bytes(&t, &bytes));
    t = onr_type_unknown();
    assert_false(onr_type_bytes(&t, &bytes));
    t = onr_type_tensor(ONR_INT4, shape_2x3());
    assert_true(onr_type_bytes(&t, &bytes) && bytes == 6); // one byte each while running
}

// ---- elements
// -------------------------------------------------------------------------------------------------------------------

static void elements(void **state) {
    (void)state;
    const int64_t one[] = {1};
    const int8_t i8 = -3;
    const uint64_t u64 = UINT64_MAX;
    const uint16_t half = 0xc000, brain = 0xc000;
    const float pair[] = {-2, 5};
    onr_tensor t = {.dtype = ONR_INT8, .shape = onr_shape_make(1, one), .data = (void *)(uintptr_t)&i8};
    assert_int_equal(onr_tensor_int(&t, 0), -3);
    assert_true(onr_tensor_num(&t, 0) == -3);
    t.dtype = ONR_UINT8;
    assert_int_equal(onr_tensor_int(&t, 0), 253);
    t = (onr_tensor){.dtype = ONR_UINT64, .shape = t.shape, .data = (void *)(uintptr_t)&u64};
    assert_true(onr_tensor_num(&t, 0) == 18446744073709551616.0);
    t = (onr_tensor){.dtype = ONR_FLOAT16, .shape = t.shape, .data = (void *)(uintptr_t)&half};
    assert_true(onr_tensor_num(&t, 0) == -2);
    t = (onr_tensor){.dtype = ONR_BFLOAT16, .shape = t.shape, .data = (void *)(uintptr_t)&brain};
    assert_true(onr_tensor_num(&t, 0) == -2);
    t = (onr_tensor){.dtype = ONR_COMPLEX64, .shape = t.shape, .data = (void *)(uintptr_t)pair};
    assert_true(onr_tensor_num(&t, 0) == -2); // the real part
    t = (onr_tensor){.dtype = ONR_FLOAT, .block = 8, .shape = shape_2x3()};
    assert_int_equal(onr_tensor_numel(&t), 6);
    assert_int_equal(onr_tensor_bytes(&t), 2 * 8 * 4);
}

// ---- ownership
// ------------------------------------------------------------------------------------------------------------------

static onr_datum make(float first) {
    onr_datum d;
    onr_shape s = shape_2x3();
    assert_int_equal(onr_datum_new(ONR_FLOAT, &s, &d, NULL), ONR_OK);
    for (int i = 0; i < 6; i++) ((float *)d.t.data)[i] = first + (float)i;
    return d;
}

static void new_tensors_own_their_memory(void **state) {
    (void)state;
    onr_datum d = make(1);
    assert_int_equal(d.kind, ONR_TENSOR);
    assert_non_null(d.buf);
    assert_int_equal((uintptr_t)d.t.data % 64, 0);
    onr_datum_release(&d);
    assert_int_equal(d.kind, ONR_KIND_UNKNOWN);
    onr_datum_release(&d); // an empty slot
    onr_datum_release(NULL);
    const int64_t none[] = {0, 5}, large[] = {1LL << 40, 1LL << 30};
    onr_shape empty = onr_shape_make(2, none), huge = onr_shape_make(2, large);
    assert_int_equal(onr_datum_new(ONR_DOUBLE, &empty, &d, NULL), ONR_OK);
    assert_int_equal(onr_tensor_numel(&d.t), 0);
    onr_datum_release(&d);
    onr_err err;
    assert_int_equal(onr_datum_new(ONR_DOUBLE, &huge, &d, &err), ONR_LIMIT);
    assert_non_null(strstr(err.text, "too large"));
}

static void holders_share(void **state) {
    (void)state;
    onr_datum a = make(1), b = onr_datum_ref(&a);
    assert_ptr_equal(a.t.data, b.t.data);
    onr_datum_release(&a);
    assert_true(((const float *)b.t.data)[5] == 6); // still there
    onr_datum c;
    assert_int_equal(onr_datum_hold(&b, &c, NULL), ONR_OK);
    assert_ptr_equal(c.t.data, b.t.data);
    onr_datum_release(&b);
    assert_true(((const float *)c.t.data)[0] == 1);
    onr_datum_release(&c);
}

static void borrowed_tensors(void **state) {
    (void)state;
    float data[6] = {1, 2, 3, 4, 5, 6};
    onr_shape s = shape_2x3();
    onr_datum a = onr_datum_borrow(ONR_FLOAT, &s, data), ref = onr_datum_ref(&a), held, copy;
    assert_null(a.buf);
    assert_ptr_equal(ref.t.data, data); // a borrowed tensor stays borrowed
    assert_int_equal(onr_datum_hold(&a, &held, NULL), ONR_OK);
    assert_int_equal(onr_datum_copy(&a, &copy, NULL), ONR_OK);
    assert_ptr_not_equal(held.t.data, data); // a container gets its own
    data[0] = 99;
    assert_true(((const float *)held.t.data)[0] == 1 && ((const float *)copy.t.data)[0] == 1);
    onr_datum_release(&a);
    onr_datum_release(&ref);
    assert_true(data[0] == 99);
    onr_datum_release(&held);
    onr_datum_release(&copy);
}

static void string_tensors(void **state) {
    (void)state;
    char first[] = "one";
    const int64_t dims[] = {3};
    const onr_string words[] = {{first, 3}, {NULL, 0}, {"a\0b", 3}};
    onr_shape s = onr_shape_make(1, dims);
    onr_datum a, b;
    assert_int_equal(onr_datum_new_strings(&s, words, &a, NULL), ONR_OK);
    assert_int_equal(onr_datum_copy(&a, &b, NULL), ONR_OK);
    first[0] = 'X';
    onr_datum_release(&a);
    const onr_string *got = b.t.data;
    assert_true(got[0].n == 3 && memcmp(got[0].s, "one", 3) == 0);
    assert_int_equal(got[1].n, 0);
    assert_true(got[2].n == 3 && memcmp(got[2].s, "a\0b", 3) == 0);
    onr_datum_release(&b);
    assert_int_equal(onr_datum_new(ONR_STRING, &s, &a, NULL), ONR_OK); // empty strings
    for (int i = 0; i < 3; i++) assert_int_equal(((const onr_string *)a.t.data)[i].n, 0);
    onr_datum_release(&a);
}

/// A sequence of a sequence: items live as long as somebody holds any container of them.
static void sequences(void **state) {
    (void)state;
    onr_datum x = make(1), inner, outer, copy;
    assert_int_equal(onr_datum_new_items(ONR_SEQUENCE, 2, &inner, NULL), ONR_OK);
    assert_int_equal(inner.item[1].kind, ONR_KIND_UNKNOWN);
    assert_int_equal(onr_datum_hold(&x, &inner.item[0], NULL), ONR_OK);
    assert_int_equal(onr_datum_hold(&x, &inner.item[1], NULL), ONR_OK);
    assert_int_equal(onr_datum_new_items(ONR_OPTIONAL, 1, &outer, NULL), ONR_OK);
    outer.item[0] = onr_datum_ref(&inner);
    onr_datum_release(&x);
    onr_datum_release(&inner);
    assert_int_equal(outer.item[0].n, 2);
    assert_true(((const float *)outer.item[0].item[1].t.data)[5] == 6);
    assert_int_equal(onr_datum_copy(&outer, &copy, NULL), ONR_OK);
    assert_ptr_not_equal(copy.item[0].item[0].t.data, outer.item[0].item[0].t.data); // deep
    onr_datum again = onr_datum_ref(&outer);
    onr_datum_release(&outer);
    assert_true(((const float *)again.item[0].item[0].t.data)[0] == 1);
    onr_datum_release(&again);
    assert_true(((const float *)copy.item[0].item[1].t.data)[5] == 6);
    onr_datum_release(&copy);
}

/// The type of an empty container lives in it, whatever becomes of the one it was made from.
static void empty_containers(void **state) {
    (void)state;
    onr_datum none, copy;
    onr_type tensor = onr_type_tensor(ONR_INT64, onr_shape_unknown()), elem = {.kind = ONR_SEQUENCE, .elem = &tensor};
    char text[ONR_TYPE_TEXT];
    assert_int_equal(onr_datum_new_items(ONR_OPTIONAL, 0, &none, NULL), ONR_OK);
    onr_datum_set_elem(&none, &elem);
    tensor.dtype = ONR_FLOAT;
    elem = onr_type_unknown();
    assert_int_equal(onr_datum_copy(&none, &copy, NULL), ONR_OK);
    onr_datum_release(&none);
    onr_type t = onr_datum_type(&copy);
    assert_string_equal(onr_type_text(&t, NULL, text), "optional(seq(int64[?]))");
    onr_datum_set_elem(&copy, NULL);
    t = onr_datum_type(&copy);
    assert_string_equal(onr_type_text(&t, NULL, text), "optional(?)");
    onr_datum_release(&copy);
    const onr_datum nothing = {0};
    assert_int_equal(onr_datum_copy(&nothing, &copy, NULL), ONR_OK);
    assert_int_equal(copy.kind, ONR_KIND_UNKNOWN);
}

static void maps(void **state) {
    (void)state;
    const int64_t dims[] = {2};
    const onr_string keys[] = {{"a", 1}, {"b", 1}};
    onr_shape s = onr_shape_make(1, dims);
    onr_datum map;
    assert_int_equal(onr_datum_new_items(ONR_MAP, 2, &map, NULL), ONR_OK);
    assert_int_equal(onr_datum_new_strings(&s, keys, &map.item[0], NULL), ONR_OK);
    map.item[1] = make(3);
    onr_type t = onr_datum_type(&map);
    assert_int_equal(t.kind, ONR_MAP);
    assert_int_equal(t.dtype, ONR_STRING);
    onr_datum_release(&map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type_texts),
        cmocka_unit_test(type_equality),
        cmocka_unit_test(type_bytes),
        cmocka_unit_test(elements),
        cmocka_unit_test(new_tensors_own_their_memory),
        cmocka_unit_test(holders_share),
        cmocka_unit_test(borrowed_tensors),
        cmocka_unit_test(string_tensors),
        cmocka_unit_test(sequences),
        cmocka_unit_test(empty_containers),
        cmocka_unit_test(maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
