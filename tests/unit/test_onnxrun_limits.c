// test_onnxrun_limits.c: every limit of onnxrun_limits is reached by a model made for it, and says so; and models that lie
// about lists, kinds and shapes, which must be refused before anything is read or written through them. May assume: a sanitizer
// or a crash tells of a wrong access. Never checks right results of right models.
#include "onnxrun.h"
#include "support/onnx_build.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static onr_arena *a;

static int set_up(void **state) {
    (void)state;
    a = onr_arena_new(0);
    return a ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    onr_arena_free(a);
    return 0;
}

// ---- taking a model as far as it goes -----------------------------------------------------------------------------------

typedef struct input {
    onnxrun_dtype dtype;
    int rank;
    int64_t dims[4];
    const void *data;
} input;

/// Loads, prepares at `level` and runs; the first failure's status, its text in err.
static onnxrun_status go(Onnx__GraphProto *g, const onnxrun_limits *limits, int level, const input *in, size_t n_in,
                         onnxrun_error *err) {
    size_t bytes;
    const void *data = mk_pack(a, mk_model(a, g), &bytes);
    onnxrun_load_options load = onnxrun_load_options_default();
    onnxrun_session_options o = onnxrun_session_options_default();
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    onnxrun_value *x[4] = {NULL}, *y[4] = {NULL};
    load.limits = limits;
    o.n_threads = 1;
    o.opt_level = level;
    onnxrun_status st = onnxrun_model_load_memory(data, bytes, &load, &m, err);
    if (st == ONNXRUN_OK) st = onnxrun_session_new(m, &o, &s, err);
    for (size_t i = 0; i < n_in; i++)
        if (in[i].data) x[i] = onnxrun_value_borrow(in[i].dtype, in[i].rank, in[i].dims, in[i].data);
    if (st == ONNXRUN_OK) st = onnxrun_run(s, (const onnxrun_value *const *)x, n_in, y, onnxrun_model_n_outputs(m), err);
    for (int i = 0; i < 4; i++) {
        onnxrun_value_free(x[i]);
        onnxrun_value_free(y[i]);
    }
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return st;
}

/// The same status at every level, with these words in the text.
static void expect(Onnx__GraphProto *g, const onnxrun_limits *limits, const input *in, size_t n_in, onnxrun_status want,
                   const char *words) {
    for (int level = 0; level <= 2; level++) {
        onnxrun_error err = {0};
        onnxrun_status got = go(g, limits, level, in, n_in, &err);
        if (got != want) fail_msg("-O%d: status %d, expected %d: %s", level, (int)got, (int)want, err.text);
        if (want != ONNXRUN_OK && !strstr(err.text, words)) fail_msg("-O%d: no '%s' in '%s'", level, words, err.text);
    }
}

static void out(Onnx__GraphProto *g, const char *name, int32_t dtype) {
    Onnx__ValueInfoProto *v = mk_info(a, name, dtype, 0, NULL);
    v->type->tensor_type->shape = NULL;
    MK_ADD(a, g, output, v);
}

static void ints(Onnx__GraphProto *g, const char *name, const int64_t *v, int64_t n) {
    MK_ADD(a, g, initializer, mk_raw(a, name, ONNXRUN_INT64, 1, &n, v, (size_t)n * sizeof *v));
}

static const float floats[64] = {1, 2, 3};

// ---- limits -------------------------------------------------------------------------------------------------------------

/// y = Relu(... Relu(x)): n nodes.
static Onnx__GraphProto *chain(int n, int64_t size) {
    Onnx__GraphProto *g = mk_graph(a, "chain");
    MK_ADD(a, g, input, mk_info(a, "v0", ONNXRUN_FLOAT, 1, &size));
    for (int i = 0; i < n; i++)
        MK_ADD(a, g, node,
               mk_node(a, onr_arena_printf(a, "n%d", i), "Relu", onr_arena_printf(a, "v%d", i),
                       onr_arena_printf(a, "v%d", i + 1)));
    out(g, onr_arena_printf(a, "v%d", n), ONNXRUN_FLOAT);
    return g;
}

static void nodes(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    onnxrun_limits l = onnxrun_limits_default();
    l.max_nodes = 10;
    expect(chain(10, 4), &l, &x, 1, ONNXRUN_OK, "");
    expect(chain(11, 4), &l, &x, 1, ONNXRUN_LIMIT, "more than 10 nodes");
}

