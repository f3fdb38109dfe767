// test_ops_control.c: If, Loop, Scan, SequenceMap, sequences and optionals, as small graphs, interpreted and planned.
// May assume: support/graph_text.h for the language of the graphs. Never repeats the backend tests.
#include "support/graph_text.h"
#include "support/lab.h"
#include "support/tensor_text.h"

#include <string.h>

#include "support/cmocka.h"

enum { MOST = 4 };

/// want: the outputs, separated by "|"; or "! words" for a failure whose message holds the words.
typedef struct graph_case {
    const char *name, *graph, *want;
} graph_case;

static onr_status run_level(lab *l, const graph_case *c, int level, onr_graph **graph, onr_datum *out) {
    onr_graph *g = graph_text_read(c->name, c->graph, l->arena);
    const onr_pipeline_options o = {.verify = true};
    *graph = g;
    ONR_TRY(onr_optimize(g, &l->target, l->arena, &l->env, NULL, &o, NULL, NULL, &l->err));
    return level ? lab_plan(l, c->name, g, NULL, out) : lab_interpret(l, g, NULL, out);
}

static bool same_string(const onr_tensor *a, const onr_tensor *b, int64_t i) {
    const onr_string *u = (const onr_string *)a->data + i, *v = (const onr_string *)b->data + i;
    return u->n == v->n && (!u->n || memcmp(u->s, v->s, u->n) == 0);
}

static void compare(lab *l, const graph_case *c, const onr_graph *g, const onr_datum *out) {
    const text_reader r = {.what = c->name, .arena = l->arena};
    const char *at = c->want;
    for (int32_t i = 0; i < g->n_outputs; i++) {
        onr_datum want;
        at = text_blanks(text_tensor(&r, at, &want));
        if (*at == '|') at++;
        const onr_tensor *a = &out[i].t, *b = &want.t;
        if (out[i].kind != ONR_TENSOR || a->dtype != b->dtype || !onr_shape_equal(&a->shape, &b->shape))
            fail_msg("%s: output %d has another type", c->name, i);
        for (int64_t k = 0; k < onr_tensor_numel(b); k++) {
            bool same = b->dtype == ONR_STRING ? same_string(a, b, k) : onr_tensor_num(a, k) == onr_tensor_num(b, k);
            if (!same) fail_msg("%s: output %d differs at %lld", c->name, i, (long long)k);
        }
    }
}

static void run_case(const graph_case *c) {
    for (int level = 0; level <= 2; level += 2) {
        lab *l = lab_new(level, "native", 1 + level / 2);
        onr_datum out[MOST] = {{0}};
        onr_graph *g = NULL;
        onr_status s = run_level(l, c, level, &g, out);
        if (c->want[0] == '!') {
            if (s != ONR_INVALID) fail_msg("%s: did not fail as it should: %s", c->name, onr_status_name(s));
            if (!strstr(l->err.text, c->want + 2)) fail_msg("%s: '%s' does not hold '%s'", c->name, l->err.text, c->want + 2);
        } else {
            if (s != ONR_OK) fail_msg("%s: %s", c->name, l->err.text);
            compare(l, c, g, out);
            lab_release(g, out);
        }
        lab_free(l);
    }
}

#define RUN(cases) \
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) run_case(&cases[i])

// ---- If ---------------------------------------------------------------------------------------------------------------------

static void conditions(void **state) {
    (void)state;
    static const graph_case cases[] = {
        {"branches of two shapes",
         "const c: bool[] = 0\n const x: float32[2] = 1 2\n"
         "y = If(c) then_branch={\n t = Add(x, x)\n output t\n} else_branch={\n e = Concat(x, x) axis=0\n output e\n}\noutput "
         "y\n",
         "float32[4] 1 2 1 2"},
        {"a branch that is wrong for the shape is not taken",
         "const c: bool[1] = 0\n const x: float32[2] = 1 2\n const axes: int64[1] = 0\n"
         "y = If(c) then_branch={\n t = Squeeze(x, axes)\n output t\n} else_branch={\n e = Neg(x)\n output e\n}\noutput y\n",
         "float32[2] -1 -2"},
        {"a branch that is wrong for the shape is taken",
         "const c: bool[1] = 1\n const x: float32[2] = 1 2\n const axes: int64[1] = 0\n"
         "y = If(c) then_branch={\n t = Squeeze(x, axes)\n output t\n} else_branch={\n e = Neg(x)\n output e\n}\noutput y\n",
         "! Squeeze"},
        {"a branch gives a captured value as it is",
         "const c: bool[] = 1\n const x: float32[2] = 1 2\n t = Neg(x)\n"
         "y = If(c) then_branch={\n a = Identity(t)\n output a\n} else_branch={\n e = Neg(t)\n output e\n}\noutput y\n",
         "float32[2] -1 -2"},
        {"two element types",
         "const c: bool[] = 1\n const x: float32[2] = 1 2\n"
         "y = If(c) then_branch={\n t = Neg(x)\n output t\n} else_branch={\n e = Shape(x)\n output e\n}\noutput y\n",
         "float32[2] -1 -2"},
        {"cond of two numbers",
         "const c: bool[2] = 1\n const x: float32[2] = 1 2\n"
         "y = If(c) then_branch={\n t = Neg(x)\n output t\n} else_branch={\n e = Neg(x)\n output e\n}\noutput y\n",
         "! one bool"},
    };
    RUN(cases);
}

