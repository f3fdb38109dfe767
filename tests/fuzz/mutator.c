// mutator.c: changes of valid models, one or a few at a time: nodes, edges, attributes, shapes, element types, contents,
// versions. May assume: the bytes were scanned before protobuf-c sees them. Never yields anything but a well-formed protobuf
// message.
#include "target.h"

#include "onnx/pb.h"
#include "ops/op.h"
#include "support/rng.h"

#include <string.h>

typedef struct lab {
    onr_arena *arena;
    rng r;
    Onnx__ModelProto *m;
    Onnx__GraphProto *g; // the graph that is being changed: the main one or a body
} lab;

static void *take(void *arena, size_t n) { return onr_arena_alloc(arena, n); }
static void give_back(void *arena, void *p) { (void)arena, (void)p; }

static uint64_t below(lab *l, uint64_t n) { return n ? rng_below(&l->r, n) : 0; }

// Numbers that break arithmetic, and numbers that nearly fit.
static int64_t number(lab *l) {
    static const int64_t odd[] = {0,         1,         -1,        2,         3,         -2,        4,         7,         8,
                                  16,        31,        64,        127,       128,       255,       1000,      65535,     65536,
                                  INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1LL << 31, 1LL << 32, 1LL << 40, 1LL << 62, -5};
    if (below(l, 3) == 0) return rng_range(&l->r, -4, 12);
    return odd[below(l, sizeof odd / sizeof *odd)];
}

static char *copy_text(lab *l, const char *s) { return onr_arena_strdup(l->arena, s ? s : ""); }

// A name of some value of the graph.
static char *any_value(lab *l) {
    size_t n = l->g->n_node + l->g->n_input + l->g->n_initializer, i = below(l, n + 1);
    if (i < l->g->n_node) {
        const Onnx__NodeProto *node = l->g->node[i];
        return node->n_output ? node->output[below(l, node->n_output)] : copy_text(l, "");
    }
    i -= l->g->n_node;
    if (i < l->g->n_input) return copy_text(l, l->g->input[i]->name);
    i -= l->g->n_input;
    return copy_text(l, i < l->g->n_initializer ? l->g->initializer[i]->name : "");
}

static Onnx__NodeProto *any_node(lab *l) { return l->g->n_node ? l->g->node[below(l, l->g->n_node)] : NULL; }

static const onr_op *any_op(lab *l) {
    size_t n = 0;
    while (onr_op_at(n)) n++;
    const onr_op *op = onr_op_at(below(l, n));
    return strcmp(op->domain, "onnxrun") == 0 ? onr_op_find("", "Relu", 14, NULL) : op;
}

// The row of a node's operator in any version.
static const onr_op *row_of(const Onnx__NodeProto *node) {
    const onr_op *newest = NULL;
    const char *domain = onr_pb_text(node->domain), *name = onr_pb_text(node->op_type);
    const onr_op *op = onr_op_find(domain, name, 1 << 14, &newest);
    return op ? op : newest;
}

// ---- edges and nodes ----------------------------------------------------------------------------------------------------

static void rewire(lab *l) {
    Onnx__NodeProto *node = any_node(l);
    if (node && node->n_input) node->input[below(l, node->n_input)] = any_value(l);
}

static void add_input(lab *l) {
    Onnx__NodeProto *node = any_node(l);
    if (!node) return;
    node->input = onr_arena_grow(l->arena, node->input, node->n_input, node->n_input + 1, sizeof *node->input);
    node->input[node->n_input++] = any_value(l);
}

static void drop_input(lab *l) {
    Onnx__NodeProto *node = any_node(l);
    if (!node || !node->n_input) return;
    if (below(l, 2))
        node->n_input--;
    else
        node->input[below(l, node->n_input)] = copy_text(l, "");
}

static void swap_inputs(lab *l) {
    Onnx__NodeProto *node = any_node(l);
    if (!node || node->n_input < 2) return;
    size_t a = below(l, node->n_input), b = below(l, node->n_input);
    char *t = node->input[a];
    node->input[a] = node->input[b];
    node->input[b] = t;
}

static void change_op(lab *l) {
    Onnx__NodeProto *node = any_node(l);
    const onr_op *op = any_op(l);
    if (!node) return;
    node->op_type = copy_text(l, op->name);
    node->domain = copy_text(l, op->domain);
    node->n_attribute = below(l, 2) ? node->n_attribute : 0;
}

