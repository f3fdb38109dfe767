// test_run_graphs.c: the interpreter and the plan on the same graphs: control flow, shapes that only running tells, sequences,
// outputs of every origin, and declarations that lie. May assume: lab.h. Never compares with stored numbers.
#include "graph/edit.h"
#include "support/graph_text.h"
#include "support/lab.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 8 };

typedef struct graph_case {
    const char *name, *text;
} graph_case;

static onr_graph *fresh(const graph_case *c, lab *l) {
    onr_graph *g = graph_text_read(c->name, c->text, l->arena);
    if (onr_graph_order(g, &l->err) != ONR_OK || onr_graph_verify(g, &l->err) != ONR_OK)
        fail_msg("%s: %s", c->name, l->err.text);
    assert_true(g->n_outputs <= MOST);
    return g;
}

/// The reference: level 0, interpreted.
static onr_status reference(const graph_case *c, lab *l, int64_t size, uint64_t seed, onr_datum *in, onr_datum *want) {
    onr_graph *g = fresh(c, l);
    lab_inputs(l, g, size, seed, in);
    lab_optimize(l, c->name, g, "", NULL, NULL, NULL);
    return lab_interpret(l, g, in, want);
}

/// Levels 0 to 2, interpreted and planned, against the reference.
static void check_case(const graph_case *c, int64_t size, uint64_t seed) {
    lab *plain = lab_new(0, "native", 1);
    onr_datum in[32], want[MOST], got[MOST];
    if (reference(c, plain, size, seed, in, want) != ONR_OK) fail_msg("%s: %s", c->name, plain->err.text);
    for (int level = 0; level <= 2; level++) {
        lab *l = lab_new(level, "native", 2);
        onr_graph *g = fresh(c, l);
        char what[128];
        lab_optimize(l, c->name, g, NULL, NULL, NULL, NULL);
        snprintf(what, sizeof what, "%s, seed %d, -O%d interpreted", c->name, (int)seed, level);
        if (lab_interpret(l, g, in, got) != ONR_OK) fail_msg("%s: %s", what, l->err.text);
        lab_assert_near(what, g, got, want, 1e-5);
        lab_release(g, got);
        snprintf(what, sizeof what, "%s, seed %d, -O%d planned", c->name, (int)seed, level);
        if (lab_plan(l, what, g, in, got) != ONR_OK) fail_msg("%s: %s", what, l->err.text);
        lab_assert_near(what, g, got, want, 1e-5);
        lab_release(g, got);
        lab_free(l);
    }
    for (int i = 0; i < MOST; i++) onr_datum_release(&want[i]);
    lab_free(plain);
}

static void check_cases(const graph_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (uint64_t seed = 1; seed <= 6; seed++) check_case(&cases[i], 1 + (int64_t)seed % 3, seed);
}
#define CHECK_CASES(table) check_cases(table, sizeof(table) / sizeof((table)[0]))

// ---- control flow
// ---------------------------------------------------------------------------------------------------------------

