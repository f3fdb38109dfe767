// test_ops_known.c: shape data: what exporters write to compute shapes keeps `batch` a symbol through all of it.
// May assume: nothing. Never runs an operator: all is inference.
#include "graph/edit.h"
#include "ops/eval.h"

#include "support/cmocka.h"

typedef struct fixture {
    onr_arena *arena;
    onr_symbols symbols;
    onr_graph *g;
    onr_value *x;
    onr_typing t;
    int64_t batch;
} fixture;

/// x: float32[batch x 512 x 1 x 7].
static void open_fixture(fixture *f) {
    f->arena = onr_arena_new(0);
    onr_symbols_init(&f->symbols, f->arena);
    f->g = onr_graph_new(f->arena, "g", &f->symbols);
    f->x = onr_graph_add_value(f->g, "x");
    assert_true(onr_graph_add_input(f->g, f->x));
    f->batch = onr_symbol(&f->symbols, "batch");
}

static onr_value *ints(fixture *f, int rank, int64_t n, const int64_t *v) {
    int64_t *copy = onr_arena_alloc(f->arena, (size_t)n * sizeof *copy);
    onr_datum *d = onr_arena_alloc(f->arena, sizeof *d);
    for (int64_t i = 0; i < n; i++) copy[i] = v[i];
    onr_shape s = onr_shape_make(rank, &n);
    *d = onr_datum_borrow(ONR_INT64, &s, copy);
    return onr_graph_add_constant(f->g, "c", d);
}
#define SCALAR(f, v) ints(f, 0, 1, (const int64_t[]){v})
#define LIST(f, ...) ints(f, 1, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

static onr_value *node(fixture *f, const char *op, int n, onr_value *const *in, const char *attr, int64_t value) {
    onr_value *out = onr_graph_add_temp(f->g, op);
    onr_node *nd = onr_graph_add_node(f->g, NULL, "", op, 17, NULL, in, n, &out, 1);
    assert_non_null(nd);
    if (attr) assert_true(onr_node_set_int(nd, attr, value));
    return out;
}
#define NODE(f, op, attr, value, ...) \
    node(f, op, sizeof((onr_value *[]){__VA_ARGS__}) / sizeof(onr_value *), (onr_value *[]){__VA_ARGS__}, attr, value)

static void infer(fixture *f) {
    onr_err err = {0};
    for (int32_t i = 0; i < f->g->n_nodes; i++)
        if (onr_node_resolve(f->g->nodes[i], f->arena, &err) != ONR_OK) fail_msg("%s", err.text);
    assert_int_equal(onr_typing_new(f->g, f->arena, &f->t, &err), ONR_OK);
    f->t.type[f->x->id] = onr_type_tensor(ONR_FLOAT, onr_shape_make(4, (const int64_t[]){f->batch, 512, 1, 7}));
    if (onr_infer_graph(f->g, &f->t, &f->symbols, f->arena, &err) != ONR_OK) fail_msg("%s", err.text);
}

static const onr_shape *shape_of(const fixture *f, const onr_value *v) { return &f->t.type[v->id].shape; }
static const onr_known *known_of(const fixture *f, const onr_value *v) {
    assert_non_null(f->t.known[v->id]);
    return f->t.known[v->id];
}

static void view_keeps_batch(void **state) { // x.view(x.size(0), -1)
    (void)state;
    fixture f;
    open_fixture(&f);
    onr_value *shape = NODE(&f, "Shape", NULL, 0, f.x);
    onr_value *first = NODE(&f, "Gather", "axis", 0, shape, SCALAR(&f, 0));
    onr_value *list = NODE(&f, "Unsqueeze", NULL, 0, first, LIST(&f, 0));
    onr_value *target = NODE(&f, "Concat", "axis", 0, list, LIST(&f, -1));
    onr_value *y = NODE(&f, "Reshape", NULL, 0, f.x, target);
    infer(&f);
    assert_int_equal(shape_of(&f, y)->rank, 2);
    assert_true(shape_of(&f, y)->dim[0] == f.batch);
    assert_int_equal(shape_of(&f, y)->dim[1], 512 * 7);
    onr_arena_free(f.arena);
}