static void add_output(lab *l, const char *name) {
    Onnx__ValueInfoProto *v = onr_arena_alloc(l->arena, sizeof *v);
    onnx__value_info_proto__init(v);
    v->name = copy_text(l, name);
    l->g->output = onr_arena_grow(l->arena, l->g->output, l->g->n_output, l->g->n_output + 1, sizeof *l->g->output);
    l->g->output[l->g->n_output++] = v;
}

// A node behind some value; its result becomes an output, so that nobody drops it.
static void add_node(lab *l) {
    const onr_op *op = any_op(l);
    Onnx__NodeProto *node = onr_arena_alloc(l->arena, sizeof *node);
    onnx__node_proto__init(node);
    node->op_type = copy_text(l, op->name);
    node->domain = copy_text(l, op->domain);
    size_t most = op->in_max < 0 || op->in_max > op->in_min + 2 ? (size_t)op->in_min + 2 : (size_t)op->in_max;
    node->n_input = (size_t)op->in_min + below(l, most - (size_t)op->in_min + 1);
    node->input = onr_arena_calloc(l->arena, node->n_input, sizeof *node->input);
    for (size_t i = 0; i < node->n_input; i++) node->input[i] = any_value(l);
    node->n_output = 1;
    node->output = onr_arena_calloc(l->arena, 1, sizeof *node->output);
    node->output[0] = onr_arena_printf(l->arena, "new_%llx", (unsigned long long)rng_u64(&l->r));
    l->g->node = onr_arena_grow(l->arena, l->g->node, l->g->n_node, l->g->n_node + 1, sizeof *l->g->node);
    l->g->node[l->g->n_node++] = node;
    if (l->g->n_output < 12) add_output(l, node->output[0]);
}

static void drop_node(lab *l) {
    if (l->g->n_node > 1) l->g->node[below(l, l->g->n_node)] = l->g->node[l->g->n_node - 1], l->g->n_node--;
}

// ---- attributes ---------------------------------------------------------------------------------------------------------

static void set_text(lab *l, ProtobufCBinaryData *to, const char *s) {
    to->data = (uint8_t *)copy_text(l, s);
    to->len = strlen(s);
}

static void change_tensor(lab *l, Onnx__TensorProto *t);

static void change_list(lab *l, Onnx__AttributeProto *a) {
    if (below(l, 3) == 0 && a->n_ints < 64) { // another length
        size_t n = below(l, 2) && a->n_ints ? a->n_ints - 1 : a->n_ints + 1;
        int64_t *grown = onr_arena_calloc(l->arena, n + 1, sizeof *grown);
        for (size_t i = 0; i < n; i++) grown[i] = i < a->n_ints ? a->ints[i] : number(l);
        a->ints = grown;
        a->n_ints = n;
    } else if (a->n_ints) {
        a->ints[below(l, a->n_ints)] = number(l);
    }
}

static void change_value(lab *l, Onnx__AttributeProto *a) {
    static const char *const words[] = {"",
                                        "NOTSET",
                                        "SAME_UPPER",
                                        "SAME_LOWER",
                                        "VALID",
                                        "constant",
                                        "reflect",
                                        "edge",
                                        "wrap",
                                        "linear",
                                        "nearest",
                                        "cubic",
                                        "align_corners",
                                        "half_pixel",
                                        "tf_crop_and_resize",
                                        "forward",
                                        "reverse",
                                        "bidirectional",
                                        "Tanh",
                                        "Sigmoid",
                                        "Relu",
                                        "sum",
                                        "none",
                                        "mean",
                                        "add",
                                        "mul",
                                        "max",
                                        "min",
                                        "bij,bjk->bik",
                                        "...ii->...i",
                                        "i,j",
                                        "RGB",
                                        "BGR",
                                        "Grayscale",
                                        "floor",
                                        "ceil",
                                        "avg",
                                        "DCR",
                                        "CRD",
                                        "zeros",
                                        "border",
                                        "reflection",
                                        "bilinear",
                                        "bicubic",
                                        "POST",
                                        "SOFTMAX",
                                        "TF",
                                        "IDF",
                                        "BRANCH_LEQ",
                                        "BRANCH_EQ",
                                        "LEAF",
                                        "stretch",
                                        "keep_aspect_ratio_policy"};
    static const float odd[] = {0, 1, -1, 0.5f, 1e-30f, 1e30f, -1e30f, 3e38f, 2, 1e-6f};
    switch (a->type) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: a->has_i = 1, a->i = number(l); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: a->has_f = 1, a->f = odd[below(l, sizeof odd / sizeof *odd)]; break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        a->has_s = 1;
        set_text(l, &a->s, words[below(l, sizeof words / sizeof *words)]);
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS: change_list(l, a); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
        if (a->n_floats && below(l, 3) == 0) a->n_floats--;
        if (a->n_floats) a->floats[below(l, a->n_floats)] = odd[below(l, sizeof odd / sizeof *odd)];
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS:
        if (a->n_strings && below(l, 3) == 0) a->n_strings--;
        if (a->n_strings) set_text(l, &a->strings[below(l, a->n_strings)], words[below(l, sizeof words / sizeof *words)]);
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
        if (a->t) change_tensor(l, a->t);
        break;
    default: break;
    }
}