// ---- Loop -------------------------------------------------------------------------------------------------------------------

#define LOOP_BODY                                                                                                          \
    "input i: int64[]\n input go: bool[]\n input acc: int64[]\n next = Add(acc, i)\n on = Less(next, limit)\n output on, " \
    "next, next\n"

static void loops(void **state) {
    (void)state;
    static const graph_case cases[] = {
        {"counts",
         "const m: int64[] = 4\n const go: bool[] = 1\n const zero: int64[] = 0\n const limit: int64[] = 100\n"
         "s, each = Loop(m, go, zero) body={\n" LOOP_BODY "}\noutput s, each\n",
         "int64[] 6 | int64[4] 0 1 3 6"},
        {"stops by its condition",
         "const m: int64[] = 40\n const go: bool[] = 1\n const zero: int64[] = 0\n const limit: int64[] = 5\n"
         "s, each = Loop(m, go, zero) body={\n" LOOP_BODY "}\noutput s, each\n",
         "int64[] 6 | int64[4] 0 1 3 6"},
        {"without a number of trips",
         "const go: bool[] = 1\n const zero: int64[] = 0\n const limit: int64[] = 3\n"
         "s, each = Loop(_, go, zero) body={\n" LOOP_BODY "}\noutput s, each\n",
         "int64[] 3 | int64[3] 0 1 3"},
        {"ignores the body's condition when none was given",
         "const m: int64[] = 4\n const zero: int64[] = 0\n const limit: int64[] = 0\n"
         "s, each = Loop(m, _, zero) body={\n" LOOP_BODY "}\noutput s, each\n",
         "int64[] 6 | int64[4] 0 1 3 6"},
        {"never runs: no trips",
         "const m: int64[] = 0\n const go: bool[] = 1\n const zero: int64[] = 7\n const limit: int64[] = 100\n"
         "s, each = Loop(m, go, zero) body={\n" LOOP_BODY " value next: int64[]\n}\noutput s, each\n",
         "int64[] 7 | int64[0]"},
        {"never runs: condition",
         "const m: int64[] = 5\n const go: bool[] = 0\n const zero: int64[] = 7\n const limit: int64[] = 100\n"
         "s = Loop(m, go, zero) body={\n" LOOP_BODY "}\noutput s\n",
         "int64[] 7"},
        {"a carried value that grows",
         "const m: int64[] = 2\n const go: bool[] = 1\n const x: float32[1] = 3\n"
         "s = Loop(m, go, x) body={\n input i: int64[]\n input on: bool[]\n input acc: float32[?]\n"
         "next = Concat(acc, acc) axis=0\n same = Identity(on)\n output same, next\n}\n t = Shape(s)\noutput s, t\n",
         "float32[4] 3 3 3 3 | int64[1] 4"},
        {"a branch in a loop",
         "const m: int64[] = 3\n const go: bool[] = 1\n const x: float32[] = 1\n const two: float32[] = 2\n const one: int64[] "
         "= 1\n"
         "s = Loop(m, go, x) body={\n input i: int64[]\n input on: bool[]\n input acc: float32[]\n c = Equal(i, one)\n"
         "next = If(c) then_branch={\n a = Mul(acc, two)\n output a\n } else_branch={\n b = Add(acc, two)\n output b\n }\n"
         "same = Identity(on)\n output same, next\n}\noutput s\n",
         "float32[] 8"},
        {"scan outputs of several shapes",
         "const m: int64[] = 2\n const go: bool[] = 1\n const x: float32[1] = 3\n"
         "s, each = Loop(m, go, x) body={\n input i: int64[]\n input on: bool[]\n input acc: float32[?]\n"
         "next = Concat(acc, acc) axis=0\n same = Identity(on)\n output same, next, next\n}\noutput s, each\n",
         "! cannot be joined"},
        {"too few outputs of the body",
         "const m: int64[] = 2\n const go: bool[] = 1\n const x: float32[1] = 3\n"
         "s = Loop(m, go, x) body={\n input i: int64[]\n input on: bool[]\n input acc: float32[?]\n same = Identity(on)\n"
         "output same\n}\noutput s\n",
         "! outputs"},
    };
    RUN(cases);
}