static void elements_and_rank(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    const int64_t huge[] = {1000, 1000}, one[] = {1, 1, 1, 1};
    onnxrun_limits l = onnxrun_limits_default();
    l.max_elements = 100000;
    l.max_rank = 3;
    Onnx__GraphProto *g = mk_graph(a, "expand"); // not known before running: the shape is an input
    const int64_t two = 2, four = 4;
    MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 0, NULL));
    MK_ADD(a, g, input, mk_info(a, "shape", ONNXRUN_INT64, 1, (const int64_t[]){-1}));
    MK_ADD(a, g, node, mk_node(a, "grow", "Expand", "x,shape", "y"));
    out(g, "y", ONNXRUN_FLOAT);
    const input grown[] = {{ONNXRUN_FLOAT, 0, {0}, floats}, {ONNXRUN_INT64, 1, {two}, huge}};
    expect(g, &l, grown, 2, ONNXRUN_LIMIT, "1000000 elements, the limit is 100000");
    const input ranked[] = {{ONNXRUN_FLOAT, 0, {0}, floats}, {ONNXRUN_INT64, 1, {four}, one}};
    expect(g, &l, ranked, 2, ONNXRUN_LIMIT, "rank 4, the limit is 3");
    Onnx__GraphProto *file = chain(1, 4); // in the file
    const int64_t many = 100001;
    MK_ADD(a, file, initializer, mk_raw(a, "w", ONNXRUN_UINT8, 1, &many, onr_arena_calloc(a, 1, 100001), 100001));
    expect(file, &l, &x, 1, ONNXRUN_LIMIT, "100001 elements, the limit is 100000");
}

static void folded_constants(void **state) {
    (void)state;
    const int64_t size[] = {1000};
    onnxrun_limits l = onnxrun_limits_default();
    Onnx__GraphProto *g = mk_graph(a, "fold");
    ints(g, "size", size, 1);
    MK_ADD(a, g, node, mk_node(a, "make", "ConstantOfShape", "size", "y"));
    out(g, "y", ONNXRUN_FLOAT);
    l.max_fold_bytes = 4000; // the node would take a quarter at most: it is left to the run, which works
    expect(g, &l, NULL, 0, ONNXRUN_OK, "");
}

static void memory(void **state) {
    (void)state;
    const int64_t size = 1 << 18;
    onnxrun_limits l = onnxrun_limits_default();
    l.max_memory = 1 << 20; // two values of 1 MiB are alive at once
    float *data = onr_arena_calloc(a, (size_t)size, sizeof *data);
    const input x = {ONNXRUN_FLOAT, 1, {size}, data};
    onnxrun_error err;
    Onnx__GraphProto *g = mk_graph(a, "memory");
    MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 1, &size));
    MK_ADD(a, g, node, mk_node(a, "e", "Exp", "x", "e"));
    MK_ADD(a, g, node, mk_node(a, "s", "Sin", "x", "s"));
    MK_ADD(a, g, node, mk_node(a, "y", "Mul", "e,s", "y"));
    out(g, "y", ONNXRUN_FLOAT);
    assert_int_equal(go(g, &l, 2, &x, 1, &err), ONNXRUN_LIMIT);
    assert_non_null(strstr(err.text, "more than the limit of 1048576"));
}

/// `depth` Ifs within each other.
static Onnx__GraphProto *nested(int depth) {
    Onnx__GraphProto *inner = mk_graph(a, "innermost");
    MK_ADD(a, inner, node, mk_node(a, "relu", "Relu", "x", "r"));
    out(inner, "r", ONNXRUN_FLOAT);
    for (int i = 0; i < depth; i++) {
        Onnx__GraphProto *g = mk_graph(a, "g");
        Onnx__NodeProto *n = mk_node(a, "if", "If", "yes", "r");
        n->output[0] = onr_arena_printf(a, "r%d", i);
        MK_ADD(a, n, attribute, mk_attr_graph(a, "then_branch", inner));
        MK_ADD(a, n, attribute, mk_attr_graph(a, "else_branch", inner));
        MK_ADD(a, g, node, n);
        out(g, n->output[0], ONNXRUN_FLOAT);
        inner = g;
    }
    const uint8_t yes = 1;
    const int64_t four = 4;
    MK_ADD(a, inner, input, mk_info(a, "x", ONNXRUN_FLOAT, 1, &four));
    MK_ADD(a, inner, initializer, mk_raw(a, "yes", ONNXRUN_BOOL, 0, NULL, &yes, 1));
    return inner;
}