static void minus_one_becomes_batch(void **state) { // and slices, casts and arithmetic on the way
    (void)state;
    fixture f;
    open_fixture(&f);
    onr_value *shape = NODE(&f, "Shape", NULL, 0, f.x);
    onr_value *tail = NODE(&f, "Slice", NULL, 0, shape, LIST(&f, 1), LIST(&f, 4));
    onr_value *cast = NODE(&f, "Cast", "to", ONR_INT64, tail);
    onr_value *twice = NODE(&f, "Mul", NULL, 0, cast, LIST(&f, 1, 1, 1));
    onr_value *target = NODE(&f, "Concat", "axis", 0, LIST(&f, -1), twice);
    onr_value *y = NODE(&f, "Reshape", NULL, 0, f.x, target);
    infer(&f);
    assert_int_equal(known_of(&f, twice)->v[2], 7);
    assert_int_equal(shape_of(&f, y)->rank, 4);
    assert_true(shape_of(&f, y)->dim[0] == f.batch);
    assert_int_equal(shape_of(&f, y)->dim[3], 7);
    onr_arena_free(f.arena);
}

static void expand_of_minus_one(void **state) { // PyTorch: Where(shape == -1, ones, shape)
    (void)state;
    fixture f;
    open_fixture(&f);
    onr_value *shape = NODE(&f, "Shape", NULL, 0, f.x);
    onr_value *want = NODE(&f, "Gather", "axis", 0, shape, LIST(&f, 0, 1));
    onr_value *ones = NODE(&f, "ConstantOfShape", NULL, 0, LIST(&f, 2));
    onr_value *as_int = NODE(&f, "Cast", "to", ONR_INT64, ones);
    onr_value *minus = NODE(&f, "Equal", NULL, 0, want, LIST(&f, -1));
    onr_value *target = NODE(&f, "Where", NULL, 0, minus, LIST(&f, 1, 1), want);
    onr_value *y = NODE(&f, "Expand", NULL, 0, LIST(&f, 5), target);
    infer(&f);
    (void)as_int;
    assert_int_equal(shape_of(&f, y)->rank, 2);
    assert_true(shape_of(&f, y)->dim[0] == f.batch);
    assert_int_equal(shape_of(&f, y)->dim[1], 512);
    onr_arena_free(f.arena);
}

static void unknown_stays_unknown(void **state) { // batch - 1 may be nothing at all; batch * 2 is some size, but not batch
    (void)state;
    fixture f;
    open_fixture(&f);
    onr_value *shape = NODE(&f, "Shape", NULL, 0, f.x);
    onr_value *first = NODE(&f, "Gather", "axis", 0, shape, LIST(&f, 0));
    onr_value *less = NODE(&f, "Sub", NULL, 0, first, LIST(&f, 1));
    onr_value *twice = NODE(&f, "Mul", NULL, 0, first, LIST(&f, 2));
    onr_value *none = NODE(&f, "Sub", NULL, 0, first, first);
    onr_value *split = NODE(&f, "Range", NULL, 0, SCALAR(&f, 0), NODE(&f, "Squeeze", NULL, 0, first), SCALAR(&f, 1));
    infer(&f);
    assert_null(f.t.known[less->id]);
    assert_true(onr_dim_symbolic(known_of(&f, twice)->v[0]));
    assert_true(known_of(&f, twice)->v[0] != f.batch);
    assert_int_equal(known_of(&f, none)->v[0], 0);
    assert_true(shape_of(&f, split)->dim[0] == f.batch);
    onr_arena_free(f.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(view_keeps_batch),
        cmocka_unit_test(minus_one_becomes_batch),
        cmocka_unit_test(expand_of_minus_one),
        cmocka_unit_test(unknown_stays_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