// ---- Scan -------------------------------------------------------------------------------------------------------------------

static void scans(void **state) {
    (void)state;
    static const graph_case cases[] = {
        {"backwards along the second axis, results backwards too",
         "opset 11\n const z: float32[2] = 0\n const x: float32[2x3] = 1 2 3 4 5 6\n"
         "s, y = Scan(z, x) num_scan_inputs=1 scan_input_axes=[-1] scan_input_directions=[1] scan_output_axes=[1] "
         "scan_output_directions=[1] body={\n input acc: float32[2]\n input e: float32[2]\n next = Add(acc, e)\n copy = "
         "Identity(next)\n"
         "output next, copy\n}\noutput s, y\n",
         "float32[2] 6 15 | float32[2x3] 6 5 3 15 11 6"},
        {"strings",
         "opset 11\n const z: int64[] = 0\n const x: string[2] = 'a' 'b'\n"
         "s, y = Scan(z, x) num_scan_inputs=1 body={\n input acc: int64[]\n input e: string[]\n n = Identity(acc)\n t = "
         "Identity(e)\n"
         "output n, t\n}\noutput s, y\n",
         "int64[] 0 | string[2] 'a' 'b'"},
        {"with a batch and lengths",
         "opset 8\n const n: int64[2] = 2 1\n const z: float32[2x1] = 0 10\n const x: float32[2x2x1] = 1 2 3 4\n"
         "s, y = Scan(n, z, x) num_scan_inputs=1 body={\n input acc: float32[1]\n input e: float32[1]\n next = Add(acc, e)\n"
         "copy = Identity(next)\n output next, copy\n}\noutput s, y\n",
         "float32[2x1] 3 13 | float32[2x2x1] 1 3 13 0"},
        {"inputs of two lengths",
         "opset 11\n const x: float32[2] = 1 2\n const u: float32[3] = 1 2 3\n"
         "y = Scan(x, u) num_scan_inputs=2 body={\n input a: float32[]\n input b: float32[]\n t = Add(a, b)\n output "
         "t\n}\noutput y\n",
         "! elements"},
        {"more scan inputs than inputs",
         "opset 11\n const x: float32[2] = 1 2\n"
         "y = Scan(x) num_scan_inputs=2 body={\n input a: float32[]\n t = Neg(a)\n output t\n}\noutput y\n",
         "! num_scan_inputs"},
    };
    RUN(cases);
}

// ---- sequences and optionals ------------------------------------------------------------------------------------------------

#define ABC "const a: float32[1] = 1\n const b: float32[2] = 2 3\n const c: float32[1] = 4\n s = SequenceConstruct(a, b, c)\n"