static void nesting(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    onnxrun_limits l = onnxrun_limits_default();
    l.max_subgraph_depth = 3;
    expect(nested(3), &l, &x, 1, ONNXRUN_OK, "");
    expect(nested(4), &l, &x, 1, ONNXRUN_LIMIT, "subgraphs are nested more than 3 levels deep");
    l.max_depth = 6; // protobuf messages: model, graph, node, attribute, graph, node, attribute
    expect(nested(2), &l, &x, 1, ONNXRUN_LIMIT, "messages are nested more than 6 levels deep");
}

/// Functions F0 = Relu, Fi = F(i-1).
static void function_calls(void **state) {
    (void)state;
    for (int limit = 3; limit <= 4; limit++) {
        onnxrun_limits l = onnxrun_limits_default();
        l.max_function_depth = limit;
        Onnx__GraphProto *g = mk_graph(a, "g");
        const int64_t four = 4;
        MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 1, &four));
        Onnx__NodeProto *call = mk_node(a, "call", "F3", "x", "y");
        call->domain = "mine";
        MK_ADD(a, g, node, call);
        out(g, "y", ONNXRUN_FLOAT);
        Onnx__ModelProto *m = mk_model(a, g);
        for (int i = 0; i < 4; i++) {
            Onnx__FunctionProto *f = mk_function(a, "mine", onr_arena_printf(a, "F%d", i), "a", "b");
            Onnx__NodeProto *n = mk_node(a, "n", i ? onr_arena_printf(a, "F%d", i - 1) : "Relu", "a", "b");
            n->domain = i ? "mine" : "";
            MK_ADD(a, f, node, n);
            MK_ADD(a, f, opset_import, mk_opset(a, "", 17));
            MK_ADD(a, m, functions, f);
        }
        size_t bytes;
        const void *data = mk_pack(a, m, &bytes);
        onnxrun_load_options o = onnxrun_load_options_default();
        onnxrun_model *model = NULL;
        onnxrun_error err;
        o.limits = &l;
        onnxrun_status s = onnxrun_model_load_memory(data, bytes, &o, &model, &err);
        assert_int_equal(s, limit == 3 ? ONNXRUN_LIMIT : ONNXRUN_OK);
        if (limit == 3) assert_non_null(strstr(err.text, "functions call each other more than 3 levels deep"));
        onnxrun_model_free(model);
    }
}

static void file_size(void **state) {
    (void)state;
    char path[] = "/tmp/onnxrun_limit_XXXXXX";
    int fd = mkstemp(path);
    size_t bytes;
    const void *data = mk_pack(a, mk_model(a, chain(3, 4)), &bytes);
    assert_int_equal(write(fd, data, bytes), (ssize_t)bytes);
    close(fd);
    for (int copy = 0; copy < 2; copy++)
        for (size_t limit = bytes - 1; limit <= bytes; limit++) {
            onnxrun_limits l = onnxrun_limits_default();
            l.max_file_bytes = limit;
            l.copy_file = copy;
            onnxrun_load_options o = onnxrun_load_options_default();
            o.limits = &l;
            onnxrun_model *m = NULL;
            onnxrun_error err;
            onnxrun_status s = onnxrun_model_load(path, &o, &m, &err);
            assert_int_equal(s, limit < bytes ? ONNXRUN_LIMIT : ONNXRUN_OK);
            if (s != ONNXRUN_OK) assert_non_null(strstr(err.text, "limit"));
            // A copy stays what it is when the file is emptied; the other one is not looked at.
            if (s == ONNXRUN_OK && copy) {
                assert_int_equal(truncate(path, 0), 0);
                onnxrun_session *session = NULL;
                assert_int_equal(onnxrun_session_new(m, NULL, &session, NULL), ONNXRUN_OK);
                onnxrun_session_free(session);
            }
            onnxrun_model_free(m);
        }
    unlink(path);
}

