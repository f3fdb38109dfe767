// soak_models.c: builds what soak.c runs.
// May assume: cmocka's program around it is not there: a failure ends the process. Never writes files.
#include "soak_models.h"

#include "support/onnx_build.h"
#include "support/rng.h"

#include <stdio.h>
#include <stdlib.h>

static onr_arena *arena;

static void must(onnxrun_status st, const onnxrun_error *err) {
    if (st == ONNXRUN_OK) return;
    fprintf(stderr, "soak: %s\n", err->text);
    exit(2);
}

static Onnx__TensorProto *weights(rng *r, const char *name, size_t rank, const int64_t *dims) {
    size_t n = 1;
    for (size_t i = 0; i < rank; i++) n *= (size_t)dims[i];
    float *w = onr_arena_calloc(arena, n, sizeof *w);
    rng_fill_f32(r, w, n, -0.3f, 0.3f);
    return mk_raw(arena, name, ONNXRUN_FLOAT, rank, dims, w, n * sizeof *w);
}

static Onnx__NodeProto *padded(Onnx__NodeProto *conv) {
    Onnx__AttributeProto *pads = mk_attr(arena, "pads", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    for (int i = 0; i < 4; i++) MK_ADD(arena, pads, ints, 1);
    MK_ADD(arena, conv, attribute, pads);
    return conv;
}

static void output(Onnx__GraphProto *g, const char *name, int dtype) {
    MK_ADD(arena, g, output, mk_info(arena, name, dtype, 0, NULL));
    g->output[g->n_output - 1]->type->tensor_type->shape = NULL; // any shape
}

static onnxrun_model *load(Onnx__GraphProto *g) {
    size_t n;
    onnxrun_error err;
    onnxrun_model *m = NULL;
    const void *bytes = mk_pack(arena, mk_model(arena, g), &n);
    must(onnxrun_model_load_memory(bytes, n, NULL, &m, &err), &err);
    return m;
}

/// conv -> relu -> conv -> add -> relu -> global mean -> dense, on any picture.
static onnxrun_model *make_net(void) {
    const int64_t x[] = {-1, 3, -1, -1}, w1[] = {16, 3, 3, 3}, w2[] = {16, 16, 3, 3}, fc[] = {10, 16};
    rng r;
    rng_seed(&r, 11);
    Onnx__GraphProto *g = mk_graph(arena, "net");
    MK_ADD(arena, g, input, mk_info(arena, "x", ONNXRUN_FLOAT, 4, x));
    for (int i = 0; i < 4; i += i == 0 ? 2 : 1) // each free dimension is its own
        g->input[0]->type->tensor_type->shape->dim[i]->dim_param = i == 0 ? "n" : i == 2 ? "h" : "w";
    MK_ADD(arena, g, initializer, weights(&r, "w1", 4, w1));
    MK_ADD(arena, g, initializer, weights(&r, "w2", 4, w2));
    MK_ADD(arena, g, initializer, weights(&r, "fc", 2, fc));
    MK_ADD(arena, g, node, padded(mk_node(arena, "conv1", "Conv", "x,w1", "c1")));
    MK_ADD(arena, g, node, mk_node(arena, "relu1", "Relu", "c1", "r1"));
    MK_ADD(arena, g, node, padded(mk_node(arena, "conv2", "Conv", "r1,w2", "c2")));
    MK_ADD(arena, g, node, mk_node(arena, "add", "Add", "c2,r1", "s"));
    MK_ADD(arena, g, node, mk_node(arena, "relu2", "Relu", "s", "r2"));
    MK_ADD(arena, g, node, mk_node(arena, "pool", "GlobalAveragePool", "r2", "p"));
    MK_ADD(arena, g, node, mk_node(arena, "flatten", "Flatten", "p", "f"));
    Onnx__NodeProto *gemm = mk_node(arena, "gemm", "Gemm", "f,fc", "y");
    MK_ADD(arena, gemm, attribute, mk_attr_int(arena, "transB", 1));
    MK_ADD(arena, g, node, gemm);
    output(g, "y", ONNXRUN_FLOAT);
    return load(g);
}

/// Three rounds of v = v * v - x put into a sequence, which is joined; and where x is not zero.
static onnxrun_model *make_loop(void) {
    const int64_t x[] = {-1}, times = 3;
    const uint8_t yes = 1;
    Onnx__GraphProto *body = mk_graph(arena, "body"), *g = mk_graph(arena, "loop");
    MK_ADD(arena, body, input, mk_info(arena, "i", ONNXRUN_INT64, 0, NULL));
    MK_ADD(arena, body, input, mk_info(arena, "go", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(arena, body, input, mk_info(arena, "v", ONNXRUN_FLOAT, 1, x));
    MK_ADD(arena, body, node, mk_node(arena, "square", "Mul", "v,v", "vv"));
    MK_ADD(arena, body, node, mk_node(arena, "minus", "Sub", "vv,x", "next"));
    MK_ADD(arena, body, node, mk_node(arena, "on", "Identity", "go", "go_on"));
    MK_ADD(arena, body, node, mk_node(arena, "keep", "Identity", "next", "kept"));
    MK_ADD(arena, body, output, mk_info(arena, "go_on", ONNXRUN_BOOL, 0, NULL));
    MK_ADD(arena, body, output, mk_info(arena, "next", ONNXRUN_FLOAT, 1, x));
    MK_ADD(arena, body, output, mk_info(arena, "kept", ONNXRUN_FLOAT, 1, x));
    MK_ADD(arena, g, input, mk_info(arena, "x", ONNXRUN_FLOAT, 1, x));
    MK_ADD(arena, g, initializer, mk_raw(arena, "times", ONNXRUN_INT64, 0, NULL, &times, 8));
    MK_ADD(arena, g, initializer, mk_raw(arena, "yes", ONNXRUN_BOOL, 0, NULL, &yes, 1));
    Onnx__NodeProto *loop = mk_node(arena, "turn", "Loop", "times,yes,x", "last,all");
    MK_ADD(arena, loop, attribute, mk_attr_graph(arena, "body", body));
    MK_ADD(arena, g, node, loop);
    MK_ADD(arena, g, node, mk_node(arena, "items", "SequenceConstruct", "all,all", "list"));
    MK_ADD(arena, g, node, mk_node(arena, "join", "ConcatFromSequence", "list", "joined"));
    MK_ADD(arena, g->node[g->n_node - 1], attribute, mk_attr_int(arena, "axis", 0));
    MK_ADD(arena, g, node, mk_node(arena, "where", "NonZero", "x", "places"));
    output(g, "last", ONNXRUN_FLOAT);
    output(g, "joined", ONNXRUN_FLOAT);
    output(g, "places", ONNXRUN_INT64);
    return load(g);
}

void soak_models_make(soak_model out[SOAK_MODELS]) {
    onnxrun_error err;
    arena = onr_arena_new(0);
    out[0] = (soak_model){.name = "residualnet16", .every = 200, .rank = 4, .n_shapes = 3};
    out[1] = (soak_model){.name = "net", .every = 2, .rank = 4, .n_shapes = SOAK_SHAPES, .m = make_net()};
    out[2] = (soak_model){.name = "loop", .every = 1, .rank = 1, .n_shapes = SOAK_SHAPES, .m = make_loop()};
    must(onnxrun_model_load(ONR_SOURCE_DIR "/models/residualnet16-fashion.onnx", NULL, &out[0].m, &err), &err);
    for (int i = 0; i < SOAK_SHAPES; i++) {
        const int64_t shipped[] = {1 + i % 3, 3, 32, 32}, net[] = {1 + i % 3, 3, 4 + i % 13, 5 + i % 11}, loop[] = {1 + 7 * i};
        for (int d = 0; d < 4; d++) {
            out[0].dims[i][d] = shipped[d];
            out[1].dims[i][d] = net[d];
        }
        out[2].dims[i][0] = loop[0];
    }
}

void soak_models_free(soak_model models[SOAK_MODELS]) {
    for (int i = 0; i < SOAK_MODELS; i++) onnxrun_model_free(models[i].m);
    onr_arena_free(arena);
}
