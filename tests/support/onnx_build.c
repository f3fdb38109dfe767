// onnx_build.c: makes protobuf-c structs of ONNX messages for tests.
// May assume: see the header. Never checks what it builds: tests build broken models too.
#include "support/onnx_build.h"

#include <stdlib.h>
#include <string.h>

static void *make(onr_arena *a, const void *init, size_t size) {
    void *p = onr_arena_alloc(a, size);
    if (!p) abort();
    return memcpy(p, init, size);
}

static char *text(onr_arena *a, const char *s) {
    char *p = s ? onr_arena_strdup(a, s) : NULL;
    if (s && !p) abort();
    return p;
}

#define MAKE(type, INIT, var)            \
    static const type var##_init = INIT; \
    type *var = make(a, &var##_init, sizeof *var)

static char **split(onr_arena *a, const char *names, size_t *n) {
    *n = 0;
    if (!names || !*names) return NULL;
    size_t count = 1;
    for (const char *p = names; *p; p++) count += *p == ',';
    char **list = onr_arena_calloc(a, count, sizeof *list);
    for (const char *p = names; *n < count; (*n)++) {
        size_t len = strcspn(p, ",");
        list[*n] = onr_arena_strndup(a, p, len);
        p += len + 1;
    }
    return list;
}

Onnx__OperatorSetIdProto *mk_opset(onr_arena *a, const char *domain, int64_t version) {
    MAKE(Onnx__OperatorSetIdProto, ONNX__OPERATOR_SET_ID_PROTO__INIT, o);
    o->domain = text(a, domain);
    o->has_version = 1;
    o->version = version;
    return o;
}

Onnx__StringStringEntryProto *mk_pair(onr_arena *a, const char *key, const char *value) {
    MAKE(Onnx__StringStringEntryProto, ONNX__STRING_STRING_ENTRY_PROTO__INIT, p);
    p->key = text(a, key);
    p->value = text(a, value);
    return p;
}

Onnx__ModelProto *mk_model(onr_arena *a, Onnx__GraphProto *g) {
    MAKE(Onnx__ModelProto, ONNX__MODEL_PROTO__INIT, m);
    m->has_ir_version = 1;
    m->ir_version = 8;
    m->graph = g;
    MK_ADD(a, m, opset_import, mk_opset(a, "", 17));
    return m;
}

Onnx__GraphProto *mk_graph(onr_arena *a, const char *name) {
    MAKE(Onnx__GraphProto, ONNX__GRAPH_PROTO__INIT, g);
    g->name = text(a, name);
    return g;
}

Onnx__NodeProto *mk_node(onr_arena *a, const char *name, const char *op_type, const char *inputs, const char *outputs) {
    MAKE(Onnx__NodeProto, ONNX__NODE_PROTO__INIT, n);
    n->name = text(a, name);
    n->op_type = text(a, op_type);
    n->input = split(a, inputs, &n->n_input);
    n->output = split(a, outputs, &n->n_output);
    return n;
}

Onnx__ValueInfoProto *mk_info(onr_arena *a, const char *name, int32_t dtype, size_t rank, const int64_t *dims) {
    MAKE(Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT, v);
    MAKE(Onnx__TypeProto, ONNX__TYPE_PROTO__INIT, t);
    MAKE(Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT, tensor);
    MAKE(Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT, shape);
    for (size_t i = 0; i < rank; i++) {
        MAKE(Onnx__TensorShapeProto__Dimension, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT, d);
        d->value_case = dims[i] < 0 ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
                                    : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (dims[i] < 0)
            d->dim_param = text(a, "n");
        else
            d->dim_value = dims[i];
        MK_ADD(a, shape, dim, d);
    }
    tensor->has_elem_type = 1;
    tensor->elem_type = dtype;
    tensor->shape = shape;
    t->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    t->tensor_type = tensor;
    v->name = text(a, name);
    v->type = t;
    return v;
}

Onnx__TensorProto *mk_tensor(onr_arena *a, const char *name, int32_t dtype, size_t rank, const int64_t *dims) {
    MAKE(Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT, t);
    t->name = text(a, name);
    t->has_data_type = 1;
    t->data_type = dtype;
    for (size_t i = 0; i < rank; i++) MK_ADD(a, t, dims, dims[i]);
    return t;
}

Onnx__TensorProto *mk_raw(onr_arena *a, const char *name, int32_t dtype, size_t rank, const int64_t *dims, const void *data,
                          size_t bytes) {
    Onnx__TensorProto *t = mk_tensor(a, name, dtype, rank, dims);
    t->has_raw_data = 1;
    t->raw_data.len = bytes;
    t->raw_data.data = onr_arena_alloc(a, bytes);
    if (bytes) memcpy(t->raw_data.data, data, bytes);
    return t;
}

Onnx__AttributeProto *mk_attr(onr_arena *a, const char *name, Onnx__AttributeProto__AttributeType type) {
    MAKE(Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT, at);
    at->name = text(a, name);
    at->has_type = 1;
    at->type = type;
    return at;
}

Onnx__AttributeProto *mk_attr_int(onr_arena *a, const char *name, int64_t v) {
    Onnx__AttributeProto *at = mk_attr(a, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    at->has_i = 1;
    at->i = v;
    return at;
}

Onnx__AttributeProto *mk_attr_graph(onr_arena *a, const char *name, Onnx__GraphProto *g) {
    Onnx__AttributeProto *at = mk_attr(a, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH);
    at->g = g;
    return at;
}

Onnx__AttributeProto *mk_attr_ref(onr_arena *a, const char *name, const char *ref, Onnx__AttributeProto__AttributeType type) {
    Onnx__AttributeProto *at = mk_attr(a, name, type);
    at->ref_attr_name = text(a, ref);
    return at;
}

Onnx__FunctionProto *mk_function(onr_arena *a, const char *domain, const char *name, const char *inputs, const char *outputs) {
    MAKE(Onnx__FunctionProto, ONNX__FUNCTION_PROTO__INIT, f);
    f->domain = text(a, domain);
    f->name = text(a, name);
    f->input = split(a, inputs, &f->n_input);
    f->output = split(a, outputs, &f->n_output);
    return f;
}

// ---- a small model with something of everything
// ------------------------------------------------------------------------------

#define TYPE(x) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##x

static const int64_t dims[] = {-1, 3}, six[] = {6};

static Onnx__SparseTensorProto *rich_sparse(onr_arena *a) {
    const float v[] = {7, 8};
    const int64_t index[] = {1, 5}, two[] = {2};
    Onnx__SparseTensorProto *s = onr_arena_alloc(a, sizeof *s);
    onnx__sparse_tensor_proto__init(s);
    s->values = mk_raw(a, "s", ONR_FLOAT, 1, two, v, sizeof v);
    s->indices = mk_raw(a, NULL, ONR_INT64, 1, two, index, sizeof index);
    MK_ADD(a, s, dims, 6);
    return s;
}

static Onnx__FunctionProto *rich_function(onr_arena *a) {
    Onnx__FunctionProto *f = mk_function(a, "mine", "F", "a,b", "c");
    Onnx__NodeProto *inner = mk_node(a, "inner", "Mul", "a,b", "c");
    MK_ADD(a, inner, attribute, mk_attr_ref(a, "axis", "axis", TYPE(INT)));
    MK_ADD(a, f, node, inner);
    MK_ADD(a, f, attribute_proto, mk_attr_int(a, "axis", 1));
    MK_ADD(a, f, opset_import, mk_opset(a, "", 17));
    return f;
}

Onnx__ModelProto *mk_rich(onr_arena *a) {
    Onnx__GraphProto *g = mk_graph(a, "g"), *branch = mk_graph(a, "b");
    const float w[] = {1, 2, 3, 4, 5, 6};
    MK_ADD(a, g, input, mk_info(a, "x", ONR_FLOAT, 2, dims));
    MK_ADD(a, g, initializer, mk_raw(a, "w", ONR_FLOAT, 1, six, w, sizeof w));
    Onnx__TensorProto *list = mk_tensor(a, "l", ONR_INT8, 1, six);
    for (int i = 0; i < 6; i++) MK_ADD(a, list, int32_data, -i);
    MK_ADD(a, g, initializer, list);
    Onnx__TensorProto *text = mk_tensor(a, "t", ONR_STRING, 0, NULL);
    MK_ADD(a, text, string_data, ((ProtobufCBinaryData){3, (uint8_t *)"abc"}));
    MK_ADD(a, g, initializer, text);
    MK_ADD(a, g, sparse_initializer, rich_sparse(a));
    MK_ADD(a, branch, node, mk_node(a, "n", "Add", "x,w", "r"));
    MK_ADD(a, branch, output, mk_info(a, "r", ONR_FLOAT, 2, dims));
    Onnx__NodeProto *hold = mk_node(a, "hold", "If", "x", "h"), *c = mk_node(a, "call", "F", "h,s", "y");
    MK_ADD(a, hold, attribute, mk_attr_graph(a, "then_branch", branch));
    Onnx__AttributeProto *ints = mk_attr(a, "ints", TYPE(INTS)), *type = mk_attr(a, "type", TYPE(TYPE_PROTO));
    MK_ADD(a, ints, ints, -1);
    type->tp = mk_info(a, "", ONR_INT64, 2, dims)->type;
    MK_ADD(a, hold, attribute, ints);
    MK_ADD(a, hold, attribute, type);
    c->domain = "mine";
    MK_ADD(a, g, node, c);
    MK_ADD(a, g, node, hold);
    MK_ADD(a, g, value_info, mk_info(a, "h", ONR_FLOAT, 2, dims));
    MK_ADD(a, g, output, mk_info(a, "y", ONR_FLOAT, 2, dims));
    Onnx__ModelProto *m = mk_model(a, g);
    MK_ADD(a, m, functions, rich_function(a));
    MK_ADD(a, m, metadata_props, mk_pair(a, "k", "v"));
    return m;
}

void *mk_pack(onr_arena *a, const Onnx__ModelProto *m, size_t *bytes) {
    uint8_t *p = onr_arena_alloc(a, onnx__model_proto__get_packed_size(m));
    if (!p) abort();
    *bytes = onnx__model_proto__pack(m, p);
    return p;
}

onr_status mk_load(onr_arena *a, const Onnx__ModelProto *m, const char *folder, const onr_load_options *options,
                   onr_model **out, onr_err *err) {
    size_t bytes;
    void *p = mk_pack(a, m, &bytes);
    return onr_model_load_memory(p, bytes, "test.onnx", folder, options, out, err);
}