static void external_files(void **state) {
    (void)state;
    const int64_t two = 2;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    Onnx__GraphProto *g = chain(1, 4);
    Onnx__TensorProto *t = mk_tensor(a, "w", ONNXRUN_FLOAT, 1, &two);
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    MK_ADD(a, t, external_data, mk_pair(a, "location", "w.bin"));
    MK_ADD(a, g, initializer, t);
    onnxrun_limits l = onnxrun_limits_untrusted();
    expect(g, &l, &x, 1, ONNXRUN_INVALID, "external data 'w.bin' is not allowed here");
}

static void sparse_tensors(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    const int64_t one = 1, at = 999999;
    Onnx__GraphProto *g = chain(1, 4);
    Onnx__SparseTensorProto *s = onr_arena_alloc(a, sizeof *s);
    onnx__sparse_tensor_proto__init(s);
    s->values = mk_raw(a, "s", ONNXRUN_FLOAT, 1, &one, floats, 4);
    s->indices = mk_raw(a, NULL, ONNXRUN_INT64, 1, &one, &at, 8);
    MK_ADD(a, s, dims, 1000000);
    MK_ADD(a, g, sparse_initializer, s);
    onnxrun_limits l = onnxrun_limits_default();
    l.max_sparse_bytes = 4000000;
    expect(g, &l, &x, 1, ONNXRUN_OK, "");
    l.max_sparse_bytes--;
    expect(g, &l, &x, 1, ONNXRUN_LIMIT, "takes 4000000 bytes when dense, the limit is 3999999");
}

/// A loop that never ends by itself.
static Onnx__GraphProto *forever(void) {
    const uint8_t yes = 1;
    Onnx__GraphProto *body = mk_graph(a, "body"), *g = mk_graph(a, "loop");
    MK_ADD(a, body, input, mk_info(a, "i", ONNXRUN_INT64, 0, NULL));
    MK_ADD(a, body, input, mk_info(a, "go", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(a, body, node, mk_node(a, "on", "Identity", "go", "go_on"));
    MK_ADD(a, body, output, mk_info(a, "go_on", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(a, g, initializer, mk_raw(a, "yes", ONNXRUN_BOOL, 0, NULL, &yes, 1));
    MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 1, (const int64_t[]){4}));
    Onnx__NodeProto *loop = mk_node(a, "turn", "Loop", ",yes", "");
    MK_ADD(a, loop, attribute, mk_attr_graph(a, "body", body));
    MK_ADD(a, body, input, mk_info(a, "c", ONNXRUN_FLOAT, 1, (const int64_t[]){4}));
    MK_ADD(a, body, node, mk_node(a, "neg", "Neg", "c", "d"));
    MK_ADD(a, body, output, mk_info(a, "d", ONNXRUN_FLOAT, 1, (const int64_t[]){4}));
    loop->input = NULL, loop->n_input = 0;
    MK_ADD(a, loop, input, "");
    MK_ADD(a, loop, input, "yes");
    MK_ADD(a, loop, input, "x");
    MK_ADD(a, loop, output, "y");
    MK_ADD(a, g, node, loop);
    out(g, "y", ONNXRUN_FLOAT);
    return g;
}

static void seconds(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    onnxrun_limits l = onnxrun_limits_default();
    l.max_seconds = 0.05;
    expect(forever(), &l, &x, 1, ONNXRUN_LIMIT, "the time limit of 0.05 seconds was reached before node");
}

static void allowed_operators(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    onnxrun_limits l = onnxrun_limits_default();
    static const char *const with[] = {"If", "Relu", NULL}, *const without[] = {"If", "ai.onnx.ml.Relu", NULL};
    l.allow_ops = with;
    expect(nested(2), &l, &x, 1, ONNXRUN_OK, "");
    l.allow_ops = without; // found within the branches
    expect(nested(2), &l, &x, 1, ONNXRUN_LIMIT, "operator Relu is not on the list of allowed operators");
}

static void nobody_asks_for_an_error(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    onnxrun_limits l = onnxrun_limits_default();
    l.max_nodes = 2;
    assert_int_equal(go(chain(3, 4), &l, 2, &x, 1, NULL), ONNXRUN_LIMIT);
    l = onnxrun_limits_default();
    static const char *const none[] = {NULL};
    l.allow_ops = none;
    assert_int_equal(go(chain(3, 4), &l, 2, &x, 1, NULL), ONNXRUN_LIMIT);
}

/// A struct of an older caller ends early: the rest are defaults.
static void shorter_structs(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    onnxrun_limits l;
    memset(&l, 0xff, sizeof l);
    l.size = offsetof(onnxrun_limits, max_depth);
    l.max_file_bytes = 0;
    expect(chain(3, 4), &l, &x, 1, ONNXRUN_OK, "");
}

// ---- models that lie ----------------------------------------------------------------------------------------------------

enum { LONG = 2000 }; // longer than the lists that inference keeps as shape data

/// One node of data and lists, the lists as graph inputs: nothing is known of their contents before running.
static Onnx__GraphProto *with_lists(const char *op, int n_lists) {
    Onnx__GraphProto *g = mk_graph(a, op);
    const char *names = "x";
    MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 1, (const int64_t[]){-1}));
    for (int i = 0; i < n_lists; i++) {
        const char *name = onr_arena_printf(a, "list%d", i);
        Onnx__ValueInfoProto *v = mk_info(a, name, ONNXRUN_INT64, 0, NULL);
        v->type->tensor_type->shape = NULL;
        MK_ADD(a, g, input, v);
        names = onr_arena_printf(a, "%s,%s", names, name);
    }
    MK_ADD(a, g, node, mk_node(a, "n", op, names, "y"));
    out(g, "y", ONNXRUN_FLOAT);
    return g;
}