static const graph_case control[] = {
    {"branches of different shapes", "input x: float32[n x 3]\ninput c: bool[]\n"
                                     "a = Exp(x)\n"
                                     "y = If(c) then_branch={\n"
                                     "    t = Concat(a, x) axis=1\n"
                                     "    output t\n"
                                     "} else_branch={\n"
                                     "    e = Neg(a)\n"
                                     "    output e\n"
                                     "}\n"
                                     "z = Relu(y)\n"
                                     "s = Shape(y)\n"
                                     "output z, s\n"},
    {"a branch hands out what it captures", "input x: float32[n x 3]\ninput c: bool[]\n"
                                            "a = Tanh(x)\n"
                                            "y = If(c) then_branch={\n"
                                            "    output a\n"
                                            "} else_branch={\n"
                                            "    output x\n"
                                            "}\n"
                                            "z = Mul(y, a)\n"
                                            "output y, z\n"},
    {"a loop that carries and collects", "input x: float32[n x 3]\ninput more: int64[]\n"
                                         "const two: int64[] = 2\nconst yes: bool[] = 1\n"
                                         "times = Add(more, two)\n"
                                         "y, each = Loop(times, yes, x) body={\n"
                                         "    input i: int64[]\n"
                                         "    input go: bool[]\n"
                                         "    input v: float32[n x 3]\n"
                                         "    w = Tanh(v)\n"
                                         "    k = Identity(go)\n"
                                         "    p = Mul(w, x)\n"
                                         "    output k, w, p\n"
                                         "}\n"
                                         "s = Shape(each)\n"
                                         "output y, each, s\n"},
    {"a loop that does not run", "input x: float32[n x 3]\n"
                                 "const none: int64[] = 0\nconst yes: bool[] = 1\n"
                                 "y, each = Loop(none, yes, x) body={\n"
                                 "    input i: int64[]\n"
                                 "    input go: bool[]\n"
                                 "    input v: float32[n x 3]\n"
                                 "    w = Tanh(v)\n"
                                 "    k = Identity(go)\n"
                                 "    value p: float32[n x 3]\n"
                                 "    p = Neg(v)\n"
                                 "    output k, w, p\n"
                                 "}\n"
                                 "output y, each\n"},
    {"a loop that grows what it carries", "input x: float32[2 x 3]\n"
                                          "const three: int64[] = 3\nconst yes: bool[] = 1\n"
                                          "y = Loop(three, yes, x) body={\n"
                                          "    input i: int64[]\n"
                                          "    input go: bool[]\n"
                                          "    input v: float32\n"
                                          "    w = Concat(v, x) axis=0\n"
                                          "    k = Identity(go)\n"
                                          "    output k, w\n"
                                          "}\n"
                                          "z = Neg(y)\n"
                                          "output y, z\n"},
    {"a scan", "input x: float32[4 x n x 3]\n"
               "const start: float32[3] = 0.5\n"
               "last, all = Scan(start, rows) num_scan_inputs=1 body={\n"
               "    input s: float32[3]\n"
               "    input r: float32[3]\n"
               "    t = Add(s, r)\n"
               "    u = Tanh(t)\n"
               "    o = Mul(u, r)\n"
               "    output u, o\n"
               "}\n"
               "rows = Squeeze(first, axes)\n"
               "const axes: int64[1] = 1\nconst zero: int64[1] = 0\nconst one: int64[1] = 1\n"
               "first = Slice(x, zero, one, one)\n"
               "output last, all\n"},
    {"a branch in a loop", "input x: float32[n x 3]\ninput c: bool[]\n"
                           "const three: int64[] = 3\nconst yes: bool[] = 1\n"
                           "base = Sigmoid(x)\n"
                           "y = Loop(three, yes, x) body={\n"
                           "    input i: int64[]\n"
                           "    input go: bool[]\n"
                           "    input v: float32[n x 3]\n"
                           "    k = Identity(go)\n"
                           "    w = If(c) then_branch={\n"
                           "        t = Add(v, base)\n"
                           "        output t\n"
                           "    } else_branch={\n"
                           "        e = Sub(v, base)\n"
                           "        output e\n"
                           "    }\n"
                           "    output k, w\n"
                           "}\n"
                           "output y\n"},
    {"a captured value of the arena lives on", "input x: float32[n x 64]\ninput c: bool[]\n"
                                               "a = Exp(x)\n"
                                               "b = Neg(a)\n"
                                               "d = Tanh(b)\n"
                                               "e = Sin(d)\n"
                                               "y = If(c) then_branch={\n"
                                               "    t = Add(a, e)\n"
                                               "    output t\n"
                                               "} else_branch={\n"
                                               "    u = Sub(a, b)\n"
                                               "    output u\n"
                                               "}\n"
                                               "output y\n"},
};

static void control_flow(void **state) {
    (void)state;
    CHECK_CASES(control);
}

// ---- shapes that contents decide
// ------------------------------------------------------------------------------------------------