static void change_attr(lab *l) {
    Onnx__NodeProto *node = any_node(l);
    if (!node || !node->n_attribute) return;
    size_t i = below(l, node->n_attribute);
    if (below(l, 8) == 0)
        node->attribute[i] = node->attribute[--node->n_attribute];
    else
        change_value(l, node->attribute[i]);
}

// An attribute that the operator has, and the node does not.
static void add_attr(lab *l) {
    Onnx__NodeProto *node = any_node(l);
    const onr_op *op = node ? row_of(node) : NULL;
    size_t n = 0;
    while (op && op->attrs && op->attrs[n].name) n++;
    if (!n) return;
    const onr_attr_spec *spec = &op->attrs[below(l, n)];
    for (size_t i = 0; i < node->n_attribute; i++)
        if (strcmp(onr_pb_text(node->attribute[i]->name), spec->name) == 0) return change_value(l, node->attribute[i]);
    Onnx__AttributeProto *a = onr_arena_alloc(l->arena, sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = copy_text(l, spec->name);
    a->has_type = 1;
    a->type = (Onnx__AttributeProto__AttributeType)spec->kind;
    for (uint64_t k = 1 + below(l, 5); k; k--) change_value(l, a);
    node->attribute = onr_arena_grow(l->arena, node->attribute, node->n_attribute, node->n_attribute + 1,
                                     sizeof *node->attribute);
    node->attribute[node->n_attribute++] = a;
}

// ---- tensors, types, versions -------------------------------------------------------------------------------------------

static void change_raw(lab *l, Onnx__TensorProto *t) {
    int64_t v = number(l);
    size_t size = t->data_type == ONR_INT64 || t->data_type == ONR_DOUBLE ? 8 : t->data_type == ONR_UINT8 ? 1 : 4;
    if (t->raw_data.len < size) return;
    size_t at = below(l, t->raw_data.len / size) * size;
    memcpy(t->raw_data.data + at, &v, size);
}

static void change_tensor(lab *l, Onnx__TensorProto *t) {
    switch (below(l, 8)) {
    case 0:
        if (t->n_dims) t->dims[below(l, t->n_dims)] = number(l);
        break;
    case 1: t->data_type = (int32_t)below(l, 28); break;
    case 2: // the same contents under another shape
        if (t->n_dims >= 2) {
            size_t a = below(l, t->n_dims), b = below(l, t->n_dims);
            int64_t d = t->dims[a];
            t->dims[a] = t->dims[b];
            t->dims[b] = d;
        }
        break;
    case 3:
        if (t->n_dims && t->dims[t->n_dims - 1] == 1) t->n_dims--;
        break;
    default:
        if (t->n_int64_data) t->int64_data[below(l, t->n_int64_data)] = number(l);
        if (t->n_int32_data) t->int32_data[below(l, t->n_int32_data)] = (int32_t)number(l);
        if (t->n_float_data) t->float_data[below(l, t->n_float_data)] = (float)number(l);
        change_raw(l, t);
    }
}

static void change_initializer(lab *l) {
    if (l->g->n_initializer) change_tensor(l, l->g->initializer[below(l, l->g->n_initializer)]);
}

static void change_info(lab *l) {
    Onnx__ValueInfoProto *v = l->g->n_input ? l->g->input[below(l, l->g->n_input)] : NULL;
    Onnx__TypeProto__Tensor *t = v && v->type && v->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
                                     ? v->type->tensor_type
                                     : NULL;
    if (!t) return;
    Onnx__TensorShapeProto *s = t->shape;
    uint64_t what = below(l, 5);
    if (what == 0) {
        t->has_elem_type = 1, t->elem_type = (int32_t)below(l, 28);
    } else if (what == 1) {
        t->shape = NULL;
    } else if (s && s->n_dim) {
        Onnx__TensorShapeProto__Dimension *d = s->dim[below(l, s->n_dim)];
        if (what == 2) s->n_dim--;
        if (what == 3) d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM, d->dim_param = copy_text(l, "n");
        if (what == 4) d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE, d->dim_value = number(l);
    }
}

// An input becomes a constant of small numbers: that is how shapes and indices get contents.
static void bind_input(lab *l) {
    if (!l->g->n_input) return;
    size_t i = below(l, l->g->n_input);
    Onnx__ValueInfoProto *v = l->g->input[i];
    if (!v->type || v->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !v->type->tensor_type->shape) return;
    const Onnx__TensorShapeProto *s = v->type->tensor_type->shape;
    Onnx__TensorProto *t = onr_arena_alloc(l->arena, sizeof *t);
    onnx__tensor_proto__init(t);
    t->name = v->name;
    t->has_data_type = 1, t->data_type = v->type->tensor_type->elem_type;
    t->dims = onr_arena_calloc(l->arena, s->n_dim, sizeof *t->dims);
    int64_t n = 1;
    for (size_t d = 0; d < s->n_dim; d++) {
        bool sized = s->dim[d]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        t->dims[t->n_dims++] = sized ? s->dim[d]->dim_value : 2;
        n = n > 0 && n <= 4096 && t->dims[d] >= 0 && t->dims[d] <= 4096 ? n * t->dims[d] : -1;
    }
    size_t size = onr_dtype_bits((onr_dtype)t->data_type) >= 8 ? onr_dtype_size((onr_dtype)t->data_type) : 0;
    if (n < 0 || n > 4096 || !size || size > 8) return;
    t->has_raw_data = 1;
    t->raw_data.len = (size_t)n * size;
    t->raw_data.data = onr_arena_alloc(l->arena, t->raw_data.len);
    for (int64_t k = 0; k < n; k++) {
        float f = (float)rng_range(&l->r, -3, 3);
        int64_t x = below(l, 6) ? rng_range(&l->r, 0, 3) : number(l);
        memcpy(t->raw_data.data + (size_t)k * size, t->data_type == ONR_FLOAT ? (void *)&f : (void *)&x, size);
    }
    l->g->initializer = onr_arena_grow(l->arena, l->g->initializer, l->g->n_initializer, l->g->n_initializer + 1,
                                       sizeof *l->g->initializer);
    l->g->initializer[l->g->n_initializer++] = t;
    l->g->input[i] = l->g->input[--l->g->n_input];
}

static void change_version(lab *l) {
    if (!l->m->n_opset_import) return;
    Onnx__OperatorSetIdProto *id = l->m->opset_import[below(l, l->m->n_opset_import)];
    id->version = (int64_t)(1 + below(l, 26));
}

static void give_out(lab *l) {
    if (l->g->n_output < 12) add_output(l, any_value(l));
}

// ---- all together -------------------------------------------------------------------------------------------------------

// The main graph, or some body in it.
static void choose_graph(lab *l) {
    l->g = l->m->graph;
    for (int level = 0; level < 3; level++) {
        const Onnx__NodeProto *node = any_node(l);
        for (size_t i = 0; node && i < node->n_attribute; i++)
            if (node->attribute[i]->g && below(l, 2)) {
                l->g = node->attribute[i]->g;
                break;
            }
    }
}

static void change(lab *l) {
    static void (*const changes[])(lab *) = {
        rewire,      add_input,          drop_input,         swap_inputs,    change_op, add_node,    drop_node,
        change_attr, change_attr,        change_attr,        add_attr,       add_attr,  change_info, change_info,
        bind_input,  change_initializer, change_initializer, change_version, give_out};
    choose_graph(l);
    changes[below(l, sizeof changes / sizeof *changes)](l);
}

size_t fuzz_mutate_model(uint8_t *data, size_t bytes, size_t most, uint64_t seed) {
    onr_wire_limits limits = onr_wire_limits_default();
    onr_wire wire;
    if (onr_wire_scan(&onnx__model_proto__descriptor, data, bytes, &limits, &wire, NULL) != ONR_OK) return bytes;
    onr_wire_free(&wire);
    lab l = {.arena = onr_arena_new((size_t)256 << 20)};
    ProtobufCAllocator allocator = {.alloc = take, .free = give_back, .allocator_data = l.arena};
    rng_seed(&l.r, seed);
    l.m = l.arena ? onnx__model_proto__unpack(&allocator, bytes, data) : NULL;
    if (l.m && l.m->graph) {
        for (uint64_t k = 1 + below(&l, 4); k; k--) change(&l);
        size_t n = onnx__model_proto__get_packed_size(l.m);
        if (n <= most) bytes = onnx__model_proto__pack(l.m, data);
    }
    onr_arena_free(l.arena);
    return bytes;
}