static void long_lists(void **state) {
    (void)state;
    int64_t *ones = onr_arena_calloc(a, LONG, sizeof *ones), *zeros = onr_arena_calloc(a, LONG, sizeof *zeros);
    for (int i = 0; i < LONG; i++) ones[i] = 1;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats}, list = {ONNXRUN_INT64, 1, {LONG}, ones},
                axes = {ONNXRUN_INT64, 1, {LONG}, zeros}, one = {ONNXRUN_INT64, 1, {1}, zeros};
    expect(with_lists("Expand", 1), NULL, (input[]){x, list}, 2, ONNXRUN_UNSUPPORTED, "rank 2000");
    expect(with_lists("Reshape", 1), NULL, (input[]){x, list}, 2, ONNXRUN_UNSUPPORTED, "rank 2000");
    expect(with_lists("Tile", 1), NULL, (input[]){x, list}, 2, ONNXRUN_INVALID, "2000 repeats");
    expect(with_lists("Pad", 1), NULL, (input[]){x, list}, 2, ONNXRUN_INVALID, "2000 pads");
    expect(with_lists("Slice", 3), NULL, (input[]){x, axes, one, axes}, 4, ONNXRUN_INVALID, "2000 and 1 entries");
    expect(with_lists("ConstantOfShape", 0), NULL, &x, 1, ONNXRUN_INVALID, "ConstantOfShape");
    expect(with_lists("Unsqueeze", 1), NULL, (input[]){x, list}, 2, ONNXRUN_UNSUPPORTED, "rank 2001");
}

/// A list without entries, or axes that only running tells: the rank is known before, the number of elements is not.
static void too_few_elements(void **state) {
    (void)state;
    const int64_t zero = 0;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats}, empty = {ONNXRUN_INT64, 1, {0}, &zero},
                first = {ONNXRUN_INT64, 1, {1}, &zero};
    expect(with_lists("Reshape", 1), NULL, (input[]){x, empty}, 2, ONNXRUN_INVALID, "Reshape");
    expect(with_lists("Squeeze", 1), NULL, (input[]){x, first}, 2, ONNXRUN_INVALID, "Squeeze");
}