static const graph_case dynamic[] = {
    {"where it is not zero", "input x: float32[n x 5]\ninput flags: int64[n x 5]\n"
                             "nz = NonZero(flags)\n"
                             "t = Transpose(nz)\n"
                             "picked = GatherND(x, t)\n"
                             "y = Exp(picked)\n"
                             "s = Shape(picked)\n"
                             "output y, s\n"},
    {"a shape that is an input", "input x: float32[2 x 6]\ninput a: int64[1]\n"
                                 "const two: int64[1] = 2\nconst minus: int64[1] = -1\n"
                                 "rows = Add(a, two)\n"
                                 "sizes = Concat(rows, minus) axis=0\n"
                                 "small = Sub(two, a)\n"
                                 "other = Concat(small, minus) axis=0\n"
                                 "y = Reshape(x, other)\n"
                                 "z = Relu(y)\n"
                                 "output z, sizes\n"},
    {"a slice whose ends are inputs", "input x: float32[7 x 3]\ninput a: int64[1]\n"
                                      "const four: int64[1] = 4\nconst axes: int64[1] = 0\n"
                                      "end = Add(a, four)\n"
                                      "part = Slice(x, a, end, axes)\n"
                                      "y = Mul(part, part)\n"
                                      "all = ReduceSum(y) keepdims=0\n"
                                      "output y, all\n"},
    {"fills and ranges", "input n: int64[]\ninput x: float32[3]\n"
                         "const zero: int64[] = 0\nconst one: int64[] = 1\nconst four: int64[] = 4\nconst axes: int64[1] = 0\n"
                         "end = Add(n, four)\n"
                         "r = Range(zero, end, one)\n"
                         "size = Shape(r)\n"
                         "ones = ConstantOfShape(size) value=(float32[1] 1.5)\n"
                         "c = Concat(ones, x) axis=0\n"
                         "y = Neg(c)\n"
                         "output y, r\n"},
    {"static steps after dynamic ones", "input x: float32[4 x 4]\ninput flags: int64[4]\n"
                                        "nz = NonZero(flags)\n"
                                        "count = Shape(nz)\n"
                                        "f = Cast(count) to=1\n"
                                        "const axes: int64[1] = 0\n"
                                        "total = ReduceSum(f) keepdims=0\n"
                                        "y = Add(x, total)\n"
                                        "z = Tanh(y)\n"
                                        "output z\n"},
    {"sequences", "input x: float32[n x 4]\ninput k: int64[]\n"
                  "a = Neg(x)\n"
                  "s = SequenceConstruct(x, a)\n"
                  "b = SequenceAt(s, k)\n"
                  "joined = ConcatFromSequence(s) axis=1\n"
                  "s2 = SequenceInsert(s, joined)\n"
                  "length = SequenceLength(s2)\n"
                  "y = Relu(b)\n"
                  "output y, joined, length\n"},
};

static void dynamic_shapes(void **state) {
    (void)state;
    CHECK_CASES(dynamic);
}

// ---- outputs of every origin
// ----------------------------------------------------------------------------------------------------

static const graph_case origins[] = {
    {"inputs, constants and views are outputs", "input x: float32[n x 4]\nconst k: float32[3] = 1 2 3\n"
                                                "i = Identity(x)\n"
                                                "f = Flatten(x)\n"
                                                "j = Identity(k)\n"
                                                "r = Relu(x)\n"
                                                "v = Flatten(r)\n"
                                                "output x, k, i, f, j, r, v\n"},
    {"one value is two outputs", "input x: float32[n x 4]\n"
                                 "a = Relu(x)\n"
                                 "b = Neg(a)\n"
                                 "output a, b, a\n"},
    {"an output is read later", "input x: float32[n x 4]\n"
                                "a = Relu(x)\n"
                                "b = Neg(a)\n"
                                "c = Exp(b)\n"
                                "d = Add(c, a)\n"
                                "output a, d\n"},
    {"views of views, then written over", "input x: float32[n x 2 x 3 x 4]\n"
                                          "const flat: int64[1] = -1\nconst back: int64[2] = -1 12\n"
                                          "a = Sigmoid(x)\n"
                                          "b = Flatten(a)\n"
                                          "c = Reshape(b, flat)\n"
                                          "d = Reshape(c, back)\n"
                                          "e = Neg(d)\n"
                                          "f = Abs(e)\n"
                                          "g = Reshape(b, flat)\n"
                                          "h = Exp(g)\n"
                                          "output f, h\n"},
    {"both sides the same", "input x: float32[n x 8]\n"
                            "a = Exp(x)\n"
                            "b = Add(a, a)\n"
                            "v = Flatten(b)\n"
                            "c = Mul(v, b)\n"
                            "output c\n"},
    {"broadcast into a dying value", "input x: float32[n x 8]\ninput row: float32[8]\n"
                                     "a = Exp(row)\n"
                                     "b = Neg(x)\n"
                                     "c = Sub(a, b)\n"
                                     "d = Mul(c, a)\n"
                                     "output d\n"},
    {"several outputs of one node, one unused", "opset 12\ninput x: float32[n x 8]\n"
                                                "a, b, c = Split(x) axis=1 split=[2,4,2]\n"
                                                "y = Add(a, c)\n"
                                                "output y\n"},
    {"half precision", "input x: float32[n x 8]\n"
                       "h = Cast(x) to=10\n"
                       "a = Exp(h)\n"
                       "b = Add(a, h)\n"
                       "c = Flatten(b)\n"
                       "y = Cast(c) to=1\n"
                       "output y\n"},
    {"nothing but an input", "input x: float32[n x 8]\noutput x\n"},
};

