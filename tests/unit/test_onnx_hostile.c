// test_onnx_hostile.c: models from strangers: cut off anywhere, with random bytes changed, absurdly deep, wide or long.
// May assume: a sanitizer or a crash tells of a wrong access. Never accepts anything but a model or an error with a text.
#include "graph/edit.h"
#include "support/onnx_build.h"
#include "support/rng.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t dims[] = {-1, 3};

static onr_load_options strict(void) {
    onr_load_options o = onr_load_options_default();
    o.max_nodes = 10000;
    o.max_dense_bytes = 1 << 20;
    return o;
}

// Loads a copy in memory of its own. A model must be sound, a failure must have a text.
static onr_status try_load(const void *data, size_t bytes) {
    void *copy = malloc(bytes ? bytes : 1);
    memcpy(copy, data, bytes);
    onr_load_options o = strict();
    onr_model *m = NULL;
    onr_err err = {0};
    onr_status s = onr_model_load_memory(copy, bytes, "h.onnx", NULL, &o, &m, &err);
    if (s == ONR_OK) {
        assert_int_equal(onr_graph_verify(m->graph, &err), ONR_OK);
    } else {
        assert_true(s == ONR_INVALID || s == ONR_UNSUPPORTED || s == ONR_LIMIT);
        assert_int_equal(err.code, s);
        assert_true(strlen(err.text) > strlen("h.onnx: "));
        assert_null(m);
    }
    onr_model_free(m);
    free(copy);
    return s;
}

static void cut_off_anywhere(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    size_t bytes;
    const void *data = mk_pack(a, mk_rich(a), &bytes);
    assert_int_equal(try_load(data, bytes), ONR_OK);
    for (size_t n = 0; n < bytes; n++) try_load(data, n);
    onr_arena_free(a);
}

static void bytes_changed(void **state) {
    (void)state;
    enum { ROUNDS = 10000 };
    onr_arena *a = onr_arena_new(0);
    size_t bytes;
    const uint8_t *data = mk_pack(a, mk_rich(a), &bytes);
    uint8_t *bad = malloc(bytes);
    rng r;
    rng_seed(&r, 20240);
    int ok = 0;
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(bad, data, bytes);
        for (uint64_t k = 1 + rng_below(&r, 3); k; k--) bad[rng_below(&r, bytes)] = (uint8_t)rng_u64(&r);
        ok += try_load(bad, bytes) == ONR_OK;
    }
    print_message("%d of %d still load\n", ok, ROUNDS);
    assert_true(ok > 0 && ok < ROUNDS);
    free(bad);
    onr_arena_free(a);
}

static void pieces_moved(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    size_t bytes;
    const uint8_t *data = mk_pack(a, mk_rich(a), &bytes);
    uint8_t *bad = malloc(2 * bytes);
    rng r;
    rng_seed(&r, 7);
    for (int i = 0; i < 3000; i++) { // some bytes repeated, left out, or taken from elsewhere
        size_t from = rng_below(&r, bytes), to = rng_below(&r, bytes), n = rng_below(&r, bytes - (from > to ? from : to) + 1);
        memcpy(bad, data, to);
        memcpy(bad + to, data + from, n);
        size_t rest = rng_below(&r, 2) ? to : to + n;
        memcpy(bad + to + n, data + rest, bytes - rest);
        try_load(bad, to + n + bytes - rest);
    }
    free(bad);
    onr_arena_free(a);
}

static void random_bytes(void **state) {
    (void)state;
    uint8_t bad[400];
    rng r;
    rng_seed(&r, 99);
    for (int i = 0; i < 3000; i++) {
        size_t n = rng_below(&r, sizeof bad);
        rng_fill_bytes(&r, bad, n);
        try_load(bad, n);
    }
}

static void deep_subgraphs(void **state) {
    (void)state;
    onr_arena *a = onr_arena_new(0);
    Onnx__GraphProto *g = mk_graph(a, "innermost");
    for (int i = 0; i < 3000; i++) {
        Onnx__GraphProto *outer = mk_graph(a, "g");
        Onnx__NodeProto *hold = mk_node(a, NULL, "If", "", "y");
        MK_ADD(a, hold, attribute, mk_attr_graph(a, "b", g));
        MK_ADD(a, outer, node, hold);
        g = outer;
        if (i == 20 || i == 2999) {
            size_t bytes;
            const void *data = mk_pack(a, mk_model(a, g), &bytes);
            assert_int_equal(try_load(data, bytes), i == 20 ? ONR_OK : ONR_LIMIT);
        }
    }
    onr_arena_free(a);
}

// Many of one thing: time must not grow with the square of the file. The bound is generous: sanitizers and busy machines.
static void wide_models(void **state) {
    (void)state;
    enum { N = 60000 };
    onr_arena *a = onr_arena_new(0);
    Onnx__GraphProto *g = mk_graph(a, "g"), *branch = mk_graph(a, "b");
    Onnx__NodeProto *join = mk_node(a, "join", "Sum", "", "sum"), *hold = mk_node(a, "hold", "If", "c0", "h");
    char **names = onr_arena_calloc(a, N, sizeof *names), **captured = onr_arena_calloc(a, N, sizeof *captured);
    g->node = onr_arena_calloc(a, N + 2, sizeof *g->node);
    g->input = onr_arena_calloc(a, N, sizeof *g->input);
    for (int i = 0; i < N; i++) {
        names[i] = onr_arena_printf(a, "x%d", i);
        captured[i] = onr_arena_printf(a, "c%d", i);
        g->input[i] = mk_info(a, names[i], ONR_FLOAT, 1, dims);
        g->input[i]->type->tensor_type->shape->dim[0]->dim_param = onr_arena_printf(a, "n%d", i); // as many symbols
        g->node[i] = mk_node(a, NULL, "Add", "x0,x0", captured[i]);                               // one value used often
    }
    join->n_input = branch->n_node = 0;
    Onnx__NodeProto *use = mk_node(a, "use", "Sum", "", "r");
    use->input = captured, use->n_input = N;
    join->input = names, join->n_input = N;
    MK_ADD(a, branch, node, use);
    MK_ADD(a, branch, output, mk_info(a, "r", ONR_FLOAT, 2, dims));
    MK_ADD(a, hold, attribute, mk_attr_graph(a, "b", branch));
    g->node[N] = join, g->node[N + 1] = hold;
    g->n_node = N + 2, g->n_input = N;
    size_t bytes;
    const void *data = mk_pack(a, mk_model(a, g), &bytes);
    onr_load_options o = onr_load_options_default();
    onr_model *m = NULL;
    onr_err err = {0};
    clock_t start = clock();
    if (onr_model_load_memory(data, bytes, NULL, NULL, &o, &m, &err) != ONR_OK) fail_msg("%s", err.text);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("%zu bytes in %.2f s, arena %zu bytes\n", bytes, seconds, onr_arena_bytes(m->arena));
    assert_true(onr_arena_bytes(m->arena) < 40 * bytes);
    assert_true(seconds < 10);
    onr_model_free(m);
    onr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_off_anywhere), cmocka_unit_test(bytes_changed),  cmocka_unit_test(pieces_moved),
        cmocka_unit_test(random_bytes),     cmocka_unit_test(deep_subgraphs), cmocka_unit_test(wide_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