/// The plan takes two axes for two dimensions less; given twice, one of them stays.
static void axes_given_twice(void **state) {
    (void)state;
    const int64_t two[] = {2}, dims[] = {5, 4}, same[] = {1, 1}, both[] = {0, 1};
    Onnx__GraphProto *g = mk_graph(a, "axes");
    MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 2, dims));
    MK_ADD(a, g, input, mk_info(a, "axes", ONNXRUN_INT64, 1, two));
    Onnx__NodeProto *n = mk_node(a, "n", "ReduceSum", "x,axes", "y");
    MK_ADD(a, n, attribute, mk_attr_int(a, "keepdims", 0));
    MK_ADD(a, g, node, n);
    out(g, "y", ONNXRUN_FLOAT);
    const input x = {ONNXRUN_FLOAT, 2, {5, 4}, floats};
    onnxrun_error err;
    assert_int_equal(go(g, NULL, 2, (input[]){x, {ONNXRUN_INT64, 1, {2}, same}}, 2, &err), ONNXRUN_INVALID);
    assert_non_null(strstr(err.text, "an axis is given twice"));
    assert_int_equal(go(g, NULL, 2, (input[]){x, {ONNXRUN_INT64, 1, {2}, both}}, 2, &err), ONNXRUN_OK);
}

static void kinds(void **state) {
    (void)state;
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    static const char *const ops[] = {"Relu", "Add", "Conv", "Reshape", "Gather", "Sum", "Cast", "Softmax", "TopK", "Shape"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        Onnx__GraphProto *g = mk_graph(a, "kinds");
        MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 1, (const int64_t[]){4}));
        MK_ADD(a, g, node, mk_node(a, "s", "SequenceConstruct", "x,x", "s"));
        Onnx__NodeProto *n = mk_node(a, "n", ops[i], "s,s", strcmp(ops[i], "TopK") == 0 ? "y,z" : "y");
        if (strchr("RCS", ops[i][0]) && strcmp(ops[i], "Reshape") != 0 && strcmp(ops[i], "Conv") != 0) n->n_input = 1;
        if (strcmp(ops[i], "Cast") == 0) MK_ADD(a, n, attribute, mk_attr_int(a, "to", 1));
        MK_ADD(a, g, node, n);
        out(g, "y", ONNXRUN_FLOAT);
        expect(g, NULL, &x, 1, ONNXRUN_INVALID, "'s' is a sequence, not a tensor");
    }
}

/// The caller may leave out an optional input; an operator that needs it says so.
static void left_out_inputs(void **state) {
    (void)state;
    Onnx__GraphProto *g = mk_graph(a, "optional");
    Onnx__ValueInfoProto *v = mk_info(a, "x", ONNXRUN_FLOAT, 1, (const int64_t[]){4});
    Onnx__TypeProto *optional = onr_arena_alloc(a, sizeof *optional);
    Onnx__TypeProto__Optional *of = onr_arena_alloc(a, sizeof *of);
    onnx__type_proto__init(optional);
    onnx__type_proto__optional__init(of);
    of->elem_type = v->type;
    optional->value_case = ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE;
    optional->optional_type = of;
    v->type = optional;
    MK_ADD(a, g, input, v);
    MK_ADD(a, g, node, mk_node(a, "n", "OptionalGetElement", "x", "y"));
    out(g, "y", ONNXRUN_FLOAT);
    const input none = {0};
    expect(g, NULL, &none, 1, ONNXRUN_INVALID, "'x' was left out");
}