static void outputs(void **state) {
    (void)state;
    CHECK_CASES(origins);
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) check_case(&origins[i], 0, 1); // empty tensors, too
}

// ---- declarations that lie
// ------------------------------------------------------------------------------------------------------

/// The model says that t has x's batch, but it has z's own, which is 1 here. Sums with broadcasting are right as written, and
/// must be right when optimized: a declaration is for people, never a reason to treat sizes as equal.
static const graph_case lies[] = {
    {"a residual that is smaller", "input x: float32[n x 16 x 6 x 6]\ninput z: float32[? x 16 x 6 x 6]\n"
                                   "const w: float32[16 x 16 x 3 x 3] = seed 1\n"
                                   "value t: float32[n x 16 x 6 x 6]\n"
                                   "t = Sigmoid(z)\n"
                                   "c = Conv(x, w) pads=[1,1,1,1]\n"
                                   "s = Add(c, t)\n"
                                   "y = Relu(s)\n"
                                   "output y\n"},
    {"a blocked sum", "input x: float32[n x 16 x 6 x 6]\ninput z: float32[? x 16 x 6 x 6]\n"
                      "const w: float32[16 x 16 x 3 x 3] = seed 1\n"
                      "value t: float32[n x 16 x 6 x 6]\n"
                      "t = Conv(z, w) pads=[1,1,1,1]\n"
                      "c = Conv(x, w) pads=[1,1,1,1]\n"
                      "r = Relu(c)\n"
                      "q = Sigmoid(t)\n"
                      "s = Mul(r, q)\n"
                      "y = Relu(s)\n"
                      "output y\n"},
};

static void lying_declarations(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        lab *plain = lab_new(0, "native", 1);
        onr_datum in[32], want[MOST], got[MOST];
        onr_graph *g = fresh(&lies[i], plain);
        lab_inputs(plain, g, 1, 3, in);
        onr_datum small = in[1];
        lab_inputs(plain, g, 3, 4, in);
        in[1] = small;
        lab_optimize(plain, lies[i].name, g, "", NULL, NULL, NULL);
        if (lab_interpret(plain, g, in, want) != ONR_OK) fail_msg("%s: %s", lies[i].name, plain->err.text);
        for (int level = 1; level <= 2; level++) {
            lab *l = lab_new(level, "native", 1);
            onr_graph *fast = fresh(&lies[i], l);
            lab_optimize(l, lies[i].name, fast, NULL, NULL, NULL, NULL);
            if (lab_plan(l, lies[i].name, fast, in, got) != ONR_OK) fail_msg("%s: %s", lies[i].name, l->err.text);
            lab_assert_near(lies[i].name, fast, got, want, 1e-5);
            lab_release(fast, got);
            lab_free(l);
        }
        lab_release(g, want);
        lab_free(plain);
    }
}

// ---- failures while running
// -----------------------------------------------------------------------------------------------------

/// What only contents tell fails with the node's name, on both ways, and leaves nothing behind (ASan looks).
static void failing_runs(void **state) {
    (void)state;
    static const graph_case bad = {"index past the end", "input x: float32[3 x 2]\ninput i: int64[1]\n"
                                                         "const nine: int64[1] = 9\n"
                                                         "a = Exp(x)\n"
                                                         "k = Add(i, nine)\n"
                                                         "nz = NonZero(a)\n"
                                                         "y = Gather(a, k) axis=0\n"
                                                         "output a, y, nz\n"};
    for (int level = 0; level <= 2; level++) {
        lab *l = lab_new(level, "native", 1);
        onr_datum in[4], got[MOST];
        onr_graph *g = fresh(&bad, l);
        lab_inputs(l, g, 1, 1, in);
        lab_optimize(l, bad.name, g, NULL, NULL, NULL, NULL);
        assert_int_equal(lab_interpret(l, g, in, got), ONR_INVALID);
        assert_non_null(strstr(l->err.text, "node 'Gather_3' (#3): Gather"));
        assert_int_equal(lab_plan(l, bad.name, g, in, got), ONR_INVALID);
        assert_non_null(strstr(l->err.text, "node 'Gather_3' (#3): Gather"));
        for (int i = 0; i < 3; i++) assert_int_equal(got[i].kind, ONR_KIND_UNKNOWN);
        lab_free(l);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_flow),       cmocka_unit_test(dynamic_shapes), cmocka_unit_test(outputs),
        cmocka_unit_test(lying_declarations), cmocka_unit_test(failing_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
