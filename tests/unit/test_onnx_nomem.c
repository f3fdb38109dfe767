// test_onnx_nomem.c: loading and values with the n-th allocation failing, for every n: a clean error, and nothing lost.
// May assume: linked with the failing allocator. Never checks what succeeds without failures; other tests do.
#include "onnx/value_pb.h"
#include "support/failing_alloc.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <string.h>

static const void *model_bytes;
static size_t n_model_bytes;

// Runs `fn` with each allocation failing in turn: alone, or with all that follow it. A failure must be ONR_LIMIT with a text.
static void fail_each(onr_status (*fn)(onr_err *err)) {
    for (int forever = 0; forever < 2; forever++) {
        bool done = false;
        size_t n = 0;
        while (!done) {
            n++;
            onr_err err = {0};
            long before = failing_alloc_live();
            failing_alloc_start(n, forever);
            onr_status s = fn(&err);
            done = failing_alloc_stop() < n; // none failed
            assert_int_equal(failing_alloc_live(), before);
            if (s != ONR_OK && (s != ONR_LIMIT || !strstr(err.text, "memory"))) fail_msg("n = %zu: %s", n, err.text);
            if (done) assert_int_equal(s, ONR_OK);
        }
        assert_true(n > 3); // something did allocate
    }
}

static onr_status load(onr_err *err) {
    onr_model *m;
    onr_status s = onr_model_load_memory(model_bytes, n_model_bytes, NULL, NULL, NULL, &m, err);
    onr_model_free(m);
    return s;
}

static void loading(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    // Enough nodes that the arenas need more than their first chunks.
    Onnx__ModelProto *pb = mk_rich(a);
    for (int i = 0; i < 300; i++) {
        Onnx__NodeProto *n = mk_node(a, NULL, "F", "x,x", onr_arena_printf(a, "more%d", i));
        n->domain = "mine";
        MK_ADD(a, pb->graph, node, n);
    }
    model_bytes = mk_pack(a, pb, &n_model_bytes);
    fail_each(load);
    onr_arena_free(a);
}

static onr_status there_and_back(onr_err *err) {
    const onr_string words[] = {{"one", 3}, {"two", 3}};
    const int64_t two[] = {2};
    onr_shape shape = onr_shape_make(1, two);
    onr_datum map = {0}, seq = {0}, back = {0};
    void *pb = NULL;
    size_t bytes = 0;
    onr_status s = onr_datum_new_items(ONR_SEQUENCE, 1, &seq, err);
    if (s == ONR_OK) s = onr_datum_new_items(ONR_MAP, 2, &map, err);
    if (s == ONR_OK) s = onr_datum_new_strings(&shape, words, &map.item[0], err);
    if (s == ONR_OK) s = onr_datum_new(ONR_INT4, &shape, &map.item[1], err);
    if (s == ONR_OK) {
        memset(map.item[1].t.data, 1, 2);
        seq.item[0] = onr_datum_ref(&map);
        s = onr_pb_serialize_value(&seq, "v", &pb, &bytes, err);
    }
    if (s == ONR_OK) s = onr_pb_parse_value(pb, bytes, ONR_SEQUENCE, &back, err);
    onr_datum_release(&back);
    onr_datum_release(&seq);
    onr_datum_release(&map);
    onr_free(pb);
    return s;
}

static void values(void **state) {
    (void)state;
    fail_each(there_and_back);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(loading), cmocka_unit_test(values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