static void huge_sizes(void **state) {
    (void)state;
    const int64_t most = INT64_MAX, wide[] = {(int64_t)1 << 40, (int64_t)1 << 40, 0};
    const input x = {ONNXRUN_FLOAT, 1, {4}, floats};
    Onnx__GraphProto *g = chain(1, most);
    expect(g, NULL, &x, 1, ONNXRUN_LIMIT, "too many elements to count");
    g = mk_graph(a, "zero"); // no elements, but strides that overflow
    ints(g, "shape", wide, 3);
    MK_ADD(a, g, node, mk_node(a, "make", "ConstantOfShape", "shape", "y"));
    out(g, "y", ONNXRUN_FLOAT);
    expect(g, NULL, NULL, 0, ONNXRUN_LIMIT, "is too large");
    g = mk_graph(a, "window");
    MK_ADD(a, g, input, mk_info(a, "x", ONNXRUN_FLOAT, 3, (const int64_t[]){1, 1, 4}));
    MK_ADD(a, g, initializer, mk_raw(a, "w", ONNXRUN_FLOAT, 3, (const int64_t[]){1, 1, 3}, floats, 12));
    Onnx__NodeProto *conv = mk_node(a, "conv", "Conv", "x,w", "y");
    Onnx__AttributeProto *dilations = mk_attr(a, "dilations", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS),
                         *pad = mk_attr(a, "auto_pad", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    MK_ADD(a, dilations, ints, 1 << 28);
    pad->has_s = 1, pad->s = (ProtobufCBinaryData){10, (uint8_t *)"SAME_UPPER"};
    MK_ADD(a, conv, attribute, dilations);
    MK_ADD(a, conv, attribute, pad);
    MK_ADD(a, g, node, conv);
    out(g, "y", ONNXRUN_FLOAT);
    const input map = {ONNXRUN_FLOAT, 3, {1, 1, 4}, floats};
    expect(g, NULL, &map, 1, ONNXRUN_INVALID, "a dilated kernel is too large");
}

/// Loops within loops whose carried value changes its type: each level infers its body several times.
static void inference_of_nested_loops(void **state) {
    (void)state;
    enum { DEPTH = 16 };
    Onnx__GraphProto *inner = NULL;
    for (int i = 0; i <= DEPTH; i++) {
        Onnx__GraphProto *g = mk_graph(a, "g");
        bool outermost = i == DEPTH;
        const char *in = outermost ? "x" : onr_arena_printf(a, "c%d", i);
        if (!outermost) {
            MK_ADD(a, g, input, mk_info(a, onr_arena_printf(a, "i%d", i), ONNXRUN_INT64, 0, NULL));
            MK_ADD(a, g, input, mk_info(a, onr_arena_printf(a, "g%d", i), ONNXRUN_BOOL, 0, NULL));
        }
        Onnx__ValueInfoProto *carried = mk_info(a, in, ONNXRUN_FLOAT, 1, (const int64_t[]){1});
        if (!outermost) carried->type->tensor_type->shape = NULL;
        MK_ADD(a, g, input, carried);
        const char *made = onr_arena_printf(a, "o%d", i), *on = onr_arena_printf(a, "on%d", i);
        if (inner) {
            Onnx__NodeProto *loop = mk_node(a, "loop", "Loop", "", "");
            MK_ADD(a, loop, input, "trips");
            MK_ADD(a, loop, input, "");
            MK_ADD(a, loop, input, (char *)(uintptr_t)in);
            MK_ADD(a, loop, output, (char *)(uintptr_t)made);
            MK_ADD(a, loop, attribute, mk_attr_graph(a, "body", inner));
            MK_ADD(a, g, node, loop);
        } else {
            Onnx__NodeProto *join = mk_node(a, "join", "Concat", onr_arena_printf(a, "%s,%s", in, in), made);
            MK_ADD(a, join, attribute, mk_attr_int(a, "axis", 0));
            MK_ADD(a, g, node, join);
        }
        if (!outermost) {
            MK_ADD(a, g, node, mk_node(a, "on", "Identity", onr_arena_printf(a, "g%d", i), on));
            out(g, on, ONNXRUN_BOOL);
        }
        out(g, made, ONNXRUN_FLOAT);
        inner = g;
    }
    const int64_t trips = 1;
    MK_ADD(a, inner, initializer, mk_raw(a, "trips", ONNXRUN_INT64, 0, NULL, &trips, 8));
    const input x = {ONNXRUN_FLOAT, 1, {1}, floats};
    onnxrun_error err;
    onnxrun_limits l = onnxrun_limits_default();
    l.max_seconds = 20; // seconds even under sanitizers; without any bound it takes days
    onnxrun_status s = go(inner, &l, 0, &x, 1, &err);
    if (s != ONNXRUN_OK && s != ONNXRUN_LIMIT) fail_msg("%s", err.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes),
        cmocka_unit_test(elements_and_rank),
        cmocka_unit_test(folded_constants),
        cmocka_unit_test(memory),
        cmocka_unit_test(nesting),
        cmocka_unit_test(function_calls),
        cmocka_unit_test(file_size),
        cmocka_unit_test(external_files),
        cmocka_unit_test(sparse_tensors),
        cmocka_unit_test(seconds),
        cmocka_unit_test(allowed_operators),
        cmocka_unit_test(nobody_asks_for_an_error),
        cmocka_unit_test(shorter_structs),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(too_few_elements),
        cmocka_unit_test(axes_given_twice),
        cmocka_unit_test(kinds),
        cmocka_unit_test(left_out_inputs),
        cmocka_unit_test(huge_sizes),
        cmocka_unit_test(inference_of_nested_loops),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