static void sequences(void **state) {
    (void)state;
    static const graph_case cases[] = {
        {"at, from the end", ABC "const k: int32[] = -2\n y = SequenceAt(s, k)\noutput y\n", "float32[2] 2 3"},
        {"at, too far", ABC "const k: int64[] = 3\n y = SequenceAt(s, k)\noutput y\n", "! position 3"},
        {"insert before the last, count, erase",
         ABC "const k: int64[] = -1\n t = SequenceInsert(s, a, k)\n n = SequenceLength(t)\n u = SequenceErase(t)\n"
             "y = ConcatFromSequence(u) axis=0\noutput y, n\n",
         "float32[4] 1 2 3 1 | int64[] 4"},
        {"insert behind the last",
         ABC "const k: int64[] = 3\n t = SequenceInsert(s, a, k)\n y = ConcatFromSequence(t) axis=-1\noutput y\n",
         "float32[5] 1 2 3 4 1"},
        {"insert too far", ABC "const k: int64[] = 4\n t = SequenceInsert(s, a, k)\n y = SequenceLength(t)\noutput y\n",
         "! position 4"},
        {"erase from the empty one", "s = SequenceEmpty()\n t = SequenceErase(s)\n y = SequenceLength(t)\noutput y\n",
         "! empty"},
        {"empty of a type", "s = SequenceEmpty() dtype=7\n n = SequenceLength(s)\noutput n\n", "int64[] 0"},
        {"concat of nothing", "s = SequenceEmpty()\n y = ConcatFromSequence(s) axis=0\noutput y\n", "! empty"},
        {"concat of several sizes on a new axis", ABC "y = ConcatFromSequence(s) axis=0 new_axis=1\noutput y\n",
         "! cannot be joined"},
        {"stack at the end",
         "const x: string[2] = 'p' 'q'\n s = SequenceConstruct(x, x)\n y = ConcatFromSequence(s) axis=-1 new_axis=1\noutput "
         "y\n",
         "string[2x2] 'p' 'p' 'q' 'q'"},
        {"split by sizes",
         "const x: float32[2x3] = 1 2 3 4 5 6\n const n: int64[2] = 1 2\n s = SplitToSequence(x, n) axis=1\n const k: int64[] "
         "= 1\n"
         "y = SequenceAt(s, k)\noutput y\n",
         "float32[2x2] 2 3 5 6"},
        {"split evenly, the rest last",
         "const x: int8[5] = 1 2 3 4 5\n const n: int32[] = 2\n s = SplitToSequence(x, n)\n const k: int64[] = -1\n"
         "y = SequenceAt(s, k)\n m = SequenceLength(s)\noutput y, m\n",
         "int8[1] 5 | int64[] 3"},
        {"split without keeping the axis",
         "const x: string[2x2] = 'a' 'b' 'c' 'd'\n s = SplitToSequence(x) axis=1 keepdims=0\n const k: int64[] = 0\n"
         "y = SequenceAt(s, k)\noutput y\n",
         "string[2] 'a' 'c'"},
        {"split by sizes that do not add up",
         "const x: float32[3] = 1\n const n: int64[2] = 1 1\n s = SplitToSequence(x, n)\n y = SequenceLength(s)\noutput y\n",
         "! adds up"},
        {"map over two sequences and a tensor",
         "opset 17\n" ABC "y = SequenceMap(s, s, c) body={\n input u: float32[?]\n input v: float32[?]\n input w: float32[1]\n"
         "t = Mul(u, v)\n r = Add(t, w)\n output r\n}\n z = ConcatFromSequence(y) axis=0\noutput z\n",
         "float32[4] 5 8 13 20"},
        {"map over sequences of two lengths",
         "opset 17\n" ABC "e = SequenceErase(s)\n y = SequenceMap(s, e) body={\n input u: float32[?]\n input v: float32[?]\n"
         "t = Mul(u, v)\n output t\n}\n z = SequenceLength(y)\noutput z\n",
         "! items"},
        {"a sequence grows in a loop",
         "const m: int64[] = 3\n const go: bool[] = 1\n s = SequenceEmpty()\n const x: float32[1] = 2\n"
         "y = Loop(m, go, s) body={\n input i: int64[]\n input on: bool[]\n input acc: seq(float32)\n"
         "f = Cast(i) to=1\n e = Mul(x, f)\n next = SequenceInsert(acc, e)\n same = Identity(on)\n output same, next\n}\n"
         "z = ConcatFromSequence(y) axis=0\noutput z\n",
         "float32[3] 0 2 4"},
    };
    RUN(cases);
}

static void optionals(void **state) {
    (void)state;
    static const graph_case cases[] = {
        {"full",
         "opset 15\n const x: float32[1] = 2\n o = Optional(x)\n h = OptionalHasElement(o)\n y = OptionalGetElement(o)\noutput "
         "h, y\n",
         "bool[] 1 | float32[1] 2"},
        {"tensors and nothing count too",
         "opset 18\n const x: float32[1] = 2\n h = OptionalHasElement(x)\n n = OptionalHasElement(_)\n y = "
         "OptionalGetElement(x)\noutput h, n, y\n",
         "bool[] 1 | bool[] 0 | float32[1] 2"},
        {"neither content nor type", "opset 15\n o = Optional()\n h = OptionalHasElement(o)\noutput h\n", "! type"},
    };
    RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(conditions), cmocka_unit_test(loops), cmocka_unit_test(scans),
                                       cmocka_unit_test(sequences), cmocka_unit_test(optionals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
